"""A provider who has a panel: as it was installed, or with services that have been lived in."""

import datetime
from contextlib import ExitStack, contextmanager
from typing import Dict, Iterator, Optional

from tests.browser.panel import Panel, Who
from tests.doubles.billmanager import ACTIVE, Stand
from tests.doubles.cloud import Cloud, Fault
from tests.doubles.webpay import Sandbox
from tests.e2e.shop import LIVE_SECRET, LIVE_STORE, SECRET, STORE, add_method
from tests.e2e.sites import DoubleSite
from tests.e2e.world import World

NOWHERE = "http://127.0.0.1:9"
"""The port of the protocol that throws everything away, on which nobody listens."""

CLIENT, OTHER = "Client 7", "Client 8"
INCLUDED_GIB, MORE_GIB, USED_GIB = 5, 5, 9.2
"""What the played-in service has and uses: more than the last threshold of its tariff."""


def broken_clouds() -> Dict[str, Cloud]:
    """Clouds with which the connection form goes wrong, each in its own way; none listens yet."""
    clouds = {
        **{name: Cloud() for name in ("moved", "not_a_cloud", "throttled", "maintenance")},
        "tls": Cloud(tls="self-signed"),
    }
    clouds["moved"].faults.append(Fault("redirect", times=None))
    clouds["not_a_cloud"].faults.append(Fault("html", times=None))
    clouds["throttled"].faults.append(Fault("throttle_http", path="/ocs/", times=None))
    clouds["maintenance"].maintenance = True
    return clouds


class Place:
    """A stand with its panel, its cloud, and where the money goes."""

    def __init__(self, stand: Stand, cloud: Cloud, panel: Panel, webpay: Sandbox) -> None:
        self.stand = stand
        self.cloud = cloud
        self.panel = panel
        self.webpay = webpay
        self.client = stand.add_account(CLIENT, emails=["client7@example.com"])
        panel.admin = (cloud.admin_login, cloud.admin_password)

    def who(self, name: Optional[str]) -> Who:
        """The client of that name, or the administrator for None."""
        if name is None:
            return Who("root", 30, "root")
        return next(one for one in self.panel.clients() if one.name == name)

    def connect(self) -> World:
        """A module on the cloud, two tariffs, and who sells them."""
        world = World(self.stand, DoubleSite(self.cloud), verify_ssl="on", timeout=30)
        world.client = self.client
        self.stand.sql("DELETE FROM user WHERE account <> %s", self.client)
        self.stand.sql("DELETE FROM account WHERE id <> %s", self.client)
        world.know_cloud()
        for name, gib in (("Cloud 5", INCLUDED_GIB), ("Cloud 50", 50)):
            tariff = world.tariff(gib=gib, group=f"tariff-{gib}", cloud_warn_at="80 90")
            self.stand.sql("UPDATE pricelist SET name = %s WHERE id = %s", name, tariff)
        self.panel.method = add_method(self.stand, self.webpay)
        return world

    def small(self) -> int:
        """The smaller tariff."""
        rows = self.stand.sql("SELECT MIN(id) AS id FROM pricelist WHERE parent IS NULL")
        return int(rows[0]["id"])


def count_days(stand: Stand, item: int, gib: float) -> None:
    """Has the last month of a service counted, up to yesterday."""
    today = datetime.date.today()
    for ago in range(1, 30):
        stand.sql(
            "INSERT INTO itemstat (item, statdate, param, value, measure)"
            " VALUES (%s, %s, %s, %s, %s)",
            *(item, today - datetime.timedelta(days=ago), "disk"),
            *(round(gib * (1 - ago / 60), 2), stand.measure("gib")),
        )


def live_in(place: Place) -> World:
    """A service that is open and nearly full, one that is suspended, and one that went wrong."""
    world = place.connect()
    item = world.opened(place.small(), ordered=MORE_GIB)
    count_days(place.stand, item, USED_GIB)
    world.site.store_bytes(world.login(item), "", int(USED_GIB * 1024**3))
    suspended = world.opened(place.small())
    world.another(item)
    world.run("suspend", suspended).check()
    place.stand.run("stat", module=world.module).check()
    world.client = place.stand.add_account(OTHER, emails=["client8@example.com"])
    wrong = world.opened(place.small())
    place.cloud.remove_user(world.login(wrong))
    world.run("setparam", wrong)
    place.stand.set_status(wrong, ACTIVE)
    return world


@contextmanager
def opened_place(port: int = 0, live: bool = False, preloaded: bool = True) -> Iterator[Place]:
    """A panel that knows nothing yet, and all that has to run beside it."""
    with ExitStack() as stack:
        stand = stack.enter_context(Stand(preloaded=preloaded))
        cloud = stack.enter_context(Cloud())
        webpay = stack.enter_context(Sandbox({STORE: SECRET, LIVE_STORE: LIVE_SECRET}))
        panel = stack.enter_context(Panel(stand, port, live))
        yield Place(stand, cloud, panel, webpay)


@contextmanager
def listening(clouds: Dict[str, Cloud]) -> Iterator[Dict[str, Cloud]]:
    """Has clouds listen as long as they are needed."""
    with ExitStack() as stack:
        for cloud in clouds.values():
            stack.enter_context(cloud)
        yield clouds
