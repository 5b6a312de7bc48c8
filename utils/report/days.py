"""Days as the report has them: what was used and sold on each, and on which nobody knows.

A day counts only where nearly all services were read that could be: of any other nothing is told,
for a part of a sum looks like a fall. It is a gap, and never a zero.
"""

from collections import Counter
from datetime import date, timedelta
from typing import Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

WHOLE_OF, WHOLE_FROM = 50, 49
"""A day is whole where at least 49 of 50 services were read: single accounts may be missing from
the cloud for months, and what they had used changes no picture."""

TRAILING_DAYS = 7
"""A service that was read within the last week is waited for: an older one may be read no more."""

DAY = timedelta(days=1)


class Life(NamedTuple):
    """When a service was there, and what is sold to it: None where that cannot be told.

    `until` is None for one that lives. `first` and `last` are the days on which it was read.
    """

    begins: Optional[date]
    until: Optional[date]
    first: Optional[date]
    last: Optional[date]
    sold_bytes: Optional[float]


class Day(NamedTuple):
    """A day of a module; `used_bytes` is None where it was not read, or not whole."""

    day: date
    used_bytes: Optional[int]
    sold_bytes: int
    services: int


class Month(NamedTuple):
    """A month of a module, by its last whole day; `growth_bytes` is from the month before.

    Of a month without a whole day nothing of the use is told.
    """

    month: str
    used_bytes: Optional[int]
    growth_bytes: Optional[int]
    sold_bytes: int
    opened: int
    closed: int


class Counted(NamedTuple):
    """What was read on a day: the bytes of so many services."""

    used_bytes: int
    services: int


def series(
    counted: Dict[date, Counted], lives: Sequence[Life], first: date, today: date
) -> List[Day]:
    """Each day from the first to today, but none before anything was read or sold."""
    begun = [one for one in (*counted, *(life.begins for life in lives)) if one is not None]
    first = max(first, min(begun, default=today))
    days = [first + DAY * number for number in range((today - first).days + 1)]
    expected = _running(_awaited(lives, max(counted, default=today)), days)
    sold = _running(_sales(lives, today), days)
    there = _running(((begins, until, 1) for begins, until, _ in _sales(lives, today)), days)
    return [
        Day(day, _whole(counted.get(day), expected[day]), sold[day], there[day]) for day in days
    ]


def _whole(counted: Optional[Counted], expected: int) -> Optional[int]:
    if counted is None or counted.services * WHOLE_OF < expected * WHOLE_FROM:
        return None
    return counted.used_bytes


def _awaited(lives: Iterable[Life], newest: date) -> Iterable[Tuple[date, date, int]]:
    """On which days each service was to be read."""
    for life in lives:
        if life.first is None or life.last is None:
            continue
        is_late = life.until is None and (newest - life.last).days <= TRAILING_DAYS
        yield life.first, max(life.last, newest) if is_late else life.last, 1


def _sales(lives: Iterable[Life], today: date) -> List[Tuple[date, date, int]]:
    """On which days what is sold to each service today was sold. Without a limit it is no sum."""
    return [
        (life.begins, life.until or today, int(_limited(life.sold_bytes)))
        for life in lives
        if life.begins is not None
    ]


def _limited(size_bytes: Optional[float]) -> float:
    return 0 if size_bytes in (None, float("inf")) else size_bytes or 0


def _running(spans: Iterable[Tuple[date, date, int]], days: Sequence[date]) -> Dict[date, int]:
    """The sum of what each span weighs, on each of the days, which follow one another."""
    changes: Counter[date] = Counter()
    for begins, until, weight in spans:
        if until >= days[0]:
            changes[max(begins, days[0])] += weight
            changes[until + DAY] -= weight
    found, level = {}, 0
    for day in days:
        level += changes[day]
        found[day] = level
    return found


def months(days: Sequence[Day], lives: Sequence[Life]) -> List[Month]:
    """The months of the days, oldest first."""
    last: Dict[str, Day] = {}
    used: Dict[str, int] = {}
    for one in days:
        last[_month(one.day)] = one
        if one.used_bytes is not None:
            used[_month(one.day)] = one.used_bytes
    opened = Counter(_month(life.begins) for life in lives if life.begins is not None)
    closed = Counter(_month(life.until) for life in lives if life.until is not None)
    found: List[Month] = []
    before = next(((one.used_bytes) for one in days if one.used_bytes is not None), None)
    for name, one in last.items():
        now = used.get(name)
        growth = now - before if now is not None and before is not None else None
        found.append(Month(name, now, growth, one.sold_bytes, opened[name], closed[name]))
        before = now if now is not None else before
    return found


def _month(day: date) -> str:
    return day.isoformat()[:7]
