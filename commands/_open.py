"""A paid order becomes an account."""

from typing import Optional, Tuple

from utils.accounts import passwords
from utils.accounts.ownership import Record, announced
from utils.accounts.tokens import is_token, make_token
from utils.base import errors, logins
from utils.base.secret import Secret
from utils.base.values import Account, Order, Terms
from utils.billing import reply
from utils.billing.reply import Reply
from utils.consts import STATUS_SUSPENDED
from utils.ending import giving
from utils.host.root import HANDLER
from utils.run import trial
from utils.run.context import Context
from utils.run.naming import claim_login
from utils.run.service import Service


def run(ctx: Context) -> Reply:
    """Makes the account as ordered, saves what the customer sees, tells BILLmanager.

    May be repeated after a stop anywhere: the mark written before the account is made says what
    an earlier run began, and the account's password proves it. Nothing is ever deleted here.
    """
    service = ctx.service()
    if service.item.status == STATUS_SUSPENDED:
        raise errors.ServiceClosed(service.item.id)
    service = _reuse(ctx, service)
    order = ctx.billing.tariffs.order(service.item, with_client=True)
    record, account = _own_account(ctx, service, order)
    order = order._replace(is_handed_over=record.is_copied)
    if order.email:
        _tell_of_namesakes(ctx, service)
    account = service.accounts.bring(account, order)
    # One who was locked out is let in only once all else is as ordered.
    service.accounts.bring(account, Order(enabled=True))
    password = _password(service, record)
    services, login = ctx.billing.services, record.login
    services.save_mark(service.owner.new_mark(login, password, is_made=True))
    services.save_login(service.item.id, login, password, service.server.base_url)
    ctx.following.note(service.item.id, account, order)
    if is_token(account.token):
        service.accounts.bring(account, Order(drops_token=True))
    trial.note(ctx, service)
    _tell_of_waiting(ctx, service)
    ctx.billing.closing.post_open(service.item)
    return reply.ok()


def _reuse(ctx: Context, service: Service) -> Service:
    """The service, with the account of its client that waits, where the settings want that.

    Only where it is the one that waits, and the service has none yet; what a run that was killed
    had begun to give is given, whatever the settings say by now. What cannot be given costs nobody
    his order: he gets a new account, and staff is told.
    """
    record = service.owner.record()
    if record is None and ctx.settings.reuse != "yes":
        return service
    waiting = giving.waiting_of(ctx, service)
    if record is not None:
        waiting = [one for one in waiting if logins.same(one.login, record.login)]
    if len(waiting) != 1:
        return service
    try:
        return giving.restore(ctx, service, waiting[0])
    except giving.REFUSALS as error:
        ctx.log.warning("%s is not given to the order: %s", waiting[0].login, error)
        return service


def _tell_of_waiting(ctx: Context, service: Service) -> None:
    """Tells staff of an account of the client that waits, with the command that gives it back."""
    if ctx.settings.reuse == "no":
        return
    waiting = giving.waiting_of(ctx, service)
    if waiting:
        one, item = waiting[0], service.item
        command = f"{HANDLER} --command restore --login {one.login} --item {item.id}"
        error = errors.AccountWaits(f"{one.login} ({one.item_id}), {one.until}: {command}")
        ctx.billing.operations.tell_staff(item.id, "open", error)


def _tell_of_namesakes(ctx: Context, service: Service) -> None:
    """Says that no e-mail opens an account where two have the same: the clouds know the login only.

    So it was recorded of both (docs/en/clouds.md, "Refused logins").
    """
    item = service.item
    alike = ctx.billing.services.of_client(item.module_id, item.account_id)
    others = [str(item_id) for item_id in alike if item_id != item.id]
    if others:
        ctx.log.warning(
            "services %s have the same e-mail: its owner logs in by the login alone",
            ", ".join(others),
        )


def _own_account(ctx: Context, service: Service, order: Order) -> Tuple[Record, Account]:
    """The account that an earlier run began, or a new one."""
    begun = service.owner.record()
    if begun is not None:
        try:
            account = service.owner.find(begun)
        except errors.LoginTaken:
            if not _may_differ(ctx):
                raise
            begun = None
        else:
            if account is not None:
                _settle_link(ctx, service, begun, is_first=False)
                return service.owner.accepted(begun), account
    record, account = _make(ctx, service, order, begun)
    _settle_link(ctx, service, record, is_first=record != begun)
    return record, account


def _make(
    ctx: Context, service: Service, order: Order, record: Optional[Record]
) -> Tuple[Record, Account]:
    """A new account: that of the record, unless it has to have another login or password."""
    terms = ctx.billing.tariffs.terms(service.item.tariff_id)
    if record is None or service.item.mark is None or record.is_copied:
        record = _claim(ctx, service, terms, _secret(ctx, service, terms))
    elif record.proved:
        # The password of an adopted account may not be known.
        secret = record.password or _secret(ctx, service, terms)
        record = _announce(ctx, service, record.login, secret)
    if record.token and not order.email:
        raise errors.EmailMissing(service.item.account_id)
    try:
        return record, _create(ctx, service, record, order)
    except errors.PasswordRefused as refused:
        if record.token:
            raise
        ctx.log.warning("%s: trying another kind of password", refused)
        other = passwords.make_other(ctx.settings, terms, service.cloud.password_rules())
        record = _claim(ctx, service, terms, other)
        return record, _create(ctx, service, record, order)


def _password(service: Service, record: Record) -> Secret:
    """What the customer logs in with: once saved it stays, whatever the mark says.

    One in clear is none of ours: an order form may let the client type it.
    """
    saved = service.item.saved_password if service.item.password_is_crypted else None
    return saved if record.proved and saved else record.password


def _settle_link(ctx: Context, service: Service, record: Record, is_first: bool) -> None:
    """Marks an account that has a token as made. Before that, staff is told if no mail was seen.

    The mark keeps a repeat from telling it once more. `is_first` is whether no earlier run has
    asked for this account. An earlier request may have made it and mailed the link, so that the
    refusal of a later request says nothing of the mail.
    """
    if not record.token:
        return
    is_mailed = service.accounts.is_link_mailed
    if not is_mailed:
        is_known = is_first and is_mailed is False
        kind = errors.LinkUnsent if is_known else errors.LinkUncertain
        ctx.billing.operations.tell_staff(service.item.id, "open", kind(record.login))
    made = service.owner.new_mark(record.login, record.password, is_made=True)
    ctx.billing.services.save_mark(made)


def _may_differ(ctx: Context) -> bool:
    return ctx.settings.taken_login == "suffix"


def _secret(ctx: Context, service: Service, terms: Terms) -> Secret:
    """What is to prove a new account: a password, or a token where the cloud mails a link.

    Raises LinkUnsupported.
    """
    if not terms.sends_link:
        return passwords.make_usual(ctx.settings, terms)
    product = service.cloud.product
    if not product.mails_links:
        raise errors.LinkUnsupported(product.name)
    return make_token()


def _claim(ctx: Context, service: Service, terms: Terms, secret: Secret) -> Record:
    """Looks that nobody has the login, then marks the service as its owner."""
    with claim_login(ctx, service, terms, secret, _may_differ(ctx)) as login:
        return _announce(ctx, service, login, secret)


def _announce(ctx: Context, service: Service, login: str, secret: Secret) -> Record:
    """Marks the service as the owner of an account that is not there, or is gone."""
    ctx.login = login
    mark = service.owner.new_mark(login, secret, is_made=False)
    ctx.billing.services.save_mark(mark)
    return announced(login, secret)


def _create(ctx: Context, service: Service, record: Record, order: Order) -> Account:
    """Makes the account; a refused password takes the mark back: the next run has another."""
    try:
        return service.accounts.create(service.owner, record, order)
    except errors.PasswordRefused:
        ctx.billing.services.drop_mark(service.item.id)
        raise
