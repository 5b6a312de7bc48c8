"""What people and machines are shown of an audit."""

import csv
import io
import json
from typing import Any, Iterator, List

import pytest

from tests import ROOT
from tests.unit.conftest import make_billing
from utils.audit import shown
from utils.audit.differences import VERDICTS, Difference
from utils.audit.examine import Examined, Failure
from utils.audit.findings import DONE, FAILED, GONE, SHOWN, Findings, Outcome
from utils.audit.shown import COLUMNS, Report, Words, as_csv, as_json
from utils.billing.modules import StoredModule
from utils.host import messages

MODULE = StoredModule(31, "Cloud\x1b[0m", True)


def difference(kind: str, item: int, **changes: Any) -> Difference:
    """A difference of a service."""
    one = Difference(kind, 31, f"user_{item}", {}, {}, item, 201, 501)
    return one._replace(**changes)


@pytest.fixture
def report() -> Iterator[Report]:
    """An audit that has found nothing yet."""
    billing = make_billing()
    billing.tariffs.names.side_effect = lambda ids: dict.fromkeys(ids, "Basic")
    billing.clients.names.side_effect = lambda ids: dict.fromkeys(ids, "Client")
    findings = Findings(billing, VERDICTS)
    yield Report([Examined(MODULE, 500)], findings, {}, 20)
    findings.close()


def text(report: Report, language: str = "en") -> str:
    """What people read."""
    return b"".join(Words(language).as_text(report)).decode()


def rows(report: Report, delimiter: str = ",") -> List[List[str]]:
    """The cells of the CSV."""
    data = b"".join(as_csv(report, delimiter)).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(data), delimiter=delimiter))


def test_where_nothing_differs_that_is_said(report: Report) -> None:
    assert report.left == 0
    assert text(report).endswith("Differences: 0.\n")
    assert rows(report) == [list(COLUMNS)]
    assert json.loads(b"".join(as_json(report)))["differences"] == []


def test_a_text_shows_the_first_of_a_class_and_how_many_more(report: Report) -> None:
    report.findings.tell([difference("quota", item) for item in range(1, SHOWN + 4)])
    said = text(report)
    assert f"quota ({SHOWN + 3}): " in said
    assert f"service {SHOWN}," in said
    assert f"service {SHOWN + 1}," not in said
    assert "and 3 more" in said
    assert "\x1b" not in said
    assert len(rows(report)) == SHOWN + 4


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_every_side_has_words_in_each_language(report: Report, language: str) -> None:
    with open(ROOT / "docs/audit.schema.json", encoding="utf-8") as file:
        schema = json.load(file)
    difference_of = schema["properties"]["differences"]["items"]["properties"]
    sides = difference_of["billing"]["properties"]
    values = {
        "boolean": True,
        "integer": 5 * 1024**3,
        "string": "x",
        "array": [],
    }
    side = {
        name: values[one["type"]] if "type" in one else one.get("enum", [7])[0]
        for name, one in sides.items()
    }
    report.findings.tell([difference("quota", 1, billing=side)])
    said = text(report, language)
    assert "side_" not in said
    assert "value_" not in said


def test_differences_of_a_module_that_was_not_looked_at_are_shown_too(report: Report) -> None:
    report.findings.tell([difference("closed_alive", 7, module_id=32)])
    assert "module 32" in text(report)
    assert report.left == 1


@pytest.mark.parametrize("code", ["cloud_unreachable", "does_nothing"])
def test_a_module_that_failed_is_told_with_the_message_of_its_error(
    report: Report, code: str
) -> None:
    failed = Examined(MODULE, failure=Failure(code, "here\n"))
    broken = report._replace(examined=[failed])
    assert broken.left == 1
    assert "not everything was looked at: " in text(broken)
    assert f" {code} " not in text(broken)
    [_, row] = rows(broken)
    assert row[:3] == ["error", "fault", "31"]
    assert f"{code}: here?" in row
    error = json.loads(b"".join(as_json(broken)))["modules"][0]["error"]
    assert error == {"code": code, "value": "here?"}


def test_what_was_mended_is_not_left_and_what_failed_is(report: Report) -> None:
    report.findings.tell([difference("quota", item, change="quota") for item in (1, 2, 3)])
    outcomes = {
        (1, "quota"): Outcome(DONE),
        (2, "quota"): Outcome(GONE),
        (3, "quota"): Outcome(FAILED, "busy"),
    }
    ended = report._replace(repairs=outcomes)
    assert (report.left, ended.left) == (3, 1)
    said = text(ended)
    for words in ("[mended]", "[mended by somebody before]", "[not mended: busy]"):
        assert said.count(words) == 1
    assert [row[-1] for row in rows(ended)[1:]] == ["done", "gone", "failed busy"]


def test_many_rows_are_written_in_parts_with_one_head(
    report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shown, "AT_ONCE", 2)
    report.findings.tell([difference("quota", item) for item in range(5)])
    assert [row[3] for row in rows(report)] == ["item", "0", "1", "2", "3", "4"]
    assert b"".join(as_csv(report, ";")).count("\ufeff".encode()) == 1


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_no_text_of_a_cell_is_a_formula_or_ends_it(report: Report, delimiter: str) -> None:
    nasty = '=cmd|" /C calc"!A0;,\t\n'
    side = {"why": nasty, "groups": ["=1", "b"]}
    report.findings.tell([difference("unproved", 1, login=nasty, billing=side, cloud=side)])
    [_, row] = rows(report, delimiter)
    assert len(row) == len(COLUMNS)
    assert row[COLUMNS.index("login")].startswith("'=cmd")
    assert not [cell for cell in row if cell and cell[0] in "=+-@\t\r\n"]


def test_the_sums_are_said_in_gib(report: Report) -> None:
    report.findings.tell(
        [
            difference("quota", 1, above_bytes=3 * 1024**3 // 2, change="quota"),
            difference("quota", 2, cloud={"quota_bytes": "unlimited"}),
            difference("unbilled", 3, used_bytes=1024**3),
        ]
    )
    said = text(report._replace(refused=True, limit=0))
    assert "above what is sold: 1.50 GiB" in said
    assert "nobody pays for: 1.00 GiB" in said
    assert "whose space is sold: 1." in said
    assert "--limit allows: 1 > 0" in said
