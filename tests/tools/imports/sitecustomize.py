"""Makes a program tell on standard error how long its imports took, when it ends by `os._exit`.

Loaded by the interpreter itself where this folder is in PYTHONPATH. The interpreter can tell it of
each module (-X importtime), but that doubles the time which it tells.
"""

import builtins
import os
import sys
import time
from typing import Any, NoReturn

_load, _leave = builtins.__import__, os._exit
_took_s = 0.0


def _timed(*args: Any, **kwargs: Any) -> Any:
    global _took_s
    builtins.__import__ = _load  # what a module imports in turn is part of its own time
    begun = time.perf_counter()
    try:
        return _load(*args, **kwargs)
    finally:
        _took_s += time.perf_counter() - begun
        builtins.__import__ = _timed


def _tell_and_leave(status: int) -> NoReturn:
    sys.stderr.write(f"imports took {_took_s * 1000:.1f} ms\n")
    sys.stderr.flush()
    _leave(status)


builtins.__import__ = _timed
os._exit = _tell_and_leave
