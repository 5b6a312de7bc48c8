"""What the record of a run costs the run: a part of `make bench`.

A new interpreter has loaded what each command loads; then it notes the deeds of an order, and
writes the record. The same record is put into SQLite beside it, in the same rounds: as it comes,
and by a log that is written ahead.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from typing import Dict, List

from tests import ROOT
from utils.host import root

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "15"))
AIM_MS = 2.0

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
from utils.run.context import Context  # which each command has
begun = time.perf_counter() - spent
host, settings = utils.host.root.Host(place), utils.host.settings.Settings()
context = Context(Call("open", item=15, runningoperation=99), host, settings=settings, log=None)
context.record.begin()
for _ in range(4):
    fields = {"key": "quota", "value": "5368709120 B", "format": "json"}
    with context.deeds.noted(deeds.request("PUT", "/ocs/v1.php/cloud/users/user_15", fields)):
        pass
for _ in range(6):
    fields = {"sok": "ok", "elid": 15, "username": "user_15", "crypted": "off"}
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

WAYS = {"lines": LINES, "SQLite": SQLITE, "SQLite, written ahead": SQLITE_AHEAD}


def measure() -> Dict[str, float]:
    """The median milliseconds of each way to keep a record, its imports too."""
    taken: Dict[str, List[float]] = {name: [] for name in WAYS}
    with tempfile.TemporaryDirectory(prefix="pmnc-keep-", dir=ROOT / "tests") as place:
        for _ in range(ROUNDS):
            for name, way in WAYS.items():
                code = _HEAD + way + _END
                done = subprocess.run(
                    [sys.executable, "-c", code, place],
                    cwd=ROOT,
                    check=True,
                    stdout=subprocess.PIPE,
                    text=True,
                )
                taken[name].append(float(done.stdout))
        [file] = os.listdir(os.path.join(place, root.HISTORY))
        with open(os.path.join(place, root.HISTORY, file), encoding="utf-8") as lines:
            assert lines.read().count('"command":"open"') == 2 * ROUNDS
    return {name: statistics.median(times) for name, times in taken.items()}


def show() -> None:
    """Prints the table as Markdown; docs/*/measured.md show one of these."""
    print("\n| a record kept as | ms | aim |\n|---|---|---|")
    for name, took_ms in measure().items():
        met = "ok" if took_ms <= AIM_MS else "MISSED"
        print(f"| {name} | {took_ms:.1f} | {AIM_MS:.0f} {met if name == 'lines' else ''} |")
