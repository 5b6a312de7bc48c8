"""Which services name which accounts: by what is saved on them, or by their marks.

A service that names `user_` and its own number has a mark that says the same. To decrypt a mark
takes a millisecond, so only those of the others are read. Where a template makes names, that may be
all: what many of them say is remembered.
"""

from contextlib import suppress
from typing import (
    TYPE_CHECKING,
    Dict,
    Iterable,
    Iterator,
    List,
    NamedTuple,
    Sequence,
    Tuple,
)

from utils.base import errors, logins
from utils.billing.doors import Doors
from utils.billing.readmarks import ReadMarks
from utils.consts import (
    ITEM_LOGIN,
    ITEM_MARK,
    MODULE,
    STATUS_ACTIVE,
    STATUS_ORDERED,
    STATUS_PROCESSING,
    STATUS_SUSPENDED,
)

if TYPE_CHECKING:
    from utils.billing.database import Row

LIVING = (STATUS_ORDERED, STATUS_ACTIVE, STATUS_SUSPENDED, STATUS_PROCESSING)
"""Statuses of the services that have, or may yet get, an account."""

_ROWS = """
SELECT i.id, i.status, i.processingmodule AS module, i.account, i.pricelist, p.value AS login,
       c.value AS mark
  FROM item i
  JOIN processingmodule m ON m.id = i.processingmodule
  LEFT JOIN itemparam p ON p.item = i.id AND p.intname = %s
  LEFT JOIN itemcryptedparam c ON c.item = i.id AND c.intname = %s
 WHERE m.module = %s AND i.parent IS NULL
"""
_OF_ALL = (ITEM_LOGIN, ITEM_MARK, MODULE)
"""What stands in the places of those rows."""

_ODD = """
   AND (IFNULL(p.value, '') <> CONCAT('user_', i.id) AND IFNULL(p.value, c.value) IS NOT NULL)
"""
_MAY_NAME = """
   AND i.status IN %s AND i.id <> %s
   AND (INSTR(LOWER(p.value), %s) > 0
        OR c.value IS NOT NULL AND IFNULL(p.value, '') <> CONCAT('user_', i.id)
        OR c.value = (SELECT o.value FROM itemcryptedparam o WHERE o.item = %s AND o.intname = %s))
 ORDER BY i.id
"""
"""A copy whose login people have set to its own number is known by its mark, which is still the
same block of bytes as that of its old half."""

_SAVED_ANY = """
SELECT i.id, i.processingmodule AS module, p.value AS login
  FROM item i
  JOIN processingmodule m ON m.id = i.processingmodule
  JOIN itemparam p ON p.item = i.id AND p.intname = %s
 WHERE m.module = %s AND i.parent IS NULL AND i.status IN %s AND LOWER(TRIM(p.value)) IN %s
 ORDER BY i.id
"""


_ANY_ODD = """
SELECT i.id FROM item i JOIN itemparam p ON p.item = i.id AND p.intname = %s
 WHERE i.processingmodule = %s AND i.parent IS NULL AND i.status IN %s
   AND IFNULL(p.value, '') NOT IN ('', CONCAT('user_', i.id))
 LIMIT 1
"""


class Named(NamedTuple):
    """A service of any status, and the logins that it names, as `logins.fold` spells them."""

    item_id: int
    module_id: int
    status: int
    account_id: int
    tariff_id: int
    logins: Tuple[str, ...]


class Naming(NamedTuple):
    """A living service, its module, and the login that is saved on it, folded."""

    item_id: int
    module_id: int
    login: str


class Namings:
    """The services of all modules of this kind, by the logins that they name.

    Every method may raise DatabaseUnavailable, KeyUnavailable. What does not decrypt names nobody.
    """

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._marks = ReadMarks(doors)

    def of(self, login: str, besides: int) -> Dict[int, int]:
        """The other living services that name the login, or whose mark is for service `besides`.

        Each with its module. Living is what is ordered, active, suspended or in processing.
        """
        wanted = logins.fold(login)
        rows = self._doors.db.rows(
            _ROWS + _MAY_NAME, *_OF_ALL, LIVING, besides, wanted, besides, ITEM_MARK
        )
        found = {row["id"]: row["module"] for row in rows if self._names(row, login, besides)}
        self._marks.keep()
        return found

    def odd(self) -> List[Named]:
        """The services that name another login than `user_` and their number.

        Of any status. The others, nearly all, are found by their number.
        """
        found = [*map(self._named, self._doors.db.rows(_ROWS + _ODD, *_OF_ALL))]
        self._marks.keep()
        return found

    def has_odd(self, module_id: int) -> bool:
        """Whether a living service of the module has saved another login than its own number's."""
        return self._doors.db.row(_ANY_ODD, ITEM_LOGIN, module_id, LIVING) is not None

    def of_services(self, item_ids: Sequence[int]) -> List[Named]:
        """Those of the services that are of these modules, be they closed or not."""
        if not item_ids:
            return []
        rows = self._doors.db.rows(_ROWS + " AND i.id IN %s", *_OF_ALL, item_ids)
        return [*map(self._named, rows)]

    def of_any(self, wanted: Iterable[str]) -> List[Naming]:
        """The living services whose saved login is one of the wanted ones.

        Marks are not looked into; see `of`, which does for one login.
        """
        folded = {logins.fold(login) for login in wanted}
        rows = self._doors.db.rows(_SAVED_ANY, ITEM_LOGIN, MODULE, LIVING, [*folded] or (None,))
        found = (
            Naming(one["id"], one["module"], logins.fold(one["login"].strip())) for one in rows
        )
        return [one for one in found if one.login in folded]

    def _names(self, row: "Row", login: str, besides: int) -> bool:
        if logins.names(row["login"] or "", login):
            return True
        with suppress(errors.SecretBroken):
            said = self._marks.read(row["mark"] or "")
            if said is not None:
                return said.item_id == besides or logins.same(said.login, login)
        return False

    def _named(self, row: "Row") -> Named:
        return Named(
            item_id=row["id"],
            module_id=row["module"],
            status=row["status"],
            account_id=row["account"],
            tariff_id=row["pricelist"],
            logins=tuple(self._logins_of(row)),
        )

    def _logins_of(self, row: "Row") -> Iterator[str]:
        """Whose saved login is that of its own number has a mark for the same, so none is read."""
        saved = logins.fold((row["login"] or "").strip())
        if saved:
            yield saved
        if saved == f"user_{row['id']}":
            return
        with suppress(errors.SecretBroken):
            said = self._marks.read(row["mark"] or "")
            if said is not None and said.is_ours:
                yield logins.fold(said.login)
