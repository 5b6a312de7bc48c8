"""What is kept of an audit for the metrics: what is left, of modules that were looked at whole."""

import logging
from pathlib import Path
from typing import Any, Dict

import pytest

from tests.unit.conftest import make_billing
from utils.audit.differences import VERDICTS, Difference
from utils.audit.examine import Examined, Failure
from utils.audit.findings import DONE, FAILED, Findings, Outcome
from utils.audit.memory import keep
from utils.audit.shown import Report
from utils.base import errors
from utils.billing.modules import StoredModule
from utils.host.root import Host
from utils.host.state import AUDITED
from utils.run.call import Call
from utils.run.context import Context

MODULE = StoredModule(31, "Cloud", True)


def difference(kind: str, item: int) -> Difference:
    """A difference that could be mended."""
    return Difference(kind, 31, f"user_{item}", {}, {}, item, 201, 501, change="quota")


@pytest.fixture
def ctx(tmp_path: Path, log: logging.Logger) -> Context:
    """A run of the audit."""
    return Context(Call("audit"), Host(str(tmp_path)), log=log)


def audited(
    ctx: Context, *found: Difference, failure: Any = None, repairs: Any = None
) -> Dict[str, Any]:
    """What is kept after an audit of one module."""
    billing = make_billing()
    billing.tariffs.names.return_value = {501: "Basic"}
    billing.clients.names.return_value = {201: "Client"}
    findings = Findings(billing, VERDICTS)
    findings.tell([*found])
    examined = Examined(MODULE, 500, failure=failure)
    keep(ctx, Report([examined], findings, repairs or {}, 20))
    findings.close()
    kept: Dict[str, Any] = ctx.state.read(AUDITED.format(31))
    return kept


def test_each_class_is_kept_also_where_nothing_was_found(ctx: Context) -> None:
    kept = audited(ctx)
    assert kept["differences"] == dict.fromkeys(VERDICTS, 0)
    assert kept["faults"] == 0
    assert isinstance(kept["at"], float)


def test_differences_are_counted_by_class_and_faults_by_themselves(ctx: Context) -> None:
    kept = audited(ctx, difference("quota", 1), difference("quota", 2), difference("email", 1))
    assert kept["differences"] == {**dict.fromkeys(VERDICTS, 0), "quota": 2, "email": 1}
    assert kept["faults"] == 2


def test_what_was_mended_is_no_longer_counted(ctx: Context) -> None:
    repairs = {(1, "quota"): Outcome(DONE), (2, "quota"): Outcome(FAILED, "busy")}
    kept = audited(ctx, difference("quota", 1), difference("quota", 2), repairs=repairs)
    assert kept["differences"]["quota"] == 1
    assert kept["faults"] == 1


def test_a_module_that_was_not_looked_at_whole_keeps_what_it_had(ctx: Context) -> None:
    before = audited(ctx, difference("quota", 1))
    assert audited(ctx, failure=Failure("busy", "")) == before


def test_what_cannot_be_kept_costs_the_audit_nothing(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(name: str, value: object) -> None:
        raise errors.StateUnwritable("x")

    monkeypatch.setattr(ctx.state, "write", refuse)
    assert audited(ctx) is None
