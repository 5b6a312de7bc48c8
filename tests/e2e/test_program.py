"""The program as BILLmanager starts it: one document, an exit code, nothing else."""

import os
import subprocess
import sys

import pytest

from commands import COMMANDS
from tests import ROOT
from tests.doubles.billmanager import ACTIVE, DEVNULL, Stand
from tests.e2e.sites import DoubleSite
from tests.e2e.test_bad_input import billing
from tests.e2e.world import World
from tests.tools import table
from utils.consts import Level


@pytest.mark.parametrize("form", ["separate", "equals"])
@pytest.mark.parametrize("stdin", [None, DEVNULL])
def test_arguments_in_both_forms_and_unknown_ones_are_taken(
    world: World, form: str, stdin: object
) -> None:
    item = world.order()
    extra = ["--level", "29", "--lang", "ru", "--password", "ENCRYPTED", "stray"]
    run = world.run("open", item, form=form, stdin=stdin, extra=extra, userid=5).check()
    assert run.stdout.startswith(b"<?xml")
    assert run.xml.tag == "doc"
    assert len(run.xml) == 0
    assert world.status(item) == ACTIVE
    assert "ENCRYPTED" not in world.stand.log


def test_a_link_in_processing_starts_it_in_its_own_root(stand: Stand) -> None:
    link = stand.root / "processing" / "pmnextcloud"
    link.unlink()
    link.symlink_to(ROOT / "pmnextcloud.py")
    done = subprocess.run(
        [sys.executable, str(link), "--command", "suspend", "--item", "77"],
        capture_output=True,
        cwd="/",
        check=False,
    )
    assert b"item_not_found" in done.stdout
    assert "item_not_found" in stand.log


OWN_MEMORY = {"metrics": {"gathered", "sums", "sums.lock", "waiting.json"}}
"""Files that a command may make where nothing is to be done: what it has seen itself."""


@pytest.mark.parametrize("command", COMMANDS)
def test_do_nothing_stops_all_that_talks_to_a_cloud(idle: World, command: str) -> None:
    assert isinstance(idle.site, DoubleSite)
    [item], requests = idle.items, idle.site.cloud.requests
    idle.stand.set_status(item, ACTIVE)
    idle.stand.do_nothing()
    call = idle.prepared(command, item)
    asked, files = len(requests), sorted(idle.stand.root.rglob("*"))
    before = billing(idle.stand, "runningoperation")
    run = call()
    is_fault = command in table.FOR_PEOPLE and COMMANDS[command].does is not Level.NOTHING
    assert run.exit_code == int(is_fault), "people are told, unless it leaves clouds alone anyway"
    assert billing(idle.stand, "runningoperation") == before
    made = set(idle.stand.root.rglob("*")) - set(files)
    assert {path.name for path in made} <= OWN_MEMORY.get(command, set())
    assert set(files) <= set(idle.stand.root.rglob("*"))
    assert len(requests) == asked
    idle.stand.do_nothing(False)
    idle.call(command, item)
    assert (len(requests) > asked) is (command in (*table.AT_CLOUDS, *table.LOOKING))


def test_the_log_has_a_line_for_each_fact_and_names_command_item_and_process(world: World) -> None:
    item = world.order()
    run = world.run("open", item).check()
    lines = world.stand.log.splitlines()
    assert run.exit_code == 0
    assert all(f" open {item} " in line for line in lines)
    assert any("created" in line and "INFO" in line for line in lines)
    assert any("ordered 5368709120 bytes" in line for line in lines)
    world.stand.write("etc/debug.conf", "pmnextcloud 3\n")
    world.run("suspend", item).check()
    assert world.stand.log.splitlines() == lines


def test_the_log_file_can_be_put_elsewhere(world: World) -> None:
    path = world.stand.root / "tmp" / "other.log"
    world.stand.write("etc/pmnextcloud.conf", f"log_file = {path}\n")
    world.opened()
    assert "created" in path.read_text("utf-8")
    assert os.stat(path).st_mode & 0o777 == 0o600


def test_a_bare_locale_does_not_break_non_ascii_text(world: World) -> None:
    run = world.stand.run("suspend", item="семь", env={"LC_ALL": "C", "PYTHONIOENCODING": ""})
    assert run.error_type == "bad_arguments"
    assert "семь" in (run.error_value or "")
