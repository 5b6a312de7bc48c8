"""Amounts in hundredths."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.base import money


@pytest.mark.parametrize(
    ("text", "hundredths"),
    [
        *(("21.90", 2190), ("21.9", 2190), ("21", 2100), ("0.10", 10), ("1000.00", 100_000)),
        *(("21.9000", 2190), ("0", 0), ("0.01", 1), ("999999999999.99", 99_999_999_999_999)),
    ],
)
def test_an_amount_is_read_as_hundredths(text: str, hundredths: int) -> None:
    assert money.read_amount(text) == hundredths


@pytest.mark.parametrize(
    "text",
    [
        *("", "-1", "+1", "1,00", "1e2", " 1", "1 ", "1.", ".5", "1.001", "1.0010", "1.00000"),
        *("NaN", "Infinity", "0x1", "1_0", "١", "1\n", "1234567890123"),
    ],
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="amount|hundredth"):
        money.read_amount(text)


@given(st.integers(0, 10**14 - 1))
def test_an_amount_is_written_so_that_it_is_read_again(hundredths: int) -> None:
    text = money.write_amount(hundredths)
    assert money.read_amount(text) == hundredths
    assert Decimal(text) * 100 == hundredths
    assert text[-3] == "."
