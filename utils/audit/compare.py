"""Compares a service with its account: what differs, of which class, and what would mend it.

What an account is to be is told by billing alone, and what of it differs by utils.accounts.plan:
the audit finds what `sync_item` would change, and nothing by rules of its own.
"""

from datetime import date, timedelta
from typing import Iterator, List, NamedTuple, Optional, Sequence, Tuple

from utils.accounts.levels import under_level
from utils.accounts.names import item_of
from utils.accounts.ownership import Renewal
from utils.accounts.plan import EMAIL, ENABLED, GROUP, QUOTA, Change, changes, personal
from utils.audit.differences import (
    BEHIND,
    DUPLICATE,
    ELSEWHERE,
    MENDED,
    MISSING,
    PAID_DISABLED,
    TRANSFERRED,
    UNCOUNTED,
    UNPAID_ENABLED,
    UNPROVED,
    UNREADABLE,
    Difference,
    Side,
    quota_side,
)
from utils.base import address, errors, sizes
from utils.base.values import Account, Item, Order, Trust
from utils.billing.tariffs import Sold
from utils.census import census, register
from utils.census.census import Pair
from utils.consts import STATES, STATUS_ACTIVE

UNCOUNTED_DAYS = 3
"""A service that was not counted on so many days is a difference: statistics run once a day, and
one day may be missed by a cloud that is away for the night."""


class Facts(NamedTuple):
    """What is known of a pair beside the pair itself.

    `rivals` are the other services that name the same account. `renewal` is what is to be saved on
    the service anew. `behind` is what has changed of its client and is to follow. `is_there` tells
    of a service whose account is not proved whether there is one of its login.
    """

    sold: Sold
    rivals: List[int]
    last_day: Optional[date]
    opened_on: Optional[date]
    renewal: Optional[Renewal] = None
    is_protected: bool = False
    is_there: bool = False
    behind: Sequence[str] = ()


def login_of(item: Item) -> str:
    """The login that stands on a service, be it proved or not; empty where none does."""
    if item.mark is not None and item.mark.trust is not Trust.NONE:
        return item.mark.login
    return item.saved_login.strip()


def compare(pair: Pair, facts: Facts, today: date) -> Iterator[Difference]:
    """The differences of a service that no other operation has in hand."""
    item, account = pair.item, pair.account
    if account is None:
        yield _without(pair, facts)
        return
    if facts.is_protected:
        yield _of(item, UNPROVED, {}, {"why": "protected"}, account)
        return
    former = _former(item, account)
    if former is not None:
        yield _of(item, TRANSFERRED, {"before": former}, {}, account)
    if facts.rivals:
        yield _of(item, DUPLICATE, {"services": facts.rivals}, {}, account)
    # What another service names too is nobody's to be mended, before people have decided.
    is_safe = not facts.rivals
    for one in (
        *_changes(item, account, facts, former is not None),
        *_damaged(item, account, facts.renewal),
    ):
        yield one if is_safe else one._replace(change="")
    if facts.sold.disk is not None and _is_uncounted(facts, today):
        yield _uncounted(item, account, facts)


def _of(
    item: Item, kind: str, billing: Side, cloud: Side, account: Optional[Account] = None
) -> Difference:
    login = account.login if account is not None else login_of(item)
    return Difference(
        kind,
        item.module_id,
        login,
        billing,
        cloud,
        item.id,
        item.account_id,
        item.tariff_id,
    )


# -- services without an account ------------------------------------------------------------------


def _without(pair: Pair, facts: Facts) -> Difference:
    """The one difference of a service whose account was not found, or is not its own."""
    item = pair.item
    status: Side = {"status": STATES[item.status]}
    if pair.why == census.MISSING:
        return _of(item, MISSING, status, {"exists": False})
    if pair.why == census.HIDDEN:
        return _of(item, UNREADABLE, {}, {"why": pair.words})
    if pair.why == register.UNREADABLE:
        return _of(item, UNREADABLE, {"why": "secret_broken"}, {})
    if pair.why == register.ELSEWHERE:
        return _of(item, ELSEWHERE, {"server": address.shown(item.saved_url)}, {})
    if pair.why == register.FOREIGN and facts.rivals:
        return _of(item, DUPLICATE, {"services": facts.rivals}, {})
    if pair.why == register.UNOPENED and not facts.is_there:
        return _of(item, MISSING, status, {"exists": False})
    why = "mark_foreign" if pair.why == register.FOREIGN else "account_unproved"
    return _of(item, UNPROVED, {"why": why}, {})


def _former(item: Item, account: Account) -> Optional[int]:
    """The number that the service had before it got another client, where it had one."""
    number = item.mark.item_id if item.mark is not None else item_of(account.login)
    return number if number != item.id else None


# -- services with their account ------------------------------------------------------------------


def _changes(
    item: Item, account: Account, facts: Facts, is_transferred: bool
) -> Iterator[Difference]:
    sold, behind = facts.sold, () if is_transferred else facts.behind
    if behind:
        yield _behind(item, account, sold.order, behind)
    # Name and language are a customer's to choose, and no difference between billing and cloud.
    order = sold.order._replace(enabled=item.status == STATUS_ACTIVE, display_name="", language="")
    if is_transferred or EMAIL in behind:
        order = order._replace(email="")  # whoever takes the account over sets the new client's
    if isinstance(sold.error, errors.GroupForbidden):
        yield _of(item, GROUP, {"error": sold.error.code}, {}, account)
    elif sold.error is not None and order.quota_bytes is None:
        found = {"quota_bytes": quota_side(account.quota_bytes)}
        yield _of(item, QUOTA, {"error": sold.error.code}, found, account)
    if not account.is_quota_told or account.used_bytes is None:
        yield _of(item, UNREADABLE, {}, {"why": "usage_unread"}, account)
    for change in changes(account, under_level(order, item, account)):
        kind, billing, cloud = _sides(item, account, change)
        one = _of(item, kind, billing, cloud, account)._replace(change=str(change))
        if kind == QUOTA:
            one = one._replace(above_bytes=_above_bytes(account, change))
        yield one


def _behind(item: Item, account: Account, order: Order, whats: Sequence[str]) -> Difference:
    """What has changed of a client, and the cloud shows as the module had set it."""
    sides = personal(account, order)
    billing: Side = {what: sides[what].wanted for what in whats}
    cloud: Side = {what: sides[what].shown for what in whats}
    change = f"{MENDED[BEHIND]} {', '.join(whats)}"
    return _of(item, BEHIND, billing, cloud, account)._replace(change=change)


def _sides(item: Item, account: Account, change: Change) -> Tuple[str, Side, Side]:
    """The class of a change, and what either side says."""
    if change.what == ENABLED:
        kind = PAID_DISABLED if change.wanted else UNPAID_ENABLED
        return kind, {"status": STATES[item.status]}, {"enabled": account.enabled}
    if change.what == QUOTA:
        billing: Side = {"quota_bytes": quota_side(change.wanted)}
        return QUOTA, billing, {"quota_bytes": quota_side(account.quota_bytes)}
    if change.what == GROUP:
        return GROUP, {"group": change.wanted}, {"groups": list(account.groups)}
    if change.what == EMAIL:
        return EMAIL, {"email": change.wanted}, {"email": account.email}
    raise errors.Unexpected(change.what)  # the order names nothing else


def _above_bytes(account: Account, change: Change) -> Optional[int]:
    """How much more the cloud gives than it would, were the quota as it is sold."""
    given, sold = account.quota_bytes, change.wanted
    if given is None or sizes.UNLIMITED in (given, sold):
        return None
    above = int(given - sizes.stored_bytes(sold))
    return above if above > 0 else None


def _damaged(item: Item, account: Account, renewal: Optional[Renewal]) -> Iterator[Difference]:
    """What of the values that the customer sees is lost, where the mark still tells it."""
    if renewal is None or not renewal.values or renewal.is_copied:
        return
    names = sorted(renewal.values)
    change = f"{MENDED[UNREADABLE]} {', '.join(names)}"
    yield _of(item, UNREADABLE, {"damaged": names}, {}, account)._replace(change=change)


def _is_uncounted(facts: Facts, today: date) -> bool:
    """Whether it was not counted for days; one that was opened since then has time."""
    since = facts.last_day or facts.opened_on
    return since is not None and today - since > timedelta(days=UNCOUNTED_DAYS)


def _uncounted(item: Item, account: Account, facts: Facts) -> Difference:
    last = facts.last_day.isoformat() if facts.last_day is not None else "never"
    found: Side = {}
    if account.used_bytes is not None:
        found["used_bytes"] = account.used_bytes
    return _of(item, UNCOUNTED, {"last_day": last}, found, account)
