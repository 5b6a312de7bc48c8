"""What the tests of the page have at hand: facts of a service, a context, a call."""

import logging
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Dict

from tests.unit.conftest import make_billing, make_item, make_server
from tests.unit.specs import double_of
from utils.accounts.ownership import Ownership, Record
from utils.api import NextcloudAPIClient
from utils.base.secret import Secret
from utils.base.values import Disk, Item
from utils.billing.statistics import Counted
from utils.consts import PAGE_FUNCTION, STATUS_ACTIVE
from utils.host.root import Host
from utils.host.settings import Settings
from utils.host.state import State
from utils.page.asked import Asked
from utils.page.facts import Facts, Used
from utils.run.call import Call
from utils.run.context import Context

GIB = 1024**3
TODAY = date(2026, 11, 26)
USER, CLIENT = "401", 201
RECORD = Record("user_1001", Secret("made-up-pw-77"), proved=True)


def asked(**changes: Any) -> Asked:
    """A client's call of the page of his service."""
    return Asked(PAGE_FUNCTION, 1001, USER, 16, "en")._replace(**changes)


def active(**changes: Any) -> Item:
    """An open service of that client, with what its customer sees."""
    seen = {"saved_login": "user_1001", "saved_url": make_server().base_url}
    return make_item(**{"status": STATUS_ACTIVE, "account_id": CLIENT, **seen, **changes})


def used(gib: float, days_ago: int = 0) -> Used:
    """So much, as it was counted on a day."""
    return Used(int(gib * GIB), TODAY - timedelta(days=days_ago))


def make_facts(**changes: Any) -> Facts:
    """What there is to show of a service of 5 GiB, of which 2 are in use."""
    days = (used(1, 2), used(2))
    facts = Facts(
        item=active(),
        today=TODAY,
        login="user_1001",
        address="https://cloud.example.com",
        product="Nextcloud",
        quota_bytes=5 * GIB,
        used=days[-1],
        days=days,
    )
    return facts._replace(**changes)


class Site:
    """A billing and a cloud of doubles, and the context of a page on them."""

    def __init__(self, tmp_path: Path, log: logging.Logger) -> None:
        self.billing = make_billing()
        self.item = active()
        self.billing.services.item.side_effect = lambda item_id: self.item
        self.billing.services.client_of.side_effect = lambda item_id: self.item.account_id
        self.billing.users.accounts.return_value = {401: CLIENT}
        self.billing.modules.server.return_value = make_server()
        self.billing.tariffs.quota.return_value = 5 * GIB
        self.billing.tariffs.disk.return_value = Disk("disk", 4, GIB)
        self.billing.tariffs.counted_bytes.side_effect = lambda one: int(one.value * GIB)
        self.billing.statistics.days.return_value = [Counted(date.today(), Decimal(2), 4, "disk")]
        self.billing.fingerprint.side_effect = lambda text: f"{hash(text):x}"
        self.owner: Any = double_of(Ownership)
        self.owner.record.return_value = RECORD
        self.owner.is_unsettled.return_value = False
        self.cloud: Any = double_of(NextcloudAPIClient)
        self.host = Host(str(tmp_path))
        self.log = log
        self.settings: Dict[str, Any] = {}
        (tmp_path / "var").mkdir(exist_ok=True)

    def context(self) -> Context:
        """The run of a page."""
        context = Context(
            Call("page"),
            self.host,
            billing=self.billing,
            log=self.log,
            settings=Settings(**self.settings),
            state=State(self.host.path("var/pmnextcloud")),
            client=lambda server, *more: self.cloud,
            owner=lambda item, server, cloud: self.owner,
        )
        context.cloud = lambda server: self.cloud
        return context
