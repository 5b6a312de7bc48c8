"""One service of the call, taken for this run alone, with all that is needed to act on it."""

from typing import TYPE_CHECKING, NamedTuple

from utils.accounts.provisioning import Provisioning
from utils.base import errors
from utils.base.values import Order
from utils.consts import STATUS_CLOSED
from utils.host.locks import LockFile, hold
from utils.host.state import SERVICES

if TYPE_CHECKING:
    from utils.accounts.ownership import Ownership, Renewal
    from utils.api import NextcloudAPIClient
    from utils.base.values import Account, Item, Server
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


def find(ctx: "Context", service: Service) -> "Account":
    """The service's own account, so noted that the next run knows it whatever is done to it.

    Raises what Ownership.account raises.
    """
    account = service.owner.account()
    note(ctx, service)
    return account


def note(ctx: "Context", service: Service) -> None:
    """Marks the service as the owner of an account that was found by its password."""
    mark = service.owner.urgent_mark()
    if mark is not None:
        ctx.billing.services.save_mark(mark)


def switch(ctx: "Context", service: Service, enabled: bool) -> None:
    """Lets the service's customer in or locks him out, also where his account cannot be read."""
    try:
        order = Order(enabled=enabled)
        account = service.accounts.bring(find(ctx, service), order)
    except errors.AccountUnreadable as error:
        login = service.owner.unread_login(error)
        service.accounts.switch_unread(login, enabled)
    else:
        renew(ctx, service, account)


def renew(ctx: "Context", service: Service, account: "Account") -> None:
    """Writes on the service what it lacks of what is known of its account, which was found.

    A command has done its work before it comes here, so no failure here costs it: the next one
    finds the same to do. A new client's address stands on the account before the service is
    marked as its owner, for the old one could get in by it.
    """
    renewal = service.owner.renewal()
    if renewal is None:
        return
    ctx.log.warning("what stands on the service is renewed: %s", renewal.words or "the mark")
    try:
        write(ctx, service, account, renewal)
    except errors.PmError as error:
        ctx.log.warning("it is not renewed: %s", error)


def write(ctx: "Context", service: Service, account: "Account", renewal: "Renewal") -> None:
    """Writes a renewal on the service, for whoever has to know when that fails."""
    if renewal.is_copied:
        with_name = ctx.settings.display_name == "client"
        order = ctx.billing.tariffs.order(service.item, with_client=True, with_name=with_name)
        client = Order(email=order.email, display_name=order.display_name)
        service.accounts.bring(account, client)
    if renewal.mark is not None:
        ctx.billing.services.save_mark(renewal.mark)
    if renewal.values:
        ctx.billing.services.save(service.item.id, renewal.values)
