"""What differs between the clouds: one Product each, and how a cloud is told from another.

A number decides nothing: Nextcloud and ownCloud count apart, and what one release of Nextcloud 33
takes the next refuses. So a product is told by the keys of its answers (names can be themed), and
what a version wants is seen from what it answers (docs/en/clouds.md, "Which cloud it is").
"""

from typing import Any, Mapping, NamedTuple, Optional

from utils.base import errors
from utils.base.values import Server
from utils.cloud.ocs import Envelope, Meanings, mapping
from utils.host.state import PRODUCT, State


class Product(NamedTuple):
    """One of the products, as its recorded answers show it."""

    name: str
    token_scheme: str
    """How a login by a token alone is announced."""
    keeps_sessions: bool
    """Whether cookies spare the check of the password, 400 ms, on every request but the first."""
    creates_whole: bool
    """Whether quota, e-mail and display name are taken with the create, not silently dropped."""
    mails_links: bool
    """Whether an account made without a password gets a mail with a link to set one."""
    sets_language: bool
    """Whether the language of an account can be set."""
    lists_details: bool
    """Whether accounts can be read by pages; else each by itself."""
    shows_groups: bool
    """Whether an account's record names its login and its groups."""
    tells_settings: bool
    """Whether administrators may ask for the settings of its apps."""
    tells_own_usage: bool
    """Whether the login's own record shows its usage."""
    limits_users: bool
    """Whether there may be a limit of users, above which no account is made or enabled."""
    hides_rights: bool
    """Whether a missing right is answered like a wrong password."""
    explains_login: bool
    """Whether a wrong password bears WWW-Authenticate on every call, and a right one never does."""
    means: Mapping[str, Meanings]
    """What the codes of a call mean, by what the call does."""


_JOINING: Meanings = {
    102: errors.NoSuchGroup,
    103: errors.NoSuchUser,
    104: errors.GroupNotAllowed,
    105: errors.GroupNotAllowed,
}

_BROKEN: Meanings = {996: errors.AccountUnreadable, 500: errors.AccountUnreadable}
"""An account whose record is damaged answers so when it is shown, alone or in a list. Its groups
are shown all the same, and it is switched and deleted as any other (docs/en/clouds.md, "Accounts
that cannot be shown")."""

NEXTCLOUD = Product(
    name="Nextcloud",
    token_scheme="Bearer",  # noqa: S106  a scheme, no secret
    keeps_sessions=True,
    creates_whole=True,
    mails_links=True,
    sets_language=True,
    lists_details=True,
    shows_groups=True,
    tells_settings=True,
    tells_own_usage=True,
    limits_users=True,
    hides_rights=False,
    explains_login=True,
    means={
        "create": {
            104: errors.NoSuchGroup,
            105: errors.GroupNotAllowed,
            106: errors.GroupNotAllowed,
            107: errors.PasswordRefused,
        },
        "read": {404: errors.NoSuchUser, 998: errors.RightsMissing, **_BROKEN},
        "edit": {404: errors.NoSuchUser, 998: errors.NoSuchUser},
        # 103 up to 29, 107 from 32 on; 101 is a password of more than 469 bytes.
        "password": {
            **dict.fromkeys((101, 103, 107), errors.PasswordUnfit),
            **dict.fromkeys((404, 998), errors.NoSuchUser),
        },
        "switch": {101: errors.NoSuchUser, 404: errors.NoSuchUser, 998: errors.NoSuchUser},
        "delete": {404: errors.NoSuchUser, 998: errors.NoSuchUser},
        # Of an account that was seen to be gone: 998 would stand for a missing right as well.
        "traces": {404: errors.NoSuchUser, 998: errors.NoSuchUser},
        "join": _JOINING,
    },
)
"""Recorded on 29.0.6, 32.0.2, 33.0.3 and 34.0.1 (docs/en/clouds.md, "Codes")."""

OWNCLOUD = Product(
    name="ownCloud",
    token_scheme="token",  # noqa: S106  a scheme, no secret
    keeps_sessions=False,
    creates_whole=False,
    mails_links=False,
    sets_language=False,
    lists_details=False,
    shows_groups=False,
    tells_settings=False,
    tells_own_usage=False,
    limits_users=False,
    hides_rights=True,
    explains_login=False,
    means={
        # 101 is a refused name or password, and our names are never refused.
        "create": {
            101: errors.PasswordRefused,
            104: errors.NoSuchGroup,
            105: errors.GroupNotAllowed,
            106: errors.GroupNotAllowed,
        },
        "read": {404: errors.NoSuchUser, 998: errors.NoSuchUser, **_BROKEN},
        # 997 stands for a missing right or account, once the login itself was seen to be right.
        "edit": {997: errors.NoSuchUser},
        "password": {403: errors.PasswordUnfit, 997: errors.NoSuchUser},
        "switch": {101: errors.NoSuchUser, 997: errors.NoSuchUser},
        "delete": {101: errors.NoSuchUser, 997: errors.NoSuchUser},
        "traces": {404: errors.NoSuchUser, 998: errors.NoSuchUser},
        "join": _JOINING,
    },
)
"""Recorded on 10.15.2 (docs/en/clouds.md, "Codes")."""

PRODUCTS = (NEXTCLOUD, OWNCLOUD)
_BY_NAME = {product.name: product for product in PRODUCTS}


def by_status(status: Mapping[str, Any]) -> Optional[Product]:
    """The product whose status.php this is; None where it does not tell.

    Raises CloudUnsupported for ownCloud Infinite Scale and OpenCloud, which alone have
    `productversion` and let no accounts be written by OCS (docs/en/clouds.md, "Which cloud it is").
    """
    if "productversion" in status:
        raise errors.CloudUnsupported(str(status.get("productname", ""))[:100])
    if "extendedSupport" in status:
        return NEXTCLOUD
    return OWNCLOUD if "product" in status else None


def by_answer(envelope: Envelope) -> Optional[Product]:
    """The product that alone answers so when an account is read; None where both may."""
    quota = mapping(mapping(envelope.data).get("quota"))
    if "quota" in quota or envelope.code == 404:
        return NEXTCLOUD
    if "definition" in quota or (envelope.code == 998 and envelope.message):
        return OWNCLOUD
    return None


class Memory:
    """Which product a module's server was when it was last asked; another address is another."""

    def __init__(self, state: State, server: Server) -> None:
        self._state = state
        self._name = PRODUCT.format(server.module_id)
        self._base_url = server.base_url

    def recall(self) -> Optional[Product]:
        """What was kept, or None."""
        kept = self._state.read(self._name)
        if not isinstance(kept, dict) or kept.get("base_url") != self._base_url:
            return None
        return _BY_NAME.get(str(kept.get("product")))

    def keep(self, product: Product) -> None:
        """Keeps it for the next runs. One that cannot keep it asks the cloud again."""
        entry = {"base_url": self._base_url, "product": product.name}
        try:
            self._state.write(self._name, entry)
        except errors.StateUnwritable:
            return  # the state itself knows why, and the report tells it
