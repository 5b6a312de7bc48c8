"""An account that was kept waits again."""

from utils.accounts.endings import Ending
from utils.billing.reply import Reply
from utils.ending import holding
from utils.run.context import Context


def run(ctx: Context) -> Reply:
    """Takes the hold off, be it staff's or that of a run which found the account in use.

    It waits its whole time again from today on: nothing is deleted the next night. The exit code
    is 1 where nothing of that login waits. Raises BadArguments.
    """

    def release(ending: Ending) -> Ending:
        return ending.released(ctx.today) if ending.hold is not None else ending

    return holding.change(ctx, release, "is_released")
