"""One service on demand: what billing has, the cloud has; and its usage of today is written."""

import json
from datetime import date
from typing import List, Optional, Tuple

import pytest

from tests.doubles.billmanager import (
    ACTIVE,
    DELETED,
    ORDERED,
    PROCESSING,
    SUSPENDED,
    Run,
)
from tests.doubles.cloud import Cloud, Fault
from tests.e2e.sites import GIB, DoubleSite
from tests.e2e.world import World

Shown = Tuple[bool, str, "frozenset[str]"]


def double(world: World) -> Cloud:
    """The world's cloud, which is the double."""
    assert isinstance(world.site, DoubleSite)
    return world.site.cloud


def drift(world: World, item: int, used_bytes: int = 0) -> None:
    """Nothing of the account is as billing has it, and a group was given by hand."""
    world.site.add_to_group(world.login(item), "by-hand")
    user = double(world).users[world.login(item)]
    user.enabled, user.quota, user.groups = not user.enabled, "1 GB", {"by-hand"}
    user.used_bytes, user.logged_in = used_bytes, True


def shown(world: World, item: int) -> Shown:
    """What the command may change."""
    user = double(world).users[world.login(item)]
    return user.enabled, user.quota, frozenset(user.groups)


def usage(world: World, item: int) -> Optional[float]:
    """The usage of today, if it was written."""
    rows = world.stand.stats(item)
    assert all(row["statdate"] == date.today() and row["param"] == "disk" for row in rows)
    return float(rows[0]["value"]) if rows else None


def sync(world: World, item: int) -> Run:
    """The command, as BILLmanager calls it: without a running operation."""
    return world.stand.run("sync_item", item=item)


def refused(world: World, item: int, code: str) -> None:
    """Raises AssertionError unless the command fails with the code, and changes and books nothing.

    The account, if there is one, stays as it was.
    """
    user = double(world).users.find(world.login(item))
    before = shown(world, item) if user else None
    run = sync(world, item)
    assert (run.exit_code, run.error_type) == (1, code), str(run)
    assert (shown(world, item) if user else None) == before
    assert usage(world, item) is None


@pytest.mark.parametrize("status", [ACTIVE, SUSPENDED])
def test_all_becomes_what_billing_has(world: World, status: int) -> None:
    item = world.opened(world.tariff(gib=5))
    if status == SUSPENDED:
        world.run("suspend", item).check()
    drift(world, item, used_bytes=3 * GIB // 2)
    for _ in range(2):
        sync(world, item).check()
        groups = frozenset({"by-hand", world.group})
        assert shown(world, item) == (status == ACTIVE, "5 GB", groups)
        assert usage(world, item) == 1.5
        assert world.status(item) == status
    assert not world.stand.called("service.poststat")
    assert world.customer_gets_in(item) is (status == ACTIVE)


def test_what_is_as_billing_has_it_is_only_read(world: World) -> None:
    item = world.opened()
    double(world).requests.clear()
    sync(world, item).check()
    assert [seen.method for seen in double(world).requests] == ["GET"]
    assert usage(world, item) == 0


def test_the_row_of_the_day_is_replaced(world: World) -> None:
    item = world.opened()
    world.stand.run("stat", module=world.module).check()
    drift(world, item, used_bytes=2 * GIB)
    sync(world, item).check()
    assert usage(world, item) == 2


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (ORDERED, "service_not_open"),
        (PROCESSING, "service_not_open"),
        (DELETED, "service_closed"),
    ],
)
def test_a_service_that_is_not_open_is_left_alone(world: World, status: int, code: str) -> None:
    item = world.opened()
    drift(world, item)
    world.stand.set_status(item, status)
    asked = len(double(world).requests)
    refused(world, item, code)
    assert len(double(world).requests) == asked


def test_an_account_that_is_gone_is_an_error(world: World) -> None:
    item = world.opened()
    world.site.remove_account(world.login(item))
    refused(world, item, "account_missing")
    assert double(world).users.find(world.login(item)) is None


def test_a_strangers_account_is_left_alone(world: World) -> None:
    item = world.opened()
    unmade = world.mark(item, world.stand.params(item)["userpassword"], is_made=False)
    world.stand.save_param(item, "pmnextcloud_mark", unmade, crypted=True)
    double(world).users[world.login(item)].password = "Str4nger's-own-password"
    drift(world, item)
    refused(world, item, "login_taken")


def test_an_administrators_account_is_left_alone(world: World) -> None:
    item = world.opened()
    drift(world, item)
    world.site.add_to_group(world.login(item), "admin")
    refused(world, item, "account_protected")


def test_a_tariff_without_space_changes_nothing(world: World) -> None:
    item = world.opened()
    drift(world, item)
    nothing = world.stand.add_tariff(world.itemtype, addons=[])
    world.stand.sql("UPDATE item SET pricelist = %s WHERE id = %s", nothing, item)
    refused(world, item, "quota_missing")


def test_the_limit_of_edits_does_not_hold_up_a_suspension(world: World) -> None:
    item = world.opened()
    world.run("suspend", item).check()
    drift(world, item)
    double(world).faults.append(
        Fault("throttle_http", method="PUT", path=r"/users/[^/]+$", times=None)
    )
    run = sync(world, item)
    assert (run.exit_code, run.error_type) == (1, "cloud_write_limit")
    assert not world.customer_gets_in(item)
    assert usage(world, item) is None


@pytest.mark.parametrize("status", [ACTIVE, SUSPENDED])
def test_a_quota_that_cannot_be_read_does_not_hold_up_who_gets_in(
    world: World, status: int
) -> None:
    item = world.opened()
    if status == SUSPENDED:
        world.run("suspend", item).check()
    drift(world, item)
    user = double(world).users[world.login(item)]
    user.storage_locked = True
    run = sync(world, item)
    assert (run.exit_code, run.error_type) == (1, "quota_unread")
    assert shown(world, item) == (status == ACTIVE, "1 GB", frozenset({"by-hand", world.group}))
    assert usage(world, item) is None
    user.storage_locked = False
    sync(world, item).check()
    assert user.quota == "5 GB"


def test_usage_that_was_not_read_is_not_written(world: World) -> None:
    item = world.opened()
    quota = {"quota": 5 * GIB, "used": None}
    user = {"id": world.login(item), "enabled": True, "groups": [world.group], "quota": quota}
    body = json.dumps({"ocs": {"meta": {"statuscode": 100}, "data": user}}).encode()
    double(world).faults.append(Fault("status", method="GET", code=200, body=body))
    run = sync(world, item)
    assert (run.exit_code, run.error_type) == (1, "usage_unread")
    assert run.error_value == f"{date.today()}: {world.login(item)}"
    assert usage(world, item) is None


# -- all services of a module ---------------------------------------------------------------------


def sync_all(world: World, *extra: str) -> Run:
    """The command as people start it."""
    return world.stand.run("sync_item", module=world.module, extra=extra, timeout_s=200)


def retariffed(world: World, count: int) -> List[int]:
    """Services whose tariff was changed for all of them at once, past the module."""
    items = [world.left_by("open") for _ in range(count)]
    larger = world.tariff(gib=20, group="gold")
    for item in items:
        world.stand.sql("UPDATE item SET pricelist = %s WHERE id = %s", larger, item)
    return items


def test_after_a_mass_change_of_tariffs_every_service_follows(world: World) -> None:
    items = retariffed(world, 3)
    healthy = world.opened()
    run = sync_all(world)
    assert run.exit_code == 0, run
    for item in items:
        assert shown(world, item) == (True, "20 GB", frozenset({world.group, "gold"}))
        assert usage(world, item) is None, "it is left to stat"
    assert shown(world, healthy) == (True, "5 GB", frozenset({world.group}))
    assert not world.stand.called("runningoperation.edit")
    assert "[mended]" in run.stdout.decode()


def test_more_changes_than_the_limit_are_refused_with_their_number(world: World) -> None:
    items = retariffed(world, 2)
    for extra in (["--limit", "3"], ["--limit", "3", "--dry-run"]):
        run = sync_all(world, *extra)
        assert run.exit_code == 1
        assert "4 > 3" in run.stdout.decode()
    assert {shown(world, item)[1] for item in items} == {"5 GB"}
    assert sync_all(world, "--limit", "4").exit_code == 0


def test_a_dry_run_for_all_tells_what_it_would_do_and_does_nothing(world: World) -> None:
    items = retariffed(world, 2)
    run = sync_all(world, "--dry-run")
    said = run.stdout.decode()
    for item in items:
        assert f"users/{world.login(item)} key=quota" in said
        assert shown(world, item)[1] == "5 GB"
        assert usage(world, item) is None
    assert "[would be mended]" in said


def test_a_service_that_fails_stops_no_other_and_nobody_in_billing_is_told(world: World) -> None:
    items = retariffed(world, 2)
    login = world.login(items[0])
    double(world).before = lambda seen: not (seen.method == "PUT" and login in seen.path)
    run = sync_all(world)
    double(world).before = None
    assert run.exit_code == 1
    assert (shown(world, items[0])[1], shown(world, items[1])[1]) == ("5 GB", "20 GB")
    assert not world.stand.problems()
    assert not world.stand.tasks()


def test_for_no_module_of_ours_there_is_nothing_to_do(world: World) -> None:
    run = world.stand.run("sync_item", module=99)
    assert (run.exit_code, run.error_type) == (1, "module_not_found")
    assert sync_all(world).exit_code == 0
