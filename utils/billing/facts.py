"""What this BILLmanager is like: its columns, internal names and functions; nothing of anybody.

For the document of utils.doctor.facts. All is read. A text is let out word by word, and only where
it is a plain internal name: whatever else stands in such a field is somebody's own.
"""

import re
from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Tuple, Union

from utils.billing.doors import Doors
from utils.billing.needs import FUNCTIONS, TABLES, WRITTEN
from utils.consts import (
    DISK_ADDONS,
    ITEM_LOGIN,
    ITEM_MARK,
    ITEM_PASSWORD,
    ITEM_TYPES,
    ITEM_URL,
    MODULE,
)

if TYPE_CHECKING:
    from utils.billing.mgrctl import Described

Fact = Union[None, int, str]

LATEST_DAYS = 14
"""Days of the statistics that are told: enough to see a rhythm."""

HIDDEN = "?"
"""Stands for a word that is no plain internal name."""

_WORD = re.compile(r"[a-z][a-z0-9_-]{0,63}", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]{1,20}([.][0-9]+)?", re.ASCII)
_LIKE_PHONE = re.compile(r"[0-9-]{6,}", re.ASCII)

ARGUMENTS = ("elid", "sok", "name", "value", "crypted", "date", "id", "level", "operation", "item")
"""What is looked for in the description of a function: names of arguments that the program uses."""


class Kind(NamedTuple):
    """Rows that are told: of a table those columns that it has."""

    table: str
    columns: Tuple[str, ...]
    which: str = "1 = 1"


KINDS = {
    "measures": Kind("measure", ("id", "intname", "relation", "lessmeasure")),
    "product_types": Kind(
        "itemtype",
        (
            *("id", "intname", "parent", "embedded", "need_processing", "statparam", "closetype"),
            *("closesubtype", "suspendperiod", "open_duration_limit", "splitexpense", "trialtype"),
        ),
    ),
    "rules": Kind(
        "itemtyperule",
        (
            *("itemtype", "intname", "billtype", "addontype", "measure", "needmodulecheck"),
            *("addonlimit", "addonstep", "addonmax", "addonbool", "create_default"),
        ),
    ),
    "parameters": Kind(
        "itemtypeparam",
        (
            *("itemtype", "intname", "embedded", "inputtype", "ordervisible", "openvisible"),
            *("editvisible", "editreadlevel", "editwritelevel", "listvisible", "crypted"),
            *("required", "needmodulecheck", "needsetparam"),
        ),
    ),
    "addons": Kind(
        "pricelist",
        ("itemtype", "intname", "active", "billtype", "addontype", "measure"),
        "parent IS NOT NULL",
    ),
}
"""Of add-ons neither ids nor sizes are told: what is sold is the provider's own business."""


_OF_OURS = """
  JOIN item i ON i.id = p.item JOIN processingmodule m ON m.id = i.processingmodule
 WHERE m.module = %s AND p.intname IN %s GROUP BY p.intname
"""
_SAVED = f"""
SELECT 'itemparam' AS tab, p.intname AS saved, COUNT(*) AS number FROM itemparam p {_OF_OURS}
 UNION ALL
SELECT 'itemcryptedparam', p.intname, COUNT(*) FROM itemcryptedparam p {_OF_OURS}
 ORDER BY tab, saved
"""  # noqa: S608  constants of this file


NOBODY = ("pmnextcloudnobody", "pmnextcloudnothing")
"""Names of functions that no BILLmanager has: two, to see whether both are told alike."""


class Function(NamedTuple):
    """What the core says of a function, whose words are looked for, not repeated.

    `is_known` is None where that cannot be told from what is said of a function that is not there.
    """

    is_known: Optional[bool]
    arguments: List[str]


class Facts:
    """Reads facts. Every method may raise DatabaseUnavailable, `functions` CoreUnavailable."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    def columns(self) -> Dict[str, Dict[str, str]]:
        """The columns of the tables that the program reads or tells of, with their types."""
        tables = {*TABLES, *WRITTEN, *(kind.table for kind in KINDS.values())}
        rows = self._doors.db.rows(
            "SELECT table_name AS tab, column_name AS col, data_type AS typ"
            " FROM information_schema.columns WHERE table_schema = DATABASE()"
            " AND table_name IN %s ORDER BY table_name, ordinal_position",
            sorted(tables),
        )
        found: Dict[str, Dict[str, str]] = {}
        for row in rows:
            found.setdefault(row["tab"], {})[row["col"]] = row["typ"]
        return found

    def rows(self, name: str) -> Optional[List[Dict[str, Fact]]]:
        """The rows of a kind, each once, with the columns that there are; None without them."""
        kind = KINDS[name]
        present = self.columns().get(kind.table, {})
        names = ", ".join(column for column in kind.columns if column in present)
        if not names:
            return None
        found = self._doors.db.distinct_rows(kind.table, names, kind.which)
        rows = [{name: _told(name, value) for name, value in row.items()} for row in found]
        return sorted(rows, key=str)

    def days(self) -> List[Dict[str, Fact]]:
        """The latest days of our services' statistics, with the number of rows."""
        rows = self._doors.db.rows(
            "SELECT s.statdate AS day, COUNT(*) AS number FROM itemstat s"
            " JOIN item i ON i.id = s.item JOIN processingmodule m ON m.id = i.processingmodule"
            " WHERE m.module = %s GROUP BY s.statdate ORDER BY s.statdate DESC LIMIT %s",
            MODULE,
            LATEST_DAYS,
        )
        return [{"day": str(row["day"]), "rows": row["number"]} for row in rows]

    def last_days(self) -> Optional[List[Fact]]:
        """For which day statistics ran last, by module; None where BILLmanager does not tell."""
        if not self._doors.db.has_column("processingmodule", "laststatdate"):
            return None
        rows = self._doors.db.rows(
            "SELECT laststatdate AS day FROM processingmodule WHERE module = %s ORDER BY id", MODULE
        )
        return [None if row["day"] is None else str(row["day"]) for row in rows]

    def saved(self) -> Dict[str, Dict[str, int]]:
        """How many of our services have which of the parameters that we save, by table.

        `name` and `value` are there where a core took our first form for the second one.
        """
        names = (ITEM_LOGIN, ITEM_PASSWORD, ITEM_URL, ITEM_MARK, "accountname", "name", "value")
        found: Dict[str, Dict[str, int]] = {"itemparam": {}, "itemcryptedparam": {}}
        for row in self._doors.db.rows(_SAVED, MODULE, names, MODULE, names):
            found[row["tab"]][row["saved"]] = row["number"]
        return found

    def functions(self) -> Dict[str, Function]:
        """Of each function that the program calls whether the core has it, by mgrctl's description.

        Nobody has seen such a description. So functions that there are not are described as well:
        what is told of those is told of none that there is.
        """
        names = [*FUNCTIONS, *(f"{name}.open" for name in ITEM_TYPES)]
        told = {name: self._describe(name) for name in names}
        strangers: Dict[str, List[Described]] = {}
        found = {}
        for name, described in told.items():
            owner = name.rpartition(".")[0]
            if owner not in strangers:
                strangers[owner] = [self._describe(f"{owner}.{word}".strip(".")) for word in NOBODY]
            found[name] = Function(_is_known(described, strangers[owner]), _arguments(described))
        if not found[FUNCTIONS.params].is_known:  # it was called, so it is there
            return {name: function._replace(is_known=None) for name, function in found.items()}
        return found

    def _describe(self, name: str) -> "Described":
        """What mgrctl tells of a function, without its name and numbers."""
        told = self._doors.core.describe(name)
        words = re.sub(r"[0-9]+", "0", told.words.replace(name, "*"))
        words = words.replace(name.rpartition(".")[2], "*")
        return told._replace(words=" ".join(words.split()))

    def said(self, command: List[str]) -> Optional[str]:
        """What another program of BILLmanager's says; None where it fails or takes too long."""
        from utils.billing.mgrctl import ask

        return ask(command)


def _is_known(described: "Described", strangers: "List[Described]") -> Optional[bool]:
    """Whether something else is told of a function than of `strangers`, which are not there."""
    first, *others = strangers
    return described != first if all(other == first for other in others) else None


def _arguments(described: "Described") -> List[str]:
    """Those of ARGUMENTS that stand in a description."""
    words = set(re.findall(r"\w+", described.words))
    return [word for word in ARGUMENTS if word in words]


def _told(column: str, value: object) -> Fact:
    """A field as it may be told: a number, or the words of an internal name."""
    if value is None or isinstance(value, int):
        return value
    text = str(value)
    if column != "intname" and _NUMBER.fullmatch(text):
        return text
    return " ".join(word if _is_plain(word) else HIDDEN for word in text.split())


def _is_plain(word: str) -> bool:
    is_name = word.casefold() in DISK_ADDONS or bool(_WORD.fullmatch(word))
    return is_name and not _LIKE_PHONE.search(word)
