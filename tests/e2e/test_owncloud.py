"""What ownCloud 10 has of its own: made in steps, rights that look like a wrong password."""

from typing import Iterator, List

import pytest

from tests.doubles.billmanager import ACTIVE, Stand
from tests.doubles.cloud import OWNCLOUD_10, Cloud, Fault
from tests.e2e.sites import GIB, DoubleSite
from tests.e2e.world import World

pytestmark = pytest.mark.preloaded


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """An ownCloud."""
    with Cloud(OWNCLOUD_10) as made:
        yield made


@pytest.fixture
def owncloud(stand: Stand, cloud: Cloud) -> World:
    """A provider whose module knows that its cloud is an ownCloud."""
    cloud.add_group("pmnextcloud-test")
    world = World(stand, DoubleSite(cloud))
    world.know_cloud()
    cloud.requests.clear()
    return world


def asked(cloud: Cloud, login: str) -> List[str]:
    """The requests so far, the account's login written as ID; forgets them."""
    paths = [seen.path.rpartition("/cloud/")[2].replace(login, "ID") for seen in cloud.requests]
    methods = [seen.method for seen in cloud.requests]
    cloud.requests.clear()
    return [f"{method} {path}" for method, path in zip(methods, paths)]


def test_each_command_takes_few_requests_on_one_connection(owncloud: World, cloud: Cloud) -> None:
    item = owncloud.opened()
    login = owncloud.login(item)
    assert len({seen.connection_id for seen in cloud.requests}) == 1
    read = ["GET users/ID", "GET users/ID/groups"]
    assert asked(cloud, login) == [
        "GET users/ID",
        "POST users",
        "PUT users/ID",
        "PUT users/ID",
        *read,
    ]
    owncloud.run("suspend", item).check()
    assert asked(cloud, login) == [*read, "PUT users/ID/disable"]
    owncloud.run("resume", item).check()
    assert asked(cloud, login) == [*read, "PUT users/ID/enable"]
    owncloud.stand.change_tariff(item, owncloud.tariff(gib=20))
    owncloud.run("setparam", item).check()
    assert asked(cloud, login) == [*read, "PUT users/ID", *read]
    owncloud.run("close", item).check()
    found = asked(cloud, login)
    assert found[:3] == [*read, "DELETE users/ID"]
    assert {one.partition(" ")[0] for one in found[3:]} == {"GET"}, "a look whether all is gone"
    assert len(found) == 6


def test_nobody_is_let_in_before_the_quota_is_set(owncloud: World, cloud: Cloud) -> None:
    """The default quota, often none, must not be handed out, whatever comes in between."""
    cloud.default_quota = "none"
    item = owncloud.order()
    cloud.faults.append(Fault("status", method="PUT", times=None, code=500))
    run = owncloud.run("open", item)
    assert run.error_type == "front_answered"
    assert "userpassword" not in owncloud.stand.params(item)
    assert owncloud.status(item) != ACTIVE
    cloud.faults.clear()
    owncloud.run("open", item).check()
    assert cloud.users[owncloud.login(item)].quota == "5 GB"
    assert owncloud.customer_gets_in(item)


@pytest.mark.parametrize("code", [102, 996])
def test_an_address_that_is_refused_for_ever_does_not_cost_the_account(
    owncloud: World, cloud: Cloud, code: int
) -> None:
    # The first thing that is set is the quota.
    cloud.faults.append(Fault("ocs", method="PUT", nth=2, times=None, code=code))
    item = owncloud.opened()
    user = cloud.users[owncloud.login(item)]
    assert (user.quota, user.email) == ("5 GB", "")
    assert owncloud.customer_gets_in(item)
    assert "email is not set" in owncloud.stand.log


def test_a_display_name_is_set_where_the_settings_say_so(owncloud: World, cloud: Cloud) -> None:
    owncloud.stand.write("etc/pmnextcloud.conf", "display_name = client\n")
    item = owncloud.opened()
    assert cloud.users[owncloud.login(item)].display_name == "Client 7"


def test_a_missing_group_is_made(owncloud: World, cloud: Cloud) -> None:
    item = owncloud.opened(owncloud.tariff(group="gold"))
    assert cloud.users[owncloud.login(item)].groups == {"gold"}


def test_a_refused_password_is_told_and_the_next_run_has_another(
    owncloud: World, cloud: Cloud
) -> None:
    item = owncloud.order()
    cloud.faults.append(
        Fault(
            "ocs",
            method="POST",
            path="/users$",
            code=101,
            message="The password is too short",
            times=2,  # another kind of password is tried once
        )
    )
    run = owncloud.run("open", item)
    assert run.error_type == "password_refused"
    assert "too short" in run.stdout.decode()
    assert not owncloud.stand.params(item)
    owncloud.run("open", item).check()


def test_an_account_deleted_between_look_and_change_is_no_wrong_password(
    owncloud: World, cloud: Cloud
) -> None:
    item = owncloud.opened()
    owncloud.stand.change_tariff(item, owncloud.tariff(gib=20))
    login = owncloud.login(item)
    cloud.before = lambda seen: cloud.remove_user(login) if seen.method == "PUT" else None
    run = owncloud.run("setparam", item)
    assert run.error_type == "account_missing"
    assert not owncloud.stand.problems()


def test_a_missing_right_is_told_from_a_wrong_password(owncloud: World, cloud: Cloud) -> None:
    item = owncloud.opened()
    cloud.users["admin"].groups.clear()
    cloud.users["admin"].subadmin = {"others"}
    cloud.add_group("others")
    run = owncloud.run("suspend", item)
    assert run.error_type == "cloud_rights_missing"
    assert asked(cloud, owncloud.login(item))[-2:] == ["GET users/ID", "GET user"]


def test_a_wrong_password_is_tried_with_one_confirming_read(owncloud: World, cloud: Cloud) -> None:
    cloud.users["admin"].password = "Another-Pw-for-tests-9"
    run = owncloud.run("open", owncloud.order())
    assert run.error_type == "cloud_login_refused"
    assert [seen.path.rpartition("/")[2] for seen in cloud.requests][1:] == ["user"]
    cloud.requests.clear()
    assert owncloud.run("open", owncloud.order()).error_type == "cloud_login_refused"
    assert not cloud.requests, "remembered"


def test_a_token_alone_logs_in_by_ownclouds_word(stand: Stand, cloud: Cloud) -> None:
    token = cloud.mint_app_password("admin")
    world = World(stand, DoubleSite(cloud), login=None, password=token)
    world.opened()
    kinds = {seen.kind_of_auth for seen in cloud.requests if seen.login == "admin"}
    assert kinds == {"token"}


def test_a_switched_off_api_is_named(owncloud: World, cloud: Cloud) -> None:
    cloud.provisioning_api = False
    assert owncloud.run("open", owncloud.order()).error_type == "cloud_api_disabled"
    form = owncloud.form()
    assert owncloud.stand.run("check_connection", stdin=form).error_type == "cloud_api_disabled"


def test_usage_is_read_one_by_one(owncloud: World, cloud: Cloud) -> None:
    items = [owncloud.opened() for _ in range(3)]
    cloud.users[owncloud.login(items[0])].used_bytes = GIB
    cloud.users[owncloud.login(items[0])].logged_in = True
    owncloud.stand.run("stat", module=owncloud.module).check()
    rows = {item: [float(row["value"]) for row in owncloud.stand.stats(item)] for item in items}
    assert rows == {items[0]: [1.0], items[1]: [0.0], items[2]: [0.0]}
