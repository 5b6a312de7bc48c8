"""What a run adds to the counters of the metrics, and the file that node_exporter reads.

Whatever goes wrong with that costs the run nothing; see utils.run.record.
"""

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from utils.base import errors
from utils.base.tally import OTHER, RUN_BOUNDS_MS, RUN_MS, RUNS
from utils.host import root
from utils.host.counts import Counts
from utils.host.files import write_whole

if TYPE_CHECKING:
    from typing import Optional

    from utils.host.root import Host
    from utils.host.settings import Settings
    from utils.run.context import Context

NONE = "0"
"""The number of a module where there is none."""

LEAST_PAUSE_S = 5.0
"""The file for node_exporter is not written more often: it reads it every fifteen seconds."""

GATHERED_S = 900.0
"""How long what `metrics` has read in billing and clouds stays in the file. It is started every few
minutes; later nobody would see that it is not started any more."""

GATHERED = "gathered"
"""The file, beside the sums, of what `metrics` has read last."""

FILE_MODE = 0o644
"""node_exporter is another user, and nothing in the file is secret."""


def count(context: "Context", code: str, module_id: "Optional[int]", took_ms: int) -> None:
    """Counts a run that has ended. Raises OSError, StateUnwritable."""
    tally = context.deeds.tally
    is_known = code not in (errors.UnknownCommand.code, errors.BadArguments.code)
    command = context.call.command if is_known else OTHER
    # The number in a call may be any number.
    module = module_id if module_id and code != errors.ModuleNotFound.code else NONE
    tally.add(RUNS, (command or OTHER, module, code))
    tally.observe(RUN_MS, (command or OTHER,), took_ms, RUN_BOUNDS_MS)
    settings: Optional[Settings] = vars(context).get("settings")
    counts = Counts(context.host.path(root.COUNTS))
    is_time = counts.add(tally.numbers(), may_make=settings is not None)
    path = settings.metrics_file if settings is not None else ""
    if path and _is_due(path):
        write_file(context.host, counts, path)
    elif is_time:
        with counts.summed():
            pass


def write_file(
    host: "Host",
    counts: Counts,
    path: str,
    gathered: "Optional[str]" = None,
    wait_s: float = 0.0,
) -> None:
    """Writes the file for node_exporter, unless another process does so until `wait_s` is over.

    It has the counters as they are now, and what `metrics` has read, if that is not too long ago.
    What it has `gathered` just now is kept before. An empty path is no file. Raises OSError.
    """
    from utils.host import exposition  # few runs come to it

    kept = host.path(root.COUNTS, GATHERED)
    with counts.summed(wait_s) as numbers:
        if numbers is None:
            return
        if gathered is not None:
            write_whole(kept, gathered, 0o600)
        if path:
            write_whole(path, exposition.of_counters(numbers) + _gathered(kept), FILE_MODE)


def _is_due(path: str) -> bool:
    try:
        written_at = os.stat(path).st_mtime
    except OSError:
        return True
    return not 0 <= time.time() - written_at < LEAST_PAUSE_S


def _gathered(path: str) -> str:
    """What was read last in billing and clouds, where that is fresh."""
    with suppress(OSError), open(path, encoding="utf-8") as file:
        if 0 <= time.time() - os.fstat(file.fileno()).st_mtime < GATHERED_S:
            return file.read()
    return ""
