"""The way from billing to the cloud's own page."""

from utils.base import address, errors
from utils.billing import reply
from utils.billing.reply import Reply
from utils.cloud.products import Memory
from utils.consts import STATUS_CLOSED
from utils.run.context import Context


def run(ctx: Context) -> Reply:
    """Answers the address of the cloud's login page, with the customer's user name filled in.

    The cloud itself is not asked: whoever wants to go there is sent at once. The address opens
    nobody's session and has no password in it. Raises ServiceClosed, AccountMissing where the
    service has no account yet, and what tells that it is not its own.
    """
    item = ctx.billing.services.item(ctx.call.item_id())
    if item.status == STATUS_CLOSED:
        raise errors.ServiceClosed(item.id)
    server = ctx.billing.modules.server(item.module_id)
    record = ctx.owner(item, server, ctx.client(server)).record()
    if record is None:
        raise errors.AccountMissing(item.id)
    product = Memory(ctx.state, server).recall()
    name = product.name if product else address.host(server.base_url)
    return reply.panel(address.login_page(server.base_url, record.login), name)
