"""A provider with one cloud: a module, a product, clients; and the program run on their orders."""

import json
import logging
import secrets
from contextlib import contextmanager
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple, Union

from tests.doubles.billmanager import ACTIVE, DELETED, Addon, ModuleProcess, Run, Stand, Visitor
from tests.doubles.billmanager.plugins import environment as visit
from tests.doubles.cloud import Cloud
from tests.doubles.cloud.state import User
from tests.e2e.sites import DoubleSite, RealSite
from tests.tools import table
from utils.accounts import endings
from utils.accounts.endings import Ending, Endings
from utils.accounts.following import Following
from utils.base import address
from utils.base.secret import Secret
from utils.base.values import Account, Mark, Order
from utils.billing import mark
from utils.billing.key import Key
from utils.consts import ITEM_LOGIN, ITEM_MARK, PAGE_FUNCTION
from utils.host.ledger import Ledger
from utils.host.state import State

Site = Union[DoubleSite, RealSite]

LIFE = (
    *("check_connection", "get_server_config", "open", "suspend", "resume"),
    *("check_addon", "check_param", "setparam", "prolong"),
    *("changepassword", "sync_item", "stat", "doctor", "audit", "adopt", "restore", "close"),
    "purge",
)
"""Every command that talks to a cloud, in an order in which each has something to do."""

ENDINGS = ("purge", "hold", "release", "certificate")
"""Commands about an account whose service is over."""

MANY = 10**9
"""More services than any test makes."""


class World:
    """A stand with one module on one cloud; `group` is a group of its own in that cloud."""

    def __init__(self, stand: Stand, site: Site, **module: Any) -> None:
        self.stand = stand
        self.site = site
        self.itemtype = stand.add_itemtype("backupservice")
        values = {"base_url": site.url, "login": site.login, "password": site.password, **module}
        if isinstance(site, RealSite):
            values.setdefault("confirm_password", site.confirm_password)
        self.module = stand.add_module(**values)
        self._connection = values
        self.client = stand.add_account("Client 7", emails=["client7@example.com"])
        self.group = "pmnextcloud-test"
        self.items: List[int] = []
        self._patterns: Dict[Tuple[str, ...], Tuple[int, int]] = {}
        if isinstance(site, RealSite):
            # Several runs share a real server: their services must not have the same numbers.
            first = secrets.randbelow(10**8) + 10**6
            stand.sql("ALTER TABLE item AUTO_INCREMENT = %s", first)

    def tariff(self, gib: int = 5, group: Optional[str] = "", **addon: Any) -> int:
        """A tariff with so much space; `group` None is none, "" the world's own.

        What begins with cloud_ is a field of the tariff form, all else is of the add-on.
        """
        terms = {name: addon.pop(name) for name in [*addon] if name.startswith("cloud_")}
        disk = Addon(**{"name": "disk", "measure": "gib", "limit": gib, **addon})
        usergroup = self.group if group == "" else group
        return self.stand.add_tariff(self.itemtype, addons=[disk], usergroup=usergroup, **terms)

    def order(self, tariff: Optional[int] = None, **order: Any) -> int:
        """A paid order: a service in processing."""
        item = self.stand.order(
            tariff if tariff is not None else self.tariff(), self.client, self.module, **order
        )
        self.items.append(item)
        return item

    def run(self, command: str, item: int, trycount: int = 0, **options: Any) -> Run:
        """A command on a service, with a running operation as BILLmanager has it."""
        operation = self.stand.add_operation(command, item, trycount)
        return self.stand.run(command, item=item, runningoperation=operation, **options)

    def starter(
        self, command: str, item: int, extra: Sequence[str] = ()
    ) -> Callable[[], ModuleProcess]:
        """Starts a command on a service, with the same operation each time, or on its module."""
        if command in table.MODULES:
            return lambda: self.stand.start(command, module=self.module)
        if command in table.FOR_PEOPLE:
            return lambda: self.stand.start(command, extra=extra)
        operation = self.stand.add_operation(command, item)
        return lambda: self.stand.start(command, item=item, runningoperation=operation)

    def call(self, command: str, item: int, **options: Any) -> Run:
        """A command with what its kind is given: a service, the module, or a form."""
        return self.prepared(command, item, **options)()

    def prepared(self, command: str, item: int, **options: Any) -> Callable[[], Run]:
        """The same, once what it is to find is there."""
        if command in (*table.SERVICES, *table.RENEWALS):
            return lambda: self.run(command, item, **options)
        given: Dict[str, Any] = {}
        if command in table.MODULES:
            given = {"module": self.module}
        elif command in table.QUESTIONS:
            given = {"item": item}
        elif command in table.CHECKS:  # of much space, which is no space too little
            words = ["--param", "disk", "--value", "1000000"]
            given = {"item": item, "stdin": "<doc/>", "extra": words}
        elif command in table.SHOWN_FORMS:
            given = {"module": self.module, "stdin": "<doc><usergroup/></doc>"}
        elif command in table.FORMS:
            given = {"stdin": self.form()}
        elif command in table.FOR_PEOPLE or command in ENDINGS:
            given = self._words(command, item)
        elif command in table.PAGES:  # somebody on the server wants fresh figures
            given = {"env": visit(PAGE_FUNCTION, Visitor("root", 30), {"elid": str(item)}, None)}
        return lambda: self.stand.run(command, **{**given, **options})

    def _words(self, command: str, item: int) -> Dict[str, Any]:
        """What people say with a command, for which there is something to do, or done already."""
        if command == "adopt":
            return {"item": item, "extra": ["--login", self.login(item)]}
        if command == "restore":
            self.ended(item, login=self.login(item), state=endings.RETURNED, to_item=item)
            return {"item": item, "extra": ["--login", self.login(item)]}
        if command in ENDINGS:  # of somebody whose account is not there any more
            state = endings.DELETED if command == "certificate" else endings.WAITING
            ending = self.ended(item + MANY, state=state, due=command == "purge")
            words = ["--why", "the police asks"] if command == "hold" else []
            return {"extra": ["--login", ending.login, *words]}
        return {"extra": ["--format", "json"]}

    def live(self, item: int, **options: Any) -> Iterator[Tuple[str, Run]]:
        """Runs every command that talks to a cloud, on one service and its module; gives each run.

        What the next one is to find may be changed before the next one is asked for.
        """
        assert set(LIFE) == set(table.AT_CLOUDS)
        for command in LIFE:
            yield command, self.call(command, item, **options)

    def form(self, doctype: str = "", **changes: str) -> str:
        """The connection form as the module has it; `changes` are fields by their stored names."""
        values = {
            "base_url": self._connection["base_url"],
            "nc_username": self._connection["login"],
            "nc_password": self._connection["password"],
            "nc_confirm_password": self._connection.get("confirm_password") or "",
            **changes,
        }
        fields = "".join(f"<{name}>{value}</{name}>" for name, value in values.items())
        return f"{doctype}<doc><processingmodule>{fields}</processingmodule></doc>"

    def opened(self, tariff: Optional[int] = None, **order: Any) -> int:
        """A service that is open."""
        item = self.order(tariff, **order)
        self.run("open", item).check()
        return item

    def left_by(self, *commands: str) -> int:
        """A service as these commands leave it, one after the other; on a double only.

        They are run for the first such service alone, all others are copies of what it became.
        """
        if commands not in self._patterns:
            item = self.order()
            for command in commands:
                self.run(command, item).check()
            self._patterns[commands] = item, self.status(item)
            self.stand.set_status(item, DELETED)  # nobody counts it
        pattern, status = self._patterns[commands]
        item = self.another(pattern)
        self.stand.set_status(item, status)
        return item

    @cached_property
    def key(self) -> Key:
        """BILLmanager's key."""
        return Key(str(self.stand.root / "etc/billmgr.pem"))

    def mark(self, item: int, password: str, is_made: bool = True, login: str = "") -> str:
        """The mark that this BILLmanager writes on a service."""
        server = address.digest(self.site.url)
        own_mark = Mark(item, login or self.login(item), server, Secret(password), is_made)
        return mark.to_text(own_mark, self.key.seal)

    def old_mark(self, item: int, password: str, login: str = "") -> str:
        """The mark that pmnextcloud 1.0 wrote on a service of this BILLmanager."""
        place = [login or self.login(item), address.digest(self.site.url)]
        return json.dumps([1, self.key.installation(), item, *place, password])

    def another(self, pattern: int, *, begun: bool = False) -> int:
        """A service like another that is open, without a run of the program; on a double only.

        `begun` as `open` leaves one when it is stopped between making and filling the account.
        """
        assert isinstance(self.site, DoubleSite)
        users, params = self.site.cloud.users, self.stand.params(pattern)
        item = self.order(self.stand.item(pattern)["pricelist"])
        login, password = self.login(item), f"Made-up-{item}"
        self.stand.save_param(item, ITEM_MARK, self.mark(item, password, not begun), crypted=True)
        user = self.site.cloud.add_user(login, password, quota="1 GB")
        if begun:
            return item
        model = users[self.login(pattern)]
        user.email, user.quota, user.enabled = model.email, model.quota, model.enabled
        user.groups = set(model.groups)
        self.stand.save_param(item, "username", login, crypted=False)
        self.stand.save_param(item, "url", params["url"], crypted=False)
        self.stand.save_param(item, "userpassword", password, crypted=True)
        self.stand.set_status(item, ACTIVE)
        return item

    def copy(self, item: int, emails: Sequence[Optional[str]] = ("client8@example.com",)) -> int:
        """The service once more, for a client with these e-mails: BILLmanager's import makes it."""
        stand = self.stand
        client = stand.add_account("Client 8", emails=emails)
        copy = stand.order(stand.item(item)["pricelist"], client, self.module)
        for place in ("itemparam", "itemcryptedparam"):
            stand.sql(
                f"INSERT INTO {place} (item, intname, value)"
                f" SELECT %s, intname, value FROM {place} WHERE item = %s",
                copy,
                item,
            )
        stand.set_status(copy, self.status(item))
        self.items.append(copy)
        return copy

    @property
    def record(self) -> Endings:
        """The record of ended accounts as the module has it."""
        folder = self.stand.root / "var/pmnextcloud/endings"
        return Endings(lambda name: Ledger(str(folder / name)), self.key.fingerprint)

    def ended(self, item: int, *, login: str = "", due: bool = False, **changes: Any) -> Ending:
        """Has it on record that a service ended a month ago; `due` as if its time were over."""
        today, month = date.today(), timedelta(days=30)
        is_over = changes.get("state") in (endings.DELETED, endings.RETURNED)
        ending = Ending(
            item_id=item,
            number=self.record.next_number(item),
            module_id=self.module,
            login=login or self.login(item),
            server=address.digest(self.site.url),
            account_id=self.client,
            tariff_id=1,
            closed_on=today - month,
            until=today if due else today + month,
            keep_days=30,
            ended_on=today if is_over else None,
        )._replace(**changes)
        self.record.save(ending)
        return ending

    def note(self, item: int, account: Account) -> None:
        """What the module notes of an account whose e-mail it has set as it is shown."""
        folder = str(self.stand.root / "var/pmnextcloud")
        following = Following(State(folder), self.key.fingerprint, logging.getLogger("none"))
        following.note(item, account, Order(email=account.email))

    def know_cloud(self) -> None:
        """What BILLmanager has done when a module is saved: the module knows its cloud."""
        self.stand.run("get_server_config", module=self.module).check()

    def many(self, count: int, tariff: Optional[int] = None) -> List[int]:
        """Makes active services as `open` leaves them, without their accounts."""
        items = self.stand.order_many(
            tariff if tariff is not None else self.tariff(),
            self.client,
            self.module,
            count,
            params=lambda item: {"username": self.login(item), "url": self.site.url},
            crypted_params=lambda item: {
                "userpassword": f"Made-up-{item}",
                ITEM_MARK: self.mark(item, f"Made-up-{item}"),
            },
        )
        self.items += items
        return items

    def login(self, item: int) -> str:
        """The login of a service."""
        return f"user_{item}"

    def user(self, item: int) -> User:
        """The account whose name the customer sees; on a double only."""
        assert isinstance(self.site, DoubleSite)
        user = self.site.cloud.users.find(self.stand.params(item)[ITEM_LOGIN])
        assert user is not None
        return user

    def status(self, item: int) -> int:
        """The service's status in billing."""
        status: int = self.stand.item(item)["status"]
        return status

    def customer_gets_in(self, item: int) -> bool:
        """Whether what the customer sees in his area opens his account."""
        params = self.stand.params(item)
        return self.site.login_works(params["username"], params["userpassword"])


def with_app_password(stand: Stand, cloud: Cloud) -> World:
    """A provider with an app password, which has to be confirmed where the cloud wants that."""
    secret = cloud.mint_app_password("admin")
    confirm = None if cloud.profile.app_passwords_may_write else cloud.admin_password
    return World(stand, DoubleSite(cloud), password=secret, confirm_password=confirm)


@contextmanager
def real_world(stand: Stand, **module: Any) -> Iterator[World]:
    """A provider whose cloud is the real server of the environment; tidied up at the end."""
    site = RealSite()
    if site.ca_file:
        stand.write("etc/pmnextcloud.conf", f"ca_file = {site.ca_file}\n")
    world = World(stand, site, **module)
    try:
        yield world
    finally:
        site.clean(world.items)
