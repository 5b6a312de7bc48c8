"""Where billing and the clouds do not say the same."""

from typing import Iterator

from utils.audit import memory, repair, shown
from utils.audit.differences import VERDICTS
from utils.audit.examine import examine
from utils.audit.findings import Findings
from utils.audit.shown import Report, Words
from utils.base import errors, sheets
from utils.billing.reply import Reply
from utils.host import budget
from utils.run.call import Call
from utils.run.context import Context

FORMATS = ("text", "json", "csv")

USUAL_LIMIT = 20
"""So many changes are made in a run unless another number is given: more of them have a cause that
somebody should look at first."""


@budget.endless()
def run(ctx: Context) -> Reply:
    """Compares every service with its account, and every account with the services.

    With --repair it then mends what is proved and safe, unless that is more than --limit. Nothing
    is deleted. The exit code is 1 where anything is left that differs or could not be looked at.
    Raises BadArguments.
    """
    call = ctx.call
    _check(call)
    limit = call.limit if call.limit is not None else USUAL_LIMIT
    findings = Findings(ctx.billing, call.classes or VERDICTS, limit)
    report = Report(examine(ctx, findings), findings, {}, limit)
    if call.repair and findings.changes > limit:
        report = report._replace(refused=True)
    elif call.repair:
        report = report._replace(repairs=repair.carry_out(ctx, findings.planned, repair.mend))
    if not call.classes:
        memory.keep(ctx, report)
    return shown.show(report, _parts(ctx, report))


def _check(call: Call) -> None:
    """Raises BadArguments for an argument that has no meaning here."""
    if call.format not in FORMATS:
        raise errors.BadArguments(f"--format {call.format}")
    if call.delimiter not in sheets.DELIMITERS:
        raise errors.BadArguments(f"--delimiter {call.delimiter}")
    for kind in call.classes:
        if kind not in VERDICTS:
            raise errors.BadArguments(f"--class {kind}")


def _parts(ctx: Context, report: Report) -> Iterator[bytes]:
    if ctx.call.format == "json":
        return shown.as_json(report)
    if ctx.call.format == "csv":
        return shown.as_csv(report, ctx.call.delimiter)
    beside = shown.told_dry(ctx) if ctx.call.repair else ()
    return Words(ctx.call.lang).as_text(report, beside)
