"""A provider with one cloud: a module, a product, clients; and the program run on their orders."""

import json
import secrets
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Dict, Iterator, List, Optional, Tuple, Union

from tests.doubles.billmanager import ACTIVE, DELETED, Addon, Run, Stand
from tests.e2e.sites import DoubleSite, RealSite
from utils.base import address
from utils.base.secret import Secret
from utils.base.values import Mark
from utils.billing import mark
from utils.billing.key import Key
from utils.consts import ITEM_MARK

Site = Union[DoubleSite, RealSite]


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
        self.client = stand.add_account("Client 7", emails=["client7@example.com"])
        self.group = "pmnextcloud-test"
        self.items: List[int] = []
        self._patterns: Dict[Tuple[str, ...], Tuple[int, int]] = {}
        if isinstance(site, RealSite):
            # Several runs share a real server: their services must not have the same numbers.
            first = secrets.randbelow(10**8) + 10**6
            stand.sql("ALTER TABLE item AUTO_INCREMENT = %s", first)

    def tariff(self, gib: int = 5, group: Optional[str] = "", **addon: Any) -> int:
        """A tariff with so much space; `group` None is none, "" the world's own."""
        disk = Addon(**{"name": "disk", "measure": "gib", "limit": gib, **addon})
        usergroup = self.group if group == "" else group
        return self.stand.add_tariff(self.itemtype, addons=[disk], usergroup=usergroup)

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

    def know_cloud(self) -> None:
        """What BILLmanager has done when a module is saved: the module knows its cloud."""
        self.stand.run("get_server_config", module=self.module).check()

    def many(self, count: int, tariff: Optional[int] = None) -> List[int]:
        """So many active services as `open` leaves them, without their accounts."""
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

    def status(self, item: int) -> int:
        """The service's status in billing."""
        status: int = self.stand.item(item)["status"]
        return status

    def customer_gets_in(self, item: int) -> bool:
        """Whether what the customer sees in his area opens his account."""
        params = self.stand.params(item)
        return self.site.login_works(params["username"], params["userpassword"])


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
