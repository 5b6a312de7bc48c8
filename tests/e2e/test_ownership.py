"""Whose account it is: strangers, the module's own user, administrators, other servers."""

import json

import pytest

from tests.doubles.billmanager import ACTIVE, DELETED
from tests.doubles.cloud import Cloud
from tests.e2e.sites import DoubleSite
from tests.e2e.world import World
from tests.tools import table

pytestmark = [pytest.mark.preloaded, pytest.mark.every_cloud]
STRANGER = "A-stranger's-password-1"
BEFORE_THE_END = [command for command in table.SERVICES if command != "close"]
OF_AN_ACCOUNT = [command for command in BEFORE_THE_END if command != "open"]
"""Commands of which each changes an account that has to be there."""


def double(world: World) -> DoubleSite:
    """The world's cloud, known to be the double."""
    assert isinstance(world.site, DoubleSite)
    return world.site


def mark_of(world: World, item: int) -> list:
    """The parts of the mark on a service."""
    parts: list = json.loads(world.stand.params(item)["pmnextcloud_mark"])
    return parts


@pytest.mark.parametrize("spelling", [str.lower, str.upper, str.title])
def test_a_taken_login_in_any_letter_case_is_refused(world: World, spelling: type) -> None:
    cloud = double(world).cloud
    item = world.order()
    cloud.add_user(spelling(world.login(item)), STRANGER, quota="1 GB")
    before = repr(cloud.users)
    run = world.run("open", item)
    assert run.error_type == "login_taken"
    assert not world.stand.params(item)
    world.run("close", item).check()
    assert repr(cloud.users) == before
    assert world.status(item) == DELETED


def test_the_next_free_login_is_taken_where_the_settings_allow_it(world: World) -> None:
    cloud = double(world).cloud
    world.stand.write("etc/pmnextcloud.conf", "taken_login = suffix\n")
    item = world.order()
    cloud.add_user(world.login(item).upper(), STRANGER, quota="1 GB")
    stranger = repr(cloud.users[world.login(item)])
    for command in BEFORE_THE_END:
        world.run(command, item).check()
    login = world.login(item) + "_2"
    assert world.stand.params(item)["username"] == login
    assert world.customer_gets_in(item)
    world.stand.run("stat", module=world.module).check()
    assert len(world.stand.stats(item)) == 1
    world.run("close", item).check()
    assert login not in cloud.users
    assert repr(cloud.users[world.login(item)]) == stranger


def test_a_stranger_who_takes_the_name_after_the_mark_keeps_his_account(world: World) -> None:
    cloud = double(world).cloud
    item = world.order()

    def take(call: object) -> None:
        if world.login(item) not in cloud.users:
            cloud.add_user(world.login(item), STRANGER)

    world.stand.after_call = take
    assert world.run("open", item).error_type == "login_taken"
    world.stand.after_call = None
    for command in BEFORE_THE_END:
        world.stand.set_status(item, ACTIVE)
        assert world.run(command, item).error_type == "login_taken", command
    world.run("close", item).check()
    user = cloud.users[world.login(item)]
    assert (user.password, user.quota, user.groups, user.enabled) == (
        STRANGER,
        "default",
        set(),
        True,
    )


@pytest.mark.parametrize("typed", ["admin", "somebody", "user_1"])
def test_a_login_typed_into_the_order_form_is_no_record(world: World, typed: str) -> None:
    cloud = double(world).cloud
    for login in ("somebody", "user_1"):
        cloud.add_user(login, STRANGER)
    item = world.order(params={"username": typed, "userpassword": "typed-by-the-client"})
    for command in (*OF_AN_ACCOUNT, "close"):
        world.stand.set_status(item, ACTIVE)
        run = world.run(command, item)
        assert (run.error_type, run.error_value) == ("typed_login", typed)
    tried = [one for one in cloud.requests if one.path.endswith("/cloud/user")]
    assert len(tried) == (typed != "admin")
    assert not [request for request in cloud.requests if request.method != "GET"]
    opened = world.opened(params={"username": typed, "userpassword": "typed-by-the-client"})
    assert world.stand.params(opened)["username"] == world.login(opened)
    assert world.customer_gets_in(opened)
    assert set(cloud.users) == {"admin", "somebody", "user_1", world.login(opened)}


def test_the_connections_own_user_is_never_touched(world: World) -> None:
    cloud = double(world).cloud
    item = world.opened()
    login = world.login(item)
    cloud.users[login].groups = {"admin", world.group}
    for command in table.SERVICES:
        assert world.run(command, item).error_type == "account_protected", command
    cloud.users[login].groups = {world.group}
    world.stand.sql(
        "UPDATE processingparam SET value = %s WHERE intname = 'nc_username'", login.upper()
    )
    cloud.users[login].password = double(world).password
    cloud.users[login].subadmin = {world.group}
    for command in table.SERVICES:
        run = world.run(command, item)
        assert run.error_type in ("account_protected", "cloud_rights_missing"), command
    assert cloud.users[login].enabled


def test_close_never_deletes_on_another_server(world: World) -> None:
    item = world.opened()
    with Cloud(admin_password="Other-Pw-for-tests-1") as other:
        other.add_user(world.login(item), STRANGER)
        world.stand.sql(
            "UPDATE processingparam SET value = %s WHERE intname = 'base_url'", other.url
        )
        assert world.run("close", item).error_type == "secret_elsewhere"
        world.stand.sql(
            "UPDATE processingcryptedparam SET value = %s WHERE intname = 'nc_password'",
            world.stand.encrypt(other.admin_password),
        )
        for command in table.SERVICES:
            run = world.run(command, item)
            assert run.error_type == "account_elsewhere", command
            assert run.error_value == world.site.url
        assert not other.requests
        moved = f"former_servers = {world.site.url}\n"
        world.stand.write("etc/pmnextcloud.conf", moved)
        other.users[world.login(item)].password = "moved-with-its-files-1"
        world.run("suspend", item).check()
        assert not other.users[world.login(item)].enabled


def test_an_item_that_moved_to_another_module_is_an_error(world: World) -> None:
    item = world.opened()
    with Cloud() as other:
        second = World(world.stand, DoubleSite(other))
        second.know_cloud()
        other.requests.clear()
        world.stand.sql("UPDATE item SET processingmodule = %s WHERE id = %s", second.module, item)
        assert world.run("close", item).error_type == "account_elsewhere"
        assert not other.requests


def test_a_mark_of_another_installation_or_service_is_not_ours(world: World) -> None:
    item = world.opened()
    parts = mark_of(world, item)
    for place, value in ((1, "another-one!"), (2, item + 1), (3, "somebody"), (5, "x"), (6, 0)):
        changed = [*parts]
        changed[place] = value
        text = json.dumps(changed)
        world.stand.save_param(item, "pmnextcloud_mark", text, crypted=True)
        assert world.run("close", item).error_type == "mark_foreign"
    assert world.site.account(world.login(item)) is not None


def test_an_item_number_given_out_again_meets_a_stranger(world: World) -> None:
    item = world.opened()
    for name in ("pmnextcloud_mark", "username", "userpassword", "url"):
        world.stand.drop_param(item, name)
    world.stand.set_status(item, 5)
    assert world.run("open", item).error_type == "login_taken"
    world.run("close", item).check()
    assert world.site.account(world.login(item)) is not None


def test_a_half_opened_account_is_proved_by_its_password_before_it_is_closed(world: World) -> None:
    item = world.opened()
    world.stand.drop_param(item, "userpassword")
    world.run("close", item).check()
    assert world.site.account(world.login(item)) is None


def test_close_keeps_the_account_where_the_settings_say_so(world: World) -> None:
    world.stand.write("etc/pmnextcloud.conf", "on_close = disable\n")
    item = world.opened()
    world.run("close", item).check()
    account = world.site.account(world.login(item))
    assert account is not None
    assert not account.enabled
    assert world.status(item) == DELETED


@pytest.mark.parametrize("command", OF_AN_ACCOUNT)
def test_a_service_without_an_account_cannot_be_changed(world: World, command: str) -> None:
    never, gone = world.order(), world.opened()
    double(world).remove_account(world.login(gone))
    for item in (never, gone):
        world.stand.set_status(item, ACTIVE)
        assert world.run(command, item).error_type == "account_missing"
