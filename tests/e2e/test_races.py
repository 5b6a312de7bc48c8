"""Commands that run at the same time: whoever comes first, the end is one that either order has.

The cloud answers slowly, so that the runs really overlap; each race is repeated with services of
its own, all of them at once.
"""

import json
import threading
import time
from datetime import date, timedelta
from typing import Callable, Dict, Iterator, List, Optional, Sequence, Set, Tuple

import pytest

from tests import PATIENCE_S
from tests.doubles.billmanager import ACTIVE, DELETED, SUSPENDED, ModuleProcess, Run, Stand
from tests.doubles.cloud import LATE, Cloud, Fault, Seen
from tests.e2e.sites import GIB, DoubleSite
from tests.e2e.test_security import leaks
from tests.e2e.world import World
from utils.accounts import endings
from utils.host.locks import LockFile

PAIRS = 10
FEW = 5
AT_ONCE = 4
DELAY_S = 0.3
MOMENT_S = 3.0
"""Long enough for some programs to start and to come to where they wait."""

Record = Callable[[str, object], None]
pytestmark = [pytest.mark.preloaded, pytest.mark.proof("races")]


@pytest.fixture(autouse=True)
def _nothing_leaks(stand: Stand) -> Iterator[None]:
    """Looks for secrets in everything that the runs of a test left."""
    yield
    assert not leaks(stand)


def double(world: World) -> Cloud:
    """The world's cloud, which is the double."""
    assert isinstance(world.site, DoubleSite)
    return world.site.cloud


def slow(world: World, effect: Optional[str] = None) -> None:
    """Every answer takes its time; with LATE what was asked for happens only at its end."""
    double(world).faults[:] = [Fault("stall", times=None, seconds=DELAY_S, effect=effect)]


def start(world: World, command: str, item: int, operation: Optional[int] = None) -> ModuleProcess:
    """A command on a service, with an operation of its own."""
    if operation is None:
        operation = world.stand.add_operation(command, item)
    return world.stand.start(command, item=item, runningoperation=operation)


def opened(world: World, count: int) -> List[int]:
    """Opens services at the same time, which is quicker."""
    tariff = world.tariff()
    double(world).add_group(world.group)
    items = [world.order(tariff) for _ in range(count)]
    for process in [start(world, "open", item) for item in items]:
        process.finish().check()
    return items


def race(world: World, items: Sequence[int], first: str, second: str) -> Dict[int, List[Run]]:
    """Both commands on each of the services, `first` started a moment earlier or not at all.

    Both operations are there before either is started: nobody orders anything of a closed service.
    Raises AssertionError where one neither succeeded nor said in one document why not.
    """
    started: List[Tuple[int, ModuleProcess]] = []
    for place, item in enumerate(items):
        operations = [world.stand.add_operation(command, item) for command in (first, second)]
        started.append((item, start(world, first, item, operations[0])))
        time.sleep(0.05 * (place % 3))
        started.append((item, start(world, second, item, operations[1])))
    runs: Dict[int, List[Run]] = {item: [] for item in items}
    for item, process in started:
        run = process.finish()
        assert (run.exit_code, run.error_type is None) in ((0, True), (1, False)), str(run)
        runs[item].append(run)
    return runs


def check_done(runs: Sequence[Run], second: str) -> None:
    """Raises AssertionError where a run has failed, other than for coming after the end."""
    allowed = (None,) if second != "close" else (None, "account_missing", "service_closed")
    assert all(run.error_type in allowed for run in runs), runs


def check_closed(world: World, item: int, closing: Run) -> None:
    """Raises AssertionError where the service is not closed, or was opened after that."""
    closing.check()
    assert world.status(item) == DELETED
    assert not world.stand.operations(item)
    calls = [
        call.function
        for call in world.stand.calls
        if call.args.get("elid") == str(item) and call.error_type is None
    ]
    after = calls[calls.index("service.postclose") :]
    assert not [name for name in after if name.endswith(".open")]


class Meter:
    """Measures how many are at a cloud at the same time, once four of them have met there."""

    def __init__(self, cloud: Cloud) -> None:
        self.most_requests = 0
        self._now = 0
        self._spans: Dict[int, List[float]] = {}
        self._changed = threading.Condition()
        cloud.before = self._enter
        cloud.after = self._leave

    def _enter(self, seen: Seen) -> None:
        with self._changed:
            self._spans.setdefault(seen.connection_id, [time.monotonic()])
            self._now += 1
            waits = self.most_requests < AT_ONCE
            self.most_requests = max(self.most_requests, self._now)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self.most_requests >= AT_ONCE, PATIENCE_S)
        if waits:
            time.sleep(1)  # time for a fifth to come, if one may

    def _leave(self, seen: Seen) -> None:
        with self._changed:
            self._now -= 1
            self._spans[seen.connection_id][1:] = [time.monotonic()]

    @property
    def most_connections(self) -> int:
        """The largest number of connections that had a request before and one after some moment."""
        spans = list(self._spans.values())
        return max(sum(1 for begin, end in spans if begin <= moment <= end) for moment, _ in spans)


# -- opening ----------------------------------------------------------------------------------


@pytest.mark.parametrize("effect", [None, LATE], ids=["late-answer", "late-effect"])
def test_the_same_open_five_times_at_once(world: World, effect: Optional[str]) -> None:
    slow(world, effect)
    item = world.order(world.tariff(gib=7))
    runs = [process.finish() for process in [start(world, "open", item) for _ in range(5)]]
    assert {run.error_type for run in runs} <= {None, "busy"}
    assert any(run.exit_code == 0 for run in runs)
    login = world.login(item)
    assert set(double(world).users) == {"admin", login}
    account = world.site.account(login)
    assert account is not None
    assert (account.quota_bytes, account.groups) == (7 * GIB, {world.group})
    assert (account.enabled, account.email) == (True, "client7@example.com")
    params = world.stand.params(item)
    assert world.customer_gets_in(item)
    assert json.loads(params["pmnextcloud_mark"])[-2] == params["userpassword"]
    assert world.status(item) == ACTIVE
    assert not world.stand.operations(item)
    made = [
        seen
        for seen in double(world).requests
        if seen.method == "POST" and seen.path.endswith("/users") and seen.ocs_code == 100
    ]
    assert len(made) == 1


@pytest.mark.parametrize(
    "conf",
    [pytest.param("", marks=pytest.mark.long), "taken_login = suffix\n"],
    ids=["refuse", "suffix"],
)
def test_services_that_want_the_same_name_at_once_get_one_each_or_none(
    world: World, conf: str, record_property: Record
) -> None:
    """One has it, and only those that may have another one get an account beside."""
    world.stand.write("etc/pmnextcloud.conf", conf)
    tariff = world.tariff(cloud_login="@EMAIL_NAME@")
    double(world).add_group(world.group)
    items = [world.order(tariff) for _ in range(AT_ONCE)]
    slow(world)
    runs = [process.finish() for process in [start(world, "open", item) for item in items]]
    double(world).faults.clear()
    assert {run.error_type for run in runs} <= {None, "login_taken"}
    done = [item for item, run in zip(items, runs) if run.error_type is None]
    assert len(done) == (AT_ONCE if conf else 1)
    names = {world.stand.params(item)["username"] for item in done}
    assert {user.login for user in double(world).users.values()} == {*names, "admin"}
    assert len(names) == len(done)
    assert all(world.customer_gets_in(item) for item in done)
    record_property("tried", AT_ONCE)


def test_twenty_different_ones_at_once_and_four_at_the_cloud(
    world: World, record_property: Record
) -> None:
    record_property("tried", 20)
    tariff = world.tariff()
    items = [world.order(tariff) for _ in range(20)]
    meter = Meter(double(world))
    for process in [start(world, "open", item) for item in items]:
        process.finish().check()
    assert meter.most_requests == AT_ONCE
    assert meter.most_connections == AT_ONCE
    double(world).before = double(world).after = None
    assert set(double(world).users) == {"admin", *map(world.login, items)}
    for item in items:
        assert world.status(item) == ACTIVE
        assert world.customer_gets_in(item)
        assert double(world).users[world.login(item)].groups == {world.group}
    assert len({world.stand.params(item)["userpassword"] for item in items}) == 20
    assert not world.stand.operations()


# -- closing ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "effect"), [("open", "close", None), ("close", "open", LATE)]
)
def test_open_against_close(
    world: World, record_property: Record, first: str, second: str, effect: Optional[str]
) -> None:
    record_property("tried", PAIRS)
    slow(world, effect)
    double(world).add_group(world.group)
    tariff = world.tariff()
    items = [world.order(tariff) for _ in range(PAIRS)]
    for item, runs in race(world, items, first, second).items():
        closing, opening = runs if first == "close" else reversed(runs)
        assert opening.error_type in (None, "service_closed"), str(opening)
        check_closed(world, item, closing)
    assert set(double(world).users) == {"admin"}
    again = world.run("open", items[0])
    assert (again.exit_code, again.error_type) == (1, "service_closed")


@pytest.mark.parametrize("on_close", ["delete", "disable"])
def test_a_repeated_open_against_close(
    world: World, record_property: Record, on_close: str
) -> None:
    record_property("tried", FEW)
    world.stand.write("etc/pmnextcloud.conf", f"on_close = {on_close}\n")
    items = opened(world, FEW)
    slow(world)
    for item, (opening, closing) in race(world, items, "open", "close").items():
        assert opening.error_type in (None, "service_closed"), str(opening)
        check_closed(world, item, closing)
    check_accounts(world, items, on_close)


def check_accounts(world: World, items: Sequence[int], on_close: str) -> None:
    """Raises AssertionError where closed services have accounts that the settings do not keep."""
    double(world).faults.clear()
    for item in items:
        account = world.site.account(world.login(item))
        if on_close == "delete":
            assert account is None
        else:
            assert account is not None
            assert not account.enabled
        assert not world.customer_gets_in(item)


@pytest.mark.parametrize("on_close", ["delete", "disable"])
@pytest.mark.parametrize("command", ["setparam", "resume"])
def test_a_change_against_close(
    world: World, record_property: Record, command: str, on_close: str
) -> None:
    record_property("tried", FEW)
    world.stand.write("etc/pmnextcloud.conf", f"on_close = {on_close}\n")
    items = opened(world, FEW)
    if command == "resume":
        for process in [start(world, "suspend", item) for item in items]:
            process.finish().check()
    else:
        larger = world.tariff(gib=9, group="gold")
        for item in items:
            world.stand.change_tariff(item, larger)
    slow(world)
    allowed = (None, "account_missing", "service_closed", "core_refused")
    for item, (changing, closing) in race(world, items, command, "close").items():
        assert changing.error_type in allowed, str(changing)
        check_closed(world, item, closing)
    check_accounts(world, items, on_close)


@pytest.mark.parametrize("command", ["resume", "setparam", "suspend"])
def test_a_closed_service_whose_account_is_kept_stays_locked(world: World, command: str) -> None:
    world.stand.write("etc/pmnextcloud.conf", "on_close = disable\n")
    item = world.opened()
    world.run("close", item).check()
    run = world.run(command, item)
    assert run.exit_code == 1, str(run)
    check_accounts(world, [item], "disable")
    assert world.status(item) == DELETED


def test_usage_is_read_while_services_are_closed(world: World, record_property: Record) -> None:
    record_property("tried", FEW)
    items = opened(world, FEW)
    slow(world)
    counting = world.stand.start("stat", module=world.module)
    closing = [start(world, "close", item) for item in items[::2]]
    for process in (*closing, counting):
        process.finish().check()
    rows = {row["item"] for row in world.stand.stats(world.module)}
    assert set(items[1::2]) <= rows <= set(items)
    assert len(world.stand.called("service.poststat")) == 1
    check_accounts(world, items[::2], "delete")
    assert all(world.customer_gets_in(item) for item in items[1::2])


# -- the end of what has waited ---------------------------------------------------------------


def due(world: World, count: int) -> List[int]:
    """Closed services whose accounts have waited for their time."""
    items = opened(world, count)
    for item in items:
        world.stand.set_status(item, DELETED)
        double(world).users[world.login(item)].enabled = False
        world.ended(item, due=True)
    return items


def check_ends(world: World, items: Sequence[int], kept: Set[int]) -> None:
    """Raises AssertionError unless all but the kept ones are gone, each once, and on record so."""
    double(world).faults.clear()
    gone = {one.item_id for one in world.record.past() if one.state == endings.DELETED}
    assert gone == set(items) - kept
    deleted = [one.path for one in double(world).requests if one.method == "DELETE"]
    assert len(deleted) == len(set(deleted)) == len(gone)
    for item in items:
        assert (world.site.account(world.login(item)) is None) is (item not in kept)


def test_two_purges_delete_each_account_once(world: World, record_property: Record) -> None:
    record_property("tried", FEW)
    items = due(world, FEW)
    slow(world)
    runs = [world.stand.start("purge") for _ in range(2)]
    assert [process.finish().exit_code for process in runs] == [0, 0]
    check_ends(world, items, kept=set())


@pytest.mark.parametrize(
    ("command", "words"), [("hold", ("--why", "the police asks")), ("release", ())]
)
def test_whoever_is_told_that_an_account_is_kept_has_it_kept(
    world: World, record_property: Record, command: str, words: Sequence[str]
) -> None:
    record_property("tried", FEW)
    items = due(world, FEW)
    if command == "release":
        yesterday = date.today() - timedelta(days=1)
        hold = endings.Hold(endings.STAFF, "it was", yesterday, yesterday)
        for item in items:
            (ending,) = world.record.open_of(item)
            world.record.save(ending.held(hold))
    slow(world)
    purging = world.stand.start("purge")
    calls = {
        item: world.stand.start(command, extra=["--login", world.login(item), *words])
        for item in reversed(items)
    }
    kept = {item for item, process in calls.items() if process.finish().exit_code == 0}
    assert purging.finish().exit_code == 0
    check_ends(world, items, kept)


def test_whoever_has_an_account_back_keeps_it(world: World, record_property: Record) -> None:
    record_property("tried", FEW)
    items = due(world, FEW)
    slow(world)
    purging = world.stand.start("purge")
    for item in items:
        world.stand.set_status(item, ACTIVE)
    calls = {
        item: world.stand.start("restore", item=item, extra=["--login", world.login(item)])
        for item in reversed(items)
    }
    kept = {item for item, process in calls.items() if process.finish().exit_code == 0}
    assert purging.finish().exit_code == 0
    check_ends(world, items, kept)
    assert all(double(world).users[world.login(item)].enabled for item in kept)
    assert not [one for one in world.record.all_open() if one.item_id in kept]


# -- locking out and letting in ---------------------------------------------------------------


@pytest.mark.parametrize(("first", "second"), [("suspend", "resume"), ("resume", "suspend")])
def test_suspend_against_resume(
    world: World, record_property: Record, first: str, second: str
) -> None:
    record_property("tried", FEW)
    items = opened(world, FEW)
    slow(world)
    for item, runs in race(world, items, first, second).items():
        for run in runs:
            run.check()
        status = world.status(item)
        assert status in (ACTIVE, SUSPENDED)
        assert world.customer_gets_in(item) is (status == ACTIVE)
        assert not world.stand.operations(item)


def test_a_change_of_tariff_against_suspend(world: World, record_property: Record) -> None:
    record_property("tried", FEW)
    items = opened(world, FEW)
    larger = world.tariff(gib=9, group="gold")
    for item in items:
        world.stand.change_tariff(item, larger)
    slow(world)
    for item, runs in race(world, items, "setparam", "suspend").items():
        for run in runs:
            run.check()
        assert world.status(item) == SUSPENDED
        assert world.stand.item(item)["lastpricelist"] is None
        assert not world.customer_gets_in(item)
        user = double(world).users[world.login(item)]
        assert (user.quota, user.groups) == ("9 GB", {"gold"})


# -- the two halves of a copy -----------------------------------------------------------------


def halves(world: World, count: int) -> List[Tuple[int, int]]:
    """Open services, each with its copy for another client; both halves of each live."""
    return [(old, world.copy(old)) for old in opened(world, count)]


def at_once(world: World, *calls: Tuple[str, int]) -> List[Run]:
    """These commands, each on its service, all at the same time."""
    return [process.finish() for process in [start(world, *call) for call in calls]]


@pytest.mark.parametrize(
    ("of_old", "of_copy"),
    [
        *(("close", "close"), ("close", "suspend"), ("suspend", "close"), ("close", "setparam")),
        *(
            pytest.param(*pair, marks=pytest.mark.long)
            for pair in (("suspend", "suspend"), ("sync_item", "sync_item"), ("resume", "close"))
        ),
    ],
)
def test_both_halves_of_a_copy_at_once(
    world: World, record_property: Record, of_old: str, of_copy: str
) -> None:
    record_property("tried", FEW)
    double(world).add_user("bystander", "By-stander-1")
    pairs = halves(world, FEW)
    slow(world)
    runs = at_once(
        world, *(call for old, copy in pairs for call in ((of_old, old), (of_copy, copy)))
    )
    double(world).faults.clear()
    for (old, copy), old_run, copy_run in zip(pairs, runs[::2], runs[1::2]):
        old_run.check()
        # Whoever comes before the old half has ended is told that the account is not his yet.
        allowed = (None,) if of_copy == "close" else (None, "mark_foreign")
        assert copy_run.error_type in allowed, str(copy_run)
        user = double(world).users.find(world.login(old))
        assert (user is None) is ((of_old, of_copy) == ("close", "close"))
        if user is not None:
            is_locked = "suspend" in (of_old, copy_run.error_type is None and of_copy)
            assert user.enabled is not is_locked
        for item, command in ((old, of_old), (copy, of_copy)):
            assert (world.status(item) == DELETED) is (command == "close")
        ending = [item for item, name in ((old, of_old), (copy, of_copy)) if name == "close"]
        told = [one["item"] for one in world.stand.tasks() if one["item"] in ending]
        assert len(told) == bool(ending), "the half that ended first, and no other"
    assert double(world).users["bystander"].enabled


def test_copies_that_wait_for_their_old_halves_keep_nobody_from_the_cloud(
    world: World, record_property: Record
) -> None:
    """As many of them as may be at the cloud at once: an old half may be waiting for its turn."""
    record_property("tried", AT_ONCE)
    pairs = halves(world, AT_ONCE)
    other = world.opened()
    held = LockFile(str(world.stand.root / "var/pmnextcloud/services.json.lock"))
    # The lock of one process covers all old halves, as if each had a run of its own.
    for old, _ in pairs:
        assert held.take([old], 0) == old
    waiting = [start(world, "suspend", copy) for _, copy in pairs]
    time.sleep(MOMENT_S)
    begun = time.monotonic()
    world.run("suspend", other).check()
    assert time.monotonic() - begun < PATIENCE_S
    assert [process.poll() for process in waiting] == [None] * AT_ONCE
    held.close()
    for process in waiting:
        assert process.finish().error_type == "mark_foreign"


@pytest.mark.parametrize(
    "second",
    ["close", *(pytest.param(one, marks=pytest.mark.long) for one in ("suspend", "sync_item"))],
)
def test_a_copy_whose_old_half_is_over_is_taken_over_once(
    world: World, record_property: Record, second: str
) -> None:
    record_property("tried", FEW)
    pairs = halves(world, FEW)
    for old, _ in pairs:
        world.run("close", old).check()
    slow(world)
    logins = {copy: world.login(old) for old, copy in pairs}
    for copy, runs in race(world, [*logins], "suspend", second).items():
        check_done(runs, second)
        user = double(world).users.find(logins[copy])
        if second == "close":
            assert user is None
            continue
        assert user is not None
        assert user.email == "client8@example.com"
        assert json.loads(world.stand.params(copy)["pmnextcloud_mark"])[2] == copy


@pytest.mark.parametrize("command", ["suspend", "close"])
def test_of_two_copies_at_once_none_gets_the_account(
    world: World, record_property: Record, command: str
) -> None:
    record_property("tried", 1)
    [(old, first)] = halves(world, 1)
    second = world.copy(old)
    world.run("close", old).check()
    slow(world)
    runs = at_once(world, (command, first), (command, second))
    double(world).faults.clear()
    user = double(world).users.find(world.login(old))
    if command == "suspend":
        assert [run.error_type for run in runs] == ["mark_foreign"] * 2
        assert user is not None
        assert user.enabled
    else:
        assert [run.error_type for run in runs] == [None, None]
        assert user is None, "the last of all has ended"
        assert len([one for one in world.stand.tasks() if one["item"] in (first, second)]) == 1


# -- what staff types -------------------------------------------------------------------------

TYPED, ANOTHER = "Typed-by-staff-77", "A-stranger's-password-1"


def typed(world: World, password: str) -> List[int]:
    """Services on each of which staff typed an account that has that password."""
    double(world).add_group(world.group)
    tariff, items = world.tariff(), []
    for number in range(FEW):
        login = f"moved_in_{number}"
        double(world).add_user(login, password)
        params = {"username": login, "userpassword": TYPED}
        items.append(world.order(tariff, params=params))
        world.stand.set_status(items[-1], ACTIVE)
    return items


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("setparam", "close"),
        pytest.param("suspend", "suspend", marks=pytest.mark.long),
        pytest.param("suspend", "sync_item", marks=pytest.mark.long),
    ],
)
def test_a_typed_login_is_taken_over_by_two_commands_at_once(
    world: World, record_property: Record, first: str, second: str
) -> None:
    record_property("tried", FEW)
    items = typed(world, TYPED)
    slow(world)
    for number, (item, runs) in enumerate(race(world, items, first, second).items()):
        check_done(runs, second)
        user = double(world).users.find(f"moved_in_{number}")
        if second == "close":
            assert user is None
            world.stand.drop_param(item, "userpassword")  # in clear, as staff typed it
            continue
        assert user is not None
        assert json.loads(world.stand.params(item)["pmnextcloud_mark"])[3] == user.login


def test_a_typed_password_that_is_wrong_is_tried_once_by_all_commands_at_once(
    world: World, record_property: Record
) -> None:
    record_property("tried", FEW)
    items = typed(world, ANOTHER)
    before = repr(double(world).users)
    slow(world)
    counting = world.stand.start("stat", module=world.module)
    calls = [(command, item) for item in items for command in ("suspend", "sync_item", "close")]
    for run in at_once(world, *calls):
        assert run.error_type == "typed_login", str(run)
    counting.finish().check()
    assert repr(double(world).users) == before
    tries = [one.login for one in double(world).requests if one.path.endswith("/cloud/user")]
    assert sorted(map(str, tries)) == [f"moved_in_{number}" for number in range(FEW)]
    assert not world.stand.stats(world.module)


def test_the_same_login_typed_on_two_services_goes_to_neither(
    world: World, record_property: Record
) -> None:
    record_property("tried", 1)
    first, second, *_ = typed(world, TYPED)
    world.stand.save_param(second, "username", "moved_in_0", crypted=False)
    slow(world)
    for run in at_once(world, ("suspend", first), ("suspend", second)):
        assert run.error_type == "typed_login", str(run)
    assert double(world).users["moved_in_0"].enabled


MEANWHILE = {"username": "typed_meanwhile", "userpassword": TYPED, "url": "https://x.example.com"}


@pytest.mark.parametrize("command", ["suspend", "sync_item", "setparam"])
@pytest.mark.parametrize("name", MEANWHILE)
def test_what_is_typed_between_reading_and_writing_is_not_lost(
    world: World, record_property: Record, command: str, name: str
) -> None:
    """The login was damaged before, so that it would be written anew."""
    record_property("tried", 1)
    [item] = opened(world, 1)
    world.stand.drop_param(item, "username")
    if command == "setparam":
        world.stand.change_tariff(item, world.tariff(gib=9))

    def after(seen: Seen) -> None:
        double(world).after = None
        world.stand.save_param(item, name, MEANWHILE[name], crypted=False)

    double(world).after = after
    world.run(command, item).check()
    assert world.stand.params(item)[name] == MEANWHILE[name]
    assert "changed meanwhile" in world.stand.log


def test_a_copy_that_is_made_while_its_old_half_ends_keeps_the_account(
    world: World, record_property: Record
) -> None:
    record_property("tried", 1)
    [(old, copy)] = halves(world, 1)
    world.stand.set_status(copy, DELETED)  # nobody has made it yet

    def after(seen: Seen) -> None:
        double(world).after = None
        world.stand.set_status(copy, ACTIVE)

    double(world).after = after
    world.run("close", old).check()
    assert world.site.account(world.login(old)) is not None
    world.run("suspend", copy).check()
    assert json.loads(world.stand.params(copy)["pmnextcloud_mark"])[2] == copy


# -- an account that cannot be read -----------------------------------------------------------


@pytest.mark.parametrize(("first", "second"), [("suspend", "resume"), ("suspend", "close")])
def test_commands_on_an_account_that_cannot_be_read_at_once(
    world: World, record_property: Record, first: str, second: str
) -> None:
    record_property("tried", FEW)
    items = opened(world, FEW)
    for item in items:
        double(world).users[world.login(item)].is_broken = True
    slow(world)
    for item, runs in race(world, items, first, second).items():
        check_done(runs, second)
        user = double(world).users.find(world.login(item))
        if second == "close":
            assert user is None
        else:
            assert user is not None
            assert user.enabled is (world.status(item) == ACTIVE)
