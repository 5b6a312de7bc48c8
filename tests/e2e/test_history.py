"""The history of whole runs: each leaves one record, whatever happens to it, without secrets."""

import copy
import json
import os
import re
import shlex
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List

import pytest

from commands import COMMANDS
from tests import ROOT
from tests.doubles.billmanager import ACTIVE, CoreFault, Run, Stand
from tests.doubles.cloud import Cloud, Seen
from tests.e2e.sites import DoubleSite
from tests.e2e.world import World
from tests.tools import schema, table
from tests.tools.terminal import on_terminal
from utils.host import records
from utils.host.records import DAY_S, day_of

SCHEMA = json.loads((ROOT / "docs/history.schema.json").read_text("utf-8"))


def folder(stand: Stand) -> Path:
    """Where the history is."""
    return stand.root / "var/pmnextcloud/history"


def document(stand: Stand, *words: str) -> Dict[str, Any]:
    """What the command tells a machine, which is as the schema says."""
    run = stand.run("history", extra=["--format", "json", *words])
    assert run.exit_code == 0, run
    told: Dict[str, Any] = json.loads(run.stdout)
    assert list(schema.faults(told, SCHEMA, SCHEMA, "$")) == []
    return told


def runs(stand: Stand, *words: str) -> List[Dict[str, Any]]:
    """The runs that it tells."""
    found: List[Dict[str, Any]] = document(stand, *words)["runs"]
    return found


def text(stand: Stand, *words: str, lang: str = "en") -> str:
    """What the command tells people."""
    run = stand.run("history", extra=["--lang", lang, *words])
    assert run.exit_code == 0, run
    return run.stdout.decode()


# -- one record for each run ----------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_leaves_one_record_but_those_that_only_show(
    idle: World, command: str
) -> None:
    item, unrecorded = idle.items[0], (*table.OF_THE_PAST, *table.PAGES)
    idle.stand.set_status(item, ACTIVE)
    before = runs(idle.stand)
    run = idle.call(command, item)
    made = runs(idle.stand)[len(before) :]
    assert [one["command"] for one in made] == [command] * (command not in unrecorded)
    for one in made:
        assert (one["state"], one["exit"], one["heard"]) == ("ended", run.exit_code, True)
        of_one = command in (
            *(*table.SERVICES, *table.RENEWALS, *table.QUESTIONS, *table.CHECKS),
            *("adopt", "restore"),
        )
        assert one["item"] == (item if of_one else None)
        talked = any(deed["kind"] == "request" for deed in one["deeds"])
        assert talked is (command in table.AT_CLOUDS)


FAILURES: Dict[str, Callable[[World], Run]] = {
    "bad_arguments": lambda world: world.stand.run("open", item="seven"),
    "unknown_command": lambda world: world.stand.run("reopen", item=7),
    "item_not_found": lambda world: world.stand.run("suspend", item=7),
    "module_not_found": lambda world: world.stand.run("stat", module=7),
    "bad_input": lambda world: world.stand.run("check_connection", stdin="nonsense"),
    "settings_broken": lambda world: broken_settings(world),
    "database_unavailable": lambda world: without_database(world),
    "core_unavailable": lambda world: without_core(world),
}
"""Ways to fail before the account is reached, by the code."""


def broken_settings(world: World) -> Run:
    """A run whose settings cannot be read."""
    world.stand.write("etc/pmnextcloud.conf", "nonsense\n")
    run = world.stand.run("suspend", item=world.items[0])
    world.stand.write("etc/pmnextcloud.conf", "")
    return run


def without_database(world: World) -> Run:
    """A run whose database refuses it."""
    world.stand.write_db_conf(DBPassword="wrong-one-1")
    run = world.stand.run("suspend", item=world.items[0])
    world.stand.write_db_conf()
    return run


def without_core(world: World) -> Run:
    """A run of which nobody takes what it has to save."""
    item = world.order()
    world.stand.core_down = True
    run = world.run("open", item)
    world.stand.core_down = False
    return run


@pytest.mark.parametrize("code", FAILURES)
def test_every_failure_leaves_one_record_with_its_code(idle: World, code: str) -> None:
    before = len(runs(idle.stand))
    run = FAILURES[code](idle)
    assert run.error_type == code
    [made] = runs(idle.stand)[before:]
    assert (made["ended"], made["exit"], made["failed"]) == (code, 1, True)
    assert runs(idle.stand, "--failed")[-1] == made


def test_a_service_in_whose_way_nothing_is_leaves_all_that_was_done(world: World) -> None:
    assert isinstance(world.site, DoubleSite)
    item = world.order()
    asked, called = len(world.site.cloud.requests), len(world.stand.calls)
    world.run("open", item).check()
    [made] = runs(world.stand, "--item", str(item))
    assert (made["login"], made["module"], made["ended"]) == (
        world.login(item),
        world.module,
        "done",
    )
    requests = [deed for deed in made["deeds"] if deed["kind"] == "request"]
    assert [(one["method"], one["path"]) for one in requests] == [
        (seen.method, seen.path) for seen in world.site.cloud.requests[asked:]
    ]
    calls = [deed["function"] for deed in made["deeds"] if deed["kind"] == "call"]
    assert calls == [call.function for call in world.stand.calls[called:]]
    assert {deed["ended"] for deed in made["deeds"]} == {"done"}
    created = next(one for one in requests if one["method"] == "POST")
    assert "quota=" in created["fields"]
    assert "password=***" in created["fields"]
    assert "email=***" in created["fields"]


def test_the_rows_of_statistics_are_told_by_their_number(world: World) -> None:
    item = world.opened()
    world.another(item)
    world.stand.run("stat", module=world.module).check()
    made = runs(world.stand)[-1]
    [rows] = [deed for deed in made["deeds"] if deed["kind"] == "rows"]
    assert (rows["table"], rows["rows"]) == ("itemstat", 2)
    assert rows["first"].startswith(f"item={item} statdate=")


def test_without_work_nothing_is_said_to_be_done(world: World) -> None:
    item = world.opened()
    world.stand.do_nothing()
    world.run("suspend", item).check()
    assert runs(world.stand)[-1]["ended"] == "nothing"
    assert "nothing done" in text(world.stand, "--item", str(item))


# -- killed ---------------------------------------------------------------------------------------


def killed_at(world: World, command: str, item: int, nth: int) -> bool:
    """Kills a run at its request of that number; whether it came so far."""
    assert isinstance(world.site, DoubleSite)
    cloud, reached = world.site.cloud, threading.Event()
    process = world.starter(command, item)()
    seen: List[Seen] = []

    def strike(request: Seen) -> None:
        seen.append(request)
        if len(seen) == nth:
            reached.set()
            process.kill_group()

    cloud.before = strike
    process.finish()
    cloud.before = None
    return reached.is_set()


@pytest.mark.parametrize("command", [*table.SERVICES, *table.MODULES])
def test_a_run_that_is_killed_leaves_one_record_and_spoils_no_other(
    world: World, command: str
) -> None:
    item = world.opened()
    before = len(runs(world.stand))
    assert killed_at(world, command, item, 1)
    killed = runs(world.stand)[before]
    assert (killed["command"], killed["state"], killed["failed"]) == (command, "killed", True)
    assert killed["ended"] is None
    world.call(command, item)
    told = document(world.stand)
    assert [one["state"] for one in told["runs"][before:]] == ["killed", "ended"]
    assert told["damaged_lines"] == 0
    assert "no end: it was killed" in text(world.stand, "--failed")


def test_a_run_that_is_at_its_work_is_running_and_no_failure(world: World) -> None:
    assert isinstance(world.site, DoubleSite)
    item = world.opened()
    held, go_on = threading.Event(), threading.Event()

    def hold(request: Seen) -> None:
        held.set()
        assert go_on.wait(60)

    world.site.cloud.before = hold
    process = world.starter("suspend", item)()
    assert held.wait(60)
    state = runs(world.stand)[-1]["state"]
    failed = runs(world.stand, "--failed")
    go_on.set()
    process.finish().check()
    world.site.cloud.before = None
    assert (state, failed) == ("running", [])
    assert runs(world.stand)[-1]["state"] == "ended"


def test_a_run_that_is_ended_by_a_signal_leaves_its_record(world: World) -> None:
    assert isinstance(world.site, DoubleSite)
    item = world.opened()
    process = world.starter("suspend", item)()
    world.site.cloud.before = lambda request: os.kill(process.pid, signal.SIGTERM)
    process.finish()
    world.site.cloud.before = None
    assert runs(world.stand)[-1]["state"] == "killed"


# -- many, old, large -----------------------------------------------------------------------------


def test_twenty_at_once_leave_twenty_records(world: World) -> None:
    processes = [world.stand.start("suspend", item=number) for number in range(1, 21)]
    for process in processes:
        process.finish()
    told = document(world.stand)
    assert sorted(one["item"] for one in told["runs"]) == list(range(1, 21))
    assert {one["ended"] for one in told["runs"]} == {"item_not_found"}
    assert told["damaged_lines"] == 0


def test_days_over_their_age_go_with_the_first_run_of_a_day(world: World) -> None:
    world.know_cloud()
    history, now_s = folder(world.stand), time.time()
    today = history / f"{day_of(now_s)}.jsonl"
    lines = today.read_text("utf-8")
    for back in (3, 89, 91):
        (history / f"{day_of(now_s - back * DAY_S)}.jsonl").write_text(lines, "utf-8")
    today.unlink()
    world.know_cloud()
    assert len(list(history.iterdir())) == 3
    world.stand.write("etc/pmnextcloud.conf", "history_days = 7\n")
    today.unlink()
    world.know_cloud()
    assert len(list(history.iterdir())) == 2
    world.stand.write("etc/pmnextcloud.conf", "history_days = 0\n")
    world.know_cloud()
    assert not history.exists()
    assert "turned off" in text(world.stand)


def test_a_full_day_takes_no_more_and_fails_no_command(world: World) -> None:
    item = world.opened()
    path = next(folder(world.stand).iterdir())
    os.truncate(path, records.MOST_DAY_BYTES)
    world.run("suspend", item).check()
    assert path.stat().st_size == records.MOST_DAY_BYTES
    told = document(world.stand)
    assert told["full_days"] == [path.stem]
    assert [one["command"] for one in told["runs"]] == ["open"]
    assert "too many runs" in text(world.stand)


@pytest.mark.parametrize("kind", ["file", "link", "read-only"])
def test_a_place_that_cannot_be_written_fails_no_command(world: World, kind: str) -> None:
    item = world.order()
    place = folder(world.stand)
    place.parent.mkdir(mode=0o700)
    if kind == "file":
        place.write_text("somebody's")
    elif kind == "link":
        place.symlink_to("nowhere")
    else:
        place.mkdir()
        for back in range(-1, 2):
            (place / f"{day_of(time.time() + back * DAY_S)}.jsonl").mkdir()
    world.run("open", item).check()
    assert "the history is not written" in world.stand.log
    assert world.status(item) == ACTIVE
    assert world.stand.run("history").exit_code == 0


# -- nothing that is nobody's business ------------------------------------------------------------


def test_no_record_has_a_secret_or_an_address(world: World, stand: Stand) -> None:
    item = world.order()
    for _, run in world.live(item):
        assert run.exit_code in (0, 1)
    stand.core_faults.append(CoreFault("service.postsuspend"))
    broken = world.order()
    world.run("open", broken).check()
    world.run("suspend", broken)
    written = b"".join(path.read_bytes() for path in folder(stand).iterdir()).decode()
    shown = text(stand) + text(stand, "--item", str(item)) + text(stand, "--failed")
    passwords = [stand.params(one).get("userpassword") for one in (item, broken)]
    secrets = [secret for secret in (*stand.secrets, *passwords) if secret]
    assert len(secrets) > 2
    for kept in (written, shown, stand.run("history", extra=["--format", "json"]).stdout.decode()):
        assert world.login(item) in kept
        assert not [secret for secret in secrets if secret in kept]
        assert not re.search(r"[\w.]+(@|%40)[\w.]+", kept)
    for path in (folder(stand), *folder(stand).iterdir()):
        assert path.stat().st_mode & 0o077 == 0


# -- told -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def told() -> Iterator[World]:
    """A provider with a life behind him: a service, a stopped operation, one that waits."""
    with Stand() as stand, Cloud() as cloud:
        world = World(stand, DoubleSite(cloud))
        item = world.opened()
        world.run("suspend", item).check()
        world.run("resume", item).check()
        cloud.add_user(world.login(item + 1), "Strangers-Pw-1")
        world.run("open", world.order())  # login_taken: stopped at once
        world.run("sync_item", world.order())  # service_not_open: repeated
        yield world


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_the_life_of_a_service_is_told_newest_last_with_what_each_run_did(
    told: World, lang: str
) -> None:
    item = told.items[0]
    shown = text(told.stand, "--item", str(item), lang=lang)
    lines = [line for line in shown.splitlines() if re.match(r"\d\d:\d\d:\d\d ", line)]
    assert [line.split()[3] for line in lines] == ["open", "suspend", "resume"]
    assert len({line.index(told.login(item)) for line in lines}) == 1, "a column"
    assert f"PUT /ocs/v1.php/cloud/users/{told.login(item)}/disable" in shown
    assert "mgrctl service.postsuspend" in shown
    assert ("операция" in shown) is (lang == "ru")
    assert text(told.stand, "--login", told.login(item).upper(), lang=lang) == shown


def test_without_a_service_each_run_is_one_line(told: World) -> None:
    shown = text(told.stand)
    heads = [line for line in shown.splitlines() if re.match(r"\d\d:\d\d:\d\d ", line)]
    assert len(heads) == len(runs(told.stand))
    assert "/ocs/v1.php" not in shown


def test_runs_are_chosen_by_time_module_and_failure(told: World) -> None:
    everything = runs(told.stand)
    assert runs(told.stand, "--since", "1h") == everything
    assert runs(told.stand, "--since", day_of(time.time() + 2 * DAY_S)) == []
    assert "Nothing is recorded" in text(told.stand, "--since", "2999-01-01")
    failed = runs(told.stand, "--failed")
    assert [one["ended"] for one in failed] == ["login_taken", "service_not_open"]
    of_module = runs(told.stand, "--module", str(told.module))
    assert [one["item"] for one in of_module] == [one["item"] for one in everything]
    assert runs(told.stand, "--module", "7") == []


@pytest.mark.parametrize("words", [["--since", "Tuesday"], ["--format", "xml"], ["--item", "x"]])
def test_wrong_arguments_are_one_document(told: World, words: List[str]) -> None:
    run = told.stand.run("history", extra=words)
    assert (run.exit_code, run.error_type) == (1, "bad_arguments")


def test_operations_that_stand_are_told_with_lines_that_a_shell_takes(told: World) -> None:
    shown = text(told.stand, "--failed")
    stopped, waiting = document(told.stand)["operations"]
    assert (stopped["stopped"], stopped["command"]) == (True, "open")
    assert (waiting["stopped"], waiting["command"]) == (False, "sync_item")
    assert f"Operation {stopped['operation']} (open {stopped['item']}) is stopped." in shown
    assert f"Operation {waiting['operation']} (sync_item {waiting['item']}) waits" in shown
    for one in (stopped, waiting):
        lines = [line for line in one["means"].values() if line is not None]
        assert all(f"        {line}\n" in shown for line in lines)
    assert waiting["means"]["done_by_hand"] is None


def shell(line: str) -> None:
    """Runs a line as staff does."""
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True)
    assert "ERROR" not in done.stdout + done.stderr


def test_the_lines_do_what_they_say(world: World) -> None:
    assert isinstance(world.site, DoubleSite)
    world.site.cloud.add_user(world.login(world.order()), "Strangers-Pw-1")
    [item] = world.items
    world.run("open", item)
    [one] = document(world.stand)["operations"]
    operation, means = one["operation"], one["means"]

    def manual() -> object:
        row = world.stand.operation(operation)
        assert row is not None
        return row["manual"]

    assert manual() == "on"
    shell(means["repeat"])
    assert manual() is None
    shell(means["stop"])
    assert manual() == "on"
    shell(means["done_by_hand"])
    assert world.stand.operation(operation) is None
    assert world.status(item) == ACTIVE
    assert document(world.stand)["operations"] == []


def test_without_a_database_the_runs_are_told_all_the_same(told: World) -> None:
    expected = runs(told.stand)
    told.stand.write_db_conf(DBPassword="wrong-one-1")
    found = document(told.stand)
    told.stand.write_db_conf()
    assert found["runs"] == expected
    assert found["operations_unknown"].startswith("database_unavailable")


def test_on_a_terminal_it_is_paged(told: World) -> None:
    command = [str(told.stand.root / "processing/pmnextcloud"), "--command", "history"]
    shown = on_terminal(command, PAGER="sed -n 's/^/paged: /p' | head -n 3")
    assert [line[:7] for line in shown.splitlines()] == ["paged: "] * 3


# -- the schema -----------------------------------------------------------------------------------


def variants(value: Any) -> Iterator[Any]:
    """The value with one thing in it another one, missing or too much."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield {key: one for key, one in value.items() if key != name}
            for other in variants(inner):
                yield {**value, name: other}
        yield {**value, "more": 1}
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            for other in variants(inner):
                yield [*value[:number], other, *value[number + 1 :]]
    else:
        yield 1.5


def test_the_schema_knows_every_name_and_its_kind(told: World) -> None:
    document_of_all = document(told.stand)
    one = copy.deepcopy(document_of_all)
    one["runs"] = one["runs"][:1]
    assert one["runs"][0]["deeds"]
    assert one["operations"]
    checked = 0
    for wrong in variants(one):
        assert list(schema.faults(wrong, SCHEMA, SCHEMA, "$")), shlex.quote(json.dumps(wrong))
        checked += 1
    assert checked > 100
