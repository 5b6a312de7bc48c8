"""A command's time: whatever hangs, the program answers before its budget is spent."""

import os
import signal
import time
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType
from typing import Any, Callable, Iterator, List, Optional, TypeVar, Union

Answer = TypeVar("Answer")
Handler = Union[Callable[[int, Optional[FrameType]], Any], int, None]
"""What a signal does, as Python tells it."""

_ends_at: ContextVar[Optional[float]] = ContextVar("ends_at", default=None)
"""When the limit around the caller ends, by the monotonic clock. Other threads than that of the
limit have none."""

_endless: List[bool] = []
"""Not empty while somebody waits for whom there is no limit."""

TELLING_S = 10
"""Part of a budget that is kept back for telling BILLmanager of a failure: two calls of mgrctl on
a slow server."""

MOST_KEPT_BACK = 4
"""Of a small budget no more than this part is kept back: one divided by it."""


def telling_s(budget_s: float) -> float:
    """How much of a budget is kept back for telling BILLmanager of a failure, in seconds."""
    return min(TELLING_S, budget_s / MOST_KEPT_BACK)


class Spent(BaseException):
    """Raised in the middle of whatever runs when the time is over.

    Not an Exception, so that no library takes it for a fault of its own.
    """


def within(seconds: float, body: Callable[[], Answer]) -> Answer:
    """What the body returns, a function in Python that runs for at most `seconds`.

    Raises Spent in the body when they are over. The alarm repeats, in case the first one is raised
    where Python swallows it (a destructor). Within a limit another one ends no later, and the first
    one goes on behind it. Where that is over already, none begins.
    """
    before, outer = signal.getsignal(signal.SIGALRM), _ends_at.get()
    now = time.monotonic()
    if outer is not None and outer <= now:
        raise Spent  # each new limit would put the alarm off once more
    ends_at = now + seconds
    try:
        _set(ends_at if outer is None else min(ends_at, outer))
        return body()
    finally:
        _stop(before, outer)


def _set(ends_at: float) -> None:
    _ends_at.set(ends_at)
    signal.signal(signal.SIGALRM, _ring)
    _wind(ends_at)


def _stop(before: Handler, outer: Optional[float]) -> None:
    signal.setitimer(signal.ITIMER_REAL, 0)
    _ends_at.set(outer)
    signal.signal(signal.SIGALRM, before)
    if outer is not None:
        _wind(outer)


def _ring(number: int, frame: Optional[FrameType]) -> None:
    """Ends the body, if it has begun and is not over.

    While a limit is set or stopped nothing is raised: the alarm would stay, and end whatever comes
    next. It rings again if the limit is still there. The body is a function, so that its frame
    tells whether it runs. The body of a with statement has no frame of its own.
    """
    if frame is not None and frame.f_code is within.__code__:
        return
    while frame is not None:
        if frame.f_code in (_set.__code__, _stop.__code__):
            return
        frame = frame.f_back
    raise Spent


def _wind(ends_at: float) -> None:
    """Has the alarm ring at that time, and every second from then on."""
    left_s = max(ends_at - time.monotonic(), 0.001)
    signal.setitimer(signal.ITIMER_REAL, left_s, 1.0)


@contextmanager
def endless() -> Iterator[None]:
    """Runs the body with all the time there is, for people: what asks for patience gets it.

    So it is in the threads of the body too, which no alarm ends.
    """
    _endless.append(True)
    try:
        yield
    finally:
        _endless.pop()


def left_s() -> float:
    """The seconds that the limit around the caller leaves, 0 where there is none.

    So another thread than that of the limit has no time to wait: the alarm would not wake it.
    """
    if _endless:
        return float("inf")
    ends_at = _ends_at.get()
    return 0.0 if ends_at is None else max(ends_at - time.monotonic(), 0.0)


def age_s() -> float:
    """How long ago this process was started, in seconds; 0 where the kernel does not tell.

    On a busy server the start of the interpreter takes as long as all the rest.
    """
    try:
        with open("/proc/self/stat", "rb") as file:
            # The name of the program, in brackets, may have blanks in it.
            ticks = int(file.read().rpartition(b")")[2].split()[19])
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return 0.0
    return max(age, 0.0)
