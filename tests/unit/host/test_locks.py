"""Locks between processes: each case has another process for the other side."""

import os
import stat
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Optional

import pytest

from tests import ROOT
from utils.base import errors
from utils.host.locks import LockFile

HOLD = """
import sys
from utils.host.locks import LockFile
lock = LockFile(sys.argv[1])
print(lock.take([int(number) for number in sys.argv[2:]], 0), flush=True)
sys.stdin.read()
"""


@contextmanager
def other(path: Path, *numbers: int) -> Iterator["subprocess.Popen[str]"]:
    """A process that has locked the first free one of the numbers; it ends with its input."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), *map(str, numbers)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == str(numbers[0])
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file in a folder that does not exist yet."""
    return tmp_path / "var" / "pmnextcloud" / "services.lock"


def take(path: Path, *numbers: int, wait_s: float = 0) -> Optional[int]:
    """What this process gets of the numbers, freed at once."""
    with LockFile(str(path)) as lock:
        return lock.take(numbers, wait_s)


# -- failures ---------------------------------------------------------------------------------


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file")
    with pytest.raises(errors.StateUnwritable, match="services"):
        LockFile(str(tmp_path / "var" / "services.lock"))


def test_a_folder_in_its_place_is_told(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(errors.StateUnwritable, match="services"):
        LockFile(str(path))


def test_what_another_process_has_is_not_given(path: Path) -> None:
    with other(path, 1001):
        started = time.monotonic()
        assert take(path, 1001, wait_s=0.2) is None
        assert time.monotonic() - started >= 0.2


def test_who_does_not_wait_is_told_at_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wait(seconds: float) -> None:
        pytest.fail("it waited")

    with other(path, 1001):
        monkeypatch.setattr("utils.host.locks.time.sleep", wait)
        assert take(path, 1001) is None
        assert take(path, 1001, wait_s=-5) is None


def test_none_of_no_locks_is_free(path: Path) -> None:
    assert take(path) is None


# -- who gets what ----------------------------------------------------------------------------


def test_the_locks_of_a_file_are_independent(path: Path) -> None:
    with other(path, 1001):
        assert take(path, 1002) == 1002
        assert take(path, 2**31) == 2**31


def test_the_first_free_one_is_given(path: Path) -> None:
    with other(path, 0, 1), other(path, 1, 0):
        assert take(path, *range(4)) == 2
        assert take(path, 0, 1) is None


def test_a_killed_process_leaves_no_lock(path: Path) -> None:
    with other(path, 1001) as process:
        assert take(path, 1001) is None
        process.kill()
        process.wait()
        assert take(path, 1001) == 1001


def test_a_lock_that_is_waited_for_is_given_when_it_is_free(path: Path) -> None:
    with other(path, 1001) as process:
        assert process.stdin is not None
        process.stdin.close()
        assert take(path, 1001, wait_s=30) == 1001


def test_a_file_that_is_closed_frees_its_locks(path: Path) -> None:
    with LockFile(str(path)) as lock:
        assert lock.take([7], 0) == 7
    with other(path, 7):
        assert take(path, 7) is None


# -- files ------------------------------------------------------------------------------------


def test_file_and_folder_are_for_root_alone_and_empty(path: Path) -> None:
    before = os.umask(0)
    try:
        assert take(path, 5) == 5
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.stat().st_size == 0


def test_programs_that_are_started_do_not_inherit_a_lock(path: Path) -> None:
    with LockFile(str(path)) as lock:
        assert lock.take([7], 0) == 7
        sleeper = subprocess.Popen(["sleep", "30"])
    try:
        with other(path, 7):
            assert sleeper.poll() is None
    finally:
        sleeper.kill()
        sleeper.wait()
