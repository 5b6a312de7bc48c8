"""Another password for a customer's account: his own, or one that the module makes."""

from typing import Any, Dict, List

import pytest

from tests.doubles.billmanager import ACTIVE, SUSPENDED
from tests.e2e.sites import DoubleSite
from tests.e2e.world import World

pytestmark = pytest.mark.preloaded

CHOSEN = "Chosen-by-the-customer-7"


def chosen(world: World, password: str = CHOSEN) -> Dict[str, Any]:
    """The option by which BILLmanager hands a password over."""
    return {"extra": ["--password", world.stand.encrypt(password)]}


def passwords(world: World, item: int) -> List[str]:
    """The password that the customer sees, and that of his account."""
    assert isinstance(world.site, DoubleSite)
    seen = world.stand.params(item)["userpassword"]
    return [seen, world.site.cloud.users[world.login(item)].password]


def test_a_chosen_password_opens_the_account_and_stands_in_billing(any_world: World) -> None:
    world = any_world
    item = world.opened()
    for _ in range(2):
        world.run("changepassword", item, **chosen(world)).check()
        params = world.stand.params(item)
        assert params["userpassword"] == CHOSEN
        assert "userpassword" in world.stand.crypted_names(item)
        assert world.customer_gets_in(item)
        assert world.status(item) == ACTIVE
        assert not world.stand.operations(item)


def test_without_a_password_a_new_one_is_made(any_world: World) -> None:
    world = any_world
    item = world.opened()
    before = world.stand.params(item)["userpassword"]
    world.run("changepassword", item).check()
    assert world.stand.params(item)["userpassword"] != before
    assert world.customer_gets_in(item)


def test_a_password_of_a_suspended_service_opens_it_once_it_is_resumed(any_world: World) -> None:
    world = any_world
    item = world.opened()
    world.run("suspend", item).check()
    world.run("changepassword", item, **chosen(world)).check()
    assert world.status(item) == SUSPENDED
    assert not world.customer_gets_in(item)
    world.run("resume", item).check()
    assert world.stand.params(item)["userpassword"] == CHOSEN
    assert world.customer_gets_in(item)


def test_what_the_cloud_has_against_a_password_reaches_the_customer(world: World) -> None:
    item = world.opened()
    before = passwords(world, item)
    run = world.stand.run("changepassword", item=item, **chosen(world, "abcd"))
    assert run.error_type == "new_password_refused"
    assert run.error_value == "Password needs to be at least 10 characters long."
    assert passwords(world, item) == before
    assert not world.stand.tasks()


@pytest.mark.parametrize("password", ["in clear", "", "!", "QUJD"])
def test_what_billmanager_has_not_encrypted_is_no_password(world: World, password: str) -> None:
    item = world.opened()
    before = passwords(world, item)
    run = world.stand.run("changepassword", item=item, extra=["--password", password])
    if password:
        assert run.error_type == "bad_arguments"
        assert passwords(world, item) == before
    else:
        run.check()
        assert passwords(world, item) != before
    assert len(set(passwords(world, item))) == 1


@pytest.mark.parametrize("length", [40, 100, 150, 190, 230])
def test_a_long_password_is_either_right_everywhere_or_refused(world: World, length: int) -> None:
    item = world.opened()
    before = passwords(world, item)
    password = ("Aa1-" * 60)[:length]
    run = world.run("changepassword", item, **chosen(world, password))
    if run.error_type is None:
        assert passwords(world, item) == [password, password]
        world.run("suspend", item).check()
    else:
        assert run.error_type == "new_password_refused"
        assert passwords(world, item) == before


def test_a_password_is_not_set_for_an_account_that_is_not_the_services_own(world: World) -> None:
    assert isinstance(world.site, DoubleSite)
    item = world.order()
    world.stand.set_status(item, ACTIVE)
    stranger = world.site.cloud.add_user(world.login(item), "By-stander-1")
    run = world.run("changepassword", item, **chosen(world))
    assert run.error_type == "account_missing"
    assert stranger.password == "By-stander-1"


def test_the_other_spelling(world: World) -> None:
    item = world.opened()
    world.run("change_password", item, **chosen(world)).check()
    assert passwords(world, item) == [CHOSEN, CHOSEN]


def test_a_core_without_the_closing_call_keeps_the_new_password_all_the_same(world: World) -> None:
    item = world.opened()
    world.stand.hidden_functions.add("service.postchangepassword")
    world.stand.run("changepassword", item=item, **chosen(world)).check()
    assert passwords(world, item) == [CHOSEN, CHOSEN]


@pytest.mark.parametrize("has_operation", [True, False])
def test_what_staff_typed_is_written_over_only_once_there_is_a_task_of_it(
    world: World, has_operation: bool
) -> None:
    assert isinstance(world.site, DoubleSite)
    item = world.opened()
    stranger = world.site.cloud.add_user("somebody-else", "By-stander-1")
    world.stand.save_param(item, "username", "somebody-else", crypted=False)
    operation = world.stand.add_operation("changepassword", item) if has_operation else None
    world.stand.run(
        "changepassword", item=item, runningoperation=operation, **chosen(world)
    ).check()
    assert passwords(world, item) == [CHOSEN, CHOSEN]
    assert stranger.password == "By-stander-1"
    typed = world.stand.params(item)["username"]
    assert typed == (world.login(item) if has_operation else "somebody-else")
    assert len(world.stand.tasks()) == has_operation
