"""Which accounts have waited for their time, and which records are older than they are kept."""

from datetime import timedelta
from typing import Dict, List, Optional

from utils.accounts.endings import WAITING, Ending
from utils.base import errors
from utils.run.context import Context

YEAR_DAYS = 366
"""No record is forgotten a day too early."""


def all_due(ctx: Context, module_id: Optional[int] = None) -> List[Ending]:
    """The endings that are due today, of all modules or of one."""
    ours = [one for one in ctx.endings.all_open() if module_id in (None, one.module_id)]
    return [one for one in ours if one.is_due(ctx.today)]


def refuse_many(ctx: Context, endings: List[Ending]) -> None:
    """Raises PurgeRefused where more are due than a run may delete.

    What was begun before is not counted: it was within the limit of its day.
    """
    limit = ctx.call.limit if ctx.call.limit is not None else ctx.settings.purge_limit
    new = sum(one.state == WAITING for one in endings)
    if new > limit:
        raise errors.PurgeRefused(f"{new} > {limit}")


def by_module(endings: List[Ending]) -> Dict[int, List[Ending]]:
    """The endings, grouped by their modules."""
    found: Dict[int, List[Ending]] = {}
    for ending in endings:
        found.setdefault(ending.module_id, []).append(ending)
    return found


def forget_old(ctx: Context) -> int:
    """Removes records of what ended longer ago than they are kept, and returns how many."""
    oldest = ctx.today - timedelta(days=ctx.settings.certificate_years * YEAR_DAYS)
    gone = 0
    for ending in ctx.endings.past(oldest.year):
        if ending.ended_on is not None and ending.ended_on < oldest:
            ctx.endings.forget(ending)
            gone += 1
    return gone
