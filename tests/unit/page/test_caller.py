"""Who may see a service: staff, and its own client."""

import itertools
from typing import Dict, Optional

import pytest

from tests.unit.page.given import CLIENT, Site, active, asked
from utils.base import errors
from utils.page.caller import Caller, find_item, identify

STRANGER = 202


@pytest.mark.parametrize("level", [16, 17, 24, 28])
def test_a_client_is_known_by_the_account_of_his_user(site: Site, level: int) -> None:
    assert identify(asked(level=level), site.billing) == Caller(False, CLIENT)
    site.billing.users.accounts.assert_called_once_with("401")


@pytest.mark.parametrize("level", [29, 30, 31])
def test_staff_is_known_by_its_level(site: Site, level: int) -> None:
    assert identify(asked(level=level), site.billing).is_staff


def test_only_the_servers_own_root_needs_no_user(site: Site) -> None:
    site.billing.users.accounts.return_value = {}
    assert identify(asked(user="root", level=30), site.billing).is_staff
    with pytest.raises(errors.PageDenied):
        identify(asked(user="root", level=29), site.billing)


@pytest.mark.parametrize("level", [0, 1, 9, 15])
def test_whoever_is_below_a_client_sees_nothing(site: Site, level: int) -> None:
    with pytest.raises(errors.PageDenied):
        identify(asked(level=level), site.billing)
    site.billing.users.accounts.assert_not_called()


@pytest.mark.parametrize("level", [16, 29, 30])
def test_nobody_is_somebody_without_a_name(site: Site, level: int) -> None:
    with pytest.raises(errors.PageDenied):
        identify(asked(user="", level=level), site.billing)


@pytest.mark.parametrize(
    "accounts", [{}, {401: CLIENT, 7: STRANGER}], ids=["nobody", "one by number, one by name"]
)
def test_a_name_that_is_nobody_or_two_clients_is_refused(
    site: Site, accounts: Dict[int, int]
) -> None:
    site.billing.users.accounts.return_value = accounts
    with pytest.raises(errors.PageDenied):
        identify(asked(), site.billing)


def test_two_users_of_one_client_are_one(site: Site) -> None:
    site.billing.users.accounts.return_value = {401: CLIENT, 402: CLIENT}
    assert identify(asked(), site.billing) == Caller(False, CLIENT)


MINE, STAFF, NOBODY = Caller(False, CLIENT), Caller(True), Caller(False)


@pytest.mark.parametrize(
    ("caller", "owner", "item_id"),
    [*itertools.product([MINE, STAFF, NOBODY], [CLIENT, STRANGER, 0, None], [1001, None])],
)
def test_a_service_is_shown_to_its_client_and_to_staff_alone(
    site: Site, caller: Caller, owner: Optional[int], item_id: Optional[int]
) -> None:
    site.item = active(account_id=owner or 0)
    site.billing.services.client_of.side_effect = None
    site.billing.services.client_of.return_value = owner
    may = item_id is not None and owner is not None and (caller is STAFF or owner == CLIENT)
    if caller is not NOBODY and may:
        assert find_item(asked(item_id=item_id), caller, site.billing) == site.item
        return
    with pytest.raises(errors.PageDenied) as refused:
        find_item(asked(item_id=item_id), caller, site.billing)
    assert refused.value.value == ""
    site.billing.services.item.assert_not_called()


def test_a_service_that_changes_hands_meanwhile_is_not_shown(site: Site) -> None:
    site.billing.services.client_of.side_effect = None
    site.billing.services.client_of.return_value = CLIENT
    site.item = active(account_id=STRANGER)
    with pytest.raises(errors.PageDenied):
        find_item(asked(), MINE, site.billing)
