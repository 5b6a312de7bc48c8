"""The record of a run: whole, without anything secret, and never at the cost of the run."""

import json
import logging
import os
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List

import pytest

import pmnextcloud
from tests.unit.conftest import make_billing, make_item, make_server
from utils.base import deeds, errors
from utils.base.deeds import MOST_FIRST, MOST_LAST, Deed
from utils.host import records, root
from utils.host.records import DAY_S, Records, day_of
from utils.host.root import Host
from utils.host.settings import Settings
from utils.run.call import Call
from utils.run.context import Context
from utils.run.service import take

CALL = Call("suspend", item=1001, runningoperation=99)


def make(tmp_path: Path, log: logging.Logger, call: Call = CALL, **settings: Any) -> Context:
    """A run whose settings were read."""
    return Context(call, Host(str(tmp_path)), log=log, settings=Settings(**settings))


def history(tmp_path: Path) -> Records:
    """The history of an installation."""
    return Records(str(tmp_path / root.HISTORY))


def lines(tmp_path: Path) -> List[Dict[str, Any]]:
    """All that is written in the history."""
    one = history(tmp_path)
    return [json.loads(text) for day in one.days() for _, text in one.lines(day)]


def test_a_run_is_noted_before_its_work_and_after_its_answer(
    tmp_path: Path, log: logging.Logger
) -> None:
    context = make(tmp_path, log)
    context.record.begin()
    context.item_module, context.login = 31, "user_1001"
    context.record.end(0, is_heard=True)
    begun, ended = lines(tmp_path)
    head = {"command": "suspend", "item": 1001, "operation": 99, "pid": os.getpid()}
    assert {name: begun[name] for name in head} == head
    assert {name: ended[name] for name in head} == head
    assert begun["run"] == ended["run"]
    assert begun["module"] is None
    assert "ended" not in begun
    assert (ended["module"], ended["login"]) == (31, "user_1001")
    assert (ended["ended"], ended["value"], ended["exit"]) == ("done", "", 0)
    assert (ended["heard"], ended["deeds"], ended["left_out"]) == (True, [], 0)
    assert 0 <= ended["ms"] < 60_000


def test_what_a_run_did_is_told_in_the_words_of_its_kind(
    tmp_path: Path, log: logging.Logger
) -> None:
    context = make(tmp_path, log)
    with context.deeds.noted(
        deeds.request("PUT", "/a/b", {"key": "quota", "value": "5 GB"})
    ) as one:
        one.status, one.code = 200, 100
    with pytest.raises(errors.CoreRefused), context.deeds.noted(deeds.call("x.y", {"elid": 1})):
        raise errors.CoreRefused("x.y", "access", "")
    with context.deeds.noted(deeds.rows("itemstat", {"item": 7}, 3)):
        pass
    with pytest.raises(KeyboardInterrupt), context.deeds.noted(Deed(deeds.CALL, "z", "")):
        raise KeyboardInterrupt
    context.record.end(0, is_heard=True)
    told = lines(tmp_path)[0]["deeds"]
    took = [one.pop("ms") for one in told]
    assert all(isinstance(one, int) for one in took[:3])
    assert took[3] is None
    assert told == [
        {
            **{
                "kind": "request",
                "method": "PUT",
                "path": "/a/b",
                "fields": "key=quota value=5 GB",
            },
            **{"status": 200, "code": 100, "ended": "done"},
        },
        {"kind": "call", "function": "x.y", "fields": "elid=1", "ended": "core_refused"},
        {"kind": "rows", "table": "itemstat", "first": "item=7", "rows": 3, "ended": "done"},
        {"kind": "call", "function": "z", "fields": "", "ended": None},
    ]


@pytest.mark.parametrize("skipped", [True, False])
def test_a_run_that_was_kept_from_its_work_is_not_said_to_have_done_it(
    tmp_path: Path, log: logging.Logger, skipped: bool
) -> None:
    context = make(tmp_path, log)
    context.did_nothing = skipped
    context.record.end(0, is_heard=True)
    assert lines(tmp_path)[0]["ended"] == ("nothing" if skipped else "done")


def test_a_failure_is_told_without_an_address(tmp_path: Path, log: logging.Logger) -> None:
    context = make(tmp_path, log)
    context.error = errors.AccountRefused("user_7: ann@example.com is no mail")
    context.record.end(1, is_heard=False)
    record = lines(tmp_path)[0]
    assert (record["ended"], record["exit"], record["heard"]) == ("account_refused", 1, False)
    assert record["value"] == "user_7: *** is no mail"


def test_a_run_of_many_deeds_has_a_line_of_bounded_length(
    tmp_path: Path, log: logging.Logger
) -> None:
    context = make(tmp_path, log)
    for _ in range(5000):
        with context.deeds.noted(Deed(deeds.REQUEST, "GET", "/й" * 500)):
            pass
    context.record.end(0, is_heard=True)
    [(_, text)] = history(tmp_path).lines(history(tmp_path).days()[0])
    assert len(text) <= records.MOST_LINE_BYTES
    record = json.loads(text)
    assert (record["deeds"], record["left_out"]) == ([], 5000)


def test_the_usual_most_of_deeds_is_kept_in_a_line(tmp_path: Path, log: logging.Logger) -> None:
    context = make(tmp_path, log)
    for number in range(MOST_FIRST + MOST_LAST + 9):
        words = {"limit": 200, "offset": 200 * number}
        with context.deeds.noted(deeds.request("GET", "/ocs/v1.php/cloud/users/details", words)):
            pass
    context.record.end(0, is_heard=True)
    record = lines(tmp_path)[0]
    assert (len(record["deeds"]), record["left_out"]) == (MOST_FIRST + MOST_LAST, 9)


# -- where and how long ---------------------------------------------------------------------------


def test_where_no_settings_were_read_only_a_history_that_is_there_is_continued(
    tmp_path: Path, log: logging.Logger
) -> None:
    def run() -> None:
        Context(Call("features"), Host(str(tmp_path)), log=log).record.end(0, is_heard=True)

    run()
    assert not (tmp_path / "var").exists()
    history(tmp_path).make()
    run()
    assert [one["command"] for one in lines(tmp_path)] == ["features"]


def test_broken_settings_do_not_keep_a_run_out_of_the_history(
    tmp_path: Path, log: logging.Logger
) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / root.SETTINGS).write_text("nonsense\n")
    history(tmp_path).make()
    context = Context(CALL, Host(str(tmp_path)), log=log)
    context.record.begin()
    assert len(lines(tmp_path)) == 1


def test_of_no_days_nothing_is_kept_and_what_there_was_is_removed(
    tmp_path: Path, log: logging.Logger
) -> None:
    make(tmp_path, log).record.end(0, is_heard=True)
    assert lines(tmp_path)
    context = make(tmp_path, log, history_days=0)
    context.record.begin()
    context.record.end(0, is_heard=True)
    assert not (tmp_path / root.HISTORY).exists()


def test_the_first_run_of_a_day_removes_what_is_over_its_age(
    tmp_path: Path, log: logging.Logger
) -> None:
    one, now_s = history(tmp_path), time.time()
    one.make()
    for back in (2, 3, 90):
        one.append(day_of(now_s - back * DAY_S), "{}")
    make(tmp_path, log, history_days=2).record.end(0, is_heard=True)
    assert one.days() == [day_of(now_s - 2 * DAY_S), day_of(now_s)]
    one.append(day_of(now_s - 90 * DAY_S), "{}")
    make(tmp_path, log, history_days=2).record.end(0, is_heard=True)
    assert len(one.days()) == 3, "once a day is enough"


def test_a_run_over_midnight_stands_whole_in_the_day_of_its_beginning(
    tmp_path: Path, log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = time.mktime((2026, 11, 26, 23, 59, 59, 0, 0, -1)) + 0.9
    monkeypatch.setattr("utils.run.record.time.time", lambda: before)
    context = make(tmp_path, log)
    context.record.begin()
    monkeypatch.setattr("utils.run.record.time.time", lambda: before + 0.2)
    context.record.end(0, is_heard=True)
    other = make(tmp_path, log)
    other.record.end(0, is_heard=True)
    one = history(tmp_path)
    assert [(day, len(list(one.lines(day)))) for day in one.days()] == [
        ("2026-11-26", 2),
        ("2026-11-27", 1),
    ]


@pytest.mark.parametrize("broken", ["file", "day", "full"])
def test_a_history_that_cannot_be_written_costs_the_run_nothing_but_a_line_of_the_log(
    tmp_path: Path, log: logging.Logger, caplog: pytest.LogCaptureFixture, broken: str
) -> None:
    one = history(tmp_path)
    if broken == "file":
        (tmp_path / "var").mkdir()
        (tmp_path / root.STATE).write_text("a file")
    else:
        one.make()
        path = Path(one.folder) / f"{day_of(time.time())}.jsonl"
        if broken == "day":
            path.mkdir()
        else:
            path.touch()
            os.truncate(path, records.MOST_DAY_BYTES)
    context = make(tmp_path, log)
    context.record.begin()
    context.record.end(0, is_heard=True)
    told = [record.getMessage() for record in caplog.records]
    kinds = [text.partition(": ")[0] for text in told]
    uncounted = ["the run is not counted"] if broken == "file" else []
    assert kinds == ["the history is not written"] * 2 + uncounted


@pytest.mark.parametrize("error", [MemoryError, OSError, UnicodeError, RecursionError])
def test_whatever_goes_wrong_while_it_is_written_stays_in_the_record(
    tmp_path: Path, log: logging.Logger, monkeypatch: pytest.MonkeyPatch, error: type
) -> None:
    def fail(*args: object) -> None:
        raise error

    context = make(tmp_path, log)
    monkeypatch.setattr("utils.run.record.as_json", fail)
    monkeypatch.setattr("utils.run.counting.count", fail)
    monkeypatch.setattr(log, "warning", fail)
    context.record.begin()
    context.record.end(0, is_heard=True)
    assert not (tmp_path / "var").exists()


# -- the program ----------------------------------------------------------------------------------


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., int]]:
    """The program as it is started below a root; its log is closed at the end."""
    monkeypatch.setenv("PMNEXTCLOUD_STARTED_AS", str(tmp_path / "processing" / "pmnextcloud"))
    (tmp_path / "var").mkdir()
    yield lambda *words: pmnextcloud.main(list(words))
    log = logging.getLogger("pmnextcloud")
    for handler in list(log.handlers):
        if type(handler) is logging.StreamHandler:  # pytest has handlers of its own there
            handler.stream.close()
            log.removeHandler(handler)


class Answering:
    """A command in the place of `suspend`."""

    def __init__(self, raised: BaseException) -> None:
        self._raised = raised

    def run(self, context: Context) -> None:
        """Ends as the test wants it."""
        raise self._raised


@pytest.mark.parametrize(
    ("raised", "ended"),
    [
        (MemoryError(), "out_of_memory"),
        (ZeroDivisionError(), "unexpected"),
        (errors.LoginTaken("user_7"), "login_taken"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_way_to_fail_is_recorded_once(
    tmp_path: Path,
    program: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
    raised: BaseException,
    ended: str,
) -> None:
    monkeypatch.setattr("commands.load", lambda name: Answering(raised))
    assert program("--command", "suspend", "--item", "7") == 1
    assert ended.encode() in capsysbinary.readouterr().out
    begun, over = lines(tmp_path)
    assert "ended" not in begun
    assert (over["ended"], over["exit"], over["run"]) == (ended, 1, begun["run"])


def test_an_answer_that_nobody_takes_is_recorded_so(
    tmp_path: Path, program: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Closed:
        """A standard output whose reader is gone."""

        class buffer:  # noqa: N801  as Python has it
            """Its bytes."""

            @staticmethod
            def write(data: bytes) -> int:
                """Fails."""
                raise BrokenPipeError

    monkeypatch.setattr("sys.stdout", Closed)
    history(tmp_path).make()
    with pytest.raises(BrokenPipeError):
        program("--command", "features")
    [record] = lines(tmp_path)
    assert (record["ended"], record["heard"]) == ("done", False)


def test_a_dry_run_is_none_that_was(
    tmp_path: Path, program: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("utils.run.service.hold", lambda *lock: None)
    history(tmp_path).make()
    program("--command", "suspend", "--item", "7", "--dry-run")
    assert lines(tmp_path) == []


def test_the_service_that_was_taken_names_module_and_login(
    tmp_path: Path, log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("utils.run.service.hold", lambda *lock: None)
    billing = make_billing()
    billing.services.item.return_value = make_item(saved_login=" user_1001 ")
    billing.modules.server.side_effect = errors.ModuleUnset("31")
    context = Context(CALL, Host(str(tmp_path)), log=log, billing=billing, settings=Settings())
    with pytest.raises(errors.ModuleUnset):
        take(context)
    assert (context.item_module, context.login) == (make_server().module_id, "user_1001")
