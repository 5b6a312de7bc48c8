"""How fast and how long a cloud is asked: as much at a time as it bears, pauses after failures."""

import time
from typing import Callable, Dict

from utils.base.logs import Logger

GOOD_ANSWERS = 3
"""After this many answers in time, one after the other, more is asked of the cloud at a time. A
single quick answer may be chance."""

SLOWER = 4
"""An answer is slow if it takes this many times the quickest one to a request for as much, or for
more."""

NEVER_SLOW_S = 1.0
"""An answer within this time is never slow, however quick others were."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 300.0
"""Pauses double from the first to the longest: short for what passes at once, and in the hour that
a run has by default there is still time for a dozen of the longest."""


class TimeIsUp(Exception):
    """The time for reading is over."""


class Gear:
    """A number that follows the cloud: halved where it slows or fails, doubled where it is well.

    It stays between `least` and `most`. An answer that takes `slow_s` is slow in any case.
    """

    def __init__(
        self, name: str, log: Logger, least: int, most: int, start: int, slow_s: float
    ) -> None:
        self.least = least
        self.now = start
        self._name = name
        self._log = log
        self._most = most
        self._slow_s = slow_s
        self._quickest_s: Dict[int, float] = {}
        self._good = 0

    def answered(self, asked: int, took_s: float) -> None:
        """Learns how long an answer took when the number was `asked`."""
        self._quickest_s[asked] = min(took_s, self._quickest_s.get(asked, took_s))
        # A request for less should take no longer than one for more did.
        quickest_s = min(s for number, s in self._quickest_s.items() if number >= asked)
        if took_s > min(self._slow_s, max(NEVER_SLOW_S, SLOWER * quickest_s)):
            self.down()
            return
        self._good += 1
        if self._good == GOOD_ANSWERS:
            self._good = 0
            self._set(min(self.now * 2, self._most))

    def down(self) -> None:
        """Asks for less at a time."""
        self._good = 0
        self._set(max(self.now // 2, self.least))

    def _set(self, number: int) -> None:
        if number != self.now:
            self._log.info("%s: %d, before %d", self._name, number, self.now)
            self.now = number


class Patience:
    """Pauses, each twice as long as the one before it, up to a time of the monotonic clock.

    `note` is told the seconds of each.
    """

    def __init__(
        self, until: float, log: Logger, note: Callable[[float], None] = lambda seconds: None
    ) -> None:
        self._until = until
        self._log = log
        self._note = note
        self._pause_s = FIRST_PAUSE_S

    def check(self) -> None:
        """Raises TimeIsUp where it is."""
        if time.monotonic() >= self._until:
            raise TimeIsUp

    def pause(self, why: object, least_s: float = 0.0) -> None:
        """Waits, `least_s` at least, and says why.

        Raises TimeIsUp at once where no time is left after the pause.
        """
        pause_s = max(self._pause_s, least_s)
        if time.monotonic() + pause_s >= self._until:
            raise TimeIsUp
        self._log.warning("%s; nothing is sent for %d s", why, pause_s)
        self._note(pause_s)
        time.sleep(pause_s)
        self._pause_s = min(self._pause_s * 2, LONGEST_PAUSE_S)

    def forget(self) -> None:
        """Begins with short pauses again."""
        self._pause_s = FIRST_PAUSE_S
