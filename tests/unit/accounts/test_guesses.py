"""A typed password is tried once, and what was refused, or may have been, is not tried again."""

from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import pytest

from tests.unit.conftest import make_account
from utils.accounts.guesses import Guesses
from utils.base import errors
from utils.base.secret import Secret
from utils.base.values import Account
from utils.host.state import GUESSES, State

TYPED = Secret("typed-by-hand-1")


class Cloud:
    """Notes what it is asked, and accepts one password; `fails` is raised by the next question."""

    def __init__(self, right: str = "", has_refused_none: bool = True) -> None:
        self.right = right
        self.asked: List[Tuple[str, str]] = []
        self.fails: Optional[BaseException] = None
        self._has_refused_none = has_refused_none

    def accepts(self, login: str, password: Secret) -> bool:
        """Whether that is the right one."""
        self.asked.append((login, password.reveal()))
        failure, self.fails = self.fails, None
        if failure is not None:
            raise failure
        return password.reveal() == self.right

    def has_refused_none(self) -> bool:
        """Whether the cloud shows that it has refused nobody."""
        return self._has_refused_none


def somebody(login: str = "somebody", last_login: Optional[int] = 7) -> Account:
    """The account that was typed, as it was just read."""
    return make_account(login=login, last_login=last_login)


@pytest.fixture
def state(tmp_path: Path) -> State:
    """The module's own files."""
    return State(str(tmp_path / "pmnextcloud"))


def guess(state: State, cloud: Any, **changes: Any) -> bool:
    """A guess, by the memory as a run finds it."""
    given: Dict[str, Any] = {"item_id": 15, "account": somebody(), "password": TYPED, **changes}
    memory = Guesses(state, lambda text: f"digest of {text!r}", 31)
    return memory.try_once(cloud=cloud, **given)


def cut_off(state: State, cloud: Cloud, how: BaseException) -> None:
    """A guess whose answer never comes."""
    cloud.fails = how
    with pytest.raises(type(how)):
        guess(state, cloud)


def test_what_was_refused_is_not_asked_again(state: State) -> None:
    cloud = Cloud()
    for login in ("somebody", "SOMEBODY"):
        assert not guess(state, cloud, account=somebody(login))
    assert cloud.asked == [("somebody", "typed-by-hand-1")]


@pytest.mark.parametrize(
    "change",
    [{"item_id": 16}, {"account": somebody("another")}, {"password": Secret("typed-by-hand-2")}],
)
def test_a_change_is_tried_anew(state: State, change: Dict[str, Any]) -> None:
    cloud = Cloud()
    guess(state, cloud)
    guess(state, cloud, **change)
    assert len(cloud.asked) == 2


def test_what_was_accepted_is_accepted_again(state: State) -> None:
    cloud = Cloud("typed-by-hand-1")
    for _ in range(2):
        assert guess(state, cloud)


def test_services_do_not_forget_each_others_refusals(state: State) -> None:
    cloud = Cloud()
    for item_id in (15, 16, 15, 16):
        assert not guess(state, cloud, item_id=item_id)
    assert len(cloud.asked) == 2


KILLED = (KeyboardInterrupt(), errors.CloudUnreachable("x"), errors.FrontAnswered("x"))
"""Ends of a run, and answers, that leave open whether the cloud has looked at the password."""


@pytest.mark.parametrize("how", KILLED, ids=str)
@pytest.mark.parametrize(
    ("has_refused_none", "last_login", "may_repeat"),
    [(True, 7, True), (False, 8, True), (False, 7, False), (False, None, False)],
)
def test_a_guess_without_an_answer_is_repeated_where_the_cloud_tells_that_it_was_not_refused(
    state: State,
    how: BaseException,
    has_refused_none: bool,
    last_login: Optional[int],
    may_repeat: bool,
) -> None:
    cloud = Cloud("typed-by-hand-1", has_refused_none)
    cut_off(state, cloud, how)
    for _ in range(2):
        assert guess(state, cloud, account=somebody(last_login=last_login)) is may_repeat
    assert len(cloud.asked) == (3 if may_repeat else 1)


@pytest.mark.parametrize(
    "error",
    [
        errors.NothingSent("x"),
        errors.CloudMaintenance("x"),
        errors.CloudThrottled("x"),
        errors.FrontThrottled("x"),
        errors.CloudCertificate("x"),
        errors.CloudMoved("x"),
    ],
)
def test_a_guess_that_nobody_looked_at_was_none(state: State, error: errors.PmError) -> None:
    cloud = Cloud("typed-by-hand-1", has_refused_none=False)
    cut_off(state, cloud, error)
    assert guess(state, cloud)


def test_nothing_is_tried_that_cannot_be_remembered(state: State) -> None:
    Path(state.folder).write_text("no folder")
    cloud = Cloud("typed-by-hand-1")
    with pytest.raises(errors.StateUnwritable):
        guess(state, cloud)
    assert not cloud.asked


DAMAGED = [None, [], "text", {"15": None}, {"15": "a digest"}, {"15": ["a", "b", "c"]}]


@pytest.mark.parametrize("kept", [*DAMAGED, {"15": [1, True, None]}, {"15": ["a", True, "x"]}])
def test_a_damaged_memory_is_none(state: State, kept: object) -> None:
    state.write(GUESSES.format(31), kept)
    assert guess(state, Cloud("typed-by-hand-1"))


def test_no_password_is_kept(state: State) -> None:
    memory: Any = Guesses(state, lambda text: "digest", 31)
    memory.try_once(15, somebody(), TYPED, Cloud())
    assert "typed" not in Path(state.path(GUESSES.format(31))).read_text()
