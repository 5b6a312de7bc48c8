"""Clients are told that their space runs out: once for each threshold, and whatever goes wrong."""

import itertools
import re
from datetime import date
from typing import Any, Iterator, List, Optional

import pytest

from tests.doubles.billmanager import SUSPENDED, CoreFault, Run
from tests.doubles.cloud import OWNCLOUD_10, Cloud
from tests.e2e.conftest import REAL
from tests.e2e.sites import GIB, DoubleSite
from tests.e2e.world import World

MEMO = "pmnextcloud_told_full"


def double(world: World) -> Cloud:
    """The world's cloud, which is the double."""
    assert isinstance(world.site, DoubleSite)
    return world.site.cloud


def stat(world: World) -> Run:
    """One night."""
    return world.stand.run("stat", module=world.module).check()


def sell(world: World, percent: float, lang: Optional[str] = "en", tariff: int = 0) -> int:
    """An open service of 10 GiB with so much in use, of a client of its own."""
    item = world.left_by("open")
    tariff = tariff or world.tariff(gib=10)
    client = world.stand.add_account(f"Client of {item}", [f"c{item}@example.com"], lang=lang)
    world.stand.sql(
        "UPDATE item SET pricelist = %s, account = %s WHERE id = %s", tariff, client, item
    )
    user = double(world).users[world.login(item)]
    user.quota, user.logged_in = "10 GB", True
    use(world, item, percent)
    return item


def use(world: World, item: int, percent: float) -> None:
    """So much of the space is in use now."""
    double(world).users[world.login(item)].used_bytes = int(percent * GIB / 10)


def told(world: World) -> List[str]:
    """The thresholds of which clients were told, in their order."""
    subjects = [one["subject"] for one in world.stand.notices()]
    return [re.findall(r"(\d+) %", subject)[0] for subject in subjects]


def test_a_client_is_told_once_for_each_crossing_and_anew_after_he_made_room(world: World) -> None:
    item = sell(world, 79)
    nights = [(79, []), (81, ["80"]), (96, ["95"]), (97, []), (90, []), (96, ["95"])]
    nights += [(10, []), (85, ["80"])]
    for percent, new in nights:
        use(world, item, percent)
        before = told(world)
        stat(world)
        assert told(world)[len(before) :] == new, percent
    assert world.stand.params(item)[MEMO] == (
        f"80 {date.today().isoformat()} sent {world.stand.item(item)['account']}"
    )
    [user] = world.stand.sql(
        "SELECT id FROM user WHERE account = %s", world.stand.item(item)["account"]
    )
    assert {one["user"] for one in world.stand.notices()} == {user["id"]}


def test_each_is_told_in_his_language_with_the_figures_and_the_way_to_more(world: World) -> None:
    for lang in ("ru", "en", None):
        sell(world, 85, lang)
    stat(world)
    russian, english, both = (one["message"] for one in world.stand.notices())
    assert "занято 8,5 ГиБ из 10 ГиБ, это 85 %. Свободно 1,5 ГиБ" in russian
    assert "увеличьте место или смените тариф" in russian
    assert "8.5 GiB of 10 GiB are used, that is 85 %. 1.5 GiB are free" in english
    assert "enlarge the space or change the tariff" in english
    assert "ГиБ" in both
    assert "GiB" in both


def test_the_tariff_decides_when_and_whether(world: World) -> None:
    never, early = world.tariff(gib=10), world.tariff(gib=10)
    world.stand.set_terms(never, cloud_warn_at="")
    world.stand.set_terms(early, cloud_warn_at="50 70")
    sell(world, 99, tariff=never)
    sell(world, 60, tariff=early)
    stat(world)
    assert told(world) == ["50"]


@pytest.mark.long
def test_more_space_counts_as_room_that_was_made(world: World) -> None:
    item = sell(world, 96)
    stat(world)
    user = double(world).users[world.login(item)]
    user.quota = "20 GB"
    stat(world)
    assert MEMO not in world.stand.params(item)
    user.quota = "10 GB"
    stat(world)
    assert told(world) == ["95", "95"]


@pytest.mark.long
def test_so_many_in_a_run_the_fullest_first(world: World) -> None:
    world.stand.write("etc/pmnextcloud.conf", "warnings_per_run = 2\n")
    for percent in (81, 96, 82, 97, 10):
        sell(world, percent)
    counts = []
    for _ in range(3):
        stat(world)
        counts.append(told(world))
    assert counts == [["95", "95"], ["95", "95", "80", "80"], ["95", "95", "80", "80"]]


@pytest.mark.long
def test_who_cannot_be_read_or_is_suspended_is_told_nothing_and_silences_nobody(
    world: World,
) -> None:
    world.stand.write("etc/pmnextcloud.conf", "stat_budget_s = 18\n")
    unread, suspended, _ = (sell(world, 99) for _ in range(3))
    double(world).users[world.login(unread)].is_broken = True
    world.stand.set_status(suspended, SUSPENDED)
    run = world.stand.run("stat", module=world.module)
    assert run.error_type == "usage_unread"
    assert told(world) == ["95"]


def test_a_dry_run_shows_whom_it_would_tell_and_tells_nobody(world: World) -> None:
    items = [sell(world, 85), sell(world, 96)]
    run = world.stand.run("stat", module=world.module, extra=["--dry-run", "--lang", "en"])
    lines = [line for line in run.stdout.decode().splitlines() if "notification.edit" in line]
    assert [re.findall(r"service (\d+)", line) for line in lines] == [
        [str(items[1])],
        [str(items[0])],
    ]
    assert "message=***" in lines[0]
    assert not world.stand.notices()
    assert MEMO not in world.stand.params(items[0])
    stat(world)
    assert told(world) == ["95", "80"]


@pytest.mark.long
def test_the_history_says_who_was_told(world: World) -> None:
    item = sell(world, 85)
    stat(world)
    shown = world.stand.run("history", extra=["--module", str(world.module)]).stdout.decode()
    assert f"{item}: full 80" in shown


# -- where BILLmanager is in the way --------------------------------------------------------------


def test_without_the_function_staff_has_one_task_until_it_is_there(world: World) -> None:
    sell(world, 85)
    world.stand.hidden_functions.add("notification.edit")
    for _ in range(2):
        stat(world)
        [task] = world.stand.tasks()
        assert "notification.edit: missed" in task["specification"]
    assert world.stand.called("service.poststat"), "the day is whole"
    world.stand.hidden_functions.clear()
    stat(world)
    assert told(world) == ["80"]
    assert not world.stand.tasks()


def lost() -> Iterator[Any]:
    """Each fault of the call, where notifications show and where they do not; two are often tried.

    One that hangs ends as one that fails, after the time of a call.
    """
    usual = (("cut_after_effect", True), ("exit1", False))
    for case in itertools.product(("cut_after_effect", "exit1", "garbage", "error"), (True, False)):
        yield pytest.param(*case, marks=() if case in usual else pytest.mark.long)


@pytest.mark.parametrize(("kind", "shows"), [*lost()])
def test_a_lost_or_wrong_answer_tells_nobody_twice(world: World, kind: str, shows: bool) -> None:
    sell(world, 85)
    if not shows:
        world.stand.hide_notices()
    world.stand.core_faults.append(CoreFault("notification.edit", kind=kind))
    for _ in range(3):
        stat(world)
    # Who was not told, and nobody can see it, is not told of this crossing.
    is_lost = not shows and kind in ("exit1", "garbage")
    assert told(world) == ([] if is_lost else ["80"])


@pytest.mark.proof("races")
def test_two_runs_at_once_tell_once(world: World) -> None:
    for _ in range(3):
        sell(world, 85)
    processes = [world.stand.start("stat", module=world.module) for _ in range(3)]
    for process in processes:
        process.finish().check()
    stat(world)
    assert told(world) == ["80"] * 3


def test_a_smaller_space_that_was_paid_for_is_set_and_told_once(world: World) -> None:
    item = sell(world, 85)
    world.stand.change_tariff(item, world.tariff(gib=5))
    for _ in range(2):
        world.run("setparam", item).check()
    [notice] = world.stand.notices()
    assert "less space than is used" in notice["subject"]
    assert "it is 5 GiB now, and 8.5 GiB are used, which is 3.5 GiB more" in notice["message"]
    assert double(world).users[world.login(item)].quota == "5 GB"
    assert world.status(item) == 2


MIB = 1024**2


@pytest.mark.parametrize("any_world", [OWNCLOUD_10.name, REAL], indirect=True)
def test_files_of_a_customer_are_what_he_is_told_of(any_world: World) -> None:
    world = any_world
    item = world.opened(world.tariff(gib=100, measure="mib"))
    login, password = world.login(item), world.stand.params(item)["userpassword"]
    world.site.store_bytes(login, password, 1)
    examples_bytes = world.site.used_bytes(login) - 1

    def fill(mib: int) -> None:
        world.site.store_bytes(login, password, 1)  # a file in its place needs room beside it
        world.site.store_bytes(login, password, mib * MIB - examples_bytes)

    def choose(mib: int) -> Run:
        options = {"item": item, "tariff": world.tariff(gib=1, measure="mib"), "lang": "en"}
        return world.stand.check("check_addon", "disk", mib, **options)

    counts = []
    for mib in (85, 96, 60, 85):
        fill(mib)
        for _ in range(2):
            stat(world)
        counts.append(told(world))
    assert counts == [["80"], ["80", "95"], ["80", "95"], ["80", "95", "80"]]
    assert "85 MiB of 100 MiB are used" in world.stand.notices()[-1]["message"]
    assert choose(90).check().exit_code == 0
    refused = choose(50)
    assert refused.error_type == "space_too_small"
    assert str(refused.error_value).startswith("85 MiB are used, 89.25 MiB are needed")
    world.stand.change_tariff(item, world.tariff(gib=50, measure="mib"))
    world.run("setparam", item).check()
    assert "it is 50 MiB now, and 85 MiB are used" in world.stand.notices()[-1]["message"]
    seen = world.site.account(login)
    assert seen is not None
    assert seen.quota_bytes == 50 * MIB
