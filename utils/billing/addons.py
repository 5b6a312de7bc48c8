"""The add-on of a tariff that sells space: which one it is, and how much of it was bought.

How BILLmanager names and counts add-ons: docs/en/protocol.md, "Space of a service".
"""

import re
from decimal import Decimal, InvalidOperation
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from utils.base import errors, sizes
from utils.billing.database import Database, Row
from utils.billing.needs import OPTIONAL
from utils.consts import (
    ADDON_CHOICE,
    ADDON_CHOICE_TIMES,
    ADDON_INTEGER,
    BILL_BY_STATISTICS,
    DISK_ADDONS,
)

_SEEMS_DISK = "LOWER(CONCAT_WS(' ', p.intname, t.intname)) REGEXP 'dis[ck]'"
"""Spares reading all the other add-ons; which of these rows are meant, `disk_word` says."""

_OF_TARIFF = """
       p.id AS addon_id, p.intname AS own_name, t.intname AS type_name, p.active, p.addontype,
       p.billtype, p.measure, p.addonlimit, p.addonlimittrial, p.addonmax, p.addonmaxtrial,
       p.enumerationitem"""
_SOLD = f"""
SELECT i.id AS item, a.id AS row_id, a.intvalue AS ordered, a.addonlimit AS own_limit,
       a.addonmax AS own_max, a.addonmaxtrial AS own_max_trial, a.enumerationitem AS own_choice,
       {_OF_TARIFF}
  FROM item i
  JOIN pricelist p ON p.parent = IFNULL(%s, i.pricelist) AND p.billtype NOT IN (4, 10)
  LEFT JOIN itemtype t ON t.id = p.itemtype
  LEFT JOIN item a ON a.parent = i.id AND a.pricelist = p.id
 WHERE (a.id IS NOT NULL OR (p.active = 'on' AND p.compound IS NULL))
   AND p.addontype IN %s AND {_SEEMS_DISK} AND i.id IN %s
 ORDER BY p.id
"""  # noqa: S608  made of constants
_OFFERED = f"""
SELECT NULL AS row_id, NULL AS ordered, NULL AS own_limit, NULL AS own_max, NULL AS own_max_trial,
       NULL AS own_choice, {_OF_TARIFF}
  FROM pricelist p
  LEFT JOIN itemtype t ON t.id = p.itemtype
 WHERE p.parent = %s AND p.active = 'on' AND p.billtype NOT IN (4, 10)
   AND p.addontype IN %s AND {_SEEMS_DISK}
 ORDER BY p.id
"""  # noqa: S608  made of constants
"""The same of a tariff, which may sell the space as part of a compound add-on."""

_KINDS = (ADDON_INTEGER, ADDON_CHOICE, ADDON_CHOICE_TIMES)
_BY_CHOICE = (ADDON_CHOICE, ADDON_CHOICE_TIMES)
_BETWEEN_WORDS = re.compile(r"[\s,;]+")


def words(name: Optional[str]) -> List[str]:
    """The words of an internal name, which is a list of the statistics that belong to an add-on."""
    return [word for word in _BETWEEN_WORDS.split(name or "") if word]


def disk_word(name: Optional[str]) -> str:
    """The first word of an internal name that stands for space, as it is written; "" for none."""
    return next((word for word in words(name) if word.lower() in DISK_ADDONS), "")


class Addon:
    """A row of the tariff with the service's own row of it.

    `word` is the one under which its usage is counted; `is_chosen` whether it is sold by choice.
    """

    def __init__(self, row: Row) -> None:
        self._row = row
        own_word = disk_word(row["own_name"])
        self.word = own_word or disk_word(row["type_name"])
        self.has_row = row["row_id"] is not None
        self.row_id: Optional[int] = row["row_id"]
        self.measure_id: Optional[int] = row["measure"]
        self.is_active = row["active"] == "on"
        self.is_chosen = row["addontype"] in _BY_CHOICE
        self.choice_id: Optional[int] = _first(row["own_choice"], row["enumerationitem"])
        self._is_renamed = bool(words(row["own_name"])) and not own_word

    def is_called(self, name: str) -> bool:
        """Whether a form means it by the name of one of its fields.

        That is `addon_` with its number, the number, or one of the words of its internal names.
        """
        if name in (f"addon_{self._row['addon_id']}", str(self._row["addon_id"])):
            return True
        own = {*words(self._row["own_name"]), *words(self._row["type_name"])}
        return not own.isdisjoint(words(name))

    @property
    def is_usable(self) -> bool:
        """Whether it sells space; a choice of which nothing is chosen sells nothing."""
        return bool(self.word) and not (self.is_chosen and self.choice_id is None)

    @property
    def rank(self) -> Tuple[bool, List[bool]]:
        """Sorts add-ons of one tariff: those that it calls so itself first, `disk` before `disc`.

        All words of the name count for that, and not only the one that is written.
        """
        named = self._row["type_name"] if self._is_renamed else self._row["own_name"]
        found = {word.lower() for word in words(named) or words(self._row["type_name"])}
        return (self._is_renamed, [name not in found for name in DISK_ADDONS])

    @property
    def is_by_statistics(self) -> bool:
        """Whether space is paid for as it is used, up to a maximum."""
        return bool(self._row["billtype"] == BILL_BY_STATISTICS) and not self.is_chosen

    def quantity(self) -> Optional[Decimal]:
        """How many of the chosen value are sold, or None where nobody says.

        What was ordered, else what is included. A plain choice is sold once.
        """
        row = self._row
        if row["addontype"] == ADDON_CHOICE:
            return Decimal(1)
        return decimal(_first(row["ordered"], row["own_limit"], row["addonlimit"]))

    def chosen_amount(self, number: Decimal, trial: bool) -> Decimal:
        """The amount that a form chooses by a number, in the add-on's measure.

        A form's number is the whole amount, of which the included one is the least
        (docs/en/protocol.md, "Checks"). A lower one can only be meant beside what is included.
        """
        row = self._row
        included = decimal(_first(row["own_limit"], row["addonlimit"])) or Decimal(0)
        amount = number if number >= included else included + number
        most = decimal(_first(row["own_max_trial"], row["addonmaxtrial"])) if trial else None
        return amount if most is None else min(amount, most)

    def amount(
        self, trial: bool, own_trial_limit: Any, included_is_most: bool
    ) -> Optional[Decimal]:
        """The amount in the add-on's measure; None is unlimited.

        `own_trial_limit` is the service's own included amount of a trial. By statistics without
        a maximum there is no limit, or the included amount where `included_is_most`; nothing
        included is no limit there: all that is used is paid for. Raises QuotaZero where a number
        is none.
        """
        row = self._row
        own = decimal(_first(own_trial_limit if trial else None, row["own_limit"]))
        included = decimal(
            _first(own_trial_limit, row["addonlimittrial"], row["own_limit"], row["addonlimit"])
            if trial
            else _first(row["own_limit"], row["addonlimit"])
        )
        most = decimal(_first(row["own_max"], row["addonmax"]))
        if not self.is_by_statistics:
            amount = (included or Decimal(0)) + (decimal(row["ordered"]) or Decimal(0))
            limits: List[Optional[Decimal]] = [amount]
        elif not own and most is None and included_is_most:
            limits = [included or None]
        else:
            limits = [own or None, most]
        if trial:
            limits.append(decimal(_first(row["own_max_trial"], row["addonmaxtrial"])))
        return min((limit for limit in limits if limit is not None), default=None)


def _first(*values: Any) -> Any:
    """The first value that is one, or None."""
    return next((value for value in values if value is not None), None)


def pick(addons: Sequence[Addon]) -> Optional[Addon]:
    """The add-on of one service or tariff that sells its space, or None where none does.

    One that is switched off counts for the services that bought it, as long as they have not
    bought one that is not.
    """
    usable = [addon for addon in addons if addon.is_usable]
    active = [addon for addon in usable if addon.is_active]
    off = [addon for addon in usable if not addon.is_active]
    in_force = off if off and not any(addon.has_row for addon in active) else active
    return min(in_force, key=lambda addon: addon.rank, default=None)


class Addons:
    """Reads add-ons; every method may raise DatabaseUnavailable."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._choices: Dict[int, str] = {}

    def of_items(self, item_ids: List[int], tariff_id: Optional[int] = None) -> Dict[int, Addon]:
        """The add-on that sells space, of each service that has one.

        By the service's tariff, or as if it had the one given.
        """
        if not item_ids:
            return {}
        found: Dict[int, List[Addon]] = {}
        for row in self._db.rows(_SOLD, tariff_id, _KINDS, item_ids):
            found.setdefault(row["item"], []).append(Addon(row))
        picked = {item_id: pick(addons) for item_id, addons in found.items()}
        return {item_id: addon for item_id, addon in picked.items() if addon is not None}

    def of_tariff(self, tariff_id: int) -> Optional[Addon]:
        """The add-on that sells the space of a tariff, if one does."""
        return pick([Addon(row) for row in self._db.rows(_OFFERED, tariff_id, _KINDS)])

    def own_trial_limit(self, addon: Addon) -> Any:
        """What the service's own row includes during a trial, or None.

        Not every BILLmanager has the column.
        """
        if addon.row_id is None or not self._db.has_column(*OPTIONAL.trial_limit):
            return None
        row = self._db.row("SELECT addonlimittrial FROM item WHERE id = %s", addon.row_id)
        return row["addonlimittrial"] if row else None

    def choice(self, addon: Addon) -> sizes.Choice:
        """The size that was chosen. Raises ChoiceUnreadable, which names the value."""
        name = self._choice_name(addon.choice_id)
        try:
            return sizes.parse_choice(name)
        except ValueError as error:
            raise errors.ChoiceUnreadable(name or f"({addon.choice_id})") from error

    def choice_named(self, choice_id: str) -> sizes.Choice:
        """The size of a value of a list, as a form chooses it: by its number, or by its name.

        Raises ChoiceUnreadable.
        """
        is_number = choice_id.isascii() and choice_id.isdigit() and len(choice_id) <= 18
        name = self._choice_name(int(choice_id)) if is_number else choice_id
        try:
            return sizes.parse_choice(name)
        except ValueError as error:
            raise errors.ChoiceUnreadable(name) from error

    def _choice_name(self, choice_id: Optional[int]) -> str:
        """The internal name of a value; many services have chosen the same one."""
        if choice_id is None:
            return ""
        if choice_id not in self._choices:
            row = self._db.row("SELECT intname FROM enumerationitem WHERE id = %s", choice_id)
            self._choices[choice_id] = ((row["intname"] if row else None) or "").strip()
        return self._choices[choice_id]


def decimal(value: Any) -> Optional[Decimal]:
    """A number however the database's driver hands it over; None stays None. Raises QuotaZero."""
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


def sells_space(names: Sequence[Mapping[str, Any]]) -> bool:
    """Whether one of the internal names stands for space."""
    return any(disk_word(row["intname"]) for row in names)
