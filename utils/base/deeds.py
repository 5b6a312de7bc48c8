"""What a run does outside itself: requests to a cloud, calls of BILLmanager's core, rows written.

A deed is plain words, fit to be kept and shown: no secret, no e-mail. It is noted where it leaves
the program, by the one file that sends it.
"""

import time
from _thread import allocate_lock  # `features` has no other use for the library of threads
from collections import deque
from contextlib import contextmanager
from typing import Deque, Dict, Iterator, List, Mapping, NamedTuple, Optional

from utils.base.errors import PmError
from utils.base.tally import Tally
from utils.base.text import tame

REQUEST, CALL, ROWS = "request", "call", "rows"
"""The kinds of deeds: of a cloud, of BILLmanager's core, of a table of its database."""

HIDDEN = "***"

MOST_FIRST, MOST_LAST = 60, 60
"""Deeds of a run that are kept, its first and its last ones. The longest life of one service, an
order that meets every obstacle, has about forty; `stat` of many services has thousands."""

MOST_REMARKS = 20
"""Nobody reads more in one line of the history."""

LONGEST_VALUE = 100
"""Characters of a field that is shown; the longest value that counts is a cloud's address."""

_SHOWN_FIELDS = ("userid", "groupid", "groups[]", "quota", "limit", "offset", "key")
"""The fields of requests whose values are shown. `value` is shown where `key` says "quota"."""

_USUAL_FIELDS = ("format",)
"""Fields that each request has."""


class Deed(NamedTuple):
    """One thing that is done: `name` is a method, a function or a table, `words` what it is for.

    Of a request these are the path with the fields behind it, of a call the fields, of rows what
    tells the first of them from all others. `rows` is how many rows are written.
    """

    kind: str
    name: str
    words: str
    rows: int = 0

    def __str__(self) -> str:
        return f"{self.name} {self.words}".strip()


class Note:
    """A deed and what came of it.

    `ended` is "done", the code of the error that it ended with, or empty as long as nobody knows.
    `status` is the HTTP status and `code` the code of the envelope of an answer. `took_ms` is
    None as long as it is not over.
    """

    __slots__ = ("_began", "code", "deed", "ended", "status", "took_ms")

    def __init__(self, deed: Deed) -> None:
        self.deed = deed
        self.ended = ""
        self.status: Optional[int] = None
        self.code: Optional[int] = None
        self.took_ms: Optional[int] = None
        self._began = time.monotonic()

    def end(self, how: str) -> None:
        """It is over."""
        self.ended = how
        self.took_ms = round((time.monotonic() - self._began) * 1000)


class Deeds:
    """The deeds of one run in the order in which they were begun, the first and the last ones."""

    def __init__(self) -> None:
        self._first: List[Note] = []
        self._last: Deque[Note] = deque(maxlen=MOST_LAST)
        self._lock = allocate_lock()
        self.tally = Tally()
        """What the run adds to the counters of the metrics."""
        self.counts: Dict[str, int] = {}
        """How many there were of each kind, those that are not kept too."""
        self.remarks: List[str] = []
        """What else is to be known of the run: MOST_REMARKS at most."""

    def remark(self, words: str) -> None:
        """Keeps words of what was done for whom, without secret and e-mail."""
        if len(self.remarks) < MOST_REMARKS:
            self.remarks.append(without_addresses(tame(words, LONGEST_VALUE)))

    @contextmanager
    def noted(self, deed: Deed) -> Iterator[Note]:
        """Notes the deed that the body does. It is done unless the body raises.

        What is stopped from outside, as by the end of the budget, has no known end.
        """
        note = Note(deed)
        with self._lock:
            self.counts[deed.kind] = self.counts.get(deed.kind, 0) + 1
            kept = self._first if len(self._first) < MOST_FIRST else self._last
            kept.append(note)
        try:
            yield note
        except PmError as error:
            note.end(error.code)
            raise
        note.end("done")

    def notes(self) -> List[Note]:
        """Those that are kept."""
        with self._lock:
            return [*self._first, *self._last]

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(self.counts.values())

    @property
    def left_out(self) -> int:
        """How many are not kept, between the first and the last ones."""
        return self.count - len(self._first) - len(self._last)


def request(method: str, path: str, fields: Mapping[str, object]) -> Deed:
    """A request to a cloud with all its fields; of most only the name is shown."""
    shown = set(_SHOWN_FIELDS)
    if fields.get("key") == "quota":
        shown.add("value")
    known = {
        name: value if name in shown else HIDDEN
        for name, value in fields.items()
        if name not in _USUAL_FIELDS
    }
    return Deed(REQUEST, method, f"{path} {_pairs(known)}".strip())


def call(function: str, fields: Mapping[str, object]) -> Deed:
    """A call of BILLmanager's core; the values that may be shown are texts and numbers as such.

    So are those that say it of themselves. Of anything else only the name is shown.
    """
    known = {name: value if _may_be_shown(value) else HIDDEN for name, value in fields.items()}
    return Deed(CALL, function, _pairs(known))


def _may_be_shown(value: object) -> bool:
    return type(value) in (str, int) or getattr(value, "may_be_shown", False)


def rows(table: str, first: Mapping[str, object], count: int) -> Deed:
    """Rows written to a table: the key of the first, and how many there are."""
    return Deed(ROWS, table, _pairs(first), count)


def without_addresses(text: str) -> str:
    """The text without those of its words that may be an e-mail."""
    return " ".join(HIDDEN if "@" in word else word for word in text.split(" "))


def _pairs(fields: Mapping[str, object]) -> str:
    return " ".join(f"{name}={_shown(value)}" for name, value in fields.items())


def _shown(value: object) -> str:
    text = tame(str(value), LONGEST_VALUE)
    return HIDDEN if "@" in text else text
