"""Non-payment suspends the service: its account is locked, read-only, or only warned."""

from utils.billing import reply
from utils.billing.reply import Reply
from utils.run import suspension
from utils.run.context import Context


def run(ctx: Context) -> Reply:
    """Suspends the service as its tariff has it; tells BILLmanager, and the client if wished."""
    service = ctx.service()
    level = suspension.suspend(ctx, service)
    ctx.billing.closing.post(service.item, "suspend")
    suspension.tell(ctx, service, level)
    return reply.ok()
