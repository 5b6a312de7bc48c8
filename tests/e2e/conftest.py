"""The stand, the cloud double, and a provider who has both."""

from typing import Iterator

import pytest

from tests.cloud import PROFILES, Cloud
from tests.e2e.sites import DoubleSite
from tests.e2e.world import World, real_world
from tests.stand import Stand


@pytest.fixture
def stand() -> Iterator[Stand]:
    """A BILLmanager. At its end no secret may have stood on any command line or in the log."""
    with Stand() as made:
        yield made
        assert not made.leaks
        written = made.log
        assert not [secret for secret in made.secrets if len(secret) > 5 and secret in written]


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """A Nextcloud double."""
    with Cloud() as made:
        yield made


@pytest.fixture
def world(stand: Stand, cloud: Cloud) -> World:
    """A provider whose cloud is the double."""
    return World(stand, DoubleSite(cloud))


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
