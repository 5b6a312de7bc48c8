"""Whose account is it? The cloud is a double of the client's own signature."""

import logging
from typing import Any, Dict, Iterator, Tuple
from unittest.mock import create_autospec

import pytest

from tests.doubles.cloud import Cloud
from tests.tools.remembered import Remembered
from tests.unit.conftest import make_account, make_item, make_server
from utils.accounts.ownership import Ownership, Record
from utils.api import NextcloudAPIClient
from utils.base import address, errors
from utils.base.secret import Secret
from utils.base.values import Mark

HERE = "0123456789ab"
PASSWORD = Secret("made-up-pw-77")
RECORD = Record("user_1001", PASSWORD, proved=True)
OPENED: Dict[str, Any] = {
    "saved_login": "user_1001",
    "saved_password": PASSWORD,
    "password_is_crypted": True,
}
"""What `open` saves last."""


def make_mark(**changes: Any) -> Mark:
    """The mark of this service on this server."""
    server = address.digest(make_server().base_url)
    return Mark(HERE, 1001, "user_1001", server, PASSWORD)._replace(**changes)


def owner(
    log: logging.Logger, *former: str, server: Any = None, cloud: Any = None, **item: Any
) -> Tuple[Ownership, Any]:
    """Ownership of service 1001 with this on it, and its cloud."""
    if cloud is None:
        cloud = create_autospec(NextcloudAPIClient, instance=True)
        cloud.own_login.return_value = make_server().username
    one = Ownership(make_item(**item), server or make_server(), cloud, log, HERE, former)
    return one, cloud


# -- what stands on the service ---------------------------------------------------------------


@pytest.mark.parametrize("changes", [{"installation": "another-one!"}, {"item_id": 1002}])
def test_another_ones_mark_is_told(log: logging.Logger, changes: Any) -> None:
    one, cloud = owner(log, mark=make_mark(**changes), saved_password=PASSWORD)
    with pytest.raises(errors.MarkForeign):
        one.record()
    assert not cloud.mock_calls


def test_an_account_on_another_server_is_told(log: logging.Logger) -> None:
    mark = make_mark(server=address.digest("https://old.example.com"))
    one, cloud = owner(log, mark=mark, saved_url="https://old.example.com")
    with pytest.raises(errors.AccountElsewhere, match=r"old\.example\.com"):
        one.account()
    assert not cloud.mock_calls


@pytest.mark.parametrize(
    "url",
    ["https://old.example.com", "old.example.com", "http://[", "https://cloud.example.com.evil"],
)
def test_a_predecessors_account_on_another_server_is_told(log: logging.Logger, url: str) -> None:
    one, cloud = owner(log, saved_login="user_1001", saved_password=PASSWORD, saved_url=url)
    with pytest.raises(errors.AccountElsewhere):
        one.account()
    assert not cloud.mock_calls


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("", None),
        ("admin", PASSWORD),
        ("USER_1001", PASSWORD),
        ("user_1001 ", PASSWORD),
        ("user_1002", PASSWORD),
        ("user_1001", None),
        ("user_1001", Secret("")),
        ("", PASSWORD),
    ],
)
def test_what_a_client_may_have_typed_is_no_record(
    log: logging.Logger, login: str, password: Any
) -> None:
    one, cloud = owner(log, saved_login=login, saved_password=password)
    assert one.record() is None
    assert one.existing() is None
    with pytest.raises(errors.AccountMissing):
        one.account()
    assert not cloud.mock_calls


@pytest.mark.parametrize("url", ["", "https://cloud.example.com", "http://CLOUD.example.com/x"])
def test_a_predecessors_account_is_ours(log: logging.Logger, url: str) -> None:
    one, _ = owner(log, saved_login="user_1001", saved_password=PASSWORD, saved_url=url)
    assert one.record() == RECORD


def test_former_addresses_of_the_server_count(log: logging.Logger) -> None:
    old = "https://old.example.com"
    one, _ = owner(log, old, mark=make_mark(server=address.digest(old)))
    assert one.record() is not None
    one, _ = owner(log, old, saved_login="user_1001", saved_password=PASSWORD, saved_url=old)
    assert one.record() == RECORD


def test_a_mark_alone_is_an_intention(log: logging.Logger) -> None:
    one, _ = owner(log, mark=make_mark())
    assert one.record() == RECORD._replace(proved=False)


def test_a_mark_with_what_open_saves_last_is_proved(log: logging.Logger) -> None:
    one, _ = owner(log, mark=make_mark(), **OPENED)
    assert one.record() == RECORD


@pytest.mark.parametrize(
    "changes",
    [
        {"saved_login": "admin"},
        {"saved_login": "USER_1001"},
        {"saved_login": ""},
        {"password_is_crypted": False},
        {"password_is_crypted": False, "saved_password": None},
    ],
)
def test_a_mark_without_what_open_saves_last_is_not_proved(
    log: logging.Logger, changes: Any
) -> None:
    """An order form may let the client type a login and a password, but none that is encrypted."""
    one, _ = owner(log, mark=make_mark(), **{**OPENED, **changes})
    assert one.record() == RECORD._replace(proved=False)


def test_a_password_that_staff_corrected_leaves_the_mark_proved(log: logging.Logger) -> None:
    one, _ = owner(log, mark=make_mark(), **{**OPENED, "saved_password": Secret("corrected-pw-1")})
    assert one.record() == RECORD


# -- what stands in the cloud -----------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [{"groups": ("clients", "admin")}, {"groups": ("Admin ", "clients")}, {"login": "ADMIN"}],
)
def test_administrators_and_the_connections_own_account_are_never_touched(
    log: logging.Logger, changes: Any
) -> None:
    one, cloud = owner(log, mark=make_mark(), **OPENED)
    cloud.get_user.return_value = make_account(**changes)
    with pytest.raises(errors.AccountProtected):
        one.account()
    cloud.accepts.assert_not_called()


def test_the_connections_own_account_is_the_one_that_the_client_tells(log: logging.Logger) -> None:
    one, cloud = owner(log)
    cloud.get_user.return_value = make_account()
    cloud.own_login.return_value = "User_1001"
    with pytest.raises(errors.AccountProtected):
        one.find(RECORD)
    cloud.own_login.return_value = "admin"
    assert one.find(RECORD) == make_account()


def test_an_account_that_refuses_the_marks_password_is_a_strangers(log: logging.Logger) -> None:
    one, cloud = owner(log, mark=make_mark())
    cloud.get_user.return_value = make_account()
    cloud.accepts.return_value = False
    with pytest.raises(errors.LoginTaken, match="user_1001"):
        one.account()
    cloud.accepts.assert_called_once_with("user_1001", PASSWORD)


def test_an_account_that_takes_the_marks_password_is_ours(log: logging.Logger) -> None:
    one, cloud = owner(log, mark=make_mark())
    cloud.get_user.return_value = make_account()
    cloud.accepts.return_value = True
    assert one.account() == make_account()


def test_a_proved_account_is_not_logged_in_to(log: logging.Logger) -> None:
    one, cloud = owner(log, mark=make_mark(), **OPENED)
    cloud.get_user.return_value = make_account()
    assert one.account() == make_account()
    cloud.accepts.assert_not_called()


def test_an_account_that_is_gone_is_told(log: logging.Logger) -> None:
    one, cloud = owner(log, mark=make_mark())
    cloud.get_user.return_value = None
    assert one.find(RECORD) is None
    assert one.existing() is None
    with pytest.raises(errors.AccountMissing, match="user_1001"):
        one.account()


@pytest.fixture
def real(log: logging.Logger) -> Iterator[Tuple[Cloud, Ownership]]:
    """A cloud on a socket where a stranger has the marked login, and the service's owner."""
    with Cloud() as cloud:
        cloud.add_user("user_1001", "Strangers-Pw-1", used_bytes=5)
        server = make_server(base_url=cloud.url, secret=Secret(cloud.mint_app_password("admin")))
        client = NextcloudAPIClient(server, log, memory=Remembered())
        mark = make_mark(server=address.digest(cloud.url))
        one, _ = owner(log, server=server, cloud=client, mark=mark)
        yield cloud, one


def test_a_stranger_is_not_adopted(real: Tuple[Cloud, Ownership]) -> None:
    with pytest.raises(errors.LoginTaken):
        real[1].account()


@pytest.mark.parametrize("how", ["two-factor", "tokens enforced"])
def test_a_stranger_is_not_adopted_where_no_password_is_looked_at(
    real: Tuple[Cloud, Ownership], how: str
) -> None:
    """Such a cloud answers every password alike, so its answer proves nothing."""
    cloud, one = real
    if how == "two-factor":
        cloud.two_factor.add("user_1001")
    else:
        cloud.token_auth_enforced = True
    with pytest.raises(errors.LoginTaken):
        one.account()


# -- new accounts -----------------------------------------------------------------------------


def test_a_new_mark_names_installation_service_server_and_password(log: logging.Logger) -> None:
    one, _ = owner(log)
    login = one.default_login()
    assert login == "user_1001"
    assert one.new_mark(login, PASSWORD) == make_mark()


def test_a_taken_login_is_told(log: logging.Logger) -> None:
    one, cloud = owner(log)
    cloud.get_user.return_value = make_account()
    with pytest.raises(errors.LoginTaken, match="user_1001"):
        one.free_login(may_differ=False)
    cloud.get_user.assert_called_once_with("user_1001")


def test_where_a_login_may_differ_the_next_free_one_is_taken(log: logging.Logger) -> None:
    one, cloud = owner(log)
    cloud.get_user.side_effect = [make_account(), make_account(), None]
    assert one.free_login(may_differ=True) == "user_1001_3"


def test_not_every_login_is_tried(log: logging.Logger) -> None:
    one, cloud = owner(log)
    cloud.get_user.return_value = make_account()
    with pytest.raises(errors.LoginTaken):
        one.free_login(may_differ=True)
    assert cloud.get_user.call_count <= 10


def test_a_free_login_is_the_services_own(log: logging.Logger) -> None:
    one, cloud = owner(log)
    cloud.get_user.return_value = None
    assert one.free_login(may_differ=True) == "user_1001"
