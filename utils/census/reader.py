"""Reads many accounts, page by page or one by one, as fast as the cloud bears, and patiently.

An account whose request fails in passing is left out, and the caller asks for it again. Requests
run in a few threads beside the caller's. The threads share the client: the library's pool of
connections is made for threads, and each thread keeps a session of its own (utils.cloud.transport).
"""

import sys
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
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

from utils.api import NextcloudAPIClient, Page
from utils.base import errors
from utils.base.logs import Logger
from utils.base.values import Account
from utils.census.met import Met
from utils.census.pace import Gear, Patience

READS_AT_ONCE = 4
"""Accounts that are read by themselves at the same time; on two cores more gain nothing
(docs/en/clouds.md, "Costs")."""

SPEEDUP = 2
"""READS_AT_ONCE are counted as twice as fast as one by one. On two cores it is one and a half
times, and many clouds have more."""

LEAST_PAGE = 25
"""A page that fails is asked for again in halves, down to this size. Then it is left out, as one of
its accounts may be what breaks it, and these 25 are read one by one."""

PAGED_FOR_ONE = 2
"""An account read by itself costs at least as much as two on a page; ten and more are usual
(docs/en/clouds.md, "Costs")."""

MOST_ACCOUNTS = 250_000
"""After so many accounts the reading of a list ends. An audit keeps 700 bytes of each on the disk,
and a list without end would fill it. The largest cloud that is planned for has a hundred
thousand."""

TICK_S = 1.0
"""Longest time between two looks at the clock and at the progress while answers are awaited."""


class _Answer(NamedTuple):
    """What a call returned, and the seconds that it took."""

    value: Any
    took_s: float


class Reader:
    """Reads accounts of a cloud until `until`, a time of the monotonic clock.

    `timeout_s` is the longest that one answer may take; `tick` is called every second at least.
    Accounts that are read singly come `with_groups` also where these cost a second request.
    Every method that reads raises TimeIsUp, and the cloud's failure where it does not pass by
    itself.
    """

    def __init__(
        self,
        cloud: NextcloudAPIClient,
        log: Logger,
        page_size: int,
        timeout_s: float,
        until: float,
        tick: Callable[[], None],
        with_groups: bool = False,
    ) -> None:
        self._cloud = cloud
        self._with_groups = with_groups
        self._log = log
        self._tick = tick
        self._pool = ThreadPoolExecutor(READS_AT_ONCE)
        self._patience = Patience(until, log, cloud.note_pause)
        least, slow_s = min(LEAST_PAGE, page_size), timeout_s / 3
        self._page_size = Gear("accounts per page", log, least, page_size, page_size, slow_s)
        # The first request goes alone, so that no other is on its way where it is refused.
        self._at_once = Gear("accounts read at once", log, 1, READS_AT_ONCE, 1, slow_s)
        self.has_answered = False
        """Whether the cloud has answered anything."""
        self.failure: Optional[errors.CloudError] = None
        """The last failure in passing."""
        self._listed = 0
        self.hidden: Dict[int, str] = {}
        """Numbers of logins that `singly` was given whose accounts are there and not shown, though
        others are; with the cloud's words."""

    def close(self) -> None:
        """Lets the threads go; nobody waits for what is still on its way."""
        self._pool.shutdown(wait=False)

    def pages(self, services: Optional[int]) -> Iterator[List[Account]]:
        """All accounts, page after page; the next page is on its way while one is looked at.

        The order of pages follows display names, so a rename in between can repeat or hide an
        account. The pages end after the first where it costs less to read that number of
        `services` singly, and after one that brings nobody new, whatever the cloud says; None is
        for whoever wants all accounts. There are none where the cloud has no pages.
        Raises CloudUnreachable where all are wanted and there are more than MOST_ACCOUNTS.
        """
        if not self._has_pages():
            return
        gear, offset, pays, met = self._page_size, 0, services is None, Met()
        # The first page is never larger than what costs as much as the services by themselves.
        most = sys.maxsize if services is None else PAGED_FOR_ONE * services
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
            is_last = self._is_last(answer.value, size, met)
            if not (is_last or pays or services is None):
                pays = self._paging_pays(services, answer.took_s / size)
                is_last = not pays
            if not is_last:
                size, asked = self._ask_page(offset)
            yield answer.value.accounts
            if is_last:
                self._refuse_more(services is None)
                return

    def listed(self, wanted: Callable[[List[str]], List[str]]) -> Iterator[List[Account]]:
        """Of a cloud without pages of accounts those whose logins are `wanted` of each list.

        A list that brings nothing new is the last, whatever the cloud says. Raises CloudUnreachable
        where there are more than MOST_ACCOUNTS.
        """
        if self._has_pages():
            return
        before: List[str] = []
        offset, size = 0, self._page_size.now
        while True:
            answer = self._answer(self._send(self._cloud.logins_page, offset, size))
            if answer is None:
                continue
            if answer.value == before:
                return
            left = dict(enumerate(wanted(answer.value)))
            for _, account in self.singly(left):
                yield [account] if account is not None else []
            self.hidden.clear()  # whose numbers are none of services
            before, offset = answer.value, offset + size
            self._listed += len(before)
            if len(before) < size:
                return
            self._refuse_more(is_all_wanted=True)

    def _is_last(self, page: Page, size: int, met: Met) -> bool:
        """Whether nothing comes after a page of which `size` rows were asked for."""
        if not met.add(page.logins):
            if page.rows:
                self._log.warning(
                    "a page of accounts brings nobody new: the others are read singly"
                )
            return True
        self._listed += page.rows
        return page.rows < size or self._listed > MOST_ACCOUNTS

    def _refuse_more(self, is_all_wanted: bool) -> None:
        """Ends a list that does not seem to end, for whoever cannot do without the others."""
        if self._listed <= MOST_ACCOUNTS:
            return
        words = f"GET /cloud/users: over {MOST_ACCOUNTS} accounts"
        if is_all_wanted:
            raise errors.CloudUnreachable(words)
        self._log.warning("%s: the others are read singly", words)

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

        `paged_s` is what an account on a page costs. No cheap request tells how many accounts
        there are. One request for the single account at the place where paging stops to pay tells
        whether there are more, and what an account by itself costs; that may move the place, and
        then a second request follows.
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
        """The account of each login, under its number, as they come; None for no account.

        A few are read at a time. A login for which the cloud did not answer is left out, and
        the log says why.
        """
        waiting = iter(logins.items())
        flying: Dict[Future[_Answer], Tuple[int, int]] = {}
        while True:
            for number, login in islice(waiting, max(self._at_once.now - len(flying), 0)):
                asked = self._send(self._cloud.get_user, login, self._with_groups)
                flying[asked] = number, self._at_once.now
            if not flying:
                return
            for asked in self._done(flying):
                number, at_once = flying.pop(asked)
                answer = self._answer(asked, self._at_once, at_once)
                if answer is not None:
                    yield number, answer.value
                elif isinstance(self.failure, (errors.AccountUnreadable, errors.RightsMissing)):
                    self.hidden[number] = str(self.failure)

    def _send(self, call: Callable[..., Any], *args: object) -> "Future[_Answer]":
        def timed() -> _Answer:
            started = time.monotonic()
            return _Answer(call(*args), time.monotonic() - started)

        return self._pool.submit(timed)

    def _done(self, flying: "Collection[Future[_Answer]]") -> "Set[Future[_Answer]]":
        """The answers that have come, at least one."""
        while True:
            done, _ = wait(flying, TICK_S, FIRST_COMPLETED)
            self._tick()
            self._patience.check()
            if done:
                return done

    def _answer(
        self, asked: "Future[_Answer]", gear: Optional[Gear] = None, position: int = 0
    ) -> Optional[_Answer]:
        """An answer, or None after a failure that may pass and the pause for it.

        `position` is the number at which the gear stood when the request was sent.
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
        self._patience.pause(error, error.wait_s or 0.0)
