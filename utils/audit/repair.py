"""Mends what an audit found, by the functions of the commands: service by service, under its lock.

What is mended is proved twice: by the audit, and again once nobody else can act on the service.
It is read back by itself afterwards, so that nothing is called mended that was not seen. Nothing is
deleted, and nobody who owes money is let in: what an account is to be is what billing has by then.
"""

import time
from itertools import groupby
from typing import Callable, Dict, FrozenSet, Iterable, Iterator, List, Optional, Set, Tuple

from utils.accounts.levels import under_level
from utils.accounts.plan import EMAIL, ENABLED, GROUP, PERSONAL, QUOTA, changes
from utils.audit.differences import BEHIND, MENDED, UNREADABLE
from utils.audit.findings import DONE, FAILED, GONE, PLANNED, Outcome, Planned, Repairs
from utils.base import errors
from utils.base.errors import PmError, Told
from utils.base.values import Account, Item, Order
from utils.census.progress import Progress
from utils.consts import STATUS_ACTIVE, STATUS_SUSPENDED, Level
from utils.run.context import Context
from utils.run.service import Service, find, follow, renew

LIMIT_PAUSE_S = 60.0
"""A cloud that takes no more changes for now is asked again after a minute, unless it names a time:
the limit of Nextcloud is over after ten."""

Kinds = FrozenSet[str]
"""Classes of differences."""

Mender = Callable[[Context, Service, Kinds], Dict[str, Outcome]]
"""Mends the classes of differences of a service, and returns what became of each."""


def carry_out(ctx: Context, planned: List[Planned], mender: Mender) -> Repairs:
    """Makes the planned changes while there is time, and says what became of each.

    A service whose change fails stops no other. What a whole cloud refuses ends its module.
    """
    until = time.monotonic() + ctx.settings.stat_budget_s
    progress = Progress(ctx.log, len(planned))
    repairs: Repairs = {}
    try:
        for module_id, ours in groupby(sorted(planned), lambda one: one.module_id):
            for item_id, kinds, outcomes in _of_module(ctx, module_id, [*ours], mender, until):
                for kind in kinds:
                    repairs[item_id, kind] = _seen_dry(ctx, outcomes[kind])
                progress.show(len(repairs))
    finally:
        progress.close()
    return repairs


def _seen_dry(ctx: Context, outcome: Outcome) -> Outcome:
    """What a dry run has pretended to do is what would be done."""
    is_pretended = ctx.call.dry_run and outcome.state == DONE
    return outcome._replace(state=PLANNED) if is_pretended else outcome


Step = Tuple[int, Kinds, Dict[str, Outcome]]
"""A service, the classes that were planned for it, and what became of them."""


def _of_module(
    ctx: Context, module_id: int, planned: List[Planned], mender: Mender, until: float
) -> Iterator[Step]:
    """The steps of one module, one after the other."""
    here = ctx.at_module(module_id, Level.EDITS)
    failure: Optional[PmError] = None
    try:
        here.cloud(here.billing.modules.server(module_id))
        for item_id, ours in groupby(planned, lambda one: one.item_id):
            kinds = frozenset(one.kind for one in ours)
            if failure is None:
                try:
                    outcomes = _patiently(here.at_service(item_id), kinds, mender, until)
                except PmError as error:
                    here.log.error("service %d: %s", item_id, error)
                    outcomes = _all(kinds, error)
                    failure = error if _ends_module(error) else None
            else:
                outcomes = _all(kinds, failure)
            yield item_id, kinds, outcomes
    except PmError as error:  # the cloud was not reached for
        here.log.error("module %d: %s", module_id, error)
        failure = error
        yield from _none(planned, error)
    finally:
        here.leave(failure)


def _none(planned: Iterable[Planned], error: PmError) -> Iterator[Step]:
    for one in planned:
        kinds = frozenset([one.kind])
        yield one.item_id, kinds, _all(kinds, error)


def _all(kinds: Kinds, error: PmError) -> Dict[str, Outcome]:
    return {kind: Outcome(FAILED, error.code) for kind in kinds}


def _ends_module(error: PmError) -> bool:
    """Whether the next service would fail for the same reason."""
    return error.told is Told.PROBLEM or isinstance(error, errors.HostError)


def _patiently(ctx: Context, kinds: Kinds, mender: Mender, until: float) -> Dict[str, Outcome]:
    """Mends a service, once the cloud takes changes again where it takes none for now."""
    while True:
        try:
            service = ctx.service()
            with service.lock:
                return mender(ctx, service, kinds)
        except errors.CloudWriteLimit as error:
            pause_s = error.wait_s or LIMIT_PAUSE_S
            if time.monotonic() + pause_s >= until:
                raise
            ctx.log.warning("%s; nothing is sent for %d s", error, pause_s)
        ctx.note_pause(pause_s)
        ctx.leave()
        time.sleep(pause_s)


def mend(ctx: Context, service: Service, kinds: Kinds) -> Dict[str, Outcome]:
    """Mends one service; see Mender. Raises what the commands raise."""
    refuse_unfit(service)
    account = find(ctx, service)
    order = under_level(_order(ctx, service.item, kinds), service.item, account)
    before = _left(ctx, service, account, order)
    if BEHIND in kinds:
        account = follow(ctx, service, account, _wish(ctx, service.item))
    account = service.accounts.bring(account, order)
    if order.email and EMAIL not in service.accounts.failed:  # it follows the client from now on
        ctx.following.note(service.item.id, account, order, (EMAIL,))
    if UNREADABLE in kinds:
        renew(ctx, service, account)
    after = _left(ctx, service, service.owner.account(), order)
    if BEHIND in kinds and not service.accounts.failed.keys().isdisjoint(PERSONAL):
        after.add(MENDED[BEHIND])  # what is refused is not tried again, and was not done either
    return {kind: _outcome(MENDED[kind], before, after) for kind in kinds}


def _outcome(what: str, before: Set[str], after: Set[str]) -> Outcome:
    if what in after:
        return Outcome(FAILED, errors.NotAsOrdered.code)
    return Outcome(DONE if what in before else GONE)


def refuse_unfit(service: Service) -> None:
    """Raises ServiceNotOpen where another operation has the service in hand, or it is not open.

    Raises AccountShared where another living service names its account.
    """
    item = service.item
    if item.status not in (STATUS_ACTIVE, STATUS_SUSPENDED):
        raise errors.ServiceNotOpen(f"{item.id}: {item.status}")
    others = service.owner.others()
    if others:
        raise errors.AccountShared(f"{item.saved_login.strip()}: {', '.join(map(str, others))}")


def _order(ctx: Context, item: Item, kinds: Kinds) -> Order:
    """What the account is to be, as far as it is to be mended."""
    whole = ctx.billing.tariffs.orders([item])[item.id].order
    wanted = {MENDED[kind] for kind in kinds}
    return Order(
        quota_bytes=whole.quota_bytes if QUOTA in wanted else None,
        group=whole.group if GROUP in wanted else "",
        email=whole.email if EMAIL in wanted else "",
        enabled=item.status == STATUS_ACTIVE if ENABLED in wanted else None,
    )


def _wish(ctx: Context, item: Item) -> Order:
    """What of the account follows its client, and nothing else."""
    return ctx.billing.tariffs.wishes([item])[item.id]


def _left(ctx: Context, service: Service, account: Account, order: Order) -> Set[str]:
    """What of the account, and of what is saved on its service, is still to be changed."""
    left = {change.what for change in changes(account, order)}
    item = ctx.billing.services.item(service.item.id)
    renewal = ctx.owner(item, service.server, service.cloud).renewal()
    if renewal is not None and renewal.values:
        left.add(MENDED[UNREADABLE])
    if ctx.following.behind({item.id: account}, {item.id: _wish(ctx, item)}):
        left.add(MENDED[BEHIND])
    return left
