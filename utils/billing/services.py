"""Services as BILLmanager has them: what they are, what is saved on them, their status."""

from logging import Logger
from typing import TYPE_CHECKING, Dict, List, Mapping, Optional, Sequence

from utils.base import errors
from utils.base.secret import Secret
from utils.base.values import Item, Mark
from utils.billing import mark
from utils.billing.doors import CRYPTED, Doors
from utils.billing.needs import FUNCTIONS, OPTIONAL
from utils.consts import (
    ITEM_ACCOUNT,
    ITEM_LOGIN,
    ITEM_MARK,
    ITEM_PASSWORD,
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

_SAVED_NAMES = (ITEM_LOGIN, ITEM_PASSWORD, ITEM_URL, ITEM_MARK)


class Services:
    """Reads services, and saves on them what the customer sees and whose the account is.

    Every method may raise DatabaseUnavailable, those that write CoreUnavailable and CoreRefused.
    """

    def __init__(self, doors: Doors, log: Logger) -> None:
        self._doors = doors
        self._log = log

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
        return self._item(row, self._saved([item_id]).get(item_id, {}))

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

    def status(self, item_id: int) -> Optional[int]:
        """The status of a service as it is now, or None where it is gone."""
        row = self._doors.db.row("SELECT status FROM item WHERE id = %s", item_id)
        return None if row is None else row["status"]

    def _saved(self, item_ids: List[int]) -> Dict[int, Dict[str, str]]:
        """What stands in both parameter tables; encrypted values under `crypted:<name>`."""
        wanted = (_some(item_ids), _SAVED_NAMES)
        rows = self._doors.db.rows(
            "SELECT item, intname, value FROM itemparam WHERE item IN %s AND intname IN %s"
            " UNION ALL SELECT item, CONCAT('crypted:', intname), value FROM itemcryptedparam"
            " WHERE item IN %s AND intname IN %s",
            *wanted,
            *wanted,
        )
        saved: Dict[int, Dict[str, str]] = {}
        for row in rows:
            saved.setdefault(row["item"], {})[row["intname"]] = row["value"] or ""
        return saved

    def _item(self, row: "Row", saved: Mapping[str, str], strict: bool = True) -> Item:
        password: Optional[Secret] = None
        own_mark: Optional[Mark] = None
        is_broken = False
        try:
            own_mark = self._mark(saved)
            if strict or own_mark is None:
                password = self._doors.secret(saved, ITEM_PASSWORD)
        except errors.SecretBroken as error:
            if strict:
                raise
            is_broken = True
            self._log.warning("service %d: %s", row["id"], error)
        return Item(
            id=row["id"],
            itemtype=row["itemtype"],
            status=row["status"],
            account_id=row["account"],
            tariff_id=row["pricelist"],
            last_tariff_id=row["lastpricelist"],
            trial=row["period"] == TRIAL_PERIOD,
            module_id=row["processingmodule"],
            saved_login=saved.get(ITEM_LOGIN, ""),
            saved_password=password,
            saved_url=saved.get(ITEM_URL, ""),
            mark=own_mark,
            password_is_crypted=bool(saved.get(CRYPTED + ITEM_PASSWORD)),
            is_broken=is_broken,
        )

    def _mark(self, saved: Mapping[str, str]) -> Optional[Mark]:
        """The mark, which only counts encrypted: an order form may let the client type a plain one.

        Raises SecretBroken where it does not decrypt, or to something that is no mark.
        """
        crypted = saved.get(CRYPTED + ITEM_MARK, "")
        if not crypted:
            return None
        text = self._doors.key.decrypt(crypted).reveal()
        own_mark = mark.from_text(text)
        if text and own_mark is None:
            raise errors.SecretBroken(ITEM_MARK)
        return own_mark

    # -- saving -------------------------------------------------------------------------------

    def save(self, item_id: int, values: Mapping[str, object]) -> None:
        """Saves parameters on a service, Secrets encrypted, and reads back that they are there.

        Values that are there already are left alone. Raises NotSaved.
        """
        from utils.billing.saving import Saving  # most commands only read

        Saving(self._doors, self._log).save(item_id, values)

    def save_mark(self, own_mark: Mark) -> None:
        """Writes the module's own mark on the service, before anything is made in the cloud."""
        self.save(own_mark.item_id, {ITEM_MARK: Secret(mark.to_text(own_mark))})
        self._log.info("marked as owner of %s", own_mark.login)

    def drop_mark(self, item_id: int) -> None:
        """Takes the mark off again: what it announced was refused and will never be."""
        self._doors.core.call(FUNCTIONS.drop_param, sok="ok", elid=item_id, name=ITEM_MARK)

    def save_login(self, item_id: int, login: str, password: Secret, base_url: str) -> None:
        """Saves what the customer sees: login, password, address.

        The login a second time where the type of product has a column of its own for it.
        """
        # The password comes last: ownership takes it for the sign that all was as ordered.
        self.save(
            item_id,
            {
                ITEM_LOGIN: login,
                **({ITEM_ACCOUNT: login} if self._shows_account(item_id) else {}),
                ITEM_URL: base_url,
                ITEM_PASSWORD: password,
            },
        )

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
