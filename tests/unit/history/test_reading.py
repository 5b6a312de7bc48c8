"""The history is read: what was asked for, in its order, whatever else the files hold."""

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest

from utils.base import errors
from utils.history.reading import MOST_OPERATIONS, History, Past, Wanted, parse, since
from utils.host.records import Records, day_of, moment

NOON_S = time.mktime((2026, 11, 26, 12, 0, 0, 0, 0, -1))
HOUR_S = 3600
NUMBERS = iter(range(10**6))


def record(at_s: float = NOON_S, **changes: Any) -> Dict[str, Any]:
    """A run that was done."""
    return {
        **{"run": f"{next(NUMBERS):x}", "at": moment(at_s), "pid": 1, "command": "suspend"},
        **{"item": 15, "module": 3, "operation": None, "login": "user_15", "ended": "done"},
        **{"value": "", "exit": 0, "heard": True, "ms": 410, "left_out": 0, "deeds": []},
        **changes,
    }


def begun(whole: Dict[str, Any]) -> Dict[str, Any]:
    """What of a run is written before its end."""
    names = ("run", "at", "pid", "command", "item", "module", "operation")
    return {name: whole[name] for name in names}


@pytest.fixture
def kept(tmp_path: Path) -> Records:
    """A history without a run."""
    one = Records(str(tmp_path / "history"))
    one.make()
    return one


def write(kept: Records, *runs: Dict[str, Any]) -> None:
    """Writes lines, each into the day of its run."""
    for one in runs:
        kept.append(one["at"][:10], json.dumps(one))


def read(kept: Records, **wanted: Any) -> List[Past]:
    """The runs that are asked for."""
    history = History(kept, Wanted(**wanted))
    return [past for day in history.days() for past in history.runs(day)]


def commands(pasts: List[Past]) -> Iterator[str]:
    """Their commands."""
    return (past.record["command"] for past in pasts)


# -- order and ends -------------------------------------------------------------------------------


def test_runs_come_by_the_time_at_which_they_began(kept: Records) -> None:
    write(
        kept,
        record(NOON_S + 2, command="c"),
        record(NOON_S, command="a"),
        record(NOON_S + 1, command="b"),
        record(NOON_S - 24 * HOUR_S, command="before"),
    )
    assert list(commands(read(kept))) == ["before", "a", "b", "c"]


def test_a_run_with_an_end_is_one_run(kept: Records) -> None:
    whole = record()
    write(kept, begun(whole), record(NOON_S + 1), whole)
    first, second = read(kept)
    assert first.record == whole
    assert first.has_ended
    assert second.record["run"] != whole["run"]


def test_a_run_without_an_end_was_killed(kept: Records) -> None:
    write(kept, begun(record()))
    [past] = read(kept)
    assert (past.has_ended, past.is_running, past.has_failed, past.deeds) == (
        *(False, False),
        *(True, []),
    )


@contextmanager
def running(*words: str) -> Iterator[int]:
    """A process with those words on its command line; gives its number once it runs."""
    code = "import time; print(flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code, *words], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process.pid
        finally:
            process.kill()


@pytest.mark.parametrize("word", ["/opt/processing/pmnextcloud", "/opt/a b/pmnextcloud.py"])
def test_a_run_whose_process_is_there_is_running_and_no_failure(kept: Records, word: str) -> None:
    with running("-Es", word) as pid:
        write(kept, begun(record(time.time(), pid=pid)))
        [past] = read(kept)
        assert (past.is_running, past.has_failed) == (True, False)


def test_a_younger_process_of_the_same_number_is_another_one(kept: Records) -> None:
    with running("pmnextcloud") as pid:
        write(kept, begun(record(time.time() - HOUR_S, pid=pid)))
        assert not read(kept)[0].is_running


@pytest.mark.parametrize("word", ["sleep", "/opt/pmnextcloud/pmwebpay.py", "pmnextcloud.conf"])
def test_a_process_of_another_program_is_none_of_ours(kept: Records, word: str) -> None:
    with running(word) as pid:
        write(kept, begun(record(time.time(), pid=pid)))
        assert not read(kept)[0].is_running


# -- what is asked for ----------------------------------------------------------------------------


def test_runs_are_chosen_by_service_module_and_failure(kept: Records) -> None:
    write(
        kept,
        record(command="a"),
        record(command="b", item=16),
        record(command="c", item=None, module=4),
        record(command="d", ended="login_taken"),
        record(command="e", ended="nothing"),
    )
    assert list(commands(read(kept, item=15))) == ["a", "d", "e"]
    assert list(commands(read(kept, module=4))) == ["c"]
    assert list(commands(read(kept, only_failed=True))) == ["d"]
    assert list(commands(read(kept, item=16, only_failed=True))) == []


def of_many(command: str, *deeds: Dict[str, Any]) -> Dict[str, Any]:
    """A run for all services of a module."""
    return record(command=command, item=None, login="", deeds=[*deeds])


def sent(method: str, path: str) -> Dict[str, Any]:
    """A request of a run."""
    whole = {"kind": "request", "method": method, "path": path, "fields": "", "status": 200}
    return {**whole, "code": 100, "ended": "done", "ms": 1}


def called(function: str, fields: str) -> Dict[str, Any]:
    """A call of BILLmanager's core by a run."""
    whole = {"kind": "call", "function": function, "fields": fields}
    return {**whole, "ended": "done", "ms": 1}


def test_what_a_run_for_many_has_done_for_a_service_is_found_too(kept: Records) -> None:
    write(
        kept,
        of_many("a", sent("PUT", "/cloud/users/user_15")),
        of_many("b", sent("PUT", "/cloud/users/user_15_2/disable")),
        of_many("c", called("service.saveparam", "sok=ok elid=15 username=***")),
        of_many("d", sent("GET", "/cloud/users/user_15"), sent("PUT", "/cloud/users/user_150")),
        of_many("e", called("service.poststat", "elid=15"), called("task.edit", "elid=15")),
        of_many("f", sent("DELETE", "/cloud/users/ivan%20p")),
    )
    assert list(commands(read(kept, item=15))) == ["a", "b", "c"]
    assert list(commands(read(kept, login="ivan p"))) == ["f"]


def test_runs_are_chosen_by_login_also_where_they_did_not_come_to_know_it(kept: Records) -> None:
    write(
        kept,
        record(NOON_S - 48 * HOUR_S, command="a", login="", ended="database_unavailable"),
        record(command="b", login="USER_15"),
        record(command="c", item=16, login="user_16"),
        record(command="d", item=27),
        begun(record(command="e")),
    )
    assert list(commands(read(kept, login="user_15"))) == ["a", "b", "d", "e"]
    assert list(commands(read(kept, login="user_1"))) == []


def test_runs_are_chosen_from_a_moment_on_and_earlier_days_are_not_read(kept: Records) -> None:
    for hours in (49, 25, 2, 1):
        write(kept, record(NOON_S - hours * HOUR_S, command=str(hours)))
    found = read(kept, since_s=NOON_S - 2 * HOUR_S)
    assert list(commands(found)) == ["2", "1"]
    history = History(kept, Wanted(since_s=NOON_S - 25 * HOUR_S))
    assert history.days() == [day_of(NOON_S - 25 * HOUR_S), day_of(NOON_S)]


NOW = datetime(2026, 11, 26, 12, 0, 0)


@pytest.mark.parametrize(
    ("text", "moment_of"),
    [
        ("3d", NOW - timedelta(days=3)),
        (" 12H ", NOW - timedelta(hours=12)),
        ("0d", NOW),
        ("2026-11-24", datetime(2026, 11, 24)),
        ("2026-11-24 10:05", datetime(2026, 11, 24, 10, 5)),
        ("2026-11-24T10:05:06", datetime(2026, 11, 24, 10, 5, 6)),
    ],
)
def test_a_moment_is_a_date_or_a_time_before_now(text: str, moment_of: datetime) -> None:
    assert since(text, NOW) == moment_of.timestamp()


@pytest.mark.parametrize("text", ["", "  "])
def test_without_a_moment_all_runs_are_meant(text: str) -> None:
    assert since(text, NOW) is None


@pytest.mark.parametrize(
    "text",
    ["d", "3", "-3d", "3w", "٣d", "3 d", "999999d", "Tuesday", "2026-13-01", "99-1-1", "1e3d"],
)
def test_any_other_moment_is_refused(text: str) -> None:
    with pytest.raises(errors.BadArguments, match="--since"):
        since(text, NOW)


# -- what is no run -------------------------------------------------------------------------------

GARBAGE = [
    b"nonsense",
    b"{",
    b"[]",
    b"1",
    b"null",
    b"\xff\xfe\x00",
    b"[" * 30_000,
    b"9" * 10_000,
    b"{}",
    json.dumps({"at": "never"}).encode(),
    json.dumps({"at": 7}).encode(),
    json.dumps({"at": "2026-11-26T10:00:00+00:00"}).encode(),
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
def test_what_is_no_run_is_counted_and_costs_no_other(kept: Records, garbage: bytes) -> None:
    write(kept, record(command="before"))
    with open(os.path.join(kept.folder, f"{day_of(NOON_S)}.jsonl"), "ab") as file:
        file.write(garbage)
    write(kept, record(command="behind"))
    history = History(kept, Wanted())
    found = [past for day in history.days() for past in history.runs(day)]
    assert list(commands(found)) == ["before", "behind"]
    assert history.damaged == 1


DEEDS = [
    {
        **{"kind": "request", "method": "GET", "path": "/", "fields": "", "status": 200},
        **{"code": None, "ended": "done", "ms": 3},
    },
    {"kind": "call", "function": "paramlist", "fields": "", "ended": None, "ms": None},
    {"kind": "rows", "table": "itemstat", "first": "item=1", "rows": 2, "ended": "done", "ms": 1},
]
WHOLE = record(deeds=DEEDS)
WRONG: List[Any] = [[], {}, "text", 1.5]


def test_a_whole_run_is_one() -> None:
    assert parse(json.dumps(WHOLE).encode()) is not None
    assert parse(json.dumps(begun(WHOLE)).encode()) is not None


@pytest.mark.parametrize("name", WHOLE)
def test_a_run_with_a_field_missing_or_of_another_kind_is_none(name: str) -> None:
    without = {key: value for key, value in WHOLE.items() if key != name}
    if name != "ended":  # without it the run has no end yet
        assert parse(json.dumps(without).encode()) is None
    for wrong in WRONG:
        if not isinstance(wrong, type(WHOLE[name])):
            assert parse(json.dumps({**WHOLE, name: wrong}).encode()) is None


@pytest.mark.parametrize(
    ("number", "name"), [(number, name) for number, deed in enumerate(DEEDS) for name in deed]
)
def test_a_run_with_a_deed_that_lacks_something_is_none(number: int, name: str) -> None:
    deed = {key: value for key, value in DEEDS[number].items() if key != name}
    assert parse(json.dumps({**WHOLE, "deeds": [deed]}).encode()) is None
    assert parse(json.dumps({**WHOLE, "deeds": [{**deed, name: 1.5}]}).encode()) is None


# -- operations -----------------------------------------------------------------------------------


def test_the_last_operations_are_known_with_their_commands(kept: Records) -> None:
    write(kept, *(record(NOON_S + n, operation=n, command=f"c{n}") for n in range(1, 120)))
    write(kept, record(NOON_S + 200, operation=30, command="again"), record(NOON_S + 201))
    history = History(kept, Wanted())
    assert all(list(history.runs(day)) for day in history.days())
    assert len(history.operations) == MOST_OPERATIONS
    assert history.operations[30] == "again"
    assert list(history.operations)[-2:] == [119, 30]
