"""Which ending people mean by a login."""

from typing import Iterable

from utils.accounts.adoption import clean_login
from utils.accounts.endings import Ending
from utils.base import errors, logins
from utils.run.context import Context


def choose(ctx: Context, endings: Iterable[Ending]) -> Ending:
    """The newest of the endings with the login of the call, in its module if it names one.

    Raises BadArguments, EndingUnknown, EndingUnclear where they are of several modules.
    """
    login, module_id = clean_login(ctx.call.login), ctx.call.module
    ctx.login = login
    ours = [
        one
        for one in endings
        if logins.same(one.login, login) and module_id in (None, one.module_id)
    ]
    if not ours:
        raise errors.EndingUnknown(login)
    modules = sorted({one.module_id for one in ours})
    if len(modules) > 1:
        raise errors.EndingUnclear(f"{login}: --module {' | '.join(map(str, modules))}")
    return max(ours, key=lambda one: (one.closed_on, one.item_id, one.number))
