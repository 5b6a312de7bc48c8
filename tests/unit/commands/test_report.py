"""The command that makes the report, on a played-in year: days, forms, and what is refused."""

import json
import logging
from typing import Any, Callable, Dict, Iterator

import pytest

from commands import load
from tests.doubles.billmanager import Stand
from tests.e2e.year import DAYS, GIB, Year
from utils.base import errors
from utils.billing.billmanager import Billing
from utils.billing.reply import Reply
from utils.host.root import Host
from utils.host.settings import Settings
from utils.host.state import UNCOUNTED, USAGE, State
from utils.run.call import Call
from utils.run.context import Context

Show = Callable[..., Reply]


@pytest.fixture(scope="module")
def year() -> Iterator[Year]:
    """The provider."""
    with Stand() as stand:
        made = Year(stand)
        made.remember(5)
        made.wait()
        yield made


@pytest.fixture
def show(year: Year, log: logging.Logger) -> Iterator[Show]:
    """Runs the command in this process."""
    made = []

    def run(**call: Any) -> Reply:
        given = {"format": "json", "lang": "en", **call}
        settings = Settings(disk_sizes=((year.module, 120 * GIB),))
        host = Host(str(year.stand.root))
        billing = Billing(host, log, settings=lambda: settings)
        made.append(billing)
        parts = {"settings": settings, "log": log, "billing": billing}
        return load("report").run(Context(Call("report", **given), host, **parts))

    yield run
    for billing in made:
        billing._doors.db.close()


def document(answer: Reply) -> Dict[str, Any]:
    """What a machine is told."""
    told: Dict[str, Any] = json.loads(b"".join(answer.parts))
    return told


def test_the_usual_report_is_of_a_year_and_all_modules(year: Year, show: Show) -> None:
    told = document(show())
    assert [one["id"] for one in told["modules"]] == [year.module, year.other]
    assert len(told["modules"][0]["days"]) == DAYS
    assert told["modules"][0]["disk_bytes"] == 120 * GIB
    used = [year.used_gib(number) for number in range(DAYS)]
    told_used = [one["used_bytes"] for one in told["modules"][0]["days"]]
    assert [value is None for value in told_used] == [value is None for value in used]


def test_each_form_is_what_it_is_called(show: Show) -> None:
    page = b"".join(show(format="html").parts)
    assert page.startswith(b"<!DOCTYPE html>\n<html")
    table = b"".join(show(format="csv", delimiter=";").parts)
    assert table.decode("utf-8-sig").startswith("kind;module;day;")


def test_what_the_module_remembers_is_told(year: Year, show: Show) -> None:
    state = State(str(year.stand.root / "var/pmnextcloud"))
    state.write(USAGE.format(year.module), year.day(DAYS - 2).isoformat())
    state.write(UNCOUNTED.format(year.module), {"1001": 7, "1002": None})
    told = document(show(module=year.module))["modules"][0]
    assert told["last_whole"] == year.day(DAYS - 2).isoformat()
    assert told["uncounted"] == 2


@pytest.mark.parametrize("since", ["10d", "2999-01-01"])
def test_days_to_come_are_none(year: Year, show: Show, since: str) -> None:
    told = document(show(since=since))
    days = told["modules"][0]["days"]
    assert len(days) == (1 if since.startswith("2999") else 11)
    assert days[-1]["day"] == year.today.isoformat()


def test_a_measure_that_nobody_knows_was_not_read(year: Year, show: Show) -> None:
    mib = year.stand.measure("mib")
    year.stand.sql("UPDATE itemstat SET measure = NULL WHERE measure = %s", mib)
    try:
        told = document(show(module=year.module))["modules"][0]
    finally:
        year.stand.sql("UPDATE itemstat SET measure = %s WHERE measure IS NULL", mib)
    assert {one["used_bytes"] for one in told["days"][-30:]} == {None}
    assert told["used_day"] == year.day(299).isoformat()
    assert told["disk_full"]["outcome"] == "stale"


@pytest.mark.parametrize(
    "wrong", [{"format": "text"}, {"delimiter": "|"}, {"since": "yesterday"}, {"module": 7777}]
)
def test_what_makes_no_sense_is_refused(show: Show, wrong: Dict[str, Any]) -> None:
    with pytest.raises(errors.BadArguments):
        show(**wrong)


def test_a_billmanager_without_modules_has_an_empty_report(log: logging.Logger) -> None:
    with Stand() as stand:
        billing = Billing(Host(str(stand.root)), log)
        context = Context(
            Call("report", format="json"), Host(str(stand.root)), billing=billing, log=log
        )
        told = document(load("report").run(context))
        billing._doors.db.close()
    assert told["modules"] == []
