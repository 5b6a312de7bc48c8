"""The name of a new account, by the template of its tariff, for this run alone."""

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Iterator

from utils.accounts import names
from utils.host.locks import hold
from utils.host.state import LOGINS

if TYPE_CHECKING:
    from utils.base.secret import Secret
    from utils.base.values import Terms
    from utils.run.context import Context
    from utils.run.service import Service

_SUFFIX = len("_9")
"""Characters that a login is longer where it is not the first of its kind."""

_BYTE = 0
"""The byte of the file of logins for all names that are made by templates: two services may want
the same one, be they of one module or not. A claim takes a second."""


@contextmanager
def claim_login(
    ctx: "Context", service: "Service", terms: "Terms", secret: "Secret", may_differ: bool
) -> Iterator[str]:
    """A login for a new account that nobody has, kept from other services until the block ends.

    Inside, the service has to be marked with it. `secret` is what the mark will hold beside it,
    which leaves less room for the login where BILLmanager's key is short. Raises LoginTaken, Busy.
    """
    usual = service.owner.default_login()
    wanted = wanted_login(ctx, service, terms, secret)
    with ExitStack() as stack:
        if wanted != usual:
            path = ctx.state.path(LOGINS) + ".lock"
            stack.enter_context(hold(path, [_BYTE], ctx.wait_s, f"login {wanted}"))
        yield service.owner.free_login(wanted, may_differ)


def wanted_login(ctx: "Context", service: "Service", terms: "Terms", secret: "Secret") -> str:
    """The login that the template makes for the service; the usual one without a template."""
    item = service.item
    if terms.template in ("", names.DEFAULT_TEMPLATE):
        return service.owner.default_login()
    client = ctx.billing.tariffs.client(item)
    parts = names.Parts(
        item.id,
        item.account_id,
        # What the client typed into the order form goes before the name by which he logs in.
        item.saved_login.strip() or client.user_name,
        item.saved_domain,
        client.email,
    )
    longest = service.owner.new_mark("x" * names.LONGEST, secret, is_made=False)
    excess = max(ctx.billing.services.excess_bytes(longest), 0)
    room = max(names.LONGEST - excess - _SUFFIX, names.SHORTEST)
    return names.make_login(terms.template, parts, room)
