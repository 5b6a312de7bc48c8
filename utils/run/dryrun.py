"""Tells people what a command would do: the words of a dry run."""

from typing import Iterator, Optional

from utils.base import deeds
from utils.base.deeds import Note
from utils.base.errors import PmError
from utils.base.intended import Plan
from utils.billing.reply import Reply
from utils.consts import MODULE, VERSION
from utils.host import messages
from utils.run.context import Context

GROUP = f"dry.{MODULE}"
"""The messages of dry runs."""

_PLACES = {
    deeds.REQUEST: "dry_cloud",
    deeds.CALL: "dry_core",
    deeds.ROWS: "dry_database",
}


class DryWords:
    """The words of a dry run in one language."""

    def __init__(self, wanted: str) -> None:
        self.language = messages.language(wanted)
        self._texts = messages.read(self.language, GROUP)

    def lines(self, plan: Plan) -> Iterator[str]:
        """What would be done, a line for each."""
        yield self.say("dry_steps" if plan.notes() else "dry_nothing")
        places = {kind: self.say(name) for kind, name in _PLACES.items()}
        column = max(map(len, places.values()))
        for number, note in enumerate(plan.notes(), 1):
            yield f"{number:>4}. {places[note.deed.kind]:<{column}}  {self._describe(note)}"

    def _describe(self, note: Note) -> str:
        refused = "" if note.ended == "done" else f" -> {note.ended}"
        return f"{note.deed}{refused}"

    def caveats(self, plan: Plan) -> Iterator[str]:
        """What nobody knows before it is done."""
        for login in plan.assumed:
            yield self.say("dry_assumed", login)
        if plan.notes():
            yield self.say("dry_unknown")

    def say(self, name: str, value: str = "") -> str:
        """A message with its detail; the name where the program's XML is not whole."""
        return self._texts.get(name, f"{name} __value__").replace(
            "__value__", messages.shown(value)
        )


def tell(ctx: Context, error: Optional[PmError] = None) -> Reply:
    """What the command of a dry run would do, and the error that it would end with.

    The exit code is 1 where it would fail.
    """
    words, plan = DryWords(ctx.call.lang), ctx.plan
    lines = [f"{MODULE} {VERSION}: {words.say('dry_title', _name(ctx))}", "", *words.lines(plan)]
    if error is not None:
        message = messages.say_error(words.language, error)
        lines += ["", words.say("dry_failed", message)]
    caveats = list(words.caveats(plan))
    lines += ["", *caveats] if caveats else []
    return Reply("\n".join([*lines, ""]).encode(), exit_code=int(error is not None))


def _name(ctx: Context) -> str:
    numbers = (ctx.call.item, ctx.call.module)
    return " ".join([ctx.call.command, *(str(one) for one in numbers if one is not None)])
