"""What the tables of a living BILLmanager say: names, choices, trials, limits, versions."""

from datetime import date, datetime, timedelta
from typing import Any, Dict, List, Optional

import pytest

from tests.doubles.billmanager import (
    ACTIVE,
    BY_STATISTICS,
    CHOICE,
    CHOICE_TIMES,
    DELETED,
    DEPARTMENT,
    PROCESSING,
    Addon,
    CoreFault,
)
from tests.e2e.sites import GIB, DoubleSite
from tests.e2e.world import World

pytestmark = pytest.mark.preloaded


def quota(world: World, item: int) -> float:
    """The quota of a service's account in the cloud."""
    account = world.site.account(world.login(item))
    assert account is not None
    assert account.quota_bytes is not None
    return account.quota_bytes


def stat(world: World, *extra: str) -> None:
    """The daily statistics."""
    world.stand.run("stat", module=world.module, extra=extra).check()


# -- add-ons ----------------------------------------------------------------------------------


ADDONS: Dict[str, Dict[str, Any]] = {
    "several words": {"name": "disk disc", "gib": 7},
    "another order": {"name": "disc disk", "gib": 7},
    "letter case and blanks": {"name": " DISC\tdisk", "gib": 7},
    "named otherwise by the tariff": {"name": "space", "type_name": "disk disc", "gib": 7},
    "not named by the tariff": {"name": "disk disc", "own_name": False, "gib": 7},
    "a choice": {"addontype": CHOICE, "choice": "7gb"},
    "a choice of a bare number": {"addontype": CHOICE, "choice": "7"},
    "a choice several times": {"addontype": CHOICE_TIMES, "choice": "1gb", "gib": 7},
    "by statistics": {"billtype": BY_STATISTICS, "max": 7, "gib": 1},
}


@pytest.mark.parametrize("addon", ADDONS.values(), ids=[*ADDONS])
def test_space_is_found_however_it_is_named_and_sold(world: World, addon: Dict[str, Any]) -> None:
    item = world.opened(world.tariff(**addon))
    assert quota(world, item) == 7 * GIB
    stat(world)
    world.run("sync_item", item).check()
    [row] = world.stand.stats(item)
    assert row["param"].lower() in ("disk", "disc")
    assert row["measure"] == "gib"


@pytest.mark.parametrize("name", ["big", "", None])
def test_a_choice_that_says_no_size_is_refused_before_anything_is_made(
    world: World, name: Optional[str]
) -> None:
    tariff = world.tariff(addontype=CHOICE, choice="1gb")
    item, choice = world.order(tariff), world.stand.add_choice(name)
    row = world.stand.addons(tariff)["disk"]
    world.stand.add_addon_row(item, row, enumerationitem=choice)
    run = world.run("open", item)
    assert (run.error_type, run.error_value) == ("choice_unreadable", name or f"({choice})")
    assert world.site.account(world.login(item)) is None


def test_what_was_bought_stays_though_the_tariff_sells_it_no_more(world: World) -> None:
    item = world.opened(world.tariff(gib=5), ordered=3)
    world.stand.sql("UPDATE pricelist SET active = NULL WHERE parent IS NOT NULL")
    for command in ("sync_item", "setparam"):
        world.run(command, item).check()
        assert quota(world, item) == 8 * GIB
    stat(world)
    assert len(world.stand.stats(item)) == 1
    assert world.run("open", world.order(world.stand.item(item)["pricelist"])).error_type == (
        "quota_missing"
    )


@pytest.mark.parametrize(
    ("addon", "own", "gib"),
    [
        ({"gib": 5, "trial_limit": 1}, {}, 1),
        ({"gib": 5, "trial_limit": 1}, {"addonlimittrial": 2}, 2),
        ({"gib": 5, "trial_limit": 4, "trial_max": 3}, {}, 3),
        ({"gib": 5, "max": 100, "billtype": BY_STATISTICS}, {"addonlimit": 20}, 20),
        ({"gib": 5, "max": 10, "billtype": BY_STATISTICS}, {"addonlimit": 20}, 10),
    ],
)
def test_limits_of_a_trial_and_of_the_service_count(
    world: World, addon: Dict[str, Any], own: Dict[str, int], gib: int
) -> None:
    tariff = world.tariff(**addon)
    item = world.order(tariff, trial=True)
    world.stand.add_addon_row(item, world.stand.addons(tariff)["disk"], **own)
    world.run("open", item).check()
    assert quota(world, item) == gib * GIB


@pytest.mark.parametrize("gib", [1023, 1024, 1040, 1500])
def test_a_customer_cannot_fill_more_than_the_maximum(world: World, gib: int) -> None:
    by_order = world.opened(world.tariff(gib=gib))
    by_use = world.opened(world.tariff(max=gib, billtype=BY_STATISTICS))
    assert quota(world, by_order) >= gib * GIB
    assert 0 < quota(world, by_use) <= gib * GIB
    world.run("sync_item", by_use).check()
    assert 0 < quota(world, by_use) <= gib * GIB


@pytest.mark.parametrize(("setting", "quota_bytes"), [("unlimited", None), ("included", 5 * GIB)])
def test_what_has_no_maximum_is_as_the_settings_say(
    world: World, setting: str, quota_bytes: Optional[int]
) -> None:
    world.stand.write("etc/pmnextcloud.conf", f"statistics_without_maximum = {setting}\n")
    item = world.opened(world.tariff(gib=5, billtype=BY_STATISTICS))
    account = world.site.account(world.login(item))
    assert account is not None
    assert account.quota_bytes == quota_bytes


# -- the core ---------------------------------------------------------------------------------


def test_a_core_that_cannot_open_the_type_keeps_the_operation(world: World) -> None:
    world.stand.hidden_functions.add("backupservice.open")
    item = world.order()
    assert world.run("open", item).error_type == "open_unknown"
    assert not world.stand.called("service.postopen")
    assert world.status(item) == PROCESSING
    assert world.stand.operations(item)
    world.stand.hidden_functions.clear()
    world.run("open", item).check()
    assert world.status(item) == ACTIVE
    assert world.customer_gets_in(item)


@pytest.mark.parametrize("form", ["name", "pairs", "both"])
def test_a_change_of_the_core_leaves_nothing_beside(world: World, form: str) -> None:
    for present in ("name", form):
        world.stand.saveparam_form = present
        item = world.order(params={"name": "the client's own"} if present == form else None)
        world.run("open", item).check()
        own = {"name"} if present == form else set()
        saved = {"username", "userpassword", "url", "pmnextcloud_mark"} | own
        assert set(world.stand.params(item)) == saved
        assert world.customer_gets_in(item)


def test_the_login_stands_in_the_column_of_the_type(world: World) -> None:
    world.stand.add_type_param(world.itemtype, "accountname")
    item = world.opened()
    assert world.stand.params(item)["accountname"] == world.login(item)


# -- statistics -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "form", ["", " ", "%Y-%m-%d", " %Y-%m-%d ", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M"]
)
def test_today_is_booked_however_it_is_asked_for(world: World, form: str) -> None:
    item = world.opened()
    stat(world, "--date", datetime.now().strftime(form))
    assert [row["statdate"] for row in world.stand.stats(item)] == [date.today()]
    assert len(world.stand.called("service.poststat")) == 1


@pytest.mark.parametrize("days", [-400, -1, 1])
def test_another_day_books_nothing_and_says_so(world: World, days: int) -> None:
    item = world.opened()
    day = (date.today() + timedelta(days=days)).isoformat()
    stat(world, f"--date={day}")
    assert not world.stand.stats(item)
    assert not world.stand.called("service.poststat")
    assert f"usage of {day} was asked for: nothing is booked" in world.stand.log


def test_a_day_that_cannot_be_read_is_told(world: World) -> None:
    world.opened()
    run = world.stand.run("stat", module=world.module, extra=["--date", "yesterday"])
    assert (run.exit_code, run.error_type) == (1, "bad_arguments")
    assert not world.stand.called("service.poststat")


# -- sold and not counted -----------------------------------------------------------------------


def tasks(world: World) -> List[str]:
    """What the open tasks of the department say."""
    rows = world.stand.tasks()
    return [row["specification"] for row in rows if row["department"] == DEPARTMENT]


def lose_addon(world: World, item: int) -> None:
    """The add-on is taken out of the tariff."""
    world.stand.sql("UPDATE pricelist SET active = NULL WHERE parent IS NOT NULL")


def lose_account(world: World, item: int) -> None:
    """Somebody deletes the account."""
    assert isinstance(world.site, DoubleSite)
    del world.site.cloud.users[world.login(item)]


def lose_mark(world: World, item: int) -> None:
    """The mark does not decrypt."""
    world.stand.sql("UPDATE itemcryptedparam SET value = 'AAAA' WHERE item = %s", item)


LOSSES = {"no add-on": lose_addon, "no account": lose_account, "broken mark": lose_mark}


@pytest.mark.parametrize("lose", LOSSES.values(), ids=[*LOSSES])
def test_staff_has_one_task_for_each_uncounted_service(world: World, lose: Any) -> None:
    items = [world.opened() for _ in range(2)]
    for item in items:
        lose(world, item)
    for _ in range(2):
        stat(world)
        assert len(tasks(world)) == 2
    for item, text in zip(items, tasks(world)):
        assert f"service {item} (" in text
        assert f"услуга {item} (" in text
    assert len(world.stand.called("service.poststat")) == 2, "the day is posted all the same"


@pytest.mark.parametrize("end", ["counted", "closed", "closed by staff"])
def test_a_task_ends_with_its_cause(world: World, end: str) -> None:
    item = world.opened()
    lose_addon(world, item)
    stat(world)
    assert len(tasks(world)) == 1
    if end == "counted":
        world.stand.sql("UPDATE pricelist SET active = 'on'")
    elif end == "closed":
        world.stand.set_status(item, DELETED)
    else:
        world.stand.sql("UPDATE task SET status = 2")
    stat(world)
    assert len(tasks(world)) == (1 if end == "closed by staff" else 0)


@pytest.mark.parametrize("kind", ["cut_after_effect", "exit1", "error", "garbage"])
def test_a_task_that_fails_never_costs_the_day_and_is_made_once(world: World, kind: str) -> None:
    lose_addon(world, world.opened())
    world.stand.core_faults.append(CoreFault("task.simple.create", kind=kind))
    for _ in range(2):
        stat(world)
    assert len(tasks(world)) == 1
    assert len(world.stand.called("service.poststat")) == 2


def test_a_memory_that_is_lost_makes_no_second_task(world: World) -> None:
    lose_addon(world, world.opened())
    stat(world)
    (world.stand.root / f"var/pmnextcloud/uncounted-{world.module}.json").unlink()
    stat(world)
    assert len(tasks(world)) == 1


def test_a_core_without_such_tasks_costs_nothing_but_them(world: World) -> None:
    lose_addon(world, world.opened())
    world.stand.hidden_functions.add("task.simple.create")
    stat(world)
    assert not tasks(world)
    assert world.stand.called("service.poststat")


def test_a_service_of_several_add_ons_is_counted_on_its_space(world: World) -> None:
    others = [Addon(name="in out"), Addon(name="mem mem_max"), Addon(name="Disk disc", limit=3)]
    item = world.opened(world.stand.add_tariff(world.itemtype, others))
    stat(world)
    assert [row["param"] for row in world.stand.stats(item)] == ["Disk"]
    assert quota(world, item) == 3 * GIB
