"""Each page in each state and both languages: for everybody, on every screen, in time."""

from typing import Iterator, List

import pytest
from playwright.sync_api import Browser, Page, Route

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
    pytest.param(
        name, language, marks=[] if language == "ru" or scene.page else pytest.mark.sibling
    )
    for name, scene in SCENES.items()
    for language in LANGUAGES
]
"""Russian words are the longer ones: what is no picture of the guide is usually seen in them."""


@pytest.fixture(scope="module")
def window(chromium: Browser) -> Iterator[Page]:
    """One window for all pages: each is only looked at."""
    context = chromium.new_context()
    yield context.new_page()
    context.close()


@pytest.mark.parametrize(("name", "language"), CASES)
def test_a_page_can_be_used_on_every_screen_and_in_time(
    window: Page, request: pytest.FixtureRequest, name: str, language: str
) -> None:
    seen = play(window, request, name, language)
    assert chrome.interactive_s(window) < chrome.INTERACTIVE_S
    assert window.locator("html").get_attribute("lang") == language
    assert is_readable(window)
    if language == "ru":  # what keeps somebody out does so in each language
        assert chrome.barriers(window) == []
    if SCENES[name].page:
        assert is_like_its_picture(seen, name)


@pytest.mark.parametrize("name", ["module-form", "tariff-form", "order", "resize", "password"])
def test_who_waits_for_an_answer_is_told_so_and_sends_once(
    window: Page, request: pytest.FixtureRequest, name: str
) -> None:
    seen = play(window, request, name, "ru")
    sent: List[str] = []

    def hold(route: Route) -> None:
        sent.append(route.request.url)
        route.fulfill(status=204)

    window.route("**/*", hold)
    button = window.locator("main form button").first
    button.click()
    assert window.locator("#busy[role=status]").inner_text() == seen.say("busy")
    assert button.get_attribute("aria-disabled") == "true"
    button.click(force=True)
    assert len(sent) == 1


@pytest.mark.sibling
@pytest.mark.parametrize("name", SCENES)
def test_an_english_page_keeps_nobody_out(
    window: Page, request: pytest.FixtureRequest, name: str
) -> None:
    play(window, request, name, "en")
    assert chrome.barriers(window) == []


def play(window: Page, request: pytest.FixtureRequest, name: str, language: str) -> Look:
    """Leads somebody to a page, in the panel in which it is seen."""
    scene = SCENES[name]
    place: Place = request.getfixturevalue("empty" if scene.is_empty else "lived")
    window.unroute_all()
    window.set_viewport_size({"width": 1024, "height": chrome.HEIGHT})
    seen = Look(window, place, language)
    scene.play(seen)
    return seen


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


@pytest.mark.parametrize("language", [pytest.param("en", marks=pytest.mark.sibling), "ru"])
def test_each_page_of_the_payment_can_be_used_by_everybody(window: Page, language: str) -> None:
    window.goto("about:blank")
    for kind in pages.PAGES:
        window.set_content(pages.page(kind, language).body)
        assert is_readable(window), kind
        assert chrome.barriers(window) == [], kind
