"""The group of accounts in a trial, which they leave for the tariff's own with the first payment.

The group is noted on the service once the account is in it, and taken off the note once it is not:
whatever tariff the service has by then, what was joined is what is left.
"""

from typing import TYPE_CHECKING

from utils.base.values import Order
from utils.consts import ITEM_TRIAL_GROUP
from utils.run.service import Service, find, renew

if TYPE_CHECKING:
    from utils.run.context import Context


def settle(ctx: "Context", service: Service) -> None:
    """Puts the account into the group that it is to be in by now, and no other of its trial."""
    item = service.item
    if not item.trial_group and not item.trial:
        return
    order = ctx.billing.tariffs.order(item, with_client=False)
    order = Order(group=order.group, leave_group=order.leave_group)
    account = service.accounts.bring(find(ctx, service), order)
    renew(ctx, service, account)
    note(ctx, service)


def note(ctx: "Context", service: Service) -> None:
    """Notes the group of its trial on a service whose account is in the group of its order."""
    item = service.item
    wanted = ctx.billing.tariffs.trial_group(item)
    if wanted == item.trial_group:
        return
    if wanted:
        ctx.billing.services.save(item.id, {ITEM_TRIAL_GROUP: wanted})
    else:
        ctx.billing.services.drop(item.id, ITEM_TRIAL_GROUP)
