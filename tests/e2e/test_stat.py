"""Usage: every service once, never a number that was not read."""

import json
from datetime import date
from typing import Dict

import pytest

from tests.cloud import Fault
from tests.e2e.sites import GIB, DoubleSite
from tests.e2e.world import World
from tests.stand import ACTIVE, PROCESSING, SUSPENDED

MANY = 25
"""More than are read one by one."""


def booked(world: World) -> Dict[int, float]:
    """The value of each service's row; a service never has two."""
    rows = world.stand.sql("SELECT item, value FROM itemstat")
    values = {row["item"]: float(row["value"]) for row in rows}
    assert len(values) == len(rows)
    return values


def many(world: World, count: int = MANY) -> "list[int]":
    """Services with an account each, as `open` leaves them; number n uses n GiB."""
    assert isinstance(world.site, DoubleSite)
    cloud = world.site.cloud
    tariff = world.tariff(gib=100)
    items = []
    for number in range(count):
        item = world.order(tariff)
        login, password = world.login(item), f"Made-up-{item}"
        cloud.add_user(login, password, used_bytes=number * GIB, logged_in=True)
        world.stand.save_param(item, "username", login, crypted=False)
        world.stand.save_param(item, "userpassword", password, crypted=True)
        world.stand.set_status(item, (ACTIVE, SUSPENDED, PROCESSING)[number % 3])
        items.append(item)
    return items


@pytest.mark.parametrize("count", [3, MANY])
def test_each_service_has_one_row_however_often_it_runs(world: World, count: int) -> None:
    items = many(world, count)
    for _ in range(2):
        world.stand.run("stat", module=world.module).check()
        assert booked(world) == {item: float(number) for number, item in enumerate(items)}
    assert {row["statdate"] for row in world.stand.stats(items[0])} == {date.today()}
    calls = world.stand.called("service.poststat")
    assert [call.args for call in calls] == [
        {"elid": str(world.module), "date": date.today().isoformat()}
    ] * 2


def test_many_are_read_by_pages_and_strangers_are_not_counted(world: World) -> None:
    assert isinstance(world.site, DoubleSite)
    cloud = world.site.cloud
    items = many(world)
    for number in range(10):
        cloud.add_user(f"stranger{number}", "Str4nger-secret", used_bytes=GIB, logged_in=True)
    world.stand.write("etc/pmnextcloud.conf", "page_size = 10\n")
    world.know_cloud()
    cloud.requests.clear()
    world.stand.run("stat", module=world.module).check()
    assert set(booked(world)) == set(items)
    assert len(cloud.requests) == 4
    assert all(request.path.endswith("/users/details") for request in cloud.requests)


@pytest.mark.parametrize("count", [3, MANY])
def test_a_missing_account_is_a_warning_without_a_row(world: World, count: int) -> None:
    items = many(world, count)
    world.site.remove_account(world.login(items[1]))
    world.stand.run("stat", module=world.module).check()
    assert set(booked(world)) == {*items} - {items[1]}
    assert f"service {items[1]}: the cloud has no account" in world.stand.log
    assert world.stand.called("service.poststat")


@pytest.mark.parametrize("count", [3, MANY])
def test_nothing_is_booked_where_the_cloud_cannot_be_read(world: World, count: int) -> None:
    assert isinstance(world.site, DoubleSite)
    many(world, count)
    world.site.cloud.faults.append(Fault("status", code=500, times=None))
    run = world.stand.run("stat", module=world.module)
    assert (run.exit_code, run.error_type) == (1, "cloud_unreachable")
    assert not booked(world)
    assert not world.stand.called("service.poststat")


def test_an_account_that_cannot_be_read_is_not_booked_as_zero(world: World) -> None:
    assert isinstance(world.site, DoubleSite)
    items = many(world, 3)
    user = {"id": world.login(items[1]), "enabled": True, "quota": []}
    body = json.dumps({"ocs": {"meta": {"statuscode": 100}, "data": user}}).encode()
    world.site.cloud.faults.append(
        Fault("status", path=world.login(items[1]) + "$", code=200, body=body, times=None)
    )
    run = world.stand.run("stat", module=world.module)
    assert (run.exit_code, run.error_type) == (1, "usage_unread")
    assert set(booked(world)) == {items[0], items[2]}
    assert not world.stand.called("service.poststat")


def test_who_was_not_met_in_the_pages_is_asked_for(world: World) -> None:
    assert isinstance(world.site, DoubleSite)
    items = many(world)
    body = b'{"ocs":{"meta":{"statuscode":100},"data":{"users":[]}}}'
    world.site.cloud.faults.append(Fault("status", path="details$", code=200, body=body))
    world.stand.run("stat", module=world.module).check()
    assert set(booked(world)) == set(items)


def test_services_of_others_and_closed_ones_are_not_counted(world: World) -> None:
    items = many(world, 3)
    second = World(world.stand, world.site)
    other = many(second, 1)
    world.stand.set_status(items[0], 4)
    never = world.order(params={"username": "admin"})
    world.stand.run("stat", module=world.module).check()
    assert set(booked(world)) == {items[1], items[2]}
    assert never not in booked(world)
    assert other[0] not in booked(world)


def test_a_service_whose_password_is_broken_does_not_spoil_the_rest(world: World) -> None:
    items = many(world, 3)
    world.stand.sql("UPDATE itemcryptedparam SET value = 'bm9uc2Vuc2U=' WHERE item = %s", items[0])
    world.stand.run("stat", module=world.module).check()
    assert set(booked(world)) == {items[1], items[2]}
    assert f"service {items[0]}: secret_broken" in world.stand.log


def test_a_module_without_services_is_done_at_once(world: World) -> None:
    world.stand.run("stat", module=world.module).check()
    assert world.stand.called("service.poststat")
