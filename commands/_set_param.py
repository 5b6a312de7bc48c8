"""A new tariff or add-on changes quota and group."""

from utils import reply
from utils.context import Context


def run(ctx: Context) -> bytes:
    """Brings quota and group to what billing has now and tells BILLmanager.

    While the tariff changes, the old one's group is left; groups set by hand stay. Whether the
    account is enabled is not touched: a suspended service may change its tariff.
    """
    service = ctx.service()
    order = ctx.tariffs.order(service.item, with_client=False)
    old_tariff_id = service.item.last_tariff_id
    leave_group = ctx.tariffs.group(old_tariff_id) if old_tariff_id else ""
    service.accounts.bring(service.owner.account(), order, leave_group)
    ctx.billing.post_set_param(service.item)
    return reply.ok()
