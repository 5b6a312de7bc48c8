"""Which client a user of BILLmanager is, by what BILLmanager calls him."""

from typing import List

import pytest

from tests.doubles.billmanager import Stand
from utils.billing.billmanager import Billing


def user_ids(stand: Stand, account: int) -> List[int]:
    """The users of a client."""
    return [row["id"] for row in stand.sql("SELECT id FROM user WHERE account = %s", account)]


def test_a_user_is_known_by_number_and_by_name(stand: Stand, billing: Billing) -> None:
    account = stand.add_account(emails=["anna@example.com", "boris@example.com"])
    anna, _ = user_ids(stand, account)
    assert billing.users.accounts(str(anna)) == {anna: account}
    assert billing.users.accounts("anna@example.com") == {anna: account}


def test_a_name_that_is_the_number_of_another_is_both(stand: Stand, billing: Billing) -> None:
    victim = stand.add_account(emails=["victim@example.com"])
    [number] = user_ids(stand, victim)
    thief = stand.add_account(emails=[str(number)])
    [own] = user_ids(stand, thief)
    assert billing.users.accounts(str(number)) == {number: victim, own: thief}


@pytest.mark.parametrize(
    "name",
    ["", "0", "-1", "1e9", "NULL", "%", "CLAUS@example.com", "claus@example.com ", "x" * 256],
)
def test_what_only_looks_like_a_name_is_nobody(stand: Stand, billing: Billing, name: str) -> None:
    stand.add_account(emails=["claus@example.com"])
    assert billing.users.accounts(name) == {}


@pytest.mark.parametrize("quote", ["' OR '1'='1", '" OR ""="', "1 OR 1=1", "1; DROP TABLE user"])
def test_a_name_is_never_a_query(stand: Stand, billing: Billing, quote: str) -> None:
    account = stand.add_account()
    assert billing.users.accounts(quote) == {}
    assert user_ids(stand, account)


def test_without_names_numbers_tell_all_the_same(stand: Stand, billing: Billing) -> None:
    account = stand.add_account(emails=["dora@example.com"])
    [number] = user_ids(stand, account)
    stand.sql("ALTER TABLE user RENAME COLUMN name TO elsewhere")
    try:
        assert billing.users.accounts(str(number)) == {number: account}
        assert billing.users.accounts("dora@example.com") == {}
    finally:
        stand.sql("ALTER TABLE user RENAME COLUMN elsewhere TO name")
