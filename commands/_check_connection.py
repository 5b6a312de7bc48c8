"""The connection form, before it is saved: whether this cloud can be worked with.

What BILLmanager hands in and shows: docs/en/protocol.md, "Connection form".
"""

from typing import TYPE_CHECKING, Dict, NamedTuple, Optional

from utils.base import address, errors, xml
from utils.base.values import Server
from utils.billing import reply
from utils.billing.modules import read_server
from utils.billing.reply import Reply
from utils.cloud.binding import home_of, origin_of, secrets_of
from utils.consts import (
    MAX_FIELD_LENGTH,
    MAX_TIMEOUT_S,
    MIN_TIMEOUT_S,
    MODULE_PARAMS,
    PARAM_SECRET,
    PARAM_TIMEOUT,
    SECRET_PARAMS,
)
from utils.run.call import read_form
from utils.run.context import Context

if TYPE_CHECKING:
    from utils.cloud.binding import Binding

MAX_WAIT_S = 8.0
"""Longest wait for one answer of a cloud, so that the form itself is answered in time."""

LONGEST_ID = 18
"""Digits of a module's number; a longer one is none."""

SAFE_SECRET_BYTES = 117
"""What even a 1024 bit key can encrypt in one block; only longer secrets need a look at the key."""


def run(ctx: Context) -> Reply:
    """Checks the fields, then the cloud behind them, without changing anything there.

    What a form cannot show as advice is an error here; everything else is `doctor`'s.
    """
    values = _values(ctx)
    stored = _stored(ctx, values)
    server = _server(values, stored)
    if stored is not None:
        stored.binding.check(server, stored.server)
    if address.is_plain(server.base_url):
        if not ctx.settings.allow_plain_http:
            raise errors.PlainHttp(server.base_url)
        ctx.log.warning("%s is plain http: passwords pass in clear", server.base_url)
    if ctx.host.does_nothing():
        ctx.log.info("etc/billmgr.DoNothing is there: the cloud is not asked")
        return reply.ok()
    ctx.cloud(server).test_connection()
    if stored is not None:
        stored.binding.keep(server, stored.server)
    return reply.ok()


class Stored(NamedTuple):
    """The module whose form it is, as it is stored."""

    server: Server
    binding: "Binding"


def _stored(ctx: Context, values: Dict[str, str]) -> Optional[Stored]:
    """The module that the form is of; None where it is of a new one.

    One whose stored connection cannot be used is as a new one, if the form brings its secret.
    Raises ModuleNotFound, ModuleUnset and ModuleSecretBroken where it does not.
    """
    number = (values.get("id") or values.get("elid") or "").strip()
    if not (number.isascii() and number.isdigit() and len(number) <= LONGEST_ID):
        return None
    try:
        return Stored(ctx.billing.modules.server(int(number)), ctx.binding(int(number)))
    except (errors.ModuleNotFound, errors.ModuleUnset, errors.ModuleSecretBroken):
        if not values.get(PARAM_SECRET):
            raise
        return None


def _values(ctx: Context) -> Dict[str, str]:
    """The module's fields of the form. Raises BadInput, FieldTooLong."""
    form = read_form()
    module = form if form.tag == "processingmodule" else form.find("processingmodule")
    if module is None:
        raise errors.BadInput("no processingmodule")
    values = xml.fields(module)
    for name in MODULE_PARAMS:
        if len(values.get(name, "")) > MAX_FIELD_LENGTH:
            raise errors.FieldTooLong(name)
    for name in SECRET_PARAMS:
        secret_bytes = len(values.get(name, "").encode())
        if secret_bytes > SAFE_SECRET_BYTES and secret_bytes > ctx.billing.secret_capacity_bytes():
            raise errors.FieldTooLong(name)
    return values


def _server(values: Dict[str, str], stored: Optional[Stored]) -> Server:
    """The connection that the form describes. Raises the errors of its fields."""
    server = read_server(values)
    timeout = values.get(PARAM_TIMEOUT, "").strip()
    is_number = timeout.isascii() and timeout.isdigit() and len(timeout) < 6
    if timeout and not (is_number and MIN_TIMEOUT_S <= int(timeout) <= MAX_TIMEOUT_S):
        raise errors.TimeoutInvalid(timeout)
    server = server._replace(timeout_s=min(server.timeout_s, MAX_WAIT_S))
    if stored is not None:
        return _filled(server, stored.server)
    if not server.secret:
        raise errors.SecretMissing(PARAM_SECRET)
    return server


def _filled(server: Server, stored: Server) -> Server:
    """The connection of the form with what is stored in place of an empty secret.

    A form that names another server, or one that is no longer checked, must bring new secrets:
    BILLmanager keeps the stored ones where a field is empty, and may fill fields in with them.
    Raises SecretMissing, SecretElsewhere.
    """
    brings_first = bool(server.secret)
    if not home_of(server).takes_from(home_of(stored)):
        wanted = dict(secrets_of(server))
        for name, secret in secrets_of(stored):
            if name not in wanted:
                raise errors.SecretMissing(name)
            if secret in wanted.values():
                raise errors.SecretElsewhere(f"{name}: {origin_of(stored.base_url)}")
        return server
    # A form that brings the first alone is tried without a second, which may stay all the same.
    confirm_secret = server.confirm_secret if brings_first else stored.confirm_secret
    return server._replace(
        secret=server.secret or stored.secret,
        confirm_secret=server.confirm_secret or confirm_secret,
    )
