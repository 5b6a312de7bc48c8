"""Passwords that are made here: random, of every kind that is wanted, and of no other."""

import string

import pytest

from utils.accounts.passwords import (
    Rule,
    generate_secure_password,
    make_other,
    make_usual,
    rule_of,
)
from utils.base.values import Terms
from utils.cloud.answers import PasswordRules
from utils.consts import PASSWORD_SYMBOLS
from utils.host.settings import Settings

LOOK_ALIKES = "0O1lI|"


@pytest.mark.parametrize("length", [-1, 0, 7])
def test_a_short_password_is_not_made(length: int) -> None:
    with pytest.raises(ValueError, match="at least 8"):
        generate_secure_password(length)


@pytest.mark.parametrize("length", [8, 12, 20, 64])
def test_a_password_has_its_length_and_every_kind_of_character(length: int) -> None:
    for _ in range(50):
        password = generate_secure_password(length)
        assert len(password) == length
        assert sum(char.islower() for char in password) >= 2
        assert sum(char.isupper() for char in password) >= 2
        assert sum(char.isdigit() for char in password) >= 2
        assert sum(not char.isalnum() for char in password) >= 2
        assert password.isascii()
        assert password.isprintable()
        assert not set(password) & set(LOOK_ALIKES)
        assert {char for char in password if not char.isalnum()} <= set("-_.!+*=")


@pytest.mark.parametrize("symbols", ["", "#!", "-", "~"])
def test_a_password_has_the_symbols_that_are_named_and_no_others(symbols: str) -> None:
    for _ in range(100):
        password = generate_secure_password(20, symbols)
        assert len(password) == 20
        used = [char for char in password if not char.isalnum()]
        assert set(used) <= set(symbols)
        assert len(used) >= (2 if symbols else 0)


def test_the_settings_have_the_symbols_of_a_password_as_it_is_without_them() -> None:
    assert Settings().password_symbols == PASSWORD_SYMBOLS


def test_ten_thousand_passwords_are_ten_thousand() -> None:
    assert len({generate_secure_password() for _ in range(10000)}) == 10000


def test_the_kinds_do_not_stand_in_an_order() -> None:
    firsts = {generate_secure_password()[0] for _ in range(300)}
    assert any(char.isdigit() for char in firsts)
    assert any(char.isupper() for char in firsts)


# -- the rules of a tariff ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("terms", "rule"),
    [
        (Terms(), Rule(24, "#")),
        (Terms(password_length=16), Rule(16, "#")),
        (Terms(password_kinds="all"), Rule(24, "#")),
        (Terms(password_kinds="letters_digits"), Rule(24, "")),
        (Terms(password_kinds="small_digits"), Rule(24, "", has_capitals=False)),
    ],
)
def test_a_tariff_goes_before_the_settings(terms: Terms, rule: Rule) -> None:
    assert rule_of(Settings(password_length=24, password_symbols="#"), terms) == rule


def test_where_the_settings_have_no_symbols_a_tariff_may_want_the_usual_ones() -> None:
    settings = Settings(password_symbols="")
    assert rule_of(settings, Terms(password_kinds="all")).symbols == PASSWORD_SYMBOLS


def test_small_letters_and_digits_are_both_there_and_alone() -> None:
    terms = Terms(password_length=12, password_kinds="small_digits")
    for _ in range(50):
        password = make_usual(Settings(), terms).reveal()
        assert len(password) == 12
        assert set(password) <= set(string.ascii_lowercase + string.digits)
        assert any(char.isdigit() for char in password)
        assert any(char.islower() for char in password)


def test_a_second_try_has_every_kind_although_the_tariff_wants_fewer() -> None:
    terms = Terms(password_length=12, password_kinds="small_digits")
    password = make_other(Settings(), terms, PasswordRules(least_length=16)).reveal()
    assert len(password) == 16
    for kind in (string.ascii_lowercase, string.ascii_uppercase, string.digits, "#!"):
        assert set(password) & set(kind)
