"""A played-in year of a provider: two modules with all that a report has to bear.

What a day of the first module has is known by `used_gib`, so that a test can say what the report
has to tell. Days that were not read, a day of which a part was read, days on which nobody stored
anything, and a measure that changes in between are among them.
"""

import datetime
import json
import time
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from tests.doubles.billmanager import ACTIVE, DELETED, SUSPENDED, Addon, Stand
from utils.host.messages import LANGUAGES
from utils.host.records import moment

GIB = 1024**3
EVIL = '<script>alert("1")</script> & =cmd|x'
"""The name of a client who would like to be read by a browser, or by a spreadsheet."""

DAYS = 365
UNREAD = range(200, 205)
"""Days of which nothing was read, counted from the first."""

PARTLY = 250
"""The day on which the most was not read."""

EMPTY_UNTIL = 20
"""So many days nobody stored anything, which was read all the same."""

NEW_MEASURE = 300
"""From this day on usage is counted in MiB."""


ERROR = '<doc><error type="quota_missing" object=""><param name="value">7</param></error></doc>'
"""What stands on an operation that has failed."""


class Sold(NamedTuple):
    """A service: what is sold to it, when it was opened, how much a day brings it."""

    item: int
    gib: int
    opened: int
    a_day_gib: float
    until: Optional[int] = None


class Year:
    """The provider; `today` is the last of the days."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        self.today = datetime.date.today()
        self.first = self.today - datetime.timedelta(days=DAYS - 1)
        itemtype = stand.add_itemtype("backupservice")
        self.module = self._module("Cloud North")
        self.other = self._module('<b>South</b> & "West"')
        self.tariff = stand.add_tariff(itemtype, [Addon(name="disk", measure="gib", limit=10)])
        self.unlimited = stand.add_tariff(
            itemtype, [Addon(name="disk", measure="gib", limit=10)], cloud_unlimited="on"
        )
        self.clients = [
            *(stand.add_account(f"Client {number}", emails=[None]) for number in range(1, 7)),
            stand.add_account(EVIL, emails=[None]),
        ]
        self.sold: List[Sold] = []
        self._fill()

    def _module(self, name: str) -> int:
        module = self.stand.add_module("https://cloud.example.com", "admin", "Made-up-77")
        self.stand.sql("UPDATE processingmodule SET name = %s WHERE id = %s", name, module)
        return module

    def _fill(self) -> None:
        """Services that grow, rest, are nearly full, were closed, or have no limit."""
        for number, (more, opened, a_day) in enumerate(
            [(0, 0, 0.01), (20, 0, 0.05), (10, 40, 0.03), (90, 100, 0.12), (0, 0, 0.0)]
        ):
            self.sold.append(self._service(self.module, number, more, opened, a_day))
        full = self._service(self.module, 6, 0, 150, 0.045)
        closed = self._service(self.module, 5, 30, 0, 0.02, until=220)
        self.sold += [full, closed]
        self.stand.set_status(full.item, SUSPENDED)
        self.stand.set_status(closed.item, DELETED)
        self._count(self.sold, has_gaps=True)
        unlimited = self.stand.order(self.unlimited, self.clients[0], self.other)
        self.stand.set_status(unlimited, ACTIVE)
        self._date(unlimited, 350)
        self._count([Sold(unlimited, 0, 350, 0.5)], has_gaps=False)

    def _service(
        self,
        module: int,
        client: int,
        more: int,
        opened: int,
        a_day_gib: float,
        until: Optional[int] = None,
    ) -> Sold:
        ordered = {"disk": more} if more else None
        item = self.stand.order(self.tariff, self.clients[client], module, ordered=ordered)
        self.stand.set_status(item, ACTIVE)
        self._date(item, opened)
        return Sold(item, 10 + more, opened, a_day_gib, until)

    def _date(self, item: int, opened: int) -> None:
        self.stand.sql("UPDATE item SET opendate = %s WHERE id = %s", self.day(opened), item)

    def day(self, number: int) -> datetime.date:
        """A day, counted from the first."""
        return self.first + datetime.timedelta(days=number)

    @staticmethod
    def of_service(sold: Sold, number: int) -> float:
        """The GiB that a service uses on a day."""
        return round(max(number - max(sold.opened, EMPTY_UNTIL), 0) * sold.a_day_gib, 2)

    def used_gib(self, number: int) -> Optional[float]:
        """What the first module has to be told to use on a day; None for a gap."""
        if number in UNREAD or number == PARTLY:
            return None
        there = [one for one in self.sold if self._is_there(one, number)]
        return sum(self.of_service(one, number) for one in there)

    def sold_gib(self, number: int) -> int:
        """What it has to be told to have sold on a day."""
        return sum(one.gib for one in self.sold if self._is_there(one, number))

    @staticmethod
    def _is_there(sold: Sold, number: int) -> bool:
        return sold.opened <= number <= (DAYS if sold.until is None else sold.until)

    def _count(self, services: List[Sold], has_gaps: bool) -> None:
        rows: List[Tuple[object, ...]] = []
        gib, mib = self.stand.measure("gib"), self.stand.measure("mib")
        for place, one in enumerate(services):
            for number in range(one.opened, DAYS if one.until is None else one.until + 1):
                if has_gaps and (number in UNREAD or (number == PARTLY and place)):
                    continue
                used, measure = self.of_service(one, number), gib
                if number >= NEW_MEASURE:
                    used, measure = used * 1024, mib
                rows.append((one.item, self.day(number), "disk", used, measure))
        self.stand.database.insert_many(
            "itemstat", ("item", "statdate", "param", "value", "measure"), rows
        )

    # -- runs -----------------------------------------------------------------------------------

    def remember(self, days: int = 60) -> None:
        """Runs of so many days: each night one of `stat`, an `open` each day, some that failed."""
        for ago in range(days):
            at_s = time.time() - ago * 24 * 60 * 60
            lines = [self._run(at_s, "stat", ms=8000 + ago, module=self.module)]
            lines += [
                self._run(at_s, "open", ms=400 + 10 * ago, operation=5000 + ago),
                *([self._run(at_s, "open", "cloud_unreachable", 90)] if ago % 7 == 0 else []),
                *([self._run(at_s, "setparam", "quota_missing", 30)] if ago % 20 == 0 else []),
            ]
            day = moment(at_s)[:10]
            path = f"var/pmnextcloud/history/{day}.jsonl"
            self.stand.write(path, "\n".join(map(json.dumps, lines)) + "\n")

    def _run(
        self, at_s: float, command: str, ended: str = "done", ms: int = 400, **more: Any
    ) -> Dict[str, Any]:
        self._runs = getattr(self, "_runs", 0) + 1
        head = {"run": f"{self._runs:x}", "at": moment(at_s), "pid": 1, "command": command}
        end = {
            "login": "",
            "ended": ended,
            "value": "",
            "exit": int(ended != "done"),
            "heard": True,
        }
        rest = {"item": None, "module": self.module, "operation": None}
        return {**head, **rest, **end, "ms": ms, "left_out": 0, "deeds": [], **more}

    def wait(self) -> int:
        """An operation that was stopped for staff; gives its number."""
        operation = self.stand.add_operation("setparam", self.sold[0].item, 10)
        self.stand.sql(
            "UPDATE runningoperation SET manual = 'on', errorxml = %s WHERE id = %s",
            ERROR,
            operation,
        )
        self.stand.add_operation("suspend", self.sold[1].item, 2)
        return operation


def write_pages(folder: Path) -> List[Path]:
    """The report of such a year as files for a browser, one in each language."""
    made = []
    with Stand() as stand:
        year = Year(stand)
        year.remember()
        year.wait()
        stand.write("etc/pmnextcloud.conf", f"disk_sizes = {year.module}=120GiB\n")
        for language in LANGUAGES:
            run = stand.run("report", extra=["--lang", language])
            assert run.exit_code == 0, run
            path = folder / f"report-{language}.html"
            path.write_bytes(run.stdout)
            made.append(path)
    return made
