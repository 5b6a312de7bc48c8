"""Sizes as the server's PHP writes and reads them.

A quota is stored as a rounded text (``1.1 GB``), so what is read back differs from what was set.
The rules are those of ``OCP\\Util::humanFileSize`` and ``computerFileSize`` as observed on 29.0.6;
nothing is shared with the program under test, so that the two can disagree.
"""

import math
import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Optional, Union

Number = Union[int, float]

_NUMERIC = re.compile(
    r"[ \t\n\r\v\f]*[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?[ \t\n\r\v\f]*\Z", re.I | re.A
)
_LEADING_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.A)
_UNIT = re.compile(r"(?:[kmgtp]b?|b)\Z")
_FACTORS = {"b": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4, "p": 1024**5}


def is_numeric(text: str) -> bool:
    """Tell whether PHP's is_numeric accepts the text: ``1e9`` and `` 5 `` do, ``0x10`` and ``5 GB``
    do not.
    """
    return _NUMERIC.match(text) is not None


def php_round(value: float, digits: int) -> Number:
    """Round half away from zero after a pre-rounding to 15 digits, as PHP 8.2 does; whole results
    are int.
    """
    shifted = Decimal(f"{value * 10**digits:.15g}").quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return plain_number(float(shifted) / 10**digits)


def plain_number(value: float) -> Number:
    """Give a float the type that PHP's JSON shows: a whole number below 1e17 has no decimals."""
    return (
        int(value) if math.isfinite(value) and value == int(value) and abs(value) < 1e17 else value
    )


def human_file_size(size_bytes: Number) -> str:
    """Write bytes as the server stores a quota; a negative size becomes ``?``."""
    if size_bytes < 0:
        return "?"
    if size_bytes < 1024:
        return f"{size_bytes:.14g} B"
    size: Number = php_round(size_bytes / 1024, 0)
    for unit in ("KB", "MB", "GB", "TB"):
        if size < 1024:
            return f"{size:.14g} {unit}"
        size = php_round(size / 1024, 1)
    return f"{size:.14g} PB"


def computer_file_size(text: str) -> Optional[Number]:
    """Read a size in bytes from a text; None is the server's refusal.

    Only the end of the text is looked at for a unit and only its start for a number: ``5 GiB`` is 5
    bytes, ``1,5 GB`` is one GB, ``GB`` is 0.
    """
    text = text.lower()
    if is_numeric(text):
        return _fourteen_digits(float(text))
    unit = _UNIT.search(text)
    if unit is None:
        return None
    number = _LEADING_NUMBER.match(text)
    count = float(number.group()) if number else 0.0
    return _fourteen_digits(float(php_round(count * _FACTORS[unit.group()[0]], 0)))


def _fourteen_digits(value: float) -> Number:
    """PHP turns the float into text with 14 digits and back: 99999999999999999999 becomes
    9.9999952745967e+19.
    """
    return plain_number(float(f"{value:.14g}"))
