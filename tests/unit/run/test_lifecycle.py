"""The life of a run: whom it tells of a failure."""

from pathlib import Path
from typing import Any, List, NamedTuple

import pytest

from utils.base import errors
from utils.consts import Level
from utils.host.root import Host
from utils.run import lifecycle, report
from utils.run.call import Call
from utils.run.context import Context


class Case(NamedTuple):
    """A call that failed, and whether BILLmanager is told."""

    call: Call
    error: errors.PmError
    is_told: bool


UNREACHABLE, OF_A_FORM = errors.CloudUnreachable("x"), errors.BadArguments("--item")
CASES = [
    Case(Call("suspend", item=7), UNREACHABLE, is_told=True),
    Case(Call("stat", module=3), UNREACHABLE, is_told=True),
    Case(Call("setparam", item=7, runningoperation=1), OF_A_FORM, is_told=True),
    Case(Call("check_param", item=7), OF_A_FORM, is_told=False),
    Case(Call("suspend", item=7, dry_run=True), UNREACHABLE, is_told=False),
    Case(Call("sync_item", module=3, is_bulk=True), UNREACHABLE, is_told=False),
    Case(Call("tune_connection", level=Level.READS), UNREACHABLE, is_told=False),
    Case(Call("no such command"), errors.UnknownCommand("no such command"), is_told=False),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.call.command)
def test_who_can_do_something_is_told_and_where_nobody_can_no_time_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: Case
) -> None:
    """A time of 0 s would ring in the middle of whatever comes next."""
    given: List[float] = []

    def told(context: Any, error: errors.PmError, seconds: float) -> None:
        given.append(seconds)

    monkeypatch.setattr(report, "failed_in_time", told)
    context = Context(case.call, Host(str(tmp_path)))
    answer = lifecycle.fail(context, case.error)
    assert (answer.exit_code, context.error) == (1, case.error)
    assert len(given) == case.is_told
    assert all(seconds > 0 for seconds in given)
