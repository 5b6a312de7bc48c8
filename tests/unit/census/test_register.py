"""The register: each service once, with the login of its own account or why it has none."""

from typing import Any, Dict

import pytest

from tests.unit.census.world import PASSWORD, World, own
from tests.unit.conftest import make_item
from utils.base import errors
from utils.base.values import Trust
from utils.billing.namings import Naming
from utils.census import register
from utils.census.register import Register


def test_making_a_register_reads_nothing(world: World) -> None:
    Register(world.billing, 31, world.billing)
    assert not world.billing.mock_calls


@pytest.mark.parametrize(
    ("services", "asked"),
    [
        (0, [(0, 2)]),
        (1, [(0, 2)]),
        (2, [(0, 2), (2, 2)]),
        (5, [(0, 2), (2, 2), (4, 2)]),
    ],
)
def test_services_are_listed_by_batches(
    world: World, monkeypatch: pytest.MonkeyPatch, services: int, asked: Any
) -> None:
    monkeypatch.setattr(register, "BATCH", 2)
    for number in range(1, services + 1):
        world.sell(own(number))
    listed = [item_id for item_ids in world.register().ids() for item_id in item_ids]
    assert listed == list(range(1, services + 1))
    assert [one[0] for one in world.billing.services.ids.call_args_list] == [
        (31, *place) for place in asked
    ]


def test_a_service_of_ours_has_its_login(world: World) -> None:
    world.sell(own(1, login="User_Renamed"))
    world.sell(make_item(id=2, status=2, saved_login="user_2", saved_password=PASSWORD))
    found = world.register().look_up([1, 2])
    assert [(one.item.id, one.login, one.why) for one in found] == [
        (1, "User_Renamed", ""),
        (2, "user_2", ""),
    ], "the second one is the predecessor's"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"mark": None, "saved_password": None}, "unopened"),
        ({"mark": None, "saved_login": "admin"}, "unopened"),
        ({"mark": own(1).mark._replace(is_made=False)}, "unopened"),
        ({"mark": own(1).mark._replace(trust=Trust.NONE)}, "foreign"),
        ({"mark": own(2).mark}, "foreign"),
        ({"mark": own(1).mark._replace(server="0" * 16)}, "elsewhere"),
        ({"mark": None, "saved_password": None, "is_broken": True}, "unreadable"),
    ],
)
def test_a_service_without_an_account_says_why(
    world: World, changes: Dict[str, Any], why: str
) -> None:
    world.sell(own(1, **changes))
    [found] = world.register().look_up([1])
    assert (found.item, found.login, found.why) == (world.services[0], "", why)
    assert found.words


def test_who_is_closed_by_now_has_no_entry_and_for_nobody_nobody_is_asked(world: World) -> None:
    world.sell(own(1))
    assert [one.item.id for one in world.register().look_up([1, 2])] == [1]
    world.billing.reset_mock()
    assert world.register().look_up([]) == []
    assert not world.billing.mock_calls


def test_a_fault_of_the_host_is_no_reason_of_a_service(world: World) -> None:
    """Else a missing key would make a whole day of services that are not counted."""

    def owner_of(item: Any) -> Any:
        raise errors.KeyUnavailable("billmgr.pem")

    world.sell(own(1))
    with pytest.raises(errors.KeyUnavailable):
        Register(world.billing, 31, owner_of).look_up([1])


def test_accounts_with_names_of_their_own_hint_at_the_services_that_name_them(
    world: World,
) -> None:
    world.billing.namings.has_odd.return_value = True
    world.billing.namings.of_any.side_effect = lambda logins: [
        Naming(7, 31, login) for login in logins if login == "ivan"
    ]
    found = world.register().numbers(["user_5", "User_6_2", "ivan", "nobody"])
    assert found == {5, 6, 7}
    world.billing.namings.of_any.assert_called_once_with(["ivan", "nobody"])


def test_where_no_service_has_such_a_name_nobody_is_looked_up(world: World) -> None:
    register = world.register()
    for _ in range(2):
        assert register.numbers(["user_5", "ivan"]) == {5}
    assert register.numbers(["user_5"]) == {5}
    world.billing.namings.has_odd.assert_called_once_with(31)
    world.billing.namings.of_any.assert_not_called()
