"""What has to be true before an account becomes a service's own, and in which order it is asked."""

from typing import Any, Dict, Type

import pytest

from tests.unit.conftest import make_account, make_billing, make_item
from tests.unit.specs import double_of
from utils.accounts.adoption import Adoption, Found, Wish, clean_login
from utils.accounts.ownership import Ownership, Record
from utils.api import NextcloudAPIClient
from utils.base import errors
from utils.base.secret import Secret
from utils.base.values import Client

SAVED, GIVEN = Secret("made-up-pw-77"), Secret("made-up-pw-78")
IVAN = make_account(login="Ivan", email="Client7@example.com")


class World:
    """A service that is open and has nothing on record, and an account that nobody has."""

    def __init__(self) -> None:
        self.item = make_item(status=2, saved_password=SAVED)
        self.owner: Any = double_of(Ownership)
        self.owner.record.return_value = None
        self.owner.rivals.return_value = []
        self.owner.is_protected.return_value = False
        self.owner.accepts_saved.return_value = True
        self.cloud: Any = double_of(NextcloudAPIClient)
        self.cloud.accepts.return_value = True
        self.cloud.get_user.return_value = IVAN
        self.billing = make_billing()
        self.billing.tariffs.client.return_value = Client(email="client7@example.com")

    def find(self, **wish: Any) -> Found:
        """What is found for a wish."""
        adoption = Adoption(self.item, self.owner, self.cloud, self.billing)
        return adoption.find(Wish(**{"login": "ivan", **wish}))

    @property
    def tried(self) -> int:
        """How many passwords the cloud was asked for."""
        asked = self.cloud.accepts.call_count + self.owner.accepts_saved.call_count
        return int(asked)


@pytest.fixture
def world() -> World:
    """Nothing is in the way of an adoption."""
    return World()


@pytest.mark.parametrize(
    ("wish", "proof", "password"),
    [
        ({}, "saved", SAVED),
        ({"password": GIVEN}, "given", GIVEN),
        ({"password": GIVEN, "is_trusted": True}, "given", GIVEN),
        ({"is_trusted": True}, "trust", SAVED),
        ({"email": " CLIENT7@example.com"}, "saved", SAVED),
    ],
)
def test_what_is_proved_is_taken_over_with_its_password(
    world: World, wish: Dict[str, Any], proof: str, password: Secret
) -> None:
    assert world.find(**wish) == Found(IVAN, proof)
    world.owner.take_over.assert_called_once_with(IVAN, password)
    assert world.tried == (proof != "trust")


def test_on_trust_nobody_may_know_the_password(world: World) -> None:
    world.item = world.item._replace(saved_password=None)
    assert world.find(is_trusted=True).proof == "trust"
    world.owner.take_over.assert_called_once_with(IVAN, Secret(""))


@pytest.mark.parametrize("proved", [True, False])
def test_what_was_adopted_before_is_found_again(world: World, proved: bool) -> None:
    world.owner.record.return_value = Record("IVAN", SAVED, proved)
    world.owner.find.return_value = IVAN
    assert world.find() == Found(IVAN, "record")
    world.owner.take_over.assert_not_called()


def test_an_account_that_was_adopted_and_is_gone_is_told(world: World) -> None:
    world.owner.record.return_value = Record("ivan", SAVED, proved=True)
    world.owner.find.return_value = None
    with pytest.raises(errors.AccountMissing):
        world.find()


def test_an_account_that_was_announced_and_is_anothers_has_to_be_proved(world: World) -> None:
    world.owner.record.return_value = Record("ivan", SAVED, proved=False)
    world.owner.find.side_effect = errors.LoginTaken("ivan")
    assert world.find(password=GIVEN).proof == "given"


def test_a_service_whose_account_is_gone_may_have_another(world: World) -> None:
    world.owner.record.return_value = Record("user_1001", SAVED, proved=True)
    world.cloud.get_user.side_effect = {"user_1001": None, "ivan": IVAN}.get
    assert world.find().account is IVAN


@pytest.mark.parametrize("seen", [make_account(), errors.RightsMissing("x")])
def test_a_service_that_has_an_account_gets_no_second(world: World, seen: object) -> None:
    world.owner.record.return_value = Record("user_1001", SAVED, proved=True)
    world.cloud.get_user.side_effect = [seen]
    with pytest.raises(errors.ServiceHasAccount, match="1001: user_1001"):
        world.find()


def refuse(world: World, **wish: Any) -> None:
    """Raises AssertionError unless the wish is refused before a password is tried."""
    with pytest.raises(errors.PmError):
        world.find(**wish)
    assert world.tried == 0
    world.owner.take_over.assert_not_called()


@pytest.mark.parametrize("status", [1, 4, 5, 6])
def test_only_an_open_service_adopts(world: World, status: int) -> None:
    world.item = world.item._replace(status=status)
    with pytest.raises(errors.ServiceNotOpen):
        world.find()
    refuse(world, is_trusted=True)


def test_a_service_of_another_type_adopts_nothing(world: World) -> None:
    world.item = world.item._replace(itemtype="dedic")
    with pytest.raises(errors.TypeNotServed, match="1001: dedic"):
        world.find()
    refuse(world)


@pytest.mark.parametrize("kind", [errors.MarkForeign, errors.AccountElsewhere])
def test_what_stands_on_a_service_may_forbid_it(world: World, kind: Type[errors.PmError]) -> None:
    world.owner.record.side_effect = kind("x")
    with pytest.raises(kind):
        world.find()
    refuse(world)


def test_a_service_that_names_another_server_adopts_nothing_here(world: World) -> None:
    world.owner.refuse_elsewhere.side_effect = errors.AccountElsewhere("x")
    refuse(world)


@pytest.mark.parametrize(
    ("shown", "kind"),
    [(None, errors.LoginUnknown), (errors.RightsMissing("x"), errors.AccountHidden)],
)
def test_an_account_that_is_not_seen_is_not_adopted(
    world: World, shown: object, kind: Type[errors.PmError]
) -> None:
    world.cloud.get_user.side_effect = [shown]
    with pytest.raises(kind):
        world.find()


def test_a_protected_account_is_not_adopted(world: World) -> None:
    world.owner.is_protected.return_value = True
    with pytest.raises(errors.AccountProtected):
        world.find(is_trusted=True)
    refuse(world)


def test_an_account_that_others_name_is_not_adopted(world: World) -> None:
    world.owner.rivals.return_value = [7, 8]
    with pytest.raises(errors.AccountNamed, match="Ivan: 7, 8"):
        world.find(is_trusted=True)
    refuse(world)


@pytest.mark.parametrize(
    ("email", "wish"),
    [
        ("client7@example.com", {"email": "client70@example.com"}),
        ("client70@example.com", {"is_trusted": True}),
        ("", {"is_trusted": True}),
    ],
)
def test_an_e_mail_that_differs_proves_nothing_and_is_not_told(
    world: World, email: str, wish: Dict[str, Any]
) -> None:
    world.billing.tariffs.client.return_value = Client(email=email)
    with pytest.raises(errors.EmailDiffers) as caught:
        world.find(**wish)
    assert "@" not in caught.value.value
    refuse(world, **wish)


def test_without_a_password_nothing_is_proved(world: World) -> None:
    world.item = world.item._replace(saved_password=None)
    with pytest.raises(errors.ProofMissing):
        world.find()


@pytest.mark.parametrize("wish", [{}, {"password": GIVEN}, {"password": GIVEN, "is_trusted": True}])
def test_a_password_that_is_refused_proves_nothing(world: World, wish: Dict[str, Any]) -> None:
    world.cloud.accepts.return_value = world.owner.accepts_saved.return_value = False
    with pytest.raises(errors.ProofRefused):
        world.find(**wish)
    world.owner.take_over.assert_not_called()
    assert world.tried == 1


@pytest.mark.parametrize("text", ["", "  ", "a\tb", "a\nb", "x" * 256, "a\u202eb"])
def test_what_is_no_login_is_told(text: str) -> None:
    with pytest.raises(errors.BadArguments):
        clean_login(text)


@pytest.mark.parametrize("text", [" ivan ", "+7900", "Иван Петров", "x" * 255])
def test_a_login_is_taken_without_blanks_around_it(text: str) -> None:
    assert clean_login(text) == text.strip()
