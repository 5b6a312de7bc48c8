"""Tells BILLmanager of a failure: on the operation, to staff, as a problem of the module (B.2)."""

from utils.base import errors
from utils.base.secret import strike_out
from utils.billing import reply
from utils.host import budget
from utils.host.locks import LockFile
from utils.host.state import PROBLEM
from utils.run.context import Context

_PROBLEM = "processingmodule_connect"

REPORT_WAIT_S = 3
"""Another process that registers the same problem is waited for so long."""


def in_time(context: Context, error: errors.PmError, seconds: int) -> None:
    """As `failure`, for as long as that and no longer."""
    try:
        with budget.limit(seconds):
            failure(context, error)
    except budget.Spent:
        context.log.warning("no time left to report %s", error.code)


def failure(context: Context, error: errors.PmError) -> None:
    """Saves the error where it is looked for.

    Every error stands on the running operation. One service's permanent fault goes to manual
    with a task for staff at once, its passing fault after the tries in the settings. A fault of
    the whole module is registered once as its problem, and its operations stay with BILLmanager.
    What cannot be saved is logged: the error itself is answered all the same.
    """
    steps = []
    if context.refusals is not None:
        steps.append(_remember)
    if context.args.runningoperation is not None:
        steps.append(_on_operation)
    if error.scope == errors.MODULE and context.concerns_module():
        steps.append(_as_problem)
    for step in steps:
        try:
            step(context, error)
        except errors.PmError as second:
            context.log.warning("could not report %s: %s", error.code, second)


def success(context: Context) -> None:
    """Forgets problem and refusals of the module whose cloud was just seen to work."""
    module_id = context.cloud_module_id
    if module_id is None or context.client is None or not context.client.answered:
        return
    try:
        context.state.forget(PROBLEM.format(module_id))
        if context.refusals is not None:
            context.refusals.forget()
    except errors.StateUnwritable as error:
        context.log.warning("%s", error)


def _remember(context: Context, error: errors.PmError) -> None:
    if context.refusals is not None:
        context.refusals.remember(error)


def _on_operation(context: Context, error: errors.PmError) -> None:
    operation_id = context.args.runningoperation
    mgrctl = context.billing.mgrctl
    errorxml = reply.failure(error).decode("utf-8").strip()
    mgrctl.call("runningoperation.edit", sok="ok", elid=operation_id, errorxml=errorxml)
    if context.args.item is None or error.scope != errors.SERVICE:
        return
    has_task = context.billing.operation_has_task()
    if error.kind != errors.PERMANENT:
        tries = context.billing.operation_tries() or 0
        if tries < context.settings.tries_before_manual or has_task:
            return
    mgrctl.call("runningoperation.setmanual", sok="ok", elid=operation_id)
    context.log.error("operation %s is left to staff: %s", operation_id, error)
    if has_task:
        return
    answer = mgrctl.call("task.gettype", operation=context.args.command)
    task_type = answer.findtext(".//task_type")
    if task_type:
        mgrctl.call_once(
            "task.edit",
            sok="ok",
            item=context.args.item,
            runningoperation=operation_id,
            type=task_type,
        )


def _as_problem(context: Context, error: errors.PmError) -> None:
    module_id = context.cloud_module_id
    if module_id is None:  # the fault came before the module's cloud was reached for
        module_id = context.args.module or context.billing.item(context.item_id()).module_id
    name = PROBLEM.format(module_id)
    with LockFile(context.state.path(name) + ".lock") as lock:
        if lock.take([0], REPORT_WAIT_S) is None or context.state.read(name) == error.code:
            return
        _register(context, module_id, error)
        context.state.write(name, error.code)
    context.log.error("module %d has a problem: %s", module_id, error)


def _register(context: Context, module_id: int, error: errors.PmError) -> None:
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
