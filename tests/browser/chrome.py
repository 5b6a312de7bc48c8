"""The system's Chromium, and what is asked of each page that it shows."""

import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa")
"""The rules of axe-core that say what WCAG 2.1 A and AA want."""

WIDTHS = (320, 360, 768, 1920)
"""The smallest is that of WCAG 2.1, 1.4.10: what is drawn there needs no scrolling sideways."""

HEIGHT = 900

INTERACTIVE_S, ANSWER_S = 4.0, 10.0

_UNREADABLE = Path(__file__).with_name("unreadable.js")


def find_program() -> str:
    """Where Chromium is. Raises LookupError where there is none: `make` brings it."""
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None:
        raise LookupError(
            f"none of {', '.join(PROGRAMS)} is installed: tests/tools/prepare-browser"
        )
    return found


@contextmanager
def started() -> Iterator[Browser]:
    """A Chromium without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_program())
        try:
            yield browser
        finally:
            browser.close()


def barriers(page: Page) -> List[str]:
    """What axe-core has against a page by WCAG 2.1 A and AA."""
    options: Dict[str, Any] = {"runOnly": {"type": "tag", "values": list(RULES)}}
    answer = Axe().run(page, options=options).response
    assert answer["passes"], "axe-core has looked at nothing"
    return [
        f"{found['id']}: {node['html']} ({node['failureSummary']})"
        for found in answer["violations"]
        for node in found["nodes"]
    ]


def unreadable(page: Page) -> List[str]:
    """What of a page is cut off, lies outside or over something else, as it is shown now."""
    found: List[str] = page.evaluate(_UNREADABLE.read_text("utf-8"))
    return found


def interactive_s(page: Page) -> float:
    """How long the page took until it could be used, by the browser's own clock."""
    took_ms: float = page.evaluate(
        "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
    )
    return took_ms / 1000
