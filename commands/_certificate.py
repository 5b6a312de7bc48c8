"""The proof that an account was deleted, as a document for the client's file."""

from typing import Iterator

from utils.accounts.endings import DELETED, Ending
from utils.base.errors import PmError
from utils.billing.reply import Reply
from utils.ending.answers import answer
from utils.ending.choose import choose
from utils.ending.words import EndingWords
from utils.host import messages
from utils.run.context import Context


def run(ctx: Context) -> Reply:
    """Prints what the record tells of the deletion, in each language. Nothing is changed.

    The exit code is 1 where no deletion of that login was seen. Raises BadArguments.
    """

    def act(words: EndingWords) -> Reply:
        ending = choose(ctx, [one for one in ctx.endings.past() if one.state == DELETED])
        client = _client(ctx, ending)
        documents = (_document(EndingWords(one), ending, client) for one in messages.LANGUAGES)
        return Reply(words.document(*(line for lines in documents for line in lines)))

    return answer(ctx, act)


def _client(ctx: Context, ending: Ending) -> str:
    """The client's number, and his name where billing knows it still."""
    try:
        name = ctx.billing.clients.names({ending.account_id}).get(ending.account_id, "")
    except PmError as error:
        ctx.log.warning("the name of the client is not known: %s", error)
        name = ""
    return f"{ending.account_id} {messages.shown(name)}".strip()


def _document(words: EndingWords, ending: Ending, client: str) -> Iterator[str]:
    """The document in one language."""
    yield words.say("certificate")
    yield ""
    for name, value in (
        ("login", messages.shown(ending.login)),
        ("item", ending.item_id),
        ("client", client),
        ("size", words.size(ending.used_bytes)),
        ("closed_on", ending.closed_on.isoformat()),
        ("deleted_on", ending.ended_on.isoformat() if ending.ended_on is not None else ""),
        ("command", ending.command),
    ):
        yield words.say(f"certificate_{name}", value)
    for what in ending.seen:
        yield "  " + words.say(f"seen_{what}")
    yield ""
