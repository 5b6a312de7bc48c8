"""What BILLmanager has before a test of this room: a module, a paid service, what may be read."""

from typing import Any, Dict, List, Optional

from tests.doubles.billmanager import Stand
from utils.billing import needs

OWN_TABLES = {name: columns for name, columns in needs.TABLES.items() if "." not in name}
"""Those that are BILLmanager's. The others are the database's own, which everybody may read."""


def declared() -> Dict[str, List[str]]:
    """The columns that the program says it reads."""
    columns = {table: [*names] for table, names in {**OWN_TABLES, **needs.WRITTEN}.items()}
    for table, *names in needs.OPTIONAL:
        columns.setdefault(table, []).extend(names)
    return columns


def module(stand: Stand, **changes: Any) -> int:
    """A module of a cloud that is not there."""
    values = {
        "base_url": "https://cloud.example.com/nc",
        "login": "admin",
        "password": "made-up-77",
    }
    return stand.add_module(**{**values, **changes})


def order(stand: Stand, module_id: Optional[int] = None, **more: Any) -> int:
    """A paid service."""
    tariff = stand.add_tariff(stand.add_itemtype("backupservice"))
    return stand.order(tariff, stand.add_account(), module_id or module(stand), **more)
