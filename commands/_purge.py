"""Accounts that have waited for their time are deleted."""

from typing import List

from utils.base import errors
from utils.base.errors import PmError
from utils.billing.reply import Reply
from utils.ending import night, purge
from utils.ending.purge import FAILED, LOST, Verdict
from utils.ending.words import EndingWords
from utils.host import budget
from utils.run.context import Context


@budget.endless()
def run(ctx: Context) -> Reply:
    """Deletes what is due, of all modules or that of the call, and forgets what is long over.

    More than `purge_limit`, or --limit, is refused: then nothing is deleted. The exit code is 1
    where something failed, or the record is not whole. Raises BadArguments.
    """
    words = EndingWords(ctx.call.lang)
    if ctx.host.does_nothing():
        return Reply(words.document(words.say("does_nothing")), exit_code=1)
    try:
        verdicts = _purge(ctx)
        damaged = ctx.endings.damaged()
    except PmError as error:
        ctx.log.error("failed: %s", error)
        ctx.error = error
        return Reply(words.document(words.of_error(error)), exit_code=1)
    lines = [*words.of_verdicts(verdicts)]
    if damaged:
        lines += ["", words.of_error(errors.EndingDamaged(", ".join(damaged)))]
    is_bad = bool(damaged) or any(one.kind in (FAILED, LOST) for one in verdicts)
    return Reply(words.document(*lines), exit_code=int(is_bad))


def _purge(ctx: Context) -> List[Verdict]:
    verdicts: List[Verdict] = []
    due = purge.by_module(purge.refuse_many(ctx, ctx.call.module))
    for module_id, ours in sorted(due.items()):
        verdicts += purge.run_module(ctx, module_id, ours, night.teller_of(ctx))
    night.tell_gone(ctx, verdicts)
    purge.forget_old(ctx)
    return verdicts
