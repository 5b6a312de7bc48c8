"""Payment unlocks the account."""

from utils.billing import reply
from utils.billing.reply import Reply
from utils.run.context import Context
from utils.run.service import switch


def run(ctx: Context) -> Reply:
    """Enables the service's account and tells BILLmanager."""
    service = ctx.service()
    switch(ctx, service, enabled=True)
    ctx.billing.closing.post(service.item, "resume")
    return reply.ok()
