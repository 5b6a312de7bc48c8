"""Reads what the tariff form offers: the cloud's groups."""

from utils.billing import reply
from utils.billing.reply import Reply
from utils.consts import is_admin_group
from utils.host.state import GROUPS
from utils.run.context import Context


def run(ctx: Context) -> Reply:
    """Keeps the group ids of the module's cloud for the tariff form, all or, on a failure, none."""
    server = ctx.billing.modules.server(ctx.call.module_id())
    cloud = ctx.cloud(server)
    found = set(cloud.groups(ctx.settings.page_size))
    groups = sorted(group for group in found if not is_admin_group(group))
    ctx.state.write(GROUPS.format(server.module_id), groups)
    ctx.log.info("module %d: %d groups kept for the tariff form", server.module_id, len(groups))
    return reply.ok()
