"""Usage: one row for each service whose account was read, and none that is a guess."""

import logging
import time
from datetime import date
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple, Type
from unittest.mock import create_autospec

import pytest

from tests.unit.conftest import make_account, make_billing, make_item, make_server
from utils.api import NextcloudAPIClient, Page
from utils.base import address, errors
from utils.base.secret import Secret
from utils.base.values import Account, Disk, Item, Mark
from utils.billing.statistics import StatRow
from utils.census import pace, usage
from utils.census.usage import Collector
from utils.cloud.products import NEXTCLOUD, OWNCLOUD
from utils.host.root import Host
from utils.host.settings import Settings
from utils.run.call import Call
from utils.run.context import Context

GIB = 1024**3
DAY = date(2026, 11, 21)
HERE = "0123456789ab"
FINAL = [
    errors.LoginRefused,
    errors.AppPasswordNeeded,
    errors.AppPasswordRefused,
    errors.RightsMissing,
    errors.CloudCertificate,
    errors.CloudMoved,
    errors.CloudUntrustedHost,
    errors.NotACloud,
]
PASSWORD = Secret("made-up-pw-77")
DISK = Disk("disk", 12, GIB)


def own(number: int, login: str = "", **changes: Any) -> Item:
    """A service with an account that `open` made."""
    login = login or f"user_{number}"
    mark = Mark(HERE, number, login, address.digest(make_server().base_url), PASSWORD)
    saved = {"saved_login": login, "saved_password": PASSWORD, "password_is_crypted": True}
    return make_item(**{"id": number, "mark": mark, **saved, **changes})


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pause is short enough: what fails once has failed."""
    monkeypatch.setattr(pace, "FIRST_PAUSE_S", 100)


class World:
    """A module's services, their add-ons, and the accounts of its cloud."""

    def __init__(self, tmp_path: Path, log: logging.Logger) -> None:
        self.services: List[Item] = []
        self.accounts: List[Account] = []
        self.disks: Dict[int, Disk] = {}
        self.billing = make_billing()
        self.billing.installation.return_value = HERE
        self.billing.services.count.side_effect = lambda module: len(self.services)
        self.billing.services.ids.side_effect = self._item_ids
        self.billing.services.items.side_effect = self._items
        self.cloud: Any = create_autospec(NextcloudAPIClient, instance=True)
        self.cloud.product = NEXTCLOUD
        self.cloud.get_user.side_effect = self._get
        self.cloud.users_page.side_effect = self._page
        self.billing.tariffs.disks.side_effect = lambda items: {
            item.id: self.disks[item.id] for item in items if item.id in self.disks
        }
        self.context = Context(
            Call("stat", module=31),
            Host(str(tmp_path)),
            billing=self.billing,
            log=log,
            settings=Settings(page_size=2, stat_budget_s=10),
            cloud=lambda server: self.cloud,
        )

    def sell(self, item: Item, used_bytes: Optional[int] = 0, disk: Optional[Disk] = DISK) -> None:
        """A service with its account and add-on; used_bytes -1 is no account."""
        self.services.append(item)
        if disk is not None:
            self.disks[item.id] = disk
        if used_bytes != -1:
            login = item.saved_login or f"user_{item.id}"
            self.accounts.append(make_account(login=login, used_bytes=used_bytes))

    def _item_ids(self, module_id: int, after: int, count: int) -> List[int]:
        return [item.id for item in self.services if item.id > after][:count]

    def _items(self, module_id: int, item_ids: List[int]) -> List[Item]:
        return [item for item in self.services if item.id in item_ids]

    def _get(self, login: str, with_groups: bool) -> Optional[Account]:
        found = [one for one in self.accounts if one.login.casefold() == login.casefold()]
        return found[0] if found else None

    def _page(self, offset: int, page_size: int) -> Page:
        found = self.accounts[offset : offset + page_size]
        return Page(found, len(found))

    def collect(self) -> None:
        """Reads everything and books it."""
        Collector(self.context, make_server(), DAY).collect()

    def rows(self) -> Dict[int, Tuple[str, str]]:
        """Value and add-on of every row; none was written twice."""
        rows = [row for one in self.billing.statistics.write.call_args_list for row in one[0][0]]
        assert len({row.item_id for row in rows}) == len(rows)
        assert all(isinstance(row, StatRow) and row.day == DAY.isoformat() for row in rows)
        return {row.item_id: (row.value, row.addon) for row in rows}


@pytest.fixture
def world(tmp_path: Path, log: logging.Logger) -> World:
    """Nothing sold yet."""
    return World(tmp_path, log)


@pytest.fixture(params=["one by one", "by pages"])
def either(request: Any, world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world whose accounts are read one by one, or by pages."""
    if request.param == "by pages":
        monkeypatch.setattr(usage, "FEW_SERVICES", 0)
    return world


# -- what cannot be counted -------------------------------------------------------------------


def test_what_the_cloud_could_not_read_is_no_zero(
    either: World, caplog: pytest.LogCaptureFixture
) -> None:
    either.sell(own(1), used_bytes=None)
    either.sell(own(2), used_bytes=GIB)
    with pytest.raises(errors.UsageUnread, match=f"{DAY}: 1$"):
        either.collect()
    assert set(either.rows()) == {2}, "what was read is booked"
    assert "unread: services 1" in caplog.text
    assert "1 booked, 0 accounts missing, 0 not ours, 0 without a disk add-on, 1 unread" in (
        caplog.text
    )


def test_an_account_that_is_gone_is_a_warning_without_a_row(
    either: World, caplog: pytest.LogCaptureFixture
) -> None:
    either.sell(own(1), used_bytes=-1)
    either.collect()
    assert not either.rows()
    assert "service 1: the cloud has no account user_1" in caplog.text
    assert "0 booked, 1 accounts missing, 0 not ours, 0 without a disk add-on" in caplog.text


def test_a_tariff_without_a_disk_is_a_warning_without_a_row(
    either: World, caplog: pytest.LogCaptureFixture
) -> None:
    either.sell(own(1), used_bytes=GIB, disk=None)
    either.collect()
    assert not either.rows()
    assert "service 1: its tariff has no usable disk add-on" in caplog.text
    assert "0 booked, 0 accounts missing, 0 not ours, 1 without a disk add-on" in caplog.text


@pytest.mark.parametrize(
    "changes",
    [
        {"mark": None, "saved_password": None},
        {"mark": None, "saved_login": "admin"},
        {"saved_login": ""},
        {"password_is_crypted": False},
        {"mark": own(1).mark._replace(installation="another-one!")},
        {"mark": own(1).mark._replace(server="0" * 16)},
        {"mark": own(2).mark},
    ],
)
def test_a_strangers_account_is_nobodys_usage(either: World, changes: Dict[str, Any]) -> None:
    either.sell(own(1, **changes), used_bytes=GIB)
    either.accounts.append(make_account(login="user_1", used_bytes=GIB))
    either.collect()
    assert not either.rows()


@pytest.mark.parametrize(
    "error", [errors.CloudUnreachable, errors.CloudMaintenance, errors.CloudThrottled]
)
def test_a_cloud_that_stays_away_ends_the_run_when_its_time_is_over(
    either: World, error: Type[errors.CloudError]
) -> None:
    either.sell(own(1))
    either.cloud.get_user.side_effect = error("x")
    either.cloud.users_page.side_effect = error("x")
    with pytest.raises(error, match=rf"x \({DAY}: 1\)"):
        either.collect()
    assert not either.rows()


@pytest.mark.parametrize("error", FINAL)
def test_after_a_refusal_nothing_more_is_sent(
    either: World, error: Type[errors.CloudError]
) -> None:
    for number in range(1, 4):
        either.sell(own(number))
    either.cloud.get_user.side_effect = error("x")
    either.cloud.users_page.side_effect = error("x")
    with pytest.raises(error):
        either.collect()
    assert len(either.cloud.mock_calls) == 1


@pytest.fixture
def patient(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Time for two pauses."""
    monkeypatch.setattr(pace, "FIRST_PAUSE_S", 0.1)
    world.context.__dict__["settings"] = Settings(page_size=2, stat_budget_s=1)
    return world


def test_a_service_that_was_not_read_is_asked_for_again(patient: World) -> None:
    patient.sell(own(1), used_bytes=None)
    patient.sell(own(2), used_bytes=GIB)
    answers = [patient.accounts[0], patient.accounts[0]._replace(used_bytes=3 * GIB)]
    patient.cloud.get_user.side_effect = lambda login, with_groups: (
        answers.pop(0) if login == "user_1" else patient._get(login, with_groups)
    )
    patient.collect()
    assert patient.rows() == {1: ("3", "disk"), 2: ("1", "disk")}


def test_a_failure_in_passing_is_waited_out(patient: World) -> None:
    patient.sell(own(1), used_bytes=GIB)
    failures = [errors.CloudThrottled("429"), errors.CloudMaintenance("503")]

    def get(login: str, with_groups: bool) -> Optional[Account]:
        if failures:
            raise failures.pop()
        return patient._get(login, with_groups)

    patient.cloud.get_user.side_effect = get
    patient.collect()
    assert set(patient.rows()) == {1}


def test_an_account_that_may_not_be_seen_does_not_hide_the_others(patient: World) -> None:
    world = patient
    for number in (1, 2, 3):
        world.sell(own(number), used_bytes=GIB)

    def get(login: str, with_groups: bool) -> Optional[Account]:
        if login == "user_2":
            raise errors.RightsMissing("998")
        return world._get(login, with_groups)

    world.cloud.get_user.side_effect = get
    with pytest.raises(errors.UsageUnread):
        world.collect()
    assert set(world.rows()) == {1, 3}


def test_a_module_without_services_asks_nothing(world: World) -> None:
    world.accounts.append(make_account())
    world.collect()
    assert not world.cloud.mock_calls
    assert not world.rows()


# -- what is counted --------------------------------------------------------------------------


def test_each_service_is_booked_once_in_its_measure(either: World) -> None:
    either.sell(own(1), used_bytes=3 * GIB // 2)
    either.sell(own(2), used_bytes=0)
    either.sell(own(3), used_bytes=5 * 1024**2, disk=Disk("disc", 11, 1024**2))
    either.collect()
    assert either.rows() == {1: ("1.5", "disk"), 2: ("0", "disk"), 3: ("5", "disc")}


def test_a_login_in_another_letter_case_is_the_same(either: World) -> None:
    either.sell(own(1, login="User_Renamed"), used_bytes=GIB)
    either.accounts[0] = either.accounts[0]._replace(login="USER_renamed")
    either.collect()
    assert set(either.rows()) == {1}


def test_the_predecessors_services_are_counted_too(either: World) -> None:
    item = make_item(id=1, saved_login="user_1", saved_password=PASSWORD)
    either.sell(item, used_bytes=GIB)
    either.collect()
    assert set(either.rows()) == {1}


def test_a_few_are_read_one_by_one_and_more_by_pages(world: World) -> None:
    for number in range(1, usage.FEW_SERVICES + 1):
        world.sell(own(number))
    world.collect()
    world.cloud.users_page.assert_not_called()
    world.sell(own(usage.FEW_SERVICES + 1))
    world.billing.statistics.write.reset_mock()
    world.cloud.get_user.reset_mock()
    world.collect()
    world.cloud.get_user.assert_not_called()
    assert len(world.rows()) == usage.FEW_SERVICES + 1


def test_a_cloud_that_lists_no_details_is_read_one_by_one(world: World) -> None:
    world.cloud.product = OWNCLOUD
    for number in range(1, 2 * usage.FEW_SERVICES):
        world.sell(own(number))
    world.collect()
    world.cloud.users_page.assert_not_called()
    assert len(world.rows()) == 2 * usage.FEW_SERVICES - 1


def test_who_was_not_on_any_page_is_asked_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rename between two pages can hide an account: it is not called missing for that."""
    monkeypatch.setattr(usage, "FEW_SERVICES", 0)
    for number in (1, 2, 3):
        world.sell(own(number), used_bytes=GIB)
    hidden = world.accounts[2]

    def page(offset: int, size: int) -> Page:
        whole = world._page(offset, size)
        return Page([one for one in whole.accounts if one is not hidden], whole.rows)

    world.cloud.users_page.side_effect = page
    world.collect()
    world.cloud.get_user.assert_called_once_with("user_3", False)
    assert set(world.rows()) == {1, 2, 3}


def test_a_first_page_that_breaks_is_left_out_and_the_question_what_costs_less_is_still_asked(
    patient: World,
) -> None:
    """Else one account on which the cloud breaks would let all others be paged, however many."""
    for number in range(1, usage.FEW_SERVICES + 2):
        patient.sell(own(number))
    patient.accounts += [make_account(login=f"stranger{number}") for number in range(500)]
    patient.context.__dict__["settings"] = Settings(page_size=200, stat_budget_s=2)
    asked = []

    def page(offset: int, size: int) -> Page:
        asked.append((offset, size))
        if offset == 0:
            raise errors.CloudUnreachable("it breaks on somebody")
        if size > 1:
            time.sleep(0.1)  # a page is dear, a single account is not
        return patient._page(offset, size)

    patient.cloud.users_page.side_effect = page
    patient.collect()
    assert asked == [(0, 10), (10, 10), (10, 1)]
    assert patient.cloud.get_user.call_count == usage.FEW_SERVICES + 1
    assert len(patient.rows()) == usage.FEW_SERVICES + 1


def test_many_services_are_looked_up_by_batches(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "BATCH", 2)
    for number in range(1, 6):
        world.sell(own(number))
    world.collect()
    assert [one[0][1:] for one in world.billing.services.ids.call_args_list] == [
        (0, 2),
        (2, 2),
        (4, 2),
        (5, 2),
    ]
    assert len(world.rows()) == 5


def test_an_account_on_two_pages_is_counted_once(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A rename between two pages can repeat an account; its row is the same, so is the sum."""
    monkeypatch.setattr(usage, "FEW_SERVICES", 0)
    world.sell(own(1), used_bytes=GIB)
    world.accounts += [*world.accounts, *world.accounts]
    world.collect()
    assert f"usage of {DAY}: 1 booked," in caplog.text
