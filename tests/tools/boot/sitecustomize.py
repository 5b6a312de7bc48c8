"""Sets a program's monotonic clock back, as if its machine had been started at BOOTED_AT_S.

Loaded by the interpreter itself where this folder is in PYTHONPATH, before anything takes the clock
by its name.
"""

import os
import time

_clock, _booted_at_s = time.monotonic, float(os.environ["BOOTED_AT_S"])


def _since_boot_s() -> float:
    return _clock() - _booted_at_s


time.monotonic = _since_boot_s
