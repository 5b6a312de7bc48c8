"""The connection form, before the administrator sees it."""

from utils import forms
from utils.consts import DEFAULT_TIMEOUT_S, PARAM_TIMEOUT, PARAM_VERIFY
from utils.context import Context


def run(ctx: Context) -> bytes:
    """The form on standard input with defaults where a field has no value yet."""
    form = forms.read_stdin()
    values = forms.fields(form)
    for name, default in ((PARAM_VERIFY, "on"), (PARAM_TIMEOUT, str(DEFAULT_TIMEOUT_S))):
        if not values.get(name, "").strip():
            forms.set_field(form, name, default)
    return forms.to_bytes(form)
