"""With which login the module works where: app passwords, real ones, both, tokens, lesser users."""

from typing import Any, Iterator, List, Optional

import pytest

from tests.doubles.billmanager import ACTIVE, Run, Stand
from tests.doubles.cloud import NEXTCLOUD_34, PROFILES, Cloud, Profile
from tests.e2e.sites import DoubleSite
from tests.e2e.world import World

pytestmark = pytest.mark.preloaded

NEXTCLOUDS = [profile for profile in PROFILES.values() if profile.product == "nextcloud"]
WRONG = "Not-the-right-Pw-5"


@pytest.fixture(params=NEXTCLOUDS, ids=lambda profile: profile.name)
def cloud(request: pytest.FixtureRequest) -> Iterator[Cloud]:
    """Each Nextcloud."""
    profile: Profile = request.param
    with Cloud(profile) as made:
        yield made


only_34 = pytest.mark.parametrize("cloud", [NEXTCLOUD_34], indirect=True, ids=["34"])


def provider(stand: Stand, cloud: Cloud, **login: Any) -> World:
    """A provider whose module logs in so."""
    return World(stand, DoubleSite(cloud), **login)


def app_password_of(cloud: Cloud, confirm: Optional[str]) -> "dict[str, Any]":
    """An app password of the administrator, and the second secret."""
    return {"password": cloud.mint_app_password("admin"), "confirm_password": confirm}


def live_and_die(world: World) -> None:
    """The whole life of a service."""
    item = world.opened()
    world.run("suspend", item).check()
    world.run("resume", item).check()
    world.stand.change_tariff(item, world.tariff(gib=20, group="gold"))
    world.run("setparam", item).check()
    assert world.customer_gets_in(item)
    world.run("close", item).check()


def writes(cloud: Cloud) -> List[str]:
    """The writes so far, by their last word; forgets them."""
    seen = [one.path.rpartition("/")[2] for one in cloud.requests if one.method != "GET"]
    cloud.requests.clear()
    return seen


def check(world: World, **fields: str) -> Run:
    """The connection form with these fields."""
    cloud = world.site
    values = {"base_url": cloud.url, "nc_username": "admin", **fields}
    body = "".join(f"<{name}>{value}</{name}>" for name, value in values.items())
    form = f"<doc><processingmodule>{body}</processingmodule></doc>"
    return world.stand.run("check_connection", stdin=form)


def test_a_life_with_an_app_password_and_the_real_one(stand: Stand, cloud: Cloud) -> None:
    cloud.two_factor.add("admin")
    world = provider(stand, cloud, **app_password_of(cloud, cloud.admin_password))
    live_and_die(world)
    confirmed = "confirm" in writes(cloud)
    assert confirmed is not cloud.profile.app_passwords_may_write


def test_a_life_with_a_token_and_the_real_password(stand: Stand, cloud: Cloud) -> None:
    secrets = app_password_of(cloud, cloud.admin_password)
    live_and_die(provider(stand, cloud, login=None, **secrets))
    assert {seen.kind_of_auth for seen in cloud.requests} >= {"bearer"}


@only_34
def test_one_confirmation_serves_a_run(stand: Stand, cloud: Cloud) -> None:
    world = provider(stand, cloud, **app_password_of(cloud, cloud.admin_password))
    item = world.opened(world.tariff(group=None))
    writes(cloud)
    world.stand.change_tariff(item, world.tariff(gib=20, group="gold"))
    world.run("setparam", item).check()
    assert writes(cloud).count("confirm") == 1


@only_34
def test_an_app_password_alone_is_refused_by_name(stand: Stand, cloud: Cloud) -> None:
    secrets = app_password_of(cloud, None)
    world = provider(stand, cloud, **secrets)
    assert check(world, nc_password=secrets["password"]).error_type == "cloud_app_password_refused"
    run = world.run("open", world.order())
    assert run.error_type == "cloud_app_password_refused"
    assert len(world.stand.problems()) == 1
    assert set(cloud.users) == {"admin"}


@only_34
def test_a_wrong_second_password_is_told_once_and_not_tried_again(
    stand: Stand, cloud: Cloud
) -> None:
    world = provider(stand, cloud, **app_password_of(cloud, WRONG))
    assert world.run("open", world.order()).error_type == "cloud_confirm_refused"
    assert writes(cloud) == ["users", "confirm"]
    assert world.run("open", world.order()).error_type == "cloud_confirm_refused"
    assert not cloud.requests, "a refused password is not sent again for ten minutes"
    world.stand.run("get_server_config", module=world.module).check()
    assert WRONG not in world.stand.log


@only_34
def test_the_form_confirms_too(stand: Stand, cloud: Cloud) -> None:
    secret = cloud.mint_app_password("admin")
    world = provider(stand, cloud)
    right = check(world, nc_password=secret, nc_confirm_password=cloud.admin_password)
    assert right.exit_code == 0
    wrong = check(world, nc_password=secret, nc_confirm_password=WRONG)
    assert wrong.error_type == "cloud_confirm_refused"


@only_34
def test_an_empty_form_takes_both_stored_secrets(stand: Stand, cloud: Cloud) -> None:
    world = provider(stand, cloud, **app_password_of(cloud, cloud.admin_password))
    check(world, id=str(world.module)).check()
    writes(cloud)
    check(world, id=str(world.module), nc_confirm_password=WRONG)
    assert "confirm" in writes(cloud)


def test_a_real_password_opens_a_session_only_in_long_runs(stand: Stand, cloud: Cloud) -> None:
    world = provider(stand, cloud)
    world.opened()
    kinds = {seen.kind_of_auth for seen in cloud.requests}
    assert kinds == {"none", "password"}
    world.stand.write("etc/pmnextcloud.conf", "page_size = 1\n")
    for number in range(8):
        world.site.add_group(f"group-{number}")
    cloud.requests.clear()
    world.stand.run("get_server_config", module=world.module).check()
    kinds = [seen.kind_of_auth for seen in cloud.requests]
    assert kinds[-1] == "session"


def test_two_factor_and_enforced_tokens_are_no_wrong_password(stand: Stand, cloud: Cloud) -> None:
    world = provider(stand, cloud)
    cloud.two_factor.add("admin")
    assert check(world, nc_password=cloud.admin_password).error_type == "cloud_app_password_needed"
    cloud.two_factor.clear()
    cloud.token_auth_enforced = True
    assert check(world, nc_password=cloud.admin_password).error_type == "cloud_app_password_needed"
    cloud.token_auth_enforced = False
    assert check(world, nc_password=WRONG).error_type == "cloud_login_refused"


@pytest.mark.parametrize("cloud", PROFILES.values(), indirect=True, ids=PROFILES)
def test_a_group_administrator_serves_tariffs_of_his_groups(stand: Stand, cloud: Cloud) -> None:
    cloud.add_group("clients")
    cloud.add_group("others")
    cloud.add_user("billing", "Billing-Pw-for-tests-1", subadmin={"clients"})
    world = provider(stand, cloud, login="billing", password="Billing-Pw-for-tests-1")
    item = world.opened(world.tariff(group="clients"))
    world.run("suspend", item).check()
    world.run("resume", item).check()
    world.stand.change_tariff(item, world.tariff(gib=20, group="clients"))
    world.run("setparam", item).check()
    assert cloud.users[world.login(item)].quota == "20 GB"
    world.stand.run("stat", module=world.module).check()
    assert world.stand.stats(item)
    world.run("close", item).check()
    for group in (None, "others"):
        run = world.run("open", world.order(world.tariff(group=group)))
        assert run.error_type == "group_not_allowed"
        assert not world.stand.problems()


def test_a_delegated_administrator_serves_all_but_administrators(
    stand: Stand, cloud: Cloud
) -> None:
    if not cloud.profile.since_30:
        return  # delegation of this setting came later
    cloud.add_group("staff")
    cloud.add_user("billing", "Billing-Pw-for-tests-1", groups={"staff"})
    cloud.delegated.add("staff")
    world = provider(stand, cloud, login="billing", password="Billing-Pw-for-tests-1")
    live_and_die(world)
    item = world.opened()
    assert world.status(item) == ACTIVE
    cloud.users[world.login(item)].groups.add("admin")
    assert world.run("close", item).error_type == "account_protected"
