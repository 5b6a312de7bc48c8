"""What differs between an account and its order, as values.

The difference is computed here and nowhere else. What is written, what is compared after it is
read back, and what is printed of it is always the tuple that `changes` returns.
"""

from typing import Any, Iterator, NamedTuple, Tuple, Union

from utils.base import sizes
from utils.base.values import Account, Order

ENABLED, QUOTA, GROUP, NOT_GROUP, EMAIL, NAME = (
    "enabled",
    "quota",
    "group",
    "not_group",
    "email",
    "name",
)
"""What of an account may differ. The names are stable: people and machines read them."""

_PERSONAL = (EMAIL, NAME)
"""These tell who a customer is, so logs and errors name them without their values."""


class Change(NamedTuple):
    """One thing of an account that is to be set.

    `present` and `wanted` are of the same kind: bytes or sizes.UNLIMITED for a quota, a truth
    value for `enabled`, else a text. A quota that is present as None is the cloud's default, or
    one that the cloud itself cannot read. `not_group` wants the account out of that group.
    Where a change is not `required`, an account without it is as ordered all the same.
    """

    what: str
    present: Any
    wanted: Any
    required: bool = True

    def __str__(self) -> str:
        """The change for people, in words that may stand in logs and errors.

        >>> str(Change(QUOTA, 1024**3, sizes.UNLIMITED))
        'quota 1073741824 bytes (1 GiB) -> unlimited'
        >>> str(Change(GROUP, "", "clients"))
        'group clients'
        """
        if self.what in _PERSONAL:
            return self.what
        sides = [_speak(side) for side in (self.present, self.wanted)]
        return f"{self.what} {' -> '.join(side for side in sides if side)}"


def changes(account: Account, order: Order) -> Tuple[Change, ...]:
    """What is to be set, in the order in which it is written; nothing where all is as ordered.

    What the order does not name, and what the cloud does not tell of the account, differs in
    nothing.
    """
    return tuple(_changes(account, order))


def _changes(account: Account, order: Order) -> Iterator[Change]:
    # Whether the customer gets in comes first. He may owe money, or may have paid it, and the
    # cloud's limit of edits, which all other changes count for, must not hold that up.
    if order.enabled is not None and account.enabled is not order.enabled:
        yield Change(ENABLED, account.enabled, order.enabled)
    if order.quota_bytes is not None and account.is_quota_told:
        asked = sizes.bytes_to_ask(order.quota_bytes)
        if not _is_quota(account, sizes.stored_bytes(asked)):
            yield Change(QUOTA, account.quota_bytes, asked)
    if order.group and order.group not in account.groups:
        yield Change(GROUP, "", order.group)
    leave = order.leave_group
    if leave and leave != order.group and leave in account.groups:
        yield Change(NOT_GROUP, "", leave)
    for what, present, wanted, required in (
        # Whoever has the e-mail can set a new password by it, so a former client's may not stay.
        (EMAIL, account.email, order.email, order.is_handed_over),
        (NAME, account.display_name, order.display_name, False),
    ):
        if (wanted or required) and wanted.casefold() != present.casefold():
            yield Change(what, present, wanted, required)


def _is_quota(account: Account, quota_bytes: float) -> bool:
    return account.quota_bytes is not None and sizes.same_quota(account.quota_bytes, quota_bytes)


def is_unread(account: Account, order: Order) -> bool:
    """Whether the cloud does not tell of the account what the order names."""
    return order.quota_bytes is not None and not account.is_quota_told


def _speak(value: Union[None, bool, int, float, str]) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    return value if isinstance(value, str) else sizes.spoken(value)
