"""The module's own files in a dry run."""

from pathlib import Path

import pytest

from utils.host.drystate import DryState
from utils.host.state import State


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one file."""
    State(str(tmp_path)).write("known", [1])
    return tmp_path


def test_what_is_there_is_read(folder: Path) -> None:
    assert DryState(str(folder)).read("known") == [1]


def test_what_is_written_is_read_again_and_not_kept(folder: Path) -> None:
    dry = DryState(str(folder))
    dry.write("known", [2])
    dry.write("new", [3])
    assert (dry.read("known"), dry.read("new")) == ([2], [3])
    assert State(str(folder)).read("known") == [1]
    assert State(str(folder)).read("new") is None


def test_what_is_forgotten_is_forgotten_by_this_run_alone(folder: Path) -> None:
    dry = DryState(str(folder))
    dry.forget("known")
    assert dry.read("known") is None
    assert State(str(folder)).read("known") == [1]


def test_that_something_can_be_kept_is_not_tried(tmp_path: Path) -> None:
    assert DryState(str(tmp_path / "missing")).can_keep()
    assert not [*tmp_path.iterdir()]
