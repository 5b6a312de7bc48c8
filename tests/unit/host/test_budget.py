"""A command's time."""

import io
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import CodeType, FrameType
from typing import Any, List, Optional, Tuple

import pytest

from tests import ROOT
from utils.host import budget


def hang() -> None:
    """Takes much longer than any test."""
    time.sleep(60)


def test_a_body_that_hangs_is_ended_in_time() -> None:
    started = time.monotonic()
    with pytest.raises(budget.Spent):
        budget.within(0.1, hang)
    assert time.monotonic() - started < 10


def test_what_the_body_returns_is_given() -> None:
    assert budget.within(60, lambda: "done") == "done"


def test_no_library_takes_the_end_for_a_fault_of_its_own() -> None:
    assert not issubclass(budget.Spent, Exception)
    caught: List[BaseException] = []

    def library() -> None:
        try:
            hang()
        except Exception as error:  # noqa: BLE001  as libraries do
            caught.append(error)

    with pytest.raises(budget.Spent):
        budget.within(0.05, library)
    assert not caught


def test_the_end_that_was_swallowed_once_comes_again() -> None:
    swallowed: List[BaseException] = []

    def destructor() -> None:
        try:
            hang()
        except budget.Spent as error:
            swallowed.append(error)
        hang()

    with pytest.raises(budget.Spent):
        budget.within(0.5, destructor)
    assert len(swallowed) == 1


@pytest.mark.parametrize("seconds", [0, -5])
def test_a_budget_that_is_spent_already_ends_at_once(seconds: float) -> None:
    with pytest.raises(budget.Spent):
        budget.within(seconds, hang)


def assert_nothing_rings() -> None:
    """No limit is left of those that were."""
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert budget.left_s() == 0


class Alarm:
    """Rings at one step of Python's byte code in a limit's own lines, the first of them being 0.

    Nothing is raised there. Python itself looks for signals only at some steps; what is raised by
    force at others leaves its memory broken, or an exception that is handled for ever.
    """

    def __init__(self, step: int, bodies: Tuple[CodeType, ...]) -> None:
        self.left = step
        self._bodies = bodies

    def trace(self, frame: FrameType, event: str, arg: Any) -> Any:
        """Counts the steps, and rings."""
        frame.f_trace_opcodes = True
        handler = signal.getsignal(signal.SIGALRM)
        is_own = frame.f_code.co_filename == budget.__file__ and frame.f_code not in self._bodies
        if event == "opcode" and handler is budget._ring and is_own:
            self.left -= 1
            if self.left == -1:
                handler(signal.SIGALRM, frame)
        return self.trace


@pytest.mark.parametrize("is_within_another", [False, True])
@pytest.mark.parametrize("fails", [False, True])
def test_at_whichever_step_into_a_limit_or_out_it_rings_no_alarm_is_left(
    fails: bool, is_within_another: bool
) -> None:
    """Else whatever comes next in the process is ended by an alarm that nobody set for it."""

    def body() -> None:
        if fails:
            raise KeyError

    def outer() -> None:
        budget.within(30, body)

    before, tracer = signal.getsignal(signal.SIGALRM), sys.gettrace()
    sys._getframe().f_trace_opcodes = True  # Python 3.12 looks at it as it gets the tracer
    step, has_rung = -1, True
    while has_rung:
        step += 1
        alarm = Alarm(step, (body.__code__, outer.__code__))
        with suppress(KeyError):
            sys.settrace(alarm.trace)
            try:
                budget.within(60, outer if is_within_another else body)
            finally:
                sys.settrace(tracer)
        assert signal.getsignal(signal.SIGALRM) is before
        assert_nothing_rings()
        assert sys.exc_info() == (None, None, None)
        has_rung = alarm.left < 0
    assert step > 30


def test_limits_that_end_as_their_bodies_do_leave_no_alarm() -> None:
    kept: List[BaseException] = []
    for number in range(500):
        body_s = 0.00094 + number % 12 * 0.00001  # a limit of 0 rings after a thousandth

        def work(body_s: float = body_s) -> None:
            ends_at = time.perf_counter() + body_s
            while time.perf_counter() < ends_at:
                pass

        try:
            budget.within(0, work)
        except budget.Spent as error:
            kept.append(error)  # with its frames
        assert_nothing_rings()
    assert kept


def test_an_alarm_anywhere_in_limits_within_it_ends_them_and_is_gone() -> None:
    def many() -> None:
        while True:
            budget.within(60, lambda: None)

    for number in range(200):
        with pytest.raises(budget.Spent):
            budget.within(0.001 + number * 0.00001, many)
        assert_nothing_rings()


def test_who_asks_is_told_what_the_limit_around_him_leaves() -> None:
    def inner() -> None:
        assert 4 < budget.left_s() <= 5

    def outer() -> None:
        time.sleep(0.05)
        assert 55 < budget.left_s() < 60
        budget.within(5, inner)

    assert budget.left_s() == 0
    budget.within(60, outer)
    assert budget.left_s() == 0


def test_another_thread_has_no_time_to_wait() -> None:
    found: List[float] = []

    def body() -> None:
        thread = threading.Thread(target=lambda: found.append(budget.left_s()))
        thread.start()
        thread.join()

    budget.within(60, body)
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
    def body() -> None:
        with pytest.raises(budget.Spent):
            budget.within(0.05, hang)
        assert 50 < signal.getitimer(signal.ITIMER_REAL)[0] <= 60
        assert 50 < budget.left_s() <= 60

    budget.within(60, body)
    assert_nothing_rings()


def test_the_outer_limit_is_not_made_longer_by_an_inner_one() -> None:
    started = time.monotonic()
    with pytest.raises(budget.Spent):
        budget.within(0.1, lambda: budget.within(60, hang))
    assert time.monotonic() - started < 8


def test_who_takes_the_end_for_that_of_his_own_limit_meets_the_outer_one_at_once() -> None:
    def swallow() -> None:
        with suppress(budget.Spent):
            budget.within(60, hang)
        hang()

    started = time.monotonic()
    with pytest.raises(budget.Spent):
        budget.within(0.1, swallow)
    assert time.monotonic() - started < 8
