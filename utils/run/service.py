"""One service of the call, taken for this run alone, with all that is needed to act on it."""

from typing import TYPE_CHECKING, NamedTuple

from utils.accounts.provisioning import Provisioning
from utils.base import errors
from utils.consts import STATUS_CLOSED
from utils.host.locks import LockFile, hold
from utils.host.state import SERVICES

if TYPE_CHECKING:
    from utils.accounts.ownership import Ownership
    from utils.api import NextcloudAPIClient
    from utils.base.values import Item, Server
    from utils.run.context import Context


class Service(NamedTuple):
    """A service and all that is needed to act on its account; `lock` keeps other runs off it."""

    item: "Item"
    server: "Server"
    cloud: "NextcloudAPIClient"
    owner: "Ownership"
    accounts: "Provisioning"
    lock: LockFile


def take(ctx: "Context", closed_too: bool = False) -> Service:
    """The service of the call with its cloud, for this process alone.

    Raises Busy, ServiceClosed unless a closed one is wanted too, and what reading either may
    raise.
    """
    item_id = ctx.call.item_id()
    path = ctx.state.path(SERVICES) + ".lock"
    lock = hold(path, [item_id], ctx.wait_s, f"service {item_id}")
    item = _read(ctx, item_id)
    if item.status == STATUS_CLOSED and not closed_too:
        raise errors.ServiceClosed(item.id)
    server = ctx.billing.modules.server(item.module_id)
    cloud = ctx.cloud(server)
    owner = ctx.owner(item, server, cloud)
    return Service(item, server, cloud, owner, Provisioning(cloud, ctx.log), lock)


def _read(ctx: "Context", item_id: int) -> "Item":
    try:
        return ctx.billing.services.item(item_id)
    except errors.SecretBroken:
        # Where the module's own secret does not decrypt either, no service is to blame.
        ctx.billing.modules.server(ctx.billing.services.module_of(item_id))
        raise
