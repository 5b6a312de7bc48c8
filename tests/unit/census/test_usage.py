"""Usage: one row for each service whose account was read, and none that is a guess."""

from datetime import date
from hashlib import sha256
from typing import Any, Callable, Dict, List, Optional, Tuple

import pytest

from tests.unit.census.world import GIB, PASSWORD, World, own
from tests.unit.conftest import make_account, make_item
from tests.unit.specs import double_of
from utils.accounts.following import Following
from utils.accounts.fullness import Fullness
from utils.base import errors
from utils.base.values import Account, Disk, Item, Order
from utils.billing.statistics import StatRow
from utils.census import census, register, usage
from utils.census.uncounted import Uncounted
from utils.census.usage import Collector

DAY = date(2026, 11, 21)


def nothing_else(item_id: int) -> Account:
    """The closer look at a service that finds no more than what is on record."""
    raise errors.TypedLogin(f"user_{item_id}")


def digest(text: str) -> str:
    """A digest as BILLmanager's key makes one."""
    return sha256(text.encode()).hexdigest()


def collect(world: World, settle: Callable[..., Account] = nothing_else) -> None:
    """Reads everything and books it."""

    def disks(items: List[Item]) -> Dict[int, Disk]:
        return {item.id: world.disks[item.id] for item in items if item.id in world.disks}

    def wishes(items: List[Item]) -> Dict[int, Order]:
        return {item.id: world.wishes.get(item.id, Order()) for item in items}

    world.billing.tariffs.disks.side_effect = disks
    world.billing.tariffs.wishes.side_effect = wishes
    uncounted = double_of(Uncounted)
    full = double_of(Fullness)
    following = Following(world.state, digest, world.log)
    Collector(
        world.census(), world.billing, world.log, DAY, uncounted, full, settle, following
    ).collect()


def rows(world: World) -> Dict[int, Tuple[str, str]]:
    """Value and add-on of every row; none was written twice."""
    written = [row for one in world.billing.statistics.write.call_args_list for row in one[0][0]]
    assert len({row.item_id for row in written}) == len(written)
    assert all(isinstance(row, StatRow) and row.day == DAY.isoformat() for row in written)
    return {row.item_id: (row.value, row.addon) for row in written}


# -- what cannot be counted -------------------------------------------------------------------


def test_what_the_cloud_could_not_read_is_no_zero(
    either: World, caplog: pytest.LogCaptureFixture
) -> None:
    either.sell(own(1), used_bytes=None)
    either.sell(own(2), used_bytes=GIB)
    with pytest.raises(errors.UsageUnread, match=f"{DAY}: 1$"):
        collect(either)
    assert set(rows(either)) == {2}, "what was read is booked"
    assert "service 1: the cloud cannot read user_1" in caplog.text
    assert "unread: services 1" in caplog.text
    assert "1 booked, 0 accounts missing, 0 not ours, 0 without a disk add-on, 1 unread" in (
        caplog.text
    )


def test_an_account_that_is_gone_is_a_warning_without_a_row(
    either: World, caplog: pytest.LogCaptureFixture
) -> None:
    either.sell(own(1), used_bytes=-1)
    collect(either)
    assert not rows(either)
    assert "service 1: the cloud has no account user_1" in caplog.text
    assert "0 booked, 1 accounts missing, 0 not ours, 0 without a disk add-on" in caplog.text


@pytest.mark.parametrize("used_bytes", [GIB, None])
def test_a_tariff_without_a_disk_is_a_warning_without_a_row(
    either: World, caplog: pytest.LogCaptureFixture, used_bytes: Optional[int]
) -> None:
    either.sell(own(1), used_bytes=used_bytes, disk=None)
    collect(either)
    assert not rows(either)
    assert "service 1: its tariff has no usable disk add-on" in caplog.text
    assert "0 booked, 0 accounts missing, 0 not ours, 1 without a disk add-on" in caplog.text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mark": None, "saved_password": None}, "typed_login: user_1"),
        ({"mark": None, "saved_login": ""}, "no account was opened for it"),
        ({"mark": own(1).mark._replace(is_made=False)}, "no account was opened for it"),
        ({"mark": own(2).mark}, "mark_foreign: "),
        ({"mark": own(1).mark._replace(server="0" * 16)}, "account_elsewhere: "),
        ({"mark": None, "is_broken": True}, "what is saved on it does not decrypt"),
    ],
)
def test_a_strangers_account_is_nobodys_usage(
    either: World, caplog: pytest.LogCaptureFixture, changes: Dict[str, Any], words: str
) -> None:
    either.sell(own(1, **changes), used_bytes=GIB)
    either.accounts.append(make_account(login="user_1", used_bytes=GIB))
    collect(either)
    assert not rows(either)
    assert f"service 1: not counted: {words}" in caplog.text
    assert "0 booked, 0 accounts missing, 1 not ours" in caplog.text


@pytest.mark.parametrize(
    "error",
    [
        errors.CloudUnreachable("x"),
        errors.CloudMaintenance("x"),
        errors.CloudThrottled("x"),
        errors.CloudRefused("x", 102),
    ],
    ids=lambda error: error.code,
)
def test_a_cloud_that_stays_away_ends_the_run_when_its_time_is_over(
    either: World, error: errors.CloudError
) -> None:
    words = error.value
    either.sell(own(1))
    either.cloud.get_user.side_effect = error
    either.cloud.users_page.side_effect = error
    with pytest.raises(type(error)) as told:
        collect(either)
    assert str(told.value) == f"{error.code}: {words} ({DAY}: 1)"
    assert not rows(either)


def test_a_refusal_is_told_as_it_is(either: World, caplog: pytest.LogCaptureFixture) -> None:
    either.sell(own(1))
    either.cloud.get_user.side_effect = errors.LoginRefused("x")
    either.cloud.users_page.side_effect = errors.LoginRefused("x")
    with pytest.raises(errors.LoginRefused, match="^cloud_login_refused: x$|^x$"):
        collect(either)
    assert "0 booked, 0 accounts missing, 0 not ours, 0 without a disk add-on, 1 unread" in (
        caplog.text
    )


def test_a_service_whose_usage_was_not_read_is_asked_for_again(patient: World) -> None:
    patient.sell(own(1), used_bytes=None)
    patient.sell(own(2), used_bytes=GIB)
    answers = [patient.accounts[0], patient.accounts[0]._replace(used_bytes=3 * GIB)]
    patient.cloud.get_user.side_effect = lambda login, with_groups: (
        answers.pop(0) if login == "user_1" else patient.get(login, with_groups)
    )
    collect(patient)
    assert rows(patient) == {1: ("3", "disk"), 2: ("1", "disk")}


def test_rows_that_cannot_be_written_are_unread(
    either: World, caplog: pytest.LogCaptureFixture
) -> None:
    either.sell(own(1), used_bytes=GIB)
    either.billing.statistics.write.side_effect = errors.DatabaseUnavailable("gone away")
    with pytest.raises(errors.DatabaseUnavailable):
        collect(either)
    assert "0 booked, 0 accounts missing, 0 not ours, 0 without a disk add-on, 1 unread" in (
        caplog.text
    )


# -- what is counted --------------------------------------------------------------------------


def test_each_service_is_booked_once_in_its_measure(either: World) -> None:
    either.sell(own(1), used_bytes=3 * GIB // 2)
    either.sell(own(2), used_bytes=0)
    either.sell(own(3), used_bytes=5 * 1024**2, disk=Disk("disc", 11, 1024**2))
    collect(either)
    assert rows(either) == {1: ("1.5", "disk"), 2: ("0", "disk"), 3: ("5", "disc")}


def test_the_predecessors_services_are_counted_too(either: World) -> None:
    item = make_item(id=1, status=2, saved_login="user_1", saved_password=PASSWORD)
    either.sell(item, used_bytes=GIB)
    collect(either)
    assert set(rows(either)) == {1}


def test_rows_are_written_batch_by_batch(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What a killed run has read stays: each batch is written before the next one is read."""
    monkeypatch.setattr(register, "BATCH", 2)
    for number in range(1, 5):
        world.sell(own(number))
    read: List[str] = []

    def get(login: str, with_groups: bool) -> Optional[Account]:
        read.append(login)
        return world.get(login, with_groups)

    world.cloud.get_user.side_effect = get
    written: List[Tuple[int, int]] = []
    world.billing.statistics.write.side_effect = lambda rows: written.append((len(rows), len(read)))
    collect(world)
    assert written == [(2, 2), (2, 4)]
    assert "4 booked" in caplog.text


def test_an_account_on_two_pages_is_counted_once(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A rename between two pages can repeat an account; its row is the same, so is the sum."""
    monkeypatch.setattr(census, "FEW_SERVICES", 0)
    world.sell(own(1), used_bytes=GIB)
    world.accounts += [*world.accounts, *world.accounts]
    collect(world)
    assert f"usage of {DAY}: 1 booked," in caplog.text


# -- a closer look ----------------------------------------------------------------------------


def typed(number: int) -> Item:
    """A service on which somebody has typed a login by hand."""
    return make_item(id=number, status=2, saved_login="moved_in", saved_password=PASSWORD)


def test_what_the_closer_look_finds_is_booked(either: World) -> None:
    either.sell(own(1))
    either.sell(typed(2), used_bytes=-1)
    collect(either, lambda item_id: make_account(login="moved_in", used_bytes=GIB))
    assert set(rows(either)) == {1, 2}


@pytest.mark.parametrize("error", [errors.TypedLogin("moved_in"), errors.StateUnwritable("x")])
def test_where_it_finds_nothing_the_service_counts_by_its_record(
    either: World, error: errors.PmError, caplog: pytest.LogCaptureFixture
) -> None:
    def settle(item_id: int) -> Account:
        raise error

    either.sell(own(1))
    either.sell(typed(2), used_bytes=-1)
    collect(either, settle)
    assert set(rows(either)) == {1}
    assert f"service 2: not counted: {error}" in caplog.text


@pytest.mark.parametrize(
    "error", [errors.Busy("service 2"), errors.CoreUnavailable("x"), errors.CloudUnreachable("x")]
)
def test_a_closer_look_that_fails_in_passing_is_repeated(
    patient: World, error: errors.PmError
) -> None:
    failures = [error, error]

    def settle(item_id: int) -> Account:
        if failures:
            raise failures.pop()
        return make_account(login="moved_in", used_bytes=GIB)

    patient.sell(own(1))
    patient.sell(typed(2), used_bytes=-1)
    collect(patient, settle)
    assert set(rows(patient)) == {1, 2}


@pytest.mark.parametrize("error", [errors.LoginRefused("x"), errors.DatabaseUnavailable("x")])
def test_what_stops_the_closer_look_for_all_ends_the_run(
    either: World, error: errors.PmError
) -> None:
    def settle(item_id: int) -> Account:
        raise error

    either.sell(typed(2), used_bytes=-1)
    with pytest.raises(type(error)):
        collect(either, settle)


def test_services_with_nothing_to_look_at_are_not_looked_at(either: World) -> None:
    looked: List[int] = []
    for number in range(1, 4):
        either.sell(own(number))
    collect(either, lambda item_id: looked.append(item_id) or make_account())
    assert not looked


def test_what_can_be_counted_all_the_same_is_looked_at_within_bounds(
    either: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "MOST_RENEWED", 2)
    looked: List[int] = []

    def settle(item_id: int) -> Account:
        looked.append(item_id)
        return make_account(login=f"user_{item_id}", used_bytes=GIB)

    for number in range(1, 6):
        either.sell(own(number, saved_url=""))
    collect(either, settle)
    assert len(looked) == 2
    assert len(rows(either)) == 5


# -- what clients have changed of themselves --------------------------------------------------


def learned(world: World, count: int) -> None:
    """Services that were counted once, and whose clients have another e-mail since."""
    for number in range(1, count + 1):
        world.sell(own(number))
        world.wishes[number] = Order(email="client7@example.com")
    collect(world)
    world.billing.statistics.write.reset_mock()
    for number in world.wishes:
        world.wishes[number] = Order(email="new@example.com")


def test_what_clients_have_changed_is_set_within_bounds(
    either: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "MOST_FOLLOWED", 2)
    followed: List[Tuple[int, bool]] = []
    learned(either, 4)

    def settle(item_id: int, follows: bool = False) -> Account:
        followed.append((item_id, follows))
        return make_account()

    collect(either, settle)
    assert followed == [(1, True), (2, True)]
    assert len(rows(either)) == 4


@pytest.mark.parametrize(
    ("error", "tries"),
    [(errors.Busy("service 1"), 3), (errors.TypedLogin("x"), 3), (errors.CloudWriteLimit("x"), 1)],
)
def test_a_client_who_cannot_be_followed_costs_no_usage(
    either: World, error: errors.PmError, tries: int
) -> None:
    tried: List[int] = []
    learned(either, 3)

    def settle(item_id: int, follows: bool = False) -> Account:
        tried.append(item_id)
        raise error

    collect(either, settle)
    assert len(tried) == tries
    assert len(rows(either)) == 3


def test_a_failure_for_all_ends_the_run_there_too(either: World) -> None:
    learned(either, 1)

    def settle(item_id: int, follows: bool = False) -> Account:
        raise errors.LoginRefused("x")

    with pytest.raises(errors.LoginRefused):
        collect(either, settle)


def test_who_has_changed_nothing_is_not_followed(either: World) -> None:
    either.sell(own(1))
    either.wishes[1] = Order(email="client7@example.com", language="de")
    for _ in range(2):
        collect(either)
        either.billing.statistics.write.reset_mock()


def test_a_service_without_limit_and_add_on_is_not_counted_and_not_told(
    either: World, caplog: pytest.LogCaptureFixture
) -> None:
    either.sell(own(1), used_bytes=GIB, disk=None)
    either.billing.tariffs.is_uncounted.return_value = True
    collect(either)
    assert not rows(either)
    assert "no usable disk add-on" not in caplog.text
