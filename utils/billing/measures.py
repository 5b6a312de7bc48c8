"""BILLmanager's measures: how many bytes one of each is."""

from contextlib import suppress
from decimal import Decimal
from typing import Dict, NamedTuple, Optional

from utils.base import errors
from utils.billing.addons import decimal
from utils.billing.database import Database

_KNOWN = {"byte": 0, "b": 0, "kib": 1, "mib": 2, "gib": 3, "tib": 4, "pib": 5}
"""The power of 1024 that each of those is whose names say it."""


class Measure(NamedTuple):
    """A row of BILLmanager's table `measure`: one of it is `relation` of the lesser one."""

    name: str
    relation: Optional[Decimal]
    lesser_id: Optional[int]


class Measures:
    """Reads them once. Every method may raise DatabaseUnavailable."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._rows: Optional[Dict[int, Measure]] = None

    def unit_bytes(self, measure_id: Optional[int]) -> int:
        """How many bytes one of the measure is, down BILLmanager's own chain of measures.

        Raises MeasureUnknown.
        """
        measures = self._all()
        factor, lesser_id = Decimal(1), measure_id
        for _ in measures:  # no longer than the chain can be, in case it is a circle
            measure = measures.get(lesser_id) if lesser_id is not None else None
            if measure is None:
                break
            power = _KNOWN.get(measure.name.lower())
            if power is not None:
                return int(factor * 1024**power)
            relation = decimal(measure.relation)
            if relation is None or relation <= 0:
                break
            factor *= relation
            lesser_id = measure.lesser_id
        raise errors.MeasureUnknown(measure_id)

    def of(self, unit_bytes: int) -> Optional[int]:
        """The measure of which one is that many bytes, where BILLmanager has such a one."""
        for measure_id in self._all():
            with suppress(errors.MeasureUnknown):
                if self.unit_bytes(measure_id) == unit_bytes:
                    return measure_id
        return None

    def _all(self) -> Dict[int, Measure]:
        if self._rows is None:
            self._rows = {
                row["id"]: Measure(row["intname"], row["relation"], row["lessmeasure"])
                for row in self._db.rows("SELECT id, intname, relation, lessmeasure FROM measure")
            }
        return self._rows
