#!/bin/sh
# What BILLmanager starts for the page of a service. It shows nothing of a handler that ends with
# another code than 0: what went wrong stands in the document.
'@BASE@/processing/pmnextcloud' --command page
exit 0
