"""What differs between an account and its order, as values.

The difference is computed here and nowhere else. What is written, what is compared after it is
read back, and what is printed of it is always the tuple that `changes` returns.
"""

from typing import Any, Callable, Iterator, Mapping, NamedTuple, Tuple, Union

from utils.accounts.tokens import is_token
from utils.base import sizes
from utils.base.values import Account, Order

ENABLED, QUOTA, GROUP, NOT_GROUP = "enabled", "quota", "group", "not_group"
EMAIL, NAME, LANGUAGE, TOKEN = "email", "name", "language", "token"
"""What of an account may differ. The names are stable: people and machines read them."""

PERSONAL = (EMAIL, NAME, LANGUAGE)
"""These are the client's in billing as well, and follow him (utils.accounts.following)."""

_UNTOLD = (EMAIL, NAME, TOKEN)
"""These tell who a customer is, or prove something: logs and errors name them without values."""


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
        if self.what in _UNTOLD:
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
        (LANGUAGE, account.language, order.language, False),
    ):
        if (wanted or required) and not is_same(wanted, present):
            yield Change(what, present, wanted, required)
    if order.drops_token and is_token(account.token):
        yield Change(TOKEN, account.token, "", required=False)


def is_same(one: str, other: str) -> bool:
    """Whether a cloud may show the one where the other was set: some write e-mails small."""
    return one.casefold() == other.casefold()


def _is_quota(account: Account, quota_bytes: float) -> bool:
    return account.quota_bytes is not None and sizes.same_quota(account.quota_bytes, quota_bytes)


class Left(NamedTuple):
    """How the module left one of PERSONAL: digests of what was wanted and what was shown then.

    `coming` is that of what a run was about to set, and may not have lived to note.
    """

    wanted: str
    shown: str
    coming: str = ""


class Side(NamedTuple):
    """One of PERSONAL: what billing wants, and what the cloud shows."""

    wanted: str
    shown: str


def personal(account: Account, order: Order) -> Mapping[str, Side]:
    """What follows the client, in billing and in the cloud."""
    return {
        EMAIL: Side(order.email, account.email),
        NAME: Side(order.display_name, account.display_name),
        LANGUAGE: Side(order.language, account.language),
    }


def has_followed(side: Side, left: Left, digest: Callable[[str], str]) -> bool:
    """Whether what the cloud shows is as the module left it, and not the customer's own choice."""
    return digest(side.shown) in (left.shown, left.coming)


def follows(side: Side, left: Left, digest: Callable[[str], str]) -> bool:
    """Whether something is to be set because the client has another one now.

    Not what the cloud has in the form that it made of it, or would not take, when it was set.
    """
    is_new = bool(side.wanted) and digest(side.wanted) != left.wanted
    return is_new and not is_same(*side) and has_followed(side, left, digest)


def narrowed(account: Account, order: Order, whats: Tuple[str, ...]) -> Order:
    """The order with no others of PERSONAL than those."""
    wanted = {what: side.wanted for what, side in personal(account, order).items() if what in whats}
    return order._replace(
        email=wanted.get(EMAIL, ""),
        display_name=wanted.get(NAME, ""),
        language=wanted.get(LANGUAGE, ""),
    )


def is_unread(account: Account, order: Order) -> bool:
    """Whether the cloud does not tell of the account what the order names."""
    return order.quota_bytes is not None and not account.is_quota_told


def _speak(value: Union[None, bool, int, float, str]) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    return value if isinstance(value, str) else sizes.spoken(value)
