"""What all tests share: where their files lie, and the table of proofs at the end of a run.

A test with the mark `proof("kill points")` is a case of that proof; one that tries many cases in
itself says how many by `record_property("tried", n)`.
"""

import os
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path
from typing import Any, Iterator
from typing import Counter as CounterOf

import pytest

from tests import ROOT
from utils.consts import MODULE

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  the tests' own folders are made in it
ROOMY_BYTES = 4 * 1024**3
"""So much the machine must have free in memory; a whole run takes a quarter of it."""

_tried: CounterOf[str] = Counter()
_failed: CounterOf[str] = Counter()


def _free_bytes(folder: Path) -> int:
    """How much can be kept in a folder in which programs may be started, else 0."""
    if not os.access(folder, os.W_OK):
        return 0
    told = os.statvfs(folder)
    return 0 if told.f_flag & os.ST_NOEXEC else told.f_bavail * told.f_frsize


def _available_bytes() -> int:
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def pytest_configure() -> None:
    """Lets all temporary files lie in memory, if there is room and nobody named a place.

    The program has each change of its state written to the disk before it goes on. On a disk a
    third of the time of many tests is waiting for that (measured).
    """
    free_bytes = min(_free_bytes(SHARED_MEMORY), _available_bytes())
    if "TMPDIR" not in os.environ and free_bytes >= ROOMY_BYTES:
        os.environ["TMPDIR"] = str(SHARED_MEMORY)
        tempfile.tempdir = None


@pytest.fixture(scope="session", autouse=True)
def _nothing_beside_the_clone() -> Iterator[None]:
    """A program that is not told where BILLmanager is takes the folder around it for that."""
    beside = ROOT.parent / "var" / MODULE
    was_there = beside.exists()
    yield
    assert was_there or not beside.exists(), f"a test has made {beside}"


@pytest.fixture(autouse=True)
def _proof(request: pytest.FixtureRequest) -> None:
    """Says of which proof the test is a case, also to another process."""
    mark = request.node.get_closest_marker("proof")
    if mark is not None:
        request.node.user_properties.append(("proof", mark.args[0]))


def pytest_sessionfinish() -> None:
    """Saves what this process has covered. A worker that is slow to end is killed."""
    measuring = sys.modules.get("coverage")
    one = measuring and measuring.Coverage.current()
    if one:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # not every process loads all that is measured
            one.save()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Counts the cases of each proof, and those that failed."""
    properties = dict(report.user_properties)
    name = properties.get("proof")
    if name is None:
        return
    if report.when == "call":
        _tried[str(name)] += int(str(properties.get("tried", 1)))
    if report.failed:
        _failed[str(name)] += 1


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Prints what was tried and what of it failed."""
    if not _tried:
        return
    terminalreporter.section("proofs")
    for name in sorted(_tried):
        terminalreporter.write_line(f"{name:<40} {_tried[name]:>6} tried {_failed[name]:>4} failed")
