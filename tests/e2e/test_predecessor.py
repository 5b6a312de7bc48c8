"""Services and modules that the predecessor left: the same names and values, no mark."""

from typing import Iterator

import pytest

from tests.doubles.billmanager import ACTIVE, Stand
from tests.doubles.cloud import Cloud
from tests.e2e.sites import GIB, DoubleSite
from tests.e2e.world import World

PASSWORD = "Predecessors-choice-1"


@pytest.fixture
def old(stand: Stand, cloud: Cloud) -> Iterator[World]:
    """A module as the predecessor stored it: its password in clear, no further parameters."""
    yield World(stand, DoubleSite(cloud), crypted=False)
    assert "stored in clear" in stand.log


def service(world: World, crypted: bool) -> int:
    """A service that the predecessor opened."""
    assert isinstance(world.site, DoubleSite)
    item = world.order()
    world.site.cloud.add_user(world.login(item), PASSWORD, quota="1 GB", groups={"old"})
    host = world.site.url.replace("127.0.0.1", "127.0.0.1")
    for name, value in (("username", world.login(item)), ("url", host)):
        world.stand.save_param(item, name, value, crypted=False)
    world.stand.save_param(item, "userpassword", PASSWORD, crypted=crypted)
    world.stand.set_status(item, ACTIVE)
    return item


@pytest.mark.parametrize("crypted", [True, False])
def test_its_services_are_suspended_changed_counted_and_closed(old: World, crypted: bool) -> None:
    item = service(old, crypted)
    old.run("suspend", item).check()
    assert not old.customer_gets_in(item)
    old.run("resume", item).check()
    assert old.customer_gets_in(item)
    old.run("setparam", item).check()
    account = old.site.account(old.login(item))
    assert account is not None
    assert account.quota_bytes == 5 * GIB
    assert account.groups == {"old", old.group}
    old.stand.run("stat", module=old.module).check()
    assert len(old.stand.stats(item)) == 1
    old.run("close", item).check()
    assert old.site.account(old.login(item)) is None


@pytest.mark.parametrize("crypted", [True, False])
def test_a_customer_of_its_gets_another_password(old: World, crypted: bool) -> None:
    item = service(old, crypted)
    for _ in range(2):
        old.run("changepassword", item).check()
        assert old.stand.params(item)["userpassword"] != PASSWORD
        assert old.customer_gets_in(item)
    old.run("suspend", item).check()
    old.run("changepassword", item).check()
    old.run("resume", item).check()
    assert old.customer_gets_in(item)
    old.run("close", item).check()
    assert old.site.account(old.login(item)) is None


def test_its_service_on_another_host_is_left_alone(old: World) -> None:
    item = service(old, True)
    old.stand.save_param(item, "url", "https://other.example", crypted=False)
    assert old.run("close", item).error_type == "account_elsewhere"
    assert old.site.account(old.login(item)) is not None


def test_a_login_that_is_not_by_its_rule_is_no_record_of_it(old: World) -> None:
    item = service(old, True)
    old.stand.save_param(item, "username", "user_0", crypted=False)
    assert old.run("suspend", item).error_type == "account_missing"


def test_an_opening_that_it_left_half_done_is_finished(old: World) -> None:
    item = service(old, True)
    old.stand.set_status(item, 5)
    old.run("open", item).check()
    assert old.status(item) == ACTIVE
    assert old.stand.params(item)["userpassword"] == PASSWORD


def test_plain_http_goes_on_working_with_a_warning(stand: Stand) -> None:
    world = World(stand, DoubleSite(Cloud()), base_url="http://cloud.invalid", crypted=False)
    item = world.order()
    assert world.run("open", item).error_type == "cloud_unreachable"
    assert "plain http" in stand.log
