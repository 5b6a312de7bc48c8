"""Clients of BILLmanager, as the accounts of their services are to know them.

A client may have several users; the first that is enabled stands for him. Which columns there are
beside his e-mail differs by version (docs/en/protocol.md, "Tables").
"""

import re
from functools import cached_property
from typing import Dict, FrozenSet, Iterable, NamedTuple, Optional, Set

from utils.base.logs import Logger
from utils.base.values import Client
from utils.billing.database import Database, Row
from utils.billing.needs import OPTIONAL
from utils.misc import validate_email

_NAMES = "SELECT id, name FROM account WHERE id IN %s"

_OF_CLIENTS = "account IN %s ORDER BY id DESC"
_OF_ENABLED = "account IN %s AND IFNULL(disabled, '') NOT IN ('on', '1', 'yes') ORDER BY id DESC"

_LANGUAGES = (OPTIONAL.user_language, OPTIONAL.user_language_word)
_DISABLED, _USER_NAME, _PERSON = (
    table_and_column[1]
    for table_and_column in (OPTIONAL.user_disabled, OPTIONAL.user_name, OPTIONAL.user_person)
)
_COLUMNS = (_DISABLED, _USER_NAME, _PERSON, *(column for _, column in _LANGUAGES))


class Contact(NamedTuple):
    """The user who is told for his client; the code of his language is empty where nobody knows."""

    user_id: int
    language: str


class Clients:
    """Reads clients. Every method may raise DatabaseUnavailable."""

    def __init__(self, db: Database, log: Logger) -> None:
        self._db = db
        self._log = log

    def names(self, account_ids: Set[int]) -> Dict[int, str]:
        """The names of clients."""
        if not account_ids:
            return {}
        rows = self._db.rows(_NAMES, sorted(account_ids))
        return {row["id"]: (row["name"] or "").strip() for row in rows}

    def of(self, account_ids: Iterable[int], with_names: bool = True) -> Dict[int, Client]:
        """The clients by their accounts, all of those that are asked for.

        What cannot be used as an e-mail is left out, and logged. The name, which takes a query of
        its own, only `with_names`.
        """
        wanted = set(account_ids)
        names = self.names(wanted) if with_names else {}
        clients = {one: Client(name=names.get(one, "")) for one in wanted}
        users = {row["account"]: row for row in self._users(wanted)}
        for account_id, row in users.items():
            clients[account_id] = self._with_user(clients[account_id], row)
        return clients

    def emails(self, account_ids: Iterable[int]) -> Dict[int, str]:
        """The address of each client's first enabled user, by account; none for a broken one."""
        clients = self.of(account_ids, with_names=False)
        return {account_id: one.email for account_id, one in clients.items() if one.email}

    def contact(self, account_id: int) -> Optional[Contact]:
        """The client's first enabled user, who gets his e-mail too; None where he has none."""
        contact = None
        for row in self._users({account_id}):
            contact = Contact(row["id"], _language(row).lower())
        return contact

    def _users(self, account_ids: Set[int]) -> Iterable[Row]:
        """The users of these clients, the first of each last."""
        there = self._columns
        columns = ", ".join(["id", "account", "email", *(one for one in _COLUMNS if one in there)])
        which = _OF_ENABLED if _DISABLED in there else _OF_CLIENTS
        return self._db.rows_of("user", columns, which, sorted(account_ids) or (None,))

    @cached_property
    def _columns(self) -> FrozenSet[str]:
        return frozenset(self._db.columns_of("user", _COLUMNS))

    def _with_user(self, client: Client, row: Row) -> Client:
        def text(column: str) -> str:
            return str(row.get(column) or "").strip()

        email = find_email(text("email"))
        if text("email") and not email:
            self._log.warning("the e-mail of account %d cannot be used", row["account"])
        return client._replace(
            person=text(_PERSON),
            user_name=text(_USER_NAME),
            email=email,
            language=_language(row),
        )


def _language(row: Row) -> str:
    languages = (str(row.get(column) or "").strip() for _, column in _LANGUAGES)
    return next(filter(None, languages), "")


def find_email(text: str) -> str:
    """The e-mail address in a text that people may have written, or an empty text.

    A name before the address in brackets, `mailto:` and blanks are left out.
    """
    found = re.search(r"<([^<>]*)>\s*\Z", text)
    address = (found.group(1) if found else text).strip()
    if address.lower().startswith("mailto:"):
        address = address[len("mailto:") :].strip()
    return address if validate_email(address) else ""
