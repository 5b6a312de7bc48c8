"""The register of a module: its services, with what they have on record of their accounts."""

from functools import cached_property
from typing import Callable, Iterable, Iterator, List, NamedTuple, Set

from utils.accounts.names import item_of
from utils.accounts.ownership import Ownership
from utils.base import errors
from utils.base.values import Item
from utils.billing.billmanager import Billing

BATCH = 200
"""Services that are read from billing at once. The costs of a query are spread well by then, and a
batch is what a run holds in memory."""

UNREADABLE, FOREIGN, ELSEWHERE, UNOPENED = "unreadable", "foreign", "elsewhere", "unopened"
"""Why a service has no account on record. The names are stable."""


class Entry(NamedTuple):
    """A service with the login of its own account.

    Where it has none on record `why` is the name of the reason, and `words` tell it for a log.
    `is_unsettled` is whether more is to be looked at than what is on record.
    """

    item: Item
    login: str
    why: str = ""
    words: str = ""
    is_unsettled: bool = False


class Register:
    """The services of one module that may own an account.

    `owner_of` tells whose the account of a service is. Making a register reads nothing; every
    method may raise DatabaseUnavailable.
    """

    def __init__(
        self, billing: Billing, module_id: int, owner_of: Callable[[Item], Ownership]
    ) -> None:
        self._billing = billing
        self._module_id = module_id
        self._owner_of = owner_of

    def count(self) -> int:
        """How many services there are."""
        return self._billing.services.count(self._module_id)

    def ids(self) -> Iterator[List[int]]:
        """The ids of all services in their order, a batch at a time."""
        after = 0
        while True:
            item_ids = self._billing.services.ids(self._module_id, after, BATCH)
            if item_ids:
                yield item_ids
            if len(item_ids) < BATCH:
                return
            after = item_ids[-1]

    def numbers(self, logins: Iterable[str]) -> Set[int]:
        """The services that accounts of those logins may be of, as far as the logins tell.

        A login has the number of its service in it, or was made by a template: then the service
        names it, and so may one of another module.
        """
        hints = {login: item_of(login) for login in logins}
        found = {number for number in hints.values() if number is not None}
        others = [login for login, number in hints.items() if number is None]
        if others and self._has_others:
            found.update(one.item_id for one in self._billing.namings.of_any(others))
        return found

    @cached_property
    def _has_others(self) -> bool:
        """Whether any service of the module names a login without its number."""
        return self._billing.namings.has_odd(self._module_id)

    def look_up(self, item_ids: List[int]) -> List[Entry]:
        """The entries of the services, without those that are closed by now.

        Raises KeyUnavailable.
        """
        if not item_ids:
            return []
        items = self._billing.services.items(self._module_id, item_ids)
        return [self._entry(item) for item in items]

    def owner(self, item: Item) -> Ownership:
        """Tells whose the account of a service is."""
        return self._owner_of(item)

    def _entry(self, item: Item) -> Entry:
        if item.is_broken:
            return Entry(item, "", UNREADABLE, "what is saved on it does not decrypt")
        owner = self._owner_of(item)
        try:
            record = owner.record()
        except errors.MarkForeign as error:
            return Entry(item, "", FOREIGN, str(error))
        except errors.AccountElsewhere as error:
            return Entry(item, "", ELSEWHERE, str(error))
        is_unsettled = owner.is_unsettled(record)
        if record is None or not record.proved:
            return Entry(item, "", UNOPENED, "no account was opened for it", is_unsettled)
        return Entry(item, record.login, is_unsettled=is_unsettled)
