"""Whose account is it? The cloud is a double of the client's own signature."""

import logging
from typing import Any, Dict, Iterator, Tuple

import pytest

from tests.doubles.cloud import Cloud
from tests.tools.remembered import Remembered
from tests.unit.conftest import make_account, make_billing, make_item, make_server
from tests.unit.specs import double_of
from utils.accounts.guesses import Guesses
from utils.accounts.names import item_of
from utils.accounts.ownership import Ownership, Record, announced, former_number
from utils.accounts.tokens import make_token
from utils.api import NextcloudAPIClient
from utils.base import address, errors
from utils.base.secret import Secret
from utils.base.values import Mark, Trust
from utils.billing.services import Saved
from utils.consts import (
    STATUS_ACTIVE,
    STATUS_CLOSED,
    STATUS_PROCESSING,
    STATUS_SUSPENDED,
)

PASSWORD = Secret("made-up-pw-77")
RECORD = Record("user_1001", PASSWORD, proved=True)
TYPED = RECORD._replace(is_typed=True)
OPENED: Dict[str, Any] = {
    "saved_login": "user_1001",
    "saved_password": PASSWORD,
    "saved_url": make_server().base_url,
    "password_is_crypted": True,
}
"""What `open` saves last."""


def make_mark(**changes: Any) -> Mark:
    """The mark of this service on this server, its account made."""
    server = address.digest(make_server().base_url)
    return Mark(1001, "user_1001", server, PASSWORD, is_made=True)._replace(**changes)


INTENTION = make_mark(is_made=False)
OLD = make_mark(is_made=False, trust=Trust.OLD)


def owner(
    log: logging.Logger,
    *former: str,
    server: Any = None,
    cloud: Any = None,
    billing: Any = None,
    was_open: bool = True,
    **item: Any,
) -> Tuple[Ownership, Any]:
    """Ownership of service 1001 with this on it, and its cloud."""
    if cloud is None:
        cloud = double_of(NextcloudAPIClient)
        cloud.own_login.return_value = make_server().username
    guesses = double_of(Guesses)
    guesses.try_once.side_effect = lambda item, account, password, cloud: cloud.accepts(
        account.login, password
    )
    one = Ownership(
        make_item(**item),
        server or make_server(),
        cloud,
        log,
        billing or make_billing(),
        guesses,
        former,
        was_open=was_open,
    )
    return one, cloud


# -- what stands on the service ---------------------------------------------------------------


@pytest.mark.parametrize("is_made", [True, False])
def test_a_mark_that_nobody_sealed_is_told(log: logging.Logger, is_made: bool) -> None:
    mark = make_mark(trust=Trust.NONE, is_made=is_made)
    one, cloud = owner(log, mark=mark, **OPENED)
    with pytest.raises(errors.MarkForeign):
        one.existing()
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
        ("uſer_1001", PASSWORD),
        ("user_1002", PASSWORD),
        ("user_1001", None),
        ("user_1001", Secret("")),
        ("", PASSWORD),
    ],
)
def test_what_anybody_may_have_typed_is_no_record(
    log: logging.Logger, login: str, password: Any
) -> None:
    billing = make_billing()
    billing.services.saved.return_value = None
    one, _ = owner(log, billing=billing, saved_login=login, saved_password=password)
    assert one.record() is None


@pytest.mark.parametrize("login", ["user_1001", "USER_1001", " user_1001\t"])
@pytest.mark.parametrize("url", ["", "https://cloud.example.com", "http://CLOUD.example.com/x"])
def test_a_predecessors_account_is_ours(log: logging.Logger, url: str, login: str) -> None:
    one, _ = owner(log, saved_login=login, saved_password=PASSWORD, saved_url=url)
    assert one.record() == TYPED


def test_what_looks_like_a_predecessors_account_before_it_was_open_is_a_guess(
    log: logging.Logger,
) -> None:
    saved = {"saved_login": "user_1001", "saved_password": PASSWORD}
    one, cloud = owner(log, was_open=False, **saved)
    assert one.record() == TYPED._replace(proved=False)
    cloud.get_user.return_value = make_account()
    cloud.accepts.return_value = False
    with pytest.raises(errors.LoginTaken):
        one.existing()
    cloud.accepts.return_value = True
    assert one.existing() == make_account()


def test_former_addresses_of_the_server_count(log: logging.Logger) -> None:
    old = "https://old.example.com"
    one, _ = owner(log, old, mark=make_mark(server=address.digest(old)))
    assert one.record() is not None
    one, _ = owner(log, old, saved_login="user_1001", saved_password=PASSWORD, saved_url=old)
    assert one.record() == TYPED


@pytest.mark.parametrize("was_open", [True, False])
def test_a_mark_of_an_account_that_is_not_made_is_an_intention(
    log: logging.Logger, was_open: bool
) -> None:
    one, _ = owner(log, mark=INTENTION, was_open=was_open, **OPENED)
    assert one.record() == RECORD._replace(proved=False)


DAMAGE = [
    {},
    {"saved_login": "USER_1001"},
    {"saved_login": "user_1001 "},
    {"saved_login": ""},
    {"saved_login": "admin"},
    {"saved_password": Secret("corrected-pw-1")},
    {"saved_password": Secret("corrected-pw-1"), "password_is_crypted": False},
    {"password_is_crypted": False, "saved_password": None},
    {"saved_url": ""},
    {"saved_login": "", "saved_url": "", "saved_password": None, "password_is_crypted": False},
]


@pytest.mark.parametrize("changes", DAMAGE)
def test_a_mark_of_an_account_that_is_made_is_proved_whatever_is_saved(
    log: logging.Logger, changes: Any
) -> None:
    one, _ = owner(log, mark=make_mark(), was_open=False, **{**OPENED, **changes})
    assert one.record() == RECORD


@pytest.mark.parametrize("changes", DAMAGE)
def test_an_old_mark_is_proved_where_the_service_is_open(log: logging.Logger, changes: Any) -> None:
    one, _ = owner(log, mark=OLD, **{**OPENED, **changes})
    assert one.record() == RECORD


@pytest.mark.parametrize(
    ("changes", "proved"),
    [
        ({}, True),
        ({"saved_login": " User_1001"}, True),
        ({"saved_password": Secret("corrected-pw-1")}, True),
        ({"saved_login": ""}, False),
        ({"saved_login": "admin"}, False),
        ({"password_is_crypted": False}, False),
    ],
)
def test_before_that_an_old_mark_is_proved_by_what_open_saved(
    log: logging.Logger, changes: Any, proved: bool
) -> None:
    one, _ = owner(log, mark=OLD, was_open=False, **{**OPENED, **changes})
    assert one.record() == RECORD._replace(proved=proved)


# -- a service that has another number --------------------------------------------------------

COPIED: Dict[str, Any] = {**OPENED, "saved_login": "user_900"}
"""What is saved on service 1001, which was service 900."""

COPY = Record("user_900", PASSWORD, proved=True, is_copied=True)


def copy_of_900(status: Any, naming: Any = None, saved: Any = None) -> Any:
    """A BILLmanager where service 900 has that status."""
    billing = make_billing()
    billing.services.status.return_value = status
    billing.namings.of.return_value = naming or {}
    billing.services.saved.return_value = saved
    return billing


def before(**changes: Any) -> Saved:
    """What is saved on service 900."""
    return Saved("user_900", PASSWORD, make_server().base_url)._replace(**changes)


@pytest.mark.parametrize("status", [STATUS_CLOSED, None])
def test_the_copy_of_a_service_that_is_over_owns_its_account(
    log: logging.Logger, status: Any
) -> None:
    billing = copy_of_900(status)
    mark = make_mark(item_id=900, login="user_900")
    one, _ = owner(log, billing=billing, mark=mark, **COPIED)
    assert one.record() == COPY


@pytest.mark.parametrize("status", [1, 2, 3, 5])
@pytest.mark.parametrize("with_mark", [True, False])
def test_while_both_halves_live_the_copy_owns_nothing(
    log: logging.Logger, status: int, with_mark: bool
) -> None:
    billing = copy_of_900(status, saved=before())
    mark = make_mark(item_id=900, login="user_900") if with_mark else None
    one, cloud = owner(log, billing=billing, mark=mark, **COPIED)
    with pytest.raises(errors.MarkForeign, match="900"):
        one.existing()
    assert not cloud.mock_calls


@pytest.mark.parametrize("login", ["", "admin", "user_1001", "user_90"])
def test_a_copied_mark_without_the_login_that_was_saved_with_it_is_foreign(
    log: logging.Logger, login: str
) -> None:
    mark = make_mark(item_id=900, login="user_900")
    one, _ = owner(log, billing=copy_of_900(4), mark=mark, **{**COPIED, "saved_login": login})
    with pytest.raises(errors.MarkForeign):
        one.record()


def test_of_two_copies_neither_owns_the_account(log: logging.Logger) -> None:
    mark = make_mark(item_id=900, login="user_900")
    one, _ = owner(log, billing=copy_of_900(4, {1002: 31}), mark=mark, **COPIED)
    with pytest.raises(errors.MarkForeign):
        one.record()


def test_a_predecessors_copy_owns_the_account_of_its_old_half(log: logging.Logger) -> None:
    one, _ = owner(log, billing=copy_of_900(STATUS_CLOSED, saved=before()), **COPIED)
    assert one.record() == COPY


@pytest.mark.parametrize(
    "saved",
    [
        None,
        before(login="user_901"),
        before(login=""),
        before(password=None),
        before(password=Secret("another-pw-1")),
        before(url=""),
        before(url="https://other.example.com"),
    ],
)
def test_what_is_not_the_same_on_both_is_no_copy(log: logging.Logger, saved: Any) -> None:
    one, _ = owner(log, billing=copy_of_900(STATUS_CLOSED, saved=saved), **COPIED)
    assert one.record() is None


def test_nothing_is_a_copy_before_it_was_open(log: logging.Logger) -> None:
    billing = copy_of_900(STATUS_CLOSED, saved=before())
    one, _ = owner(log, billing=billing, was_open=False, **COPIED)
    assert one.record() is None


# -- what was typed by hand -------------------------------------------------------------------

BY_HAND: Dict[str, Any] = {"saved_login": "moved", "saved_password": Secret("typed-pw-1")}


def moved(one: Any) -> None:
    """The cloud has the typed account, and the one of the mark."""
    one.get_user.side_effect = lambda login: make_account(login=login)
    one.accepts.side_effect = lambda login, password: password == BY_HAND["saved_password"]


@pytest.mark.parametrize("mark", [None, make_mark(), INTENTION, OLD])
def test_a_typed_login_that_accepts_the_typed_password_is_taken_over(
    log: logging.Logger, mark: Any
) -> None:
    one, cloud = owner(log, mark=mark, **BY_HAND)
    moved(cloud)
    assert one.existing() == make_account(login="moved")
    renewal = one.renewal()
    assert renewal is not None
    assert renewal.mark == make_mark(login="moved", password=BY_HAND["saved_password"])
    assert renewal.values["userpassword"] == BY_HAND["saved_password"]


REFUSED: Dict[str, Any] = {
    "another password": {"saved_password": Secret("typed-pw-2")},
    "no password": {"saved_password": None},
    "the module's own": {"saved_login": "Admin"},
    "another service's": {},
    "an administrator's": {},
}


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.parametrize("with_mark", [True, False])
def test_a_typed_login_that_is_not_to_be_taken_over(
    log: logging.Logger, kind: str, with_mark: bool
) -> None:
    billing = make_billing()
    if kind == "another service's":
        billing.namings.of.return_value = {7: 31}
    saved = {**BY_HAND, **REFUSED[kind]}
    mark = make_mark() if with_mark else None
    one, cloud = owner(log, billing=billing, mark=mark, **saved)
    moved(cloud)
    if kind == "an administrator's":
        groups = {"moved": ("admin",)}
        cloud.get_user.side_effect = lambda login: make_account(
            login=login, groups=groups.get(login, ())
        )
    if with_mark:
        assert one.existing() == make_account(groups=() if groups_differ(kind) else ("clients",))
    else:
        with pytest.raises(errors.TypedLogin, match=saved["saved_login"]):
            one.existing()
    assert cloud.accepts.call_count == (kind == "another password")


def groups_differ(kind: str) -> bool:
    """Whether the accounts of a case are in no group of customers."""
    return kind == "an administrator's"


def test_a_typed_login_that_the_cloud_hides_is_not_taken_over(log: logging.Logger) -> None:
    one, cloud = owner(log, **BY_HAND)
    cloud.get_user.side_effect = errors.RightsMissing("GET")
    with pytest.raises(errors.TypedLogin):
        one.existing()


def test_a_typed_login_that_nobody_has_is_no_account(log: logging.Logger) -> None:
    one, cloud = owner(log, **BY_HAND)
    cloud.get_user.return_value = None
    assert one.existing() is None
    with pytest.raises(errors.AccountMissing, match="moved"):
        one.account()


@pytest.mark.parametrize("login", ["moved", "moved@example.com", "user_7", "user_1001_2"])
def test_a_typed_login_that_nobody_has_is_told_to_staff_for_an_account_may_be_meant(
    log: logging.Logger, login: str
) -> None:
    one, cloud = owner(log, **{**BY_HAND, "saved_login": login})
    cloud.get_user.return_value = None
    assert one.existing() is None
    assert str(one.left_alone) == f"typed_login: {login}"


@pytest.mark.parametrize(
    "nothing",
    [
        {**BY_HAND, "saved_password": None},
        {**BY_HAND, "saved_login": ""},
        {**BY_HAND, "saved_login": "user_1001"},
        {**OPENED, "mark": make_mark(), "saved_login": "moved"},
    ],
)
def test_where_no_account_is_meant_that_could_be_another_nobody_is_told(
    log: logging.Logger, nothing: Any
) -> None:
    one, cloud = owner(log, **nothing)
    cloud.get_user.return_value = None
    assert one.existing() is None
    assert one.left_alone is None


def test_nothing_is_taken_over_before_it_was_open(log: logging.Logger) -> None:
    one, cloud = owner(log, was_open=False, **BY_HAND)
    moved(cloud)
    with pytest.raises(errors.TypedLogin):
        one.existing()
    cloud.accepts.assert_not_called()


# -- what is written anew ---------------------------------------------------------------------


def test_what_stands_as_it_was_saved_is_left_alone(log: logging.Logger) -> None:
    one, _ = owner(log, mark=make_mark(), **OPENED)
    assert one.renewal() is None


def test_what_a_predecessor_saved_is_left_alone(log: logging.Logger) -> None:
    one, _ = owner(log, saved_login="User_1001", saved_password=PASSWORD)
    assert one.renewal() is None


CLEAR = Secret("corrected-pw-1")


@pytest.mark.parametrize(
    ("changes", "values"),
    [
        ({"saved_login": "USER_1001"}, {"username": "user_1001"}),
        ({"saved_login": "user_1001 "}, {"username": "user_1001"}),
        ({"saved_login": ""}, {"username": "user_1001"}),
        ({"saved_login": "nobody"}, {"username": "user_1001"}),
        ({"saved_url": ""}, {"url": make_server().base_url}),
        ({"saved_password": None, "password_is_crypted": False}, {"userpassword": PASSWORD}),
        ({"saved_password": CLEAR, "password_is_crypted": False}, {"userpassword": CLEAR}),
        ({"saved_password": CLEAR}, None),
    ],
)
def test_what_is_damaged_is_saved_anew(log: logging.Logger, changes: Any, values: Any) -> None:
    one, cloud = owner(log, mark=make_mark(), **{**OPENED, **changes})
    cloud.get_user.side_effect = lambda login: make_account() if login == "user_1001" else None
    one.existing()
    renewal = one.renewal()
    assert (renewal and renewal.values) == values
    assert renewal is None or renewal.mark is None


@pytest.mark.parametrize("mark", [OLD, INTENTION])
def test_a_mark_that_is_old_or_an_intention_becomes_that_of_a_made_account(
    log: logging.Logger, mark: Mark
) -> None:
    one, cloud = owner(log, mark=mark, **OPENED)
    cloud.get_user.return_value = make_account()
    one.existing()
    renewal = one.renewal()
    assert renewal is not None
    assert (renewal.mark, renewal.values, renewal.is_copied) == (make_mark(), {}, False)


@pytest.mark.parametrize("with_mark", [True, False])
def test_a_copy_gets_a_mark_of_its_own(log: logging.Logger, with_mark: bool) -> None:
    mark = make_mark(item_id=900, login="user_900") if with_mark else None
    billing = copy_of_900(STATUS_CLOSED, saved=before())
    one, _ = owner(log, billing=billing, mark=mark, **COPIED)
    renewal = one.renewal()
    assert renewal is not None
    assert renewal.mark == make_mark(login="user_900")
    assert renewal.is_copied


@pytest.mark.parametrize(
    ("item", "is_unsettled"),
    [
        ({"mark": make_mark(), **OPENED}, False),
        ({"mark": OLD, **OPENED}, False),
        ({"saved_login": "user_1001", "saved_password": PASSWORD}, False),
        ({}, False),
        ({"saved_login": "moved", "saved_password": PASSWORD}, True),
        ({"mark": make_mark(), **OPENED, "saved_login": "moved"}, True),
        ({"mark": make_mark(), **OPENED, "saved_url": ""}, True),
        ({"mark": make_mark(), **OPENED, "password_is_crypted": False}, True),
        ({"mark": make_mark(), **OPENED, "saved_login": "USER_1001"}, True),
        ({"mark": make_mark(item_id=1000), **OPENED}, True),
    ],
)
def test_what_was_typed_copied_or_damaged_is_to_be_looked_at(
    log: logging.Logger, item: Dict[str, Any], is_unsettled: bool
) -> None:
    billing = make_billing()
    billing.services.status.return_value = STATUS_CLOSED
    billing.services.saved.return_value = None
    one, _ = owner(log, billing=billing, **item)
    assert one.is_unsettled(one.record()) is is_unsettled


NOT_SHOWN = {
    "hidden": errors.RightsMissing("x"),
    "unreadable": errors.AccountUnreadable("GET /cloud/users/moved"),
}


@pytest.mark.parametrize("why", ["administrator", "refused", *NOT_SHOWN])
def test_what_was_typed_beside_a_mark_and_is_left_alone_is_told(
    log: logging.Logger, why: str
) -> None:
    one, cloud = owner(log, mark=make_mark(), **{**OPENED, "saved_login": "moved"})
    groups = ("admin",) if why == "administrator" else ()
    moved = make_account(login="moved", groups=groups)
    cloud.get_user.side_effect = [
        NOT_SHOWN.get(why, moved),
        make_account(),
    ]
    cloud.accepts.return_value = False
    assert one.existing() == make_account()
    assert str(one.left_alone) == "typed_login: moved"


@pytest.mark.parametrize(
    ("item", "number"),
    [
        ({}, None),
        ({"mark": make_mark(), **OPENED}, 1001),
        ({"mark": make_mark(item_id=1000), **OPENED}, 1000),
        ({"mark": make_mark(item_id=1000, trust=Trust.NONE), **OPENED}, None),
        ({"saved_login": " user_1000"}, 1000),
        ({"saved_login": "moved"}, None),
    ],
)
def test_the_number_that_a_service_may_have_had_before(item: Dict[str, Any], number: Any) -> None:
    assert former_number(make_item(**item)) == number


@pytest.mark.parametrize("saved", ["edited", ""])
def test_a_damaged_name_of_the_account_is_saved_anew(log: logging.Logger, saved: str) -> None:
    one, _ = owner(log, mark=make_mark(), **OPENED, saved_account=saved)
    renewal = one.renewal()
    assert renewal is not None
    assert (renewal.mark, renewal.values) == (None, {"accountname": "user_1001"})


# -- who else names the account ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("base_url", "is_here"),
    [
        (make_server().base_url, True),
        ("https://old.example.com", True),
        ("https://other.example.com", False),
        ("", True),
    ],
)
def test_services_of_other_modules_count_where_their_server_is_the_same(
    log: logging.Logger, base_url: str, is_here: bool
) -> None:
    billing = make_billing()
    billing.namings.of.return_value = {1002: 31, 1003: 32}
    billing.modules.base_url.return_value = base_url
    one, _ = owner(log, "https://old.example.com", billing=billing, mark=make_mark(), **OPENED)
    assert one.others() == [1002, 1003][: 1 + is_here]
    billing.namings.of.assert_called_once_with("user_1001", 1001)


def test_a_service_that_names_nobody_shares_with_nobody(log: logging.Logger) -> None:
    one, _ = owner(log)
    assert one.others() == []


@pytest.mark.parametrize(
    ("login", "number"),
    [
        ("user_15", 15),
        ("USER_15", 15),
        ("user_15_2", 15),
        ("uſer_15", None),
        ("user_15 ", None),
        ("user_", None),
        ("user_１５", None),
        ("user_15_22", None),
    ],
)
def test_a_login_hints_at_its_service(login: str, number: Any) -> None:
    assert item_of(login) == number


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
    one, cloud = owner(log, mark=INTENTION)
    cloud.get_user.return_value = make_account()
    cloud.accepts.return_value = False
    with pytest.raises(errors.LoginTaken, match="user_1001"):
        one.account()
    cloud.accepts.assert_called_once_with("user_1001", PASSWORD)


def test_an_account_that_takes_the_marks_password_is_ours(log: logging.Logger) -> None:
    one, cloud = owner(log, mark=INTENTION)
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
        mark = INTENTION._replace(server=address.digest(cloud.url))
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


def test_a_new_mark_names_service_server_and_password(log: logging.Logger) -> None:
    one, _ = owner(log)
    login = one.default_login()
    assert login == "user_1001"
    assert one.new_mark(login, PASSWORD, is_made=True) == make_mark()
    assert one.new_mark(login, PASSWORD, is_made=False) == INTENTION


def test_a_taken_login_is_told(log: logging.Logger) -> None:
    one, cloud = owner(log)
    cloud.get_user.return_value = make_account()
    with pytest.raises(errors.LoginTaken, match="user_1001"):
        one.free_login("user_1001", may_differ=False)
    cloud.get_user.assert_called_once_with("user_1001")


def test_where_a_login_may_differ_the_next_free_one_is_taken(log: logging.Logger) -> None:
    one, cloud = owner(log)
    cloud.get_user.side_effect = [make_account(), make_account(), None]
    assert one.free_login("user_1001", may_differ=True) == "user_1001_3"


def test_not_every_login_is_tried(log: logging.Logger) -> None:
    one, cloud = owner(log)
    cloud.get_user.return_value = make_account()
    with pytest.raises(errors.LoginTaken):
        one.free_login("user_1001", may_differ=True)
    assert cloud.get_user.call_count <= 10


def test_a_free_login_is_the_services_own(log: logging.Logger) -> None:
    one, cloud = owner(log)
    cloud.get_user.return_value = None
    assert one.free_login("user_1001", may_differ=True) == "user_1001"


def test_a_name_that_another_living_service_has_is_not_free(log: logging.Logger) -> None:
    billing = make_billing()
    billing.namings.of.side_effect = lambda login, besides: {7: 31} if login == "ivan" else {}
    billing.services.item.return_value = make_item(id=7, status=STATUS_ACTIVE)
    one, cloud = owner(log, billing=billing)
    cloud.get_user.return_value = None
    with pytest.raises(errors.LoginTaken):
        one.free_login("ivan", may_differ=False)
    assert one.free_login("ivan", may_differ=True) == "ivan_2"
    assert one.free_login("petr", may_differ=False) == "petr"


@pytest.mark.parametrize(
    ("other", "is_free"),
    [
        (make_item(id=7, status=STATUS_PROCESSING), True),
        (make_item(id=7, status=STATUS_PROCESSING, mark=make_mark(item_id=7)), False),
        (make_item(id=7, status=STATUS_SUSPENDED), False),
        (errors.SecretBroken("x"), False),
        (errors.ItemNotFound(7), True),
    ],
    ids=["typed", "begun", "suspended", "unreadable", "gone"],
)
def test_what_is_only_typed_in_another_order_keeps_nobody_from_a_name(
    log: logging.Logger, other: Any, is_free: bool
) -> None:
    billing = make_billing()
    billing.namings.of.return_value = {7: 31}
    billing.services.item.side_effect = [other]
    one, cloud = owner(log, billing=billing)
    cloud.get_user.return_value = None
    if is_free:
        assert one.free_login("ivan", may_differ=False) == "ivan"
    else:
        with pytest.raises(errors.LoginTaken):
            one.free_login("ivan", may_differ=False)


# -- accounts without a password ------------------------------------------------------------------

TOKEN = make_token()
LINKED = make_mark(password=TOKEN, is_made=False)


def test_an_account_that_has_the_token_of_the_mark_is_the_service_s_own(
    log: logging.Logger,
) -> None:
    one, cloud = owner(log, mark=LINKED)
    cloud.get_user.return_value = make_account(token=TOKEN.reveal())
    assert one.account().login == "user_1001"
    assert one.urgent_mark() == make_mark(password=Secret(""))
    cloud.accepts.assert_not_called()


@pytest.mark.parametrize("token", ["", "boss", "pm " + "x" * 16])
def test_one_that_has_another_or_none_is_a_stranger_s(log: logging.Logger, token: str) -> None:
    saved = {"saved_login": "user_1001", "saved_password": PASSWORD, "password_is_crypted": True}
    one, cloud = owner(log, mark=LINKED, **saved)
    cloud.get_user.return_value = make_account(token=token)
    with pytest.raises(errors.LoginTaken):
        one.account()
    cloud.accepts.assert_not_called()


def test_a_token_is_nobody_s_password(log: logging.Logger) -> None:
    assert announced("ivan", TOKEN) == Record("ivan", Secret(""), False, token=TOKEN.reveal())
    assert announced("ivan", PASSWORD) == Record("ivan", PASSWORD, proved=False)
    one, _ = owner(log)
    assert one.new_mark("ivan", TOKEN, is_made=False).password == TOKEN
    assert one.new_mark("ivan", TOKEN, is_made=True).password == Secret("")


def test_a_made_mark_without_a_password_saves_none_anew(log: logging.Logger) -> None:
    one, cloud = owner(log, mark=make_mark(password=Secret("")))
    cloud.get_user.return_value = make_account()
    one.account()
    renewal = one.renewal()
    assert renewal is not None
    assert "userpassword" not in renewal.values
