"""The report of a played-in year: every figure is what was put in, in each of its forms."""

import csv
import datetime
import io
import json
import re
from typing import Any, Dict, Iterator, List

import pytest
from lxml import html

from tests import ROOT
from tests.doubles.billmanager import Stand
from tests.e2e.year import DAYS, EMPTY_UNTIL, EVIL, GIB, NEW_MEASURE, PARTLY, UNREAD, Year
from tests.meta.schemas import misfits
from utils.host.messages import LANGUAGES

SCHEMA = json.loads((ROOT / "docs/report.schema.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def year() -> Iterator[Year]:
    """The provider, with a disk of 120 GiB for its first module."""
    with Stand(preloaded=True) as stand:
        made = Year(stand)
        made.remember()
        stand.write("etc/pmnextcloud.conf", f"disk_sizes = {made.module}=120GiB\n")
        yield made


def document(year: Year, *words: str) -> Dict[str, Any]:
    """What the command tells a machine, which is as the schema says."""
    run = year.stand.run("report", extra=["--format", "json", *words])
    assert run.exit_code == 0, run
    told: Dict[str, Any] = json.loads(run.stdout)
    assert list(misfits(told, SCHEMA)) == []
    return told


@pytest.fixture(scope="module")
def told(year: Year) -> Dict[str, Any]:
    """The report of the whole year."""
    year.stopped = year.wait()
    return document(year)


@pytest.fixture(scope="module")
def pages(year: Year, told: Dict[str, Any]) -> Dict[str, str]:
    """The page of the whole year, by the language."""
    made = {}
    for language in LANGUAGES:
        run = year.stand.run("report", extra=["--lang", language])
        assert run.exit_code == 0, run
        made[language] = run.stdout.decode()
    return made


def test_every_day_has_what_was_put_in_and_a_gap_is_no_zero(
    year: Year, told: Dict[str, Any]
) -> None:
    days = told["modules"][0]["days"]
    assert [one["day"] for one in days] == [year.day(number).isoformat() for number in range(DAYS)]
    for number, day in enumerate(days):
        used = year.used_gib(number)
        if used is None:
            assert day["used_bytes"] is day["free_bytes"] is None, day
        else:
            assert day["used_bytes"] == pytest.approx(used * GIB, abs=GIB // 100), day
            assert day["free_bytes"] == 120 * GIB - day["used_bytes"]
        assert day["sold_bytes"] == year.sold_gib(number) * GIB, day
    gaps = [number for number, day in enumerate(days) if day["used_bytes"] is None]
    assert gaps == [*UNREAD, PARTLY]
    assert {day["used_bytes"] for day in days[:EMPTY_UNTIL]} == {0}, "a zero that was read is one"


def test_a_new_measure_in_between_changes_no_figure(told: Dict[str, Any]) -> None:
    used = [day["used_bytes"] for day in told["modules"][0]["days"]]
    step = used[NEW_MEASURE] - used[NEW_MEASURE - 1]
    assert step == pytest.approx(used[NEW_MEASURE - 1] - used[NEW_MEASURE - 2], abs=GIB // 100)


def test_months_add_up_to_what_the_year_has_grown(told: Dict[str, Any]) -> None:
    section = told["modules"][0]
    assert sum(one["growth_bytes"] for one in section["months"]) == section["used_bytes"]
    assert len(section["months"]) in (12, 13)
    assert sum(one["opened"] for one in section["months"]) == 7
    assert sum(one["closed"] for one in section["months"]) == 1


def test_the_forecast_is_the_day_on_which_the_disk_is_full(
    year: Year, told: Dict[str, Any]
) -> None:
    a_day = sum(one.a_day_gib for one in year.sold if one.until is None)
    used = year.used_gib(DAYS - 1)
    assert used is not None
    for name, limit in (("disk_full", 120), ("sold_full", year.sold_gib(DAYS - 1))):
        forecast = told["modules"][0][name]
        day = datetime.date.fromisoformat(forecast["day"])
        assert forecast["outcome"] == "dated"
        assert (day - year.today).days == pytest.approx((limit - used) / a_day, abs=2)
        assert forecast["earliest"] <= forecast["day"] <= forecast["latest"]


def test_where_nobody_knows_the_limit_there_is_no_forecast(told: Dict[str, Any]) -> None:
    other = told["modules"][1]
    assert other["disk_full"]["outcome"] == "no_limit"
    assert other["sold_full"]["outcome"] == "unlimited"
    assert (other["unlimited"], other["sold_bytes"], other["free_bytes"]) == (1, 0, None)


def test_customers_are_in_the_lists_that_fit_them(year: Year, told: Dict[str, Any]) -> None:
    lists = told["modules"][0]["customers"]
    items = {
        name: [one["item"] for one in lists[name]["shown"]]
        for name in ("near", "largest", "growing", "idle")
    }
    living = [one for one in year.sold if one.until is None]
    by_use = sorted(living, key=lambda one: -year.of_service(one, DAYS - 1))
    by_growth = sorted((one for one in living if one.a_day_gib), key=lambda one: -one.a_day_gib)
    assert items["near"] == [year.sold[5].item]
    assert items["largest"] == [one.item for one in by_use]
    assert items["growing"] == [one.item for one in by_growth]
    assert items["idle"] == [year.sold[4].item]
    assert lists["near"]["shown"][0]["client_name"] == EVIL
    assert lists["unread"] == 0


def test_runs_are_counted_from_the_history(told: Dict[str, Any]) -> None:
    runs = told["runs"]
    kinds = {one["command"]: one for one in runs["commands"]}
    assert (kinds["stat"]["runs"], kinds["stat"]["failed"]) == (60, 0)
    assert (kinds["stat"]["median_ms"], kinds["stat"]["p95_ms"]) == (8030, 8056)
    assert (kinds["open"]["operations"], kinds["open"]["failed"]) == (60, 9)
    codes = [(one["code"], one["runs"]) for one in runs["failures"]]
    assert codes == [("cloud_unreachable", 9), ("quota_missing", 3)]
    assert sum(one["failed"] for one in runs["days"]) == 12


def test_what_waits_for_staff_is_named_with_its_error(year: Year, told: Dict[str, Any]) -> None:
    stopped = [one for one in told["modules"][0]["operations"] if one["stopped"]]
    assert stopped == [
        {
            **{"operation": year.stopped, "item": year.sold[0].item, "tries": 10},
            **{"stopped": True, "task": False, "code": "quota_missing"},
        }
    ]


def test_one_module_and_fewer_days_are_told_when_they_are_asked_for(year: Year) -> None:
    one = document(year, "--module", str(year.other), "--since", "30d")
    assert [section["id"] for section in one["modules"]] == [year.other]
    assert one["first"] == (year.today - datetime.timedelta(days=30)).isoformat()
    days = one["modules"][0]["days"]
    assert len(days) == DAYS - 350, "none before its first service was opened"
    assert [day["used_bytes"] // GIB for day in days] == [number // 2 for number in range(15)]
    assert one["runs"]["days"] == [], "they are of the other module"


# -- the page -------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_is_whole_in_itself(pages: Dict[str, str], lang: str) -> None:
    text = pages[lang]
    root = html.document_fromstring(text)
    assert root.get("lang") == lang
    assert not root.xpath("//script | //link | //iframe | //img | //object | //form | //base")
    assert not re.search(r"https?:|//www|url\(|@import|javascript:", text)
    assert not [name for node in root.iter() for name in node.attrib if name.startswith("on")]
    assert not re.search(r"__\w+__", text), "a place that was not filled"
    assert {node.get("href")[0] for node in root.xpath("//a")} == {"#"}


def test_names_of_customers_are_texts_and_never_markup(pages: Dict[str, str]) -> None:
    text = pages["en"]
    assert "<script" not in text
    assert "<b>" not in text
    cells = [node.text_content() for node in html.document_fromstring(text).xpath("//td")]
    assert any(EVIL in cell for cell in cells)


def test_each_picture_has_its_words_and_a_table_of_the_same_figures(
    pages: Dict[str, str],
) -> None:
    root = html.document_fromstring(pages["en"])
    figures = root.xpath("//figure")
    assert len(figures) == 6
    ids = [node.get("id") for node in root.xpath("//*[@id]")]
    assert len(ids) == len(set(ids))
    for figure in figures:
        drawings = figure.xpath(".//svg")
        assert [one.getparent().get("class") for one in drawings] == ["wide", "narrow"]
        for drawing in drawings:
            assert drawing.get("role") == "img"
            named = drawing.get("aria-labelledby").split()
            assert all(root.get_element_by_id(name).text_content().strip() for name in named)
        assert figure.xpath("following-sibling::*[self::div or self::details][1]//table")


def test_a_gap_interrupts_the_line_of_the_picture(year: Year, pages: Dict[str, str]) -> None:
    root = html.document_fromstring(pages["en"])
    figure = root.xpath(f"//section[@id='module-{year.module}']//figure")[0]
    for drawing in figure.xpath(".//svg"):
        used, sold, disk = drawing.xpath(".//g[starts-with(@class, 'series')]")
        assert [len(one.xpath("./path")) for one in (used, sold, disk)] == [3, 1, 1]


def test_tables_name_their_columns_rows_and_themselves(pages: Dict[str, str]) -> None:
    root = html.document_fromstring(pages["en"])
    tables = root.xpath("//table")
    assert len(tables) > 10
    for table in tables:
        assert table.find("caption").text_content().strip()
        assert {node.get("scope") for node in table.xpath("./thead//th")} == {"col"}
        widths = {len(row) for row in table.xpath(".//tr")}
        assert len(widths) == 1
        assert {node.get("scope") for node in table.xpath("./tbody/tr/*[1]")} <= {"row"}


def test_headings_follow_one_another(pages: Dict[str, str]) -> None:
    root = html.document_fromstring(pages["en"])
    levels = [int(node.tag[1]) for node in root.xpath("//h1 | //h2 | //h3")]
    assert levels.count(1) == 1
    assert all(later - former <= 1 for former, later in zip(levels, levels[1:]))


# -- a table --------------------------------------------------------------------------------------


def test_the_csv_has_every_day_and_no_cell_is_a_formula(year: Year, told: Dict[str, Any]) -> None:
    year.stand.sql("UPDATE account SET name = %s WHERE name = %s", "=1+1", "Client 4")
    run = year.stand.run("report", extra=["--format", "csv", "--delimiter", ";"])
    year.stand.sql("UPDATE account SET name = %s WHERE name = %s", "Client 4", "=1+1")
    text = run.stdout.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))
    of_module = [row for row in rows if row["module"] == str(year.module)]
    days = [row["used_bytes"] for row in of_module if row["kind"] == "day"]
    assert days == [
        "" if day["used_bytes"] is None else str(day["used_bytes"])
        for day in told["modules"][0]["days"]
    ]
    assert "'=1+1" in {row["client_name"] for row in rows}
    cells = [cell for row in rows for cell in row.values()]
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "@", "\t")]
    kinds = {row["kind"] for row in rows}
    assert kinds >= {"module", "day", "month", "near", "largest", "growing", "idle", "operation"}
    assert kinds >= {"disk_full", "sold_full", "runs", "command", "failure"}


# -- what is missing ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        *(["--format", "text"], ["--format"], ["--since", "yesterday"], ["--delimiter", "x"]),
        *(["--modul", "31"], ["--dry-run"]),
    ],
    ids=" ".join,
)
def test_wrong_arguments_are_refused(year: Year, words: List[str]) -> None:
    run = year.stand.run("report", extra=words)
    assert (run.exit_code, run.error_type) == (2, "bad_arguments")


def test_a_module_that_is_not_there_is_told(year: Year) -> None:
    run = year.stand.run("report", extra=["--module", "7777"])
    assert (run.exit_code, run.error_type) == (2, "module_not_found")


def test_nothing_is_written_and_no_core_is_called(year: Year, told: Dict[str, Any]) -> None:
    """But the log, as every command does."""
    before, calls = _state(year), len(year.stand.calls)
    assert year.stand.run("report").exit_code == 0
    assert _state(year) == before
    assert len(year.stand.calls) == calls


def _state(year: Year) -> Dict[str, Any]:
    root = year.stand.root
    files = [path for path in root.rglob("*") if path.is_file() and path.suffix != ".log"]
    tables = ("item", "itemstat", "itemparam", "runningoperation", "task", "problems")
    return {
        **{str(path): path.read_bytes() for path in files},
        **{name: year.stand.sql(f"SELECT COUNT(*) AS c FROM {name}") for name in tables},
    }
