"""Killed at any of its effects and repeated, each command ends as if nothing had happened."""

from typing import Any, Callable, Dict, NamedTuple, Tuple

import pytest

from tests.unit.ending.world import Killed, World
from utils.base.values import EndTerms
from utils.consts import (
    DELETE,
    DISABLE,
    LOCK,
    READ_ONLY,
    STATUS_ACTIVE,
    STATUS_PROCESSING,
    WAIT,
    WARN,
)


class Scene(NamedTuple):
    """A command with its words, and how the world comes to where it is called for."""

    command: str
    prepare: Callable[[World], None]
    words: Dict[str, Any]


def sold(on_close: str = WAIT, suspension: str = LOCK) -> Callable[[World], None]:
    """An open service whose tariff says so."""

    def prepare(world: World) -> None:
        world.terms[501] = EndTerms(on_close, 30, suspension, 7)
        world.sell()

    return prepare


def closing(on_close: str) -> Callable[[World], None]:
    """The same as it is being closed."""

    def prepare(world: World) -> None:
        sold(on_close)(world)
        world.services.set(1001, status=STATUS_PROCESSING)

    return prepare


def waiting(world: World) -> None:
    """A closed service whose account waits."""
    sold()(world)
    world.close()


def due(world: World) -> None:
    """The same once its time is over."""
    waiting(world)
    world.pass_days(30)


def found_enabled(world: World) -> None:
    """The same, and somebody has enabled the account."""
    due(world)
    world.cloud.set("user_1001", enabled=True)


def lost(world: World) -> None:
    """A deletion whose answer does not come, before it is done."""
    due(world)
    world.cloud.stubborn["user_1001"] = 1
    world.run("purge")


def old(world: World) -> None:
    """A record that is older than it is kept."""
    due(world)
    world.run("purge")
    world.pass_days(366 * 6)


def held(world: World) -> None:
    """An account that staff holds."""
    waiting(world)
    world.run("hold", login="user_1001", why="the police asks")


def reopened(world: World) -> None:
    """A service that was closed and lives again, its account waiting."""
    waiting(world)
    world.services.set(1001, status=STATUS_ACTIVE)


def ordered_anew(world: World) -> None:
    """An order of the same client beside the account that waits, with an account of its own."""
    waiting(world)
    world.sell(1002)


def suspended(level: str, wanted: str) -> Callable[[World], None]:
    """A service that was suspended so; its tariff says another level by now."""

    def prepare(world: World) -> None:
        sold(suspension=level)(world)
        world.run("suspend", item=1001)
        world.terms[501] = EndTerms(WAIT, 30, wanted, 7)

    return prepare


ITEM: Dict[str, Any] = {"item": 1001}
LOGIN: Dict[str, Any] = {"login": "user_1001"}
LEVELS = (LOCK, READ_ONLY, WARN)

SCENES: Dict[str, Scene] = {
    **{f"close-{mode}": Scene("close", closing(mode), ITEM) for mode in (WAIT, DELETE, DISABLE)},
    "purge": Scene("purge", due, {}),
    "purge-enabled": Scene("purge", found_enabled, {}),
    "purge-lost": Scene("purge", lost, {}),
    "purge-old": Scene("purge", old, {}),
    "hold": Scene("hold", waiting, {**LOGIN, "why": "the police asks"}),
    "release": Scene("release", held, LOGIN),
    "restore": Scene("restore", reopened, {**ITEM, **LOGIN}),
    "restore-other": Scene("restore", ordered_anew, {"item": 1002, **LOGIN}),
    **{
        f"suspend-{before}-{wanted}": Scene("suspend", suspended(before, wanted), ITEM)
        for before in LEVELS
        for wanted in LEVELS
    },
    **{f"resume-{one}": Scene("resume", suspended(one, one), ITEM) for one in LEVELS},
    **{f"suspend-{one}": Scene("suspend", sold(suspension=one), ITEM) for one in LEVELS},
}


def state(world: World) -> Tuple[Any, ...]:
    """All that there is, in the end."""
    return (world.services.items, world.cloud.accounts, world.endings(), world.tasks)


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_effect_and_repeated_it_ends_the_same(
    world: World, name: str, after: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    scene = SCENES[name]

    def play(deadly: int) -> Tuple[Tuple[Any, ...], int]:
        fresh = World(tmp_path_factory.mktemp("world"), world.log)
        world.effects = fresh.effects  # which the record on disk counts among
        scene.prepare(fresh)
        if deadly >= 0:
            with pytest.raises(Killed):
                fresh.run(scene.command, deadly, after, **scene.words)
        fresh.run(scene.command, **scene.words)
        assert fresh.exit_code == 0
        return state(fresh), len(fresh.effects.names)

    expected, effects = play(-1)
    # What is suspended so already has nothing to be done; everything else has.
    assert effects or name in {f"suspend-{one}-{one}" for one in LEVELS}
    for deadly in range(effects):
        assert play(deadly)[0] == expected, deadly


@pytest.mark.parametrize("name", ["purge", "hold", "release", "restore", "restore-other"])
def test_run_twice_it_does_nothing_more(world: World, name: str) -> None:
    scene = SCENES[name]
    scene.prepare(world)
    world.run(scene.command, **scene.words)
    before = state(world)
    world.run(scene.command, **scene.words)
    assert state(world) == before
    assert world.effects.names in ([], ["record"]), "what stands there is at most written again"


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("wanted", LEVELS)
def test_resuming_gives_back_what_was_ordered_whatever_the_level_was(
    world: World, level: str, wanted: str
) -> None:
    suspended(level, wanted)(world)
    ordered = world.order.quota_bytes
    world.run("suspend", item=1001)
    account = world.cloud.accounts["user_1001"]
    assert account.enabled is (wanted != LOCK)
    assert (account.quota_bytes == ordered) is (wanted != READ_ONLY)
    assert account.quota_bytes is not None
    assert account.used_bytes is not None
    if wanted == READ_ONLY:
        assert account.used_bytes < account.quota_bytes < account.used_bytes * 1.1
    world.run("resume", item=1001)
    account = world.cloud.accounts["user_1001"]
    assert (account.enabled, account.quota_bytes) == (True, ordered)
    assert world.services.items[1001].level == ""
    assert world.services.items[1001].status == STATUS_ACTIVE
