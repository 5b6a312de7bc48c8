"""The page: it says in words what its figures cannot, escapes all, and does without pictures."""

import sys
from datetime import timedelta
from typing import Any, Dict, List

import pytest
from lxml import html

from tests.unit.report import given
from tests.unit.report.given import GIB, NO_RUNS, RUNS, STOPPED, TODAY, customer, report, section
from utils.consts import STATUS_ACTIVE
from utils.report import pictures
from utils.report.forecast import Forecast, Outcome
from utils.report.gather import MOST_SHOWN, Few, Lists, Report, Section
from utils.report.page import MOST_WAITING, compose
from utils.report.pictures import MOST_DAYS, _drawing
from utils.report.runs import Attempts
from utils.report.words import Words

ENGLISH = Words("en")


def shown(told: Report, lang: str = "en") -> str:
    """What a reader sees of the page, with one blank between the words."""
    root = html.document_fromstring(compose(told, Words(lang)))
    for node in root.xpath("//style"):
        node.getparent().remove(node)
    return " ".join(" ".join(root.itertext()).split())


OUTCOMES: Dict[Outcome, str] = {
    Outcome.FULL: "The disk is full.",
    Outcome.DATED: "The disk is full about 2027-01-01, if growth stays as it was",
    Outcome.FAR: "The disk is not full within five years",
    Outcome.SHRINKING: "The disk: no forecast, for the used space does not grow.",
    Outcome.TOO_FEW: "The disk: no forecast, for too few days were read.",
    Outcome.STALE: "The disk: no forecast, for the last reading is more than two weeks old.",
    Outcome.NO_LIMIT: "Nobody has named the size of the disk",
    Outcome.UNLIMITED: "The disk: no forecast, for some services have no limit.",
}


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("lang", ["en", "ru"])
def test_each_outcome_of_a_forecast_is_said_in_words(outcome: Outcome, lang: str) -> None:
    day = TODAY.replace(year=2027, month=1, day=1) if outcome is Outcome.DATED else None
    text = shown(report(section(disk_full=Forecast(outcome, day))), lang)
    assert "__" not in text
    if lang == "en":
        assert OUTCOMES[outcome] in text


SPREADS = [
    (10, 13, "Growth was steady."),
    (10, 60, "Growth has varied: the day may lie between 2026-12-06 and 2027-01-25."),
    (10, None, "Growth has varied: it may be as early as 2026-12-06, and also not within five"),
]


@pytest.mark.parametrize(("earliest", "latest", "words"), SPREADS)
def test_how_sure_a_forecast_is_stands_beside_it(earliest: int, latest: Any, words: str) -> None:
    ends = [None if days is None else TODAY + timedelta(days=days) for days in (earliest, latest)]
    one = Forecast(Outcome.DATED, TODAY + timedelta(days=12), *ends, bytes_a_day=GIB / 2)
    text = shown(report(section(disk_full=one)))
    assert f"Growth is +512 MiB a day. {words}" in text


REMARKS = {
    "Services by state: active 7, closed 1.": {},
    "Services without a limit, which are in no sum of what is sold: 3.": {"unlimited": 3},
    "Services of which nobody can tell what is sold: 2.": {"untold": 2},
    "The used space was never read in this time.": {"days": [], "used_day": None},
    "The last day that was read whole is 2026-11-01.": {"used_day": TODAY.replace(day=1)},
    "The command stat has last told a day to be whole on 2026-11-26.": {},
    "services that are sold and not counted, of which staff has a task: 4.": {"uncounted": 4},
}


@pytest.mark.parametrize("words", REMARKS)
def test_what_the_figures_do_not_tell_is_said(words: str) -> None:
    assert words in shown(report(section(**REMARKS[words])))


def test_without_a_disk_what_is_sold_and_not_used_is_free() -> None:
    one = section(disk_bytes=None)
    assert one.free_bytes == one.sold_bytes - one.used_bytes
    assert one._replace(unlimited=1).free_bytes is None
    assert "Sold and not used" not in shown(report(section()))
    assert "sold and not used" in shown(report(one))


def test_nothing_is_told_of_nothing() -> None:
    text = shown(report(runs=NO_RUNS))
    for words in (
        "BILLmanager has no processing module of this kind.",
        "The history has no runs of this time.",
        "No operation stands in the queue.",
    ):
        assert words in text


def test_a_module_without_services_has_a_section_all_the_same() -> None:
    lists = Lists(None, None, 0, *[given.NOBODY] * 4)
    text = shown(report(section(days=[], lists=lists, statuses={}, used_bytes=None)))
    assert "Module 31 Cloud" in text
    assert "Near" not in text


def test_lists_say_when_there_is_nobody_or_nothing_to_compare_or_more_than_is_shown() -> None:
    many = Few([customer(item) for item in range(MOST_SHOWN)], 77)
    lists = Lists(TODAY, None, 5, many, many, given.NOBODY, given.NOBODY)
    text = shown(report(section(lists=lists)))
    assert "(the first 20 of 77)" in text
    assert "There is no reading of a month before to compare with." in text
    assert "None." in text
    assert "are in none of these lists: 5." in text


def test_stopped_operations_stand_first_and_not_more_than_anybody_reads() -> None:
    waiting = [STOPPED._replace(id=number, is_stopped=False, code="") for number in range(80)]
    text = shown(report(section(waiting=[*waiting, STOPPED])))
    assert f"(the first {MOST_WAITING} of 81)" in text
    assert text.index("900 Module 31") < text.index("0 Module 31 Cloud 15 10 repeated")
    assert "quota_missing" in text


def test_a_cut_or_broken_history_and_runs_without_failures_are_told() -> None:
    assert "too long to be read whole" in shown(report(runs=RUNS._replace(is_cut=True)))
    assert "cannot be read: OSError" in shown(report(runs=NO_RUNS._replace(trouble="OSError")))
    assert "No run has failed." in shown(report(runs=RUNS._replace(failures=[])))


@pytest.mark.parametrize("days", [MOST_DAYS, MOST_DAYS + 1])
def test_runs_of_many_days_are_shown_by_weeks(days: int) -> None:
    first = TODAY - timedelta(days=days - 1)
    attempts = [
        Attempts((first + timedelta(days=number)).isoformat(), 2, 1) for number in range(days)
    ]
    text = shown(report(runs=RUNS._replace(days=attempts)))
    assert ("Runs by week" in text) is (days > MOST_DAYS)
    assert f"done {2 * days}, failed {days}." in text


EVIL = [
    "<script>alert(1)</script>",
    "<img src=x onerror=y>",
    '" onmouseover="x',
    "\x1b[31m\u202e\x00",
]


@pytest.mark.parametrize("name", EVIL)
def test_whatever_a_name_is_it_is_a_text(name: str) -> None:
    lists = section().lists._replace(near=Few([customer(name=name)._replace(tariff=name)], 1))
    one = section(lists=lists)
    one = one._replace(module=one.module._replace(name=name))
    text = compose(report(one), ENGLISH).decode()
    root = html.document_fromstring(text)
    assert not root.xpath("//script | //img")
    assert not [key for node in root.iter() for key in node.attrib if key.startswith("on")]
    assert not [char for char in text if not char.isprintable() and char != "\n"]


def test_no_attribute_of_a_name_is_text_of_a_style_or_script() -> None:
    style = pictures.__file__.replace("pictures.py", "page.css")
    with open(style, encoding="utf-8") as file:
        assert "<" not in file.read(), "the style stands in the page as it is"


def test_a_code_of_an_operation_that_nobody_knows_means_nothing() -> None:
    assert ENGLISH.cause("never_heard_of") == ""
    assert ENGLISH.cause("killed").startswith("no end")
    assert ENGLISH.cause("quota_missing")


# -- pictures -------------------------------------------------------------------------------------


def test_without_the_library_the_tables_tell_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    with_pictures = html.document_fromstring(compose(report(section()), ENGLISH))
    monkeypatch.setattr(pictures, "charts", None)
    text = compose(report(section()), ENGLISH).decode()
    without = html.document_fromstring(text)
    assert not without.xpath("//svg | //figure")
    assert len(with_pictures.xpath("//figure")) == 4
    tables = [root.xpath("//table") for root in (with_pictures, without)]
    assert [len(one) for one in tables] == [len(tables[0])] * 2
    assert "the library pygal is not installed" in text


def test_a_library_that_cannot_be_loaded_is_a_missing_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _drawing() is pictures.charts
    monkeypatch.setitem(sys.modules, "pygal", None)
    monkeypatch.delitem(sys.modules, "utils.report.charts")
    monkeypatch.delattr("utils.report.charts")
    assert _drawing() is None


def series(drawing: Any) -> List[Any]:
    """The groups of a drawing that hold what is told."""
    found: List[Any] = drawing.xpath(".//g[starts-with(@class, 'series')]")
    return found


def test_a_single_day_between_gaps_can_be_seen() -> None:
    days = given.days(unread=range(0))
    days = [
        one._replace(used_bytes=None) if place in (98, 100) else one
        for place, one in enumerate(days)
    ]
    root = html.document_fromstring(compose(report(section(days=days)), ENGLISH))
    used, *_ = series(root.xpath("//svg")[2])
    ends = [path.get("d") for path in used.xpath("./path")]
    assert len(ends) == 3
    assert len(set(ends[1].replace("M", "").split())) > 1


def test_what_only_has_services_without_a_limit_shows_no_line_of_what_is_sold() -> None:
    days = [one._replace(sold_bytes=0) for one in given.days()]
    one = section(days=days, disk_bytes=None, unlimited=1, statuses={STATUS_ACTIVE: 1})
    root = html.document_fromstring(compose(report(one), ENGLISH))
    assert [node.get("class") for node in series(root.xpath("//svg")[0])] == ["series colour-0"]


@pytest.mark.parametrize("kind", ["growing", "shrinking", "still"])
def test_growth_of_each_sign_has_its_bars(kind: str) -> None:
    sign = {"growing": 1, "shrinking": -1, "still": 0}[kind]
    days = [
        one._replace(used_bytes=(200 + sign * place) * GIB)
        for place, one in enumerate(given.days())
    ]
    one: Section = section(days=days)
    root = html.document_fromstring(compose(report(one), ENGLISH))
    bars = root.xpath("//section[@id='module-31']//figure")[1].xpath(".//div[@class='wide']//rect")
    assert len(bars) >= len(one.months)
