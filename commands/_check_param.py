"""Whether a service may have the value of a parameter that a form names, before it is sold."""

from utils.billing.reply import Reply
from utils.run import guard
from utils.run.context import Context


def run(ctx: Context) -> Reply:
    """Refuses a typed user name or e-mail that no cloud takes, and less space than is used.

    The latter where a parameter has the name of the add-on that sells space. All else is allowed.
    Raises NameUnfit, NameReserved, EmailUnfit, SpaceTooSmall.
    """
    return guard.answer(ctx, guard.check_param)
