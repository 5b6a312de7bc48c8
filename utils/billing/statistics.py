"""BILLmanager's statistics: a row for each service, day and add-on.

The core has no function that writes one (docs/en/protocol.md, "Statistics").
"""

from datetime import date
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from utils.base import deeds, sizes
from utils.base.values import Disk
from utils.billing.doors import Doors
from utils.billing.needs import FUNCTIONS

_WRITE = """
INSERT INTO itemstat (item, statdate, param, value, measure) VALUES (%s, %s, %s, %s, %s)
    ON DUPLICATE KEY UPDATE value = VALUES(value), measure = VALUES(measure)
"""


_LAST_DAYS = "SELECT item, MAX(statdate) AS day FROM itemstat WHERE item IN %s GROUP BY item"

_DAYS = """
SELECT statdate, param, value, measure FROM itemstat
 WHERE item = %s AND statdate BETWEEN %s AND %s ORDER BY statdate, param
"""


class Counted(NamedTuple):
    """What was counted for a service on a day, under a word of its add-on's name."""

    day: date
    addon: str
    value: Any
    """As the database has it; `Tariffs.bytes_in` makes bytes of it."""
    measure_id: Optional[int]


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

    def days(self, item_id: int, first: date, last: date) -> List[Counted]:
        """What was counted for a service from one day to another, oldest first.

        Raises DatabaseUnavailable.
        """
        rows = self._doors.db.rows(_DAYS, item_id, first, last)
        return [
            Counted(row["statdate"], row["param"] or "", row["value"], row["measure"])
            for row in rows
        ]

    def post(self, module_id: int, day: str) -> None:
        """Tells BILLmanager that the statistics of a module for a day (YYYY-MM-DD) are whole.

        Raises CoreUnavailable, CoreRefused.
        """
        self._doors.core.call(FUNCTIONS.post_statistics, elid=module_id, date=day)
