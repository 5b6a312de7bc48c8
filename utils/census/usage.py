"""Collects the used space of a module's services: true, whole, and flat in memory.

Where the module owns many of the server's accounts they are read page by page, else one by one;
see utils.census.reader. Whoever was not met or not read is asked for by name, again and again while
there is time. Memory holds a page at a time, and the number of each service that is settled.
"""

import time
from datetime import date
from typing import Iterable, Iterator, List, Optional, Tuple

from utils.accounts.ownership import item_of
from utils.base import errors
from utils.base.secret import forgotten
from utils.base.values import Account, Item, Server
from utils.billing.statistics import stat_row
from utils.census.numberset import NumberSet
from utils.census.pace import Patience, TimeIsUp
from utils.census.progress import Progress
from utils.census.reader import Reader
from utils.run.context import Context

FEW_SERVICES = 4
"""Up to so many services are read one by one: a page, and a look beyond it, cost as much."""

BATCH = 200
"""Services looked up in billing at once."""

LONGEST_RESERVE_S = 60
"""Kept back of the budget for what comes after reading, a quarter of a small one."""


class Collector:
    """One day's statistics of one module."""

    def __init__(self, ctx: Context, server: Server, day: date) -> None:
        self._ctx = ctx
        self._log = ctx.log
        self._server = server
        self._day = day
        self._cloud = ctx.cloud(server)
        self._module_id = server.module_id
        self._services = ctx.billing.services.count(server.module_id)
        self._progress = Progress(ctx.log, self._services)
        budget_s = ctx.settings.stat_budget_s
        until = time.monotonic() + budget_s - min(LONGEST_RESERVE_S, budget_s / 4)
        self._rounds = Patience(until, ctx.log)
        self._reader = Reader(
            self._cloud, ctx.log, ctx.settings.page_size, server.timeout_s, until, self._tick
        )
        self._settled = NumberSet()
        self._asked = 0
        self._booked = self._missing = self._not_ours = self._unsold = 0

    def collect(self) -> None:
        """Writes the row of every service whose account is read, and logs a summary.

        Rows are replaced, never added to. What was read stays: where a service is still unread
        when the time is over, raises UsageUnread, or the cloud's failure if it never answered.
        """
        try:
            self._sweep()
            while self._read_the_rest():
                self._rounds.pause("some services are unread")
        except TimeIsUp as end:
            words, failure = f"{self._day}: {self._name_the_rest()}", self._reader.failure
            if failure is None or self._reader.has_answered:
                raise errors.UsageUnread(words) from end
            raise type(failure)(f"{failure.value} ({words})") from end
        finally:
            self._reader.close()
            self._progress.close()
            self._summarise()

    def _sweep(self) -> None:
        """Books whoever is met on the pages of the server's accounts."""
        if self._services <= FEW_SERVICES:
            return
        for page in self._reader.pages(self._services):
            with forgotten():
                self._book_page(page)

    def _book_page(self, page: Iterable[Account]) -> None:
        accounts = {account.login.casefold(): account for account in page}
        numbers = [number for number in map(item_of, accounts) if number is not None]
        unsettled = sorted({number for number in numbers if number not in self._settled})
        found = []
        for item in self._ctx.billing.services.items(self._module_id, unsettled):
            login = self._login_of(item)
            if login is not None and login.casefold() in accounts:
                found.append((item, accounts[login.casefold()]))
        self._book(found)

    def _read_the_rest(self) -> bool:
        """Asks by name for whoever is not settled. Whether somebody still is not after it."""
        is_whole = True
        for item_ids in self._unsettled():
            with forgotten():
                self._read(item_ids)
            is_whole = is_whole and all(item_id in self._settled for item_id in item_ids)
        return not is_whole

    def _unsettled(self) -> Iterator[List[int]]:
        """The services that are not settled, some at a time."""
        after = 0
        while True:
            item_ids = self._ctx.billing.services.ids(self._module_id, after, BATCH)
            if not item_ids:
                return
            after = item_ids[-1]
            left = [item_id for item_id in item_ids if item_id not in self._settled]
            if left:
                yield left

    def _read(self, item_ids: List[int]) -> None:
        """Asks for each of the services by name, and books whose account is read."""
        items = {
            item.id: item for item in self._ctx.billing.services.items(self._module_id, item_ids)
        }
        for item_id in set(item_ids) - set(items):  # closed since they were listed
            self._settled.add(item_id)
        logins = {item.id: self._login_of(item) for item in items.values()}
        owned = {item_id: login for item_id, login in logins.items() if login is not None}
        found = []
        try:
            for item_id, account in self._reader.singly(owned):
                self._asked += 1
                if account is not None:
                    found.append((items[item_id], account))
                else:
                    self._missing += 1
                    self._settle(item_id, f"the cloud has no account {owned[item_id]}")
        finally:
            self._asked = 0
            self._book(found)

    def _login_of(self, item: Item) -> Optional[str]:
        """The login of the service's own account; a service that has none is settled by that."""
        try:
            record = self._ctx.owner(item, self._server, self._cloud).record()
        except errors.PmError as error:
            self._not_ours += 1
            self._settle(item.id, f"not counted: {error}")
            return None
        if record is None or not record.proved:
            self._not_ours += 1
            self._settle(item.id, "not counted: no account was opened for it")
            return None
        return record.login

    def _book(self, found: List[Tuple[Item, Account]]) -> None:
        """Writes the rows of services whose account was read; one that shows no usage waits."""
        disks = self._ctx.billing.tariffs.disks([item for item, _ in found])
        rows = []
        for item, account in found:
            disk = disks.get(item.id)
            if disk is None:
                self._unsold += 1
                self._settle(item.id, "its tariff has no usable disk add-on")
            elif account.used_bytes is None:
                self._log.warning("service %d: the cloud cannot read %s", item.id, account.login)
            else:
                rows.append(stat_row(item.id, self._day, account.used_bytes, disk))
        if rows:
            self._ctx.billing.statistics.write(rows)
            for row in rows:
                self._settled.add(row.item_id)
            self._booked += len(rows)

    def _settle(self, item_id: int, why: str) -> None:
        """Leaves a service without a row."""
        self._settled.add(item_id)
        self._log.warning("service %d: %s", item_id, why)

    def _name_the_rest(self) -> int:
        """Says in the log which services are unread. How many they are."""
        unread = 0
        for item_ids in self._unsettled():
            unread += len(item_ids)
            self._log.warning("unread: services %s", ", ".join(map(str, item_ids)))
        return unread

    def _tick(self) -> None:
        self._progress.show(len(self._settled) + self._asked)

    def _summarise(self) -> None:
        self._log.info(
            "usage of %s: %d booked, %d accounts missing, %d not ours,"
            " %d without a disk add-on, %d unread",
            self._day,
            self._booked,
            self._missing,
            self._not_ours,
            self._unsold,
            max(self._services - len(self._settled), 0),
        )
