"""CSV: what is written is read again, no cell is a formula, and files come as people save them."""

from typing import List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.base import sheets
from utils.base.sheets import BOM, Row

FORMULAS = ["=1+1", "+79001234567", "-5", "@sum", "\t=1", " =1", "＝1", "\r=1", "'=1", "'", "-"]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_begins_like_a_formula(text: str) -> None:
    cell = sheets.write([[text]]).lstrip(BOM).strip().strip('"')
    assert cell.startswith("'")


def test_numbers_stay_numbers_and_nothing_is_an_empty_cell() -> None:
    assert sheets.write([[15, -2.5, None, "ivan"]]) == BOM + "15;-2.5;;ivan\r\n"


def test_only_the_first_rows_of_a_file_have_the_mark() -> None:
    assert sheets.write([["a", "b"]], ",", is_first=False) == "a,b\r\n"


def test_a_text_is_one_line() -> None:
    assert sheets.write([["a\nb\x1b[0m"]], is_first=False) == "a b [0m\r\n"


def test_a_very_long_text_is_cut() -> None:
    assert len(sheets.write([["x" * 10**6]])) < sheets.LONGEST_CELL + 10


@given(st.lists(st.text("ab'=+-@;,\" ё", max_size=6), min_size=2, max_size=3))
def test_what_is_written_is_read_again(cells: List[str]) -> None:
    read = sheets.read(sheets.write([["15", *cells]]).encode())
    assert read.rows == [Row(1, ["15", *(cell.strip() for cell in cells)])]


@pytest.mark.parametrize("delimiter", sheets.DELIMITERS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("codec", "named"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16"),
        ("cp1251", "Windows-1251"),
    ],
)
def test_a_file_comes_as_people_save_it(delimiter: str, end: str, codec: str, named: str) -> None:
    lines = ["", f"15{delimiter}иван", f"  {delimiter} ", f'16{delimiter}"a ""b"""', ""]
    sheet = sheets.read(end.join(lines).encode(codec))
    assert sheet.encoding == named
    assert sheet.rows == [Row(2, ["15", "иван"]), Row(4, ["16", 'a "b"'])]


def test_a_cell_of_several_lines_does_not_move_the_numbers_of_later_ones() -> None:
    sheet = sheets.read(b'1;"a\nb"\n2;c\n')
    assert [row.line for row in sheet.rows] == [1, 3]


@pytest.mark.parametrize("data", [b"", b"\n\n", BOM.encode(), b" ; \n"])
def test_an_empty_file_has_no_rows(data: bytes) -> None:
    assert sheets.read(data).rows == []


@pytest.mark.parametrize(
    "data",
    [b"PK\x03\x04\0\0", b'15;"ivan\n', b'15;"ivan"x\n', b"\xff\xfe1", b"15;\x98\n"],
    ids=["a workbook", "an open quote", "behind a quote", "half UTF-16", "no encoding"],
)
def test_what_is_no_such_file_is_told(data: bytes) -> None:
    with pytest.raises(ValueError, match="."):
        sheets.read(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_rows_or_a_reason(data: bytes) -> None:
    try:
        rows = sheets.read(data).rows
    except ValueError:
        return
    assert all(any(row.cells) for row in rows)
