"""What a cloud refused: for how long and against whom it stands, and who tries again."""

import time
from pathlib import Path
from typing import Any, Dict, List, Optional, Type

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.doubles.billmanager import keys
from tests.unit.conftest import make_server
from utils.base import errors
from utils.base.secret import Secret
from utils.billing.key import Key
from utils.cloud import refusals
from utils.cloud.refusals import FIRST_PAUSE_S, STANDS_S, Refusals
from utils.consts import Level
from utils.host.locks import LockFile
from utils.host.state import State

NAME = "refused-31"
_, READS, WRITES, EDITS = Level


class Clock:
    """The host's clock, set by hand."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def time(self) -> float:
        """Seconds since 1970."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """What the memory takes for the time."""
    one = Clock()
    monkeypatch.setattr(refusals, "time", one)
    return one


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Key:
    """BILLmanager's key."""
    path = tmp_path_factory.mktemp("key") / "billmgr.pem"
    path.write_bytes(keys.shared().pem())
    return Key(str(path))


@pytest.fixture
def state(tmp_path: Path) -> State:
    """The module's files."""
    return State(str(tmp_path / "var" / "pmnextcloud"))


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for another process."""
    monkeypatch.setattr(refusals, "_WAIT_S", 0.1)


class Memory:
    """Makes the memory that one process after the other has."""

    def __init__(self, state: State, key: Key) -> None:
        self.state = state
        self.key = key

    def __call__(self, level: int = EDITS, **server: Any) -> Refusals:
        """The memory of a new process of that level, for module 31."""
        return Refusals(self.state, self.key.fingerprint, make_server(**server), level)


@pytest.fixture
def memory(state: State, key: Key, clock: Clock) -> Memory:
    """The memories of processes that share their files."""
    return Memory(state, key)


def stands(one: Refusals) -> Optional[errors.PmError]:
    """The refusal that stands, or None where the process may try."""
    try:
        one.check()
    except errors.PmError as error:
        return error
    return None


# -- for how long -----------------------------------------------------------------------------


def test_nothing_remembered_is_no_hindrance(memory: Memory) -> None:
    assert stands(memory()) is None
    memory().forget()


@pytest.mark.parametrize("after_s", [0, 1, STANDS_S - 1])
def test_a_refusal_stands_for_ten_minutes(memory: Memory, clock: Clock, after_s: int) -> None:
    assert STANDS_S == 600
    memory().remember(errors.LoginRefused("GET /cloud/user: 997"))
    clock.now += after_s
    error = stands(memory())
    assert type(error) is errors.LoginRefused
    assert error.value == f"GET /cloud/user: 997 ({STANDS_S - after_s:.0f} s)"


def test_after_ten_minutes_one_process_tries_and_the_others_wait_ten_more(
    memory: Memory, clock: Clock
) -> None:
    memory().remember(errors.LoginRefused("x"))
    clock.now += STANDS_S
    assert stands(memory()) is None
    assert [type(stands(memory())) for _ in range(3)] == [errors.LoginRefused] * 3
    clock.now += STANDS_S - 1
    assert stands(memory()) is not None
    clock.now += 1
    assert stands(memory()) is None


def test_who_tried_and_was_refused_again_does_not_lengthen_the_time(
    memory: Memory, clock: Clock
) -> None:
    memory().remember(errors.LoginRefused("x"))
    clock.now += STANDS_S
    trying = memory()
    trying.check()
    clock.now += 30
    trying.remember(errors.LoginRefused("x"))
    error = stands(memory())
    assert error is not None
    assert "(570 s)" in error.value


def test_who_tried_and_was_served_frees_the_others(memory: Memory, clock: Clock) -> None:
    memory().remember(errors.LoginRefused("x"))
    clock.now += STANDS_S
    trying = memory()
    trying.check()
    trying.forget()
    assert stands(memory()) is None


def test_who_cannot_have_the_lock_is_not_the_one_that_tries(
    memory: Memory, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory().remember(errors.LoginRefused("x"))
    clock.now += STANDS_S + 50
    monkeypatch.setattr(LockFile, "take", lambda self, numbers, wait_s: None)
    error = stands(memory())
    assert type(error) is errors.LoginRefused
    assert error.value == "x (1 s)"


def test_what_was_forgotten_while_the_lock_was_waited_for_stands_no_more(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory().remember(errors.LoginRefused("x"))

    def take(self: LockFile, numbers: Any, wait_s: float) -> int:
        memory().forget()
        return 0

    monkeypatch.setattr(LockFile, "take", take)
    assert stands(memory()) is None


@pytest.mark.parametrize("back_s", [1, 3600, 86400 * 365])
def test_a_clock_that_went_back_stops_nobody_for_longer(
    memory: Memory, clock: Clock, back_s: int
) -> None:
    """What was noted in the future would stand for as long as the clock went back."""
    memory().remember(errors.LoginRefused("x"))
    clock.now -= back_s
    assert stands(memory()) is None
    assert stands(memory()) is not None
    clock.now += STANDS_S
    assert stands(memory()) is None


PATIENCE = [errors.CloudThrottled, errors.CloudWriteLimit, errors.FrontThrottled]


def try_in_vain(memory: Memory, error: errors.PmError) -> None:
    """A process that may try and is refused again."""
    trying = memory()
    trying.check()
    trying.remember(error)


def stands_for_s(memory: Memory, clock: Clock) -> float:
    """After how many seconds the next process may try; nobody tries meanwhile."""
    began = clock.now
    while stands(memory()) is not None:
        clock.now += 1
    return clock.now - began


@pytest.mark.parametrize("kind", PATIENCE)
def test_a_wish_for_patience_without_a_time_costs_seconds_at_first_and_grows_to_ten_minutes(
    memory: Memory, clock: Clock, kind: Type[errors.CloudError]
) -> None:
    memory().remember(kind("x"))
    found = []
    for _ in range(9):
        found.append(stands_for_s(memory, clock))  # the last look there is the try
        memory().remember(kind("x"))
    assert found == [5, 10, 20, 40, 80, 160, 320, 600, 600]


@pytest.mark.parametrize("kind", PATIENCE)
@pytest.mark.parametrize("wait_s", [1.0, 7.0, 90.0, 600.0])
def test_a_time_that_the_answer_names_is_kept_to(
    memory: Memory, clock: Clock, kind: Type[errors.CloudError], wait_s: float
) -> None:
    memory().remember(kind("x").after(wait_s))
    assert stands_for_s(memory, clock) == wait_s


@pytest.mark.parametrize("kind", PATIENCE)
def test_a_new_time_takes_the_place_of_the_one_before(
    memory: Memory, clock: Clock, kind: Type[errors.CloudError]
) -> None:
    memory().remember(kind("x").after(300.0))
    clock.now += 300
    try_in_vain(memory, kind("x").after(30.0))
    assert stands_for_s(memory, clock) == 30


@pytest.mark.parametrize("kind", PATIENCE)
def test_a_success_makes_the_next_pause_a_short_one(
    memory: Memory, clock: Clock, kind: Type[errors.CloudError]
) -> None:
    memory().remember(kind("x"))
    for _ in range(4):
        stands_for_s(memory, clock)
    memory().forget()
    memory().remember(kind("x"))
    assert stands_for_s(memory, clock) == FIRST_PAUSE_S


@pytest.mark.parametrize("kind", PATIENCE)
def test_what_was_long_over_does_not_lengthen_the_pause(
    memory: Memory, clock: Clock, kind: Type[errors.CloudError]
) -> None:
    memory().remember(kind("x").after(600.0))
    clock.now += 86400
    try_in_vain(memory, kind("x"))
    assert stands_for_s(memory, clock) == FIRST_PAUSE_S


@pytest.mark.parametrize("stands_s", [0.0, -5.0, 1e9, float("nan"), float("inf"), "5", None])
def test_a_pause_that_makes_no_sense_is_ten_minutes(
    memory: Memory, state: State, clock: Clock, stands_s: Any
) -> None:
    memory().remember(errors.CloudThrottled("x"))
    state.write(NAME, {**state.read(NAME), "stands_s": stands_s})
    assert stands_for_s(memory, clock) == STANDS_S


# -- against whom -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"secret": Secret("made-up-and-new")},
        {"username": "another"},
        {"username": ""},
        {"base_url": "https://cloud.example.com:8443/other"},
        {"module_id": 32},
    ],
)
def test_another_secret_login_address_or_module_is_tried_at_once(
    memory: Memory, changes: Dict[str, Any]
) -> None:
    memory().remember(errors.LoginRefused("x"))
    assert stands(memory(**changes)) is None
    assert stands(memory()) is not None


def test_the_parts_of_a_credential_are_kept_apart(memory: Memory) -> None:
    memory(username="ab", secret=Secret("c")).remember(errors.LoginRefused("x"))
    assert stands(memory(username="a", secret=Secret("bc"))) is None


def test_a_new_secret_that_is_refused_takes_the_place_of_the_old(memory: Memory) -> None:
    memory().remember(errors.LoginRefused("old"))
    new = Secret("made-up-and-new")
    memory(secret=new).remember(errors.AppPasswordNeeded("new"))
    assert type(stands(memory(secret=new))) is errors.AppPasswordNeeded
    assert stands(memory()) is None


def test_another_ones_refusal_is_not_forgotten(memory: Memory) -> None:
    memory().remember(errors.LoginRefused("x"))
    memory(secret=Secret("made-up-and-new")).forget()
    assert stands(memory()) is not None


def test_no_secret_stands_in_the_file(memory: Memory, state: State) -> None:
    memory(secret=Secret("Made-up-pw-77")).remember(errors.LoginRefused("x"))
    text = Path(state.path(NAME)).read_text("utf-8")
    assert "Made-up" not in text
    assert "admin" not in text


LEVELS = [
    (errors.LoginRefused, [READS, WRITES, EDITS]),
    (errors.AppPasswordNeeded, [READS, WRITES, EDITS]),
    (errors.CloudThrottled, [READS, WRITES, EDITS]),
    (errors.AppPasswordRefused, [WRITES, EDITS]),
    (errors.RightsMissing, [WRITES, EDITS]),
    (errors.CloudWriteLimit, [EDITS]),
]


@pytest.mark.parametrize(("error", "levels"), LEVELS)
def test_a_refusal_stops_those_that_would_meet_it(
    memory: Memory, error: Type[errors.CloudError], levels: List[int]
) -> None:
    memory().remember(error("x"))
    for level in (READS, WRITES, EDITS):
        assert (stands(memory(level)) is not None) is (level in levels)


@pytest.mark.parametrize(("error", "levels"), LEVELS)
def test_a_command_that_would_not_meet_a_refusal_does_not_forget_it(
    memory: Memory, error: Type[errors.CloudError], levels: List[int]
) -> None:
    memory().remember(error("x"))
    for level in {READS, WRITES, EDITS} - set(levels):
        memory(level).forget()
    assert stands(memory()) is not None
    memory(levels[0]).forget()
    assert stands(memory()) is None


@pytest.mark.parametrize(
    "error",
    [
        errors.CloudUnreachable,
        errors.CloudLost,
        errors.CloudMaintenance,
        errors.CloudCertificate,
        errors.NotACloud,
        errors.LoginTaken,
        errors.QuotaZero,
        errors.OutOfTime,
        errors.Busy,
        errors.Unexpected,
        errors.PmError,
    ],
)
def test_what_another_command_may_not_meet_is_not_remembered(
    memory: Memory, state: State, error: Type[errors.PmError]
) -> None:
    memory().remember(error("x"))
    assert state.read(NAME) is None


def test_the_remembered_refusal_is_not_remembered_as_a_new_one(
    memory: Memory, clock: Clock
) -> None:
    """Else its time would never be over while operations wait."""
    memory().remember(errors.LoginRefused("x"))
    clock.now += 300
    error = stands(memory())
    assert error is not None
    memory().remember(error)
    clock.now += 300
    assert stands(memory()) is None


# -- the file ---------------------------------------------------------------------------------


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "7", '"x"', "{}", "\x00"])
def test_a_damaged_file_stops_nobody(memory: Memory, state: State, content: str) -> None:
    memory().remember(errors.LoginRefused("x"))
    Path(state.path(NAME)).write_text(content)
    assert stands(memory()) is None
    memory().forget()
    memory().remember(errors.LoginRefused("x"))
    assert stands(memory()) is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"code": "no_such_code"},
        {"code": None},
        {"code": ["cloud_login_refused"]},
        {"at": "yesterday"},
        {"at": None},
        {"fingerprint": None},
    ],
)
def test_an_entry_that_makes_no_sense_stops_nobody(
    memory: Memory, state: State, changes: Dict[str, Any]
) -> None:
    memory().remember(errors.LoginRefused("x"))
    state.write(NAME, {**state.read(NAME), **changes})
    assert stands(memory()) is None


@pytest.mark.parametrize("missing", ["code", "at", "fingerprint", "value"])
def test_an_entry_that_lacks_something_crashes_nobody(
    memory: Memory, state: State, missing: str
) -> None:
    memory().remember(errors.LoginRefused("x"))
    entry = state.read(NAME)
    del entry[missing]
    state.write(NAME, entry)
    error = stands(memory())
    assert error is None or type(error) is errors.LoginRefused


@pytest.mark.parametrize("at", [float("nan"), float("inf"), float("-inf"), 1e300, -1e300])
def test_a_time_that_is_none_stops_nobody_for_longer(
    memory: Memory, state: State, at: float
) -> None:
    memory().remember(errors.LoginRefused("x"))
    state.write(NAME, {**state.read(NAME), "at": at})
    assert stands(memory()) is None


@given(steps=st.lists(st.integers(-2000, 2000), max_size=12))
def test_in_no_ten_minutes_do_two_processes_try(
    tmp_path_factory: pytest.TempPathFactory, key: Key, steps: List[int]
) -> None:
    """Whatever the clock does; a process that comes after ten minutes in peace may try."""
    one = Memory(State(str(tmp_path_factory.mktemp("refusals"))), key)
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(refusals, "time", clock)
        one().remember(errors.LoginRefused("x"))
        tried_at = clock.now
        for step in steps:
            clock.now += step
            may_try = stands(one()) is None
            assert may_try is not (0 <= clock.now - tried_at < STANDS_S)
            if may_try:
                tried_at = clock.now


def test_the_hosts_own_clock_is_used(state: State, key: Key) -> None:
    one = Refusals(state, key.fingerprint, make_server(), EDITS)
    one.remember(errors.CloudThrottled("x"))
    assert abs(state.read(NAME)["at"] - time.time()) < 60
    assert type(stands(one)) is errors.CloudThrottled
