"""What history and metrics cost a run: a part of `make bench`.

A new interpreter has loaded what each command loads; then it notes the deeds of an order, writes
the record and counts itself, and in another round writes the file for node_exporter besides. The
same record is put into SQLite beside it, in the same rounds: as it comes, and by a log that is
written ahead.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import suppress
from typing import Dict, List

from commands import COMMANDS
from tests import ROOT
from utils.base.tally import RUN_BOUNDS_MS, RUN_MS, RUNS, CloudTally, Tally
from utils.host import root
from utils.host.counts import Counts

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "15"))
AIM_MS, FILE_AIM_MS = 3.0, 1.0
"""Aims of history and metrics together, and of the file alone, which one run in five seconds
writes."""

MODULES = (31, 32)
"""Two modules, for which each command has been run before: some two hundred series."""

_HEAD = """
import argparse, contextlib, errno, functools, sys, time
import utils.base.errors, utils.base.text, utils.consts, utils.host.root, utils.host.settings
place = sys.argv[1]
begun = time.perf_counter()
"""
_END = "print((time.perf_counter() - begun) * 1000)"

LINES = """
from utils.base import deeds
spent = time.perf_counter() - begun
from utils.run.call import Call
from utils.run.context import CloudTally, Context  # which each command has
begun = time.perf_counter() - spent
host, settings = utils.host.root.Host(place), utils.host.settings.Settings(metrics_file={file!r})
context = Context(Call("open", item=15, runningoperation=99), host, settings=settings, log=None)
context.record.begin()
for _ in range(4):
    fields = {{"key": "quota", "value": "5368709120 B", "format": "json"}}
    with context.deeds.noted(deeds.request("PUT", "/ocs/v1.php/cloud/users/user_15", fields)):
        pass
    CloudTally(context.deeds.tally, 31).answered("200", 40)
for _ in range(6):
    fields = {{"sok": "ok", "elid": 15, "username": "user_15", "crypted": "off"}}
    with context.deeds.noted(deeds.call("service.saveparam", fields)):
        pass
context.record.end(0, True)
"""

_SQLITE = """
import sqlite3
base = sqlite3.connect(place + "/history.db", timeout=5, isolation_level=None)
{}
base.execute("CREATE TABLE IF NOT EXISTS run (at REAL, item INT, text TEXT)")
for text in ("x" * 150, "x" * 1500):
    base.execute("INSERT INTO run VALUES (1, 15, ?)", (text,))
base.close()
"""
SQLITE = _SQLITE.format("")
SQLITE_AHEAD = _SQLITE.format(
    'base.execute("PRAGMA journal_mode = WAL"); base.execute("PRAGMA synchronous = NORMAL")'
)

OURS, WITH_FILE = "lines, and counted", "the same, and the metrics file written"

WAYS = {
    OURS: LINES.format(file=""),
    WITH_FILE: LINES.format(file="{file}"),
    "SQLite": SQLITE,
    "SQLite, written ahead": SQLITE_AHEAD,
}


def fill(place: str) -> None:
    """Counters as they are after a while."""
    counts = Counts(os.path.join(place, root.COUNTS))
    for name in COMMANDS:
        for module in MODULES:
            tally = Tally()
            tally.add(RUNS, (name, module, "done"))
            tally.add(RUNS, (name, module, "busy"))
            tally.observe(RUN_MS, (name,), 150, RUN_BOUNDS_MS)
            CloudTally(tally, module).answered("200", 40)
            counts.add(tally.numbers(), may_make=True)
    with counts.summed():
        pass


def measure() -> Dict[str, float]:
    """The median milliseconds of each way to keep a record, its imports too."""
    taken: Dict[str, List[float]] = {name: [] for name in WAYS}
    with tempfile.TemporaryDirectory(prefix="pmnc-keep-", dir=ROOT / "tests") as place:
        fill(place)
        file = os.path.join(place, "pmnextcloud.prom")
        for _ in range(ROUNDS):
            for name, way in WAYS.items():
                with suppress(FileNotFoundError):
                    os.unlink(file)  # so that it is time to write it
                code = _HEAD + way.replace("'{file}'", repr(file)) + _END
                done = subprocess.run(
                    [sys.executable, "-c", code, place],
                    cwd=ROOT,
                    check=True,
                    stdout=subprocess.PIPE,
                    text=True,
                )
                taken[name].append(float(done.stdout))
        [day] = os.listdir(os.path.join(place, root.HISTORY))
        with open(os.path.join(place, root.HISTORY, day), encoding="utf-8") as lines:
            assert lines.read().count('"command":"open"') == 4 * ROUNDS
    return {name: statistics.median(times) for name, times in taken.items()}


def show() -> None:
    """Prints the table as Markdown; docs/*/measured.md show one of these."""
    print("\n| a record kept as | ms | aim |\n|---|---|---|")
    took = measure()
    took["of it the file"] = took[WITH_FILE] - took[OURS]
    aims = {OURS: AIM_MS, WITH_FILE: AIM_MS, "of it the file": FILE_AIM_MS}
    for name, took_ms in took.items():
        met = "ok" if took_ms <= aims.get(name, took_ms) else "MISSED"
        aim = f"{aims[name]:.0f} {met}" if name in aims else ""
        print(f"| {name} | {took_ms:.1f} | {aim} |")
