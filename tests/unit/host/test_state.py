"""Small files that are replaced whole."""

import json
import os
import stat
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.base import errors
from utils.host.state import State


@pytest.fixture
def state(tmp_path: Path) -> State:
    """A folder that does not exist yet."""
    return State(str(tmp_path / "var" / "pmnextcloud"))


@pytest.mark.parametrize("damage", [b"", b'["half', b"\xff\xfe", b"nonsense"])
def test_a_damaged_file_reads_as_nothing(state: State, damage: bytes) -> None:
    state.write("groups-31", ["clients"])
    Path(state.path("groups-31")).write_bytes(damage)
    assert state.read("groups-31") is None


def test_a_missing_file_reads_as_nothing(state: State) -> None:
    assert state.read("groups-31") is None


def test_a_folder_in_its_place_reads_as_nothing_and_cannot_be_written(state: State) -> None:
    os.makedirs(state.path("groups-31"))
    assert state.read("groups-31") is None
    with pytest.raises(errors.StateUnwritable, match="groups-31"):
        state.write("groups-31", [])
    with pytest.raises(errors.StateUnwritable, match="groups-31"):
        state.forget("groups-31")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file")
    with pytest.raises(errors.StateUnwritable):
        State(str(tmp_path / "var" / "pmnextcloud")).write("groups-31", [])


def test_a_failed_write_keeps_the_old_file_and_leaves_no_other(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    state.write("groups-31", ["old"])

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(errors.StateUnwritable, match="No space left"):
        state.write("groups-31", ["new"])
    assert state.read("groups-31") == ["old"]
    assert os.listdir(state.folder) == ["groups-31.json"]


def test_what_is_no_json_leaves_no_file_behind(state: State) -> None:
    with pytest.raises(TypeError):
        state.write("groups-31", object())
    assert os.listdir(state.folder) == []


def test_file_and_folder_are_for_root_alone(state: State) -> None:
    before = os.umask(0)
    try:
        state.write("groups-31", ["clients"])
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat(state.path("groups-31")).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(state.folder).st_mode) == 0o700


def test_a_reader_never_sees_half(state: State) -> None:
    state.write("big", ["a"] * 20000)
    ended = threading.Event()
    seen = []

    def read() -> None:
        while not ended.is_set():
            seen.append(len(json.loads(Path(state.path("big")).read_text("utf-8"))))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for _ in range(20):
            state.write("big", ["b"] * 20000)
    finally:
        ended.set()
        reader.join()
    assert seen
    assert set(seen) == {20000}


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(st.characters(blacklist_categories=["Cs"])),
        lambda inner: st.lists(inner) | st.dictionaries(st.text("abc"), inner),
        max_leaves=6,
    )
)
def test_what_was_written_is_read(tmp_path_factory: Any, value: Any) -> None:
    state = State(str(tmp_path_factory.getbasetemp() / "round-trip"))
    state.write("value", value)
    assert state.read("value") == value


def test_a_forgotten_file_is_gone_and_may_be_forgotten_again(state: State) -> None:
    state.write("problem-31", "cloud_lost")
    state.forget("problem-31")
    state.forget("problem-31")
    assert state.read("problem-31") is None
