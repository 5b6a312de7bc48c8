"""How a service is suspended and resumed: locked, read-only, or only warned."""

from typing import TYPE_CHECKING, Optional

from utils.accounts import levels
from utils.accounts.levels import Level
from utils.base import errors
from utils.base.values import Account, Order
from utils.consts import ITEM_LEVEL, READ_ONLY, STATUS_SUSPENDED, WARN
from utils.run.service import Service, find, renew, switch

if TYPE_CHECKING:
    from utils.run.context import Context

SUSPENDED = "suspended"
"""The letter to a client whose service was suspended; its occasion is the level and the day."""


def suspend(ctx: "Context", service: Service) -> str:
    """Suspends the service as its tariff has it, and returns the level.

    Raises TermUnusable, and what finding and changing the account raises.
    """
    wanted = ctx.billing.tariffs.end_terms(service.item.tariff_id).suspension
    noted = levels.read(service.item.level)
    if wanted == WARN and noted is not None and noted.was_warned:
        wanted = READ_ONLY  # its time of warning was over when it was suspended before
    if wanted == READ_ONLY:
        is_known = noted is not None and noted.name == READ_ONLY
        known = noted if is_known else None
        _make_read_only(ctx, service, known or Level(READ_ONLY, ctx.today))
    elif wanted == WARN:
        _warn(ctx, service, noted)
    else:
        _lock(ctx, service, noted)
    return wanted


def escalate(ctx: "Context", service: Service) -> None:
    """Makes read-only a service whose time of warning is over; any other is left alone."""
    level = levels.level_of(service.item)
    if service.item.status == STATUS_SUSPENDED and level is not None and level.name == WARN:
        _make_read_only(ctx, service, Level(READ_ONLY, ctx.today, was_warned=True))


def resume(ctx: "Context", service: Service) -> Optional[Account]:
    """Lets the customer in, and gives him back what he has ordered where that was taken.

    Returns the account where it could be read.
    """
    if levels.read(service.item.level) is None:
        return switch(ctx, service, enabled=True)
    ordered = ctx.billing.tariffs.order(service.item, with_client=False)
    order = Order(quota_bytes=ordered.quota_bytes, enabled=True)
    account = service.accounts.bring(find(ctx, service), order)
    renew(ctx, service, account)
    _drop(ctx, service)
    return account


def tell(ctx: "Context", service: Service, level: str) -> None:
    """Tells the client that his service is suspended, and how, where that is wished for."""
    if not ctx.settings.tell_endings:
        return
    from utils.run.telling import Letter, Teller  # few settings ask for it

    item = service.item
    occasion = f"{level}-{ctx.today.isoformat()}"
    kind = f"{SUSPENDED}_{level}"
    letter = Letter(kind, item.id, item.account_id, occasion, STATUS_SUSPENDED)
    letter = letter._replace(words={"login": ctx.login})
    try:
        Teller(ctx, ctx.today).tell_held(letter)
    except errors.PmError as error:
        ctx.log.warning("the client of service %d is not told: %s", item.id, error)


def _lock(ctx: "Context", service: Service, noted: Optional[Level]) -> None:
    if noted is not None:
        ordered = ctx.billing.tariffs.order(service.item, with_client=False)
        order = Order(quota_bytes=ordered.quota_bytes, enabled=False)
        account = service.accounts.bring(find(ctx, service), order)
        renew(ctx, service, account)
        _drop(ctx, service)
    else:
        switch(ctx, service, enabled=False)


def _make_read_only(ctx: "Context", service: Service, level: Level) -> None:
    """Takes the room before anybody is let in who was locked out."""
    account = find(ctx, service)
    _note(ctx, service, level)
    account = service.accounts.bring(account, levels.room_less(account))
    account = service.accounts.bring(account, Order(enabled=True))
    renew(ctx, service, account)


def _warn(ctx: "Context", service: Service, noted: Optional[Level]) -> None:
    """Leaves the account as it is ordered; whoever had been locked, or read-only, is let in."""
    account = find(ctx, service)
    if noted is None or noted.name != WARN:
        _note(ctx, service, Level(WARN, ctx.today))
    order = Order(enabled=True)
    if noted is not None:
        ordered = ctx.billing.tariffs.order(service.item, with_client=False)
        order = order._replace(quota_bytes=ordered.quota_bytes)
    account = service.accounts.bring(account, order)
    renew(ctx, service, account)


def _note(ctx: "Context", service: Service, level: Level) -> None:
    ctx.billing.services.save(service.item.id, {ITEM_LEVEL: str(level)})


def _drop(ctx: "Context", service: Service) -> None:
    ctx.billing.services.drop(service.item.id, ITEM_LEVEL)
