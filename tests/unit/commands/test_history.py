"""The command that shows the history: which runs, in which form, and what it says beside them."""

import json
import logging
from pathlib import Path
from typing import Any, Callable, Dict

import pytest

from commands import load
from tests.unit.conftest import make_billing
from tests.unit.history.test_reading import NOON_S, record, write
from utils.base import errors
from utils.host import root
from utils.host.records import Records
from utils.host.root import Host
from utils.host.settings import Settings
from utils.run.call import Call
from utils.run.context import Context

Show = Callable[..., str]


@pytest.fixture
def kept(tmp_path: Path) -> Records:
    """A history without a run."""
    one = Records(Host(str(tmp_path)).path(root.HISTORY))
    one.make()
    return one


@pytest.fixture
def billing() -> Any:
    """A BILLmanager in whose queue nothing stands."""
    one = make_billing()
    one.operations.standing.return_value = {}
    return one


@pytest.fixture
def show(
    tmp_path: Path, log: logging.Logger, billing: Any, capfdbinary: pytest.CaptureFixture[bytes]
) -> Show:
    """What the command writes."""

    def show(keep_days: int = 90, **call: Any) -> str:
        given: Dict[str, Any] = {"billing": billing, "log": log}
        if keep_days >= 0:
            given["settings"] = Settings(history_days=keep_days)
        context = Context(Call("history", **{"lang": "en", **call}), Host(str(tmp_path)), **given)
        answer = load("history").run(context)
        assert (answer.document, answer.exit_code) == (b"", 0)
        return capfdbinary.readouterr().out.decode()

    return show


def test_people_read_a_line_for_each_run(show: Show, kept: Records) -> None:
    write(kept, record(NOON_S), record(NOON_S + 1, ended="login_taken", value="user_15"))
    lines = show().splitlines()
    assert len([line for line in lines if "suspend" in line]) == 2


def test_machines_read_one_document(show: Show, kept: Records) -> None:
    write(kept, record(NOON_S), record(NOON_S + 1, ended="login_taken", value="user_15"))
    told = json.loads(show(format="json", failed=True))
    assert [one["ended"] for one in told["runs"]] == ["login_taken"]


def test_where_nothing_fits_that_is_said(show: Show, kept: Records) -> None:
    write(kept, record(NOON_S))
    assert "Nothing is recorded that fits." in show(login="somebody")


def test_a_history_that_is_turned_off_is_told_as_such(show: Show) -> None:
    assert "history_days" in show(keep_days=0)


def test_broken_settings_hide_nothing(show: Show, tmp_path: Path) -> None:
    settings = tmp_path / "etc/pmnextcloud.conf"
    settings.parent.mkdir()
    settings.write_text("nonsense\n")
    assert "Nothing is recorded that fits." in show(keep_days=-1)


def test_a_billing_that_cannot_be_asked_costs_only_what_it_would_say(
    show: Show, kept: Records, billing: Any
) -> None:
    write(kept, record(NOON_S, operation=99, ended="login_taken", value="user_15"))
    billing.operations.standing.side_effect = errors.DatabaseUnavailable("gone")
    assert "could not be learned: database_unavailable: gone" in show()


def test_a_format_that_nobody_knows_is_refused(show: Show) -> None:
    with pytest.raises(errors.BadArguments, match="--format yaml"):
        show(format="yaml")
