"""The end of a service removes its account."""

from typing import Optional

from utils.base import errors, logins
from utils.base.values import Account
from utils.billing import reply
from utils.billing.reply import Reply
from utils.ending import parting
from utils.run.context import Context
from utils.run.service import Service, tell_of_typed


def run(ctx: Context) -> Reply:
    """Deletes the account that the service owns, or disables it for some days or for good.

    The tariff says which, else `on_close`; then BILLmanager is told. What is deleted, or waits for
    that, is on record (utils.accounts.endings).

    An account that is gone already is success. A service that never had one, or whose login a
    stranger has, makes the closing call and touches nothing; so does one whose account another
    living service names, and staff is told. Where the service names an account that is there but
    cannot be seen to be its own, it is not closed.
    """
    service = ctx.service(closed_too=True)
    _remove(ctx, service)
    ctx.billing.closing.post(service.item, "close")
    return reply.ok()


def _remove(ctx: Context, service: Service) -> None:
    if _is_shared(ctx, service):
        return
    terms = ctx.billing.tariffs.end_terms(service.item.tariff_id)
    try:
        account = _own_account(ctx, service)
    except errors.AccountUnreadable as error:
        login = service.owner.unread_login(error)
        if not _is_shared(ctx, service, login):
            parting.end_unread(ctx, service, login, terms)
        return
    if account is None:
        ctx.log.warning("the service has no account, or it is gone already")
        parting.Parting(ctx, service, terms.keep_days).finish()
    elif _is_shared(ctx, service, account.login):  # one may have come while the cloud was asked
        return
    else:
        parting.end(ctx, service, account, terms)


def _is_shared(ctx: Context, service: Service, login: str = "") -> bool:
    """Whether another living service names the account, or what this one names. Tells staff."""
    others = service.owner.rivals(login) if login else service.owner.others()
    if others:
        names = ", ".join(map(str, others))
        error = errors.AccountShared(f"{login or service.item.saved_login.strip()}: {names}")
        ctx.billing.operations.tell_staff(service.item.id, "close", error)
    return bool(others)


def _own_account(ctx: Context, service: Service) -> Optional[Account]:
    """The account that goes. Raises TypedLogin where what the service names is there, not ours."""
    try:
        account = service.owner.existing()
        tell_of_typed(ctx, service)
        return account
    except errors.LoginTaken as error:
        if logins.names(service.item.saved_login, error.value):
            raise errors.TypedLogin(error.value) from error
        ctx.log.warning("%s is somebody else's account: left alone", error.value)
        return None
