"""Whether a service may have the value of a parameter that a form names, before it is sold."""

from utils.billing.reply import Reply
from utils.run import guard
from utils.run.context import Context


def run(ctx: Context) -> Reply:
    """Refuses what no account could have, and less space than the service uses; all else is fine.

    Some product types sell space by a parameter of the name of an add-on. Raises ChoiceRefused.
    """
    return guard.answer(ctx, guard.check_addon)
