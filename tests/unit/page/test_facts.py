"""What is gathered of a service, from billing and on demand from the cloud."""

import time
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Callable, List, Type
from unittest.mock import Mock

import pytest

from tests.unit.conftest import make_account, make_server
from tests.unit.page.given import CLIENT, GIB, RECORD, Site, active
from utils.base import errors
from utils.billing.statistics import Counted
from utils.cloud.products import NEXTCLOUD, Memory
from utils.consts import STATUS_CLOSED
from utils.host import budget
from utils.host.records import Records, as_json
from utils.host.root import HISTORY
from utils.page import facts
from utils.page.caller import Caller
from utils.page.facts import Facts, Used
from utils.run import service

MINE, STAFF = Caller(False, CLIENT), Caller(True)


def gather(site: Site, caller: Caller = MINE, fresh: bool = False, ago_s: float = 0.0) -> Facts:
    """The facts of a call that began so long ago."""
    return facts.gather(site.context(), site.item, caller, fresh, time.monotonic() - ago_s)


def day(ago: int) -> date:
    """A day of the past."""
    return date.today() - timedelta(days=ago)


# -- counted --------------------------------------------------------------------------------------


def test_figures_are_the_counted_ones_and_the_cloud_is_not_asked(site: Site) -> None:
    found = gather(site)
    assert (found.used, found.quota_bytes) == (Used(2 * GIB, day(0)), 5 * GIB)
    assert (found.login, found.address) == ("user_1001", make_server().base_url)
    assert (found.is_fresh, found.not_fresh, found.staff) == (False, None, None)
    assert not site.cloud.mock_calls
    site.owner.find.assert_not_called()


def test_thirty_days_are_asked_for_and_the_last_is_the_figure(site: Site) -> None:
    rows = [Counted(day(ago), Decimal(ago + 1), 4, "disk") for ago in (20, 3)]
    site.billing.statistics.days.return_value = rows
    found = gather(site)
    assert found.days == (Used(21 * GIB, day(20)), Used(4 * GIB, day(3)))
    assert found.used == found.days[-1]
    site.billing.statistics.days.assert_called_once_with(1001, day(29), day(0))


@pytest.mark.parametrize(
    ("rows", "gib"),
    [
        ([("disc", 1), ("disk", 2)], 2),
        ([("disk", 2), ("disc", 1)], 2),
        ([("disc", 1)], 1),
        ([("disk", -1)], None),
        ([("disc", -1), ("disk", 2)], 2),
        ([], None),
    ],
)
def test_of_several_figures_of_a_day_that_of_the_space_that_is_sold_counts(
    site: Site, rows: "List[tuple[str, int]]", gib: Any
) -> None:
    site.billing.statistics.days.return_value = [
        Counted(day(0), Decimal(value), 4, addon) for addon, value in rows
    ]
    found = gather(site).used
    assert (None if found is None else found.used_bytes // GIB) == gib


def test_a_figure_that_cannot_be_read_is_left_out(site: Site) -> None:
    site.billing.tariffs.counted_bytes.side_effect = errors.MeasureUnknown(4)
    assert gather(site).days == ()


def test_a_tariff_that_sells_no_space_has_its_page_all_the_same(site: Site) -> None:
    for method in (site.billing.tariffs.quota, site.billing.tariffs.disk):
        method.side_effect = errors.QuotaMissing(501)
    found = gather(site)
    assert (found.quota_bytes, found.used) == (None, Used(2 * GIB, day(0)))


def test_the_product_is_the_one_that_is_remembered(site: Site) -> None:
    assert gather(site).product == ""
    Memory(site.context().state, make_server()).keep(NEXTCLOUD)
    assert gather(site).product == "Nextcloud"


def test_a_service_that_never_had_an_account_has_an_address_alone(site: Site) -> None:
    site.owner.record.return_value = None
    site.item = active(saved_login="", saved_url="")
    found = gather(site)
    assert (found.login, found.address) == ("", make_server().base_url)


@pytest.mark.parametrize(
    "error", [errors.MarkForeign(7), errors.AccountElsewhere("x"), errors.ModuleUnset("base_url")]
)
def test_where_nothing_tells_whose_the_account_is_what_billing_shows_is_shown(
    site: Site, error: errors.PmError
) -> None:
    site.owner.record.side_effect = error
    found = gather(site, fresh=True)
    assert (found.login, found.address) == (site.item.saved_login, site.item.saved_url)
    assert found.not_fresh is error
    site.owner.find.assert_not_called()


@pytest.mark.parametrize("fresh", [False, True])
def test_a_closed_service_shows_nothing_of_an_account(site: Site, fresh: bool) -> None:
    site.item = active(status=STATUS_CLOSED)
    found = gather(site, fresh=fresh)
    assert (found.login, found.address, found.used, found.days) == ("", "", None, ())
    site.owner.find.assert_not_called()


# -- fresh ----------------------------------------------------------------------------------------


def test_fresh_figures_are_the_clouds_own(site: Site) -> None:
    site.owner.find.return_value = make_account(used_bytes=3 * GIB)
    found = gather(site, fresh=True)
    assert (found.used, found.is_fresh, found.not_fresh) == (Used(3 * GIB), True, None)
    assert found.days == (Used(2 * GIB, day(0)),)


REFUSALS: List[Type[errors.PmError]] = [
    errors.LoginRefused,
    errors.CloudLost,
    errors.Busy,
    errors.LoginTaken,
]


@pytest.mark.parametrize("kind", REFUSALS)
def test_whatever_the_cloud_refuses_the_counted_figures_are_shown(
    site: Site, kind: Type[errors.PmError]
) -> None:
    site.owner.find.side_effect = kind("x")
    found = gather(site, fresh=True)
    assert isinstance(found.not_fresh, kind)
    assert (found.used, found.is_fresh) == (Used(2 * GIB, day(0)), False)


@pytest.mark.parametrize(
    ("record", "unsettled"),
    [(None, False), (RECORD._replace(proved=False), False), (RECORD, True)],
    ids=["no account", "not proved", "something was typed"],
)
def test_nobody_is_shown_figures_of_an_account_that_is_not_proved_his(
    site: Site, record: Any, unsettled: bool
) -> None:
    site.owner.record.return_value = record
    site.owner.is_unsettled.return_value = unsettled
    found = gather(site, fresh=True)
    assert found.not_fresh is not None
    assert not found.is_fresh
    for method in (site.owner.find, site.owner.account, site.owner.existing):
        method.assert_not_called()
    assert not site.cloud.mock_calls


def test_an_account_that_is_gone_has_no_fresh_figures(site: Site) -> None:
    site.owner.find.return_value = None
    assert isinstance(gather(site, fresh=True).not_fresh, errors.AccountMissing)


def test_usage_that_the_cloud_does_not_tell_is_no_figure(site: Site) -> None:
    site.owner.find.return_value = make_account(used_bytes=None)
    found = gather(site, fresh=True)
    assert isinstance(found.not_fresh, errors.AccountUnreadable)
    assert found.used == Used(2 * GIB, day(0))


def test_a_cloud_that_does_not_answer_costs_four_seconds_at_most(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts, "ANSWER_S", 1.3)

    def hang(record: object) -> None:
        time.sleep(30)

    site.owner.find.side_effect = hang
    began = time.monotonic()
    found = gather(site, fresh=True)
    assert time.monotonic() - began < 1.3
    assert isinstance(found.not_fresh, errors.OutOfTime)
    assert found.used == Used(2 * GIB, day(0))


def test_what_was_waited_for_before_is_taken_off(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: List[float] = []
    within = budget.within

    def noted(seconds: float, body: Callable[[], Any]) -> Any:
        limits.append(seconds)
        return within(seconds, body)

    monkeypatch.setattr(budget, "within", noted)
    site.owner.find.return_value = make_account(used_bytes=1)
    gather(site, fresh=True, ago_s=2.0)
    assert 0.5 < limits[-1] <= facts.ANSWER_S - 2.0
    gather(site, fresh=True, ago_s=60.0)
    assert limits[-1] == 0.5


def test_a_service_at_work_is_not_waited_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: List[float] = []

    def held(path: str, numbers: object, wait_s: float, what: str) -> None:
        waits.append(wait_s)
        raise errors.Busy(what)

    monkeypatch.setattr(service, "hold", held)
    assert isinstance(gather(site, fresh=True).not_fresh, errors.Busy)
    assert waits == [0]


@pytest.mark.parametrize("error", [None, errors.CloudLost("x")])
def test_the_service_is_free_again_once_its_page_is_shown(
    site: Site, monkeypatch: pytest.MonkeyPatch, error: Any
) -> None:
    lock = Mock()
    monkeypatch.setattr(service, "hold", lambda *given: lock)
    site.owner.find.side_effect = error
    site.owner.find.return_value = make_account(used_bytes=1)
    assert gather(site, fresh=True).is_fresh is (error is None)
    lock.close.assert_called_once_with()


def test_where_modules_are_to_leave_the_world_alone_the_cloud_is_not_asked(site: Site) -> None:
    site.host.does_nothing = lambda: True
    assert isinstance(gather(site, fresh=True).not_fresh, errors.PageOff)
    site.owner.find.assert_not_called()


# -- staff ----------------------------------------------------------------------------------------


def test_staff_is_shown_the_proof_and_the_account(site: Site) -> None:
    account = make_account(used_bytes=1)
    site.owner.find.return_value = account
    found = gather(site, STAFF, fresh=True).staff
    assert found is not None
    assert (found.record, found.trouble, found.account) == (RECORD, None, account)


def test_staff_is_shown_why_there_is_no_proof(site: Site) -> None:
    error = errors.MarkForeign(7)
    site.owner.record.side_effect = error
    found = gather(site, STAFF).staff
    assert found is not None
    assert (found.record, found.trouble, found.account) == (None, error, None)


def test_staff_is_shown_the_last_runs_of_the_service_newest_first(site: Site) -> None:
    records = Records(site.host.path(HISTORY))
    records.make()
    for number in range(30):
        for item in (1001, 1002):
            when = f"2026-11-{10 + number // 10}T10:00:{number:02d}.000+00:00"
            head = {"run": f"{number}-{item}", "at": when, "pid": 1, "command": f"c{number}"}
            body = {"item": item, "module": 31, "operation": None, "login": "", "ended": "done"}
            end = {"value": "", "exit": 0, "heard": True, "ms": 1, "left_out": 0, "deeds": []}
            records.append(when[:10], as_json({**head, **body, **end}))
    found = gather(site, STAFF).staff
    assert found is not None
    assert [past.record["command"] for past in found.runs] == [f"c{n}" for n in range(29, 19, -1)]
    assert {past.record["item"] for past in found.runs} == {1001}


def test_a_history_that_cannot_be_read_is_none(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Records) -> List[str]:
        raise PermissionError

    monkeypatch.setattr(Records, "days", broken)
    found = gather(site, STAFF).staff
    assert found is not None
    assert found.runs == []


def test_a_long_history_costs_staff_no_more_than_its_time(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts, "_RUNS_S", 0.2)
    monkeypatch.setattr(Records, "days", lambda self: ["2026-11-20"])
    monkeypatch.setattr(Records, "lines", lambda self, day: time.sleep(30))
    began = time.monotonic()
    found = gather(site, STAFF).staff
    assert time.monotonic() - began < 2
    assert found is not None
    assert found.runs == []


def test_staff_too_has_fresh_figures_within_four_seconds(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts, "ANSWER_S", 1.5)
    monkeypatch.setattr(facts, "_RUNS_S", 0.3)
    monkeypatch.setattr(Records, "days", lambda self: time.sleep(30))
    site.owner.find.side_effect = lambda record: time.sleep(30)
    began = time.monotonic()
    found = gather(site, STAFF, fresh=True)
    assert time.monotonic() - began < 1.5
    assert isinstance(found.not_fresh, errors.OutOfTime)
