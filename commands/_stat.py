"""The used space of every service, once a day, for billing."""

from datetime import date

from utils import reply
from utils.context import Context
from utils.usage import Collector


def run(ctx: Context) -> bytes:
    """Writes a row for every service of the module whose account was read, then tells BILLmanager.

    A row is replaced, never added to. A missing account is a warning without a row. Where
    something could not be read nothing is written for it and BILLmanager is not told: what was
    read stays, and the next run completes it.
    """
    server = ctx.billing.server(ctx.module_id())
    day = date.today().isoformat()  # BILLmanager counts days in its own server's time zone
    collector = Collector(ctx, server, day)
    collector.read_all()
    collector.finish()
    ctx.billing.post_stat(server.module_id, day)
    return reply.ok()
