"""What looks at pages sees what is wrong with them."""

from typing import Callable

import pytest
from playwright.sync_api import Browser

from tests.browser import chrome

PAGE = '<!DOCTYPE html><html lang="en"><title>A page</title><main>{}</main></html>'
LONG = "Immeasurablylongword" * 20


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (f"<p>{LONG}</p>", "wider than the window"),
        (f'<p style="overflow:hidden;white-space:nowrap">{LONG}</p>', "is cut off"),
        (f'<select name="s" style="width:90px"><option>{LONG}</select>', "choice of s is cut off"),
        (f'<input name="i" size="5" placeholder="{LONG}">', "example of i is cut off"),
        ('<p>One</p><p style="margin-top:-2.2em">Another</p>', "lies over"),
        ('<p>One</p><p style="position:absolute;left:2000px">Far</p>', "ends outside"),
    ],
    ids=["wide", "hidden", "choice", "example", "over", "outside"],
)
def test_what_cannot_be_read_is_found(chromium: Browser, body: str, told: str) -> None:
    page = chromium.new_page(viewport={"width": 360, "height": 600})
    page.set_content(PAGE.format(body))
    found = chrome.unreadable(page)
    page.close()
    assert any(told in one for one in found), found


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ('<input type="text">', "label"),
        ('<p style="color:#aaa;background:#fff">Pale</p>', "color-contrast"),
        ('<img src="data:,">', "image-alt"),
        ("<svg role='img' width='9' height='9'></svg>", "svg-img-alt"),
    ],
    ids=["label", "contrast", "picture", "drawing"],
)
def test_what_keeps_somebody_out_is_found(chromium: Browser, body: str, rule: str) -> None:
    page = chromium.new_page()
    page.set_content(PAGE.format(body))
    found = chrome.barriers(page)
    page.close()
    assert [one for one in found if one.startswith(f"{rule}:")], found


@pytest.mark.parametrize("look_at", [chrome.unreadable, chrome.barriers])
def test_a_page_without_fault_has_none(
    chromium: Browser, look_at: Callable[..., "list[str]"]
) -> None:
    page = chromium.new_page()
    page.set_content(PAGE.format("<h1>Title</h1><p>Some words.</p>"))
    assert look_at(page) == []
    page.close()


def test_without_a_browser_it_is_told_what_brings_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(LookupError, match="tests/tools/prepare-browser"):
        chrome.find_program()
