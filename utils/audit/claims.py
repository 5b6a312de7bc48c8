"""Which services name which accounts of one server, be they closed or served by other modules.

Nearly every service names `user_` and its own number, so it is found by that number. The others
are read once, and held.
"""

from typing import Dict, Iterable, List, Mapping, Set

from utils.accounts.names import item_of
from utils.base import address, logins
from utils.billing.billmanager import Billing
from utils.billing.namings import LIVING, Named
from utils.consts import STATUS_CLOSED


class Claims:
    """The claims on the accounts of a server, of which `addresses` are all that it had.

    Every method may raise DatabaseUnavailable, KeyUnavailable.
    """

    def __init__(self, billing: Billing, addresses: Iterable[str]) -> None:
        self._billing = billing
        self._here = self._modules_at([*addresses])
        self._odd: Dict[str, List[Named]] = {}
        self._odd_items: Set[int] = set()
        for one in billing.namings.odd():
            self._odd_items.add(one.item_id)
            for login in one.logins:
                self._odd.setdefault(login, []).append(one)

    def _modules_at(self, addresses: List[str]) -> Set[int]:
        """The modules whose accounts are on the server, as far as can be told."""
        here = {digest for one in addresses for digest in address.digests(one)}
        found = set()
        for module in self._billing.modules.stored():
            base_url = self._billing.modules.base_url(module.id)
            if not base_url or here.intersection(address.digests(base_url)):
                found.add(module.id)
        return found

    def of(self, wanted: Iterable[str]) -> Dict[str, List[Named]]:
        """The services that name each of the logins, by the login folded; of any status."""
        folded = {logins.fold(login) for login in wanted}
        numbers = {item_of(login) for login in folded}
        regular = self._billing.namings.of_services(
            sorted(one for one in numbers if one is not None and one not in self._odd_items)
        )
        found = {login: [*self._odd.get(login, [])] for login in folded}
        for one in regular:
            for login in one.logins:
                if login in found:
                    found[login].append(one)
        return found

    def rivals(self, owned: Mapping[int, str]) -> Dict[int, List[int]]:
        """By service the other living services that name its account, whose login is given.

        Those that have none are left out. Only where a login has another number than its service
        that number's service is looked up: else it is the service itself.
        """
        strange = [login for item_id, login in owned.items() if item_of(login) != item_id]
        named = self.of(strange) if strange else {}
        found = {}
        for item_id, login in owned.items():
            folded = logins.fold(login)
            naming = named.get(folded, self._odd.get(folded, []))
            rivals = {one.item_id for one in naming if self.is_living(one)} - {item_id}
            if rivals:
                found[item_id] = sorted(rivals)
        return found

    def is_here(self, service: Named) -> bool:
        """Whether the service's account would be on this server."""
        return service.module_id in self._here

    def is_living(self, service: Named) -> bool:
        """Whether the service has, or may yet get, an account on this server."""
        return service.status in LIVING and self.is_here(service)

    def is_over(self, service: Named) -> bool:
        """Whether the service had its account on this server, and is closed."""
        return service.status == STATUS_CLOSED and self.is_here(service)
