"""A renewal that BILLmanager asks the module for, though it is not announced."""

import pytest

from tests.doubles.billmanager import CoreFault
from tests.doubles.cloud import Cloud, Fault
from tests.e2e.world import World

pytestmark = pytest.mark.preloaded

GIB = 1024**3
POSTED = "service.postprolong"
MOST_S = 15
"""Four seconds for the cloud, and what a busy machine takes for the rest."""


def fill(world: World, cloud: Cloud, item: int, gib: int) -> None:
    """Has the customer store that much, whatever he may."""
    user = cloud.users[world.login(item)]
    user.used_bytes, user.logged_in = gib * GIB, True


def test_a_renewal_ends_and_changes_nothing(world: World, cloud: Cloud) -> None:
    item = world.opened(world.tariff(gib=5))
    cloud.requests.clear()
    world.run("prolong", item).check()
    assert len(world.stand.called(POSTED)) == 1
    assert not world.stand.operations(item)
    assert {seen.method for seen in cloud.requests} <= {"GET"}
    assert not world.stand.notices()


def test_a_client_with_less_space_than_he_uses_is_told_once(world: World, cloud: Cloud) -> None:
    item = world.opened(world.tariff(gib=5))
    fill(world, cloud, item, 3)
    world.stand.change_tariff(item, world.tariff(gib=1))
    for _ in range(2):
        world.run("prolong", item).check()
    [letter] = world.stand.notices()
    assert "3 GiB" in letter["message"] or "3 ГиБ" in letter["message"]
    assert "less space than is used" in world.stand.log


@pytest.mark.parametrize(
    "fault",
    [
        Fault("stall", times=None, seconds=20),
        Fault("cut_before", times=None),
        Fault("unauthorized", times=None),
        Fault("maintenance", times=None),
    ],
    ids=lambda fault: str(fault.kind),
)
def test_no_fault_of_a_cloud_keeps_a_renewal_from_its_end(
    world: World, cloud: Cloud, fault: Fault
) -> None:
    item = world.opened()
    cloud.faults.append(fault)
    run = world.run("prolong", item).check()
    assert run.seconds < MOST_S
    assert len(world.stand.called(POSTED)) == 1
    assert not world.stand.operations(item)


def test_a_core_that_refuses_is_told_and_asked_again(world: World) -> None:
    item = world.opened()
    world.stand.core_faults = [CoreFault(POSTED, kind="exit1", times=None)]
    assert world.run("prolong", item).error_type == "core_unavailable"
    [operation] = world.stand.operations(item)
    world.stand.core_faults = []
    world.stand.run("prolong", item=item, runningoperation=operation["id"]).check()
    assert not world.stand.operations(item)


def test_without_an_operation_nothing_is_renewed_again(world: World) -> None:
    item = world.opened()
    world.stand.run("prolong", item=item).check()
    assert not world.stand.called(POSTED)
