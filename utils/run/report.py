"""Tells BILLmanager of a failure: on the operation, to staff, as a problem of the module."""

from contextlib import ExitStack, suppress
from typing import Optional

from utils.base import errors
from utils.base.errors import Told
from utils.host import budget
from utils.host.state import PROBLEM, UNWRITABLE
from utils.run.context import Context

REPORT_WAIT_S = 3
"""Longest wait for another process that registers the same problem; it takes one call of mgrctl."""


def failed_in_time(context: Context, error: errors.PmError, seconds: float) -> None:
    """As `failed`, for that many seconds and no longer."""
    try:
        budget.within(seconds, lambda: failed(context, error))
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
    is_problem = error.told is Told.PROBLEM and context.call.concerns_module
    is_unkept = is_problem and not context.state.can_keep()
    if context.visit is not None:
        steps.append(_remember)
    if is_unkept:  # before the operation, on which it looks
        steps.append(_register_unkept)
    if context.call.runningoperation is not None:
        steps.append(_tell_operation)
    if is_problem and not is_unkept:
        steps.append(_register_problem)
    if context.call.concerns_module:
        steps.append(_tell_of_state)
    for step in steps:
        try:
            step(context, error)
        except errors.PmError as second:
            context.log.warning("could not report %s: %s", error.code, second)
        except Exception:  # whatever goes wrong in one step, the next is taken
            context.log.exception("could not report %s", error.code)


def succeeded(context: Context) -> None:
    """Forgets problem and refusals of the module whose cloud was just seen to work.

    Where nothing could be written in this run that is told; else it is no problem any more.
    """
    visit = context.visit
    if visit is None or not visit.has_answer:
        return
    try:
        context.state.forget(PROBLEM.format(visit.module_id))
        visit.forget()
        if context.state.failure is None:
            context.state.forget(UNWRITABLE.format(visit.module_id))
        _tell_of_state(context)
    except errors.PmError as error:
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


def _tell_of_state(context: Context, error: Optional[errors.PmError] = None) -> None:
    """Tells that the module's own files cannot be written, whatever else the run has come to."""
    failure = context.state.failure
    if failure is not None and not isinstance(error, errors.StateUnwritable):
        _register_problem(context, failure)


def _register_unkept(context: Context, error: errors.PmError) -> None:
    """Registers a problem where nothing can be remembered, on disk or in memory.

    It is known from BILLmanager then whether it was told: by the error on the module's operations,
    which are gone when they have succeeded. It is saved on this run's one before others may look.
    """
    module_id, operations = _module_of(context), context.billing.operations
    with ExitStack() as held:
        with suppress(errors.StateUnwritable):  # without any file nobody can be kept out
            lock = held.enter_context(context.state.lock(_kind(error).format(module_id)))
            if lock.take([0], REPORT_WAIT_S) is None:
                return
        if operations.shows(module_id, error.code):
            return
        context.billing.modules.register_problem(module_id, error)
        operations.save_error(error)
    context.log.error("module %d has a problem: %s", module_id, error)


def _kind(error: errors.PmError) -> str:
    """The file of a problem: a full disk is one beside that of the cloud, and neither hides it."""
    return UNWRITABLE if isinstance(error, errors.StateUnwritable) else PROBLEM


def _register_problem(context: Context, error: errors.PmError) -> None:
    """Tells everybody in charge of the module, unless the same problem stands already.

    It is remembered before it is told: what cannot be remembered would be told at each try. One
    of which a killed run or a lost answer leaves open whether it was told is told again.
    """
    module_id = _module_of(context)
    name, state = _kind(error).format(module_id), context.state
    told = {"code": error.code, "told": True}
    with state.lock(name) as lock:
        if lock.take([0], REPORT_WAIT_S) is None or state.read(name) in (told, error.code):
            return
        state.write(name, {**told, "told": False})
        context.billing.modules.register_problem(module_id, error)
        state.write(name, told)
    context.log.error("module %d has a problem: %s", module_id, error)


def _module_of(context: Context) -> int:
    """The module that the fault is of; it may have come before the module's cloud was reached."""
    if context.visit is not None:
        return context.visit.module_id
    if context.call.module is not None:
        return context.call.module
    return context.billing.services.module_of(context.call.item_id())
