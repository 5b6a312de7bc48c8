"""Adoption on a real server: its accounts, its refusals, its lists."""

import os
import secrets
from typing import Iterator, List, Optional

import pytest

from tests.doubles.billmanager import ACTIVE, DELETED, Run, Stand
from tests.e2e.sites import RealSite
from tests.e2e.world import World, real_world
from utils.base import sheets
from utils.consts import ITEM_MARK

pytestmark = pytest.mark.live
PASSWORD = "Known-to-people-77!x"


class Old:
    """A provider of a real cloud, with accounts that were there before the billing."""

    def __init__(self, world: World) -> None:
        assert isinstance(world.site, RealSite)
        self.world, self.site, self.stand = world, world.site, world.stand
        self.logins: List[str] = []
        self.site.add_group(world.group)

    def sell(self, **saved: str) -> int:
        """An open service of a client of its own, with a password saved on it."""
        item = self.world.order(crypted_params=saved or {"userpassword": PASSWORD})
        client = self.stand.add_account("Client", [self.email(item)])
        self.stand.sql("UPDATE item SET account = %s WHERE id = %s", client, item)
        self.stand.set_status(item, ACTIVE)
        return item

    def email(self, item: int) -> str:
        """The e-mail of a service's client."""
        return f"client{item}@example.com"

    def account(self, item: Optional[int] = None) -> str:
        """An account, with the e-mail of a service's client."""
        login = f"Old-{secrets.token_hex(6)}"
        self.site.add_account(login, PASSWORD)
        self.logins.append(login)
        if item is not None:
            form = {"key": "email", "value": self.email(item)}
            assert self.site._call("PUT", f"/users/{login}", **form) == 100
        return login

    def adopt(self, item: int, login: str, *extra: str, stdin: Optional[str] = None) -> Run:
        """The command on one service."""
        return self.stand.run("adopt", item=item, extra=["--login", login, *extra], stdin=stdin)


@pytest.fixture
def old(stand: Stand) -> Iterator[Old]:
    """The server of the environment, which has none of the accounts at the end."""
    with real_world(stand) as world:
        made = Old(world)
        try:
            yield made
        finally:
            for login in made.logins:
                made.site.remove_account(login)


@pytest.mark.parametrize("proof", ["saved", "given", "trust"])
def test_a_proved_account_is_adopted_untouched_and_served_to_its_end(old: Old, proof: str) -> None:
    item = old.sell(userpassword=PASSWORD if proof == "saved" else "Wr0ng-saved-one!")
    login = old.account(item)
    before = old.site.account(login)
    words = {"saved": (), "given": ("--password-stdin",), "trust": ("--trust",)}[proof]
    run = old.adopt(item, login.lower(), *words, stdin=PASSWORD)
    assert run.exit_code == 0, str(run)
    assert old.site.account(login) == before
    assert old.site.login_works(login, PASSWORD)
    assert "adopted before" in old.adopt(item, login).stdout.decode()
    assert old.adopt(item, login, "--sync").exit_code == 0
    account = old.site.account(login)
    assert account is not None
    assert (account.quota_bytes, account.email) == (5 * 1024**3, old.email(item))
    assert old.world.group in account.groups
    for command in ("suspend", "resume", "setparam", "sync_item"):
        old.world.run(command, item).check()
        account = old.site.account(login)
        assert account is not None
        assert account.enabled is (command != "suspend")
    assert old.site.login_works(login, PASSWORD)
    old.world.run("close", item).check()
    assert old.site.account(login) is None
    assert old.world.status(item) == DELETED


def test_what_is_not_proved_is_refused(old: Old) -> None:
    right, wrong, bare = old.sell(), old.sell(userpassword="Wr0ng-saved-one!"), old.sell()
    old.stand.drop_param(bare, "userpassword")
    login, owned = old.account(right), old.world.opened()
    locked = old.account()
    assert old.site._call("PUT", f"/users/{locked}/disable") == 100
    before = old.site.account(login), old.site.account(old.world.login(owned))
    for item, wanted, words, code in (
        (right, old.site.login, (), "account_protected"),
        (right, old.world.login(owned), (), "account_named"),
        (right, f"nobody-{secrets.token_hex(6)}", (), "login_unknown"),
        (right, locked, (), "proof_refused"),
        (wrong, login, (), "proof_refused"),
        (wrong, login, ("--trust",), "email_differs"),
        (bare, login, (), "proof_missing"),
        (owned, login, ("--trust",), "service_has_account"),
    ):
        run = old.adopt(item, wanted, "--sync", *words)
        assert (run.exit_code, f"({code})" in run.stdout.decode()) == (1, True), str(run)
    assert (old.site.account(login), old.site.account(old.world.login(owned))) == before
    assert not [one for one in (right, wrong, bare) if ITEM_MARK in old.stand.params(one)]


def test_a_file_is_proposed_looked_at_and_done(old: Old) -> None:
    items = [old.sell() for _ in range(2)]
    logins = [old.account(item) for item in items]
    path = old.stand.root / "customers.csv"
    extra = ["--suggest", "--file", str(path)]
    run = old.stand.run("adopt", module=old.world.module, extra=extra)
    assert run.exit_code == 0, str(run)
    rows = [row.cells for row in sheets.read(path.read_bytes()).rows]
    wanted = [[str(item), login, old.email(item)] for item, login in zip(items, logins)]
    assert [row for row in rows if row[0] in map(str, items)] == wanted
    preview = old.stand.run("adopt", extra=["--file", str(path), "--trust"])
    assert preview.exit_code == 0, str(preview)
    assert not [item for item in items if ITEM_MARK in old.stand.params(item)]
    done = old.stand.run("adopt", extra=["--file", str(path), "--trust", "--yes"])
    assert done.exit_code == 0, str(done)
    assert [old.stand.params(item)["username"] for item in items] == logins
    assert os.stat(f"{path}.report.csv").st_mode & 0o077 == 0
