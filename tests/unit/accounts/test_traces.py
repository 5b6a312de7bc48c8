"""What is seen of a deletion: only what the cloud was asked and has answered."""

from typing import Any, Optional, Tuple

import pytest

from tests.unit.conftest import make_account
from tests.unit.specs import double_of
from utils.accounts.traces import ACCOUNT, GROUPS, LIST, look
from utils.api import NextcloudAPIClient
from utils.base import errors


@pytest.mark.parametrize(
    ("account", "has_groups", "lists", "seen"),
    [
        (None, False, False, (ACCOUNT, GROUPS, LIST)),
        (None, False, None, (ACCOUNT, GROUPS)),
        (None, False, True, ()),
        (None, True, False, ()),
        (make_account(), False, False, ()),
        (errors.RightsMissing("GET"), False, False, ()),
    ],
)
def test_an_account_is_gone_only_where_nothing_is_left(
    account: Any, has_groups: bool, lists: Optional[bool], seen: Tuple[str, ...]
) -> None:
    cloud: Any = double_of(NextcloudAPIClient)
    cloud.get_user.side_effect = [account]
    cloud.has_groups.return_value = has_groups
    cloud.lists.return_value = lists
    assert look(cloud, "user_7") == seen


def test_what_cannot_be_asked_is_not_seen() -> None:
    cloud: Any = double_of(NextcloudAPIClient)
    cloud.get_user.side_effect = errors.CloudUnreachable("GET")
    with pytest.raises(errors.CloudUnreachable):
        look(cloud, "user_7")
