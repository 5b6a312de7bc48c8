"""Amounts of money in hundredths: whole numbers, which no arithmetic rounds."""

import re

HUNDREDTHS = 100
_AMOUNT = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,4}))?", re.ASCII)


def read_amount(text: str) -> int:
    """The hundredths of an amount such as `21.90`, `21.9` or `21`; further digits must be zeros.

    BILLmanager keeps four digits and shows two (docs/en/payments.md, "payment.info"). Raises
    ValueError for anything else: a sign, an exponent, a comma, blanks, a part of a hundredth.
    """
    found = _AMOUNT.fullmatch(text)
    if found is None:
        raise ValueError("not an amount")
    fraction = (found[2] or "").ljust(2, "0")
    if fraction[2:].strip("0"):
        raise ValueError("a part of a hundredth")
    return int(found[1]) * HUNDREDTHS + int(fraction[:2])


def write_amount(hundredths: int) -> str:
    """The amount with a point and two digits, as WEBPAY takes it."""
    return f"{hundredths // HUNDREDTHS}.{hundredths % HUNDREDTHS:02}"
