"""Which days' usage is whole."""

from datetime import date
from pathlib import Path
from typing import List

import pytest

from utils.census.days import WholeDays
from utils.host.state import State

TODAY = date(2026, 11, 21)


@pytest.fixture
def state(tmp_path: Path) -> State:
    """An empty folder."""
    return State(str(tmp_path / "var"))


def test_before_the_first_run_nothing_is_missing(state: State) -> None:
    assert WholeDays(state, 31).missing_before(TODAY) == []


def test_what_lies_behind_a_first_run_that_failed_is_missing(state: State) -> None:
    WholeDays(state, 31).missing_before(date(2026, 11, 18))
    days = WholeDays(state, 31).missing_before(TODAY)
    assert days == [date(2026, 11, 18), date(2026, 11, 20)]


@pytest.mark.parametrize(
    ("whole", "missing"),
    [
        (date(2026, 11, 22), []),
        (TODAY, []),
        (date(2026, 11, 20), []),
        (date(2026, 11, 19), [date(2026, 11, 20), date(2026, 11, 20)]),
        (date(2026, 10, 31), [date(2026, 11, 1), date(2026, 11, 20)]),
    ],
)
def test_what_lies_between_the_last_whole_day_and_today_is_missing(
    state: State, whole: date, missing: List[date]
) -> None:
    WholeDays(state, 31).add(whole)
    assert WholeDays(state, 31).missing_before(TODAY) == missing


def test_each_module_has_its_own(state: State) -> None:
    WholeDays(state, 31).add(date(2026, 11, 1))
    WholeDays(state, 32).add(date(2026, 11, 20))
    assert WholeDays(state, 32).missing_before(TODAY) == []


@pytest.mark.parametrize("kept", ["", "soon", 7, None, ["2026-11-01"], "2026-02-30"])
def test_a_damaged_memory_is_none(state: State, kept: object) -> None:
    state.write("usage-31", kept)
    assert WholeDays(state, 31).missing_before(TODAY) == []
    assert state.read("usage-31") == "2026-11-20"
