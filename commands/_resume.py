"""Payment unlocks the account."""

from utils.base.values import Order
from utils.billing import reply
from utils.billing.reply import Reply
from utils.run.context import Context
from utils.run.service import renew


def run(ctx: Context) -> Reply:
    """Enables the service's account and tells BILLmanager."""
    service = ctx.service()
    account = service.accounts.bring(service.owner.account(), Order(enabled=True))
    renew(ctx, service, account)
    ctx.billing.closing.post(service.item, "resume")
    return reply.ok()
