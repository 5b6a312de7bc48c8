"""What keeps an account from deletion, what refuses all of it, and what is left on record."""

import json
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any, Callable, Dict
from unittest.mock import Mock

import pytest

from tests.unit.conftest import make_item, make_order, make_server
from tests.unit.ending.world import GIB, World
from utils.accounts.endings import DELETED, DELETING, RETURNED, STAFF, WAITING, Hold
from utils.base import errors
from utils.base.secret import Secret
from utils.base.values import Mark
from utils.consts import (
    ON_CLOSE,
    STATUS_ACTIVE,
    STATUS_CLOSED,
    STATUS_PROCESSING,
    STATUS_SUSPENDED,
    WAIT,
)

LOGIN = "user_1001"


def assert_deleted_on_day_30(world: World) -> None:
    """The account is there 29 days from today, and gone a day later."""
    world.pass_days(29)
    world.run("purge")
    assert LOGIN in world.cloud.accounts
    world.pass_days(1)
    world.run("purge")
    assert LOGIN not in world.cloud.accounts


def folder(world: World) -> Path:
    """The record on disk."""
    return world.folder / "var/pmnextcloud/endings"


@pytest.fixture
def due(world: World) -> World:
    """A closed service whose account has waited for its time."""
    world.sell()
    world.close()
    world.pass_days(30)
    return world


# -- the day ----------------------------------------------------------------------------------


def test_the_closing_locks_the_account_and_ends_the_service(world: World) -> None:
    world.sell()
    world.close()
    account = world.cloud.accounts[LOGIN]
    assert not account.enabled
    assert world.services.items[1001].status == STATUS_CLOSED
    (ending,) = world.endings()
    assert (ending.state, ending.login, ending.account_id) == (WAITING, LOGIN, 201)
    assert ending.until - world.today == timedelta(days=30)
    assert ending.used_bytes == 2 * GIB


@pytest.mark.parametrize("leaves", [False, True])
@pytest.mark.parametrize(("noted", "group"), [("", "clients"), ("trials", "trials")])
def test_the_group_of_the_tariff_or_the_trial_is_left_where_that_is_wished_for(
    world: World, leaves: bool, noted: str, group: str
) -> None:
    world.settings["wait_leaves_group"] = leaves
    world.sell(trial_group=noted)
    world.cloud.set(LOGIN, groups=(group, "given by hand"))
    world.close()
    kept = () if leaves else (group,)
    assert world.cloud.accounts[LOGIN].groups == (*kept, "given by hand")
    world.services.set(1001, status=STATUS_ACTIVE, trial_group="")
    world.run("restore", item=1001, login=LOGIN)
    assert "clients" in world.cloud.accounts[LOGIN].groups


def test_who_is_resumed_after_he_has_paid_leaves_the_group_of_trials(world: World) -> None:
    world.sell(trial_group="trials", status=STATUS_SUSPENDED)
    world.cloud.set(LOGIN, groups=("trials",), enabled=False)
    world.order = make_order(email="", group="clients", leave_group="trials")
    world.run("resume", item=1001)
    assert world.cloud.accounts[LOGIN].groups == ("clients",)
    assert world.services.items[1001].trial_group == ""
    assert world.services.items[1001].status == STATUS_ACTIVE


@pytest.mark.parametrize("days", [0, 1, 29])
def test_nothing_is_deleted_before_its_day(world: World, days: int) -> None:
    world.sell()
    world.close()
    world.pass_days(days)
    assert "Nothing is to be deleted" in world.run("purge")
    assert LOGIN in world.cloud.accounts


def test_what_is_due_is_deleted_and_seen_to_be_gone(due: World) -> None:
    said = due.run("purge")
    assert f"{LOGIN}  1001  2 GiB  deleted, and seen to be gone" in said
    assert not due.cloud.accounts
    (ending,) = due.endings()
    assert (ending.state, ending.ended_on, ending.command) == (DELETED, due.today, "purge")
    assert ending.seen == ("account_gone", "groups_gone", "name_unlisted")


def test_a_clock_before_the_day_of_the_record_deletes_nothing(due: World) -> None:
    due.pass_days(-400)
    due.run("purge")
    assert LOGIN in due.cloud.accounts


def test_other_settings_do_not_change_the_day_of_who_waits(world: World) -> None:
    world.sell()
    world.close()
    world.settings.update(keep_days=1, on_close="delete")
    assert_deleted_on_day_30(world)


@pytest.mark.parametrize("command", ["", "suspend"])
def test_a_service_that_lived_again_unseen_waits_its_whole_time_anew(
    due: World, command: str
) -> None:
    due.services.set(1001, status=STATUS_ACTIVE)
    due.cloud.set(LOGIN, enabled=True, last_login=5000)
    if command:
        due.run(command, item=1001)
    due.close()
    due.run("purge")
    assert_deleted_on_day_30(due)


def test_a_closing_that_is_repeated_later_does_not_change_the_day(world: World) -> None:
    world.sell()
    world.close()
    before = world.endings()
    world.pass_days(9)
    world.close()
    assert world.endings() == before


@pytest.mark.parametrize("on_close", ["delete", "disable"])
def test_what_staff_holds_is_kept_by_a_closing_too(due: World, on_close: str) -> None:
    due.run("hold", login=LOGIN, why="the police asks")
    due.services.set(1001, status=STATUS_ACTIVE)
    due.cloud.set(LOGIN, enabled=True)
    due.settings["on_close"] = on_close
    due.close()
    due.run("purge")
    assert LOGIN in due.cloud.accounts
    (ending,) = due.endings()
    assert ending.hold is not None


def test_a_service_that_is_closed_for_good_after_it_lived_again_never_waits(due: World) -> None:
    due.services.set(1001, status=STATUS_ACTIVE)
    due.settings["on_close"] = "disable"
    due.close()
    due.pass_days(4000)
    due.run("purge")
    assert LOGIN in due.cloud.accounts


def test_who_was_locked_for_good_never_waits(world: World) -> None:
    world.settings["on_close"] = "disable"
    world.sell()
    world.close()
    world.settings["on_close"] = WAIT
    world.pass_days(4000)
    world.run("purge")
    assert LOGIN in world.cloud.accounts
    assert not world.endings()


# -- what keeps an account ----------------------------------------------------------------------


def named_by_another(world: World) -> None:
    """A living service names the account."""
    world.services.items[1002] = make_item(id=1002, status=STATUS_ACTIVE, saved_login=LOGIN)


def copied(world: World) -> None:
    """A copy of the old service lives, with its mark."""
    mark = Mark(1001, "other", "0", Secret("x"), is_made=True)
    world.services.items[1002] = make_item(id=1002, status=STATUS_ACTIVE, mark=mark)


KEPT: Dict[str, Any] = {
    "enabled": lambda world: world.cloud.set(LOGIN, enabled=True),
    "logged_in": lambda world: world.cloud.set(LOGIN, last_login=2000),
    "named": named_by_another,
    "named-copy": copied,
    "protected": lambda world: world.cloud.set(LOGIN, groups=("admin",)),
}


@pytest.mark.parametrize("name", KEPT)
def test_who_is_seen_to_be_used_is_kept_and_staff_is_told_once(due: World, name: str) -> None:
    KEPT[name](due)
    by = name.partition("-")[0]
    for _ in range(3):
        due.run("purge")
        due.pass_days(1)
    assert LOGIN in due.cloud.accounts
    (ending,) = due.endings()
    assert ending.hold is not None
    assert ending.hold.by == by
    (task,) = due.tasks
    assert LOGIN in task
    assert by in task


@pytest.mark.parametrize(("days", "is_kept"), [(-1, False), (0, False), (2, True)])
def test_a_login_after_the_end_is_seen_where_the_last_one_before_it_is_not_known(
    due: World, days: int, is_kept: bool
) -> None:
    (ending,) = due.endings()
    due.context("purge").endings.save(ending._replace(last_login=None))
    noon = datetime.combine(ending.closed_on + timedelta(days=days), time(12))
    due.cloud.set(LOGIN, last_login=int(noon.timestamp()))
    due.run("purge")
    assert (LOGIN in due.cloud.accounts) is is_kept


def test_who_was_kept_waits_his_whole_time_again_once_released(due: World) -> None:
    due.cloud.set(LOGIN, enabled=True)
    due.run("purge")
    due.cloud.set(LOGIN, enabled=False)
    due.run("release", login=LOGIN)
    assert_deleted_on_day_30(due)


@pytest.mark.parametrize("status", [STATUS_ACTIVE, STATUS_SUSPENDED])
def test_a_service_that_lives_again_has_its_account_back(due: World, status: int) -> None:
    due.services.set(1001, status=status)
    due.run("purge")
    assert LOGIN in due.cloud.accounts
    (ending,) = due.endings()
    assert (ending.state, ending.to_item) == (RETURNED, 1001)


def test_what_an_operation_has_in_hand_is_left_for_later(due: World) -> None:
    due.services.set(1001, status=STATUS_PROCESSING)
    assert "left for later" in due.run("purge")
    assert LOGIN in due.cloud.accounts


def test_a_service_that_billing_has_forgotten_ends_by_its_record(due: World) -> None:
    due.services.forgotten.append(1001)
    due.run("purge")
    assert LOGIN not in due.cloud.accounts


def test_at_another_server_nothing_is_deleted(due: World) -> None:
    other = make_server(base_url="https://other.example.com")
    due.billing.modules.server = lambda module_id: other
    said = due.run("purge")
    assert "(account_elsewhere)" in said
    assert LOGIN in due.cloud.accounts
    assert due.exit_code == 1


def test_an_account_that_cannot_be_read_is_not_deleted(
    due: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(login: str, with_groups: bool = True) -> None:
        raise errors.AccountUnreadable(login)

    monkeypatch.setattr(due.cloud, "get_user", fail)
    assert "(account_unreadable)" in due.run("purge")
    assert LOGIN in due.cloud.accounts


def test_who_is_held_by_staff_is_kept_until_the_end_of_that_day(due: World) -> None:
    until = (due.today + timedelta(days=2)).isoformat()
    due.run("hold", login=LOGIN, why="the police asks", until=until)
    for _ in range(3):
        due.run("purge")
        assert LOGIN in due.cloud.accounts
        due.pass_days(1)
    due.run("purge")
    assert LOGIN not in due.cloud.accounts


# -- what refuses all of it -----------------------------------------------------------------------


@pytest.fixture
def many(world: World) -> World:
    """Three accounts that are due, of which two may go."""
    for item_id in (1001, 1002, 1003):
        world.sell(item_id)
        world.close(item_id)
    world.pass_days(30)
    world.settings["purge_limit"] = 2
    return world


def test_more_than_the_limit_are_refused_and_nothing_is_deleted(many: World) -> None:
    said = many.run("purge")
    assert "3 > 2" in said
    assert "(purge_refused)" in said
    assert len(many.cloud.accounts) == 3
    assert many.effects.names == ["task"], "staff is told, and nothing else is done"
    many.run("purge")
    assert len(many.tasks) == 1


def test_a_dry_run_of_too_much_tells_nobody(many: World) -> None:
    assert "(purge_refused)" in many.run("purge", dry_run=True)
    assert not many.effects.names


def test_people_may_raise_the_limit_of_a_run(many: World) -> None:
    many.run("purge", limit=3)
    assert not many.cloud.accounts


def test_a_dry_run_deletes_nothing_and_says_what_would_go(due: World) -> None:
    before = due.endings()
    said = due.run("purge", dry_run=True)
    assert "would be deleted" in said
    assert LOGIN in due.cloud.accounts
    assert due.endings() == before


DAMAGE: Dict[str, Callable[[Dict[str, Any]], Any]] = {
    "another login": lambda said: said.update(login="user_1002"),
    "an earlier day": lambda said: said.update(until="2026-01-01"),
    "no hold": lambda said: said.update(hold=None, keep_days=1),
    "another seal": lambda said: said.update(seal="0" * 64),
    "no seal": lambda said: said.pop("seal"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_by_a_record_that_was_changed_nothing_is_deleted(due: World, name: str) -> None:
    due.sell(1002)
    path = folder(due) / "1001-1.json"
    said = json.loads(path.read_text())
    DAMAGE[name](said)
    path.write_text(json.dumps(said))
    told = due.run("purge")
    assert set(due.cloud.accounts) == {LOGIN, "user_1002"}
    assert "1001-1" in told
    assert due.exit_code == 1
    assert "1001-1" in due.run("waiting")


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"seal": 7}', "\x00", "{" * 9999])
def test_any_other_text_is_damaged(due: World, text: str) -> None:
    (folder(due) / "1001-1.json").write_text(text)
    due.run("purge")
    assert LOGIN in due.cloud.accounts


def test_a_record_under_another_name_is_damaged(due: World) -> None:
    (folder(due) / "1001-1.json").rename(folder(due) / "1002-1.json")
    due.run("purge")
    assert LOGIN in due.cloud.accounts


def test_without_a_record_that_can_be_written_nobody_waits(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.sell()
    monkeypatch.setattr("utils.host.ledger.Ledger.write", refuse_writing)
    with pytest.raises(errors.StateUnwritable):
        world.close()
    assert world.cloud.accounts[LOGIN].enabled
    assert world.services.items[1001].status == STATUS_PROCESSING


def refuse_writing(self: object, name: str, text: str) -> None:
    """A disk that is full."""
    raise errors.StateUnwritable(name)


# -- deletions that take long ---------------------------------------------------------------------


def test_a_deletion_without_an_answer_is_followed_up_by_the_next_run(due: World) -> None:
    due.cloud.stubborn[LOGIN] = 2
    for _ in range(2):
        due.run("purge")
        (ending,) = due.endings()
        assert ending.state == DELETING
    due.run("purge")
    (ending,) = due.endings()
    assert ending.state == DELETED


ASKED = ("get_user", "delete_user", "has_groups", "lists")
FAILURES = {
    "lost": lambda: errors.CloudLost("GET"),
    "refused": lambda: errors.CloudRefused("GET", 997),
    "rights": lambda: errors.RightsMissing("GET"),
    "busy": lambda: errors.Busy("the cloud"),
}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("method", ASKED)
def test_whatever_the_cloud_fails_at_nothing_is_called_deleted_that_was_not_seen(
    due: World, monkeypatch: pytest.MonkeyPatch, method: str, failure: str
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(due.cloud, method, Mock(side_effect=FAILURES[failure]()))
        due.run("purge")
        (ending,) = due.endings()
        assert ending.state in (WAITING, DELETING)
        assert (LOGIN in due.cloud.accounts) is (method in ("get_user", "delete_user"))
    due.run("purge")
    assert due.exit_code == 0
    assert LOGIN not in due.cloud.accounts
    (ending,) = due.endings()
    assert (ending.state, ending.command) == (DELETED, "purge")


def test_what_somebody_else_has_deleted_is_seen_too(due: World) -> None:
    del due.cloud.accounts[LOGIN]
    due.run("purge")
    (ending,) = due.endings()
    assert ending.state == DELETED


def test_a_deletion_at_the_end_of_a_service_is_on_record(world: World) -> None:
    world.settings["on_close"] = "delete"
    world.sell()
    world.close()
    (ending,) = world.endings()
    assert (ending.state, ending.command, ending.used_bytes) == (DELETED, "close", 2 * GIB)


def test_a_certificate_says_in_both_languages_how_it_was_seen(due: World) -> None:
    due.run("purge")
    said = due.run("certificate", login=LOGIN)
    for line in (
        f"Account: {LOGIN}",
        f"Учётная запись: {LOGIN}",
        "Client: 201 Client 7",
        "Space used: 2 GiB",
        "Занимала места: 2 ГиБ",
        f"Seen to be deleted on: {due.today.isoformat()}",
        "  the cloud answers that there is no such account",
        "  it is in no group",
        "  поиск по всем пользователям её не находит",
    ):
        assert line in said.splitlines(), line


def test_there_is_no_certificate_before_the_deletion_was_seen(due: World) -> None:
    assert "(ending_unknown)" in due.run("certificate", login=LOGIN)


def test_records_are_kept_for_their_years_and_then_forgotten(due: World) -> None:
    due.run("purge")
    due.pass_days(5 * 365)
    due.run("purge")
    assert len(due.endings()) == 1
    due.pass_days(10)
    due.run("purge")
    assert not due.endings()


# -- what waits -----------------------------------------------------------------------------------


def test_what_waits_is_listed_with_client_size_day_and_reason(due: World) -> None:
    due.run("hold", login=LOGIN, why="the police asks")
    said = due.run("waiting").splitlines()
    (ending,) = due.endings()
    assert f"{LOGIN}  1001  201 Client 7  2 GiB  {ending.until}" in said
    assert f"  the service was closed on {ending.closed_on}" in said
    assert "  held: the police asks" in said


@pytest.mark.parametrize(("command", "shown"), [("waiting", "1001  201  "), ("certificate", "201")])
def test_where_billing_is_away_the_record_stands_for_itself(
    due: World, caplog: pytest.LogCaptureFixture, command: str, shown: str
) -> None:
    if command == "certificate":
        due.run("purge")
    due.billing.clients.names = Mock(side_effect=errors.DatabaseUnavailable("gone"))
    said = due.run(command, login=LOGIN)
    assert shown in said
    assert "Client 7" not in said
    assert "not known: database_unavailable: gone" in caplog.text


@pytest.mark.parametrize("command", ["hold", "release"])
def test_only_what_waits_is_held_and_released(world: World, command: str) -> None:
    world.sell()
    assert "(ending_unknown)" in world.run(command, login=LOGIN, why="x")


@pytest.mark.parametrize(
    "words", [{"why": ""}, {"why": "x", "until": "soon"}, {"why": "x", "until": "2026-01-01"}]
)
def test_a_hold_wants_a_reason_and_a_day_to_come(due: World, words: Dict[str, str]) -> None:
    with pytest.raises(errors.BadArguments):
        due.run("hold", login=LOGIN, **words)


def test_a_hold_of_the_program_itself_does_not_hide_that_of_staff(due: World) -> None:
    hold = Hold("staff", "the police asks", due.today)
    due.run("hold", login=LOGIN, why="the police asks")
    due.cloud.set(LOGIN, enabled=True)
    due.run("purge")
    (ending,) = due.endings()
    assert ending.hold == hold


# -- given to a service again ---------------------------------------------------------------------


def test_an_account_that_waits_comes_back_with_all_that_it_had(due: World) -> None:
    before = due.cloud.accounts[LOGIN]
    due.services.set(1001, status=STATUS_ACTIVE)
    assert f"has the account {LOGIN} now" in due.run("restore", item=1001, login=LOGIN)
    assert due.cloud.accounts[LOGIN] == before._replace(enabled=True)
    assert due.services.items[1001].saved_password == Secret("made-up-77")


def test_a_new_order_takes_it_up_and_its_own_account_waits(due: World) -> None:
    due.sell(1002)
    due.run("restore", item=1002, login=LOGIN)
    item = due.services.items[1002]
    assert item.mark is not None
    assert (item.mark.login, item.mark.item_id, item.saved_login) == (LOGIN, 1002, LOGIN)
    assert due.cloud.accounts[LOGIN].enabled
    assert not due.cloud.accounts["user_1002"].enabled
    waiting, returned = due.endings()
    assert (waiting.login, waiting.state, waiting.why) == ("user_1002", WAITING, "replaced")
    assert (returned.login, returned.state, returned.to_item) == (LOGIN, RETURNED, 1002)
    due.pass_days(30)
    due.run("purge")
    assert set(due.cloud.accounts) == {LOGIN}


def of_another_client(world: World) -> None:
    """The new order is somebody else's."""
    world.services.set(1002, account_id=202)


REFUSED: Dict[str, Any] = {
    "other_client": of_another_client,
    "service_unfit": lambda world: world.services.set(1002, status=1),
    "account_awake": lambda world: world.cloud.set(LOGIN, enabled=True),
    "account_protected": lambda world: world.cloud.set(LOGIN, groups=("admin",)),
    "login_unknown": lambda world: world.cloud.accounts.pop(LOGIN),
    "ending_held": lambda world: world.run("hold", login=LOGIN, why="the police asks"),
    "account_named": lambda world: world.services.items.update(
        {1003: make_item(id=1003, status=STATUS_ACTIVE, saved_login=LOGIN)}
    ),
    "service_closed": lambda world: world.services.set(1002, status=STATUS_CLOSED),
}


@pytest.mark.parametrize("code", REFUSED)
def test_what_keeps_an_account_from_a_service_changes_nothing(due: World, code: str) -> None:
    due.sell(1002)
    REFUSED[code](due)
    before = (dict(due.services.items), dict(due.cloud.accounts), due.endings())
    assert f"({code})" in due.run("restore", item=1002, login=LOGIN)
    assert due.exit_code == 1
    assert (dict(due.services.items), dict(due.cloud.accounts), due.endings()) == before


def test_an_order_under_way_only_gets_the_mark(due: World) -> None:
    due.services.items[1002] = make_item(id=1002)
    assert "start its operation again" in due.run("restore", item=1002, login=LOGIN)
    item = due.services.items[1002]
    assert item.mark is not None
    assert item.mark.login == LOGIN
    assert not due.cloud.accounts[LOGIN].enabled, "`open` lets him in once all is as ordered"


# -- one account, several services ----------------------------------------------------------------


@pytest.fixture
def given(world: World) -> World:
    """A service that is over, whose account another service of its client has by now."""
    world.sell()
    world.close()
    world.sell(1002)
    world.run("restore", item=1002, login=LOGIN)
    return world


@pytest.mark.parametrize("on_close", ON_CLOSE)
@pytest.mark.parametrize("is_over", [False, True])
def test_what_was_given_to_another_service_is_no_more_of_the_first(
    given: World, on_close: str, is_over: bool
) -> None:
    if is_over:
        given.close(1002)
    account, endings = given.cloud.accounts[LOGIN], given.endings()
    given.settings.update(on_close=on_close)
    given.services.set(1001, status=STATUS_ACTIVE)
    given.close(1001)
    assert given.services.items[1001].status == STATUS_CLOSED
    assert given.cloud.accounts[LOGIN] == account
    assert given.endings() == endings


@pytest.mark.parametrize("command", ["suspend", "resume"])
def test_a_service_without_its_former_account_changes_it_no_more(
    given: World, command: str
) -> None:
    account = given.cloud.accounts[LOGIN]
    given.services.set(1001, status=STATUS_PROCESSING)
    with pytest.raises(errors.AccountMissing):
        given.run(command, item=1001)
    assert given.cloud.accounts[LOGIN] == account


def test_a_first_service_that_gets_another_account_leaves_its_former_one_alone(
    given: World,
) -> None:
    given.services.set(1001, status=STATUS_ACTIVE)
    given.run("restore", item=1001, login="user_1002")
    assert given.exit_code == 0
    assert given.cloud.accounts[LOGIN].enabled
    assert given.cloud.accounts["user_1002"].enabled
    assert [one.state for one in given.endings()] == [RETURNED, RETURNED]


def test_what_was_given_back_is_the_first_services_again(given: World) -> None:
    given.close(1002)
    given.services.set(1001, status=STATUS_ACTIVE)
    given.run("restore", item=1001, login=LOGIN)
    assert given.exit_code == 0
    given.pass_days(1)
    given.close(1001)
    assert not given.cloud.accounts[LOGIN].enabled
    assert {one.item_id for one in given.endings() if one.is_open} == {1001, 1002}


@pytest.mark.parametrize("is_held", [False, True])
def test_an_account_is_deleted_once_it_is_due_by_all_of_its_records(
    due: World, is_held: bool
) -> None:
    (ending,) = due.endings()
    hold = Hold(STAFF, "the police asks", due.today) if is_held else None
    until = due.today if is_held else due.today + timedelta(days=1)
    later = ending._replace(item_id=1002, until=until, hold=hold)
    due.context("purge").endings.save(later)
    due.run("purge")
    assert LOGIN in due.cloud.accounts
    due.context("purge").endings.save(later._replace(hold=None))
    due.pass_days(1)
    due.run("purge")
    assert LOGIN not in due.cloud.accounts
    assert {one.state for one in due.endings()} == {DELETED}
