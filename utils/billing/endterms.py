"""How the services of a tariff are suspended and how they end, as its form has it."""

from typing import Callable, Dict, Iterable, NamedTuple

from utils.base import errors
from utils.billing.database import Database
from utils.consts import (
    LOCK,
    MOST_KEEP_DAYS,
    MOST_WARN_DAYS,
    ON_CLOSE,
    SUSPENSIONS,
    TARIFF_KEEP_DAYS,
    TARIFF_ON_CLOSE,
    TARIFF_SUSPENSION,
    TARIFF_TERMS,
    TARIFF_TRIAL_GROUP,
    TARIFF_WARN_DAYS,
    WARN_DAYS,
    is_admin_group,
)
from utils.host.settings import Settings

_FIELDS = (
    "SELECT pricelist, intname, value FROM pricelistparam WHERE pricelist IN %s AND intname IN %s"
)


class EndTerms(NamedTuple):
    """What a tariff says, or where it says nothing, the settings."""

    on_close: str
    keep_days: int
    suspension: str
    warn_days: int


class EndTermsOfTariffs:
    """Reads them; every method may raise DatabaseUnavailable, SettingsBroken."""

    def __init__(self, db: Database, settings: Callable[[], Settings]) -> None:
        self._db = db
        self._settings = settings

    def of(self, tariff_id: int) -> EndTerms:
        """The terms of a tariff. Raises TermUnusable: a value that is none is no default."""
        return self._read(tariff_id, self._fields([tariff_id]).get(tariff_id, {}))

    def trial_groups(self, tariff_ids: Iterable[int]) -> Dict[int, str]:
        """The groups of trials, by tariff, where there is one. The administrators' is none."""
        found = {
            tariff_id: fields.get(TARIFF_TRIAL_GROUP, "")
            for tariff_id, fields in self._fields(tariff_ids).items()
        }
        return {one: group for one, group in found.items() if group and not is_admin_group(group)}

    def _fields(self, tariff_ids: Iterable[int]) -> Dict[int, Dict[str, str]]:
        fields: Dict[int, Dict[str, str]] = {}
        for row in self._db.rows(_FIELDS, [*tariff_ids] or (None,), TARIFF_TERMS):
            values = fields.setdefault(row["pricelist"], {})
            values[row["intname"]] = (row["value"] or "").strip()
        return fields

    def _read(self, tariff_id: int, fields: Dict[str, str]) -> EndTerms:
        settings = self._settings()
        return EndTerms(
            _choice(tariff_id, fields, TARIFF_ON_CLOSE, ON_CLOSE, settings.on_close),
            _number(tariff_id, fields, TARIFF_KEEP_DAYS, MOST_KEEP_DAYS, settings.keep_days),
            _choice(tariff_id, fields, TARIFF_SUSPENSION, SUSPENSIONS, LOCK),
            _number(tariff_id, fields, TARIFF_WARN_DAYS, MOST_WARN_DAYS, WARN_DAYS),
        )


def _choice(
    tariff_id: int, fields: Dict[str, str], name: str, words: Iterable[str], default: str
) -> str:
    text = fields.get(name, "")
    if text and text not in words:
        raise errors.TermUnusable(f"{tariff_id}, {name}: {text}")
    return text or default


def _number(tariff_id: int, fields: Dict[str, str], name: str, most: int, default: int) -> int:
    text = fields.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= most):
        raise errors.TermUnusable(f"{tariff_id}, {name}: {text}")
    return int(text)
