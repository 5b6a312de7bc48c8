"""Whether all is well, for whoever looks after it: in words, or as JSON for a machine."""

import commands
from utils import doctor
from utils.base import errors
from utils.billing.reply import Reply
from utils.doctor.words import Words
from utils.run.context import Context


def run(ctx: Context) -> Reply:
    """Says what is wrong with installation, billing, tariffs and clouds, and how to mend it.

    Nothing is changed, in billing, in a cloud or in any account: of the module's own files the log
    and the history are written, and the memory of refused logins. The exit code is 1 where a fault
    was found. With --facts it tells what this BILLmanager is like instead, for those who build on
    it. Raises BadArguments for a format that is neither text nor json.
    """
    if ctx.call.facts:
        from utils.doctor import facts  # not without the libraries, which the checks look at

        return Reply(facts.document(ctx))
    if ctx.call.format not in ("text", "json"):
        raise errors.BadArguments(f"--format {ctx.call.format}")
    groups = doctor.examine(ctx, [f"commands._{name}" for name in commands.COMMANDS])
    words = Words(ctx.call.lang)
    text = words.as_json(groups) if ctx.call.format == "json" else words.as_text(groups)
    return Reply(text, exit_code=int(doctor.has_faults(groups)))
