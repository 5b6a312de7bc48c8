"""Single runs of the audit: what it ends with, what it leaves alone, and what happens meanwhile."""

import csv
import io
import json
from typing import Any, Callable, Dict, List, Set, Tuple

import pytest

from tests.doubles.billmanager import ACTIVE, PROCESSING, SUSPENDED, Run, Stand
from tests.doubles.cloud import PROFILES, Cloud
from tests.e2e.sites import DoubleSite
from tests.e2e.world import World
from utils.host.locks import hold


def double(world: World) -> Cloud:
    """The world's cloud, which is the double."""
    assert isinstance(world.site, DoubleSite)
    return world.site.cloud


def audit(world: World, *extra: str, **options: Any) -> Run:
    """A run as JSON."""
    return world.stand.run("audit", extra=["--format", "json", *extra], **options)


def meanwhile(world: World, path: str, happens: Callable[[], object], *extra: str) -> Run:
    """A run during which something happens each time that the cloud has answered for a path."""

    def after(seen: Any) -> bool:
        if seen.path.endswith(path):
            happens()
        return False

    double(world).after = after
    try:
        return audit(world, *extra)
    finally:
        double(world).after = None


def told(run: Run) -> Set[Tuple[str, Any]]:
    """The classes and services of all differences."""
    return {(one["class"], one["item"]) for one in json.loads(run.stdout)["differences"]}


def states(run: Run) -> Dict[Tuple[str, Any], Tuple[str, str]]:
    """What became of each repair."""
    return {
        (one["class"], one["item"]): (one["repair"]["state"], one["repair"]["why"])
        for one in json.loads(run.stdout)["differences"]
        if one["repair"]
    }


def test_where_nothing_differs_the_exit_code_is_0(world: World) -> None:
    world.opened()
    run = audit(world)
    assert (run.exit_code, told(run)) == (0, set())
    assert json.loads(run.stdout)["modules"][0]["services"] == 1


@pytest.mark.parametrize(
    "wrong",
    [
        ["--format", "xml"],
        ["--format"],
        ["--class", "quotas"],
        ["--class", "quota,quotas"],
        ["--limit", "many"],
        ["--limit=-1"],
        ["--delimiter", "="],
        ["--delimiter", ""],
        ["--module", "99"],
        ["--module=x"],
        ["--repair", "--dry-rum"],
    ],
    ids=" ".join,
)
def test_wrong_arguments_end_with_2_and_read_no_cloud(world: World, wrong: List[str]) -> None:
    run = world.stand.run("audit", extra=wrong)
    assert run.exit_code == 2
    assert run.error_type in ("bad_arguments", "module_not_found")
    assert not double(world).requests


def test_a_module_that_fails_stops_no_other(world: World) -> None:
    item = world.opened()
    double(world).users[world.login(item)].quota = "9 GB"
    dead = world.stand.add_module(base_url="http://127.0.0.1:9", login="a", password="Made-up-1")
    unset = world.stand.add_module(base_url="", login="a", password="Made-up-2")
    run = audit(world)
    assert (run.exit_code, told(run)) == (1, {("quota", item)})
    ended = {one["id"]: one["error"] and one["error"]["code"] for one in _modules(run)}
    assert ended == {world.module: None, dead: "cloud_unreachable", unset: "module_unset"}
    rows = _rows(world.stand.run("audit", extra=["--format", "csv"]))
    failed = {int(row["module"]): row["cloud"] for row in rows if row["class"] == "error"}
    assert set(failed) == {dead, unset}
    said = world.stand.run("audit", extra=["--lang", "ru"]).stdout.decode()
    assert said.count("проверено не всё") == 2
    assert not world.stand.problems()


def _modules(run: Run) -> List[Dict[str, Any]]:
    modules: List[Dict[str, Any]] = json.loads(run.stdout)["modules"]
    return modules


def _rows(run: Run) -> List[Dict[str, str]]:
    return list(csv.DictReader(io.StringIO(run.stdout.decode("utf-8-sig"))))


def test_with_billmanagers_own_switch_no_cloud_is_asked(world: World) -> None:
    world.opened()
    double(world).requests.clear()
    world.stand.do_nothing()
    run = audit(world, "--repair")
    assert run.exit_code == 1
    assert _modules(run)[0]["error"]["code"] == "does_nothing"
    assert not double(world).requests


def test_two_modules_of_one_server_know_each_others_services(world: World) -> None:
    item = world.opened()
    site = world.site
    second = world.stand.add_module(base_url=site.url, login=site.login, password=site.password)
    other = world.stand.order(world.tariff(), world.client, second)
    world.run("open", other).check()
    double(world).add_user("stranger", "Strangers-pw-1")
    run = audit(world)
    assert told(run) == {("unbilled", None)}
    assert [one["login"] for one in json.loads(run.stdout)["differences"]] == ["stranger"]
    assert world.status(item) == ACTIVE


@pytest.mark.parametrize("enabled", [False, True])
def test_accounts_that_are_kept_when_closed_are_as_they_are_to_be_once_disabled(
    world: World, enabled: bool
) -> None:
    world.stand.write("etc/pmnextcloud.conf", "on_close = disable\n")
    item = world.opened()
    world.run("close", item).check()
    double(world).users[world.login(item)].enabled = enabled
    assert told(audit(world)) == ({("closed_alive", item)} if enabled else set())


def test_no_cell_starts_a_formula(world: World) -> None:
    world.stand.sql("UPDATE account SET name = '=HYPERLINK(1)' WHERE id = %s", world.client)
    item = world.opened()
    double(world).users[world.login(item)].email = "+7@example.com"
    [row] = _rows(world.stand.run("audit", extra=["--format", "csv"]))
    assert row["client_name"] == "'=HYPERLINK(1)"
    assert not [cell for cell in row.values() if cell[:1] in "=+-@" and cell]


def test_an_account_that_the_cloud_cannot_show_is_told_and_the_others_are_read(
    world: World,
) -> None:
    items = [world.opened(), world.opened()]
    double(world).users[world.login(items[0])].is_broken = True
    double(world).users[world.login(items[1])].quota = "9 GB"
    assert told(audit(world)) == {("unreadable", items[0]), ("quota", items[1])}


# -- meanwhile ------------------------------------------------------------------------------------


def test_what_an_operation_mends_meanwhile_is_no_difference(world: World) -> None:
    item = world.opened()
    user = double(world).users[world.login(item)]
    user.quota = "1 GB"

    def mend() -> None:
        user.quota = "5 GB"

    run = meanwhile(world, "/users/details", mend)
    assert (run.exit_code, told(run)) == (0, set())


def test_a_service_that_another_operation_takes_before_its_repair_is_left(world: World) -> None:
    item = world.opened()
    login = world.login(item)
    double(world).users[login].quota = "1 GB"
    second_look = f"/users/{login}"
    run = meanwhile(
        world, second_look, lambda: world.stand.set_status(item, PROCESSING), "--repair"
    )
    assert states(run) == {("quota", item): ("failed", "service_not_open")}
    assert double(world).users[login].quota == "1 GB"


def test_a_service_in_the_hands_of_another_process_is_left_and_the_next_is_mended(
    world: World,
) -> None:
    world.stand.write("etc/pmnextcloud.conf", "budget_s = 20\n")
    items = [world.opened(), world.opened()]
    for item in items:
        double(world).users[world.login(item)].quota = "1 GB"
    path = str(world.stand.root / "var/pmnextcloud/services.json.lock")
    with hold(path, [items[0]], 1, "service"):
        run = audit(world, "--repair")
    assert run.exit_code == 1
    assert states(run) == {
        ("quota", items[0]): ("failed", "busy"),
        ("quota", items[1]): ("done", ""),
    }


def test_a_debtor_is_never_let_in(world: World) -> None:
    item = world.opened()
    user = double(world).users[world.login(item)]
    user.enabled = False
    second_look = f"/users/{world.login(item)}"
    run = meanwhile(world, second_look, lambda: world.stand.set_status(item, SUSPENDED), "--repair")
    assert states(run) == {("paid_disabled", item): ("gone", "")}
    assert not user.enabled
    assert (audit(world).exit_code, user.enabled) == (0, False)


def test_an_account_that_two_services_name_is_not_mended(world: World) -> None:
    item, other = world.opened(), world.order()
    double(world).users[world.login(item)].quota = "1 GB"
    world.stand.save_param(other, "username", world.login(item), crypted=False)
    world.stand.set_status(other, ACTIVE)
    run = audit(world, "--repair")
    assert {kind for kind, _ in told(run)} >= {"duplicate", "quota"}
    assert states(run) == {}
    assert double(world).users[world.login(item)].quota == "1 GB"


def test_what_the_cloud_refuses_is_not_called_mended(world: World) -> None:
    item = world.opened()
    user = double(world).users[world.login(item)]
    user.email = "other@example.com"
    double(world).before = lambda seen: seen.method != "PUT"  # no answer to a write
    run = audit(world, "--repair", "--class", "email")
    double(world).before = None
    assert run.exit_code == 1
    [(state, why)] = states(run).values()
    assert (state, bool(why)) == ("failed", True)
    assert user.email == "other@example.com"


def test_a_cloud_that_refuses_the_login_ends_its_repairs_with_one_try(world: World) -> None:
    items = [world.opened() for _ in range(3)]
    for item in items:
        double(world).users[world.login(item)].enabled = False
    cloud = double(world)

    def revoke(seen: Any) -> bool:
        if seen.method == "PUT":
            cloud.users["admin"].password = "Changed-meanwhile-1"
        return True

    cloud.before = revoke
    run = audit(world, "--repair")
    cloud.before = None
    assert [state for state, _ in states(run).values()] == ["failed"] * 3
    assert run.exit_code == 1


@pytest.mark.parametrize("profile", PROFILES, ids=str)
def test_each_cloud_is_mended_and_then_nothing_is_left(stand: Stand, profile: str) -> None:
    with Cloud(PROFILES[profile]) as cloud:
        world = World(stand, DoubleSite(cloud))
        item = world.opened()
        user = cloud.users[world.login(item)]
        user.quota, user.enabled, user.email = "1 GB", False, "other@example.com"
        user.groups.clear()
        world.stand.drop_param(item, "url")
        run = audit(world, "--repair")
        assert len(states(run)) == 5
        assert {state for state, _ in states(run).values()} == {"done"}
        assert (run.exit_code, audit(world).exit_code) == (0, 0)
        assert world.stand.params(item)["url"] == cloud.url
        assert (user.quota, user.enabled, user.groups) == ("5 GB", True, {world.group})


def test_more_changes_than_the_limit_are_refused_with_their_number(world: World) -> None:
    users = double(world).users
    items = [world.opened() for _ in range(2)]
    for item in items:
        users[world.login(item)].quota = "9 GB"
    run = audit(world, "--repair", "--limit", "1")
    document = json.loads(run.stdout)
    assert (run.exit_code, document["refused"], document["sums"]["changes"]) == (1, True, 2)
    assert {users[world.login(item)].quota for item in items} == {"9 GB"}
    assert audit(world, "--repair", "--limit", "2").exit_code == 0
    assert {users[world.login(item)].quota for item in items} == {"5 GB"}
