"""The doctor tells whether anybody watches, and what he would have seen."""

import logging
import os
import time
from pathlib import Path
from typing import Any

import pytest

from utils.doctor.findings import ADVICE, FAULT, OK, Finding
from utils.doctor.watching import SEEN_S, watching
from utils.host import root
from utils.host.counts import Counts
from utils.host.root import Host
from utils.host.settings import Settings
from utils.run.call import Call
from utils.run.context import Context
from utils.run.counting import GATHERED


@pytest.fixture(autouse=True)
def _counted(tmp_path: Path) -> None:
    """Four runs, of which three have failed."""
    counts = Counts(str(tmp_path / root.COUNTS))
    counts.add({"runs/open/31/done": 1, "run_ms/open/100": 1}, may_make=True)
    counts.add({"runs/open/31/busy": 2, "runs/stat/31/cloud_unreachable": 1}, may_make=False)


def look(tmp_path: Path, log: logging.Logger, **settings: Any) -> Finding:
    """The one finding."""
    ctx = Context(Call("doctor"), Host(str(tmp_path)), log=log, settings=Settings(**settings))
    [found] = watching(ctx)
    return found


def gathered(tmp_path: Path, age_s: float = 0.0) -> None:
    """Monitoring has looked."""
    path = tmp_path / root.COUNTS / GATHERED
    path.touch()
    os.utime(path, (time.time() - age_s,) * 2)


def test_where_nobody_watches_what_he_would_have_seen_is_told(
    tmp_path: Path, log: logging.Logger
) -> None:
    found = look(tmp_path, log)
    assert (found.verdict, found.name) == (ADVICE, "unwatched")
    assert found.value == "4 / 3 (busy 2, cloud_unreachable 1)"


def test_without_a_run_there_is_nothing_to_tell(tmp_path: Path, log: logging.Logger) -> None:
    for path in (tmp_path / root.COUNTS).iterdir():
        path.unlink()
    assert look(tmp_path, log).value == "0 / 0"


def test_counters_that_cannot_be_read_do_not_stop_the_doctor(
    tmp_path: Path, log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Counts) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Counts, "recent", refuse)
    assert look(tmp_path, log).value == "0 / 0"


def test_monitoring_that_has_looked_lately_is_well(tmp_path: Path, log: logging.Logger) -> None:
    gathered(tmp_path)
    assert look(tmp_path, log).verdict == OK
    path = str(tmp_path / "m.prom")
    found = look(tmp_path, log, metrics_file=path)
    assert (found.verdict, found.value) == (OK, path)


def test_monitoring_that_has_stopped_is_told(tmp_path: Path, log: logging.Logger) -> None:
    gathered(tmp_path, SEEN_S + 60)
    assert look(tmp_path, log).name == "unwatched"
    found = look(tmp_path, log, metrics_file=str(tmp_path / "m.prom"))
    assert (found.verdict, found.name) == (ADVICE, "metrics_unread")
    assert found.value == "4 / 3 (busy 2, cloud_unreachable 1)"


def test_a_file_whose_folder_is_not_there_is_a_fault(tmp_path: Path, log: logging.Logger) -> None:
    path = str(tmp_path / "gone/m.prom")
    found = look(tmp_path, log, metrics_file=path)
    assert (found.verdict, found.name, found.value) == (FAULT, "metrics_unwritable", path)
