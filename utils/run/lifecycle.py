"""The life of one run: it begins, has its time, ends well or fails, answers, and is recorded."""

import sys
from typing import Callable, Optional

from utils.base import errors
from utils.base.errors import Told
from utils.billing import reply
from utils.billing.reply import Reply
from utils.consts import Level
from utils.host import limits
from utils.run.context import Context


def begin(context: Context) -> None:
    """Begins the record of a run, and notes in the history one that may be killed at its work."""
    if not _is_recorded(context):
        return
    record = context.record
    if context.command.is_limited or context.command.does > Level.READS:
        record.begin()


def run(context: Context, act: Callable[[Context], Reply]) -> Reply:
    """The reply of `act`, which is what the command does; of a dry run what would be done.

    Raises PmError.
    """
    answer = _answer(context, act)
    return _tell_dry(context) if _is_dry(context) else answer


def _is_dry(context: Context) -> bool:
    """Whether people are told what the command would do; those for people tell that themselves."""
    if context.call.is_bulk or not context.call.dry_run:
        return False
    return context.command.takes_dry_run and context.command.is_limited


def _tell_dry(context: Context, error: Optional[errors.PmError] = None) -> Reply:
    from utils.run import dryrun

    return dryrun.tell(context, error)


def _answer(context: Context, act: Callable[[Context], Reply]) -> Reply:
    if context.command.obeys_do_nothing and context.host.does_nothing():
        context.log.info("etc/billmgr.DoNothing is there: nothing is done")
        context.did_nothing = True
        return reply.ok()
    if not context.command.is_limited or context.call.is_bulk:
        return act(context)
    from utils.host import budget

    def work() -> Reply:
        answer = act(context)
        if context.visit is not None:
            from utils.run import report

            report.succeeded(context)
        return answer

    seconds = context.command.budget_s(context.settings)
    try:
        return budget.within(seconds - _report_s(context), work)
    except budget.Spent as error:
        raise errors.OutOfTime(f"{context.call.command}: {seconds} s") from error


def _report_s(context: Context) -> float:
    """How long it may take to tell BILLmanager of a failure of this call."""
    if not context.call.is_told:
        return 0
    from utils.host import budget

    try:
        return budget.telling_s(context.command.budget_s(context.settings))
    except errors.SettingsBroken:
        return budget.TELLING_S


def crash(context: Context, error: BaseException) -> errors.PmError:
    """What an error that no command has expected is told as. A person's Ctrl-C is no such error."""
    if isinstance(error, (KeyboardInterrupt, SystemExit)):
        raise error
    if limits.is_want(error):
        return errors.OutOfMemory(context.call.command)
    context.log.error("crashed", exc_info=error)
    return errors.Unexpected(type(error).__name__)


def fail(context: Context, failure: errors.PmError) -> Reply:
    """The error document of a failure.

    BILLmanager is told of it before, as far as there is memory for that.
    """
    try:
        if isinstance(failure, errors.OutOfMemory):
            limits.release_reserve()
        return _fail(context, failure)
    except Exception as error:
        if not limits.is_want(error):
            raise
        failure = errors.OutOfMemory(context.call.command)
    limits.release_reserve()
    return _fail(context, failure)


def _fail(context: Context, error: errors.PmError) -> Reply:
    context.log.error("failed: %s", error)
    context.error = error
    is_for_others = error.told is not Told.FORM or context.call.runningoperation is not None
    if is_for_others and context.call.is_told:
        try:
            from utils.run import report

            report.failed_in_time(context, error, _report_s(context))
        except Exception:
            context.log.exception("could not report %s", error.code)
    return _tell_dry(context, error) if _is_dry(context) else reply.error(error)


def give(context: Context, answer: Reply) -> None:
    """Writes the answer to standard output, then the record of the run, which has that as well."""
    is_heard = False
    try:
        sys.stdout.buffer.write(answer.document)
        sys.stdout.buffer.writelines(answer.parts)
        sys.stdout.buffer.flush()
        is_heard = True
    finally:
        if _is_recorded(context):
            context.record.end(answer.exit_code, is_heard)


def _is_recorded(context: Context) -> bool:
    """Whether the run has a place in the history; what would be done has none."""
    return context.command.is_recorded and not context.call.dry_run
