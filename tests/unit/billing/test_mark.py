"""The mark on a service: written and read back, small enough, and nobody else's text."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.doubles.billmanager import keys
from utils.base.secret import Secret
from utils.base.values import Mark
from utils.billing import mark
from utils.misc import generate_secure_password

ONE_BLOCK_OF_1024_BITS = 117
TEXT = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=20)


def make(**changes: Any) -> Mark:
    """A mark as `open` writes it."""
    one = Mark("0123456789ab", 1001, "user_1001", "0123456789abcdef", Secret("Made-up-pw-77"))
    return one._replace(**changes)


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
    '[1,"a",2,"b","c"]',
    '[1,"a",2,"b","c","d","e"]',
    '[2,"a",2,"b","c","d"]',
    '["1","a",2,"b","c","d"]',
    '[1,"a","2","b","c","d"]',
    '[1,"a",2.0,"b","c","d"]',
    '[1,"a",null,"b","c","d"]',
    '[1,"",2,"b","c","d"]',
    '[1,"a",2,"","c","d"]',
    '[1,"a",2,"b","","d"]',
    '[1,"a",2,"b","c",""]',
    '[1,"a",2,"b","c",5]',
    '[1,"a",2,"b","c",null]',
    '[1,"a",2,"b",["c"],"d"]',
    '{"1":1,"2":2,"3":3,"4":4,"5":5,"6":6}',
    '[1,"a",2,"b","c","d"',
]


@pytest.mark.parametrize("text", FOREIGN)
def test_a_text_that_is_no_mark_is_none(text: str) -> None:
    assert mark.from_text(text) is None


@given(st.text(max_size=60) | st.recursive(st.none() | st.integers(), st.lists).map(json.dumps))
def test_no_text_crashes(text: str) -> None:
    assert mark.from_text(text) is None


@given(TEXT, st.integers(1, 2**63), TEXT, TEXT, TEXT)
def test_a_mark_is_read_as_it_was_written(
    installation: str, item_id: int, login: str, server: str, password: str
) -> None:
    one = Mark(installation, item_id, login, server, Secret(password))
    assert mark.from_text(mark.to_text(one)) == one


@pytest.mark.parametrize("item_id", [1, 1001, 99999999])
@pytest.mark.parametrize("length", [12, 20, 40])
def test_a_mark_fits_into_one_block_of_a_small_key(item_id: int, length: int) -> None:
    password = Secret(generate_secure_password(length))
    text = mark.to_text(make(item_id=item_id, login=f"user_{item_id}", password=password))
    assert len(text.encode()) <= ONE_BLOCK_OF_1024_BITS


def test_the_longest_mark_fits_into_the_usual_key() -> None:
    password = Secret(generate_secure_password(40))
    text = mark.to_text(make(item_id=2**31, login=f"user_{2**31}", password=password))
    assert len(text.encode()) <= keys.PLAINTEXT_MAX_BYTES


def test_the_password_is_shown_to_nobody() -> None:
    assert "Made-up-pw-77" not in repr(mark.from_text(mark.to_text(make())))
