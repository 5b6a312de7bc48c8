"""How far a long run is: in the log every few seconds, and on a terminal as a bar."""

import sys
import time
from typing import TYPE_CHECKING, Optional

from utils.base.logs import Logger

if TYPE_CHECKING:
    from tqdm import tqdm

LOG_EVERY_S = 5.0
"""Often enough for somebody who waits and watches the log, and twelve lines a minute at most."""


class Progress:
    """The progress of `total` services."""

    def __init__(self, log: Logger, total: int) -> None:
        self._log = log
        self._total = total
        self._started = time.monotonic()
        self._next = self._started + LOG_EVERY_S
        self._bar = _bar(total)

    def show(self, done: int) -> None:
        """Tells how many are done: the bar at once, the log if it is time to."""
        if self._bar is not None:
            self._bar.update(done - self._bar.n)
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + LOG_EVERY_S
        rate = done / (now - self._started)
        self._log.info("%d of %d services done, %.1f a second", done, self._total, rate)

    def close(self) -> None:
        """Leaves the bar as it is."""
        if self._bar is not None:
            self._bar.close()


def _bar(total: int) -> "Optional[tqdm[object]]":
    """A bar on standard error where that is a terminal; BILLmanager's is none."""
    if sys.stderr is None or not sys.stderr.isatty():
        return None
    from tqdm import tqdm

    tqdm.monitor_interval = 0  # it would start a thread
    return tqdm([], total=total, unit=" services", file=sys.stderr, dynamic_ncols=True)
