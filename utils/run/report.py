"""Tells BILLmanager of a failure: on the operation, to staff, as a problem of the module."""

from utils.base import errors
from utils.host import budget
from utils.host.locks import LockFile
from utils.run.context import Context

REPORT_WAIT_S = 3
"""How long another process that registers the same problem is waited for."""


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
        context.state.forget(_problem_file(module_id))
        if context.refusals is not None:
            context.refusals.forget()
    except errors.StateUnwritable as error:
        context.log.warning("%s", error)


def _problem_file(module_id: int) -> str:
    return f"problem-{module_id}"


def _remember(context: Context, error: errors.PmError) -> None:
    if context.refusals is not None:
        context.refusals.remember(error)


def _on_operation(context: Context, error: errors.PmError) -> None:
    operations = context.billing.operations
    operations.save_error(error)
    if context.args.item is None or error.scope != errors.SERVICE:
        return
    if error.kind != errors.PERMANENT:
        tries = operations.tries() or 0
        if tries < context.settings.tries_before_manual or operations.has_task():
            return
    operations.leave_to_staff(context.args.item, context.args.command, error)


def _as_problem(context: Context, error: errors.PmError) -> None:
    module_id = context.cloud_module_id
    if module_id is None:  # the fault came before the module's cloud was reached for
        services = context.billing.services
        module_id = context.args.module or services.module_of(context.item_id())
    name = _problem_file(module_id)
    with LockFile(context.state.path(name) + ".lock") as lock:
        if lock.take([0], REPORT_WAIT_S) is None or context.state.read(name) == error.code:
            return
        context.billing.modules.register_problem(module_id, error)
        context.state.write(name, error.code)
    context.log.error("module %d has a problem: %s", module_id, error)
