"""The tariff form, before the administrator sees it: its groups, without asking the cloud."""

from utils import forms
from utils.consts import ADMIN_GROUP, GROUPS_FILE, TARIFF_GROUP
from utils.context import Context

NO_GROUP = ("", "no_group")
"""The key that is stored for no group, and the message that stands for it."""


def run(ctx: Context) -> bytes:
    """The form on standard input with the groups by their ids, the stored one always among them."""
    form = forms.read_stdin()
    kept = ctx.state.read(GROUPS_FILE.format(ctx.args.module))
    groups = {str(group) for group in kept} if isinstance(kept, list) else set()
    stored = forms.fields(form).get(TARIFF_GROUP, "").strip()
    if stored:
        groups.add(stored)
    offered = sorted(group for group in groups if group.casefold() != ADMIN_GROUP)
    forms.set_options(form, TARIFF_GROUP, [NO_GROUP, *((group, group) for group in offered)])
    return forms.to_bytes(form)
