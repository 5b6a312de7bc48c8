"""What tariffs and add-ons promise, on the stand's real database."""

import logging
import re
from decimal import Decimal
from typing import Any, Dict, Iterable, Iterator, List, Optional, Tuple

import pytest

from tests.doubles.billmanager import BY_STATISTICS, CHOICE, CHOICE_TIMES, Addon, Stand
from tests.unit.conftest import close, make_item, opened
from tests.unit.specs import double_of
from utils.base import errors, sizes
from utils.base.values import Item
from utils.billing import tariffs as module_of_tariffs
from utils.billing.billmanager import Billing
from utils.billing.clients import find_email
from utils.billing.database import Database
from utils.billing.tariffs import Tariffs
from utils.consts import TARIFF_TRIAL_GROUP
from utils.host.settings import Settings

MIB, GIB, TIB = 1024**2, 1024**3, 1024**4
BOOLEAN = 1


@pytest.fixture
def tariffs(billing: Billing) -> Tariffs:
    """The stand's tariffs."""
    return billing.tariffs


def ordered(
    stand: Stand,
    billing: Billing,
    addons: Iterable[Addon] = (Addon(),),
    usergroup: Optional[str] = None,
    account: Optional[int] = None,
    **more: Any,
) -> Item:
    """A paid service of a new tariff."""
    module = stand.add_module("https://cloud.example.com", "admin", "made-up-77")
    tariff = stand.add_tariff(stand.add_itemtype("backupservice"), addons, usergroup)
    return billing.services.item(
        stand.order(tariff, account or stand.add_account(), module, **more)
    )


# -- what is refused --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "addons",
    [
        [],
        [Addon(name="traffic")],
        [Addon(active=False)],
        [Addon(compound=True)],
        [Addon(billtype=4)],
        [Addon(billtype=10)],
        [Addon(addontype=CHOICE)],
        [Addon(addontype=BOOLEAN)],
        [Addon(name="disk2"), Addon(name="disks")],
    ],
)
def test_a_tariff_without_a_usable_disk_add_on_is_told(
    stand: Stand, billing: Billing, tariffs: Tariffs, addons: List[Addon]
) -> None:
    item = ordered(stand, billing, addons)
    with pytest.raises(errors.QuotaMissing, match=str(item.tariff_id)):
        tariffs.quota(item)


@pytest.mark.parametrize(
    "addon",
    [
        Addon(limit=0),
        Addon(limit=None),
        Addon(limit=-5),
        Addon(billtype=BY_STATISTICS, max=0),
        Addon(billtype=BY_STATISTICS, max=-1),
    ],
)
def test_no_space_at_all_cannot_be_sold(
    stand: Stand, billing: Billing, tariffs: Tariffs, addon: Addon
) -> None:
    with pytest.raises(errors.QuotaZero):
        tariffs.quota(ordered(stand, billing, [addon]))


def test_a_trial_of_nothing_cannot_be_sold(
    stand: Stand, billing: Billing, tariffs: Tariffs
) -> None:
    with pytest.raises(errors.QuotaZero):
        tariffs.quota(ordered(stand, billing, [Addon(trial_max=0)], trial=True))


def test_a_measure_that_is_none_is_told(stand: Stand, billing: Billing, tariffs: Tariffs) -> None:
    with pytest.raises(errors.MeasureUnknown):
        tariffs.quota(ordered(stand, billing, [Addon(measure=None)]))


@pytest.fixture
def measures(stand: Stand) -> Iterator[Dict[str, int]]:
    """Odd measures of a BILLmanager, by name; gone after the test."""
    byte, gib = stand.measure("byte"), stand.measure("gib")
    made = {
        "piece": stand.database.insert("measure", intname="piece", relation=1, lessmeasure=None),
        "nothing": stand.database.insert(
            "measure", intname="nothing", relation=0, lessmeasure=byte
        ),
        "shelf": stand.database.insert("measure", intname="shelf", relation=10, lessmeasure=gib),
        "GiB.": stand.database.insert("measure", intname="circle", relation=2, lessmeasure=None),
    }
    stand.sql("UPDATE measure SET lessmeasure = id WHERE intname = 'circle'")
    made["circle"] = made.pop("GiB.")
    yield made
    stand.sql("UPDATE measure SET lessmeasure = NULL WHERE intname = 'circle'")
    stand.sql("UPDATE pricelist SET measure = NULL WHERE measure IN %s", tuple(made.values()))
    stand.sql("DELETE FROM measure WHERE id IN %s", tuple(made.values()))


@pytest.mark.parametrize("billtype", [2, BY_STATISTICS])
@pytest.mark.parametrize("name", ["piece", "circle", "nothing"])
def test_a_measure_that_is_no_size_is_told(
    stand: Stand,
    billing: Billing,
    tariffs: Tariffs,
    measures: Dict[str, int],
    name: str,
    billtype: int,
) -> None:
    item = ordered(stand, billing, [Addon(measure=name, billtype=billtype, max=7)])
    with pytest.raises((errors.MeasureUnknown, errors.QuotaZero)):
        tariffs.quota(item)
    assert tariffs.disks([item]) == {}, "usage can be counted in no such measure"


def test_a_measure_of_ones_own_is_followed_down(
    stand: Stand, billing: Billing, tariffs: Tariffs, measures: Dict[str, int]
) -> None:
    item = ordered(stand, billing, [Addon(measure="shelf", limit=2)])
    assert tariffs.quota(item) == 20 * GIB


# -- what was ordered -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("addons", "more", "quota_bytes"),
    [
        ([Addon(limit=5)], {}, 5 * GIB),
        ([Addon(limit=5)], {"ordered": 3}, 8 * GIB),
        ([Addon(limit=None)], {"ordered": 3}, 3 * GIB),
        ([Addon(limit=0)], {"ordered": 3}, 3 * GIB),
        ([Addon(limit=5, max=6)], {"ordered": 3}, 8 * GIB),
        ([Addon(limit=5, trial_max=1)], {"trial": True}, GIB),
        ([Addon(limit=5, trial_max=1)], {"trial": True, "ordered": 3}, GIB),
        ([Addon(limit=5, trial_max=9)], {"trial": True}, 5 * GIB),
        ([Addon(limit=5, trial_max=None)], {"trial": True}, 5 * GIB),
        ([Addon(limit=5, trial_max=1)], {}, 5 * GIB),
        ([Addon(billtype=BY_STATISTICS, limit=5, max=None)], {}, sizes.UNLIMITED),
        ([Addon(billtype=BY_STATISTICS, limit=5, max=100)], {}, 100 * GIB),
        ([Addon(billtype=BY_STATISTICS, max=100)], {"ordered": 3}, 100 * GIB),
        ([Addon(billtype=BY_STATISTICS, max=None, trial_max=2)], {"trial": True}, 2 * GIB),
        ([Addon(billtype=BY_STATISTICS, max=1, trial_max=2)], {"trial": True}, GIB),
        ([Addon(name="disc", limit=7)], {}, 7 * GIB),
        ([Addon(name="disc", limit=7), Addon(name="disk", limit=5)], {}, 5 * GIB),
        ([Addon(name="disk", limit=5), Addon(name="disc", limit=7)], {}, 5 * GIB),
        ([Addon(name="disk", active=False), Addon(name="disc", limit=7)], {}, 7 * GIB),
        ([Addon(addontype=CHOICE), Addon(name="disc", limit=7)], {}, 7 * GIB),
        ([Addon(own_name=False, limit=4)], {}, 4 * GIB),
        ([Addon(name="traffic", limit=9), Addon(limit=4)], {}, 4 * GIB),
        ([Addon(compound=True, limit=5)], {"ordered": {"disk": 2}}, 7 * GIB),
        ([Addon(measure="byte", limit=1000)], {}, 1000),
        ([Addon(measure="kib", limit=3)], {}, 3 * 1024),
        ([Addon(measure="mib", limit=1100)], {}, 1100 * MIB),
        ([Addon(measure="tib", limit=2)], {}, 2 * TIB),
    ],
)
def test_the_space_is_what_was_ordered(
    stand: Stand,
    billing: Billing,
    tariffs: Tariffs,
    addons: List[Addon],
    more: Dict[str, Any],
    quota_bytes: float,
) -> None:
    assert tariffs.quota(ordered(stand, billing, addons, **more)) == quota_bytes


@pytest.mark.parametrize(
    ("columns", "quota_bytes"),
    [
        ({"addonlimit": 9}, 9 * GIB),
        ({"addonlimit": 9, "intvalue": 1}, 10 * GIB),
        ({"addonlimit": 0, "intvalue": 1}, GIB),
        ({"addonlimit": None}, 5 * GIB),
    ],
)
def test_the_services_own_limit_wins_over_the_tariffs(
    stand: Stand, billing: Billing, tariffs: Tariffs, columns: Dict[str, Any], quota_bytes: int
) -> None:
    item = ordered(stand, billing)
    stand.add_addon_row(item.id, stand.addons(item.tariff_id)["disk"], **columns)
    assert tariffs.quota(item) == quota_bytes


@pytest.mark.parametrize(
    ("columns", "trial", "quota_bytes"),
    [
        ({"addonmax": 9}, False, 9 * GIB),
        ({"addonmaxtrial": 2}, True, 2 * GIB),
        ({"addonlimit": 20}, False, 20 * GIB),
        ({"addonlimit": 120}, False, 100 * GIB),
        ({"addonlimit": 20, "addonmax": 10}, False, 10 * GIB),
        ({"addonlimit": 0}, False, 100 * GIB),
        ({"addonlimit": 0, "addonmax": 10}, False, 10 * GIB),
        ({"addonlimit": 20, "addonlimittrial": 0}, True, 50 * GIB),
        ({"addonlimit": 20, "addonmaxtrial": 2}, True, 2 * GIB),
        ({"addonlimit": 20, "addonlimittrial": 3}, True, 3 * GIB),
    ],
)
def test_the_services_own_caps_win_over_the_tariffs(
    stand: Stand,
    billing: Billing,
    tariffs: Tariffs,
    columns: Dict[str, Any],
    trial: bool,
    quota_bytes: int,
) -> None:
    addon = Addon(billtype=BY_STATISTICS, max=100, trial_max=50)
    item = ordered(stand, billing, [addon], trial=trial)
    stand.add_addon_row(item.id, stand.addons(item.tariff_id)["disk"], **columns)
    assert tariffs.quota(item) == quota_bytes


NAMES = [
    ("disk disc", "disk"),
    ("disc disk", "disc"),
    ("in out disk", "disk"),
    ("  Disk\tDISC ", "Disk"),
    ("mem\ndisc", "disc"),
    ("traffic, disk", "disk"),
]


@pytest.mark.parametrize("own_name", [True, False])
@pytest.mark.parametrize(("name", "word"), NAMES)
def test_a_name_is_a_list_of_words_and_usage_has_one(
    stand: Stand, billing: Billing, tariffs: Tariffs, name: str, word: str, own_name: bool
) -> None:
    item = ordered(stand, billing, [Addon(name=name, limit=7, own_name=own_name)])
    assert tariffs.quota(item) == 7 * GIB
    assert tariffs.disk(item).addon == tariffs.disks([item])[item.id].addon == word


@pytest.mark.parametrize("name", ["space", "in out", "disks", "my-disk"])
def test_a_tariffs_own_name_does_not_hide_the_types(
    stand: Stand, billing: Billing, tariffs: Tariffs, name: str
) -> None:
    item = ordered(stand, billing, [Addon(name=name, type_name="disc disk", limit=7)])
    assert tariffs.quota(item) == 7 * GIB
    assert tariffs.disk(item).addon == "disc"
    plain = [Addon(name=name, type_name="disk", limit=9), Addon(name="disc", limit=7)]
    assert tariffs.quota(ordered(stand, billing, plain)) == 7 * GIB


@pytest.mark.parametrize("name", ["space", "", "in out"])
def test_a_type_of_any_name_may_be_called_disk_by_the_tariff(
    stand: Stand, billing: Billing, tariffs: Tariffs, name: str
) -> None:
    item = ordered(stand, billing, [Addon(name="disk", type_name=name or "x", limit=7)])
    assert tariffs.quota(item) == 7 * GIB


SIZES = [
    ("50", 50 * GIB),
    ("50gb", 50 * GIB),
    ("50 GiB", 50 * GIB),
    ("50_gb", 50 * GIB),
    ("50-G", 50 * GIB),
    ("512mb", 512 * MIB),
    ("1.5tb", 3 * TIB // 2),
    ("1,5TiB", 3 * TIB // 2),
    ("2048 bytes", 2048),
]


@pytest.mark.parametrize(("name", "size_bytes"), SIZES)
@pytest.mark.parametrize("kind", [CHOICE, CHOICE_TIMES])
@pytest.mark.parametrize("is_own", [True, False])
def test_space_sold_by_choice_is_what_the_values_name_says(
    stand: Stand,
    billing: Billing,
    tariffs: Tariffs,
    name: str,
    size_bytes: int,
    kind: int,
    is_own: bool,
) -> None:
    addon = Addon(addontype=kind, limit=3, choice="1gb" if is_own else name)
    item = ordered(stand, billing, [addon])
    if is_own:
        number, choice = stand.addons(item.tariff_id)["disk"], stand.add_choice(name)
        stand.add_addon_row(item.id, number, enumerationitem=choice, intvalue=2)
    times = 1 if kind == CHOICE else 2 if is_own else 3
    assert tariffs.quota(item) == size_bytes * times
    assert tariffs.disk(item) == ("disk", stand.measure("gib"), GIB)


@pytest.mark.parametrize("name", ["big", "gb50", "50 apples", "", None, "-5gb", "1e3", "50gb plus"])
def test_a_value_whose_name_is_no_size_is_told_by_its_name(
    stand: Stand, billing: Billing, tariffs: Tariffs, name: Optional[str]
) -> None:
    choice = stand.add_choice(name)
    item = ordered(stand, billing, [Addon(addontype=CHOICE, choice="1gb", measure=None)])
    number = stand.addons(item.tariff_id)["disk"]
    stand.add_addon_row(item.id, number, enumerationitem=choice)
    with pytest.raises(errors.ChoiceUnreadable) as caught:
        tariffs.quota(item)
    assert caught.value.value == (name or f"({choice})")
    assert tariffs.disks([item]) == {}


def test_a_choice_that_nobody_counts_is_told(
    stand: Stand, billing: Billing, tariffs: Tariffs
) -> None:
    item = ordered(stand, billing, [Addon(addontype=CHOICE_TIMES, limit=None, choice="50gb")])
    with pytest.raises(errors.ChoiceUnreadable, match="50gb"):
        tariffs.quota(item)


@pytest.mark.parametrize(("name", "measure"), [("50gb", "gib"), ("512mb", "mib")])
def test_a_choice_without_a_measure_is_counted_in_its_own_unit(
    stand: Stand, billing: Billing, tariffs: Tariffs, name: str, measure: str
) -> None:
    item = ordered(stand, billing, [Addon(addontype=CHOICE, choice=name, measure=None)])
    assert tariffs.disk(item).measure_id == stand.measure(measure)


def test_a_choice_without_any_unit_is_told(
    stand: Stand, billing: Billing, tariffs: Tariffs
) -> None:
    item = ordered(stand, billing, [Addon(addontype=CHOICE, choice="50", measure=None)])
    with pytest.raises(errors.MeasureUnknown):
        tariffs.quota(item)
    assert tariffs.disks([item]) == {}


@pytest.mark.parametrize("billtype", [2, BY_STATISTICS])
@pytest.mark.parametrize("others", [[], [Addon(name="disc", limit=99, max=99)]])
def test_what_was_bought_counts_after_the_tariffs_add_on_is_switched_off(
    stand: Stand, billing: Billing, tariffs: Tariffs, billtype: int, others: List[Addon]
) -> None:
    addon = Addon(limit=5, max=8, billtype=billtype, active=False)
    item = ordered(stand, billing, [addon, *others], ordered={"disk": 3})
    assert tariffs.quota(item) == 8 * GIB
    assert tariffs.disks([item])[item.id].addon == "disk"


def test_of_two_that_were_bought_the_one_that_is_not_switched_off_counts(
    stand: Stand, billing: Billing, tariffs: Tariffs
) -> None:
    addons = [Addon(limit=5, active=False), Addon(name="disc", limit=7)]
    item = ordered(stand, billing, addons, ordered={"disk": 3, "disc": 1})
    assert tariffs.quota(item) == 8 * GIB
    assert tariffs.disk(item).addon == "disc"


@pytest.mark.parametrize(
    ("addon", "more", "own", "quota_bytes"),
    [
        (Addon(limit=5, trial_limit=1), {}, {}, GIB),
        (Addon(limit=5, trial_limit=1), {"ordered": 3}, {}, 4 * GIB),
        (Addon(limit=5, trial_limit=9), {}, {}, 9 * GIB),
        (Addon(limit=5, trial_limit=4, trial_max=2), {}, {}, 2 * GIB),
        (Addon(limit=5, trial_limit=1), {}, {"addonlimittrial": 2}, 2 * GIB),
        (Addon(limit=5, trial_limit=1), {}, {"addonlimit": 8}, GIB),
        (Addon(limit=5), {}, {"addonlimit": 8}, 8 * GIB),
        (Addon(limit=5), {}, {"addonlimit": 8, "addonlimittrial": 3}, 3 * GIB),
        (Addon(limit=5, trial_limit=1, max=9, billtype=BY_STATISTICS), {}, {}, 9 * GIB),
    ],
)
def test_a_trial_includes_what_a_trial_includes(
    stand: Stand,
    billing: Billing,
    tariffs: Tariffs,
    addon: Addon,
    more: Dict[str, Any],
    own: Dict[str, Any],
    quota_bytes: int,
) -> None:
    item = ordered(stand, billing, [addon], trial=True, **more)
    if own:
        stand.add_addon_row(item.id, stand.addons(item.tariff_id)["disk"], **own)
    assert tariffs.quota(item) == quota_bytes
    paid = item._replace(trial=False)
    assert tariffs.quota(paid) != GIB


def test_a_trial_of_nothing_included_cannot_be_sold(
    stand: Stand, billing: Billing, tariffs: Tariffs
) -> None:
    with pytest.raises(errors.QuotaZero):
        tariffs.quota(ordered(stand, billing, [Addon(trial_limit=0)], trial=True))


BY_INCLUDED = Settings(statistics_without_maximum="included")


@pytest.mark.parametrize(
    ("addon", "more", "quota_bytes"),
    [
        (Addon(billtype=BY_STATISTICS, limit=5), {}, 5 * GIB),
        (Addon(billtype=BY_STATISTICS, limit=5, max=9), {}, 9 * GIB),
        (Addon(billtype=BY_STATISTICS, limit=0), {}, sizes.UNLIMITED),
        (Addon(billtype=BY_STATISTICS, limit=0, max=9), {}, 9 * GIB),
        (Addon(billtype=BY_STATISTICS, limit=5, trial_limit=1), {"trial": True}, GIB),
        (Addon(billtype=BY_STATISTICS, limit=None), {}, sizes.UNLIMITED),
        (Addon(limit=5), {"ordered": 3}, 8 * GIB),
    ],
)
def test_by_statistics_without_a_maximum_the_included_space_may_be_the_most(
    stand: Stand, billing: Billing, addon: Addon, more: Dict[str, Any], quota_bytes: float
) -> None:
    item = ordered(stand, billing, [addon], **more)
    tariffs = Tariffs(billing._doors.db, billing._log, lambda: BY_INCLUDED)
    assert tariffs.quota(item) == quota_bytes
    if not more:
        assert tariffs.included(item.tariff_id) == quota_bytes


@pytest.mark.parametrize("gib", [1, 1023, 1024, 1040, 1100, 1900, 2047, 10000])
def test_by_statistics_the_quota_is_never_above_the_maximum(
    stand: Stand, billing: Billing, tariffs: Tariffs, gib: int
) -> None:
    item = ordered(stand, billing, [Addon(billtype=BY_STATISTICS, max=gib)])
    quota_bytes = tariffs.quota(item)
    assert tariffs.maximum(item.tariff_id) == gib * GIB >= quota_bytes
    assert sizes.stored_bytes(sizes.bytes_to_ask(quota_bytes)) == quota_bytes
    by_order = ordered(stand, billing, [Addon(limit=gib)])
    assert tariffs.quota(by_order) == gib * GIB
    assert tariffs.maximum(by_order.tariff_id) is None


def test_another_services_add_ons_are_not_ours(
    stand: Stand, billing: Billing, tariffs: Tariffs
) -> None:
    item = ordered(stand, billing)
    module, account = item.module_id, item.account_id
    other = stand.order(item.tariff_id, account, module, ordered=100)
    assert tariffs.quota(item) == 5 * GIB
    assert tariffs.quota(billing.services.item(other)) == 105 * GIB


def test_the_new_tariff_counts_while_it_changes(
    stand: Stand, billing: Billing, tariffs: Tariffs
) -> None:
    item = ordered(stand, billing, [Addon(limit=5)], ordered=1)
    new = stand.add_tariff(stand.add_itemtype("backupservice"), [Addon(limit=50)])
    stand.change_tariff(item.id, new, ordered=2)
    assert tariffs.quota(billing.services.item(item.id)) == 52 * GIB


@pytest.mark.parametrize("name", ["Disk", "DISC", "disk "])
def test_an_add_on_in_another_letter_case_is_no_crash(
    stand: Stand, billing: Billing, tariffs: Tariffs, name: str
) -> None:
    """MariaDB finds it all the same: it compares without letter case and trailing blanks."""
    item = ordered(stand, billing, [Addon(name=name, limit=5)])
    assert tariffs.quota(item) == 5 * GIB
    assert tariffs.disks([item])[item.id].addon == name.strip()


@pytest.mark.parametrize(
    ("value", "quota_bytes"),
    [(5, 5 * GIB), (5.0, 5 * GIB), (Decimal("1.5"), 3 * GIB // 2), ("5", 5 * GIB), (b"5", 5 * GIB)],
)
def test_a_number_is_read_however_the_driver_hands_it_over(value: Any, quota_bytes: int) -> None:
    assert from_rows(value).quota(make_item()) == quota_bytes


@pytest.mark.parametrize("value", ["", "many", "NaN", "Infinity", "-Infinity", b"\xff", "1e400"])
def test_what_is_no_number_cannot_be_sold(value: Any) -> None:
    with pytest.raises(errors.QuotaZero):
        from_rows(value).quota(make_item())


def from_rows(included: Any) -> Tariffs:
    """Tariffs of a database that hands the included limit over like this."""
    addon = {
        **{"item": 1001, "row_id": None, "own_name": "disk", "type_name": "disk", "active": "on"},
        **{"addontype": 2, "billtype": 2, "measure": 54, "addonlimit": included, "ordered": None},
        **dict.fromkeys(("addonlimittrial", "addonmax", "addonmaxtrial", "enumerationitem")),
        **dict.fromkeys(("own_limit", "own_max", "own_max_trial", "own_choice")),
    }
    measure = {"id": 54, "intname": "GiB", "relation": 1024, "lessmeasure": None}
    db = double_of(Database)
    db.rows.side_effect = [[], [addon], [measure]]
    return Tariffs(db, logging.getLogger("unit"))


# -- group, client ----------------------------------------------------------------------------


@pytest.mark.parametrize("group", ["admin", "Admin", " ADMIN "])
def test_the_administrators_group_is_never_given(
    stand: Stand, billing: Billing, tariffs: Tariffs, group: str
) -> None:
    item = ordered(stand, billing, usergroup=group)
    with pytest.raises(errors.GroupForbidden):
        tariffs.order(item, with_client=False)


@pytest.mark.parametrize(
    ("stored", "group"), [(None, ""), ("", ""), ("clients", "clients"), (" клиенты ", "клиенты")]
)
def test_the_group_is_the_tariffs(
    stand: Stand, billing: Billing, tariffs: Tariffs, stored: Optional[str], group: str
) -> None:
    item = ordered(stand, billing, usergroup=stored)
    assert tariffs.order(item, with_client=False).group == group
    assert tariffs.group(item.tariff_id) == group


@pytest.mark.parametrize(
    ("trial", "noted", "group", "left"),
    [
        (True, "", "trials", ""),
        (True, "trials", "trials", ""),
        (True, "former trials", "trials", "former trials"),
        (False, "trials", "clients", "trials"),
        (False, "", "clients", ""),
        (False, "clients", "clients", ""),
        (False, "Admin", "clients", ""),
    ],
)
def test_a_trial_is_in_a_group_of_its_own_and_leaves_it_once_it_is_paid_for(
    stand: Stand,
    billing: Billing,
    tariffs: Tariffs,
    trial: bool,
    noted: str,
    group: str,
    left: str,
) -> None:
    item = ordered(stand, billing, usergroup="clients")._replace(trial=trial, trial_group=noted)
    stand.set_terms(item.tariff_id, **{TARIFF_TRIAL_GROUP: "trials"})
    order = tariffs.order(item, with_client=False)
    assert (order.group, order.leave_group) == (group, left)
    assert tariffs.orders([item])[item.id].order.group == group
    assert tariffs.trial_group(item) == ("trials" if trial else "")


EMAILS = [
    ([], [], ""),
    ([None], [], ""),
    (["broken"], [], ""),
    ([" client7@example.com "], [], "client7@example.com"),
    (["first@example.com", "second@example.com"], [], "first@example.com"),
    (["first@example.com", "second@example.com"], [True], "second@example.com"),
    (["first@example.com", "second@example.com"], [True, True], ""),
    ([None, "second@example.com"], [], ""),
    (["broken", "second@example.com"], [], ""),
]


@pytest.mark.parametrize(("emails", "disabled", "address"), EMAILS)
def test_the_address_is_the_first_enabled_users(
    stand: Stand,
    billing: Billing,
    tariffs: Tariffs,
    emails: List[Optional[str]],
    disabled: List[bool],
    address: str,
) -> None:
    account = stand.add_account("Client 7", emails, disabled)
    item = ordered(stand, billing, account=account)
    assert tariffs.order(item, with_client=True).email == address


def test_the_addresses_of_several_clients_are_read_at_once(stand: Stand, billing: Billing) -> None:
    one = stand.add_account("Client 7", ["seven@example.com", "other@example.com"])
    two = stand.add_account("Client 8", ["no address"])
    three = stand.add_account("Client 9", ["Nine <nine@example.com>"])
    assert billing.clients.emails([one, two, three]) == {
        one: "seven@example.com",
        three: "nine@example.com",
    }
    assert billing.clients.emails([]) == {}


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("a@example.com", "a@example.com"),
        ("Name <a@example.com>", "a@example.com"),
        ('"Name, of a Firm" < a@example.com > ', "a@example.com"),
        ("<a@example.com>", "a@example.com"),
        ("mailto:a@example.com", "a@example.com"),
        ("Имя <mailto:a@example.com>", "a@example.com"),
        ("\ta@example.com\n", "a@example.com"),
        ("", ""),
        ("Name", ""),
        ("Name <>", ""),
        ("Name <a@example>", ""),
        ("a@example.com, b@example.com", ""),
        ("a@example.com <b@example.com> c", ""),
        ("<a@example.com", ""),
    ],
)
def test_the_address_in_what_people_write_is_found(text: str, address: str) -> None:
    assert find_email(text) == address


def test_an_address_that_cannot_be_used_is_one_line_of_warning(
    stand: Stand, billing: Billing, tariffs: Tariffs, caplog: pytest.LogCaptureFixture
) -> None:
    account = stand.add_account("Client 7", ["Name <broken>"])
    assert tariffs.order(ordered(stand, billing, account=account), with_client=True).email == ""
    warnings = [one for one in caplog.records if one.levelname == "WARNING"]
    assert [one.getMessage() for one in warnings] == [
        f"the e-mail of account {account} cannot be used"
    ]


def test_the_client_is_told_to_the_cloud_only_where_that_is_wanted(
    stand: Stand, billing: Billing, tariffs: Tariffs
) -> None:
    account = stand.add_account("  Client 7 " + "x" * 100, lang="de", realname=" Ivan ")
    item = ordered(stand, billing, account=account)
    plain = tariffs.order(item, with_client=False)
    assert (plain.email, plain.display_name, plain.language) == ("", "", "")
    told = tariffs.order(item, with_client=True)
    assert (told.email, told.display_name, told.language) == ("client7@example.com", "", "")
    for source, name in (("client", ("Client 7 " + "x" * 100)[:64]), ("person", "Ivan")):
        terms = {"cloud_display_name": source, "cloud_language": "client"}
        stand.set_terms(item.tariff_id, **terms)
        named = tariffs.order(item, with_client=True)
        assert (named.display_name, named.language) == (name, "de")
        assert tariffs.hand_over(item) == named._replace(
            quota_bytes=None, group="", is_handed_over=True
        )
        assert tariffs.wishes([item])[item.id] == named._replace(quota_bytes=None, group="")
        assert tariffs.orders([item])[item.id].order == named


def test_a_service_of_no_client_has_neither(
    stand: Stand, billing: Billing, tariffs: Tariffs
) -> None:
    item = ordered(stand, billing)._replace(account_id=4711)
    order = tariffs.order(item, with_client=True)
    assert (order.email, order.display_name) == ("", "")


def test_a_billmanager_whose_services_have_no_limit_of_a_trial_has_the_tariffs(
    log: logging.Logger,
) -> None:
    with Stand() as without:
        without.sql("ALTER TABLE item DROP COLUMN addonlimittrial")
        for billing in opened(without, log):
            item = ordered(without, billing, [Addon(trial_limit=1)], trial=True, ordered=2)
            assert billing.tariffs.quota(item) == 3 * GIB


def test_a_billmanager_without_the_column_has_only_enabled_users(log: logging.Logger) -> None:
    with_no_column = Stand()
    try:
        with_no_column.sql("ALTER TABLE user DROP COLUMN disabled")
        [account] = with_no_column.sql("INSERT INTO account (name) VALUES ('x') RETURNING id")
        with_no_column.database.insert("user", account=account["id"], email="client7@example.com")
        [billing] = list(opened(with_no_column, log))
        item = ordered(with_no_column, billing, account=account["id"])
        order = billing.tariffs.order(item, with_client=True)
        close(billing)
        assert order.email == "client7@example.com"
    finally:
        with_no_column.close()


# -- what usage is counted on -----------------------------------------------------------------


def test_usage_is_counted_on_the_add_on_in_its_measure(
    stand: Stand, billing: Billing, tariffs: Tariffs
) -> None:
    items = [
        ordered(stand, billing, [Addon(measure="gib")]),
        ordered(stand, billing, [Addon(name="disc", measure="mib")]),
        ordered(stand, billing, [Addon(billtype=BY_STATISTICS)]),
        ordered(stand, billing, []),
        ordered(stand, billing, [Addon(measure=None)]),
    ]
    disks = tariffs.disks(items)
    assert disks == {
        items[0].id: ("disk", stand.measure("gib"), GIB),
        items[1].id: ("disc", stand.measure("mib"), MIB),
        items[2].id: ("disk", stand.measure("gib"), GIB),
    }
    assert tariffs.disks([]) == {}


# -- what is sold -----------------------------------------------------------------------------


@pytest.fixture
def fresh(log: logging.Logger) -> Iterator[Tuple[Stand, Billing]]:
    """A BILLmanager in which nothing is sold yet."""
    with Stand() as stand:
        for billing in opened(stand, log):
            yield stand, billing


def test_the_types_that_the_module_serves_are_told_and_whether_they_sell_space(
    fresh: Tuple[Stand, Billing],
) -> None:
    stand, billing = fresh
    insert = stand.database.insert
    other = insert("itemtype", intname="vds")
    insert("itemtype", intname="disk", parent=other)
    assert billing.tariffs.product_types() == []
    assert billing.tariffs.sells_space() is False
    own = insert("itemtype", intname="nextcloud")
    insert("itemtype", intname="traffic", parent=own)
    insert("itemtype", intname="backupservice", parent=own)
    assert billing.tariffs.product_types() == ["nextcloud"]
    assert billing.tariffs.sells_space() is False
    insert("itemtype", intname="Disc disk", parent=own)
    assert billing.tariffs.sells_space() is True


def test_a_tariff_may_name_the_add_on_that_its_type_may_not(
    fresh: Tuple[Stand, Billing],
) -> None:
    stand, billing = fresh
    own = stand.add_itemtype("nextcloud")
    stand.add_tariff(own, [Addon(name="traffic")])
    assert billing.tariffs.sells_space() is False
    stand.add_tariff(own, [Addon(name="disk", type_name="space")])
    assert billing.tariffs.sells_space() is True


def test_active_tariffs_of_modules_are_told_each_once(stand: Stand, billing: Billing) -> None:
    first, second = (
        stand.add_module("https://cloud.example.com", "admin", "made-up-77") for _ in range(2)
    )
    kind = stand.add_itemtype("backupservice")
    shared, own, off = (stand.add_tariff(kind) for _ in range(3))
    for module, tariff in ((first, shared), (second, shared), (second, own), (second, off)):
        stand.sql(
            "INSERT INTO processingmodule2pricelist (processingmodule, pricelist) VALUES (%s, %s)",
            module,
            tariff,
        )
    stand.sql("UPDATE pricelist SET active = NULL WHERE id = %s", off)
    assert billing.tariffs.served_by([first]) == [shared]
    assert billing.tariffs.served_by([first, second]) == [shared, own]
    assert billing.tariffs.served_by([]) == []


# -- many services at once ------------------------------------------------------------------------


MANY = {
    "ordered": [Addon(limit=5)],
    "by statistics": [Addon(billtype=BY_STATISTICS, max=7)],
    "no space": [],
    "none of it": [Addon(limit=0)],
    "no measure": [Addon(measure=None)],
    "no size": [Addon(addontype=CHOICE, choice="large", measure="gib")],
}


@pytest.mark.parametrize("trial", [False, True])
@pytest.mark.parametrize("kind", MANY)
def test_of_many_services_the_same_is_said_as_of_each(
    stand: Stand, billing: Billing, tariffs: Tariffs, kind: str, trial: bool
) -> None:
    client = stand.add_account("Client", emails=["client@example.com"])
    items = [
        ordered(stand, billing, MANY[kind], "clients", client, trial=trial),
        ordered(stand, billing, MANY["ordered"], None),
    ]
    many = tariffs.orders(items)
    quotas = tariffs.quotas(items)
    assert set(many) == set(quotas) == {item.id for item in items}
    for item in items:
        assert quotas[item.id] == many[item.id].order.quota_bytes
        sold = many[item.id]
        if sold.error is None:
            assert sold.order == tariffs.order(item, with_client=True)
            assert sold.disk == tariffs.disk(item)
            continue
        assert (sold.order.quota_bytes, sold.disk) == (None, None)
        with pytest.raises(type(sold.error), match=re.escape(sold.error.value)):
            tariffs.order(item, with_client=True)


def test_of_more_services_than_one_query_takes_each_is_told(
    stand: Stand, billing: Billing, tariffs: Tariffs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module_of_tariffs, "BATCH", 2)
    items = [ordered(stand, billing, [Addon(limit=number)]) for number in range(1, 6)]
    quotas = tariffs.quotas(items)
    assert [quotas[item.id] for item in items] == [number * 1024**3 for number in range(1, 6)]


def test_of_no_services_nothing_is_asked(billing: Billing) -> None:
    tariffs = billing.tariffs
    assert tariffs.quotas([]) == {}
    assert tariffs.orders([]) == tariffs.names(set()) == billing.clients.names(set()) == {}


def test_the_group_of_administrators_is_never_wanted_of_many_either(
    stand: Stand, billing: Billing, tariffs: Tariffs
) -> None:
    item = ordered(stand, billing, usergroup="Admin")
    sold = tariffs.orders([item])[item.id]
    assert isinstance(sold.error, errors.GroupForbidden)
    assert (sold.order.group, sold.disk) == ("", None)


# -- what a form chooses --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("addon_{}", "12", 12 * GIB),
        ("{}", "12", 12 * GIB),
        ("disk disc", "12", 12 * GIB),
        ("disk", " 12 ", 12 * GIB),
        ("disk", "5", 5 * GIB),
        ("disk", "0", 5 * GIB),
        ("disk", "3", 8 * GIB),
        ("disk", "12.5", int(12.5 * GIB)),
        ("disk", "-1", None),
        ("disk", "1e999999999", None),
        ("disc", "12", 12 * GIB),
        ("addon_1", "12", None),
        ("php", "12", None),
        ("", "12", None),
    ],
)
def test_a_form_chooses_the_whole_amount_of_the_add_on_that_sells_space(
    stand: Stand,
    billing: Billing,
    tariffs: Tariffs,
    name: str,
    value: str,
    expected: Optional[int],
) -> None:
    item = ordered(stand, billing, [Addon(name="disk disc", limit=5), Addon(name="php")])
    addon = next(iter(stand.addons(item.tariff_id).values()))
    assert tariffs.chosen(item, item.tariff_id, name.format(addon), value) == expected


@pytest.mark.parametrize("value", ["", "much", "NaN", "0x10", "Infinity"])
def test_what_is_no_amount_is_told(
    stand: Stand, billing: Billing, tariffs: Tariffs, value: str
) -> None:
    item = ordered(stand, billing)
    with pytest.raises(errors.QuotaZero):
        tariffs.chosen(item, item.tariff_id, "disk", value)


def test_a_form_of_another_tariff_chooses_in_its_measure(
    stand: Stand, billing: Billing, tariffs: Tariffs
) -> None:
    item = ordered(stand, billing, [Addon(limit=5, measure="mib")])
    other = stand.add_tariff(stand.add_itemtype("backupservice"), [Addon(limit=1, measure="tib")])
    assert tariffs.chosen(item, other, "disk", "2") == 2 * TIB
    assert tariffs.chosen(item, item.tariff_id, "disk", "7") == 7 * MIB


def test_a_trial_gets_no_more_than_its_limit(
    stand: Stand, billing: Billing, tariffs: Tariffs
) -> None:
    item = ordered(stand, billing, [Addon(limit=5, trial_max=8)], trial=True)
    assert tariffs.chosen(item, item.tariff_id, "disk", "12") == 8 * GIB


def test_the_services_own_included_amount_goes_before_the_tariffs(
    stand: Stand, billing: Billing, tariffs: Tariffs
) -> None:
    item = ordered(stand, billing)
    addon = stand.addons(item.tariff_id)["disk"]
    stand.add_addon_row(item.id, addon, addonlimit=50)
    assert tariffs.chosen(item, item.tariff_id, "disk", "12") == 62 * GIB


@pytest.mark.parametrize("addons", [[], [Addon(billtype=BY_STATISTICS, max=9)]])
def test_space_that_is_not_chosen_is_none(
    stand: Stand, billing: Billing, tariffs: Tariffs, addons: List[Addon]
) -> None:
    item = ordered(stand, billing, addons)
    assert tariffs.chosen(item, item.tariff_id, "disk", "1") is None


def test_no_space_of_a_tariff_without_limit_is_too_small(
    stand: Stand, billing: Billing, tariffs: Tariffs
) -> None:
    item = ordered(stand, billing, [Addon(max=9)])
    assert tariffs.chosen(item, item.tariff_id, "disk", "1") is not None
    stand.set_terms(item.tariff_id, cloud_unlimited="on")
    assert tariffs.chosen(item, item.tariff_id, "disk", "1") is None


def test_a_value_of_a_list_is_chosen_by_its_number_or_its_name(
    stand: Stand, billing: Billing, tariffs: Tariffs
) -> None:
    addon = Addon(addontype=CHOICE, choice="50gb", measure=None)
    item = ordered(stand, billing, [addon])
    smaller = stand.add_choice("10gb")
    assert tariffs.chosen(item, item.tariff_id, "disk", str(smaller)) == 10 * GIB
    assert tariffs.chosen(item, item.tariff_id, "disk", "20gb") == 20 * GIB
    for value in ("999999", str(stand.add_choice("large"))):
        with pytest.raises(errors.ChoiceUnreadable):
            tariffs.chosen(item, item.tariff_id, "disk", value)


def test_a_value_several_times_is_chosen_as_often_as_it_is_sold(
    stand: Stand, billing: Billing, tariffs: Tariffs
) -> None:
    addon = Addon(addontype=CHOICE_TIMES, choice="10", limit=3)
    item = ordered(stand, billing, [addon])
    assert tariffs.chosen(item, item.tariff_id, "disk", str(stand.add_choice("20"))) == 60 * GIB
    untold = ordered(stand, billing, [addon._replace(limit=None)])
    assert tariffs.chosen(untold, untold.tariff_id, "disk", "20gb") is None


# -- when clients are told ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, (80, 95)),
        ("", ()),
        ("0", ()),
        ("  ", ()),
        ("95 80 80", (80, 95)),
        ("50%, 100 %;75", (50, 75, 100)),
        ("80,5", (5, 80)),
        *((broken, (80, 95)) for broken in ("101", "-5", "often", "٨٠")),
    ],
)
def test_thresholds_are_what_the_tariff_says_or_else_the_default(
    stand: Stand, billing: Billing, tariffs: Tariffs, text: Optional[str], expected: Tuple[int, ...]
) -> None:
    tariff = ordered(stand, billing).tariff_id
    if text is not None:
        stand.set_terms(tariff, cloud_warn_at=text)
    assert tariffs.thresholds({tariff}) == {tariff: expected}
    assert tariffs.stored_field(tariff, "cloud_warn_at") == text
    assert tariffs.thresholds(set()) == {}
