"""The forecast: exact for what grows evenly, unmoved by single days, silent where nobody knows."""

from datetime import date, timedelta
from typing import List, Optional, Tuple

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from utils.base.sizes import UNLIMITED
from utils.report import forecast as rules
from utils.report.forecast import FARTHEST_DAYS, Outcome, Point, forecast, trend

TODAY = date(2026, 11, 26)
GIB = 1024**3


def points(sizes: List[int], today: date = TODAY, without: Tuple[int, ...] = ()) -> List[Point]:
    """Sizes of the days up to today, without some of them."""
    first = today - timedelta(days=len(sizes) - 1)
    return [
        (first + timedelta(days=number), size)
        for number, size in enumerate(sizes)
        if number not in without
    ]


def even(days: int, a_day: int, begin: int = 0) -> List[int]:
    """Sizes that grow by the same each day."""
    return [begin + number * a_day for number in range(days)]


grown = st.integers(min_value=1, max_value=10**15)
count = st.integers(min_value=21, max_value=60)
noisy = st.lists(st.integers(0, 400), min_size=30, max_size=60).map(
    lambda noise: [number * 100 + one for number, one in enumerate(noise)]
)
"""Sizes that grow with some noise, which is never so much that they shrink over a month."""


@given(count, grown, st.integers(0, 10**15), st.integers(1, FARTHEST_DAYS))
def test_even_growth_is_full_on_the_very_day(days: int, a_day: int, begin: int, left: int) -> None:
    sizes = even(days, a_day, begin)
    told = forecast(points(sizes), sizes[-1] + left * a_day, TODAY)
    assert told.outcome is Outcome.DATED
    assert told.day is not None
    assert abs((told.day - TODAY).days - left) <= 1
    assert told.earliest is not None
    assert told.latest is not None
    assert told.earliest <= told.day <= told.latest


@given(count, grown, st.data())
def test_a_fifth_of_the_days_read_wrongly_does_not_move_it(
    days: int, a_day: int, data: st.DataObject
) -> None:
    sizes = even(days, a_day)
    for number in data.draw(st.sets(st.integers(0, days - 2), max_size=days // 5)):
        sizes[number] = data.draw(st.integers(0, 10 * a_day * days))
    found = trend(points(sizes))
    assert found is not None
    assert found.slope == pytest.approx(a_day)
    assert found.low <= found.slope <= found.high


@given(count, st.data())
def test_days_without_a_reading_are_no_zeros(days: int, data: st.DataObject) -> None:
    """What is left of even growth tells the same, however many days are missing."""
    sizes = even(days, GIB, 10 * GIB)
    missing = data.draw(st.sets(st.integers(1, days - 2), max_size=days - 14))
    whole, some = trend(points(sizes)), trend(points(sizes, without=tuple(missing)))
    assert whole is not None
    assert some is not None
    assert some.slope == whole.slope == GIB


@given(st.lists(st.integers(0, 10**15), min_size=21, max_size=60), grown)
def test_whatever_is_read_the_days_are_in_order_and_none_has_passed(
    sizes: List[int], limit: int
) -> None:
    told = forecast(points(sizes), limit, TODAY)
    days = [day for day in (told.earliest, told.day, told.latest) if day is not None]
    assert days == sorted(days)
    assert all(TODAY <= day <= TODAY + timedelta(days=FARTHEST_DAYS) for day in days)
    assert (told.day is not None) == (told.outcome is Outcome.DATED)
    if told.outcome is Outcome.SHRINKING:
        assert told.bytes_a_day is not None
        assert told.bytes_a_day <= 0
    if told.outcome is Outcome.FULL:
        assert sizes[-1] >= limit


@given(st.lists(st.integers(0, 10**12), min_size=21, max_size=60), grown, st.integers(1, 1024))
def test_the_measure_does_not_count(sizes: List[int], limit: int, factor: int) -> None:
    told = forecast(points(sizes), limit, TODAY)
    scaled = forecast(points([size * factor for size in sizes]), limit * factor, TODAY)
    assert told.outcome is scaled.outcome
    if told.day is not None:
        assert scaled.day is not None
        assert abs((told.day - scaled.day).days) <= 1


@given(noisy, st.integers(0, 10**6), st.integers(1, 10**6))
def test_a_larger_disk_is_full_no_earlier(sizes: List[int], left: int, more: int) -> None:
    limit = sizes[-1] + 1 + left
    told = forecast(points(sizes), limit, TODAY)
    larger = forecast(points(sizes), limit + more, TODAY)
    assert {told.outcome, larger.outcome} <= {Outcome.DATED, Outcome.FAR}
    assert larger.day is None or (told.day is not None and larger.day >= told.day)


@given(st.lists(st.integers(0, 10**12), max_size=13), grown)
def test_fewer_than_two_weeks_of_readings_tell_nothing(sizes: List[int], limit: int) -> None:
    assume(not sizes or sizes[-1] < limit)
    assert forecast(points(sizes), limit, TODAY).outcome is Outcome.TOO_FEW


CASES: List[Tuple[str, List[Point], Optional[float], Outcome]] = [
    ("no limit", points(even(60, GIB)), None, Outcome.NO_LIMIT),
    ("unlimited", points(even(60, GIB)), UNLIMITED, Outcome.UNLIMITED),
    ("nothing read", [], GIB, Outcome.TOO_FEW),
    ("close together", points(even(20, GIB)), 90 * GIB, Outcome.TOO_FEW),
    ("shrinking", points(even(60, -GIB, 100 * GIB)), 200 * GIB, Outcome.SHRINKING),
    ("always zero", points([0] * 60), GIB, Outcome.SHRINKING),
    ("full", points(even(60, GIB)), 59 * GIB, Outcome.FULL),
    ("far", points(even(60, 1)), 100 * GIB, Outcome.FAR),
    ("old", points(even(60, GIB), TODAY - timedelta(days=15)), 90 * GIB, Outcome.STALE),
    ("a fortnight old", points(even(60, GIB), TODAY - timedelta(days=14)), 90 * GIB, Outcome.DATED),
]


@pytest.mark.parametrize(("case", "read", "limit", "outcome"), CASES, ids=[one[0] for one in CASES])
def test_each_outcome_has_its_case(
    case: str, read: List[Point], limit: Optional[float], outcome: Outcome
) -> None:
    assert forecast(read, limit, TODAY).outcome is outcome


def test_every_outcome_is_tried() -> None:
    assert {outcome for *_, outcome in CASES} == set(Outcome)


def test_growth_is_that_of_the_last_quarter() -> None:
    sizes = even(200, 50 * GIB) + even(rules.RECENT_DAYS, GIB, 10_000 * GIB)
    found = trend(points(sizes))
    assert found is not None
    assert found.slope == GIB


def test_uneven_growth_has_a_wider_span_than_even_growth() -> None:
    sizes = [number * GIB + (number % 14) * GIB // 2 for number in range(60)]
    told = forecast(points(sizes), 200 * GIB, TODAY)
    assert told.earliest is not None
    assert told.latest is not None
    assert (told.latest - told.earliest).days > rules.STALE_DAYS


def test_growth_that_may_also_be_none_has_no_latest_day() -> None:
    sizes = [number * GIB // 10 + (number % 14) * GIB * 4 for number in range(60)]
    told = forecast(points(sizes), 200 * GIB, TODAY)
    assert told.outcome is Outcome.DATED
    assert told.earliest is not None
    assert told.latest is None
