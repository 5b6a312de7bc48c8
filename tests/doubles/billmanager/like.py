"""Makes a stand a BILLmanager like the one that a document of `doctor --facts` tells of.

What the document does not tell stays as the stand has it: it tells nothing of customers, tariffs
and sizes. `evidence.json` is one made by hand of what is known of the tables of a live system.
"""

import json
from pathlib import Path
from typing import Any, Dict, List, Optional

from .stand import Stand

EVIDENCE = Path(__file__).with_name("evidence.json")
FORMS = {"name= value=": "name", "<name>=<value>": "pairs"}
"""The forms of service.saveparam in the words of the document and of the stand."""

UNTOLD_TYPE = "VARCHAR(255)"
TYPES = {"varchar": UNTOLD_TYPE, "decimal": "DECIMAL(24,4)", "": UNTOLD_TYPE, "enum": UNTOLD_TYPE}
"""What a type is where its name alone makes no column; others are taken as they are told."""

ROWS = {"product_types": "itemtype", "rules": "itemtyperule", "parameters": "itemtypeparam"}


def read(path: Path = EVIDENCE) -> Dict[str, Any]:
    """A document that was kept."""
    document: Dict[str, Any] = json.loads(path.read_text("utf-8"))
    return document


def liken(stand: Stand, document: Dict[str, Any]) -> None:
    """Gives a new stand the tables, types, parameters, measures and functions of the document."""
    for table, columns in _told(document, "columns").items():
        _columns(stand, table, columns)
    for part, table in ROWS.items():
        for row in _rows(document, part):
            _row(stand, table, row)
    measures = _rows(document, "measures")
    if measures:
        _measures(stand, measures)
    for name, function in _told(document, "functions").items():
        if function["is_known"] is False:  # of what could not be told nothing is made
            stand.hidden_functions.add(name)
    form: Optional[str] = _told(document, "saveparam").get("form")
    if form is not None:
        stand.saveparam_form = FORMS[form]


def _told(document: Dict[str, Any], part: str) -> Dict[str, Any]:
    """A part, or an empty one where it could not be read."""
    found: Dict[str, Any] = document[part]
    return {} if "unread" in found else found


def _rows(document: Dict[str, Any], part: str) -> List[Dict[str, Any]]:
    found = document[part]
    return found if isinstance(found, list) else []


def _present(stand: Stand, table: str) -> List[str]:
    rows = stand.sql(
        "SELECT column_name AS name FROM information_schema.columns"
        " WHERE table_schema = DATABASE() AND table_name = %s",
        table,
    )
    return [row["name"] for row in rows]


def _columns(stand: Stand, table: str, columns: Dict[str, str]) -> None:
    """The table has the columns that are told, and of others those that the stand cannot miss."""
    present = _present(stand, table)
    if not present:
        stand.sql(f"CREATE TABLE `{table}` (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY)")
        present = ["id"]
    for column, kind in columns.items():
        if column not in present:
            made = TYPES.get(kind, kind)
            stand.sql(f"ALTER TABLE `{table}` ADD COLUMN `{column}` {made} NULL")
    for column in present:
        if column not in columns and column != "id":
            _drop(stand, table, column)


def _drop(stand: Stand, table: str, column: str) -> None:
    keys = stand.sql(
        "SELECT constraint_name AS name FROM information_schema.key_column_usage"
        " WHERE table_schema = DATABASE() AND table_name = %s AND column_name = %s"
        " AND referenced_table_name IS NOT NULL",
        table,
        column,
    )
    for key in keys:
        stand.sql(f"ALTER TABLE `{table}` DROP FOREIGN KEY `{key['name']}`")
    stand.sql(f"ALTER TABLE `{table}` DROP COLUMN `{column}`")


def _row(stand: Stand, table: str, row: Dict[str, Any]) -> None:
    present = _present(stand, table)
    values = {name: value for name, value in row.items() if name in present and value is not None}
    if table == "itemtype":
        values["name"] = row.get("intname") or "Type"
        if stand.sql("SELECT id FROM itemtype WHERE id = %s", row["id"]):
            return
    if values:
        stand.database.insert(table, **values)


def _measures(stand: Stand, rows: List[Dict[str, Any]]) -> None:
    """The measures under their own numbers; tariffs of a test find them by their names."""
    stand.sql("UPDATE measure SET lessmeasure = NULL")
    stand.sql("DELETE FROM measure")
    for row in rows:
        stand.database.insert("measure", **{**row, "lessmeasure": None})
    for row in rows:
        stand.sql(
            "UPDATE measure SET lessmeasure = %s WHERE id = %s", row["lessmeasure"], row["id"]
        )
