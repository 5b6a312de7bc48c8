"""Reads the history: the runs that are asked for, oldest first, whatever the files look like.

Of a day only where its lines begin is kept in memory, so that no history is too long to be read.
"""

import json
import os
from datetime import datetime, timedelta
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Set, Tuple
from urllib.parse import unquote

from utils.accounts.names import item_of
from utils.base import errors, logins
from utils.base.deeds import CALL, REQUEST, ROWS
from utils.billing.needs import FUNCTIONS
from utils.consts import MODULE
from utils.host.records import Records, day_of
from utils.run.record import DONE, NOTHING

_SPANS = {"d": 24 * 60 * 60, "h": 60 * 60}
"""Seconds of a day and of an hour, as `--since 3d` names them."""

_MOST_DIGITS = 5

MOST_OPERATIONS = 100
"""As many operations are looked up, the last ones: nobody goes through more by hand."""

_CLOCK_S = 2
"""The kernel tells in whole seconds when the machine was started; so much it may be wrong."""

_PROGRAM = (MODULE, f"{MODULE}.py")
"""What a run is started by: BILLmanager's name for it, and then the program."""


class Wanted(NamedTuple):
    """Which runs are asked for: None, or an empty text, means all of them."""

    item: Optional[int] = None
    module: Optional[int] = None
    login: str = ""
    only_failed: bool = False
    since_s: Optional[float] = None
    """A moment in seconds of the epoch."""


class Past(NamedTuple):
    """A run that is over, or one without an end: killed, or running still."""

    at_s: float
    record: Mapping[str, Any]

    @property
    def has_ended(self) -> bool:
        """Whether its end is known."""
        return "ended" in self.record

    @property
    def is_running(self) -> bool:
        """Whether the process of a run without an end is there."""
        return not self.has_ended and _runs(self.record["pid"], self.at_s)

    @property
    def has_failed(self) -> bool:
        """Whether it came to an error, or to no end."""
        if self.has_ended:
            return self.record["ended"] not in (DONE, NOTHING)
        return not self.is_running

    @property
    def deeds(self) -> List[Mapping[str, Any]]:
        """What it did."""
        return self.record.get("deeds", [])


def since(text: str, now: datetime) -> Optional[float]:
    """The moment that `--since` names: a date, with or without a time, or `3d`, `12h` before now.

    In seconds of the epoch; None without one. Raises BadArguments.
    """
    words = text.strip()
    if not words:
        return None
    number, span = words[:-1], _SPANS.get(words[-1].lower())
    if span and number.isascii() and number.isdigit() and len(number) <= _MOST_DIGITS:
        return (now - timedelta(seconds=int(number) * span)).timestamp()
    try:
        return datetime.fromisoformat(words).timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise errors.BadArguments(f"--since {text}") from error


class History:
    """The runs of the history that are asked for."""

    def __init__(self, records: Records, wanted: Wanted) -> None:
        self._records = records
        self._wanted = wanted
        self._items: Set[int] = set()
        """The services that have or had the login that is asked for."""
        self.damaged = 0
        """Lines of the days read so far that are none."""
        self.operations: Dict[int, str] = {}
        """The last operations of the runs read so far, each with its command."""
        if wanted.login:
            self._items = self._items_of(wanted.login)

    def days(self) -> List[str]:
        """The days that may have a run that is asked for, oldest first. Raises OSError."""
        first = "" if self._wanted.since_s is None else day_of(self._wanted.since_s)
        return [day for day in self._records.days() if day >= first]

    def is_full(self, day: str) -> bool:
        """Whether runs of that day may be missing because there were too many."""
        return self._records.is_full(day)

    def runs(self, day: str) -> "Day":
        """The runs of a day that are asked for. Raises OSError."""
        ends: Dict[str, int] = {}
        times: Dict[str, float] = {}
        for offset, text in self._records.lines(day):
            past = parse(text)
            if past is None:
                self.damaged += 1
                continue
            run = past.record["run"]
            times[run] = past.at_s
            if past.has_ended or run not in ends:
                ends[run] = offset
        order = sorted(ends, key=lambda run: times[run])
        return Day(self, day, [ends[run] for run in order])

    def read(self, day: str, offsets: List[int]) -> Iterator[Past]:
        """Those of the runs at these places that are asked for."""
        for text in self._records.lines_at(day, offsets):
            past = parse(text)
            if past is not None and self._is_wanted(past):
                self._note_operation(past.record)
                yield past

    def _note_operation(self, record: Mapping[str, Any]) -> None:
        number = record["operation"]
        if number is None:
            return
        self.operations.pop(number, None)
        self.operations[number] = record["command"]
        if len(self.operations) > MOST_OPERATIONS:
            del self.operations[next(iter(self.operations))]

    def _is_wanted(self, past: Past) -> bool:
        wanted, record = self._wanted, past.record
        if wanted.since_s is not None and past.at_s < wanted.since_s:
            return False
        if wanted.item is not None and not _concerns(record, wanted.item):
            return False
        if wanted.module is not None and record["module"] != wanted.module:
            return False
        if wanted.login and not self._has_login(record):
            return False
        return past.has_failed if wanted.only_failed else True

    def _has_login(self, record: Mapping[str, Any]) -> bool:
        known = {record.get("login", ""), *_changed(record)}
        is_same = any(logins.same(login, self._wanted.login) for login in known)
        return is_same or record["item"] in self._items

    def _items_of(self, login: str) -> Set[int]:
        """The services of which a run knew that login: others of them came to no login."""
        found = set()
        for day in self._records.days():
            for _, text in self._records.lines(day):
                past = parse(text)
                if past is None or past.record["item"] is None:
                    continue
                if logins.same(past.record.get("login", ""), login):
                    found.add(past.record["item"])
        return found


def _concerns(record: Mapping[str, Any], item_id: int) -> bool:
    """Whether a run was of the service, or has done something for it among others."""
    if record["item"] is not None:
        return bool(record["item"] == item_id)
    told = any(
        deed["kind"] == CALL
        and deed["function"].startswith("service.")
        and deed["function"] != FUNCTIONS.post_statistics
        and f"elid={item_id}" in deed["fields"].split(" ")
        for deed in record.get("deeds", [])
    )
    return told or any(item_of(login) == item_id for login in _changed(record))


def _changed(record: Mapping[str, Any]) -> Set[str]:
    """The logins of the accounts that a run has changed."""
    paths = [
        deed["path"].partition("/cloud/users/")[2].partition("/")[0]
        for deed in record.get("deeds", [])
        if deed["kind"] == REQUEST and deed["method"] != "GET"
    ]
    return {unquote(part) for part in paths if part}


class Day:
    """The runs of a day that are asked for; each time that they are gone through they are read."""

    def __init__(self, history: History, day: str, offsets: List[int]) -> None:
        self._history = history
        self._offsets = offsets
        self.day = day

    def __iter__(self) -> Iterator[Past]:
        return self._history.read(self.day, self._offsets)


# -- one line -------------------------------------------------------------------------------------

_NUMBER, _TEXT = (int,), (str,)
_MAYBE_NUMBER, _MAYBE_TEXT = (int, type(None)), (str, type(None))

_Shape = Mapping[str, Tuple[type, ...]]

_HEAD: _Shape = {
    **{name: _TEXT for name in ("run", "at", "command")},
    "pid": _NUMBER,
    **{name: _MAYBE_NUMBER for name in ("item", "module", "operation")},
}
_END: _Shape = {
    **{name: _TEXT for name in ("login", "ended", "value")},
    **{name: _NUMBER for name in ("exit", "heard", "ms", "left_out")},
    "deeds": (list,),
}
_ENDED: _Shape = {"ended": _MAYBE_TEXT, "ms": _MAYBE_NUMBER}
_DEEDS: Mapping[str, _Shape] = {
    REQUEST: {
        **{name: _TEXT for name in ("method", "path", "fields")},
        **{name: _MAYBE_NUMBER for name in ("status", "code")},
        **_ENDED,
    },
    CALL: {"function": _TEXT, "fields": _TEXT, **_ENDED},
    ROWS: {"table": _TEXT, "first": _TEXT, "rows": _NUMBER, **_ENDED},
}
"""What a line has to have, so that whoever reads it further finds what was written."""


def parse(text: bytes) -> Optional[Past]:
    """The run in a line; None where it is none, as behind a full disk."""
    try:
        record = json.loads(text)
        at_s = datetime.fromisoformat(record["at"]).timestamp()
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError, OSError):
        return None
    return Past(at_s, record) if _is_sound(record) else None


def _is_sound(record: Mapping[str, Any]) -> bool:
    if not _fits(record, _HEAD) or ("ended" in record and not _fits(record, _END)):
        return False
    deeds = record.get("deeds", [])
    return all(
        isinstance(deed, dict) and deed.get("kind") in _DEEDS and _fits(deed, _DEEDS[deed["kind"]])
        for deed in deeds
    )


def _fits(record: Mapping[str, Any], shape: _Shape) -> bool:
    return all(isinstance(record.get(name, _MISSING), kinds) for name, kinds in shape.items())


_MISSING = object()


def _runs(pid: int, at_s: float) -> bool:
    """Whether a process of that number is there which is ours and was there at that moment."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().decode("utf-8", "replace").split("\0")
        # Its folders have the name as well: whatever else runs by its Python is none of its runs.
        is_ours = any(os.path.basename(word) in _PROGRAM for word in words)
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The name of the program, in brackets, may have blanks in it.
            ticks = int(file.read().rpartition(b")")[2].split()[19])
        with open("/proc/stat", "rb") as file:
            booted_s = next(int(line.split()[1]) for line in file if line.startswith(b"btime"))
    except (OSError, ValueError, IndexError, StopIteration):
        return False
    return is_ours and booted_s + ticks / os.sysconf("SC_CLK_TCK") <= at_s + _CLOCK_S
