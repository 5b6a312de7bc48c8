"""Which services name which accounts, on the stand's own tables."""

from typing import Optional

import pytest

from tests.doubles.billmanager import ACTIVE, DELETED, PROCESSING, SUSPENDED, Stand
from tests.unit.billing.given import OWN, having, module, order, sealed
from utils.base.values import Mark
from utils.billing import mark
from utils.billing.billmanager import Billing
from utils.billing.namings import Naming
from utils.consts import ITEM_MARK


@pytest.mark.parametrize("login", ["shared_1", "SHARED_1", " shared_1", "Shared_1\t"])
@pytest.mark.parametrize("status", [1, ACTIVE, SUSPENDED, PROCESSING])
def test_living_services_that_name_a_login_are_told_with_their_module(
    stand: Stand, billing: Billing, login: str, status: int
) -> None:
    module_id = module(stand)
    item = order(stand, module_id, params={"username": login})
    stand.set_status(item, status)
    assert billing.namings.of("shared_1", 7) == {item: module_id}
    assert billing.namings.of("shared_1", item) == {}
    stand.set_status(item, DELETED)


@pytest.mark.parametrize("login", ["shared_2x", "xshared_2", "sharedx2", "ſhared_2", "shared 2"])
def test_who_names_another_login_is_not_told(stand: Stand, billing: Billing, login: str) -> None:
    order(stand, params={"username": login})
    assert billing.namings.of("shared_2", 7) == {}


def test_closed_services_and_those_of_other_handlers_name_nobody(
    stand: Stand, billing: Billing
) -> None:
    stand.set_status(order(stand, params={"username": "shared_3"}), DELETED)
    order(stand, module(stand, module="pmother"), params={"username": "shared_3"})
    assert billing.namings.of("shared_3", 7) == {}


@pytest.mark.parametrize("login", [None, "edited", "USER_7"])
@pytest.mark.parametrize(
    "own", [OWN._replace(item_id=7, login="x"), OWN._replace(login="Shared_4")]
)
def test_a_service_whose_mark_is_copied_names_the_account_whatever_its_login_is(
    stand: Stand, billing: Billing, login: Optional[str], own: Mark
) -> None:
    params = {"username": login} if login else {}
    item = order(stand, params=params, crypted_params={ITEM_MARK: sealed(stand, own)})
    assert item in billing.namings.of("shared_4", 7)
    stand.set_status(item, DELETED)


def copied(stand: Stand, item: int, login: str = "user_{}") -> int:
    """The service under a new number, with a login that people have given it."""
    copy = having(stand, ACTIVE, stand.item(item)["processingmodule"])
    stand.save_param(copy, "username", login.format(copy), crypted=False)
    stand.sql(
        "INSERT INTO itemcryptedparam (item, intname, value)"
        " SELECT %s, intname, value FROM itemcryptedparam WHERE item = %s",
        copy,
        item,
    )
    return copy


@pytest.mark.parametrize("login", ["user_{}", "USER_{}", " user_{}", "", "edited"])
def test_a_copy_names_the_account_of_its_old_half_whatever_people_made_of_its_login(
    stand: Stand, billing: Billing, login: str
) -> None:
    item = having(stand, ACTIVE, module(stand))
    own_mark = OWN._replace(item_id=item, login=f"user_{item}")
    stand.save_param(item, ITEM_MARK, sealed(stand, own_mark), crypted=True)
    copy = copied(stand, item, login)
    assert list(billing.namings.of(f"user_{item}", item)) == [copy]
    assert item not in billing.namings.of(f"user_{copy}", copy)


def test_a_mark_that_does_not_decrypt_names_nobody(stand: Stand, billing: Billing) -> None:
    item = order(stand)
    stand.database.insert("itemcryptedparam", item=item, intname=ITEM_MARK, value="AAAA")
    assert billing.namings.of("shared_5", 7) == {}


@pytest.mark.parametrize(
    ("saved", "status", "names"),
    [
        ("Shared_6", ACTIVE, True),
        (" shared_6 ", PROCESSING, True),
        ("shared_6", DELETED, False),
        ("shared_66", ACTIVE, False),
        ("\u017fhared_6", ACTIVE, False),
    ],
)
def test_living_services_that_name_any_of_some_logins_are_found(
    stand: Stand, billing: Billing, saved: str, status: int, names: bool
) -> None:
    module_id = module(stand)
    item = having(stand, status, module_id, params={"username": saved})
    found = billing.namings.of_any(["SHARED_6", "shared_7"])
    assert (Naming(item, module_id, "shared_6") in found) is names
    stand.set_status(item, DELETED)


def test_nobody_is_named_by_no_login(billing: Billing) -> None:
    assert billing.namings.of_any([]) == []


# -- which logins services name -------------------------------------------------------------------


def test_services_are_told_by_the_logins_that_they_name(stand: Stand, billing: Billing) -> None:
    regular, odd, marked, bare, closed = (order(stand) for _ in range(5))
    foreign = order(stand, module(stand, module="pmother"))
    stand.save_param(regular, "username", f"user_{regular}", crypted=False)
    stand.save_param(odd, "username", " Anna ", crypted=False)
    for item in (marked, regular):
        own_mark = OWN._replace(item_id=item, login=f"User_{item}")
        stand.save_param(item, ITEM_MARK, sealed(stand, own_mark), crypted=True)
    for item in (closed, foreign):
        stand.save_param(item, "username", f"user_{odd}", crypted=False)
    stand.set_status(closed, DELETED)
    told = {one.item_id: one.logins for one in billing.namings.odd()}
    ours = (regular, odd, marked, bare, closed, foreign)
    assert {item: told[item] for item in ours if item in told} == {
        odd: ("anna",),
        marked: (f"user_{marked}",),
        closed: (f"user_{odd}",),
    }
    found = {
        one.item_id: one for one in billing.namings.of_services([regular, bare, closed, foreign])
    }
    assert {item: one.logins for item, one in found.items()} == {
        regular: (f"user_{regular}",),
        bare: (),
        closed: (f"user_{odd}",),
    }
    row = stand.item(closed)
    assert found[closed][1:5] == (
        row["processingmodule"],
        DELETED,
        row["account"],
        row["pricelist"],
    )
    assert billing.namings.of_services([]) == []


@pytest.mark.parametrize("damage", ["forged", "broken"])
def test_a_mark_that_is_not_ours_names_no_login(
    stand: Stand, billing: Billing, damage: str
) -> None:
    item = order(stand)
    text = mark.to_text(OWN._replace(item_id=item, login="anna"), lambda said: "0" * 64)
    stand.save_param(item, ITEM_MARK, text, crypted=True)
    if damage == "broken":
        stand.sql("UPDATE itemcryptedparam SET value = 'AAAA' WHERE item = %s", item)
    found = {one.item_id: one.logins for one in billing.namings.odd()}
    assert found[item] == ()
