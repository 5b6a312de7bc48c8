"""A browser for each process of the tests, and panels: one as installed, one that is lived in."""

import sys
from typing import Callable, Iterator

import pytest

if sys.version_info >= (3, 10):
    from playwright.sync_api import Browser

    from tests.browser import chrome
    from tests.browser.look import Look
    from tests.browser.played import Place, live_in, opened_place

collect_ignore_glob = [] if sys.version_info >= (3, 10) else ["test_*.py"]
"""There is no Playwright of today for older Pythons, as there is no mypy for them."""


@pytest.fixture(scope="session")
def chromium() -> "Iterator[Browser]":
    """The browser."""
    with chrome.started() as browser:
        yield browser


@pytest.fixture(scope="module")
def empty() -> "Iterator[Place]":
    """A panel in which nothing is set up."""
    with opened_place() as place:
        yield place
        assert not place.stand.leaks


@pytest.fixture(scope="module")
def lived() -> "Iterator[Place]":
    """A panel with a service that is nearly full, one that is suspended, one that went wrong."""
    with opened_place() as place:
        live_in(place)
        yield place
        assert not place.stand.leaks


@pytest.fixture
def look(chromium: "Browser") -> "Iterator[Callable[..., Look]]":
    """Opens a window in which somebody looks at a place; no address but this machine's is asked."""
    asked = []
    context = chromium.new_context(viewport={"width": 1024, "height": chrome.HEIGHT})
    context.set_default_timeout(30_000)
    context.on("request", lambda request: asked.append(request.url))
    context.on("weberror", lambda error: asked.append(f"error: {error.error}"))

    def open_window(place: "Place", language: str = "en") -> "Look":
        return Look(context.new_page(), place, language)

    yield open_window
    context.close()
    foreign = [one for one in asked if not one.startswith(("http://127.0.0.1:", "data:,"))]
    assert not foreign
