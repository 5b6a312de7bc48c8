"""A command's time."""

import io
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import List, Optional

import pytest

from tests import ROOT
from utils.host import budget


def test_a_body_that_hangs_is_ended_in_time() -> None:
    started = time.monotonic()
    with pytest.raises(budget.Spent), budget.limit(0.1):
        time.sleep(10)
    assert time.monotonic() - started < 10


def test_no_library_takes_the_end_for_a_fault_of_its_own() -> None:
    assert not issubclass(budget.Spent, Exception)
    caught: List[BaseException] = []

    def library() -> None:
        try:
            time.sleep(10)
        except Exception as error:  # noqa: BLE001  as libraries do
            caught.append(error)

    with pytest.raises(budget.Spent), budget.limit(0.05):
        library()
    assert not caught


def test_the_end_that_was_swallowed_once_comes_again() -> None:
    swallowed: List[BaseException] = []

    def destructor() -> None:
        try:
            time.sleep(10)
        except budget.Spent as error:
            swallowed.append(error)
        time.sleep(10)

    with pytest.raises(budget.Spent), budget.limit(0.5):
        destructor()
    assert len(swallowed) == 1


@pytest.mark.parametrize("seconds", [0, -5])
def test_a_budget_that_is_spent_already_ends_at_once(seconds: float) -> None:
    with pytest.raises(budget.Spent), budget.limit(seconds):
        time.sleep(10)


@pytest.mark.parametrize("fails", [False, True])
def test_afterwards_nothing_rings_and_the_handler_is_the_old_one(fails: bool) -> None:
    def mine(number: int, frame: object) -> None:
        raise AssertionError("it rang")

    before = signal.signal(signal.SIGALRM, mine)
    try:
        try:
            with budget.limit(60):
                if fails:
                    raise KeyError
        except KeyError:
            assert fails
        assert signal.getsignal(signal.SIGALRM) is mine
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    finally:
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("rings_at", ["before the body", "while it is stopped"])
def test_whenever_it_rings_nothing_rings_afterwards(
    monkeypatch: pytest.MonkeyPatch, rings_at: str
) -> None:
    """Else whatever comes next in the process is ended by an alarm that nobody set for it."""
    wind, stop = budget._wind, signal.setitimer
    stops: List[float] = []

    def wind_and_ring(ends_at: float) -> None:
        wind(ends_at)
        raise budget.Spent

    def ring_before_it_is_stopped(which: int, seconds: float, interval: float = 0.0) -> None:
        if seconds == 0:
            stops.append(seconds)
            if len(stops) == 1:
                raise budget.Spent
        stop(which, seconds, interval)

    if rings_at == "before the body":
        monkeypatch.setattr(budget, "_wind", wind_and_ring)
    else:
        monkeypatch.setattr(signal, "setitimer", ring_before_it_is_stopped)
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(budget.Spent), budget.limit(60):
        pass
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is before
    assert budget.left_s() == 0


def test_who_asks_is_told_what_the_limit_around_him_leaves() -> None:
    assert budget.left_s() == 0
    with budget.limit(60):
        time.sleep(0.05)
        assert 55 < budget.left_s() < 60
        with budget.limit(5):
            assert 4 < budget.left_s() <= 5
    assert budget.left_s() == 0


def test_another_thread_has_no_time_to_wait() -> None:
    found: List[float] = []
    with budget.limit(60):
        thread = threading.Thread(target=lambda: found.append(budget.left_s()))
        thread.start()
        thread.join()
    assert found == [0]


@pytest.mark.parametrize(("budget_s", "kept_s"), [(5, 1.25), (20, 5), (40, 10), (86400, 10)])
def test_what_is_kept_back_for_telling_is_enough_and_leaves_most(
    budget_s: int, kept_s: float
) -> None:
    assert budget.telling_s(budget_s) == kept_s


def test_who_waits_without_a_limit_has_all_time_in_every_thread() -> None:
    assert budget.left_s() == 0
    with budget.endless(), ThreadPoolExecutor(1) as pool:
        assert budget.left_s() == pool.submit(budget.left_s).result() == float("inf")
    assert budget.left_s() == 0


def test_a_process_knows_how_long_ago_it_was_started() -> None:
    code = "import time; from utils.host import budget; time.sleep(0.3); print(budget.age_s())"
    began = time.monotonic()
    said = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT)
    assert 0.29 <= float(said) <= time.monotonic() - began + 0.02


@pytest.mark.parametrize("text", [None, b"", b"1 (x) S 1"])
def test_where_the_kernel_does_not_tell_a_process_is_new(
    monkeypatch: pytest.MonkeyPatch, text: Optional[bytes]
) -> None:
    def stat(path: str, mode: str) -> io.BytesIO:
        if text is None:
            raise PermissionError(path)
        return io.BytesIO(text)

    monkeypatch.setattr("builtins.open", stat)
    assert budget.age_s() == 0


def test_a_limit_within_another_ends_alone_and_the_other_goes_on() -> None:
    with budget.limit(60):
        with pytest.raises(budget.Spent), budget.limit(0.05):
            time.sleep(10)
        assert 50 < signal.getitimer(signal.ITIMER_REAL)[0] <= 60
        assert 50 < budget.left_s() <= 60
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_the_outer_limit_is_not_made_longer_by_an_inner_one() -> None:
    started = time.monotonic()
    with pytest.raises(budget.Spent), budget.limit(0.1), budget.limit(60):
        time.sleep(10 if budget.left_s() < 1 else 0)
    assert time.monotonic() - started < 8


def test_who_takes_the_end_for_that_of_his_own_limit_meets_the_outer_one_at_once() -> None:
    def swallow() -> None:
        try:
            with budget.limit(60):
                time.sleep(10)
        except budget.Spent:
            time.sleep(10)

    started = time.monotonic()
    with pytest.raises(budget.Spent), budget.limit(0.1):
        swallow()
    assert time.monotonic() - started < 8
