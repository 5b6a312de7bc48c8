"""What tests of the end of services need."""

import logging
from functools import lru_cache
from pathlib import Path

import pytest

from tests.unit.ending.world import World, watch
from utils.ending import words


@pytest.fixture
def world(
    tmp_path: Path,
    log: logging.Logger,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> World:
    """A provider whose closed services wait, each write of whose record is an effect."""
    # Nobody cuts the power here, and a disk takes longer for a write than all else of a day.
    monkeypatch.setattr("utils.host.ledger.os.fsync", lambda descriptor: None)
    monkeypatch.setattr(words.messages, "read", lru_cache(maxsize=None)(words.messages.read))
    caplog.set_level(logging.WARNING, logger=log.name)
    one = World(tmp_path, log)
    watch(one, monkeypatch)
    return one
