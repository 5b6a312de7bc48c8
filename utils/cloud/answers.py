"""What a cloud shows: an account's record, and its rules for passwords, as values of ours."""

from string import punctuation
from typing import Any, Mapping, NamedTuple, Optional, Sequence

from utils.base import logins, sizes
from utils.base.values import Account
from utils.cloud import products
from utils.cloud.ocs import mapping

UNKNOWN = -2
"""The free space of a storage that tells none."""


class PasswordRules(NamedTuple):
    """What the cloud tells of its rules for passwords.

    `least_of_kind` is how many letters of each case, digits and symbols it wants at least, the
    largest of these numbers; 0 where it tells none. `symbols` are those that it allows, None
    where it names none.
    """

    least_length: int = 0
    least_of_kind: int = 0
    symbols: Optional[str] = None


def is_number_or_text(group: Any) -> bool:
    """Whether it may be a group, of which numeric ones come as numbers."""
    return isinstance(group, (str, int)) and not isinstance(group, bool)


def account_from(
    data: Any, login: str, product: products.Product, groups: Sequence[Any] = ()
) -> Account:
    """The account in the user object that was asked for by `login`.

    `groups` are its groups where the product does not show them with it; `enabled` may be a text,
    and numeric logins come as numbers. Raises ValueError where the data is no user object, or
    another account's: nothing may be concluded from it, least of all whose account the next
    request is about.
    """
    user = mapping(data)
    enabled = user.get("enabled")
    if product.shows_groups:
        shown_login, groups = str(user.get("id")), user.get("groups") or []
    else:
        shown_login = login
    if enabled is None or not isinstance(groups, (list, tuple)):
        raise ValueError("no user object")
    if not all(map(is_number_or_text, groups)):
        raise ValueError("no groups")
    if not logins.same(shown_login, login):
        raise ValueError("another account")
    # An empty list instead of the quota object is an error of the account's storage.
    quota = mapping(user.get("quota"))
    # Only `quota` (Nextcloud) or `definition` (ownCloud) tells the limit: free and total turn
    # into the disk's size or -3 by version (docs/en/clouds.md, "Quotas").
    limit = quota.get("quota", quota.get("definition"))
    # Where nothing is known of the storage, the limit says no more than that either.
    is_unknown = is_unmeasured(quota) and quota.get("free") == UNKNOWN
    return Account(
        login=shown_login,
        enabled=enabled if isinstance(enabled, bool) else str(enabled).lower() == "true",
        email=str(user.get("email") or ""),
        display_name=str(user.get("displayname") or user.get("display-name") or ""),
        groups=tuple(str(group) for group in groups),
        quota_bytes=None if is_unknown else _limit(limit),
        used_bytes=None if is_unknown else _used(quota),
        is_quota_told=_is_told(limit) and not is_unknown,
        language=str(user.get("language") or ""),
        token=str(user.get("manager") or ""),
        last_login=_moment(user.get("lastLogin", user.get("last_login"))),
    )


def is_unmeasured(quota: Mapping[str, Any]) -> bool:
    """Whether nobody measured: what an app password that may not see files is answered.

    Recorded: no free space and nothing used on 29.0.6, a text for the used bytes on 34.0.1.
    """
    used = quota.get("used")
    return isinstance(used, str) or (used == 0 and quota.get("free") == UNKNOWN)


def shows_disk(quota: Mapping[str, Any]) -> bool:
    """Whether the free space of an account without a limit is that of a disk."""
    free = quota.get("free")
    is_endless = _limit(quota.get("quota")) == sizes.UNLIMITED
    return is_endless and isinstance(free, (int, float)) and free > 0


def rules_from(policy: Mapping[str, Any]) -> PasswordRules:
    """The rules in the capabilities of either product's app password_policy.

    Nextcloud's has the length alone that concerns us (recorded on 29.0.6), for it asks for one of
    a kind at most. ownCloud's has more (lib/Capabilities.php of owncloud/password_policy).
    """
    wanted = mapping(policy.get("password_requirements"))
    kinds = mapping(wanted.get("configuration"))
    named = ("lower_case", "upper_case", "numbers", "special_characters")
    source = mapping(mapping(kinds.get("special_characters")).get("generate_from"))
    symbols = "".join(char for char in str(source.get("characters") or "") if char in punctuation)
    return PasswordRules(
        _count(policy.get("minLength", wanted.get("minimum_characters"))),
        max(_count(mapping(kinds.get(kind)).get("minimum")) for kind in named),
        symbols or None,
    )


def _count(told: Any) -> int:
    """A number of characters; whatever is none, or is no sane one, counts as not told."""
    is_number = isinstance(told, int) and not isinstance(told, bool)
    return told if is_number and 0 < told < 1000 else 0


def _moment(told: Any) -> Optional[int]:
    """A moment in the cloud's own unit, which is another one on either product."""
    return told if isinstance(told, int) and not isinstance(told, bool) else None


def _is_told(limit: Any) -> bool:
    return isinstance(limit, (int, float, str)) and not isinstance(limit, bool)


def _limit(limit: Any) -> Optional[float]:
    """The bytes of a limit; None for the cloud's default, for a broken one, and for none told."""
    if isinstance(limit, (int, float)) and not isinstance(limit, bool):
        return sizes.UNLIMITED if limit < 0 else int(limit)
    if not isinstance(limit, str) or limit == "default":
        return None
    try:
        return sizes.parse_text(limit)
    except ValueError:
        return None


def _used(quota: Mapping[str, Any]) -> Optional[int]:
    """The used bytes; an ownCloud account without a home has none yet, and says nothing."""
    used = quota.get("used", 0 if "definition" in quota else None)
    if isinstance(used, bool) or not isinstance(used, (int, float)):
        return None
    if not 0 <= used < 2**63:
        return None
    return int(used)
