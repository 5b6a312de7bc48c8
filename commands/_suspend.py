"""Non-payment locks the account."""

from utils.billing import reply
from utils.billing.reply import Reply
from utils.run.context import Context


def run(ctx: Context) -> Reply:
    """Disables the service's account and tells BILLmanager."""
    service = ctx.service()
    service.accounts.disable(service.owner.account())
    ctx.billing.closing.post(service.item, "suspend")
    return reply.ok()
