"""The end of a service removes its account."""

from utils.base import errors
from utils.base.values import Order
from utils.billing import reply
from utils.billing.reply import Reply
from utils.run.context import Context
from utils.run.service import Service


def run(ctx: Context) -> Reply:
    """Deletes the account that the service owns, or disables and keeps it, and tells BILLmanager.

    An account that is gone already is success. A service that never had one, or whose login a
    stranger has, makes the closing call and touches nothing.
    """
    service = ctx.service(closed_too=True)
    _remove(ctx, service)
    ctx.billing.closing.post(service.item, "close")
    return reply.ok()


def _remove(ctx: Context, service: Service) -> None:
    record = service.owner.record()
    if record is None:
        ctx.log.info("the service never had an account")
        return
    try:
        account = service.owner.find(record)
    except errors.LoginTaken:
        ctx.log.warning("%s is somebody else's account: left alone", record.login)
        return
    if account is None:
        ctx.log.warning("%s is gone already", record.login)
    elif ctx.settings.on_close == "disable":
        service.accounts.bring(account, Order(enabled=False))
    else:
        service.accounts.delete(account)
