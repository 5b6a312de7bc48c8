"""The users of BILLmanager: which client is the one that it names."""

from typing import Dict

from utils.billing.database import Database
from utils.billing.needs import OPTIONAL

MOST_NAME_CHARS = 255
"""Longest name of a user: BILLmanager's column holds no more."""


class Users:
    """Reads users; every method may raise DatabaseUnavailable."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def accounts(self, name: str) -> Dict[int, int]:
        """The account of each user that BILLmanager may mean by that name, by the user's number.

        It may be the number of one and the name of another: whoever asks has to tell what of them
        stands for nobody (docs/en/protocol.md, "Pages of plugins").
        """
        if not name or len(name) > MOST_NAME_CHARS:
            return {}
        number = int(name) if name.isascii() and name.isdigit() and len(name) <= 18 else None
        found = {}
        for row in self._db.rows("SELECT id, account FROM user WHERE id = %s", number):
            found[int(row["id"])] = int(row["account"])
        if self._db.has_column(*OPTIONAL.user_name):
            rows = self._db.rows("SELECT id, account, name FROM user WHERE name = %s", name)
            # A database takes many texts for the same.
            found.update({row["id"]: row["account"] for row in rows if row["name"] == name})
        return found
