"""Collects the used space of a module's services: by pages where they are many, else one by one."""

from typing import Dict, Iterable, List, NamedTuple, Optional, Set

from utils import errors, sizes
from utils.context import Context
from utils.values import Account, Disk, Item, Server

FEW_SERVICES = 20
"""Up to so many services are read one by one: cheaper than paging through a whole server."""

BATCH = 200
"""Services looked up in billing at once."""


class StatRow(NamedTuple):
    """A row of BILLmanager's statistics."""

    item_id: int
    day: str
    addon: str
    value: str
    measure_id: int


class Collector:
    """One day's statistics of one module. Memory does not grow with the accounts read."""

    def __init__(self, ctx: Context, server: Server, day: str) -> None:
        self._ctx = ctx
        self._log = ctx.log
        self._server = server
        self._day = day
        self._cloud = ctx.cloud(server)
        self._settled: Set[int] = set()
        self._booked = self._missing = self._not_ours = self._unsold = self._unread = 0

    def read_all(self) -> None:
        """Reads every service of the module and writes its row.

        Raises what the cloud client raises: an unreadable cloud ends the run.
        """
        if self._ctx.billing.count_items(self._server.module_id) > FEW_SERVICES:
            for page in self._cloud.users(self._ctx.settings.page_size):
                self._book_page(page)
        self._read_the_rest()

    def finish(self) -> None:
        """Logs the summary. Raises UsageUnread where an account could not be read."""
        self._log.info(
            "usage of %s: %d booked, %d accounts missing, %d not ours,"
            " %d without a disk add-on, %d unread",
            self._day,
            self._booked,
            self._missing,
            self._not_ours,
            self._unsold,
            self._unread,
        )
        if self._unread:
            raise errors.UsageUnread(f"{self._day}: {self._unread}")

    def _book_page(self, accounts: Iterable[Account]) -> None:
        by_login = {account.login.casefold(): account for account in accounts}
        items = self._ctx.billing.items_by_login(self._server.module_id, list(by_login))
        found: Dict[int, Account] = {}
        for item in items:
            if item.id in self._settled:  # a renamed account can stand on two pages
                continue
            login = self._login_of(item)
            if login is not None and login.casefold() in by_login:
                found[item.id] = by_login[login.casefold()]
        self._book([item for item in items if item.id in found], found)

    def _read_the_rest(self) -> None:
        """Reads by id whoever was not met: before an account is called missing it is asked for."""
        after = 0
        while True:
            items = self._ctx.billing.items(self._server.module_id, after, BATCH)
            if not items:
                return
            after = items[-1].id
            found: Dict[int, Account] = {}
            for item in items:
                if item.id in self._settled:
                    continue
                login = self._login_of(item)
                account = self._cloud.get_user(login) if login is not None else None
                if account is not None:
                    found[item.id] = account
                elif login is None:
                    self._not_ours += 1
                else:
                    self._missing += 1
                    self._log.warning("service %d: the cloud has no account %s", item.id, login)
            self._book([item for item in items if item.id in found], found)

    def _login_of(self, item: Item) -> Optional[str]:
        """The login of the service's own account; None, said in the log, where it has none."""
        try:
            record = self._ctx.owner(item, self._server, self._cloud).record()
        except errors.PmError as error:
            self._log.warning("service %d: not counted: %s", item.id, error)
            return None
        if record is None or not record.proved:
            self._log.info("service %d: not counted: no account was opened for it", item.id)
            return None
        return record.login

    def _book(self, items: List[Item], accounts: Dict[int, Account]) -> None:
        disks = self._ctx.tariffs.disks(items)
        rows = []
        for item in items:
            self._settled.add(item.id)
            row = self._row(item, accounts[item.id], disks.get(item.id))
            if row is not None:
                rows.append(row)
        if rows:
            self._ctx.billing.write_stat(rows)
            self._booked += len(rows)

    def _row(self, item: Item, account: Account, disk: Optional[Disk]) -> Optional[StatRow]:
        if disk is None:
            self._unsold += 1
            self._log.warning("service %d: its tariff has no usable disk add-on", item.id)
            return None
        if account.used_bytes is None:
            self._unread += 1
            self._log.warning("service %d: the cloud cannot read %s", item.id, account.login)
            return None
        value = sizes.in_measure(account.used_bytes, disk.unit_bytes)
        return StatRow(item.id, self._day, disk.addon, value, disk.measure_id)
