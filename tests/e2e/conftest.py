"""The stand, the cloud double, and a provider who has both."""

from pathlib import Path
from typing import Counter, Iterator, List

import pytest

from tests.doubles.billmanager import Stand
from tests.doubles.cloud import NEXTCLOUD_29, OWNCLOUD_10, PROFILES, Cloud
from tests.e2e.sites import DoubleSite
from tests.e2e.world import World, real_world

FIRST, EACH = 2, 6
"""Of the cases of a test the first two are usual, and then each sixth."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: List[pytest.Item]) -> None:
    """Marks most cases of long tables as siblings: all of them would take half an hour.

    `make test-siblings` tries them, which CI does too.
    """
    seen: Counter[str] = Counter()
    for item in items:
        of_table = isinstance(item, pytest.Function) and hasattr(item, "callspec")
        if not of_table or Path(__file__).parent not in item.path.parents:
            continue
        if any(item.get_closest_marker(name) for name in ("live", "long", "sibling")):
            continue
        test = item.nodeid.partition("[")[0]
        later = seen[test] - FIRST
        seen[test] += 1
        if later >= 0 and later % EACH != EACH - 1:
            item.add_marker(pytest.mark.sibling)


@pytest.fixture
def stand(request: pytest.FixtureRequest) -> Iterator[Stand]:
    """A BILLmanager. At its end no secret may have stood on any command line or in the log."""
    with Stand(preloaded=request.node.get_closest_marker("preloaded") is not None) as made:
        yield made
        assert not made.leaks
        written = made.log
        assert not [secret for secret in made.secrets if len(secret) > 5 and secret in written]


@pytest.fixture
def cloud(request: pytest.FixtureRequest) -> Iterator[Cloud]:
    """The oldest Nextcloud, or with the mark `every_cloud` each of the doubles."""
    profile = getattr(request, "param", NEXTCLOUD_29)
    with Cloud(profile) as made:
        yield made


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Runs a test marked `every_cloud` on each; what is between the extremes takes its time."""
    if metafunc.definition.get_closest_marker("every_cloud") is None:
        return
    extremes = (NEXTCLOUD_29, OWNCLOUD_10)
    clouds = [
        pytest.param(profile, id=name, marks=[] if profile in extremes else [pytest.mark.long])
        for name, profile in PROFILES.items()
    ]
    metafunc.parametrize("cloud", clouds, indirect=True)


@pytest.fixture
def world(stand: Stand, cloud: Cloud) -> World:
    """A provider whose cloud is the double."""
    return World(stand, DoubleSite(cloud))


@pytest.fixture(scope="module")
def idle() -> Iterator[World]:
    """A provider with one service, in whatever state, for all tests of a file."""
    with Stand() as stand, Cloud() as cloud:
        made = World(stand, DoubleSite(cloud))
        made.opened()
        yield made


REAL = pytest.param("real", marks=pytest.mark.live)


@pytest.fixture(params=[*PROFILES, REAL])
def any_world(request: pytest.FixtureRequest, stand: Stand) -> Iterator[World]:
    """A provider whose cloud is each of the doubles, or with -m live a real server."""
    if request.param == "real":
        with real_world(stand) as world:
            yield world
        return
    with Cloud(PROFILES[request.param]) as made:
        yield World(stand, DoubleSite(made))
