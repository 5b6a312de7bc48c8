"""Payment unlocks the account."""

from utils import reply
from utils.context import Context


def run(ctx: Context) -> bytes:
    """Enables the service's account and tells BILLmanager."""
    service = ctx.service()
    service.accounts.enable(service.owner.account())
    ctx.billing.post(service.item, "resume")
    return reply.ok()
