"""A provider in one process: services, a cloud, a calendar, and runs that are killed anywhere.

Billing and cloud are small doubles that keep what they are told. Everything between them is the
program's own: ownership, provisioning, the record on disk, the commands. Each effect that a run has
outside itself may be its last one.
"""

import logging
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable, Dict, List, Optional, Sequence

from commands import COMMANDS, load
from tests.unit.conftest import make_account, make_item, make_order, make_server
from utils.accounts.endings import Ending
from utils.base import address, errors, logins
from utils.base.secret import Secret
from utils.base.values import Account, EndTerms, Item, Mark, Order, Server
from utils.billing.namings import LIVING
from utils.billing.reply import Reply
from utils.consts import (
    LOCK,
    STATUS_ACTIVE,
    STATUS_CLOSED,
    STATUS_PROCESSING,
    STATUS_SUSPENDED,
    WAIT,
)
from utils.host import ledger
from utils.host.locks import LockFile
from utils.host.root import Host
from utils.host.settings import Settings
from utils.run.call import Call
from utils.run.context import Context

MODULE_ID = 31
SERVER = address.digest(make_server().base_url)
FIRST_DAY = date(2026, 3, 2)
GIB = 1024**3


class Killed(BaseException):
    """The process is gone."""


class Effects:
    """Counts what a run does outside itself, and ends it at one of these."""

    def __init__(self) -> None:
        self.names: List[str] = []
        self.deadly, self.after = -1, False

    def start(self, deadly: int = -1, after: bool = False) -> None:
        """A run begins that dies at that effect: before it, or `after` it."""
        self.names, self.deadly, self.after = [], deadly, after

    def do(self, name: str, act: Callable[[], Any]) -> Any:
        """Has the effect, unless the run dies before it."""
        number = len(self.names)
        self.names.append(name)
        if number == self.deadly and not self.after:
            raise Killed
        result = act()
        if number == self.deadly:
            raise Killed
        return result


class Services:
    """What billing knows of services."""

    def __init__(self, effects: Effects) -> None:
        self._effects = effects
        self.items: Dict[int, Item] = {}
        self.forgotten: List[int] = []

    def item(self, item_id: int) -> Item:
        if item_id not in self.items or item_id in self.forgotten:
            raise errors.ItemNotFound(item_id)
        return self.items[item_id]

    def status(self, item_id: int) -> Optional[int]:
        known = item_id in self.items and item_id not in self.forgotten
        return self.items[item_id].status if known else None

    def saved(self, item_id: int) -> Any:
        item = self.items.get(item_id)
        return item and SimpleNamespace(login=item.saved_login, password=item.saved_password)

    def of(self, login: str, besides: int) -> Dict[int, int]:
        return {
            one.id: one.module_id
            for one in self.items.values()
            if one.id != besides
            and one.status in LIVING
            and (logins.names(one.saved_login, login) or self._marks(one, login, besides))
        }

    @staticmethod
    def _marks(item: Item, login: str, besides: int) -> bool:
        mark = item.mark
        return mark is not None and (mark.item_id == besides or logins.same(mark.login, login))

    def set(self, item_id: int, **changes: Any) -> None:
        """Has a service be otherwise."""
        self.items[item_id] = self.items[item_id]._replace(**changes)

    def save_mark(self, mark: Mark) -> None:
        if self.items[mark.item_id].mark != mark:
            self._effects.do("save mark", lambda: self.set(mark.item_id, mark=mark))

    def save_login(self, item_id: int, login: str, password: Secret, url: str) -> None:
        def save() -> None:
            self.set(item_id, saved_login=login, saved_url=url)
            if password:
                self.set(item_id, saved_password=password, password_is_crypted=True)

        self._effects.do("save login", save)

    def save_seen(self, item_id: int, values: Dict[str, object]) -> None:
        self._effects.do("save seen", lambda: self.set(item_id, saved_login=values["username"]))

    _FIELDS = {"pmnextcloud_level": "level", "pmnextcloud_trial_group": "trial_group"}

    def save(self, item_id: int, values: Dict[str, object]) -> None:
        changes = {self._FIELDS[name]: str(value) for name, value in values.items()}
        self._effects.do("save", lambda: self.set(item_id, **changes))

    def drop(self, item_id: int, name: str) -> None:
        changes: Dict[str, Any] = {self._FIELDS.get(name, "saved_password"): ""}
        if name not in self._FIELDS:
            changes = {"saved_password": None}
        self._effects.do("drop", lambda: self.set(item_id, **changes))

    def noted(self, module_id: int, name: str, statuses: Sequence[int]) -> List[int]:
        field = self._FIELDS[name]
        ours = [one for one in self.items.values() if getattr(one, field)]
        return [one.id for one in ours if one.status in statuses]


class Cloud:
    """Accounts, the files of each, and who takes them away."""

    def __init__(self, effects: Effects) -> None:
        self._effects = effects
        self.accounts: Dict[str, Account] = {}
        self.on_delete: Callable[[str], None] = lambda login: None
        self.stubborn: Dict[str, int] = {}
        """How many deletions of a login end without an answer before it is gone."""

    def own_login(self) -> str:
        return "admin"

    def get_user(self, login: str, with_groups: bool = True) -> Optional[Account]:
        return self.accounts.get(logins.fold(login))

    def has_groups(self, login: str) -> bool:
        return self.get_user(login) is not None

    def lists(self, login: str) -> bool:
        return self.get_user(login) is not None

    def set(self, login: str, **changes: Any) -> None:
        """Has an account be otherwise."""
        self.accounts[login] = self.accounts[login]._replace(**changes)

    def _write(self, name: str, login: str, **changes: Any) -> None:
        if login not in self.accounts:
            raise errors.NoSuchUser(name, 998)
        self._effects.do(name, lambda: self.set(login, **changes))

    def enable_user(self, login: str) -> None:
        self._write("enable", login, enabled=True)

    def disable_user(self, login: str) -> None:
        self._write("disable", login, enabled=False)

    def set_quota(self, login: str, quota_bytes: float) -> None:
        self._write("quota", login, quota_bytes=quota_bytes)

    def set_email(self, login: str, email: str) -> None:
        self._write("e-mail", login, email=email)

    def set_display_name(self, login: str, name: str) -> None:
        self._write("name", login, display_name=name)

    def set_language(self, login: str, language: str) -> None:
        self._write("language", login, language=language)

    def set_token(self, login: str, token: str) -> None:
        self._write("token", login, token=token)

    def add_to_group(self, login: str, group: str) -> None:
        self._write("join", login, groups=(*self.accounts[login].groups, group))

    def remove_from_group(self, login: str, group: str) -> None:
        left = tuple(one for one in self.accounts[login].groups if one != group)
        self._write("leave", login, groups=left)

    def delete_user(self, login: str) -> None:
        if login not in self.accounts:
            raise errors.NoSuchUser("DELETE", 998)
        if self.stubborn.get(login, 0):
            self.stubborn[login] -= 1
            self._effects.do("delete without end", lambda: None)
            raise errors.CloudLost(f"DELETE {login}")

        def delete() -> None:
            self.on_delete(login)
            del self.accounts[login]

        self._effects.do("delete", delete)


class Visitor(Context):
    """A run to which the one cloud is always open."""

    one_cloud: Any

    def cloud(self, server: Server, wait_s: Optional[float] = None) -> Any:
        """The cloud."""
        again = {"again": lambda: self.one_cloud, "end": lambda: None}
        self.visit = SimpleNamespace(**again)
        return self.one_cloud


class World:
    """A provider with one module, on a day that tests choose."""

    def __init__(self, folder: Path, log: logging.Logger) -> None:
        self.folder, self.log = folder, log
        self.effects = Effects()
        self.services = Services(self.effects)
        self.cloud = Cloud(self.effects)
        self.today = FIRST_DAY
        self.settings: Dict[str, Any] = {"on_close": WAIT}
        self.terms: Dict[int, EndTerms] = {}
        self.order = make_order(email="")
        self.tasks: List[str] = []
        self.told: List[str] = []
        self.billing = self._billing()
        self.reply: Optional[Reply] = None

    def _billing(self) -> Any:
        return SimpleNamespace(
            services=self.services,
            namings=self.services,
            fingerprint=lambda text: sha256(text.encode()).hexdigest(),
            modules=SimpleNamespace(
                server=lambda module_id: make_server(module_id=module_id),
                base_url=lambda module_id: make_server().base_url,
            ),
            tariffs=SimpleNamespace(
                order=self._order,
                group=lambda tariff_id: "clients",
                trial_group=lambda item: "",
                end_terms=self._terms,
            ),
            clients=SimpleNamespace(names=lambda ids: dict.fromkeys(ids, "Client 7")),
            tasks=SimpleNamespace(department=lambda module_id: 3, make=self._make_task),
            operations=SimpleNamespace(
                tell_staff=lambda item, command, error: self.told.append(error.code),
                has_task=lambda: False,
            ),
            closing=SimpleNamespace(post=self._post),
        )

    def _terms(self, tariff_id: int) -> EndTerms:
        settings = Settings(**self.settings)
        return self.terms.get(tariff_id, EndTerms(settings.on_close, settings.keep_days, LOCK, 7))

    def _order(self, item: Item, with_client: bool, with_name: bool = False) -> Order:
        return self.order

    def _make_task(self, department: int, text: str) -> int:
        if text not in self.tasks:
            self.effects.do("task", lambda: self.tasks.append(text))
        return self.tasks.index(text) + 1

    def _post(self, item: Item, action: str) -> None:
        statuses = {"suspend": STATUS_SUSPENDED, "resume": STATUS_ACTIVE, "close": STATUS_CLOSED}
        if self.services.items[item.id].status != statuses[action]:
            self.effects.do(
                f"post {action}", lambda: self.services.set(item.id, status=statuses[action])
            )

    @property
    def exit_code(self) -> int:
        """How the last run that people started has ended."""
        assert self.reply is not None
        return self.reply.exit_code

    # -- what is there ------------------------------------------------------------------------

    def sell(self, item_id: int = 1001, login: str = "", **changes: Any) -> str:
        """An open service with its account, and the login."""
        login = login or f"user_{item_id}"
        mark = Mark(item_id, login, SERVER, Secret("made-up-77"), is_made=True)
        item = make_item(id=item_id, status=STATUS_ACTIVE, mark=mark, saved_login=login)
        item = item._replace(
            saved_password=Secret("made-up-77"), password_is_crypted=True, saved_url="https://x"
        )
        self.services.items[item_id] = item._replace(**changes)
        account = make_account(login=login, used_bytes=2 * GIB, last_login=1000)
        self.cloud.accounts[login] = account
        return login

    def context(self, command: str, **words: Any) -> Context:
        """The next run of a command."""
        given = {**words, "lang": "en"}
        call = Call(command, level=COMMANDS[command].does, **given)
        return Visitor(
            call,
            Host(str(self.folder)),
            billing=self.billing,
            log=self.log,
            settings=Settings(**self.settings),
            today=self.today,
            one_cloud=self.cloud,
        )

    def run(self, command: str, deadly: int = -1, after: bool = False, **words: Any) -> str:
        """Runs a command, and returns what it said. Raises Killed where it dies."""
        self.effects.start(deadly, after)
        try:
            self.reply = load(command).run(self.context(command, **words))
        finally:
            while LOCKS:  # the process ends
                LOCKS.pop().close()
        return self.reply.document.decode()

    def close(self, item_id: int = 1001, **words: Any) -> None:
        """The end of a service, as BILLmanager asks for it."""
        if self.services.items[item_id].status != STATUS_CLOSED:
            self.services.set(item_id, status=STATUS_PROCESSING)
        self.run("close", item=item_id, **words)

    def endings(self) -> List[Ending]:
        """All records, open ones first."""
        endings = self.context("purge").endings
        return [*endings.all_open(), *endings.past()]

    def pass_days(self, days: int) -> None:
        """Goes on to another day."""
        self.today += timedelta(days=days)


LOCKS: List[LockFile] = []
"""What the present run has locked."""


def watch(world: World, monkeypatch: Any) -> None:
    """Makes each write of the record an effect, and each lock end with its run."""
    make = LockFile.__init__

    def noted(self: LockFile, path: str) -> None:
        make(self, path)
        LOCKS.append(self)

    monkeypatch.setattr(LockFile, "__init__", noted)
    write, remove = ledger.Ledger.write, ledger.Ledger.remove

    def watched(self: ledger.Ledger, name: str, text: str) -> None:
        world.effects.do("record", lambda: write(self, name, text))

    def watched_remove(self: ledger.Ledger, name: str) -> None:
        world.effects.do("record over", lambda: remove(self, name))

    monkeypatch.setattr(ledger.Ledger, "write", watched)
    monkeypatch.setattr(ledger.Ledger, "remove", watched_remove)
