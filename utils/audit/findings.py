"""What an audit has found so far: counted and summed in memory, the differences in a file.

A cloud from before the billing may hold a hundred thousand accounts that no service names. So the
differences themselves are kept on disk, in a file without a name that only this process can read.
"""

import json
from collections import Counter
from tempfile import SpooledTemporaryFile
from typing import (
    IO,
    Any,
    Collection,
    Dict,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Set,
    Tuple,
)

from utils.audit.differences import CLOSED_ALIVE, UNBILLED, VERDICTS, Difference
from utils.base import errors
from utils.base.text import tame
from utils.billing.billmanager import Billing

IN_MEMORY_BYTES = 1024**2
"""As much is kept in memory before there is a file: some two thousand differences."""

SHOWN = 20
"""Differences of one class and module that a text shows; more than a screen nobody reads."""

Record = Dict[str, Any]
"""A difference as machines read it; its names and types are in docs/audit.schema.json."""


class Planned(NamedTuple):
    """A difference that `--repair` would mend."""

    module_id: int
    item_id: int
    kind: str


class Outcome(NamedTuple):
    """What has become of a planned change; `why` is the error that kept it from being made."""

    state: str
    why: str = ""


POSSIBLE, PLANNED, DONE, GONE, FAILED = "possible", "planned", "done", "gone", "failed"
"""What may become of one: nobody has asked for it, a dry run would make it, it was made, there was
nothing to be changed any more, it could not be made."""

Repairs = Dict[Tuple[int, str], Outcome]
"""Outcomes by service and class."""


class Findings:
    """Takes differences of the wanted classes, and gives them back as records.

    At most `most` of the changes that would mend them are held, all where it is None.
    """

    def __init__(
        self, billing: Billing, classes: Collection[str], most: Optional[int] = None
    ) -> None:
        self._billing = billing
        self._classes = classes
        self._most = most
        file = SpooledTemporaryFile(IN_MEMORY_BYTES, "w+", encoding="utf-8")  # noqa: SIM115  close()
        self._file: IO[str] = file
        self._tariffs: Dict[int, str] = {}
        self.counts: Dict[int, Counter[str]] = {}
        """How many there are, by module and class."""
        self.shown: Dict[Tuple[int, str], List[Record]] = {}
        """The first of them, by module and class."""
        self.changes = 0
        """How many of them could be mended."""
        self.planned: List[Planned] = []
        self.above_bytes = self.unpaid_bytes = self.unlimited = 0
        """What is given above what is sold, and used by accounts that nobody pays for; and how many
        accounts have no limit of their own though a space is sold."""

    def wants(self, one: Difference) -> bool:
        """Whether it is of a class that was asked for."""
        return one.kind in self._classes

    def tell(self, found: List[Difference]) -> None:
        """Takes differences. Raises DatabaseUnavailable, StateUnwritable."""
        wanted = [one for one in found if self.wants(one)]
        if not wanted:
            return
        clients = self._billing.clients.names(_some(one.account_id for one in wanted))
        new = _some(one.tariff_id for one in wanted) - set(self._tariffs)
        self._tariffs.update(self._billing.tariffs.names(new))
        try:
            for one in wanted:
                self._keep(one, self._record(one, clients))
        except OSError as error:
            raise errors.StateUnwritable(f"temporary file: {error.strerror}") from error

    def _keep(self, one: Difference, record: Record) -> None:
        self._file.write(json.dumps(record) + "\n")
        self.counts.setdefault(one.module_id, Counter())[one.kind] += 1
        first = self.shown.setdefault((one.module_id, one.kind), [])
        if len(first) < SHOWN:
            first.append(record)
        self.above_bytes += one.above_bytes or 0
        self.unlimited += one.cloud.get("quota_bytes") in ("unlimited", "default")
        if one.kind in (CLOSED_ALIVE, UNBILLED):
            self.unpaid_bytes += one.used_bytes or 0
        if one.change and one.item_id is not None:
            self.changes += 1
            if self._most is None or len(self.planned) < self._most:
                self.planned.append(Planned(one.module_id, one.item_id, one.kind))

    def _record(self, one: Difference, clients: Dict[int, str]) -> Record:
        return {
            "class": one.kind,
            "verdict": VERDICTS[one.kind],
            "module": one.module_id,
            "item": one.item_id,
            "client": _named(one.account_id, clients),
            "tariff": _named(one.tariff_id, self._tariffs),
            "login": tame(one.login),
            "billing": _tamed(one.billing),
            "cloud": _tamed(one.cloud),
            "above_bytes": one.above_bytes,
            "used_bytes": one.used_bytes,
            "repair": {"change": tame(one.change)} if one.change else None,
        }

    def records(self, repairs: Repairs) -> Iterator[Record]:
        """All differences in the order in which they were found, with what became of them."""
        self._file.seek(0)
        for line in self._file:
            yield with_outcome(json.loads(line), repairs)

    def close(self) -> None:
        """Lets the file go."""
        self._file.close()

    def count(self) -> int:
        """How many differences there are."""
        return sum(sum(one.values()) for one in self.counts.values())


def with_outcome(record: Record, repairs: Repairs) -> Record:
    """The record of a difference with what became of its repair, where it has one."""
    if record["repair"] is None:
        return record
    outcome = repairs.get((record["item"], record["class"]), Outcome(POSSIBLE))
    return {**record, "repair": {**record["repair"], "state": outcome.state, "why": outcome.why}}


def _some(ids: Iterator[Optional[int]]) -> Set[int]:
    return {one for one in ids if one is not None}


def _named(number: Optional[int], names: Dict[int, str]) -> Optional[Record]:
    if number is None:
        return None
    return {"id": number, "name": tame(names.get(number, ""))}


def _tamed(side: Dict[str, Any]) -> Dict[str, Any]:
    """A side of which each text is one line, without secrets and not too long."""
    return {
        name: tame(value)
        if isinstance(value, str)
        else [tame(one) if isinstance(one, str) else one for one in value]
        if isinstance(value, list)
        else value
        for name, value in side.items()
    }
