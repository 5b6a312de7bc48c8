"""Before a sale: less space than is used is refused, and nothing else ever is."""

from typing import Callable, Dict

import pytest

from tests.doubles.billmanager import ACTIVE, PROCESSING, Run
from tests.doubles.cloud import Cloud, Fault
from tests.e2e.sites import GIB, DoubleSite
from tests.e2e.world import World
from tests.tools import table
from utils.run.guard import CHECK_S

YES = b"<doc><ok/></doc>"


def double(world: World) -> Cloud:
    """The world's cloud, which is the double."""
    assert isinstance(world.site, DoubleSite)
    return world.site.cloud


@pytest.fixture
def item(world: World) -> int:
    """An open service of 20 GiB, 8 of which are used now, and 7 were when it was counted."""
    made = world.left_by("open")
    stand = world.stand
    stand.sql("UPDATE item SET pricelist = %s WHERE id = %s", world.tariff(gib=20), made)
    user = double(world).users[world.login(made)]
    user.quota, user.used_bytes, user.logged_in = "20 GB", 7 * GIB, True
    stand.run("stat", module=world.module).check()
    user.used_bytes = 8 * GIB
    double(world).requests.clear()
    return made


def ask(world: World, item: int, gib: int, tariff: int = 0, lang: str = "en") -> Run:
    """A form that chooses so much, of a tariff that includes a GiB."""
    tariff = tariff or world.tariff(gib=1)
    return world.stand.check("check_addon", "disk", gib, item=item, tariff=tariff, lang=lang)


@pytest.mark.every_cloud
def test_the_figures_are_those_of_the_moment(world: World, item: int) -> None:
    users = dict(double(world).users.items())
    before = len(world.stand.calls)
    refused = ask(world, item, 8)
    assert refused.exit_code == 1
    assert refused.error_type == "space_too_small"
    assert refused.error_value == (
        "8 GiB are used, 8.4 GiB are needed with the margin, 8 GiB are chosen"
    )
    assert "занято 8 ГиБ" in str(ask(world, item, 8, lang="ru").error_value)
    assert ask(world, item, 9).check().stdout.strip().endswith(YES)
    assert len(world.stand.calls) == before, "nothing is written in billing"
    assert {seen.method for seen in double(world).requests} == {"GET"}
    assert dict(double(world).users.items()) == users


def test_the_field_may_have_any_name_of_the_add_on(world: World, item: int) -> None:
    tariff = world.tariff(gib=1, name="disk disc")
    addon = world.stand.addons(tariff)["disk disc"]
    for name in (f"addon_{addon}", str(addon), "disk disc", "disc"):
        run = world.stand.check("check_addon", name, 2, item=item, tariff=tariff)
        assert run.error_type == "space_too_small", name
    assert world.stand.check("check_addon", "php", 2, item=item, tariff=tariff).check()


def test_a_new_order_and_a_service_without_account_are_allowed(world: World) -> None:
    for run in (
        world.stand.check("check_addon", "disk", 1),
        world.stand.check("check_addon", "disk", 1, item=0),
        world.stand.check("check_addon", "disk", 1, item=""),
        ask(world, world.order(), 1),
        ask(world, 4711, 1),
    ):
        assert run.check().stdout.strip().endswith(YES)


@pytest.mark.long
@pytest.mark.parametrize("setting", ["warn", "allow"])
def test_the_setting_decides(world: World, item: int, setting: str) -> None:
    world.stand.write("etc/pmnextcloud.conf", f"downgrade = {setting}\n")
    ask(world, item, 2).check()
    assert ("less space than is used" in world.stand.log) is (setting == "warn")


def down(world: World) -> None:
    """Nothing listens there any more."""
    double(world).pause()


def wrong(world: World) -> None:
    """The module's password is refused."""
    for user in double(world).users.values():
        if user.login == world.site.login:
            user.password = "Another-made-up-1"


CLOUDS: Dict[str, Callable[[World], None]] = {
    "down": down,
    "wrong password": wrong,
    **{
        kind: lambda world, fault=fault: double(world).faults.append(fault)
        for kind, fault in {
            "hanging": Fault("stall", times=None, seconds=60),
            "failing": Fault("status", times=None, code=500),
            "closing": Fault("cut_before", times=None),
        }.items()
    },
}
"""What may be the matter with a cloud."""


USUAL = ("down", "wrong password")


@pytest.mark.parametrize(
    "kind",
    [kind if kind in USUAL else pytest.param(kind, marks=pytest.mark.long) for kind in CLOUDS],
)
def test_without_the_cloud_the_last_counted_day_decides_in_time(
    world: World, item: int, kind: str
) -> None:
    tariff = world.tariff(gib=1)
    CLOUDS[kind](world)
    refused = ask(world, item, 7, tariff)
    assert refused.error_type == "space_too_small"
    assert str(refused.error_value).startswith("7 GiB are used (on ")
    allowed = ask(world, item, 8, tariff)
    assert allowed.check().stdout.strip().endswith(YES), "less than is used now, which nobody knows"
    world.stand.sql("DELETE FROM itemstat")
    nothing = ask(world, item, 2, tariff)
    assert nothing.check().stdout.strip().endswith(YES)
    assert "not checked, so it is allowed: usage_unread" in world.stand.log
    assert max(run.seconds for run in (refused, allowed, nothing)) < CHECK_S + 3
    assert not world.stand.problems()


@pytest.mark.parametrize("command", table.CHECKS)
def test_without_billing_it_is_allowed(world: World, item: int, command: str) -> None:
    world.stand.write_db_conf(DBSocket="/nonexistent/db.sock")
    world.stand.core_down = True
    run = world.stand.check(command, "disk", 1, item=item)
    assert run.check().stdout.strip().endswith(YES)
    world.stand.write("etc/pmnextcloud.conf", "nonsense\n")
    assert world.stand.check(command, "disk", 1, item=item).check()


@pytest.mark.long
@pytest.mark.parametrize("stdin", [None, "devnull", "no document", "<doc>"])
def test_without_a_document_the_services_own_tariff_counts(
    world: World, item: int, stdin: str
) -> None:
    run = world.stand.check("check_addon", "disk", 2, item=item, stdin=stdin)
    assert run.check(), "22 GiB: two beyond the twenty that are included"


@pytest.mark.long
def test_a_change_under_way_is_looked_at_as_well(world: World, item: int) -> None:
    world.stand.set_status(item, PROCESSING)
    assert ask(world, item, 2).error_type == "space_too_small"
    world.stand.set_status(item, ACTIVE)


@pytest.mark.long
def test_whoever_works_on_the_service_keeps_no_check_waiting(world: World, item: int) -> None:
    operation = world.stand.add_operation("suspend", item)
    double(world).faults.append(Fault("stall", times=None, seconds=2))
    process = world.stand.start("suspend", item=item, runningoperation=operation)
    run = ask(world, item, 2)
    assert run.seconds < CHECK_S + 3
    assert run.error_type == "space_too_small"
    process.finish()


@pytest.mark.parametrize(
    ("param", "value", "error"),
    [
        ("username", "a b", "name_unfit"),
        ("username", "admin", "name_reserved"),
        ("username", "ivanov", None),
        ("email", "nobody", "email_unfit"),
        ("email", "client@example.com", None),
        ("php", "8", None),
    ],
)
def test_a_typed_name_is_checked_before_the_order(
    idle: World, param: str, value: str, error: str
) -> None:
    run = idle.stand.check("check_param", param, value, lang="ru")
    assert run.error_type == error
    assert error or run.stdout.strip().endswith(YES)


def test_a_value_that_may_be_a_secret_is_kept_nowhere(idle: World) -> None:
    value = "Typed-by-somebody-7"
    idle.stand.check("check_param", "userpassword", value).check()
    texts = [path.read_text("utf-8", "replace") for path in idle.stand.root.rglob("*.jsonl")]
    assert value not in "".join([*texts, idle.stand.log])
