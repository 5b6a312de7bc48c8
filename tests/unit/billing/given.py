"""What BILLmanager has before a test of this room: a module, a paid service."""

from typing import Any, Optional

from tests.doubles.billmanager import Stand


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
