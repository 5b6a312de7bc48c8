"""What is left of an account that was deleted: looked for, and not taken on trust."""

from typing import Tuple

from utils.api import NextcloudAPIClient
from utils.base import errors

ACCOUNT, GROUPS, LIST = "account_gone", "groups_gone", "name_unlisted"
"""What was seen: nobody has the login, it is in no group, and no list of the cloud has it. These
names are stable: they stand in records."""


def look(cloud: NextcloudAPIClient, login: str) -> Tuple[str, ...]:
    """What was seen of the deletion; nothing as long as the account is there.

    Raises what the client raises.
    """
    try:
        if cloud.get_user(login, with_groups=False) is not None:
            return ()
    except errors.RightsMissing:
        return ()  # nothing is seen of an account that may be there
    is_listed = cloud.lists(login)
    if is_listed or cloud.has_groups(login):
        return ()  # what is in a group, or in a list, is not gone
    return (ACCOUNT, GROUPS, LIST) if is_listed is False else (ACCOUNT, GROUPS)
