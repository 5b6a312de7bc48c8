"""Answers a call of the page: with the form, with what came of it, or with why not."""

import time

from utils.base import errors
from utils.base.values import Item
from utils.billing import reply
from utils.billing.reply import Reply
from utils.consts import PAGE_FUNCTION, PASSWORD_FUNCTION, STATUS_CLOSED
from utils.host import budget, root
from utils.host.settings import FULL_PAGE, NO_PAGE
from utils.page import caller as callers
from utils.page import ticket
from utils.page.asked import AGAIN, PASSWORD, TICKET, Asked
from utils.page.caller import Caller
from utils.page.words import failure
from utils.run.context import Context

_AFTER_CHANGE_S = 1.0
"""Part of a form's budget in which its answer is written after the change of a password."""

TOLD_CLIENTS = (
    errors.PageDenied,
    errors.PageOff,
    errors.PageExpired,
    errors.PageUnavailable,
    errors.PasswordUnusable,
    errors.PasswordPending,
    errors.NewPasswordRefused,
)
"""What is said to clients as it is. Other failures are the provider's, and may name his servers."""


def answer(ctx: Context, asked: Asked, began_s: float) -> Reply:
    """The document for BILLmanager, whatever happens; `began_s` is by the monotonic clock."""
    caller = Caller(is_staff=False)

    def identify() -> Item:
        nonlocal caller
        caller = callers.identify(asked, ctx.billing)
        return callers.find_item(asked, caller, ctx.billing)

    try:
        if ctx.settings.customer_page == NO_PAGE:
            raise errors.PageOff("customer_page = none")
        item = budget.within(ctx.settings.form_budget_s, identify)
        if asked.function == PASSWORD_FUNCTION:
            return _password(ctx, asked, item, began_s)
        if asked.function != PAGE_FUNCTION:
            raise errors.PageDenied
        from utils.page import document, facts, shown
        from utils.page.words import Words

        found = facts.gather(ctx, item, caller, asked.wants_fresh, began_s)
        with_pictures = ctx.settings.customer_page == FULL_PAGE
        page = shown.draw(found, Words(asked.language), with_pictures)
        return document.compose(asked, page.values, page.lists)
    except errors.PmError as error:
        return _refuse(ctx, asked, caller, error)
    except budget.Spent:
        return _refuse(ctx, asked, caller, errors.OutOfTime(asked.function))
    except MemoryError:  # which the program itself has to free
        raise
    except Exception as error:
        ctx.log.exception("the page crashed")
        return _refuse(ctx, asked, caller, errors.Unexpected(type(error).__name__))


def _password(ctx: Context, asked: Asked, item: Item, began_s: float) -> Reply:
    """The form for a new password, or once it was sent, what came of that."""
    from utils.page import changing, document
    from utils.page.words import Words

    if item.status == STATUS_CLOSED:
        raise errors.ServiceClosed(item.id)
    if not asked.is_sent:
        values = {
            "name": item.saved_login.strip() or str(item.id),
            "login": item.saved_login.strip(),
            PASSWORD: "",
            AGAIN: "",
            TICKET: ticket.make(asked, ctx.billing),
            "note": Words(asked.language).say("password_note"),
        }
        return document.compose(asked, values, {})
    ticket.check(asked, ctx.billing)
    if ctx.host.does_nothing():  # the command would do nothing, and call that well done
        raise errors.PageOff(root.DO_NOTHING)
    password = changing.read_new(asked)
    left_s = ctx.settings.form_budget_s - _AFTER_CHANGE_S - (time.monotonic() - began_s)
    ended = changing.change(ctx, item.id, password, max(left_s, 1.0))
    if ended.code == errors.NewPasswordRefused.code:
        raise errors.NewPasswordRefused(ended.value)
    if ended.code:
        raise errors.PageUnavailable(ended.code)
    ctx.log.info("the password of service %d is changed by the page", item.id)
    return reply.agreed()


def _refuse(ctx: Context, asked: Asked, caller: Caller, error: errors.PmError) -> Reply:
    """The error in words. A client is told of a fault of ours that there is one, and its name."""
    ctx.log.warning("the page is refused to %r: %s", asked.user, error)
    told = error
    if not caller.is_staff and not isinstance(error, TOLD_CLIENTS):
        told = errors.PageUnavailable(error.code)
    return reply.refusal(told, asked.language, failure(asked.language, told))
