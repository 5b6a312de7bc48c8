"""An account that waits is given to a service."""

from utils.accounts.endings import RETURNED, Ending
from utils.billing.reply import Reply
from utils.consts import STATUS_PROCESSING
from utils.ending import giving
from utils.ending.answers import answer
from utils.ending.choose import choose
from utils.ending.words import EndingWords
from utils.host import budget
from utils.run.context import Context


@budget.endless()
def run(ctx: Context) -> Reply:
    """Gives the account of the login to the service of the call, as it was.

    The service is the old one, opened again, or another of the same client. The account that it
    has so far waits then. The exit code is 1 where that cannot be. Raises BadArguments.
    """
    item_id = ctx.call.item_id()

    def act(words: EndingWords) -> Reply:
        ending = choose(ctx, _endings(ctx, item_id))
        service = giving.restore(ctx, ctx.service(), ending)
        told = "is_restored_dry" if ctx.call.dry_run else "is_restored"
        lines = [words.say(told, ending.login)]
        if service.item.status == STATUS_PROCESSING:
            lines.append(words.say("hint_open", item_id))
        return Reply(words.document(*lines))

    try:
        return answer(ctx, act, obeys_do_nothing=True)
    finally:
        ctx.leave()


def _endings(ctx: Context, item_id: int) -> "list[Ending]":
    """What may be given to the service, and what an earlier run of this command has given to it."""
    # The open ones are read first: what another run puts by meanwhile is in the past then.
    waiting = ctx.endings.all_open()
    given = [one for one in ctx.endings.past() if one.state == RETURNED and one.to_item == item_id]
    known = {one.name for one in given}
    return [*given, *(one for one in waiting if one.name not in known)]
