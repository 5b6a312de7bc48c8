"""Killed at each of its effects and repeated, a command ends as if nothing had happened.

For each scene the doubles first watch an undisturbed run: every request to the cloud, every mgrctl
call, every statement that writes to the database. Then the command is run once for each of these,
killed just before or just after its effect, and run again. A new call of a command is covered
without anyone listing it. A new command needs a scene here: the table of commands asks for it,
unless it only answers a form or people and so has nothing to repeat. Between two effects a kill
leaves what the first one left. The module's own files, each replaced by one rename, are no effects
here.
"""

import re
import threading
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence

import pytest

from tests.doubles.billmanager import (
    ACTIVE,
    DELETED,
    SUSPENDED,
    Call,
    DropCall,
    ModuleProcess,
    Run,
    Stand,
)
from tests.doubles.billmanager.db_proxy import DbProxy
from tests.doubles.cloud import NEXTCLOUD_29, OWNCLOUD_10, PROFILES, Cloud
from tests.doubles.cloud.profile import OWNCLOUD, Profile
from tests.e2e.sites import GIB, DoubleSite
from tests.e2e.world import World, with_app_password
from tests.tools import table
from utils.base.values import Account
from utils.consts import ITEM_MARK

pytestmark = pytest.mark.preloaded


class Scene(NamedTuple):
    """A command, and how a service comes to where it is called for.

    `told` are the words of a command that people start.
    """

    command: str
    prepare: Callable[[World], int]
    conf: str = ""
    told: Callable[[World, int], Sequence[str]] = lambda world, item: ()


def ordered(world: World) -> int:
    """An order; its group is there."""
    world.site.add_group(world.group)
    return world.order()


def ordered_with_new_group(world: World) -> int:
    """An order whose group nobody has made yet."""
    return world.order(world.tariff(group=f"group {len(world.items)}"))


def opened(world: World) -> int:
    """An open service."""
    return world.left_by("open")


def suspended(world: World) -> int:
    """A suspended service."""
    return world.left_by("open", "suspend")


def ordered_by_name(world: World) -> int:
    """An order whose account gets a name of its own, and a language."""
    world.site.add_group(world.group)
    name = {"cloud_login": "user_@ID@-@EMAIL_NAME@", "cloud_language": "de"}
    return world.order(world.tariff(**name))


def ordered_with_link(world: World) -> int:
    """An order whose customer sets his first password by a link."""
    world.site.add_group(world.group)
    return world.order(world.tariff(cloud_first_password="link"))


def moved_on(world: World) -> int:
    """An open service whose client has another e-mail by now."""
    item = opened(world)
    account = double(world).users[world.login(item)]
    client = world.stand.add_account("Client 9", ["new9@example.com"])
    world.stand.sql("UPDATE item SET account = %s WHERE id = %s", client, item)
    account.email = "client7@example.com"
    world.note(item, Account(account.login, True, account.email, account.login, (), None, None))
    return item


def changing(world: World) -> int:
    """A service whose tariff changes in quota and group."""
    item = opened(world)
    new_group = f"gold {len(world.items)}"
    world.stand.change_tariff(item, world.tariff(gib=30, group=new_group))
    return item


def copied(world: World) -> int:
    """The copy of a service that is over: its mark and its login are the old half's."""
    old = opened(world)
    stand, login = world.stand, world.login(old)
    copy = world.order(stand.item(old)["pricelist"])
    assert isinstance(world.site, DoubleSite)
    user = world.site.cloud.users.pop(login.lower())
    user.login = world.login(copy)  # so that the state of each is told in the same words
    world.site.cloud.users[user.login] = user
    stand.save_param(
        copy, ITEM_MARK, world.mark(old, user.password, login=user.login), crypted=True
    )
    for name, crypted in (("username", False), ("url", False), ("userpassword", True)):
        value = user.login if name == "username" else stand.params(old)[name]
        stand.save_param(copy, name, value, crypted=crypted)
    for item, status in ((old, DELETED), (copy, ACTIVE)):
        stand.set_status(item, status)
    return copy


def shared(world: World) -> int:
    """A service whose account another living one names."""
    item = opened(world)
    other = world.order()
    world.stand.save_param(other, "username", world.login(item), crypted=False)
    return item


def damaged(world: World) -> int:
    """An open service of which the customer sees nothing any more."""
    item = opened(world)
    for name in ("username", "userpassword", "url"):
        world.stand.drop_param(item, name)
    return item


def typed(world: World) -> int:
    """A service on which staff typed an account that was there before."""
    assert isinstance(world.site, DoubleSite)
    world.site.add_group(world.group)
    item = world.order()
    login = f"{world.login(item)}-moved-in"
    world.site.cloud.add_user(login, "Typed-by-staff-77", email="client7@example.com")
    world.stand.save_param(item, "username", login, crypted=False)
    world.stand.save_param(item, "userpassword", "Typed-by-staff-77", crypted=False)
    world.stand.set_status(item, ACTIVE)
    return item


def moved_in(world: World) -> int:
    """A debtor's service whose account, of his e-mail, was there before."""
    item = typed(world)
    world.stand.drop_param(item, "username")
    world.stand.set_status(item, SUSPENDED)
    return item


def adoption(*words: str) -> Callable[[World, int], Sequence[str]]:
    """The words that adopt the account of a service."""
    return lambda world, item: (
        *("--item", str(item), "--login", f"{world.login(item)}-moved-in"),
        *words,
    )


def adoption_of_file(world: World, item: int) -> Sequence[str]:
    """The words that adopt what a file has, of which one line is good."""
    path = world.stand.root / "customers.csv"
    path.write_text(f"4711;nobody\n{item};{world.login(item)}-moved-in\nx\n", "utf-8")
    return ("--file", str(path), "--yes", "--sync")


def typed_in_vain(world: World) -> int:
    """The same, and the account has another password."""
    item = typed(world)
    double(world).users[f"{world.login(item)}-moved-in"].password = "A-stranger's-password-1"
    return item


def begun(world: World) -> int:
    """A service whose account was made and not yet seen as ordered."""
    item = world.another(opened(world), begun=True)
    world.stand.set_status(item, ACTIVE)
    return item


def unreadable(world: World) -> int:
    """An open service whose account the cloud cannot show."""
    item = opened(world)
    double(world).users[world.login(item)].is_broken = True
    return item


def drifted(world: World) -> int:
    """A suspended service of which nothing in the cloud is as billing has it."""
    item = suspended(world)
    assert isinstance(world.site, DoubleSite)
    user = world.site.cloud.users[world.login(item)]
    user.enabled, user.quota, user.used_bytes = True, "1 GB", 3 * GIB
    user.groups.clear()
    return item


def filled(world: World) -> int:
    """An open service of whose 5 GiB four and a half are used; nobody was told of it."""
    item = opened(world)
    user = double(world).users[world.login(item)]
    user.used_bytes, user.logged_in = 9 * GIB // 2, True
    return item


def shrinking(world: World) -> int:
    """The same, and its tariff changes to one of 1 GiB."""
    item = filled(world)
    world.stand.change_tariff(item, world.tariff(gib=1))
    return item


def uncounted(world: World) -> int:
    """An open service whose tariff sells no space, of which staff has no task yet."""
    item = opened(world)
    empty = world.stand.add_tariff(world.itemtype, addons=[])
    world.stand.sql("UPDATE item SET pricelist = %s WHERE id = %s", empty, item)
    world.stand.sql("DELETE FROM task")
    for kept in (world.stand.root / "var/pmnextcloud").glob("uncounted-*"):
        kept.unlink()
    return item


def ended(world: World) -> int:
    """A closed service whose account has waited for its time."""
    item = opened(world)
    world.stand.set_status(item, DELETED)
    double(world).users[world.login(item)].enabled = False
    world.ended(item, due=True)
    return item


def waiting(world: World) -> int:
    """A service that was opened again, its account still waiting."""
    item = opened(world)
    double(world).users[world.login(item)].enabled = False
    world.ended(item)
    return item


def ordered_again(world: World) -> int:
    """A new order of a client of whom one account waits: that of a service which is over."""
    old = opened(world)
    world.stand.set_status(old, DELETED)
    order = world.order(world.tariff())
    account = double(world).users.pop(world.login(old))
    account.login = world.login(order)  # so that the state of each is told in the same words
    account.enabled, account.used_bytes = False, GIB
    double(world).users[account.login] = account
    world.stand.save_param(old, "username", account.login, crypted=False)
    for ending in world.record.all_open():  # of an order that came before
        world.record.save(ending.returned(ending.closed_on, 0))
    world.ended(old, login=account.login)
    return order


def soft(world: World) -> int:
    """An open service that is made read-only where it is not paid."""
    item = opened(world)
    world.stand.set_terms(world.stand.item(item)["pricelist"], cloud_suspension="read_only")
    double(world).users[world.login(item)].used_bytes = GIB
    return item


SCENES = {
    "open": Scene("open", ordered),
    "open-new-group": Scene("open", ordered_with_new_group),
    "open-with-suffix": Scene("open", ordered, "taken_login = suffix\n"),
    "open-named": Scene("open", ordered_by_name),
    "open-with-link": Scene("open", ordered_with_link),
    "suspend": Scene("suspend", opened),
    "resume": Scene("resume", suspended),
    "setparam": Scene("setparam", changing),
    "setparam-short": Scene("setparam", shrinking),
    "setparam-followed": Scene("setparam", moved_on),
    "changepassword": Scene("changepassword", opened),
    "open-reused": Scene("open", ordered_again, "reuse = yes\n"),
    "close": Scene("close", opened),
    "close-and-keep": Scene("close", opened, "on_close = disable\n"),
    "close-and-wait": Scene("close", opened, "on_close = wait\n"),
    "suspend-read-only": Scene("suspend", soft),
    "purge": Scene("purge", ended),
    "restore": Scene(
        "restore",
        waiting,
        told=lambda world, item: ("--item", str(item), "--login", world.login(item)),
    ),
    "suspend-copy": Scene("suspend", copied),
    "suspend-damaged": Scene("suspend", damaged),
    "suspend-typed": Scene("suspend", typed),
    "suspend-unread": Scene("suspend", unreadable),
    "close-typed": Scene("close", typed),
    "close-and-keep-typed": Scene("close", typed, "on_close = disable\n"),
    "suspend-begun": Scene("suspend", begun),
    "close-shared": Scene("close", shared),
    "close-unread": Scene("close", unreadable),
    "sync_item": Scene("sync_item", drifted),
    "adopt": Scene("adopt", moved_in, told=adoption()),
    "adopt-and-sync": Scene("adopt", moved_in, told=adoption("--sync")),
    "adopt-typed": Scene("adopt", typed, told=adoption("--sync")),
    "adopt-on-trust": Scene("adopt", moved_in, told=adoption("--trust", "--sync")),
    "adopt-file": Scene("adopt", moved_in, told=adoption_of_file),
    "stat": Scene("stat", opened),
    "stat-followed": Scene("stat", moved_on),
    "stat-copy": Scene("stat", copied),
    "stat-typed": Scene("stat", typed),
    "stat-uncounted": Scene("stat", uncounted),
    "stat-filled": Scene("stat", filled),
    "get_server_config": Scene("get_server_config", opened),
}


LENGTHY = (
    *("suspend-read-only", "adopt-and-sync", "adopt-typed", "adopt-on-trust"),
    *("open-named", "open-with-link", "setparam-followed", "stat-followed", "setparam-short"),
    *("open-reused", "close-and-keep-typed", "close-unread", "stat-typed"),
)
"""Scenes that are tried only at length: each is much like another one."""


ON_OWNCLOUD = ("open", "setparam", "close")
"""Scenes whose requests to ownCloud are others than to Nextcloud."""

TRIAL_OF_A_PASSWORD = "before GET /ocs/vN.php/cloud/user"
"""The point at which a typed password is on its way to the cloud and has not arrived."""


def double(world: World) -> Cloud:
    """The world's cloud, which is the double."""
    assert isinstance(world.site, DoubleSite)
    return world.site.cloud


def retype(world: World, item: int) -> None:
    """Staff types another password, on the service and in the cloud, and closes its task."""
    user = double(world).users[f"{world.login(item)}-moved-in"]
    user.password = "Typed-once-more-88"
    world.stand.save_param(item, "userpassword", user.password, crypted=False)
    world.stand.sql("DELETE FROM task WHERE item = %s", item)


class Killer:
    """Counts the effects of a run, and kills it at one of them."""

    def __init__(self, world: World, proxy: DbProxy) -> None:
        assert isinstance(world.site, DoubleSite)
        self._world, self._cloud, self._proxy = world, world.site.cloud, proxy
        self._process: Optional[ModuleProcess] = None
        self._started = threading.Event()
        self._deadly = -1
        self.points: List[str] = []

    def run(self, start: Callable[[], ModuleProcess], deadly: int = -1) -> Run:
        """Runs a command and kills it at its point number `deadly`; -1 lets it live."""
        self.points, self._deadly = [], deadly
        self._started.clear()
        stand = self._world.stand
        self._cloud.before = lambda seen: not self._reach(f"before {seen.method} {seen.path}")
        self._cloud.after = lambda seen: self._reach(f"after {seen.method} {seen.path}")
        stand.before_call = self._before_call
        stand.after_call = self._after_call
        self._proxy.before = lambda word: self._at_database(f"before {word}")
        self._proxy.after = lambda word: self._at_database(f"after {word}")
        try:
            self._process = start()
            self._started.set()
            return self._process.finish()
        finally:
            self._cloud.before = self._cloud.after = None
            stand.before_call = stand.after_call = None
            self._proxy.before = self._proxy.after = None

    def _reach(self, point: str) -> bool:
        """Notes a point; True where it was the deadly one."""
        self._started.wait()
        self.points.append(re.sub(r"\d+", "N", point))
        if len(self.points) - 1 != self._deadly:
            return False
        assert self._process is not None
        self._process.kill_group()
        return True

    def _before_call(self, call: Call) -> None:
        if self._reach(f"before {call.function}"):
            raise DropCall

    def _after_call(self, call: Call) -> None:
        if self._reach(f"after {call.function}"):
            raise DropCall

    def _at_database(self, point: str) -> None:
        if self._reach(point):
            raise ConnectionError(point)


def state(world: World, item: int) -> Dict[str, Any]:
    """Everything that a service is, in billing and in the cloud, in words that do not name it."""
    assert isinstance(world.site, DoubleSite)
    params = world.stand.params(item)
    service = world.stand.item(item)
    login = world.login(item)
    mine = [user for key, user in world.site.cloud.users.items() if key.startswith(login)]
    gets_in = "userpassword" in params and world.customer_gets_in(item)
    return {
        "status": service["status"],
        "tariff changes": service["lastpricelist"],
        "saved": sorted(params),
        "encrypted": sorted(world.stand.crypted_names(item)),
        "login": params.get("username", "").replace(login, "LOGIN"),
        "url": params.get("url"),
        "gets in": gets_in,
        "operations": len(world.stand.operations(item)),
        "tasks": len([task for task in world.stand.tasks() if task["item"] == item]),
        "letters": len([one for one in world.stand.notices() if f" {item}:" in one["subject"]]),
        "accounts": [
            (user.login.replace(login, "LOGIN"), user.quota, len(user.groups), user.enabled)
            + (user.email,)
            for user in mine
        ],
        "record": [
            (one.state, one.hold is not None, one.ended_on is not None, one.seen)
            for one in [*world.record.all_open(), *world.record.past()]
            if one.item_id == item
        ],
        "usage": [(row["param"], row["value"]) for row in world.stand.stats(item)],
    }


@pytest.fixture
def proxy(stand: Stand) -> Iterator[DbProxy]:
    """The way to the database for the module, and only for it."""
    with DbProxy(stand.database.server.socket) as made:
        stand.write_db_conf(DBSocket=made.socket)
        yield made


def leaves_link_unknown(points: List[str], deadly: int) -> bool:
    """Whether a run that is killed there has told nobody whether the cloud has mailed a link.

    Staff gets a task then, unless the mark is saved that says that all is known.
    """
    makes = [at for at, point in enumerate(points) if point == "after POST /ocs/vN.php/cloud/users"]
    # What asks for the password first makes nobody.
    return deadly >= makes[-1] and "after service.saveparam" not in points[makes[-1] : deadly + 1]


def test_every_command_that_changes_something_has_a_scene() -> None:
    changing = {*table.SERVICES, *table.MODULES, *table.WRITING_PEOPLE}
    assert {scene.command for scene in SCENES.values()} == changing


def is_possible(profile: Profile, name: str) -> bool:
    """Whether a scene can be played on a cloud: ownCloud mails no links."""
    return profile is not OWNCLOUD_10 or name != "open-with-link"


def cases() -> Iterator[Any]:
    """Each scene on each cloud: what another scene or another cloud is much like takes its time.

    The usual tests have all scenes on the oldest Nextcloud, and those of `ON_OWNCLOUD` there.
    """
    for cloud, profile in PROFILES.items():
        for name in SCENES:
            if not is_possible(profile, name):
                continue
            is_usual = profile is NEXTCLOUD_29 or (profile is OWNCLOUD_10 and name in ON_OWNCLOUD)
            marks = () if is_usual and name not in LENGTHY else pytest.mark.long
            yield pytest.param(profile, name, id=f"{cloud}-{name}", marks=marks)


@pytest.mark.proof("kill points")
@pytest.mark.parametrize(("cloud", "name"), [*cases()], indirect=["cloud"])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_killed_anywhere_and_repeated_it_ends_as_undisturbed(
    stand: Stand,
    cloud: Cloud,
    proxy: DbProxy,
    name: str,
    record_property: Callable[[str, object], None],
) -> None:
    scene = SCENES[name]
    world = with_app_password(stand, cloud)
    cloud.add_user("bystander", "By-stander-1", quota="1 GB", groups={"others"})
    cloud.rate_limit.enabled = False
    killer = Killer(world, proxy)

    def asks_staff(point: str) -> bool:
        # What never arrived and what was refused is the same on ownCloud, which tells neither.
        is_silent = cloud.profile.product == OWNCLOUD
        tries = scene.prepare in (typed, moved_in) and "trust" not in name
        return is_silent and tries and point == TRIAL_OF_A_PASSWORD

    def play(deadly: int) -> Dict[str, Any]:
        stand.write("etc/pmnextcloud.conf", "")
        item = scene.prepare(world)
        stand.write("etc/pmnextcloud.conf", scene.conf)
        for kept in (stand.root / "var/pmnextcloud").glob("product-*"):
            kept.unlink()  # so that the cloud is asked what it is
        start = world.starter(scene.command, item, scene.told(world, item))
        run = killer.run(start, deadly)
        if deadly >= 0:
            assert run.exit_code == -9, (killer.points, run)
            assert not run.stdout
            if asks_staff(killer.points[-1]):
                start().finish()
                retype(world, item)
            run = start().finish()
        if scene.command in table.FOR_PEOPLE:
            assert run.exit_code == int("file" in name), str(run)
        else:
            run.check()
        ended = state(world, item)
        stand.set_status(item, DELETED)  # so that `stat` of the next one does not count it
        return ended

    undisturbed = play(-1)
    points = list(killer.points)
    assert points
    for number, point in enumerate(points):
        is_unknown = scene.prepare is ordered_with_link and leaves_link_unknown(points, number)
        wanted = {**undisturbed, "tasks": undisturbed["tasks"] + is_unknown}
        assert play(number) == wanted, f"killed {point} ({number} of {points})"
        assert killer.points == points[: number + 1]
    bystander = cloud.users["bystander"]
    assert (bystander.quota, bystander.groups, bystander.enabled) == ("1 GB", {"others"}, True)
    record_property("tried", len(points))


@pytest.mark.every_cloud
@pytest.mark.proof("kill points")
@pytest.mark.parametrize(
    "command",
    ["suspend", *(pytest.param(one, marks=pytest.mark.long) for one in ("close", "stat"))],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_killed_anywhere_it_tries_a_typed_password_once(
    stand: Stand,
    cloud: Cloud,
    proxy: DbProxy,
    command: str,
    record_property: Callable[[str, object], None],
) -> None:
    world = with_app_password(stand, cloud)
    killer = Killer(world, proxy)

    def play(deadly: int) -> int:
        """How often the cloud has refused the password after all."""
        cloud.requests.clear()
        cloud.door.brute_force.attempts.clear()
        item = typed_in_vain(world)
        start = world.starter(command, item)
        killer.run(start, deadly)
        for _ in range(2):
            run = start().finish()
            assert run.error_type == (None if command == "stat" else "typed_login"), run
        assert cloud.users[f"{world.login(item)}-moved-in"].enabled
        stand.set_status(item, DELETED)
        tried = [one for one in cloud.requests if one.path.endswith("/cloud/user")]
        return sum(one.kind_of_auth == "refused" and one.http_status == 401 for one in tried)

    assert play(-1) == 1
    points = list(killer.points)
    for number, point in enumerate(points):
        assert play(number) <= 1, f"killed {point} ({number} of {points})"
    record_property("tried", len(points))
