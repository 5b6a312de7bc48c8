"""What each picture of the report shows, with its words for who cannot see it.

Where the library for pictures is missing there are none, and the tables tell the same.
"""

from datetime import date, timedelta
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from utils.base import xml
from utils.report.gather import Section
from utils.report.markup import element
from utils.report.runs import Attempts, Runs
from utils.report.words import Words


def _drawing() -> Any:
    """The drawing of pictures; None where its library is missing, which the doctor tells."""
    try:
        from utils.report import charts
    except ImportError:
        return None
    return charts


charts = _drawing()

MOST_DAYS = 45
"""Days that are shown one by one; of more a bar is a week."""

UNIT = 1024

BLUE, ORANGE, RED = range(3)
"""The numbers of the colours in the style of the page, which has them light and dark."""

Key = Tuple[str, str]
"""The class of a sign, and what is drawn like it."""


class Pictures:
    """Makes the pictures; each method gives one or none."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._say = words.say
        self._made = 0

    @property
    def are_there(self) -> bool:
        """Whether the library for pictures is there."""
        return charts is not None

    def space(self, section: Section, name: str) -> List[xml.Form]:
        """Used and sold space, and the disk, day by day. What was not read is a gap."""
        days = section.days
        used: List[Optional[float]] = [one.used_bytes for one in days]
        lines: List[Tuple[int, str, Sequence[Optional[float]]]] = [
            (BLUE, "used", used),
        ]
        if any(one.sold_bytes for one in days):
            lines.append((ORANGE, "sold", [one.sold_bytes for one in days]))
        if section.disk_bytes is not None:
            lines.append((RED, "disk", [section.disk_bytes] * len(days)))
        if not self.are_there or len(days) < 2:
            return []
        unit = _unit(max(value for _, _, values in lines for value in values if value is not None))
        drawn = [
            charts.Line(number, [None if value is None else value / unit for value in values])
            for number, _, values in lines
        ]
        gaps = sum(value is None for value in used)
        read = [value for value in used if value is not None]
        told = self._say(
            "picture_space",
            first=self._words.day(days[0].day),
            last=self._words.day(days[-1].day),
            begin=self._words.size(read[0] if read else None),
            to=self._words.size(read[-1] if read else None),
            sold=self._words.size(days[-1].sold_bytes),
            gaps=gaps,
        )
        keys = [(f"key-{number}", self._say(f"column_{word}")) for number, word, _ in lines]

        def draw(narrow: bool) -> xml.Form:
            return charts.lines(days[0].day, drawn, self._sizes(unit), self._words.day, narrow)

        return [self._figure(self._say("space_of", which=name), told, keys, draw)]

    def months(self, section: Section, name: str) -> List[xml.Form]:
        """Growth by month."""
        growth = [one.growth_bytes for one in section.months]
        known = [value for value in growth if value is not None]
        if not self.are_there or not known:
            return []
        unit = _unit(max(map(abs, known)))
        labels = [self._words.month(one.month) for one in section.months]
        values = [None if value is None else value / unit for value in growth]
        told = self._say(
            "picture_months",
            least=self._words.size(min(known), sign=True),
            most=self._words.size(max(known), sign=True),
            count=len(known),
        )

        def draw(narrow: bool) -> xml.Form:
            return charts.bars(labels, [charts.Bars(BLUE, values)], self._sizes(unit), narrow)

        return [self._figure(self._say("growth_of", which=name), told, [], draw)]

    def oversold(self, sections: Sequence[Section]) -> List[xml.Form]:
        """How many times the disk of each module was sold."""
        known = [one for one in sections if one.sold_to_disk is not None]
        if not self.are_there or not known:
            return []
        labels = [str(one.module.id) for one in known]
        ratios = [one.sold_to_disk for one in known]
        figures = ", ".join(
            f"{label}: {self._words.number(ratio, 2)}" for label, ratio in zip(labels, ratios)
        )

        def draw(narrow: bool) -> xml.Form:
            return charts.lying_bars(labels, charts.Bars(ORANGE, ratios), self._times, narrow)

        told = self._say("picture_oversold", figures=figures)
        return [self._figure(self._say("oversold_title"), told, [], draw)]

    def _times(self, ratio: float) -> str:
        return self._say("times", count=self._words.number(ratio, 0 if ratio == int(ratio) else 1))

    def runs(self, told: Runs) -> List[xml.Form]:
        """The runs of each day, or of each week, that were done and that failed."""
        if not self.are_there or not told.days:
            return []
        by_week = len(told.days) > MOST_DAYS
        days = _weeks(told.days) if by_week else told.days
        labels = [self._words.day(date.fromisoformat(one.day)) for one in days]
        drawn = [
            charts.Bars(BLUE, [one.done for one in days]),
            charts.Bars(RED, [one.failed for one in days]),
        ]
        words = self._say(
            "picture_runs",
            done=sum(one.done for one in days),
            failed=sum(one.failed for one in days),
            first=labels[0],
            last=labels[-1],
        )
        keys = [
            (f"block-{BLUE}", self._say("runs_done")),
            (f"block-{RED}", self._say("column_failed")),
        ]

        def draw(narrow: bool) -> xml.Form:
            return charts.bars(labels, drawn, self._words.number, narrow)

        return [
            self._figure(self._say("runs_by_week" if by_week else "runs_by_day"), words, keys, draw)
        ]

    def _sizes(self, unit: int) -> Callable[[float], str]:
        return lambda mark: self._words.size(mark * unit)

    def _figure(
        self, title: str, told: str, keys: Sequence[Key], draw: Callable[[bool], xml.Form]
    ) -> xml.Form:
        """A picture, drawn for wide and for narrow screens, of which one is shown."""
        legend = [
            element("li", element("span", class_=f"key {kind}", aria_hidden="true"), text)
            for kind, text in keys
        ]
        self._made += 1
        drawings = [
            element("div", _named(draw(narrow), f"{self._made}-{kind}", title, told), class_=kind)
            for kind, narrow in (("wide", False), ("narrow", True))
        ]
        parts = [element("ul", *legend, class_="legend")] if legend else []
        return element("figure", element("figcaption", title), *parts, *drawings)


def _named(drawing: xml.Form, number: str, title: str, told: str) -> xml.Form:
    """The drawing with its meaning for who cannot see it."""
    drawing.set("role", "img")
    drawing.set("aria-labelledby", f"title-{number} told-{number}")
    drawing.insert(0, element("title", title, id=f"title-{number}"))
    drawing.insert(1, element("desc", told, id=f"told-{number}"))
    return drawing


def _unit(most: float) -> int:
    """The largest unit of which the largest value has one."""
    unit = 1
    while most / unit >= UNIT and unit < UNIT**4:
        unit *= UNIT
    return unit


def _weeks(days: Sequence[Attempts]) -> List[Attempts]:
    """The runs of each week, which begins on a Monday. A week without any has no runs."""
    sums: Dict[date, List[int]] = {}
    for one in days:
        day = date.fromisoformat(one.day)
        found = sums.setdefault(day - timedelta(days=day.weekday()), [0, 0])
        found[0] += one.done
        found[1] += one.failed
    return [Attempts(day.isoformat(), *sums[day]) for day in sorted(sums)]
