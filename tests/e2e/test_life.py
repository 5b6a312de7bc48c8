"""The life of a service, from the paid order to the end; the same on the double and on -m live."""

from datetime import date

import pytest

from tests.doubles.billmanager import ACTIVE, DELETED, SUSPENDED
from tests.e2e.sites import GIB
from tests.e2e.world import World


def test_a_paid_order_becomes_a_working_account(any_world: World) -> None:
    world = any_world
    item = world.order(world.tariff(gib=5), ordered=3)
    world.run("open", item).check()
    account = world.site.account(world.login(item))
    assert account is not None
    assert account.quota_bytes == 8 * GIB
    assert account.groups == {world.group}
    assert account.email == "client7@example.com"
    assert account.enabled
    params = world.stand.params(item)
    assert params["username"] == world.login(item)
    assert params["url"] == world.site.url
    assert "userpassword" in world.stand.crypted_names(item)
    assert world.customer_gets_in(item)
    assert world.status(item) == ACTIVE
    assert not world.stand.operations(item)


def test_open_twice_is_one_account_with_the_same_password(any_world: World) -> None:
    world = any_world
    item = world.opened()
    before = world.stand.params(item)
    world.run("open", item).check()
    assert world.stand.params(item) == before
    assert world.customer_gets_in(item)


def test_suspend_locks_out_and_resume_lets_in(any_world: World) -> None:
    world = any_world
    item = world.opened()
    for _ in range(2):
        world.run("suspend", item).check()
        assert world.status(item) == SUSPENDED
        assert not world.customer_gets_in(item)
    for _ in range(2):
        world.run("resume", item).check()
        assert world.status(item) == ACTIVE
        assert world.customer_gets_in(item)


def test_a_new_tariff_changes_quota_and_group_and_keeps_groups_set_by_hand(
    any_world: World,
) -> None:
    world = any_world
    item = world.opened(world.tariff(gib=5))
    world.site.add_to_group(world.login(item), "by-hand")
    world.stand.change_tariff(item, world.tariff(gib=20, group="pmnextcloud-gold"))
    world.run("setparam", item).check()
    account = world.site.account(world.login(item))
    assert account is not None
    assert account.quota_bytes == 20 * GIB
    assert account.groups == {"by-hand", "pmnextcloud-gold"}
    assert world.stand.item(item)["lastpricelist"] is None
    world.run("setparam", item).check()
    assert world.site.account(world.login(item)) == account


def test_usage_is_booked_once_in_the_measure_of_the_addon(any_world: World) -> None:
    world = any_world
    item = world.opened(world.tariff(gib=5, measure="mib", limit=1000))
    params = world.stand.params(item)
    stored = 3 * 1024**2 + 300_000
    world.site.store_bytes(params["username"], params["userpassword"], stored)
    used = world.site.used_bytes(params["username"])
    assert used >= stored
    for _ in range(2):
        world.stand.run("stat", module=world.module).check()
    rows = [(row["statdate"], row["param"], float(row["value"])) for row in world.stand.stats(item)]
    assert rows == [(date.today(), "disk", pytest.approx(used / 1024**2, abs=0.005))]
    assert len(world.stand.called("service.poststat")) == 2


def test_close_removes_the_account_and_closing_again_is_success(any_world: World) -> None:
    world = any_world
    item = world.opened()
    for _ in range(2):
        world.run("close", item).check()
        assert world.status(item) == DELETED
        assert world.site.account(world.login(item)) is None


def test_quota_is_never_less_than_ordered_where_the_server_rounds(any_world: World) -> None:
    world = any_world
    item = world.opened(world.tariff(gib=1040))
    account = world.site.account(world.login(item))
    assert account is not None
    assert account.quota_bytes is not None
    assert 1040 * GIB <= account.quota_bytes <= 1127 * GIB
    writes = len(world.stand.calls)
    world.run("setparam", item).check()
    assert world.site.account(world.login(item)) == account
    assert len(world.stand.calls) == writes + 1


def test_unlimited_is_what_by_statistics_without_a_cap_gives(any_world: World) -> None:
    world = any_world
    item = world.opened(world.tariff(billtype=3, max=None))
    account = world.site.account(world.login(item))
    assert account is not None
    assert account.quota_bytes is None


def test_somebody_elses_account_is_neither_taken_nor_touched(any_world: World) -> None:
    world = any_world
    item = world.order()
    world.site.add_account(world.login(item), "Str4nger's-own-password")
    assert world.run("open", item).error_type == "login_taken"
    world.run("close", item).check()
    assert world.site.login_works(world.login(item), "Str4nger's-own-password")


def test_groups_of_the_cloud_reach_the_tariff_form(any_world: World) -> None:
    world = any_world
    world.site.add_group("by-hand")
    world.stand.run("get_server_config", module=world.module).check()
    form = "<doc><usergroup>older</usergroup></doc>"
    run = world.stand.run(
        "pricelist_dynamic_settings_tune", module=world.module, stdin=form
    ).check()
    keys = [node.get("key") for node in run.xml.findall("slist[@name='usergroup']/msg")]
    assert {"", "by-hand", "older"} <= set(keys)
    assert "admin" not in keys


def test_check_connection_accepts_what_works(any_world: World) -> None:
    any_world.stand.run("check_connection", stdin=any_world.form()).check()
