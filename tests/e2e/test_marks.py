"""Marks that are forged, old or copied; saved values that are damaged or typed on purpose."""

import json
import time
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import pytest

from tests import PATIENCE_S
from tests.doubles.billmanager import ACTIVE, DELETED, PROCESSING, SUSPENDED
from tests.doubles.cloud import Cloud, Fault
from tests.e2e.sites import DoubleSite
from tests.e2e.world import World
from tests.tools.table import SERVING
from utils.base import logins, xml
from utils.consts import ITEM_MARK
from utils.host.locks import LockFile

pytestmark = pytest.mark.preloaded

every_cloud = pytest.mark.every_cloud
STRANGER = "A-stranger's-password-1"
SAVED = ("username", "userpassword", "url", ITEM_MARK)


def double(world: World) -> Cloud:
    """The world's cloud, known to be the double."""
    assert isinstance(world.site, DoubleSite)
    return world.site.cloud


def opened(world: World) -> int:
    """An open service; its group and its cloud are known."""
    world.site.add_group(world.group)
    return world.left_by("open")


def mark_of(world: World, item: int) -> List[Any]:
    """The parts of the mark on a service."""
    parts: List[Any] = json.loads(world.stand.params(item)[ITEM_MARK])
    return parts


def is_own(world: World, item: int, login: str = "") -> bool:
    """Whether the service has a sealed mark of its own, for an account that was made."""
    version, _, number, marked, _, _, made = mark_of(world, item)
    # ownCloud does not tell how it spells a login.
    is_its = logins.same(marked, login or world.login(item))
    return is_its and (version, number, made) == (2, item, 1)


def is_whole(world: World, item: int, login: str = "") -> bool:
    """Whether the customer sees what opens the account, its password encrypted."""
    params = world.stand.params(item)
    return (
        logins.same(params.get("username", ""), login or world.login(item))
        and params.get("username") == mark_of(world, item)[3]
        and params.get("url") == world.site.url
        and "userpassword" in world.stand.crypted_names(item)
        and double(world).login_works(params["username"], params["userpassword"])
    )


def worked(world: World, command: str, login: str) -> bool:
    """Whether the cloud shows what the command is for."""
    user = double(world).users.find(login)
    if command == "close":
        return user is None
    return user is not None and user.enabled is (command != "suspend")


def only_asked(world: World, since: int) -> bool:
    """Whether nothing but questions went to the cloud."""
    return all(request.method == "GET" for request in double(world).requests[since:])


# -- forged -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "place"),
    [
        *((command, (3, "director")) for command in (*SERVING, "close", "open")),
        *(("close", place) for place in ((2, 4711), (6, 0), (5, STRANGER))),
    ],
)
def test_a_mark_of_which_anything_is_forged_touches_nothing(
    world: World, command: str, place: Tuple[int, object]
) -> None:
    double(world).add_user("director", STRANGER)
    item = opened(world)
    forged = mark_of(world, item)
    forged[place[0]] = place[1]
    world.stand.save_param(item, ITEM_MARK, json.dumps(forged), crypted=True)
    if place[0] == 3:
        world.stand.save_param(item, "username", "director", crypted=False)
    before, since = repr(double(world).users), len(double(world).requests)
    assert world.run(command, item).error_type == "mark_foreign"
    assert repr(double(world).users) == before
    assert only_asked(world, since)


# -- of version 1 -----------------------------------------------------------------------------


def as_1_0_left_it(world: World, item: int) -> str:
    """Puts the mark that pmnextcloud 1.0 wrote on an open service, and gives it."""
    old = world.old_mark(item, world.stand.params(item)["userpassword"])
    world.stand.save_param(item, ITEM_MARK, old, crypted=True)
    for kept in (world.stand.root / "var/pmnextcloud").glob("marks*"):
        kept.unlink()
    return old


@pytest.mark.parametrize(
    ("command", "damage"),
    [*((command, "") for command in SERVING), ("suspend", "username"), ("resume", "userpassword")],
)
def test_a_service_of_1_0_goes_on_and_its_mark_is_sealed(
    world: World, command: str, damage: str
) -> None:
    item = opened(world)
    old = as_1_0_left_it(world, item)
    if damage:
        world.stand.drop_param(item, damage)
    world.run(command, item).check()
    assert worked(world, command, world.login(item))
    assert is_own(world, item)
    assert set(world.stand.params(item)) == set(SAVED)
    # Whoever knows the old one cannot use it again.
    world.stand.save_param(item, ITEM_MARK, old, crypted=True)
    assert world.run("suspend", item).error_type == "mark_foreign"


def test_a_service_of_1_0_is_counted_and_closed(world: World) -> None:
    item = opened(world)
    as_1_0_left_it(world, item)
    world.stand.run("stat", module=world.module).check()
    assert len(world.stand.stats(item)) == 1
    world.run("close", item).check()
    assert world.site.account(world.login(item)) is None


def test_an_opening_that_1_0_began_is_finished(world: World) -> None:
    item = opened(world)
    as_1_0_left_it(world, item)
    for name in ("username", "userpassword", "url"):
        world.stand.drop_param(item, name)
    world.stand.set_status(item, 5)
    world.run("open", item).check()
    assert is_own(world, item)
    assert is_whole(world, item)


# -- damaged ----------------------------------------------------------------------------------

Damage = Callable[[World, int], None]


def respelt(spell: Callable[[str], str]) -> Damage:
    """Another spelling of the saved login."""

    def damage(world: World, item: int) -> None:
        world.stand.save_param(item, "username", spell(world.login(item)), crypted=False)

    return damage


def lost(*names: str) -> Damage:
    """Values that are gone."""

    def damage(world: World, item: int) -> None:
        for name in names:
            world.stand.drop_param(item, name)

    return damage


def in_clear(world: World, item: int) -> None:
    """The customer changed his password, and staff typed it into the clear table."""
    user = double(world).users.find(world.login(item))
    assert user is not None
    user.password = "Changed-by-the-customer-1"
    world.stand.save_param(item, "userpassword", user.password, crypted=False)


def unreadable(world: World, item: int) -> None:
    """A password that was encrypted by another key."""
    world.stand.sql(
        "UPDATE itemcryptedparam SET value = 'AAAA' WHERE item = %s AND intname = 'userpassword'",
        item,
    )


DAMAGES: Dict[str, Damage] = {
    "upper case": respelt(str.upper),
    "title case": respelt(str.title),
    "a blank behind": respelt(lambda login: login + " "),
    "a blank before": respelt(lambda login: "\t" + login),
    "edited": respelt(lambda login: "typo-" + login),
    "the module's own": respelt(lambda _: "admin"),
    "no login": lost("username"),
    "no address": lost("url"),
    "no password": lost("userpassword"),
    "nothing": lost("username", "userpassword", "url"),
    "in clear": in_clear,
    "unreadable": unreadable,
}


@pytest.mark.parametrize(
    ("command", "kind"),
    [(SERVING[number % len(SERVING)], kind) for number, kind in enumerate(DAMAGES)],
)
@every_cloud
def test_what_is_damaged_is_saved_anew_while_the_command_goes_on_by_the_mark(
    world: World, command: str, kind: str
) -> None:
    item = opened(world)
    DAMAGES[kind](world, item)
    world.run(command, item).check()
    assert worked(world, command, world.login(item))
    world.run("resume", item).check()
    assert is_whole(world, item)
    assert is_own(world, item)
    assert world.stand.log.count("is renewed") == 1
    assert len(double(world).users) <= 3  # the pattern, the service's, the module's


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_service_is_counted_and_closed(world: World, kind: str) -> None:
    item = opened(world)
    DAMAGES[kind](world, item)
    world.stand.run("stat", module=world.module).check()
    assert len(world.stand.stats(item)) == 1
    world.run("close", item).check()
    assert world.site.account(world.login(item)) is None
    assert world.status(item) == DELETED


# -- copied -----------------------------------------------------------------------------------


def with_mark(world: World) -> int:
    """A service that this version opened."""
    return opened(world)


def with_old_mark(world: World) -> int:
    """A service that 1.0 opened."""
    item = opened(world)
    as_1_0_left_it(world, item)
    return item


def without_mark(world: World) -> int:
    """A service that the predecessor opened."""
    item = opened(world)
    world.stand.drop_param(item, ITEM_MARK)
    return item


HALVES = [with_mark, with_old_mark, without_mark]


@pytest.mark.parametrize(
    ("make", "command", "is_gone"),
    [
        (with_mark, "suspend", False),
        (with_mark, "sync_item", True),
        (with_old_mark, "setparam", False),
        (with_old_mark, "suspend", True),
        (without_mark, "suspend", False),
        (without_mark, "resume", False),
        (with_mark, "changepassword", False),
    ],
)
@every_cloud
def test_a_copy_takes_the_account_over_once_its_old_half_is_over(
    world: World, make: Callable[[World], int], command: str, is_gone: bool
) -> None:
    world.stand.write("etc/pmnextcloud.conf", "display_name = client\n")
    old = make(world)
    login, copy = world.login(old), world.copy(old)
    world.run("close", old).check()
    assert world.site.account(login) is not None
    if is_gone:
        for table in ("itemparam", "itemcryptedparam", "itemstat", "task"):
            world.stand.sql(f"DELETE FROM {table} WHERE item = %s", old)
        world.stand.sql("DELETE FROM item WHERE id = %s", old)
    world.run(command, copy).check()
    assert worked(world, command, login)
    assert is_own(world, copy, login)
    assert is_whole(world, copy, login) or command == "suspend"
    user = double(world).users[login]
    assert (user.email, user.display_name) == ("client8@example.com", "Client 8")
    world.stand.run("stat", module=world.module).check()
    assert len(world.stand.stats(copy)) == 1
    world.run("close", copy).check()
    assert login not in double(world).users


@pytest.mark.parametrize("make", HALVES)
def test_usage_marks_the_copy_that_it_meets(world: World, make: Callable[[World], int]) -> None:
    old = make(world)
    login, copy = world.login(old), world.copy(old)
    world.run("close", old).check()
    world.stand.run("stat", module=world.module).check()
    assert len(world.stand.stats(copy)) == 1
    assert is_own(world, copy, login)
    assert double(world).users[login].email == "client8@example.com"


NO_EMAIL: Dict[str, Sequence[Optional[str]]] = {
    "no user": (),
    "a user without one": (None,),
    "an empty one": ("",),
    "a broken one": ("no address at all",),
}


@pytest.mark.parametrize(
    ("command", "kind"),
    [(("suspend", "sync_item")[number % 2], kind) for number, kind in enumerate(NO_EMAIL)]
    + [("setparam", "a broken one"), ("stat", "no user")],
)
@every_cloud
def test_the_former_clients_e_mail_does_not_stay_where_the_new_one_has_none(
    world: World, command: str, kind: str
) -> None:
    old = opened(world)
    login, copy = world.login(old), world.copy(old, NO_EMAIL[kind])
    assert double(world).users[login].email
    world.run("close", old).check()
    world.call(command, copy).check()
    assert double(world).users[login].email == ""
    assert is_own(world, copy, login)


def test_staff_is_told_of_a_former_clients_e_mail_that_cannot_be_taken_off(world: World) -> None:
    old = opened(world)
    login, copy = world.login(old), world.copy(old, ())
    world.run("close", old).check()
    double(world).faults.append(
        Fault("ocs", method="PUT", path=r"/users/[^/]+$", times=None, code=103)
    )
    for command in ("suspend", "resume"):
        world.run(command, copy).check()
        assert worked(world, command, login)
    assert not is_own(world, copy, login)
    tasks = [one for one in world.stand.tasks() if one["item"] == copy]
    assert len(tasks) == 2, "one for each operation"
    assert all('type="former_email"' in one["params"] for one in tasks)
    double(world).faults.clear()
    world.run("suspend", copy).check()
    assert double(world).users[login].email == ""
    assert is_own(world, copy, login)


@pytest.mark.parametrize(
    ("make", "command"),
    [*((with_mark, command) for command in SERVING), (with_old_mark, "suspend")]
    + [(without_mark, command) for command in ("suspend", "setparam")],
)
def test_while_both_halves_live_only_the_old_one_is_served(
    world: World, make: Callable[[World], int], command: str
) -> None:
    old = make(world)
    copy = world.copy(old)
    before, since = repr(double(world).users), len(double(world).requests)
    assert world.run(command, copy).error_type == "mark_foreign"
    assert repr(double(world).users) == before
    assert only_asked(world, since)
    world.run(command, old).check()
    assert worked(world, command, world.login(old))


@pytest.mark.parametrize("make", HALVES)
def test_while_both_halves_live_their_account_counts_once(
    world: World, make: Callable[[World], int]
) -> None:
    old = make(world)
    copy = world.copy(old)
    world.stand.run("stat", module=world.module).check()
    assert len(world.stand.stats(old)) == 1
    assert not world.stand.stats(copy)
    assert f"service {copy}: not counted: mark_foreign" in world.stand.log


@pytest.mark.parametrize(
    ("make", "ends", "status", "on_close"),
    [
        *((make, ends, ACTIVE, "delete") for make in HALVES for ends in ("old", "copy")),
        *((with_mark, "old", status, "delete") for status in (1, SUSPENDED, 5)),
        *((with_mark, ends, ACTIVE, "disable") for ends in ("old", "copy")),
    ],
)
def test_the_half_that_ends_first_deletes_nothing_and_staff_has_one_task(
    world: World, make: Callable[[World], int], ends: str, status: int, on_close: str
) -> None:
    world.stand.write("etc/pmnextcloud.conf", f"on_close = {on_close}\n")
    old = make(world)
    halves = {"old": old, "copy": world.copy(old)}
    ending = halves.pop(ends)
    [living] = halves.values()
    world.stand.set_status(living, status)
    before, since = repr(double(world).users), len(double(world).requests)
    for _ in range(2):
        world.run("close", ending).check()
    assert repr(double(world).users) == before
    assert only_asked(world, since)
    assert world.status(ending) == DELETED
    assert not world.stand.operations(ending)
    [task] = [one for one in world.stand.tasks() if one["item"] == ending][:1]
    error = xml.parse(task["params"].encode()).find("error")
    assert error is not None
    assert error.get("type") == "account_shared"
    assert str(living) in (error.findtext("param") or "")


def test_a_half_on_another_server_is_no_half(world: World) -> None:
    item = opened(world)
    copy = world.copy(item)
    with Cloud() as other:
        second = World(world.stand, DoubleSite(other))
        world.stand.sql("UPDATE item SET processingmodule = %s WHERE id = %s", second.module, copy)
        world.run("close", item).check()
    assert world.site.account(world.login(item)) is None
    assert not world.stand.tasks()


def test_of_two_copies_none_takes_the_account_over(world: World) -> None:
    old = opened(world)
    first, second = world.copy(old), world.copy(old)
    world.run("close", old).check()
    before = repr(double(world).users)
    for copy in (first, second):
        assert world.run("suspend", copy).error_type == "mark_foreign"
    assert repr(double(world).users) == before
    world.run("close", first).check()
    world.run("suspend", second).check()
    assert is_own(world, second, world.login(old))


# -- typed on purpose -------------------------------------------------------------------------

TYPED = "Typed-by-staff-77"


def adopted(world: World, login: str = "moved_in", password: str = TYPED) -> int:
    """A service that staff gave to the module, with an account that was there before."""
    world.site.add_group(world.group)
    item = world.order(params={"username": login, "userpassword": password})
    world.stand.set_status(item, ACTIVE)
    return item


@pytest.mark.parametrize(
    ("command", "spelling"),
    [
        *((command, "moved_in") for command in SERVING),
        ("suspend", "Moved_In"),
        ("resume", " moved_in"),
    ],
)
@every_cloud
def test_a_typed_login_whose_password_is_right_is_taken_over(
    world: World, command: str, spelling: str
) -> None:
    double(world).add_user("moved_in", TYPED)
    item = adopted(world, spelling)
    world.run(command, item).check()
    assert worked(world, command, "moved_in")
    world.run("resume", item).check()
    assert is_own(world, item, "moved_in")
    assert is_whole(world, item, "moved_in")
    world.stand.run("stat", module=world.module).check()
    assert len(world.stand.stats(item)) == 1
    world.run("close", item).check()
    assert "moved_in" not in double(world).users


def test_an_adopted_account_is_closed_at_once(world: World) -> None:
    double(world).add_user("moved_in", TYPED)
    item = adopted(world)
    world.run("close", item).check()
    assert "moved_in" not in double(world).users
    assert world.status(item) == DELETED


@pytest.mark.parametrize("command", SERVING)
def test_another_account_may_be_typed_on_a_service_that_has_one(world: World, command: str) -> None:
    item = opened(world)
    double(world).add_user("moved_in", TYPED)
    world.stand.save_param(item, "username", "moved_in", crypted=False)
    world.stand.save_param(item, "userpassword", TYPED, crypted=False)
    world.run(command, item).check()
    assert worked(world, command, "moved_in")
    assert is_own(world, item, "moved_in")
    user = double(world).users[world.login(item)]
    assert user.enabled


@every_cloud
def test_usage_is_counted_of_what_was_typed_which_is_taken_over(world: World) -> None:
    double(world).add_user("moved_in", TYPED)
    item, other = adopted(world), opened(world)
    world.stand.run("stat", module=world.module).check()
    assert [len(world.stand.stats(one)) for one in (item, other)] == [1, 1]
    assert is_own(world, item, "moved_in")
    assert is_whole(world, item, "moved_in")
    assert not [one for one in world.stand.tasks() if one["item"] == item]


def test_usage_is_counted_of_another_account_that_was_typed_on_a_service_that_has_one(
    world: World,
) -> None:
    item = opened(world)
    double(world).add_user("moved_in", TYPED, used_bytes=7 * 1024**3, logged_in=True)
    world.stand.save_param(item, "username", "moved_in", crypted=False)
    world.stand.save_param(item, "userpassword", TYPED, crypted=False)
    world.stand.run("stat", module=world.module).check()
    assert [float(row["value"]) for row in world.stand.stats(item)] == [7]
    assert is_own(world, item, "moved_in")


def test_usage_takes_nothing_over_for_an_order(world: World) -> None:
    """Its form may let the client type a login."""
    double(world).add_user("moved_in", TYPED)
    item = adopted(world)
    world.stand.set_status(item, PROCESSING)
    since = len(double(world).requests)
    world.stand.run("stat", module=world.module).check()
    assert ITEM_MARK not in world.stand.params(item)
    assert not world.stand.stats(item)
    assert not [one for one in double(world).requests[since:] if one.path.endswith("/cloud/user")]


def test_usage_leaves_a_service_that_another_command_works_on_for_later(world: World) -> None:
    double(world).add_user("moved_in", TYPED)
    item = adopted(world)
    lock = LockFile(str(world.stand.root / "var/pmnextcloud/services.json.lock"))
    assert lock.take([item], 0) == item
    counting = world.stand.start("stat", module=world.module)
    deadline = time.monotonic() + PATIENCE_S
    while "to be looked at" not in world.stand.log and "busy" not in world.stand.log:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    lock.__exit__(None, None, None)
    counting.finish().check()
    assert len(world.stand.stats(item)) == 1
    assert is_own(world, item, "moved_in")


def refuses(world: World) -> str:
    """An account with another password."""
    double(world).add_user("moved_in", STRANGER)
    return "moved_in"


def is_an_administrators(world: World) -> str:
    """An administrator of the cloud."""
    double(world).add_user("director", TYPED, groups={"admin"})
    return "director"


def is_another_services(world: World) -> str:
    """The account of a service that is open."""
    other = opened(world)
    user = double(world).users[world.login(other)]
    user.password = TYPED
    return world.login(other)


@pytest.mark.parametrize(
    ("make", "command"),
    [*((refuses, command) for command in SERVING)]
    + [(make, "suspend") for make in (is_an_administrators, is_another_services)],
)
@every_cloud
def test_a_typed_login_that_is_not_to_be_had_is_left_alone_and_told(
    world: World, make: Callable[[World], str], command: str
) -> None:
    login = make(world)
    item = adopted(world, login)
    before, since = repr(double(world).users), len(double(world).requests)
    for _ in range(3):
        run = world.run(command, item)
        assert (run.error_type, run.error_value) == ("typed_login", login)
    assert repr(double(world).users) == before
    assert only_asked(world, since)
    tries = [one for one in double(world).requests[since:] if one.path.endswith("/cloud/user")]
    assert len(tries) == (make is refuses)


@pytest.mark.parametrize("make", [refuses, is_an_administrators, is_another_services])
@every_cloud
def test_usage_tells_staff_of_what_was_typed_and_is_not_to_be_had(
    world: World, make: Callable[[World], str]
) -> None:
    item = adopted(world, make(world))
    before, since = repr(double(world).users), len(double(world).requests)
    for _ in range(3):
        world.stand.run("stat", module=world.module).check()
    assert repr(double(world).users) == before
    assert only_asked(world, since)
    tries = [one for one in double(world).requests[since:] if one.path.endswith("/cloud/user")]
    assert len(tries) == (make is refuses)
    assert not world.stand.stats(item)
    told = [one for one in world.stand.tasks() if f"{item} (" in str(one["specification"])]
    assert len(told) == 1
    assert "typed_login" in told[0]["specification"]


@pytest.mark.parametrize(
    ("make", "command"),
    [(refuses, command) for command in SERVING] + [(is_an_administrators, "suspend")],
)
@every_cloud
def test_staff_is_told_of_a_typed_login_that_a_service_with_an_account_does_not_take(
    world: World, make: Callable[[World], str], command: str
) -> None:
    item, login = opened(world), make(world)
    world.stand.save_param(item, "username", login, crypted=False)
    world.run(command, item).check()
    assert worked(world, command, world.login(item))
    if (
        command == "sync_item"
    ):  # of which BILLmanager makes no tasks: whoever starts it sees the log
        assert f"staff is to know: typed_login: {login}" in world.stand.log
        assert world.stand.params(item)["username"] == login
        world.run("resume", item).check()
    [task] = [one for one in world.stand.tasks() if one["item"] == item]
    assert "typed_login" in task["params"]
    assert login in task["params"]
    assert world.stand.params(item)["username"] == world.login(item)


@every_cloud
@pytest.mark.parametrize("damage", ["edited", "upper case", "no login"])
def test_the_name_of_the_account_is_saved_anew_with_the_login(world: World, damage: str) -> None:
    world.stand.add_type_param(world.itemtype, "accountname")
    item = opened(world)
    world.stand.save_param(item, "accountname", "damaged", crypted=False)
    DAMAGES[damage](world, item)
    world.run("resume", item).check()
    assert world.stand.params(item)["accountname"] == world.stand.params(item)["username"]
    assert is_whole(world, item)


@pytest.mark.parametrize("text", ["edited-by-hand", "", "USER_1"])
def test_a_damaged_name_of_the_account_alone_is_saved_anew(world: World, text: str) -> None:
    world.stand.add_type_param(world.itemtype, "accountname")
    item = opened(world)
    world.stand.save_param(item, "accountname", text, crypted=False)
    world.run("resume", item).check()
    assert world.stand.params(item)["accountname"] == world.login(item)


def test_a_parameter_of_that_name_which_the_type_does_not_show_is_left_alone(world: World) -> None:
    item = opened(world)
    world.stand.save_param(item, "accountname", "somebody's own", crypted=False)
    DAMAGES["edited"](world, item)
    world.run("resume", item).check()
    assert is_whole(world, item)
    assert world.stand.params(item)["accountname"] == "somebody's own"


@pytest.mark.parametrize("make", [refuses, is_an_administrators])
def test_a_service_is_not_closed_while_a_named_account_lives(
    world: World, make: Callable[[World], str]
) -> None:
    item = adopted(world, make(world))
    before = repr(double(world).users)
    assert world.run("close", item).error_type == "typed_login"
    assert world.status(item) == ACTIVE
    assert repr(double(world).users) == before


def test_a_service_that_names_another_ones_account_is_closed_and_staff_is_told(
    world: World,
) -> None:
    item = adopted(world, is_another_services(world))
    before = repr(double(world).users)
    world.run("close", item).check()
    assert repr(double(world).users) == before
    assert len(world.stand.tasks()) == 1


def test_a_corrected_password_is_tried_again(world: World) -> None:
    item = adopted(world, refuses(world))
    assert world.run("suspend", item).error_type == "typed_login"
    world.stand.save_param(item, "userpassword", STRANGER, crypted=False)
    world.run("suspend", item).check()
    assert is_own(world, item, "moved_in")


@pytest.mark.parametrize("crypted", [True, False])
def test_what_a_client_typed_for_his_order_opens_no_strangers_account(
    world: World, crypted: bool
) -> None:
    world.site.add_group(world.group)
    item = world.order()
    login = world.login(item)
    double(world).add_user(login, STRANGER, quota="1 GB")
    world.stand.save_param(item, "username", login, crypted=False)
    world.stand.save_param(item, "userpassword", TYPED, crypted=crypted)
    before, since = repr(double(world).users), len(double(world).requests)
    for _ in range(3):
        assert world.run("open", item).error_type == "login_taken"
    assert world.run("close", item).error_type == "typed_login"
    assert repr(double(world).users) == before
    assert only_asked(world, since)
    tries = [one for one in double(world).requests[since:] if one.path.endswith("/cloud/user")]
    assert len(tries) == 1


def test_what_a_client_typed_for_his_order_is_replaced_where_logins_may_differ(
    world: World,
) -> None:
    world.stand.write("etc/pmnextcloud.conf", "taken_login = suffix\n")
    world.site.add_group(world.group)
    item = world.order()
    login = world.login(item)
    double(world).add_user(login, STRANGER, quota="1 GB")
    stranger = repr(double(world).users[login])
    world.stand.save_param(item, "username", login, crypted=False)
    world.stand.save_param(item, "userpassword", TYPED, crypted=False)
    world.run("open", item).check()
    assert is_whole(world, item, login + "_2")
    assert repr(double(world).users[login]) == stranger


def test_an_account_that_is_gone_is_made_again_and_never_another_ones(world: World) -> None:
    """A made mark proves an account; who took the login since then has another."""
    item = opened(world)
    double(world).remove_user(world.login(item))
    taken = []

    def take(call: object) -> None:
        if not taken and mark_of(world, item)[6] == 0:
            taken.append(double(world).add_user(world.login(item), STRANGER))

    world.stand.after_call = take
    assert world.run("open", item).error_type == "login_taken"
    world.stand.after_call = None
    before = repr(double(world).users)
    assert world.run("suspend", item).error_type == "login_taken"
    assert repr(double(world).users) == before


# -- an account that cannot be read -----------------------------------------------------------


UNREAD = ("suspend", "resume", "close")


@every_cloud
@pytest.mark.parametrize("make", [with_mark, with_old_mark, without_mark])
@pytest.mark.parametrize("command", UNREAD)
def test_what_must_be_done_is_done_with_an_account_that_cannot_be_read(
    world: World, make: Callable[[World], int], command: str
) -> None:
    item = make(world)
    user = double(world).users[world.login(item)]
    user.is_broken, user.enabled = True, command != "resume"
    world.run(command, item).check()
    assert worked(world, command, world.login(item))
    assert "unread" in world.stand.log
    world.run(command, item, trycount=1).check()


@pytest.mark.parametrize("command", ["suspend", "close"])
@pytest.mark.parametrize("code", [500, 996])
def test_an_account_that_may_be_an_administrators_is_not_touched_unread(
    world: World, command: str, code: int
) -> None:
    item = opened(world)
    user = double(world).users[world.login(item)]
    user.is_broken = True
    user.groups.add("admin")
    assert world.run(command, item).error_type == "account_protected"
    user.groups.remove("admin")
    double(world).faults.append(Fault("ocs", "GET", "/groups", code=code, times=None))
    assert world.run(command, item).error_type == "account_unreadable"
    assert double(world).users[world.login(item)].enabled


@every_cloud
def test_an_account_that_only_its_password_proves_is_not_touched_unread(world: World) -> None:
    item = world.another(opened(world), begun=True)
    double(world).users[world.login(item)].is_broken = True
    for command in UNREAD:
        assert world.run(command, item).error_type == "account_unreadable"
    assert double(world).users[world.login(item)].enabled


@every_cloud
@pytest.mark.parametrize("command", [name for name in SERVING if name not in UNREAD])
def test_nothing_else_is_done_with_an_account_that_cannot_be_read(
    world: World, command: str
) -> None:
    item = opened(world)
    double(world).users[world.login(item)].is_broken = True
    since = len(double(world).requests)
    assert world.run(command, item).error_type == "account_unreadable"
    assert only_asked(world, since)


def test_a_cloud_that_fails_at_the_first_switch_is_asked_again(world: World) -> None:
    """As 34.0.1 does where such an account is enabled."""
    item = opened(world)
    user = double(world).users[world.login(item)]
    user.is_broken, user.enabled = True, False
    double(world).faults.append(Fault("ocs", "PUT", "/enable", code=996))
    world.run("resume", item).check()
    assert user.enabled


def test_an_account_that_is_kept_at_the_end_is_disabled_unread(world: World) -> None:
    world.stand.write("etc/pmnextcloud.conf", "on_close = disable\n")
    item = opened(world)
    user = double(world).users[world.login(item)]
    user.is_broken = True
    world.run("close", item).check()
    assert not user.enabled
    assert world.login(item) in double(world).users
