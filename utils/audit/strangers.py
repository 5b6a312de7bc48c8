"""Accounts of a server that belong to no service of a module: whose they were, or may become."""

from typing import Callable, Dict, Iterator, List, Set

from utils.audit.claims import Claims
from utils.audit.differences import ADOPTABLE, CLOSED_ALIVE, ELSEWHERE, UNBILLED, Difference, Side
from utils.base import logins
from utils.base.values import Account
from utils.billing.namings import LIVING, Named
from utils.census.adoptable import LOGIN, Adoptable, Adoptables
from utils.census.numberset import NumberSet


class Strangers:
    """Looks at the accounts of one server for one module; see utils.census.census.Others.

    `is_protected` tells administrators and the module's own user, who are nobody's customers.
    The account of a closed service which `keeps` its account is as it is to be once it is disabled.
    Of a server that another module was looked at already `is_first` is False: only what services
    of this module may adopt is of interest then.
    """

    def __init__(
        self,
        module_id: int,
        claims: Claims,
        adoptables: Adoptables,
        is_protected: Callable[[Account], bool],
        tell: Callable[[List[Difference]], None],
        keeps: Callable[[Named], bool],
        is_first: bool,
    ) -> None:
        self._module_id = module_id
        self._claims = claims
        self._adoptables = adoptables
        self._is_protected = is_protected
        self._tell = tell
        self._keeps = keeps
        self._is_first = is_first
        self._met: Set[int] = set()
        self.wooing = NumberSet()
        """The services for which an account was found that they may adopt."""

    def unknown(self, wanted: List[str]) -> List[str]:
        """Those of the logins that no living service of this server has a proved account by."""
        named = self._claims.of(wanted)
        return [login for login in wanted if not self._is_taken(login, named)]

    def _is_taken(self, login: str, named: Dict[str, List[Named]]) -> bool:
        """Whether a living service names the login that has a number of its own in it."""
        return any(
            self._claims.is_living(one) and logins.fold(login) == f"user_{one.item_id}"
            for one in named[logins.fold(login)]
        )

    def meet(self, accounts: List[Account]) -> None:
        """Tells what differs in them. An account that was met before is left out."""
        new = []
        for account in accounts:
            key = hash(logins.fold(account.login))
            if key not in self._met and not self._is_protected(account):
                new.append(account)
        if not new:
            return
        named = self._claims.of(account.login for account in new)
        # An account whose own service is closed, or moved, is told as such, whoever it may fit now.
        free = [one for one in new if not self._was_ours(one.login, named)]
        found = [self._adoptable(one) for one in self._adoptables.among(free)]
        adopted = {one.login for one in found}
        for account in new:
            if account.login not in adopted and self._is_first:
                found += self._differences(account, named[logins.fold(account.login)])
        # Only what is told is kept: accounts of services come again on any page.
        self._met.update(hash(logins.fold(one.login)) for one in found)
        self._tell(found)

    def _adoptable(self, pair: Adoptable) -> Difference:
        item, account = pair.item, pair.account
        self.wooing.add(item.id)
        billing: Side = {"by": pair.by}
        if pair.by == LOGIN:
            billing["login"] = item.saved_login.strip()
        return Difference(
            ADOPTABLE,
            item.module_id,
            account.login,
            billing,
            {"email": account.email, **_shown(account)},
            item.id,
            item.account_id,
            item.tariff_id,
        )

    def _differences(self, account: Account, named: List[Named]) -> Iterator[Difference]:
        """What there is to say of an account by those who name it; at most one difference."""
        if any(map(self._claims.is_living, named)):
            return
        over = self._over(named)
        if over:
            if account.enabled or not self._keeps(over[-1]):
                yield self._of(CLOSED_ALIVE, over[-1], account, {"status": "closed"})
            return
        away = self._away(account.login, named)
        if away:
            yield self._of(ELSEWHERE, away[-1], account, {"module": away[-1].module_id})
            return
        yield Difference(
            UNBILLED,
            self._module_id,
            account.login,
            {},
            {"email": account.email, **_shown(account)},
            used_bytes=account.used_bytes,
        )

    def _over(self, named: List[Named]) -> List[Named]:
        return [one for one in named if self._claims.is_over(one)]

    def _away(self, login: str, named: List[Named]) -> List[Named]:
        """The living service of another server that has the number in the login, if there is one.

        A login that people have chosen may stand on two servers by chance.
        """
        return [
            one
            for one in named
            if one.status in LIVING
            and not self._claims.is_here(one)
            and logins.fold(login) == f"user_{one.item_id}"
        ]

    def _was_ours(self, login: str, named: Dict[str, List[Named]]) -> bool:
        claims = named[logins.fold(login)]
        return bool(self._over(claims) or self._away(login, claims))

    @staticmethod
    def _of(kind: str, service: Named, account: Account, billing: Side) -> Difference:
        return Difference(
            kind,
            service.module_id,
            account.login,
            billing,
            _shown(account),
            service.item_id,
            service.account_id,
            service.tariff_id,
            used_bytes=account.used_bytes if kind == CLOSED_ALIVE else None,
        )


def _shown(account: Account) -> Side:
    side: Side = {"enabled": account.enabled}
    if account.used_bytes is not None:
        side["used_bytes"] = account.used_bytes
    return side
