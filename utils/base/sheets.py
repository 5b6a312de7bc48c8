"""CSV for people and their spreadsheets: written so that no cell can do harm, read as it comes.

A spreadsheet takes a cell that begins like a formula for one, whoever wrote it. Such a text gets an
apostrophe before it, by which spreadsheets know a text, and loses it where the file is read again.
"""

import csv
import io
from typing import Iterable, Iterator, List, NamedTuple, Sequence, Tuple

from utils.base.text import printable

BOM = "\ufeff"
"""The mark at the beginning by which a spreadsheet knows UTF-8."""

DELIMITERS = (";", ",", "\t")

_TEXT = "'"
_FORMULAS = "=+-@\t\r\n\uff0b\uff0d\uff1d\uff20"
"""What a formula may begin with, also in the wide form that Asian spreadsheets take."""

LONGEST_CELL = 10_000
"""Characters of a cell; the longest that this program writes is a twentieth of it."""


class Row(NamedTuple):
    """A row that is not empty, with the number of the line where it begins."""

    line: int
    cells: List[str]


class Sheet(NamedTuple):
    """What stood in a file, and the name of the encoding in which it was read."""

    rows: List[Row]
    encoding: str


def write(rows: Iterable[Sequence[object]], delimiter: str = ";", is_first: bool = True) -> str:
    """The rows as text, with the mark of UTF-8 where they are the first of a file.

    Numbers stay numbers, None is an empty cell, and a text is one line that is no formula.
    """
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    for row in rows:
        writer.writerow([_safe(value) if isinstance(value, str) else value for value in row])
    return (BOM if is_first else "") + out.getvalue()


def _safe(text: str) -> str:
    line = printable(text[:LONGEST_CELL], " ")
    is_risky = line.lstrip(" ")[:1] in (*_FORMULAS, _TEXT) and line.strip(" ") != ""
    return _TEXT + line if is_risky else line


def _plain(cell: str) -> str:
    """A cell without the apostrophe that `write` has put before it, and blanks around it."""
    text = cell.strip()
    if text[:1] == _TEXT and text[1:].lstrip(" ")[:1] in (*_FORMULAS, _TEXT) and len(text) > 1:
        return text[1:].strip()
    return text


def read(data: bytes) -> Sheet:
    """The rows of a file, whichever of the usual encodings and delimiters it has.

    Raises ValueError with the reason where it is no such file.
    """
    text, encoding = _decode(data)
    if "\0" in text:
        raise ValueError("no text")
    return Sheet(list(_rows(text)), encoding)


def _decode(data: bytes) -> Tuple[str, str]:
    """UTF-8, UTF-16 where the file says so, else the encoding of Russian spreadsheets."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16"), "UTF-16"
    try:
        return data.decode("utf-8-sig"), "UTF-8"
    except UnicodeDecodeError:
        return data.decode("cp1251"), "Windows-1251"


def _rows(text: str) -> Iterator[Row]:
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = next((one for one in DELIMITERS if one in first), DELIMITERS[0])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    try:
        for cells in reader:
            plain = [_plain(cell) for cell in cells]
            if any(plain):
                yield Row(begins, plain)
            begins = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(f"line {begins}: {error}") from error
