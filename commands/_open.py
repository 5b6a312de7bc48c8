"""A paid order becomes an account."""

from typing import Tuple

from utils.accounts.ownership import Record
from utils.base import errors
from utils.base.secret import Secret
from utils.base.values import Account, Order
from utils.billing import reply
from utils.billing.reply import Reply
from utils.consts import STATUS_SUSPENDED
from utils.misc import generate_secure_password
from utils.run.context import Context
from utils.run.service import Service


def run(ctx: Context) -> Reply:
    """Makes the account as ordered, saves what the customer sees, tells BILLmanager.

    May be repeated after a stop anywhere: the mark written before the account is made says what
    an earlier run began, and the account's password proves it. Nothing is ever deleted here.
    """
    service = ctx.service()
    if service.item.status == STATUS_SUSPENDED:
        raise errors.ServiceClosed(service.item.id)
    with_name = ctx.settings.display_name == "client"
    order = ctx.billing.tariffs.order(service.item, with_client=True, with_name=with_name)
    record, account = _own_account(ctx, service, order)
    account = service.accounts.bring(account, order)
    # One who was locked out is let in only once all else is as ordered.
    service.accounts.bring(account, Order(enabled=True))
    url = service.server.base_url
    ctx.billing.services.save_login(service.item.id, record.login, _password(service, record), url)
    ctx.billing.closing.post_open(service.item)
    return reply.ok()


def _own_account(ctx: Context, service: Service, order: Order) -> Tuple[Record, Account]:
    """The account that an earlier run began, or a new one."""
    record = service.owner.record()
    if record is not None:
        try:
            account = service.owner.find(record)
        except errors.LoginTaken:
            if not _may_differ(ctx):
                raise
            record = None
        else:
            if account is not None:
                return record, account
    if record is None or service.item.mark is None:
        record = _claim(ctx, service)
    return record, _create(ctx, service, record, order)


def _password(service: Service, record: Record) -> Secret:
    """What the customer logs in with: once saved it stays, whatever a late mark or staff says."""
    saved = service.item.saved_password
    return saved if record.proved and saved else record.password


def _may_differ(ctx: Context) -> bool:
    return ctx.settings.taken_login == "suffix"


def _claim(ctx: Context, service: Service) -> Record:
    """Looks that nobody has the login, then marks the service as its owner."""
    login = service.owner.free_login(_may_differ(ctx))
    password = Secret(generate_secure_password(ctx.settings.password_length))
    ctx.billing.services.save_mark(service.owner.new_mark(login, password))
    return Record(login, password, proved=False)


def _create(ctx: Context, service: Service, record: Record, order: Order) -> Account:
    """Makes the account; a refused password takes the mark back: the next run has another."""
    try:
        return service.accounts.create(service.owner, record, order)
    except errors.PasswordRefused:
        ctx.billing.services.drop_mark(service.item.id)
        raise
