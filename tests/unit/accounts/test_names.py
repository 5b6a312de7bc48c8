"""Names of accounts: what templates make of an order, and what customers may type."""

from typing import List, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.accounts import names
from utils.accounts.names import (
    LONGEST,
    SHORTEST,
    Parts,
    check_typed,
    find_faults,
    make_login,
)
from utils.base import errors, logins
from utils.consts import ITEM_EMAIL, ITEM_LOGIN

PARTS = Parts(15, 7, "Иван Петров", "shop.example", "ivan.p@mail.example")


@pytest.mark.parametrize(
    ("template", "made"),
    [
        ("", "user_15"),
        ("user_@ID@", "user_15"),
        ("nc@ID@", "nc15"),
        ("c@ACCOUNT_ID@-@ID@", "c7-15"),
        ("@USERNAME@", "ivanpetrov"),
        ("@DOMAIN@", "shop.example"),
        ("@EMAIL@", "ivan.p@mail.example"),
        ("@EMAIL_NAME@", "ivan.p"),
        ("@EMAIL_DOMAIN@_@ID@", "mail.example_15"),
        ("Клиент @ID@", "Klient15"),
        ("Müller_@ID@", "Muller_15"),
        ("-@ID@_x..", "15_x"),
    ],
)
def test_a_template_is_filled_in(template: str, made: str) -> None:
    assert make_login(template, PARTS) == made


@pytest.mark.parametrize(
    ("template", "parts"),
    [
        ("@USERNAME@", Parts(15, 7)),
        ("@DOMAIN@", Parts(15, 7, "ivan", "", "ivan@mail.example")),
        ("@USERNAME@", Parts(15, 7, "山田")),
        ("@USERNAME@", Parts(15, 7, "ab")),
        ("@USERNAME@", Parts(15, 7, "Admin")),
        ("@USERNAME@", Parts(15, 7, "user")),
        ("User", Parts(15, 7)),
        ("user_@DOMAIN@", Parts(15, 7)),
        ("@USERNAME@", Parts(15, 7, "User_20")),
        ("@USERNAME@", Parts(15, 7, "user_20_2")),
        ("user_@ACCOUNT_ID@", Parts(15, 7)),
        ("@NONSENSE@", Parts(15, 7, "ivan")),
        ("+++", Parts(15, 7, "ivan")),
    ],
    ids=lambda value: value if isinstance(value, str) else value.user_name or "nothing",
)
def test_where_no_fit_name_is_made_it_is_the_default_one(template: str, parts: Parts) -> None:
    assert make_login(template, parts) == "user_15"


def test_a_user_name_that_is_an_address_stands_for_its_first_half() -> None:
    assert make_login("@USERNAME@", PARTS._replace(user_name="ivan@mail.example")) == "ivan"


def test_without_a_user_name_the_first_half_of_the_e_mail_takes_its_place() -> None:
    assert make_login("@USERNAME@", PARTS._replace(user_name="")) == "ivan.p"


def test_a_name_that_is_too_long_loses_letters_and_keeps_its_number() -> None:
    parts = PARTS._replace(user_name="a" * 200)
    assert make_login("@USERNAME@_@ID@", parts) == "a" * (LONGEST - 3) + "_15"
    assert make_login("@USERNAME@_@ID@", parts, longest=20) == "a" * 17 + "_15"
    assert make_login("x" * 80, parts) == "x" * LONGEST


@given(
    template=st.one_of(
        st.text(max_size=100),
        st.lists(
            st.one_of(st.sampled_from([f"@{one}@" for one in names.MACROS]), st.text(max_size=5)),
            max_size=6,
        ).map("".join),
    ),
    user_name=st.text(max_size=80),
    email=st.text(max_size=80),
    domain=st.text(max_size=80),
    longest=st.integers(30, LONGEST),
)
def test_whatever_is_made_is_a_name_that_every_cloud_takes(
    template: str, user_name: str, email: str, domain: str, longest: int
) -> None:
    made = make_login(template, Parts(15, 7, user_name, domain, email), longest)
    assert SHORTEST <= len(made) <= longest
    assert made.isascii()
    assert made[0].isalnum()
    assert made[-1].isalnum()
    assert set(made) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@-")
    assert not names.is_reserved(made)
    assert names.item_of(made) in (None, 15)


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("", []),
        ("user_@ID@", []),
        ("@USERNAME@_@ID@", []),
        ("@USERNAME@", [names.NOT_UNIQUE]),
        ("office", [names.NOT_UNIQUE]),
        ("@USER@_@ID@", [names.UNKNOWN_MACRO]),
        ("my cloud/@ID@", [names.UNUSABLE]),
        ("user_@ACCOUNT_ID@", [names.NUMBER_OF_OTHERS, names.NOT_UNIQUE]),
    ],
)
def test_what_is_wrong_with_a_template_is_found(template: str, found: List[str]) -> None:
    assert [fault.name for fault in find_faults(template)] == found


@pytest.mark.parametrize("login", ["ivan", "Ivan.Petrov-2", "a@b", "x" * 64, "", "  ivan  "])
def test_a_fit_name_may_be_typed(login: str) -> None:
    check_typed(ITEM_LOGIN, login)


@pytest.mark.parametrize(
    ("login", "item_id", "kind"),
    [
        ("ab", None, errors.NameUnfit),
        ("x" * 65, None, errors.NameUnfit),
        ("иван", None, errors.NameUnfit),
        ("ivan petrov", None, errors.NameUnfit),
        ("ivan+1", None, errors.NameUnfit),
        (".ivan", None, errors.NameUnfit),
        ("ivan/..", None, errors.NameUnfit),
        ("ADMIN", None, errors.NameReserved),
        ("user", None, errors.NameReserved),
        ("User_20", None, errors.NameReserved),
        ("user_20_2", None, errors.NameReserved),
        ("x" * 256, 15, errors.NameUnfit),
        ("ivan\n", 15, None),
        ("i\tvan", 15, errors.NameUnfit),
        ("Old Name", 15, None),
        ("user_20", 15, None),
    ],
)
def test_a_name_that_cannot_be_had_is_refused(
    login: str, item_id: Optional[int], kind: Optional[type]
) -> None:
    if kind is None:
        check_typed(ITEM_LOGIN, login, item_id)
    else:
        with pytest.raises(errors.BadArguments) as caught:
            check_typed(ITEM_LOGIN, login, item_id)
        assert type(caught.value) is kind
        assert caught.value.told is errors.Told.FORM


@pytest.mark.parametrize("email", ["", "name@example.com", " name@example.com "])
def test_a_usual_e_mail_may_be_typed(email: str) -> None:
    check_typed(ITEM_EMAIL, email)


@pytest.mark.parametrize("email", ["name", "name@", "имя@example.com", "a@b@c.de", "name@example"])
def test_an_e_mail_that_no_cloud_takes_is_refused(email: str) -> None:
    with pytest.raises(errors.EmailUnfit):
        check_typed(ITEM_EMAIL, email)


def test_other_parameters_are_nobodys_names() -> None:
    check_typed("comment", "!")


@pytest.mark.parametrize("reserved", sorted(names.RESERVED))
def test_kept_names_are_kept_in_any_spelling(reserved: str) -> None:
    assert logins.fold(reserved) == reserved
    assert make_login("@USERNAME@", Parts(15, 7, reserved.upper())) == "user_15"
