"""Sizes: bytes inside, the cloud's rounding and billing's measures at the border."""

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import NamedTuple, Union

UNLIMITED = float("inf")
"""A quota without a limit: larger than any size, equal to itself."""

_UNITS = ("KB", "MB", "GB", "TB", "PB")
_TOLERANCE_BYTES = 1024
_TEXT = re.compile(r"([0-9]{0,18}\.?[0-9]{1,18})\s*([kmgtp]?)b?", re.IGNORECASE)
_CHOICE = re.compile(
    r"([0-9]{1,15}(?:[.,][0-9]{1,6})?)[\s_-]*(|b|bytes?|[kmgtp](?:i?b)?)", re.IGNORECASE | re.ASCII
)
"""A number of an amount that no disk has, at most, and a unit with or without its bytes."""


def _half_up(value: Decimal, step: str) -> Decimal:
    """PHP's round(): halves go away from zero."""
    return value.quantize(Decimal(step), ROUND_HALF_UP)


def stored_bytes(quota_bytes: float) -> float:
    """The bytes that a cloud keeps when it is asked for `quota_bytes`.

    Nextcloud and ownCloud store a quota as rounded text: whole KB, then one decimal of MB, GB,
    TB (docs/en/clouds.md, "Quotas"): 1100 MB is read back as 1181116006, that is 1.1 GB.
    """
    if quota_bytes == UNLIMITED or quota_bytes < 1024:
        return quota_bytes
    amount = _half_up(Decimal(int(quota_bytes)) / 1024, "1")
    factor = 1024
    for _ in _UNITS[1:]:
        if amount < 1024:
            break
        amount = _half_up(amount / 1024, "0.1")
        factor *= 1024
    return int(_half_up(amount * factor, "1"))


def bytes_to_ask(quota_bytes: float) -> float:
    """The size to ask a cloud for, so that what it keeps is never less than `quota_bytes`.

    The smallest such step: 1040 GiB would be kept as 1 TB, so 1.1 TB is asked for.
    """
    asked = quota_bytes
    while stored_bytes(asked) < quota_bytes:
        asked = _next_step(asked)
    return asked


def bytes_not_above(quota_bytes: float) -> float:
    """The largest size that a cloud keeps as it is and that is not above `quota_bytes`.

    1040 GiB is kept as 1 TB. What a cloud would round up is asked for one step lower.
    """
    kept = stored_bytes(quota_bytes)
    step = quota_bytes
    while kept > quota_bytes:
        step = _step_below(step)
        kept = stored_bytes(step)
    return kept


def _step_below(quota_bytes: float) -> int:
    """The next smaller size of the form n.n of its unit."""
    factor = _factor(quota_bytes)
    if factor == 1024:
        return (int(quota_bytes) - 1) // 1024 * 1024
    tenths = -(-int(quota_bytes) * 10 // factor) - 1
    return int(_half_up(Decimal(tenths) * factor / 10, "1"))


def _factor(quota_bytes: float) -> int:
    """The bytes of the unit in which a cloud writes a size."""
    factor = 1024
    while quota_bytes >= factor * 1024:
        factor *= 1024
    return factor


def _next_step(quota_bytes: float) -> int:
    """The next larger size of the form n.n of its unit."""
    factor = _factor(quota_bytes)
    if factor == 1024:
        return (int(quota_bytes) // 1024 + 1) * 1024
    tenths = int(Decimal(int(quota_bytes)) * 10 / factor) + 1
    return int(_half_up(Decimal(tenths) * factor / 10, "1"))


def same_quota(one: float, other: float) -> bool:
    """Whether two sizes are the same quota; the clouds' float arithmetic may differ a little."""
    if one == other:
        return True
    # Beyond 2**53 bytes the clouds' floats no longer hold each byte.
    return abs(one - other) <= max(_TOLERANCE_BYTES, min(one, other) / 2**40)


def parse_text(text: str) -> float:
    """The bytes of a quota as a cloud writes it: "5 GB", "none", "1048576".

    Raises ValueError where it is no size (`" B"` is ownCloud's broken one).
    """
    if text.strip().lower() == "none":
        return UNLIMITED
    match = _TEXT.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"not a size: {text!r}")
    unit = " kmgtp".index(match.group(2).lower() or " ")
    try:
        return int(_half_up(Decimal(match.group(1)) * 1024**unit, "1"))
    except InvalidOperation as error:  # more digits than a decimal has
        raise ValueError(f"not a size: {text!r}") from error


class Choice(NamedTuple):
    """A size as a value of a list names it: `unit_bytes` is 0 where it names no unit."""

    text: str
    number: Decimal
    unit_bytes: int


def parse_choice(text: str) -> Choice:
    """The size in the name of a value: "50", "50gb", "50 GiB", "1.5_tb".

    Raises ValueError where the name is anything else.
    """
    match = _CHOICE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"not a size: {text!r}")
    number, unit = match.group(1), match.group(2).lower()
    power = "bkmgtp".index(unit[0]) if unit else 0
    return Choice(text, Decimal(number.replace(",", ".")), 1024**power if unit else 0)


def in_measure(size_bytes: int, unit_bytes: int) -> str:
    """A size in billing's measure: at most two decimals, never an exponent.

    >>> in_measure(1610612736, 1024 ** 3)
    '1.5'
    """
    amount = _half_up(Decimal(size_bytes) / unit_bytes, "0.01")
    return format(amount.normalize(), "f")


def spoken(size_bytes: Union[int, float]) -> str:
    """A size for the log: "unlimited" or bytes with their largest whole unit."""
    if size_bytes == UNLIMITED:
        return "unlimited"
    return f"{int(size_bytes)} bytes ({in_largest_unit(size_bytes)})"


def in_largest_unit(size_bytes: float) -> str:
    """A limited size with at most two decimals, such as "1.5 GiB"."""
    amount, unit = Decimal(int(size_bytes)), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if amount < 1024:
            break
        amount, unit = amount / 1024, larger
    return f"{_half_up(amount, '0.01').normalize():f} {unit}"
