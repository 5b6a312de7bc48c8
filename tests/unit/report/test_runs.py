"""Reliability: runs are counted from the history as it is, whatever is in it."""

import time
from pathlib import Path

import pytest

from tests.unit.history.test_reading import NOON_S, begun, kept, record, write
from utils.host.records import DAY_S, Records, day_of
from utils.report import runs
from utils.report.runs import Attempts, Failure, Kind

__all__ = ["kept"]


def test_runs_operations_failures_and_times_are_counted(kept: Records) -> None:
    for number in range(1, 41):
        write(kept, record(ms=number * 10, operation=number // 2))
    write(kept, record(command="open", ended="cloud_unreachable", exit=1, ms=7))
    told = runs.read(kept, None, None)
    assert told.kinds == [Kind("suspend", 40, 0, 21, 205, 380), Kind("open", 1, 1, 0, 7, 7)]
    assert told.days == [Attempts(day_of(NOON_S), 40, 1)]
    assert [(one.code, one.runs) for one in told.failures] == [("cloud_unreachable", 1)]
    assert (told.since, told.is_cut, told.trouble) == (day_of(NOON_S), False, "")


def test_a_run_that_was_killed_has_failed_and_one_that_runs_is_not_counted(kept: Records) -> None:
    write(kept, begun(record(pid=2**22 + 7)))
    told = runs.read(kept, None, None)
    assert told.failures[0].code == runs.KILLED
    assert told.kinds == [Kind("suspend", 1, 1, 0, None, None)]


def test_the_last_failure_of_a_code_is_told(kept: Records) -> None:
    for ago in (0, 2, 1):
        write(kept, record(NOON_S - ago * DAY_S, ended="busy", exit=1))
    [failure] = runs.read(kept, None, None).failures
    assert failure == Failure("busy", 3, f"{day_of(NOON_S)}T12:00")


def test_only_runs_of_the_module_and_since_the_moment_count(kept: Records) -> None:
    write(kept, record(module=3), record(module=4), record(NOON_S - 3 * DAY_S, module=4))
    assert sum(one.done for one in runs.read(kept, 4, None).days) == 2
    assert sum(one.done for one in runs.read(kept, 4, NOON_S - DAY_S).days) == 1


def test_a_history_that_is_too_long_is_cut_at_its_oldest_days(
    kept: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(kept, record(), record(NOON_S - DAY_S), record(NOON_S - 2 * DAY_S))
    clock = iter([0.0, 0.5, 1.0, runs.READ_S + 1])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    told = runs.read(kept, None, None)
    assert told.is_cut
    assert [one.day for one in told.days] == [day_of(NOON_S - DAY_S), day_of(NOON_S)]


def test_no_history_is_no_failure(tmp_path: Path) -> None:
    told = runs.read(Records(str(tmp_path / "nothing")), None, None)
    assert (told.since, told.days, told.kinds, told.failures) == (None, [], [], [])


def test_a_history_that_cannot_be_read_is_told(
    kept: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Records) -> None:
        raise PermissionError

    monkeypatch.setattr(Records, "days", refuse)
    assert runs.read(kept, None, None).trouble == "PermissionError"
