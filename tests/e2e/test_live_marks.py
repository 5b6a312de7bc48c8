"""Whose account is it, on a real server: `-m live` only.

Copies of services, logins that staff typed, saved values that are damaged; and an account that the
server cannot show, where CLOUD_OCC names a command that runs its occ.
"""

import json
import os
import subprocess
from typing import Any, Callable, Dict, Iterator, List

import pytest

from tests.doubles.billmanager import ACTIVE, DELETED, SUSPENDED, Run, Stand
from tests.e2e.sites import RealSite
from tests.e2e.world import World, real_world
from tests.tools.table import SERVING
from utils.consts import ITEM_MARK

pytestmark = [pytest.mark.live, pytest.mark.proof("live: marks")]

TYPED, ANOTHER = "Typed-by-staff-77-xyz", "Nobody-has-this-one-88"
SAVED = ("username", "userpassword", "url")


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """A provider for all tests, whose cloud is the real server; its group is there."""
    with Stand() as stand, real_world(stand) as made:
        made.site.add_group(made.group)
        made.know_cloud()
        yield made
        assert not stand.leaks


@pytest.fixture
def stranger(world: World) -> Iterator[str]:
    """Somebody else's account with the password TYPED; removed at the end."""
    login = f"moved_in_{world.order()}"
    world.site.add_account(login, TYPED)
    yield login
    world.site.remove_account(login)


def marked(world: World, item: int) -> List[Any]:
    """Number, login and whether it is made, of the mark on a service."""
    parts = json.loads(world.stand.params(item)[ITEM_MARK])
    return [parts[2], parts[3], parts[6]]


def typed(world: World, login: str, password: str = TYPED) -> int:
    """A service that staff gave to the module, with that login and password."""
    item = world.order(params={"username": login, "userpassword": password})
    world.stand.set_status(item, ACTIVE)
    return item


def worked(world: World, command: str, login: str) -> bool:
    """Whether the server shows what the command is for."""
    account = world.site.account(login)
    if command == "close":
        return account is None
    return account is not None and account.enabled is (command != "suspend")


def call(world: World, command: str, item: int) -> Run:
    """A command on a service, or for `stat` on its module."""
    return world.call(command, item)


# -- copies -----------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [*SERVING, "stat"])
def test_a_copy_takes_the_account_over_once_its_old_half_is_over(
    world: World, command: str
) -> None:
    old = world.opened()
    login, copy = world.login(old), world.copy(old)
    world.run("close", old).check()
    assert world.site.account(login) is not None
    call(world, command, copy).check()
    assert worked(world, command, login)
    assert marked(world, copy) == [copy, login, 1]
    account = world.site.account(login)
    assert account is not None
    assert account.email == "client8@example.com"
    world.run("close", copy).check()
    assert world.site.account(login) is None


def test_a_former_clients_e_mail_is_taken_off(world: World) -> None:
    old = world.opened()
    login, copy = world.login(old), world.copy(old, ())
    world.run("close", old).check()
    world.run("suspend", copy).check()
    account = world.site.account(login)
    assert account is not None
    assert (account.email, account.enabled) == ("", False)
    assert marked(world, copy) == [copy, login, 1]


def tasks(world: World, item: int) -> int:
    """How many tasks staff has of a service."""
    return [one["item"] for one in world.stand.tasks()].count(item)


@pytest.mark.parametrize("ends", ["old", "copy"])
def test_while_both_halves_live_nothing_is_deleted(world: World, ends: str) -> None:
    old = world.opened()
    halves = {"old": old, "copy": world.copy(old)}
    login = world.login(old)
    for command in SERVING:
        assert world.run(command, halves["copy"]).error_type == "mark_foreign"
    ending = halves.pop(ends)
    told = tasks(world, ending)
    world.run("close", ending).check()
    account = world.site.account(login)
    assert account is not None
    assert account.enabled
    assert world.status(ending) == DELETED
    [living] = halves.values()
    assert tasks(world, ending) == told + 1
    world.run("suspend", living).check()
    assert worked(world, "suspend", login)
    world.run("close", living).check()
    assert world.site.account(login) is None


# -- typed on purpose -------------------------------------------------------------------------


@pytest.mark.parametrize("command", [*SERVING, "stat", "close"])
def test_a_typed_login_whose_password_is_right_is_taken_over(
    world: World, stranger: str, command: str
) -> None:
    item = typed(world, stranger)
    call(world, command, item).check()
    assert worked(world, command, stranger)
    if command == "close":
        assert world.status(item) == DELETED
        return
    assert marked(world, item) == [item, stranger, 1]
    assert "userpassword" in world.stand.crypted_names(item)
    world.run("resume", item).check()
    assert world.customer_gets_in(item)


def test_a_typed_login_that_takes_another_password_is_left_alone(
    world: World, stranger: str
) -> None:
    item, before = typed(world, stranger, ANOTHER), world.site.account(stranger)
    for command in (*SERVING, "close"):
        assert world.run(command, item).error_type == "typed_login"
    assert world.site.account(stranger) == before
    assert world.status(item) == ACTIVE
    assert ITEM_MARK not in world.stand.params(item)


@pytest.mark.parametrize("command", ["suspend", "close"])
def test_the_modules_own_user_is_not_taken_over(world: World, command: str) -> None:
    """Its password is right, and it is an administrator."""
    site = world.site
    assert isinstance(site, RealSite)
    password = site.confirm_password or site.password
    item = typed(world, site.login, password)
    before = site.account(site.login)
    assert world.run(command, item).error_type == "typed_login"
    assert site.account(site.login) == before
    world.stand.set_status(item, DELETED)  # so that no other service shares the account with it


# -- damaged ----------------------------------------------------------------------------------

DAMAGES: Dict[str, Callable[[World, int], None]] = {
    "upper case": lambda world, item: world.stand.save_param(
        item, "username", world.login(item).upper(), crypted=False
    ),
    "edited": lambda world, item: world.stand.save_param(
        item, "username", f"typo-{item}", crypted=False
    ),
    "nothing": lambda world, item: [world.stand.drop_param(item, name) for name in SAVED][0],
}


@pytest.mark.parametrize("command", SERVING)
@pytest.mark.parametrize("kind", DAMAGES)
def test_what_is_damaged_is_saved_anew(world: World, kind: str, command: str) -> None:
    item = world.opened()
    before = dict(world.stand.params(item))
    DAMAGES[kind](world, item)
    world.run(command, item).check()
    assert worked(world, command, world.login(item))
    after = world.stand.params(item)
    kept = [name for name in SAVED if (command, name) != ("changepassword", "userpassword")]
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    world.run("resume", item).check()
    assert world.customer_gets_in(item)


# -- an account that cannot be read -----------------------------------------------------------


def break_account(login: str) -> None:
    """Has the server fail where it is to show the account (docs/en/clouds.md, "Reading accounts").

    An app leaves a text in the account's settings that is no JSON.
    """
    command = os.environ.get("CLOUD_OCC")
    if not command:
        pytest.skip("CLOUD_OCC names no command that runs occ")
    words = ["user:setting", login, "settings", "manager", "x"]
    if subprocess.run([command, *words], capture_output=True, timeout=120).returncode:
        pytest.skip("this server takes no such setting")


@pytest.mark.parametrize("command", ["suspend", "resume", "close"])
def test_what_must_be_done_is_done_with_an_account_that_cannot_be_read(
    world: World, command: str
) -> None:
    item = world.opened()
    login, params = world.login(item), dict(world.stand.params(item))
    if command == "resume":
        world.run("suspend", item).check()
    break_account(login)
    if world.site.account(login) is not None:
        pytest.skip("this server shows such an account all the same")
    world.run(command, item).check()
    assert "unread" in world.stand.log
    assert world.status(item) == {"suspend": SUSPENDED, "resume": ACTIVE}.get(command, DELETED)
    gets_in = world.site.login_works(login, params["userpassword"])
    assert gets_in is (command == "resume")
