"""An account that waits is kept, whatever its day."""

from datetime import date
from typing import Optional

from utils.accounts.endings import STAFF, Ending, Hold
from utils.base import errors
from utils.billing.reply import Reply
from utils.ending import holding
from utils.run.context import Context


def run(ctx: Context) -> Reply:
    """Notes why, and until the end of which day; without one until it is released.

    The exit code is 1 where nothing of that login waits. Raises BadArguments.
    """
    why, until = ctx.call.why.strip(), _until(ctx)
    if not why or not why.isprintable() or len(why) > holding.LONGEST_WHY:
        raise errors.BadArguments("--why")

    def hold(ending: Ending) -> Ending:
        return ending.held(Hold(STAFF, why, ctx.today, until))

    return holding.change(ctx, hold, "is_held")


def _until(ctx: Context) -> Optional[date]:
    text = ctx.call.until.strip()
    if not text:
        return None
    try:
        until = date.fromisoformat(text)
    except ValueError as error:
        raise errors.BadArguments(f"--until {text}") from error
    if until < ctx.today:
        raise errors.BadArguments(f"--until {text}")
    return until
