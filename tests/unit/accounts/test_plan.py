"""What differs between an account and its order: every difference once, and nothing else."""

from typing import Any, Dict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.conftest import make_account, make_order
from utils.accounts.plan import Change, changes, is_unread
from utils.base import sizes
from utils.base.values import Account, Order

GIB = 1024**3
TOKEN = "pm " + "aZ0-" * 4
FULL = make_order(
    display_name="Client 7", leave_group="old", enabled=True, language="de", drops_token=True
)
"""An order that names everything."""

AS_ORDERED = make_account(display_name="Client 7", language="de")
DIFFERENCES: Dict[str, Any] = {
    "enabled": ({"enabled": False}, False, True, True),
    "quota": ({"quota_bytes": GIB}, GIB, 5 * GIB, True),
    "group": ({"groups": ("by-hand",)}, "", "clients", True),
    "not_group": ({"groups": ("clients", "old")}, "", "old", True),
    "email": ({"email": "former@example.com"}, "former@example.com", "client7@example.com", False),
    "name": ({"display_name": ""}, "", "Client 7", False),
    "language": ({"language": "en"}, "en", "de", False),
    "token": ({"token": TOKEN}, TOKEN, "", False),
}
"""By its stable name: an account that differs so, what is present, what is wanted, if required."""


def test_an_account_as_ordered_differs_in_nothing() -> None:
    assert changes(AS_ORDERED, FULL) == ()
    assert not is_unread(AS_ORDERED, FULL)


@pytest.mark.parametrize("what", DIFFERENCES)
def test_a_difference_is_one_change(what: str) -> None:
    differing, present, wanted, required = DIFFERENCES[what]
    account = AS_ORDERED._replace(**differing)
    assert changes(account, FULL) == (Change(what, present, wanted, required),)


def test_whether_one_gets_in_comes_first_and_words_last() -> None:
    account = make_account(
        enabled=False, quota_bytes=GIB, groups=("old",), email="", display_name="", token=TOKEN
    )
    assert [change.what for change in changes(account, FULL)] == list(DIFFERENCES)


@pytest.mark.parametrize("present", [True, False])
@pytest.mark.parametrize("wanted", [True, False])
def test_who_is_to_be_locked_out_or_let_in_is(present: bool, wanted: bool) -> None:
    found = changes(make_account(enabled=present), Order(enabled=wanted))
    assert [change.wanted for change in found] == ([] if present is wanted else [wanted])


@pytest.mark.parametrize(
    "quota_bytes",
    [GIB, 5 * GIB - 2000, 0, sizes.UNLIMITED, None],
    ids=["less", "a little less", "nothing", "unlimited", "the cloud's default"],
)
def test_another_quota_is_to_be_set(quota_bytes: Any) -> None:
    account = make_account(quota_bytes=quota_bytes)
    assert changes(account, make_order()) == (Change("quota", quota_bytes, 5 * GIB),)


@pytest.mark.parametrize("quota_bytes", [None, GIB])
def test_a_quota_that_is_not_told_is_unread_and_no_difference(quota_bytes: Any) -> None:
    account = make_account(quota_bytes=quota_bytes, is_quota_told=False)
    assert changes(account, make_order()) == ()
    assert is_unread(account, make_order())
    assert not is_unread(account, Order(enabled=True)), "nobody asked for it"


@pytest.mark.parametrize("stored", [1181116006, 1181116007, 1181116006 + 1024])
def test_the_clouds_own_rounding_is_as_ordered(stored: int) -> None:
    order = make_order(quota_bytes=1100 * 1024**2)
    assert changes(make_account(quota_bytes=stored), order) == ()


def test_the_change_names_what_is_asked_for_so_that_no_less_is_kept() -> None:
    [change] = changes(make_account(), make_order(quota_bytes=1040 * GIB))
    assert change.wanted == sizes.bytes_to_ask(1040 * GIB) > 1040 * GIB


@pytest.mark.parametrize(
    ("groups", "group", "leave"),
    [
        (("clients",), "clients", "clients"),
        (("clients",), "clients", "gone"),
        (("clients", "other"), "clients", ""),
        (("other",), "", ""),
    ],
)
def test_groups_set_by_hand_and_the_ordered_one_stay(groups: Any, group: str, leave: str) -> None:
    order = make_order(group=group, leave_group=leave)
    assert changes(make_account(groups=groups), order) == ()


@pytest.mark.parametrize("groups", [("Clients",), ("clients ",)])
def test_a_group_in_other_letters_is_another(groups: Any) -> None:
    assert changes(make_account(groups=groups), make_order()) == (Change("group", "", "clients"),)


def test_an_address_in_other_letters_is_the_same() -> None:
    assert changes(make_account(email="CLIENT7@example.com"), make_order()) == ()


@pytest.mark.parametrize(
    ("present", "wanted"),
    [
        ("client7@example.com", "client8@example.com"),
        ("client7@example.com", ""),
        ("", "b@x.example"),
    ],
)
def test_an_account_that_is_handed_over_has_to_have_the_new_clients_address(
    present: str, wanted: str
) -> None:
    order = Order(email=wanted, is_handed_over=True)
    assert changes(make_account(email=present), order) == (Change("email", present, wanted),)


@pytest.mark.parametrize("email", ["", "Client8@Example.com"])
def test_an_account_that_is_handed_over_with_that_address_already_stays(email: str) -> None:
    order = Order(email=email.lower(), is_handed_over=True)
    assert changes(make_account(email=email), order) == ()


# -- any account, any order -------------------------------------------------------------------

GROUPS = st.sampled_from(["", "a", "b"])
WORDS = st.sampled_from(["", "one@example.com", "two@example.com"])
QUOTAS = st.one_of(st.integers(1, 2**50), st.just(sizes.UNLIMITED), st.none())
ACCOUNTS = st.builds(
    Account,
    login=st.just("user_1"),
    enabled=st.booleans(),
    email=WORDS,
    display_name=WORDS,
    groups=st.sets(st.sampled_from("abc")).map(tuple),
    quota_bytes=QUOTAS,
    used_bytes=st.just(0),
    is_quota_told=st.booleans(),
    language=WORDS,
    token=st.sampled_from(["", "boss", TOKEN]),
)
ORDERS = st.builds(
    Order,
    quota_bytes=QUOTAS,
    group=GROUPS,
    email=WORDS,
    display_name=WORDS,
    leave_group=GROUPS,
    enabled=st.sampled_from([None, True, False]),
)


def applied(account: Account, change: Change) -> Account:
    """The account after the cloud has done the change."""
    groups, wanted = account.groups, change.wanted
    after: Dict[str, Dict[str, Any]] = {
        "enabled": {"enabled": wanted},
        "quota": {"quota_bytes": change.what == "quota" and sizes.stored_bytes(wanted)},
        "group": {"groups": (*groups, wanted)},
        "not_group": {"groups": tuple(group for group in groups if group != wanted)},
        "email": {"email": wanted},
        "name": {"display_name": wanted},
        "language": {"language": wanted},
        "token": {"token": wanted},
    }
    return account._replace(**after[change.what])


@given(ACCOUNTS, ORDERS)
def test_after_the_changes_nothing_differs(account: Account, order: Order) -> None:
    for change in changes(account, order):
        assert change.present != change.wanted
        account = applied(account, change)
    assert changes(account, order) == ()


@given(ACCOUNTS)
def test_an_order_that_names_nothing_changes_nothing(account: Account) -> None:
    assert changes(account, Order()) == ()


# -- in words ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (Change("enabled", True, False), "enabled on -> off"),
        (
            Change("quota", GIB, 5 * GIB),
            "quota 1073741824 bytes (1 GiB) -> 5368709120 bytes (5 GiB)",
        ),
        (Change("quota", None, sizes.UNLIMITED), "quota unlimited"),
        (Change("quota", 0, 1024), "quota 0 bytes (0 B) -> 1024 bytes (1 KiB)"),
        (Change("group", "", "clients"), "group clients"),
        (Change("not_group", "", "old"), "not_group old"),
    ],
)
def test_a_change_is_told_in_words(change: Change, words: str) -> None:
    assert str(change) == words


@pytest.mark.parametrize("what", ["email", "name"])
def test_who_a_customer_is_is_not_told(what: str) -> None:
    change = Change(what, "before@example.com", "after@example.com", required=False)
    assert str(change) == f"{change}" == what
