"""What a client was told of a service, noted on the service itself: it goes where the service goes.

But a service that was given to another client has nothing that he was told. A memo is a parameter
of the service that no form shows. It says before a client is told that he is about to be, and
afterwards that he was.
"""

from datetime import date
from typing import Dict, Mapping, NamedTuple, Optional

from utils.billing.doors import Doors
from utils.billing.services import Services
from utils.consts import ITEM_MEMO

_BEGUN, _SENT = "begun", "sent"


class Memo(NamedTuple):
    """That the client of an account is told, or was, of an `occasion`: one word without blanks.

    `day` is the day on which that was begun. Unless it `is_sent` nobody knows whether he was told.
    """

    account_id: int
    occasion: str
    day: date
    is_sent: bool

    def __str__(self) -> str:
        state = _SENT if self.is_sent else _BEGUN
        return f"{self.occasion} {self.day.isoformat()} {state} {self.account_id}"


def read(text: str) -> Optional[Memo]:
    """The memo in a parameter's value, or None where it is none."""
    words = text.split()
    try:
        occasion, day, state, account = words
        is_sent = {_BEGUN: False, _SENT: True}[state]
        return Memo(int(account), occasion, date.fromisoformat(day), is_sent)
    except (ValueError, KeyError):
        return None


class Memos:
    """Reads and writes memos; there is one of each kind on a service, that of the last occasion.

    Every method may raise DatabaseUnavailable, those that write CoreUnavailable, CoreRefused and
    NotSaved.
    """

    def __init__(self, doors: Doors, services: Services) -> None:
        self._doors = doors
        self._services = services

    def of(self, accounts: Mapping[int, int], kind: str) -> Dict[int, Memo]:
        """The memos of services, by their ids; `accounts` has each service's client.

        Those without one are left out, as are those of a former client.
        """
        if not accounts:
            return {}
        name = ITEM_MEMO.format(kind)
        saved = self._doors.db.params([*accounts], [name])
        found = {item_id: read(values.get(name, "")) for item_id, values in saved.items()}
        return {
            item_id: memo
            for item_id, memo in found.items()
            if memo is not None and memo.account_id == accounts[item_id]
        }

    def note(self, item_id: int, kind: str, memo: Memo) -> None:
        """Puts a memo in the place of the last one of its kind."""
        self._services.save(item_id, {ITEM_MEMO.format(kind): str(memo)})

    def forget(self, item_id: int, kind: str) -> None:
        """Takes the memo off: whatever happens next is a new occasion."""
        self._services.drop(item_id, ITEM_MEMO.format(kind))
