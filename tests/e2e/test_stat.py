"""Usage: every service once, never a number that was not read."""

import json
import threading
import time
from datetime import date, datetime, timedelta, timezone
from typing import Callable, Dict, Iterator, List, Set

import pytest

from tests import PATIENCE_S
from tests.doubles.billmanager import (
    ACTIVE,
    PROCESSING,
    SUSPENDED,
    Addon,
    Peak,
    Run,
    Stand,
)
from tests.doubles.cloud import OWNCLOUD_10, Cloud, Fault, Seen
from tests.e2e.sites import GIB, DoubleSite
from tests.e2e.world import World
from utils.census.census import FEW_SERVICES

pytestmark = pytest.mark.preloaded

MANY = 25
"""More than are read one by one."""

IMPATIENT = "stat_budget_s = 18\n"
"""Time for pauses of 1, 2 and 4 seconds and not for the next one, on a busy machine too."""

BROKEN = {"enabled": True, "quota": []}
"""What a cloud shows of an account whose storage it cannot read."""


@pytest.fixture
def pageless(stand: Stand) -> Iterator[World]:
    """A provider whose cloud has no pages with usage: all services are read one by one."""
    with Cloud(OWNCLOUD_10) as cloud:
        yield World(stand, DoubleSite(cloud))


def double(world: World) -> Cloud:
    """The world's cloud, which is the double."""
    assert isinstance(world.site, DoubleSite)
    return world.site.cloud


def configure(world: World, text: str) -> None:
    """Writes the settings."""
    world.stand.write("etc/pmnextcloud.conf", text)


def booked(world: World) -> Dict[int, float]:
    """The value of each service's row; a service never has two."""
    rows = world.stand.sql("SELECT item, value FROM itemstat")
    values = {row["item"]: float(row["value"]) for row in rows}
    assert len(values) == len(rows)
    return values


def many(world: World, count: int = MANY) -> List[int]:
    """Services with an account each, as the predecessor left them; number n uses n GiB."""
    tariff = world.tariff(gib=100)
    items = []
    for number in range(count):
        item = world.order(tariff)
        login, password = world.login(item), f"Made-up-{item}"
        double(world).add_user(login, password, used_bytes=number * GIB, logged_in=True)
        world.stand.save_param(item, "username", login, crypted=False)
        world.stand.save_param(item, "userpassword", password, crypted=True)
        world.stand.set_status(item, (ACTIVE, SUSPENDED, PROCESSING)[number % 3])
        items.append(item)
    get_known(world)
    return items


def get_known(world: World) -> None:
    """Lets the module see its cloud, and nobody remember what was asked."""
    world.know_cloud()
    double(world).requests.clear()


def crowd(world: World, count: int) -> List[int]:
    """Services with an account each, as `open` left them, each using a GiB."""
    items = world.many(count)
    for item in items:
        double(world).add_user(world.login(item), "Made-up-pw", used_bytes=GIB, logged_in=True)
    get_known(world)
    return items


def strangers(world: World, count: int) -> None:
    """Accounts that are none of the module's, first in the order of paging."""
    for number in range(count):
        double(world).add_user(f"a-stranger{number}", "Str4nger-secret", used_bytes=GIB)


def stat(world: World, **environment: str) -> Run:
    """The daily statistics of the world's module."""
    return world.stand.run("stat", module=world.module, env=environment)


def asked_pages(world: World) -> List[int]:
    """How many accounts each request for a page asked for."""
    return [
        int(seen.query["limit"])
        for seen in double(world).requests
        if seen.path.endswith("/users/details")
    ]


def not_posted(world: World) -> bool:
    """Whether BILLmanager was not told that a day is whole."""
    return not world.stand.called("service.poststat")


# -- what is counted --------------------------------------------------------------------------


@pytest.mark.parametrize("count", [3, MANY])
def test_each_service_has_one_row_however_often_it_runs(world: World, count: int) -> None:
    items = many(world, count)
    for _ in range(2):
        stat(world).check()
        assert booked(world) == {item: float(number) for number, item in enumerate(items)}
    assert {row["statdate"] for row in world.stand.stats(items[0])} == {date.today()}
    calls = world.stand.called("service.poststat")
    assert [call.args for call in calls] == [
        {"elid": str(world.module), "date": date.today().isoformat()}
    ] * 2


def test_a_repeat_replaces_the_value(world: World) -> None:
    items = many(world, 3)
    stat(world).check()
    double(world).users[world.login(items[0])].used_bytes = GIB // 4
    stat(world).check()
    assert booked(world)[items[0]] == 0.25


def test_several_tariffs_and_measures_are_counted_each_in_its_own(world: World) -> None:
    stand = world.stand
    in_tib = world.tariff(measure="tib", limit=1)
    in_mib = stand.add_tariff(world.itemtype, addons=[Addon(name="disc", measure="mib", limit=9)])
    tariffs = [world.tariff(), in_tib, in_mib]
    items = [item for tariff in tariffs for item in world.many(10, tariff)]
    for item in items:
        double(world).add_user(world.login(item), "Made-up-pw", used_bytes=3 * GIB // 2)
        double(world).users[world.login(item)].logged_in = True
    stat(world).check()
    found = [
        (row["param"], float(row["value"]), row["measure"])
        for item in items[::10]
        for row in stand.stats(item)
    ]
    assert found == [
        ("disk", 1.5, "gib"),
        ("disk", 0.0, "tib"),
        ("disc", 1536.0, "mib"),
    ]
    assert len(booked(world)) == 30


@pytest.mark.parametrize("count", [3, MANY])
def test_a_missing_account_is_a_warning_without_a_row(world: World, count: int) -> None:
    items = many(world, count)
    world.site.remove_account(world.login(items[1]))
    stat(world).check()
    assert set(booked(world)) == {*items} - {items[1]}
    assert f"service {items[1]}: the cloud has no account" in world.stand.log
    assert f"{count - 1} booked, 1 accounts missing" in world.stand.log
    assert world.stand.called("service.poststat")


def test_services_of_others_and_closed_ones_are_not_counted(world: World) -> None:
    items = many(world, 3)
    second = World(world.stand, world.site)
    other = many(second, 1)
    world.stand.set_status(items[0], 4)
    never = world.order(params={"username": "admin"})
    stat(world).check()
    assert set(booked(world)) == {items[1], items[2]}
    assert never not in booked(world)
    assert other[0] not in booked(world)
    assert f"service {never}: not counted" in world.stand.log


@pytest.mark.parametrize("count", [3, MANY])
def test_a_service_whose_password_is_broken_does_not_spoil_the_rest(
    world: World, count: int
) -> None:
    items = many(world, count)
    world.stand.sql("UPDATE itemcryptedparam SET value = 'bm9uc2Vuc2U=' WHERE item = %s", items[0])
    stat(world).check()
    assert set(booked(world)) == set(items[1:])
    assert f"service {items[0]}: secret_broken" in world.stand.log
    assert f"{count - 1} booked, 0 accounts missing, 1 not ours" in world.stand.log


def test_a_module_without_services_is_done_at_once(world: World) -> None:
    stat(world).check()
    assert world.stand.called("service.poststat")


# -- which way costs less ---------------------------------------------------------------------


def test_pages_are_at_most_one_for_each_two_hundred_and_one_more(world: World) -> None:
    strangers(world, 10)
    items = crowd(world, 1000)
    stat(world).check()
    assert set(booked(world)) == set(items)
    assert sorted(asked_pages(world)) == [1] + [200] * 6
    assert len(double(world).requests) == 7


def test_a_few_services_on_a_large_server_are_read_singly(world: World) -> None:
    strangers(world, 50_000)
    items = crowd(world, FEW_SERVICES)
    stat(world).check()
    assert set(booked(world)) == set(items)
    assert [seen.path.rpartition("/")[2] for seen in double(world).requests] == [
        world.login(item) for item in items
    ]


def test_a_few_services_that_are_all_there_is_are_read_by_one_page(world: World) -> None:
    items = crowd(world, FEW_SERVICES + 1)
    stat(world).check()
    assert set(booked(world)) == set(items)
    assert asked_pages(world) == [2 * len(items)]
    assert len(double(world).requests) == 1


def slowed(world: World, page_s: float, single_s: float) -> None:
    """Lets pages and single accounts take so long."""

    def wait(seen: Seen) -> None:
        time.sleep(single_s if seen.query.get("limit") in (None, "1") else page_s)

    double(world).before = wait


def test_where_pages_are_dear_services_are_read_singly(world: World) -> None:
    strangers(world, 2000)
    items = crowd(world, 30)
    slowed(world, page_s=0.5, single_s=0)
    stat(world).check()
    assert set(booked(world)) == set(items)
    assert asked_pages(world) == [60, 1]
    assert len(double(world).requests) == 32
    assert f"over 60 accounts for {len(items)} services: read singly" in world.stand.log


def test_where_single_accounts_are_dear_they_are_paged(world: World) -> None:
    strangers(world, 2000)
    items = crowd(world, 30)
    slowed(world, page_s=0, single_s=0.4)
    stat(world).check()
    assert set(booked(world)) == set(items)
    assert sorted(asked_pages(world)) == [1, 1, 60] + [200] * 10
    assert len(double(world).requests) == 13


def test_a_few_are_read_at_once_and_the_first_one_alone(pageless: World) -> None:
    items = many(pageless, 20)
    flying, most = 0, []
    lock = threading.Lock()

    def before(seen: Seen) -> None:
        nonlocal flying
        with lock:
            flying += 1
            most.append(flying)
        time.sleep(0.05)

    def after(seen: Seen) -> None:
        nonlocal flying
        with lock:
            flying -= 1

    double(pageless).before, double(pageless).after = before, after
    stat(pageless).check()
    assert booked(pageless) == {item: float(number) for number, item in enumerate(items)}
    assert most[0] == most[1] == 1
    assert max(most) == 4


# -- accounts that move while they are read ---------------------------------------------------


def after_first_page(world: World, do: Callable[[], None]) -> None:
    """Does something in the cloud between the first page and the next."""
    done = threading.Event()

    def after(seen: Seen) -> None:
        if seen.path.endswith("/users/details") and not done.is_set():
            done.set()
            do()

    double(world).after = after


@pytest.mark.parametrize(("who", "name"), [(45, ""), (3, "zzz")])
def test_who_is_renamed_between_pages_is_neither_skipped_nor_doubled(
    world: World, who: int, name: str
) -> None:
    items = crowd(world, 50)
    for number, item in enumerate(items):
        double(world).users[world.login(item)].display_name = f"name {number:02}"
    user = double(world).users[world.login(items[who])]
    after_first_page(world, lambda: setattr(user, "display_name", name))
    configure(world, "page_size = 10\n")
    stat(world).check()
    assert booked(world) == dict.fromkeys(items, 1.0)
    assert "50 booked, 0 accounts missing" in world.stand.log


def test_who_was_not_met_in_the_pages_is_asked_for(world: World) -> None:
    items = many(world)
    body = b'{"ocs":{"meta":{"statuscode":100},"data":{"users":[]}}}'
    double(world).faults.append(Fault("status", path="details$", code=200, body=body))
    stat(world).check()
    assert set(booked(world)) == set(items)


FEW_AT_LENGTH = [pytest.param(3, marks=pytest.mark.long), MANY]
"""Pauses are the same for services that are read singly, and take their time."""


# -- what cannot be read ----------------------------------------------------------------------


@pytest.mark.parametrize("count", FEW_AT_LENGTH)
def test_nothing_is_booked_where_the_cloud_cannot_be_read(world: World, count: int) -> None:
    many(world, count)
    configure(world, IMPATIENT)
    double(world).faults.append(Fault("status", code=500, times=None))
    run = stat(world)
    assert (run.exit_code, run.error_type) == (1, "front_answered")
    assert f"({date.today()}: {count})" in (run.error_value or "")
    assert not booked(world)
    assert not_posted(world)
    assert len(double(world).requests) == 4, "after 0, 1, 3 and 7 seconds"


def test_a_cloud_that_is_not_known_yet_is_waited_for_too(world: World) -> None:
    items = many(world)
    for kept in (world.stand.root / "var/pmnextcloud").glob("product-*"):
        kept.unlink()
    configure(world, IMPATIENT)
    double(world).faults.append(Fault("cut_before", times=2))
    stat(world).check()
    assert set(booked(world)) == set(items)


@pytest.mark.parametrize("count", FEW_AT_LENGTH)
@pytest.mark.parametrize(
    "kind", ["throttle_http", "throttle_v1", "maintenance", "bad_gateway", "cut_before"]
)
def test_what_passes_is_waited_out(world: World, count: int, kind: str) -> None:
    items = many(world, count)
    configure(world, IMPATIENT)
    double(world).faults.append(Fault(kind, times=4 if kind == "bad_gateway" else 2))
    stat(world).check()
    assert set(booked(world)) == set(items)
    assert world.stand.called("service.poststat")


@pytest.mark.parametrize("count", FEW_AT_LENGTH)
def test_an_account_that_cannot_be_read_is_not_booked_as_zero(world: World, count: int) -> None:
    items = many(world, count)
    configure(world, IMPATIENT)
    login = world.login(items[1])
    users = {"users": {login: {"id": login, **BROKEN}}}
    for path, data in ((login + "$", {"id": login, **BROKEN}), ("details$", users)):
        body = json.dumps({"ocs": {"meta": {"statuscode": 100}, "data": data}}).encode()
        double(world).faults.append(Fault("status", path=path, code=200, body=body, times=None))
    run = stat(world)
    assert (run.exit_code, run.error_type) == (1, "usage_unread")
    assert run.error_value == f"{date.today()}: 1"
    assert set(booked(world)) == {*items} - {items[1]}
    assert f"unread: services {items[1]}\n" in world.stand.log
    assert f"{count - 1} booked, 0 accounts missing" in world.stand.log
    assert not_posted(world)
    double(world).faults.clear()
    stat(world).check()
    assert set(booked(world)) == set(items)
    assert world.stand.called("service.poststat")


@pytest.mark.parametrize("count", [pytest.param(3, marks=pytest.mark.long), 40])
def test_an_account_on_which_the_cloud_breaks_does_not_spoil_the_rest(
    world: World, count: int
) -> None:
    items = many(world, count)
    configure(world, IMPATIENT + "page_size = 10\n")
    broken = items[15 % count]
    faults = double(world).faults
    faults.append(Fault("status", path=world.login(broken) + "$", code=500, times=None))
    # The second page, which it is on, is the third request: one looks how many there are.
    faults.append(Fault("status", path="details$", code=500, nth=3))
    run = stat(world)
    assert (run.exit_code, run.error_type) == (1, "usage_unread")
    assert set(booked(world)) == {*items} - {broken}
    assert f"unread: services {broken}\n" in world.stand.log
    assert not_posted(world)


def test_a_refused_login_ends_the_run_at_once(world: World) -> None:
    items = many(world)
    configure(world, "page_size = 10\n")
    double(world).faults.append(Fault("unauthorized", nth=2, times=None))
    run = stat(world)
    assert (run.exit_code, run.error_type) == (1, "cloud_login_refused")
    assert len(double(world).requests) == 2
    assert set(booked(world)) < set(items)
    assert not_posted(world)


# -- a cloud that slows -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["throttle_http", "maintenance", "stall"])
def test_pages_become_smaller_where_the_cloud_slows_and_larger_again(
    world: World, kind: str
) -> None:
    items = crowd(world, 900)
    configure(world, "page_size = 100\n")
    fault = Fault(kind, path="details$", nth=4, times=2, seconds=1.2)
    double(world).faults.append(fault)
    stat(world).check()
    assert booked(world) == dict.fromkeys(items, 1.0)
    pages = [size for size in asked_pages(world) if size > 1]
    assert pages[:3] == [100] * 3
    assert min(pages) == 25
    assert pages[-1] == 100
    assert 50 in pages[pages.index(25) :]
    assert "accounts per page: 50, before 100" in world.stand.log


def test_fewer_are_read_at_once_where_the_cloud_slows(pageless: World) -> None:
    items = many(pageless, 20)
    double(pageless).faults.append(Fault("stall", nth=12, times=1, seconds=1.2))
    stat(pageless).check()
    assert set(booked(pageless)) == set(items)
    said = [line.partition("at once: ")[2] for line in pageless.stand.log.splitlines()]
    said = [words for words in said if words]
    assert said[:2] == ["2, before 1", "4, before 2"]
    assert "2, before 4" in said


# -- which day it is --------------------------------------------------------------------------


def zone(wanted: datetime) -> str:
    """A time zone, as POSIX writes it, where it is now that time of some day."""
    now = datetime.now(timezone.utc)
    ahead = (wanted - now.replace(tzinfo=None)) % timedelta(days=1)
    hours, seconds = divmod(int(ahead.total_seconds()), 3600)
    return f"TST-{hours:02}:{seconds // 60:02}:{seconds % 60:02}"


def days(world: World) -> Set[date]:
    """The days of all rows."""
    return {row["statdate"] for row in world.stand.sql("SELECT statdate FROM itemstat")}


@pytest.mark.parametrize(("offset_h", "name"), [(12, "west"), (-14, "east")])
def test_the_day_is_the_servers_own(world: World, offset_h: int, name: str) -> None:
    many(world, 3)
    stat(world, TZ=f"TST{offset_h}").check()
    there = datetime.now(timezone.utc) - timedelta(hours=offset_h)
    assert days(world) == {there.date()}
    [call] = world.stand.called("service.poststat")
    assert call.args["date"] == there.date().isoformat()


def test_a_run_over_midnight_is_the_day_on_which_it_began(world: World) -> None:
    many(world, 3)
    before_midnight_s = 8
    midnight = time.monotonic() + before_midnight_s
    place = zone(datetime(2000, 1, 1, 23, 59, 60 - before_midnight_s))
    double(world).before = lambda seen: time.sleep(max(midnight + 1 - time.monotonic(), 0))
    stat(world, TZ=place).check()
    assert len(days(world)) == 1
    assert " 23:59:5" in world.stand.log
    assert " 00:00:0" in world.stand.log
    [call] = world.stand.called("service.poststat")
    assert days(world) == {date.fromisoformat(call.args["date"])}
    assert call.args["date"] in world.stand.log.splitlines()[0], "the day of the first line"


# -- days that are not whole ------------------------------------------------------------------

EARLIER, LATER = "TST12", "TST-14"
"""Two time zones, a day or two apart."""


@pytest.mark.parametrize("how", ["failed", "killed", "not told"])
def test_the_next_run_names_the_days_that_are_not_whole(world: World, how: str) -> None:
    many(world, 3)
    if how == "failed":
        double(world).faults.append(Fault("unauthorized"))
        assert stat(world, TZ=EARLIER).exit_code == 1
        (world.stand.root / f"var/pmnextcloud/refused-{world.module}.json").unlink()
    elif how == "killed":
        double(world).before = lambda seen: time.sleep(30)
        process = world.stand.start("stat", module=world.module, env={"TZ": EARLIER})
        deadline = time.monotonic() + PATIENCE_S
        while not double(world).requests and time.monotonic() < deadline:
            time.sleep(0.05)
        process.kill_group()
        assert process.finish().exit_code == -9
        double(world).before = None
    else:
        world.stand.core_down = True
        assert stat(world, TZ=EARLIER).error_type == "core_unavailable"
        world.stand.core_down = False
    now = datetime.now(timezone.utc)
    first = (now - timedelta(hours=12)).date()
    today = (now + timedelta(hours=14)).date()
    assert "not whole" not in world.stand.log
    stat(world, TZ=LATER).check()
    last = today - timedelta(days=1)
    assert f"usage is not whole and stays so: {first} to {last}" in world.stand.log
    said = world.stand.log
    stat(world, TZ=LATER).check()
    assert "not whole" not in world.stand.log[len(said) :]


# -- how far it is ----------------------------------------------------------------------------


def test_the_log_says_every_few_seconds_how_far_it_is(pageless: World) -> None:
    many(pageless, 20)
    double(pageless).before = lambda seen: time.sleep(1)
    run = stat(pageless).check()
    lines = [line for line in pageless.stand.log.splitlines() if " of 20 services done, " in line]
    assert len(lines) >= int(run.seconds / 6)
    done = [int(line.partition(" stat - ")[2].split()[0]) for line in lines]
    assert done == sorted(done)
    assert 0 < done[0] < 20
    assert run.stderr == b""


# -- memory -----------------------------------------------------------------------------------


def peak_kib(world: World, count: int) -> int:
    """The most memory that the statistics of so many services take."""
    items = crowd(world, count)
    world.stand.write("etc/debug.conf", "")
    process = world.stand.start("stat", module=world.module)
    peak = Peak(process.pid)
    process.finish(1800).check()
    assert len(booked(world)) == len(items)
    return peak.kib()


@pytest.mark.parametrize("larger", [10_000, pytest.param(100_000, marks=pytest.mark.long)])
def test_memory_does_not_grow_with_the_services(world: World, larger: int) -> None:
    small = peak_kib(world, 1000)
    other = World(world.stand, world.site)
    world.stand.sql("DELETE FROM itemstat")
    assert peak_kib(other, larger) < 1.3 * small
