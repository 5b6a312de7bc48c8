"""Each page in each state and both languages: for everybody, on every screen, in time."""

from typing import Callable

import pytest
from playwright.sync_api import Page

from tests.browser import chrome
from tests.browser.look import Look
from tests.browser.played import Place
from tests.browser.scenes import SCENES
from tests.tools import screenshots
from utils.webpay import pages

LANGUAGES = ("en", "ru")
MOST_TALLER = 0.08
"""The part by which a picture may be taller or lower: another font breaks lines elsewhere."""


CASES = [
    pytest.param(name, language, marks=[] if language == "ru" or scene.page else pytest.mark.long)
    for name, scene in SCENES.items()
    for language in LANGUAGES
]
"""Russian words are the longer ones: what is no picture of the guide is usually seen in them."""


@pytest.mark.parametrize(("name", "language"), CASES)
def test_a_page_can_be_used_by_everybody_on_every_screen(
    look: Callable[..., Look],
    request: pytest.FixtureRequest,
    name: str,
    language: str,
) -> None:
    scene = SCENES[name]
    place: Place = request.getfixturevalue("empty" if scene.is_empty else "lived")
    seen = look(place, language)
    scene.play(seen)
    assert chrome.interactive_s(seen.page) < chrome.INTERACTIVE_S
    assert seen.page.locator("html").get_attribute("lang") == language
    assert is_readable(seen.page)
    assert chrome.barriers(seen.page) == []
    if scene.page:
        assert is_like_its_picture(seen, name)


def is_readable(page: Page) -> bool:
    """Whether nothing is cut off at any width; the page is left at the smallest."""
    for width in sorted(chrome.WIDTHS, reverse=True):
        page.set_viewport_size({"width": width, "height": chrome.HEIGHT})
        assert chrome.unreadable(page) == [], width
    return True


def is_like_its_picture(seen: Look, name: str) -> bool:
    """Whether the picture of the guide has the size that the page has now."""
    seen.page.set_viewport_size({"width": screenshots.WIDTH, "height": chrome.HEIGHT})
    now = screenshots.take(seen.page, SCENES[name].part, seen.place.cloud.url)
    kept = screenshots.picture_of(name, seen.language).read_bytes()
    (width, height), (kept_width, kept_height) = map(screenshots.size_of, (now, kept))
    return width == kept_width and abs(height - kept_height) <= kept_height * MOST_TALLER


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_page_of_the_payment_can_be_used_by_everybody(
    look: Callable[..., Look], empty: Place, language: str
) -> None:
    page = look(empty, language).page
    for kind in pages.PAGES:
        page.set_content(pages.page(kind, language).body)
        assert is_readable(page), kind
        assert chrome.barriers(page) == [], kind
