"""Tells BILLmanager of a failure: on the operation, to staff, as a problem of the module."""

from utils.base import errors
from utils.base.errors import Told
from utils.host import budget
from utils.host.locks import LockFile
from utils.host.state import PROBLEM
from utils.run.context import Context

REPORT_WAIT_S = 3
"""Longest wait for another process that registers the same problem; it takes one call of mgrctl."""


def failed_in_time(context: Context, error: errors.PmError, seconds: float) -> None:
    """As `failed`, for that many seconds and no longer."""
    try:
        with budget.limit(seconds):
            failed(context, error)
    except budget.Spent:
        context.log.warning("no time left to report %s", error.code)


def failed(context: Context, error: errors.PmError) -> None:
    """Saves the error where it is looked for.

    Every error stands on the running operation. What one service's fault means for staff, its
    class says: a task at once, or after the tries in the settings. A fault of the whole module is
    registered once as its problem, and its operations stay with BILLmanager.
    What cannot be saved is logged: the error itself is answered all the same.
    """
    steps = []
    if context.visit is not None:
        steps.append(_remember)
    if context.call.runningoperation is not None:
        steps.append(_tell_operation)
    if error.told is Told.PROBLEM and context.call.concerns_module:
        steps.append(_register_problem)
    for step in steps:
        try:
            step(context, error)
        except errors.PmError as second:
            context.log.warning("could not report %s: %s", error.code, second)
        except Exception:  # whatever goes wrong in one step, the next is taken
            context.log.exception("could not report %s", error.code)


def succeeded(context: Context) -> None:
    """Forgets problem and refusals of the module whose cloud was just seen to work."""
    visit = context.visit
    if visit is None or not visit.has_answer:
        return
    try:
        context.state.forget(PROBLEM.format(visit.module_id))
        visit.forget()
    except errors.StateUnwritable as error:
        context.log.warning("%s", error)


def _remember(context: Context, error: errors.PmError) -> None:
    if context.visit is not None:
        context.visit.remember(error)


def _tell_operation(context: Context, error: errors.PmError) -> None:
    """Saves the error on the operation, and stops it for staff where it is one for them by now.

    An operation is only stopped once staff can see why.
    """
    operations = context.billing.operations
    operations.save_error(error)
    if context.call.item is None or error.told not in (Told.STAFF_NOW, Told.STAFF_LATER):
        return
    if error.told is Told.STAFF_LATER:
        tries = operations.tries() or 0
        if tries < context.settings.tries_before_manual or operations.has_task():
            return
    operations.leave_to_staff(context.call.item, context.call.command, error)


def _register_problem(context: Context, error: errors.PmError) -> None:
    """Tells everybody in charge of the module, unless the same problem stands already."""
    module_id = _module_of(context)
    name = PROBLEM.format(module_id)
    with LockFile(context.state.path(name) + ".lock") as lock:
        if lock.take([0], REPORT_WAIT_S) is None or context.state.read(name) == error.code:
            return
        context.billing.modules.register_problem(module_id, error)
        context.state.write(name, error.code)
    context.log.error("module %d has a problem: %s", module_id, error)


def _module_of(context: Context) -> int:
    """The module that the fault is of; it may have come before the module's cloud was reached."""
    if context.visit is not None:
        return context.visit.module_id
    if context.call.module is not None:
        return context.call.module
    return context.billing.services.module_of(context.call.item_id())
