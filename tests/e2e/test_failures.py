"""What becomes of a failure: on the operation, as a task for staff, as a problem of the module."""

import threading
import time
from contextlib import ExitStack
from typing import Any, Callable, Dict, List, NamedTuple

import pytest
from lxml import etree

from tests.doubles.billmanager import (
    ACTIVE,
    PROCESSING,
    SUSPENDED,
    Call,
    CoreFault,
    Run,
    Stand,
)
from tests.doubles.billmanager.keys import Key
from tests.doubles.cloud import Cloud, Fault
from tests.e2e.sites import DoubleSite
from tests.e2e.world import World

pytestmark = pytest.mark.preloaded


class Outcome(NamedTuple):
    """A failed run with its running operation afterwards."""

    run: Run
    operation: Dict[str, Any]

    @property
    def is_manual(self) -> bool:
        """Whether the operation was left to staff."""
        return self.operation["manual"] == "on"


def fail(world: World, command: str, item: int, error_type: str, trycount: int = 0) -> Outcome:
    """Runs a command that must fail with that type, on an operation that was tried so often.

    Raises AssertionError where the operation is gone, or bears another error than was answered.
    """
    operation = world.stand.add_operation(command, item, trycount)
    return again(world, command, item, error_type, operation)


def again(world: World, command: str, item: int, error_type: str, operation: int) -> Outcome:
    """As `fail`, on an operation that is there already."""
    run = world.stand.run(command, item=item, runningoperation=operation)
    assert (run.exit_code, run.error_type) == (1, error_type), str(run)
    row = world.stand.operation(operation)
    assert row is not None
    if row["errorxml"] is not None:
        assert canonical(row["errorxml"].encode()) == canonical(run.stdout)
    return Outcome(run, row)


def canonical(document: bytes) -> bytes:
    """A document in the one spelling of it."""
    return etree.tostring(etree.fromstring(document), method="c14n")


def without_disk(world: World) -> int:
    """An order that nobody can fulfil: its tariff has no add-on for the space."""
    return world.order(world.stand.add_tariff(world.itemtype, addons=[]))


def double(world: World) -> Cloud:
    """The world's cloud, which is the double."""
    assert isinstance(world.site, DoubleSite)
    return world.site.cloud


# -- faults of one service --------------------------------------------------------------------


def test_a_permanent_fault_goes_to_staff_at_once_and_once(world: World) -> None:
    item = without_disk(world)
    first = fail(world, "open", item, "quota_missing")
    assert first.operation["errorxml"]
    assert first.is_manual
    tasks = world.stand.tasks()
    assert [(task["type_name"], task["item"], task["runningoperation"]) for task in tasks] == [
        ("open", item, first.operation["id"])
    ]
    again(world, "open", item, "quota_missing", first.operation["id"])
    assert world.stand.tasks() == tasks
    assert not world.stand.problems()
    assert world.status(item) == PROCESSING
    assert not double(world).users.find(world.login(item))


def test_a_permanent_fault_after_the_task_was_closed_is_a_task_again(world: World) -> None:
    item = without_disk(world)
    first = fail(world, "open", item, "quota_missing")
    world.stand.sql("UPDATE task SET status = 2")
    world.stand.sql("UPDATE runningoperation SET manual = NULL")
    second = again(world, "open", item, "quota_missing", first.operation["id"])
    assert second.is_manual
    assert [task["status"] for task in world.stand.tasks()] == [2, 0]


def test_an_operation_without_a_type_of_task_goes_to_staff_all_the_same(world: World) -> None:
    world.stand.sql("DELETE FROM tasktype WHERE intname = 'open'")
    assert fail(world, "open", without_disk(world), "quota_missing").is_manual
    assert not world.stand.tasks()


def lost_write(world: World) -> None:
    """Every change loses its way: the connection ends before anything happens."""
    double(world).faults.append(Fault("cut_before", method="PUT", times=None))


def written_in_vain(world: World) -> None:
    """The cloud says yes to every change and makes none."""
    double(world).faults.append(Fault("ocs", method="PUT", times=None, code=100))


def locked_storage(world: World) -> None:
    """The cloud cannot read the storage of any account."""
    for user in double(world).users.values():
        user.storage_locked = True


@pytest.mark.parametrize(
    ("command", "break_it", "error_type"),
    [
        ("suspend", lost_write, "cloud_lost"),
        ("setparam", written_in_vain, "not_as_ordered"),
        ("setparam", locked_storage, "quota_unread"),
    ],
)
def test_a_passing_fault_goes_to_staff_after_ten_tries(
    world: World, command: str, break_it: Callable[[World], None], error_type: str
) -> None:
    item = world.opened()
    if command == "setparam":
        world.stand.change_tariff(item, world.tariff(gib=9))
    break_it(world)
    ninth = fail(world, command, item, error_type, trycount=9)
    assert ninth.operation["errorxml"]
    assert not ninth.is_manual
    assert not world.stand.tasks()
    tenth = fail(world, command, item, error_type, trycount=10)
    assert tenth.is_manual
    assert [task["runningoperation"] for task in world.stand.tasks()] == [tenth.operation["id"]]
    again(world, command, item, error_type, tenth.operation["id"])
    assert len(world.stand.tasks()) == 1
    assert not world.stand.problems()


def test_the_settings_say_after_how_many_tries(world: World) -> None:
    item = world.opened()
    lost_write(world)
    world.stand.write("etc/pmnextcloud.conf", "tries_before_manual = 2\n")
    assert not fail(world, "suspend", item, "cloud_lost", trycount=1).is_manual
    assert fail(world, "suspend", item, "cloud_lost", trycount=2).is_manual


def test_a_passing_fault_that_passed_leaves_no_trace(world: World) -> None:
    item = world.opened()
    lost_write(world)
    operation = fail(world, "suspend", item, "cloud_lost", trycount=5).operation["id"]
    double(world).faults.clear()
    world.stand.run("suspend", item=item, runningoperation=operation).check()
    assert world.status(item) == SUSPENDED
    assert not world.stand.operations()
    assert not world.stand.tasks()


# -- faults of the module ---------------------------------------------------------------------


def login_refused(cloud: Cloud) -> None:
    """Somebody changed the administrator's password."""
    cloud.users["admin"].password = "Another-Pw-for-tests-9"


def no_rights(cloud: Cloud) -> None:
    """The module's user is no administrator any more."""
    cloud.users["admin"].groups.clear()


def host_dead(cloud: Cloud) -> None:
    """Nobody listens."""
    cloud.pause()


def in_maintenance(cloud: Cloud) -> None:
    """The cloud is being updated."""
    cloud.maintenance = True


def throttled(cloud: Cloud) -> None:
    """The cloud has seen too many wrong passwords."""
    for _ in range(11):
        cloud.door.brute_force.failed("somebody")


def nothing_more(cloud: Cloud) -> None:
    """The fault is there from the beginning."""


@pytest.mark.parametrize(
    ("error_type", "break_it", "tls"),
    [
        ("cloud_login_refused", login_refused, None),
        ("cloud_rights_missing", no_rights, None),
        ("cloud_unreachable", host_dead, None),
        ("cloud_maintenance", in_maintenance, None),
        ("cloud_throttled", throttled, None),
        ("cloud_certificate", nothing_more, "expired"),
    ],
)
def test_a_fault_of_the_module_is_one_problem_and_no_task(
    stand: Stand, error_type: str, break_it: Callable[[Cloud], None], tls: Any
) -> None:
    with Cloud(tls=tls) as cloud:
        world = World(stand, DoubleSite(cloud))
        items = [world.order(), world.order()]
        break_it(cloud)
        outcomes = [fail(world, "open", item, error_type, trycount=50) for item in items]
        run = stand.run("get_server_config", module=world.module)
        assert (run.exit_code, run.error_type) == (1, error_type)
        assert all(outcome.operation["errorxml"] for outcome in outcomes)
        assert not any(outcome.is_manual for outcome in outcomes)
        assert not stand.tasks()
        assert [world.status(item) for item in items] == [PROCESSING, PROCESSING]
        assert not [login for login in cloud.users if login.startswith("user_")]
        problems = stand.problems()
        assert [(row["name"], row["elid"], row["level"]) for row in problems] == [
            ("processingmodule_connect", world.module, "error")
        ]
        assert error_type in problems[0]["params"]


def test_a_problem_is_registered_again_once_it_had_worked_in_between(world: World) -> None:
    item = world.opened()
    cloud = double(world)
    for expected in (1, 2):
        in_maintenance(cloud)
        fail(world, "suspend", item, "cloud_maintenance")
        fail(world, "suspend", item, "cloud_maintenance")
        assert len(world.stand.problems()) == expected
        cloud.maintenance = False
        world.run("suspend", item).check()


def test_a_success_that_never_met_the_cloud_does_not_end_a_problem(world: World) -> None:
    items = [world.order() for _ in range(3)]
    in_maintenance(double(world))
    fail(world, "open", items[0], "cloud_maintenance")
    asked = len(double(world).requests)
    world.run("close", items[1]).check()
    world.stand.run("stat", module=world.module).check()
    assert len(double(world).requests) == asked
    fail(world, "open", items[2], "cloud_maintenance")
    assert len(world.stand.problems()) == 1


def test_another_fault_is_another_problem(world: World) -> None:
    item = world.opened()
    in_maintenance(double(world))
    fail(world, "suspend", item, "cloud_maintenance")
    host_dead(double(world))
    fail(world, "suspend", item, "cloud_unreachable")
    fail(world, "suspend", item, "cloud_unreachable")
    texts = [row["params"] for row in world.stand.problems()]
    assert len(texts) == 2
    assert "cloud_maintenance" in texts[0]
    assert "cloud_unreachable" in texts[1]


def test_every_module_has_problems_of_its_own(world: World) -> None:
    other = world.stand.add_module(world.site.url, "admin", world.site.password)
    in_maintenance(double(world))
    for module in (world.module, other, world.module, other):
        run = world.stand.run("get_server_config", module=module)
        assert run.error_type == "cloud_maintenance"
    assert [row["elid"] for row in world.stand.problems()] == [world.module, other]


def test_operations_that_fail_at_the_same_time_are_one_problem(world: World) -> None:
    items = [world.order() for _ in range(3)]
    in_maintenance(double(world))

    def slowly(call: Call) -> None:
        if call.function == "problems.register":
            time.sleep(1.5)  # long enough for the others to come to the same point

    world.stand.before_call = slowly
    processes = [
        world.stand.start(
            "open", item=item, runningoperation=world.stand.add_operation("open", item)
        )
        for item in items
    ]
    assert [process.finish().error_type for process in processes] == ["cloud_maintenance"] * 3
    assert len(world.stand.problems()) == 1


# -- faults of BILLmanager's own server -------------------------------------------------------


def test_settings_that_cannot_be_used_leave_operations_alone(world: World) -> None:
    world.stand.write("etc/pmnextcloud.conf", "no such setting\n")
    outcome = fail(world, "open", world.order(), "settings_broken", trycount=50)
    assert outcome.operation["errorxml"]
    assert not outcome.is_manual
    assert not world.stand.tasks()
    assert not world.stand.problems()


@pytest.mark.parametrize("what", ["database", "key"])
def test_a_broken_host_leaves_operations_alone(world: World, what: str) -> None:
    item = world.order()
    if what == "database":
        world.stand.write_db_conf(DBSocket="/nonexistent/db.sock")
    else:
        world.stand.write("etc/billmgr.pem", "no key")
    outcome = fail(world, "open", item, f"{what}_unavailable", trycount=50)
    assert outcome.operation["errorxml"]
    assert not outcome.is_manual
    assert not world.stand.tasks()
    assert not world.stand.problems()


def test_a_key_of_another_billmanager_is_no_fault_of_one_service(world: World) -> None:
    item = world.opened()
    stored = world.stand.sql("SELECT value FROM processingcryptedparam")[0]["value"]
    key = Key()
    while _reads(key, stored):
        key = Key()
    world.stand.write("etc/billmgr.pem", key.pem(), mode=0o600)
    asked = len(double(world).requests)
    outcome = fail(world, "suspend", item, "module_secret_broken")
    assert not outcome.is_manual
    assert not world.stand.tasks()
    assert len(double(world).requests) == asked


def _reads(key: Key, encrypted: str) -> bool:
    """Whether a key makes text of what another one encrypted; newer OpenSSL gives random bytes."""
    try:
        key.decrypt(encrypted)
    except ValueError:
        return False
    return True


# -- what is not written ----------------------------------------------------------------------


def test_without_a_running_operation_nothing_is_written(world: World) -> None:
    item = without_disk(world)
    waiting = world.stand.add_operation("open", item, trycount=50)
    before = world.stand.operation(waiting)
    run = world.stand.run("open", item=item)
    assert (run.exit_code, run.error_type) == (1, "quota_missing")
    assert not world.stand.calls
    assert world.stand.operation(waiting) == before


def test_a_cloud_that_repeats_the_password_does_not_spread_it(world: World) -> None:
    words = f"user admin:{world.site.password} may not do this"
    double(world).faults.append(
        Fault("ocs", method="POST", path="/users$", times=None, code=101, message=words)
    )
    refused = fail(world, "open", world.order(), "account_refused")
    double(world).faults[:] = [Fault("ocs", times=None, code=429, message=words)]
    throttled_too = fail(world, "open", world.order(), "cloud_throttled")
    texts = [str(row) for table in (world.stand.tasks(), world.stand.problems()) for row in table]
    for outcome in (refused, throttled_too):
        texts += [outcome.operation["errorxml"], outcome.run.stdout.decode()]
    for call in world.stand.calls:
        texts += call.values.values()
    assert "may not do this" in "".join(texts)
    assert not [text for text in texts if world.site.password in text]


# -- when reporting fails too -----------------------------------------------------------------


def test_the_first_fault_is_answered_although_the_core_is_down(world: World) -> None:
    item = without_disk(world)
    world.stand.core_down = True
    outcome = fail(world, "open", item, "quota_missing")
    assert outcome.operation["errorxml"] is None


@pytest.mark.parametrize(
    ("function", "kind"),
    [("runningoperation.edit", "error"), ("task.gettype", "garbage"), ("task.edit", "error")],
)
def test_the_first_fault_is_answered_although_the_core_refuses_the_report(
    world: World, function: str, kind: str
) -> None:
    world.stand.core_faults.append(CoreFault(function, kind=kind, times=None))
    fail(world, "open", without_disk(world), "quota_missing")
    assert not world.stand.tasks()


def test_a_problem_that_cannot_be_registered_is_tried_again(world: World) -> None:
    item = world.opened()
    in_maintenance(double(world))
    world.stand.core_faults.append(CoreFault("problems.register", kind="error"))
    for expected in (0, 1, 1):
        fail(world, "suspend", item, "cloud_maintenance")
        assert len(world.stand.problems()) == expected


def test_a_module_that_cannot_remember_its_problem_still_reports_and_works(
    world: World,
) -> None:
    # A folder where the file belongs can be neither replaced nor removed.
    world.stand.write(f"var/pmnextcloud/problem-{world.module}.json/in/the/way", "")
    in_maintenance(double(world))
    item = world.order()
    fail(world, "open", item, "cloud_maintenance")
    # That it cannot be remembered there is a problem as well.
    assert len(world.stand.problems()) == 2
    double(world).maintenance = False
    world.run("open", item).check()
    assert world.status(item) == ACTIVE


@pytest.mark.parametrize(
    ("function", "count"),
    [("task.edit", "tasks"), ("problems.register", "problems")],
)
def test_a_report_whose_answer_is_lost_is_made_once(
    world: World, function: str, count: str
) -> None:
    world.stand.core_faults.append(CoreFault(function, kind="cut_after_effect"))
    if count == "tasks":
        fail(world, "open", without_disk(world), "quota_missing")
    else:
        in_maintenance(double(world))
        fail(world, "open", world.order(), "cloud_maintenance")
    rows: List[Any] = getattr(world.stand, count)()
    assert len(rows) == 1


# -- time and a core that is away for a moment ------------------------------------------------


@pytest.mark.sibling
def test_a_stalling_cloud_costs_the_time_of_one_command(world: World) -> None:
    stand = world.stand
    stand.write("etc/pmnextcloud.conf", "budget_s = 20\n")
    stand.sql("DELETE FROM processingparam WHERE intname = 'timeout'")
    stand.database.insert(
        "processingparam", processingmodule=world.module, intname="timeout", value="300"
    )
    items = [world.order(), world.order()]
    double(world).faults.append(Fault("stall", times=None, seconds=120))
    outcomes: List[Outcome] = []
    with ExitStack() as stack:
        for trycount, item in zip((9, 10), items):
            thread = threading.Thread(
                target=lambda *args: outcomes.append(fail(*args)),
                args=(world, "open", item, "out_of_time", trycount),
            )
            thread.start()
            stack.callback(thread.join)
    outcomes.sort(key=lambda outcome: outcome.operation["id"])
    assert [outcome.is_manual for outcome in outcomes] == [False, True]
    assert all(outcome.operation["errorxml"] for outcome in outcomes)
    assert all(outcome.run.seconds < 60 for outcome in outcomes), "half of what the cloud takes"
    assert not stand.problems()


def test_a_core_that_is_away_for_a_moment_is_asked_again(world: World) -> None:
    functions = ("service.saveparam", "backupservice.open", "service.postsuspend")
    world.stand.core_faults = [
        *(CoreFault(function, kind="exit1") for function in functions),
        CoreFault("service.postresume", kind="cut_after_effect"),
    ]
    item = world.opened()
    assert world.customer_gets_in(item)
    world.run("suspend", item).check()
    assert world.status(item) == SUSPENDED
    world.run("resume", item).check()
    assert world.status(item) == ACTIVE
    assert not world.stand.operations()
