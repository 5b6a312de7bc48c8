"""Which accounts wait for their deletion."""

from typing import Dict, Iterator, List

from utils.accounts.endings import Ending
from utils.base.errors import PmError
from utils.billing.reply import Reply
from utils.ending.answers import answer
from utils.ending.words import EndingWords
from utils.run.context import Context


def run(ctx: Context) -> Reply:
    """Lists them, those that go first at the head. Nothing is changed, and no cloud is asked.

    The exit code is 1 where the record is not whole.
    """

    def act(words: EndingWords) -> Reply:
        endings = [one for one in ctx.endings.all_open() if _is_wanted(ctx, one)]
        damaged = ctx.endings.damaged()
        lines = _lines(ctx, words, sorted(endings, key=lambda one: (one.until, one.item_id)))
        return Reply(words.document(*lines, *words.of_damaged(damaged)), int(bool(damaged)))

    return answer(ctx, act)


def _is_wanted(ctx: Context, ending: Ending) -> bool:
    return ctx.call.module in (None, ending.module_id)


def _lines(ctx: Context, words: EndingWords, endings: List[Ending]) -> Iterator[str]:
    if not endings:
        yield words.say("nobody_waits")
        return
    names = _clients(ctx, endings)
    yield words.say("columns")
    for ending in endings:
        yield from words.of_waiting(ending, names.get(ending.account_id, ""))


def _clients(ctx: Context, endings: List[Ending]) -> Dict[int, str]:
    """The names of clients; none where billing does not tell them: the record stands for itself."""
    try:
        return ctx.billing.clients.names({one.account_id for one in endings})
    except (PmError, ImportError) as error:
        ctx.log.warning("the names of clients are not known: %s", error)
        return {}
