"""A new tariff or add-on changes quota and group."""

from utils.accounts.levels import under_level
from utils.base import errors
from utils.base.errors import Told
from utils.billing import reply
from utils.billing.reply import Reply
from utils.run import guard, trial
from utils.run.context import Context
from utils.run.service import Service, find, follow, renew


def run(ctx: Context) -> Reply:
    """Brings quota, group and what follows the client to what billing has, tells BILLmanager.

    Space below what is used is paid for by now: it is set, and the client is told.

    While the tariff changes, the old one's group is left; groups set by hand stay. Whether the
    account is enabled is not touched: a suspended service may change its tariff. A change that
    can never be made is taken back, a passing or unknown fault never undoes a paid one.
    """
    service = ctx.service()
    try:
        _apply(ctx, service)
    except errors.PmError as error:
        if error.told is Told.STAFF_NOW:
            _roll_back(ctx, service)
        raise
    ctx.billing.closing.post_set_param(service.item)
    return reply.ok()


def _apply(ctx: Context, service: Service) -> None:
    order = ctx.billing.tariffs.order(service.item, with_client=True)
    old_tariff_id = service.item.last_tariff_id
    if old_tariff_id and not order.leave_group:
        order = order._replace(leave_group=ctx.billing.tariffs.group(old_tariff_id))
    found = find(ctx, service)
    account = follow(ctx, service, found, under_level(order, service.item, found))
    renew(ctx, service, account)
    trial.note(ctx, service)
    guard.tell(ctx, service.item, account, order.quota_bytes)


def _roll_back(ctx: Context, service: Service) -> None:
    """Takes a change of tariff back, once the old quota and group are seen in the cloud again.

    Or once the account is known to be gone. Where neither can be said staff decides.
    """
    item = service.item
    if item.last_tariff_id is None:
        return
    try:
        old = item._replace(tariff_id=item.last_tariff_id)
        order = ctx.billing.tariffs.order(old, with_client=False)
        account = service.owner.existing()
        if account is not None:
            leave_group = ctx.billing.tariffs.group(item.tariff_id)
            order = under_level(order._replace(leave_group=leave_group), item, account)
            service.accounts.bring(account, order)
        ctx.billing.closing.roll_back_tariff(item)
    except errors.PmError as error:
        ctx.log.warning("the change of tariff is not taken back: %s", error)
