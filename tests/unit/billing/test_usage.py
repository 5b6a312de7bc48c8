"""Statistics of many services on the stand's BILLmanager: sums by day, and single days."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Dict, List, Tuple

import pytest

from tests.doubles.billmanager import DELETED, Stand
from tests.unit.billing.given import having, module, order
from utils.billing.billmanager import Billing
from utils.billing.statistics import StatRow
from utils.billing.usage import Sum

DAY = date(2026, 11, 20)
NEXT = DAY + timedelta(days=1)


def count(
    stand: Stand, billing: Billing, item: int, day: date, gib: str, word: str = "disk"
) -> None:
    """Has a day of a service counted."""
    row = StatRow(item, day.isoformat(), word, gib, stand.measure("gib"))
    billing.statistics.write([row])


def sums(billing: Billing, *modules: int) -> Dict[Tuple[int, date], Sum]:
    """What was used on the two days, added up over words and measures."""
    found: Dict[Tuple[int, date], Sum] = {}
    for one in billing.usage.sums(modules, DAY, NEXT):
        key = one.module_id, one.day
        before = found.get(key, one._replace(value=Decimal(0), services=0))
        value, number = before.value + one.value, before.services + one.services
        found[key] = one._replace(value=value, services=number)
    return found


def test_days_are_added_up_by_module_and_a_day_without_a_row_is_none(
    stand: Stand, billing: Billing
) -> None:
    first, second = module(stand), module(stand)
    items = [order(stand, first), order(stand, first), order(stand, second)]
    for item, gib in zip(items, ("1.5", "2", "4")):
        count(stand, billing, item, DAY, gib)
    count(stand, billing, items[0], DAY - timedelta(days=1), "9")
    count(stand, billing, order(stand), DAY, "9")
    found = sums(billing, first, second)
    assert {key: (one.value, one.services) for key, one in found.items()} == {
        (first, DAY): (Decimal("3.5"), 2),
        (second, DAY): (Decimal(4), 1),
    }


def test_measures_are_added_up_apart(stand: Stand, billing: Billing) -> None:
    module_id = module(stand)
    for measure in ("gib", "mib"):
        row = StatRow(order(stand, module_id), DAY.isoformat(), "disk", "3", stand.measure(measure))
        billing.statistics.write([row])
    told = billing.usage.sums([module_id], DAY, DAY)
    measures = {one.measure_id for one in told}
    assert measures == {stand.measure("gib"), stand.measure("mib")}
    assert {one.value for one in told} == {3}


def test_a_service_counted_under_both_words_counts_once(stand: Stand, billing: Billing) -> None:
    module_id = module(stand)
    item, other = order(stand, module_id), order(stand, module_id)
    count(stand, billing, item, DAY, "2", "disc")
    count(stand, billing, item, DAY, "3", "disk")
    count(stand, billing, other, DAY, "5", "DISC")
    found = sums(billing, module_id)[module_id, DAY]
    assert (found.value, found.services) == (8, 2)
    [one] = billing.usage.on_days(module_id, [DAY])[item]
    assert one.value == 3


def test_what_is_less_than_nothing_was_not_read(stand: Stand, billing: Billing) -> None:
    module_id = module(stand)
    count(stand, billing, order(stand, module_id), DAY, "-1")
    assert sums(billing, module_id) == {}


@pytest.mark.parametrize("rows", [0, 10, 10**9])
def test_the_way_through_the_table_changes_nothing_of_the_sums(
    stand: Stand, billing: Billing, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    """Whether most of its rows are our services' is the server's guess."""
    from utils.billing.database import Database

    monkeypatch.setattr(Database, "about_rows", lambda self, table: rows)
    module_id = module(stand)
    count(stand, billing, order(stand, module_id), DAY, "2")
    assert sums(billing, module_id)[module_id, DAY].value == 2


def test_the_server_guesses_its_rows(stand: Stand, billing: Billing) -> None:
    assert billing._doors.db.about_rows("itemstat") >= 0
    assert billing._doors.db.about_rows("nothing") == 0


def test_services_come_with_the_days_on_which_they_were_read(
    stand: Stand, billing: Billing
) -> None:
    module_id = module(stand)
    item, closed = order(stand, module_id), having(stand, DELETED, module_id)
    stand.sql("UPDATE item SET opendate = '2026-01-02' WHERE id = %s", item)
    for day in (NEXT, DAY):
        count(stand, billing, item, day, "1")
    first, second = billing.usage.services([module_id])
    assert (first.item.id, first.opened) == (item, date(2026, 1, 2))
    assert (first.first_read, first.last_read) == (DAY, NEXT)
    assert (second.item.id, second.item.status) == (closed, DELETED)
    assert (second.opened, second.first_read, second.last_read) == (None, None, None)


def test_single_days_are_told_of_the_services_that_were_read(
    stand: Stand, billing: Billing
) -> None:
    module_id = module(stand)
    item, other = order(stand, module_id), order(stand, module_id)
    for day in (DAY, NEXT):
        count(stand, billing, item, day, "1")
    count(stand, billing, other, NEXT, "2")
    days = [NEXT, DAY - timedelta(days=9)]
    found = billing.usage.on_days(module_id, days)
    told: Dict[int, List[Tuple[date, Decimal]]] = {
        item_id: [(one.day, one.value) for one in readings] for item_id, readings in found.items()
    }
    assert told == {item: [(NEXT, Decimal(1))], other: [(NEXT, Decimal(2))]}
    assert billing.usage.on_days(module_id, []) == {}
