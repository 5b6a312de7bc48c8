"""Payment unlocks the account."""

from utils.billing import reply
from utils.billing.reply import Reply
from utils.run.context import Context


def run(ctx: Context) -> Reply:
    """Enables the service's account and tells BILLmanager."""
    service = ctx.service()
    service.accounts.enable(service.owner.account())
    ctx.billing.closing.post(service.item, "resume")
    return reply.ok()
