"""Accounts that have waited for their time are deleted."""

from typing import List

from utils.billing.reply import Reply
from utils.ending import due, night, purge
from utils.ending.answers import answer
from utils.ending.purge import FAILED, LOST, Verdict
from utils.ending.words import EndingWords
from utils.host import budget
from utils.run.context import Context


@budget.endless()
def run(ctx: Context) -> Reply:
    """Deletes what is due, of all modules or that of the call, and forgets what is long over.

    More than `purge_limit`, or --limit, is refused: then nothing is deleted, and staff is told. The
    exit code is 1 where something failed, or the record is not whole. Raises BadArguments.
    """

    def act(words: EndingWords) -> Reply:
        verdicts = _purge(ctx)
        damaged = ctx.endings.damaged()
        lines = [*words.of_verdicts(verdicts), *words.of_damaged(damaged)]
        is_bad = bool(damaged) or any(one.kind in (FAILED, LOST) for one in verdicts)
        return Reply(words.document(*lines), exit_code=int(is_bad))

    return answer(ctx, act, obeys_do_nothing=True)


def _purge(ctx: Context) -> List[Verdict]:
    verdicts: List[Verdict] = []
    endings = due.all_due(ctx, ctx.call.module)
    night.refuse_many(ctx, endings)
    for module_id, ours in sorted(due.by_module(endings).items()):
        verdicts += purge.run_module(ctx, module_id, ours, night.teller_of(ctx))
    night.tell_gone(ctx, verdicts)
    due.forget_old(ctx)
    return verdicts
