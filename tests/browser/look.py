"""Somebody who looks at the panel: by the mouse, or by the keyboard alone."""

import re
import time
from typing import Any, Optional
from urllib.parse import urlencode

from playwright.sync_api import Locator, Page

from tests.browser.chrome import ANSWER_S
from tests.browser.panel import LANGUAGE_COOKIE, SESSION_COOKIE
from tests.browser.played import Place
from tests.browser.words import WORDS

MOST_TABS = 60
"""No page has more places to stop at."""


class Look:
    """A page of the browser, and the place that it looks at."""

    def __init__(self, page: Page, place: Place, language: str = "en") -> None:
        self.page = page
        self.place = place
        self.language = language

    def say(self, name: str, /, **values: object) -> str:
        """A text of the panel's own."""
        return WORDS[self.language][name].format(**values)

    def enter(self, name: Optional[str]) -> None:
        """Enters as a client, or as the administrator for None."""
        panel = self.place.panel
        session = panel.enter(self.place.who(name))
        cookies = {SESSION_COOKIE: session, LANGUAGE_COOKIE: f"orion:{self.language}"}
        self.page.context.add_cookies(
            [{"name": key, "value": text, "url": panel.url} for key, text in cookies.items()]
        )

    def go(self, func: str, **params: object) -> None:
        """Opens a function of the panel."""
        query = urlencode({"func": func, **params})
        self.page.goto(f"{self.place.panel.address}?{query}")

    # -- by the mouse --------------------------------------------------------------------------

    def fill(self, **fields: str) -> None:
        """Types into the inputs of a form."""
        for name, text in fields.items():
            self.page.locator(f"main [name={name}]").fill(text)

    def press(self, label: str) -> float:
        """Presses a button or a link of the page; gives how long the answer took, in seconds."""
        return self._answered(self._labelled("main", label).click)

    def _labelled(self, inside: str, label: str) -> Locator:
        """A button or a link by its name."""
        parent = self.page.locator(inside)
        button = parent.get_by_role("button", name=label, exact=True)
        return button.or_(parent.get_by_role("link", name=label, exact=True)).first

    def _answered(self, act: Any) -> float:
        began_s = time.monotonic()
        with self.page.expect_navigation():
            act()
        took_s = time.monotonic() - began_s
        assert took_s < ANSWER_S, f"answered after {took_s:.1f} s"
        return took_s

    # -- by the keyboard alone -----------------------------------------------------------------

    def tab_to(self, target: Locator) -> None:
        """Goes on by Tab until the target has the focus, which has to be seen there."""
        for _ in range(MOST_TABS):
            self.page.keyboard.press("Tab")
            if target.evaluate("node => node === document.activeElement"):
                assert target.evaluate("node => getComputedStyle(node).outlineStyle !== 'none'"), (
                    "the focus is not seen"
                )
                return
        raise AssertionError(f"no Tab leads to {target}")

    def key_in(self, **fields: str) -> None:
        """Types into inputs, each reached by Tab."""
        for name, text in fields.items():
            self.tab_to(self.page.locator(f"main [name={name}]"))
            self.page.keyboard.press("Control+A")
            self.page.keyboard.type(text)

    def key_choose(self, name: str, value: str) -> None:
        """Takes one of a group of radio buttons."""
        group = self.page.locator(f"main [name={name}]")
        values = group.evaluate_all("nodes => nodes.map(node => node.value)")
        chosen = group.evaluate_all("nodes => nodes.find(node => node.checked)?.value")
        wanted = self.page.locator(f"main [name={name}][value='{value}']")
        if chosen is None:
            self.tab_to(self.page.locator(f"main [name={name}][value='{values[0]}']"))
            self.page.keyboard.press("Space")
            chosen = values[0]
        else:
            self.tab_to(self.page.locator(f"main [name={name}][value='{chosen}']"))
        for _ in range(values.index(value) - values.index(chosen)):
            self.page.keyboard.press("ArrowDown")
        assert wanted.is_checked()

    def key_press(self, label: str) -> float:
        """Reaches a button or a link by Tab and presses Enter."""
        self.tab_to(self._labelled("body", label))
        return self._answered(lambda: self.page.keyboard.press("Enter"))

    # -- what is seen --------------------------------------------------------------------------

    @property
    def error(self) -> str:
        """What the page says went wrong, "" where nothing did."""
        found = self.page.locator("[role=alert] #error")
        return found.inner_text() if found.count() else ""

    @property
    def told(self) -> str:
        """What the page says was done."""
        return " ".join(self.page.locator(".told").all_inner_texts())

    def value(self, name: str) -> str:
        """What stands in an input."""
        return self.page.locator(f"main #{name}").input_value()

    def fact(self, label: str) -> str:
        """What stands below a heading of a service's page."""
        found = self.page.locator("dt", has_text=re.compile(f"^{re.escape(label)}$"))
        return found.locator("xpath=following-sibling::dd[1]").inner_text()

    def status(self, item: int) -> str:
        """The status of a service in the list."""
        row = self.page.locator("tr", has=self.page.locator(f"[name=elid][value='{item}']"))
        return row.locator(".cell").last.inner_text()
