"""Marks without a seal are taken once, on services that were there before seals were."""

import logging
from pathlib import Path
from typing import Callable, List

import pytest

from utils.billing.oldmarks import OldMarks
from utils.host.state import MARKS, State

Make = Callable[..., OldMarks]


@pytest.fixture
def state(tmp_path: Path) -> State:
    """The module's own files."""
    return State(str(tmp_path / "pmnextcloud"))


@pytest.fixture
def make(state: State, log: logging.Logger) -> Make:
    """Makes the memory as a run finds it, when services up to that number are there."""
    return lambda highest=1005: OldMarks(state, lambda: highest, log)


def test_services_that_were_there_at_the_first_run_may_have_an_old_mark(make: Make) -> None:
    make().begin()
    later = make(2000)
    assert [later.admits(item) for item in (1, 1005, 1006, 2000)] == [True, True, False, False]


def test_one_that_was_sealed_may_not(make: Make) -> None:
    make().note_sealed(1001)
    assert not make().admits(1001)
    assert make().admits(1002)


def test_each_of_several_services_has_to_be_admitted(make: Make) -> None:
    make().note_sealed(1001)
    assert not make().admits(1002, 1001)
    assert make().admits(1002, 1003)


def test_a_newer_service_takes_no_room_in_the_memory(make: Make, state: State) -> None:
    make().note_sealed(1006)
    assert state.read(MARKS) == {"until": 1005, "sealed": []}


def test_several_processes_note_what_they_sealed(make: Make, state: State) -> None:
    first, second = make(), make()
    first.begin()
    second.begin()
    first.note_sealed(1003)
    second.note_sealed(1001)
    second.note_sealed(1001)
    assert state.read(MARKS) == {"until": 1005, "sealed": [1001, 1003]}


DAMAGED: List[object] = [
    None,
    [],
    {"until": "1005", "sealed": []},
    {"until": 1005},
    {"until": 1005, "sealed": 7},
    {"until": 1005, "sealed": ["7"]},
]


@pytest.mark.parametrize("kept", DAMAGED)
def test_what_is_lost_is_begun_anew(make: Make, state: State, kept: object) -> None:
    make().note_sealed(1001)
    state.write(MARKS, kept)
    assert make(1010).admits(1001)
    assert not make(2000).admits(1011)


def test_a_memory_that_cannot_be_written_stops_nobody(
    make: Make, state: State, caplog: pytest.LogCaptureFixture
) -> None:
    Path(state.folder).write_text("no folder")
    Path(state.spare).write_text("no folder")
    memory = make()
    assert memory.admits(1001)
    memory.note_sealed(1001)
    assert "not remembered" in caplog.text
    assert "once more" in caplog.text
