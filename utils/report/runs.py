"""How reliable the runs of the program were, as its history has them."""

import time
from collections import Counter, defaultdict
from statistics import median
from typing import Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

from utils.history.reading import History, Past, Wanted
from utils.host.records import Records

READ_S = 1.5
"""So long the history is read, newest days first: it may be a gigabyte, and the report is to be
there within seconds."""

KILLED = "killed"
"""How a run without an end is told; no error has that code."""


class Attempts(NamedTuple):
    """The runs of a day."""

    day: str
    done: int
    failed: int


class Kind(NamedTuple):
    """The runs of a command. `operations` are those of BILLmanager that it was run for.

    Times are of runs that have ended, None where none has.
    """

    command: str
    runs: int
    failed: int
    operations: int
    median_ms: Optional[int]
    p95_ms: Optional[int]


class Failure(NamedTuple):
    """How often runs failed with a code, and when the last one did."""

    code: str
    runs: int
    last: str


class Runs(NamedTuple):
    """What the history tells, from the day `since` on; None where it has nothing.

    `is_cut` is whether it reaches back further than it was read. `trouble` is why it could not be.
    """

    since: Optional[str]
    is_cut: bool
    days: List[Attempts]
    kinds: List[Kind]
    failures: List[Failure]
    trouble: str = ""


class _Tally:
    """Counts runs."""

    def __init__(self) -> None:
        self.days: Dict[str, List[int]] = {}
        self.took_ms: Dict[str, List[int]] = defaultdict(list)
        self.operations: Dict[str, Set[int]] = defaultdict(set)
        self.runs: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.codes: Counter[str] = Counter()
        self.last: Dict[str, str] = {}

    def add(self, day: str, past: Past) -> None:
        """Counts a run, unless it is running still."""
        record = past.record
        has_failed = past.has_failed
        if not past.has_ended and not has_failed:
            return
        command = record["command"]
        self.days.setdefault(day, [0, 0])[has_failed] += 1
        self.runs[command] += 1
        if record["operation"] is not None:
            self.operations[command].add(record["operation"])
        if past.has_ended:
            self.took_ms[command].append(record["ms"])
        if has_failed:
            code = record["ended"] if past.has_ended else KILLED
            self.failed[command] += 1
            self.codes[code] += 1
            self.last[code] = max(self.last.get(code, ""), record["at"][:16])

    def kinds(self) -> List[Kind]:
        """Each command, the one with the most runs first."""
        return [
            Kind(
                command,
                number,
                self.failed[command],
                len(self.operations[command]),
                *_middle_and_slow(self.took_ms[command]),
            )
            for command, number in self.runs.most_common()
        ]

    def failures(self) -> List[Failure]:
        """Each code, the most frequent first."""
        return [Failure(code, number, self.last[code]) for code, number in self.codes.most_common()]


def _middle_and_slow(took_ms: Sequence[int]) -> Tuple[Optional[int], Optional[int]]:
    """The median, and what nineteen of twenty runs do not exceed."""
    if not took_ms:
        return None, None
    ordered = sorted(took_ms)
    return round(median(ordered)), ordered[-(-len(ordered) * 19 // 20) - 1]


def read(records: Records, module_id: Optional[int], since_s: Optional[float]) -> Runs:
    """What the history tells of the runs since a moment, of all modules or of one."""
    until = time.monotonic() + READ_S
    tally = _Tally()
    history = History(records, Wanted(module=module_id, since_s=since_s))
    is_cut = False
    try:
        for day in reversed(history.days()):
            if time.monotonic() > until:
                is_cut = True
                break
            for past in history.runs(day):
                tally.add(day, past)
    except OSError as error:
        return Runs(None, False, [], [], [], type(error).__name__)
    days = [Attempts(day, *tally.days[day]) for day in sorted(tally.days)]
    since = days[0].day if days else None
    return Runs(since, is_cut, days, tally.kinds(), tally.failures())
