"""A dry run tells what the real run then does, and does nothing itself.

Each scene is run twice on the doubles: dry, after which billing, cloud and the module's own files
are as they were; then for real, and what the doubles saw is what the dry run had told. A command
that acts on services is asked for a scene by the table of commands.
"""

import os
import re
from datetime import date
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, NamedTuple, Set, Tuple

import pytest

from commands import COMMANDS
from tests.doubles.billmanager import DELETED, Call, Run, Stand
from tests.doubles.billmanager.db_proxy import DbProxy
from tests.doubles.cloud import NEXTCLOUD_29, NEXTCLOUD_34, OWNCLOUD_10, PROFILES, Cloud
from tests.doubles.cloud.profile import Profile
from tests.doubles.cloud.state import Seen
from tests.e2e import test_kill
from tests.e2e.conftest import REAL
from tests.e2e.sites import GIB, DoubleSite, RealSite
from tests.e2e.test_kill import Scene, opened, ordered, suspended
from tests.e2e.world import LIFE, World, with_app_password
from tests.tools import table
from utils.base.deeds import LONGEST_VALUE
from utils.base.text import tame
from utils.billing.needs import FUNCTIONS, QUESTIONS
from utils.consts import ITEM_MARK
from utils.host import root
from utils.host.state import State

pytestmark = pytest.mark.preloaded

SHOWN = {"userid", "groupid", "groups", "quota"}
"""The fields of requests whose values people may read."""

OF_LOGINS = {"logged_in", "first_login", "last_login", "directory"}
"""What of an account a mere login changes."""


# -- scenes ---------------------------------------------------------------------------------------


def marked(world: World) -> int:
    """An order whose mark was written, and whose account was not made before the run was killed."""
    item = ordered(world)
    world.stand.save_param(item, ITEM_MARK, world.mark(item, "Made-up-77", False), crypted=True)
    return item


def half_open(world: World) -> int:
    """An order whose account was made and not filled before the run was killed."""
    return world.another(opened(world), begun=True)


def grown(world: World) -> int:
    """A service whose tariff has more space now, and the same group."""
    item = opened(world)
    world.stand.change_tariff(item, world.tariff(gib=50))
    return item


def unlimited(world: World) -> int:
    """A service whose account has no limit in the cloud."""
    item = opened(world)
    double(world).users[world.login(item)].quota = "none"
    return item


def with_mark_damaged(world: World) -> int:
    """A suspended service whose mark and login are gone, as the earlier module left its own."""
    item = suspended(world)
    world.stand.drop_param(item, ITEM_MARK)
    return item


def thirty(world: World) -> int:
    """Thirty services, of which each has used more than the one before."""
    first = opened(world)
    items = [first, *(world.another(first) for _ in range(29))]
    for number, item in enumerate(items):
        double(world).users[world.login(item)].used_bytes = number * GIB
    return first


def gone(world: World) -> int:
    """An open service whose account somebody has deleted."""
    item = opened(world)
    world.site.remove_account(world.login(item))
    return item


SCENES = {
    **{
        name: scene
        for name, scene in test_kill.SCENES.items()
        if scene.command not in table.FOR_PEOPLE  # these tell in words of their own
    },
    "open-marked": Scene("open", marked),
    "open-half": Scene("open", half_open),
    "open-again": Scene("open", opened),
    "suspend-again": Scene("suspend", suspended),
    "resume-again": Scene("resume", opened),
    "resume-predecessor": Scene("resume", with_mark_damaged),
    "setparam-quota": Scene("setparam", grown),
    "setparam-again": Scene("setparam", opened),
    "close-gone": Scene("close", gone),
    "close-half": Scene("close", half_open),
    "sync_item-nothing": Scene("sync_item", opened),
    "sync_item-unlimited": Scene("sync_item", unlimited),
    "sync_item-damaged": Scene("sync_item", test_kill.damaged),
    "sync_item-copy": Scene("sync_item", test_kill.copied),
    "setparam-copy": Scene("setparam", test_kill.copied),
    "stat-thirty": Scene("stat", thirty),
}


class Failure(NamedTuple):
    """A scene in which the command fails, and the words that a person reads then."""

    command: str
    prepare: Callable[[World], int]
    words: str


def closed(world: World) -> int:
    """A service that is over."""
    item = opened(world)
    world.stand.set_status(item, DELETED)
    return item


def taken(world: World) -> int:
    """An order whose login a stranger has."""
    item = ordered(world)
    world.site.add_account(world.login(item), "Stranger-77")
    return item


def without_space(world: World) -> int:
    """An order of a tariff that sells no space."""
    return world.order(world.stand.add_tariff(world.itemtype, addons=[]))


FAILURES = {
    "suspend-closed": Failure("suspend", closed, "closed"),
    "open-taken": Failure("open", taken, "user_"),
    "open-without-space": Failure("open", without_space, "add-on"),
    "resume-gone": Failure("resume", gone, "user_"),
    "sync_item-gone": Failure("sync_item", gone, "user_"),
    "setparam-gone": Failure("setparam", gone, "user_"),
    "sync_item-in-progress": Failure("sync_item", ordered, "5"),
}


APART = {
    *("open", "open-new-group", "suspend-unread", "setparam", "close", "close-unread"),
    *("sync_item", "sync_item-copy", "stat-thirty", "sync_item-gone"),
}
"""Scenes in which ownCloud is asked otherwise than Nextcloud; the others are alike there."""


def on_clouds(names: Iterable[str]) -> List[Any]:
    """Each scene on each cloud: often on the oldest Nextcloud, on others what is apart there."""

    def is_often(profile: Profile, name: str) -> bool:
        return profile is NEXTCLOUD_29 or (profile is OWNCLOUD_10 and name in APART)

    return [
        pytest.param(
            profile,
            name,
            id=f"{profile.name}-{name}",
            marks=[] if is_often(profile, name) else [pytest.mark.long],
        )
        for profile in PROFILES.values()
        for name in names
        if test_kill.is_possible(profile, name)
    ]


# -- what is seen from outside --------------------------------------------------------------------


def double(world: World) -> Cloud:
    """The double that a scene runs on."""
    assert isinstance(world.site, DoubleSite)
    return world.site.cloud


def snapshot(world: World) -> Dict[str, Any]:
    """All that a run could change: every table, the cloud, the module's own files but locks."""
    stand, cloud = world.stand, double(world)
    tables = [next(iter(row.values())) for row in stand.sql("SHOW TABLES")]
    folder = stand.root / root.STATE
    return {
        **{name: stand.sql(f"SELECT * FROM `{name}`") for name in tables},
        "users": {
            key: [(name, repr(one)) for name, one in vars(user).items() if name not in OF_LOGINS]
            for key, user in cloud.users.items()
        },
        "groups": dict(cloud.groups),
        "files": {str(path): path.read_bytes() for path in kept_files(folder)},
        "memory": os.path.exists(State(str(folder)).spare),
    }


def kept_files(folder: Path) -> List[Path]:
    """The module's own files."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")
    return sorted(found)


def pairs(values: Dict[str, Any], shown: Callable[[str], bool]) -> Set[str]:
    """Fields in the words of a dry run."""
    return {f"{name}={value if shown(name) else '***'}" for name, value in values.items()}


class Watch:
    """What the doubles see of a real run, in the words of a dry one, in order."""

    def __init__(self, world: World, proxy: DbProxy) -> None:
        self._world, self._proxy = world, proxy
        self.deeds: List[Tuple[str, Set[str]]] = []

    def run(self, start: Callable[[], Any]) -> Run:
        """Lets a command run and watches."""
        stand, cloud = self._world.stand, double(self._world)
        cloud.after = self._request
        stand.before_call = self._call
        self._proxy.before = self._rows
        try:
            run: Run = start().finish()
            return run
        finally:
            cloud.after = stand.before_call = self._proxy.before = None

    def _request(self, seen: Seen) -> None:
        is_login = seen.path.endswith("/core/apppassword/confirm") or seen.ocs_code == 403
        if seen.method == "GET" or is_login:
            return
        form = {**seen.query, **seen.form}
        form.pop("format", None)
        is_quota = form.get("key") == "quota"

        def shown(name: str) -> bool:
            return name in SHOWN or name == "key" or (name == "value" and is_quota)

        words = pairs({k: v[0] if isinstance(v, list) else v for k, v in form.items()}, shown)
        self.deeds.append(
            (f"{seen.method} {seen.path}", {re.sub("^groups=", "groups[]=", one) for one in words})
        )

    def _call(self, call: Call) -> None:
        if call.function not in QUESTIONS:
            args = dict(call.args)
            if call.function == FUNCTIONS.notify:  # its subject says whom the letter is for
                args["subject"] = tame(call.values["subject"], LONGEST_VALUE)
            words = pairs(args, lambda name: not args[name].startswith("$"))
            self.deeds.append((call.function, words))

    def _rows(self, word: str) -> None:
        if word == "INSERT":
            self.deeds.append(("itemstat", set()))


STEP = re.compile(r" *\d+\. (?:cloud|BILLmanager|database) +(.*)")


def told(run: Run) -> List[Tuple[str, Set[str]]]:
    """What a dry run told, in order; rows that follow each other are one write."""
    found: List[Tuple[str, Set[str]]] = []
    for line in run.stdout.decode().splitlines():
        match = STEP.fullmatch(line)
        if match is None:
            continue
        name, *words = re.split(r" (?=[\w\[\]]+=)", match.group(1).partition(" -> ")[0])
        rest = set(words)
        if name != "itemstat":
            found.append((name, rest))
        elif not found or found[-1][0] != name:
            found.append((name, set()))
    return found


def rows_told(run: Run) -> List[str]:
    """The rows of statistics that a dry run told."""
    return sorted(re.findall(r"itemstat (.*)", run.stdout.decode()))


def rows_written(stand: Stand) -> List[str]:
    """Today's rows of statistics in the words of a dry run."""
    rows = stand.sql("SELECT item, statdate, param, value, measure FROM itemstat")
    today = [row for row in rows if row["statdate"] == date.today()]
    return sorted(
        " ".join(
            f"{name}={float(value):g}" if name == "value" else f"{name}={value}"
            for name, value in row.items()
        )
        for row in today
    )


def dry(world: World, command: str, item: int, operation: int, **options: Any) -> Run:
    """A dry run as people start it, with the operation that BILLmanager has."""
    given: Dict[str, Any] = {"item": item, "runningoperation": operation}
    if command in table.MODULES:
        given = {"module": world.module}
    words = ["--dry-run", "--lang", "en"]
    return world.stand.run(command, extra=words, **{**given, **options})


@pytest.fixture
def proxy(stand: Stand) -> Iterator[DbProxy]:
    """The way to the database for the module, and only for it."""
    with DbProxy(stand.database.server.socket) as made:
        stand.write_db_conf(DBSocket=made.socket)
        yield made


def prepared(world: World, scene: Scene) -> Tuple[int, int]:
    """A service as the scene wants it, and its operation."""
    stand = world.stand
    stand.write("etc/pmnextcloud.conf", "")
    item = scene.prepare(world)
    stand.write("etc/pmnextcloud.conf", scene.conf)
    stand.sql("DELETE FROM itemstat")
    operation = 0 if scene.command in table.MODULES else stand.add_operation(scene.command, item)
    return item, operation


def starter(world: World, command: str, item: int, operation: int) -> Callable[[], Any]:
    """Starts the same for real."""
    if command in table.MODULES:
        return lambda: world.stand.start(command, module=world.module)
    return lambda: world.stand.start(command, item=item, runningoperation=operation)


# -- tests ----------------------------------------------------------------------------------------


def test_every_command_that_changes_something_has_a_scene() -> None:
    assert {scene.command for scene in SCENES.values()} == {*table.SERVICES, *table.MODULES}


@pytest.mark.parametrize(("cloud", "name"), on_clouds(SCENES), indirect=["cloud"])
def test_a_dry_run_tells_what_the_real_one_does_and_does_nothing(
    stand: Stand, cloud: Cloud, proxy: DbProxy, name: str
) -> None:
    scene = SCENES[name]
    world = with_app_password(stand, cloud)
    world.know_cloud()
    cloud.rate_limit.enabled = False
    item, operation = prepared(world, scene)
    before, calls, written = snapshot(world), len(stand.calls), []
    proxy.before = written.append
    run = dry(world, scene.command, item, operation)
    proxy.before = None
    assert run.exit_code == 0, run
    assert snapshot(world) == before
    assert not written
    assert {call.function for call in stand.calls[calls:]} <= set(QUESTIONS)
    watch = Watch(world, proxy)
    watch.run(starter(world, scene.command, item, operation)).check()
    assert told(run) == watch.deeds, run
    assert watch.deeds or scene.command not in (*table.SERVICES, "stat")
    assert rows_told(run) == rows_written(stand)
    for secret in ("example.com", "@", *(one for one in stand.secrets if len(one) > 5)):
        assert secret not in run.stdout.decode()


@pytest.mark.parametrize(("cloud", "name"), on_clouds(FAILURES), indirect=["cloud"])
def test_a_dry_run_of_what_fails_says_why_and_tells_nobody(
    stand: Stand, cloud: Cloud, name: str
) -> None:
    failure = FAILURES[name]
    world = with_app_password(stand, cloud)
    world.know_cloud()
    item, operation = prepared(world, Scene(failure.command, failure.prepare))
    before, calls = snapshot(world), len(stand.calls)
    run = dry(world, failure.command, item, operation)
    assert run.exit_code == 1
    assert snapshot(world) == before
    assert not stand.calls[calls:]
    text = run.stdout.decode()
    assert "It would do nothing." in text
    said = text.partition("The command would fail: ")[2]
    assert failure.words in said
    assert "__value__" not in said
    real = starter(world, failure.command, item, operation)().finish()
    assert real.exit_code == 1
    assert str(real.error_value) in said


def test_what_is_done_before_a_failure_is_told_with_it(
    stand: Stand, cloud: Cloud, proxy: DbProxy
) -> None:
    world = with_app_password(stand, cloud)
    world.know_cloud()
    item = opened(world)
    stand.change_tariff(item, stand.add_tariff(world.itemtype, addons=[]))
    operation = stand.add_operation("setparam", item)
    before = snapshot(world)
    run = dry(world, "setparam", item, operation)
    assert run.exit_code == 1
    assert snapshot(world) == before
    assert b"The command would fail: " in run.stdout
    watch = Watch(world, proxy)
    watch.run(starter(world, "setparam", item, operation))
    assert ("service.changepricelist.rollback", {"sok=ok", f"elid={item}"}) in watch.deeds
    done = [deed for deed in watch.deeds if not deed[0].startswith(("runningoperation.", "task."))]
    assert told(run) == done


@pytest.mark.parametrize(
    "command", [name for name, command in COMMANDS.items() if not command.takes_dry_run]
)
def test_a_command_without_a_dry_run_refuses_one(world: World, command: str) -> None:
    run = world.call(command, world.order(), extra=["--dry-run"])
    assert run.error_type == "bad_arguments"
    assert "--dry-run" in str(run.error_value)


@pytest.mark.parametrize("word", ["--dryrun", "--dry_run", "-dry-run", "--dry", "--DRY-RUN", "dry"])
def test_a_misspelt_dry_run_is_no_run_at_all(world: World, word: str) -> None:
    item = world.opened()
    before, calls = snapshot(world), len(world.stand.calls)
    run = world.stand.run("close", item=item, extra=[word])
    assert run.error_type == "bad_arguments"
    after = snapshot(world)
    del before["files"], after["files"]  # the history has what was called
    assert after == before
    assert len(world.stand.calls) == calls


def test_while_billmanager_does_nothing_a_dry_run_says_so(world: World) -> None:
    item = world.opened()
    world.stand.do_nothing()
    assert b"It would do nothing." in dry(world, "suspend", item, 0).stdout


@pytest.mark.parametrize("command", table.SERVICES)
def test_a_real_run_loads_nothing_of_a_dry_one(world: World, command: str) -> None:
    item = world.order() if command == "open" else world.left_by("open")
    run = world.run(command, item, env={"PYTHONPROFILEIMPORTTIME": "1"}).check()
    loaded = re.findall(r"\| +(utils\S*)", run.stderr.decode())
    assert "utils.run.context" in loaded
    assert not [one for one in loaded if "dry" in one or one == "utils.base.intended"]


# -- on a real cloud as well ----------------------------------------------------------------------

SENT = re.compile(r".* (POST|PUT|DELETE) (/ocs/\S+) answered \d+ in .*")


def requests_told(run: Run) -> List[Tuple[str, ...]]:
    """The requests that a dry run told, without their fields."""
    found = re.findall(r"(POST|PUT|DELETE) \S*?(/ocs/\S+)", run.stdout.decode())
    return [tuple(one) for one in found]


def requests_sent(log: str) -> List[Tuple[str, ...]]:
    """The requests that a run has logged, but not how it confirmed its login.

    The one before that was refused for want of it, and comes again.
    """
    found: List[Tuple[str, ...]] = []
    for match in filter(None, map(SENT.fullmatch, log.splitlines())):
        if match.group(2).endswith("/confirm"):
            found.pop()
        else:
            found.append(match.groups())
    return found


def change(world: World, item: int, command: str) -> None:
    """What makes the next command have something to do."""
    if command == "changepassword":
        assert world.customer_gets_in(item)  # the first login makes files, which takes its time
    if command == "setparam":
        world.stand.change_tariff(item, world.tariff(gib=30, group=f"{world.group}-gold"))
    if command == "sync_item":
        world.site.add_to_group(world.login(item), f"{world.group}-by-hand")
        tariff = world.tariff(gib=7)
        world.stand.sql("UPDATE item SET pricelist = %s WHERE id = %s", tariff, item)


@pytest.mark.parametrize("any_world", [NEXTCLOUD_34.name, OWNCLOUD_10.name, REAL], indirect=True)
def test_in_the_life_of_a_service_each_command_does_what_was_told_before(any_world: World) -> None:
    world = any_world
    world.know_cloud()
    item = world.order()
    for command in (one for one in LIFE if one in (*table.SERVICES, "stat")):
        change(world, item, command)
        operation = world.stand.add_operation(command, item)
        before, calls = world.site.account(world.login(item)), len(world.stand.calls)
        run = dry(world, command, item, operation)
        assert run.exit_code == 0, run
        assert world.site.account(world.login(item)) == before
        assert len(world.stand.calls) == calls
        logged = len(world.stand.log)
        starter(world, command, item, operation)().finish().check()
        assert requests_told(run) == requests_sent(world.stand.log[logged:]), run
        done = [call.function for call in world.stand.calls[calls:]]
        assert [name for name, _ in told(run) if name[0].islower() and name != "itemstat"] == done
    assert world.site.account(world.login(item)) is None
    if isinstance(world.site, RealSite):
        for group in (world.group, f"{world.group}-gold", f"{world.group}-by-hand"):
            world.site.remove_group(group)
