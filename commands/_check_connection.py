"""The connection form, before it is saved: whether this cloud can be worked with."""

from typing import Dict

from utils.base import address, errors, xml
from utils.base.values import Server
from utils.billing import reply
from utils.billing.modules import read_server
from utils.billing.reply import Reply
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

MAX_WAIT_S = 8.0
"""Longest wait for one answer of a cloud, so that the form itself is answered in time."""

SAFE_SECRET_BYTES = 117
"""What even a 1024 bit key can encrypt in one block; only longer secrets need a look at the key."""


def run(ctx: Context) -> Reply:
    """Checks the fields, then the cloud behind them, without changing anything there.

    What a form cannot show as advice is an error here; everything else is `doctor`'s.
    """
    values = _values(ctx)
    server = _server(ctx, values)
    if address.is_plain(server.base_url):
        if not ctx.settings.allow_plain_http:
            raise errors.PlainHttp(server.base_url)
        ctx.log.warning("%s is plain http: passwords pass in clear", server.base_url)
    if ctx.host.does_nothing():
        ctx.log.info("etc/billmgr.DoNothing is there: the cloud is not asked")
        return reply.ok()
    ctx.cloud(server).test_connection()
    return reply.ok()


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


def _server(ctx: Context, values: Dict[str, str]) -> Server:
    """The connection that the form describes. Raises the errors of its fields."""
    server = read_server(values)
    timeout = values.get(PARAM_TIMEOUT, "").strip()
    is_number = timeout.isascii() and timeout.isdigit() and len(timeout) < 6
    if timeout and not (is_number and MIN_TIMEOUT_S <= int(timeout) <= MAX_TIMEOUT_S):
        raise errors.TimeoutInvalid(timeout)
    if not server.secret:
        server = _with_stored_secrets(ctx, values, server)
    return server._replace(timeout_s=min(server.timeout_s, MAX_WAIT_S))


def _with_stored_secrets(ctx: Context, values: Dict[str, str], server: Server) -> Server:
    """The connection with the stored module's secret, and its second one where the form has none.

    A form that names another server must bring its secret: the stored one would be sent there.
    Raises SecretMissing.
    """
    module_id = (values.get("id") or values.get("elid") or "").strip()
    if not (module_id.isascii() and module_id.isdigit()):
        raise errors.SecretMissing(PARAM_SECRET)
    stored = ctx.billing.modules.server(int(module_id))
    if address.origin(stored.base_url) != address.origin(server.base_url):
        raise errors.SecretMissing(server.base_url)
    confirm_secret = server.confirm_secret or stored.confirm_secret
    return server._replace(secret=stored.secret, confirm_secret=confirm_secret)
