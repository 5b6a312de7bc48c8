"""The history is told: in columns to people, by a stable document to machines."""

import json
from pathlib import Path
from typing import Any, Dict, List

import pytest

from tests.unit.history.test_reading import NOON_S, begun, record, write
from utils.base.errors import list_kinds
from utils.billing.operations import Standing
from utils.consts import MODULE, VERSION
from utils.history.means import Means, Open
from utils.history.reading import History, Wanted
from utils.history.telling import Rest, Words, as_json, json_end
from utils.host.records import Records

NO_REST = Rest([], "", [], 0)
REQUEST: Dict[str, Any] = {
    **{"kind": "request", "method": "PUT", "path": "/users/user_15", "fields": "key=quota value=5"},
    **{"status": 200, "code": 100, "ended": "done", "ms": 12},
}
CALL: Dict[str, Any] = {
    **{"kind": "call", "function": "service.postsuspend", "fields": "sok=ok elid=15"},
    **{"ended": "done", "ms": 130},
}
ROWS: Dict[str, Any] = {
    **{"kind": "rows", "table": "itemstat", "first": "item=15", "rows": 200},
    **{"ended": "done", "ms": 3},
}


@pytest.fixture
def kept(tmp_path: Path) -> Records:
    """A history without a run."""
    one = Records(str(tmp_path / "history"))
    one.make()
    return one


def told(kept: Records, *runs: Dict[str, Any], is_detailed: bool = False) -> List[str]:
    """What people read of these runs, in English."""
    write(kept, *runs)
    history, words = History(kept, Wanted()), Words("en")
    return [line for day in history.days() for line in words.day(history.runs(day), is_detailed)]


# -- people ---------------------------------------------------------------------------------------


def test_the_runs_of_a_day_stand_below_it_in_columns(kept: Records) -> None:
    lines = told(
        kept,
        record(NOON_S, operation=99),
        record(NOON_S + 1, command="get_server_config", item=None, login="", ms=12_340),
        record(NOON_S + 2, command="features", item=None, module=None, login="", ms=0),
        record(NOON_S + 3, ended="login_taken", value="user_15"),
    )
    assert lines == [
        "",
        "2026-11-26",
        "12:00:00   0.41 s  suspend            15 user_15  done (operation 99)",
        "12:00:01  12.34 s  get_server_config  module 3    done",
        "12:00:02   0.00 s  features           -           done",
        "12:00:03   0.41 s  suspend            15 user_15  login_taken: user_15",
    ]


@pytest.mark.parametrize(
    ("changes", "end"),
    [
        ({"ended": "nothing"}, "nothing done: the file etc/billmgr.DoNothing is there"),
        ({"heard": False}, "done (nobody took the answer)"),
        ({"ended": "busy", "value": ""}, "busy"),
        ({"ended": "busy", "value": "a\x1b[31m\nb"}, "busy: a?[31m?b"),
    ],
)
def test_each_end_has_its_words(kept: Records, changes: Dict[str, Any], end: str) -> None:
    assert told(kept, record(**changes))[-1].endswith(f"  {end}")


def test_a_run_without_an_end_says_so(kept: Records) -> None:
    lines = told(kept, begun(record()))
    assert lines[-1] == "12:00:00    suspend  15  no end: it was killed, or the server was stopped"


def test_details_are_what_the_run_did_and_how_that_ended(kept: Records) -> None:
    lost = {**REQUEST, "ended": "cloud_lost", "status": None, "code": None, "ms": 30_000}
    unknown = {**CALL, "ended": None, "ms": None}
    lines = told(kept, record(deeds=[REQUEST, lost, CALL, unknown, ROWS]), is_detailed=True)
    request = "PUT /users/user_15 key=quota value=5"
    call = "mgrctl service.postsuspend sok=ok elid=15"
    assert lines[3:] == [
        f"        12 ms  200 100                 {request}",
        f"     30000 ms  cloud_lost              {request}",
        f"       130 ms  done                    {call}",
        f"               no answer seen          {call}",
        "         3 ms  done                    itemstat item=15 (rows: 200)",
    ]


def test_what_was_left_out_is_told_in_its_place(kept: Records) -> None:
    lines = told(kept, record(deeds=[REQUEST, CALL], left_out=700), is_detailed=True)
    assert [line.strip()[:5] for line in lines[3:]] == ["12 ms", "steps", "130 m"]
    assert "700" in lines[4]


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_meaning_of_a_failure_is_that_of_the_error(kept: Records, language: str) -> None:
    write(kept, record(ended="login_taken", value="user_15", deeds=[REQUEST]))
    history = History(kept, Wanted())
    [day] = history.days()
    lines = list(Words(language).day(history.runs(day), is_detailed=True))
    assert "user_15" in lines[3]
    assert ("модуль её не тронул" in lines[3]) is (language == "ru")


def test_without_runs_a_day_is_not_named(kept: Records) -> None:
    write(kept, record())
    history = History(kept, Wanted(item=7))
    assert [
        line for day in history.days() for line in Words("en").day(history.runs(day), True)
    ] == []


MEANS = Means("repeat it now", "end it now", "stop it now")
STANDING = Open(Standing(99, 15, "backupservice", is_stopped=True), "open", MEANS)


def test_an_operation_that_stands_is_told_with_its_means() -> None:
    other = Open(STANDING.operation._replace(id=100, is_stopped=False), "sync_item", MEANS)
    other = other._replace(means=MEANS._replace(done_by_hand=None))
    text = "\n".join(Words("en").rest(NO_REST._replace(operations=[STANDING, other])))
    first, second = text.split("Operation 100")
    assert first.startswith("\nOperation 99 (open 15) is stopped.\n")
    assert [line.strip() for line in first.splitlines() if line.startswith(" " * 8)] == [*MEANS]
    assert second.startswith(" (sync_item 15) waits")
    assert "end it now" not in second


def test_what_could_not_be_learned_is_told() -> None:
    rest = Rest([], "database_unavailable: gone", ["2026-11-26"], 3)
    text = "\n".join(Words("en").rest(rest))
    assert "could not be learned: database_unavailable: gone" in text
    assert "On 2026-11-26 there were too many runs" in text
    assert "could not be read: 3" in text
    assert list(Words("en").rest(NO_REST)) == []


# -- machines -------------------------------------------------------------------------------------


def document(kept: Records, rest: Rest = NO_REST) -> Dict[str, Any]:
    """The document of all runs."""
    history = History(kept, Wanted())
    lines = [*as_json(history.runs(day) for day in history.days()), *json_end(rest)]
    whole: Dict[str, Any] = json.loads("\n".join(lines))
    return whole


def test_the_document_of_no_run_is_one(kept: Records) -> None:
    assert document(kept) == {
        **{"module": MODULE, "version": VERSION, "runs": [], "operations": []},
        **{"operations_unknown": None, "full_days": [], "damaged_lines": 0},
    }


def test_each_run_is_an_object_of_the_same_names(kept: Records) -> None:
    write(kept, record(deeds=[REQUEST, CALL, ROWS]), begun(record(NOON_S + 1)), record(NOON_S + 2))
    first, second, third = document(kept)["runs"]
    assert set(first) == set(second) == set(third)
    assert (first["state"], second["state"], first["deeds"]) == (
        *("ended", "killed"),
        [REQUEST, CALL, ROWS],
    )
    assert {second[name] for name in ("ended", "value", "login", "exit", "heard", "ms")} == {None}
    assert (first["failed"], second["failed"]) == (False, True)


def test_the_document_tells_operations_and_what_is_missing(kept: Records) -> None:
    whole = document(kept, Rest([STANDING], "", ["2026-11-26"], 2))
    assert whole["operations"] == [
        {
            **{"operation": 99, "command": "open", "item": 15, "stopped": True},
            "means": {
                "repeat": MEANS.repeat,
                "done_by_hand": MEANS.done_by_hand,
                "stop": MEANS.stop,
            },
        }
    ]
    assert (whole["full_days"], whole["damaged_lines"]) == (["2026-11-26"], 2)


def test_no_error_has_a_code_that_is_the_word_for_success() -> None:
    assert not {"done", "nothing"} & {error.code for error in list_kinds()}
