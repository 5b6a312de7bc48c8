"""Small files that are replaced whole."""

import errno
import json
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import ROOT
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


@pytest.fixture
def no_spare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without memory that shows as a folder."""
    monkeypatch.setattr("utils.host.state.SPARES", "/proc")


@pytest.mark.usefixtures("no_spare")
def test_a_folder_in_its_place_reads_as_nothing_and_cannot_be_written(state: State) -> None:
    os.makedirs(state.path("groups-31"))
    assert state.read("groups-31") is None
    with pytest.raises(errors.StateUnwritable, match="groups-31"):
        state.write("groups-31", [])
    with pytest.raises(errors.StateUnwritable, match="groups-31"):
        state.forget("groups-31")


@pytest.mark.usefixtures("no_spare")
def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file")
    with pytest.raises(errors.StateUnwritable):
        State(str(tmp_path / "var" / "pmnextcloud")).write("groups-31", [])


@pytest.mark.usefixtures("no_spare")
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
    assert not os.path.exists(state.folder) or os.listdir(state.folder) == []


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


# -- a folder that cannot be written ----------------------------------------------------------


def folder_is_a_file(state: State) -> None:
    """A file stands where the folder belongs."""
    os.makedirs(os.path.dirname(state.folder))
    Path(state.folder).write_text("a file")


def file_is_a_folder(state: State) -> None:
    """A folder, with something in it, stands where the file belongs."""
    os.makedirs(os.path.join(state.path("value"), "in", "the", "way"))


def link_into_the_kernel(state: State) -> None:
    """The folder is one in which nobody can make a file, not even root."""
    os.makedirs(os.path.dirname(state.folder))
    os.symlink("/proc", state.folder)


IN_THE_WAY = (folder_is_a_file, file_is_a_folder, link_into_the_kernel)


@pytest.fixture(params=IN_THE_WAY, ids=lambda one: one.__name__)
def blocked(request: pytest.FixtureRequest, state: State) -> State:
    """A folder whose file `value` cannot be written."""
    request.param(state)
    return state


def test_what_cannot_be_kept_on_disk_is_kept_in_memory(blocked: State) -> None:
    for value in ("first", "second"):
        blocked.write("value", value)
        assert State(blocked.folder).read("value") == value
    assert blocked.failure is not None
    assert blocked.path("value") in blocked.failure.value


def test_what_is_kept_in_memory_can_be_forgotten(blocked: State) -> None:
    blocked.write("value", "kept")
    blocked.forget("value")
    blocked.forget("value")
    assert State(blocked.folder).read("value") is None


def test_memory_is_of_one_installation_and_for_nobody_elses_eyes(blocked: State) -> None:
    blocked.write("value", "kept")
    assert State(blocked.folder + "2").read("value") is None
    assert stat.S_IMODE(os.stat(blocked.spare).st_mode) == 0o700
    [file] = [path for path in Path(blocked.spare).iterdir() if path.name == "value.json"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_memory_holds_goes_before_an_older_file_until_the_disk_takes_one_again(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    state.write("value", "old")
    with monkeypatch.context() as full:
        full.setattr(os, "replace", full_once(os.replace))
        state.write("value", "newer")
    assert State(state.folder).read("value") == "newer"
    State(state.folder).write("value", "newest")
    assert State(state.folder).read("value") == "newest"
    assert os.listdir(state.spare) == []


def test_what_is_forgotten_on_disk_is_forgotten_in_memory(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as full:
        full.setattr(os, "replace", full_once(os.replace))
        state.write("value", "kept")
    state.forget("value")
    assert State(state.folder).read("value") is None


def full_once(real: Callable[[str, str], None]) -> Callable[[str, str], None]:
    """`os.replace` of a disk that was full for one moment."""
    left = [OSError(errno.ENOSPC, "No space left on device")]

    def replace(source: str, target: str) -> None:
        if left:
            raise left.pop()
        real(source, target)

    return replace


@pytest.mark.parametrize("kind", ["open to others", "a link", "a file"])
def test_a_place_in_memory_that_somebody_else_may_have_made_is_not_used(
    state: State, kind: str
) -> None:
    folder_is_a_file(state)
    theirs = Path(state.spare + "-theirs")
    theirs.mkdir(mode=0o700)
    if kind == "open to others":
        theirs.rename(state.spare)
        os.chmod(state.spare, 0o704)
    elif kind == "a link":
        os.symlink(theirs, state.spare)
    else:
        Path(state.spare).write_text("a file")
    (theirs if theirs.exists() else Path(state.spare).parent).joinpath("value.json").write_text("1")
    assert state.read("value") is None
    assert not state.can_keep()
    with pytest.raises(errors.StateUnwritable):
        state.write("value", 2)
    with pytest.raises(errors.StateUnwritable):
        state.lock("value")


def test_a_lock_lies_in_memory_where_the_folder_takes_none(state: State) -> None:
    folder_is_a_file(state)
    with state.lock("problem-31") as lock:
        assert lock.take([0], 0) == 0
    assert os.listdir(state.spare) == ["problem-31.json.lock"]
    assert state.failure is not None


def test_a_folder_that_can_be_written_is_seen_to_be_and_holds_nothing_more(state: State) -> None:
    assert state.can_keep()
    assert os.listdir(state.folder) == []
    assert state.failure is None


def test_a_folder_that_cannot_be_written_is_seen_though_memory_keeps(state: State) -> None:
    folder_is_a_file(state)
    assert state.can_keep()
    assert state.failure is not None


def limited(size_bytes: int) -> None:
    """Of this process on no file may grow beyond the size, on no file system."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, size_bytes))


TRY = """
import sys
from utils.host.state import State
state = State(sys.argv[1])
print(state.can_keep(), state.failure is not None)
"""


@pytest.mark.parametrize("size_bytes", [0, 1, 4095])
def test_what_takes_no_whole_file_is_no_place_to_keep_anything(
    state: State, size_bytes: int
) -> None:
    answer = subprocess.run(
        [sys.executable, "-B", "-c", TRY, state.folder],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},  # nothing else is to write a file, as coverage would
        preexec_fn=lambda: limited(size_bytes),
        stdout=subprocess.PIPE,
        check=True,
    )
    assert answer.stdout.split() == [b"False", b"True"]
    assert os.listdir(state.folder) == []
