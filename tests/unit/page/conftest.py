"""What the tests of the page share."""

import logging
from pathlib import Path

import pytest

from tests.unit.page.given import Site


@pytest.fixture
def site(tmp_path: Path, log: logging.Logger) -> Site:
    """A client with one open service."""
    return Site(tmp_path, log)
