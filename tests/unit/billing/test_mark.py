"""The mark on a service: sealed, read back, small enough, and nobody else's text."""

import hashlib
import json
from typing import Any, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.doubles.billmanager import keys
from utils.accounts.passwords import generate_secure_password
from utils.base.secret import Secret
from utils.base.values import Mark, Trust
from utils.billing import mark

ONE_BLOCK_OF_1024_BITS = 117
TEXT = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=20)
HERE = "0123456789ab"


def seal(text: str) -> str:
    """A seal as short as the real one."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def read(text: str) -> Optional[Mark]:
    """The mark in a text, as this installation reads it."""
    return mark.from_text(text, seal, HERE)


def make(**changes: Any) -> Mark:
    """A mark as `open` writes it."""
    one = Mark(1001, "user_1001", "0123456789abcdef", Secret("Made-up-pw-77"), is_made=True)
    return one._replace(**changes)


OLD = [1, HERE, 1001, "user_1001", "0123456789abcdef", "Made-up-pw-77"]
SEALED = json.loads(mark.to_text(make(), seal))


def without(place: int) -> "list[Any]":
    """A sealed mark that lacks one of its parts."""
    return [*SEALED[:place], *SEALED[place + 1 :]]


def other(parts: "list[Any]", place: int, value: object) -> "list[Any]":
    """A mark with another value at a place."""
    return [*parts[:place], value, *parts[place + 1 :]]


FOREIGN = [
    "",
    "{}",
    "[]",
    "null",
    "1",
    "1.0",
    '"text"',
    "Made-up-pw-77",
    "[1]",
    '{"1":1,"2":2,"3":3,"4":4,"5":5,"6":6}',
    json.dumps(SEALED)[:-1],
    *(json.dumps(without(place)) for place in range(len(SEALED))),
    json.dumps([*SEALED, 1]),
    json.dumps([*OLD, 1]),
    *(
        json.dumps(other(parts, place, value))
        for parts in (OLD, SEALED)
        for place, values in (
            (0, ("1", 3, True, None, 1.0, [1])),
            (1, ("", 5, None)),
            (2, ("2", 2.0, None, True, [1])),
            (3, ("", 5, None, ["c"])),
            (4, ("", 5, None)),
            (5, (5, None)),
        )
        for value in values
    ),
    json.dumps(other(other(SEALED, 6, 0), 5, "")),
    json.dumps(other(OLD, 5, "")),
    *(json.dumps(other(SEALED, 6, value)) for value in (2, "1", None, True, 1.0)),
]


def test_only_an_account_that_is_there_may_be_known_without_its_password() -> None:
    adopted = make(password=Secret(""))
    assert read(mark.to_text(adopted, seal)) == adopted


@pytest.mark.parametrize("text", FOREIGN)
def test_a_text_that_is_no_mark_is_none(text: str) -> None:
    assert read(text) is None


@given(st.text(max_size=60) | st.recursive(st.none() | st.integers(), st.lists).map(json.dumps))
def test_no_text_crashes(text: str) -> None:
    assert read(text) is None


@given(TEXT, st.integers(1, 2**63), TEXT, TEXT, st.booleans())
def test_a_mark_is_read_as_it_was_written(
    login: str, item_id: int, server: str, password: str, is_made: bool
) -> None:
    one = Mark(item_id, login, server, Secret(password), is_made)
    assert read(mark.to_text(one, seal)) == one


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (1, "AAAAAAAAAAAA"),
        (1, HERE),
        (1, "ä"),
        (2, 1002),
        (3, "director"),
        (3, "user_1002"),
        (4, "fedcba9876543210"),
        (5, "typed-by-a-forger"),
        (6, 0),
    ],
)
def test_a_mark_of_which_anything_was_changed_is_not_trusted(place: int, value: object) -> None:
    forged = read(json.dumps(other(SEALED, place, value)))
    assert forged is not None
    assert forged.trust is Trust.NONE


def test_a_mark_is_not_trusted_by_another_key() -> None:
    foreign = mark.from_text(json.dumps(SEALED), lambda text: seal("other" + text), HERE)
    assert foreign is not None
    assert foreign.trust is Trust.NONE


@pytest.mark.parametrize("moved", [("user_1", "0001"), ("user_10", "001")])
def test_what_is_sealed_cannot_be_shifted_from_one_part_to_the_next(
    moved: "tuple[str, str]",
) -> None:
    whole = json.loads(mark.to_text(make(login="user_1000", server="1"), seal))
    shifted = read(json.dumps(other(other(whole, 3, moved[0]), 4, moved[1])))
    assert shifted is not None
    assert shifted.trust is Trust.NONE


def test_a_mark_of_1_0_is_known_by_its_installation() -> None:
    old = read(json.dumps(OLD))
    assert old == make(is_made=False, trust=Trust.OLD)
    foreign = read(json.dumps(other(OLD, 1, "another-one!")))
    assert foreign == make(is_made=False, trust=Trust.NONE)


@pytest.mark.parametrize("item_id", [1, 1001, 99999999])
@pytest.mark.parametrize("length", [12, 20, 40])
def test_a_mark_fits_into_one_block_of_a_small_key(item_id: int, length: int) -> None:
    password = Secret(generate_secure_password(length))
    text = mark.to_text(make(item_id=item_id, login=f"user_{item_id}", password=password), seal)
    assert len(text.encode()) <= ONE_BLOCK_OF_1024_BITS


def test_the_longest_mark_fits_into_the_usual_key() -> None:
    password = Secret(generate_secure_password(40))
    text = mark.to_text(make(item_id=2**31, login=f"user_{2**31}", password=password), seal)
    assert len(text.encode()) <= keys.PLAINTEXT_MAX_BYTES


def test_the_password_is_shown_to_nobody() -> None:
    assert "Made-up-pw-77" not in repr(read(json.dumps(SEALED)))
