"""What providers meet between module and cloud: each kind is told for what it is, and passes."""

import re
import time
from email.utils import formatdate
from typing import Any, Callable, Dict, Iterator, List

import pytest

from tests.doubles.billmanager import ACTIVE, PROCESSING, SUSPENDED, Stand
from tests.doubles.cloud import (
    NEXTCLOUD_29,
    NEXTCLOUD_34,
    OWNCLOUD_10,
    Cloud,
    Fault,
)
from tests.e2e.sites import DoubleSite
from tests.e2e.world import World
from tests.tools.table import SERVING

pytestmark = pytest.mark.preloaded

CLOUDS = (NEXTCLOUD_29, NEXTCLOUD_34, OWNCLOUD_10)
NEXTCLOUDS = (NEXTCLOUD_29, NEXTCLOUD_34)
PAGE = b"<html><head><title>Blocked</title></head><body>Request 949110 was refused</body></html>"
API = r"^/ocs/"


@pytest.fixture(params=CLOUDS, ids=lambda profile: profile.name)
def cloud(request: pytest.FixtureRequest) -> Iterator[Cloud]:
    """Each of the products, the oldest and the newest Nextcloud."""
    with Cloud(request.param) as made:
        yield made


on_nextcloud = pytest.mark.parametrize(
    "cloud", NEXTCLOUDS, indirect=True, ids=lambda profile: profile.name
)
on_34 = pytest.mark.parametrize("cloud", [NEXTCLOUD_34], indirect=True, ids=["nextcloud-34.0.1"])


@pytest.fixture
def world(stand: Stand, cloud: Cloud) -> World:
    """A provider whose module knows its cloud."""
    made = World(stand, DoubleSite(cloud))
    made.know_cloud()
    return made


def page(status: int, **more: object) -> Fault:
    """Somebody in front of the cloud answers every call of its API."""
    headers = {"WWW-Authenticate": 'Basic realm="x"'} if status == 401 else {}
    fault = Fault("status", path=API, times=None, code=status, body=PAGE, headers=headers)
    for name, value in more.items():
        setattr(fault, name, value)
    return fault


def problems(world: World) -> List[str]:
    """The problems of the module that BILLmanager was told of."""
    return [str(call) for call in world.stand.called("problems.register")]


# -- somebody in front of the cloud -----------------------------------------------------------


@pytest.mark.parametrize(
    "status",
    [*(200, 401, 403, 404, 405), pytest.param(429, marks=pytest.mark.long), *(451, 500, 503, 520)],
)
def test_a_page_of_somebody_in_front_is_told_as_his_and_passes(
    world: World, cloud: Cloud, status: int
) -> None:
    item = world.order()
    cloud.faults.append(page(status))
    run = world.run("open", item, 50)
    assert run.error_type == ("front_throttled" if status == 429 else "front_answered")
    assert f"HTTP {status}" in str(run)
    assert "Request 949110" in str(run)
    assert problems(world)
    assert not world.stand.tasks()
    assert world.status(item) == PROCESSING
    cloud.faults.clear()
    if status == 429:
        time.sleep(5.1)
    world.run("open", item).check()
    assert world.customer_gets_in(item)


@pytest.mark.parametrize("command", [*(name for name in SERVING if name != "resume"), "close"])
def test_a_write_that_somebody_in_front_stops_is_done_by_the_next_try(
    world: World, cloud: Cloud, command: str
) -> None:
    item = world.opened()
    if command == "setparam":
        world.stand.change_tariff(item, world.tariff(gib=9))
    if command == "sync_item":
        cloud.users[world.login(item)].quota = "1 GB"
    for method in ("PUT", "POST", "DELETE"):
        cloud.faults.append(page(403, method=method))
    assert world.run(command, item, 50).error_type == "front_answered"
    assert not world.stand.tasks()
    cloud.faults.clear()
    world.run(command, item).check()


@pytest.mark.parametrize("status", [403, pytest.param(503, marks=pytest.mark.long)])
def test_statistics_wait_until_somebody_in_front_lets_them_pass(
    world: World, cloud: Cloud, status: int
) -> None:
    item = world.opened()
    cloud.faults.append(page(status, times=2))
    world.stand.run("stat", module=world.module).check()
    assert [row["item"] for row in world.stand.stats(world.module)] == [item]


# -- waiting ----------------------------------------------------------------------------------


class EveryOther(Fault):
    """Every other request is one too many, so that each passes at its second try."""

    def fits(self, request: Any) -> bool:
        """Whether it strikes this one."""
        if not re.search(self.path or "", request.path):
            return False
        self.matched += 1
        return self.matched % 2 == 1


def many_too_many(code: int) -> EveryOther:
    """Somebody lets every other request wait for a second."""
    return EveryOther("status", times=None, code=code, body=PAGE, headers={"Retry-After": "1"})


@pytest.mark.parametrize(
    ("cloud", "code"),
    [
        pytest.param(NEXTCLOUD_29, 503, marks=pytest.mark.long),
        pytest.param(NEXTCLOUD_34, 429, marks=pytest.mark.long),
        pytest.param(OWNCLOUD_10, 429, marks=pytest.mark.long),
    ],
    indirect=["cloud"],
    ids=lambda given: getattr(given, "name", given),
)
def test_where_every_other_request_is_one_too_many_each_command_waits_and_is_done(
    world: World, cloud: Cloud, code: int
) -> None:
    item = world.order()
    for command, run in world.live(item):
        assert run.exit_code == 0, f"{command}: {run}"
        cloud.faults[:] = [many_too_many(code)]
    assert f"HTTP {code}, once more in 1 s" in world.stand.log
    assert not problems(world)


def in_seconds(seconds: float) -> str:
    """A date for Retry-After."""
    return formatdate(time.time() + seconds, usegmt=True)


WAITS: Dict[str, Callable[[], Dict[str, str]]] = {
    "seconds": lambda: {"Retry-After": "2"},
    "a date": lambda: {"Retry-After": in_seconds(2)},
    "a date that is over": lambda: {"Retry-After": in_seconds(-3600)},
    "zero": lambda: {"Retry-After": "0"},
    "less than nothing": lambda: {"Retry-After": "-60"},
    "no time that can be read": lambda: {"Retry-After": "soon"},
    "none": dict,
}


@on_34
@pytest.mark.parametrize("kind", WAITS)
def test_a_single_429_costs_a_pause_and_no_error(world: World, cloud: Cloud, kind: str) -> None:
    item = world.opened()
    cloud.faults.append(Fault("status", path=API, code=429, headers=WAITS[kind]()))
    run = world.run("suspend", item).check()
    assert 1 <= run.seconds < 10
    assert not problems(world)


@on_34
@pytest.mark.parametrize("code", [429, 503])
@pytest.mark.parametrize("command", ["suspend", "check_connection"])
def test_a_longer_wait_than_a_run_has_time_for_is_left_to_the_next_one(
    world: World, cloud: Cloud, command: str, code: int
) -> None:
    item = world.opened()
    headers = {"Retry-After": "31"}
    cloud.faults.append(Fault("status", path=API, times=None, code=code, headers=headers))
    run = world.call(command, item)
    assert run.error_type == "front_throttled"
    assert run.seconds < 5
    cloud.requests.clear()
    if command == "suspend":
        assert world.run(command, item).error_type == "front_throttled"
        assert not cloud.requests


@on_34
def test_a_small_budget_is_not_spent_on_waiting(world: World, cloud: Cloud) -> None:
    item = world.opened()
    world.stand.write("etc/pmnextcloud.conf", "budget_s = 20\n")
    headers = {"Retry-After": "12"}
    cloud.faults.append(Fault("status", path=API, code=429, headers=headers))
    run = world.run("suspend", item)
    assert run.error_type == "front_throttled"
    assert run.seconds < 5


@on_34
@pytest.mark.sibling
def test_what_is_one_too_many_twice_is_told_and_stands_for_all(world: World, cloud: Cloud) -> None:
    items = [world.opened(), world.opened()]
    headers = {"Retry-After": "6"}
    cloud.faults.append(Fault("status", path=API, times=2, code=429, headers=headers))
    assert world.run("suspend", items[0]).error_type == "front_throttled"
    cloud.requests.clear()
    assert world.run("suspend", items[1]).error_type == "front_throttled"
    assert not cloud.requests
    time.sleep(6.1)
    for item in items:
        world.run("suspend", item).check()


# -- not measured -----------------------------------------------------------------------------


def hide_files(cloud: Cloud, stand: Stand) -> World:
    """A provider whose module has an app password that may not see files, and the real one."""
    token = cloud.mint_app_password("admin")
    world = World(stand, DoubleSite(cloud), password=token, confirm_password=cloud.admin_password)
    world.know_cloud()
    return world


@on_nextcloud
@pytest.mark.parametrize("command", ["stat", "sync_item", "doctor"])
def test_an_app_password_that_may_not_see_files_is_told_by_name_and_books_nothing(
    stand: Stand, cloud: Cloud, command: str
) -> None:
    world = hide_files(cloud, stand)
    item = world.opened()
    cloud.hides_files_from |= set(cloud.app_passwords)
    started = time.monotonic()
    if command == "sync_item":
        run = world.run(command, item)
    else:
        run = stand.run(command, module=world.module)
    assert run.exit_code == 1
    assert "cloud_files_hidden" in str(run) or "app password" in str(run)
    assert time.monotonic() - started < 20
    assert not stand.stats(world.module)
    cloud.hides_files_from.clear()
    stand.run("stat", module=world.module).check()
    assert [row["item"] for row in stand.stats(world.module)] == [item]


# -- full -------------------------------------------------------------------------------------


@on_nextcloud
def test_a_full_cloud_is_told_as_full_and_the_order_goes_on_when_there_is_room(
    world: World, cloud: Cloud
) -> None:
    item = world.order()
    cloud.user_limit = len(cloud.users)
    assert world.run("open", item, 50).error_type == "cloud_full"
    assert problems(world)
    assert not world.stand.tasks()
    cloud.user_limit += 1
    world.run("open", item).check()
    assert world.customer_gets_in(item)


@on_34
def test_a_customer_who_has_paid_is_let_in_once_a_full_cloud_has_room(
    world: World, cloud: Cloud
) -> None:
    item = world.opened()
    world.run("suspend", item).check()
    cloud.user_limit = len(cloud.users)
    assert world.run("resume", item, 50).error_type == "cloud_full"
    assert world.status(item) == SUSPENDED
    cloud.user_limit += 1
    world.run("resume", item).check()
    assert world.customer_gets_in(item)


@on_nextcloud
def test_a_weak_password_is_not_taken_for_a_full_cloud(world: World, cloud: Cloud) -> None:
    cloud.password_policy_min = 200
    assert world.run("open", world.order()).error_type == "password_refused"


# -- passwords --------------------------------------------------------------------------------


@pytest.mark.parametrize("allowed", ["#!", "!#%"])
def test_a_cloud_that_allows_other_symbols_gets_them_at_the_second_try(
    world: World, cloud: Cloud, allowed: str
) -> None:
    cloud.allowed_symbols = allowed
    item = world.opened()
    assert world.customer_gets_in(item)
    assert not world.stand.tasks()


@pytest.mark.parametrize("cloud", [OWNCLOUD_10], indirect=True, ids=["owncloud"])
@pytest.mark.parametrize("allowed", ["@", "~^", "-"])
def test_symbols_that_the_cloud_tells_in_its_capabilities_are_used(
    world: World, cloud: Cloud, allowed: str
) -> None:
    cloud.allowed_symbols = allowed
    assert world.customer_gets_in(world.opened())


def test_the_settings_name_the_symbols(world: World, cloud: Cloud) -> None:
    cloud.allowed_symbols = "~@"
    world.stand.write("etc/pmnextcloud.conf", "password_symbols = ~@\n")
    item = world.opened()
    assert world.customer_gets_in(item)
    assert not [one for one in cloud.requests if one.ocs_code in (101, 107)]


def test_symbols_may_be_none_at_all(world: World, cloud: Cloud) -> None:
    cloud.allowed_symbols = ""
    world.stand.write("etc/pmnextcloud.conf", "password_symbols =\n")
    assert world.customer_gets_in(world.opened())


@on_nextcloud
def test_a_longer_password_is_made_where_the_cloud_wants_one(world: World, cloud: Cloud) -> None:
    cloud.password_policy_min = 32
    assert world.customer_gets_in(world.opened())


# -- one broken row ---------------------------------------------------------------------------


@on_nextcloud
def test_broken_rows_cost_nobody_else_his_row(world: World, cloud: Cloud) -> None:
    items = [world.left_by("open") for _ in range(30)]
    cloud.broken_rows = {world.login(item) for item in items[::4]} | {"somebody"}
    world.stand.write("etc/pmnextcloud.conf", "page_size = 10\nstat_budget_s = 30\n")
    world.stand.run("stat", module=world.module).check()
    assert sorted(row["item"] for row in world.stand.stats(world.module)) == sorted(items)
    lists = [one for one in cloud.requests if one.path.endswith("/details")]
    assert len(lists) <= 5


# -- a session that is lost -------------------------------------------------------------------


@on_34
@pytest.mark.parametrize("changes", [{"secure_cookies": True}, {"cookie_path": "/other"}])
def test_cookies_that_do_not_come_back_are_told_as_such(
    stand: Stand, cloud: Cloud, changes: Dict[str, object]
) -> None:
    world = hide_files(cloud, stand)
    for name, value in changes.items():
        setattr(cloud, name, value)
    item = world.order()
    assert world.run("open", item).error_type == "cloud_session_lost"
    cloud.secure_cookies, cloud.cookie_path = False, "/"


# -- there, but not itself --------------------------------------------------------------------


def test_a_cloud_without_its_set_up_is_told_as_not_installed(world: World, cloud: Cloud) -> None:
    item = world.opened()
    cloud.installed = False
    for command in SERVING:
        assert world.run(command, item, 50).error_type == "cloud_not_installed"
    cloud.installed = True
    world.run("suspend", item).check()


NOTICE = b"<br />\n<b>Deprecated</b>:  Something in <b>/x/a.php</b> on line <b>7</b><br />\n"


def test_messages_of_php_do_not_stop_a_life(world: World, cloud: Cloud) -> None:
    send = cloud._send

    def spoil(connection: object, request: object, answer: object, fault: object) -> None:
        if answer is not None:
            answer.body = NOTICE + answer.body
        send(connection, request, answer, fault)

    cloud._send = spoil
    item = world.opened()
    for command in (*SERVING, "close"):
        world.run(command, item).check()


def test_an_answer_of_messages_alone_is_told_as_spoilt(world: World, cloud: Cloud) -> None:
    item = world.opened()
    cloud.faults.append(Fault("status", path=API, times=None, code=200, body=NOTICE))
    assert world.run("suspend", item, 50).error_type == "cloud_answer_spoilt"
    assert not world.stand.tasks()
    cloud.faults.clear()
    world.run("suspend", item).check()


# -- a login that is right --------------------------------------------------------------------


@on_34
def test_an_administrator_who_is_none_from_here_is_told_so(world: World, cloud: Cloud) -> None:
    item = world.opened()
    cloud.is_admin_range = False
    assert world.run("suspend", item, 50).error_type == "cloud_admin_refused"
    assert "allowed_admin_ranges" in str(world.stand.run("doctor", module=world.module))


@on_nextcloud
def test_a_login_that_the_web_server_drops_is_told_as_dropped(stand: Stand, cloud: Cloud) -> None:
    world = hide_files(cloud, stand)
    item = world.opened()
    cloud.drops_authorization = True
    assert world.run("suspend", item, 50).error_type == "cloud_authorization_lost"


@pytest.mark.parametrize("by_app_password", [True, False])
@on_34
def test_a_login_by_an_e_mail_serves_a_life_and_keeps_its_own_account_apart(
    stand: Stand, cloud: Cloud, by_app_password: bool
) -> None:
    """An app password that was made after a login by e-mail takes no other login name."""
    address, password = "root@example.com", cloud.admin_password
    cloud.users["admin"].email = address
    module: Dict[str, Any] = {"login": address}
    if by_app_password:
        token = cloud.mint_app_password(address)
        module.update(password=token, confirm_password=password)
    world = World(stand, DoubleSite(cloud), **module)
    world.know_cloud()
    item = world.opened()
    for command in (*SERVING, "close"):
        world.run(command, item).check()
    typed = world.order(params={"username": "admin", "userpassword": password})
    world.stand.set_status(typed, ACTIVE)
    assert world.run("suspend", typed).error_type == "typed_login"
    assert cloud.users["admin"].enabled
    said = str(stand.run("doctor", module=world.module, extra=["--lang", "en"]))
    assert ("logs in by an e-mail address" in said) is not by_app_password


# -- e-mail -----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["Name <a@example.com>", "mailto:a@example.com"])
def test_the_address_in_an_e_mail_as_people_write_it_is_used(
    world: World, cloud: Cloud, text: str
) -> None:
    world.client = world.stand.add_account("Client 8", emails=[text])
    item = world.opened()
    assert cloud.users[world.login(item)].email == "a@example.com"


def test_the_second_account_with_an_address_is_told_in_the_log(world: World) -> None:
    first, second = world.opened(), world.opened()
    assert f"services {first} have the same e-mail" in world.stand.log
    assert f"services {second} have" not in world.stand.log


@pytest.mark.parametrize("cloud", [OWNCLOUD_10], indirect=True, ids=["owncloud"])
@pytest.mark.parametrize(
    "fault",
    [
        lambda: Fault("ocs", method="PUT", path=r"/users/[^/]+$", nth=2, times=None, code=996),
        lambda: page(403, method="PUT", path=r"/users/[^/]+$", nth=2),
        lambda: Fault("throttle_http", method="PUT", path=r"/users/[^/]+$", nth=2, times=None),
    ],
    ids=["996", "a page", "429"],
)
def test_an_e_mail_that_fails_costs_no_account(
    world: World, cloud: Cloud, fault: Callable[[], Fault]
) -> None:
    cloud.faults.append(fault())
    item = world.opened()
    assert world.customer_gets_in(item)
    assert cloud.users[world.login(item)].email == ""


# -- a private authority that Python's strict checks refuse -----------------------------------


@pytest.mark.parametrize(("kind", "is_advised"), [("lax", True), ("good", False)])
def test_an_authority_in_the_settings_is_trusted_and_doctor_says_what_strict_checks_would(
    stand: Stand, kind: str, is_advised: bool
) -> None:
    with Cloud(NEXTCLOUD_29, tls=kind) as cloud:
        stand.write("etc/pmnextcloud.conf", f"ca_file = {cloud.ca_file}\n")
        world = World(stand, DoubleSite(cloud))
        world.know_cloud()
        said = str(stand.run("doctor", module=world.module, extra=["--lang", "en"]))
    assert ("Issue the certificates anew" in said) is is_advised
