"""Turns the census of a module into rows of statistics, and says where they are incomplete."""

from contextlib import closing
from datetime import date
from typing import Callable, List, Optional

from utils.accounts.following import Following
from utils.accounts.fullness import Fullness, is_plausible
from utils.base import errors, sizes
from utils.base.errors import Told
from utils.base.logs import Logger
from utils.base.values import Account
from utils.billing.billmanager import Billing
from utils.billing.statistics import stat_row
from utils.census.census import MISSING, Census, Pair
from utils.census.pace import TimeIsUp
from utils.census.uncounted import Uncounted

UNSOLD = "its tariff has no usable disk add-on"

MOST_RENEWED = 200
"""Services of one run that are looked at more closely although they can be counted. Each takes some
requests and calls; more at once have one cause for all, and the next days' runs take the rest."""

MOST_FOLLOWED = 15
"""Services of one run in whose accounts something is set that their clients have changed. Each may
be three changes of the 50 that Nextcloud takes in ten minutes, which operations need too."""

_FOR_ALL = (errors.DatabaseUnavailable, errors.KeyUnavailable, errors.LoginRefused)
_IN_PASSING = (errors.Busy, errors.CoreUnavailable, errors.CloudError)
"""What a closer look at one service may fail of: what ends the run, and what comes to an end. After
any other failure, which is the service's own, it is counted by what is on record."""


class Collector:
    """One day's statistics of one module.

    `settle` gives the account of a service by its id, where more is to be looked at than what is
    on record of it; with `follows` once what its client has changed is set there.
    """

    def __init__(
        self,
        census: Census,
        billing: Billing,
        log: Logger,
        day: date,
        uncounted: Uncounted,
        fullness: Fullness,
        settle: Callable[..., Account],
        following: Following,
    ) -> None:
        self._census = census
        self._billing = billing
        self._log = log
        self._day = day
        self._uncounted = uncounted
        self._fullness = fullness
        self._settle = settle
        self._following = following
        self._may_see_files = False
        self._renewed = self._followed = 0
        self._booked = self._missing = self._not_ours = self._unsold = 0

    def collect(self) -> None:
        """Writes the row of every service whose account is read, and logs a summary.

        Rows are replaced, never added to. They are written batch by batch, so what was read stays
        whatever comes after it. Where a service is still unread when the time is over, raises
        UsageUnread, or the cloud's failure if it never answered. Raises FilesHidden where the
        cloud measures nobody for the module's login.
        """
        batches = self._census.batches()
        try:
            with closing(batches):
                for pairs in batches:
                    self._book(pairs)
        except TimeIsUp as end:
            raise self._incomplete() from end
        finally:
            self._following.flush()
            self._summarise()

    def _book(self, pairs: List[Pair]) -> None:
        pairs = [pair for pair in map(self._settled, pairs) if pair is not None]
        read = [pair.item for pair in pairs if pair.account is not None]
        disks = self._billing.tariffs.disks(read)
        rows, counted = [], []
        for pair in pairs:
            item, account, disk = pair.item, pair.account, disks.get(pair.item.id)
            if account is None:
                self._leave_out(pair)
            elif disk is None and self._billing.tariffs.is_uncounted(item):
                continue  # its tariff has no limit and sells no space
            elif disk is None:
                self._unsold += 1
                self._log.warning("service %d: %s", item.id, UNSOLD)
                self._uncounted.note(item, UNSOLD)
            elif account.used_bytes is None:
                self._log.warning("service %d: the cloud cannot read %s", item.id, account.login)
                self._refuse_hidden_files()
                self._census.ask_again(item.id)
            elif not is_plausible(account.used_bytes, account.quota_bytes):
                shown = sizes.spoken(account.used_bytes)
                self._log.warning("service %d: cannot have used %s", item.id, shown)
                self._census.ask_again(item.id)
            else:
                rows.append(stat_row(item.id, self._day, account.used_bytes, disk))
                counted.append((item, account))
        if rows:
            self._billing.statistics.write(rows)
            self._booked += len(rows)
            self._fullness.look(counted)
        self._follow(pairs)

    def _settled(self, pair: Pair) -> Optional[Pair]:
        """The pair with the account that the closer look has found; None where it comes again.

        Raises what ends the reading for all.
        """
        if not pair.is_unsettled or (pair.account is not None and self._renewed >= MOST_RENEWED):
            return pair
        self._renewed += pair.account is not None
        try:
            return Pair(pair.item, self._settle(pair.item.id))
        except _FOR_ALL:
            raise
        except errors.PmError as error:
            if isinstance(error, _IN_PASSING) and error.told is not Told.STAFF_NOW:
                self._log.warning("service %d: %s", pair.item.id, error)
                self._census.ask_again(pair.item.id)
                return None
            if pair.account is None:
                return pair._replace(words=str(error))
            self._log.warning("service %d: counted by its mark: %s", pair.item.id, error)
            return pair

    def _follow(self, pairs: List[Pair]) -> None:
        """Has what clients have changed in billing set in the cloud, for a few of them.

        Whatever fails at that is tried the next day: usage does not wait for it.
        """
        found = [pair for pair in pairs if pair.account is not None and not pair.item.is_broken]
        if not found:
            return
        wishes = self._billing.tariffs.wishes([pair.item for pair in found])
        accounts = {pair.item.id: pair.account for pair in found if pair.account is not None}
        for item_id in self._following.learn(accounts, wishes):
            if self._followed >= MOST_FOLLOWED:
                self._log.info("service %d: what has changed of its client waits", item_id)
                return
            self._followed += 1
            try:
                self._settle(item_id, follows=True)
            except _FOR_ALL:
                raise
            except errors.PmError as error:
                self._log.warning("service %d: its client is not followed: %s", item_id, error)
                if isinstance(error, errors.CloudWriteLimit):
                    self._followed = MOST_FOLLOWED

    def _refuse_hidden_files(self) -> None:
        """Looks once a run whether the module's login may see files. Raises FilesHidden."""
        if not self._may_see_files:
            self._census.refuse_hidden_files()
            self._may_see_files = True

    def _leave_out(self, pair: Pair) -> None:
        """Says why a service without an account gets no row."""
        self._uncounted.note(pair.item, pair.words)
        if pair.why == MISSING:
            self._missing += 1
            self._log.warning("service %d: %s", pair.item.id, pair.words)
        else:
            self._not_ours += 1
            self._log.warning("service %d: not counted: %s", pair.item.id, pair.words)

    def _incomplete(self) -> errors.PmError:
        """The error of a day on which services stayed unread; the log names them."""
        unread = 0
        for item_ids in self._census.unread():
            unread += len(item_ids)
            self._log.warning("unread: services %s", ", ".join(map(str, item_ids)))
        words = f"{self._day}: {unread}"
        failure = self._census.failure
        if failure is None:
            return errors.UsageUnread(words)
        failure.value = f"{failure.value} ({words})"
        return failure

    def _summarise(self) -> None:
        self._log.info(
            "usage of %s: %d booked, %d accounts missing, %d not ours,"
            " %d without a disk add-on, %d unread",
            self._day,
            self._booked,
            self._missing,
            self._not_ours,
            self._unsold,
            self._census.count_unread(),
        )
