"""The BILLmanager double: private MariaDB, core behind mgrctl, and the module started in it.

with Stand() as stand:
    itemtype = stand.add_itemtype("backupservice")
    module = stand.add_module("http://127.0.0.1:8080", "admin", "made-up-password")
    item = stand.order(stand.add_tariff(itemtype), stand.add_account(), module, ordered=3)
    run = stand.run("open", item=item, runningoperation=stand.add_operation("open", item))
    assert run.check() and stand.item(item)["status"] == ACTIVE
"""

from .business import (
    ACTIVE,
    BY_ORDER,
    BY_STATISTICS,
    CHOICE,
    CHOICE_TIMES,
    CLIENT,
    DELETED,
    DEPARTMENT,
    ORDERED,
    PROCESSING,
    STAFF,
    SUSPENDED,
    Addon,
)
from .calls import Call, CoreFault, DropCall, Leak
from .mariadb import MariaDb, MariaDbError
from .payments import Payments
from .plugins import Handed, Visitor
from .runs import DEVNULL, ModuleProcess, Peak, Run
from .stand import Stand
from .web import CgiAnswer, PanelPage, Web

__all__ = [
    "ACTIVE",
    "BY_ORDER",
    "BY_STATISTICS",
    "CHOICE",
    "CHOICE_TIMES",
    "CLIENT",
    "DELETED",
    "DEPARTMENT",
    "DEVNULL",
    "ORDERED",
    "PROCESSING",
    "STAFF",
    "SUSPENDED",
    "Addon",
    "Call",
    "CgiAnswer",
    "CoreFault",
    "DropCall",
    "Handed",
    "Leak",
    "MariaDb",
    "MariaDbError",
    "ModuleProcess",
    "PanelPage",
    "Payments",
    "Peak",
    "Run",
    "Stand",
    "Visitor",
    "Web",
]
