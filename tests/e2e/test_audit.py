"""The audit on the stand: what was planted is found, nothing is invented, and repair is safe.

Killed at each of its effects and started again, a repair ends as if nothing had happened.
"""

import csv
import io
import json
import re
from typing import Any, Callable, Dict, Iterator, List, Set

import pytest

from tests.doubles.billmanager import ACTIVE, DELETED, ModuleProcess, Run, Stand
from tests.doubles.billmanager.db_proxy import DbProxy
from tests.doubles.cloud import NEXTCLOUD_29, NEXTCLOUD_34, OWNCLOUD_10, Cloud
from tests.e2e.sites import GIB, DoubleSite
from tests.e2e.test_kill import Killer, proxy, state
from tests.e2e.world import World, real_world, with_app_password
from tests.e2e.zoo import EMAIL, Expected, Zoo
from tests.meta.messages import read
from tests.meta.schemas import misfits
from utils.audit.differences import MENDED, VERDICTS

pytestmark = pytest.mark.preloaded

__all__ = ["proxy"]
"""A fixture of the tests of other commands."""

SCHEMA = json.loads(read("docs/audit.schema.json"))

MANY, FEW = 500, 60
"""Healthy services beside the planted ones. An ownCloud reads each by itself, which takes time."""


def audit(world: World, *extra: str, exit_code: int = 1) -> Run:
    """The command for the world's module. Raises AssertionError where it ends otherwise."""
    run = world.stand.run("audit", module=world.module, extra=extra, timeout_s=1200)
    assert run.exit_code == exit_code, run
    return run


def found(world: World, *extra: str, exit_code: int = 1) -> Dict[str, Any]:
    """What it says as JSON."""
    run = audit(world, "--format", "json", *extra, exit_code=exit_code)
    document: Dict[str, Any] = json.loads(run.stdout)
    assert not list(misfits(document, SCHEMA))
    return document


def told(document: Dict[str, Any]) -> Set[Expected]:
    """The differences in short. Raises AssertionError where one is told twice."""
    all_of_them = [(one["class"], one["item"], one["login"]) for one in document["differences"]]
    assert len(set(all_of_them)) == len(all_of_them)
    return set(all_of_them)


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((NEXTCLOUD_29, MANY), id="oldest"),
        pytest.param((NEXTCLOUD_34, MANY), id="newest", marks=pytest.mark.long),
        pytest.param((OWNCLOUD_10, FEW), id="owncloud"),
    ],
)
def zoo(request: pytest.FixtureRequest) -> Iterator[Zoo]:
    """A zoo that only is looked at, or mended last."""
    profile, healthy = request.param
    with Stand(preloaded=True) as stand, Cloud(profile) as cloud:
        cloud.rate_limit.enabled = False
        made = Zoo(World(stand, DoubleSite(cloud)))
        made.healthy(healthy)
        made.everything()
        yield made


def test_every_class_is_planted_twice(zoo: Zoo) -> None:
    kinds = [kind for kind, _, _ in zoo.expected]
    assert {kind for kind in VERDICTS if kinds.count(kind) >= 2} == set(VERDICTS)


def test_what_was_planted_is_found_and_nothing_else(zoo: Zoo) -> None:
    document = found(zoo.world)
    assert told(document) == zoo.expected
    [module] = document["modules"]
    assert (module["in_progress"], module["error"]) == (1, None)


def test_csv_and_text_say_the_same(zoo: Zoo) -> None:
    run = audit(zoo.world, "--format", "csv", "--delimiter", ";")
    text = run.stdout.decode("utf-8-sig")
    assert run.stdout.startswith("\ufeff".encode())
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    assert {
        (row["class"], int(row["item"]) if row["item"] else None, row["login"]) for row in rows
    } == zoo.expected
    said = audit(zoo.world).stdout.decode()
    for kind in VERDICTS:
        counts = map(int, re.findall(rf" {kind} \((\d+)\): ", said))
        assert sum(counts) == len([one for one in zoo.expected if one[0] == kind]), kind
    for _, item, login in zoo.expected:
        assert item is None or f"service {item}" in said
        assert login in said


def test_classes_narrow_what_is_told(zoo: Zoo) -> None:
    document = found(zoo.world, "--class", "quota,group", "email")
    wanted = {one for one in zoo.expected if one[0] in ("quota", "group", "email")}
    assert told(document) == wanted
    assert told(found(zoo.world, "--class", "quota", "--class", "group")) == {
        one for one in wanted if one[0] != "email"
    }


def test_the_sums_are_those_of_the_differences(zoo: Zoo) -> None:
    document = found(zoo.world)
    sums, differences = document["sums"], document["differences"]
    for kind in VERDICTS:
        assert sums[kind] == len([one for one in differences if one["class"] == kind])
    assert sums["above_bytes"] == sum(one["above_bytes"] or 0 for one in differences) == 5 * GIB
    assert sums["unlimited"] == 1
    assert sums["changes"] == len([one for one in differences if one["repair"]])


Shot = Dict[str, Any]


def shot(zoo: Zoo) -> Shot:
    """Everything in billing and in the cloud, service by service and account by account."""
    assert isinstance(zoo.site, DoubleSite)
    users = {
        f"account {user.login}": (
            user.enabled,
            user.quota,
            user.email,
            frozenset(user.groups),
            user.password,
        )
        for user in zoo.site.cloud.users.values()
    }
    items = {
        f"service {item}": (zoo.stand.item(item)["status"], _readable(zoo.stand, item))
        for item in zoo.items
    }
    return {**users, **items, "rows": zoo.stand.sql("SELECT * FROM itemstat ORDER BY id")}


def _readable(stand: Stand, item: int) -> List[Any]:
    return [
        stand.sql(f"SELECT intname, value FROM {table} WHERE item = %s ORDER BY intname", item)
        for table in ("itemparam", "itemcryptedparam")
    ]


def mendable(zoo: Zoo) -> Set[Expected]:
    """What was planted that repair may mend."""
    broken = min(item or 0 for kind, item, _ in zoo.expected if kind == "unreadable")
    return {one for one in zoo.expected if one[0] in MENDED and one[1] != broken}


def test_a_dry_run_and_too_small_a_limit_change_nothing(zoo: Zoo) -> None:
    before, calls = shot(zoo), len(zoo.stand.calls)
    dry = found(zoo.world, "--repair", "--dry-run", "--limit", "100")
    states = [one["repair"]["state"] for one in dry["differences"] if one["repair"]]
    assert states == ["planned"] * len(mendable(zoo))
    refused = found(zoo.world, "--repair", "--limit", str(len(mendable(zoo)) - 1))
    assert refused["refused"] is True
    assert refused["sums"]["changes"] == len(mendable(zoo))
    said = audit(zoo.world, "--repair", "--limit", "2").stdout.decode()
    assert f"{len(mendable(zoo))} > 2" in said
    assert (shot(zoo), len(zoo.stand.calls)) == (before, calls)


def test_a_repair_mends_what_it_may_and_touches_nothing_else(zoo: Zoo) -> None:
    before = shot(zoo)
    document = found(zoo.world, "--repair")
    states = {
        (one["class"], one["item"], one["login"]): one["repair"]["state"]
        for one in document["differences"]
        if one["repair"]
    }
    assert states == {one: "done" for one in mendable(zoo)}
    after = shot(zoo)
    touched = {name for name in after if after[name] != before.get(name)}
    saved = {one for one in mendable(zoo) if one[0] == "unreadable"}
    assert touched == {f"account {login}" for _, _, login in mendable(zoo) - saved} | {
        f"service {item}" for _, item, _ in saved
    }
    assert set(after) == set(before)
    assert told(found(zoo.world)) == zoo.expected - mendable(zoo)
    for kind, item, login in mendable(zoo) - saved:
        user = zoo.site.cloud.users[login]
        assert (user.quota, user.groups, user.email) == ("5 GB", {zoo.world.group}, EMAIL), kind
        assert user.enabled is (zoo.stand.item(item or 0)["status"] == ACTIVE)


# -- killed ---------------------------------------------------------------------------------------


def drifted(world: World) -> int:
    """A service of which nothing is as billing has it, and of which values were lost."""
    item = world.left_by("open", "suspend")
    assert isinstance(world.site, DoubleSite)
    user = world.site.cloud.users[world.login(item)]
    user.enabled, user.quota, user.email = True, "1 GB", "other@example.com"
    user.groups.clear()
    world.stand.drop_param(item, "url")
    return item


STARTS: Dict[str, Callable[[World], ModuleProcess]] = {
    "audit": lambda world: world.stand.start(
        "audit",
        module=world.module,
        extra=["--repair", "--class", "quota,group,email,unpaid_enabled,unreadable"],
    ),
    "sync_item": lambda world: world.stand.start("sync_item", module=world.module),
}
"""What mends many services at once."""


@pytest.mark.proof("kill points")
@pytest.mark.parametrize("command", STARTS)
@pytest.mark.parametrize(
    "cloud",
    [NEXTCLOUD_29, pytest.param(OWNCLOUD_10, marks=pytest.mark.long)],
    ids=["nextcloud", "owncloud"],
    indirect=True,
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_killed_at_any_effect_and_repeated_it_ends_as_undisturbed(
    stand: Stand,
    cloud: Cloud,
    proxy: DbProxy,
    command: str,
    record_property: Callable[[str, object], None],
) -> None:
    world = with_app_password(stand, cloud)
    cloud.rate_limit.enabled = False
    cloud.add_user("bystander", "By-stander-1", quota="1 GB", groups={"others"})
    killer = Killer(world, proxy)

    def play(deadly: int) -> Dict[str, Any]:
        item = drifted(world)
        run = killer.run(lambda: STARTS[command](world), deadly)
        if deadly >= 0:
            assert (run.exit_code, run.stdout) == (-9, b""), killer.points
            run = STARTS[command](world).finish()
        assert run.exit_code == 0, run
        ended = state(world, item)
        stand.set_status(item, DELETED)
        return ended

    undisturbed = play(-1)
    effects = [
        number
        for number, point in enumerate(killer.points)
        if not re.search(" (GET|select)", point)
    ]
    assert len(effects) >= 8
    points = list(killer.points)
    for number in effects:
        assert play(number) == undisturbed, f"killed {points[number]}"
    bystander = cloud.users["bystander"]
    assert (bystander.quota, bystander.groups, bystander.enabled) == ("1 GB", {"others"}, True)
    record_property("tried", len(effects))


# -- a real server --------------------------------------------------------------------------------


@pytest.mark.live
@pytest.mark.timeout(3600)
def test_on_a_real_server_all_is_found_and_mended(stand: Stand) -> None:
    with real_world(stand) as world:
        zoo = Zoo(world, count=1)
        try:
            zoo.everything()
            strangers = {login: zoo.hand.get_user(login) for login in zoo.logins}
            assert _of(zoo, found(world)) == zoo.expected
            document = found(world, "--repair")
            states = {
                (one["class"], one["item"], one["login"]): one["repair"]["state"]
                for one in document["differences"]
                if one["repair"]
            }
            assert states == {one: "done" for one in mendable(zoo)}
            assert _of(zoo, found(world)) == zoo.expected - mendable(zoo)
            assert {login: zoo.hand.get_user(login) for login in zoo.logins} == strangers
        finally:
            zoo.clear()


def _of(zoo: Zoo, document: Dict[str, Any]) -> Set[Expected]:
    """What is told of the zoo; a server that others use has strangers of its own."""
    return {one for one in told(document) if one[1] in zoo.items or one[2] in zoo.logins}
