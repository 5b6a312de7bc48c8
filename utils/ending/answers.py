"""How the commands for people about ended accounts answer, and fail."""

from typing import Callable

from utils.base import errors
from utils.base.errors import PmError
from utils.billing.reply import Reply
from utils.ending.words import EndingWords
from utils.run.context import Context


def answer(
    ctx: Context, act: Callable[[EndingWords], Reply], obeys_do_nothing: bool = False
) -> Reply:
    """The reply of the act, or the message of what it has failed of, with exit code 1.

    One that `obeys_do_nothing` is left alone while etc/billmgr.DoNothing is there. Raises
    BadArguments.
    """
    words = EndingWords(ctx.call.lang)
    if obeys_do_nothing and ctx.host.does_nothing():
        return Reply(words.document(words.say("does_nothing")), exit_code=1)
    try:
        return act(words)
    except PmError as error:
        if isinstance(error, errors.BadArguments):
            raise
        ctx.log.error("failed: %s", error)
        ctx.error = error
        return Reply(words.document(words.of_error(error)), exit_code=1)
