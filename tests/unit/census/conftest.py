"""A world to take a census of, and no pauses in it."""

import logging
from pathlib import Path
from typing import Any

import pytest

from tests.unit.census.world import World
from utils.census import census, pace


@pytest.fixture
def world(log: logging.Logger, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    """Nothing sold yet. No pause fits into the time: what fails once has failed."""
    monkeypatch.setattr(pace, "FIRST_PAUSE_S", 100)
    return World(log, str(tmp_path))


@pytest.fixture(params=["one by one", "by pages"])
def either(request: Any, world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world whose accounts are read one by one, or by pages."""
    if request.param == "by pages":
        monkeypatch.setattr(census, "FEW_SERVICES", 0)
    return world


@pytest.fixture
def patient(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Time for two pauses."""
    monkeypatch.setattr(pace, "FIRST_PAUSE_S", 0.1)
    world.budget_s = 1.5
    return world
