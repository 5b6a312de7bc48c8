"""Whom a client is told by: which of his users gets a word, and in which language.

Which user that is, and what is known of his language: docs/en/protocol.md, "Notifications".
"""

from functools import cached_property
from typing import NamedTuple, Optional

from utils.billing.doors import Doors
from utils.billing.needs import OPTIONAL

_USERS = "SELECT id{} FROM user WHERE account = %s AND {} ORDER BY id LIMIT 1"

_LANGUAGES = (OPTIONAL.user_language, OPTIONAL.user_language_word)


class Contact(NamedTuple):
    """The user who is told for his client; the code of his language is empty where nobody knows."""

    user_id: int
    language: str


class Contacts:
    """Reads them; every method may raise DatabaseUnavailable."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    def of(self, account_id: int) -> Optional[Contact]:
        """The client's first enabled user, who gets his e-mail too; None where he has none."""
        row = self._doors.db.row(self._query, account_id)
        if row is None:
            return None
        codes = ((row.get(column) or "").strip().lower() for _, column in _LANGUAGES)
        return Contact(row["id"], next(filter(None, codes), ""))

    @cached_property
    def _query(self) -> str:
        """The question, with the columns that BILLmanager's version has."""
        has_column = self._doors.db.has_column
        languages = [f", {column}" for table, column in _LANGUAGES if has_column(table, column)]
        is_switched = has_column(*OPTIONAL.user_disabled)
        enabled = "IFNULL(disabled, '') NOT IN ('on', '1', 'yes')" if is_switched else "1 = 1"
        return _USERS.format("".join(languages), enabled)
