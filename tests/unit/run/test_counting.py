"""A run counts itself: by bounded labels, at no cost of its own, and has the file written."""

import logging
import os
import time
from pathlib import Path
from typing import Any, Dict, Optional

import pytest

from utils.base import errors
from utils.host import root
from utils.host.counts import Counts
from utils.host.root import Host
from utils.host.settings import Settings
from utils.run.call import Call
from utils.run.context import Context
from utils.run.counting import GATHERED, GATHERED_S, LEAST_PAUSE_S, count, write_file


def make(tmp_path: Path, log: logging.Logger, call: Call, **settings: Any) -> Context:
    """A run whose settings were read."""
    return Context(call, Host(str(tmp_path)), log=log, settings=Settings(**settings))


def summed(tmp_path: Path) -> Dict[str, int]:
    """All that was counted of runs."""
    with Counts(str(tmp_path / root.COUNTS)).summed() as numbers:
        assert numbers is not None
        return {key: number for key, number in numbers.items() if key.startswith("runs/")}


@pytest.mark.parametrize(
    ("command", "code", "module_id", "key"),
    [
        ("open", "done", 31, "runs/open/31/done"),
        ("audit", "done", None, "runs/audit/0/done"),
        ("stat", "busy", 31, "runs/stat/31/busy"),
        ("x" * 30, errors.UnknownCommand.code, None, "runs/other/0/unknown_command"),
        ("", errors.BadArguments.code, None, "runs/other/0/bad_arguments"),
        ("stat", errors.ModuleNotFound.code, 4711, "runs/stat/0/module_not_found"),
    ],
)
def test_a_run_is_counted_under_labels_that_are_bounded(
    tmp_path: Path,
    log: logging.Logger,
    command: str,
    code: str,
    module_id: Optional[int],
    key: str,
) -> None:
    count(make(tmp_path, log, Call(command)), code, module_id, 120)
    assert summed(tmp_path) == {key: 1}


def test_the_record_of_a_run_counts_it_also_where_no_history_is_kept(
    tmp_path: Path, log: logging.Logger
) -> None:
    context = make(tmp_path, log, Call("suspend", item=15), history_days=0)
    context.item_module = 31
    context.record.begin()
    context.record.end(0, is_heard=True)
    context = make(tmp_path, log, Call("suspend", item=15))
    context.error = errors.Busy("service 15")
    context.record.end(1, is_heard=True)
    assert summed(tmp_path) == {"runs/suspend/31/done": 1, "runs/suspend/0/busy": 1}


def test_what_cannot_be_counted_costs_the_run_nothing(
    tmp_path: Path, log: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "var/pmnextcloud").mkdir(parents=True)
    (tmp_path / root.COUNTS).write_text("no folder")
    make(tmp_path, log, Call("suspend", item=15)).record.end(0, is_heard=True)
    assert "the run is not counted" in caplog.text


def test_a_run_whose_settings_were_not_read_makes_no_counters(
    tmp_path: Path, log: logging.Logger
) -> None:
    context = Context(Call("features"), Host(str(tmp_path)), log=log)
    count(context, "done", None, 3)
    assert not (tmp_path / "var").exists()


# -- the file for node_exporter -------------------------------------------------------------------


def test_the_file_is_written_for_everybody_to_read(tmp_path: Path, log: logging.Logger) -> None:
    path = tmp_path / "m.prom"
    count(make(tmp_path, log, Call("open"), metrics_file=str(path)), "done", 31, 120)
    assert 'pmnextcloud_runs_total{command="open",module="31",code="done"} 1' in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o644
    assert sorted(os.listdir(tmp_path)) == ["m.prom", "var"]


@pytest.mark.parametrize(
    ("age_s", "is_new"),
    [(0.0, False), (LEAST_PAUSE_S - 1, False), (LEAST_PAUSE_S, True), (-9, True)],
)
def test_the_file_is_written_at_most_every_few_seconds(
    tmp_path: Path, log: logging.Logger, age_s: float, is_new: bool
) -> None:
    path = tmp_path / "m.prom"
    path.write_text("before")
    os.utime(path, (time.time() - age_s,) * 2)
    count(make(tmp_path, log, Call("open"), metrics_file=str(path)), "done", 31, 120)
    assert (path.read_text() != "before") is is_new


@pytest.mark.parametrize(("age_s", "is_told"), [(0.0, True), (GATHERED_S + 1, False)])
def test_what_was_read_in_clouds_stays_in_the_file_for_a_while(
    tmp_path: Path, log: logging.Logger, age_s: float, is_told: bool
) -> None:
    path, host = tmp_path / "m.prom", Host(str(tmp_path))
    counts = Counts(host.path(root.COUNTS))
    counts.make()
    write_file(host, counts, str(path), "pmnextcloud_does_nothing 0\n")
    kept = host.path(root.COUNTS, GATHERED)
    assert os.stat(kept).st_mode & 0o777 == 0o600
    os.utime(kept, (time.time() - age_s,) * 2)
    path.unlink()
    count(make(tmp_path, log, Call("open"), metrics_file=str(path)), "done", 31, 120)
    assert ("pmnextcloud_does_nothing 0\n" in path.read_text()) is is_told


def test_a_folder_that_is_not_there_costs_the_run_nothing(
    tmp_path: Path, log: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "gone/m.prom"
    context = make(tmp_path, log, Call("open"), metrics_file=str(path))
    context.record.end(0, is_heard=True)
    assert "the run is not counted" in caplog.text
    assert not path.parent.exists()
    assert summed(tmp_path) == {"runs/open/0/done": 1}


def test_the_lines_are_summed_up_now_and_then_without_a_file(
    tmp_path: Path, log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("utils.host.counts.FOLD_BYTES", 100)
    monkeypatch.setattr("utils.host.counts.KEPT_BYTES", 100)
    for _ in range(3):
        count(make(tmp_path, log, Call("open")), "done", 31, 120)
    text = (tmp_path / root.COUNTS / "sums").read_text()
    assert "runs/open/31/done" in text
