"""The census: every service of a module once, with its account or why it has none."""

import time
from typing import Any, Callable, Dict, List, Optional, Tuple, Type

import pytest

from tests.unit.census.world import GIB, World, own
from tests.unit.conftest import make_account
from utils.api import Page
from utils.base import errors, secret
from utils.base.secret import Secret
from utils.base.values import Account
from utils.census import census, pace, reader, register
from utils.census.census import FEW_SERVICES, Census, Pair
from utils.census.pace import TimeIsUp
from utils.cloud.products import OWNCLOUD
from utils.host import budget, settings

LASTING = [kind for kind in errors.list_kinds(errors.CloudError) if kind.lasts]
"""After one of these nothing more is sent."""


def read(one: Census) -> Dict[int, Pair]:
    """All pairs of a census by service; no service comes twice."""
    pairs = [pair for batch in one.batches() for pair in batch]
    found = {pair.item.id: pair for pair in pairs}
    assert len(found) == len(pairs)
    return found


def take(one: Census, found: List[int], again: bool = False) -> None:
    """Adds the services of all pairs that come to `found`; asks for each `again`."""
    for batch in one.batches():
        for pair in batch:
            found.append(pair.item.id)
            if again:
                one.ask_again(pair.item.id)


def until_it_ends(one: Census, end: Type[BaseException]) -> List[int]:
    """The services whose pairs come before the census ends so."""
    found: List[int] = []
    with pytest.raises(end):
        take(one, found)
    return found


def unread(one: Census) -> List[int]:
    """The services that the census says to be unread."""
    return [item_id for item_ids in one.unread() for item_id in item_ids]


def test_making_a_census_reads_nothing(world: World) -> None:
    world.sell(own(1))
    world.census()
    assert not world.billing.mock_calls
    assert not world.cloud.mock_calls


def test_each_service_comes_with_its_account_or_why_it_has_none(either: World) -> None:
    either.sell(own(1), used_bytes=GIB)
    either.sell(own(2), used_bytes=-1)
    either.sell(own(3, mark=own(4).mark), used_bytes=-1)
    either.accounts.append(make_account(login="stranger"))
    one = either.census()
    found = read(one)
    assert found[1] == Pair(either.services[0], either.accounts[0])
    assert found[2] == Pair(either.services[1], None, "missing", "the cloud has no account user_2")
    assert found[3][:3] == (either.services[2], None, "foreign")
    assert (unread(one), one.count_unread()) == ([], 0)


def test_a_module_without_services_asks_nothing_of_the_cloud(world: World) -> None:
    world.accounts.append(make_account())
    assert read(world.census()) == {}
    assert not world.cloud.mock_calls


def test_a_strangers_account_of_a_service_without_one_is_not_taken_for_its_own(
    either: World,
) -> None:
    either.sell(own(1, mark=None, saved_password=None))
    found = read(either.census())
    assert (found[1].account, found[1].why) == (None, "unopened")


def test_a_login_in_other_letters_is_the_same(either: World) -> None:
    either.sell(own(1, login="User_Renamed"))
    either.accounts[0] = either.accounts[0]._replace(login="USER_renamed")
    assert read(either.census())[1].account == either.accounts[0]


def test_a_service_that_is_closed_meanwhile_is_settled(world: World) -> None:
    world.sell(own(1))
    world.billing.services.items.side_effect = lambda module_id, item_ids: []
    one = world.census()
    assert read(one) == {}
    assert (unread(one), one.count_unread()) == ([], 0)


# -- which way ----------------------------------------------------------------------------------


def test_a_few_are_read_one_by_one_and_more_by_pages(world: World) -> None:
    for number in range(1, FEW_SERVICES + 1):
        world.sell(own(number))
    read(world.census())
    world.cloud.users_page.assert_not_called()
    world.sell(own(FEW_SERVICES + 1))
    world.cloud.get_user.reset_mock()
    assert len(read(world.census())) == FEW_SERVICES + 1
    world.cloud.get_user.assert_not_called()


def test_a_cloud_that_lists_no_details_is_read_one_by_one(world: World) -> None:
    world.cloud.product = OWNCLOUD
    for number in range(1, 2 * FEW_SERVICES):
        world.sell(own(number))
    assert len(read(world.census())) == 2 * FEW_SERVICES - 1
    world.cloud.users_page.assert_not_called()


def test_who_was_not_on_any_page_is_asked_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rename between two pages can hide an account: it is not called missing for that."""
    monkeypatch.setattr(census, "FEW_SERVICES", 0)
    for number in (1, 2, 3):
        world.sell(own(number))
    hidden = world.accounts[2]

    def page(offset: int, size: int) -> Page:
        whole = world.page(offset, size)
        return Page([one for one in whole.accounts if one is not hidden], whole.logins)

    world.cloud.users_page.side_effect = page
    assert read(world.census())[3].account == hidden
    world.cloud.get_user.assert_called_once_with("user_3", False)


def test_an_account_on_two_pages_comes_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rename between two pages can repeat an account."""
    monkeypatch.setattr(census, "FEW_SERVICES", 0)
    world.sell(own(1))
    world.accounts += [*world.accounts, *world.accounts]
    assert set(read(world.census())) == {1}


@pytest.fixture
def paged(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world that is read by pages to their end, with four strangers on the first of them."""
    monkeypatch.setattr(census, "FEW_SERVICES", 0)
    monkeypatch.setattr(reader.Reader, "_paging_pays", lambda *given: True)
    world.accounts = [make_account(login=f"stranger{number}") for number in range(4)]
    return world


def ignoring_offsets(world: World) -> Callable[[int, int], Page]:
    """A cloud that shows its first accounts whatever is asked for."""
    return lambda offset, size: world.page(0, size)


def going_round(world: World) -> Callable[[int, int], Page]:
    """A cloud that begins anew behind its last account."""
    return lambda offset, size: world.page(offset % len(world.accounts), size)


def one_for_all(world: World) -> Callable[[int, int], Page]:
    """A cloud that shows the same account in every row."""
    return lambda offset, size: Page(world.accounts[:1], [world.accounts[0].login] * size)


@pytest.mark.parametrize("trick", [ignoring_offsets, going_round, one_for_all])
def test_a_page_that_brings_nobody_new_is_the_last_and_the_others_are_read_singly(
    paged: World, caplog: pytest.LogCaptureFixture, trick: Callable[[World], Any]
) -> None:
    for number in (1, 2, 3, 4):
        paged.sell(own(number))
    paged.cloud.users_page.side_effect = trick(paged)
    assert [pair.why for pair in read(paged.census()).values()] == [""] * 4
    assert paged.cloud.users_page.call_count <= len(paged.accounts) / paged.page_size + 1
    assert "brings nobody new" in caplog.text


def endless(offset: int, size: int) -> Page:
    """A cloud of which every page has others, for ever."""
    accounts = [make_account(login=f"one{offset + number}") for number in range(size)]
    return Page(accounts, [account.login for account in accounts])


def test_pages_without_end_are_left_and_the_others_are_read_singly(
    paged: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "MOST_ACCOUNTS", 9)
    for number in (1, 2, 3, 4):
        paged.sell(own(number))
    paged.cloud.users_page.side_effect = endless
    assert [pair.why for pair in read(paged.census()).values()] == [""] * 4
    assert paged.cloud.users_page.call_count <= 9 / paged.page_size + 2
    assert "over 9 accounts" in caplog.text


def test_a_page_on_which_nobody_tells_enough_is_not_the_last(paged: World) -> None:
    """A user directory can leave the id alone of each of them."""
    paged.sell(own(1))

    def page(offset: int, size: int) -> Page:
        whole = paged.page(offset, size)
        return whole._replace(accounts=whole.accounts if offset else [])

    paged.cloud.users_page.side_effect = page
    assert read(paged.census())[1].account is not None
    paged.cloud.get_user.assert_not_called()


def test_a_first_page_that_breaks_is_left_out_and_the_question_what_costs_less_is_still_asked(
    patient: World,
) -> None:
    """Else one account on which the cloud breaks would let all others be paged, however many."""
    for number in range(1, FEW_SERVICES + 2):
        patient.sell(own(number))
    patient.accounts += [make_account(login=f"stranger{number}") for number in range(500)]
    patient.page_size, patient.budget_s = 200, 2
    asked = []

    def page(offset: int, size: int) -> Page:
        asked.append((offset, size))
        if offset == 0:
            raise errors.CloudUnreachable("it breaks on somebody")
        if size > 1:
            time.sleep(0.1)  # a page is dear, a single account is not
        return patient.page(offset, size)

    patient.cloud.users_page.side_effect = page
    assert len(read(patient.census())) == FEW_SERVICES + 1
    assert asked == [(0, 10), (10, 10), (10, 1)]
    assert patient.cloud.get_user.call_count == FEW_SERVICES + 1


# -- batches ------------------------------------------------------------------------------------


def test_services_come_by_batches_and_a_batch_is_settled_when_the_next_is_asked_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who writes a batch and is killed in it has written nothing that counts as done."""
    monkeypatch.setattr(register, "BATCH", 2)
    for number in (1, 2, 3):
        world.sell(own(number))
    one = world.census()
    batches = one.batches()
    assert {pair.item.id for pair in next(batches)} == {1, 2}
    assert unread(one) == [1, 2, 3]
    assert {pair.item.id for pair in next(batches)} == {3}
    assert unread(one) == [3]
    assert list(batches) == []
    assert unread(one) == []


@pytest.mark.parametrize(
    ("end", "told"), [(errors.LoginRefused("GET"), errors.LoginRefused), (TimeIsUp(), TimeIsUp)]
)
def test_what_was_read_comes_before_the_error_that_ends_the_reading(
    world: World, end: Exception, told: Type[Exception]
) -> None:
    for number in (1, 2):
        world.sell(own(number))

    def get(login: str, with_groups: bool) -> Optional[Account]:
        if login == "user_2":
            raise end
        return world.get(login, with_groups)

    world.cloud.get_user.side_effect = get
    one = world.census()
    assert until_it_ends(one, told) == [1]
    assert (unread(one), one.count_unread()) == ([2], 1)


def test_who_stops_in_the_middle_leaves_the_rest_unread(world: World) -> None:
    world.sell(own(1))
    one = world.census()
    batches = one.batches()
    next(batches)
    batches.close()
    assert unread(one) == [1]


def test_secrets_of_a_batch_are_forgotten_after_it(either: World) -> None:
    either.sell(own(1))
    either.billing.services.items.side_effect = lambda module_id, item_ids: (
        [own(1, saved_password=Secret("met-in-a-batch"))] if item_ids else []
    )
    for batch in either.census().batches():
        assert "met-in-a-batch" in secret._known
        assert batch
    assert "met-in-a-batch" not in secret._known


# -- patience -----------------------------------------------------------------------------------


def test_an_account_that_is_asked_for_again_comes_again(patient: World) -> None:
    patient.sell(own(1), used_bytes=None)
    patient.sell(own(2))
    one = patient.census()
    found: List[Tuple[int, Optional[int]]] = []
    for batch in one.batches():
        for item, account, *_ in batch:
            assert account is not None
            found.append((item.id, account.used_bytes))
            if account.used_bytes is None:
                one.ask_again(item.id)
                patient.accounts[0] = account._replace(used_bytes=3)
    assert sorted(found[:2], key=str) == [(1, None), (2, 0)]
    assert found[2:] == [(1, 3)]
    assert unread(one) == []


def test_an_account_that_is_asked_for_again_for_ever_ends_with_the_time(either: World) -> None:
    either.sell(own(1))
    one, found = either.census(), []
    with pytest.raises(TimeIsUp):
        take(one, found, again=True)
    assert set(found) == {1}
    assert unread(one) == [1]
    assert one.failure is None, "the cloud has answered"


def test_a_failure_in_passing_is_waited_out(patient: World) -> None:
    patient.sell(own(1))
    failures = [errors.CloudThrottled("429"), errors.CloudMaintenance("503")]

    def get(login: str, with_groups: bool) -> Optional[Account]:
        if failures:
            raise failures.pop()
        return patient.get(login, with_groups)

    patient.cloud.get_user.side_effect = get
    assert set(read(patient.census())) == {1}


def test_an_account_that_may_not_be_seen_does_not_hide_the_others(patient: World) -> None:
    for number in (1, 2, 3):
        patient.sell(own(number))

    def get(login: str, with_groups: bool) -> Optional[Account]:
        if login == "user_2":
            raise errors.RightsMissing("998")
        return patient.get(login, with_groups)

    patient.cloud.get_user.side_effect = get
    one = patient.census()
    assert sorted(until_it_ends(one, TimeIsUp)) == [1, 3]
    assert unread(one) == [2]


@pytest.mark.parametrize(
    "error",
    [
        errors.CloudUnreachable("x"),
        errors.CloudMaintenance("x"),
        errors.CloudThrottled("x"),
        errors.CloudRefused("GET /x", 102, "y"),
    ],
    ids=lambda error: error.code,
)
def test_a_cloud_that_stays_away_is_the_failure(either: World, error: errors.CloudError) -> None:
    either.sell(own(1))
    either.cloud.get_user.side_effect = error
    either.cloud.users_page.side_effect = error
    one = either.census()
    assert until_it_ends(one, TimeIsUp) == []
    assert one.failure is error
    assert unread(one) == [1]


@pytest.mark.parametrize("kind", LASTING, ids=lambda kind: kind.code)
def test_after_a_refusal_nothing_more_is_sent(either: World, kind: Type[errors.CloudError]) -> None:
    for number in range(1, 4):
        either.sell(own(number))
    either.cloud.get_user.side_effect = kind("x")
    either.cloud.users_page.side_effect = kind("x")
    assert until_it_ends(either.census(), kind) == []
    assert len(either.cloud.mock_calls) == 1


def test_the_threads_go_whatever_ends_the_reading(
    either: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: List[Any] = []
    monkeypatch.setattr(census.Reader, "close", lambda reader: closed.append(reader))
    either.sell(own(1))
    read(either.census())
    batches = either.census().batches()
    next(batches)
    batches.close()
    either.cloud.get_user.side_effect = errors.LoginRefused("x")
    either.cloud.users_page.side_effect = errors.LoginRefused("x")
    until_it_ends(either.census(), errors.LoginRefused)
    assert len(closed) == 3


# -- time ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("budget_s", [*range(10, 301), 3600, 86400])
def test_reading_ends_clearly_before_the_alarm_of_the_command(budget_s: int) -> None:
    alarm_s = budget_s - budget.telling_s(budget_s)
    left_s = alarm_s - census.reading_s(budget_s)
    assert left_s >= min(budget_s / 4, 10)
    assert census.reading_s(budget_s) >= budget_s / 2


def test_the_settings_allow_no_budget_that_was_not_tried() -> None:
    reader = settings.READERS["stat_budget_s"]
    assert isinstance(reader, settings.Number)
    assert (reader.low, reader.high) == (10, 86400)


# -- for whoever wants all accounts ---------------------------------------------------------------


class All:
    """Wants the accounts of nobody as well."""

    def __init__(self) -> None:
        self.met: List[str] = []

    def meet(self, accounts: List[Account]) -> None:
        """Notes who comes."""
        self.met += [account.login for account in accounts]

    def unknown(self, logins: List[str]) -> List[str]:
        """Strangers have no number."""
        return [login for login in logins if not login.startswith("user_")]


def with_all(world: World) -> Tuple[Census, All]:
    """A census that hands out every account of the server, and who takes them."""
    everybody = All()
    one = Census(
        world.register(), world.cloud, world.log, world.page_size, 5.0, world.budget_s, everybody
    )
    return one, everybody


def strangers(world: World, count: int) -> List[str]:
    """Makes accounts of nobody."""
    logins = [f"stranger_{number}" for number in range(count)]
    world.accounts += [make_account(login=login) for login in logins]
    return logins


@pytest.mark.parametrize("services", [0, 1, FEW_SERVICES + 2])
def test_all_pages_are_read_however_few_services_there_are(world: World, services: int) -> None:
    logins = strangers(world, 9)
    for number in range(1, services + 1):
        world.sell(own(number))
    one, everybody = with_all(world)
    assert set(read(one)) == set(range(1, services + 1))
    assert sorted(everybody.met) == logins
    assert not world.cloud.get_user.mock_calls


def test_a_cloud_without_pages_lists_logins_and_is_asked_for_those_of_nobody(
    world: World,
) -> None:
    world.cloud.product = OWNCLOUD
    logins = strangers(world, 5)
    for number in range(1, 4):
        world.sell(own(number))
    everything = [account.login for account in world.accounts]
    world.cloud.logins_page.side_effect = lambda offset, size: everything[offset : offset + size]
    one, everybody = with_all(world)
    assert set(read(one)) == {1, 2, 3}
    assert sorted(everybody.met) == logins
    asked = [call.args for call in world.cloud.get_user.mock_calls]
    assert sorted(login for login, _ in asked) == sorted(everything)
    assert all(with_groups for _, with_groups in asked)


def test_a_list_that_brings_nothing_new_is_the_last(world: World) -> None:
    world.cloud.product = OWNCLOUD
    strangers(world, 2)
    world.cloud.logins_page.side_effect = lambda offset, size: ["stranger_0", "stranger_1"]
    one, everybody = with_all(world)
    assert read(one) == {}
    assert everybody.met == ["stranger_0", "stranger_1"]
    assert len(world.cloud.logins_page.mock_calls) == 2


@pytest.mark.parametrize("is_paged", [True, False])
def test_a_list_without_end_is_told_to_whoever_wants_all_after_what_was_read(
    world: World, monkeypatch: pytest.MonkeyPatch, is_paged: bool
) -> None:
    monkeypatch.setattr(reader, "MOST_ACCOUNTS", 9)
    world.cloud.users_page.side_effect = endless
    if not is_paged:
        world.cloud.product = OWNCLOUD
        world.cloud.logins_page.side_effect = lambda offset, size: endless(offset, size).logins
        world.cloud.get_user.side_effect = lambda login, with_groups: make_account(login=login)
    one, everybody = with_all(world)
    with pytest.raises(errors.CloudUnreachable, match="over 9 accounts"):
        read(one)
    assert 9 < len(everybody.met) <= 9 + world.page_size
    assert len(set(everybody.met)) == len(everybody.met)


@pytest.mark.parametrize("error", [errors.AccountUnreadable("996"), errors.RightsMissing("998")])
def test_an_account_that_cannot_be_shown_is_handed_out_as_such(
    world: World, monkeypatch: pytest.MonkeyPatch, error: errors.CloudError
) -> None:
    monkeypatch.setattr(pace, "FIRST_PAUSE_S", 0.01)
    world.cloud.product = OWNCLOUD
    world.cloud.logins_page.side_effect = lambda offset, size: []
    for number in (1, 2):
        world.sell(own(number))

    def get(login: str, with_groups: bool) -> Optional[Account]:
        if login == "user_2":
            raise error
        return world.get(login, with_groups)

    world.cloud.get_user.side_effect = get
    one, _ = with_all(world)
    found = read(one)
    assert (found[1].why, found[2].why, found[2].account) == ("", census.HIDDEN, None)
    assert error.code in found[2].words
