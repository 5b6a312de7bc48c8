"""What people change on the record of an account that waits."""

from typing import Callable

from utils.accounts.endings import Ending
from utils.base import errors
from utils.billing.reply import Reply
from utils.ending.answers import answer
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

    def done(words: EndingWords) -> Reply:
        chosen = choose(ctx, ctx.endings.all_open())
        with lock(ctx, chosen.item_id, ctx.wait_s):
            ending = ctx.endings.read(chosen.name)
            if ending is None or not ending.is_open:
                raise errors.EndingUnknown(chosen.login)
            changed = act(ending)
            ctx.endings.save(changed)
        ctx.log.info("%s: %s", changed.login, ctx.call.command)
        what = f"{ctx.call.command} {ctx.call.why}".strip()
        ctx.deeds.remark(f"{changed.item_id} {changed.login}: {what}")
        said = words.say(told, f"{changed.login}, {changed.until.isoformat()}")
        return Reply(words.document(said))

    return answer(ctx, done)
