"""Which accounts fit which services that have none, as far as people should look at them."""

from typing import Any, Dict, List, Tuple

import pytest

from tests.unit.census.world import World, own
from tests.unit.conftest import make_account, make_item
from utils.base.values import Account, Item, Mark
from utils.billing.namings import Naming
from utils.billing.services import Unmarked
from utils.census import adoptable
from utils.census.adoptable import Adoptables

OPEN = {"status": 2, "mark": None, "saved_password": None}


class Old:
    """A module whose customers were there before the billing."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.emails: Dict[int, str] = {}
        world.billing.services.unmarked.side_effect = self._unmarked
        world.billing.namings.of_any.side_effect = self._naming
        world.billing.clients.emails.side_effect = lambda ids: {
            one: self.emails[one] for one in ids if one in self.emails
        }
        world.cloud.own_login.return_value = "admin"
        self.modules = {31: "https://cloud.example.com:8443/nc"}
        world.billing.modules.base_url.side_effect = self.modules.get

    def sell(self, number: int, email: str = "", **changes: Any) -> Item:
        """An open service without an account, of a client of its own."""
        item = make_item(**{**OPEN, "id": number, "account_id": 200 + number, **changes})
        self.world.services.append(item)
        if email:
            self.emails[item.account_id] = email
        return item

    def found(self, *accounts: Account) -> List[Tuple[int, str, str]]:
        """Service, login and reason of what is found among the accounts."""
        one = Adoptables(self.world.billing, self.world.register(), 31)
        return [(pair.item.id, pair.account.login, pair.by) for pair in one.among(accounts)]

    def _unmarked(self, module_id: int, after: int, count: int) -> List[Unmarked]:
        left = [one for one in self.world.services if one.mark is None and one.id > after]
        return [Unmarked(one.id, one.account_id, one.saved_login) for one in left][:count]

    def _naming(self, wanted: Any) -> List[Naming]:
        saved = [(one, one.saved_login.strip().lower()) for one in self.world.services]
        return [Naming(one.id, one.module_id, login) for one, login in saved if login in wanted]


@pytest.fixture
def old(world: World) -> Old:
    """Nothing sold yet."""
    return Old(world)


@pytest.mark.parametrize(
    ("saved", "login"),
    [("ivan", "ivan"), (" Ivan ", "iVAN"), ("user_1", "user_1"), ("Иван", "Иван")],
)
def test_a_login_typed_on_a_service_fits_the_account(old: Old, saved: str, login: str) -> None:
    old.sell(1, saved_login=saved)
    assert old.found(make_account(login=login, email="")) == [(1, login, "login")]


@pytest.mark.parametrize("email", ["ivan@example.com", "IVAN@Example.com", " ivan@example.com "])
def test_the_clients_e_mail_fits_the_account_that_has_it(old: Old, email: str) -> None:
    old.sell(1, email="ivan@example.com")
    assert old.found(make_account(login="ivan", email=email)) == [(1, "ivan", "email")]


def test_a_pair_that_fits_by_both_comes_once(old: Old) -> None:
    old.sell(1, saved_login="ivan", email="ivan@example.com")
    account = make_account(login="ivan", email="ivan@example.com")
    assert old.found(account) == [(1, "ivan", "login")]


def test_what_fits_several_comes_for_each(old: Old) -> None:
    for number in (1, 2):
        old.sell(number, account_id=7, email="ivan@example.com")
    accounts = [make_account(login=login, email="ivan@example.com") for login in ("ivan", "ivan2")]
    assert old.found(*accounts) == [
        (1, "ivan", "email"),
        (2, "ivan", "email"),
        (1, "ivan2", "email"),
        (2, "ivan2", "email"),
    ]


def test_without_an_e_mail_nothing_fits_by_it(old: Old) -> None:
    old.sell(1)
    assert old.found(make_account(login="ivan", email="")) == []


@pytest.mark.parametrize(
    "account",
    [
        make_account(login="admin", email="ivan@example.com"),
        make_account(login="ivan", email="ivan@example.com", groups=("admin",)),
    ],
    ids=["the module's own", "an administrator's"],
)
def test_a_protected_account_fits_nobody(old: Old, account: Account) -> None:
    old.sell(1, email="ivan@example.com")
    assert old.found(account) == []


@pytest.mark.parametrize(
    ("named_by", "is_free"),
    [
        ({"saved_login": "ivan", "mark": own(2, "ivan").mark}, False),
        ({"saved_login": " IVAN"}, False),
        ({"saved_login": "ivan", "module_id": 32}, False),
        ({"saved_login": "ivan", "module_id": 33}, True),
        ({"saved_login": "petr"}, True),
    ],
    ids=["its own", "typed too", "same server", "another server", "another login"],
)
def test_an_account_that_another_service_names_fits_nobody_else(
    old: Old, named_by: Dict[str, Any], is_free: bool
) -> None:
    old.modules.update({32: old.modules[31], 33: "https://other.example.com"})
    old.sell(1, email="ivan@example.com")
    old.sell(2, **named_by)
    found = old.found(make_account(login="ivan", email="ivan@example.com"))
    assert ((1, "ivan", "email") in found) is is_free


@pytest.mark.parametrize("is_made", [True, False])
def test_an_account_that_a_mark_names_fits_nobody_else(old: Old, is_made: bool) -> None:
    mark = own(2).mark
    assert mark is not None
    old.sell(1, email="ivan@example.com")
    old.sell(2, status=5, mark=mark._replace(is_made=is_made))
    assert old.found(make_account(login="user_2", email="ivan@example.com")) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"mark": Mark(1, "ivan", "0" * 16, own(1).mark.password)},
        {"saved_login": "user_1", "saved_password": own(1).saved_password},
        {"is_broken": True},
    ],
    ids=["marked since", "the predecessor's", "undecryptable"],
)
def test_a_service_with_something_on_record_is_left_out(old: Old, changes: Dict[str, Any]) -> None:
    old.sell(1, email="ivan@example.com")
    one = Adoptables(old.world.billing, old.world.register(), 31)
    old.world.services[0] = old.world.services[0]._replace(**changes)
    assert one.among([make_account(login="ivan", email="ivan@example.com")]) == []


def test_texts_that_share_a_digest_are_told_apart(
    old: Old, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adoptable, "crc32", lambda data: 7)
    old.sell(1, saved_login="ivan", email="ivan@example.com")
    old.sell(2, saved_login="petr", email="petr@example.com")
    accounts = [make_account(login=one, email=f"{one}@example.com") for one in ("petr", "olga")]
    assert old.found(*accounts) == [(2, "petr", "login")]


def test_where_nothing_fits_billing_is_not_asked_again(old: Old) -> None:
    old.sell(1, saved_login="ivan", email="ivan@example.com")
    one = Adoptables(old.world.billing, old.world.register(), 31)
    old.world.billing.reset_mock()
    assert one.among([make_account(login="petr", email="petr@example.com")]) == []
    assert not old.world.billing.mock_calls


def test_services_are_read_some_at_a_time(old: Old, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adoptable, "BATCH", 2)
    for number in range(1, 6):
        old.sell(number, saved_login=f"old{number}")
    accounts = [make_account(login=f"old{number}", email="") for number in range(1, 6)]
    assert [one[0] for one in old.found(*accounts)] == [1, 2, 3, 4, 5]
    asked = [one[0] for one in old.world.billing.services.unmarked.call_args_list]
    assert asked == [(31, 0, 2), (31, 2, 2), (31, 4, 2)]
