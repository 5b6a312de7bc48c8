"""The command for monitoring: what it prints, keeps and writes, whatever is broken."""

import json
import logging
import os
import time
from pathlib import Path
from typing import Any, Callable, Dict

import pytest

from commands import _metrics, load
from tests.unit.conftest import make_billing
from utils.base import errors
from utils.host import root
from utils.host.counts import Counts
from utils.host.locks import LockFile
from utils.host.root import Host
from utils.host.settings import Settings
from utils.run.call import Call
from utils.run.context import Context
from utils.run.counting import GATHERED

Ask = Callable[..., str]


@pytest.fixture
def ask(tmp_path: Path, log: logging.Logger) -> Ask:
    """What the command answers where billing has no module, with some settings."""

    def ask(format_: str = "text", **settings: Any) -> str:
        billing = make_billing()
        billing.modules.stored.return_value = []
        for source in (billing.services.by_status, billing.operations.queue):
            source.return_value = {} if source is billing.services.by_status else []
        given: Dict[str, Any] = {"billing": billing, "log": log}
        if settings.get("metrics_file") is not None or not settings:
            given["settings"] = Settings(**settings)
        ctx = Context(Call("metrics", format=format_), Host(str(tmp_path)), **given)
        reply = load("metrics").run(ctx)
        assert reply.exit_code == 0
        return reply.document.decode()

    return ask


def count(tmp_path: Path) -> None:
    """A run that was counted."""
    Counts(str(tmp_path / root.COUNTS)).add({"runs/open/31/done": 1}, may_make=True)


RUNS = 'pmnextcloud_runs_total{command="open",module="31",code="done"} 1'


def test_counters_and_what_was_read_are_printed(ask: Ask, tmp_path: Path) -> None:
    count(tmp_path)
    text = ask()
    assert RUNS in text.splitlines()
    assert 'pmnextcloud_source_up{source="counters"} 1' in text.splitlines()
    assert text.endswith("\n")


def test_zabbix_gets_one_document(ask: Ask) -> None:
    assert json.loads(ask("json"))["sources"]["counters"] == 1


def test_any_other_format_is_refused(ask: Ask) -> None:
    with pytest.raises(errors.BadArguments, match="--format xml"):
        ask("xml")


def test_the_file_of_node_exporter_is_written_with_all_of_it(ask: Ask, tmp_path: Path) -> None:
    count(tmp_path)
    path = tmp_path / "m.prom"
    path.touch()  # just now, as by a run
    assert ask(metrics_file=str(path)) == path.read_text()
    assert (tmp_path / root.COUNTS / GATHERED).stat().st_mode & 0o777 == 0o600


def test_without_a_file_what_was_read_is_kept_for_the_doctor(ask: Ask, tmp_path: Path) -> None:
    ask()
    kept = (tmp_path / root.COUNTS / GATHERED).read_text()
    assert kept.startswith("# HELP pmnextcloud_gathered_timestamp_seconds")
    assert "runs_total" not in kept


def test_a_file_that_cannot_be_written_is_a_line_of_the_log(
    ask: Ask, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert "pmnextcloud_build_info" in ask(metrics_file=str(tmp_path / "gone/m.prom"))
    assert "metrics: [Errno 2]" in caplog.text


def test_counters_that_cannot_be_read_are_told_and_not_0(
    ask: Ask, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "var/pmnextcloud").mkdir(parents=True)
    (tmp_path / root.COUNTS).write_text("no folder")
    text = ask()
    assert 'pmnextcloud_source_up{source="counters"} 0' in text.splitlines()
    assert "runs_total" not in text
    assert "metrics: counters:" in caplog.text


def test_counters_that_another_process_holds_are_not_waited_for_long(
    ask: Ask,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    count(tmp_path)
    monkeypatch.setattr(_metrics, "SUM_S", 0.1)
    monkeypatch.setattr(LockFile, "_try", lambda self, number: False)
    began = time.monotonic()
    assert 'pmnextcloud_source_up{source="counters"} 0' in ask()
    assert time.monotonic() - began < 5
    assert "another process is at the counters" in caplog.text


def test_settings_that_are_broken_do_not_keep_the_metrics(
    ask: Ask, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / root.SETTINGS).write_text("nonsense\n")
    count(tmp_path)
    assert RUNS in ask(metrics_file=None)
    assert "settings_broken" in caplog.text
    assert not os.path.exists(tmp_path / root.COUNTS / GATHERED)
