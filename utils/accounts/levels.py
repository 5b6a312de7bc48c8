"""The levels of suspension: locked out, read-only, or only warned.

A lock is seen in the cloud. The softer ones are noted on the service before anything is changed, so
that whoever brings the account to its order knows that it is not to have it, and whoever resumes
the service gives it back.
"""

from datetime import date
from typing import NamedTuple, Optional

from utils.base import sizes
from utils.base.values import Account, Item, Order
from utils.consts import READ_ONLY, STATUS_ACTIVE, WARN

LEAST_QUOTA_BYTES = 1024
"""The quota of whoever uses less, or of whom the cloud does not tell it, as of one who has never
logged in (docs/en/clouds.md, "Quotas"): nothing of use fits into it, and no cloud takes it for no
limit."""


class Level(NamedTuple):
    """That a service is suspended, and how, `since` a day.

    `was_warned` is whether it is read-only because its time of warning is over.
    """

    name: str
    since: date
    was_warned: bool = False

    def __str__(self) -> str:
        words = [self.name, self.since.isoformat(), *([WARN] if self.was_warned else [])]
        return " ".join(words)


def read(text: str) -> Optional[Level]:
    """The level in a parameter's value, or None where there is none."""
    words = text.split()
    if len(words) not in (2, 3) or words[0] not in (READ_ONLY, WARN):
        return None
    try:
        return Level(words[0], date.fromisoformat(words[1]), words[2:] == [WARN])
    except ValueError:
        return None


def level_of(item: Item) -> Optional[Level]:
    """The soft level of a service, which one that is active has no more."""
    return None if item.status == STATUS_ACTIVE else read(item.level)


def room_less(account: Account) -> Order:
    """What has nothing be added to an account: the next size that a cloud keeps above its use.

    A byte has to stay free: a new Nextcloud opens no file where none is, not for reading either
    (docs/en/clouds.md, "Quotas"). Names nothing where it is so, or has less room already.
    """
    used_bytes = account.used_bytes or 0
    wanted = max(sizes.stored_bytes(sizes.bytes_to_ask(used_bytes + 1)), LEAST_QUOTA_BYTES)
    present = account.quota_bytes
    is_so = present is not None and used_bytes < present <= wanted
    return Order() if is_so else Order(quota_bytes=wanted)


def under_level(order: Order, item: Item, account: Account) -> Order:
    """What an account is to be, as the level of its service has it."""
    level = level_of(item)
    if level is None:
        return order
    if order.enabled is not None:
        order = order._replace(enabled=True)
    if level.name == READ_ONLY and order.quota_bytes is not None:
        order = order._replace(quota_bytes=room_less(account).quota_bytes)
    return order
