"""What is left of an account that was deleted: looked for, and not taken on trust."""

from typing import Tuple

from utils.api import NextcloudAPIClient
from utils.base import errors

ACCOUNT, GROUPS, LIST = "account_gone", "groups_gone", "name_unlisted"
"""What was seen: nobody has the login, it is in no group, and no list of the cloud has it. These
names are stable: they stand in records."""


def look(cloud: NextcloudAPIClient, login: str) -> Tuple[str, ...]:
    """What was seen of the deletion; nothing as long as the account is there.

    What the module's user may not see is left out. Raises what the client raises.
    """
    try:
        if cloud.get_user(login, with_groups=False) is not None:
            return ()
    except errors.RightsMissing:
        return ()  # nothing is seen of an account that may be there
    seen = [ACCOUNT]
    try:
        cloud.groups_of(login)
    except (errors.NoSuchUser, errors.RightsMissing):
        # Nextcloud has one code for both here, and was just seen to show nobody of that login.
        seen.append(GROUPS)
    else:
        return ()  # an account that is in groups is not gone
    if cloud.lists(login) is False:
        seen.append(LIST)
    return tuple(seen)
