"""Opening a service: in which order, with how few calls, and what an order may hold."""

import pytest

from tests.doubles.billmanager import ACTIVE, PROCESSING, SUSPENDED, CoreFault
from tests.doubles.cloud import Fault, Seen
from tests.e2e.sites import GIB, DoubleSite
from tests.e2e.world import World

pytestmark = pytest.mark.preloaded


def double(world: World) -> "DoubleSite":
    """The world's cloud, known to be the double."""
    assert isinstance(world.site, DoubleSite)
    return world.site


def test_the_plain_case_takes_three_requests_on_one_connection(world: World) -> None:
    cloud = double(world).cloud
    cloud.add_group(world.group)
    world.know_cloud()
    cloud.requests.clear()
    world.opened()
    seen = [(request.method, request.path.rpartition("/cloud/")[2]) for request in cloud.requests]
    login = world.login(world.items[0])
    assert seen == [("GET", f"users/{login}"), ("POST", "users"), ("GET", f"users/{login}")]
    assert len({request.connection_id for request in cloud.requests}) == 1


@pytest.mark.parametrize(("command", "looks"), [("suspend", 0), ("resume", 0), ("close", 3)])
def test_what_follows_takes_two_requests_and_one_call_and_a_deletion_is_looked_at(
    world: World, command: str, looks: int
) -> None:
    item = world.opened()
    if command == "resume":
        world.run("suspend", item).check()
    cloud = double(world).cloud
    requests, calls = len(cloud.requests), len(world.stand.calls)
    world.run(command, item).check()
    assert len(cloud.requests) - requests == 2 + looks
    assert [call.function for call in world.stand.calls[calls:]] == [f"service.post{command}"]
    assert len({request.connection_id for request in cloud.requests[requests:]}) == 1


def test_the_mark_comes_before_the_account_and_the_login_after_it(world: World) -> None:
    cloud = double(world).cloud
    cloud.add_group(world.group)
    world.know_cloud()
    order = []
    cloud.before = lambda request: order.append(request.method)
    names = ("pmnextcloud_mark", "username", "url", "userpassword")
    world.stand.before_call = lambda call: order.append(
        next((name for name in names if name in call.args), call.function)
    )
    world.opened()
    assert order == [
        "GET",
        "pmnextcloud_mark",
        "POST",
        "GET",
        "pmnextcloud_mark",
        "username",
        "url",
        "userpassword",
        "backupservice.open",
    ]


def test_a_missing_group_is_made(world: World) -> None:
    item = world.opened(world.tariff(group="new & <odd> группа"))
    account = world.site.account(world.login(item))
    assert account is not None
    assert account.groups == {"new & <odd> группа"}


def test_no_group_is_given_where_the_tariff_has_none(world: World) -> None:
    item = world.opened(world.tariff(group=None))
    account = world.site.account(world.login(item))
    assert account is not None
    assert account.groups == set()


@pytest.mark.parametrize("group", ["admin", "Admin", " ADMIN "])
def test_the_administrators_group_is_never_given(world: World, group: str) -> None:
    item = world.order(world.tariff(group=group))
    assert world.run("open", item).error_type == "group_forbidden"
    assert not double(world).cloud.requests


@pytest.mark.parametrize(
    ("addon", "error"),
    [
        ({"name": "traffic"}, "quota_missing"),
        ({"addontype": 1}, "quota_missing"),
        ({"active": False}, "quota_missing"),
        ({"limit": 0}, "quota_zero"),
        ({"limit": None}, "quota_zero"),
        ({"billtype": 3, "max": 0}, "quota_zero"),
        ({"measure": None}, "measure_unknown"),
    ],
)
def test_an_order_without_space_is_refused_before_anything_is_made(
    world: World, addon: dict, error: str
) -> None:
    item = world.order(world.tariff(**addon))
    assert world.run("open", item).error_type == error
    assert not double(world).cloud.requests
    assert world.status(item) == PROCESSING


def test_disc_serves_where_there_is_no_disk_and_a_trial_has_its_own_limit(world: World) -> None:
    tariff = world.tariff(name="disc", measure="mib", limit=5000, trial_max=300)
    bought, tried = world.opened(tariff), world.opened(tariff, trial=True)
    quotas = []
    for item in (bought, tried):
        account = world.site.account(world.login(item))
        assert account is not None
        assert account.quota_bytes is not None
        quotas.append(account.quota_bytes)
    assert quotas[1] == 300 * 1024**2
    assert 5000 * 1024**2 <= quotas[0] < 5.2 * GIB


def test_a_broken_or_missing_email_does_not_cost_the_account(world: World) -> None:
    for emails in ([], ["not an address"]):
        world.client = world.stand.add_account("Client 8", emails=emails)
        item = world.opened()
        account = world.site.account(world.login(item))
        assert account is not None
        assert account.email == ""


def test_the_clients_name_stays_in_billing_unless_the_settings_say_so(world: World) -> None:
    cloud = double(world).cloud
    assert cloud.users[world.login(world.opened())].display_name == ""
    world.stand.write("etc/pmnextcloud.conf", "display_name = client\n")
    assert cloud.users[world.login(world.opened())].display_name == "Client 7"


def test_a_cloud_in_a_folder_and_on_a_port_is_reached_there(world: World) -> None:
    from tests.doubles.cloud import Cloud

    with Cloud(sub_path="/nextcloud") as cloud:
        other = World(world.stand, DoubleSite(cloud), base_url=cloud.url + "/")
        item = other.opened()
        assert world.stand.params(item)["url"] == cloud.url
        assert other.customer_gets_in(item)


def test_open_is_not_reported_where_billing_did_not_follow(world: World) -> None:
    item = world.order()
    world.stand.after_call = lambda call: (
        world.stand.set_status(item, PROCESSING) if call.function.endswith(".open") else None
    )
    assert world.run("open", item).error_type == "not_posted"


def test_a_lost_answer_of_the_closing_call_is_looked_up(world: World) -> None:
    item = world.order()
    world.stand.core_faults.append(
        CoreFault("backupservice[.]open", kind="cut_after_effect", times=None)
    )
    world.run("open", item).check()
    assert world.status(item) == ACTIVE


def test_a_suspended_or_closed_service_is_not_opened(world: World) -> None:
    item = world.opened()
    world.stand.set_status(item, SUSPENDED)
    assert world.run("open", item).error_type == "service_closed"
    world.run("close", item).check()
    assert world.run("open", item).error_type == "service_closed"
    assert world.site.account(world.login(item)) is None


def test_a_refused_password_is_not_tried_for_ever(world: World) -> None:
    cloud = double(world).cloud
    cloud.password_policy_min = 100
    item = world.order()
    run = world.run("open", item)
    assert run.error_type == "password_refused"
    assert "pmnextcloud_mark" not in world.stand.params(item)
    cloud.password_policy_min = 32
    world.run("open", item).check()
    assert world.customer_gets_in(item)


def test_a_refused_quota_that_leaves_the_account_behind_is_set_right(world: World) -> None:
    cloud = double(world).cloud
    cloud.add_group(world.group)
    cloud.faults.append(Fault("ocs", method="POST", path="users$", code=102, effect=True))

    def forget_quota(request: Seen) -> None:
        if request.method == "POST":
            cloud.users[request.form["userid"]].quota = "default"

    cloud.after = forget_quota
    item = world.opened()
    account = world.site.account(world.login(item))
    assert account is not None
    assert account.quota_bytes == 5 * GIB
    assert world.customer_gets_in(item)


def test_a_quota_that_cannot_be_read_is_not_written_again_but_waited_for(world: World) -> None:
    cloud = double(world).cloud
    cloud.add_group(world.group)

    def lock(request: Seen) -> None:
        if request.method == "POST":
            cloud.users[request.form["userid"]].storage_locked = True

    cloud.after = lock
    item = world.order()
    for _ in range(2):
        run = world.run("open", item)
        assert (run.error_type, run.error_value) == ("quota_unread", world.login(item))
        assert "userpassword" not in world.stand.params(item)
        assert world.status(item) == PROCESSING
    assert [seen.method for seen in cloud.requests if seen.method != "GET"] == ["POST"]
    cloud.users[world.login(item)].storage_locked = False
    world.run("open", item).check()
    assert world.customer_gets_in(item)


def test_an_account_whose_answer_was_lost_is_found_and_taken(world: World) -> None:
    cloud = double(world).cloud
    cloud.add_group(world.group)
    cloud.faults.append(Fault("cut_after", method="POST", path="users$"))
    item = world.opened()
    assert world.customer_gets_in(item)
    posts = [request for request in cloud.requests if request.method == "POST"]
    assert len(posts) == 1


def test_an_account_that_is_not_as_ordered_is_not_handed_out(world: World) -> None:
    cloud = double(world).cloud
    cloud.faults.append(
        Fault("ocs", method="PUT", path="users/", code=100, effect=False, times=None)
    )

    def shrink(request: object) -> None:
        for login, user in cloud.users.items():
            if login != "admin":
                user.quota = "1 GB"

    cloud.after = shrink
    item = world.order()
    run = world.run("open", item)
    assert run.error_type == "not_as_ordered"
    assert "userpassword" not in world.stand.params(item)
    assert world.status(item) == PROCESSING
    cloud.after = None
    cloud.faults.clear()
    world.run("open", item).check()
    assert world.customer_gets_in(item)
