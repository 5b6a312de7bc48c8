"""What is kept of the last audit that has looked at all of a module: for the metrics."""

import time
from contextlib import suppress
from typing import Mapping

from utils.audit.differences import FAULT, VERDICTS
from utils.audit.findings import DONE, GONE
from utils.audit.shown import Report
from utils.base import errors
from utils.host.state import AUDITED
from utils.run.context import Context


def keep(ctx: Context, report: Report) -> None:
    """Keeps how many differences of each class are left in each module that was looked at whole.

    Where that cannot be kept the audit is as good without.
    """
    ended = {key for key, outcome in report.repairs.items() if outcome.state in (DONE, GONE)}
    for one in report.examined:
        if one.failure is not None:
            continue
        module_id = one.module.id
        found: Mapping[str, int] = report.findings.counts.get(module_id, {})
        left = {kind: found.get(kind, 0) for kind in VERDICTS}
        for planned in report.findings.planned:
            if planned.module_id == module_id and (planned.item_id, planned.kind) in ended:
                left[planned.kind] -= 1
        faults = sum(number for kind, number in left.items() if VERDICTS[kind] == FAULT)
        kept = {"at": time.time(), "differences": left, "faults": faults}
        with suppress(errors.StateUnwritable):
            ctx.state.write(AUDITED.format(module_id), kept)
