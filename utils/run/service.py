"""One service of the call, taken for this run alone, with all that is needed to act on it."""

import time
from typing import TYPE_CHECKING, NamedTuple, Optional

from utils.accounts.ownership import former_number
from utils.accounts.provisioning import Provisioning
from utils.base import errors
from utils.base.values import Order
from utils.consts import STATUS_ACTIVE, STATUS_CLOSED, STATUS_SUSPENDED
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

    Every run takes the service before its turn at the cloud. A run for many leaves its turn for
    that: whoever works on the service may be waiting for one.
    Raises Busy, ServiceClosed unless a closed one is wanted too, and what reading either may
    raise.
    """
    item_id = ctx.call.item_id()
    ctx.leave()
    until = time.monotonic() + ctx.wait_s
    taken = lock(ctx, item_id, ctx.wait_s)
    item = read(ctx, item_id)
    if item.status == STATUS_CLOSED and not closed_too:
        raise errors.ServiceClosed(item.id)
    # Before this run has its turn at the cloud, for which the other half may be waiting.
    _keep_other_half_off(item, taken, until - time.monotonic())
    server = ctx.billing.modules.server(item.module_id)
    return _service(ctx, item, server, ctx.cloud(server), taken)


def lock(ctx: "Context", item_id: int, wait_s: float) -> LockFile:
    """The lock of a service, which keeps other runs off it. Raises Busy, StateUnwritable."""
    path = ctx.state.path(SERVICES) + ".lock"
    return hold(path, [item_id], wait_s, f"service {item_id}")


def _service(
    ctx: "Context", item: "Item", server: "Server", cloud: "NextcloudAPIClient", lock: LockFile
) -> Service:
    owner = ctx.owner(item, server, cloud)
    return Service(item, server, cloud, owner, Provisioning(cloud, ctx.log), lock)


def _keep_other_half_off(item: "Item", lock: LockFile, wait_s: float) -> None:
    """Waits until no other run works on the service that this one may be a copy of.

    Of two halves that end at the same time one has to see that the other has ended. Only the copy
    waits for its old half, so no two of them wait for each other. Raises Busy.
    """
    number = former_number(item)
    if number in (None, item.id):
        return
    if lock.take([number], wait_s) is None:
        raise errors.Busy(f"service {number}")


def read(ctx: "Context", item_id: int) -> "Item":
    """The service as billing has it; the run is about it from now on.

    Raises ItemNotFound, SecretBroken, and what reading the module may raise.
    """
    try:
        item = ctx.billing.services.item(item_id)
    except errors.SecretBroken:
        # Where the module's own secret does not decrypt either, no service is to blame.
        ctx.billing.modules.server(ctx.billing.services.module_of(item_id))
        raise
    ctx.item_module = item.module_id
    ctx.login = item.mark.login if item.mark is not None else item.saved_login.strip()
    return item


def look(ctx: "Context", item: "Item", server: "Server") -> "Account":
    """The service's own account as the cloud shows it now, for whoever only wants to see it.

    It waits for nobody who works on the service, tries no password and writes nothing: where
    billing alone does not prove whose the account is, nobody is shown anything of it. Raises Busy,
    AccountMissing, ServiceNotOpen where more than the mark is to be looked at, and what reading
    may raise.
    """
    taken = lock(ctx, item.id, 0)
    try:
        owner = ctx.owner(item, server, ctx.cloud(server))
        record = owner.record()
        if record is None:
            raise errors.AccountMissing(item.id)
        if not record.proved or owner.is_unsettled(record):
            raise errors.ServiceNotOpen(f"{item.id}: {item.status}")
        account = owner.find(record)
        if account is None:
            raise errors.AccountMissing(record.login)
        return account
    finally:
        taken.close()


def settle(
    ctx: "Context",
    item_id: int,
    server: "Server",
    cloud: "NextcloudAPIClient",
    follows: bool = False,
) -> "Account":
    """The account of a service of which more is to be looked at than what stands on it.

    Takes over what was typed there, and marks a copy as the owner. Where it `follows`, what the
    client has changed is set there. For whoever goes over all services: it waits for nobody.
    Raises Busy, ServiceNotOpen, what `find` raises, and CloudWriteLimit.
    """
    taken = lock(ctx, item_id, 0)
    item = ctx.billing.services.item(item_id)
    if item.status not in (STATUS_ACTIVE, STATUS_SUSPENDED):
        # An order form may let the client type a login, so an order takes nothing over.
        raise errors.ServiceNotOpen(f"{item.id}: {item.status}")
    _keep_other_half_off(item, taken, 0)
    service = _service(ctx, item, server, cloud, taken)
    account = find(ctx, service)
    if follows:
        wish = ctx.billing.tariffs.wishes([item])[item.id]
        account = follow(ctx, service, account, wish)
        for error in service.accounts.failed.values():
            if isinstance(error, errors.CloudWriteLimit):
                raise error
    renew(ctx, service, account)
    return account


def find(ctx: "Context", service: Service) -> "Account":
    """The service's own account, so noted that the next run knows it whatever is done to it.

    Raises what Ownership.account raises.
    """
    account = service.owner.account()
    tell_of_typed(ctx, service)
    note(ctx, service)
    return account


def note(ctx: "Context", service: Service) -> None:
    """Marks the service as the owner of an account that was found by its password."""
    mark = service.owner.urgent_mark()
    if mark is not None:
        ctx.billing.services.save_mark(mark)


def tell_of_typed(ctx: "Context", service: Service) -> None:
    """Tells staff of a typed login that is left alone. Once it has a task that is written over."""
    if service.owner.left_alone is not None:
        _tell(ctx, service, service.owner.left_alone)


def _tell(ctx: "Context", service: Service, error: errors.PmError) -> None:
    ctx.billing.operations.tell_staff(service.item.id, ctx.call.command, error)


def follow(ctx: "Context", service: Service, account: "Account", order: "Order") -> "Account":
    """Brings an account to the order, with what has changed of its client since it was last set.

    What the customer has changed in the cloud himself stays. Raises what Provisioning.bring does.
    """
    item_id = service.item.id
    narrow = ctx.following.begin(item_id, account, order)
    account = service.accounts.bring(account, narrow._replace(drops_token=True))
    ctx.following.settle(item_id, account, order, narrow, service.accounts.failed)
    return account


def switch(ctx: "Context", service: Service, enabled: bool) -> "Optional[Account]":
    """Lets the service's customer in or locks him out, also where his account cannot be read.

    Returns the account where it can be.
    """
    try:
        order = Order(enabled=enabled)
        account = service.accounts.bring(find(ctx, service), order)
    except errors.AccountUnreadable as error:
        login = service.owner.unread_login(error)
        service.accounts.switch_unread(login, enabled)
        return None
    renew(ctx, service, account)
    return account


def renew(ctx: "Context", service: Service, account: "Account") -> bool:
    """Writes on the service what it lacks of what is known of its account, which was found.

    Returns whether it lacks nothing now. A command has done its work before it comes here, so no
    failure here costs it: the next one finds the same to do. A new client's address stands on the
    account before the service is marked as its owner, for the old one could get in by it.
    """
    renewal = service.owner.renewal()
    if renewal is None:
        return True
    if service.owner.left_alone is not None and not ctx.billing.operations.has_task():
        ctx.log.warning("what was typed is not written over before staff has a task of it")
        return False
    ctx.log.warning("what stands on the service is renewed: %s", renewal.words or "the mark")
    try:
        if renewal.is_copied:
            _hand_over(ctx, service, account)
        return write(ctx, service, renewal)
    except errors.PmError as error:
        ctx.log.warning("it is not renewed: %s", error)
        return False


def _hand_over(ctx: "Context", service: Service, account: "Account") -> None:
    """Gives the account the new client's e-mail, or none.

    Staff is told where the cloud does not take that, and the next command tries it again.
    """
    order = ctx.billing.tariffs.hand_over(service.item)
    try:
        account = service.accounts.bring(account, order)
        ctx.following.note(service.item.id, account, order)
    except (errors.CloudRefused, errors.NotAsOrdered, errors.RightsMissing) as error:
        _tell(ctx, service, errors.FormerEmail(account.login))
        raise error


def write(ctx: "Context", service: Service, renewal: "Renewal") -> bool:
    """Saves the renewal, unless somebody has changed what it would write over: then False."""
    if _seen(ctx.billing.services.item(service.item.id)) != _seen(service.item):
        ctx.log.warning("it was changed meanwhile: the next command looks at that")
        return False
    if renewal.mark is not None:
        ctx.billing.services.save_mark(renewal.mark)
    if renewal.values:
        ctx.billing.services.save_seen(service.item.id, renewal.values)
    return True


def _seen(item: "Item") -> "tuple[object, ...]":
    """What people may change on a service."""
    saved = (item.saved_login, item.saved_password, item.saved_url, item.saved_account)
    return (*saved, item.password_is_crypted)
