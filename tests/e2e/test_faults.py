"""Every call that a command makes, met by every kind of fault: told rightly, and right in the end.

For each scene the doubles first watch an undisturbed run: its requests to the cloud, its mgrctl
calls, the state in which it ends. Then each of these calls is met by each kind of fault, the
program is run, the fault goes away and the program is run again. A new call of a command is covered
without anyone listing it. A new command needs a scene here: the table of commands asks for it. The
doctor, whose whole work is to tell of faults, has its own tests. What is asked of each case stands
in `Trial`. The usual tests hold a part of the cases, `make test-long` holds all.
"""

import itertools
import json
import queue
import re
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import (
    Any,
    Callable,
    Dict,
    FrozenSet,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Sequence,
    Set,
    Tuple,
)

import pytest
from lxml import etree

from tests import PATIENCE_S
from tests.doubles.billmanager import (
    ACTIVE,
    DELETED,
    PROCESSING,
    SUSPENDED,
    Call,
    CoreFault,
    ModuleProcess,
    Run,
    Stand,
)
from tests.doubles.cloud import LATE, Cloud, Fault, Seen
from tests.doubles.cloud.state import User
from tests.e2e.sites import DoubleSite
from tests.e2e.world import World
from tests.tools import table
from utils.base import errors

pytestmark = [pytest.mark.preloaded, pytest.mark.proof("fault cases")]

MARK = "pmnextcloud_mark"
ROLLBACK = "service.changepricelist.rollback"
TIMEOUT_S = 5
"""The module's time limit for one answer: the lowest that it takes."""

MANY_TRIES = 50
"""An operation tried so often goes to staff, unless its fault concerns the whole module."""

PAGE_SIZE = 10
STAT_BUDGET_S = 18
"""Time for pauses of 1, 2 and 4 seconds and not for the next one, on a busy machine too."""

SERVICES_BY_PAGES = 22
ACCOUNT = re.compile(r"/cloud/users/[^/]+$")
"""The path of an account, and of nothing of it."""

RIGS = 8
"""Cases that mostly wait are tried at the same time: this many."""


# -- where it is tried ------------------------------------------------------------------------


class ChangingCloud(Cloud):
    """A double that becomes another one between two requests, as a restarted server does."""

    _countdown = 0
    _change: Optional[Callable[[], None]] = None
    has_changed = False

    def change_before(self, number: int, change: Callable[[], None]) -> None:
        """Calls `change` after the answer to the request before that number, counted from now."""
        self.has_changed = False
        self._countdown, self._change = number - 1, change
        if not self._countdown:
            self._do_change()

    def _do_change(self) -> None:
        assert self._change is not None
        self._change()
        self.has_changed = True

    def _send(self, connection: Any, request: Any, answer: Any, fault: Any) -> None:
        self._countdown -= 1
        if self._countdown == 0:
            # The client must come again on a new connection, and find the change made by then.
            answer.headers["Connection"] = "close"
            with self.lock:
                self._connections.discard(connection)
            self._do_change()
        super()._send(connection, request, answer, fault)


class Rig:
    """A provider, a cloud with bystanders in it, and services in every stage of life."""

    def __init__(self, tls: Optional[str] = None) -> None:
        self.stand = Stand(preloaded=True)
        self.cloud = ChangingCloud(tls=tls)
        self.cloud.start()
        # The limit of edits is a fault of its own here: without a clock it would come by itself.
        self.cloud.rate_limit.enabled = False
        self.site = DoubleSite(self.cloud)
        self.configure()
        for group in ("silver", "gold", *(f"group-{number}" for number in range(PAGE_SIZE))):
            self.cloud.add_group(group)
        self.world = self._world()
        self.old_tariff = self.world.tariff(gib=5, group="silver")
        self.new_tariff = self.world.tariff(gib=30, group="gold")
        self._counted: Dict[int, World] = {}
        self.cloud.add_user("bystander", "Byst4nder-made-up", quota="7 GB", groups=["silver"])
        self.pattern = self.world.opened(self.old_tariff)
        """A service opened by the program: the others are made like it, and it is left alone."""
        self.groups = set(self.cloud.groups)
        self.effects: List[str] = []
        """The functions of BILLmanager that took effect since it was emptied."""
        self.stand.after_call = self._note

    def _world(self) -> World:
        return World(self.stand, self.site, timeout=TIMEOUT_S)

    def _note(self, call: Call) -> None:
        if call.error_type is None:
            self.effects.append(call.function)

    def configure(self, text: str = "") -> None:
        """Writes the settings: the rig's own and `text`."""
        authority = f"ca_file = {self.cloud.ca_file}\n" if self.cloud.ca_file else ""
        own = f"page_size = {PAGE_SIZE}\nstat_budget_s = {STAT_BUDGET_S}\n{authority}"
        self.stand.write("etc/pmnextcloud.conf", own + text)

    def counted(self, count: int) -> World:
        """A module with so many services of the predecessor, each using a GiB more."""
        if count not in self._counted:
            world = self._counted[count] = self._world()
            for gib in range(1, count + 1):
                item = world.order(self.old_tariff)
                login, password = world.login(item), f"Made-up-{item}"
                self.cloud.add_user(login, password, used_bytes=gib * 1024**3, logged_in=True)
                self.stand.save_param(item, "username", login, crypted=False)
                self.stand.save_param(item, "userpassword", password, crypted=True)
                self.stand.set_status(item, ACTIVE)
            world.know_cloud()
        return self._counted[count]

    def like_pattern(self, *, begun: bool = False) -> int:
        """A service as `open` leaves it; `begun` as one leaves it that was stopped on its way."""
        return self.world.another(self.pattern, begun=begun)

    def forget_refusals(self) -> None:
        """Ten minutes go by."""
        for path in (self.stand.root / "var" / "pmnextcloud").glob("refused-*.json"):
            path.unlink()

    def others(self, login: str) -> Tuple[object, ...]:
        """All accounts but that of the login, and the service that nobody works on."""
        accounts = {
            name: (user.password, *account(user), user.used_bytes)
            for name, user in self.cloud.users.items()
            if name != login
        }
        return accounts, self.stand.item(self.pattern), self.stand.params(self.pattern)

    def clean(self, login: str) -> None:
        """Removes what a case left in the cloud, so that lists do not grow."""
        if self.cloud.users.find(login):
            self.cloud.remove_user(login)
        for group in set(self.cloud.groups) - self.groups:
            self.cloud.remove_group(group)

    def close(self) -> None:
        """The end. Raises AssertionError if a secret stood on a command line or in the log."""
        try:
            assert not self.stand.leaks
            written = self.stand.log
            assert not [text for text in self.stand.secrets if len(text) > 5 and text in written]
        finally:
            self.cloud.stop()
            self.stand.close()


class Rigs:
    """The rigs of a whole test module, made when they are first needed."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._made: Dict[Optional[str], List[Rig]] = {}
        self._plans: Dict[str, Plan] = {}
        self._contexts: List[Any] = []

    def get(self, tls: Optional[str] = None, count: int = 1) -> List[Rig]:
        """Makes rigs whose cloud speaks plain http or has a good certificate."""
        made = self._made.setdefault(tls, [])
        while len(made) < count:
            rig = Rig(tls)
            self._stack.callback(rig.close)
            made.append(rig)
        return made[:count]

    def plan(self, scene: str) -> "Plan":
        """What an undisturbed run of the scene's command does; it is run once."""
        if scene not in self._plans:
            self._plans[scene] = undisturbed(self.get()[0], scene)
        return self._plans[scene]

    def wrong_certificate(self, number: int) -> Any:
        """The TLS side of a server that nobody should trust: by turns one of three kinds."""
        if not self._contexts:
            for kind in ("self-signed", "expired", "wrong-host"):
                other = self._stack.enter_context(Cloud(tls=kind))
                self._contexts.append(other._context)
        return self._contexts[number % len(self._contexts)]

    def close(self) -> None:
        """Ends all of them."""
        self._stack.close()

    def by_turns(self, scene: str, troubles: "Sequence[Trouble]") -> List[str]:
        """Tries cases of one scene, one after the other unless they wait; gives what was wrong."""
        if is_patient(scene):
            return self.at_once([(scene, trouble) for trouble in troubles])
        plan, rig = self.plan(scene), self.get()[0]
        return [text for one in troubles for text in Trial(rig, scene, plan, one).wrong]

    def at_once(self, cases: "Sequence[Tuple[str, Trouble]]", conf: str = "") -> List[str]:
        """Tries cases that mostly wait, many at the same time; gives what was wrong."""
        for scene, _ in cases:
            self.plan(scene)
        free: queue.Queue[Rig] = queue.Queue()
        width = min(RIGS, len(cases))
        for rig in self.get(count=width):
            rig.configure(conf)
            free.put(rig)

        def one(case: "Tuple[str, Trouble]") -> List[str]:
            scene, trouble = case
            rig = free.get()
            try:
                return Trial(rig, scene, self.plan(scene), trouble).wrong
            finally:
                free.put(rig)

        try:
            with ThreadPoolExecutor(width) as pool:
                return [text for found in pool.map(one, cases) for text in found]
        finally:
            for rig in self.get(count=width):
                rig.configure()


@pytest.fixture(scope="module")
def rigs() -> Iterator[Rigs]:
    """Stands and doubles that serve all cases of this file."""
    made = Rigs()
    yield made
    made.close()


# -- what is tried ----------------------------------------------------------------------------


class Case(NamedTuple):
    """A command about to be run: on a service, on a module or, with a form, on neither."""

    rig: Rig
    command: str
    world: World
    item: Optional[int] = None
    tariff: Optional[int] = None
    form: Optional[str] = None
    owner: str = ""

    @property
    def login(self) -> str:
        """The service's login, empty where there is no service; `owner` where it is another's."""
        return self.owner or ("" if self.item is None else self.world.login(self.item))

    def operation(self) -> Optional[int]:
        """A running operation, tried often, of a command that BILLmanager queues."""
        if self.item is None or self.command == "sync_item":
            return None
        return self.rig.stand.add_operation(self.command, self.item, MANY_TRIES)

    def start(self, operation: Optional[int] = None) -> ModuleProcess:
        """Starts the command."""
        stand = self.rig.stand
        if self.form is not None:
            return stand.start(self.command, stdin=self.form)
        if self.item is None:
            return stand.start(self.command, module=self.world.module)
        return stand.start(self.command, item=self.item, runningoperation=operation)

    def state(self) -> Dict[str, Any]:
        """What the command is about, in words that name neither service nor rig."""
        if self.command == "stat":
            return {"rows": self._rows(), "posted": "service.poststat" in self.rig.effects}
        if self.command == "get_server_config":
            return {"groups": json.loads(self.rig.stand.read(self._groups_file))}
        return {} if self.item is None else self._service(self.item)

    @property
    def _groups_file(self) -> str:
        return f"var/pmnextcloud/groups-{self.world.module}.json"

    def keep_groups(self, groups: List[str]) -> None:
        """Writes an older list of groups."""
        self.rig.stand.write(self._groups_file, json.dumps(groups))

    def _rows(self) -> Dict[int, Tuple[str, float, str]]:
        rows = self.rig.stand.stats(self.world.module)
        found = {
            self.world.items.index(row["item"]): (row["param"], float(row["value"]), row["measure"])
            for row in rows
        }
        assert len(found) == len(rows)
        return found

    def _service(self, item: int) -> Dict[str, Any]:
        stand, cloud = self.rig.stand, self.rig.cloud
        service, params = stand.item(item), stand.params(item)
        same_login = re.compile(re.escape(self.login) + r"(_\d+)?", re.IGNORECASE)
        owner = cloud.users.find(self.login)
        marked = json.loads(params.get(MARK, "null"))
        return {
            "status": service["status"],
            "tariff": service["pricelist"] == self.tariff,
            "tariff changes": service["lastpricelist"] is not None,
            "saved": sorted(params),
            "encrypted": stand.crypted_names(item),
            "operations": len(stand.operations(item)),
            "login": params.get("username") == self.login,
            "address": params.get("url") == self.rig.site.url,
            "mark": marked and (marked[3] == self.login, owner and owner.password == marked[5]),
            "password": owner and owner.password == params.get("userpassword"),
            "gets in": cloud.login_works(self.login, params.get("userpassword", "")),
            "accounts": [
                account(user) for name, user in cloud.users.items() if same_login.fullmatch(name)
            ],
        }


def account(user: User) -> Tuple[object, ...]:
    """What a module could change of an account."""
    groups = sorted(re.sub(r"new-\d+", "new", group) for group in user.groups)
    return user.enabled, user.email, groups, user.quota, user.display_name


def ordered(rig: Rig) -> Case:
    """An order whose group is there."""
    return Case(rig, "open", rig.world, rig.world.order(rig.old_tariff), rig.old_tariff)


def ordered_with_new_group(rig: Rig) -> Case:
    """An order whose group nobody has made yet."""
    tariff = rig.world.tariff(group=f"new-{len(rig.world.items)}")
    return Case(rig, "open", rig.world, rig.world.order(tariff), tariff)


def begun(rig: Rig) -> Case:
    """An order whose account an earlier run made, but not yet as ordered."""
    return Case(rig, "open", rig.world, rig.like_pattern(begun=True), rig.old_tariff)


def active(rig: Rig) -> Case:
    """An open service to be suspended."""
    return Case(rig, "suspend", rig.world, rig.like_pattern(), rig.old_tariff)


def suspended(rig: Rig) -> Case:
    """A suspended service to be resumed."""
    item = rig.like_pattern()
    rig.cloud.users[rig.world.login(item)].enabled = False
    rig.stand.set_status(item, SUSPENDED)
    return Case(rig, "resume", rig.world, item, rig.old_tariff)


def changing(rig: Rig) -> Case:
    """A service whose new tariff has another quota and another group."""
    item = rig.like_pattern()
    rig.stand.change_tariff(item, rig.new_tariff)
    return Case(rig, "setparam", rig.world, item, rig.new_tariff)


def changing_to_new_group(rig: Rig) -> Case:
    """The same, with a group that nobody has made yet."""
    item = rig.like_pattern()
    tariff = rig.world.tariff(gib=30, group=f"new-{item}")
    rig.stand.change_tariff(item, tariff)
    return Case(rig, "setparam", rig.world, item, tariff)


def keyless(rig: Rig) -> Case:
    """An open service whose customer has forgotten his password."""
    return Case(rig, "changepassword", rig.world, rig.like_pattern(), rig.old_tariff)


def ending(rig: Rig) -> Case:
    """An open service to be closed."""
    return Case(rig, "close", rig.world, rig.like_pattern(), rig.old_tariff)


def drifted(rig: Rig) -> Case:
    """A suspended service of which nothing in the cloud is as billing has it."""
    item = rig.like_pattern()
    user = rig.cloud.users[rig.world.login(item)]
    user.enabled, user.quota, user.groups = True, "1 GB", set()
    rig.stand.set_status(item, SUSPENDED)
    return Case(rig, "sync_item", rig.world, item, rig.old_tariff)


def copied(rig: Rig, command: str) -> Case:
    """The copy of a service that is over, for another client."""
    old = rig.like_pattern()
    copy = rig.world.copy(old)
    rig.stand.set_status(old, DELETED)
    return Case(rig, command, rig.world, copy, rig.old_tariff, owner=rig.world.login(old))


def typed(rig: Rig, command: str) -> Case:
    """A service on which staff typed an account that was there before."""
    item = rig.world.order(rig.old_tariff)
    login, password = f"moved_in_{item}", f"Typed-by-staff-{item}"
    user = rig.cloud.add_user(login, password, quota="5 GB", groups=["silver"])
    user.email = "client7@example.com"
    rig.cloud.door.brute_force.attempts.clear()
    rig.stand.save_param(item, "username", login, crypted=False)
    rig.stand.save_param(item, "userpassword", password, crypted=False)
    rig.stand.set_status(item, ACTIVE)
    return Case(rig, command, rig.world, item, rig.old_tariff, owner=login)


def damaged(rig: Rig) -> Case:
    """A service of which the customer sees nothing any more."""
    item = rig.like_pattern()
    for name in ("username", "userpassword", "url"):
        rig.stand.drop_param(item, name)
    return Case(rig, "sync_item", rig.world, item, rig.old_tariff)


def unreadable(rig: Rig, command: str) -> Case:
    """A service whose account the cloud cannot show."""
    item = rig.like_pattern()
    rig.cloud.users[rig.world.login(item)].is_broken = True
    return Case(rig, command, rig.world, item, rig.old_tariff)


def shared(rig: Rig) -> Case:
    """A service whose account another living one names."""
    item, other = rig.like_pattern(), rig.world.order(rig.old_tariff)
    rig.stand.save_param(other, "username", rig.world.login(item), crypted=False)
    return Case(rig, "close", rig.world, item, rig.old_tariff)


def uncounted(rig: Rig, count: int) -> Case:
    """Makes services whose usage is to be counted; none of it is counted yet."""
    world = rig.counted(count)
    rig.stand.sql("DELETE FROM itemstat")
    return Case(rig, "stat", world)


def listing(rig: Rig) -> Case:
    """A module whose groups were read before, when they were others."""
    case = Case(rig, "get_server_config", rig.world)
    case.keep_groups(["older"])
    return case


def connecting(rig: Rig) -> Case:
    """The connection form."""
    form = rig.world.form(timeout=str(TIMEOUT_S))
    return Case(rig, "check_connection", rig.world, form=form)


SCENES: Dict[str, Callable[[Rig], Case]] = {
    "open": ordered,
    "open-again": begun,
    "open-new-group": ordered_with_new_group,
    "suspend": active,
    "resume": suspended,
    "setparam": changing,
    "setparam-new-group": changing_to_new_group,
    "changepassword": keyless,
    "close": ending,
    "sync_item": drifted,
    "suspend-copy": lambda rig: copied(rig, "suspend"),
    "setparam-copy": lambda rig: copied(rig, "setparam"),
    "suspend-typed": lambda rig: typed(rig, "suspend"),
    "sync_item-typed": lambda rig: typed(rig, "sync_item"),
    "close-typed": lambda rig: typed(rig, "close"),
    "sync_item-damaged": damaged,
    "suspend-unread": lambda rig: unreadable(rig, "suspend"),
    "close-unread": lambda rig: unreadable(rig, "close"),
    "close-shared": shared,
    "stat-few": lambda rig: uncounted(rig, 2),
    "stat-many": lambda rig: uncounted(rig, SERVICES_BY_PAGES),
    "get_server_config": listing,
    "check_connection": connecting,
}
"""Each begins with the name of its command."""

LENGTHY = (
    *("open-new-group", "resume", "setparam-new-group"),
    *("suspend-copy", "setparam-copy", "sync_item-damaged", "close-shared", "stat-many"),
    *("suspend-typed", "sync_item-typed", "close-typed", "suspend-unread", "close-unread"),
)
"""Scenes that are tried only at length: each is another one's way with more or fewer calls."""

RENEWED = ("copy", "typed", "damaged")
"""Scenes in which more is written on the service, or for it, than the command is for. That may
fail, and the next command does it."""

RENEWALS = ("saved", "encrypted", "login", "address", "mark", "accounts")
"""What of a service's state it is about."""

QUIET = ("close-shared",)
"""Scenes without a request to the cloud."""

TELLING = ("close-shared",)
"""Scenes in which staff has a task without a failure."""

USUAL = [scene for scene in SCENES if scene not in LENGTHY]
AT_CLOUD = [scene for scene in SCENES if scene not in QUIET]
BOTH_PARTS = [
    pytest.param(USUAL, id="usual"),
    pytest.param(LENGTHY, id="lengthy", marks=pytest.mark.long),
]
MOST_TO_LOSE = ("open", "setparam")
"""Scenes that meet every kind of fault also in the usual tests."""

SOME = (*MOST_TO_LOSE, "close", "check_connection")
"""Scenes that are usual where each case costs seconds."""

REST = [scene for scene in AT_CLOUD if scene not in SOME]
ONE_BY_ONE = [*SOME, *(pytest.param(scene, marks=pytest.mark.long) for scene in REST)]
SOME_AND_REST = [
    pytest.param(SOME, id="some"),
    pytest.param(REST, id="rest", marks=pytest.mark.long),
]


def is_renewed(scene: str) -> bool:
    """Whether the scene's command writes more on the service than it is for."""
    return scene.partition("-")[2] in RENEWED


def command_of(scene: str) -> str:
    """The command that a scene is about."""
    return scene.partition("-")[0]


def test_every_command_that_billmanager_sends_to_a_cloud_has_a_scene(
    record_property: Callable[[str, object], None],
) -> None:
    record_property("tried", 0)  # it is no case itself
    # Checks and renewals end well whatever happens: see test_checks.py and test_prolong.py.
    others = {*table.FOR_PEOPLE, *table.CHECKS, *table.RENEWALS}
    assert set(map(command_of, SCENES)) == set(table.AT_CLOUDS) - others


class Request(NamedTuple):
    """A request of an undisturbed run: `caller` is module, customer or nobody.

    One that `proves` looks whether a deletion is done: what goes wrong there costs nobody anything,
    for the night looks again.
    """

    number: int
    method: str
    path: str
    caller: str
    proves: bool = False

    @property
    def writes(self) -> bool:
        """Whether it may change something."""
        return self.method != "GET"


class Plan(NamedTuple):
    """What an undisturbed run does and where it ends."""

    requests: List[Request]
    functions: List[str]
    state: Dict[str, Any]


def undisturbed(rig: Rig, scene: str) -> Plan:
    """Watches a run that nothing disturbs. Raises AssertionError where it fails."""
    case = SCENES[scene](rig)
    assert case.command == command_of(scene)
    requests, calls = len(rig.cloud.requests), len(rig.stand.calls)
    rig.effects.clear()
    case.start(case.operation()).finish().check()
    asked = rig.cloud.requests[requests:]
    is_gone = [seen.method == "DELETE" and ACCOUNT.search(seen.path) for seen in asked]
    deletion = next((at for at, found in enumerate(is_gone) if found), len(asked))
    plan = Plan(
        [
            Request(at + 1, seen.method, seen.path, _caller(rig, seen), proves=at > deletion)
            for at, seen in enumerate(asked)
        ],
        [call.function for call in rig.stand.calls[calls:]],
        case.state(),
    )
    assert bool(plan.requests) is (scene not in QUIET)
    rig.clean(case.login)
    return plan


def _caller(rig: Rig, seen: Seen) -> str:
    if seen.login is None:
        return "nobody"
    return "module" if seen.login == rig.site.login else "customer"


# -- what is asked of each case ---------------------------------------------------------------


class Trouble(NamedTuple):
    """A fault: how it begins and ends, whether it was met, what the program may say of it.

    `codes` are the errors that fit; "" among them stands for success. `is_reported` says whether
    the core could take a report of it, `silent_after` after which request no login may be sent any
    more, `budget_s` how long the run may take. `stays_with` is what
    the next run answers too, where the fault is never forgotten.
    """

    name: str
    begin: Callable[[Rig], None]
    end: Callable[[Rig], None]
    was_met: Callable[[Rig], bool]
    codes: FrozenSet[str]
    is_reported: bool = True
    silent_after: Optional[int] = None
    budget_s: float = 90
    stays_with: str = ""


def _told() -> Dict[str, Set[errors.Told]]:
    """Who is told of the errors of each code."""
    found: Dict[str, Set[errors.Told]] = {}
    for error in errors.list_kinds():
        found.setdefault(error.code, set()).add(error.told)
    return found


TOLD = _told()
STAFF = {errors.Told.STAFF_NOW, errors.Told.STAFF_LATER}


def canonical(document: bytes) -> bytes:
    """A document in the one spelling of it."""
    return etree.tostring(etree.fromstring(document), method="c14n")


class Trial:
    """One case; `wrong` says what was not as it has to be, in words.

    Asked are: one document, in agreement with the exit code, in time; success only where the goal
    is reached; otherwise an error that fits and that stands on the operation, which goes to staff
    only for a fault of one service; nothing handed out or reported that is not so; no tariff taken
    back; no login sent after a refused one. And after the fault, the same command once more: the
    state of an undisturbed run, one account, nobody else's touched.
    """

    def __init__(self, rig: Rig, scene: str, plan: Plan, trouble: Trouble) -> None:
        self.wrong: List[str] = []
        self._rig, self._plan, self._trouble = rig, plan, trouble
        self._name = f"{scene}, {trouble.name}"
        self._left_for_later = RENEWALS if is_renewed(scene) else ()
        self._is_told = scene in TELLING
        self._case = SCENES[scene](rig)
        self._operation = self._case.operation()
        others = rig.others(self._case.login)
        before = self._case.state() if self._case.command != "stat" else {}
        rig.effects.clear()
        self._disturbed(before)
        rig.forget_refusals()
        self._again()
        self._ask(rig.others(self._case.login) == others, "somebody else's account was changed")
        rig.clean(self._case.login)

    def _ask(self, is_so: bool, otherwise: object) -> None:
        if not is_so:
            self.wrong.append(f"{self._name}: {otherwise}")

    def _disturbed(self, before: Dict[str, Any]) -> None:
        first = len(self._rig.cloud.requests)
        self._trouble.begin(self._rig)
        try:
            run = self._case.start(self._operation).finish()
            self._ask(self._trouble.was_met(self._rig), "the fault was not met")
        finally:
            self._trouble.end(self._rig)
        self._ask(run.seconds < self._trouble.budget_s, f"took {run.seconds:.1f} s")
        if not self._is_one_document(run):
            return
        code = run.error_type or ""
        self._ask(code in self._trouble.codes, f"answered {run.stdout.decode()}")
        self._ask(ROLLBACK not in self._rig.effects, "the tariff was taken back")
        if self._trouble.silent_after is not None:
            later = self._rig.cloud.requests[first + self._trouble.silent_after :]
            asked = [seen for seen in later if seen.login is not None]
            self._ask(not asked, f"a login after a refused one: {asked}")
        if code:
            self._failed(run, code, before)
        else:
            self._reached("success, but", self._left_for_later)

    def _is_one_document(self, run: Run) -> bool:
        try:
            document = run.xml
        except AssertionError as error:
            self._ask(False, error)
            return False
        self._ask(document.tag == "doc" and run.stdout.count(b"<?xml") == 1, "not one document")
        self._ask(run.exit_code == (0 if run.error is None else 1), f"exit code {run.exit_code}")
        self._ask(run.stderr == b"", run.stderr)
        return True

    def _reached(self, when: str, besides: Sequence[str] = ()) -> None:
        state = self._case.state()
        for name, value in self._plan.state.items():
            if name not in besides:
                self._ask(state[name] == value, f"{when} {name} is {state[name]}, not {value}")

    def _failed(self, run: Run, code: str, before: Dict[str, Any]) -> None:
        posted = [name for name in self._rig.effects if name in self._plan.functions[-1:]]
        state = self._case.state()
        if self._case.command == "stat":
            wanted = self._plan.state["rows"]
            booked = {number: wanted.get(number) for number in state["rows"]}
            self._ask(state["rows"] == booked, f"booked {state['rows']}")
            self._ask(not state["posted"] or bool(posted), "usage reported as whole")
        elif self._case.item is None:
            self._ask(state == before, f"changed to {state}")
        elif not posted:
            self._ask(state["status"] == before["status"], f"status {state['status']}")
            if self._operation is not None:
                self._on_operation(run, code, self._operation)
            # A new password that could not be saved is mended by the repeat.
            leaves_old = self._case.command in ("close", "changepassword")
            if "userpassword" in state["saved"] and not leaves_old:
                self._ask(state["password"] is True, "a password was saved that does not fit")
            if "userpassword" in state["saved"] and self._case.command == "open":
                wanted = self._plan.state["accounts"]
                self._ask(state["accounts"] == wanted, f"handed out {state['accounts']}")

    def _on_operation(self, run: Run, code: str, operation: int) -> None:
        row = self._rig.stand.operation(operation)
        if row is None:
            self._ask(False, "the operation is gone")
            return
        if not self._trouble.is_reported:
            return
        saved = (row["errorxml"] or "<none/>").encode()
        self._ask(canonical(saved) == canonical(run.stdout), f"saved {saved!r}")
        told = TOLD.get(code, set())
        self._ask(bool(told) and (told <= STAFF or not told & STAFF), f"who is told of {code}?")
        is_manual = row["manual"] == "on"
        # Where staff has a task of something else already, BILLmanager goes on repeating.
        is_right = is_manual == bool(told & STAFF) or (self._is_told and not is_manual)
        self._ask(is_right, f"{code}: manual is {row['manual']}")
        tasks = self._rig.stand.sql("SELECT id FROM task WHERE runningoperation = %s", operation)
        wanted = {int(is_manual), int(is_manual or self._is_told)}
        self._ask(len(tasks) in wanted, f"{len(tasks)} tasks")

    def _again(self) -> None:
        operation = self._operation
        if operation is not None and self._rig.stand.operation(operation) is None:
            operation = None
        run = self._case.start(operation).finish()
        if self._trouble.stays_with:
            is_same = run.error_type == self._trouble.stays_with
            self._ask(is_same, f"repeated: {run.stdout.decode()}")
        elif run.exit_code != 0:
            self._ask(False, f"repeated: {run.stdout.decode()}")
        else:
            self._reached("repeated:")


# -- faults of the cloud ----------------------------------------------------------------------


class Kind(NamedTuple):
    """A kind of fault: its double, and the errors that fit it where it meets a read or a write.

    `stays` says whether it is usual as one that stays or as one that passes; the other way is
    tried at length. `may_pass` says whether a write that it meets may reach its goal all the same,
    by itself or because it is looked up and sent again.
    """

    fault: Fault
    stays: bool
    reads: Set[str]
    writes: Set[str]
    may_pass: bool = False


READ = {"cloud_unreachable"}
LOST = {"cloud_unreachable", "cloud_lost"}
FRONT = {"front_answered"}
THROTTLED = {"cloud_throttled", "cloud_write_limit"}
KINDS: Dict[str, Kind] = {
    "cut before": Kind(Fault("cut_before"), False, READ, LOST, may_pass=True),
    "cut after": Kind(Fault("cut_after"), False, READ, LOST, may_pass=True),
    "half": Kind(Fault("half"), False, READ, LOST, may_pass=True),
    "empty 200": Kind(Fault("empty"), False, READ, LOST, may_pass=True),
    "HTML 200": Kind(Fault("html"), False, FRONT, FRONT, may_pass=True),
    "301": Kind(Fault("redirect"), True, {"cloud_moved"}, {"cloud_moved"}),
    "400 untrusted host": Kind(
        Fault("untrusted_host"), True, {"cloud_untrusted_host"}, {"cloud_untrusted_host"}
    ),
    "401": Kind(Fault("unauthorized"), True, {"cloud_login_refused"}, {"cloud_login_refused"}),
    "403 password confirmation": Kind(
        Fault("password_confirmation"),
        True,
        {"cloud_app_password_refused"},
        {"cloud_app_password_refused"},
    ),
    "412": Kind(Fault("precondition"), True, FRONT, FRONT, may_pass=True),
    "429": Kind(Fault("throttle_http"), True, {"cloud_throttled"}, THROTTLED),
    "429 with Retry-After": Kind(
        Fault("throttle_retry_after"), True, {"front_throttled"}, {"front_throttled"}
    ),
    "429 inside 200": Kind(Fault("throttle_v1"), True, {"cloud_throttled"}, THROTTLED),
    "500": Kind(Fault("status", code=500), False, FRONT, FRONT, may_pass=True),
    "502": Kind(Fault("bad_gateway"), False, FRONT, FRONT, may_pass=True),
    "503 maintenance": Kind(
        Fault("maintenance"), True, {"cloud_maintenance"}, {"cloud_maintenance"}
    ),
}
REFUSED = "refused connection"
CERTIFICATE = "wrong certificate"


USUAL_SHARE = 3
"""A usual scene meets one kind of fault in so many, and each kind one scene in so many."""


WAITED_OUT = [
    kind
    for kind, made in KINDS.items()
    if made.reads <= {*READ, *FRONT, "cloud_throttled", "front_throttled", "cloud_maintenance"}
]
"""Kinds that `stat` waits out while there is time."""

WAITED_OUT_ONCE = ("429",)
"""Kinds that every command waits out where they come once: their answer names no long time."""

PATIENT = {"usage_unread"}
"""What it says when the time is over and the cloud had answered something."""


def is_patient(scene: str) -> bool:
    """Whether the scene's command waits out what passes."""
    return command_of(scene) == "stat"


def is_usual(scene: str, kind: str, stays: bool) -> bool:
    """Whether that kind of fault belongs to the usual tests; all others are tried at length."""
    if scene not in USUAL or stays is not KINDS[kind].stays:
        return False
    turn = USUAL.index(scene) + list(KINDS).index(kind)
    return scene in MOST_TO_LOSE or (turn % USUAL_SHARE == 0 and kind not in WAITED_OUT_ONCE)


def test_each_usual_scene_and_each_kind_of_fault_meet_somewhere(
    record_property: Callable[[str, object], None],
) -> None:
    record_property("tried", 0)  # it is no case itself
    usual = {
        (scene, kind)
        for scene in AT_CLOUD
        for kind in KINDS
        for stays in (False, True)
        if is_usual(scene, kind, stays)
    }
    assert {scene for scene, _ in usual} == set(USUAL)
    assert {kind for _, kind in usual} == set(KINDS)
    assert {(scene, kind) for scene in MOST_TO_LOSE for kind in KINDS} <= usual


def trouble_of(scene: str, kind: str, request: Request, stays: bool) -> Trouble:
    """The fault of that kind at that request, which stays or passes."""
    made, is_typed = KINDS[kind], scene.endswith("-typed")
    fault = Fault(
        made.fault.kind,
        nth=request.number,
        times=None if stays else 1,
        code=made.fault.code,
    )
    codes = set(made.writes if request.writes else made.reads)
    if request.path == "/status.php":
        # Some of these are no answer of a status page at all.
        codes |= {"not_a_cloud", "cloud_unreachable"}
    if (made.may_pass and (request.writes or kind == "502")) or is_renewed(scene):
        codes.add("")
    if request.proves:
        codes = {""}
    if is_patient(scene) and kind in WAITED_OUT:
        codes = codes | PATIENT if stays else {""}
    if kind == "401" and request.caller == "customer":
        # The account does not take the password of our mark, or the one that was typed.
        codes = {"typed_login" if is_typed else "login_taken"}
        if command_of(scene) == "changepassword":  # nor the new one, which it was just given
            codes = {"not_as_ordered"}
    if kind == "401" and request.caller == "nobody" and not request.path.endswith(".php"):
        # A cloud that shows its capabilities to nobody: the login comes after it.
        codes = {"cloud_login_refused"} if stays else {""}
    if kind in WAITED_OUT_ONCE and not stays:
        codes = {""}
    is_refused = kind == "401" and request.caller != "nobody"
    return Trouble(
        f"{kind}{' for good' if stays else ' once'} at {request.number} {request.method}"
        f" {request.path}",
        begin=lambda rig: rig.cloud.faults.append(fault),
        end=lambda rig: rig.cloud.faults.clear(),
        was_met=lambda rig: fault.matched >= request.number,
        codes=frozenset(codes),
        silent_after=request.number if is_refused else None,
        stays_with="typed_login" if codes == {"typed_login"} else "",
    )


def refused_at(scene: str, request: Request) -> Trouble:
    """Nobody listens any more when that request comes."""
    return Trouble(
        f"{REFUSED} at {request.number} {request.method} {request.path}",
        begin=lambda rig: rig.cloud.change_before(request.number, rig.cloud.pause),
        end=lambda rig: rig.cloud.resume(),
        was_met=lambda rig: rig.cloud.has_changed,
        codes=frozenset(
            {"cloud_unreachable", *(PATIENT if is_patient(scene) else ())}
            | ({""} if is_renewed(scene) or request.proves else set())
        ),
    )


def untrusted_at(rig: Rig, scene: str, request: Request, context: Any) -> Trouble:
    """Somebody else answers when that request comes."""
    good = rig.cloud._context

    def become(other: Any) -> None:
        rig.cloud._context = other

    return Trouble(
        f"{CERTIFICATE} at {request.number} {request.method} {request.path}",
        begin=lambda _: rig.cloud.change_before(request.number, lambda: become(context)),
        end=lambda _: become(good),
        was_met=lambda _: rig.cloud.has_changed,
        codes=frozenset(
            {"cloud_certificate", *({""} if is_renewed(scene) or request.proves else ())}
        ),
    )


def judge(wrong: List[str], tried: int, record: Callable[[str, object], None]) -> None:
    """Counts the cases. Raises AssertionError, naming all that were wrong, if any was."""
    record("tried", tried)
    assert tried
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("scene", "kind", "stays"),
    [
        pytest.param(
            scene,
            kind,
            stays,
            id=f"{scene}-{kind}-{'for good' if stays else 'once'}",
            marks=() if is_usual(scene, kind, stays) else pytest.mark.long,
        )
        for scene in AT_CLOUD
        for kind in KINDS
        for stays in (False, True)
    ],
)
def test_a_fault_of_the_cloud(
    rigs: Rigs,
    scene: str,
    kind: str,
    stays: bool,
    record_property: Callable[[str, object], None],
) -> None:
    cases = [trouble_of(scene, kind, one, stays) for one in rigs.plan(scene).requests]
    if stays and kind in WAITED_OUT_ONCE:
        wrong = rigs.at_once([(scene, one) for one in cases])
    else:
        wrong = rigs.by_turns(scene, cases)
    judge(wrong, len(cases), record_property)


@pytest.mark.parametrize("scene", ONE_BY_ONE)
def test_a_connection_that_is_refused(
    rigs: Rigs, scene: str, record_property: Callable[[str, object], None]
) -> None:
    cases = [refused_at(scene, request) for request in rigs.plan(scene).requests]
    judge(rigs.by_turns(scene, cases), len(cases), record_property)


@pytest.mark.parametrize("scene", ONE_BY_ONE)
def test_a_certificate_that_is_wrong(
    rigs: Rigs, scene: str, record_property: Callable[[str, object], None]
) -> None:
    plan, rig = rigs.plan(scene), rigs.get("good")[0]
    wrong: List[str] = []
    for request in plan.requests:
        context = rigs.wrong_certificate(request.number)
        wrong += Trial(rig, scene, plan, untrusted_at(rig, scene, request, context)).wrong
    judge(wrong, len(plan.requests), record_property)


# -- a cloud that is slow ---------------------------------------------------------------------


def stalled_at(scene: str, request: Request, late: bool) -> Trouble:
    """No answer within the module's time limit; `late` carries the request out after it."""
    fault = Fault(
        "stall",
        nth=request.number,
        seconds=TIMEOUT_S + 1.5 if late else TIMEOUT_S + 0.5,
        effect=LATE if late else None,
    )

    def end(rig: Rig) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if all(seen.http_status for seen in rig.cloud.requests if seen.fault == "stall"):
                break
            time.sleep(0.1)
        rig.cloud.faults.clear()

    codes = LOST | {""} if request.writes else {"cloud_unreachable"}
    if is_renewed(scene):
        codes = {*codes, ""}
    if is_patient(scene) or request.proves:
        codes = {""}
    return Trouble(
        f"timeout{', done late' if late else ''} at {request.number} {request.method}"
        f" {request.path}",
        begin=lambda rig: rig.cloud.faults.append(fault),
        end=end,
        was_met=lambda rig: fault.matched >= request.number,
        codes=frozenset(codes),
        budget_s=60,
    )


def requests_of(rigs: Rigs, scenes: Sequence[str]) -> List[Tuple[str, Request]]:
    """All requests of these scenes."""
    return [(scene, request) for scene in scenes for request in rigs.plan(scene).requests]


@pytest.mark.parametrize("late", [False, True], ids=["done", "done late"])
@pytest.mark.parametrize("scenes", SOME_AND_REST)
def test_a_request_that_gets_no_answer_in_time(
    rigs: Rigs,
    scenes: Sequence[str],
    late: bool,
    record_property: Callable[[str, object], None],
) -> None:
    cases = [
        (scene, stalled_at(scene, request, late))
        for scene, request in requests_of(rigs, scenes)
        if request.writes or not late
    ]
    judge(rigs.at_once(cases), len(cases), record_property)


BUDGETS = "budget_s = 20\nform_budget_s = 5\nstat_budget_s = 60\n"
BUDGET_S = {"stat": 60, "check_connection": 5}
MACHINE_S = 20
"""What a busy machine may add to a budget. The answers themselves would take minutes."""


def dripping_at(scene: str, request: Request) -> Trouble:
    """The answer comes at one byte a second, which no time limit for one byte ends."""
    fault = Fault("drip", nth=request.number, times=None)
    return Trouble(
        f"one byte a second at {request.number} {request.method} {request.path}",
        begin=lambda rig: rig.cloud.faults.append(fault),
        end=lambda rig: rig.cloud.faults.clear(),
        was_met=lambda rig: fault.matched >= request.number,
        codes=frozenset(PATIENT if is_patient(scene) else {"out_of_time"}),
        budget_s=BUDGET_S.get(command_of(scene), 20) + MACHINE_S,
    )


DRIPPED = ("suspend", "check_connection")
"""Scenes that are usual where each answer takes the whole time limit."""


def drip_later(*commands: str) -> List[str]:
    """The usual scenes of these commands that meet such answers only at length."""
    return [scene for scene in USUAL if command_of(scene) in commands and scene not in DRIPPED]


@pytest.mark.parametrize(
    "scenes",
    [
        pytest.param(DRIPPED, id="some"),
        pytest.param(drip_later(*table.SERVICES), id="services", marks=pytest.mark.long),
        pytest.param(LENGTHY, id="lengthy", marks=pytest.mark.long),
        pytest.param(
            drip_later(*table.MODULES, *table.FORMS), id="modules", marks=pytest.mark.long
        ),
    ],
)
@pytest.mark.sibling
def test_an_answer_that_comes_byte_by_byte(
    rigs: Rigs, scenes: Sequence[str], record_property: Callable[[str, object], None]
) -> None:
    cases = [(scene, dripping_at(scene, request)) for scene, request in requests_of(rigs, scenes)]
    judge(rigs.at_once(cases, BUDGETS), len(cases), record_property)


# -- faults of BILLmanager's core -------------------------------------------------------------


class CoreKind(NamedTuple):
    """A fault of mgrctl: its double, how often it comes, the errors that fit."""

    kind: str
    times: Optional[int]
    codes: Set[str]
    all_functions: bool = False


CORE_KINDS: Dict[str, CoreKind] = {
    "exit 1 once": CoreKind("exit1", 1, {""}),
    "exit 1 for good": CoreKind("exit1", None, {"core_unavailable"}),
    "core down": CoreKind("exit1", None, {"core_unavailable"}, all_functions=True),
    "error in the body": CoreKind("error", 1, {"core_refused"}),
    "answer lost once": CoreKind("cut_after_effect", 1, {""}),
    "answer lost for good": CoreKind("cut_after_effect", None, {"", "core_unavailable"}),
    "no document": CoreKind("garbage", 1, {"core_unavailable"}),
}
HANGS: Dict[str, CoreKind] = {
    "hang once": CoreKind("hang", 1, {""}),
    "hang for good": CoreKind("hang", None, {"core_unavailable"}),
}


def core_trouble(kind: CoreKind, name: str, functions: List[str], index: int) -> Trouble:
    """The fault of that kind at the call with that index among `functions`."""
    function = functions[index]
    nth = functions[: index + 1].count(function)
    fault = CoreFault(re.escape(function), nth, kind.kind, kind.times)
    if kind.all_functions:
        fault = CoreFault(".*", index + 1, kind.kind, kind.times)
    # What one form of this call is refused for, the other form may be taken for.
    is_asked_otherwise = function == "service.saveparam" and kind.kind == "error"
    return Trouble(
        f"{name} at {index + 1} {function}",
        begin=lambda rig: rig.stand.core_faults.append(fault),
        end=lambda rig: rig.stand.core_faults.clear(),
        was_met=lambda rig: fault.seen >= fault.nth,
        codes=frozenset({""} if is_asked_otherwise else kind.codes),
        is_reported=not kind.all_functions and function != "runningoperation.edit",
    )


def or_later(scene: str, trouble: Trouble) -> Trouble:
    """The same for a scene in which what fails may be left for the next command.

    Or for one in which staff is told: a task whose answer is lost is not made a second time.
    """
    more = {""} if is_renewed(scene) else {"core_unavailable"} if scene in TELLING else set()
    return trouble._replace(codes=trouble.codes | more)


def core_cases(
    rigs: Rigs, name: str, kind: CoreKind, scenes: Sequence[str]
) -> List[Tuple[str, Trouble]]:
    """That kind of fault at every mgrctl call of these scenes."""
    return [
        (scene, or_later(scene, core_trouble(kind, name, plan.functions, index)))
        for scene, plan in ((scene, rigs.plan(scene)) for scene in scenes)
        for index in range(len(plan.functions))
    ]


@pytest.mark.parametrize("name", CORE_KINDS)
@pytest.mark.parametrize("scenes", BOTH_PARTS)
def test_a_fault_of_the_core(
    rigs: Rigs,
    scenes: Sequence[str],
    name: str,
    record_property: Callable[[str, object], None],
) -> None:
    cases = core_cases(rigs, name, CORE_KINDS[name], scenes)
    judge(rigs.at_once(cases), len(cases), record_property)


@pytest.mark.long
@pytest.mark.parametrize("name", HANGS)
def test_a_core_that_hangs(
    rigs: Rigs, name: str, record_property: Callable[[str, object], None]
) -> None:
    cases = [
        # The patient have less time here than a call has: they end as told by their budget.
        (
            scene,
            trouble._replace(codes=frozenset({"out_of_time"})) if is_patient(scene) else trouble,
        )
        for scene, trouble in core_cases(rigs, name, HANGS[name], [*SCENES])
    ]
    judge(rigs.at_once(cases), len(cases), record_property)


class Failing(NamedTuple):
    """A command that fails for a reason of its own: how, and what billing has of it in the end."""

    world: World
    item: int
    command: str
    code: str

    def tell(self, operation: int) -> Run:
        """Runs it."""
        return self.world.stand.run(self.command, item=self.item, runningoperation=operation)


def nobody_can_serve(rig: Rig) -> Failing:
    """An order without any space: a task for staff."""
    world = World(rig.stand, rig.site)
    item = world.order(rig.stand.add_tariff(world.itemtype, addons=[]))
    return Failing(world, item, "open", "quota_missing")


def whole_module(rig: Rig) -> Failing:
    """A cloud in maintenance: a problem of the module."""
    world = World(rig.stand, rig.site)
    item = world.order(rig.old_tariff)
    return Failing(world, item, "open", "cloud_maintenance")


FAILURES = {"a task": nobody_can_serve, "a problem": whole_module}


@pytest.mark.parametrize(
    "name",
    [*CORE_KINDS, *(pytest.param(name, marks=pytest.mark.long) for name in HANGS)],
)
@pytest.mark.parametrize("failure", FAILURES)
def test_a_fault_of_the_core_while_a_failure_is_told(
    rigs: Rigs, failure: str, name: str, record_property: Callable[[str, object], None]
) -> None:
    rig, kind = rigs.get()[0], {**CORE_KINDS, **HANGS}[name]
    stand = rig.stand
    wrong: List[str] = []
    rig.cloud.maintenance = failure == "a problem"
    try:
        case = FAILURES[failure](rig)
        begun_at = len(stand.calls)
        case.tell(stand.add_operation(case.command, case.item))
        functions = [call.function for call in stand.calls[begun_at:]]
        for index in range(len(functions)):
            case = FAILURES[failure](rig)
            operation = stand.add_operation(case.command, case.item)
            trouble = core_trouble(kind, name, functions, index)
            trouble.begin(rig)
            first = case.tell(operation)
            if not trouble.was_met(rig):
                wrong.append(f"{trouble.name}: the fault was not met")
            trouble.end(rig)
            second = case.tell(operation)
            wrong += [
                f"{trouble.name}: answered {run.stdout!r} after {run.seconds:.1f} s"
                for run in (first, second)
                if (run.exit_code, run.error_type) != (1, case.code) or run.seconds > 60
            ]
            told = _told(case, operation, second)
            # Nobody can look up whether a problem was registered: once in each run at most.
            is_doubled = functions[index] == "problems.register" and kind.kind == "cut_after_effect"
            problems = 2 if is_doubled else 1
            wanted = (True, True, 1, 0) if failure == "a task" else (True, False, 0, problems)
            if told != wanted:
                wrong.append(f"{trouble.name}: told {told}, not {wanted}")
    finally:
        rig.cloud.maintenance = False
    judge(wrong, len(functions), record_property)


def _told(case: Failing, operation: int, run: Run) -> Tuple[bool, bool, int, int]:
    """Whether the error stands on the operation, whether that is manual; tasks and problems."""
    stand = case.world.stand
    row = stand.operation(operation)
    assert row is not None
    saved = (row["errorxml"] or "<none/>").encode()
    tasks = stand.sql("SELECT id FROM task WHERE runningoperation = %s", operation)
    problems = stand.sql("SELECT id FROM problems WHERE elid = %s", case.world.module)
    is_saved = canonical(saved) == canonical(run.stdout)
    return is_saved, row["manual"] == "on", len(tasks), len(problems)


@pytest.mark.parametrize(
    ("kind", "code"),
    [("exit1", "core_unavailable"), ("error", "core_refused"), ("garbage", "core_unavailable")],
)
def test_a_fault_while_the_core_is_asked_for_the_database(
    world: World, kind: str, code: str
) -> None:
    item = world.opened()
    world.stand.write("etc/billmgr.conf.d/db.conf", "# told by paramlist\n", mode=0o600)
    asked = len(double(world).requests)
    world.stand.core_faults.append(CoreFault("paramlist", kind=kind, times=None))
    run = world.run("suspend", item)
    assert (run.exit_code, run.error_type) == (1, code), str(run)
    assert len(double(world).requests) == asked
    world.stand.core_faults.clear()
    world.run("suspend", item).check()
    assert world.status(item) == SUSPENDED
    assert not world.customer_gets_in(item)


# -- what is remembered of refusals -----------------------------------------------------------


def double(world: World) -> Cloud:
    """The world's cloud, which is the double."""
    assert isinstance(world.site, DoubleSite)
    return world.site.cloud


def change_password(world: World, password: str) -> None:
    """The cloud's administrator gets another password; billing does not know it."""
    double(world).users["admin"].password = password


def refused_logins(cloud: Cloud) -> int:
    """How many requests had a wrong login."""
    return sum(seen.kind_of_auth == "refused" for seen in cloud.requests)


def make_older(world: World, age_s: float) -> None:
    """Makes what is remembered of the module so old."""
    name = f"var/pmnextcloud/refused-{world.module}.json"
    kept = json.loads(world.stand.read(name))
    kept["at"] = time.time() - age_s
    world.stand.write(name, json.dumps(kept), mode=0o600)


def waiting_operations(world: World, items: List[int]) -> List[ModuleProcess]:
    """Starts what waits for each service: an order is opened, for the others it differs."""
    commands = itertools.cycle(command for command in table.SERVICES if command != "open")
    processes = []
    for item in items:
        command = "open" if world.status(item) == PROCESSING else next(commands)
        operation = world.stand.add_operation(command, item, MANY_TRIES)
        processes.append(world.stand.start(command, item=item, runningoperation=operation))
    return processes


def all_refused(world: World, items: List[int]) -> None:
    """Asserts that a command on each of the services, all at once, is refused for its login."""
    runs = [process.finish() for process in waiting_operations(world, items)]
    assert [(run.exit_code, run.error_type) for run in runs] == [(1, "cloud_login_refused")] * len(
        items
    )


def test_a_refused_login_is_tried_once_in_ten_minutes_by_all_that_wait(world: World) -> None:
    cloud = double(world)
    items = [world.opened() for _ in range(4)]
    items += [world.order() for _ in range(4)]
    change_password(world, "Another-Pw-for-tests-9")
    cloud.requests.clear()
    # Of a cold start as many may send it as may talk to a cloud at the same time.
    all_refused(world, items)
    assert 1 <= refused_logins(cloud) <= 4
    cloud.requests.clear()
    for _ in range(2):
        all_refused(world, items)
    for item in items[:4]:
        assert world.run("suspend", item, MANY_TRIES).error_type == "cloud_login_refused"
    for command in table.MODULES:
        run = world.stand.run(command, module=world.module)
        assert (run.exit_code, run.error_type) == (1, "cloud_login_refused")
    make_older(world, 540)
    all_refused(world, items)
    assert not cloud.requests
    make_older(world, 601)
    all_refused(world, items)
    assert refused_logins(cloud) == 1
    assert len(cloud.requests) == 1
    all_refused(world, items)
    assert len(cloud.requests) == 1
    assert not [row for row in world.stand.operations() if row["manual"] == "on"]
    assert not world.stand.tasks()


def test_a_new_secret_is_tried_at_once(world: World) -> None:
    items = [world.opened(), world.opened()]
    old, new = world.site.password, "Another-Pw-for-tests-9"
    change_password(world, new)
    all_refused(world, items)
    world.stand.sql(
        "UPDATE processingcryptedparam SET value = %s WHERE processingmodule = %s",
        world.stand.encrypt(new),
        world.module,
    )
    world.run("suspend", items[0]).check()
    assert not world.customer_gets_in(items[0])
    # The old one's refusal is no longer what stands there: it may be tried again.
    change_password(world, old)
    assert world.run("suspend", items[1]).error_type == "cloud_login_refused"


def test_a_passed_refusal_is_forgotten_by_the_first_that_succeeds(world: World) -> None:
    items = [world.opened(), world.opened()]
    change_password(world, "Another-Pw-for-tests-9")
    all_refused(world, items)
    change_password(world, world.site.password)
    assert world.run("suspend", items[0]).error_type == "cloud_login_refused"
    make_older(world, 601)
    for item in items:
        world.run("suspend", item).check()
        assert world.status(item) == SUSPENDED


def test_a_limit_of_edits_stops_edits_alone(world: World) -> None:
    cloud = double(world)
    cloud.add_group(world.group)
    items = [world.opened() for _ in range(3)]
    tariff = world.tariff(gib=9)
    for item in items[:2]:
        world.stand.change_tariff(item, tariff)
    cloud.faults.append(Fault("throttle_http", method="PUT", path=r"/users/[^/]+$", times=None))
    assert world.run("setparam", items[0], MANY_TRIES).error_type == "cloud_write_limit"
    cloud.requests.clear()
    for item in items[:2]:
        assert world.run("setparam", item, MANY_TRIES).error_type == "cloud_write_limit"
    assert not cloud.requests
    new = world.opened()
    assert world.customer_gets_in(new)
    world.run("suspend", items[2]).check()
    assert world.status(items[2]) == SUSPENDED
    cloud.requests.clear()
    assert world.run("setparam", items[1], MANY_TRIES).error_type == "cloud_write_limit"
    assert not cloud.requests
    assert not [row for row in world.stand.operations() if row["manual"] == "on"]
    cloud.faults.clear()
    make_older(world, 601)
    for item in items[:2]:
        world.run("setparam", item).check()
        assert cloud.users[world.login(item)].quota == "9 GB"
    assert not world.stand.called(ROLLBACK)


# -- taking a change of tariff back -----------------------------------------------------------

PERMANENT = {"PUT": (102, 111), "POST": (111,), "DELETE": (111,)}


def test_a_refused_change_of_tariff_is_taken_back_once(
    rigs: Rigs, record_property: Callable[[str, object], None]
) -> None:
    rig = rigs.get()[0]
    writes = [request for request in rigs.plan("setparam").requests if request.writes]
    cases = [(request, code) for request in writes for code in PERMANENT[request.method]]
    for request, code in cases:
        case = changing(rig)
        assert case.item is not None
        old = account(rig.cloud.users[rig.world.login(rig.pattern)])
        others = rig.others(case.login)
        rig.effects.clear()
        rig.cloud.faults.append(Fault("ocs", nth=request.number, code=code))
        operation = rig.stand.add_operation("setparam", case.item)
        run = case.start(operation).finish()
        rig.cloud.faults.clear()
        assert (run.exit_code, run.error_type) == (1, "cloud_refused"), (request, str(run))
        assert rig.effects.count(ROLLBACK) == 1, request
        assert "service.postsetparam" not in rig.effects
        assert account(rig.cloud.users[case.login]) == old, request
        service = rig.stand.item(case.item)
        assert (service["pricelist"], service["lastpricelist"]) == (rig.old_tariff, None)
        row = rig.stand.operation(operation)
        assert row is not None
        assert row["manual"] == "on"
        case.start(operation).finish().check()
        assert rig.effects.count(ROLLBACK) == 1
        assert account(rig.cloud.users[case.login]) == old
        assert rig.cloud.login_works(case.login, rig.stand.params(case.item)["userpassword"])
        assert rig.others(case.login) == others
        rig.clean(case.login)
    judge([], len(cases), record_property)


@pytest.mark.parametrize("fault", ["cut_before", "cut_after", "status", "maintenance", "redirect"])
def test_a_change_that_cannot_be_undone_in_the_cloud_is_not_taken_back(
    rigs: Rigs, fault: str, record_property: Callable[[str, object], None]
) -> None:
    """The group is refused for good; then what would put the old quota back meets another fault."""
    rig = rigs.get()[0]
    requests = rigs.plan("setparam").requests
    refused = [one for one in requests if one.method == "POST"][0].number
    offsets = (1, 2, 3)  # reading the account, the old quota, reading again
    for offset in offsets:
        case = changing(rig)
        assert case.item is not None
        rig.effects.clear()
        rig.cloud.faults += [
            Fault("ocs", method="POST", path="/groups$", code=111, times=None),
            Fault(fault, nth=refused + offset, times=None),
        ]
        operation = rig.stand.add_operation("setparam", case.item)
        run = case.start(operation).finish()
        assert (run.exit_code, run.error_type) == (1, "cloud_refused"), str(run)
        assert ROLLBACK not in rig.effects, offset
        del rig.cloud.faults[1:]
        rig.forget_refusals()
        assert case.start(operation).finish().error_type == "cloud_refused"
        rig.cloud.faults.clear()
        assert rig.effects.count(ROLLBACK) == 1
        old = account(rig.cloud.users[rig.world.login(rig.pattern)])
        assert account(rig.cloud.users[case.login]) == old
        rig.clean(case.login)
    judge([], len(offsets), record_property)


def change_of_tariff(world: World) -> int:
    """An open service on its way to a larger tariff."""
    double(world).add_group(world.group)
    item = world.opened()
    world.stand.change_tariff(item, world.tariff(gib=30))
    return item


def test_a_change_is_taken_back_where_the_account_is_gone(world: World) -> None:
    item = change_of_tariff(world)
    old = world.stand.item(item)["lastpricelist"]
    world.site.remove_account(world.login(item))
    assert world.run("setparam", item).error_type == "account_missing"
    assert len(world.stand.called(ROLLBACK)) == 1
    assert world.stand.item(item)["pricelist"] == old


def test_a_change_is_not_taken_back_for_a_stranger(world: World) -> None:
    """The mark was written before there was an account, and this one does not take its password."""
    item = world.another(world.opened(), begun=True)
    world.stand.set_status(item, ACTIVE)
    world.stand.change_tariff(item, world.tariff(gib=30))
    stranger = double(world).users[world.login(item)]
    stranger.password = "Str4nger's-own-password"
    before = account(stranger)
    assert world.run("setparam", item).error_type == "login_taken"
    assert not world.stand.called(ROLLBACK)
    assert account(stranger) == before
    assert world.status(item) == PROCESSING


def test_a_change_to_a_tariff_without_space_is_taken_back(world: World) -> None:
    item = change_of_tariff(world)
    old = world.stand.item(item)["lastpricelist"]
    nothing = world.stand.add_tariff(world.itemtype, addons=[])
    world.stand.sql("UPDATE item SET pricelist = %s WHERE id = %s", nothing, item)
    before = account(double(world).users[world.login(item)])
    assert world.run("setparam", item).error_type == "quota_missing"
    assert len(world.stand.called(ROLLBACK)) == 1
    assert world.stand.item(item)["pricelist"] == old
    assert account(double(world).users[world.login(item)]) == before
