"""Whether a service may have as much of an add-on as a form chooses, before it is sold."""

from utils.billing.reply import Reply
from utils.run import guard
from utils.run.context import Context


def run(ctx: Context) -> Reply:
    """Refuses less space than the service uses, as the settings want it; all else is allowed.

    The use is read from the cloud where that answers at once, else the last counted one decides.
    Raises SpaceTooSmall.
    """
    return guard.answer(ctx, guard.check_addon)
