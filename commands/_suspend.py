"""Non-payment locks the account."""

from utils.billing import reply
from utils.billing.reply import Reply
from utils.run.context import Context
from utils.run.service import switch


def run(ctx: Context) -> Reply:
    """Disables the service's account and tells BILLmanager."""
    service = ctx.service()
    switch(ctx, service, enabled=False)
    ctx.billing.closing.post(service.item, "suspend")
    return reply.ok()
