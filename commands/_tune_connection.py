"""The connection form, before the administrator sees it."""

from utils.base import xml
from utils.billing.reply import Reply
from utils.consts import DEFAULT_TIMEOUT_S, PARAM_TIMEOUT, PARAM_VERIFY
from utils.run.call import read_form
from utils.run.context import Context


def run(ctx: Context) -> Reply:
    """The form on standard input with defaults where a field has no value yet."""
    form = read_form()
    values = xml.fields(form)
    for name, default in ((PARAM_VERIFY, "on"), (PARAM_TIMEOUT, str(DEFAULT_TIMEOUT_S))):
        if not values.get(name, "").strip():
            xml.set_field(form, name, default)
    return Reply(xml.to_bytes(form))
