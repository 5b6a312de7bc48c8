"""The module's own memory cannot be written: less is done than with it, and never more."""

import shutil
import subprocess
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Callable, Dict, Iterator, List

import pytest

from tests.doubles.billmanager import Run, Stand
from tests.doubles.cloud import Cloud, Seen
from tests.e2e.sites import DoubleSite
from tests.e2e.world import ENDINGS, LIFE, World
from tests.tools import table
from utils.host import state
from utils.host.state import State

OPERATIONS = 10
WRONG = "Wrong-Pw-for-tests-4"
TOLD = ["cloud_login_refused", "state_unwritable"]

WITHOUT_FILES = """
# Of what is started here on no file grows, on no file system; pipes and sockets are no files.
ulimit -f 0
trap '' XFSZ
"""


def memory(stand: Stand) -> State:
    """Where the module keeps its files."""
    return State(str(stand.root / "var/pmnextcloud"))


@pytest.fixture(autouse=True)
def _memory_is_left_clean(stand: Stand) -> Iterator[None]:
    """Takes away what the runs of a test kept in this machine's memory."""
    yield
    shutil.rmtree(memory(stand).spare, ignore_errors=True)


class Disk:
    """The disk below the module's folder, as a test has it."""

    def __init__(self, world: World, ending: ExitStack) -> None:
        self._world = world
        self._ending = ending
        self._folder = Path(memory(world.stand).folder)

    def fill(self) -> None:
        """Not a byte is left: a small file system of its own where the kernel lets us have one."""
        if not self._mount("size=64k"):
            self.block()
            return
        (self._folder / "services.json.lock").touch(0o600)
        try:
            (self._folder / "something").write_bytes(b"0" * 2**20)
        except OSError:
            return
        raise AssertionError("the disk has grown")

    def make_read_only(self) -> None:
        """Nothing can be changed, and no file opened to be written."""
        if self._mount("size=64k"):
            subprocess.run(["mount", "-o", "remount,ro", str(self._folder)], check=True)
        else:
            self._folder.write_text("a file stands in its place")

    def block(self) -> None:
        """A folder with something in it stands in the place of each file of the module."""
        for name in state.FILES:
            path = Path(memory(self._world.stand).path(name.format(self._world.module)))
            if path.is_file():
                path.unlink()
            path.joinpath("in", "the", "way").mkdir(parents=True)

    def _mount(self, options: str) -> bool:
        self._folder.mkdir(mode=0o700, parents=True)
        mount = ["mount", "-t", "tmpfs", "-o", f"mode=700,{options}", "none", str(self._folder)]
        try:
            done = subprocess.run(mount, capture_output=True, check=False)
        except FileNotFoundError:
            done = None
        if done is None or done.returncode:
            self._folder.rmdir()
            return False
        self._ending.callback(subprocess.run, ["umount", str(self._folder)], check=True)
        return True


UNWRITABLE: Dict[str, Callable[[Disk], None]] = {"full": Disk.fill, "blocked": Disk.block}


@pytest.fixture
def ending() -> Iterator[ExitStack]:
    """What is to be done after a test."""
    with ExitStack() as stack:
        yield stack


def with_wrong_password(stand: Stand, cloud: Cloud) -> World:
    """A provider whose module has a password that the cloud refuses."""
    return World(stand, DoubleSite(cloud), password=WRONG)


def refused(cloud: Cloud) -> int:
    """How often the wrong password came to the cloud."""
    return sum(seen.kind_of_auth == "refused" for seen in cloud.requests)


def problems(stand: Stand) -> List[str]:
    """The codes of the problems that the administrators see, sorted."""
    found = [code for row in stand.problems() for code in TOLD if code in row["params"]]
    assert len(found) == len(stand.problems()), stand.problems()
    return sorted(found)


def fail(world: World, item: int, *codes: str) -> Run:
    """An order that ends with one of the errors, which stands on its operation."""
    operation = world.stand.add_operation("open", item)
    run = world.stand.run("open", item=item, runningoperation=operation)
    assert run.exit_code == 1
    assert run.error_type in codes, str(run)
    row = world.stand.operation(operation)
    assert row is not None
    assert run.error_type in row["errorxml"]
    return run


@pytest.mark.parametrize("kind", UNWRITABLE)
def test_a_refused_login_is_sent_once_and_each_problem_told_once(
    stand: Stand, cloud: Cloud, ending: ExitStack, kind: str
) -> None:
    world = with_wrong_password(stand, cloud)
    UNWRITABLE[kind](Disk(world, ending))
    for _ in range(OPERATIONS):
        fail(world, world.order(), "cloud_login_refused")
    assert refused(cloud) == 1
    assert problems(stand) == TOLD


def test_a_folder_that_is_read_only_lets_nothing_be_sent_and_is_told_once(
    stand: Stand, cloud: Cloud, ending: ExitStack
) -> None:
    world = with_wrong_password(stand, cloud)
    Disk(world, ending).make_read_only()
    for _ in range(OPERATIONS):
        fail(world, world.order(), "state_unwritable")
    assert not cloud.requests
    assert problems(stand) == ["state_unwritable"]


@pytest.mark.parametrize("kind", UNWRITABLE)
def test_what_is_only_remembered_fails_no_command(
    world: World, cloud: Cloud, ending: ExitStack, kind: str
) -> None:
    cloud.add_group(world.group)
    UNWRITABLE[kind](Disk(world, ending))
    item = world.order()
    for command in LIFE:
        if command not in (*ENDINGS, "restore"):  # which are about a record, and no memory
            run = world.call(command, item)
            assert command in table.FOR_PEOPLE or run.exit_code == 0, run
    assert world.stand.stats(item)
    assert problems(world.stand) == ["state_unwritable"]
    shown = world.call("pricelist_dynamic_settings_tune", item).check()
    assert world.group in shown.stdout.decode()


@pytest.fixture
def bare_world(stand: Stand, cloud: Cloud) -> World:
    """A provider whose module has no memory at all, and a wrong password."""
    world = with_wrong_password(stand, cloud)
    stand.start_by(WITHOUT_FILES)
    return world


def test_without_any_memory_one_process_at_a_time_asks_and_the_problem_is_told_once(
    bare_world: World, cloud: Cloud
) -> None:
    """What was told before is known by the operations that have the error."""
    visits = Visits(cloud)
    items = [bare_world.order() for _ in range(4)]
    runs: List[Run] = []
    threads = [
        threading.Thread(target=lambda item: runs.append(bare_world.run("open", item)), args=[item])
        for item in items
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [run.error_type for run in runs] == ["cloud_login_refused"] * 4
    assert visits.most == 1
    assert problems(bare_world.stand) == ["cloud_login_refused"]
    assert all(row["errorxml"] for row in bare_world.stand.operations())


def test_without_any_memory_a_repeated_operation_tells_nothing_again_until_one_has_succeeded(
    bare_world: World, cloud: Cloud
) -> None:
    stand, item = bare_world.stand, bare_world.order()
    operation = stand.add_operation("open", item)
    for expected in (1, 2):
        for _ in range(3):
            run = stand.run("open", item=item, runningoperation=operation)
            assert run.error_type == "cloud_login_refused"
        assert problems(stand) == ["cloud_login_refused"] * expected
        stand.sql("DELETE FROM runningoperation WHERE id = %s", operation)
        operation = stand.add_operation("open", item)


def test_without_any_memory_and_operation_nothing_is_told(bare_world: World) -> None:
    for _ in range(2):
        run = bare_world.stand.run("get_server_config", module=bare_world.module)
        assert run.error_type == "cloud_login_refused"
    assert not bare_world.stand.problems()


class Visits:
    """Counts the requests that are at a cloud at the same time; each takes a moment longer."""

    def __init__(self, cloud: Cloud) -> None:
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()
        cloud.before = self._count

    def _count(self, seen: Seen) -> None:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        threading.Event().wait(0.3)
        with self._lock:
            self._now -= 1


def test_without_any_memory_a_service_lives_as_ever(world: World) -> None:
    world.stand.start_by(WITHOUT_FILES)
    item = world.order()
    for command in LIFE:
        if command in table.SERVICES:
            world.run(command, item).check()
    assert not world.stand.problems()


def test_what_was_told_of_a_full_disk_is_told_again_when_it_is_full_again(world: World) -> None:
    item = world.opened()
    for expected in (1, 2):
        with ExitStack() as full:
            Disk(world, full).block()
            for command in ("sync_item", "suspend"):
                world.run(command, item).check()
        assert problems(world.stand) == ["state_unwritable"] * expected
        shutil.rmtree(memory(world.stand).folder)
        world.run("resume", item).check()
