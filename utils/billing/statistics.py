"""BILLmanager's statistics: a row for each service, day and add-on.

The core has no function that writes one (docs/en/protocol.md, "Statistics").
"""

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Sequence

from utils.base import deeds, sizes
from utils.base.values import Disk
from utils.billing.doors import Doors
from utils.billing.needs import FUNCTIONS
from utils.consts import DISK_ADDONS

if TYPE_CHECKING:
    from utils.billing.database import Row

_WRITE = """
INSERT INTO itemstat (item, statdate, param, value, measure) VALUES (%s, %s, %s, %s, %s)
    ON DUPLICATE KEY UPDATE value = VALUES(value), measure = VALUES(measure)
"""


_LAST_DAYS = "SELECT item, MAX(statdate) AS day FROM itemstat WHERE item IN %s GROUP BY item"

_DAYS = """
SELECT statdate, param, value, measure FROM itemstat
 WHERE item = %s AND LOWER(param) IN %s AND statdate BETWEEN %s AND %s ORDER BY statdate, param
"""


_LATEST = """
SELECT statdate, param, value, measure FROM itemstat WHERE item = %s AND LOWER(param) IN %s
 ORDER BY statdate DESC LIMIT 1
"""

_USED = """
SELECT s.item, s.statdate, s.param, s.value, s.measure FROM itemstat s
  JOIN (SELECT item, MAX(statdate) AS day FROM itemstat
         WHERE item IN %s AND statdate >= %s AND LOWER(param) IN %s GROUP BY item) AS latest
    ON latest.item = s.item AND latest.day = s.statdate
 WHERE LOWER(s.param) IN %s ORDER BY s.param
"""


class Counted(NamedTuple):
    """What a service had used on a day, in a measure's amount, as an add-on's word has it."""

    day: date
    value: Decimal
    measure_id: Optional[int]
    addon: str = ""


def _counted(row: "Row") -> Counted:
    value = Decimal(str(row["value"]))
    return Counted(row["statdate"], value, row["measure"], row["param"] or "")


class StatRow(NamedTuple):
    """A row of BILLmanager's statistics, in the order of the statement that writes it."""

    item_id: int
    day: str
    addon: str
    value: str
    measure_id: int


def stat_row(item_id: int, day: date, used_bytes: int, disk: Disk) -> StatRow:
    """The row of a service for a day, in the measure of its add-on."""
    value = sizes.in_measure(used_bytes, disk.unit_bytes)
    return StatRow(item_id, day.isoformat(), disk.addon, value, disk.measure_id)


class Statistics:
    """Writes statistics, says when they are whole, and reads how old they are."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    def write(self, rows: Sequence[StatRow]) -> None:
        """Writes rows; one that is there already is replaced. Raises DatabaseUnavailable.

        This is the one thing that is written by SQL: the core has no function for it.
        """
        if not rows:
            return
        first = {"item": rows[0].item_id, "statdate": rows[0].day, "param": rows[0].addon}
        with self._doors.deeds.noted(deeds.rows("itemstat", first, len(rows))):
            self._doors.db.write_many(_WRITE, rows)

    def last_days(self, item_ids: Sequence[int]) -> Dict[int, date]:
        """The last day of each service that has statistics. Raises DatabaseUnavailable."""
        if not item_ids:
            return {}
        return {row["item"]: row["day"] for row in self._doors.db.rows(_LAST_DAYS, item_ids)}

    def latest(self, item_id: int) -> Optional[Counted]:
        """The service's usage of the last counted day, or None. Raises DatabaseUnavailable."""
        row = self._doors.db.row(_LATEST, item_id, DISK_ADDONS)
        return None if row is None else _counted(row)

    def used(self, item_ids: Sequence[int], first: date) -> List[Counted]:
        """The usage of each service on its last counted day, not before `first`.

        Raises DatabaseUnavailable.
        """
        if not item_ids:
            return []
        rows = self._doors.db.rows(_USED, item_ids, first, DISK_ADDONS, DISK_ADDONS)
        return [*{row["item"]: _counted(row) for row in rows}.values()]

    def days(self, item_id: int, first: date, last: date) -> List[Counted]:
        """The service's usage from one day to another, oldest first. Raises DatabaseUnavailable."""
        return [*map(_counted, self._doors.db.rows(_DAYS, item_id, DISK_ADDONS, first, last))]

    def post(self, module_id: int, day: str) -> None:
        """Tells BILLmanager that the statistics of a module for a day (YYYY-MM-DD) are whole.

        Raises CoreUnavailable, CoreRefused.
        """
        self._doors.core.call(FUNCTIONS.post_statistics, elid=module_id, date=day)
