#!/bin/sh
# What BILLmanager starts: hands over to the module's own Python.
PMNEXTCLOUD_STARTED_AS=$0 exec @BASE@/src/pmnextcloud/venv/bin/python -Es @BASE@/src/pmnextcloud/pmnextcloud.py "$@"
