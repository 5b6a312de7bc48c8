"""A service beside its account: of which class each difference is, and what would mend it."""

from datetime import date, timedelta
from typing import Any, Dict, List, Optional, Tuple

import pytest

from tests.unit.census.world import PASSWORD, own
from tests.unit.conftest import make_account, make_item, make_order
from utils.accounts.ownership import Renewal
from utils.audit.compare import Facts, compare, login_of
from utils.audit.differences import Difference
from utils.base import errors, sizes
from utils.base.values import Account, Disk, Item, Trust
from utils.billing.tariffs import Sold
from utils.census.census import HIDDEN, MISSING, Pair
from utils.census.register import ELSEWHERE, FOREIGN, UNOPENED, UNREADABLE
from utils.consts import STATUS_ACTIVE, STATUS_SUSPENDED

GIB = 1024**3
TODAY = date(2026, 1, 10)
SOLD = Sold(make_order(), Disk("disk", 12, GIB))
FACTS = Facts(SOLD, rivals=[], last_day=TODAY - timedelta(days=1), opened_on=None)


def compared(
    item: Optional[Item] = None,
    account: Optional[Account] = None,
    facts: Facts = FACTS,
    why: str = "",
    **changes: Any,
) -> List[Difference]:
    """The differences of a service whose account, if it has one, has these changes."""
    item = item or own(15)
    if account is None and not why:
        account = make_account(**{"login": "user_15", **changes})
    return list(compare(Pair(item, account, why, "words"), facts, TODAY))


def kinds(found: List[Difference]) -> List[str]:
    """Their classes."""
    return [one.kind for one in found]


def test_where_all_is_as_sold_nothing_differs() -> None:
    assert compared() == []


@pytest.mark.parametrize(
    ("level", "changes", "expected"),
    [
        ("warn 2026-01-01", {}, []),
        ("warn 2026-01-01", {"enabled": False}, ["paid_disabled"]),
        ("read_only 2026-01-01", {"quota_bytes": 1.1 * GIB, "used_bytes": GIB}, []),
        ("read_only 2026-01-01", {"used_bytes": GIB}, ["quota"]),
        ("", {}, ["unpaid_enabled"]),
    ],
)
def test_a_suspended_service_is_compared_as_its_level_has_it(
    level: str, changes: Dict[str, Any], expected: List[str]
) -> None:
    item = own(15)._replace(status=STATUS_SUSPENDED, level=level)
    assert kinds(compared(item, **changes)) == expected


CHANGES: Dict[str, Tuple[int, Dict[str, Any], Dict[str, Any], Dict[str, Any]]] = {
    "paid_disabled": (
        STATUS_ACTIVE,
        {"enabled": False},
        {"status": "active"},
        {"enabled": False},
    ),
    "unpaid_enabled": (
        STATUS_SUSPENDED,
        {"enabled": True},
        {"status": "suspended"},
        {"enabled": True},
    ),
    "quota": (
        STATUS_ACTIVE,
        {"quota_bytes": GIB},
        {"quota_bytes": 5 * GIB},
        {"quota_bytes": GIB},
    ),
    "group": (
        STATUS_ACTIVE,
        {"groups": ("others",)},
        {"group": "clients"},
        {"groups": ["others"]},
    ),
    "email": (
        STATUS_ACTIVE,
        {"email": "other@example.com"},
        {"email": "client7@example.com"},
        {"email": "other@example.com"},
    ),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_what_the_order_changes_has_its_class_both_sides_and_a_repair(kind: str) -> None:
    status, changes, billing, cloud = CHANGES[kind]
    [one] = compared(own(15, status=status), **changes)
    assert (one.kind, one.billing, one.cloud) == (kind, billing, cloud)
    assert (one.item_id, one.account_id, one.tariff_id, one.login) == (15, 201, 501, "user_15")
    assert one.change
    assert not [word for word in ("other@", "client7@") if word in one.change]


@pytest.mark.parametrize("kind", CHANGES)
def test_an_account_that_two_services_name_is_not_to_be_mended(kind: str) -> None:
    status, changes, _, _ = CHANGES[kind]
    facts = FACTS._replace(rivals=[16])
    found = compared(own(15, status=status), facts=facts, **changes)
    assert kinds(found) == ["duplicate", kind]
    assert [one.change for one in found] == ["", ""]


def test_what_has_changed_of_a_client_is_one_difference_with_its_repair() -> None:
    sold = SOLD._replace(order=make_order(display_name="Ivan", language="de"))
    facts = FACTS._replace(sold=sold, behind=["email", "language"])
    [one] = compared(facts=facts, email="former@example.com", language="en")
    assert (one.kind, one.change) == ("behind", "followed email, language")
    assert one.billing == {"email": "client7@example.com", "language": "de"}
    assert one.cloud == {"email": "former@example.com", "language": "en"}


def test_of_a_service_that_had_another_client_nothing_is_behind() -> None:
    item = own(15, mark=own(14).mark._replace(login="user_15"))
    facts = FACTS._replace(behind=["email"])
    assert kinds(compared(item, facts=facts, email="former@example.com")) == ["transferred"]


@pytest.mark.parametrize(
    ("given", "above_bytes", "shown"),
    [
        (7 * GIB, 2 * GIB, 7 * GIB),
        (5 * GIB + 512, None, None),
        (GIB, None, GIB),
        (sizes.UNLIMITED, None, "unlimited"),
        (None, None, "default"),
    ],
)
def test_space_above_what_is_sold_is_counted(
    given: Optional[float], above_bytes: Optional[int], shown: Any
) -> None:
    found = compared(quota_bytes=given)
    assert [one.above_bytes for one in found] == ([above_bytes] if shown else [])
    assert [one.cloud["quota_bytes"] for one in found] == ([shown] if shown else [])


def test_a_quota_is_compared_as_the_cloud_rounds_it() -> None:
    sold = SOLD._replace(order=make_order(quota_bytes=1100 * 1024**2))
    facts = FACTS._replace(sold=sold)
    assert compared(facts=facts, quota_bytes=1181116006) == []


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (errors.QuotaMissing(501), "quota"),
        (errors.MeasureUnknown(None), "quota"),
        (errors.GroupForbidden("admin"), "group"),
    ],
)
def test_what_cannot_be_said_of_a_tariff_is_no_repair(error: errors.PmError, kind: str) -> None:
    order = make_order(quota_bytes=None, group="")
    [one] = compared(facts=FACTS._replace(sold=Sold(order, None, error)))
    assert (one.kind, one.billing, one.change) == (kind, {"error": error.code}, "")


@pytest.mark.parametrize(
    ("why", "item", "facts", "kind"),
    [
        (MISSING, own(15), FACTS, "missing"),
        (HIDDEN, own(15), FACTS, "unreadable"),
        (UNREADABLE, own(15, is_broken=True), FACTS, "unreadable"),
        (ELSEWHERE, own(15), FACTS, "elsewhere"),
        (FOREIGN, own(15), FACTS._replace(rivals=[16]), "duplicate"),
        (FOREIGN, own(15), FACTS, "unproved"),
        (UNOPENED, make_item(id=15, status=2), FACTS, "missing"),
        (UNOPENED, own(15), FACTS, "missing"),
        (UNOPENED, own(15), FACTS._replace(is_there=True), "unproved"),
    ],
)
def test_a_service_without_its_account_differs_once(
    why: str, item: Item, facts: Facts, kind: str
) -> None:
    [one] = compared(item, facts=facts, why=why)
    assert (one.kind, one.change) == (kind, "")


def test_an_administrator_is_never_a_services_account() -> None:
    facts = FACTS._replace(is_protected=True)
    [one] = compared(facts=facts, enabled=False, quota_bytes=GIB)
    assert (one.kind, one.cloud, one.change) == ("unproved", {"why": "protected"}, "")


@pytest.mark.parametrize("with_mark", [True, False])
def test_a_copied_service_is_told_with_its_former_number_and_its_email_is_left(
    with_mark: bool,
) -> None:
    mark = own(14).mark if with_mark else None
    item = own(15, login="user_14", mark=mark)
    [one] = compared(item, login="user_14", email="old-client@example.com")
    assert (one.kind, one.billing) == ("transferred", {"before": 14})


def test_what_is_lost_of_the_saved_values_is_named_and_mended() -> None:
    renewal = Renewal(None, {"url": "x", "username": "y"}, False, "")
    [one] = compared(facts=FACTS._replace(renewal=renewal))
    assert (one.kind, one.billing) == ("unreadable", {"damaged": ["url", "username"]})
    assert one.change == "saved url, username"


@pytest.mark.parametrize("changes", [{"used_bytes": None}, {"is_quota_told": False}])
def test_an_account_that_the_cloud_cannot_measure_is_told(changes: Dict[str, Any]) -> None:
    [one] = compared(**changes)
    assert (one.kind, one.cloud, one.change) == ("unreadable", {"why": "usage_unread"}, "")


@pytest.mark.parametrize(
    ("last", "opened", "is_told"),
    [
        (4, None, True),
        (3, None, False),
        (4, 1, True),
        (None, 4, True),
        (None, 3, False),
        (None, None, False),
    ],
)
def test_a_service_is_uncounted_after_three_days(
    last: Optional[int], opened: Optional[int], is_told: bool
) -> None:
    days = [None if ago is None else TODAY - timedelta(days=ago) for ago in (last, opened)]
    found = compared(facts=FACTS._replace(last_day=days[0], opened_on=days[1]))
    assert kinds(found) == (["uncounted"] if is_told else [])
    if is_told:
        assert found[0].billing == {"last_day": str(days[0]) if days[0] else "never"}


def test_what_is_not_sold_is_not_uncounted() -> None:
    facts = FACTS._replace(sold=SOLD._replace(disk=None), last_day=date(2020, 1, 1))
    assert compared(facts=facts) == []


def test_a_foreign_mark_names_no_login() -> None:
    mark = own(15).mark
    assert mark is not None
    assert login_of(own(15, login="User_15")) == "User_15"
    assert login_of(own(15, mark=mark._replace(trust=Trust.NONE, login="x"))) == "user_15"
    assert login_of(make_item(saved_login=" typed ", saved_password=PASSWORD)) == "typed"
