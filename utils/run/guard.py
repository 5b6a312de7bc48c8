"""Whether a service gets less space than it uses: asked before it is sold, told after it was.

No fault of ours, of BILLmanager's or of a cloud keeps a sale from going through: where nobody can
say what is used the choice is allowed, and the history says so.
"""

from datetime import date
from typing import TYPE_CHECKING, Callable, NamedTuple, Optional

from utils.accounts import names
from utils.accounts.fullness import is_plausible
from utils.base import errors
from utils.billing import reply
from utils.consts import MODULE, STATUS_ORDERED
from utils.host import budget, limits, messages

if TYPE_CHECKING:
    from utils.base.values import Account, Item
    from utils.base.xml import Form
    from utils.billing.reply import Reply
    from utils.run.context import Context

CHECK_S = 8.0
"""Longest time of a check: somebody waits before an order form."""

FRESH_S = 4.0
"""Longest time in which a cloud may tell what is used; four usual answers of a slow one."""

SEAT_S = 1.0
"""Longest wait for a turn at the cloud."""

ALLOW, REFUSE = "allow", "refuse"
"""Values of the setting `downgrade`, beside `warn`."""

REFUSALS = (errors.ChoiceRefused, errors.NameUnfit, errors.NameReserved, errors.EmailUnfit)
"""What a check may answer but yes."""

GROUP = f"guard.{MODULE}"
"""The messages of the guard."""

SHORT = "short"
"""The kind of the letter that tells of a change to less space than is used."""


class Use(NamedTuple):
    """What a service uses; `day` is the day on which it was counted, None for now."""

    used_bytes: int
    day: Optional[date] = None


def answer(ctx: "Context", check: "Callable[[Context], None]") -> "Reply":
    """The answer to a question of BILLmanager's before a sale: yes, unless the check refuses.

    Raises one of REFUSALS. Whatever else goes wrong is logged.
    """
    why = _check(ctx, check)
    if why:
        limits.release_reserve()  # where memory has run out; what took it has gone by now
        ctx.log.warning("not checked, so it is allowed: %s", why)
        ctx.deeds.remark(f"not checked: {why}")
    return reply.agreed()


def _check(ctx: "Context", check: "Callable[[Context], None]") -> str:
    """Why the check has come to no end; empty where it has. Raises one of REFUSALS."""
    try:
        budget.within(CHECK_S, lambda: check(ctx))
    except REFUSALS:
        raise
    except budget.Spent:
        return f"no answer in {CHECK_S:.0f} s"
    except MemoryError:
        return "out of memory"
    except errors.PmError as error:
        return str(error)
    except Exception as error:
        ctx.log.exception("the check has crashed")
        return type(error).__name__
    return ""


# -- before a sale --------------------------------------------------------------------------------


def check_addon(ctx: "Context") -> None:
    """Looks whether the space that a form chooses for a service holds what it uses.

    Nothing is changed, and the service is not kept from anybody. Raises ChoiceRefused where the
    settings want that, and what reading billing may raise.
    """
    if ctx.settings.downgrade == ALLOW:
        return
    form = _read_form(ctx)
    # Whatever else a form has may be a visitor's words, which would name him a stranger's service.
    item_id = ctx.call.item or _number(form, "item/id")
    if not item_id:
        return  # a new order uses nothing
    item = ctx.billing.services.item(item_id)
    ctx.item_module = item.module_id
    if item.status == STATUS_ORDERED:
        return
    tariff_id = _number(form, "item/pricelist", "pricelist") or item.tariff_id
    chosen = ctx.billing.tariffs.chosen(item, tariff_id, ctx.call.param, ctx.call.value)
    if chosen is None:
        ctx.log.info("%s is no space that is chosen", ctx.call.param)
        return
    use = _use(ctx, item)
    if use is None:
        raise errors.UsageUnread(item.id)
    _judge(ctx, use, chosen)


def check_param(ctx: "Context") -> None:
    """Looks whether an account can have what a form says: a typed name or e-mail, or its space.

    Raises one of REFUSALS, and what reading billing may raise.
    """
    names.check_typed(ctx.call.param, ctx.call.value, ctx.call.item or None)
    check_addon(ctx)


def _judge(ctx: "Context", use: Use, chosen_bytes: float) -> None:
    needed_bytes = needed(use.used_bytes, ctx.settings.downgrade_margin_percent)
    if chosen_bytes >= needed_bytes:
        return
    words = _figures(messages.language(ctx.call.lang), use, needed_bytes, chosen_bytes)
    if ctx.settings.downgrade == REFUSE:
        raise errors.SpaceTooSmall(words)
    ctx.log.warning("less space than is used: %s", words)
    ctx.deeds.remark(f"less space than is used: {words}")


def needed(used_bytes: int, margin_percent: int) -> int:
    """The least space for what is used, with a margin in percent of that."""
    return -(-used_bytes * (100 + margin_percent) // 100)


def _figures(language: str, use: Use, needed_bytes: int, chosen_bytes: float) -> str:
    """What is used, needed and chosen, in the customer's words."""
    values = {
        "used": messages.size(language, use.used_bytes),
        "needed": messages.size(language, needed_bytes),
        "chosen": messages.size(language, chosen_bytes),
        "day": use.day.isoformat() if use.day else "",
    }
    return messages.fill(language, GROUP, "figures_counted" if use.day else "figures", values)


def _read_form(ctx: "Context") -> "Optional[Form]":
    """The document on standard input; None where there is none that can be read."""
    from utils.run.call import read_form

    try:
        return read_form()
    except errors.BadInput as error:
        ctx.log.info("no form: %s", error)
        return None


def _number(form: "Optional[Form]", *places: str) -> int:
    """The number in the first of the places of a form that has one, else 0."""
    if form is None:
        return 0
    for place in places:
        text = (form.findtext(place) or "").strip()
        if text.isascii() and text.isdigit() and len(text) <= 18:
            return int(text)
    return 0


def _use(ctx: "Context", item: "Item") -> Optional[Use]:
    """What the cloud says that is used, else what was counted last; None where neither is known."""
    used_bytes = None if ctx.host.does_nothing() else _read_use(ctx, item)
    if used_bytes is not None:
        return Use(used_bytes)
    counted = ctx.billing.statistics.latest(item.id)
    if counted is None:
        return None
    return Use(ctx.billing.tariffs.counted_bytes(counted), counted.day)


def _read_use(ctx: "Context", item: "Item") -> Optional[int]:
    """What is used now, of an account that billing alone proves; None where that is not told."""
    account = _read_soon(ctx, item)
    if account is None or account.used_bytes is None:
        return None
    is_sure = is_plausible(account.used_bytes, account.quota_bytes)
    return account.used_bytes if is_sure else None


def _read_soon(ctx: "Context", item: "Item") -> "Optional[Account]":
    """The account, where billing alone proves it and the cloud shows it in time."""
    try:
        return budget.within(FRESH_S, lambda: _read_account(ctx, item))
    except budget.Spent:
        ctx.log.info("the cloud has not told what is used in %d s", FRESH_S)
        return None
    except errors.PmError as error:
        ctx.log.info("the cloud has not told what is used: %s", error)
        ctx.leave(refusal=error)
        return None
    finally:
        ctx.leave()


def _read_account(ctx: "Context", item: "Item") -> "Optional[Account]":
    server = ctx.billing.modules.server(item.module_id)
    cloud = ctx.cloud(server._replace(timeout_s=min(server.timeout_s, FRESH_S)), SEAT_S)
    owner = ctx.owner(item, server, cloud)
    record = owner.record()
    if record is None or not record.proved or owner.is_unsettled(record):
        return None
    ctx.login = record.login
    return cloud.get_user(record.login, with_groups=False)


# -- after it -------------------------------------------------------------------------------------


def remind(ctx: "Context", item: "Item") -> None:
    """Says at a renewal that a service has less space than it uses, where the cloud tells in time.

    The service must be held. A renewal goes on whatever the cloud says; what billing itself cannot
    tell is raised.
    """
    if ctx.settings.downgrade == ALLOW or ctx.host.does_nothing():
        return
    quota_bytes = ctx.billing.tariffs.order(item, with_client=False).quota_bytes
    account = _read_soon(ctx, item)
    if account is not None:
        tell(ctx, item, account, quota_bytes)


def tell(ctx: "Context", item: "Item", account: "Account", quota_bytes: Optional[float]) -> None:
    """Says that a service has less space now than it uses, and tells its client once of it.

    The change is paid for and made by then, so nothing here costs it.
    """
    used_bytes = account.used_bytes
    if ctx.settings.downgrade == ALLOW or used_bytes is None or quota_bytes is None:
        return
    if not is_plausible(used_bytes, quota_bytes):
        return
    needed_bytes = needed(used_bytes, ctx.settings.downgrade_margin_percent)
    if quota_bytes < needed_bytes:
        words = _figures("en", Use(used_bytes), needed_bytes, quota_bytes)
        ctx.log.warning("service %d: less space than is used: %s", item.id, words)
        ctx.deeds.remark(f"{item.id}: less space than is used: {words}")
    try:
        _tell_client(ctx, item, account.login, used_bytes, quota_bytes)
    except errors.PmError as error:
        ctx.log.warning("service %d: its client is not told: %s", item.id, error)


def _tell_client(
    ctx: "Context", item: "Item", login: str, used_bytes: int, quota_bytes: float
) -> None:
    """Tells the client of a space that holds less than is used; of another one next time anew."""
    from utils.run.telling import Letter, Teller  # few changes leave anything to tell

    if quota_bytes >= used_bytes:
        if ctx.billing.memos.of({item.id: item.account_id}, SHORT):
            ctx.billing.memos.forget(item.id, SHORT)
        return
    letter = Letter(
        SHORT,
        item.id,
        item.account_id,
        str(int(quota_bytes)),
        item.status,
        sizes={"used": used_bytes, "quota": quota_bytes, "over": used_bytes - quota_bytes},
        words={"login": login},
    )
    Teller(ctx, date.today()).tell_held(letter)
