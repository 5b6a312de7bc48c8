"""Mending is service by service: what fails stops as little as it may, and is never called done."""

import contextlib
import logging
import time
from typing import Any, Dict, FrozenSet, List, Optional
from unittest.mock import MagicMock, call

import pytest

from tests.unit.conftest import (
    make_account,
    make_billing,
    make_item,
    make_order,
    make_server,
)
from tests.unit.specs import double_of
from utils.accounts.plan import PERSONAL
from utils.audit import repair
from utils.audit.differences import BEHIND, FOLLOWED
from utils.audit.findings import DONE, FAILED, GONE, PLANNED, Outcome, Planned
from utils.audit.repair import carry_out, mend, refuse_unfit
from utils.base import errors
from utils.consts import Level
from utils.host.settings import Settings
from utils.run.call import Call
from utils.run.context import Context
from utils.run.service import Service


class Run:
    """A run over modules and services, without any of their clouds."""

    def __init__(self, log: logging.Logger, dry_run: bool = False) -> None:
        self.context: Any = double_of(Context)
        self.context.log, self.context.settings = log, Settings()
        self.context.call = Call(command="audit", dry_run=dry_run)
        self.context.billing = make_billing()
        self.context.billing.modules.server.return_value = make_server()
        self.modules: List[Any] = []
        self.tried: List[int] = []
        self.failures: Dict[int, List[errors.PmError]] = {}
        self.unreachable: Optional[errors.PmError] = None
        self.context.at_module.side_effect = self._module

    def _module(self, module_id: int, level: Level) -> Any:
        assert level is Level.EDITS
        here: Any = double_of(Context)
        here.log, here.settings, here.billing = (
            self.context.log,
            self.context.settings,
            self.context.billing,
        )
        here.cloud.side_effect = self.unreachable
        here.at_service.side_effect = lambda item_id: self._service(here, item_id)
        self.modules.append(here)
        return here

    def _service(self, here: Any, item_id: int) -> Any:
        one: Any = double_of(Context)
        one.log = here.log
        service: Any = MagicMock()
        service.item = make_item(id=item_id)
        service.lock = contextlib.nullcontext()
        one.service.return_value = service
        return one

    def mender(self, here: Any, service: Any, kinds: FrozenSet[str]) -> Dict[str, Outcome]:
        """Mends all but those that are to fail."""
        self.tried.append(service.item.id)
        failures = self.failures.get(service.item.id)
        if failures:
            raise failures.pop(0)
        return {kind: Outcome(DONE) for kind in kinds}

    def carry_out(self, *planned: Planned) -> Dict[Any, str]:
        """What becomes of each: its state, and the code of an error behind it."""
        outcomes = carry_out(self.context, list(planned), self.mender)
        return {key: f"{one.state} {one.why}".strip() for key, one in outcomes.items()}


@pytest.fixture
def run(log: logging.Logger) -> Run:
    """Nothing is to fail yet."""
    return Run(log)


def quota(item: int, module: int = 31) -> Planned:
    """A planned change of a quota."""
    return Planned(module, item, "quota")


def test_each_service_is_taken_once_with_all_its_classes(run: Run) -> None:
    planned = [quota(15), quota(16), Planned(31, 15, "group")]
    assert run.carry_out(*planned) == {
        (15, "quota"): "done",
        (15, "group"): "done",
        (16, "quota"): "done",
    }
    assert run.tried == [15, 16]


def test_nothing_planned_reaches_for_no_cloud(run: Run) -> None:
    assert run.carry_out() == {}
    assert not run.modules


def test_a_fault_of_one_service_stops_no_other(run: Run) -> None:
    run.failures[15] = [errors.AccountMissing("user_15")]
    assert run.carry_out(quota(15), quota(16)) == {
        (15, "quota"): "failed account_missing",
        (16, "quota"): "done",
    }
    [here] = run.modules
    here.leave.assert_called_once_with(None)


@pytest.mark.parametrize(
    "error",
    [errors.LoginRefused("401"), errors.CloudUnreachable("gone"), errors.DatabaseUnavailable("x")],
    ids=lambda error: error.code,
)
def test_a_fault_of_the_whole_ends_its_module_and_no_other(run: Run, error: errors.PmError) -> None:
    run.failures[15] = [error]
    assert run.carry_out(quota(15), quota(16), quota(17, module=32)) == {
        (15, "quota"): f"failed {error.code}",
        (16, "quota"): f"failed {error.code}",
        (17, "quota"): "done",
    }
    assert run.tried == [15, 17]
    assert [here.leave.mock_calls for here in run.modules] == [[call(error)], [call(None)]]


def test_a_cloud_that_is_not_reached_fails_all_of_its_module(run: Run) -> None:
    run.unreachable = errors.Busy("module 31")
    assert run.carry_out(quota(15), quota(16)) == {
        (15, "quota"): "failed busy",
        (16, "quota"): "failed busy",
    }


@pytest.mark.parametrize(("wait_s", "paused_s"), [(7.0, 7.0), (None, repair.LIMIT_PAUSE_S)])
def test_a_cloud_that_takes_no_more_changes_for_now_is_waited_for(
    run: Run, monkeypatch: pytest.MonkeyPatch, wait_s: Optional[float], paused_s: float
) -> None:
    pauses: List[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    limit = errors.CloudWriteLimit("429").after(wait_s)
    run.failures[15] = [limit, limit]
    assert run.carry_out(quota(15), quota(16)) == {(15, "quota"): "done", (16, "quota"): "done"}
    assert pauses == [paused_s, paused_s]
    assert run.tried == [15, 15, 15, 16]


def test_no_pause_is_longer_than_there_is_time(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", None)
    run.failures[15] = [errors.CloudWriteLimit("429").after(1e9)]
    assert run.carry_out(quota(15), quota(16)) == {
        (15, "quota"): "failed cloud_write_limit",
        (16, "quota"): "failed cloud_write_limit",
    }


def test_a_dry_run_calls_nothing_done(log: logging.Logger) -> None:
    assert Run(log, dry_run=True).carry_out(quota(15)) == {(15, "quota"): PLANNED}


@pytest.mark.parametrize(
    ("before", "after", "state"),
    [
        ({"quota"}, set(), DONE),
        (set(), set(), GONE),
        ({"quota"}, {"quota"}, FAILED),
        (set(), {"quota"}, FAILED),
        ({"quota", "group"}, {"group"}, DONE),
    ],
)
def test_only_what_is_seen_to_be_mended_is_called_so(before: Any, after: Any, state: str) -> None:
    assert repair._outcome("quota", before, after).state == state


@pytest.mark.parametrize(
    ("status", "others", "error"),
    [
        (1, [], errors.ServiceNotOpen),
        (4, [], errors.ServiceNotOpen),
        (5, [], errors.ServiceNotOpen),
        (2, [16], errors.AccountShared),
        (3, [16, 17], errors.AccountShared),
    ],
)
def test_a_service_in_other_hands_or_of_a_shared_account_is_refused(
    status: int, others: List[int], error: Any
) -> None:
    service: Any = double_of(Service)
    service.item = make_item(status=status)
    service.owner.others.return_value = others
    with pytest.raises(error):
        refuse_unfit(service)


@pytest.mark.parametrize("refused", [None, *PERSONAL])
def test_what_the_cloud_refuses_to_let_follow_is_not_called_done(
    monkeypatch: pytest.MonkeyPatch, refused: Optional[str]
) -> None:
    """It is noted as set all the same, and so is behind no more."""
    ctx, service = MagicMock(), MagicMock()
    service.accounts.failed = {refused: errors.CloudRefused("PUT /x", 102)} if refused else {}
    left = iter([{FOLLOWED}, set()])
    for name, value in {
        "refuse_unfit": None,
        "_order": make_order(email=""),
        "find": make_account(),
        "follow": make_account(),
    }.items():
        monkeypatch.setattr(repair, name, lambda *_, value=value: value)
    monkeypatch.setattr(repair, "_left", lambda *_: next(left))
    state = mend(ctx, service, frozenset([BEHIND]))[BEHIND].state
    assert state == (FAILED if refused else DONE)
