"""When a growing size comes to a limit: told from the days that were read, with how sure that is.

The growth of a day is the median of the slopes between all pairs of days (Theil and Sen), so that
single days which were read wrongly do not move it. How much growth has varied is told by the same
slopes, and not by a law of errors: what is stored today depends on what was stored yesterday.
"""

from datetime import date, timedelta
from enum import Enum
from statistics import median
from typing import List, NamedTuple, Optional, Sequence, Tuple

LEAST_DAYS = 14
"""Fewer days that were read tell of no growth: two weeks have each day of the week twice."""

LEAST_SPAN_DAYS = 21
"""Nor do days that lie closer together than three weeks."""

RECENT_DAYS = 90
"""Growth is that of the last quarter: what was before it tells little of what comes."""

STALE_DAYS = 14
"""Where the last day that was read is older, nobody knows where the size is now."""

PAIR_DAYS = 7
"""Pairs of days for the variation lie so far apart at least: one week with its week-end."""

FARTHEST_DAYS = 5 * 365
"""No day is named beyond five years: no disk is kept for longer."""

LOW, HIGH = 0.1, 0.9
"""Between these parts of the slopes lies what is told of the variation."""

Point = Tuple[date, int]
"""A day and its bytes."""


class Outcome(Enum):
    """What is known of the day."""

    FULL = "full"
    DATED = "dated"
    FAR = "far"
    SHRINKING = "shrinking"
    TOO_FEW = "too_few"
    STALE = "stale"
    NO_LIMIT = "no_limit"
    UNLIMITED = "unlimited"


class Forecast(NamedTuple):
    """The `day` on which the limit is reached if growth stays as it was; None where none is told.

    `earliest` is by the faster growth of the variation, `latest` by the slower one, None where that
    one does not come to the limit within FARTHEST_DAYS. `bytes_a_day` is the growth.
    """

    outcome: Outcome
    day: Optional[date] = None
    earliest: Optional[date] = None
    latest: Optional[date] = None
    bytes_a_day: Optional[float] = None


class Trend(NamedTuple):
    """Growth in bytes a day, with its variation; `level` is the size of the last day by it."""

    last: date
    level: float
    slope: float
    low: float
    high: float


def trend(points: Sequence[Point]) -> Optional[Trend]:
    """The growth of the last quarter; None where too few days were read. Points rise by day."""
    if not points:
        return None
    last = points[-1][0]
    recent = [(day, size) for day, size in points if (last - day).days < RECENT_DAYS]
    if len(recent) < LEAST_DAYS or (last - recent[0][0]).days + 1 < LEAST_SPAN_DAYS:
        return None
    numbered = [((day - last).days, size) for day, size in recent]
    slopes, far = _slopes(numbered)
    slope = median(slopes)
    level = median(size - slope * number for number, size in numbered)
    low, high = (_part(far, part) for part in (LOW, HIGH))
    return Trend(last, level, slope, min(low, slope), max(high, slope))


def _slopes(numbered: List[Tuple[int, int]]) -> Tuple[List[float], List[float]]:
    """The slopes of all pairs of days, and in their order those of the pairs that lie far apart."""
    slopes: List[float] = []
    far: List[float] = []
    for place, (number, size) in enumerate(numbered):
        for before, former in numbered[:place]:
            slope = (size - former) / (number - before)
            slopes.append(slope)
            if number - before >= PAIR_DAYS:
                far.append(slope)
    return slopes, sorted(far)


def _part(ordered: List[float], part: float) -> float:
    return ordered[round(part * (len(ordered) - 1))]


def forecast(points: Sequence[Point], limit_bytes: Optional[float], today: date) -> Forecast:
    """When a size that was read on these days, in their order, comes to its limit."""
    if limit_bytes is None:
        return Forecast(Outcome.NO_LIMIT)
    if limit_bytes == float("inf"):
        return Forecast(Outcome.UNLIMITED)
    if points and (today - points[-1][0]).days > STALE_DAYS:
        return Forecast(Outcome.STALE)
    if points and points[-1][1] >= limit_bytes:
        return Forecast(Outcome.FULL)
    found = trend(points)
    if found is None:
        return Forecast(Outcome.TOO_FEW)
    if found.slope <= 0:
        return Forecast(Outcome.SHRINKING, bytes_a_day=found.slope)
    left = max(limit_bytes - found.level, 0.0)
    day, earliest, latest = (
        _day(found.last, left, slope, today) for slope in (found.slope, found.high, found.low)
    )
    outcome = Outcome.FAR if day is None else Outcome.DATED
    return Forecast(outcome, day, earliest, latest, found.slope)


def _day(last: date, left_bytes: float, slope: float, today: date) -> Optional[date]:
    """The day on which so many bytes more are there; None beyond FARTHEST_DAYS, or never.

    A day that has passed is today: the limit is not reached as yet.
    """
    if slope <= 0 or left_bytes > slope * FARTHEST_DAYS:
        return None
    days = -int(-left_bytes // slope)
    return max(last + timedelta(days=days), today)
