"""What follows a client: noted as it was left, and told from what is the customer's own choice."""

import logging
from hashlib import sha256
from pathlib import Path
from typing import Any, Dict

import pytest

from tests.unit.conftest import make_account, make_order
from utils.accounts.following import SHELF, Following
from utils.accounts.plan import PERSONAL
from utils.base import errors
from utils.base.values import Account, Order
from utils.host.locks import LockFile
from utils.host.state import LEFT, State

ITEM = 15
NO_ERRORS: Dict[str, errors.CloudError] = {}
SHOWN = {"email": "email", "name": "display_name", "language": "language"}
"""The field of an account, and of an order, by the name of what follows."""


@pytest.fixture
def state(tmp_path: Path) -> State:
    """The module's own files."""
    return State(str(tmp_path / "state"))


@pytest.fixture
def following(state: State, log: logging.Logger) -> Following:
    """Nothing is noted yet."""
    return Following(state, lambda text: sha256(text.encode()).hexdigest(), log)


def account(what: str, shown: str) -> Account:
    """An account that shows this."""
    empty = {"email": "", "display_name": "", "language": ""}
    return make_account(**{**empty, SHOWN[what]: shown})


def order(what: str, wanted: str) -> Order:
    """An order that wants this of what follows, and the usual of all else."""
    return make_order(**{"email": "", SHOWN[what]: wanted})


def asked(following: Following, what: str, shown: str, wanted: str) -> str:
    """What would be set."""
    return str(
        getattr(following.begin(ITEM, account(what, shown), order(what, wanted)), SHOWN[what])
    )


@pytest.mark.parametrize("what", PERSONAL)
class TestEachThatFollows:
    """E-mail, name and language alike."""

    def test_of_what_is_not_known_nothing_is_set(self, following: Following, what: str) -> None:
        assert asked(following, what, "a", "b") == ""

    def test_what_is_as_it_was_left_follows(self, following: Following, what: str) -> None:
        following.note(ITEM, account(what, "a"), order(what, "a"))
        assert asked(following, what, "a", "b") == "b"

    def test_what_was_left_empty_follows(self, following: Following, what: str) -> None:
        following.note(ITEM, account(what, ""), order(what, ""))
        assert asked(following, what, "", "b") == "b"

    def test_what_the_customer_has_changed_stays(self, following: Following, what: str) -> None:
        following.note(ITEM, account(what, "a"), order(what, "a"))
        for wanted in ("a", "b", "c"):
            assert asked(following, what, "own", wanted) == ""

    def test_what_billing_does_not_know_any_more_is_left(
        self, following: Following, what: str
    ) -> None:
        following.note(ITEM, account(what, "a"), order(what, "a"))
        assert asked(following, what, "a", "") == ""

    def test_what_the_cloud_writes_otherwise_is_set_once(
        self, following: Following, what: str
    ) -> None:
        following.note(ITEM, account(what, "Form of it"), order(what, "it"))
        assert asked(following, what, "Form of it", "it") == ""
        assert asked(following, what, "Form of it", "other") == "other"

    def test_the_letter_case_of_a_cloud_is_no_difference(
        self, following: Following, what: str
    ) -> None:
        following.note(ITEM, account(what, "a@b.example"), order(what, "A@b.example"))
        assert asked(following, what, "a@b.example", "A@B.example") == ""

    def test_where_both_say_the_same_it_is_learned(self, following: Following, what: str) -> None:
        one, wanted = account(what, "a"), order(what, "a")
        following.settle(ITEM, one, wanted, following.begin(ITEM, one, wanted), NO_ERRORS)
        assert asked(following, what, "a", "b") == "b"

    def test_what_a_customer_has_set_to_the_same_himself_stays_his(
        self, following: Following, what: str
    ) -> None:
        following.note(ITEM, account(what, "a"), order(what, "a"))
        one, wanted = account(what, "b"), order(what, "b")
        following.settle(ITEM, one, wanted, following.begin(ITEM, one, wanted), NO_ERRORS)
        assert asked(following, what, "b", "c") == ""

    def test_what_a_killed_run_has_set_is_the_module_s(
        self, following: Following, what: str
    ) -> None:
        following.note(ITEM, account(what, "a"), order(what, "a"))
        assert asked(following, what, "a", "b") == "b"  # and killed behind the request
        assert asked(following, what, "b", "b") == ""
        assert asked(following, what, "b", "c") == "c"

    def test_what_a_killed_run_has_not_set_is_set_again(
        self, following: Following, what: str
    ) -> None:
        following.note(ITEM, account(what, "a"), order(what, "a"))
        assert [asked(following, what, "a", "b") for _ in range(2)] == ["b", "b"]

    def test_what_he_changes_behind_a_killed_run_stays(
        self, following: Following, what: str
    ) -> None:
        following.note(ITEM, account(what, "a"), order(what, "a"))
        asked(following, what, "a", "b")
        assert asked(following, what, "own", "b") == ""
        one, wanted = account(what, "own"), order(what, "b")
        following.settle(ITEM, one, wanted, following.begin(ITEM, one, wanted), NO_ERRORS)
        assert asked(following, what, "own", "c") == ""

    @pytest.mark.parametrize(
        ("error", "again"),
        [
            (errors.CloudRefused("PUT /x", 102, "no"), ""),
            (errors.RightsMissing("PUT /x"), ""),
            (errors.CloudLost("PUT /x"), "b"),
            (errors.CloudWriteLimit("PUT /x"), "b"),
        ],
        ids=lambda value: type(value).__name__ if value and not isinstance(value, str) else "",
    )
    def test_what_is_refused_is_not_tried_again_and_what_fails_is(
        self, following: Following, what: str, error: errors.CloudError, again: str
    ) -> None:
        following.note(ITEM, account(what, "a"), order(what, "a"))
        one, wanted = account(what, "a"), order(what, "b")
        narrow = following.begin(ITEM, one, wanted)
        following.settle(ITEM, one, wanted, narrow, {what: error})
        assert asked(following, what, "a", "b") == again
        assert asked(following, what, "a", "c") == "c"

    def test_a_note_of_another_account_is_none(self, following: Following, what: str) -> None:
        following.note(ITEM, account(what, "a")._replace(login="user_16"), order(what, "a"))
        assert asked(following, what, "a", "b") == ""

    def test_many_are_learned_at_once_and_those_behind_are_told(
        self, following: Following, what: str
    ) -> None:
        numbers = (ITEM, ITEM + 1, ITEM + SHELF)
        accounts = {number: account(what, "a") for number in numbers}
        same = {number: order(what, "a") for number in numbers}
        assert following.learn(accounts, same) == []
        following.flush()
        other = {**same, ITEM + SHELF: order(what, "b")}
        assert following.learn(accounts, other) == [ITEM + SHELF]

    def test_a_forgotten_service_is_not_known(self, following: Following, what: str) -> None:
        following.note(ITEM, account(what, "a"), order(what, "a"))
        following.forget(ITEM)
        assert asked(following, what, "a", "b") == ""


def test_all_else_of_an_order_is_kept(following: Following) -> None:
    wanted = make_order(display_name="N", language="de", leave_group="old", enabled=True)
    narrow = following.begin(ITEM, make_account(), wanted)
    assert narrow == wanted._replace(email="", display_name="", language="")


def test_only_what_is_named_is_noted(following: Following) -> None:
    one = make_account(email="a", display_name="n")
    following.note(ITEM, one, make_order(email="a", display_name="n"), ("email",))
    narrow = following.begin(ITEM, one, make_order(email="b", display_name="m"))
    assert (narrow.email, narrow.display_name) == ("b", "")


@pytest.mark.parametrize(
    "kept",
    [None, [], "x", {str(ITEM): 7}, {str(ITEM): "a b c"}, {str(ITEM): " ".join("x" * 11)}],
    ids=["nothing", "a list", "a text", "a number", "too short", "too long"],
)
def test_a_damaged_note_is_none(following: Following, state: State, kept: Any) -> None:
    state.write(LEFT.format(0), kept)
    assert asked(following, "email", "a", "b") == ""
    following.note(ITEM, account("email", "a"), order("email", "a"))
    assert asked(following, "email", "a", "b") == "b"


def test_no_value_stands_in_a_file(following: Following, state: State) -> None:
    one = make_account(email="who@mail.example", display_name="Ivan")
    following.note(ITEM, one, make_order(email="who@mail.example", display_name="Ivan"))
    text = Path(state.path(LEFT.format(0))).read_text("utf-8")
    assert "who" not in text
    assert "Ivan" not in text
    assert one.login not in text


def test_what_cannot_be_noted_is_not_set(
    following: Following, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    following.note(ITEM, account("email", "a"), order("email", "a"))
    monkeypatch.setattr("utils.accounts.following._WAIT_S", 0)
    with LockFile(state.path(LEFT.format(0)) + ".lock") as lock:
        assert lock.take([0], 0) == 0
        # A process does not keep itself out: another file in the place of the lock does.
        path = Path(state.path(LEFT.format(0)) + ".lock")
        path.unlink()
        path.mkdir()
        assert asked(following, "email", "a", "b") == ""
        path.rmdir()
    assert asked(following, "email", "a", "b") == "b"


@pytest.mark.parametrize("is_known", [True, False], ids=["email known", "email learned"])
def test_what_was_learned_takes_no_place_of_what_was_noted_meanwhile(
    following: Following, is_known: bool
) -> None:
    """The run for many learns, then has one service set, and writes what it learned at last."""
    before = make_account(email="e", display_name="n")
    following.note(ITEM, before, make_order(email="e", display_name="n"), ("name",))
    if is_known:
        following.note(ITEM, before, make_order(email="e", display_name="n"), ("email",))
    wanted = make_order(email="e", display_name="m")
    assert following.learn({ITEM: before}, {ITEM: wanted}) == [ITEM]
    narrow = following.begin(ITEM, before, wanted)
    after = before._replace(display_name="m")
    following.settle(ITEM, after, wanted, narrow, NO_ERRORS)
    following.flush()
    later = following.begin(ITEM, after, make_order(email="f", display_name="o"))
    assert (later.email, later.display_name) == ("f", "o")
