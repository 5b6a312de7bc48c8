"""A module's services, their add-ons, and the accounts of its cloud, all handed in."""

import logging
from typing import Any, Dict, List, Optional

from tests.unit.conftest import make_account, make_billing, make_item, make_server
from tests.unit.specs import double_of
from utils.accounts.guesses import Guesses
from utils.accounts.ownership import Ownership
from utils.api import NextcloudAPIClient, Page
from utils.base import address
from utils.base.secret import Secret
from utils.base.values import Account, Disk, Item, Mark, Order
from utils.census.census import Census
from utils.census.register import Register
from utils.cloud.products import NEXTCLOUD
from utils.consts import STATUS_ACTIVE, STATUS_SUSPENDED
from utils.host.state import State

GIB = 1024**3
PASSWORD = Secret("made-up-pw-77")
DISK = Disk("disk", 12, GIB)


def own(number: int, login: str = "", **changes: Any) -> Item:
    """A service with an account that `open` made."""
    login = login or f"user_{number}"
    mark = Mark(number, login, address.digest(make_server().base_url), PASSWORD, is_made=True)
    seen = {"saved_login": login, "saved_url": make_server().base_url}
    saved = {**seen, "saved_password": PASSWORD, "password_is_crypted": True}
    return make_item(**{"id": number, "status": STATUS_ACTIVE, "mark": mark, **saved, **changes})


class World:
    """What a register and a census are made of; nothing is sold yet."""

    def __init__(self, log: logging.Logger, folder: str) -> None:
        self.log = log
        self.services: List[Item] = []
        self.accounts: List[Account] = []
        self.disks: Dict[int, Disk] = {}
        self.wishes: Dict[int, Order] = {}
        self.state = State(folder)
        self.budget_s: float = 10
        self.page_size = 2
        self.billing = make_billing()
        self.billing.services.count.side_effect = lambda module: len(self.services)
        self.billing.services.ids.side_effect = self._item_ids
        self.billing.services.items.side_effect = self._items
        self.cloud: Any = double_of(NextcloudAPIClient)
        self.cloud.product = NEXTCLOUD
        self.cloud.get_user.side_effect = self.get
        self.cloud.users_page.side_effect = self.page

    def sell(self, item: Item, used_bytes: Optional[int] = 0, disk: Optional[Disk] = DISK) -> None:
        """A service with its account and add-on; used_bytes -1 is no account."""
        self.services.append(item)
        if disk is not None:
            self.disks[item.id] = disk
        if used_bytes != -1:
            login = item.saved_login or f"user_{item.id}"
            self.accounts.append(make_account(login=login, used_bytes=used_bytes))

    def register(self) -> Register:
        """The register of the module."""
        return Register(self.billing, 31, self._owner_of)

    def census(self) -> Census:
        """A census of the module, not yet begun."""
        register, budget_s = self.register(), self.budget_s
        return Census(register, self.cloud, self.log, self.page_size, 5.0, budget_s)

    def get(self, login: str, with_groups: bool) -> Optional[Account]:
        """The account of that login, as the cloud tells it."""
        found = [one for one in self.accounts if one.login.casefold() == login.casefold()]
        return found[0] if found else None

    def page(self, offset: int, page_size: int) -> Page:
        """A page of accounts, as the cloud tells it."""
        found = self.accounts[offset : offset + page_size]
        return Page(found, [one.login for one in found])

    def _owner_of(self, item: Item) -> Ownership:
        guesses = double_of(Guesses)
        was_open = item.status in (STATUS_ACTIVE, STATUS_SUSPENDED)
        return Ownership(
            item, make_server(), self.cloud, self.log, self.billing, guesses, was_open=was_open
        )

    def _item_ids(self, module_id: int, after: int, count: int) -> List[int]:
        return [item.id for item in self.services if item.id > after][:count]

    def _items(self, module_id: int, item_ids: List[int]) -> List[Item]:
        return [item for item in self.services if item.id in item_ids]
