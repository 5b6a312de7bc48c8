"""One task for each service that is sold and not counted, once, until it is counted again."""

import logging
from pathlib import Path
from typing import Any, Dict, List

import pytest

from tests.unit.conftest import make_item
from tests.unit.specs import double_of
from utils.base import errors
from utils.billing.tasks import Tasks
from utils.census import uncounted
from utils.census.uncounted import Uncounted
from utils.host.state import State


class Staff:
    """The tasks that staff has, by number; `day` plays one run."""

    def __init__(self, folder: str, log: logging.Logger) -> None:
        self.tasks: Dict[int, str] = {}
        self.core: Any = double_of(Tasks)
        self.core.department.return_value = 3
        self.core.make.side_effect = self._make
        self.core.withdraw.side_effect = lambda number: self.tasks.pop(number)
        self.state = State(folder)
        self._log = log

    def _make(self, department: int, text: str) -> int:
        number = self.core.make.call_count
        self.tasks[number] = text
        return int(number)

    def day(self, *numbers: int, **changes: Any) -> None:
        """A run in which these services are not counted."""
        run = Uncounted(self.core, self.state, self._log, 31, lambda number, why: f"{number} {why}")
        for number in numbers:
            run.note(make_item(**{"id": number, "status": 2, **changes}), "no add-on")
        run.settle()


@pytest.fixture
def staff(tmp_path: Path, log: logging.Logger) -> Staff:
    """Nobody has a task yet."""
    return Staff(str(tmp_path), log)


def test_each_service_has_one_task_however_often_it_is_met(staff: Staff) -> None:
    for _ in range(3):
        staff.day(7, 8, 7)
    assert list(staff.tasks.values()) == ["7 no add-on", "8 no add-on"]


def test_a_task_is_withdrawn_when_the_service_is_counted_or_gone(staff: Staff) -> None:
    staff.day(7, 8)
    staff.day(8)
    assert list(staff.tasks.values()) == ["8 no add-on"]
    staff.day(7, 8)
    assert list(staff.tasks.values()) == ["8 no add-on", "7 no add-on"]


@pytest.mark.parametrize(("status", "count"), [(1, 0), (2, 1), (3, 1), (4, 0), (5, 0)])
def test_only_open_services_are_told_of(staff: Staff, status: int, count: int) -> None:
    staff.day(7, status=status)
    assert len(staff.tasks) == count


def test_a_run_makes_only_so_many_and_the_next_ones_the_rest(
    staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uncounted, "MOST_TASKS", 2)
    counts: List[int] = []
    for _ in range(3):
        staff.day(7, 8, 9)
        counts.append(len(staff.tasks))
    assert counts == [2, 3, 3]


def test_without_a_department_there_is_a_line_in_the_log(
    staff: Staff, caplog: pytest.LogCaptureFixture
) -> None:
    staff.core.department.return_value = None
    staff.day(7)
    assert not staff.tasks
    assert "no department" in caplog.text


@pytest.mark.parametrize("method", ["department", "make", "withdraw"])
def test_what_billmanager_refuses_is_done_by_the_next_run(
    staff: Staff, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    staff.day(7)
    double, works = getattr(staff.core, method), getattr(staff.core, method).side_effect
    double.side_effect = errors.CoreRefused("task", "missed")
    staff.day(8)
    assert "task: missed" in caplog.text
    double.side_effect = works
    staff.day(8)
    assert list(staff.tasks.values()) == ["8 no add-on"]


def test_what_cannot_be_remembered_is_not_told(
    staff: Staff, caplog: pytest.LogCaptureFixture
) -> None:
    Path(staff.state.folder).rmdir()
    Path(staff.state.folder).write_text("no folder")
    Path(staff.state.spare).write_text("no folder")
    staff.day(7)
    assert not staff.tasks
    assert "state_unwritable" in caplog.text


@pytest.mark.parametrize("kept", [[], 7, {"x": 1}, {"7": "task"}, None])
def test_a_damaged_memory_is_none(staff: Staff, kept: Any) -> None:
    staff.state.write("uncounted-31", kept)
    staff.day(7)
    assert len(staff.tasks) == (0 if kept == {"7": "task"} else 1)


def test_a_task_without_a_number_is_left_to_staff(staff: Staff) -> None:
    staff.core.make.side_effect = None
    staff.core.make.return_value = None
    staff.day(7)
    staff.day(7)
    staff.day()
    assert staff.core.make.call_count == 1
    staff.core.withdraw.assert_not_called()
