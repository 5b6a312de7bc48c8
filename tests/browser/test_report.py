"""The report in a browser: on every screen, in the dark, on paper, for everybody."""

import re
from pathlib import Path
from typing import Dict, Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import chrome
from tests.e2e.year import write_pages

LANGUAGES = ("en", "ru")
SCHEMES = ("light", "dark")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Dict[str, Path]:
    """The report of a year, by its language."""
    written = write_pages(tmp_path_factory.mktemp("report"))
    return {path.stem.rpartition("-")[2]: path for path in written}


@pytest.fixture
def window(chromium: Browser) -> Iterator[Page]:
    """A window that asks for the file alone."""
    asked = []
    context = chromium.new_context(viewport={"width": 1024, "height": chrome.HEIGHT})
    context.on("request", lambda request: asked.append(request.url))
    yield context.new_page()
    context.close()
    assert len(asked) == 1, "the report is one file"


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_report_keeps_nobody_out_on_any_screen(
    window: Page, pages: Dict[str, Path], language: str, scheme: str
) -> None:
    window.emulate_media(color_scheme=scheme)
    window.goto(pages[language].as_uri())
    assert window.locator("html").get_attribute("lang") == language
    assert chrome.interactive_s(window) < chrome.INTERACTIVE_S
    for width in sorted(chrome.WIDTHS):
        window.set_viewport_size({"width": width, "height": chrome.HEIGHT})
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert window.evaluate(wide) <= 0, width
    assert chrome.barriers(window) == []


def test_on_paper_it_is_dark_on_white_whatever_the_screen_has(
    window: Page, pages: Dict[str, Path]
) -> None:
    window.emulate_media(media="print", color_scheme="dark")
    window.goto(pages["en"].as_uri())
    paper, ink = window.locator("body").evaluate(
        "node => [getComputedStyle(node).backgroundColor, getComputedStyle(node).color]"
    )
    assert paper == "rgb(255, 255, 255)"
    assert max(map(int, re.findall(r"\d+", ink)[:3])) < 80
    assert window.locator("figure").first.evaluate(
        "node => getComputedStyle(node).breakInside"
    ) in ("avoid", "avoid-page")
