"""An account that waits is given to a service again: the old one, or a new order of its client."""

from typing import List

from utils.accounts.endings import REPLACED, RETURNED, WAITING, Ending
from utils.accounts.levels import under_level
from utils.base import errors, logins
from utils.base.secret import Secret
from utils.base.values import Account, Item, Trust
from utils.consts import (
    ITEM_PASSWORD,
    STATUS_ACTIVE,
    STATUS_PROCESSING,
    STATUS_SUSPENDED,
)
from utils.ending.parting import Parting
from utils.run import trial
from utils.run.context import Context
from utils.run.service import Service, note

_ALIVE = (STATUS_ACTIVE, STATUS_SUSPENDED, STATUS_PROCESSING)
"""Statuses of services that may have an account back: paid for, and not over."""


REFUSALS = (
    *(errors.ServiceUnfit, errors.OtherClient, errors.EndingUnknown, errors.EndingHeld),
    *(errors.AccountElsewhere, errors.AccountNamed, errors.LoginUnknown),
    *(errors.AccountAwake, errors.AccountProtected),
)
"""What an account is kept from a service by, before anything of either was changed."""


def waiting_of(ctx: Context, service: Service) -> List[Ending]:
    """What waits of the client of a service that has no account yet, and may be given to it."""
    item = service.item
    return [
        one
        for one in ctx.endings.all_open()
        if one.state == WAITING
        and one.account_id == item.account_id
        and one.module_id == item.module_id
        and one.item_id != item.id
        and one.hold is None
    ]


def restore(ctx: Context, service: Service, ending: Ending) -> Service:
    """Gives the account to the service, with its files and shares as they were.

    An account that the service has so far waits then itself. May be repeated after a stop anywhere.
    Of a service whose order is under way only the mark is written: `open` does the rest.
    Raises ServiceUnfit, OtherClient, EndingUnknown, EndingHeld, AccountNamed, LoginUnknown,
    AccountAwake, AccountProtected, Busy, and what finding and changing accounts raises.
    """
    item = service.item
    if ending.item_id != item.id and service.lock.take([ending.item_id], ctx.wait_s) is None:
        raise errors.Busy(f"service {ending.item_id}")
    now = ctx.endings.read(ending.name)  # another run may have been here
    if now is None or now.login != ending.login:
        raise errors.EndingUnknown(ending.login)
    if now.state != RETURNED or now.to_item != item.id:
        _refuse_unfit(ctx, service, now)
        _take(ctx, service, now)
    service = _renewed(ctx, service)
    if item.status != STATUS_PROCESSING:
        _bring(ctx, service)
    return service


def _take(ctx: Context, service: Service, ending: Ending) -> None:
    """Writes whose the account is: the mark first, by which no run deletes it any more."""
    item, login = service.item, ending.login
    if not _is_marked(item, login):  # by an earlier run, which has put the other account to wait
        _replace_own(ctx, service, login)
    password = _password(ctx, ending)
    services = ctx.billing.services
    services.save_mark(service.owner.new_mark(login, password, is_made=True))
    if item.status != STATUS_PROCESSING:
        services.save_login(item.id, login, password, service.server.base_url)
        if not password and item.saved_password:
            services.drop(item.id, ITEM_PASSWORD)  # it is that of the other account
    ctx.endings.save(ending.returned(ctx.today, item.id))
    ctx.log.info("service %d has %s, which waited since %s", item.id, login, ending.closed_on)
    ctx.deeds.remark(f"{item.id} {login}: restored, of service {ending.item_id}")


def _is_marked(item: Item, login: str) -> bool:
    mark = item.mark
    is_ours = mark is not None and mark.trust is Trust.SEALED and mark.is_made
    return mark is not None and is_ours and logins.same(mark.login, login)


def _replace_own(ctx: Context, service: Service, login: str) -> None:
    """Puts the account that the service has so far to wait, unless it is that of the login.

    One that another living service names is left alone.
    """
    if service.item.status == STATUS_PROCESSING and service.item.mark is None:
        return  # a new order, on which a client may have typed any login
    own = service.owner.existing()
    if own is None or logins.same(own.login, login):
        return
    if not service.owner.rivals(own.login):
        terms = ctx.billing.tariffs.end_terms(service.item.tariff_id)
        note(ctx, service)
        Parting(ctx, service, terms.keep_days, why=REPLACED).keep(own)


def _renewed(ctx: Context, service: Service) -> Service:
    """The service with what stands on it now."""
    item = ctx.billing.services.item(service.item.id)
    return service._replace(item=item, owner=ctx.owner(item, service.server, service.cloud))


def _bring(ctx: Context, service: Service) -> None:
    """Lets the customer in, once all else is as he has ordered it."""
    item = service.item
    account = service.owner.account()
    order = ctx.billing.tariffs.order(item, with_client=False)
    account = service.accounts.bring(account, under_level(order, item, account))
    order = order._replace(quota_bytes=None, enabled=item.status == STATUS_ACTIVE)
    service.accounts.bring(account, under_level(order, item, account))
    trial.note(ctx, service)


def _refuse_unfit(ctx: Context, service: Service, ending: Ending) -> None:
    """Raises what keeps the account from the service."""
    item, server = service.item, service.server
    if item.status not in _ALIVE or ending.module_id != item.module_id:
        raise errors.ServiceUnfit(f"{item.id}: {item.status}")
    if not ending.is_at((server.base_url, *ctx.settings.former_servers)):
        raise errors.AccountElsewhere(f"{ending.login}: {ending.server}")
    if ending.account_id != item.account_id:
        raise errors.OtherClient(f"{item.id}: {item.account_id}, {ending.account_id}")
    if ending.state != WAITING:
        raise errors.EndingUnknown(f"{ending.login}: {ending.state}")
    if ending.is_held_by_staff and ending.is_held(ctx.today):
        raise errors.EndingHeld(f"{ending.login}: {ending.hold and ending.hold.why}")
    others = service.owner.rivals(ending.login)
    if others:
        raise errors.AccountNamed(f"{ending.login}: {', '.join(map(str, others))}")
    _refuse_account(service, ending)


def _refuse_account(service: Service, ending: Ending) -> Account:
    """Raises what the account itself has against it."""
    account = service.cloud.get_user(ending.login)
    if account is None:
        raise errors.LoginUnknown(ending.login)
    if service.owner.is_protected(account):
        raise errors.AccountProtected(account.login)
    if account.enabled:
        raise errors.AccountAwake(account.login)
    return account


def _password(ctx: Context, ending: Ending) -> Secret:
    """The password that stands on the old service, where it does."""
    try:
        saved = ctx.billing.services.saved(ending.item_id)
    except errors.SecretBroken:
        return Secret("")
    if saved is None or not logins.names(saved.login, ending.login):
        return Secret("")
    return saved.password or Secret("")
