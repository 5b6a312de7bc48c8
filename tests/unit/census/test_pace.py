"""How fast a cloud is asked, and how long."""

import logging
import time
from types import SimpleNamespace
from typing import List

import pytest

from utils.census import pace
from utils.census.pace import GOOD_ANSWERS, LONGEST_PAUSE_S, Gear, Patience, TimeIsUp


@pytest.fixture
def gear(log: logging.Logger) -> Gear:
    """Pages of 25 to 200; ten seconds are slow."""
    return Gear("accounts per page", log, 25, 200, 200, 10)


def answers(gear: Gear, *seconds: float) -> List[int]:
    """Where the gear is after each answer, asked for as it then stood."""
    found = []
    for took_s in seconds:
        gear.answered(gear.now, took_s)
        found.append(gear.now)
    return found


def test_a_failure_halves_it_down_to_the_least(gear: Gear) -> None:
    found = []
    for _ in range(5):
        gear.down()
        found.append(gear.now)
    assert found == [100, 50, 25, 25, 25]


def test_answers_in_time_double_it_up_to_the_most(gear: Gear) -> None:
    for _ in range(3):
        gear.down()
    assert answers(gear, *[0.1] * 11) == [25, 25, 50, 50, 50, 100, 100, 100, 200, 200, 200]


def test_a_failure_in_between_begins_the_count_anew(gear: Gear) -> None:
    gear.down()
    answers(gear, *[0.1] * (GOOD_ANSWERS - 1))
    gear.down()
    assert answers(gear, *[0.1] * (GOOD_ANSWERS - 1)) == [50, 50]


@pytest.mark.parametrize(
    ("usual_s", "took_s", "is_slow"),
    [
        (0.02, 0.9, False),
        (0.02, 1.1, True),
        (0.5, 1.9, False),
        (0.5, 2.1, True),
        (4, 9.9, False),
        (4, 10.1, True),
    ],
)
def test_slow_is_what_takes_four_times_as_long_and_a_second(
    gear: Gear, usual_s: float, took_s: float, is_slow: bool
) -> None:
    assert answers(gear, usual_s, took_s) == [200, 100 if is_slow else 200]


def test_less_at_a_time_is_measured_by_what_more_took(gear: Gear) -> None:
    assert answers(gear, 0.2, 1.2, 1.2) == [200, 100, 50]


def test_more_at_a_time_is_not_measured_by_what_less_took(gear: Gear) -> None:
    for _ in range(3):
        gear.down()
    assert answers(gear, 0.1, 0.1, 0.1, 1.5)[-1] == 50


def test_a_change_is_said(gear: Gear, caplog: pytest.LogCaptureFixture) -> None:
    gear.down()
    answers(gear, *[0.1] * GOOD_ANSWERS)
    assert caplog.messages == [
        "accounts per page: 100, before 200",
        "accounts per page: 200, before 100",
    ]


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> List[float]:
    """The pauses, during which the clock goes on and nobody waits."""
    pauses: List[float] = []
    began = time.monotonic()
    clock = SimpleNamespace(sleep=pauses.append, monotonic=lambda: began + sum(pauses))
    monkeypatch.setattr(pace, "time", clock)
    return pauses


def test_pauses_double_up_to_the_longest_and_end_with_the_time(
    slept: List[float], log: logging.Logger
) -> None:
    patience = Patience(time.monotonic() + 1200, log)
    for _ in range(11):
        patience.pause("x")
    with pytest.raises(TimeIsUp):
        patience.pause("x")
    assert slept == [1, 2, 4, 8, 16, 32, 64, 128, 256, LONGEST_PAUSE_S, LONGEST_PAUSE_S]


def test_each_pause_is_told_to_whoever_counts_them(slept: List[float], log: logging.Logger) -> None:
    told: List[float] = []
    patience = Patience(time.monotonic() + 60, log, told.append)
    patience.pause("x")
    patience.pause("x", 9.0)
    assert told == slept == [1, 9.0]


def test_after_an_answer_pauses_are_short_again(slept: List[float], log: logging.Logger) -> None:
    patience = Patience(time.monotonic() + 60, log)
    patience.pause("x")
    patience.pause("x")
    patience.forget()
    patience.pause("x")
    assert slept == [1, 2, 1]


def test_time_that_is_over_is_noticed(log: logging.Logger) -> None:
    with pytest.raises(TimeIsUp):
        Patience(time.monotonic() - 1, log).check()


def test_a_pause_is_as_long_as_the_cloud_asks_for(
    log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: List[float] = []
    monkeypatch.setattr(pace.time, "sleep", slept.append)
    patience = pace.Patience(time.monotonic() + 1000, log)
    patience.pause("busy", 30.0)
    patience.pause("busy")
    assert slept == [30.0, 2 * pace.FIRST_PAUSE_S]
    with pytest.raises(pace.TimeIsUp):
        patience.pause("busy", 5000.0)
