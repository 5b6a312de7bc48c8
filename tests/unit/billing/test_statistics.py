"""Statistics on the stand's BILLmanager: rows that are replaced, and a day that is told."""

from datetime import date

from tests.doubles.billmanager import Stand
from tests.unit.billing.given import module, order
from utils.billing.billmanager import Billing
from utils.billing.statistics import StatRow


def test_a_statistics_row_is_replaced_and_not_added_to(stand: Stand, billing: Billing) -> None:
    first, second = order(stand), order(stand)
    gib, mib = stand.measure("gib"), stand.measure("mib")
    billing.statistics.write(
        [
            StatRow(first, "2026-11-21", "disk", "1.5", gib),
            StatRow(second, "2026-11-21", "disk", "2", gib),
        ]
    )
    billing.statistics.write([StatRow(first, "2026-11-21", "disk", "0.25", mib)])
    billing.statistics.write([StatRow(first, "2026-11-22", "disk", "3", gib)])
    rows = [
        (row["statdate"], row["param"], float(row["value"]), row["measure"])
        for row in stand.stats(first)
    ]
    assert rows == [
        (date(2026, 11, 21), "disk", 0.25, "mib"),
        (date(2026, 11, 22), "disk", 3.0, "gib"),
    ]
    assert len(stand.stats(second)) == 1


def test_the_end_of_statistics_is_told(stand: Stand, billing: Billing) -> None:
    module_id = module(stand)
    billing.statistics.post(module_id, "2026-11-21")
    call = stand.calls[-1]
    assert call.function == "service.poststat"
    assert call.args == {"elid": str(module_id), "date": "2026-11-21"}


def test_the_last_day_of_each_service_is_told_of_those_that_have_one(
    stand: Stand, billing: Billing
) -> None:
    first, second, third = order(stand), order(stand), order(stand)
    gib = stand.measure("gib")
    for item, day in ((first, "2026-11-22"), (first, "2026-11-21"), (second, "2026-11-20")):
        billing.statistics.write([StatRow(item, day, "disk", "1", gib)])
    assert billing.statistics.last_days([first, second, third]) == {
        first: date(2026, 11, 22),
        second: date(2026, 11, 20),
    }
    assert billing.statistics.last_days([]) == {}


def test_the_days_of_a_service_are_told_oldest_first_and_none_outside(
    stand: Stand, billing: Billing
) -> None:
    first, second = order(stand), order(stand)
    gib = stand.measure("gib")
    for item, day, addon, value in (
        *((first, f"2026-11-{day}", "disk", str(day)) for day in (25, 20, 21, 22)),
        (first, "2026-11-22", "disc", "1.5"),
        (first, "2026-11-23", "traffic", "7"),
        (second, "2026-11-22", "disk", "9"),
    ):
        billing.statistics.write([StatRow(item, day, addon, value, gib)])
    days = billing.statistics.days(first, date(2026, 11, 21), date(2026, 11, 24))
    told = [(one.day.day, one.addon, float(one.value), one.measure_id) for one in days]
    assert told == [(21, "disk", 21.0, gib), (22, "disc", 1.5, gib), (22, "disk", 22.0, gib)]
    item = billing.services.item(first)
    assert billing.tariffs.counted_bytes(days[1]) == 3 * 2**29
    assert billing.statistics.days(item.id, date(2026, 10, 1), date(2026, 10, 31)) == []


def test_the_latest_usage_of_a_service_is_told_in_bytes(stand: Stand, billing: Billing) -> None:
    item, other = order(stand), order(stand)
    gib, mib = stand.measure("gib"), stand.measure("mib")
    assert gib is not None
    assert mib is not None
    assert billing.statistics.latest(item) is None
    billing.statistics.write(
        [
            StatRow(item, "2026-11-20", "disk", "9", gib),
            StatRow(item, "2026-11-21", "Disc", "1536.5", mib),
            StatRow(item, "2026-11-22", "in", "7", gib),
            StatRow(other, "2026-11-23", "disk", "1", gib),
        ]
    )
    latest = billing.statistics.latest(item)
    assert latest is not None
    assert latest.day == date(2026, 11, 21)
    assert billing.tariffs.counted_bytes(latest) == int(1536.5 * 1024**2)


def test_what_services_used_is_that_of_their_last_counted_day(
    stand: Stand, billing: Billing
) -> None:
    first, second, third = order(stand), order(stand), order(stand)
    gib = stand.measure("gib")
    for item, day, addon, value in (
        (first, "2026-11-22", "disk", "3"),
        (first, "2026-11-21", "disk", "9"),
        (second, "2026-11-22", "Disc", "2"),
        (second, "2026-11-22", "traffic", "70"),
        (third, "2026-11-01", "disk", "5"),
    ):
        billing.statistics.write([StatRow(item, day, addon, value, gib)])
    used = billing.statistics.used([first, second, third], date(2026, 11, 2))
    assert sorted((one.day.day, float(one.value)) for one in used) == [(22, 2.0), (22, 3.0)]
    assert billing.statistics.used([], date(2026, 11, 2)) == []
