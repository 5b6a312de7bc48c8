"""Adopts an account for one service: proves it, marks the service as its owner, compares them."""

import os
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, Optional, Tuple
from zlib import crc32

from utils.accounts import plan
from utils.accounts.adoption import TRUST, Adoption, Found, Wish
from utils.accounts.levels import under_level
from utils.base import errors, logins
from utils.consts import STATUS_ACTIVE
from utils.host import root
from utils.host.locks import LockFile, hold
from utils.host.state import LOGINS
from utils.run.service import Service, note, write

if TYPE_CHECKING:
    from utils.accounts.plan import Change
    from utils.base.values import Account, Order
    from utils.run.context import Context


class Adopted(NamedTuple):
    """An account that is the service's own now.

    `changes` are what differed from what was ordered, and `is_synced` is whether they were made.
    `trouble` is why they could not be said, or made.
    """

    account: "Account"
    proof: str
    changes: "Tuple[Change, ...]" = ()
    is_synced: bool = False
    trouble: Optional[errors.PmError] = None


def adopt(ctx: "Context", service: Service, wish: Wish, syncs: bool) -> Adopted:
    """Makes the account the service's own; only what is saved on the service is written.

    May be repeated after a stop anywhere. With `syncs` the account is brought to what was ordered
    then, and whatever fails at that is told with what was adopted all the same. Raises what
    Adoption.find raises, and NotSaved.
    """
    with _lock(ctx, wish.login):
        looking = Adoption(service.item, service.owner, service.cloud, ctx.billing)
        found = looking.find(wish)
        _save(ctx, service, found)
    try:
        return _compare(ctx, service, found, syncs)
    except errors.PmError as error:
        return Adopted(found.account, found.proof, trouble=error)


def _lock(ctx: "Context", login: str) -> LockFile:
    """Of two services that adopt the same account one waits, and then finds the other named there.

    Logins that share a number only wait for one another.
    """
    path = ctx.state.path(LOGINS) + ".lock"
    return hold(path, [crc32(logins.fold(login).encode())], ctx.wait_s, f"login {login}")


def _save(ctx: "Context", service: Service, found: Found) -> None:
    """Writes the mark first: by it every command knows the account, whatever else is written."""
    item, login = service.item, found.account.login
    if found.proof == TRUST:
        ctx.log.warning(
            "service %d: %s is adopted on trust: its e-mail is the client's", item.id, login
        )
        ctx.deeds.remark(f"{item.id} {login}: {TRUST}")
    else:
        ctx.log.info("service %d: %s is adopted: %s", item.id, login, found.proof)
    note(ctx, service)
    renewal = service.owner.renewal()
    if renewal is None or renewal.is_copied:  # a new client's e-mail is for the next command
        return
    write(ctx, service, renewal)
    _refuse_unsaved(ctx, service, login)


def _refuse_unsaved(ctx: "Context", service: Service, login: str) -> None:
    """Raises NotSaved where the service does not say by now whose the account is."""
    item = ctx.billing.services.item(service.item.id)
    is_marked = item.mark is not None and item.mark.is_made and item.mark.login == login
    if not is_marked or not logins.names(item.saved_login, login):
        raise errors.NotSaved(login)


def _compare(ctx: "Context", service: Service, found: Found, syncs: bool) -> Adopted:
    order = under_level(_order(ctx, service), service.item, found.account)
    changes = plan.changes(found.account, order)
    if not syncs:
        return Adopted(found.account, found.proof, changes)
    account = service.accounts.bring(found.account, order)
    return Adopted(account, found.proof, changes, is_synced=True)


def _order(ctx: "Context", service: Service) -> "Order":
    """What `sync_item` makes of the account."""
    order = ctx.billing.tariffs.order(service.item, with_client=False)
    return order._replace(enabled=service.item.status == STATUS_ACTIVE)


def refuse_trust_of_others(ctx: "Context") -> None:
    """Raises TrustRefused unless it is root who asks, or whoever owns BILLmanager's key."""
    me = os.geteuid()
    owners = {0}
    with suppress(OSError):
        owners.add(os.stat(ctx.host.path(root.KEY)).st_uid)
    if me not in owners:
        raise errors.TrustRefused(str(me))
