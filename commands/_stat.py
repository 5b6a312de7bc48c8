"""The used space of every service, once a day, for billing."""

from datetime import date

from utils.base.values import Server
from utils.billing import reply
from utils.billing.reply import Reply
from utils.census.census import Census
from utils.census.days import WholeDays
from utils.census.register import Register
from utils.census.usage import Collector
from utils.run.context import Context


def run(ctx: Context) -> Reply:
    """Writes a row for every service of the module whose account was read, then tells BILLmanager.

    A missing account is a warning without a row. Where something could not be read nothing is
    written for it and BILLmanager is not told: what was read stays, and a later run the same day
    completes it. The day is that of the start, also for what is read after midnight.
    """
    day = date.today()  # BILLmanager counts days in its own server's time zone
    server = ctx.billing.modules.server(ctx.call.module_id())
    days = WholeDays(ctx.state, server.module_id)
    missing = days.missing_before(day)
    if missing:
        ctx.log.warning("usage is not whole and stays so: %s to %s", *missing)
    _collector(ctx, server, day).collect()
    ctx.billing.statistics.post(server.module_id, day.isoformat())
    days.add(day)
    return reply.ok()


def _collector(ctx: Context, server: Server, day: date) -> Collector:
    """The collector of a module's usage, once it is this run's turn at the cloud."""
    settings, cloud = ctx.settings, ctx.cloud(server)
    register = Register(ctx.billing, server.module_id, lambda item: ctx.owner(item, server, cloud))
    census = Census(
        register, cloud, ctx.log, settings.page_size, server.timeout_s, settings.stat_budget_s
    )
    return Collector(census, ctx.billing, ctx.log, day)
