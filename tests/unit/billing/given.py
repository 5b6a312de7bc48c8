"""What BILLmanager has before a test of this room: a module, a paid service, what may be read."""

from typing import Any, Dict, List, Optional

from tests.doubles.billmanager import Stand
from utils.base.secret import Secret
from utils.base.values import Mark
from utils.billing import mark, needs
from utils.billing.key import Key

OWN = Mark(1001, "user_1001", "0123456789abcdef", Secret("Made-up-1"), is_made=True)
"""A mark as it is written once the account is there."""

OWN_TABLES = {name: columns for name, columns in needs.TABLES.items() if "." not in name}
"""Those that are BILLmanager's. The others are the database's own, which everybody may read."""


def declared() -> Dict[str, List[str]]:
    """The columns that the program says it reads."""
    known = {**OWN_TABLES, **needs.WRITTEN, **needs.PAYMENT_TABLES}
    columns = {table: [*names] for table, names in known.items()}
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


def sealed(stand: Stand, own_mark: Mark = OWN) -> str:
    """The mark as the stand's BILLmanager seals it."""
    return mark.to_text(own_mark, key_of(stand).seal)


def key_of(stand: Stand) -> Key:
    """The stand's key, as the program knows it."""
    return Key(str(stand.root / "etc/billmgr.pem"))


def having(stand: Stand, status: int, module_id: Optional[int] = None, **more: Any) -> int:
    """A service with that status."""
    item = order(stand, module_id, **more)
    stand.set_status(item, status)
    return item
