"""Tells BILLmanager of a failure: on the operation, to staff, as a problem of the module."""

from utils.base import errors
from utils.base.errors import Told
from utils.base.secret import strike_out
from utils.billing import reply
from utils.host import budget
from utils.host.locks import LockFile
from utils.run.context import Context

_PROBLEM = "processingmodule_connect"

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
        steps.append(_save_on_operation)
        if context.call.item is not None:
            steps.append(_leave_to_staff)
    if error.told is Told.PROBLEM and context.call.concerns_module:
        steps.append(_register_problem)
    for step in steps:
        try:
            step(context, error)
        except errors.PmError as second:
            context.log.warning("could not report %s: %s", error.code, second)


def succeeded(context: Context) -> None:
    """Forgets problem and refusals of the module whose cloud was just seen to work."""
    visit = context.visit
    if visit is None or not visit.has_answer:
        return
    try:
        context.state.forget(_problem_file(visit.module_id))
        visit.forget()
    except errors.StateUnwritable as error:
        context.log.warning("%s", error)


def _problem_file(module_id: int) -> str:
    return f"problem-{module_id}"


def _remember(context: Context, error: errors.PmError) -> None:
    if context.visit is not None:
        context.visit.remember(error)


def _save_on_operation(context: Context, error: errors.PmError) -> None:
    operation_id = context.call.runningoperation
    errorxml = reply.error(error).document.decode("utf-8").strip()
    context.billing.mgrctl.call(
        "runningoperation.edit", sok="ok", elid=operation_id, errorxml=errorxml
    )


def _leave_to_staff(context: Context, error: errors.PmError) -> None:
    """Stops the operation and makes a task of it, where the error is one for staff by now."""
    if error.told not in (Told.STAFF_NOW, Told.STAFF_LATER):
        return
    operation_id = context.call.runningoperation
    mgrctl = context.billing.mgrctl
    has_task = context.billing.operation_has_task()
    if error.told is Told.STAFF_LATER:
        tries = context.billing.operation_tries() or 0
        if tries < context.settings.tries_before_manual or has_task:
            return
    mgrctl.call("runningoperation.setmanual", sok="ok", elid=operation_id)
    context.log.error("operation %s is left to staff: %s", operation_id, error)
    if has_task:
        return
    answer = mgrctl.call("task.gettype", operation=context.call.command)
    task_type = answer.findtext(".//task_type")
    if task_type:
        mgrctl.call_once(
            "task.edit",
            sok="ok",
            item=context.call.item,
            runningoperation=operation_id,
            type=task_type,
        )


def _register_problem(context: Context, error: errors.PmError) -> None:
    """Tells everybody in charge of the module, unless the same problem stands already."""
    module_id = _module_of(context)
    name = _problem_file(module_id)
    with LockFile(context.state.path(name) + ".lock") as lock:
        if lock.take([0], REPORT_WAIT_S) is None or context.state.read(name) == error.code:
            return
        context.billing.mgrctl.call_once(
            "problems.register",
            sok="ok",
            name=_PROBLEM,
            id=module_id,
            level="error",
            param_pm_name=context.billing.module_name(module_id),
            param_pm_id=module_id,
            param_errormsg=strike_out(str(error)),
        )
        context.state.write(name, error.code)
    context.log.error("module %d has a problem: %s", module_id, error)


def _module_of(context: Context) -> int:
    """The module that the fault is of; it may have come before the module's cloud was reached."""
    if context.visit is not None:
        return context.visit.module_id
    if context.call.module is not None:
        return context.call.module
    return context.billing.item(context.call.item_id()).module_id
