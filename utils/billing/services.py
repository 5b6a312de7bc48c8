"""Services as BILLmanager has them: what they are, what is saved on them, their status."""

from datetime import date
from typing import (
    TYPE_CHECKING,
    Dict,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
)

from utils.base import address, errors
from utils.base.logs import Logger
from utils.base.secret import Secret, forgotten
from utils.base.values import Item, Mark, Place, Trust
from utils.billing import mark
from utils.billing.doors import CRYPTED, Doors
from utils.billing.needs import FUNCTIONS, OPTIONAL
from utils.billing.oldmarks import OldMarks
from utils.consts import (
    ITEM_ACCOUNT,
    ITEM_DOMAIN,
    ITEM_LEVEL,
    ITEM_LOGIN,
    ITEM_MARK,
    ITEM_PASSWORD,
    ITEM_TRIAL_GROUP,
    ITEM_URL,
    MODULE,
    STATUS_ACTIVE,
    STATUS_PROCESSING,
    STATUS_SUSPENDED,
    TRIAL_PERIOD,
)

if TYPE_CHECKING:
    from utils.billing.database import Row

_ITEM = """
SELECT i.id, i.status, i.account, i.pricelist, i.lastpricelist, i.period, i.processingmodule,
       t.intname AS itemtype, m.module
  FROM item i
  JOIN pricelist p ON p.id = i.pricelist
  JOIN itemtype t ON t.id = p.itemtype
  LEFT JOIN processingmodule m ON m.id = i.processingmodule
"""
_COUNTED = (STATUS_ACTIVE, STATUS_SUSPENDED, STATUS_PROCESSING)
"""Statuses of the services that may own an account and are counted."""

_UNMARKED = """
SELECT i.id, i.account, p.value AS login
  FROM item i
  LEFT JOIN itemparam p ON p.item = i.id AND p.intname = %s
  LEFT JOIN itemcryptedparam c ON c.item = i.id AND c.intname = %s
 WHERE i.processingmodule = %s AND i.parent IS NULL AND i.status IN %s AND i.id > %s
   AND IFNULL(c.value, '') = ''
 ORDER BY i.id LIMIT %s
"""

_PLACES = """
SELECT i.id, c.value AS mark, p.value AS url
  FROM item i
  JOIN itemcryptedparam c ON c.item = i.id AND c.intname = %s
  LEFT JOIN itemparam p ON p.item = i.id AND p.intname = %s
 WHERE i.processingmodule = %s AND i.parent IS NULL AND i.status IN %s
 ORDER BY i.id LIMIT %s
"""

_NOTED = """
SELECT i.id FROM item i
  JOIN itemparam p ON p.item = i.id AND p.intname = %s
 WHERE i.processingmodule = %s AND i.parent IS NULL AND i.status IN %s AND p.value <> ''
 ORDER BY i.id
"""

MOST_PLACES = 200
"""Services by which it is told where the accounts of a module are; each mark takes a millisecond.
The oldest are asked: nobody can put others before them."""

_SAVED_NAMES = (
    *(ITEM_LOGIN, ITEM_PASSWORD, ITEM_URL, ITEM_MARK, ITEM_ACCOUNT, ITEM_DOMAIN),
    *(ITEM_LEVEL, ITEM_TRIAL_GROUP),
)


class Saved(NamedTuple):
    """What stands on a service for its customer to see."""

    login: str
    password: Optional[Secret]
    url: str


class Unmarked(NamedTuple):
    """An open service without a mark of ours, and what is saved as its login."""

    item_id: int
    account_id: int
    login: str


class Services:
    """Reads services, and saves on them what the customer sees and whose the account is.

    Every method may raise DatabaseUnavailable, those that write CoreUnavailable and CoreRefused.
    """

    def __init__(self, doors: Doors, log: Logger) -> None:
        self._doors = doors
        self._log = log
        self._old_marks = OldMarks(doors.state, self._highest, log)

    # -- reading ------------------------------------------------------------------------------

    def item(self, item_id: int) -> Item:
        """The service with that id, with what is saved on it.

        Raises ItemNotFound where there is none or another module serves it, SecretBroken where
        what is saved on it does not decrypt.
        """
        row = self._doors.db.row(_ITEM + " WHERE i.id = %s AND i.parent IS NULL", item_id)
        if row is None:
            raise errors.ItemNotFound(item_id)
        if row["module"] != MODULE:
            raise errors.ItemNotFound(f"{item_id} ({row['module'] or '-'})")
        self._old_marks.begin()
        item = self._item(row, self._saved([item_id]).get(item_id, {}))
        if item.mark is not None and item.mark.trust is Trust.SEALED:
            self._old_marks.note_sealed(item_id)  # which an earlier run may not have lived to do
        return item

    def items(self, module_id: int, item_ids: List[int]) -> List[Item]:
        """Those of the services that ids() would have, in order of id.

        Only what tells whose an account is was decrypted: the mark, or without one the password.
        What does not decrypt is logged and left out of the service, which then `is_broken`.
        """
        rows = self._doors.db.rows(
            _ITEM + " WHERE i.processingmodule = %s AND i.parent IS NULL AND i.status IN %s"
            " AND i.id IN %s ORDER BY i.id",
            module_id,
            _COUNTED,
            _some(item_ids),
        )
        saved = self._saved([row["id"] for row in rows])
        return [self._item(row, saved.get(row["id"], {}), strict=False) for row in rows]

    def ids(self, module_id: int, after: int, count: int) -> List[int]:
        """The next services of a module that may own an account, in order of id, after `after`.

        At most `count`.
        """
        rows = self._doors.db.rows(
            "SELECT id FROM item WHERE processingmodule = %s AND parent IS NULL AND status IN %s"
            " AND id > %s ORDER BY id LIMIT %s",
            module_id,
            _COUNTED,
            after,
            count,
        )
        return [row["id"] for row in rows]

    def count(self, module_id: int) -> int:
        """How many services of a module may own an account."""
        row = self._doors.db.row(
            "SELECT COUNT(*) AS services FROM item"
            " WHERE processingmodule = %s AND parent IS NULL AND status IN %s",
            module_id,
            _COUNTED,
        )
        return int(row["services"]) if row else 0

    def by_status(self) -> Dict[Tuple[int, int], int]:
        """How many services there are of each of these modules and each status."""
        rows = self._doors.db.rows(
            "SELECT i.processingmodule AS module, i.status, COUNT(*) AS services FROM item i"
            " JOIN processingmodule m ON m.id = i.processingmodule"
            " WHERE m.module = %s AND i.parent IS NULL GROUP BY i.processingmodule, i.status",
            MODULE,
        )
        return {(row["module"], row["status"]): int(row["services"]) for row in rows}

    def sold(self, module_id: int, after: int, count: int) -> List[Item]:
        """The next services of ids(), as they were ordered, without anything saved on them."""
        rows = self._doors.db.rows(
            _ITEM + " WHERE i.processingmodule = %s AND i.parent IS NULL AND i.status IN %s"
            " AND i.id > %s ORDER BY i.id LIMIT %s",
            module_id,
            _COUNTED,
            after,
            count,
        )
        return [self._item(row, {}, strict=False) for row in rows]

    def of_client(self, module_id: int, account_id: int) -> List[int]:
        """The services of a client in a module that may own an account, in order of id."""
        rows = self._doors.db.rows(
            "SELECT id FROM item WHERE processingmodule = %s AND account = %s AND parent IS NULL"
            " AND status IN %s ORDER BY id",
            module_id,
            account_id,
            _COUNTED,
        )
        return [row["id"] for row in rows]

    def count_namesakes(self, module_id: int) -> int:
        """How many services of a module share their client, and so their e-mail, with another."""
        row = self._doors.db.row(
            "SELECT IFNULL(SUM(alike), 0) AS services FROM (SELECT COUNT(*) AS alike FROM item"
            " WHERE processingmodule = %s AND parent IS NULL AND status IN %s"
            " GROUP BY account HAVING COUNT(*) > 1) AS shared",
            module_id,
            _COUNTED,
        )
        return int(row["services"]) if row else 0

    def module_of(self, item_id: int) -> int:
        """The module of a service. Raises ItemNotFound."""
        row = self._doors.db.row("SELECT processingmodule FROM item WHERE id = %s", item_id)
        if row is None or row["processingmodule"] is None:
            raise errors.ItemNotFound(item_id)
        return int(row["processingmodule"])

    def client_of(self, item_id: int) -> Optional[int]:
        """The client of a service of these modules, or None where there is no such service."""
        row = self._doors.db.row(
            "SELECT i.account FROM item i JOIN processingmodule m ON m.id = i.processingmodule"
            " WHERE i.id = %s AND i.parent IS NULL AND m.module = %s",
            item_id,
            MODULE,
        )
        return None if row is None or row["account"] is None else int(row["account"])

    def status(self, item_id: int) -> Optional[int]:
        """The status of a service as it is now, or None where it is gone."""
        return self._doors.db.status(item_id)

    def saved(self, item_id: int) -> Optional[Saved]:
        """What is saved on any service of these modules, or None where there is no such service.

        Raises SecretBroken.
        """
        row = self._doors.db.row(_ITEM + " WHERE i.id = %s AND i.parent IS NULL", item_id)
        if row is None or row["module"] != MODULE:
            return None
        saved = self._saved([item_id]).get(item_id, {})
        password = self._doors.secret(saved, ITEM_PASSWORD)
        return Saved(saved.get(ITEM_LOGIN, ""), password, saved.get(ITEM_URL, ""))

    def opened(self, item_ids: Sequence[int]) -> Dict[int, date]:
        """On which day each service was opened, as far as BILLmanager's version tells it."""
        if not item_ids or not self._doors.db.has_column(*OPTIONAL.opened):
            return {}
        rows = self._doors.db.rows("SELECT id, opendate FROM item WHERE id IN %s", item_ids)
        return {row["id"]: row["opendate"] for row in rows if row["opendate"] is not None}

    def unmarked(self, module_id: int, after: int, count: int) -> List[Unmarked]:
        """The next open services of a module without a mark, in order of id, after `after`.

        At most `count`. Open is what is active or suspended.
        """
        statuses = (STATUS_ACTIVE, STATUS_SUSPENDED)
        rows = self._doors.db.rows(
            _UNMARKED, ITEM_LOGIN, ITEM_MARK, module_id, statuses, after, count
        )
        return [Unmarked(row["id"], row["account"], row["login"] or "") for row in rows]

    def places(self, module_id: int) -> List[Place]:
        """Where the accounts of the module's oldest services are: MOST_PLACES at most.

        Told is what a mark tells that this installation has sealed for that very service.
        """
        rows = self._doors.db.rows(_PLACES, ITEM_MARK, ITEM_URL, module_id, _COUNTED, MOST_PLACES)
        with forgotten():
            return [place for place in map(self._place, rows) if place is not None]

    def _place(self, row: "Row") -> Optional[Place]:
        try:
            own_mark = mark.read(row["mark"] or "", self._doors.key)
        except errors.SecretBroken:
            return None
        if own_mark is None or own_mark.trust is not Trust.SEALED or own_mark.item_id != row["id"]:
            return None
        try:
            url = address.clean(row["url"] or "")
        except errors.BadArguments:
            url = ""
        is_there = url and own_mark.server in address.digests(url)
        return Place(own_mark.item_id, own_mark.server, url if is_there else "")

    def _highest(self) -> int:
        """The highest number that a service has."""
        row = self._doors.db.row("SELECT MAX(id) AS id FROM item")
        return int(row["id"] or 0) if row else 0

    def _saved(self, item_ids: List[int]) -> Dict[int, Dict[str, str]]:
        """What is saved on services; encrypted values under `crypted:<name>`."""
        return self._doors.db.params(item_ids, _SAVED_NAMES)

    def _item(self, row: "Row", saved: Mapping[str, str], strict: bool = True) -> Item:
        is_crypted = bool(saved.get(CRYPTED + ITEM_PASSWORD))
        password: Optional[Secret] = None
        own_mark: Optional[Mark] = None
        is_broken = False
        try:
            own_mark = self._mark(row["id"], saved)
            if strict or own_mark is None:
                password = self._password(row["id"], saved, own_mark)
                is_crypted = is_crypted and password is not None
        except errors.SecretBroken as error:
            if strict:
                raise
            is_broken = True
            self._log.warning("service %d: %s", row["id"], error)
        return bare_item(row)._replace(
            saved_login=saved.get(ITEM_LOGIN, ""),
            saved_password=password,
            saved_url=saved.get(ITEM_URL, ""),
            mark=own_mark,
            password_is_crypted=is_crypted,
            is_broken=is_broken,
            saved_account=self._saved_account(row["id"], saved) if strict else None,
            level=saved.get(ITEM_LEVEL, ""),
            trial_group=saved.get(ITEM_TRIAL_GROUP, "").strip(),
            saved_domain=saved.get(ITEM_DOMAIN, ""),
        )

    def _password(
        self, item_id: int, saved: Mapping[str, str], own_mark: Optional[Mark]
    ) -> Optional[Secret]:
        """The saved password. Raises SecretBroken, unless a mark of ours knows another."""
        try:
            return self._doors.secret(saved, ITEM_PASSWORD)
        except errors.SecretBroken as error:
            if own_mark is None or own_mark.trust is Trust.NONE:
                raise
            self._log.warning("service %d: its saved password is lost: %s", item_id, error)
            return None

    def _mark(self, item_id: int, saved: Mapping[str, str]) -> Optional[Mark]:
        """The mark, which only counts encrypted: an order form may let the client type a plain one.

        Raises SecretBroken where it does not decrypt, or to something that is no mark.
        """
        own_mark = mark.read(saved.get(CRYPTED + ITEM_MARK, ""), self._doors.key)
        if own_mark is None or own_mark.trust is not Trust.OLD:
            return own_mark
        if self._old_marks.admits(item_id, own_mark.item_id):
            return own_mark
        self._log.warning("service %d: its mark has no seal, as no mark there may be now", item_id)
        return own_mark._replace(trust=Trust.NONE)

    # -- saving -------------------------------------------------------------------------------

    def save(self, item_id: int, values: Mapping[str, object]) -> None:
        """Saves parameters on a service, Secrets encrypted, and reads back that they are there.

        Values that are there already are left alone. Raises NotSaved.
        """
        from utils.billing.saving import Saving  # most commands only read

        Saving(self._doors, self._log).save(item_id, values)

    def excess_bytes(self, own_mark: Mark) -> int:
        """By how many bytes a mark is longer than BILLmanager can encrypt; 0 or less where none."""
        key = self._doors.key
        return len(mark.to_text(own_mark, key.seal).encode()) - key.capacity_bytes()

    def save_mark(self, own_mark: Mark) -> None:
        """Writes the module's own mark on the service, sealed.

        One that announces an account is written before anything is made in the cloud.
        """
        text = mark.to_text(own_mark, self._doors.key.seal)
        self.save(own_mark.item_id, {ITEM_MARK: Secret(text)})
        self._old_marks.note_sealed(own_mark.item_id)
        words = "owner" if own_mark.is_made else "owner to be"
        self._log.info("marked as %s of %s", words, own_mark.login)

    def drop_mark(self, item_id: int) -> None:
        """Takes the mark off again: what it announced was refused and will never be."""
        self._doors.core.call(FUNCTIONS.drop_param, sok="ok", elid=item_id, name=ITEM_MARK)

    def drop(self, item_id: int, name: str) -> None:
        """Takes a parameter of ours off a service. Raises NotSaved where it is still there."""
        self._doors.core.call(FUNCTIONS.drop_param, sok="ok", elid=item_id, name=name)
        if self._doors.db.params([item_id], [name]).get(item_id):
            raise errors.NotSaved(name)

    def noted(self, module_id: int, name: str, statuses: Sequence[int]) -> List[int]:
        """The services of a module in one of the statuses that have a parameter, in order of id."""
        rows = self._doors.db.rows(_NOTED, name, module_id, statuses)
        return [row["id"] for row in rows]

    def save_login(self, item_id: int, login: str, password: Secret, base_url: str) -> None:
        """Saves what the customer sees: login, password where one is known, address."""
        values: Dict[str, object] = {ITEM_LOGIN: login, ITEM_URL: base_url}
        if password:
            values[ITEM_PASSWORD] = password
        self.save_seen(item_id, values)

    def save_seen(self, item_id: int, values: Mapping[str, object]) -> None:
        """Saves some of what the customer sees.

        The login a second time where the type of product has a column of its own for it.
        """
        login = values.get(ITEM_LOGIN)
        if login is not None and self._shows_account(item_id):
            values = {ITEM_LOGIN: login, ITEM_ACCOUNT: login, **values}
        self.save(item_id, values)

    def _saved_account(self, item_id: int, saved: Mapping[str, str]) -> Optional[str]:
        """The login as it was saved a second time; None where the service has no place for it."""
        account = saved.get(ITEM_ACCOUNT)
        if account is None or account == saved.get(ITEM_LOGIN):
            return account
        return account if self._shows_account(item_id) else None

    def _shows_account(self, item_id: int) -> bool:
        """Whether services of its type show the name of the account; `backupservice` may."""
        if not self._doors.db.has_column(*OPTIONAL.type_params):
            return False
        return bool(
            self._doors.db.row(
                "SELECT 1 FROM item i JOIN pricelist p ON p.id = i.pricelist"
                " JOIN itemtypeparam t ON t.itemtype = p.itemtype"
                " WHERE i.id = %s AND t.intname = %s",
                item_id,
                ITEM_ACCOUNT,
            )
        )


def _some(values: Sequence[object]) -> Sequence[object]:
    """The values for an IN (...); NULL, which matches nothing, where there are none."""
    return values or (None,)


def bare_item(row: "Row") -> Item:
    """A service without what is saved on it."""
    return Item(
        id=row["id"],
        itemtype=row["itemtype"],
        status=row["status"],
        account_id=row["account"],
        tariff_id=row["pricelist"],
        last_tariff_id=row["lastpricelist"],
        trial=row["period"] == TRIAL_PERIOD,
        module_id=row["processingmodule"],
        saved_login="",
        saved_password=None,
        saved_url="",
        mark=None,
    )
