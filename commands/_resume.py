"""Payment unlocks the account."""

from utils.billing import reply
from utils.billing.reply import Reply
from utils.run import suspension, trial
from utils.run.context import Context


def run(ctx: Context) -> Reply:
    """Gives the account back as it was ordered, and tells BILLmanager.

    Of a trial that was paid for it leaves the group of trials.
    """
    service = ctx.service()
    suspension.resume(ctx, service)
    if service.item.trial_group:
        trial.settle(ctx, service)
    ctx.billing.closing.post(service.item, "resume")
    return reply.ok()
