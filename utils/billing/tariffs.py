"""What tariffs and their add-ons promise the customer, and which tariffs a module serves.

How add-ons add up: docs/en/protocol.md, "Space of a service".
"""

import re
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from logging import Logger
from typing import Any, Dict, List, NamedTuple, Optional

from utils.base import errors, sizes
from utils.base.values import Disk, Item, Order
from utils.billing.database import Database, Row
from utils.billing.needs import OPTIONAL
from utils.consts import (
    ADDON_INTEGER,
    BILL_BY_STATISTICS,
    DISK_ADDONS,
    ITEM_TYPES,
    TARIFF_GROUP,
    is_admin_group,
)
from utils.misc import validate_email, validate_quota

_ADDONS = """
SELECT i.id AS item, IFNULL(NULLIF(p.intname, ''), t.intname) AS name, p.billtype,
       p.measure, IFNULL(a.addonlimit, p.addonlimit) AS included, a.intvalue AS extra,
       IFNULL(a.addonmax, p.addonmax) AS cap, IFNULL(a.addonmaxtrial, p.addonmaxtrial) AS trial_cap
  FROM item i
  JOIN pricelist p
    ON p.parent = IFNULL(%s, i.pricelist) AND p.active = 'on' AND p.billtype NOT IN (4, 10)
  LEFT JOIN itemtype t ON t.id = p.itemtype
  LEFT JOIN item a ON a.parent = i.id AND a.pricelist = p.id
 WHERE (p.compound IS NULL OR a.id IS NOT NULL)
   AND p.addontype = %s AND IFNULL(NULLIF(p.intname, ''), t.intname) IN %s AND i.id IN %s
 ORDER BY p.id
"""
_OFFERED = """
SELECT IFNULL(NULLIF(p.intname, ''), t.intname) AS name, p.billtype, p.measure,
       p.addonlimit AS included, NULL AS extra, p.addonmax AS cap, p.addonmaxtrial AS trial_cap
  FROM pricelist p
  LEFT JOIN itemtype t ON t.id = p.itemtype
 WHERE p.parent = %s AND p.active = 'on' AND p.billtype NOT IN (4, 10)
   AND p.addontype = %s AND IFNULL(NULLIF(p.intname, ''), t.intname) IN %s
 ORDER BY p.id
"""
"""The same of a tariff, which may sell the space as part of a compound add-on."""

_EMAIL = "SELECT email FROM user WHERE account = %s ORDER BY id LIMIT 1"
_EMAIL_ENABLED = """
SELECT email FROM user
 WHERE account = %s AND IFNULL(disabled, '') NOT IN ('on', '1', 'yes') ORDER BY id LIMIT 1
"""
_KNOWN_MEASURES = {"byte": 0, "b": 0, "kib": 1, "mib": 2, "gib": 3, "tib": 4, "pib": 5}


class Measure(NamedTuple):
    """A row of BILLmanager's table `measure`: one of it is `relation` of the lesser one."""

    name: str
    relation: Optional[Decimal]
    lesser_id: Optional[int]


class Tariffs:
    """Reads tariffs; every method may raise DatabaseUnavailable."""

    def __init__(self, db: Database, log: Logger) -> None:
        self._log = log
        self._db = db
        self._measures: Optional[Dict[int, Measure]] = None

    # -- what is sold -------------------------------------------------------------------------

    def product_types(self) -> List[str]:
        """The types of product that the module serves, as far as BILLmanager has them."""
        rows = self._db.rows(
            "SELECT intname FROM itemtype WHERE parent IS NULL AND intname IN %s ORDER BY id",
            ITEM_TYPES,
        )
        return [row["intname"] for row in rows]

    def sells_space(self) -> bool:
        """Whether any of those types has an add-on that sells space."""
        return bool(
            self._db.row(
                "SELECT 1 FROM itemtype a JOIN itemtype t ON t.id = a.parent"
                " WHERE t.parent IS NULL AND t.intname IN %s AND a.intname IN %s",
                ITEM_TYPES,
                DISK_ADDONS,
            )
        )

    def served_by(self, module_ids: List[int]) -> List[int]:
        """The active tariffs that the modules serve, each once."""
        if not module_ids:
            return []
        rows = self._db.rows(
            "SELECT DISTINCT p.id FROM pricelist p"
            " JOIN processingmodule2pricelist l ON l.pricelist = p.id"
            " WHERE l.processingmodule IN %s AND p.parent IS NULL AND p.active = 'on'"
            " ORDER BY p.id",
            module_ids,
        )
        return [row["id"] for row in rows]

    # -- what is ordered ----------------------------------------------------------------------

    def order(self, item: Item, with_client: bool, with_name: bool = False) -> Order:
        """What the service is to be: quota and group, and for `with_client` the client's e-mail.

        Raises QuotaMissing, QuotaZero, MeasureUnknown, GroupForbidden.
        """
        quota_bytes = self.quota(item)
        group = self.group(item.tariff_id)
        if is_admin_group(group):
            raise errors.GroupForbidden(group)
        return Order(
            quota_bytes=quota_bytes,
            group=group,
            email=self._email(item.account_id) if with_client else "",
            display_name=self._client_name(item.account_id) if with_name else "",
        )

    def group(self, tariff_id: int) -> str:
        """The cloud's group of a tariff, or an empty text."""
        row = self._db.row(
            "SELECT value FROM pricelistparam WHERE pricelist = %s AND intname = %s",
            tariff_id,
            TARIFF_GROUP,
        )
        return (row["value"] or "").strip() if row else ""

    def quota(self, item: Item) -> float:
        """The ordered bytes of a service, or sizes.UNLIMITED.

        Raises QuotaMissing, QuotaZero, MeasureUnknown.
        """
        return self._bytes(self._disk_addon(item), item.trial)

    def included(self, tariff_id: int) -> float:
        """The bytes of a service that orders nothing beyond the tariff, or sizes.UNLIMITED.

        Raises QuotaMissing, QuotaZero, MeasureUnknown.
        """
        addon = _first_disk(self._db.rows(_OFFERED, tariff_id, ADDON_INTEGER, DISK_ADDONS))
        if addon is None:
            raise errors.QuotaMissing(tariff_id)
        return self._bytes(addon, trial=False)

    def _bytes(self, addon: Row, trial: bool) -> float:
        """What the add-on sells. Raises QuotaZero, MeasureUnknown."""
        amount = _amount(addon, trial)
        if amount is None:
            return sizes.UNLIMITED
        return validate_quota(amount * self._unit_bytes(addon["measure"]))

    def disks(self, items: List[Item]) -> Dict[int, Disk]:
        """What the usage of each service is counted on, by id; those without are left out."""
        disks = {}
        for item_id, addon in self._disk_addons(items).items():
            with suppress(errors.MeasureUnknown):
                disks[item_id] = self._disk(addon)
        return disks

    def disk(self, item: Item) -> Disk:
        """What the usage of a service is counted on. Raises QuotaMissing, MeasureUnknown."""
        return self._disk(self._disk_addon(item))

    def _disk(self, addon: Row) -> Disk:
        return Disk(addon["name"], addon["measure"], self._unit_bytes(addon["measure"]))

    def _disk_addon(self, item: Item) -> Row:
        addon = self._disk_addons([item], item.tariff_id).get(item.id)
        if addon is None:
            raise errors.QuotaMissing(item.tariff_id)
        return addon

    def _disk_addons(self, items: List[Item], tariff_id: Optional[int] = None) -> Dict[int, Row]:
        """The add-on that sells space, of each service that has one: `disk` before `disc`.

        By the service's tariff, or as if it had the one given.
        """
        if not items:
            return {}
        rows = self._db.rows(
            _ADDONS, tariff_id, ADDON_INTEGER, DISK_ADDONS, [item.id for item in items]
        )
        of_item: Dict[int, List[Row]] = {}
        for row in rows:
            of_item.setdefault(row["item"], []).append(row)
        found = {item_id: _first_disk(addons) for item_id, addons in of_item.items()}
        return {item_id: addon for item_id, addon in found.items() if addon is not None}

    def _unit_bytes(self, measure_id: Optional[int]) -> int:
        """How many bytes one of the measure is, down BILLmanager's own chain of measures."""
        if self._measures is None:
            self._measures = {
                row["id"]: Measure(row["intname"], row["relation"], row["lessmeasure"])
                for row in self._db.rows("SELECT id, intname, relation, lessmeasure FROM measure")
            }
        factor, lesser_id = Decimal(1), measure_id
        for _ in self._measures:  # no longer than the chain can be, in case it is a circle
            measure = self._measures.get(lesser_id) if lesser_id is not None else None
            if measure is None:
                break
            power = _KNOWN_MEASURES.get(measure.name.lower())
            if power is not None:
                return int(factor * 1024**power)
            relation = _decimal(measure.relation)
            if relation is None or relation <= 0:
                break
            factor *= relation
            lesser_id = measure.lesser_id
        raise errors.MeasureUnknown(measure_id)

    def _email(self, account_id: int) -> str:
        """The address of the client's first enabled user; empty for none or a broken one."""
        has_switch = self._db.has_column(*OPTIONAL.user_disabled)
        row = self._db.row(_EMAIL_ENABLED if has_switch else _EMAIL, account_id)
        text = (row["email"] or "").strip() if row else ""
        address = find_email(text)
        if text and not address:
            self._log.warning("the e-mail of account %d cannot be used", account_id)
        return address

    def _client_name(self, account_id: int) -> str:
        row = self._db.row("SELECT name FROM account WHERE id = %s", account_id)
        return (row["name"] or "").strip()[:64] if row else ""


def find_email(text: str) -> str:
    """The e-mail address in a text that people may have written, or an empty text.

    A name before the address in brackets, `mailto:` and blanks are left out.
    """
    found = re.search(r"<([^<>]*)>\s*\Z", text)
    address = (found.group(1) if found else text).strip()
    if address.lower().startswith("mailto:"):
        address = address[len("mailto:") :].strip()
    return address if validate_email(address) else ""


def _first_disk(rows: List[Row]) -> Optional[Row]:
    """The add-on that counts; the database compares names without letter case and end blanks."""
    for name in DISK_ADDONS:
        for row in rows:
            if row["name"].strip().lower() == name:
                return row
    return None


def _amount(addon: Row, trial: bool) -> Optional[Decimal]:
    """The amount in the add-on's measure; None is unlimited: by statistics, without a cap."""
    if addon["billtype"] == BILL_BY_STATISTICS:
        amount = _decimal(addon["cap"])
    else:
        amount = (_decimal(addon["included"]) or Decimal(0)) + (
            _decimal(addon["extra"]) or Decimal(0)
        )
    trial_cap = _decimal(addon["trial_cap"])
    if trial and trial_cap is not None and (amount is None or trial_cap < amount):
        return trial_cap
    return amount


def _decimal(value: Any) -> Optional[Decimal]:
    """A number however the database's driver hands it over; None stays None."""
    if value is None:
        return None
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)
    try:
        number = Decimal(text.strip())
    except InvalidOperation as error:
        raise errors.QuotaZero(text) from error
    if not number.is_finite():
        raise errors.QuotaZero(text)
    return number
