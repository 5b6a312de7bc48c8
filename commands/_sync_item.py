"""One service is brought up to date because somebody wants it so, or all of a module."""

from datetime import date

from utils.accounts.levels import under_level
from utils.base import errors
from utils.base.values import Account
from utils.billing import reply
from utils.billing.reply import Reply
from utils.billing.statistics import stat_row
from utils.consts import STATUS_ACTIVE, STATUS_SUSPENDED
from utils.host import budget
from utils.run import trial
from utils.run.context import Context
from utils.run.service import Service, find, follow, renew


def run(ctx: Context) -> Reply:
    """Makes enabled state, quota, group and what follows the client what billing has.

    Writes today's usage.

    Only for an active or suspended service: any other is in the hands of another operation.
    Groups set by hand stay. With a module and no service it is done for those of its services in
    which something differs.
    """
    if ctx.call.is_bulk:
        return _run_bulk(ctx)
    _sync(ctx, ctx.service())
    return reply.ok()


def _sync(ctx: Context, service: Service) -> None:
    _refuse_unopened(service)
    disk = ctx.billing.tariffs.disk(service.item)
    account, day = _bring(ctx, service), date.today()
    if account.used_bytes is None:
        service.cloud.refuse_hidden_files()
        raise errors.UsageUnread(f"{day}: {account.login}")
    if disk is not None:
        ctx.billing.statistics.write([stat_row(service.item.id, day, account.used_bytes, disk)])


def _refuse_unopened(service: Service) -> None:
    if service.item.status not in (STATUS_ACTIVE, STATUS_SUSPENDED):
        raise errors.ServiceNotOpen(f"{service.item.id}: {service.item.status}")


def _bring(ctx: Context, service: Service) -> Account:
    """The account as it is once it is what billing has."""
    order = ctx.billing.tariffs.order(service.item, with_client=True)
    order = order._replace(enabled=service.item.status == STATUS_ACTIVE)
    found = find(ctx, service)
    account = follow(ctx, service, found, under_level(order, service.item, found))
    renew(ctx, service, account)
    trial.note(ctx, service)
    return account


@budget.endless()
def _run_bulk(ctx: Context) -> Reply:
    """For people: the services are found as the audit finds them, and answered as it answers.

    More changes than --limit are refused, where one is given. Usage is left to `stat`: a service of
    which nothing differs any more is not found again after a kill.
    """
    from utils.audit import bulk, repair  # no operation of BILLmanager needs it

    def sync(here: Context, service: Service) -> None:
        repair.refuse_unfit(service)
        _bring(here, service)

    return bulk.run(ctx, sync)
