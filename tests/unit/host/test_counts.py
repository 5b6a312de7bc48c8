"""The counters on disk: each line counts once, whoever is killed and however many write."""

import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Dict, List, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import ROOT
from utils.host import counts
from utils.host.counts import FOLD_BYTES, SUMS, Counts
from utils.host.files import write_whole
from utils.host.locks import LockFile
from utils.host.records import DAY_S, day_of


@pytest.fixture
def made(tmp_path: Path) -> Counts:
    """Counters that nobody has added to."""
    one = Counts(str(tmp_path / "counts"))
    one.make()
    return one


def total(one: Counts) -> Optional[Dict[str, int]]:
    """The sums as they are now."""
    with one.summed() as numbers:
        return numbers


def test_what_runs_add_is_summed_up(made: Counts) -> None:
    made.add({"runs/open/31/done": 1, "run_ms/open/sum": 120}, may_make=False)
    made.add({"runs/open/31/done": 1, "run_ms/open/sum": 80}, may_make=False)
    assert total(made) == {"runs/open/31/done": 2, "run_ms/open/sum": 200}
    made.add({"runs/open/31/done": 1}, may_make=False)
    assert total(made) == {"runs/open/31/done": 3, "run_ms/open/sum": 200}
    assert total(made) == {"runs/open/31/done": 3, "run_ms/open/sum": 200}


def test_without_counters_nothing_is_made_unless_it_may_be(tmp_path: Path) -> None:
    one = Counts(str(tmp_path / "counts"))
    assert one.add({"a/b": 1}, may_make=False) is False
    assert not (tmp_path / "counts").exists()
    one.add({"a/b": 1}, may_make=True)
    assert total(one) == {"a/b": 1}
    assert (tmp_path / "counts").stat().st_mode & 0o777 == 0o700


def test_it_is_time_to_sum_up_after_so_many_bytes(made: Counts) -> None:
    line = {f"requests/31/{number}": 1 for number in range(100, 200)}
    told = [made.add(line, may_make=False) for _ in range(40)]
    size = made._lines.size(day_of(time.time()))
    assert sum(told) == size // FOLD_BYTES > 1


def test_while_another_process_sums_up_nobody_waits(made: Counts, tmp_path: Path) -> None:
    made.add({"a/b": 1}, may_make=False)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from utils.host.locks import LockFile\n"
        "lock = LockFile(sys.argv[2]); lock.take([0], 0); print('held', flush=True); input()"
    )
    words = [sys.executable, "-c", code, str(ROOT), str(tmp_path / "counts/sums.lock")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        began = time.monotonic()
        assert total(made) is None
        assert time.monotonic() - began < 1
        other.communicate(b"\n")
    assert total(made) == {"a/b": 1}


@pytest.mark.parametrize(
    "damage", ["", "x", "read 2026-11-26\n.\n", "a/b many\n.\n", "a/b 1", "a/b 1\n", "\xff\n.\n"]
)
def test_sums_that_are_not_whole_begin_anew_from_the_lines(
    made: Counts, tmp_path: Path, damage: str
) -> None:
    made.add({"a/b": 3}, may_make=False)
    total(made)
    (tmp_path / "counts" / SUMS).write_text(damage, encoding="latin-1")
    assert total(made) == {"a/b": 3}


@pytest.mark.parametrize(
    "line", ["a/b=1", "a/b=1 c/d=2", "a/b=x .", "a/b=-1 .", "=1 .", "a/b=" + "9" * 19 + " .", "."]
)
def test_a_line_that_is_not_whole_adds_nothing(made: Counts, tmp_path: Path, line: str) -> None:
    made.add({"c/d": 1}, may_make=False)
    with open(tmp_path / f"counts/{day_of(time.time())}.counts", "a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    made.add({"c/d": 1}, may_make=False)
    assert total(made) == {"c/d": 2}


def test_a_line_that_is_still_on_its_way_counts_when_it_has_come(
    made: Counts, tmp_path: Path
) -> None:
    made.add({"a/b": 1}, may_make=False)
    path = tmp_path / f"counts/{day_of(time.time())}.counts"
    with open(path, "ab", buffering=0) as file:
        file.write(b"\na/b=1")
        assert total(made) == {"a/b": 1}
        file.write(b"0 .\n")
    assert total(made) == {"a/b": 11}


def test_lines_go_after_the_next_day_and_the_sums_stay(
    made: Counts, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    sums: List[Optional[Dict[str, int]]] = []
    for days in range(5):
        monkeypatch.setattr(time, "time", lambda days=days: now + days * DAY_S)
        made.add({"a/b": 1}, may_make=False)
        sums.append(total(made))
    assert sums == [{"a/b": number} for number in range(1, 6)]
    assert len(made._lines.days()) == 2
    assert made.recent() == {"a/b": 2}


class Killed(BaseException):
    """Stands for the end of a process."""


@pytest.mark.parametrize("at", ["replace", "unlink", "fchmod"])
def test_whoever_is_killed_at_summing_up_counts_nothing_twice(
    made: Counts, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    old = day_of(time.time() - 3 * DAY_S)
    made._lines.append(old, "a/b=5 .")
    made.add({"a/b": 1}, may_make=False)

    def die(*args: object, **more: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(os, at, die)
        with pytest.raises(Killed):
            total(made)
    assert total(made) == {"a/b": 6}
    assert total(made) == {"a/b": 6}
    assert made._lines.days() == [day_of(time.time())]


@given(st.lists(st.sampled_from(["add", "sum", "die before", "die after", "next day"])))
def test_in_whatever_order_all_that_was_added_is_in_the_sums(steps: List[str]) -> None:
    replace, added, now = os.replace, 0, time.time()

    def dies(is_after: bool) -> Any:
        def die(*args: Any) -> None:
            if is_after:
                replace(*args)
            raise Killed

        return die

    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setattr(time, "time", lambda: now)
        patched.setattr(counts, "KEPT_BYTES", 1)
        one = Counts(folder + "/counts")
        one.make()
        for step in steps:
            if step == "add":
                added += 1
                one.add({"a/b": 1}, may_make=False)
            elif step == "next day":
                total(one)  # as a run does every hundred runs
                now += DAY_S
            else:
                with pytest.MonkeyPatch.context() as dying:
                    if step != "sum":
                        dying.setattr(os, "replace", dies(step == "die after"))
                    with suppress(Killed):
                        total(one)
        assert (total(one) or {}).get("a/b", 0) == added


def test_many_processes_at_once_lose_nothing(tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from utils.host.counts import Counts\n"
        "one = Counts(sys.argv[2])\n"
        "for number in range(300):\n"
        "    one.add({'a/b': 1, 'c/d': number}, may_make=True)\n"
        "    if number % 7 == 0:\n"
        "        with one.summed(): pass\n"
    )
    folder = str(tmp_path / "counts")
    words = [sys.executable, "-c", code, str(ROOT), folder]
    processes = [subprocess.Popen(words) for _ in range(4)]
    assert [process.wait() for process in processes] == [0] * 4
    assert total(Counts(folder)) == {"a/b": 1200, "c/d": 4 * sum(range(300))}


def test_the_lock_is_free_again_after_the_sums(made: Counts, tmp_path: Path) -> None:
    total(made)
    with LockFile(str(tmp_path / "counts/sums.lock")) as lock:
        assert lock.take([0], 0) == 0


# -- a file that is replaced ----------------------------------------------------------------------


def test_a_file_is_replaced_whole_and_with_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "m.prom"
    path.write_text("before")
    write_whole(str(path), "после\n", 0o644)
    assert path.read_text("utf-8") == "после\n"
    assert path.stat().st_mode & 0o777 == 0o644
    assert os.listdir(tmp_path) == ["m.prom"]


def test_a_link_that_lies_in_wait_is_not_followed(tmp_path: Path) -> None:
    victim, path = tmp_path / "victim", tmp_path / "m.prom"
    victim.write_text("mine")
    (tmp_path / ".m.prom.new").symlink_to(victim)
    write_whole(str(path), "ours", 0o644)
    assert victim.read_text() == "mine"
    assert path.read_text() == "ours"
    assert not path.is_symlink()


def test_what_cannot_be_written_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m.prom"
    path.write_text("before")

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(str(path), "after", 0o644)
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["m.prom"]
