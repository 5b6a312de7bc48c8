"""The counters of the metrics on disk: what each run adds, and the sums of all.

A run appends one line to the file of the day, as to the history. The sums are made of the lines
later, by whoever wants to see them, and now and then by a run: one process at a time reads what was
appended since, and writes sums and places read as one file, by a rename. So a line counts once,
whatever is killed. The sums outlive the lines: these are removed after the next day.

Nothing waits for the disk here: after a power failure counters may begin anew, which the readers
of counters are made for.
"""

import os
import time
from contextlib import contextmanager
from typing import Dict, Iterator, List, Mapping, NamedTuple, Optional

from utils.host.files import write_whole
from utils.host.locks import LockFile
from utils.host.records import DAY_S, Records, day_of

SUFFIX = ".counts"

FOLD_BYTES = 16 * 1024
"""After so many bytes of lines a run sums them up: those of a hundred runs, which take it less than
a millisecond."""

KEPT_BYTES = 4 * 1024
"""Fewer bytes of lines are read again the next time: that takes less than to write the sums."""

SUMS = "sums"
"""The file of the sums."""

LOCK = "sums.lock"
_PLACE, _END = "read", "."
"""The first word of a line of the sums that says how far a day was read; the last word of a line of
a run and the last line of the sums, without which they are not whole."""

MOST_DIGITS = 18
"""Digits of a number that is read; the milliseconds of a million years have sixteen."""


class Sums(NamedTuple):
    """All that was counted, by key, and the bytes of each day that are in it."""

    numbers: Dict[str, int]
    places: Dict[str, int]


class Counts:
    """The counters in a folder."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._lines = Records(folder, SUFFIX)

    def add(self, numbers: Mapping[str, int], may_make: bool) -> bool:
        """Adds what a run has counted. Returns whether it is time to sum up.

        Where there are no counters yet they are made if `may_make`. Raises OSError.
        """
        text = " ".join([*(f"{key}={number}" for key, number in numbers.items()), _END])
        day = day_of(time.time())
        try:
            before = self._lines.append(day, text)
        except FileNotFoundError:
            if not may_make:
                return False
            self.make()
            before = self._lines.append(day, text)
        return before // FOLD_BYTES != (before + len(text)) // FOLD_BYTES

    def make(self) -> None:
        """Makes the folder, for this user alone. Raises OSError."""
        self._lines.make()

    @contextmanager
    def summed(self, wait_s: float = 0.0) -> Iterator[Optional[Dict[str, int]]]:
        """All that was counted so far; for the body no other process sums up.

        None where another does so and is not ready within `wait_s`. Raises OSError,
        StateUnwritable.
        """
        with LockFile(os.path.join(self._folder, LOCK)) as lock:
            yield None if lock.take([0], wait_s) is None else self._fold()

    def recent(self) -> Dict[str, int]:
        """What was counted today and yesterday, as far as lines of it are there. Raises OSError."""
        numbers: Dict[str, int] = {}
        for day in self._lines.days():
            if day in _kept_days():
                for _, line in self._lines.lines(day):
                    _add(numbers, line)
        return numbers

    def _fold(self) -> Dict[str, int]:
        before = self._read()
        sums = Sums(dict(before.numbers), {})
        for day in self._lines.days():
            sums.places[day] = self._fold_day(day, before.places.get(day, 0), sums.numbers)
        unread = sum(sums.places.values()) - sum(before.places.values())
        oldest = _kept_days()[0]
        gone = [day for day in sums.places if day < oldest]
        if unread >= KEPT_BYTES or gone:
            write_whole(os.path.join(self._folder, SUMS), _text(sums), 0o600)
        # Only after the sums have them: whoever is killed in between leaves them to the next.
        for day in gone:
            self._lines.drop(day)
        return sums.numbers

    def _fold_day(self, day: str, read: int, numbers: Dict[str, int]) -> int:
        """Adds the lines of a day from the place on up to which it was read; returns the new one.

        A last line without an end is still on its way. A file that is shorter than what was read
        is another one.
        """
        place = read if read <= self._lines.size(day) else 0
        for offset, line in self._lines.lines(day, place):
            if not line.endswith(b"\n"):
                break
            _add(numbers, line)
            place = offset + len(line)
        return place

    def _read(self) -> Sums:
        """The sums as they were written last; none where they are not whole."""
        try:
            with open(os.path.join(self._folder, SUMS), "rb", buffering=0) as file:
                lines = file.read().decode().split("\n")
            return _sums_of(lines[:-2]) if lines[-2:] == [_END, ""] else Sums({}, {})
        except (OSError, ValueError):
            return Sums({}, {})


def _sums_of(lines: List[str]) -> Sums:
    """What stands in the lines. Raises ValueError."""
    sums = Sums({}, {})
    for line in lines:
        name, _, rest = line.partition(" ")
        if name == _PLACE:
            day, _, number = rest.partition(" ")
            sums.places[day] = int(number)
        else:
            sums.numbers[name] = int(rest)
    return sums


def _kept_days() -> List[str]:
    """The days whose lines stay: a run that ended at midnight may write the day before."""
    now = time.time()
    return [day_of(now - DAY_S), day_of(now)]


def _text(sums: Sums) -> str:
    places = [f"{_PLACE} {day} {place}" for day, place in sums.places.items()]
    numbers = [f"{key} {number}" for key, number in sums.numbers.items()]
    return "\n".join([*places, *numbers, _END, ""])


def _add(numbers: Dict[str, int], line: bytes) -> None:
    """Adds a line, unless it is not whole, as behind a full disk."""
    *words, end = line.decode("utf-8", "replace").split() or [""]
    if end != _END:
        return
    for word in words:
        key, _, number = word.rpartition("=")
        if key and number.isdigit() and number.isascii() and len(number) <= MOST_DIGITS:
            numbers[key] = numbers.get(key, 0) + int(number)
