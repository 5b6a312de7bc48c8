"""Reads many accounts: page by page or one by one, as fast as the cloud bears, and patiently.

What fails in passing is left out: whoever it was about has to be asked for again. Requests run in
a few threads beside the caller's. They share the client: the library's pool of connections is
made for threads, and each thread keeps a session of its own (utils.cloud.transport).
"""

import sys
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from logging import Logger
from typing import (
    Any,
    Callable,
    Collection,
    Dict,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Set,
    Tuple,
)

from utils.api import NextcloudAPIClient
from utils.base import errors
from utils.base.values import Account
from utils.census.pace import Gear, Patience

READS_AT_ONCE = 4
SPEEDUP = 2
"""So many times as quick as one by one READS_AT_ONCE are taken to be, by a server of two cores."""

LEAST_PAGE = 25
"""A page of so many accounts that fails is left out: one of them may be what breaks it."""

PAGED_FOR_ONE = 2
"""An account read by itself costs at least as much as so many on a page; ten and more are usual
(nextcloud-newer.md, 3)."""

TICK_S = 1.0


class _Answer(NamedTuple):
    """What a call returned, and the seconds that it took."""

    value: Any
    took_s: float


class Reader:
    """Reads accounts of a cloud until `until`, a time of the monotonic clock.

    `timeout_s` is the longest that one answer may take; `tick` is called every second at least.
    All that reads raises TimeIsUp, and the cloud's failure where it is no passing one.
    """

    def __init__(
        self,
        cloud: NextcloudAPIClient,
        log: Logger,
        page_size: int,
        timeout_s: float,
        until: float,
        tick: Callable[[], None],
    ) -> None:
        self._cloud = cloud
        self._log = log
        self._tick = tick
        self._pool = ThreadPoolExecutor(READS_AT_ONCE)
        self._patience = Patience(until, log)
        least, slow_s = min(LEAST_PAGE, page_size), timeout_s / 3
        self._page_size = Gear("accounts per page", log, least, page_size, page_size, slow_s)
        # The first request goes alone: where it is refused no other is on its way.
        self._at_once = Gear("accounts read at once", log, 1, READS_AT_ONCE, 1, slow_s)
        self.has_answered = False
        """Whether the cloud has answered anything."""
        self.failure: Optional[errors.CloudError] = None
        """The last failure in passing."""

    def close(self) -> None:
        """Lets the threads go; nobody waits for what is still on its way."""
        self._pool.shutdown(wait=False)

    def pages(self, services: int) -> Iterator[List[Account]]:
        """All accounts, page after page, the next one on its way while one is looked at.

        The order of pages follows display names: a rename in between can repeat or hide an
        account. Ends after the first page where it costs less to read so many `services` singly,
        and before it where the cloud has no pages.
        """
        if not self._has_pages():
            return
        gear, offset, pays = self._page_size, 0, False
        # The first page is no dearer than the services by themselves, whatever comes of it.
        most = PAGED_FOR_ONE * services
        size, asked = self._ask_page(offset, most)
        while True:
            answer = self._answer(asked, gear, size)
            if answer is None:
                if not self._has_pages():
                    return  # the cloud turned out to be another
                offset += size if size <= gear.least else 0
                size, asked = self._ask_page(offset, most)
                continue
            offset += size
            is_last = answer.value.rows < size
            if not (is_last or pays):
                pays = self._paging_pays(services, answer.took_s / size)
                is_last = not pays
            if not is_last:
                size, asked = self._ask_page(offset)
            yield answer.value.accounts
            if is_last:
                return

    def _has_pages(self) -> bool:
        """Whether the cloud is a product that lists its accounts with their usage."""
        while True:
            try:
                return self._cloud.product.lists_details
            except errors.CloudError as error:
                self._bear(error)

    def _ask_page(self, offset: int, most: int = sys.maxsize) -> "Tuple[int, Future[_Answer]]":
        size = min(self._page_size.now, most)
        return size, self._send(self._cloud.users_page, offset, size)

    def _paging_pays(self, services: int, paged_s: float) -> bool:
        """Whether all pages cost less than each of the services by itself.

        `paged_s` is what an account on a page costs. How many accounts there are is not asked
        (no cheap request tells it), but whether there are more than may be: one request for a
        single account there, which also shows what an account by itself costs, or a second one.
        """
        most = PAGED_FOR_ONE * services
        while True:
            beyond = self._answer(self._send(self._cloud.users_page, most, 1))
            if beyond is None or not beyond.value.rows:
                return True
            fair = int(services * beyond.took_s / SPEEDUP / paged_s)
            if fair <= most:
                self._log.info("over %d accounts for %d services: read singly", most, services)
                return False
            most = max(fair, 2 * most)

    def singly(self, logins: Mapping[int, str]) -> Iterator[Tuple[int, Optional[Account]]]:
        """The account of each of the logins, under its number, as they come; None for no account.

        A few at a time. Whoever the cloud did not answer for is left out, and said in the log.
        """
        waiting = iter(logins.items())
        flying: Dict[Future[_Answer], Tuple[int, int]] = {}
        while True:
            for number, login in islice(waiting, max(self._at_once.now - len(flying), 0)):
                asked = self._send(self._cloud.get_user, login, False)
                flying[asked] = number, self._at_once.now
            if not flying:
                return
            for asked in self._done(flying):
                number, at_once = flying.pop(asked)
                answer = self._answer(asked, self._at_once, at_once)
                if answer is not None:
                    yield number, answer.value

    def _send(self, call: Callable[..., Any], *args: object) -> "Future[_Answer]":
        def timed() -> _Answer:
            started = time.monotonic()
            return _Answer(call(*args), time.monotonic() - started)

        return self._pool.submit(timed)

    def _done(self, flying: "Collection[Future[_Answer]]") -> "Set[Future[_Answer]]":
        """Those that have come, at least one."""
        while True:
            done, _ = wait(flying, TICK_S, FIRST_COMPLETED)
            self._tick()
            self._patience.check()
            if done:
                return done

    def _answer(
        self, asked: "Future[_Answer]", gear: Optional[Gear] = None, position: int = 0
    ) -> Optional[_Answer]:
        """What has come, or None after a failure that may pass, and after the pause for it.

        `position` is where the gear was when it was asked.
        """
        self._done([asked])
        try:
            answer = asked.result()
        except errors.CloudError as error:
            if gear is not None:
                gear.down()
            self._bear(error)
            return None
        self.has_answered = True
        if gear is not None:
            gear.answered(position, answer.took_s)
        self._patience.forget()
        return answer

    def _bear(self, error: errors.CloudError) -> None:
        """Pauses after a failure that may pass, and raises any other."""
        # That one account may not be seen is no fault of the others.
        is_one = isinstance(error, errors.RightsMissing) and self.has_answered
        if error.lasts and not is_one:
            raise error
        self.failure = error
        self._patience.pause(error)
