"""A BILLmanager for tests of letters: what stands on services, and what clients have got."""

import logging
from datetime import date
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from tests.unit.conftest import make_billing
from utils.base import errors
from utils.billing.clients import Contact
from utils.billing.memos import Memo
from utils.consts import STATUS_ACTIVE
from utils.host.root import Host
from utils.host.settings import Settings
from utils.run.call import Call
from utils.run.context import Context

DAY = date(2026, 11, 21)


class Killed(BaseException):
    """The process is gone."""


class Post:
    """Memos and notifications that outlive a run, which is killed at its effect number `deadly`.

    An effect that comes before the deadly one is there, the deadly one is not, unless `after`.
    """

    def __init__(self, folder: Path, log: logging.Logger) -> None:
        self.memos: Dict[Tuple[int, str], Memo] = {}
        self.sent: List[Tuple[int, str, str]] = []
        self.statuses: Dict[int, int] = {}
        self.contact: Optional[Contact] = Contact(401, "en")
        self.shows = True
        self.refusal: Optional[errors.PmError] = None
        self.of: Callable[[str], bool] = lambda subject: True
        """Which letters end so."""
        self.unwritable: Dict[int, errors.PmError] = {}
        """How what is noted on these services ends."""
        self.deadly, self.after = -1, False
        self.effects: List[str] = []
        self._folder = folder
        self._log = log

    def context(self, **settings: Any) -> Context:
        """The next run."""
        self.effects = []
        billing = make_billing()
        billing.memos.of.side_effect = self._of
        billing.memos.note.side_effect = self._note
        billing.memos.forget.side_effect = self._forget
        billing.notices.send.side_effect = self._send
        billing.notices.was_sent.side_effect = self._was_sent
        billing.clients.contact.side_effect = lambda account_id: self.contact
        billing.services.status.side_effect = lambda item: self.statuses.get(item, STATUS_ACTIVE)
        billing.tasks.department.return_value = 3
        billing.tasks.make.return_value = 77
        return Context(
            Call("stat", module=31),
            Host(str(self._folder)),
            billing=billing,
            log=self._log,
            settings=Settings(**settings),
        )

    def _effect(self, name: str, act: Any) -> None:
        number = len(self.effects)
        self.effects.append(name)
        if number == self.deadly and not self.after:
            raise Killed
        act()
        if number == self.deadly:
            raise Killed

    def _of(self, accounts: Mapping[int, int], kind: str) -> Dict[int, Memo]:
        found = {one: self.memos.get((one, kind)) for one in accounts}
        return {
            one: memo
            for one, memo in found.items()
            if memo is not None and memo.account_id == accounts[one]
        }

    def _fail(self, item_id: int) -> None:
        if item_id in self.unwritable:
            raise self.unwritable[item_id]

    def _note(self, item_id: int, kind: str, memo: Memo) -> None:
        self._fail(item_id)
        if self.memos.get((item_id, kind)) != memo:
            self._effect("note", lambda: self.memos.update({(item_id, kind): memo}))

    def _forget(self, item_id: int, kind: str) -> None:
        self._fail(item_id)
        self._effect("forget", lambda: self.memos.pop((item_id, kind), None))

    def _send(self, user_id: int, subject: str, text: str) -> None:
        def act() -> None:
            if self.refusal is not None and self.of(subject):
                raise self.refusal
            self.sent.append((user_id, subject, text))

        self._effect("send", act)

    def _was_sent(self, user_id: int, subjects: Sequence[str]) -> Optional[bool]:
        if not self.shows:
            return None
        return any(user == user_id and subject in subjects for user, subject, _ in self.sent)
