"""A report made of nothing but figures, as no BILLmanager is needed to show one."""

from datetime import date, timedelta
from typing import Any, List, Optional

from utils.billing.modules import StoredModule
from utils.billing.operations import Waiting
from utils.consts import STATUS_ACTIVE, STATUS_CLOSED
from utils.report.days import Day, Life, months
from utils.report.forecast import forecast
from utils.report.gather import Customer, Few, Lists, Report, Section
from utils.report.runs import Attempts, Failure, Kind, Runs

TODAY = date(2026, 11, 26)
GIB = 1024**3
NOBODY = Few([], 0)


def days(count: int = 200, unread: range = range(90, 95)) -> List[Day]:
    """Days on which a GiB came each, but some were not read."""
    first = TODAY - timedelta(days=count - 1)
    return [
        Day(
            first + timedelta(days=number),
            None if number in unread else number * GIB,
            400 * GIB,
            7,
        )
        for number in range(count)
    ]


def customer(item: int = 15, name: str = "Client 7", **more: Any) -> Customer:
    """A service that is nearly full."""
    given = {"used_bytes": 9 * GIB, "sold_bytes": 10 * GIB, "grown_bytes": GIB, **more}
    return Customer(item, 7, name, "Tariff", **given)


def section(number: int = 31, **changes: Any) -> Section:
    """A module with a disk of 500 GiB."""
    told = changes.pop("days", days())
    points = [(one.day, one.used_bytes) for one in told if one.used_bytes is not None]
    one = Section(
        module=StoredModule(number, "Cloud", True),
        statuses={STATUS_ACTIVE: 7, STATUS_CLOSED: 1},
        sold_bytes=400 * GIB,
        used_bytes=points[-1][1] if points else None,
        used_day=points[-1][0] if points else None,
        disk_bytes=500 * GIB,
        unlimited=0,
        untold=0,
        days=told,
        months=months(told, [Life(told[0].day, None, None, None, None)] if told else []),
        disk_full=forecast(points, 500 * GIB, TODAY),
        sold_full=forecast(points, 400 * GIB, TODAY),
        lists=Lists(
            TODAY,
            TODAY - timedelta(days=30),
            0,
            *(Few([customer()], 1), Few([customer()], 1), NOBODY, NOBODY),
        ),
        waiting=[],
        uncounted=0,
        last_whole=TODAY,
    )
    return one._replace(**changes)


RUNS = Runs(
    "2026-11-01",
    False,
    [Attempts("2026-11-01", 5, 0), Attempts("2026-11-02", 4, 1)],
    [Kind("open", 10, 1, 8, 400, 900)],
    [Failure("cloud_unreachable", 1, "2026-11-02T12:00")],
)
NO_RUNS = Runs(None, False, [], [], [])
STOPPED = Waiting(900, 15, 10, is_stopped=True, has_task=True, code="quota_missing")


def report(*sections: Section, runs: Optional[Runs] = None) -> Report:
    """A report of a year."""
    return Report(TODAY, TODAY - timedelta(days=364), [*sections], RUNS if runs is None else runs)
