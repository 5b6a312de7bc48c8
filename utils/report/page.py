"""The report as one page of HTML: no script, nothing from elsewhere, tables beside pictures."""

from datetime import date, timedelta
from pathlib import Path
from typing import Iterator, List, Optional, Sequence, Tuple

from utils.base import xml
from utils.consts import MODULE, VERSION
from utils.host import messages
from utils.report import pictures
from utils.report.forecast import Forecast, Outcome
from utils.report.gather import STATUS_NAMES, Customer, Few, Report, Section
from utils.report.markup import Column, Content, element, table
from utils.report.words import NOTHING, Words

STYLE = Path(__file__).with_name("page.css")

STEADY_DAYS = 7
"""Growth is called steady where the day of the forecast moves by a week at most."""

MOST_WAITING = 50
"""Operations that are shown, the stopped ones first: nobody goes through more by hand."""


def compose(report: Report, words: Words) -> bytes:
    """The page of a report."""
    return xml.to_html(_Page(report, words).document())


class _Page:
    """Makes the elements of the page."""

    def __init__(self, report: Report, words: Words) -> None:
        self._report = report
        self._words = words
        self._say = words.say
        self._pictures = pictures.Pictures(words)

    def document(self) -> xml.Form:
        """The whole page."""
        title = self._say("title")
        head = element(
            "head",
            element("meta", charset="utf-8"),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("meta", name="color-scheme", content="light dark"),
            element("title", f"{title} – {self._words.day(self._report.today)}"),
            element("style", STYLE.read_text("utf-8")),
        )
        parts = [self._overview()]
        parts += [self._module(section) for section in self._report.sections]
        parts += [self._reliability(), self._waiting()]
        body = element(
            "body",
            element("a", self._say("skip"), href="#main", class_="skip"),
            self._header(title),
            self._contents(),
            element("main", *parts, id="main"),
            self._footer(),
        )
        return element("html", head, body, lang=self._words.language)

    # -- frame --------------------------------------------------------------------------------

    def _header(self, title: str) -> xml.Form:
        span = self._say(
            "span",
            first=self._words.day(self._report.first),
            last=self._words.day(self._report.today),
        )
        return element("header", element("h1", title), element("p", span))

    def _contents(self) -> xml.Form:
        links = [("overview", self._say("overview"))]
        links += [(f"module-{one.module.id}", self._name(one)) for one in self._report.sections]
        links += [("reliability", self._say("reliability")), ("waiting", self._say("waiting"))]
        items = [element("li", element("a", text, href=f"#{to}")) for to, text in links]
        return element("nav", element("ul", *items), aria_label=self._say("contents"))

    def _footer(self) -> xml.Form:
        notes = [self._say(f"note_{name}") for name in ("whole", "sold", "forecast", "lists")]
        missing = [] if self._pictures.are_there else [self._say("no_pictures")]
        return element(
            "footer",
            element("h2", self._say("notes")),
            element("ul", *(element("li", note) for note in [*missing, *notes])),
            element("p", f"{MODULE} {VERSION}"),
        )

    def _name(self, section: Section) -> str:
        return self._say("module", number=section.module.id, label=section.module.name).strip()

    def _part(self, name: str, title: str, *content: Content) -> xml.Form:
        heading = element("h2", title, id=f"{name}-title")
        return element("section", heading, *content, id=name, aria_labelledby=f"{name}-title")

    # -- overview -----------------------------------------------------------------------------

    def _overview(self) -> xml.Form:
        sections = self._report.sections
        if not sections:
            return self._part("overview", self._say("overview"), self._words_of("no_modules"))
        size = self._words.size
        columns = [Column(self._say("column_module"))] + [
            Column(self._say(f"column_{name}"), True)
            for name in ("services", "sold", "used", "free", "disk", "sold_to_disk", "sold_to_used")
        ]
        rows = [
            (
                self._name(one),
                *(str(one.services), size(one.sold_bytes), size(one.used_bytes)),
                *(size(one.free_bytes), size(one.disk_bytes)),
                self._times(one.sold_to_disk),
                self._times(one.sold_to_used),
            )
            for one in sections
        ]
        content = [table(self._say("modules"), columns, rows), self._words_of("oversold")]
        picture = self._pictures.oversold(sections)
        return self._part("overview", self._say("overview"), self._sums(), *picture, *content)

    def _sums(self) -> xml.Form:
        sections = self._report.sections
        used = [one.used_bytes for one in sections if one.used_bytes is not None]
        stopped = sum(one.is_stopped for section in sections for one in section.waiting)
        return self._cards(
            ("services", str(sum(one.services for one in sections))),
            ("sold", self._words.size(sum(one.sold_bytes for one in sections))),
            ("used", self._words.size(sum(used) if used else None)),
            ("stopped", str(stopped)),
        )

    def _cards(self, *cards: Tuple[str, str]) -> xml.Form:
        """Some figures with their names."""
        made = [
            element("div", element("dt", self._say(f"column_{name}")), element("dd", text))
            for name, text in cards
        ]
        return element("dl", *made, class_="cards")

    def _times(self, ratio: Optional[float]) -> str:
        return NOTHING if ratio is None else self._say("times", count=self._words.number(ratio, 2))

    def _words_of(self, name: str, **values: object) -> xml.Form:
        return element("p", self._say(name, **values))

    # -- a module -----------------------------------------------------------------------------

    def _module(self, one: Section) -> xml.Form:
        size = self._words.size
        free = "free" if one.disk_bytes is not None else "unused"
        cards = self._cards(
            ("services", str(one.services)),
            ("sold", size(one.sold_bytes)),
            ("used", size(one.used_bytes)),
            (free, size(one.free_bytes)),
            ("disk", size(one.disk_bytes)),
        )
        return self._part(
            f"module-{one.module.id}",
            self._name(one),
            cards,
            element("ul", *(element("li", text) for text in self._remarks(one))),
            *self._space(one),
            *self._months(one),
            *self._lists(one),
        )

    def _remarks(self, one: Section) -> Iterator[str]:
        """What has to be said of the figures of a module, and when it will be full."""
        counts = [
            f"{self._say(name)} {one.statuses[status]}"
            for status, name in STATUS_NAMES.items()
            if one.statuses.get(status)
        ]
        if counts:
            yield self._say("statuses", list=", ".join(counts))
        if one.unlimited:
            yield self._say("some_unlimited", count=one.unlimited)
        if one.untold:
            yield self._say("some_untold", count=one.untold)
        if one.used_day is None:
            yield self._say("never_read")
        elif one.used_day < self._report.today - timedelta(days=1):
            yield self._say("read_until", day=self._words.day(one.used_day))
        if one.last_whole is not None:
            yield self._say("whole_until", day=self._words.day(one.last_whole))
        yield self._forecast("disk", one.disk_full)
        yield self._forecast("sold", one.sold_full)

    def _forecast(self, what: str, one: Forecast) -> str:
        """When the disk, or what is sold, is full, and how sure that is."""
        day = self._words.day
        subject = self._say(f"full_{what}")
        if one.outcome is Outcome.NO_LIMIT:
            return self._say(f"no_limit_{what}")
        text = self._say(f"forecast_{one.outcome.value}", what=subject, day=day(one.day))
        if one.bytes_a_day is not None:
            text += " " + self._say("a_day", size=self._words.size(one.bytes_a_day, sign=True))
        if one.earliest is None or one.outcome is not Outcome.DATED:
            return text
        if one.latest is None:
            return f"{text} {self._say('between_open', first=day(one.earliest))}"
        if (one.latest - one.earliest).days <= STEADY_DAYS:
            return f"{text} {self._say('steady')}"
        return f"{text} {self._say('between', first=day(one.earliest), last=day(one.latest))}"

    def _space(self, one: Section) -> List[xml.Form]:
        """Sold, used and free space over time."""
        if not one.days:
            return []
        size = self._words.size
        columns = [Column(self._say("column_day"))] + [
            Column(self._say(f"column_{name}"), True) for name in ("used", "sold", "free", "count")
        ]
        rows = []
        for day in one.days:
            free = one.free_on(day)
            told = (size(day.used_bytes), size(day.sold_bytes), size(free), str(day.services))
            rows.append((self._words.day(day.day), *told))
        name = self._name(one)
        figures = table(self._say("days_of", which=name), columns, rows)
        return [
            element("h3", self._say("space")),
            *self._pictures.space(one, name),
            element("details", element("summary", self._say("days_of", which=name)), figures),
        ]

    def _months(self, one: Section) -> List[xml.Form]:
        """Growth by month."""
        if not one.months:
            return []
        size = self._words.size
        columns = [Column(self._say("column_month"))] + [
            Column(self._say(f"column_{name}"), True)
            for name in ("growth", "used", "sold", "opened", "closed")
        ]
        rows = [
            (
                self._words.month(month.month),
                *(size(month.growth_bytes, sign=True), size(month.used_bytes)),
                *(size(month.sold_bytes), str(month.opened), str(month.closed)),
            )
            for month in one.months
        ]
        name = self._name(one)
        return [
            element("h3", self._say("months")),
            *self._pictures.months(one, name),
            table(self._say("months_of", which=name), columns, rows),
        ]

    # -- customers ----------------------------------------------------------------------------

    def _lists(self, one: Section) -> Iterator[xml.Form]:
        lists = one.lists
        if lists.day is None:
            return
        day = self._words.day
        for name, few in (
            *(("near", lists.near), ("largest", lists.largest)),
            *(("growing", lists.growing), ("idle", lists.idle)),
        ):
            yield element("h3", self._say(name))
            yield self._words_of(f"about_{name}", day=day(lists.day), since=day(lists.compared))
            if name == "growing" and lists.compared is None:
                yield self._words_of("not_compared")
            elif not few.total:
                yield self._words_of("nobody")
            else:
                yield self._customers(self._say(f"{name}_of", which=self._name(one)), few)
        if lists.unread:
            yield self._words_of("unread", count=lists.unread)

    def _customers(self, caption: str, few: Few) -> xml.Form:
        columns = [
            *(Column(self._say(f"column_{name}")) for name in ("service", "client", "tariff")),
            *(
                Column(self._say(f"column_{name}"), True)
                for name in ("used", "sold", "part", "growth")
            ),
        ]
        rows = [self._customer(one) for one in few.shown]
        if few.total > len(few.shown):
            caption = f"{caption} {self._say('first_of', shown=len(few.shown), count=few.total)}"
        return table(caption, columns, rows)

    def _customer(self, one: Customer) -> Sequence[str]:
        client = f"{one.client_id or ''} {self._shown(one.client)}".strip()
        return (
            *(str(one.item_id), client or NOTHING, self._shown(one.tariff)),
            *(self._words.size(one.used_bytes), self._words.size(one.sold_bytes)),
            self._words.percent(one.part),
            self._words.size(one.grown_bytes, sign=True),
        )

    @staticmethod
    def _shown(name: str) -> str:
        return messages.shown(name)

    # -- the program --------------------------------------------------------------------------

    def _reliability(self) -> xml.Form:
        told = self._report.runs
        title = self._say("reliability")
        if told.trouble:
            return self._part(
                "reliability", title, self._words_of("unread_history", why=told.trouble)
            )
        if told.since is None:
            return self._part("reliability", title, self._words_of("no_history"))
        since = self._words.day(date.fromisoformat(told.since))
        about = self._say("runs_cut" if told.is_cut else "runs_since", day=since)
        return self._part(
            "reliability",
            title,
            element("p", about),
            *self._pictures.runs(told),
            self._kinds(),
            *self._failures(),
        )

    def _kinds(self) -> xml.Form:
        columns = [Column(self._say("column_command"))] + [
            Column(self._say(f"column_{name}"), True)
            for name in ("runs", "operations", "failed", "failed_part", "median", "p95")
        ]
        rows = [
            (
                one.command or NOTHING,
                *(str(one.runs), str(one.operations), str(one.failed)),
                self._words.percent(one.failed / one.runs),
                *(self._words.seconds(one.median_ms), self._words.seconds(one.p95_ms)),
            )
            for one in self._report.runs.kinds
        ]
        return table(self._say("commands"), columns, rows)

    def _failures(self) -> List[xml.Form]:
        failures = self._report.runs.failures
        heading = element("h3", self._say("failures"))
        if not failures:
            return [heading, self._words_of("no_failures")]
        columns = [
            *(Column(self._say("column_code")), Column(self._say("column_runs"), True)),
            *(Column(self._say("column_last")), Column(self._say("column_cause"))),
        ]
        rows = [
            (one.code, str(one.runs), self._moment(one.last), self._words.cause(one.code))
            for one in failures
        ]
        return [heading, table(self._say("failures"), columns, rows)]

    def _moment(self, text: str) -> str:
        day, _, clock = text.partition("T")
        return f"{self._words.day(date.fromisoformat(day))} {clock}"

    def _waiting(self) -> xml.Form:
        title = self._say("waiting")
        sections = self._report.sections
        waiting = [(section, one) for section in sections for one in section.waiting]
        content = []
        for section in sections:
            if section.uncounted:
                name = self._name(section)
                content.append(self._words_of("uncounted", which=name, count=section.uncounted))
        if not waiting:
            return self._part("waiting", title, self._words_of("nothing_waits"), *content)
        names = ("operation", "module", "service", "tries", "state", "task", "code", "cause")
        columns = [Column(self._say(f"column_{name}"), name == "tries") for name in names]
        waiting.sort(key=lambda pair: (not pair[1].is_stopped, pair[1].id))
        shown = waiting[:MOST_WAITING]
        rows = [
            (
                *(str(one.id), self._name(section), str(one.item_id), str(one.tries)),
                self._say("is_stopped" if one.is_stopped else "is_waiting"),
                self._say("yes" if one.has_task else "no"),
                *(one.code or NOTHING, self._words.cause(one.code) or NOTHING),
            )
            for section, one in shown
        ]
        caption = self._say("operations")
        if len(waiting) > len(shown):
            caption += " " + self._say("first_of", shown=len(shown), count=len(waiting))
        return self._part("waiting", title, table(caption, columns, rows), *content)
