"""All that the report tells: read from billing, settings and history. Nothing is written."""

from bisect import bisect_right
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Callable, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from utils.base import errors, sizes
from utils.billing.modules import StoredModule
from utils.billing.operations import Waiting
from utils.billing.statistics import Counted as Row
from utils.billing.usage import Reading, Service, Sum
from utils.census.days import WholeDays
from utils.consts import (
    STATUS_ACTIVE,
    STATUS_CLOSED,
    STATUS_ORDERED,
    STATUS_PROCESSING,
    STATUS_SUSPENDED,
)
from utils.host import root
from utils.host.records import Records
from utils.host.state import UNCOUNTED
from utils.report import days as calendar
from utils.report import runs
from utils.report.days import Counted, Day, Life, Month
from utils.report.forecast import Forecast, Point, forecast
from utils.run.context import Context

USUAL_DAYS = 365
"""So far the report goes back unless told otherwise."""

LOOKED_BACK = (0, 15, 30, 45, 60)
"""Days before the last whole one whose readings of single services are compared: a month of them
tells who grows, two months who is idle."""

GROWN_IN = 30
NEAR_FROM = 0.8
"""A customer is near his limit from this part of his space on, as the page of a service has it."""

MOST_SHOWN = 20
"""Services of a list: who looks further takes the other formats of the audit or of BILLmanager."""


STATUS_NAMES = {
    STATUS_ACTIVE: "active",
    STATUS_SUSPENDED: "suspended",
    STATUS_PROCESSING: "processing",
    STATUS_ORDERED: "ordered",
    STATUS_CLOSED: "closed",
}
"""The names of the states of services; they are stable."""


class Customer(NamedTuple):
    """A service as the last whole day has it; `grown_bytes` is None where nobody knows before."""

    item_id: int
    client_id: Optional[int]
    client: str
    tariff: str
    used_bytes: int
    sold_bytes: Optional[float]
    grown_bytes: Optional[int] = None

    @property
    def part(self) -> Optional[float]:
        """Which part of the sold space is used; None where none was sold, or without a limit."""
        if not self.sold_bytes or self.sold_bytes == sizes.UNLIMITED:
            return None
        return self.used_bytes / self.sold_bytes


class Few(NamedTuple):
    """The first services of a list, and how many there are."""

    shown: List[Customer]
    total: int


class Read(NamedTuple):
    """What single services had used on some days, newest first, by the service."""

    days: List[date]
    readings: Dict[int, List[Reading]]


class Lists(NamedTuple):
    """The services that somebody should look at, as of a day; None where none was whole.

    `compared` is the day that growth is told from. `unread` services were not read on the day.
    """

    day: Optional[date]
    compared: Optional[date]
    unread: int
    near: Few
    largest: Few
    growing: Few
    idle: Few


class Section(NamedTuple):
    """What is told of a module. Sizes are of today; `used_bytes` is of the last whole day.

    `unlimited` services have no limit, `untold` none that can be told; both are in no sum of what
    is sold. `last_whole` is the last day that the command stat has told to be whole.
    """

    module: StoredModule
    statuses: Dict[int, int]
    sold_bytes: int
    used_bytes: Optional[int]
    used_day: Optional[date]
    disk_bytes: Optional[int]
    unlimited: int
    untold: int
    days: List[Day]
    months: List[Month]
    disk_full: Forecast
    sold_full: Forecast
    lists: Lists
    waiting: List[Waiting]
    uncounted: int
    last_whole: Optional[date]

    @property
    def services(self) -> int:
        """How many services there are, without those that are closed or not paid yet."""
        gone = (STATUS_CLOSED, STATUS_ORDERED)
        return sum(count for status, count in self.statuses.items() if status not in gone)

    @property
    def free_bytes(self) -> Optional[int]:
        """What the disk has left; of a disk that nobody has named, what is sold and not used.

        Without a disk nobody knows where some services have no limit.
        """
        return self._left(self.used_bytes, self.sold_bytes)

    def free_on(self, day: Day) -> Optional[int]:
        """The same on one of the days."""
        return self._left(day.used_bytes, day.sold_bytes)

    def _left(self, used_bytes: Optional[int], sold_bytes: int) -> Optional[int]:
        if used_bytes is None or (self.disk_bytes is None and self.unlimited):
            return None
        return (sold_bytes if self.disk_bytes is None else self.disk_bytes) - used_bytes

    @property
    def sold_to_disk(self) -> Optional[float]:
        """How many times the disk was sold; None where services without a limit are on it."""
        return self.sold_bytes / self.disk_bytes if self.disk_bytes and not self.unlimited else None

    @property
    def sold_to_used(self) -> Optional[float]:
        """How many times what is used was sold; None where services without a limit use it."""
        return self.sold_bytes / self.used_bytes if self.used_bytes and not self.unlimited else None


class Report(NamedTuple):
    """All of it; `first` to `today` are the days that it is about."""

    today: date
    first: date
    sections: List[Section]
    runs: runs.Runs


def gather(ctx: Context, since: Optional[datetime]) -> Report:
    """Reads all. Raises ModuleNotFound, DatabaseUnavailable, SettingsBroken."""
    today = date.today()
    first = since.date() if since else today - timedelta(days=USUAL_DAYS - 1)
    first = min(first, today)
    modules = ctx.billing.modules.stored(ctx.call.module)
    if not modules and ctx.call.module is not None:
        raise errors.ModuleNotFound(ctx.call.module)
    sections = _sections(ctx, modules, first, today) if modules else []
    told = runs.read(
        Records(ctx.host.path(root.HISTORY)),
        ctx.call.module,
        datetime.combine(first, datetime.min.time()).timestamp(),
    )
    return Report(today, first, sections, told)


def _sections(
    ctx: Context, modules: Sequence[StoredModule], first: date, today: date
) -> List[Section]:
    ids = [module.id for module in modules]
    usage = ctx.billing.usage
    with ThreadPoolExecutor(1) as pool:
        adding = pool.submit(usage.sums, ids, first, today)
        services = usage.services(ids)
        quotas = ctx.billing.tariffs.quotas([one.item for one in services])
        waiting = ctx.billing.operations.waiting(ids)
        guessed = {one: _guess(ctx, one, services) for one in ids}
        sums = adding.result()
    made = []
    for module in modules:
        own = [one for one in services if one.item.module_id == module.id]
        counted = _counted(ctx, [one for one in sums if one.module_id == module.id])
        mine = {one.item.id for one in own}
        waits = [one for one in waiting if one.item_id in mine]
        days = first, today
        made.append(_section(ctx, module, own, quotas, counted, waits, guessed[module.id], days))
    return made


def _counted(ctx: Context, sums: Iterable[Sum]) -> Dict[date, Counted]:
    """The bytes of each day. What was counted in a measure that nobody knows was not read."""
    found: Dict[date, Counted] = {}
    for one in sums:
        used = _bytes(ctx, one.day, one.value, one.measure_id)
        if used is not None:
            before = found.get(one.day, Counted(0, 0))
            services = before.services + one.services
            found[one.day] = Counted(before.used_bytes + used, services)
    return found


def _bytes(ctx: Context, day: date, value: Decimal, measure_id: Optional[int]) -> Optional[int]:
    with suppress(errors.MeasureUnknown):
        return ctx.billing.tariffs.counted_bytes(Row(day, value, measure_id))
    return None


# -- a module -------------------------------------------------------------------------------------


def _section(
    ctx: Context,
    module: StoredModule,
    services: Sequence[Service],
    quotas: Dict[int, Optional[float]],
    counted: Dict[date, Counted],
    waiting: List[Waiting],
    guessed: Read,
    first_and_today: Tuple[date, date],
) -> Section:
    first, today = first_and_today
    living = [one for one in services if _is_living(one)]
    sold = [quotas[one.item.id] for one in living]
    limited = int(sum(size for size in sold if size not in (None, sizes.UNLIMITED) and size))
    unlimited = sum(size == sizes.UNLIMITED for size in sold)
    lives = [_life(one, quotas[one.item.id], today) for one in services]
    told = calendar.series(counted, lives, first, today)
    points = [(one.day, one.used_bytes) for one in told if one.used_bytes is not None]
    disk_bytes = dict(ctx.settings.disk_sizes).get(module.id)
    return Section(
        module=module,
        statuses=Counter(one.item.status for one in services),
        sold_bytes=limited,
        used_bytes=points[-1][1] if points else None,
        used_day=points[-1][0] if points else None,
        disk_bytes=disk_bytes,
        unlimited=unlimited,
        untold=sum(size is None for size in sold),
        days=told,
        months=calendar.months(told, lives),
        disk_full=forecast(points, disk_bytes, today),
        sold_full=forecast(points, sizes.UNLIMITED if unlimited else limited or None, today),
        lists=_lists(ctx, living, quotas, _read(ctx, module.id, points, guessed)),
        waiting=waiting,
        uncounted=len(ctx.state.read(UNCOUNTED.format(module.id)) or ()),
        last_whole=WholeDays(ctx.state, module.id).last(),
    )


def _is_living(service: Service) -> bool:
    return service.item.status not in (STATUS_CLOSED, STATUS_ORDERED)


def _life(service: Service, sold_bytes: Optional[float], today: date) -> Life:
    first, last = service.first_read, service.last_read
    begins = service.opened or first
    if _is_living(service):
        return Life(min(begins or today, today), None, first, last, sold_bytes)
    if last is None or begins is None:
        return Life(None, None, None, None, None)
    return Life(min(begins, last), last, first, last, sold_bytes)


# -- single services ------------------------------------------------------------------------------


def _guess(ctx: Context, module_id: int, services: Sequence[Service]) -> Read:
    """Reads the days that are compared most often, while the sums tell which days are whole."""
    own = (one for one in services if one.item.module_id == module_id and _is_living(one))
    last = max((one.last_read for one in own if one.last_read is not None), default=None)
    if last is None:
        return Read([], {})
    days = [last - timedelta(days=back) for back in LOOKED_BACK]
    return Read(days, ctx.billing.usage.on_days(module_id, days))


def _read(ctx: Context, module_id: int, points: Sequence[Point], guessed: Read) -> Read:
    """The days that are to be compared, as guessed or read now."""
    days = _looked_at([day for day, _ in points])
    if days == guessed.days:
        return guessed
    return Read(days, ctx.billing.usage.on_days(module_id, days))


def _lists(
    ctx: Context, living: Sequence[Service], quotas: Dict[int, Optional[float]], read: Read
) -> Lists:
    looked_at, readings = read
    if not looked_at:
        nobody = Few([], 0)
        return Lists(None, None, len(living), nobody, nobody, nobody, nobody)
    day = looked_at[0]
    compared = next((one for one in looked_at if (day - one).days >= GROWN_IN), None)
    found, idle = [], []
    for one in living:
        used = _used(ctx, readings.get(one.item.id, ()))
        if day not in used:
            continue
        grown = used[day] - used[compared] if compared in used else None
        customer = _customer(one, used[day], quotas[one.item.id], grown)
        found.append(customer)
        if len(used) == len(looked_at) == len(LOOKED_BACK) and len(set(used.values())) == 1:
            idle.append(customer)
    near = [one for one in found if (one.part or 0) >= NEAR_FROM]
    growing = [one for one in found if (one.grown_bytes or 0) > 0]
    few = [
        _few(near, lambda one: one.part or 0),
        _few(found, lambda one: one.used_bytes),
        _few(growing, lambda one: one.grown_bytes or 0),
        _few(idle, lambda one: one.sold_bytes or 0),
    ]
    return Lists(day, compared, len(living) - len(found), *_named(ctx, few))


def _looked_at(whole: List[date]) -> List[date]:
    """The last whole day and those before it that are compared with it, newest first.

    Of a day that was not whole the next one before it stands in, within a week.
    """
    found: List[date] = []
    for back in LOOKED_BACK if whole else ():
        wanted = whole[-1] - timedelta(days=back)
        place = bisect_right(whole, wanted) - 1
        if place >= 0 and (wanted - whole[place]).days < 7 and whole[place] not in found:
            found.append(whole[place])
    return found


def _used(ctx: Context, readings: Iterable[Reading]) -> Dict[date, int]:
    used = {}
    for one in readings:
        size = _bytes(ctx, one.day, one.value, one.measure_id)
        if size is not None:
            used[one.day] = size
    return used


def _customer(service: Service, used: int, sold: Optional[float], grown: Optional[int]) -> Customer:
    item = service.item
    return Customer(item.id, item.account_id, "", str(item.tariff_id), used, sold, grown)


def _few(found: Sequence[Customer], weight: Callable[[Customer], float]) -> Few:
    """The first of them by their weight; those of the same weight by their numbers."""
    ordered = sorted(found, key=lambda one: (-weight(one), one.item_id))
    return Few(ordered[:MOST_SHOWN], len(ordered))


def _named(ctx: Context, lists: Sequence[Few]) -> List[Few]:
    """The lists with the names of clients and tariffs."""
    shown = [one for few in lists for one in few.shown]
    clients = ctx.billing.clients.names({one.client_id for one in shown if one.client_id})
    tariffs = ctx.billing.tariffs.names({int(one.tariff) for one in shown})
    return [
        few._replace(
            shown=[
                one._replace(
                    client=clients.get(one.client_id or 0, ""),
                    tariff=tariffs.get(int(one.tariff), one.tariff),
                )
                for one in few.shown
            ]
        )
        for few in lists
    ]
