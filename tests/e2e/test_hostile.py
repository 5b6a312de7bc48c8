"""A cloud that means ill costs little: memory, time, log, and nothing that it should not have.

Every kind of answer meets one command in each run of the tests, and all of them in the long one.
"""

import json
import subprocess
from pathlib import Path
from typing import Callable, Iterator, List, NamedTuple
from zlib import crc32

import pytest

from tests import ROOT
from tests.doubles.billmanager import Stand
from tests.doubles.billmanager.runs import DEVNULL, Peak, Run
from tests.doubles.hostile import Heard, Hostile, whole
from tests.doubles.hostile.answers import KINDS, SLOW, envelope, honest
from tests.doubles.hostile.server import Answer, Wire
from tests.e2e.world import World
from tests.tools import table
from utils.base.text import is_plain
from utils.cloud.ocs import MOST_CONTAINERS, MOST_VALUES

MOST_KIB = 256 * 1024
MOST_LOG_BYTES = 40_000
"""A traceback through all libraries and a line for each of three tries."""

MOST_S = 30
"""The budget of the stand's settings, and what a busy machine takes to start."""

DOCTOR_S = 140
"""The doctor, who is waited for by a person, has no budget: each of its checks has two minutes."""

LISTED_BYTES = 500 * 1024
"""What an audit says of the accounts of one page, of which there are no more than 250,000."""

LEAST_DIFFERENCE_KIB = 4 * 1024
"""Memory that an answer takes, so that a limit between it and a small one strikes there alone."""

ONE_ARENA = "export MALLOC_ARENA_MAX=1"
"""Threads reserve 64 MiB each, which would hide what an answer takes."""

PAGED = 12
"""Services of a module: as many as have `stat` read the accounts by pages."""

SETTINGS = "budget_s = 20\nform_budget_s = 5\nstat_budget_s = 10\n"
PASSWORD = "Hostile-Pw-for-tests-1"
COMMANDS = table.AT_CLOUDS
JSON = ("doctor", "audit")


class Target(NamedTuple):
    """A provider whose cloud means ill."""

    stand: Stand
    cloud: Hostile
    world: World


class _Site:
    """Just an address and a login."""

    def __init__(self, cloud: Hostile) -> None:
        self.url, self.login, self.password = cloud.url, "admin", PASSWORD


@pytest.fixture
def target(stand: Stand) -> Iterator[Target]:
    """The provider, and a hostile cloud that answers nothing yet."""
    stand.write("etc/pmnextcloud.conf", SETTINGS)
    with Hostile(lambda request: iter([])) as cloud:
        yield Target(stand, cloud, World(stand, _Site(cloud)))


def strike(target: Target, command: str, peak_of: str = "VmHWM") -> "tuple[Run, int]":
    """The run of a command on what the cloud sends, and the most memory that it took, in KiB."""
    stand, world = target.stand, target.world
    options = {}
    stdin = DEVNULL
    if command in (*table.SERVICES, *table.RENEWALS):
        item = world.many(1)[0]
        options = {"item": item, "runningoperation": stand.add_operation(command, item)}
        if command == "open":
            stand.set_status(item, 5)
    elif command in table.MODULES:
        world.many(PAGED)
        options = {"module": world.module}
    elif command in table.FORMS:
        stdin = world.form()
    extra: List[str] = ["--format", "json"] if command in JSON else []
    if command in table.CHECKS:
        stdin, options = "<doc/>", {"item": world.many(1)[0]}
        extra = ["--param", "disk", "--value", "1"]
    if command == "adopt":
        item = world.many(1)[0]
        options, extra = {"item": item}, ["--login", "ivan"]
        stand.sql(
            "DELETE FROM itemcryptedparam WHERE item = %s AND intname <> 'userpassword'", item
        )
    if command == "restore":
        item = world.many(1)[0]
        world.ended(item, login="ivan", account_id=world.client)
        options, extra = {"item": item}, ["--login", "ivan"]
    if command == "purge":
        world.ended(1, login="ivan", due=True)
    process = stand.start(command, stdin=stdin, extra=extra, **options)
    peak = Peak(process.pid, peak_of)
    return process.finish(DOCTOR_S + 30), peak.kib()


def check(target: Target, run: Run, peak_kib: int, command: str) -> None:
    """What holds whatever was sent."""
    assert run.exit_code in (0, 1), run
    assert run.stderr == b"", run
    assert run.seconds < (DOCTOR_S if command in table.FOR_PEOPLE else MOST_S), run
    assert peak_kib < MOST_KIB, f"{peak_kib} KiB\n{run}"
    pages = sum("/users/details" in request.path for request in target.cloud.heard)
    assert len(run.stdout) < 100_000 + pages * LISTED_BYTES
    if command == "doctor":
        findings = json.loads(run.stdout)["findings"]
        assert all(is_plain(text) for finding in findings for text in finding.values())
    elif command in table.FOR_PEOPLE:
        assert all(map(is_plain, run.stdout.decode().splitlines())), run
        assert command not in JSON or json.loads(run.stdout)["modules"]
    else:
        assert (run.error is None) == (run.exit_code == 0), run
    if command in table.CHECKS:
        assert run.exit_code == 0, "no cloud keeps anybody from buying"
    assert b"\x1b" not in run.stdout
    log = target.stand.log
    assert len(log.encode()) < MOST_LOG_BYTES, log[:2000]
    assert all(line.isprintable() for line in log.splitlines())
    assert PASSWORD not in log
    assert "crashed" not in log, log
    assert b"root:" not in run.stdout  # of /etc/passwd
    assert all(PASSWORD.encode() not in request.body for request in target.cloud.heard)


@pytest.mark.parametrize("kind", KINDS)
def test_a_hostile_answer_costs_little(target: Target, kind: str) -> None:
    command = COMMANDS[crc32(kind.encode()) % len(COMMANDS)]
    target.cloud.answer = KINDS[kind]
    check(target, *strike(target, command), command)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "accounts" in kind])
def test_pages_of_accounts_wear_nothing_down(target: Target, kind: str) -> None:
    target.cloud.answer = KINDS[kind]
    check(target, *strike(target, "stat"), "stat")
    assert [heard for heard in target.cloud.heard if "/users/details" in heard.path]


@pytest.mark.parametrize("kind", ["the same page of accounts", "pages of nobody"])
def test_a_page_of_accounts_that_brings_nothing_new_is_the_last(target: Target, kind: str) -> None:
    def answer(request: Heard) -> Wire:
        """Repeats itself, but for the look whether there are more than pay: there are none."""
        is_look = "limit=1&" in request.path
        yield from [whole(honest(request))] if is_look else KINDS[kind](request)

    target.cloud.answer = answer
    strike(target, "stat")
    pages = [heard for heard in target.cloud.heard if "/users/details" in heard.path]
    assert len(pages) == 3
    assert "brings nobody new" in target.stand.log


@pytest.mark.long
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_command_bears_every_hostile_answer(target: Target, kind: str, command: str) -> None:
    target.cloud.answer = KINDS[kind]
    check(target, *strike(target, command), command)


def environment(version: str, folder: Path) -> Path:
    """An interpreter of that version with the libraries that are installed for it.

    Skips where this machine has none.
    """
    found = subprocess.run(
        [ROOT / "tests/tools/find-python", version], capture_output=True, text=True, check=False
    ).stdout.strip()
    if not found:
        pytest.skip(f"Python {version} is not installed here")
    subprocess.run(["make", "-s", "wheels"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run([found, "-I", "-m", "venv", folder], check=True)
    subprocess.run(
        [
            *(folder / "bin/python", "-m", "pip", "install", "-q", "--no-index"),
            *("--disable-pip-version-check", "--require-hashes"),
            *("--find-links", ROOT / "wheels", "-r", ROOT / f"etc/requirements/{version}.txt"),
        ],
        check=True,
    )
    return folder / "bin/python"


@pytest.mark.long
@pytest.mark.parametrize("version", ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13"])
def test_every_python_bears_every_hostile_answer_with_its_libraries(
    version: str, tmp_path: Path
) -> None:
    python = str(environment(version, tmp_path / "env"))
    for kind, answer in KINDS.items():
        command = COMMANDS[crc32(f"{version} {kind}".encode()) % len(COMMANDS)]
        with Stand(python=python) as stand, Hostile(answer) as cloud:
            stand.write("etc/pmnextcloud.conf", SETTINGS)
            target = Target(stand, cloud, World(stand, _Site(cloud)))
            check(target, *strike(target, command), command)


@pytest.mark.parametrize("kind", SLOW)
def test_what_never_ends_is_ended_by_the_time_of_the_command(target: Target, kind: str) -> None:
    target.cloud.answer = SLOW[kind]
    run, peak_kib = strike(target, "check_connection")
    check(target, run, peak_kib, "check_connection")
    assert run.error_type == "out_of_time"


def large(request: Heard) -> bytes:
    """As much as is read at all, in no form that says anything."""
    if "limit=" in request.path:
        return envelope([str(number) for number in range(MOST_VALUES - 100)], "?")
    # Texts that differ take five times what the answer has in bytes.
    return envelope([{f"{n:05}": f"{n:04x}"} for n in range(MOST_CONTAINERS - 100)], "?")


def repeating(body: Callable[[Heard], bytes]) -> Answer:
    """A cloud that answers so whatever is asked, once it was taken for a cloud."""
    return lambda request: iter(
        [whole(honest(request) if "status" in request.path else body(request))]
    )


@pytest.mark.parametrize("command", table.CHECKS)
def test_a_check_without_memory_allows_what_it_was_asked_about(
    target: Target, command: str
) -> None:
    target.stand.start_by(ONE_ARENA)
    peaks = []
    for body in (lambda request: envelope([], "?"), large):
        target.cloud.answer = repeating(body)
        peaks.append(strike(target, command, "VmPeak")[1])
    assert peaks[1] - peaks[0] > LEAST_DIFFERENCE_KIB // 2
    target.stand.start_by(f"{ONE_ARENA}\nulimit -v {sum(peaks) // 2}")
    run, peak_kib = strike(target, command)
    check(target, run, peak_kib, command)
    assert "not checked, so it is allowed: out of memory" in target.stand.log


@pytest.mark.parametrize(
    "command", [one for one in COMMANDS if one not in (*table.FOR_PEOPLE, *table.UNHINDERED)]
)
def test_a_command_without_memory_ends_with_one_document_and_is_a_problem_of_the_module(
    target: Target, command: str
) -> None:
    """The limit is between what the same run takes of a small answer and of a large one."""
    target.stand.start_by(ONE_ARENA)
    patient = SETTINGS.replace("form_budget_s = 5", "form_budget_s = 60")  # on a busy machine too
    target.stand.write("etc/pmnextcloud.conf", patient)
    peaks = []
    for body in (lambda request: envelope([], "?"), large):
        target.cloud.answer = repeating(body)
        run, peak_kib = strike(target, command, "VmPeak")
        assert run.exit_code == 1
        peaks.append(peak_kib)
    assert peaks[1] - peaks[0] > LEAST_DIFFERENCE_KIB // 2
    target.stand.start_by(f"{ONE_ARENA}\nulimit -v {sum(peaks) // 2}")
    run, peak_kib = strike(target, command)
    assert run.error_type == "out_of_memory", target.stand.log
    assert run.error_value == command
    check(target, run, peak_kib, command)
    if command in (*table.SERVICES, *table.MODULES):
        assert f"out_of_memory: {command}" in target.stand.problems()[-1]["params"]
    if command in table.SERVICES:
        assert "out_of_memory" in target.stand.operations()[-1]["errorxml"]


def test_the_doctor_without_memory_says_so_and_goes_on(target: Target) -> None:
    target.stand.start_by(ONE_ARENA)
    target.cloud.answer = repeating(large)
    _, needed_kib = strike(target, "doctor", "VmPeak")
    target.stand.start_by(f"{ONE_ARENA}\nulimit -v {needed_kib - LEAST_DIFFERENCE_KIB}")
    run, peak_kib = strike(target, "doctor")
    check(target, run, peak_kib, "doctor")
    findings = json.loads(run.stdout)["findings"]
    without = [one["check"] for one in findings if one["finding"] == "out_of_memory"]
    assert without
    assert [one for one in findings if one["check"] not in without and one["verdict"] == "ok"]


def test_the_table_is_long_enough() -> None:
    assert len({**KINDS, **SLOW}) >= 60
