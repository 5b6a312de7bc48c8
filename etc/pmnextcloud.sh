#!/bin/sh
# What BILLmanager starts: hands over to the module's own Python.
home="@BASE@/src/pmnextcloud"
PMNEXTCLOUD_STARTED_AS=$0 exec "$home/venv/bin/python" -Es "$home/pmnextcloud.py" "$@"
