"""Accounts that were there before the billing: adopted where something proves them, else left."""

import csv
import io
import os
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

import pytest

from tests.doubles.billmanager import ACTIVE, DELETED, PROCESSING, SUSPENDED, Run, Stand
from tests.doubles.cloud import NEXTCLOUD_29, OWNCLOUD_10, Cloud
from tests.e2e.sites import DoubleSite
from tests.e2e.world import World
from tests.tools import table
from utils.base import address, sheets
from utils.base.secret import Secret
from utils.base.values import Mark
from utils.billing import mark
from utils.consts import ITEM_MARK

pytestmark = pytest.mark.preloaded

PASSWORD = "Known-to-people-77"
EMAIL = "client7@example.com"


def double(world: World) -> Cloud:
    """The world's cloud, which is the double."""
    assert isinstance(world.site, DoubleSite)
    return world.site.cloud


def old_service(world: World, status: int = ACTIVE, **saved: str) -> int:
    """A service that was sold for an account which was there before the billing."""
    crypted = {name: saved.pop(name) for name in ("userpassword",) if name in saved}
    world.site.add_group(world.group)
    item = world.order(params=saved, crypted_params=crypted)
    world.stand.set_status(item, status)
    return item


def old_account(world: World, login: str = "ivan", **fields: Any) -> str:
    """An account that was there before the billing."""
    fields = {"email": EMAIL, "quota": "1 GB", "groups": {"staff"}, **fields}
    double(world).add_user(login, PASSWORD, **fields)
    return login


def adopt(world: World, item: int, login: str, *extra: str, stdin: Optional[str] = None) -> Run:
    """The command on one service."""
    return world.stand.run("adopt", item=item, extra=["--login", login, *extra], stdin=stdin)


def of_file(world: World, text: str, *extra: str, encoding: str = "utf-8") -> Run:
    """The command on the lines of a file."""
    path = world.stand.root / "customers.csv"
    path.write_bytes(text.encode(encoding))
    return world.stand.run("adopt", extra=["--file", str(path), *extra])


def report(world: World) -> List[Dict[str, str]]:
    """What the report says of each line."""
    text = (world.stand.root / "customers.csv.report.csv").read_text("utf-8")
    assert text.startswith(sheets.BOM)
    return list(csv.DictReader(io.StringIO(text[1:]), delimiter=";"))


def state(world: World) -> Tuple[object, ...]:
    """All that a command could change: services, accounts, what the module remembers."""
    stand = world.stand
    tables = ("item", "itemparam", "task", "problems", "itemstat", "runningoperation")
    rows = [stand.sql(f"SELECT * FROM {name} ORDER BY id") for name in tables]
    secrets = [sorted(stand.params(item).items()) for item in world.items]
    return rows, secrets, repr(double(world).users), sorted(double(world).groups)


def writes(world: World, since: int) -> List[str]:
    """The requests since then by which an account could be changed."""
    return [str(one) for one in double(world).requests[since:] if one.method != "GET"]


# -- one service ----------------------------------------------------------------------------------


class Proof(NamedTuple):
    """What proves the account, and how it is told to the command."""

    saved: Dict[str, str] = {}
    extra: Tuple[str, ...] = ()
    stdin: Optional[str] = None
    email: str = EMAIL


PROOFS = {
    "saved": Proof({"username": "ivan", "userpassword": PASSWORD}, email=""),
    "saved-without-a-login": Proof({"userpassword": PASSWORD}, email=""),
    "given": Proof(extra=("--password-stdin",), stdin=PASSWORD + "\n", email=""),
    "given-beside-a-wrong-one": Proof(
        {"userpassword": "Wr0ng-saved-one"}, ("--password-stdin",), PASSWORD, email=""
    ),
    "trust": Proof(extra=("--trust",)),
    "trust-in-another-spelling": Proof(extra=("--trust",), email=" Client7@EXAMPLE.com "),
}


@pytest.mark.every_cloud
@pytest.mark.parametrize("status", [ACTIVE, SUSPENDED])
@pytest.mark.parametrize("name", PROOFS)
def test_a_proved_account_becomes_the_services_own_and_is_not_touched(
    world: World, name: str, status: int
) -> None:
    proof = PROOFS[name]
    item = old_service(world, status, **proof.saved)
    old_account(world, "Ivan", email=proof.email)
    login = "Ivan" if double(world).profile.product == "nextcloud" else "ivan"  # as it is shown
    before, asked = repr(double(world).users), len(double(world).requests)
    run = adopt(world, item, "ivan", *proof.extra, stdin=proof.stdin)
    assert run.exit_code == 0, str(run)
    assert repr(double(world).users) == before
    assert writes(world, asked) == []
    params = world.stand.params(item)
    assert (params["username"], params["url"]) == (login, world.site.url)
    if "trust" in name:
        assert "userpassword" not in params
        assert "on trust" in world.stand.log
        past = world.stand.run("history", item=item).stdout.decode()
        assert f"{item} {login}: trust" in past
    else:
        assert params["userpassword"] == PASSWORD
        assert set(world.stand.crypted_names(item)) == {ITEM_MARK, "userpassword"}
    assert world.stand.tasks() == world.stand.problems() == []


@pytest.mark.every_cloud
@pytest.mark.parametrize("name", ["saved", "trust"])
def test_every_command_serves_an_adopted_account(world: World, name: str) -> None:
    item, login = old_service(world, **PROOFS[name].saved), old_account(world)
    assert adopt(world, item, login, *PROOFS[name].extra).exit_code == 0
    for command in ("suspend", "resume", "setparam", "sync_item", "changepassword"):
        if command == "changepassword":
            assert world.site.login_works(login, PASSWORD), "its password stays until then"
        world.run(command, item).check()
        account = world.site.account(login)
        assert account is not None
        assert account.enabled is (command != "suspend")
    world.stand.run("stat", module=world.module).check()
    assert len(world.stand.stats(item)) == 1
    assert world.customer_gets_in(item)
    world.run("close", item).check()
    assert world.site.account(login) is None
    assert world.status(item) == DELETED


def test_repeated_it_says_so_and_writes_nothing(world: World) -> None:
    item = old_service(world, userpassword=PASSWORD)
    old_account(world)
    assert adopt(world, item, "ivan").exit_code == 0
    before = state(world)
    run = adopt(world, item, "IVAN")
    assert (run.exit_code, "adopted before" in run.stdout.decode()) == (0, True)
    assert state(world) == before


def test_what_differs_is_told_and_made_only_where_that_is_asked_for(world: World) -> None:
    item = old_service(world, userpassword=PASSWORD)
    old_account(world, enabled=True)
    told = adopt(world, item, "ivan").stdout.decode()
    assert "sync_item would change: quota" in told
    assert f"group {world.group}" in told
    assert "--sync" in told
    account = world.site.account("ivan")
    assert account is not None
    assert (account.groups, account.quota_bytes) == ({"staff"}, 1024**3)
    run = adopt(world, item, "ivan", "--sync")
    assert (run.exit_code, "brought to what was ordered" in run.stdout.decode()) == (0, True)
    account = world.site.account("ivan")
    assert account is not None
    assert (account.groups, account.quota_bytes) == ({"staff", world.group}, 5 * 1024**3)
    assert account.email == EMAIL, "it is the customer's own"


def test_a_debtors_account_is_locked_only_by_sync(world: World) -> None:
    item = old_service(world, SUSPENDED, userpassword=PASSWORD)
    old_account(world)
    assert "enabled on -> off" in adopt(world, item, "ivan").stdout.decode()
    assert world.site.login_works("ivan", PASSWORD)
    assert adopt(world, item, "ivan", "--sync").exit_code == 0
    assert not world.site.login_works("ivan", PASSWORD)


def test_a_failed_sync_does_not_hide_that_the_account_is_adopted(world: World) -> None:
    empty = world.stand.add_tariff(world.itemtype, addons=[])
    item = world.order(empty, crypted_params={"userpassword": PASSWORD})
    world.stand.set_status(item, ACTIVE)
    old_account(world)
    run = adopt(world, item, "ivan")
    assert (run.exit_code, "not be compared" in run.stdout.decode()) == (0, True), str(run)
    assert adopt(world, item, "ivan", "--sync").exit_code == 1
    assert world.stand.params(item)["username"] == "ivan"


def test_a_service_whose_account_is_gone_may_have_another(world: World) -> None:
    item = world.opened()
    world.site.remove_account(world.login(item))
    old_account(world)
    assert adopt(world, item, "ivan", "--trust").exit_code == 0
    assert world.stand.params(item)["username"] == "ivan"
    world.run("suspend", item).check()
    account = world.site.account("ivan")
    assert account is not None
    assert not account.enabled


def test_an_adopted_account_that_is_gone_gets_a_password_where_it_is_made_again(
    world: World,
) -> None:
    item = old_service(world)
    old_account(world)
    assert adopt(world, item, "ivan", "--trust").exit_code == 0
    world.site.remove_account("ivan")
    world.stand.set_status(item, PROCESSING)
    world.run("open", item).check()
    assert world.stand.params(item)["username"] == "ivan"
    assert world.customer_gets_in(item)


def test_open_of_an_adopted_service_leaves_its_unknown_password(world: World) -> None:
    item = old_service(world)
    old_account(world)
    assert adopt(world, item, "ivan", "--trust").exit_code == 0
    world.stand.set_status(item, PROCESSING)
    world.run("open", item).check()
    assert "userpassword" not in world.stand.params(item)
    assert world.site.login_works("ivan", PASSWORD)


def test_a_dry_run_writes_nothing_and_tries_no_saved_password(world: World) -> None:
    item = old_service(world, userpassword=PASSWORD)
    old_account(world)
    before = state(world)
    run = adopt(world, item, "ivan", "--dry-run")
    assert (run.exit_code, "would be adopted" in run.stdout.decode()) == (0, True), str(run)
    assert state(world) == before
    assert not [one for one in double(world).requests if one.path.endswith("/cloud/user")]


def test_the_words_are_those_of_the_language_that_is_asked_for(world: World) -> None:
    item = old_service(world, userpassword=PASSWORD)
    old_account(world)
    assert "принята" in adopt(world, item, "ivan", "--lang", "ru").stdout.decode()


def test_while_the_module_is_to_do_nothing_nothing_is_done(world: World) -> None:
    item = old_service(world, userpassword=PASSWORD)
    old_account(world)
    world.stand.write("etc/billmgr.DoNothing", "")
    before = state(world)
    run = adopt(world, item, "ivan")
    assert (run.exit_code, "DoNothing" in run.stdout.decode()) == (1, True)
    assert state(world) == before
    assert not double(world).requests


WRONG: Dict[str, Tuple[Tuple[str, ...], Optional[str]]] = {
    "nothing": ((), None),
    "no login": (("--item", "1"), None),
    "no item": (("--login", "ivan"), None),
    "an empty login": (("--item", "1", "--login", " "), None),
    "a login that is none": (("--item", "1", "--login", "a\tb"), None),
    "an endless login": (("--item", "1", "--login", "x" * 300), None),
    "an empty password": (("--item", "1", "--login", "ivan", "--password-stdin"), "\n"),
    "no password": (("--item", "1", "--login", "ivan", "--password-stdin"), "devnull"),
    "an endless password": (("--item", "1", "--login", "ivan", "--password-stdin"), "x" * 5000),
    "yes to one": (("--item", "1", "--login", "ivan", "--yes"), None),
    "a file beside a service": (("--item", "1", "--file", "/x"), None),
    "a file beside a login": (("--login", "ivan", "--file", "/x"), None),
    "a password for a file": (("--file", "/x", "--password-stdin"), PASSWORD),
    "no such file": (("--file", "/nowhere/customers.csv"), None),
    "a folder": (("--file", "/tmp"), None),  # noqa: S108  it is there everywhere
    "an empty file": (("--file", "/dev/null"), None),
    "a program for a file": (("--file", "/bin/sh"), None),
    "a proposal of nothing": (("--suggest",), None),
    "a proposal of another module": (("--suggest", "--module", "4711"), None),
    "a proposal that syncs": (("--suggest", "--module", "1", "--sync"), None),
    "a misspelt word": (("--item", "1", "--login", "ivan", "--trsut"), None),
    "a number that is none": (("--item", "x", "--login", "ivan"), None),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_arguments_end_with_their_own_code_and_touch_nothing(world: World, name: str) -> None:
    extra, stdin = WRONG[name]
    before = state(world)
    run = world.stand.run("adopt", extra=extra, stdin=stdin)
    assert run.exit_code == 2, str(run)
    assert run.stdout.strip()
    assert state(world) == before
    assert not double(world).requests


# -- traps ----------------------------------------------------------------------------------------


class Attempt(NamedTuple):
    """A service and the login that it must not get, and how somebody asks for it."""

    item: int
    login: str
    extra: Tuple[str, ...] = ()
    stdin: Optional[str] = None


TRUST = ("--trust",)


def known(world: World, **saved: str) -> int:
    """An old service on which the right password is saved."""
    return old_service(world, **{"userpassword": PASSWORD, **saved})


def fresh(world: World, **fields: Any) -> str:
    """An old account of a login that nothing else has."""
    return old_account(world, f"Old-{len(double(world).users)}", **fields)


def own_user(world: World) -> Attempt:
    """The connection's own user, whose password is known."""
    return Attempt(old_service(world, userpassword=world.site.password), "Admin")


def administrator(world: World) -> Attempt:
    """A member of the administrators' group."""
    return Attempt(known(world), fresh(world, groups={"staff", "admin"}))


def owned(world: World) -> Attempt:
    """The account that `open` made for another service of the same client."""
    other = world.left_by("open")
    password = world.stand.params(other)["userpassword"]
    return Attempt(old_service(world, userpassword=password), world.login(other))


def owned_secretly(world: World) -> Attempt:
    """The same, where the other service shows another login by now."""
    attempt = owned(world)
    world.stand.save_param(int(attempt.login[5:]), "username", "somebody", crypted=False)
    return attempt


def adopted(world: World) -> Attempt:
    """An account that another service has adopted."""
    attempt = Attempt(known(world), fresh(world))
    assert adopt(world, known(world), attempt.login).exit_code == 0
    return attempt


def typed(world: World) -> Attempt:
    """An account that staff has typed on another service."""
    attempt = Attempt(known(world), fresh(world))
    old_service(world, username=f" {attempt.login.upper()}")
    return attempt


def named_by_another_module(world: World) -> Attempt:
    """An account that a service of another module on the same server names."""
    attempt = Attempt(known(world), fresh(world))
    old_service(World(world.stand, world.site), username=attempt.login)
    return attempt


def served(world: World) -> Attempt:
    """A service that has its account."""
    return Attempt(world.left_by("open"), fresh(world), TRUST)


def begun(world: World) -> Attempt:
    """A service whose account an order has begun."""
    item = world.another(world.left_by("open"), begun=True)
    world.stand.set_status(item, ACTIVE)
    return Attempt(item, fresh(world), TRUST)


def unknown(world: World) -> Attempt:
    """A login that looks like one that is there."""
    return Attempt(known(world), fresh(world).replace("O", "\u041e"))


def wrong_password(world: World) -> Attempt:
    """A saved password that the account does not accept."""
    return Attempt(old_service(world, userpassword="Wr0ng-saved-one"), fresh(world))


def wrong_given(world: World) -> Attempt:
    """A given password that the account does not accept, beside a saved one that it would."""
    return Attempt(known(world), fresh(world), ("--password-stdin",), "Wr0ng-given-one")


def wrong_given_in_trust(world: World) -> Attempt:
    """A given password that the account does not accept, beside trust."""
    extra = ("--password-stdin", *TRUST)
    return Attempt(old_service(world), fresh(world), extra, "Wr0ng-given-one")


def locked(world: World) -> Attempt:
    """A disabled account, which accepts no password."""
    return Attempt(known(world), fresh(world, enabled=False))


def unproved(world: World) -> Attempt:
    """An account of the client's e-mail, which nobody says to trust."""
    return Attempt(old_service(world), fresh(world))


def another_email(world: World) -> Attempt:
    """An account of another e-mail, to be trusted."""
    return Attempt(old_service(world), fresh(world, email="client70@example.com"), TRUST)


def no_email(world: World) -> Attempt:
    """An account without an e-mail, of a client without one, to be trusted."""
    item = old_service(world)
    client = world.stand.add_account("Client 8", emails=[""])
    world.stand.sql("UPDATE item SET account = %s WHERE id = %s", client, item)
    return Attempt(item, fresh(world, email=""), TRUST)


def with_status(world: World, status: int) -> Attempt:
    """An old service that is not open."""
    item = known(world)
    world.stand.set_status(item, status)
    return Attempt(item, fresh(world))


def closed(world: World) -> Attempt:
    """A service that is over."""
    return with_status(world, DELETED)


def in_hand(world: World) -> Attempt:
    """A service that another operation works on."""
    return with_status(world, PROCESSING)


def ordered(world: World) -> Attempt:
    """A service that nobody has paid."""
    return with_status(world, 1)


def of_another_handler(world: World) -> Attempt:
    """A service that another handler serves."""
    item = known(world)
    module = world.stand.add_module(
        base_url=world.site.url, login="admin", password=PASSWORD, module="pmother"
    )
    world.stand.sql("UPDATE item SET processingmodule = %s WHERE id = %s", module, item)
    return Attempt(item, fresh(world))


def of_no_module(world: World) -> Attempt:
    """A service that no module serves."""
    item = known(world)
    world.stand.sql("UPDATE item SET processingmodule = NULL WHERE id = %s", item)
    return Attempt(item, fresh(world))


def nobodys(world: World) -> Attempt:
    """A service that is not there."""
    return Attempt(471100, fresh(world))


def an_addon(world: World) -> Attempt:
    """The row of an add-on, which is no service."""
    item = world.order(ordered=3)
    (row,) = world.stand.sql("SELECT id FROM item WHERE parent = %s", item)
    return Attempt(row["id"], fresh(world), TRUST)


def of_another_type(world: World) -> Attempt:
    """A service of a type of product that the module does not serve."""
    item = known(world)
    tariff = world.stand.add_tariff(world.stand.add_itemtype("dedic"))
    world.stand.sql("UPDATE item SET pricelist = %s WHERE id = %s", tariff, item)
    return Attempt(item, fresh(world))


def elsewhere(world: World) -> Attempt:
    """A service whose saved address is another server's."""
    return Attempt(known(world, url="https://other.example.com"), fresh(world))


def marked_elsewhere(world: World) -> Attempt:
    """A service whose account is on the server that the module had before."""
    item = world.left_by("open")
    own = Mark(item, world.login(item), "0" * 16, Secret(PASSWORD), is_made=True)
    world.stand.save_param(item, ITEM_MARK, mark.to_text(own, world.key.seal), crypted=True)
    return Attempt(item, fresh(world), TRUST)


def forged(world: World) -> Attempt:
    """A service with a mark that this installation has not made."""
    attempt = Attempt(known(world), fresh(world))
    own = Mark(attempt.item, attempt.login, address.digest(world.site.url), Secret(PASSWORD), True)
    text = mark.to_text(own, lambda said: "0" * 16)
    world.stand.save_param(attempt.item, ITEM_MARK, text, crypted=True)
    return attempt


def broken(world: World) -> Attempt:
    """An account that the cloud cannot show, so that nobody knows its groups."""
    login = fresh(world)
    double(world).users[login.lower()].is_broken = True
    return Attempt(known(world), login)


TRAPS: Dict[Callable[[World], Attempt], str] = {
    own_user: "account_protected",
    administrator: "account_protected",
    owned: "account_named",
    owned_secretly: "account_named",
    adopted: "account_named",
    typed: "account_named",
    named_by_another_module: "account_named",
    served: "service_has_account",
    begun: "service_has_account",
    unknown: "login_unknown",
    wrong_password: "proof_refused",
    wrong_given: "proof_refused",
    wrong_given_in_trust: "proof_refused",
    locked: "proof_refused",
    unproved: "proof_missing",
    another_email: "email_differs",
    no_email: "email_differs",
    closed: "service_closed",
    in_hand: "service_not_open",
    ordered: "service_not_open",
    of_another_handler: "item_not_found",
    of_no_module: "item_not_found",
    nobodys: "item_not_found",
    an_addon: "item_not_found",
    of_another_type: "type_not_served",
    elsewhere: "account_elsewhere",
    marked_elsewhere: "account_elsewhere",
    forged: "mark_foreign",
    broken: "account_unreadable",
}


@pytest.fixture(
    scope="module",
    params=[NEXTCLOUD_29, pytest.param(OWNCLOUD_10, marks=pytest.mark.long)],
    ids=lambda one: one.name,
)
def zoo(request: pytest.FixtureRequest) -> Iterator[World]:
    """A provider who has all traps, one beside the other."""
    with Stand(preloaded=True) as stand, Cloud(request.param) as cloud:
        cloud.rate_limit.enabled = False
        yield World(stand, DoubleSite(cloud))
        assert not stand.leaks
        assert not [one for one in stand.secrets if len(one) > 5 and one in stand.log]


@pytest.mark.proof("adoption traps")
@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.__name__)
def test_what_is_not_proved_is_refused_and_nothing_is_written(
    zoo: World, trap: Callable[[World], Attempt]
) -> None:
    attempt = trap(zoo)
    before, asked = state(zoo), len(double(zoo).requests)
    run = adopt(zoo, attempt.item, attempt.login, "--sync", *attempt.extra, stdin=attempt.stdin)
    assert (run.exit_code, f"({TRAPS[trap]})" in run.stdout.decode()) == (1, True), str(run)
    assert state(zoo) == before
    assert writes(zoo, asked) == []


@pytest.mark.proof("adoption traps")
@pytest.mark.parametrize("is_trusted", [False, True], ids=["", "trust"])
def test_bad_lines_are_refused_and_stop_no_good_one(
    zoo: World, is_trusted: bool, record_property: Callable[[str, object], None]
) -> None:
    attempts = {trap(zoo): code for trap, code in TRAPS.items() if "given" not in trap.__name__}
    bad = [one for one in attempts if (one.extra == TRUST) is is_trusted]
    good = [Attempt(known(zoo), fresh(zoo)) for _ in bad]
    users = double(zoo).users
    before = [(zoo.stand.params(one.item), repr(users.find(one.login))) for one in bad]
    lines = [line for pair in zip(bad, good) for line in pair]
    text = "\n".join(f"{one.item};{one.login}" for one in lines)
    run = of_file(zoo, text, "--yes", *TRUST[: int(is_trusted)])
    assert run.exit_code == 1, str(run)
    told = report(zoo)
    verdicts = [(one["verdict"], one["error"]) for one in told]
    assert verdicts[0::2] == [("refused", attempts[one]) for one in bad]
    assert verdicts[1::2] == [("adopted", "")] * len(good)
    assert [(zoo.stand.params(one.item), repr(users.find(one.login))) for one in bad] == before
    for one in good:
        assert zoo.stand.params(one.item)["username"].casefold() == one.login.casefold()
    record_property("tried", len(bad))


def test_whoever_manages_groups_alone_adopts_nobody_elses(stand: Stand) -> None:
    with Cloud(NEXTCLOUD_29) as cloud:
        cloud.add_group("ours")
        cloud.add_user("manager", "M4nager-made-up", subadmin={"ours"})
        world = World(stand, DoubleSite(cloud), login="manager", password="M4nager-made-up")
        item = old_service(world, userpassword=PASSWORD)
        old_account(world)
        run = adopt(world, item, "ivan")
        assert (run.exit_code, "(account_hidden)" in run.stdout.decode()) == (1, True), str(run)
        cloud.users["ivan"].groups = {"ours"}
        assert adopt(world, item, "ivan").exit_code == 0
        run = adopt(world, old_service(world, userpassword="M4nager-made-up"), "manager")
        assert run.exit_code == 1


@pytest.mark.every_cloud
def test_a_refused_saved_password_is_tried_once(world: World) -> None:
    attempt = wrong_password(world)
    for _ in range(3):
        assert adopt(world, attempt.item, attempt.login).exit_code == 1
    tried = [one for one in double(world).requests if one.path.endswith("/cloud/user")]
    assert len(tried) == 1


# -- the lines of a file --------------------------------------------------------------------------


def file_of(world: World, count: int = 3, delimiter: str = ";") -> Tuple[str, List[int]]:
    """A file with so many good lines, and their services."""
    items = [old_service(world, userpassword=PASSWORD) for _ in range(count)]
    lines = []
    for number, item in enumerate(items):
        old_account(world, f"old{number}", email=f"old{number}@example.com")
        lines.append(delimiter.join((str(item), f"old{number}", f"old{number}@example.com")))
    return "\r\n".join(lines), items


@pytest.mark.every_cloud
def test_a_file_is_looked_at_first_and_done_with_yes(world: World) -> None:
    text, items = file_of(world)
    before = state(world)
    run = of_file(world, text)
    assert (run.exit_code, run.stdout.decode().count("would be adopted")) == (0, 4), str(run)
    assert "--yes" in run.stdout.decode()
    assert state(world) == before
    assert not os.path.exists(world.stand.root / "customers.csv.report.csv")
    assert not [one for one in double(world).requests if one.path.endswith("/cloud/user")]
    assert of_file(world, text, "--yes", "--dry-run").exit_code == 0
    assert state(world) == before
    run = of_file(world, text, "--yes")
    assert run.exit_code == 0, str(run)
    assert [(one["verdict"], one["proof"]) for one in report(world)] == [("adopted", "saved")] * 3
    for number, item in enumerate(items):
        assert world.stand.params(item)["username"] == f"old{number}"
    assert os.stat(world.stand.root / "customers.csv.report.csv").st_mode & 0o077 == 0


def test_a_second_run_finds_what_the_first_has_done(world: World) -> None:
    text, items = file_of(world)
    first, _, rest = text.partition("\r\n")
    assert of_file(world, first, "--yes").exit_code == 0
    assert rest
    run = of_file(world, text, "--yes")
    assert run.exit_code == 0, str(run)
    assert [one["verdict"] for one in report(world)] == ["already", "adopted", "adopted"]
    run = of_file(world, text, "--yes", "--sync")
    assert run.exit_code == 0, str(run)
    for number, _ in enumerate(items):
        account = world.site.account(f"old{number}")
        assert account is not None
        assert world.group in account.groups


@pytest.mark.parametrize("delimiter", sheets.DELIMITERS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
def test_a_file_comes_as_spreadsheets_save_it(world: World, delimiter: str, encoding: str) -> None:
    item = old_service(world, userpassword=PASSWORD)
    old_account(world, "Иван Петров")
    head = delimiter.join(("Услуга", "Логин"))
    text = f'{head}\r\n\r\n {item} {delimiter}"Иван Петров"\r\n{delimiter}\r\n'
    run = of_file(world, text, "--yes", encoding=encoding)
    assert run.exit_code == 0, str(run)
    assert [(one["line"], one["verdict"]) for one in report(world)] == [("3", "adopted")]


BAD_LINES = {
    "no number": ("x;ivan", "line_invalid"),
    "no login": ("{item};", "line_invalid"),
    "too much": ("{item};ivan;client7@example.com;more", "line_invalid"),
    "a number with a sign": ("-{item};ivan", "line_invalid"),
    "Arabic numbers": ("\u0661;ivan", "line_invalid"),
    "another e-mail": ("{item};ivan;client70@example.com", "email_differs"),
    "a service twice": ("{item};ivan\n{item};old0", "line_twice"),
    "a login twice": ("{item};ivan\n{other};IVAN", "line_twice"),
}


@pytest.mark.parametrize("name", BAD_LINES)
@pytest.mark.parametrize("does", ["--yes", "--dry-run"])
def test_a_line_that_cannot_be_meant_is_told(world: World, name: str, does: str) -> None:
    text, code = BAD_LINES[name]
    item, other = (old_service(world, userpassword=PASSWORD) for _ in range(2))
    old_account(world)
    good, _ = file_of(world, 1)
    run = of_file(world, f"{good}\n{text.format(item=item, other=other)}\n", does)
    assert (run.exit_code, f"({code})" in run.stdout.decode()) == (1, True), str(run)
    assert ITEM_MARK not in world.stand.params(other)
    if name != "a login twice":
        assert ITEM_MARK not in world.stand.params(item)


def test_a_cell_that_was_guarded_is_the_login_that_it_was(world: World) -> None:
    item = old_service(world, userpassword=PASSWORD)
    old_account(world, "+79001234567")
    text = sheets.write([(item, "+79001234567", EMAIL)])
    assert ";'+79001234567;" in text
    assert of_file(world, text, "--yes").exit_code == 0
    assert report(world)[0]["login"] == "'+79001234567"
    assert world.stand.params(item)["username"] == "+79001234567"


def test_what_is_wrong_with_a_module_leaves_its_lines_and_no_others(world: World) -> None:
    text, items = file_of(world, 1)
    down = World(world.stand, world.site, password="Wr0ng-for-the-module")
    theirs = [old_service(down, userpassword=PASSWORD) for _ in range(3)]
    lines = [f"{theirs[0]};a", f"{theirs[1]};b", text, f"{theirs[2]};c"]
    run = of_file(world, "\n".join(lines), "--yes")
    assert run.exit_code == 1
    told = [(one["verdict"], one["error"]) for one in report(world)]
    left = ("untried", "cloud_login_refused")
    assert told == [left, left, ("adopted", ""), left], str(run)
    refused = [one for one in double(world).requests if one.http_status == 401]
    assert len(refused) == 1
    assert items


def test_without_a_database_no_line_is_tried(world: World) -> None:
    text, _ = file_of(world)
    world.stand.write_db_conf(DBPassword="Wr0ng-for-the-database")
    run = of_file(world, text, "--yes")
    assert run.exit_code == 1
    assert [one["verdict"] for one in report(world)] == ["untried"] * 3
    assert not double(world).requests


def test_a_report_is_never_written_over_anothers_file(world: World) -> None:
    text, _ = file_of(world)
    target = world.stand.root / "precious"
    target.write_text("precious", "utf-8")
    (world.stand.root / "customers.csv.report.csv").symlink_to(target)
    before = state(world)
    run = of_file(world, text, "--yes")
    assert run.exit_code == 2, str(run)
    assert (target.read_text("utf-8"), state(world)) == ("precious", before)


# -- a file that is proposed ----------------------------------------------------------------------


@pytest.mark.every_cloud
def test_what_fits_is_proposed_and_can_be_adopted_as_it_is(world: World) -> None:
    login = old_service(world, username="typed", userpassword=PASSWORD)
    other = world.stand.add_account("Client 8", emails=["client8@example.com"])
    email = old_service(world, userpassword=PASSWORD)
    world.stand.sql("UPDATE item SET account = %s WHERE id = %s", other, email)
    old_account(world, "typed", email="else@example.com")
    old_account(world, "=8+1", email="Client8@example.com")
    old_account(world, "nobodys", email="nobody@example.com")
    world.opened()
    path = world.stand.root / "customers.csv"
    asked = len(double(world).requests)
    extra = ["--suggest", "--file", str(path)]
    assert world.stand.run("adopt", module=world.module, extra=extra).exit_code == 0
    assert writes(world, asked) == []
    assert os.stat(path).st_mode & 0o077 == 0
    proposed = sheets.read(path.read_bytes()).rows
    assert [row.cells for row in proposed] == [
        ["item", "login", "e-mail"],
        [str(login), "typed", "else@example.com"],
        [str(email), "=8+1", "Client8@example.com"],
    ]
    shown = world.stand.run("adopt", module=world.module, extra=["--suggest"])
    assert shown.stdout == path.read_bytes()
    run = world.stand.run("adopt", extra=["--file", str(path), "--yes"])
    assert run.exit_code == 0, str(run)
    shown = world.stand.run("adopt", module=world.module, extra=["--suggest"])
    assert len(sheets.read(shown.stdout).rows) == 1


def test_a_proposal_is_never_written_over_a_file(world: World) -> None:
    path = world.stand.root / "customers.csv"
    path.write_text("precious", "utf-8")
    extra = ["--suggest", "--file", str(path)]
    assert world.stand.run("adopt", module=world.module, extra=extra).exit_code == 2
    assert path.read_text("utf-8") == "precious"


def test_every_command_of_a_service_is_tried_on_an_adopted_one() -> None:
    tried = {"open", "suspend", "resume", "setparam", "changepassword", "sync_item", "close"}
    assert tried == set(table.SERVICES)
