"""Logins are compared as the clouds compare them."""

import pytest

from utils.base import logins


@pytest.mark.parametrize("other", ["user_1", "USER_1", "User_1", "uSeR_1"])
def test_the_case_of_ascii_letters_is_none(other: str) -> None:
    assert logins.same("user_1", other)
    assert logins.fold(other) == "user_1"


@pytest.mark.parametrize(
    "other",
    [
        "uſer_1",
        "us\u0435r_1",
        "user_１",
        "user_1 ",
        " user_1",
        "user_1\u0307",
        "",
        "user_",
        "user_11",
    ],
)
def test_everything_else_is_another_login(other: str) -> None:
    assert not logins.same("user_1", other)
    assert not logins.same(other, "user_1")


@pytest.mark.parametrize(("upper", "lower"), [("Ä", "ä"), ("К", "к"), ("\u212a", "k"), ("ẞ", "ß")])
def test_other_letters_keep_their_case(upper: str, lower: str) -> None:
    assert not logins.same(upper, lower)


@pytest.mark.parametrize("saved", ["user_1", " user_1", "USER_1\t", "\u00a0User_1\r\n"])
def test_blanks_around_a_saved_login_are_a_slip_of_the_hand(saved: str) -> None:
    assert logins.names(saved, "user_1")


@pytest.mark.parametrize("saved", ["", " ", "user_10", "us er_1", "uſer_1"])
def test_another_saved_login_names_another(saved: str) -> None:
    assert not logins.names(saved, "user_1")
