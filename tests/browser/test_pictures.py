"""The pictures of the guide: each is used where it belongs, and each screen has one."""

import re
from pathlib import Path
from typing import Dict, List

import pytest
from PIL import Image

from tests import ROOT
from tests.browser.scenes import SCENES
from tests.browser.screens import SCREENS
from tests.meta.messages import LANGUAGES
from tests.tools import screenshots

OTHERS = {
    **dict.fromkeys(("start", "leave", "language"), "the stand's own"),
    **dict.fromkeys(("begin", "stat"), "no page"),
    **dict.fromkeys(
        ("processing", "pricelist", "paymethod", "payment"), "BILLmanager's list alone"
    ),
    **dict.fromkeys(("payment.pending", "payment.fail"), "the same page as payment.success"),
}
"""Functions of the panel that need no picture, and why."""


def used(language: str) -> Dict[str, List[str]]:
    """The pages that show a picture, by the name of its file."""
    found: Dict[str, List[str]] = {}
    for page in sorted((ROOT / "docs" / language).glob("*.md")):
        for name in re.findall(r"!\[[^\]]+\]\(pictures/([\w-]+)\.png\)", page.read_text("utf-8")):
            found.setdefault(name, []).append(page.name)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_picture_stands_once_on_the_page_whose_step_it_shows(language: str) -> None:
    assert used(language) == {name: [page] for name, page in screenshots.PICTURES.items()}
    files = {path.stem for path in (ROOT / "docs" / language / "pictures").iterdir()}
    assert files == set(screenshots.PICTURES)


def test_each_screen_has_a_picture() -> None:
    shown = {scene.func for scene in SCENES.values() if scene.page}
    assert set(SCREENS) - shown == set(OTHERS)


def test_the_pictures_are_small() -> None:
    files = [
        screenshots.picture_of(name, one) for name in screenshots.PICTURES for one in LANGUAGES
    ]
    assert sum(path.stat().st_size for path in files) < screenshots.MOST_BYTES
    for path in files:
        with Image.open(path) as picture:
            assert picture.mode == "P", path
            assert picture.width <= screenshots.WIDTH


def picture(colour: str, dot: int = 0) -> bytes:
    """A picture in one colour with a black square in it."""
    import io

    drawn = Image.new("RGB", (100, 100), colour)
    drawn.paste("black", (0, 0, dot, dot))
    written = io.BytesIO()
    drawn.save(written, "PNG")
    return written.getvalue()


def test_a_picture_stays_until_something_else_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "pictures" / "one.png"
    assert screenshots.keep(path, picture("white"))
    assert not screenshots.keep(path, picture("white", dot=5))
    assert path.read_bytes() == picture("white")
    assert screenshots.keep(path, picture("white", dot=50))
    assert path.read_bytes() == picture("white", dot=50)


def test_few_colours_show_the_same() -> None:
    before = picture("white", dot=50)
    after = screenshots.shrink(before)
    assert len(after) < len(before)
    assert screenshots.changed_part(before, after) == 0
