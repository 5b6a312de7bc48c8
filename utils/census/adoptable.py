"""Accounts that were there before the billing, and the services that they may belong to.

What is found here is proposed to people and proves nothing: an e-mail in a cloud may be whatever
its owner typed. Whoever adopts an account asks for a proof (utils.accounts.adoption).
"""

from array import array
from bisect import bisect_left
from typing import Dict, Iterable, List, NamedTuple, Set
from zlib import crc32

from utils.accounts.names import item_of
from utils.base import logins
from utils.base.values import Account, Item
from utils.billing.billmanager import Billing
from utils.census.register import UNOPENED, Register

LOGIN, EMAIL = "login", "email"
"""What speaks for an account: its login is typed on the service, or its e-mail is the client's.
The names are stable."""

BATCH = 1000
"""Services without a mark that are read at once; of each there are three short values."""


class Adoptable(NamedTuple):
    """An open service without an account, and an account that no living service names."""

    item: Item
    account: Account
    by: str


class _Index:
    """Which services have a text, as eight bytes for each: a digest of it beside the number.

    BILLmanager's numbers have 32 bits. Different texts may share a digest, so whatever is found
    has to be compared.
    """

    def __init__(self) -> None:
        self._keys = array("Q")

    def add(self, text: str, number: int) -> None:
        """Adds a pair, before `sort` is called."""
        self._keys.append(_digest(text) << 32 | number)

    def sort(self) -> None:
        """Makes the pairs ready to be found."""
        self._keys = array("Q", sorted(self._keys))

    def find(self, text: str) -> List[int]:
        """The numbers that were added with that text, and some others once in a long while."""
        first = _digest(text) << 32
        start, end = bisect_left(self._keys, first), bisect_left(self._keys, first + (1 << 32))
        return [key & 0xFFFFFFFF for key in self._keys[start:end]]


def _digest(text: str) -> int:
    return crc32(text.encode("utf-8", "surrogatepass"))


class _Hit(NamedTuple):
    item_id: int
    account: Account


class Adoptables:
    """Finds accounts for the open services of one module that have none on record.

    Making one reads these services, some at a time: logins and e-mails, nothing is decrypted.
    Sixteen bytes stay of each. Every method may raise DatabaseUnavailable.
    """

    def __init__(self, billing: Billing, register: Register, module_id: int) -> None:
        self._billing = billing
        self._register = register
        self._logins, self._emails = _Index(), _Index()
        after = 0
        while True:
            batch = billing.services.unmarked(module_id, after, BATCH)
            emails = billing.clients.emails({one.account_id for one in batch})
            for one in batch:
                if one.login.strip():
                    self._logins.add(logins.fold(one.login.strip()), one.item_id)
                if emails.get(one.account_id):
                    self._emails.add(logins.fold(emails[one.account_id]), one.item_id)
            if len(batch) < BATCH:
                break
            after = batch[-1].item_id
        self._logins.sort()
        self._emails.sort()

    def among(self, accounts: Iterable[Account]) -> List[Adoptable]:
        """What fits among the accounts, such as those of a page; each pair once.

        An account may fit several services and a service several accounts: people decide. Raises
        KeyUnavailable, and what the cloud does where it has to tell who the module's user is.
        """
        hits = self._hits(accounts)
        if not hits:
            return []
        entries = self._register.look_up(sorted({one.item_id for one in hits}))
        items = {one.item.id: one.item for one in entries if one.why == UNOPENED}
        emails = self._billing.clients.emails({item.account_id for item in items.values()})
        named = self._named({one.account.login for one in hits})
        found = []
        for hit in hits:
            item = items.get(hit.item_id)
            by = item and _reason(item, hit.account, emails)
            if item and by and self._is_free(item, hit.account, named):
                found.append(Adoptable(item, hit.account, by))
        return found

    def _hits(self, accounts: Iterable[Account]) -> List[_Hit]:
        hits = []
        for account in accounts:
            item_ids = set(self._logins.find(logins.fold(account.login)))
            if account.email:
                item_ids.update(self._emails.find(logins.fold(account.email.strip())))
            hits += [_Hit(item_id, account) for item_id in sorted(item_ids)]
        return hits

    def _named(self, wanted: Set[str]) -> Dict[str, Dict[int, int]]:
        """By login the living services that name it, each with its module.

        That is by their saved login, or by the mark of the service whose number the login has.
        """
        named: Dict[str, Dict[int, int]] = {}
        for one in self._billing.namings.of_any(wanted):
            named.setdefault(one.login, {})[one.item_id] = one.module_id
        numbers = {item_of(login) for login in wanted}
        for item, *_ in self._register.look_up(sorted(one for one in numbers if one is not None)):
            if item.mark is not None:
                named.setdefault(logins.fold(item.mark.login), {})[item.id] = item.module_id
        return named

    def _is_free(self, item: Item, account: Account, named: Dict[str, Dict[int, int]]) -> bool:
        """Whether no other service on this server names the account, and nobody must touch it."""
        owner = self._register.owner(item)
        naming = named.get(logins.fold(account.login), {})
        others: Set[int] = {one for one, module_id in naming.items() if owner.is_here(module_id)}
        return not others - {item.id} and not owner.is_protected(account)


def _reason(item: Item, account: Account, emails: Dict[int, str]) -> str:
    """What speaks for the account; empty where it was a digest that two texts share."""
    if logins.names(item.saved_login, account.login):
        return LOGIN
    email = emails.get(item.account_id, "")
    return EMAIL if email and logins.same(email, account.email.strip()) else ""
