"""Whether somebody watches the module, and what he would have seen."""

import os
import time
from collections import Counter
from typing import Iterator

from utils.base.tally import RUNS
from utils.doctor.findings import Finding, advice, fault, well
from utils.host import root
from utils.host.counts import Counts
from utils.host.exposition import WELL
from utils.run.context import Context
from utils.run.counting import GATHERED

SEEN_S = 30 * 60
"""Monitoring that has not looked for so long is off: it looks every few minutes."""

SHOWN = 5
"""Causes of failures that are named, the most frequent ones."""


def watching(ctx: Context) -> Iterator[Finding]:
    """Whether `metrics` is started, and its file written."""
    path = ctx.settings.metrics_file
    folder = os.path.dirname(path)
    if path and not (os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK)):
        yield fault("metrics_unwritable", path)
        return
    is_seen = _age_s(ctx.host.path(root.COUNTS, GATHERED)) < SEEN_S
    if is_seen:
        yield well(path)
    else:
        yield advice("metrics_unread" if path else "unwatched", _recent(ctx))


def _age_s(path: str) -> float:
    try:
        return max(time.time() - os.stat(path).st_mtime, 0.0)
    except OSError:
        return float("inf")


def _recent(ctx: Context) -> str:
    """The runs of today and yesterday, those that have failed, and why most of them did."""
    runs = 0
    causes: Counter[str] = Counter()
    try:
        numbers = Counts(ctx.host.path(root.COUNTS)).recent()
    except OSError:
        numbers = {}
    for key, number in numbers.items():
        counter, *labels = key.split("/")
        if counter == RUNS:
            runs += number
            if labels[-1] not in WELL:
                causes[labels[-1]] += number
    shown = ", ".join(f"{code} {number}" for code, number in causes.most_common(SHOWN))
    failed = sum(causes.values())
    return f"{runs} / {failed}" + (f" ({shown})" if shown else "")
