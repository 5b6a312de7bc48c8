"""What the report of many services and a year costs: a part of `make bench`.

BENCH_REPORT_SERVICES says of how many. The year is played into the database by itself, with the
sizes of single services all different, and the history has a run for each tenth service.
"""

import json
import os
import statistics
import time
from typing import List, NamedTuple

from tests.doubles.billmanager import DEVNULL, Addon, Peak, Stand
from utils.host.records import moment

SERVICES = int(os.environ.get("BENCH_REPORT_SERVICES", "10000"))
DAYS = 365
ROUNDS = 3
AIM_S, AIM_MIB = 5.0, 300.0

_FILL = """
INSERT INTO itemstat (item, statdate, param, value, measure)
SELECT i.id, CURDATE() - INTERVAL %s + d.seq DAY, 'disk',
       ROUND((%s - %s - d.seq) * 0.01 * (1 + i.id MOD 7) + i.id MOD 11 / 100, 2), %s
  FROM (SELECT CAST(seq AS SIGNED) AS seq FROM seq_0_to_30) d JOIN item i ON i.processingmodule = %s
 WHERE d.seq + %s < %s ORDER BY d.seq DESC, i.id
"""


class Sample(NamedTuple):
    """One report: its seconds, its peak of memory in MiB, its bytes."""

    seconds: float
    peak_mib: float
    size_bytes: int


def play(stand: Stand, services: int, days: int = DAYS) -> int:
    """A module with so many services, each with a row a day; gives the module."""
    itemtype = stand.add_itemtype("backupservice")
    module = stand.add_module("https://cloud.example.com", "admin", "Made-up-77")
    tariff = stand.add_tariff(itemtype, [Addon(name="disk", measure="gib", limit=10)])
    clients = [stand.add_account(f"Client {number}", emails=[None]) for number in range(20)]
    items = stand.order_many(tariff, clients[0], module, services)
    addon = stand.addons(tariff)["disk"]
    stand.database.insert_many(
        "item",
        ("name", "parent", "pricelist", "status", "intvalue"),
        [("Add-on", item, addon, 2, 1 + item % 40) for item in items],
    )
    gib = stand.measure("gib")
    for ago in reversed(range(0, days, 31)):  # the oldest first, as they were counted
        stand.sql(_FILL, ago, days, ago, gib, module, ago, days)
    stand.sql("ANALYZE TABLE itemstat, item")
    _remember(stand, services // 10, module)
    return module


def _remember(stand: Stand, count: int, module: int, days: int = 90) -> None:
    for ago in range(days):
        at = moment(time.time() - ago * 24 * 60 * 60)
        lines = [
            json.dumps(
                {
                    **{"run": f"{ago:x}-{number:x}", "at": at, "pid": 1, "command": "setparam"},
                    **{"item": number, "module": module, "operation": number, "login": "user"},
                    **{"ended": "done", "value": "", "exit": 0, "heard": True, "ms": 300 + number},
                    **{"left_out": 0, "deeds": []},
                }
            )
            for number in range(count // days + 1)
        ]
        stand.write(f"var/pmnextcloud/history/{at[:10]}.jsonl", "\n".join(lines) + "\n")


def sample(stand: Stand, *words: str) -> Sample:
    """One report. Raises AssertionError where it fails."""
    process = stand.start("report", extra=words, stdin=DEVNULL)
    peak = Peak(process.pid)
    run = process.finish(600)
    assert run.exit_code == 0, run
    return Sample(run.seconds, peak.kib() / 1024, len(run.stdout))


def show() -> None:
    """Measures and prints."""
    with Stand() as stand:
        play(stand, SERVICES)
        sample(stand)  # the database reads its files once
        samples: List[Sample] = [sample(stand) for _ in range(ROUNDS)]
    took_s = statistics.median(one.seconds for one in samples)
    peak_mib = max(one.peak_mib for one in samples)
    print(
        f"\n| services | days | `report`, s, aim {AIM_S:.0f} | peak, MiB, aim {AIM_MIB:.0f}"
        " | page, KiB |\n|---|---|---|---|---|\n"
        f"| {SERVICES} | {DAYS} | {took_s:.1f} {_met(took_s, AIM_S)}"
        f" | {peak_mib:.0f} {_met(peak_mib, AIM_MIB)} | {samples[0].size_bytes // 1024} |"
    )


def _met(value: float, aim: float) -> str:
    return "yes" if value <= aim else "NO"


if __name__ == "__main__":
    show()
