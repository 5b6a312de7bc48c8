"""Every service of a module with its account, or the reason why it has none.

Where the module owns many of the server's accounts they are read page by page, else one by one
(utils.census.reader). A service whose account was on no page, or could not be read, is asked for by
its login, again and again while there is time. Memory holds one batch at a time, and one bit for
each service that is settled.
"""

import time
from typing import (
    Generator,
    Iterable,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Protocol,
    Set,
)

from utils.api import NextcloudAPIClient
from utils.base import errors, logins
from utils.base.logs import Logger
from utils.base.secret import forgotten
from utils.base.values import Account, Item
from utils.census.numberset import NumberSet
from utils.census.pace import Patience, TimeIsUp
from utils.census.progress import Progress
from utils.census.reader import Reader
from utils.census.register import Entry, Register
from utils.host import budget

FEW_SERVICES = 4
"""Up to this number of services no page is read: a page, and the look beyond it that tells whether
more pages pay, cost as much as four accounts do."""

LONGEST_RESERVE_S = 50
"""Part of the budget that is kept back for what comes after reading: the last rows and the call
that tells BILLmanager. Of a budget of less than 200 seconds it is a quarter. It ends before the
time begins in which BILLmanager is told of a failure: what was read is to be told as such."""

MISSING, HIDDEN = "missing", "hidden"
"""Why a service with an account on record has none: the cloud says that nobody has the login, or
that it cannot show this one."""


def reading_s(budget_s: float) -> float:
    """How much of a budget is for reading, in seconds."""
    return budget_s - budget.telling_s(budget_s) - min(LONGEST_RESERVE_S, budget_s / 4)


class Pair(NamedTuple):
    """A service with its account.

    Where it has none `why` is the name of the reason, MISSING, HIDDEN or one of
    utils.census.register, and `words` tell it for a log. `is_unsettled` is whether more is to be
    looked at than what is on record of it (utils.census.register).
    """

    item: Item
    account: Optional[Account]
    why: str = ""
    words: str = ""
    is_unsettled: bool = False


class Others(Protocol):
    """Whoever wants to see the accounts that belong to no service as well."""

    def meet(self, accounts: List[Account]) -> None:
        """Looks at accounts that were found to be of no service; one may come twice."""

    def unknown(self, logins: List[str]) -> List[str]:
        """Those of the logins whose accounts are to be read and met."""


class Census:
    """Reads the accounts of one module's services; it is used once, and making it reads nothing.

    `timeout_s` is the longest that one answer of the cloud may take, `budget_s` the time for all.
    For `others` every account of the server is read, of services with its groups, and one that the
    cloud cannot show is handed out as HIDDEN. Without them such a one is asked for until the end.
    """

    def __init__(
        self,
        register: Register,
        cloud: NextcloudAPIClient,
        log: Logger,
        page_size: int,
        timeout_s: float,
        budget_s: float,
        others: Optional[Others] = None,
    ) -> None:
        self._register = register
        self._others = others
        self._cloud = cloud
        self._log = log
        self._page_size = page_size
        self._timeout_s = timeout_s
        self._budget_s = budget_s
        self._services = 0
        self._settled = NumberSet()
        self._again: Set[int] = set()
        self._asked = 0
        self.failure: Optional[errors.CloudError] = None
        """The cloud's last failure, where it has not answered anything until the time was over."""

    def batches(self) -> Generator[List[Pair], None, None]:
        """The pairs of all services, each service once, as they are read.

        A batch is complete in itself: before the next one there may be a pause of minutes. What
        was read when an error ends the reading comes as a last batch before that error.
        Raises TimeIsUp where some services are still unread when the time is over, the cloud's
        failure where it does not pass by itself, DatabaseUnavailable, KeyUnavailable.
        """
        self._services = self._register.count()
        return self._batches()

    def ask_again(self, item_id: int) -> None:
        """Has the account of a service in the present batch read once more.

        For whoever misses something in the account that the cloud may tell later.
        """
        self._again.add(item_id)

    def refuse_hidden_files(self) -> None:
        """For whoever misses the usage of an account. Raises FilesHidden where all miss theirs."""
        self._cloud.refuse_hidden_files()

    def unread(self) -> Iterator[List[int]]:
        """The ids of the services that are not settled, some at a time."""
        for item_ids in self._register.ids():
            left = [item_id for item_id in item_ids if item_id not in self._settled]
            if left:
                yield left

    def count_unread(self) -> int:
        """How many services are not settled, of those that there were at the beginning."""
        return max(self._services - len(self._settled), 0)

    def _batches(self) -> Generator[List[Pair], None, None]:
        until = time.monotonic() + reading_s(self._budget_s)
        progress = Progress(self._log, self._services)
        reader = Reader(
            self._cloud,
            self._log,
            self._page_size,
            self._timeout_s,
            until,
            tick=lambda: progress.show(len(self._settled) + self._asked),
            with_groups=self._others is not None,
        )
        rounds = Patience(until, self._log, self._cloud.note_pause)
        try:
            yield from self._sweep(reader)
            while (yield from self._ask_for_the_rest(reader)):
                rounds.pause("some services are unread")
        except TimeIsUp:
            self.failure = None if reader.has_answered else reader.failure
            raise
        finally:
            reader.close()
            progress.close()

    def _sweep(self, reader: Reader) -> Iterator[List[Pair]]:
        """Whoever is met on the pages of the server's accounts."""
        if self._services <= FEW_SERVICES and self._others is None:
            return
        for page in reader.pages(self._services if self._others is None else None):
            with forgotten():
                yield from self._hand_out(self._meet(page))
        if self._others is not None:
            for accounts in reader.listed(self._others.unknown):
                self._others.meet(accounts)

    def _meet(self, page: Iterable[Account]) -> List[Pair]:
        """The services that own an account on a page, and those that its logins hint at in vain."""
        accounts = {logins.fold(account.login): account for account in page}
        numbers = self._register.numbers(accounts)
        unsettled = sorted(number for number in numbers if number not in self._settled)
        pairs = []
        for entry in self._register.look_up(unsettled):
            account = accounts.get(logins.fold(entry.login))
            if entry.why or account:
                pairs.append(_pair(entry, account))
        if self._others is not None:
            met = {pair.account.login for pair in pairs if pair.account is not None}
            self._others.meet([one for one in accounts.values() if one.login not in met])
        return pairs

    def _ask_for_the_rest(self, reader: Reader) -> Generator[List[Pair], None, bool]:
        """Whoever is not settled, asked for by name. Returns whether somebody still is not."""
        is_whole = True
        for item_ids in self.unread():
            with forgotten():
                yield from self._ask(reader, item_ids)
            is_whole = is_whole and all(item_id in self._settled for item_id in item_ids)
        return not is_whole

    def _ask(self, reader: Reader, item_ids: List[int]) -> Iterator[List[Pair]]:
        entries = {entry.item.id: entry for entry in self._register.look_up(item_ids)}
        for item_id in set(item_ids) - set(entries):  # closed since they were listed
            self._settled.add(item_id)
        pairs = [_pair(entry, None) for entry in entries.values() if entry.why]
        logins = {item_id: entry.login for item_id, entry in entries.items() if not entry.why}
        try:
            for item_id, account in reader.singly(logins):
                self._asked += 1
                pairs.append(_pair(entries[item_id], account))
            if self._others is not None:
                hidden = {one: words for one, words in reader.hidden.items() if one in logins}
                pairs += [Pair(entries[one].item, None, HIDDEN, hidden[one]) for one in hidden]
                reader.hidden.clear()
        finally:  # whatever ends the reading, what was read is handed out
            self._asked = 0
            yield from self._hand_out(pairs)

    def _hand_out(self, pairs: List[Pair]) -> Iterator[List[Pair]]:
        """A batch. Its services are settled when the next one is asked for, and not before."""
        if not pairs:
            return
        self._again.clear()
        yield pairs
        for pair in pairs:
            if pair.item.id not in self._again:
                self._settled.add(pair.item.id)


def _pair(entry: Entry, account: Optional[Account]) -> Pair:
    """A service with what the cloud says of its login, where it has one on record."""
    item, _, why, words, is_unsettled = entry
    if account is None and not why:
        why, words = MISSING, f"the cloud has no account {entry.login}"
    return Pair(item, account, why, words, is_unsettled)
