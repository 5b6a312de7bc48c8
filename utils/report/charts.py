"""The pictures of the report: drawn by pygal, and taken into the page without its script and style.

pygal is written in Python alone, 130 kB with one small library beside it, loads in 50 ms, and its
drawings have classes, so that one style of the page has them light or dark. matplotlib with what it
needs is 41 MB for each Python, takes half a second, and writes its colours into each line; plotly
needs a browser for a drawing without a script (measured).
"""

import sys
from datetime import date
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from utils.base import xml
from utils.base.later import without_warnings

with without_warnings():
    import pygal

# Its way to load maps, which nobody draws here, has newer Pythons warn at each later import.
sys.meta_path[:] = [one for one in sys.meta_path if not isinstance(one, pygal.PluginImportFixer)]

WIDE, NARROW = (960, 330), (360, 300)
"""Each picture is drawn for screens and for telephones: letters of one that shrinks would too."""

FRAME_HEIGHT, ROW_HEIGHT = 40, 34
"""Height of what stands around lying bars, and of each of them."""

NARROW_LABELS, WIDE_LABELS = 3, 8
"""Labels below a picture."""

NARROW_CHARS, WIDE_CHARS = 42, 125
"""Letters that fit below a picture."""

Say = Callable[[float], str]


class Line(NamedTuple):
    """A line of a picture: the number of its colour, and its value on each day, None for a gap."""

    colour: int
    values: Sequence[Optional[float]]


class Bars(NamedTuple):
    """Bars of a picture: the number of their colour, and a value for each label."""

    colour: int
    values: Sequence[Optional[float]]


def lines(
    first: date, drawn: Sequence[Line], say_size: Say, say_day: Callable[[date], str], narrow: bool
) -> xml.Form:
    """Lines over days that follow one another, the first of which is given. Gaps stay gaps."""
    count = len(drawn[0].values)
    top, marks = scale(0, _most(drawn))
    chart = _made(pygal.XY, narrow, allow_interruptions=True, show_dots=False)
    chart.range = (0, top)
    chart.x_labels = _spread(count, NARROW_LABELS if narrow else WIDE_LABELS)
    chart.x_value_formatter = lambda number: say_day(
        date.fromordinal(first.toordinal() + round(number))
    )
    chart.y_labels = [{"value": mark, "label": say_size(mark)} for mark in marks]
    for line in drawn:
        chart.add("", _points(line.values))
    return _clean(chart, [line.colour for line in drawn])


def _points(values: Sequence[Optional[float]]) -> List[Tuple[float, Optional[float]]]:
    """The values with their places; one that stands alone is a short line, which can be seen."""
    points: List[Tuple[float, Optional[float]]] = []
    for number, value in enumerate(values):
        neighbours = (*values[max(number - 1, 0) : number], *values[number + 1 : number + 2])
        if value is not None and all(one is None for one in neighbours):
            points += [(number - 0.4, value), (number + 0.4, value)]
        else:
            points.append((number, value))
    return points


def bars(labels: Sequence[str], drawn: Sequence[Bars], say: Say, narrow: bool) -> xml.Form:
    """Bars above their labels, those of several on one another."""
    sums = [sum(one.values[place] or 0 for one in drawn) for place in range(len(labels))]
    low, high = min((0, *sums)), max((0, *sums))
    _, marks = scale(low, high)
    chart = _made(pygal.StackedBar, narrow)
    chart.range = (marks[0], marks[-1])
    chart.y_labels = [{"value": mark, "label": say(mark)} for mark in marks]
    longest = max(map(len, labels), default=0) + 2
    kept = set(_spread(len(labels), max((NARROW_CHARS if narrow else WIDE_CHARS) // longest, 1)))
    chart.x_labels = [label if place in kept else "" for place, label in enumerate(labels)]
    for one in drawn:
        chart.add("", list(one.values))
    return _clean(chart, [one.colour for one in drawn])


def lying_bars(labels: Sequence[str], one: Bars, say: Say, narrow: bool) -> xml.Form:
    """Lying bars behind their labels, the first one above."""
    _, marks = scale(0, max((value for value in one.values if value is not None), default=0))
    height = FRAME_HEIGHT + ROW_HEIGHT * len(labels)
    chart = _made(pygal.HorizontalBar, narrow, height=height)
    chart.range = (0, marks[-1])
    chart.y_labels = [{"value": mark, "label": say(mark)} for mark in marks]
    chart.x_labels = list(reversed(labels))
    chart.add("", list(reversed(one.values)))
    return _clean(chart, [one.colour])


def scale(low: float, high: float) -> Tuple[float, List[float]]:
    """The end of an axis from `low`, which is no more than 0, to `high`, and its marks.

    Marks are one, two or five of a power of ten apart.
    """
    span = (high - low) or 1
    step = 10.0 ** (len(f"{span:.0f}") - 1) if span >= 1 else 0.1
    step = next(one for one in (step / 10, step / 5, step / 2, step, step * 2) if span / one <= 5)
    begin, end = int(low // step), -int(-high // step)
    if begin == end:
        end += 1
    marks = [round(number * step, 6) for number in range(begin, end + 1)]
    return marks[-1], marks


def _most(drawn: Sequence[Line]) -> float:
    return max((value for line in drawn for value in line.values if value is not None), default=0)


def _spread(count: int, labels: int) -> List[int]:
    """A few of so many places, as far from one another."""
    step = max(-(-count // labels), 1)
    return list(range(0, count, step))


def _made(kind: Callable[..., Any], narrow: bool, **more: object) -> Any:
    width, height = NARROW if narrow else WIDE
    style = pygal.style.Style(label_font_size=12, major_label_font_size=12)
    settings: Dict[str, object] = {
        **{"width": width, "height": height, "margin": 6, "style": style},
        **{"show_legend": False, "js": [], "no_prefix": True, "truncate_label": -1},
    }
    return kind(**{**settings, **more})


_DROPPED = ("defs", "desc", "title")
"""What the library puts in for its own script, style and tooltips."""


def _clean(chart: Any, colours: Sequence[int]) -> xml.Form:
    """The drawing without anything that acts, is styled or leads elsewhere."""
    root = xml.parse(chart.render())
    for node in [*root.iter()]:
        parent = node.getparent()
        kinds = _kinds(node)
        if parent is not None and _is_dropped(node, kinds):
            parent.remove(node)
        elif "series" in kinds:
            number = next(int(kind[6:]) for kind in kinds if kind.startswith("serie-"))
            node.set("class", f"series colour-{colours[number]}")
    del root.attrib["id"]
    return xml.without_namespaces(root)


def _kinds(node: xml.Form) -> List[str]:
    return (node.get("class") or "").split() if isinstance(node.tag, str) else []


def _is_dropped(node: xml.Form, kinds: Sequence[str]) -> bool:
    if not isinstance(node.tag, str):  # a comment
        return True
    is_overlay = any(kind.endswith("overlay") for kind in kinds)
    return is_overlay or node.tag.rpartition("}")[2] in _DROPPED
