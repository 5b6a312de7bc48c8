"""Days and months of the report: what is whole, what is a gap, what was sold when."""

from datetime import date, timedelta
from typing import Dict, List, Optional

from hypothesis import given
from hypothesis import strategies as st

from utils.base.sizes import UNLIMITED
from utils.report.days import WHOLE_FROM, WHOLE_OF, Counted, Day, Life, Month, months, series

TODAY = date(2026, 11, 26)
GIB = 1024**3


def ago(days: int) -> date:
    """A day so many days before."""
    return TODAY - timedelta(days=days)


def life(
    begins: int, until: Optional[int] = None, sold: Optional[float] = 10, last: int = 0
) -> Life:
    """A service that was opened so many days ago, and read from then on."""
    end = until if until is not None else last
    ended = None if until is None else ago(until)
    return Life(ago(begins), ended, ago(begins), ago(end), sold)


def told(
    counted: Dict[int, Counted], lives: List[Life], first: int = 9
) -> Dict[int, Optional[int]]:
    """The used bytes by how many days ago that was."""
    days = series({ago(number): one for number, one in counted.items()}, lives, ago(first), TODAY)
    return {(TODAY - one.day).days: one.used_bytes for one in days}


def test_a_day_without_a_reading_is_a_gap_and_a_read_zero_is_a_zero() -> None:
    found = told({3: Counted(5, 1), 2: Counted(0, 1), 0: Counted(7, 1)}, [life(3)])
    assert found == {3: 5, 2: 0, 1: None, 0: 7}


def test_a_day_on_which_a_part_was_read_is_a_gap() -> None:
    lives = [life(5) for _ in range(100)]
    enough = 100 * WHOLE_FROM // WHOLE_OF
    found = told({2: Counted(8, enough), 1: Counted(7, enough - 1), 0: Counted(9, 100)}, lives)
    assert (found[2], found[1], found[0]) == (8, None, 9)


def test_a_closed_service_is_not_waited_for_after_it_was_closed() -> None:
    lives = [life(5), life(5, until=3)]
    found = told({4: Counted(8, 2), 3: Counted(8, 2), 2: Counted(3, 1), 0: Counted(3, 1)}, lives)
    assert (found[4], found[2], found[0]) == (8, 3, 3)


def test_a_service_that_is_not_read_for_a_week_is_waited_for_no_more() -> None:
    recent, former = life(30, last=7), life(30, last=8)
    counted = {number: Counted(3, 1) for number in range(7)}
    assert told(counted, [life(30), recent])[0] is None
    assert told(counted, [life(30), former])[0] == 3


def test_nothing_is_told_before_anything_was_there() -> None:
    assert sorted(told({2: Counted(1, 1)}, [life(2)], first=300)) == [0, 1, 2]
    assert told({}, []) == {0: None}


def test_what_is_sold_counts_from_the_opening_to_the_closing() -> None:
    lives = [
        life(4, sold=10),
        life(3, until=1, sold=5),
        life(2, sold=UNLIMITED),
        life(2, sold=None),
    ]
    days = series({}, lives, ago(9), TODAY)
    assert [one.sold_bytes for one in days] == [10, 15, 15, 15, 10]
    assert [one.services for one in days] == [1, 2, 4, 4, 3]


spans = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 9)), min_size=1, max_size=8
)


@given(spans, st.integers(0, 30))
def test_the_sums_of_the_days_are_those_of_the_services(spans: List[List[int]], first: int) -> None:
    lives = [life(max(one, other), min(one, other), sold=sold) for one, other, sold in spans]
    for day in series({}, lives, ago(first), TODAY):
        there = [
            one
            for one in lives
            if one.begins is not None
            and one.until is not None
            and one.begins <= day.day <= one.until
        ]
        assert day.sold_bytes == sum(int(one.sold_bytes or 0) for one in there)
        assert day.services == len(there)


def test_growth_of_a_month_is_from_the_last_whole_day_of_the_one_before() -> None:
    days = [
        *(Day(date(2026, 8, 31), 5, 10, 1), Day(date(2026, 9, 1), 6, 10, 1)),
        *(Day(date(2026, 9, 29), 9, 12, 2), Day(date(2026, 9, 30), None, 12, 2)),
        *(Day(date(2026, 10, 31), None, 12, 2), Day(date(2026, 11, 2), 8, 11, 1)),
    ]
    closed = Life(date(2026, 9, 2), date(2026, 11, 1), None, None, 2)
    assert months(days, [closed]) == [
        Month("2026-08", 5, 0, 10, 0, 0),
        Month("2026-09", 9, 4, 12, 1, 0),
        Month("2026-10", None, None, 12, 0, 0),
        Month("2026-11", 8, -1, 11, 0, 1),
    ]


def test_of_days_that_were_never_read_no_growth_is_told() -> None:
    [month] = months([Day(TODAY, None, 7, 1)], [])
    assert (month.used_bytes, month.growth_bytes) == (None, None)
