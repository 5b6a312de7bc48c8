"""A service was renewed."""

from utils.billing import reply
from utils.billing.reply import Reply
from utils.run import guard
from utils.run.context import Context
from utils.run.service import lock, read


def run(ctx: Context) -> Reply:
    """Tells the client of a space that holds less than is used, and BILLmanager that all is done.

    A renewal is paid for and changes nothing in the cloud. So no fault of a cloud, and nothing that
    is unclear about the account, keeps it from being booked. BILLmanager is told only while it
    waits for that: whether it would renew a second time, nobody knows (docs/en/protocol.md,
    "Checks").
    """
    item_id = ctx.call.item_id()
    with lock(ctx, item_id, ctx.wait_s):
        item = read(ctx, item_id)
        guard.remind(ctx, item)
        ctx.billing.closing.post_prolong(item)
    return reply.ok()
