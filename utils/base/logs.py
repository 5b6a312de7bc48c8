"""Python's log. What it has for tracebacks is loaded with the first one."""

from utils.base.later import later

with later("traceback"):
    import logging

Logger = logging.Logger
