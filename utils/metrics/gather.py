"""Reads what monitoring wants to know of billing and clouds, within a few seconds.

Each source is read by itself. What cannot be read has no numbers, and is told by `source_up`: a
number that nobody knows is not 0. Nothing is changed anywhere, and no cloud is logged into.
"""

import ssl
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import date, timedelta
from functools import partial
from typing import Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional

from utils.api import NextcloudAPIClient
from utils.base import errors, sizes
from utils.base.values import Server
from utils.billing.modules import StoredModule
from utils.billing.operations import Queued
from utils.census.days import WholeDays
from utils.cloud.refusals import Refusals
from utils.consts import STATES, Level
from utils.host import budget, state
from utils.metrics import gauges
from utils.metrics.gauges import Sample
from utils.run.context import Context

SOURCE_S = 10
"""The longest time for one source in billing. The space of 10,000 services takes a bit more than a
second, and the agent of Zabbix is told to wait for thirty."""

CLOUD_S, CLOUDS_S = 5.0, 8.0
"""The longest waits for one answer of a cloud, and for all clouds, which are asked at once."""

CLOUDS_AT_ONCE = 8

BATCH = 1000
"""Services whose space is read at once: a tenth of a second, and a megabyte."""

USED_DAYS = 31
"""What a service used is looked for in the statistics of so many days; older is not told as new."""


class Source(NamedTuple):
    """A source by its name, and what reads it; `of_module` is one that each module has."""

    name: str
    read: Callable[..., Iterable[Sample]]
    of_module: bool = False


class Gathered(NamedTuple):
    """All that could be read; the modules are None where billing does not tell them."""

    samples: List[Sample]
    modules: Optional[List[StoredModule]] = None


def gather(ctx: Context) -> Gathered:
    """All that can be read now."""
    samples = [
        Sample(gauges.GATHERED, (), int(time.time())),
        Sample(gauges.DOES_NOTHING, (), int(ctx.host.does_nothing())),
    ]
    try:
        modules = budget.within(SOURCE_S, lambda: ctx.billing.modules.stored())
    except (errors.PmError, ImportError, budget.Spent) as error:
        ctx.log.warning("metrics: billing: %s", error)
        return Gathered([*samples, _up("billing", "", False)])
    samples.append(_up("billing", "", True))
    for source in SOURCES:
        for module in modules if source.of_module else [None]:
            samples += _read(ctx, source, modules, module)
    return Gathered(samples + _clouds(ctx, modules), modules)


def _read(
    ctx: Context, source: Source, modules: List[StoredModule], module: Optional[StoredModule]
) -> List[Sample]:
    """The numbers of a source, all or none, and whether it could be read."""
    about = "" if module is None else str(module.id)
    read = partial(source.read, ctx, modules if module is None else module)
    try:
        return budget.within(SOURCE_S, lambda: [*read(), _up(source.name, about, True)])
    except (errors.PmError, budget.Spent) as error:
        ctx.log.warning("metrics: %s %s: %s", source.name, about, error)
        return [_up(source.name, about, False)]


def _up(source: str, module: str, is_up: bool) -> Sample:
    return Sample(gauges.SOURCE_UP, (source, module), int(is_up))


# -- billing --------------------------------------------------------------------------------------


def _services(ctx: Context, modules: List[StoredModule]) -> Iterator[Sample]:
    counts = ctx.billing.services.by_status()
    for module in modules:
        for status, name in STATES.items():
            number = counts.get((module.id, status), 0)
            yield Sample(gauges.SERVICES, (str(module.id), name), number)


def _space(ctx: Context, modules: List[StoredModule]) -> Iterator[Sample]:
    for module in modules:
        sold = used = unlimited = after = 0
        first = date.today() - timedelta(days=USED_DAYS)
        while True:
            items = ctx.billing.services.sold(module.id, after, BATCH)
            quotas = [one.order.quota_bytes for one in ctx.billing.tariffs.orders(items).values()]
            unlimited += quotas.count(sizes.UNLIMITED)
            sold += sum(int(one) for one in quotas if one not in (None, sizes.UNLIMITED))
            days = ctx.billing.statistics.used([item.id for item in items], first)
            for counted in days:
                with suppress(errors.MeasureUnknown):
                    used += ctx.billing.tariffs.counted_bytes(counted)
            if len(items) < BATCH:
                break
            after = items[-1].id
        for name, number in ((gauges.SOLD, sold), (gauges.USED, used)):
            yield Sample(name, (str(module.id),), number)
        yield Sample(gauges.UNLIMITED, (str(module.id),), unlimited)


def _operations(ctx: Context, modules: List[StoredModule]) -> Iterator[Sample]:
    waiting = ctx.billing.operations.queue()
    ages_s = _ages_s(ctx, waiting)
    for module in modules:
        own = [one for one in waiting if one.module_id == module.id]
        label = (str(module.id),)
        yield Sample(gauges.WAITING, label, len(own))
        yield Sample(gauges.MOST_TRIES, label, max((one.tries for one in own), default=0))
        if ages_s is not None:
            oldest_s = max((ages_s[one.id] for one in own), default=0.0)
            yield Sample(gauges.OLDEST, label, int(oldest_s))
        if all(one.is_stopped is not None for one in own):
            yield Sample(gauges.STOPPED, label, sum(bool(one.is_stopped) for one in own))


def _ages_s(ctx: Context, waiting: List[Queued]) -> Optional[Dict[int, float]]:
    """How long each was seen to wait; None where that cannot be kept.

    BILLmanager has no moment of an operation that is known of each version. So it counts from the
    first time that one is met here.
    """
    kept = ctx.state.read(state.WAITING)
    now = time.time()
    known = kept if isinstance(kept, dict) else {}
    since = {str(one.id): known.get(str(one.id), now) for one in waiting}
    if any(not isinstance(at, (int, float)) or not 0 <= at <= now for at in since.values()):
        since = {number: now for number in since}
    if since != known:
        try:
            ctx.state.write(state.WAITING, since)
        except errors.StateUnwritable as error:
            ctx.log.warning("metrics: %s", error)
            return None
    return {int(number): now - at for number, at in since.items()}


# -- what the module remembers --------------------------------------------------------------------


def _statistics(ctx: Context, modules: List[StoredModule]) -> Iterator[Sample]:
    for module in modules:
        last = WholeDays(ctx.state, module.id).last()
        if last is not None:
            ended_at = time.mktime((last + timedelta(days=1)).timetuple())
            yield Sample(gauges.STATISTICS_DAY, (str(module.id),), int(ended_at))
            age_s = max(time.time() - ended_at, 0.0)
            yield Sample(gauges.STATISTICS_AGE, (str(module.id),), int(age_s))


def _audit(ctx: Context, modules: List[StoredModule]) -> Iterator[Sample]:
    for module in modules:
        kept = ctx.state.read(state.AUDITED.format(module.id))
        if not _is_audit(kept):
            continue
        yield Sample(gauges.AUDITED, (str(module.id),), int(kept["at"]))
        yield Sample(gauges.FAULTS, (str(module.id),), kept["faults"])
        found = kept["differences"]
        for kind, number in found.items():
            yield Sample(gauges.DIFFERENCES, (str(module.id), kind), number)


def _is_audit(kept: object) -> bool:
    """Whether that is what an audit has kept."""
    if not isinstance(kept, dict) or not isinstance(kept.get("at"), (int, float)):
        return False
    found = kept.get("differences")
    numbers = [kept.get("faults"), *(found.values() if isinstance(found, dict) else [None])]
    return all(isinstance(one, int) for one in numbers)


def _deletions(ctx: Context, modules: List[StoredModule]) -> Iterator[Sample]:
    waiting = ctx.endings.all_open()
    for module in modules:
        own = [one for one in waiting if one.module_id == module.id]
        yield Sample(gauges.DELETIONS, (str(module.id),), len(own))
        due = sum(one.is_due(ctx.today) for one in own)
        yield Sample(gauges.OVERDUE, (str(module.id),), due)


def _refusals(ctx: Context, module: StoredModule) -> Iterator[Sample]:
    server = ctx.billing.modules.server(module.id)
    code = Refusals(ctx.state, ctx.billing.fingerprint, server, Level.WRITES).standing()
    if code is not None:
        yield Sample(gauges.REFUSAL, (str(module.id), code), 1)


SOURCES = (
    Source("services", _services),
    Source("space", _space),
    Source("operations", _operations),
    Source("statistics", _statistics),
    Source("audit", _audit),
    Source("deletions", _deletions),
    Source("refusals", _refusals, of_module=True),
)
"""The sources beside the clouds. One more is a line here, a function that yields its samples for
all modules, and a line in utils.metrics.gauges."""


# -- clouds ---------------------------------------------------------------------------------------


def _clouds(ctx: Context, modules: List[StoredModule]) -> List[Sample]:
    """What each cloud shows without a login, all asked at once."""
    clients = {} if ctx.host.does_nothing() else _clients(ctx, modules)
    pool = ThreadPoolExecutor(CLOUDS_AT_ONCE)
    asked = {number: pool.submit(_look, number, one) for number, one in clients.items()}
    wait(asked.values(), CLOUDS_S)
    pool.shutdown(wait=False)
    samples: List[Sample] = []
    for module in modules:
        found = _found(asked.get(module.id))
        samples += [*(found or ()), _up("cloud", str(module.id), found is not None)]
    return samples


def _clients(ctx: Context, modules: List[StoredModule]) -> Dict[int, NextcloudAPIClient]:
    """A client for each module with a connection; without a memory, for nothing is learned."""
    clients = {}
    for module in modules:
        try:
            server = ctx.billing.modules.server(module.id)
            clients[module.id] = ctx.client(_hasty(server))
        except errors.PmError as error:
            ctx.log.warning("metrics: cloud %d: %s", module.id, error)
    return clients


def _hasty(server: Server) -> Server:
    return server._replace(timeout_s=min(server.timeout_s, CLOUD_S))


def _found(asked: "Optional[Future[List[Sample]]]") -> Optional[List[Sample]]:
    """What was seen of a cloud; None where it has not answered in time, or not as a cloud does."""
    if asked is None or not asked.done() or asked.exception() is not None:
        return None
    return asked.result()


def _look(module_id: int, client: NextcloudAPIClient) -> List[Sample]:
    """What the status page of a cloud tells. Raises CloudError."""
    ends = client.look().response.certificate_ends
    if not ends:
        return []
    left_s = ssl.cert_time_to_seconds(ends) - time.time()
    return [Sample(gauges.CERTIFICATE, (str(module_id),), int(left_s))]
