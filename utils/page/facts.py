"""What there is to show of a service: from billing, and on demand from the cloud."""

import time
from contextlib import suppress
from datetime import date, timedelta
from typing import TYPE_CHECKING, List, NamedTuple, Optional, Tuple

from utils.base import errors
from utils.base.values import Account, Item, Server
from utils.cloud.products import Memory
from utils.consts import STATUS_CLOSED, Level
from utils.host import budget, root
from utils.page.caller import Caller
from utils.run.context import Context

if TYPE_CHECKING:
    from utils.accounts.ownership import Record
    from utils.history.reading import Past

SHOWN_DAYS = 30

ANSWER_S = 4.0
"""So long a visitor who wants fresh figures may wait for his page."""

_BESIDE_CLOUD_S = 0.7
"""Of that for what comes behind the cloud: drawing takes a third of it on a slow server."""

MOST_RUNS = 10
_RUNS_S = 1.0
"""How many of the last runs are shown, and how long they are looked for: a history may be long."""


class Used(NamedTuple):
    """How much space is in use: as counted on a day, or with no day as the cloud has just told."""

    used_bytes: int
    day: Optional[date] = None


class ForStaff(NamedTuple):
    """What staff is shown beside. `trouble` is why nothing tells whose the account is."""

    record: "Optional[Record]"
    trouble: Optional[errors.PmError]
    account: Optional[Account]
    runs: "List[Past]"


class Facts(NamedTuple):
    """What is shown of a service; what nobody knows is empty or None.

    `quota_bytes` may be sizes.UNLIMITED. `days` are the counted ones of the last SHOWN_DAYS, which
    end on `today`. `not_fresh` is why the figures are not fresh, where that was wanted.
    """

    item: Item
    today: date
    login: str = ""
    address: str = ""
    product: str = ""
    quota_bytes: Optional[float] = None
    used: Optional[Used] = None
    days: Tuple[Used, ...] = ()
    not_fresh: Optional[errors.PmError] = None
    is_fresh: bool = False
    staff: Optional[ForStaff] = None


class _Known(NamedTuple):
    """What billing knows of a service's account."""

    facts: Facts
    server: Optional[Server]
    record: "Optional[Record]"
    trouble: Optional[errors.PmError]


def gather(ctx: Context, item: Item, caller: Caller, wants_fresh: bool, began_s: float) -> Facts:
    """All that is shown to this caller; the call began at `began_s` of the monotonic clock."""
    facts, server, record, trouble = budget.within(
        ctx.settings.form_budget_s, lambda: _known(ctx, item)
    )
    account = None
    # Before the cloud, which has what is left of the time.
    runs = _last_runs(ctx, item.id) if caller.is_staff else []
    if item.status == STATUS_CLOSED:  # what stands on it is no account of this client's
        facts = facts._replace(login="", address="", used=None, days=())
    elif wants_fresh and server is not None:
        facts, account = _with_fresh(ctx, facts, server, began_s)
    elif wants_fresh:
        facts = facts._replace(not_fresh=trouble)
    if caller.is_staff:
        facts = facts._replace(staff=ForStaff(record, trouble, account, runs))
    return facts


def _known(ctx: Context, item: Item) -> "_Known":
    """What billing knows. Where that is not whose the account is, the trouble is why."""
    facts = _counted(ctx, item)
    try:
        server = ctx.billing.modules.server(item.module_id)
        record = ctx.owner(item, server, ctx.client(server)).record()
        return _Known(_with_account(ctx, facts, server, record), server, record, None)
    except errors.PmError as error:
        ctx.log.warning("nothing tells whose the account is: %s", error)
        facts = facts._replace(login=item.saved_login.strip(), address=item.saved_url)
        return _Known(facts, None, None, error)


def _counted(ctx: Context, item: Item) -> Facts:
    today = date.today()
    facts = Facts(item, today)
    with suppress(errors.PmError):  # a tariff that sells no space shows none
        facts = facts._replace(quota_bytes=ctx.billing.tariffs.quota(item))
    days = _days(ctx, item, today)
    return facts._replace(days=days, used=days[-1] if days else None)


def _days(ctx: Context, item: Item, today: date) -> Tuple[Used, ...]:
    """The counted days. Of several figures of one day that of the add-on that sells now counts."""
    first = today - timedelta(days=SHOWN_DAYS - 1)
    rows = ctx.billing.statistics.days(item.id, first, today)
    word = ""
    with suppress(errors.PmError):
        disk = ctx.billing.tariffs.disk(item)
        word = disk.addon if disk else ""
    found = {}
    for row in rows:
        if row.value < 0 or (row.day in found and row.addon != word):
            continue
        with suppress(errors.MeasureUnknown):
            found[row.day] = ctx.billing.tariffs.counted_bytes(row)
    return tuple(Used(found[day], day) for day in sorted(found))


def _with_account(ctx: Context, facts: Facts, server: Server, record: "Optional[Record]") -> Facts:
    product = Memory(ctx.state, server).recall()
    named = facts._replace(address=server.base_url, product=product.name if product else "")
    return named if record is None else named._replace(login=record.login)


def _with_fresh(
    ctx: Context, facts: Facts, server: Server, began_s: float
) -> Tuple[Facts, Optional[Account]]:
    """The same with the cloud's own figures, where it tells them in time."""
    try:
        account = _look(ctx, facts.item, server, began_s)
    except errors.PmError as error:
        ctx.log.warning("no fresh figures: %s", error)
        return facts._replace(not_fresh=error), None
    if account.used_bytes is None:
        return facts._replace(not_fresh=errors.AccountUnreadable(account.login)), account
    facts = facts._replace(used=Used(account.used_bytes), is_fresh=True, login=account.login)
    product = Memory(ctx.state, server).recall()  # which may just have been learned
    return facts._replace(product=product.name if product else facts.product), account


def _look(ctx: Context, item: Item, server: Server, began_s: float) -> Account:
    from utils.run import report
    from utils.run.service import look

    if ctx.host.does_nothing():
        raise errors.PageOff(root.DO_NOTHING)
    call = ctx.call._replace(item=item.id, level=Level.READS)
    visitor = ctx.called(call)
    left_s = ANSWER_S - _BESIDE_CLOUD_S - (time.monotonic() - began_s)

    def ask() -> Account:
        account = look(visitor, item, server)
        report.succeeded(visitor)
        return account

    try:
        account = budget.within(max(left_s, 0.5), ask)
    except budget.Spent as error:
        visitor.leave()
        raise errors.OutOfTime(f"{ANSWER_S:.0f} s") from error
    except errors.PmError as error:
        visitor.leave(error)
        raise
    visitor.leave()
    return account


def _last_runs(ctx: Context, item_id: int) -> "List[Past]":
    """The last runs for the service, newest first, as far as they are found in time."""
    from utils.history.reading import History, Wanted
    from utils.host.records import Records

    found: List[Past] = []

    def read() -> None:
        history = History(Records(ctx.host.path(root.HISTORY)), Wanted(item=item_id))
        for day in reversed(history.days()):
            found.extend(reversed(list(history.runs(day))))
            if len(found) >= MOST_RUNS:
                break

    try:
        budget.within(_RUNS_S, read)
    except budget.Spent:
        ctx.log.info("the history is too long to be looked through in %d s", _RUNS_S)
    except OSError as error:
        ctx.log.warning("the history cannot be read: %s", error)
    return found[:MOST_RUNS]
