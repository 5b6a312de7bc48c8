"""The used space of every service, once a day, for billing."""

from datetime import date
from typing import Callable

from utils.accounts.fullness import Fullness
from utils.base import errors
from utils.base.values import Server
from utils.billing import reply
from utils.billing.reply import Reply
from utils.census.census import Census
from utils.census.days import ASKED, NO_DAY, WholeDays
from utils.census.register import Register
from utils.census.uncounted import Uncounted
from utils.census.usage import Collector
from utils.consts import MODULE
from utils.run.context import Context
from utils.run.warnings import Warnings


def run(ctx: Context) -> Reply:
    """Writes a row for every service of the module whose account was read, then tells BILLmanager.

    A missing account is a warning without a row. Where something could not be read nothing is
    written for it and BILLmanager is not told: what was read stays, and a later run the same day
    completes it. Clients whose accounts were read are told that their space runs out. What clients
    have changed of themselves is set in the accounts of a few. The day is that of the start, also
    for what is read after midnight.
    Nobody knows what a cloud held on another day: asked for one, nothing is read or written.
    Raises BadArguments for a day that cannot be read.
    """
    ctx.log.info("%s%s", ASKED, ctx.call.date.strip() or NO_DAY)
    day = date.today()  # BILLmanager counts days in its own server's time zone
    if _wanted(ctx.call.date, day) != day:
        ctx.log.warning(
            "usage of %s was asked for: nothing is booked, today is %s", ctx.call.date, day
        )
        return reply.ok()
    server = ctx.billing.modules.server(ctx.call.module_id())
    days = WholeDays(ctx.state, server.module_id)
    missing = days.missing_before(day)
    if missing:
        ctx.log.warning("usage is not whole and stays so: %s to %s", *missing)
    uncounted = Uncounted(
        ctx.billing.tasks, ctx.state, ctx.log, server.module_id, _describe(server.module_id)
    )
    fullness = Fullness(ctx.billing)
    warnings = Warnings(ctx, fullness, day, lambda error: _describe_untold(server, error))
    try:
        _collector(ctx, server, day, uncounted, fullness).collect()
    except errors.PmError:
        warnings.settle()  # of whoever was read: one account that cannot be read silences nobody
        _end_night(ctx)
        raise
    ctx.billing.statistics.post(server.module_id, day.isoformat())
    days.add(day)
    uncounted.settle()
    warnings.settle()
    _end_night(ctx)
    return reply.ok()


def _end_night(ctx: Context) -> None:
    """Does what else a night has to do; the turn at the cloud that `stat` had is over."""
    from utils.ending import night

    ctx.leave()
    night.run(ctx)


def _wanted(text: str, today: date) -> date:
    """The day that the call names, with or without a time behind it, or today."""
    if not text.strip():
        return today
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError as error:
        raise errors.BadArguments(f"--date {text}") from error


def _describe(module_id: int) -> Callable[[int, str], str]:
    """What staff reads of a service that is not counted, in each language."""

    def describe(item_id: int, why: str) -> str:
        from utils.doctor.words import in_each_language  # few runs have anything to tell

        return in_each_language("task_uncounted", f"{item_id} ({MODULE} {module_id}): {why}")

    return describe


def _describe_untold(server: Server, error: errors.PmError) -> str:
    """What staff reads where BILLmanager takes no notifications to clients, in each language."""
    from utils.doctor.words import in_each_language

    return in_each_language("task_untold", f"{MODULE} {server.module_id}: {error}")


def _collector(
    ctx: Context, server: Server, day: date, uncounted: Uncounted, fullness: Fullness
) -> Collector:
    """The collector of a module's usage, once it is this run's turn at the cloud."""
    settings, cloud = ctx.settings, ctx.cloud(server)
    from utils.run.service import settle  # of use for few services, on few days

    register = Register(ctx.billing, server.module_id, lambda item: ctx.owner(item, server, cloud))
    census = Census(
        register, cloud, ctx.log, settings.page_size, server.timeout_s, settings.stat_budget_s
    )
    return Collector(
        census,
        ctx.billing,
        ctx.log,
        day,
        uncounted,
        fullness,
        lambda item_id, follows=False: settle(ctx, item_id, server, cloud, follows),
        ctx.following,
    )
