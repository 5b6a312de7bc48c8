"""What a client changes in billing reaches the cloud; what he changes in the cloud stays."""

import pytest

from tests.doubles.cloud import Cloud
from tests.doubles.cloud.state import User
from tests.e2e.sites import DoubleSite
from tests.e2e.world import World

OLD, NEW, OWN = "client7@example.com", "new@example.com", "own@example.com"
COMMANDS = (
    "stat",
    *(pytest.param(one, marks=pytest.mark.long) for one in ("setparam", "sync_item")),
)
"""All by which it may come; by the others the same function does it."""

TERMS = {"cloud_display_name": "person", "cloud_language": "client"}


def double(world: World) -> Cloud:
    """The world's cloud, which is the double."""
    assert isinstance(world.site, DoubleSite)
    return world.site.cloud


def change(world: World, **columns: str) -> None:
    """The client changes what BILLmanager has of him."""
    for column, value in columns.items():
        world.stand.sql(f"UPDATE user SET {column} = %s WHERE account = %s", value, world.client)


def opened(world: World) -> int:
    """A service whose account has all that follows its client."""
    world.client = world.stand.add_account("Firm", [OLD], realname="Ivan", lang="en")
    return world.opened(world.tariff(**TERMS))


def edits(world: World) -> int:
    """How many fields of accounts were set so far."""
    return sum(one.method == "PUT" for one in double(world).requests)


def told(user: User) -> "tuple[str, str, str]":
    """What follows the client, in his account."""
    return user.email, user.shown_name, user.language


@pytest.mark.parametrize("command", COMMANDS)
def test_what_a_client_changes_reaches_his_account_once(world: World, command: str) -> None:
    item = opened(world)
    user = world.user(item)
    assert told(user) == (OLD, "Ivan", "en")
    change(world, email=NEW, realname="Petr", lang="de")
    before = edits(world)
    world.call(command, item).check()
    assert told(user) == (NEW, "Petr", "de")
    assert edits(world) == before + 3
    world.call(command, item).check()
    assert edits(world) == before + 3, "nothing is set twice"


@pytest.mark.parametrize("command", COMMANDS)
def test_what_he_changed_in_the_cloud_stays(world: World, command: str) -> None:
    item = opened(world)
    user = world.user(item)
    user.email, user.display_name, user.language = OWN, "My own", "fr"
    for email, name, language in ((NEW, "Petr", "de"), ("newer@example.com", "Oleg", "it")):
        change(world, email=email, realname=name, lang=language)
        world.call(command, item).check()
        assert told(user) == (OWN, "My own", "fr")


@pytest.mark.long
def test_an_address_that_he_gives_up_in_the_cloud_follows_again(world: World) -> None:
    item = opened(world)
    user = world.user(item)
    user.email = OWN
    change(world, email=NEW)
    world.run("setparam", item).check()
    user.email = OLD
    world.run("setparam", item).check()
    assert user.email == NEW


@pytest.mark.parametrize("command", COMMANDS)
def test_of_an_account_of_before_it_is_learned_where_both_say_the_same(
    world: World, command: str
) -> None:
    """As the accounts of 1.0, of which nothing was noted."""
    same, other = opened(world), opened(world)
    world.user(other).email = OWN
    for kept in (world.stand.root / "var/pmnextcloud").glob("left-*"):
        kept.unlink()
    for item in (same, other):
        world.call(command, item).check()
    for client in {world.stand.item(item)["account"] for item in (same, other)}:
        world.stand.sql("UPDATE user SET email = %s WHERE account = %s", NEW, client)
    for item in (same, other):
        world.call(command, item).check()
    assert world.user(same).email == NEW
    assert world.user(other).email == OWN


@pytest.mark.long
def test_a_run_that_was_killed_behind_the_change_leaves_it_the_module_s(world: World) -> None:
    item = opened(world)
    change(world, email=NEW)
    double(world).after = lambda seen: seen.method == "PUT" and process.kill_group()
    process = world.starter("setparam", item)()
    assert process.finish().exit_code == -9
    double(world).after = None
    assert world.user(item).email == NEW
    change(world, email="newest@example.com")
    world.run("setparam", item).check()
    assert world.user(item).email == "newest@example.com"


@pytest.mark.long
def test_where_nothing_can_be_noted_nothing_is_set(world: World) -> None:
    item = opened(world)
    change(world, email=NEW)
    [note] = (world.stand.root / "var/pmnextcloud").glob("left-*.json")
    lock = note.with_suffix(".json.lock")
    lock.unlink()
    lock.mkdir()
    world.run("setparam", item).check()
    assert world.user(item).email == OLD
    lock.rmdir()
    world.run("setparam", item).check()
    assert world.user(item).email == NEW


@pytest.mark.long
def test_a_service_that_is_over_leaves_no_note(world: World) -> None:
    item = opened(world)
    [note] = (world.stand.root / "var/pmnextcloud").glob("left-*.json")
    assert str(item) in note.read_text("utf-8")
    assert NEW not in note.read_text("utf-8")
    world.run("close", item).check()
    assert note.read_text("utf-8") == "{}"


def test_statistics_follow_a_few_clients_a_day_and_count_all(world: World) -> None:
    items = [opened(world) for _ in range(2)]
    while double(world).rate_limit.allows("admin"):
        pass
    world.stand.sql("UPDATE user SET email = CONCAT('new', id, '@example.com')")
    world.stand.run("stat", module=world.module).check()
    assert [len(world.stand.stats(item)) for item in items] == [1, 1]
    assert [world.user(item).email for item in items] == [OLD, OLD]
    double(world).rate_limit.enabled = False
    world.stand.run("stat", module=world.module).check()
    assert all(world.user(item).email.startswith("new") for item in items)


def test_a_dry_run_tells_what_would_follow_and_notes_nothing(world: World) -> None:
    item = opened(world)
    change(world, email=NEW)
    [note] = (world.stand.root / "var/pmnextcloud").glob("left-*.json")
    before = note.read_text("utf-8")
    run = world.run("setparam", item, extra=["--dry-run"])
    assert b"PUT" in run.stdout
    assert (world.user(item).email, note.read_text("utf-8")) == (OLD, before)
