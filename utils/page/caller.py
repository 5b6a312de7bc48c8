"""Who asks for a page, and whether the service is his to see.

BILLmanager shows functions of plugins to whoever has the level of access; which services are whose
it leaves to the plugin. So nothing of a service is read for anybody before this is answered.
"""

from typing import TYPE_CHECKING, NamedTuple, Optional

from utils.base import errors
from utils.consts import CLIENT_LEVEL, SERVER_LEVEL, STAFF_LEVEL
from utils.page.asked import Asked

if TYPE_CHECKING:
    from utils.base.values import Item
    from utils.billing.billmanager import Billing


class Caller(NamedTuple):
    """Staff, or a client by his account."""

    is_staff: bool
    account_id: Optional[int] = None

    def may_see(self, account_id: int) -> bool:
        """Whether a service of that client is to be shown."""
        return self.is_staff or (self.account_id is not None and self.account_id == account_id)


def identify(asked: Asked, billing: "Billing") -> Caller:
    """Who asks.

    BILLmanager may mean a user by his number or by his name, and a client chooses his name himself:
    one that may be two clients is none. Raises PageDenied.
    """
    if not asked.user or asked.level < CLIENT_LEVEL:
        raise errors.PageDenied
    if asked.level >= SERVER_LEVEL:
        return Caller(is_staff=True)
    accounts = set(billing.users.accounts(asked.user).values())
    if asked.level >= STAFF_LEVEL:
        if not accounts:
            raise errors.PageDenied
        return Caller(is_staff=True)
    if len(accounts) != 1:
        raise errors.PageDenied
    return Caller(is_staff=False, account_id=accounts.pop())


def find_item(asked: Asked, caller: Caller, billing: "Billing") -> "Item":
    """The service that is asked for, where the caller may see it.

    Raises PageDenied in the same words for a stranger's service, another module's and none at all.
    """
    if asked.item_id is None:
        raise errors.PageDenied
    owner_id = billing.services.client_of(asked.item_id)
    if owner_id is None or not caller.may_see(owner_id):
        raise errors.PageDenied
    item = billing.services.item(asked.item_id)
    if not caller.may_see(item.account_id):  # it may have changed hands meanwhile
        raise errors.PageDenied
    return item
