"""Which cloud it is: asked once, remembered, and asked again when an answer contradicts."""

import json
from typing import Any, Dict, List

import pytest

from tests.doubles.billmanager import ACTIVE, Stand
from tests.doubles.cloud import (
    NEXTCLOUD_29,
    NEXTCLOUD_34,
    OWNCLOUD_10,
    Cloud,
    Fault,
    Profile,
)
from tests.e2e.sites import DoubleSite
from tests.e2e.world import World
from tests.tools import table

STATUS = "/status.php"
INFINITE_SCALE = {
    "installed": True,
    "maintenance": False,
    "needsDbUpgrade": False,
    "version": "10.11.0.0",
    "versionstring": "10.11.0",
    "edition": "Community",
    "productname": "Infinite Scale",
    "product": "Infinite Scale",
    "productversion": "5.0.0",
}


def double(world: World) -> Cloud:
    """The world's cloud, known to be the double."""
    assert isinstance(world.site, DoubleSite)
    return world.site.cloud


def kept(world: World) -> str:
    """The product that the module remembers."""
    path = world.stand.root / f"var/pmnextcloud/product-{world.module}.json"
    product: str = json.loads(path.read_text("utf-8"))["product"]
    return product


def asked(world: World) -> List[str]:
    """What was asked of the cloud, and forgets it."""
    paths = [
        f"{seen.method} {seen.path.rpartition('/cloud/')[2]}" for seen in double(world).requests
    ]
    double(world).requests.clear()
    return paths


def shown(world: World, status: Dict[str, Any]) -> None:
    """Puts another document in the place of status.php."""
    body = json.dumps(status).encode()
    double(world).faults.append(
        Fault("status", path=STATUS, times=None, code=200, body=body, effect=False)
    )


@pytest.mark.every_cloud
def test_it_is_asked_once_and_then_known(world: World) -> None:
    world.opened()
    assert asked(world).count("GET /status.php") == 1
    item = world.opened()
    world.run("suspend", item).check()
    assert "GET /status.php" not in asked(world)
    product = double(world).profile.product
    assert kept(world).lower() == product


@pytest.mark.parametrize(
    ("before", "after"), [(NEXTCLOUD_29, OWNCLOUD_10), (OWNCLOUD_10, NEXTCLOUD_34)]
)
@pytest.mark.parametrize(
    "command",
    [
        pytest.param(name, marks=[] if name in ("open", "close", "stat") else pytest.mark.long)
        for name in (*table.SERVICES, "stat")
    ],
)
def test_another_product_at_the_same_address_is_seen_from_its_answer(
    stand: Stand, before: Profile, after: Profile, command: str
) -> None:
    """A provider moves from one to the other; accounts and address stay."""
    with Cloud(before) as cloud:
        world = World(stand, DoubleSite(cloud))
        item = world.order() if command == "open" else world.opened()
        world.know_cloud()
        port, users = cloud.port, dict(cloud.users)
    with Cloud(after, port=port) as cloud:
        for login, user in users.items():
            if login != "admin":
                cloud.users[login] = user
        cloud.add_group(world.group)
        world.site = DoubleSite(cloud)
        world.call(command, item).check()
        assert bool(stand.stats(item)) is (command in ("stat", "sync_item"))
        assert kept(world).lower() == after.product
        if command == "open":
            assert world.status(item) == ACTIVE
            assert world.customer_gets_in(item)


def test_many_accounts_are_counted_the_night_after_a_move(stand: Stand) -> None:
    """Paging was planned for the one product, and the other has no pages."""
    with Cloud() as cloud:
        world = World(stand, DoubleSite(cloud))
        world.know_cloud()
        items, port = world.many(25), cloud.port
    with Cloud(OWNCLOUD_10, port=port) as cloud:
        for item in items:
            cloud.add_user(world.login(item), "Made-up-pw-1")
        stand.run("stat", module=world.module).check()
        assert all(stand.stats(item) for item in items)


def test_a_new_address_is_asked_anew(world: World) -> None:
    world.opened()
    with Cloud(OWNCLOUD_10) as other:
        change = "UPDATE processingparam SET value = %s WHERE intname = 'base_url'"
        former = world.site.url
        world.stand.sql(change, other.url)
        world.stand.write("etc/pmnextcloud.conf", f"former_servers = {former}\n")
        world.site = DoubleSite(other)
        item = world.opened()
        assert other.users[world.login(item)].quota == "5 GB"
    assert kept(world) == "ownCloud"


@pytest.mark.every_cloud
@pytest.mark.parametrize("hidden", ["names", "keys"])
def test_themed_names_and_hidden_versions_tell_it_all_the_same(world: World, hidden: str) -> None:
    status = {"installed": True, "maintenance": False, "needsDbUpgrade": False}
    status.update(version="", versionstring="", edition="", productname="Our cloud")
    is_nextcloud = double(world).profile.product == "nextcloud"
    if hidden == "names":
        status["extendedSupport" if is_nextcloud else "product"] = ""
    shown(world, status)
    world.opened()
    assert kept(world) == ("Nextcloud" if is_nextcloud else "ownCloud")


@pytest.mark.parametrize("name", ["Infinite Scale", "OpenCloud"])
def test_what_lets_no_accounts_be_written_is_refused_by_name(world: World, name: str) -> None:
    shown(world, {**INFINITE_SCALE, "productname": name, "product": name})
    run = world.call("check_connection", world.order())
    assert run.error_type == "cloud_unsupported"
    assert name in run.stdout.decode()
    run = world.run("open", world.order())
    assert run.error_type == "cloud_unsupported"
    assert {seen.login for seen in double(world).requests} == {None}, "no login was sent there"
