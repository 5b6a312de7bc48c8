"""What one run adds to the counters of the metrics: whole numbers, each under a key.

A key is the name of a counter and the values of its labels, with slashes between them. What a
label may be is bounded: a command, the number of a module, a code. No text from outside is one.
"""

from _thread import allocate_lock  # `features` has no other use for the library of threads
from typing import Dict, Optional, Sequence

RUNS, RUN_MS = "runs", "run_ms"
"""Runs by command, module and code of their end; how long they took, by command."""

REQUESTS, REQUEST_MS = "requests", "request_ms"
"""Requests by module and code of their end; how long their answers took, by module."""

RETRIES, PAUSES, PAUSE_MS = "retries", "pauses", "pause_ms"
"""Requests that were sent once more, pauses because of the cloud and their length, by module."""

RUN_BOUNDS_MS = (
    *(100, 250, 500, 1000, 2500, 5000, 10_000),
    *(30_000, 60_000, 300_000, 1_800_000),
)
"""Bounds of the classes of a run's duration: from a form, a quarter of a second, to the half hour
of the statistics of a large module."""

REQUEST_BOUNDS_MS = (25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000)
"""Bounds of the classes of an answer's duration: a cloud at hand takes 50 ms, and the longest that
a module waits by itself is half a minute."""

SUM, ENDLESS = "sum", "inf"
"""The last label of a sum of milliseconds, and of the class above all bounds."""

STOPPED = "stopped"
"""The code of a request that ended with the time of its run: nobody knows how."""

OTHER = "other"
"""The value of a label that is none of ours."""

_LONGEST_LABEL = 40


class Tally:
    """The numbers of one run; its threads may add to them."""

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._numbers: Dict[str, int] = {}

    def add(self, name: str, labels: Sequence[object], number: int = 1) -> None:
        """Adds to a counter."""
        key = "/".join([name, *map(_label, labels)])
        with self._lock:
            self._numbers[key] = self._numbers.get(key, 0) + number

    def observe(
        self, name: str, labels: Sequence[object], took_ms: int, bounds_ms: Sequence[int]
    ) -> None:
        """Adds a duration to its class, and to the sum."""
        bound = next((one for one in bounds_ms if took_ms <= one), ENDLESS)
        self.add(name, (*labels, bound))
        self.add(name, (*labels, SUM), took_ms)

    def numbers(self) -> Dict[str, int]:
        """What is to be added, by key."""
        with self._lock:
            return dict(self._numbers)


class CloudTally:
    """What a run counts of the cloud of one module; a form that is not saved has the number 0."""

    def __init__(self, tally: Tally, module_id: int) -> None:
        self._tally = tally
        self._module = (module_id or 0,)

    def answered(self, code: str, took_ms: Optional[int]) -> None:
        """A request has ended: with an HTTP status, or with the code of an error."""
        self._tally.add(REQUESTS, (*self._module, code))
        if took_ms is not None:
            self._tally.observe(REQUEST_MS, self._module, took_ms, REQUEST_BOUNDS_MS)

    def retried(self) -> None:
        """A request is sent once more."""
        self._tally.add(RETRIES, self._module)

    def paused(self, seconds: float) -> None:
        """Nothing is sent for a while because of what the cloud has answered."""
        self._tally.add(PAUSES, self._module)
        self._tally.add(PAUSE_MS, self._module, round(seconds * 1000))


def _label(value: object) -> str:
    text = str(value)
    is_plain = text.replace("_", "a").isalnum() and text.isascii()
    return text if is_plain and len(text) <= _LONGEST_LABEL else OTHER
