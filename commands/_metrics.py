"""The metrics, for Prometheus or Zabbix."""

from typing import Dict, Tuple

from utils.base import errors
from utils.billing.reply import Reply
from utils.host import exposition, root
from utils.host.counts import Counts
from utils.metrics import document, gauges
from utils.metrics.gather import gather
from utils.run import counting
from utils.run.context import Context

SUM_S = 2.0
"""How long it is waited for another process that sums up the counters: it takes a millisecond."""


def run(ctx: Context) -> Reply:
    """Reads what monitoring wants to know, and prints it with what the runs have counted.

    Nothing is changed in billing or a cloud. What was read is kept for the file of node_exporter,
    which is written anew. Raises BadArguments for a format that is neither text nor json.
    """
    if ctx.call.format not in ("text", "json"):
        raise errors.BadArguments(f"--format {ctx.call.format}")
    gathered = gather(ctx)
    counts = Counts(ctx.host.path(root.COUNTS))
    numbers, is_up = _counted(ctx, counts)
    gathered.samples.append(gauges.Sample(gauges.SOURCE_UP, ("counters", ""), int(is_up)))
    text = gauges.as_text(gathered.samples)
    if is_up:
        _keep(ctx, counts, text)
    if ctx.call.format == "json":
        return Reply(document.as_json(numbers, gathered))
    return Reply((exposition.of_counters(numbers) + text).encode())


def _counted(ctx: Context, counts: Counts) -> Tuple[Dict[str, int], bool]:
    """What the runs have counted, and whether it could be read."""
    try:
        counts.make()
        with counts.summed(SUM_S) as numbers:
            if numbers is not None:
                return numbers, True
        ctx.log.warning("metrics: another process is at the counters")
    except (OSError, errors.StateUnwritable) as error:
        ctx.log.warning("metrics: counters: %s", error)
    return {}, False


def _keep(ctx: Context, counts: Counts, text: str) -> None:
    """Has the file of node_exporter show what was read; what cannot be written is logged."""
    try:
        path = ctx.settings.metrics_file
        counting.write_file(ctx.host, counts, path, text, SUM_S)
    except (OSError, errors.StateUnwritable, errors.SettingsBroken) as error:
        ctx.log.warning("metrics: %s", error)
