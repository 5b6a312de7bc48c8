"""What is done each night for services that end, or are suspended softly, beside the statistics.

Nothing of it costs the day: what fails is logged, told to staff where people have to act, and tried
again the next night.
"""

from datetime import timedelta
from typing import TYPE_CHECKING, Callable, List

from utils.accounts import levels
from utils.accounts.endings import DELETED, WAITING, Ending, Hold
from utils.base import errors
from utils.consts import (
    ITEM_LEVEL,
    ITEM_TRIAL_GROUP,
    MODULE,
    STATUS_ACTIVE,
    STATUS_CLOSED,
    STATUS_SUSPENDED,
    WARN,
    Level,
)
from utils.ending import due
from utils.host import budget
from utils.run.context import Context
from utils.run.service import Service

if TYPE_CHECKING:
    from utils.ending.purge import Verdict

RESERVE_S = 120
"""What one deletion may take at least: less than that left, and the rest waits for the next run."""

SOON, GONE = "ending_soon", "ending_done"
"""The letters: some days before an account is deleted, and once it is gone."""


def run(ctx: Context) -> None:
    """Does all of it for the module of the call, once the turn at its cloud was left."""
    for step in (_escalate, _settle_trials, _purge, _forget):
        try:
            step(ctx)
        except errors.PmError as error:
            ctx.log.warning("not all was done that a night has to do: %s", error)


# -- accounts that wait ---------------------------------------------------------------------------


def _purge(ctx: Context) -> None:
    module_id = ctx.call.module_id()
    _tell_soon(ctx, module_id)
    damaged = ctx.endings.damaged()
    if damaged:
        error = errors.EndingDamaged(", ".join(damaged))
        ctx.log.error("%s", error)
        tell_staff(ctx, module_id, "task_damaged", ", ".join(damaged))
    endings = due.all_due(ctx, module_id)
    try:
        refuse_many(ctx, endings)
    except errors.PurgeRefused as error:
        ctx.log.error("nothing is deleted: %s", error)
        return
    if endings:
        from utils.ending import purge  # most nights nothing is due

        verdicts = purge.run_module(ctx, module_id, endings, teller_of(ctx), _has_time)
        tell_gone(ctx, verdicts)


def refuse_many(ctx: Context, endings: List[Ending]) -> None:
    """Raises PurgeRefused where more are due than a run may delete, and tells staff of it."""
    try:
        due.refuse_many(ctx, endings)
    except errors.PurgeRefused:
        for module_id in () if ctx.call.dry_run else due.by_module(endings):
            tell_staff(ctx, module_id, "task_refused", f"{MODULE} {module_id}")
        raise


def _has_time() -> bool:
    return budget.left_s() > RESERVE_S


def _forget(ctx: Context) -> None:
    gone = due.forget_old(ctx)
    if gone:
        ctx.log.info("%d records of ended accounts are older than they are kept", gone)


def teller_of(ctx: Context) -> Callable[[Ending, Hold], None]:
    """Tells staff of an account that is kept from now on."""

    def tell(ending: Ending, hold: Hold) -> None:
        where = f"{ending.login} ({ending.item_id}, {MODULE} {ending.module_id})"
        what = f"{where}: {hold.by} {hold.why}".strip()
        tell_staff(ctx, ending.module_id, "task_kept", what)

    return tell


def tell_staff(ctx: Context, module_id: int, name: str, value: str) -> None:
    """Makes a task of the module's department. What fails at that is logged."""
    from utils.ending.words import in_each_language  # most nights there is nothing to tell

    try:
        department = ctx.billing.tasks.department(module_id)
        if department is None:
            ctx.log.warning("module %d has no department for tasks", module_id)
            return
        ctx.billing.tasks.make(department, in_each_language(name, value))
    except errors.PmError as error:
        ctx.log.warning("staff was not told: %s", error)


# -- letters --------------------------------------------------------------------------------------


def _tell_soon(ctx: Context, module_id: int) -> None:
    """Tells the clients whose accounts are deleted in some days, where that is wished for."""
    if not ctx.settings.tell_endings:
        return
    last = ctx.today + timedelta(days=ctx.settings.tell_before_days)
    for ending in ctx.endings.all_open():
        is_waiting = ending.state == WAITING and not ending.is_held(ctx.today)
        if is_waiting and ending.module_id == module_id and ctx.today < ending.until <= last:
            tell_client(ctx, SOON, ending)


def tell_gone(ctx: Context, verdicts: "List[Verdict]") -> None:
    """Tells the clients whose accounts were deleted, where that is wished for."""
    if ctx.settings.tell_endings and not ctx.call.dry_run:
        for verdict in verdicts:
            if verdict.kind == DELETED:
                tell_client(ctx, GONE, verdict.ending)


def tell_client(ctx: Context, kind: str, ending: Ending) -> None:
    """Tells the client of a closed service what becomes of its account, or logs why not."""
    from utils.run.telling import Letter, Teller  # most nights there is nothing to tell

    words = {"login": ending.login, "until": ending.until.isoformat()}
    letter = Letter(
        kind, ending.item_id, ending.account_id, ending.until.isoformat(), STATUS_CLOSED, {}, words
    )
    try:
        Teller(ctx, ctx.today).tell(letter)
    except errors.PmError as error:
        ctx.log.warning("the client of %s is not told: %s", ending.login, error)


# -- services that are suspended softly, and trials that were paid --------------------------------


def _escalate(ctx: Context) -> None:
    """Makes read-only whoever was warned for as long as his tariff says."""
    wanted = ctx.billing.services.noted(ctx.call.module_id(), ITEM_LEVEL, (STATUS_SUSPENDED,))
    due_ids = [item_id for item_id in wanted if _is_warned_enough(ctx, item_id)]
    if due_ids:
        from utils.run import suspension  # few services are suspended softly

        _each(ctx, due_ids, suspension.escalate)


def _is_warned_enough(ctx: Context, item_id: int) -> bool:
    try:
        item = ctx.billing.services.item(item_id)
        level = levels.level_of(item)
        if level is None or level.name != WARN:
            return False
        warn_days = ctx.billing.tariffs.end_terms(item.tariff_id).warn_days
    except errors.PmError as error:
        ctx.log.warning("service %d: %s", item_id, error)
        return False
    return level.since + timedelta(days=warn_days) <= ctx.today


def _settle_trials(ctx: Context) -> None:
    """Takes accounts that were paid for out of the group of trials."""
    statuses = (STATUS_ACTIVE, STATUS_SUSPENDED)
    noted = ctx.billing.services.noted(ctx.call.module_id(), ITEM_TRIAL_GROUP, statuses)
    paid = [one for one in noted if _is_paid(ctx, one)]
    if paid:
        from utils.run import trial  # few providers have trials in a group of their own

        _each(ctx, paid, trial.settle)


def _is_paid(ctx: Context, item_id: int) -> bool:
    try:
        return not ctx.billing.services.item(item_id).trial
    except errors.PmError as error:
        ctx.log.warning("service %d: %s", item_id, error)
        return False


def _each(ctx: Context, item_ids: List[int], act: Callable[[Context, Service], None]) -> None:
    """Acts on services, one after the other; one that fails stops no other."""
    module_id = ctx.call.module_id()
    here = ctx.at_module(module_id, Level.EDITS)
    try:
        here.cloud(here.billing.modules.server(module_id))
        for item_id in item_ids:
            if not _has_time():
                return
            try:
                one = here.at_service(item_id)
                service = one.service()
                with service.lock:
                    act(one, service)
            except errors.PmError as error:
                here.log.warning("service %d: %s", item_id, error)
    finally:
        here.leave()
