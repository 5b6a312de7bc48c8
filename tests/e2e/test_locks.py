"""One operation per service and few per cloud: who waits, for how long, and what ends a wait."""

import os
import signal
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, List, Optional

import pytest

from tests import PATIENCE_S
from tests.doubles.billmanager import (
    ACTIVE,
    DELETED,
    PROCESSING,
    Call,
    CoreFault,
    ModuleProcess,
    Run,
    Stand,
)
from tests.doubles.cloud import Cloud, Seen
from tests.e2e.sites import DoubleSite
from tests.e2e.test_security import leaks
from tests.e2e.world import World
from tests.tools import table

pytestmark = pytest.mark.preloaded

AT_ONCE = 4
MOMENT_S = 1.5
"""Long enough for a program to start and to come to where it must not come."""
LEAST_WAIT_S = 5.0
"""How long a command waits for others where its budget is the smallest that may be set."""


@pytest.fixture(autouse=True)
def _nothing_leaks(stand: Stand) -> Iterator[None]:
    """Looks for secrets in everything that the runs of a test left."""
    yield
    assert not leaks(stand)


class Gate:
    """Holds the first requests at a cloud, `limit` of them, before they take effect."""

    def __init__(self, cloud: Cloud, limit: int, method: Optional[str] = None) -> None:
        self.held = 0
        self._limit = limit
        self._method = method
        self._changed = threading.Condition()
        self._open = threading.Event()
        cloud.before = self._pass

    def _pass(self, seen: Seen) -> None:
        with self._changed:
            if self.held >= self._limit or self._method not in (None, seen.method):
                return
            self.held += 1
            self._changed.notify_all()
        self._open.wait(PATIENCE_S)

    def wait_for(self, count: int) -> None:
        """Returns once so many requests are held. Raises AssertionError where they do not come."""
        with self._changed:
            came = self._changed.wait_for(lambda: self.held >= count, PATIENCE_S)
        assert came, f"{self.held} of {count} came"

    def open(self) -> None:
        """Lets all of them go on."""
        self._open.set()


@contextmanager
def gate(world: World, limit: int = 1, method: Optional[str] = None) -> Iterator[Gate]:
    """A gate at the world's cloud, open at the end whatever happens."""
    made = Gate(double(world), limit, method)
    try:
        yield made
    finally:
        made.open()


def double(world: World) -> Cloud:
    """The world's cloud, which is the double."""
    assert isinstance(world.site, DoubleSite)
    return world.site.cloud


def start(world: World, command: str, item: int, trycount: int = 0) -> ModuleProcess:
    """A command on a service, with an operation of its own."""
    operation = world.stand.add_operation(command, item, trycount)
    return world.stand.start(command, item=item, runningoperation=operation)


def start_stat(world: World) -> ModuleProcess:
    """The daily statistics of the world's module."""
    return world.stand.start("stat", module=world.module)


def has_not_come(process: ModuleProcess, world: World, requests: int) -> None:
    """Raises AssertionError where the process ended or asked the cloud within a moment."""
    time.sleep(MOMENT_S)
    assert process.poll() is None, str(process.finish())
    assert len(double(world).requests) == requests


def least_patience(world: World) -> None:
    """Sets the smallest budget."""
    world.stand.write("etc/pmnextcloud.conf", "budget_s = 20\n")


def check_busy(run: Run, value: str) -> None:
    """Raises AssertionError where a run gave up waiting before the time set for it, or never."""
    assert (run.exit_code, run.error_type, run.error_value) == (1, "busy", value), str(run)
    assert run.seconds >= LEAST_WAIT_S


# -- one service ------------------------------------------------------------------------------


@pytest.mark.parametrize("command", table.SERVICES)
def test_a_second_operation_of_a_service_waits_and_then_succeeds(
    world: World, command: str
) -> None:
    item = world.order()
    with gate(world) as held:
        first = start(world, "open", item)
        held.wait_for(1)
        second = start(world, command, item)
        has_not_come(second, world, requests=1)
    first.finish().check()
    second.finish().check()
    asked = [seen.connection_id for seen in double(world).requests]
    assert asked == sorted(asked)
    assert len(set(asked)) == 2
    assert (world.site.account(world.login(item)) is None) is (command == "close")


def test_a_second_operation_that_waits_too_long_is_busy(world: World) -> None:
    least_patience(world)
    item = world.order()
    with gate(world) as held:
        first = world.stand.start("open", item=item)
        held.wait_for(1)
        operation = world.stand.add_operation("open", item)
        run = world.stand.run("open", item=item, runningoperation=operation)
        check_busy(run, f"service {item}")
        assert len(double(world).requests) == 1
        row = world.stand.operation(operation)
        assert row is not None
        assert "busy" in row["errorxml"]
        assert row["manual"] is None
        assert not world.stand.problems()
    first.finish().check()
    world.stand.run("open", item=item, runningoperation=operation).check()
    assert world.customer_gets_in(item)
    assert not world.stand.operations(item)


def test_the_status_is_read_after_the_wait(world: World) -> None:
    item = world.opened()
    world.stand.set_status(item, PROCESSING)
    with gate(world, method="DELETE") as held:
        closing = start(world, "close", item)
        held.wait_for(1)
        opening = start(world, "open", item)
        asked = len(double(world).requests)
        has_not_come(opening, world, requests=asked)
    closing.finish().check()
    assert opening.finish().error_type == "service_closed"
    after = double(world).requests[asked:]  # by the closing, which looks whether all is gone
    assert [one.method for one in after] == ["GET"] * 3
    assert world.site.account(world.login(item)) is None
    assert world.status(item) == DELETED


# -- a holder that is killed ------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("takes_effect", ["meanwhile", "afterwards"])
def test_a_killed_holder_frees_its_service_at_once(
    world: World, method: str, takes_effect: str
) -> None:
    double(world).add_group(world.group)
    item = world.order()
    with gate(world, method=method) as held:
        first = start(world, "open", item)
        held.wait_for(1)
        second = start(world, "open", item)
        has_not_come(second, world, requests=len(double(world).requests))
        first.kill_group()
        if takes_effect == "meanwhile":
            held.open()
        second.finish().check()
    assert first.finish().exit_code == -signal.SIGKILL
    assert set(double(world).users) == {"admin", world.login(item)}
    world.run("open", item).check()
    assert world.customer_gets_in(item)
    assert world.status(item) == ACTIVE


def test_a_killed_holder_frees_its_turn_at_the_cloud(world: World) -> None:
    tariff = world.tariff()
    items = [world.order(tariff) for _ in range(AT_ONCE + 1)]
    with gate(world, limit=AT_ONCE) as held:
        holders = [start(world, "open", item) for item in items[:-1]]
        held.wait_for(AT_ONCE)
        waiting = start(world, "open", items[-1])
        has_not_come(waiting, world, requests=AT_ONCE)
        holders[2].kill_group()
        waiting.finish().check()
    for place, holder in enumerate(holders):
        assert holder.finish().exit_code == (-signal.SIGKILL if place == 2 else 0)


def test_a_mark_that_outlives_its_module_does_not_lock_the_customer_out(world: World) -> None:
    """Of the first run only its mgrctl survives; what it saves arrives two runs later."""
    item = world.order()
    late, arrived = threading.Event(), threading.Event()
    calls: List[Call] = []

    def hold_the_first(call: Call) -> None:
        calls.append(call)
        if len(calls) == 1:
            late.wait(PATIENCE_S)

    def has_arrived(call: Call) -> None:
        if call is calls[0]:
            arrived.set()

    world.stand.before_call, world.stand.after_call = hold_the_first, has_arrived
    first = start(world, "open", item)
    deadline = time.monotonic() + PATIENCE_S
    while not calls and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(first.pid, signal.SIGKILL)
    assert first.finish().exit_code == -signal.SIGKILL
    world.stand.core_faults.append(CoreFault("backupservice[.]open", kind="error"))
    second = world.run("open", item)
    assert second.error_type == "core_refused"
    assert world.customer_gets_in(item)
    late.set()
    assert arrived.wait(PATIENCE_S)
    world.run("open", item).check()
    assert world.customer_gets_in(item)


# -- several services -------------------------------------------------------------------------


def test_four_services_are_served_at_once_and_a_fifth_waits(world: World) -> None:
    tariff = world.tariff()
    items = [world.order(tariff) for _ in range(AT_ONCE + 1)]
    with gate(world, limit=AT_ONCE) as held:
        processes = [start(world, "open", item) for item in items[:-1]]
        held.wait_for(AT_ONCE)
        for more in (start(world, "open", items[-1]), start_stat(world)):
            has_not_come(more, world, requests=AT_ONCE)
            processes.append(more)
    for process in processes:
        process.finish().check()
    assert all(world.customer_gets_in(item) for item in items)


def test_who_waits_for_his_service_takes_no_turn_at_the_cloud(world: World) -> None:
    tariff = world.tariff()
    items = [world.order(tariff) for _ in range(AT_ONCE)]
    with gate(world, limit=AT_ONCE) as held:
        processes = [start(world, "open", items[0])]
        held.wait_for(1)
        processes += [start(world, "open", items[0]) for _ in range(AT_ONCE)]
        has_not_come(processes[-1], world, requests=1)
        processes += [start(world, "open", item) for item in items[1:]]
        held.wait_for(AT_ONCE)
    for process in processes:
        process.finish().check()


def test_a_run_for_many_that_waits_for_a_service_takes_no_turn_at_the_cloud(world: World) -> None:
    tariff = world.tariff()
    items = [world.order(tariff) for _ in range(AT_ONCE)]
    with gate(world, limit=AT_ONCE) as held:
        processes = [start(world, "open", items[0])]
        held.wait_for(1)
        words = ["--login", world.login(items[0])]
        processes.append(world.stand.start("adopt", item=items[0], extra=words))
        has_not_come(processes[-1], world, requests=1)
        processes += [start(world, "open", item) for item in items[1:]]
        held.wait_for(AT_ONCE)
    for process in processes:
        assert process.finish().exit_code == 0, process.finish()


def test_forms_and_other_clouds_do_not_wait(world: World) -> None:
    tariff = world.tariff()
    with Cloud() as cloud, gate(world, limit=AT_ONCE) as held:
        holders = [start(world, "open", world.order(tariff)) for _ in range(AT_ONCE)]
        held.wait_for(AT_ONCE)
        for command in table.FORMS:
            assert world.call(command, world.items[0]).exit_code == 0, "not busy"
        other = World(world.stand, DoubleSite(cloud))
        other.stand.run("open", item=other.order()).check()
    for holder in holders:
        holder.finish().check()


def test_a_turn_that_does_not_come_is_no_fault_of_the_service(world: World) -> None:
    least_patience(world)
    tariff = world.tariff()
    with gate(world, limit=AT_ONCE) as held:
        holders = [world.stand.start("open", item=world.order(tariff)) for _ in range(AT_ONCE)]
        held.wait_for(AT_ONCE)
        item = world.order(tariff)
        operation = world.stand.add_operation("open", item, trycount=50)
        run = world.stand.run("open", item=item, runningoperation=operation)
        check_busy(run, f"module {world.module}")
        assert len(double(world).requests) == AT_ONCE
    for holder in holders:
        holder.finish().check()
    row = world.stand.operation(operation)
    assert row is not None
    assert row["manual"] is None
    assert not world.stand.tasks()


# -- the files --------------------------------------------------------------------------------


def test_lock_files_are_empty_and_nobody_elses(world: World) -> None:
    before = os.umask(0)
    try:
        item = world.opened()
        world.stand.run("stat", module=world.module).check()
    finally:
        os.umask(before)
    folder = world.stand.root / "var/pmnextcloud"
    locks = {path.name: path.stat() for path in folder.glob("*.lock")}
    of_module = {f"{name}-{world.module}.json.lock" for name in ("cloud", "secrets")}
    of_items = f"left-{item // 1000}.json.lock"
    assert set(locks) == {"services.json.lock", "marks.json.lock", of_items, *of_module}
    for name, stat in locks.items():
        assert stat.st_mode & 0o777 == 0o600, name
        assert stat.st_size == 0, name
    assert folder.stat().st_mode & 0o777 == 0o700
    assert world.status(item) == ACTIVE


def in_the_way(world: World, what: str) -> None:
    """Makes what a process must write impossible, for root too."""
    folder: Path = world.stand.root / "var/pmnextcloud"
    if what == "folder":
        folder.write_text("not a folder")
        return
    name = "services" if what == "services" else f"cloud-{world.module}"
    (folder / f"{name}.json.lock").mkdir(parents=True)


@pytest.mark.parametrize("what", ["folder", "services", "cloud"])
def test_without_its_locks_nothing_is_done(world: World, what: str) -> None:
    item = world.order()
    in_the_way(world, what)
    operation = world.stand.add_operation("open", item, trycount=50)
    runs = [
        world.stand.run(command, item=item, runningoperation=operation)
        for command in table.SERVICES
    ]
    if what != "services":
        runs += [world.stand.run(command, module=world.module) for command in table.MODULES]
    for run in runs:
        assert (run.exit_code, run.error_type) == (1, "state_unwritable"), str(run)
        assert "pmnextcloud" in (run.error_value or "")
    assert not double(world).requests
    assert not world.stand.params(item)
    assert world.status(item) == PROCESSING
    row = world.stand.operation(operation)
    assert row is not None
    assert "state_unwritable" in row["errorxml"]
    assert row["manual"] is None
    assert not world.stand.tasks()
    world.stand.run("tune_connection", stdin="<doc/>").check()
