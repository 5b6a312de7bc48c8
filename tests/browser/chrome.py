"""The system's Chromium, and what is asked of each page that it shows."""

import shutil
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa")
"""The rules of axe-core that say what WCAG 2.1 A and AA want."""

WIDTHS = (360, 768, 1920)
HEIGHT = 900

INTERACTIVE_S, ANSWER_S = 4.0, 10.0

_MEASURED = """() => {
  const found = [], wide = document.documentElement.scrollWidth - innerWidth;
  if (wide > 0) found.push(`the page is ${wide} px wider than the window`);
  const seen = [];
  for (const node of document.querySelectorAll("body *")) {
    const style = getComputedStyle(node), box = node.getBoundingClientRect();
    if (!box.width || style.visibility === "hidden" || box.right < 0) continue;
    const name = `${node.tagName.toLowerCase()} "${(node.textContent || node.value || "").trim().slice(0, 40)}"`;
    if (box.right > innerWidth + 1) found.push(`${name} ends outside`);
    const hides = ["hidden", "clip"].includes(style.overflowX) || style.textOverflow === "ellipsis";
    // What an input has no room for can be reached by the keyboard.
    if (hides && node.tagName !== "INPUT" && node.scrollWidth > node.clientWidth + 1) found.push(`${name} is cut off`);
    if (node.tagName === "SELECT") {
      const canvas = document.createElement("canvas").getContext("2d");
      canvas.font = style.font;
      const words = node.selectedOptions[0]?.text || "";
      const room = node.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
      if (canvas.measureText(words).width > room + 1) found.push(`${name} is cut off`);
    }
    if (node.tagName === "INPUT" && node.placeholder && !node.value) {
      const canvas = document.createElement("canvas").getContext("2d");
      canvas.font = style.font;
      const room = node.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
      if (canvas.measureText(node.placeholder).width > room + 1) found.push(`${node.id}: its example is cut off`);
    }
    for (const part of node.childNodes) {
      if (part.nodeType !== Node.TEXT_NODE || !part.data.trim()) continue;
      const range = document.createRange();
      range.selectNodeContents(part);
      for (const line of range.getClientRects()) {
        if (line.width > 1 && line.right > 0) seen.push([line, name, node]);
      }
    }
    if (["INPUT", "SELECT", "BUTTON", "svg"].includes(node.tagName)) seen.push([box, name, node]);
  }
  for (const [first, one, node] of seen) for (const [second, other, next] of seen) {
    if (node === next || node.contains(next) || next.contains(node)) continue;
    const across = Math.min(first.right, second.right) - Math.max(first.left, second.left);
    const down = Math.min(first.bottom, second.bottom) - Math.max(first.top, second.top);
    if (across > 1.5 && down > 4) found.push(`${one} lies over ${other}`);
  }
  return [...new Set(found)];
}"""
"""What of a page cannot be read: text that ends outside, is cut off, or lies over other text."""


def find_program() -> str:
    """Where Chromium is. Raises LookupError where there is none: `make` brings it."""
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None:
        raise LookupError(f"none of {', '.join(PROGRAMS)} is installed: tests/tools/prepare-browser")
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
    found: List[str] = page.evaluate(_MEASURED)
    return found


def interactive_s(page: Page) -> float:
    """How long the page took until it could be used, by the browser's own clock."""
    took_ms: float = page.evaluate(
        "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
    )
    return took_ms / 1000
