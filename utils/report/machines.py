"""The report for programs: one JSON document, or one table of CSV.

Both are stable interfaces: what they hold stands in docs/report.schema.json.
"""

import json
from typing import Any, Dict, Iterator, Optional

from utils.base import sheets, sizes
from utils.billing.operations import Waiting
from utils.consts import MODULE, VERSION
from utils.host import messages
from utils.report.days import Day
from utils.report.forecast import Forecast
from utils.report.gather import STATUS_NAMES, Customer, Few, Lists, Report, Section

COLUMNS = (
    *("kind", "module", "day", "services", "sold_bytes", "used_bytes", "free_bytes", "disk_bytes"),
    *("growth_bytes", "opened", "closed", "item", "client", "client_name", "tariff_name"),
    *("command", "code", "runs", "operations", "failed", "median_ms", "p95_ms"),
    *("operation", "tries", "stopped", "forecast", "earliest", "latest"),
)
"""The columns of the CSV, in their order; new ones are added at the end."""

Record = Dict[str, Any]


def as_json(report: Report) -> bytes:
    """One document."""
    runs = report.runs
    document = {
        "module": MODULE,
        "version": VERSION,
        "first": report.first.isoformat(),
        "today": report.today.isoformat(),
        "modules": [_section(one) for one in report.sections],
        "runs": {
            "since": runs.since,
            "is_cut": runs.is_cut,
            "error": runs.trouble or None,
            "days": [one._asdict() for one in runs.days],
            "commands": [one._asdict() for one in runs.kinds],
            "failures": [one._asdict() for one in runs.failures],
        },
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"


def _section(one: Section) -> Record:
    return {
        "id": one.module.id,
        "name": messages.shown(one.module.name),
        "services": {name: one.statuses.get(status, 0) for status, name in STATUS_NAMES.items()},
        "unlimited": one.unlimited,
        "untold": one.untold,
        "sold_bytes": one.sold_bytes,
        "used_bytes": one.used_bytes,
        "used_day": _day(one.used_day),
        "free_bytes": one.free_bytes,
        "disk_bytes": one.disk_bytes,
        "last_whole": _day(one.last_whole),
        "uncounted": one.uncounted,
        "disk_full": _forecast(one.disk_full),
        "sold_full": _forecast(one.sold_full),
        "days": [_of_day(one, day) for day in one.days],
        "months": [month._asdict() for month in one.months],
        "customers": _lists(one.lists),
        "operations": [_waiting(waits) for waits in one.waiting],
    }


def _day(day: Any) -> Optional[str]:
    return None if day is None else str(day.isoformat())


def _of_day(section: Section, day: Day) -> Record:
    free = {"free_bytes": section.free_on(day), "disk_bytes": section.disk_bytes}
    return {**day._asdict(), "day": day.day.isoformat(), **free}


def _forecast(one: Forecast) -> Record:
    return {
        "outcome": one.outcome.value,
        "day": _day(one.day),
        "earliest": _day(one.earliest),
        "latest": _day(one.latest),
        "bytes_a_day": None if one.bytes_a_day is None else round(one.bytes_a_day),
    }


def _lists(lists: Lists) -> Record:
    return {
        "day": _day(lists.day),
        "compared": _day(lists.compared),
        "unread": lists.unread,
        **{name: _few(getattr(lists, name)) for name in ("near", "largest", "growing", "idle")},
    }


def _few(few: Few) -> Record:
    return {"count": few.total, "shown": [_customer(one) for one in few.shown]}


def _customer(one: Customer) -> Record:
    return {
        "item": one.item_id,
        "client": one.client_id,
        "client_name": messages.shown(one.client),
        "tariff_name": messages.shown(one.tariff),
        "used_bytes": one.used_bytes,
        "sold_bytes": _sold(one.sold_bytes),
        "growth_bytes": one.grown_bytes,
    }


def _sold(size_bytes: Optional[float]) -> Any:
    if size_bytes is None:
        return None
    return "unlimited" if size_bytes == sizes.UNLIMITED else int(size_bytes)


def _waiting(one: Waiting) -> Record:
    return {
        "operation": one.id,
        "item": one.item_id,
        "tries": one.tries,
        "stopped": one.is_stopped,
        "task": one.has_task,
        "code": one.code,
    }


# -- a table --------------------------------------------------------------------------------------


def as_csv(report: Report, delimiter: str) -> Iterator[bytes]:
    """A table whose first column says what kind of thing a line tells of."""
    yield sheets.write([COLUMNS], delimiter).encode()
    for section in report.sections:
        rows = [[row.get(name) for name in COLUMNS] for row in _rows(section)]
        yield sheets.write(rows, delimiter, is_first=False).encode()
    rows = [[row.get(name) for name in COLUMNS] for row in _rows_of_runs(report)]
    yield sheets.write(rows, delimiter, is_first=False).encode()


def _rows(section: Section) -> Iterator[Record]:
    """The lines of a module: itself, its days, its months, its customers, its operations."""
    told = _section(section)
    module = {"module": section.module.id}
    for name in ("disk_full", "sold_full"):
        forecast = told[name]
        days = {
            "forecast": forecast["outcome"],
            **forecast,
            "growth_bytes": forecast["bytes_a_day"],
        }
        yield {**module, **days, "kind": name}
    sums = {name: told[name] for name in ("sold_bytes", "used_bytes", "free_bytes", "disk_bytes")}
    yield {
        **module,
        **sums,
        "kind": "module",
        "services": section.services,
        "day": told["used_day"],
    }
    for day in told["days"]:
        yield {**module, **day, "kind": "day"}
    for month in told["months"]:
        yield {**module, **month, "kind": "month", "day": month["month"]}
    for name in ("near", "largest", "growing", "idle"):
        for one in told["customers"][name]["shown"]:
            yield {**module, **one, "kind": name, "day": told["customers"]["day"]}
    for one in told["operations"]:
        yield {**module, **one, "kind": "operation", "stopped": int(one["stopped"])}


def _rows_of_runs(report: Report) -> Iterator[Record]:
    runs = report.runs
    for day in runs.days:
        yield {"kind": "runs", "day": day.day, "runs": day.done + day.failed, "failed": day.failed}
    for command in runs.kinds:
        yield {"kind": "command", **command._asdict()}
    for failure in runs.failures:
        yield {"kind": "failure", **failure._asdict(), "day": failure.last}
