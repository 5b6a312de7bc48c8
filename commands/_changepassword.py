"""A customer's account gets another password."""

from utils.accounts import passwords
from utils.base import errors
from utils.base.secret import Secret
from utils.base.values import Account
from utils.billing import reply
from utils.billing.reply import Reply
from utils.consts import ITEM_PASSWORD
from utils.run.call import read_password
from utils.run.context import Context
from utils.run.service import Service, find, renew


def run(ctx: Context) -> Reply:
    """Sets the password of the call, or a new one of ours, saves it and tells BILLmanager.

    It is saved once the account was seen to take it. A run that was killed in between leaves the
    old one in billing, and its repeat ends with one password in both. Whose the account is does
    not depend on it: the mark is sealed. Raises NewPasswordRefused with the words of the cloud.
    """
    service = ctx.service()
    chosen = _chosen(ctx)
    account = find(ctx, service)
    password = _change(ctx, service, account, chosen)
    services, item_id, login = ctx.billing.services, service.item.id, account.login
    if renew(ctx, service, account):
        services.save_mark(service.owner.new_mark(login, password, is_made=True))
        services.save_login(item_id, login, password, service.server.base_url)
    else:  # the mark stays the old half's, or what somebody typed stays until staff has seen it
        services.save_seen(item_id, {ITEM_PASSWORD: password})
    ctx.billing.closing.post_password(service.item)
    return reply.ok()


def _chosen(ctx: Context) -> Secret:
    """The password in the call, which BILLmanager encrypts; empty where it has none.

    The page of the service hands it over on standard input. Raises BadArguments where it does not
    decrypt, BadInput.
    """
    if ctx.call.password_stdin:
        return read_password()
    try:
        return ctx.billing.decrypt(ctx.call.password)
    except errors.SecretBroken as error:
        raise errors.BadArguments("--password") from error


def _change(ctx: Context, service: Service, account: Account, chosen: Secret) -> Secret:
    """Sets the chosen password, else one of ours and, where that is refused, one of another kind.

    Returns the password that the account has now.
    """
    if chosen:
        _refuse_long(ctx, service, account.login, chosen)
        try:
            return service.accounts.set_password(account, chosen)
        except errors.PasswordUnfit as unfit:
            raise errors.NewPasswordRefused(unfit.message or unfit.ocs_code) from unfit
    terms = ctx.billing.tariffs.terms(service.item.tariff_id)
    try:
        return service.accounts.set_password(account, passwords.make_usual(ctx.settings, terms))
    except errors.PasswordUnfit as unfit:
        ctx.log.warning("%s: trying another kind of password", unfit)
    other = passwords.make_other(ctx.settings, terms, service.cloud.password_rules())
    try:
        return service.accounts.set_password(account, other)
    except errors.PasswordUnfit as unfit:
        raise errors.PasswordRefused(unfit.value) from unfit


def _refuse_long(ctx: Context, service: Service, login: str, password: Secret) -> None:
    """Raises NewPasswordRefused for a password that BILLmanager could not keep with the mark."""
    mark = service.owner.new_mark(login, password, is_made=True)
    excess_bytes = ctx.billing.services.excess_bytes(mark)
    if excess_bytes > 0:
        longest = len(password.reveal().encode()) - excess_bytes
        raise errors.NewPasswordRefused(f"> {longest}")
