"""What people change on the record of an account that waits."""

from typing import Callable

from utils.accounts.endings import Ending
from utils.base import errors
from utils.base.errors import PmError
from utils.billing.reply import Reply
from utils.ending.choose import choose
from utils.ending.words import EndingWords
from utils.run.context import Context
from utils.run.service import lock

LONGEST_WHY = 300
"""Characters of a reason: as much as fits into a line of a list."""


def change(ctx: Context, act: Callable[[Ending], Ending], told: str) -> Reply:
    """Changes the ending of the login of the call, under the lock of its service.

    Returns what people are told by the message of that name. Raises BadArguments.
    """
    words = EndingWords(ctx.call.lang)
    try:
        chosen = choose(ctx, ctx.endings.all_open())
        with lock(ctx, chosen.item_id, ctx.wait_s):
            ending = ctx.endings.read(chosen.name)
            if ending is None or not ending.is_open:
                raise errors.EndingUnknown(chosen.login)
            changed = act(ending)
            ctx.endings.save(changed)
    except PmError as error:
        if isinstance(error, errors.BadArguments):
            raise
        ctx.log.error("failed: %s", error)
        ctx.error = error
        return Reply(words.document(words.of_error(error)), exit_code=1)
    ctx.log.info("%s: %s", changed.login, ctx.call.command)
    ctx.deeds.remark(f"{changed.item_id} {changed.login}: {ctx.call.command} {ctx.call.why}")
    said = words.say(told, f"{changed.login}, {changed.until.isoformat()}")
    return Reply(words.document(said))
