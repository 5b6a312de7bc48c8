"""How the storage that is sold is used, when it will be full, what fails and what waits."""

from datetime import datetime
from typing import Iterable, Optional

from utils.base import errors, sheets
from utils.billing.reply import Reply
from utils.history.reading import since
from utils.host import budget
from utils.report.gather import Report, gather
from utils.run.context import Context

FORMATS = ("html", "json", "csv")


@budget.endless()
def run(ctx: Context) -> Reply:
    """Tells of the modules what BILLmanager's statistics and the history have, for people.

    As a page of HTML, or for machines as JSON or CSV. No cloud is asked, and nothing is written.
    Raises BadArguments, ModuleNotFound, DatabaseUnavailable, SettingsBroken.
    """
    call = ctx.call
    if call.format not in FORMATS:
        raise errors.BadArguments(f"--format {call.format}")
    if call.delimiter not in sheets.DELIMITERS:
        raise errors.BadArguments(f"--delimiter {call.delimiter}")
    return Reply(b"", parts=_parts(ctx, gather(ctx, _begin(ctx))))


def _begin(ctx: Context) -> Optional[datetime]:
    began_s = since(ctx.call.since, datetime.now())
    return None if began_s is None else datetime.fromtimestamp(began_s)


def _parts(ctx: Context, report: Report) -> Iterable[bytes]:
    if ctx.call.format == "html":
        from utils.report.page import compose  # machines do without
        from utils.report.words import Words

        return [compose(report, Words(ctx.call.lang))]
    from utils.report import machines

    if ctx.call.format == "json":
        return [machines.as_json(report)]
    return machines.as_csv(report, ctx.call.delimiter)
