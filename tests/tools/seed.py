"""Strangers on a server of the live tests: groups and accounts that are none of the module's.

They stand there before the tests come, and are to stand there unchanged when the tests are done.
"""

import logging
from typing import FrozenSet, List, NamedTuple, Optional

from tests.e2e.sites import GIB
from utils.api import NextcloudAPIClient
from utils.base import sizes
from utils.base.secret import Secret
from utils.base.values import Server

PASSWORD = Secret("Stranger-Pw-for-tests-5!")
GROUPS = ("customers", "staff", "Friends & family")


class Stranger(NamedTuple):
    """Somebody else's account, as far as the module could do harm to it."""

    login: str
    enabled: bool = True
    groups: FrozenSet[str] = frozenset({"customers"})
    quota_bytes: float = 5 * GIB


AWKWARD = (
    Stranger("4711"),
    Stranger("User_9000001"),
    Stranger("user_9000002"),
    Stranger("second_admin", groups=frozenset({"admin"})),
    Stranger("in_all", groups=frozenset(GROUPS)),
    Stranger("in_none", groups=frozenset()),
    Stranger("locked_out", enabled=False),
    Stranger("unlimited", quota_bytes=sizes.UNLIMITED),
    Stranger("somebody@example.com", groups=frozenset({"staff"}), quota_bytes=GIB),
)
ORDINARY = tuple(Stranger(f"customer_{number:02}") for number in range(1, 28))
STRANGERS = AWKWARD + ORDINARY


def client(url: str, password: str) -> NextcloudAPIClient:
    """The administrator's client of a server that the live tests have started."""
    server = Server(0, url, "admin", Secret(password), True, 60.0)
    return NextcloudAPIClient(server, logging.getLogger("seed"))


def plant(cloud: NextcloudAPIClient) -> None:
    """Makes the groups and the strangers. Raises what the client does."""
    for group in GROUPS:
        cloud.create_group(group)
    for stranger in STRANGERS:
        cloud.create_user(stranger.login, PASSWORD, stranger.quota_bytes)
        if not cloud.product.creates_whole:
            cloud.set_quota(stranger.login, stranger.quota_bytes)
        for group in sorted(stranger.groups):
            cloud.add_to_group(stranger.login, group)
        if not stranger.enabled:
            cloud.disable_user(stranger.login)


def harmed(cloud: NextcloudAPIClient) -> List[str]:
    """The logins of those who are not, or not any more, as they were planted."""
    return [stranger.login for stranger in STRANGERS if _read(cloud, stranger.login) != stranger]


def _read(cloud: NextcloudAPIClient, login: str) -> Optional[Stranger]:
    account = cloud.get_user(login)
    if account is None or account.quota_bytes is None:
        return None
    return Stranger(account.login, account.enabled, frozenset(account.groups), account.quota_bytes)
