"""What was done, and when: the runs of the program as its history has them."""

from datetime import datetime
from typing import Iterator

from utils.base import errors
from utils.billing.reply import Reply
from utils.history import pager, telling
from utils.history.means import standing
from utils.history.reading import History, Wanted, since
from utils.history.telling import Rest, Words
from utils.host import root
from utils.host.records import Records
from utils.run.context import Context


def run(ctx: Context) -> Reply:
    """Shows the runs that the call asks for, newest last, and what staff can do about operations.

    Those of a service, a login or failures alone come with all that they did. Nothing is changed.
    Raises BadArguments for a moment that cannot be read, or a format that is neither text nor json.
    """
    if ctx.call.format not in ("text", "json"):
        raise errors.BadArguments(f"--format {ctx.call.format}")
    call = ctx.call
    wanted = Wanted(
        call.item, call.module, call.login, call.failed, since(call.since, datetime.now())
    )
    history = History(Records(ctx.host.path(root.HISTORY)), wanted)
    if call.format == "json":
        pager.show(_as_json(ctx, history), may_page=False)
    else:
        is_detailed = call.failed or bool(call.login) or call.item is not None
        pager.show(_as_text(ctx, history, is_detailed), may_page=True)
    return Reply(b"")


def _as_text(ctx: Context, history: History, is_detailed: bool) -> Iterator[str]:
    words = Words(ctx.call.lang)
    has_any = False
    for day in history.days():
        for line in words.day(history.runs(day), is_detailed):
            has_any = True
            yield line
    if not has_any:
        yield words.say("off" if _is_off(ctx) else "none")
    yield from words.rest(_rest(ctx, history))


def _as_json(ctx: Context, history: History) -> Iterator[str]:
    yield from telling.as_json(history.runs(day) for day in history.days())
    yield from telling.json_end(_rest(ctx, history))


def _rest(ctx: Context, history: History) -> Rest:
    """What is told behind the runs, once they were read."""
    full = [day for day in history.days() if history.is_full(day)]
    rest = Rest([], "", full, history.damaged)
    try:
        mgrctl = ctx.host.path(root.MGRCTL)
        return rest._replace(
            operations=standing(history.operations, ctx.billing.operations, mgrctl)
        )
    except (errors.PmError, ImportError) as error:  # people may look for what is broken
        return rest._replace(unknown=str(error))


def _is_off(ctx: Context) -> bool:
    try:
        return ctx.settings.history_days == 0
    except errors.SettingsBroken:
        return False
