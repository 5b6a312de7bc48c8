"""The end of a service on a real server: `-m live` only.

What the customer can still do, what is back after it, and that what was deleted is seen to be gone.
"""

from datetime import date, timedelta
from typing import Iterator, Tuple

import pytest
import requests

from tests.doubles.billmanager import ACTIVE, DELETED, Stand
from tests.e2e.sites import RealSite
from tests.e2e.world import World, real_world
from utils.accounts import endings

pytestmark = [pytest.mark.live, pytest.mark.proof("live: endings")]

MIB = 1024**2
GIB = 1024 * MIB
FULL = 507
"""The status of an upload for which there is no space."""


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """A provider for all tests, whose cloud is the real server; closed services wait there."""
    with Stand() as stand, real_world(stand) as made:
        settings = stand.root / "etc/pmnextcloud.conf"
        known = settings.read_text() if settings.exists() else ""
        stand.write("etc/pmnextcloud.conf", f"{known}on_close = wait\n")
        made.site.add_group(made.group)
        made.know_cloud()
        yield made
        assert not stand.leaks


def own(world: World, item: int) -> Tuple[str, str]:
    """The customer's login and password."""
    params = world.stand.params(item)
    return params["username"], params["userpassword"]


def request(world: World, item: int, method: str, data: bytes = b"") -> int:
    """What the server answers the customer's program that reads, writes or deletes his file."""
    login, password = own(world, item)
    assert isinstance(world.site, RealSite)
    answer = requests.request(
        method,
        f"{world.site.url}/remote.php/dav/files/{login}/file.bin",
        data=data or None,
        auth=(login, password),
        verify=world.site.ca_file or True,
        timeout=120,
    )
    return answer.status_code


def filled(world: World, **terms: str) -> int:
    """An open service of a tariff with these fields, whose customer has a file of 3 MiB."""
    tariff = world.tariff(gib=5)
    for name, value in terms.items():
        world.stand.set_terms(tariff, **{name: value})
    item = world.opened(tariff)
    world.site.store_bytes(*own(world, item), 3 * MIB)
    return item


def make_due(world: World, item: int) -> None:
    """Has the record say that the account has waited for its time."""
    (ending,) = world.record.open_of(item)
    today = date.today()
    world.record.save(ending._replace(closed_on=today - timedelta(days=30), until=today))


def test_a_read_only_customer_reads_and_deletes_and_cannot_add(world: World) -> None:
    item = filled(world, cloud_suspension="read_only")
    world.run("suspend", item).check()
    account = world.site.account(world.login(item))
    assert account is not None
    assert account.enabled
    assert account.quota_bytes is not None
    assert 0 < account.quota_bytes - world.site.used_bytes(world.login(item)) < MIB
    assert request(world, item, "GET") == 200
    assert request(world, item, "PUT", b"0" * 8 * MIB) == FULL
    assert request(world, item, "DELETE") == 204
    world.run("suspend", item).check()
    world.run("resume", item).check()
    account = world.site.account(world.login(item))
    assert account is not None
    assert account.quota_bytes == 5 * GIB
    assert request(world, item, "PUT", b"0" * 8 * MIB) in (201, 204)


def test_a_customer_who_has_nothing_cannot_add_either(world: World) -> None:
    tariff = world.tariff(gib=5)
    world.stand.set_terms(tariff, cloud_suspension="read_only")
    item = world.opened(tariff)
    world.run("suspend", item).check()
    assert request(world, item, "PUT", b"0" * 64 * MIB) == FULL
    world.run("resume", item).check()
    assert request(world, item, "PUT", b"0" * MIB) in (201, 204)


def test_a_locked_customer_gets_in_again_with_all_that_he_had(world: World) -> None:
    item = filled(world)
    world.run("suspend", item).check()
    assert request(world, item, "GET") == 401 or not world.customer_gets_in(item)
    world.run("resume", item).check()
    assert request(world, item, "GET") == 200


def test_what_waits_comes_back_with_its_files(world: World) -> None:
    item = filled(world)
    world.run("close", item).check()
    assert not world.customer_gets_in(item)
    assert not world.stand.run("purge").exit_code, "nothing is due on the first day"
    order = world.opened()
    run = world.stand.run("restore", item=order, extra=["--login", world.login(item)])
    assert run.exit_code == 0, run
    assert own(world, order)[0] == world.login(item)
    assert request(world, order, "GET") == 200
    waiting = world.site.account(world.login(order))
    assert waiting is not None
    assert not waiting.enabled, "the account that the order had so far waits"
    world.items.append(item)


def test_what_is_due_is_deleted_and_seen_to_be_gone(world: World) -> None:
    item = filled(world)
    world.run("close", item).check()
    make_due(world, item)
    dry = world.stand.run("purge", extra=["--dry-run"])
    assert dry.exit_code == 0, dry
    assert world.site.account(world.login(item)) is not None
    run = world.stand.run("purge")
    assert run.exit_code == 0, run
    assert world.site.account(world.login(item)) is None
    (ending,) = (one for one in world.record.past() if one.item_id == item)
    assert ending.state == endings.DELETED
    assert ending.seen == ("account_gone", "groups_gone", "name_unlisted")
    certificate = world.stand.run("certificate", extra=["--login", world.login(item)])
    assert certificate.exit_code == 0, certificate
    world.stand.set_status(item, DELETED)


def test_whoever_was_let_in_again_by_hand_is_kept(world: World) -> None:
    item = filled(world)
    world.run("close", item).check()
    make_due(world, item)
    world.stand.set_status(item, ACTIVE)
    world.run("resume", item).check()
    world.stand.set_status(item, DELETED)
    world.stand.run("purge")
    assert world.site.account(world.login(item)) is not None
    (ending,) = world.record.open_of(item)
    assert ending.hold is not None
    assert ending.hold.by == "enabled"
