"""The pictures: what they draw, what they say, and that nothing else gets into them."""

import re
from datetime import timedelta
from typing import List, Set, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.page.given import GIB, TODAY, used
from utils.base import sizes, xml
from utils.page import pictures, qr
from utils.page.facts import SHOWN_DAYS

LINK = "nc://login/user:user_15&server:https://cloud.example.com"


def drawn(svg: str) -> xml.Form:
    """The drawing, read as strictly as any document."""
    return xml.parse(svg.encode())


def parts(svg: str, name: str) -> List[xml.Form]:
    """The elements of a drawing of one name."""
    return drawn(svg).findall(f"{{http://www.w3.org/2000/svg}}{name}")


@pytest.mark.parametrize("part", [0.0, 0.4, 0.79, 0.8, 0.949, 0.95, 1.0, 7.5])
def test_a_bar_is_as_long_as_the_used_part_and_never_longer(part: float) -> None:
    _, filled, _ = parts(pictures.bar(part, "words"), "rect")
    assert float(filled.attrib["width"]) == pytest.approx(min(part, 1) * 260, abs=0.1)
    colours = {"#0b57d0": part < 0.8, "#8a5300": 0.8 <= part < 0.95, "#b3261e": part >= 0.95}
    assert colours[str(filled.attrib["fill"])]


def luminance(colour: str) -> float:
    """The relative luminance of a colour, as WCAG 2.1 counts it."""
    values = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.03928 else ((one + 0.055) / 1.055) ** 2.4 for one in values]
    return sum(weight * one for weight, one in zip((0.2126, 0.7152, 0.0722), linear))


@pytest.mark.parametrize("part", [0.1, 0.9, 1.0])
def test_the_bar_stands_out_by_three_to_one(part: float) -> None:
    empty, filled, edge = parts(pictures.bar(part, "words"), "rect")
    shades = [luminance(str(one)) for one in (empty.get("fill"), filled.get("fill"))]
    assert (max(shades) + 0.05) / (min(shades) + 0.05) >= 3
    assert 1.05 / (luminance(str(edge.get("stroke"))) + 0.05) >= 3


@pytest.mark.parametrize(
    ("quota", "part"), [(4 * GIB, 0.5), (0, None), (None, None), (sizes.UNLIMITED, None)]
)
def test_there_is_a_part_where_something_limited_was_sold(quota: float, part: float) -> None:
    assert pictures.part_of(2 * GIB, quota) == part


def test_a_bar_in_letters_says_the_same() -> None:
    assert pictures.text_bar(0.5) == "█" * 10 + "░" * 10
    assert pictures.text_bar(0) == "░" * 20
    assert pictures.text_bar(9) == "█" * 20


def test_a_chart_has_a_column_for_each_counted_day_and_none_for_the_others() -> None:
    days = [used(1, 29), used(3, 5), used(2)]
    columns = parts(pictures.chart(days, TODAY, 100 * GIB, "words"), "rect")
    places = [int(column.attrib["x"]) // 8 for column in columns]
    assert places == [0, SHOWN_DAYS - 6, SHOWN_DAYS - 1]
    heights = [float(column.attrib["height"]) for column in columns]
    assert heights == [pytest.approx(70 * part, abs=0.1) for part in (1 / 3, 1, 2 / 3)]


@pytest.mark.parametrize(
    ("quota", "is_drawn"), [(4 * GIB, True), (8 * GIB, True), (9 * GIB, False), (None, False)]
)
def test_the_sold_space_is_a_line_unless_it_flattens_all_else(quota: float, is_drawn: bool) -> None:
    lines = parts(pictures.chart([used(2)], TODAY, quota, "words"), "line")
    assert [line.get("stroke-dasharray") is not None for line in lines] == [True] * is_drawn + [
        False
    ]


def test_a_chart_of_nothing_in_use_is_drawn() -> None:
    assert len(parts(pictures.chart([used(0)], TODAY, 0, "words"), "rect")) == 1
    assert pictures.text_chart([used(0)], TODAY)[-1] == "▁"


def test_a_chart_in_letters_has_dots_where_nothing_was_counted() -> None:
    text = pictures.text_chart([used(1, 1), used(8)], TODAY)
    assert text == "·" * 28 + "▂█"


def test_days_outside_the_chart_are_not_drawn() -> None:
    far = [used(1, 40), used(1)._replace(day=TODAY + timedelta(days=1))]
    assert parts(pictures.chart(far, TODAY, None, "words"), "rect") == []


def dark(svg: str) -> Set[Tuple[int, int]]:
    """The dark modules of a drawn code, as row and column."""
    [path] = parts(svg, "path")
    found = set()
    pattern = r"M(\d+) (\d+)h(\d+)v4h-\3z"
    data = str(path.attrib["d"])
    assert re.sub(pattern, "", data) == ""
    for x, y, width in re.findall(pattern, data):
        found |= {(int(y) // 4, (int(x) + at) // 4) for at in range(0, int(width), 4)}
    return found


def test_a_code_is_drawn_module_by_module_with_its_white_around() -> None:
    rows = qr.matrix(LINK)
    wanted = {(y, x) for y, row in enumerate(rows) for x, is_dark in enumerate(row) if is_dark}
    assert dark(pictures.code(LINK, "words")) == wanted
    assert min(min(place) for place in wanted) == qr.QUIET
    assert max(max(place) for place in wanted) == len(rows) - qr.QUIET - 1


def test_a_code_has_its_three_corners() -> None:
    rows = qr.matrix(LINK)
    size = len(rows) - 2 * qr.QUIET
    for top, left in ((0, 0), (0, size - 7), (size - 7, 0)):
        corner = [row[qr.QUIET + left :][:7] for row in rows[qr.QUIET + top :][:7]]
        assert [sum(row) for row in corner] == [7, 2, 5, 5, 5, 2, 7]


def test_a_text_that_is_too_long_has_no_code() -> None:
    assert pictures.code("x" * 3000, "words") == ""


@given(st.text(max_size=40), st.floats(0, 3))
def test_no_words_get_out_of_their_place_in_a_drawing(words: str, part: float) -> None:
    allowed = {"svg", "rect", "line", "path"}
    days = [used(part, 3), used(1)]
    pictured = [pictures.bar(part, words), pictures.chart(days, TODAY, GIB, words)]
    for svg in (*pictured, pictures.code(LINK, words)):
        clean = "".join(char for char in svg if char >= " " and char.isprintable())
        root = drawn(clean)
        assert {str(node.tag).rpartition("}")[2] for node in root.iter()} <= allowed
        names = {str(name) for node in root.iter() for name in node.attrib}
        assert not any(name.startswith("on") or "href" in name or name == "style" for name in names)
        assert root.get("role") == "img"
