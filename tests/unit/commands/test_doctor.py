"""The doctor's command: which document it answers with, and what its exit code says."""

import json
import logging
from pathlib import Path
from typing import Any, Callable

import pytest

from commands import load
from utils import doctor
from utils.base import errors
from utils.billing.reply import Reply
from utils.doctor import facts
from utils.doctor.findings import Group, fault, well
from utils.host.root import Host
from utils.run.call import Call
from utils.run.context import Context

Ask = Callable[..., Reply]
WELL = Group("installation", "", [well()._replace(check="program")])
ILL = Group("billing", "", [fault("database_unavailable", "gone")._replace(check="database")])


@pytest.fixture
def ask(tmp_path: Path, log: logging.Logger) -> Ask:
    """Calls the command with these options."""

    def call(**options: Any) -> Reply:
        one = Call("doctor", **{"lang": "en", "format": "text", **options})
        reply: Reply = load("doctor").run(Context(one, Host(str(tmp_path)), log=log, billing=None))
        return reply

    return call


def find(monkeypatch: pytest.MonkeyPatch, *groups: Group) -> None:
    """Has the checks find that."""
    monkeypatch.setattr(doctor, "examine", lambda ctx, command_modules: list(groups))


def test_where_all_is_well_it_says_so_and_succeeds(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    find(monkeypatch, WELL)
    reply = ask()
    assert reply.exit_code == 0
    assert "Installation" in reply.document.decode()


def test_a_fault_is_in_the_exit_code_and_in_both_forms(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    find(monkeypatch, WELL, ILL)
    as_text, as_json = ask(), ask(format="json")
    assert (as_text.exit_code, as_json.exit_code) == (1, 1)
    assert "gone" in as_text.document.decode()
    found = json.loads(as_json.document)["findings"]
    assert [one["finding"] for one in found] == ["ok", "database_unavailable"]


def test_facts_are_told_instead_of_findings(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "collect", lambda ctx: {"core": "6.100"})
    reply = ask(facts=True)
    assert (reply.exit_code, json.loads(reply.document)) == (0, {"core": "6.100"})


def test_a_format_that_nobody_knows_is_refused(ask: Ask) -> None:
    with pytest.raises(errors.BadArguments, match="--format yaml"):
        ask(format="yaml")
