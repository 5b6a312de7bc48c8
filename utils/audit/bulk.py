"""One command for all services of a module in which what it would change differs."""

from typing import Callable, Dict, FrozenSet, Optional

from utils.accounts.plan import GROUP, QUOTA
from utils.audit.differences import BEHIND, PAID_DISABLED, UNPAID_ENABLED, UNREADABLE
from utils.audit.examine import examine
from utils.audit.findings import DONE, Findings, Outcome, Repairs
from utils.audit.repair import carry_out
from utils.audit.shown import Report, Words, show, told_dry
from utils.billing.reply import Reply
from utils.run.context import Context
from utils.run.service import Service

SYNCED = (UNPAID_ENABLED, PAID_DISABLED, QUOTA, GROUP, BEHIND, UNREADABLE)
"""The classes of differences that `sync_item` ends."""


def run(ctx: Context, act: Callable[[Context, Service], None]) -> Reply:
    """Acts on each service that differs, and tells people what came of it; 1 where any is left."""

    def mender(here: Context, service: Service, kinds: FrozenSet[str]) -> Dict[str, Outcome]:
        act(here, service)
        return {kind: Outcome(DONE) for kind in kinds}

    limit: Optional[int] = ctx.call.limit
    findings = Findings(ctx.billing, SYNCED, limit)
    examined = examine(ctx, findings)
    is_refused = limit is not None and findings.changes > limit
    repairs: Repairs = {} if is_refused else carry_out(ctx, findings.planned, mender)
    report = Report(examined, findings, repairs, limit or 0, is_refused)
    return show(report, Words(ctx.call.lang).as_text(report, told_dry(ctx)))
