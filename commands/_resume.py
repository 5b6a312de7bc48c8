"""Payment unlocks the account."""

from utils.billing import reply
from utils.run.context import Context


def run(ctx: Context) -> bytes:
    """Enables the service's account and tells BILLmanager."""
    service = ctx.service()
    service.accounts.enable(service.owner.account())
    ctx.billing.closing.post(service.item, "resume")
    return reply.ok()
