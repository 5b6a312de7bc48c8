"""Which services name an account, whatever their status and module."""

from typing import Any, Dict, List, Tuple

import pytest

from tests.unit.conftest import BASE, make_billing
from utils.audit.claims import Claims
from utils.billing.modules import StoredModule
from utils.billing.namings import Named
from utils.consts import STATUS_ACTIVE, STATUS_CLOSED, STATUS_ORDERED, STATUS_SUSPENDED


def named(item: int, *logins: str, status: int = STATUS_ACTIVE, module: int = 31) -> Named:
    """A service that names logins."""
    return Named(item, module, status, 201, 501, logins)


def claims(*services: Named) -> Claims:
    """Those of modules 31 and 33 on one server, and of module 32 on another."""
    billing: Any = make_billing()
    urls = {31: BASE, 32: "https://second.example.com", 33: "", 34: BASE.replace("cloud", "CLOUD")}
    billing.modules.stored.return_value = [StoredModule(one, "", True) for one in urls]
    billing.modules.base_url.side_effect = urls.get
    odd = [one for one in services if one.logins != (f"user_{one.item_id}",)]
    billing.namings.odd.return_value = odd
    billing.namings.of_services.side_effect = lambda ids: [
        one for one in services if one.item_id in ids
    ]
    return Claims(billing, [BASE])


def found(one: Claims, login: str) -> List[int]:
    """The services that name a login."""
    return sorted(service.item_id for service in one.of([login])[login.lower()])


def test_a_service_is_found_by_its_number_and_by_what_people_typed() -> None:
    one = claims(named(15, "user_15"), named(16, "anna"), named(17, "user_15", "bob"))
    assert found(one, "User_15") == [15, 17]
    assert found(one, "anna") == [16]
    assert found(one, "bob") == [17]
    assert found(one, "user_16") == []
    assert found(one, "user_99") == []


def test_a_service_that_names_another_login_does_not_claim_its_number() -> None:
    assert found(claims(named(15, "user_15_2")), "user_15") == []
    assert found(claims(named(15, "user_15_2")), "user_15_2") == [15]


@pytest.mark.parametrize(
    ("module", "status", "is_living", "is_over"),
    [
        (31, STATUS_ACTIVE, True, False),
        (31, STATUS_ORDERED, True, False),
        (31, STATUS_CLOSED, False, True),
        (32, STATUS_ACTIVE, False, False),
        (32, STATUS_CLOSED, False, False),
        (33, STATUS_SUSPENDED, True, False),
        (34, STATUS_SUSPENDED, True, False),
    ],
)
def test_living_or_over_is_who_has_or_had_his_account_here(
    module: int, status: int, is_living: bool, is_over: bool
) -> None:
    service = named(15, "user_15", module=module, status=status)
    one = claims(service)
    assert (one.is_living(service), one.is_over(service)) == (is_living, is_over)


RIVALS: Dict[str, Tuple[List[Named], Dict[int, str], Dict[int, List[int]]]] = {
    "nobody else": ([named(15, "user_15")], {15: "user_15"}, {}),
    "one who typed it": ([named(16, "user_15")], {15: "user_15"}, {15: [16]}),
    "the number's own": ([named(15, "user_15"), named(16, "user_15")], {16: "USER_15"}, {16: [15]}),
    "both of a copy": (
        [named(15, "user_15"), named(16, "user_15")],
        {15: "user_15", 16: "user_15"},
        {15: [16], 16: [15]},
    ),
    "a closed half": (
        [named(15, "user_15", status=STATUS_CLOSED), named(16, "user_15")],
        {16: "user_15"},
        {},
    ),
    "elsewhere": ([named(16, "anna", module=32)], {15: "anna"}, {}),
    "two who typed it": ([named(15, "anna"), named(16, "anna")], {15: "anna"}, {15: [16]}),
}


@pytest.mark.parametrize("case", RIVALS)
def test_rivals_are_the_other_living_services_here(case: str) -> None:
    services, owned, rivals = RIVALS[case]
    assert claims(*services).rivals(owned) == rivals
