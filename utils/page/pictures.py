"""The pictures of the page: drawings in SVG, each with its meaning in words for who cannot see it.

Nothing from outside stands in a drawing but numbers and our own words, and no drawing has a script,
a style or an address in it.
"""

from datetime import date, timedelta
from html import escape
from typing import List, Optional, Sequence, Tuple

from utils.base import sizes
from utils.page import qr
from utils.page.facts import SHOWN_DAYS, Used

FULL_FROM, WARN_FROM = 0.95, 0.8
"""Parts of the sold space from which on the bar is drawn as nearly full, and as filling up."""

_CALM, _WARN, _FULL, _EMPTY, _LINE = "#0b57d0", "#8a5300", "#b3261e", "#dfe3e8", "#4b5563"
"""All stand out against white and against the empty bar by 3 : 1, as WCAG 2.1 wants drawings."""

_BAR_WIDTH, _BAR_HEIGHT = 260, 20
_CHART_HEIGHT, _DAY_WIDTH, _GAP = 72, 8, 2
"""A window of 320 pixels, which WCAG 2.1 AA names (1.4.10), has to have room for them beside what a
theme leaves free at its sides.
"""

_MODULE = 4
"""Pixels of a module of a QR code: a phone reads it from a screen at arm's length."""

_SHADES = "░▒▓█"
_STEPS = "▁▂▃▄▅▆▇█"
_TEXT_BAR = 20
"""Characters of a bar in letters."""


def part_of(used_bytes: float, quota_bytes: Optional[float]) -> Optional[float]:
    """Which part of the sold space is in use; None where none was sold, or without a limit."""
    if not quota_bytes or quota_bytes == sizes.UNLIMITED:
        return None
    return used_bytes / quota_bytes


def bar(part: float, words: str) -> str:
    """The used part of the space as a bar. More than all of it is a full one."""
    shown = min(max(part, 0.0), 1.0)
    colour = _FULL if part >= FULL_FROM else _WARN if part >= WARN_FROM else _CALM
    used = f'<rect width="{shown * _BAR_WIDTH:.1f}" height="{_BAR_HEIGHT}" fill="{colour}"/>'
    edge = (
        f'<rect x="0.5" y="0.5" width="{_BAR_WIDTH - 1}" height="{_BAR_HEIGHT - 1}"'
        f' fill="none" stroke="{_LINE}"/>'
    )
    empty = f'<rect width="{_BAR_WIDTH}" height="{_BAR_HEIGHT}" fill="{_EMPTY}"/>'
    return _svg(_BAR_WIDTH, _BAR_HEIGHT, words, empty + used + edge)


def text_bar(part: float) -> str:
    """The same in letters."""
    full = round(min(max(part, 0.0), 1.0) * _TEXT_BAR)
    return _SHADES[-1] * full + _SHADES[0] * (_TEXT_BAR - full)


def chart(days: Sequence[Used], today: date, quota_bytes: Optional[float], words: str) -> str:
    """The counted days up to today as columns; a day that was not counted has none.

    The sold space is a dashed line, unless it is so much that nothing else could be seen.
    """
    columns = _columns(days, today)
    most = max((value for value in columns if value is not None), default=0)
    limit = quota_bytes if quota_bytes and quota_bytes <= 4 * most else None
    top = max(most, limit or 0, 1)
    drawn = "".join(
        _column(number, value / top) for number, value in enumerate(columns) if value is not None
    )
    width = SHOWN_DAYS * _DAY_WIDTH
    if limit is not None:
        y = _CHART_HEIGHT - limit / top * (_CHART_HEIGHT - 2) - 1
        drawn += (
            f'<line x1="0" y1="{y:.1f}" x2="{width}" y2="{y:.1f}" stroke="{_FULL}"'
            ' stroke-dasharray="4 3"/>'
        )
    base = _CHART_HEIGHT - 0.5
    drawn += f'<line x1="0" y1="{base}" x2="{width}" y2="{base}" stroke="{_LINE}"/>'
    return _svg(width, _CHART_HEIGHT, words, drawn)


def text_chart(days: Sequence[Used], today: date) -> str:
    """The same in letters; a blank column is a dot."""
    columns = _columns(days, today)
    most = max((value for value in columns if value is not None), default=0) or 1
    return "".join(
        "·" if value is None else _STEPS[round(value / most * (len(_STEPS) - 1))]
        for value in columns
    )


def code(text: str, words: str) -> str:
    """The QR code of a text; none where the text is too long for one."""
    try:
        rows = qr.matrix(text)
    except ValueError:
        return ""
    size = len(rows) * _MODULE
    white = f'<rect width="{size}" height="{size}" fill="#ffffff"/>'
    path = "".join(
        f"M{start * _MODULE} {number * _MODULE}h{length * _MODULE}v{_MODULE}h-{length * _MODULE}z"
        for number, row in enumerate(rows)
        for start, length in _runs(row)
    )
    return _svg(size, size, words, f'{white}<path fill="#000000" d="{path}"/>')


def _runs(row: Sequence[bool]) -> List[Tuple[int, int]]:
    """The dark stretches of a row: where each begins and how long it is."""
    found: List[Tuple[int, int]] = []
    for place, dark in enumerate(row):
        if not dark:
            continue
        if found and sum(found[-1]) == place:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((place, 1))
    return found


def _columns(days: Sequence[Used], today: date) -> List[Optional[int]]:
    counted = {one.day: one.used_bytes for one in days}
    first = today - timedelta(days=SHOWN_DAYS - 1)
    return [counted.get(first + timedelta(days=number)) for number in range(SHOWN_DAYS)]


def _column(number: int, part: float) -> str:
    height = max(part * (_CHART_HEIGHT - 2), 1.0)
    x, width = number * _DAY_WIDTH, _DAY_WIDTH - _GAP
    return (
        f'<rect x="{x}" y="{_CHART_HEIGHT - height - 1:.1f}" width="{width}"'
        f' height="{height:.1f}" fill="{_CALM}"/>'
    )


def _svg(width: int, height: int, words: str, content: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(words)}"'
        f' width="{width}" height="{height}" viewBox="0 0 {width} {height}">{content}</svg>'
    )
