"""The history on disk: whole lines whatever happens, no more days and bytes than are wanted."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any, List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import ROOT
from utils.host import records
from utils.host.records import DAY_S, DayFull, Records, as_json, day_of, moment

DAY = "2026-11-26"
NOON_S = time.mktime((2026, 11, 26, 12, 0, 0, 0, 0, -1))


@pytest.fixture
def made(tmp_path: Path) -> Records:
    """A history without a day."""
    one = Records(str(tmp_path / "pmnextcloud" / "history"))
    one.make()
    return one


def texts(one: Records, day: str = DAY) -> List[str]:
    """The lines of a day."""
    return [text.decode().strip() for _, text in one.lines(day)]


def keep(one: Records, day: str, size: int = 0) -> Path:
    """A file of a day with so many bytes that take no place."""
    path = Path(one.folder) / f"{day}.jsonl"
    path.touch()
    os.truncate(path, size)
    return path


# -- writing --------------------------------------------------------------------------------------


def test_lines_are_read_as_they_were_written_and_what_was_there_before_is_told(
    made: Records,
) -> None:
    assert made.append(DAY, '{"a":1}') == 0
    first = made.size(DAY)
    assert made.append(DAY, '{"b":"й"}') == first
    assert [text.decode().strip() for _, text in made.lines(DAY, first)] == ['{"b":"й"}']
    assert texts(made) == ['{"a":1}', '{"b":"й"}']
    assert made.days() == [DAY]


def test_without_its_folder_there_is_no_history(tmp_path: Path) -> None:
    one = Records(str(tmp_path / "history"))
    with pytest.raises(FileNotFoundError):
        one.append(DAY, "{}")
    assert one.days() == []


def test_files_and_folders_are_for_their_owner_alone(made: Records) -> None:
    made.append(DAY, "{}")
    folder = Path(made.folder)
    assert [path.stat().st_mode & 0o777 for path in (folder.parent, folder)] == [0o700, 0o700]
    assert (folder / f"{DAY}.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_link_in_the_place_of_a_day_is_not_followed(made: Records, tmp_path: Path) -> None:
    (Path(made.folder) / f"{DAY}.jsonl").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        made.append(DAY, "{}")
    assert not (tmp_path / "elsewhere").exists()


def test_a_pipe_in_the_place_of_a_day_holds_nobody_up(made: Records) -> None:
    os.mkfifo(Path(made.folder) / f"{DAY}.jsonl")
    with pytest.raises(OSError, match="No such device"):
        made.append(DAY, "{}")


@pytest.mark.parametrize("torn", [b'\n{"half": "', b"\n\xff\xfe\x00", b'\n{"whole":1}'])
def test_a_line_that_was_cut_off_spoils_none_behind_it(made: Records, torn: bytes) -> None:
    made.append(DAY, '{"first":1}')
    with open(Path(made.folder) / f"{DAY}.jsonl", "ab") as file:
        file.write(torn)
    made.append(DAY, '{"last":1}')
    lines = [text.strip() for _, text in made.lines(DAY)]
    assert (lines[0], lines[-1]) == (b'{"first":1}', b'{"last":1}')
    assert len(lines) == 3


def test_a_disk_that_fills_in_the_middle_of_a_line_is_told(made: Records) -> None:
    code = (
        "import resource, signal, sys; from utils.host.records import Records;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50, 50));"
        f"Records(sys.argv[1]).append({DAY!r}, 'x' * 100)"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", code, made.folder],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},  # nothing else is to write a file, as coverage would
        capture_output=True,
        text=True,
    )
    assert "No space left" in done.stderr
    made.append(DAY, '{"whole":1}')
    assert texts(made)[-1] == '{"whole":1}'


def test_a_day_takes_no_more_than_its_largest_size(made: Records) -> None:
    keep(made, DAY, records.MOST_DAY_BYTES - 10)
    assert made.is_full(DAY)
    with pytest.raises(DayFull):
        made.append(DAY, "x" * 20)
    assert (Path(made.folder) / f"{DAY}.jsonl").stat().st_size == records.MOST_DAY_BYTES - 10
    made.append("2026-11-27", "{}")
    assert not made.is_full("2026-11-27")


WRITER = """
import sys
from utils.host.records import Records
for number in range(int(sys.argv[4])):
    Records(sys.argv[1]).append(sys.argv[2], '{"writer":%s,"number":%d,"bulk":"%s"}'
                                % (sys.argv[3], number, "x" * 6000))
"""


def test_processes_that_write_at_once_do_not_write_into_one_another(made: Records) -> None:
    command = [sys.executable, "-c", WRITER, made.folder, DAY]
    writers = [subprocess.Popen([*command, str(number), "200"], cwd=ROOT) for number in range(6)]
    assert [writer.wait(60) for writer in writers] == [0] * 6
    found = [json.loads(text) for text in texts(made)]
    pairs = [(one["writer"], one["number"]) for one in found]
    assert sorted(pairs) == [(writer, number) for writer in range(6) for number in range(200)]


def test_writers_that_are_killed_spoil_at_most_a_line_each(made: Records) -> None:
    command = [sys.executable, "-c", WRITER, made.folder, DAY]
    path = Path(made.folder) / f"{DAY}.jsonl"
    for number in range(4):
        with subprocess.Popen([*command, str(number), "1000000"], cwd=ROOT) as writer:
            before = path.stat().st_size if path.exists() else 0
            while not path.exists() or path.stat().st_size < before + 20_000:
                assert writer.poll() is None
            writer.send_signal(signal.SIGKILL)
    made.append(DAY, '{"last":1}')
    lines = texts(made)
    broken = [text for text in lines if not text.endswith("}")]
    assert len(broken) <= 4
    assert lines[-1] == '{"last":1}'
    assert len(lines) > 10


# -- what is removed ------------------------------------------------------------------------------


def test_days_over_their_age_are_removed_and_no_others(made: Records) -> None:
    for back in (0, 1, 2, 3, 30):
        keep(made, day_of(NOON_S - back * DAY_S))
    strange = Path(made.folder) / "notes.txt"
    strange.write_text("somebody's")
    made.prune(2, NOON_S)
    assert made.days() == [day_of(NOON_S - back * DAY_S) for back in (2, 1, 0)]
    assert strange.exists()


def test_of_too_much_the_oldest_days_are_removed(
    made: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "MOST_BYTES", 250)
    for back in range(4):
        keep(made, day_of(NOON_S - back * DAY_S), 100)
    made.prune(90, NOON_S)
    assert made.days() == [day_of(NOON_S - DAY_S), day_of(NOON_S)]


def test_today_stays_however_large_it_is(made: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "MOST_BYTES", 1)
    keep(made, DAY, 100)
    made.prune(1, NOON_S)
    assert made.days() == [DAY]


def test_a_history_is_removed_with_its_folder_but_not_with_what_is_no_day(made: Records) -> None:
    keep(made, DAY)
    strange = Path(made.folder) / "2026-11-26.jsonl.old"
    strange.touch()
    made.remove()
    assert os.listdir(made.folder) == [strange.name]
    strange.unlink()
    made.remove()
    assert not os.path.exists(made.folder)
    made.remove()


@pytest.mark.parametrize(
    "name",
    ["2026-11-26", "2026-1-26.jsonl", "2026-11-2x.jsonl", "x2026-11-26.jsonl", ".jsonl", "a.jsonl"],
)
def test_a_file_of_another_name_is_no_day(made: Records, name: str) -> None:
    (Path(made.folder) / name).touch()
    assert made.days() == []


# -- reading --------------------------------------------------------------------------------------


def test_lines_are_found_where_they_begin(made: Records) -> None:
    for number in range(5):
        made.append(DAY, f'{{"n":{number}}}')
    places = [offset for offset, _ in made.lines(DAY)]
    found = [text.strip() for text in made.lines_at(DAY, [places[3], places[1]])]
    assert found == [b'{"n":3}', b'{"n":1}']


def test_a_file_without_line_ends_is_read_in_pieces(made: Records) -> None:
    keep(made, DAY, 3 * 1024**2)
    made.append(DAY, '{"n":1}')
    pieces = [text for _, text in made.lines(DAY)]
    assert max(map(len, pieces)) <= records.MOST_LINE_BYTES
    assert pieces[-1].strip() == b'{"n":1}'


def test_a_day_that_another_run_has_just_removed_reads_as_nothing(made: Records) -> None:
    made.append(DAY, "{}")
    (Path(made.folder) / f"{DAY}.jsonl").unlink()
    assert list(made.lines(DAY)) == list(made.lines_at(DAY, [])) == []
    assert not made.is_full(DAY)


@pytest.mark.parametrize("kind", ["folder", "link"])
def test_what_is_no_file_is_no_day_and_is_left_alone(made: Records, kind: str) -> None:
    path = Path(made.folder) / "2020-01-01.jsonl"
    path.mkdir() if kind == "folder" else path.symlink_to(made.folder)
    made.append(DAY, "{}")
    made.prune(1, NOON_S)
    assert made.days() == [DAY]
    made.remove()
    assert os.path.lexists(path)


# -- texts ----------------------------------------------------------------------------------------

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text('ab\\"é ', max_size=4), inner),
    max_leaves=12,
)


def printable(value: Any) -> Any:
    """The value with what is not printable in its texts as a question mark."""
    if isinstance(value, str):
        return "".join(char if char.isprintable() else "?" for char in value)
    if isinstance(value, dict):
        return {printable(key): printable(one) for key, one in value.items()}
    return [printable(one) for one in value] if isinstance(value, list) else value


@given(VALUES)
def test_a_value_is_read_back_by_any_reader_of_json(value: Any) -> None:
    text = as_json(value)
    assert "\n" not in text
    assert text.isprintable()
    assert json.loads(text) == printable(value)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Moscow", "America/St_Johns", "Asia/Kathmandu"])
@pytest.mark.parametrize("seconds", [0.0, 1_790_000_000.25, 1_761_440_399.999, 1_761_444_000.0])
def test_a_moment_is_told_with_its_offset(
    monkeypatch: pytest.MonkeyPatch, zone: str, seconds: float
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        text = moment(seconds)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d", text)
        assert abs(datetime.fromisoformat(text).timestamp() - seconds) < 0.0011
        assert text.startswith(day_of(seconds))
    finally:
        monkeypatch.undo()
        time.tzset()
