"""Takes the pictures of the guide: `make screenshots`, which `make docs` calls.

Each is a scene of tests/browser/scenes.py in the stand's panel, or a part of the report, in both
languages, below the folder `pictures` of the documents. Addresses and passwords of one run stand
there under fixed words. A picture in which nothing has changed that can be seen stays as it is, so
that a day's date makes none anew.
"""

import io
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Dict, Tuple

from PIL import Image, ImageChops
from playwright.sync_api import Browser, FloatRect, Page

from tests import ROOT
from tests.browser import chrome
from tests.browser.look import Look
from tests.browser.played import Place, live_in, opened_place
from tests.browser.scenes import SCENES
from tests.e2e.year import write_pages
from tests.meta.messages import LANGUAGES

SHOWN_URL = "https://cloud.example.com"
WIDTH, MARGIN = 720, 8
COLOURS = 64
"""Letters are drawn in shades of few colours: nobody sees the difference, files are a third."""

MOST_CHANGED = 0.01
"""The part of a picture in which another date or number may stand."""

MOST_BYTES = 2_000_000
"""What all pictures together may take of a clone."""

REPORT = "report"
PICTURES = {
    **{name: scene.page for name, scene in SCENES.items() if scene.page},
    REPORT: "report.md",
}
"""The page of the guide on which each picture stands."""

_SETTLED = """([from, to]) => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    walker.currentNode.data = walker.currentNode.data.replaceAll(from, to);
  }
  for (const input of document.querySelectorAll("input")) {
    input.value = input.value.replaceAll(from, to);
  }
  for (const one of document.querySelectorAll("[data-param=userpassword]")) {
    one.textContent = "aB3-made-up-by-module";
  }
}"""
"""Puts fixed words in place of those that are another run's others."""


def picture_of(name: str, language: str) -> Path:
    """Where the picture of a scene is."""
    return ROOT / "docs" / language / "pictures" / f"{name}.png"


def take(page: Page, part: str, url: str) -> bytes:
    """The picture of a part of a page in all its colours; `url` is the address of its cloud."""
    page.evaluate(_SETTLED, [url, SHOWN_URL])
    box = page.locator(part).first.bounding_box()
    assert box is not None, part
    left, top = max(box["x"] - MARGIN, 0), max(box["y"] - MARGIN, 0)
    clip = FloatRect(
        x=left,
        y=top,
        width=box["x"] + box["width"] + MARGIN - left,
        height=box["y"] + box["height"] + MARGIN - top,
    )
    return page.screenshot(clip=clip, full_page=True, animations="disabled")


def size_of(png: bytes) -> Tuple[int, int]:
    """Width and height of a picture."""
    size: Tuple[int, int] = Image.open(io.BytesIO(png)).size
    return size


def shrink(png: bytes) -> bytes:
    """The same picture with few colours."""
    few = Image.open(io.BytesIO(png)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    written = io.BytesIO()
    few.save(written, "PNG", optimize=True)
    return written.getvalue()


def changed_part(old: bytes, new: bytes) -> float:
    """Which part of a picture has changed; all of it where its size has."""
    before, after = (Image.open(io.BytesIO(one)).convert("L") for one in (old, new))
    if before.size != after.size:
        return 1.0
    difference = ImageChops.difference(before, after).point(lambda shade: 255 * (shade > 64))
    return difference.histogram()[255] / (before.width * before.height)


def keep(path: Path, png: bytes) -> bool:
    """Writes a picture unless the one that is there shows the same; tells whether it did."""
    if path.exists() and changed_part(path.read_bytes(), png) < MOST_CHANGED:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png)
    return True


def settle(place: Place) -> None:
    """Has the services of a place stand on the address that is shown, QR codes too."""
    place.stand.sql("UPDATE itemparam SET value = %s WHERE intname = 'url'", SHOWN_URL)


def take_all(browser: Browser, places: Dict[bool, Place]) -> int:
    """Takes each picture in each language; gives how many are new."""
    count = 0
    for name, scene in SCENES.items():
        for language in LANGUAGES if scene.page else ():
            place = places[scene.is_empty]
            context = browser.new_context(viewport={"width": WIDTH, "height": chrome.HEIGHT})
            look = Look(context.new_page(), place, language)
            scene.play(look)
            png = take(look.page, scene.part, place.cloud.url)
            count += keep(picture_of(name, language), shrink(png))
            context.close()
    return count


def take_report(browser: Browser) -> int:
    """Takes what a report of a year says of a module, in each language; gives how many are new."""
    count = 0
    context = browser.new_context(viewport={"width": WIDTH, "height": chrome.HEIGHT})
    page = context.new_page()
    with tempfile.TemporaryDirectory() as folder:
        for path in write_pages(Path(folder)):
            page.goto(path.as_uri())
            section = page.locator("main > section").nth(1)
            box, picture = section.bounding_box(), section.locator("figure").first.bounding_box()
            assert box is not None
            assert picture is not None
            bottom = picture["y"] + picture["height"]
            clip = FloatRect(x=0, y=box["y"], width=WIDTH, height=bottom - box["y"])
            png = shrink(page.screenshot(clip=clip, full_page=True, animations="disabled"))
            count += keep(picture_of(REPORT, path.stem.rpartition("-")[2]), png)
    context.close()
    return count


def main() -> int:
    """Takes the pictures and says what they take of a clone."""
    with ExitStack() as stack:
        places = {is_empty: stack.enter_context(opened_place()) for is_empty in (True, False)}
        live_in(places[False])
        settle(places[False])
        browser = stack.enter_context(chrome.started())
        new = take_all(browser, places) + take_report(browser)
    wanted = {picture_of(name, one) for name in PICTURES for one in LANGUAGES}
    for path in set(ROOT.glob("docs/*/pictures/*.png")) - wanted:
        path.unlink()
    total_bytes = sum(path.stat().st_size for path in wanted)
    print(f"{len(wanted)} pictures, {total_bytes / 1000:.0f} kB, {new} of them new")
    return 0 if total_bytes < MOST_BYTES else 1


if __name__ == "__main__":
    sys.exit(main())
