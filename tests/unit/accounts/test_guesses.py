"""A typed password is tried once, and what was refused is not tried again."""

from pathlib import Path
from typing import List, Tuple

import pytest

from utils.accounts.guesses import Guesses
from utils.base import errors
from utils.base.secret import Secret
from utils.host.state import GUESSES, State

TYPED = Secret("typed-by-hand-1")


class Cloud:
    """Notes what it is asked, and accepts one password."""

    def __init__(self, right: str = "") -> None:
        self.right = right
        self.asked: List[Tuple[str, str]] = []

    def accepts(self, login: str, password: Secret) -> bool:
        """Whether that is the right one."""
        self.asked.append((login, password.reveal()))
        return password.reveal() == self.right


@pytest.fixture
def state(tmp_path: Path) -> State:
    """The module's own files."""
    return State(str(tmp_path / "pmnextcloud"))


def guesses(state: State, module_id: int = 31) -> Guesses:
    """The memory as a run finds it."""
    return Guesses(state, lambda text: f"digest of {text!r}", module_id)


def test_what_was_refused_is_not_asked_again(state: State) -> None:
    cloud = Cloud()
    for login in ("somebody", "SOMEBODY"):
        assert not guesses(state).try_once(15, login, TYPED, cloud.accepts)
    assert cloud.asked == [("somebody", "typed-by-hand-1")]


@pytest.mark.parametrize(
    "change", [{"item_id": 16}, {"login": "another"}, {"password": Secret("typed-by-hand-2")}]
)
def test_a_change_is_tried_anew(state: State, change: dict) -> None:
    cloud = Cloud()
    guess = {"item_id": 15, "login": "somebody", "password": TYPED, "accepts": cloud.accepts}
    guesses(state).try_once(**guess)
    guesses(state).try_once(**{**guess, **change})
    assert len(cloud.asked) == 2


def test_what_was_accepted_is_accepted_again(state: State) -> None:
    cloud = Cloud("typed-by-hand-1")
    for _ in range(2):
        assert guesses(state).try_once(15, "somebody", TYPED, cloud.accepts)


def test_services_do_not_forget_each_others_refusals(state: State) -> None:
    cloud = Cloud()
    for item_id in (15, 16, 15, 16):
        assert not guesses(state).try_once(item_id, "somebody", TYPED, cloud.accepts)
    assert len(cloud.asked) == 2


def test_what_has_no_answer_is_tried_again(state: State) -> None:
    def lose(login: str, password: Secret) -> bool:
        raise errors.CloudLost(login)

    with pytest.raises(errors.CloudLost):
        guesses(state).try_once(15, "somebody", TYPED, lose)
    cloud = Cloud("typed-by-hand-1")
    assert guesses(state).try_once(15, "somebody", TYPED, cloud.accepts)


def test_nothing_is_tried_that_cannot_be_remembered(state: State) -> None:
    Path(state.folder).write_text("no folder")
    cloud = Cloud("typed-by-hand-1")
    with pytest.raises(errors.StateUnwritable):
        guesses(state).try_once(15, "somebody", TYPED, cloud.accepts)
    assert not cloud.asked


@pytest.mark.parametrize("kept", [None, [], "text"])
def test_a_damaged_memory_is_none(state: State, kept: object) -> None:
    state.write(GUESSES.format(31), kept)
    assert guesses(state).try_once(15, "a", TYPED, Cloud("typed-by-hand-1").accepts)


def test_no_password_is_kept(state: State) -> None:
    Guesses(state, lambda text: "digest", 31).try_once(15, "a", TYPED, Cloud().accepts)
    assert "typed" not in Path(state.path(GUESSES.format(31))).read_text()
