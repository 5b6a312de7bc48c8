"""The tariff form, before the administrator sees it: its groups, without asking the cloud."""

from utils.base import xml
from utils.billing.reply import Reply
from utils.consts import TARIFF_GROUP, is_admin_group
from utils.host.state import GROUPS
from utils.run.call import read_form
from utils.run.context import Context

NO_GROUP = ("", "no_group")
"""The key that is stored for no group, and the message that stands for it."""


def run(ctx: Context) -> Reply:
    """The form on standard input with the groups by their ids, the stored one always among them."""
    form = read_form()
    kept = ctx.state.read(GROUPS.format(ctx.call.module))
    groups = {str(group) for group in kept} if isinstance(kept, list) else set()
    stored = xml.fields(form).get(TARIFF_GROUP, "").strip()
    if stored:
        groups.add(stored)
    offered = sorted(group for group in groups if not is_admin_group(group))
    xml.set_options(form, TARIFF_GROUP, [NO_GROUP, *((group, group) for group in offered)])
    return Reply(xml.to_bytes(form))
