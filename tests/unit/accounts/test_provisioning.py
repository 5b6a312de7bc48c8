"""Bringing an account to what was ordered: what is written, read back, and believed."""

import logging
from typing import Any, List, Optional
from unittest.mock import call

import pytest

from tests.unit.accounts.test_plan import AS_ORDERED, DIFFERENCES, FULL
from tests.unit.conftest import make_account, make_order
from tests.unit.specs import double_of
from utils.accounts.ownership import Ownership, Record
from utils.accounts.provisioning import Provisioning
from utils.accounts.tokens import make_token
from utils.api import NextcloudAPIClient
from utils.base import errors, sizes
from utils.base.secret import Secret
from utils.base.values import Order
from utils.cloud.products import NEXTCLOUD, OWNCLOUD

GIB = 1024**3
RECORD = Record("user_1001", Secret("made-up-pw-77"), proved=True)
LOST = errors.CloudLost("POST /cloud/users: cut")


@pytest.fixture
def cloud() -> Any:
    """A client that answers as a test says."""
    client = double_of(NextcloudAPIClient)
    client.product = NEXTCLOUD
    return client


@pytest.fixture
def owner() -> Any:
    """An owner that answers as a test says."""
    return double_of(Ownership)


@pytest.fixture
def accounts(cloud: Any, log: logging.Logger) -> Provisioning:
    """What is tested."""
    return Provisioning(cloud, log)


def refused(code: int = 101) -> errors.CloudRefused:
    """A refusal of the cloud."""
    return errors.CloudRefused("POST /cloud/users", code, "Bad request")


def writes(cloud: Any) -> List[str]:
    """The names of the calls that write, in their order."""
    return [one[0] for one in cloud.mock_calls if one[0] not in ("get_user", "refuse_hidden_files")]


# -- create -----------------------------------------------------------------------------------


def test_a_refused_password_is_told_and_nothing_looked_for(
    accounts: Provisioning, cloud: Any, owner: Any
) -> None:
    cloud.create_user.side_effect = errors.PasswordRefused("too weak")
    with pytest.raises(errors.PasswordRefused):
        accounts.create(owner, RECORD, make_order())
    owner.find.assert_not_called()


@pytest.mark.parametrize("code", [101, 102, 103, 105, 106, 108, 110])
def test_a_refusal_that_made_nothing_is_told_in_the_clouds_words(
    accounts: Provisioning, cloud: Any, owner: Any, code: int
) -> None:
    cloud.create_user.side_effect = refused(code)
    owner.find.return_value = None
    with pytest.raises(errors.AccountRefused, match=f"{code} Bad request"):
        accounts.create(owner, RECORD, make_order())


def test_a_lost_answer_that_made_nothing_stays_unknown(
    accounts: Provisioning, cloud: Any, owner: Any
) -> None:
    cloud.create_user.side_effect = LOST
    owner.find.return_value = None
    with pytest.raises(errors.CloudLost):
        accounts.create(owner, RECORD, make_order())


@pytest.mark.parametrize("unclear", [LOST, refused(101), refused(102)])
def test_a_stranger_who_has_the_login_is_told(
    accounts: Provisioning, cloud: Any, owner: Any, unclear: Exception
) -> None:
    cloud.create_user.side_effect = unclear
    owner.find.side_effect = errors.LoginTaken("user_1001")
    with pytest.raises(errors.LoginTaken):
        accounts.create(owner, RECORD, make_order())


@pytest.mark.parametrize("unclear", [LOST, refused(101), refused(102)])
def test_an_account_made_in_spite_of_an_unclear_answer_is_taken_only_if_proved(
    accounts: Provisioning, cloud: Any, owner: Any, unclear: Exception
) -> None:
    cloud.create_user.side_effect = unclear
    owner.find.return_value = make_account()
    assert accounts.create(owner, RECORD, make_order()) == make_account()
    owner.find.assert_called_once_with(RECORD._replace(proved=False))


@pytest.mark.parametrize(
    ("answer", "is_mailed"),
    [(None, True), (LOST, None), (refused(102), False), (errors.ServerFault("POST: 500"), False)],
)
def test_what_the_create_says_tells_whether_the_cloud_came_to_mail_a_link(
    accounts: Provisioning, cloud: Any, owner: Any, answer: Any, is_mailed: Optional[bool]
) -> None:
    token = make_token().reveal()
    cloud.create_user.side_effect = [answer]
    cloud.get_user.return_value = owner.find.return_value = make_account(token=token)
    assert accounts.is_link_mailed is None
    record = Record("user_1001", Secret(""), proved=False, token=token)
    assert accounts.create(owner, record, make_order()) == make_account(token=token)
    assert accounts.is_link_mailed is is_mailed


@pytest.mark.parametrize(
    "error",
    [errors.CloudUnreachable("x"), errors.CloudThrottled("x"), errors.LoginRefused("x")]
    + [errors.RightsMissing("x"), errors.AppPasswordRefused("x"), errors.CloudMaintenance("x")],
)
def test_what_is_clear_is_told_as_it_is(
    accounts: Provisioning, cloud: Any, owner: Any, error: errors.CloudError
) -> None:
    cloud.create_user.side_effect = error
    with pytest.raises(type(error)):
        accounts.create(owner, RECORD, make_order())
    owner.find.assert_not_called()


def test_where_only_the_password_is_taken_the_rest_is_set_then(
    accounts: Provisioning, cloud: Any, owner: Any
) -> None:
    cloud.product = OWNCLOUD
    order = make_order(display_name="Client 7")
    account = accounts.create(owner, RECORD, order)
    assert (account.quota_bytes, account.email, account.groups) == (None, "", ("clients",))
    cloud.get_user.assert_not_called()
    cloud.get_user.return_value = make_account(display_name="Client 7")
    accounts.bring(account, order)
    assert writes(cloud) == ["create_user", "set_quota", "set_email", "set_display_name"]


def test_a_missing_group_is_made_and_the_account_then(
    accounts: Provisioning, cloud: Any, owner: Any
) -> None:
    cloud.create_user.side_effect = [errors.NoSuchGroup("POST", 104), None]
    cloud.get_user.return_value = make_account()
    assert accounts.create(owner, RECORD, make_order()) == make_account()
    assert writes(cloud) == ["create_user", "create_group", "create_user"]
    cloud.create_group.assert_called_once_with("clients")


def test_a_group_that_stays_missing_is_not_made_again(
    accounts: Provisioning, cloud: Any, owner: Any
) -> None:
    cloud.create_user.side_effect = errors.NoSuchGroup("POST", 104)
    owner.find.return_value = None
    with pytest.raises(errors.PmError):
        accounts.create(owner, RECORD, make_order())
    assert writes(cloud) == ["create_user", "create_group", "create_user"]


def test_an_account_that_is_not_there_after_it_was_made_is_told(
    accounts: Provisioning, cloud: Any, owner: Any
) -> None:
    cloud.get_user.return_value = None
    with pytest.raises(errors.NotAsOrdered, match="not there"):
        accounts.create(owner, RECORD, make_order())


@pytest.mark.parametrize(
    ("ordered", "asked"),
    [
        (5 * GIB, 5 * GIB),
        (1040 * GIB, sizes.bytes_to_ask(1040 * GIB)),
        (sizes.UNLIMITED, sizes.UNLIMITED),
    ],
)
def test_an_account_is_made_with_everything_in_one_request(
    accounts: Provisioning, cloud: Any, owner: Any, ordered: float, asked: float
) -> None:
    cloud.get_user.return_value = make_account()
    order = make_order(quota_bytes=ordered, display_name="Client 7", language="de")
    accounts.create(owner, RECORD, order)
    assert cloud.mock_calls == [
        call.create_user(
            "user_1001",
            RECORD.password,
            quota_bytes=asked,
            email="client7@example.com",
            group="clients",
            display_name="Client 7",
            language="de",
            token="",
        ),
        call.get_user("user_1001"),
    ]
    assert asked >= ordered


# -- bring ------------------------------------------------------------------------------------


def test_an_account_as_ordered_is_left_alone(accounts: Provisioning, cloud: Any) -> None:
    assert accounts.bring(make_account(), make_order()) == make_account()
    assert not cloud.mock_calls


def test_what_differs_is_written_once_and_read_back_once(
    accounts: Provisioning, cloud: Any
) -> None:
    before = make_account(quota_bytes=GIB, groups=("old", "by-hand"), email="")
    after = make_account(groups=("clients", "by-hand"), enabled=False)
    cloud.get_user.return_value = after
    assert accounts.bring(before, make_order(leave_group="old", enabled=False)) == after
    assert cloud.mock_calls == [
        call.disable_user("user_1001"),
        call.set_quota("user_1001", 5 * GIB),
        call.add_to_group("user_1001", "clients"),
        call.remove_from_group("user_1001", "old"),
        call.set_email("user_1001", "client7@example.com"),
        call.get_user("user_1001"),
    ]


@pytest.mark.parametrize("enabled", [True, False])
def test_whether_the_account_is_enabled_is_not_touched_where_the_order_does_not_say(
    accounts: Provisioning, cloud: Any, enabled: bool
) -> None:
    after = make_account(enabled=enabled)
    cloud.get_user.return_value = after
    accounts.bring(make_account(enabled=enabled, quota_bytes=GIB), make_order())
    assert writes(cloud) == ["set_quota"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"quota_bytes": GIB}, "quota 1073741824 bytes (1 GiB) -> 5368709120 bytes (5 GiB)"),
        ({"quota_bytes": None}, "quota 5368709120 bytes (5 GiB)"),
        ({"quota_bytes": sizes.UNLIMITED}, "quota unlimited -> 5368709120 bytes (5 GiB)"),
        ({"groups": ()}, "group clients"),
        ({"groups": ("clients", "old")}, "not_group old"),
        ({"groups": ("old",)}, "group clients, not_group old"),
        ({"enabled": False, "groups": ()}, "enabled off -> on, group clients"),
    ],
)
def test_an_account_that_stays_otherwise_is_told(
    accounts: Provisioning, cloud: Any, changes: Any, words: str
) -> None:
    cloud.get_user.return_value = make_account(**changes)
    with pytest.raises(errors.NotAsOrdered) as told:
        accounts.bring(make_account(**changes), make_order(leave_group="old", enabled=True))
    assert told.value.value == f"user_1001: {words}"


def test_an_account_that_vanishes_meanwhile_is_told(accounts: Provisioning, cloud: Any) -> None:
    cloud.get_user.return_value = None
    with pytest.raises(errors.NotAsOrdered):
        accounts.bring(make_account(quota_bytes=GIB), make_order())


def test_after_a_lost_answer_only_what_still_differs_is_set_again(
    accounts: Provisioning, cloud: Any
) -> None:
    other, right = make_account(quota_bytes=GIB, groups=()), make_account()
    half = make_account(groups=())
    cloud.set_quota.side_effect = LOST
    cloud.get_user.side_effect = [half, right]
    assert accounts.bring(other, make_order()) == right
    assert writes(cloud) == ["set_quota", "add_to_group"]
    cloud.reset_mock()
    cloud.set_quota.side_effect = [LOST, None]
    cloud.get_user.side_effect = [make_account(quota_bytes=GIB), right]
    assert accounts.bring(other, make_order()) == right
    assert writes(cloud) == ["set_quota", "set_quota"]
    cloud.reset_mock()
    cloud.set_quota.side_effect = LOST
    cloud.get_user.side_effect = [other]
    with pytest.raises(errors.CloudLost):
        accounts.bring(other, make_order())
    assert writes(cloud) == ["set_quota", "set_quota"]


def test_the_old_group_is_left_though_the_new_tariff_has_none(
    accounts: Provisioning, cloud: Any
) -> None:
    cloud.get_user.return_value = make_account(groups=())
    accounts.bring(make_account(groups=("old",)), make_order(group="", leave_group="old"))
    assert writes(cloud) == ["remove_from_group"]


def test_a_missing_group_is_made_before_the_account_enters_it(
    accounts: Provisioning, cloud: Any
) -> None:
    cloud.add_to_group.side_effect = [errors.NoSuchGroup("POST", 102), None]
    cloud.get_user.return_value = make_account()
    accounts.bring(make_account(groups=()), make_order())
    assert writes(cloud) == ["add_to_group", "create_group", "add_to_group"]


WORDS = {
    "email": (Order(email="a@example.com"), "set_email"),
    "name": (Order(display_name="Client 7"), "set_display_name"),
}
"""What is not required: an order that names it alone, and the call that writes it."""


@pytest.mark.parametrize("what", WORDS)
def test_words_that_the_cloud_refuses_cost_nobody_his_account(
    accounts: Provisioning, cloud: Any, caplog: pytest.LogCaptureFixture, what: str
) -> None:
    order, method = WORDS[what]
    getattr(cloud, method).side_effect = refused(102)
    assert accounts.bring(make_account(), order) == make_account()
    assert writes(cloud) == [method]
    assert f"user_1001: {what} is not set: cloud_refused" in caplog.text
    assert "a@example.com" not in caplog.text


@pytest.mark.parametrize("what", WORDS)
@pytest.mark.parametrize("times", [1, 2])
def test_words_whose_answer_is_lost_are_set_once_more_and_cost_nobody_his_account(
    accounts: Provisioning, cloud: Any, caplog: pytest.LogCaptureFixture, what: str, times: int
) -> None:
    """ownCloud may answer 996 to an address for ever."""
    order, method = WORDS[what]
    getattr(cloud, method).side_effect = [LOST] * times + [None]
    cloud.get_user.return_value = make_account()
    assert accounts.bring(make_account(), order) == make_account()
    assert writes(cloud) == [method, method]
    assert (f"{what} is not set" in caplog.text) is (times == 2)


def test_a_module_that_is_refused_is_told_also_while_words_are_written(
    accounts: Provisioning, cloud: Any
) -> None:
    cloud.set_email.side_effect = errors.LoginRefused("PUT")
    with pytest.raises(errors.LoginRefused):
        accounts.bring(make_account(email=""), make_order())


UNTOLD = make_account(quota_bytes=None, used_bytes=None, is_quota_told=False)


def test_a_quota_that_the_cloud_does_not_tell_is_not_written_and_told_as_unread(
    accounts: Provisioning, cloud: Any
) -> None:
    with pytest.raises(errors.QuotaUnread, match="user_1001"):
        accounts.bring(UNTOLD, make_order())
    assert not writes(cloud)


def test_a_quota_that_is_told_to_nobody_is_a_fault_of_the_modules_login(
    accounts: Provisioning, cloud: Any
) -> None:
    cloud.refuse_hidden_files.side_effect = errors.FilesHidden("admin")
    with pytest.raises(errors.FilesHidden):
        accounts.bring(UNTOLD, make_order())
    assert not writes(cloud)


def test_beside_a_quota_that_the_cloud_does_not_tell_all_else_is_written(
    accounts: Provisioning, cloud: Any
) -> None:
    cloud.get_user.return_value = UNTOLD._replace(enabled=False)
    with pytest.raises(errors.QuotaUnread):
        accounts.bring(UNTOLD._replace(groups=()), make_order(enabled=False))
    assert writes(cloud) == ["disable_user", "add_to_group"]


def test_a_quota_that_is_not_told_after_it_was_written_is_unread(
    accounts: Provisioning, cloud: Any
) -> None:
    cloud.get_user.return_value = UNTOLD
    with pytest.raises(errors.QuotaUnread):
        accounts.bring(make_account(quota_bytes=GIB), make_order())
    assert writes(cloud) == ["set_quota"]


def test_a_quota_that_nobody_ordered_may_stay_untold(accounts: Provisioning, cloud: Any) -> None:
    assert accounts.bring(UNTOLD, Order(enabled=True)) == UNTOLD
    assert not cloud.mock_calls


def test_no_account_is_made_without_a_quota(accounts: Provisioning, cloud: Any, owner: Any) -> None:
    with pytest.raises(errors.QuotaMissing):
        accounts.create(owner, RECORD, make_order(quota_bytes=None))
    assert not cloud.mock_calls


def test_what_was_ordered_and_what_is_stored_is_logged(
    accounts: Provisioning, caplog: pytest.LogCaptureFixture
) -> None:
    account = make_account(quota_bytes=sizes.stored_bytes(sizes.bytes_to_ask(1040 * GIB)))
    accounts.bring(account, make_order(quota_bytes=1040 * GIB))
    assert (
        "ordered 1116691496960 bytes (1.02 TiB), stored 1209462790554 bytes (1.1 TiB)"
        in caplog.text
    )


# -- letting in, locking out, deleting --------------------------------------------------------

SWITCHES = [(True, "enable_user"), (False, "disable_user")]
"""What is ordered, and the call that does it."""


# -- set_password -----------------------------------------------------------------------------

NEW = Secret("made-up-new-78")
CUT = errors.CloudLost("PUT /cloud/users/user_1001: cut")


def test_a_password_is_set_and_seen_to_open_the_account(accounts: Provisioning, cloud: Any) -> None:
    cloud.opens.return_value = True
    assert accounts.set_password(make_account(), NEW) is NEW
    assert cloud.mock_calls == [
        call.set_password("user_1001", NEW),
        call.opens("user_1001", NEW),
    ]


def test_a_password_that_does_not_open_the_account_is_no_success(
    accounts: Provisioning, cloud: Any
) -> None:
    cloud.opens.return_value = False
    with pytest.raises(errors.NotAsOrdered):
        accounts.set_password(make_account(), NEW)


def test_where_no_password_opens_an_account_the_answer_counts(
    accounts: Provisioning, cloud: Any
) -> None:
    cloud.opens.return_value = None
    assert accounts.set_password(make_account(), NEW) is NEW


def test_nobody_tries_to_enter_a_disabled_account(accounts: Provisioning, cloud: Any) -> None:
    accounts.set_password(make_account(enabled=False), NEW)
    cloud.opens.assert_not_called()


def test_after_a_lost_answer_the_login_tells(accounts: Provisioning, cloud: Any) -> None:
    cloud.set_password.side_effect = CUT
    cloud.opens.return_value = True
    assert accounts.set_password(make_account(), NEW) is NEW


@pytest.mark.parametrize("opens", [False, None])
@pytest.mark.parametrize("enabled", [True, False])
def test_a_lost_answer_of_which_no_login_tells_stays_unknown(
    accounts: Provisioning, cloud: Any, opens: Any, enabled: bool
) -> None:
    cloud.set_password.side_effect = CUT
    cloud.opens.return_value = opens
    with pytest.raises(errors.CloudLost):
        accounts.set_password(make_account(enabled=enabled), NEW)


def test_a_password_of_an_account_that_is_there_wants_a_right(
    accounts: Provisioning, cloud: Any
) -> None:
    cloud.set_password.side_effect = errors.NoSuchUser("PUT /cloud/users/user_1001", 998)
    cloud.get_user.return_value = make_account()
    with pytest.raises(errors.RightsMissing):
        accounts.set_password(make_account(), NEW)


@pytest.mark.parametrize(("enabled", "method"), SWITCHES)
def test_a_switch_that_stands_right_is_left_alone(
    accounts: Provisioning, cloud: Any, enabled: bool, method: str
) -> None:
    accounts.bring(make_account(enabled=enabled), Order(enabled=enabled))
    assert not cloud.mock_calls


@pytest.mark.parametrize(("enabled", "method"), SWITCHES)
def test_a_switch_that_stands_wrong_is_turned_by_one_request(
    accounts: Provisioning, cloud: Any, enabled: bool, method: str
) -> None:
    account = accounts.bring(make_account(enabled=not enabled), Order(enabled=enabled))
    assert account == make_account(enabled=enabled)
    assert cloud.mock_calls == [getattr(call, method)("user_1001")]


@pytest.mark.parametrize(("enabled", "method"), SWITCHES)
def test_a_switch_whose_answer_is_lost_is_looked_at_and_turned_once_more(
    accounts: Provisioning, cloud: Any, enabled: bool, method: str
) -> None:
    wrong, order = make_account(enabled=not enabled), Order(enabled=enabled)
    getattr(cloud, method).side_effect = LOST
    cloud.get_user.return_value = make_account(enabled=enabled)
    assert accounts.bring(wrong, order).enabled is enabled
    assert writes(cloud) == [method]
    cloud.reset_mock()
    cloud.get_user.return_value = wrong
    with pytest.raises(errors.CloudLost):
        accounts.bring(wrong, order)
    assert writes(cloud) == [method, method]


@pytest.mark.parametrize(("enabled", "method"), SWITCHES)
def test_an_account_that_vanishes_before_the_switch_is_told(
    accounts: Provisioning, cloud: Any, enabled: bool, method: str
) -> None:
    getattr(cloud, method).side_effect = errors.NoSuchUser("PUT", 101)
    cloud.get_user.return_value = None
    with pytest.raises(errors.NoSuchUser):
        accounts.bring(make_account(enabled=not enabled), Order(enabled=enabled))


@pytest.mark.parametrize(("enabled", "method"), SWITCHES)
def test_a_switch_that_the_connection_may_not_turn_is_told_as_such(
    accounts: Provisioning, cloud: Any, enabled: bool, method: str
) -> None:
    """Nextcloud says 101 or 998 to both, but the account is still seen."""
    getattr(cloud, method).side_effect = errors.NoSuchUser("PUT", 998)
    cloud.get_user.return_value = make_account(enabled=not enabled)
    with pytest.raises(errors.RightsMissing, match="998"):
        accounts.bring(make_account(enabled=not enabled), Order(enabled=enabled))


@pytest.mark.parametrize(("enabled", "method"), SWITCHES)
def test_a_switch_is_turned_although_the_limit_of_edits_is_reached(
    accounts: Provisioning, cloud: Any, enabled: bool, method: str
) -> None:
    cloud.set_quota.side_effect = errors.CloudWriteLimit("429")
    account = make_account(enabled=not enabled, quota_bytes=GIB)
    with pytest.raises(errors.CloudWriteLimit):
        accounts.bring(account, make_order(enabled=enabled))
    assert writes(cloud) == [method, "set_quota"]


METHODS = {
    "enabled": "enable_user",
    "quota": "set_quota",
    "group": "add_to_group",
    "not_group": "remove_from_group",
    "email": "set_email",
    "name": "set_display_name",
    "language": "set_language",
    "token": "set_token",
}
"""The call that makes each change."""


@pytest.mark.parametrize("what", DIFFERENCES)
def test_each_change_is_written_by_its_own_call(
    accounts: Provisioning, cloud: Any, what: str
) -> None:
    differing, _, wanted, _ = DIFFERENCES[what]
    cloud.get_user.return_value = AS_ORDERED
    assert accounts.bring(AS_ORDERED._replace(**differing), FULL) == AS_ORDERED
    value = () if what == "enabled" else (wanted,)
    assert cloud.mock_calls[0] == getattr(call, METHODS[what])("user_1001", *value)
    assert writes(cloud) == [METHODS[what]]


@pytest.mark.parametrize("what", DIFFERENCES)
@pytest.mark.parametrize("there", [True, False])
def test_a_write_that_finds_nobody_looks_whether_he_is_there(
    accounts: Provisioning, cloud: Any, what: str, there: bool
) -> None:
    account = AS_ORDERED._replace(**DIFFERENCES[what][0])
    getattr(cloud, METHODS[what]).side_effect = errors.NoSuchUser("PUT", 998)
    cloud.get_user.return_value = account if there else None
    if there and what in ("email", "name", "language", "token"):
        cloud.get_user.return_value = account
        assert accounts.bring(account, FULL) == account  # none of them may cost the account
        assert set(accounts.failed) == {what}
    else:
        with pytest.raises(errors.RightsMissing if there else errors.NoSuchUser):
            accounts.bring(account, FULL)
    assert writes(cloud) == [METHODS[what]]


WORDS_FAILURES = [
    errors.CloudRefused("PUT", 101),
    errors.ServerFault("PUT: 996"),
    errors.CloudLost("PUT"),
    errors.FrontLost("PUT: HTTP 403"),
    errors.FrontThrottled("PUT: HTTP 429"),
    errors.CloudThrottled("PUT: 429"),
    errors.CloudWriteLimit("PUT: 429"),
    errors.CloudUnreachable("PUT"),
    errors.RightsMissing("PUT: 403"),
]


@pytest.mark.parametrize("what", ["email", "name"])
@pytest.mark.parametrize(
    "failure",
    WORDS_FAILURES,
    ids=lambda one: type(one).__name__,
)
def test_neither_address_nor_name_costs_an_account_whatever_fails_at_them(
    accounts: Provisioning, cloud: Any, failure: errors.CloudError, what: str
) -> None:
    account = AS_ORDERED._replace(**DIFFERENCES[what][0])
    getattr(cloud, METHODS[what]).side_effect = failure
    cloud.get_user.return_value = account
    assert accounts.bring(account, FULL) == account


@pytest.mark.parametrize("what", ["email", "name"])
@pytest.mark.parametrize(
    "failure", [errors.LoginRefused("PUT"), errors.CloudMoved("PUT"), errors.AdminRefused("PUT")]
)
def test_what_ends_all_ends_it_at_address_and_name_too(
    accounts: Provisioning, cloud: Any, failure: errors.CloudError, what: str
) -> None:
    account = AS_ORDERED._replace(**DIFFERENCES[what][0])
    getattr(cloud, METHODS[what]).side_effect = failure
    with pytest.raises(type(failure)):
        accounts.bring(account, FULL)


@pytest.mark.parametrize("failure", [refused(101), refused(102), errors.ServerFault("POST: 996")])
def test_an_account_is_made_without_address_and_name_where_the_cloud_takes_none_of_them(
    accounts: Provisioning, cloud: Any, owner: Any, failure: errors.CloudError
) -> None:
    owner.find.return_value = None
    cloud.create_user.side_effect = [failure, None]
    cloud.get_user.return_value = make_account()
    order = make_order(display_name="x" * 70)
    assert accounts.create(owner, RECORD, order) == make_account()
    told = cloud.create_user.call_args_list[-1][1]
    assert (told["email"], told["display_name"]) == ("", "")


def test_a_group_that_the_connection_may_not_make_is_told(
    accounts: Provisioning, cloud: Any
) -> None:
    cloud.add_to_group.side_effect = errors.NoSuchGroup("POST", 102)
    cloud.create_group.side_effect = errors.RightsMissing("POST /cloud/groups")
    with pytest.raises(errors.NoSuchGroup, match="403 clients"):
        accounts.bring(make_account(groups=()), make_order())
    assert writes(cloud) == ["add_to_group", "create_group"]


@pytest.mark.parametrize("unclear", [LOST, refused(101), errors.NoSuchUser("DELETE", 998)])
def test_an_account_that_is_still_there_is_not_deleted(
    accounts: Provisioning, cloud: Any, unclear: errors.CloudError
) -> None:
    """998 also means that the connection may not touch it (docs/en/clouds.md, "Rights")."""
    cloud.delete_user.side_effect = unclear
    cloud.get_user.return_value = make_account()
    with pytest.raises(errors.CloudError):
        accounts.delete(make_account())


@pytest.mark.parametrize("unclear", [LOST, refused(101), errors.NoSuchUser("DELETE", 998)])
def test_an_account_that_is_gone_is_deleted(
    accounts: Provisioning, cloud: Any, unclear: errors.CloudError
) -> None:
    cloud.delete_user.side_effect = unclear
    cloud.get_user.return_value = None
    accounts.delete(make_account())
    cloud.delete_user.assert_called_once_with("user_1001")


def test_an_account_is_deleted(accounts: Provisioning, cloud: Any) -> None:
    accounts.delete(make_account())
    assert writes(cloud) == ["delete_user"]
