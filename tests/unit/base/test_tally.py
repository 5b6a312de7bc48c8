"""What a run counts: by bounded labels, durations by classes."""

from typing import Tuple

import pytest

from utils.base.tally import (
    ENDLESS,
    OTHER,
    PAUSE_MS,
    PAUSES,
    REQUEST_BOUNDS_MS,
    REQUEST_MS,
    REQUESTS,
    RETRIES,
    RUN_BOUNDS_MS,
    RUN_MS,
    RUNS,
    CloudTally,
    Tally,
)


def test_the_same_series_is_added_to() -> None:
    tally = Tally()
    tally.add(RUNS, ("open", 31, "done"))
    tally.add(RUNS, ("open", 31, "done"), 2)
    assert tally.numbers() == {"runs/open/31/done": 3}


@pytest.mark.parametrize(
    "value", ["", "a b", "a/b", "a=b", 'a"b', "ы", "x" * 41, "user@example.com"]
)
def test_a_label_that_is_none_of_ours_is_no_label(value: str) -> None:
    tally = Tally()
    tally.add(RUNS, ("open", 31, value))
    assert tally.numbers() == {f"runs/open/31/{OTHER}": 1}


@pytest.mark.parametrize("bounds_ms", [RUN_BOUNDS_MS, REQUEST_BOUNDS_MS])
def test_the_classes_of_durations_rise(bounds_ms: Tuple[int, ...]) -> None:
    assert list(bounds_ms) == sorted(set(bounds_ms))


@pytest.mark.parametrize(
    ("took_ms", "bound"),
    [(0, 100), (100, 100), (101, 250), (1_800_000, 1_800_000), (1_800_001, ENDLESS)],
)
def test_a_duration_is_in_the_first_class_that_it_does_not_exceed(
    took_ms: int, bound: object
) -> None:
    tally = Tally()
    tally.observe(RUN_MS, ("open",), took_ms, RUN_BOUNDS_MS)
    assert tally.numbers() == {f"run_ms/open/{bound}": 1, "run_ms/open/sum": took_ms}


def test_requests_retries_and_pauses_are_counted_for_the_module() -> None:
    tally = Tally()
    cloud = CloudTally(tally, 31)
    cloud.answered("200", 40)
    cloud.answered("cloud_unreachable", None)
    cloud.retried()
    cloud.paused(2.5)
    assert tally.numbers() == {
        f"{REQUESTS}/31/200": 1,
        f"{REQUESTS}/31/cloud_unreachable": 1,
        f"{REQUEST_MS}/31/50": 1,
        f"{REQUEST_MS}/31/sum": 40,
        f"{RETRIES}/31": 1,
        f"{PAUSES}/31": 1,
        f"{PAUSE_MS}/31": 2500,
    }


def test_a_form_that_is_not_saved_is_module_0() -> None:
    tally = Tally()
    CloudTally(tally, 0).retried()
    assert tally.numbers() == {"retries/0": 1}
