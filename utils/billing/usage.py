"""What all services of some modules had used, as BILLmanager's statistics have it.

The database adds up and picks out, so that a year of ten thousand services comes as some hundred
rows. A day on which a service was not read has no row of it, and so is never a zero.
"""

from datetime import date
from decimal import Decimal
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from utils.base.values import Item
from utils.billing.database import Database, Row
from utils.billing.doors import Doors
from utils.billing.needs import OPTIONAL
from utils.billing.services import bare_item
from utils.consts import DISK_ADDONS

MOSTLY_OURS = 3
"""Where at least one row of so many is of our services the whole table is gone through, which is
three times as quick for each row as to look them up (measured). It may hold other products."""

_WORD, _OTHER = DISK_ADDONS

_COUNT = """
SELECT COUNT(*) AS services FROM item WHERE processingmodule IN %s AND parent IS NULL
"""

_SUMMED = """ i.module, s.statdate, s.param = %s AS is_other, s.measure,
       SUM(s.value) AS value, COUNT(*) AS services
  FROM itemstat s
  JOIN (SELECT DISTINCT id, processingmodule AS module FROM item
         WHERE processingmodule IN %s AND parent IS NULL) i ON i.id = s.item
"""
_OF_DAYS = """
 WHERE s.param IN %s AND s.value >= 0 AND s.statdate BETWEEN %s AND %s
 GROUP BY i.module, s.statdate, is_other, s.measure
"""
"""The inner query keeps our services in a table of its own, and a number stands for the word: for
each row of the statistics that takes half the time of a look into the table of all services, and of
the word itself (measured)."""

_WITH_TWIN = """
  JOIN itemstat o ON o.item = s.item AND o.statdate = s.statdate AND o.param = %s AND o.value >= 0
"""
"""A service whose tariff was changed may have a row under each word for space on one day."""

_SUMS = "SELECT" + _SUMMED + _OF_DAYS
_SUMS_OF_ALL = "SELECT STRAIGHT_JOIN" + _SUMMED + _OF_DAYS
_SUMS_OF_TWINS = "SELECT" + _SUMMED + _WITH_TWIN + _OF_DAYS

_SERVICES = """
SELECT i.id, i.status, i.account, i.pricelist, i.lastpricelist, i.period, i.processingmodule,
       t.intname AS itemtype,
       (SELECT f.statdate FROM itemstat f WHERE f.item = i.id ORDER BY f.statdate LIMIT 1)
       AS first_read,
       (SELECT l.statdate FROM itemstat l WHERE l.item = i.id ORDER BY l.statdate DESC LIMIT 1)
       AS last_read,
"""
_OF_MODULES = """ AS opened
  FROM item i
  JOIN pricelist p ON p.id = i.pricelist
  JOIN itemtype t ON t.id = p.itemtype
 WHERE i.processingmodule IN %s AND i.parent IS NULL
 ORDER BY i.id
"""

_ON_DAYS = """
SELECT s.item, s.statdate, s.param, s.value, s.measure
  FROM item i
  JOIN itemstat s ON s.item = i.id AND s.statdate IN %s
 WHERE i.processingmodule = %s AND i.parent IS NULL AND s.param IN %s AND s.value >= 0
"""


class Sum(NamedTuple):
    """What the services of a module that were read on a day had used, in one measure."""

    module_id: int
    day: date
    value: Decimal
    measure_id: Optional[int]
    services: int


class Reading(NamedTuple):
    """What a service had used on a day, in a measure's amount."""

    item_id: int
    day: date
    value: Decimal
    measure_id: Optional[int]


class Service(NamedTuple):
    """A service without what is saved on it.

    `opened` is None where nobody tells it. The other two are the days on which it was read.
    """

    item: Item
    opened: Optional[date]
    first_read: Optional[date]
    last_read: Optional[date]


class Usage:
    """Reads the statistics of modules. Every method may raise DatabaseUnavailable."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._db = doors.db

    def services(self, module_ids: Sequence[int]) -> List[Service]:
        """All services that the modules have or had, in order of id, also closed ones."""
        has_opened = self._db.has_column(*OPTIONAL.opened)
        rows = self._db.rows(
            _SERVICES + ("i.opendate" if has_opened else "NULL") + _OF_MODULES, module_ids
        )
        return [_service(row) for row in rows]

    def sums(self, module_ids: Sequence[int], first: date, last: date) -> List[Sum]:
        """What was used on each day, from one day to another, by all services of the modules.

        Of a service that was read twice on a day, under both words for space, one row counts. It
        has a connection of its own, so that another thread may ask for the rest meanwhile.
        """
        db = self._doors.another_db()
        try:
            are_all = _is_mostly_ours(db, module_ids, first, last)
            rows = db.rows(
                _SUMS_OF_ALL if are_all else _SUMS, _OTHER, module_ids, DISK_ADDONS, first, last
            )
            found = [_sum(row) for row in rows]
            if len({row["is_other"] for row in rows}) > 1:
                found += _twins(db, module_ids, first, last)
        finally:
            db.close()
        return found

    def on_days(self, module_id: int, days: Sequence[date]) -> Dict[int, List[Reading]]:
        """What each service of a module had used on a few days, by its id."""
        if not days:
            return {}
        found: Dict[int, Dict[date, Tuple[int, Reading]]] = {}
        for row in self._db.rows(_ON_DAYS, days, module_id, DISK_ADDONS):
            rank = DISK_ADDONS.index(row["param"].lower())
            kept = found.setdefault(row["item"], {})
            if row["statdate"] not in kept or rank < kept[row["statdate"]][0]:
                reading = Reading(row["item"], row["statdate"], row["value"], row["measure"])
                kept[row["statdate"]] = (rank, reading)
        return {
            item_id: [reading for _, reading in kept.values()] for item_id, kept in found.items()
        }


def _is_mostly_ours(db: Database, module_ids: Sequence[int], first: date, last: date) -> bool:
    """Whether most rows of the statistics may be of these modules' services."""
    row = db.row(_COUNT, module_ids)
    services = int(row["services"]) if row else 0
    return services * ((last - first).days + 1) * MOSTLY_OURS >= db.about_rows("itemstat")


def _twins(db: Database, module_ids: Sequence[int], first: date, last: date) -> Iterator[Sum]:
    """What has to be taken off again where there are two rows for a day."""
    args = (_OTHER, module_ids, _WORD, (_OTHER,), first, last)
    for row in db.rows(_SUMS_OF_TWINS, *args):
        one = _sum(row)
        yield one._replace(value=-one.value, services=-one.services)


def _sum(row: Row) -> Sum:
    return Sum(row["module"], row["statdate"], row["value"], row["measure"], row["services"])


def _service(row: Row) -> Service:
    return Service(bare_item(row), row["opened"], row["first_read"], row["last_read"])
