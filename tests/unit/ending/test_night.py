"""What each night does beside the statistics, and what open does for a client who comes back."""

from datetime import timedelta
from typing import Any, List

import pytest

from tests.unit.conftest import make_item
from tests.unit.ending.world import World
from utils.base import errors
from utils.base.values import Account, EndTerms, Order
from utils.billing.clients import Contact
from utils.consts import (
    LOCK,
    READ_ONLY,
    STATUS_ACTIVE,
    STATUS_CLOSED,
    STATUS_SUSPENDED,
    WAIT,
    WARN,
)
from utils.ending import giving, night
from utils.host import budget
from utils.run import trial

LOGIN = "user_1001"


def pass_night(world: World) -> None:
    """The end of `stat`."""
    world.effects.start()
    with budget.endless():
        night.run(world.context("stat", module=31))


@pytest.fixture
def warned(world: World) -> World:
    """A service whose tariff warns for seven days, suspended today."""
    world.terms[501] = EndTerms(WAIT, 30, WARN, 7)
    world.sell()
    world.run("suspend", item=1001)
    return world


# -- deletions ----------------------------------------------------------------------------------


def test_the_night_deletes_what_is_due(world: World) -> None:
    world.sell()
    world.close()
    for _ in range(30):
        pass_night(world)
        assert LOGIN in world.cloud.accounts
        world.pass_days(1)
    pass_night(world)
    assert LOGIN not in world.cloud.accounts
    (ending,) = world.endings()
    assert ending.command == "stat"


def test_without_time_left_it_waits_for_the_next_night(world: World) -> None:
    world.sell()
    world.close()
    world.pass_days(30)
    budget.within(night.RESERVE_S / 2, lambda: night.run(world.context("stat", module=31)))
    assert LOGIN in world.cloud.accounts
    pass_night(world)
    assert LOGIN not in world.cloud.accounts


def test_staff_has_one_task_of_a_refusal_however_many_nights_it_lasts(world: World) -> None:
    world.settings["purge_limit"] = 1
    for item_id in (1001, 1002):
        world.sell(item_id)
        world.close(item_id)
    world.pass_days(30)
    for _ in range(3):
        pass_night(world)
        world.pass_days(1)
    assert len(world.cloud.accounts) == 2
    (task,) = world.tasks
    assert "purge_limit" in task


def test_staff_has_a_task_of_a_damaged_record(world: World) -> None:
    world.sell()
    world.close()
    (world.folder / "var/pmnextcloud/endings/1001-1.json").write_text("{}")
    pass_night(world)
    (task,) = world.tasks
    assert "1001-1" in task


def test_whatever_fails_at_night_costs_the_day_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.sell()
    world.close()
    world.pass_days(30)

    def fail(module_id: int) -> None:
        raise errors.DatabaseUnavailable("gone")

    monkeypatch.setattr(world.billing.modules, "server", fail)
    pass_night(world)
    assert LOGIN in world.cloud.accounts


# -- letters ------------------------------------------------------------------------------------


@pytest.fixture
def letters(world: World) -> List[Any]:
    """What clients are told, where the settings want that."""
    sent: List[Any] = []
    memos: Any = {}
    world.settings.update(tell_endings=True, tell_before_days=5)
    world.billing.clients.contact = lambda account_id: Contact(401, "en")
    world.billing.memos = type(
        "M",
        (),
        {
            "of": staticmethod(
                lambda ids, kind: {one: memos[one, kind] for one in ids if (one, kind) in memos}
            ),
            "note": staticmethod(
                lambda item_id, kind, memo: memos.__setitem__((item_id, kind), memo)
            ),
        },
    )
    world.billing.notices = type(
        "N",
        (),
        {
            "send": staticmethod(lambda user, subject, text: sent.append((subject, text))),
            "was_sent": staticmethod(lambda user, subjects: False),
        },
    )
    return sent


def test_the_client_is_told_once_before_and_once_after_the_deletion(
    world: World, letters: List[Any]
) -> None:
    world.sell()
    world.close()
    days = []
    for day in range(33):
        before = len(letters)
        pass_night(world)
        days += [day] * (len(letters) - before)
        world.pass_days(1)
    assert days == [25, 30]
    assert "are deleted on 2026-04-01" in letters[0][0]
    assert "the files are deleted" in letters[1][0]


def test_he_is_told_nothing_unless_the_settings_want_that(world: World, letters: List[Any]) -> None:
    world.settings["tell_endings"] = False
    world.sell()
    world.close()
    for _ in range(33):
        pass_night(world)
        world.pass_days(1)
    assert not letters


@pytest.mark.parametrize("level", [LOCK, READ_ONLY, WARN])
def test_he_is_told_how_his_service_is_suspended(
    world: World, letters: List[Any], level: str
) -> None:
    world.terms[501] = EndTerms(WAIT, 30, level, 7)
    world.sell()
    for _ in range(2):
        world.run("suspend", item=1001)
    ((subject, text),) = letters
    assert "1001" in subject
    assert LOGIN in text
    assert ("nobody can log in" in text) is (level == LOCK)


# -- who is only warned ---------------------------------------------------------------------------


def test_who_is_warned_has_all_his_space_until_his_days_are_over(warned: World) -> None:
    before = warned.cloud.accounts[LOGIN]
    assert before.enabled
    for _ in range(7):
        pass_night(warned)
        assert warned.cloud.accounts[LOGIN] == before
        warned.pass_days(1)
    pass_night(warned)
    account = warned.cloud.accounts[LOGIN]
    assert account.enabled
    assert is_full(account)


def is_full(account: Account) -> bool:
    """Whether next to nothing fits into it."""
    quota_bytes, used_bytes = account.quota_bytes, account.used_bytes
    assert quota_bytes is not None
    assert used_bytes is not None
    return used_bytes < quota_bytes < used_bytes * 1.1


def test_a_suspension_that_is_repeated_warns_nobody_anew(warned: World) -> None:
    for _ in range(8):
        pass_night(warned)
        warned.pass_days(1)
    warned.run("suspend", item=1001)
    assert is_full(warned.cloud.accounts[LOGIN])


def test_who_has_paid_is_warned_no_more(warned: World) -> None:
    warned.run("resume", item=1001)
    before = warned.cloud.accounts[LOGIN]
    warned.pass_days(30)
    pass_night(warned)
    assert warned.cloud.accounts[LOGIN] == before


def test_the_days_of_a_new_suspension_begin_at_none(warned: World) -> None:
    warned.pass_days(6)
    warned.run("resume", item=1001)
    warned.run("suspend", item=1001)
    before = warned.cloud.accounts[LOGIN]
    warned.pass_days(6)
    pass_night(warned)
    assert warned.cloud.accounts[LOGIN] == before


# -- trials -------------------------------------------------------------------------------------


def test_an_account_leaves_the_group_of_trials_once_it_is_paid_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.sell(trial=True)
    world.cloud.set(LOGIN, groups=("trials",))
    tariffs = world.billing.tariffs
    monkeypatch.setattr(tariffs, "trial_group", lambda item: "trials" if item.trial else "")
    monkeypatch.setattr(tariffs, "order", lambda item, with_client: order_of(item))
    trial.note(world.context("open", item=1001), world.context("open", item=1001).service())
    assert world.services.items[1001].trial_group == "trials"
    pass_night(world)
    assert world.cloud.accounts[LOGIN].groups == ("trials",)
    world.services.set(1001, trial=False)
    pass_night(world)
    assert world.cloud.accounts[LOGIN].groups == ("clients",)
    assert not world.services.items[1001].trial_group


def order_of(item: Any) -> Order:
    """What tariffs order of a service in a trial, and of one that is paid for."""
    if item.trial:
        return Order(5 * 1024**3, "trials")
    return Order(5 * 1024**3, "clients", leave_group=item.trial_group)


# -- a client who comes back ----------------------------------------------------------------------


def test_only_what_waits_of_the_same_client_and_nobody_holds_is_offered(world: World) -> None:
    for item_id in (1001, 1002, 1003, 1004):
        world.sell(item_id, account_id=201 if item_id != 1002 else 202)
        world.close(item_id)
    world.run("hold", login="user_1003", why="the police asks")
    world.services.items[1005] = make_item(id=1005)
    ctx = world.context("open", item=1005)
    offered = giving.waiting_of(ctx, ctx.service())
    assert [one.login for one in offered] == [LOGIN, "user_1004"]


def test_a_suspended_service_that_ends_waits_as_any_other(warned: World) -> None:
    assert warned.services.items[1001].status == STATUS_SUSPENDED
    warned.close()
    assert warned.services.items[1001].status == STATUS_CLOSED
    warned.pass_days(30)
    pass_night(warned)
    assert LOGIN not in warned.cloud.accounts


def test_what_comes_back_has_the_space_that_is_ordered_whatever_it_had(world: World) -> None:
    world.terms[501] = EndTerms(WAIT, 30, READ_ONLY, 7)
    world.sell()
    world.run("suspend", item=1001)
    world.close()
    world.services.set(1001, status=STATUS_ACTIVE)
    world.run("restore", item=1001, login=LOGIN)
    account = world.cloud.accounts[LOGIN]
    assert (account.enabled, account.quota_bytes) == (True, world.order.quota_bytes)
    assert world.today + timedelta(days=30) == world.endings()[0].until
