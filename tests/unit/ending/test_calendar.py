"""Two years of a provider with three hundred services: nobody loses files, and nothing is left.

Services begin and end at random, come back, are held and released. Runs are killed at any of their
effects, repeated, and run twice. An oracle of its own knows by the calendar alone what may be gone.
"""

import random
from datetime import date, timedelta
from typing import Dict, NamedTuple, Optional

import pytest

from tests.unit.ending.world import Killed, World
from utils.base.values import EndTerms
from utils.consts import (
    DELETE,
    DISABLE,
    LOCK,
    STATUS_ACTIVE,
    STATUS_CLOSED,
    STATUS_PROCESSING,
    WAIT,
)

TARIFFS = {
    501: EndTerms(WAIT, 30, LOCK, 7),
    502: EndTerms(WAIT, 3, LOCK, 7),
    503: EndTerms(DELETE, 30, LOCK, 7),
    504: EndTerms(DISABLE, 30, LOCK, 7),
}


class Waiting(NamedTuple):
    """What the oracle knows of an account whose service is over."""

    item_id: int
    due: Optional[date]
    is_held: bool = False

    def is_due(self, today: date) -> bool:
        """Whether it may be gone, and has to be by the end of that day's night."""
        return self.due is not None and self.due <= today and not self.is_held


class Calendar:
    """The world, day by day."""

    def __init__(self, world: World, seed: int, services: int) -> None:
        self.world = world
        self.chance = random.Random(seed)  # noqa: S311  no secret
        self.services = services
        self.waiting: Dict[str, Waiting] = {}
        self.owner: Dict[str, int] = {}
        self.last: Dict[str, int] = {}
        """The service that had an account last, be it over by now or not."""
        self.deleting = ""
        """The login whose service is being closed with its account."""
        self.deleted = self.returned = self.kills = 0
        world.terms.update(TARIFFS)
        world.settings.update(purge_limit=1000)
        world.cloud.on_delete = self._judge
        self.next_id = 1001

    def _judge(self, login: str) -> None:
        """What is deleted has to be due by the oracle too."""
        self.deleted += 1
        assert login not in self.owner or login == self.deleting, f"{login} lives"
        if login == self.deleting:
            return
        waiting = self.waiting[login]
        assert not waiting.is_held, f"{login} is held"
        assert waiting.due is not None, f"{login} is only disabled"
        assert waiting.due <= self.world.today, f"{login} waits until {waiting.due}"

    def sell(self) -> None:
        """Another service is opened."""
        item_id, self.next_id = self.next_id, self.next_id + 1
        tariff = self.chance.choice([*TARIFFS])
        login = self.world.sell(item_id, tariff_id=tariff, account_id=item_id % 40)
        self.owner[login] = self.last[login] = item_id

    def close(self, login: str) -> None:
        """A service ends, however often its command is killed."""
        world, item_id = self.world, self.owner[login]
        terms = TARIFFS[world.services.items[item_id].tariff_id]
        self.deleting = login if terms.on_close == DELETE else ""
        world.services.set(item_id, status=STATUS_PROCESSING)
        assert self._until_done("close", item=item_id)
        assert world.services.items[item_id].status == STATUS_CLOSED
        del self.owner[login]
        self.deleting = ""
        assert (login in world.cloud.accounts) is (terms.on_close != DELETE)
        if terms.on_close == DELETE:
            return
        days = timedelta(days=terms.keep_days)
        due = world.today + days if terms.on_close == WAIT else None
        self.waiting[login] = Waiting(item_id, due)

    def _until_done(self, command: str, **words: object) -> bool:
        """Runs a command until it lives to its end, and once more where chance has it.

        Returns whether it did what was asked.
        """
        while True:
            deadly = self.chance.randrange(8) if self.chance.random() < 0.4 else -1
            try:
                self.world.run(command, deadly, self.chance.random() < 0.5, **words)
            except Killed:
                self.kills += 1
                if self.chance.random() < 0.3:
                    self.night()  # which comes before anybody repeats the command
                continue
            if self.chance.random() < 0.3:
                self.world.run(command, **words)
            return self.world.exit_code == 0

    def come_back(self, login: str) -> None:
        """A client returns: his old service is opened again, or he orders another one."""
        world, waiting = self.world, self.waiting[login]
        old = world.services.items[waiting.item_id]
        if self.chance.random() < 0.5:
            item_id = waiting.item_id
            world.services.set(item_id, status=STATUS_ACTIVE)
        else:
            item_id, self.next_id = self.next_id, self.next_id + 1
            own = world.sell(item_id, tariff_id=501, account_id=old.account_id)
            self.owner[own] = self.last[own] = item_id
        mine = [one for one, owner in self.owner.items() if owner == item_id]
        keep = timedelta(days=TARIFFS[world.services.items[item_id].tariff_id].keep_days)
        for own in mine:  # from now on it may be put to wait
            self.waiting[own] = Waiting(item_id, world.today + keep)
        self._wait_anew(item_id)
        self.owner[login] = self.last[login] = item_id
        assert self._until_done("restore", item=item_id, login=login)
        del self.waiting[login]
        for own in mine:
            del self.owner[own]
            assert world.cloud.accounts[own].enabled is False
        assert world.cloud.accounts[login].enabled
        self.returned += 1

    def _wait_anew(self, item_id: int) -> None:
        """A service that was over lives again, for a moment: what it had waits its time from now.

        What another service got since then is nothing of its own.
        """
        mark = self.world.services.items[item_id].mark
        before = self.waiting.get(mark.login) if mark is not None else None
        if mark is None or before is None or before.due is None or self.last[mark.login] != item_id:
            return
        keep = timedelta(days=TARIFFS[self.world.services.items[item_id].tariff_id].keep_days)
        due = max(before.due, self.world.today + keep)
        self.waiting[mark.login] = before._replace(due=due)

    def _is_near(self, item_id: int) -> bool:
        """Whether a night may delete today what the service names, if it had it or not.

        While the service lives nothing is deleted that it names: that is kept, and staff decides.
        """
        mark = self.world.services.items[item_id].mark
        waiting = self.waiting.get(mark.login) if mark is not None else None
        return waiting is not None and waiting.is_due(self.world.today)

    def reopen_any(self) -> None:
        """A service that is over is opened again by mistake, and closed."""
        world = self.world
        over = [one.id for one in world.services.items.values() if one.status == STATUS_CLOSED]
        over = [one for one in over if not self._is_near(one)]
        if over:
            item_id = self.chance.choice(over)
            world.services.set(item_id, status=STATUS_ACTIVE)
            self._wait_anew(item_id)
            assert self._until_done("close", item=item_id)
            assert world.services.items[item_id].status == STATUS_CLOSED

    def hold(self, login: str) -> None:
        """Staff holds an account, or lets it go."""
        waiting = self.waiting[login]
        if waiting.is_held:
            assert self._until_done("release", login=login)
            keep = TARIFFS[self.world.services.items[waiting.item_id].tariff_id].keep_days
            due = self.world.today + timedelta(days=keep)
            assert waiting.due is not None
            self.waiting[login] = waiting._replace(is_held=False, due=max(due, waiting.due))
        else:
            self._hold(login)

    def _hold(self, login: str) -> None:
        """On its last day a night may have been before staff, which is told so and has no hold.

        A hold counts once staff has read that it does.
        """
        waiting, world = self.waiting[login], self.world
        if not waiting.is_due(world.today):
            self.waiting[login] = waiting._replace(is_held=True)
        if self._until_done("hold", login=login, why="the police asks"):
            self.waiting[login] = waiting._replace(is_held=True)
        else:
            assert waiting.is_due(world.today)
            assert login not in world.cloud.accounts

    def night(self) -> None:
        """The nightly run, which may be killed, or be two."""
        if self.chance.random() < 0.2:
            try:
                deadly, after = self.chance.randrange(6), self.chance.random() < 0.5
                self.world.run("purge", deadly, after)
            except Killed:
                self.kills += 1
        self.world.run("purge")
        assert self.world.exit_code == 0

    def day(self) -> None:
        """One day's events, and the night behind them."""
        chance, world = self.chance, self.world
        if self.next_id <= 1000 + self.services and chance.random() < 0.5:
            self.sell()
        if len(self.owner) > 20 and chance.random() < 0.5:
            self.close(chance.choice(sorted(self.owner)))
        kept = sorted(one for one, waiting in self.waiting.items() if waiting.due is not None)
        if kept and chance.random() < 0.15:
            login = chance.choice(kept)
            due = self.waiting[login].due
            # Whoever comes on the last day may find that a night has been before him.
            is_early = due is not None and due > world.today
            is_held = self.waiting[login].is_held
            if is_early and not is_held and not self._is_near(self.waiting[login].item_id):
                self.come_back(login)
        elif kept and chance.random() < 0.3:
            self.hold(chance.choice(kept))
        if chance.random() < 0.1:
            self.reopen_any()
        self.night()
        self.look()
        world.pass_days(1)

    def look(self) -> None:
        """Nothing that lives or waits is missing, and nothing that was due is left."""
        accounts, today = self.world.cloud.accounts, self.world.today
        assert not set(self.owner) - set(accounts)
        assert all(accounts[login].enabled for login in self.owner)
        assert not any(accounts[login].enabled for login in self.waiting if login in accounts)
        for login, waiting in list(self.waiting.items()):
            is_due = waiting.is_due(today)
            assert (login not in accounts) is is_due, (login, waiting, today)
            if is_due:
                del self.waiting[login]
        assert set(accounts) == {*self.owner, *self.waiting}


def live(world: World, seed: int, days: int, services: int) -> Calendar:
    """A provider's life."""
    calendar = Calendar(world, seed, services)
    for _ in range(30):
        calendar.sell()
    for _ in range(days):
        calendar.day()
    return calendar


def test_in_two_years_nobody_loses_files_and_nothing_due_is_left(world: World) -> None:
    calendar = live(world, seed=1, days=730, services=300)
    assert calendar.next_id > 1300
    assert calendar.deleted > 150
    assert calendar.returned > 20
    assert calendar.kills > 100


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 66))
def test_so_it_is_in_many_other_lives(world: World, seed: int) -> None:
    calendar = live(world, seed, days=730, services=300)
    assert calendar.deleted > 150
