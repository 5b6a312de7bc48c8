"""Levels of suspension: what is noted, and what an account is to be under one."""

from datetime import date
from typing import Any, Optional

import pytest

from tests.unit.conftest import make_account, make_item
from utils.accounts import levels
from utils.accounts.levels import LEAST_QUOTA_BYTES, Level
from utils.accounts.plan import changes
from utils.base import sizes
from utils.base.sizes import UNLIMITED
from utils.base.values import Order
from utils.consts import READ_ONLY, STATUS_ACTIVE, STATUS_PROCESSING, STATUS_SUSPENDED, WARN

DAY = date(2026, 11, 26)
GIB = 1024**3
ROUNDING = 0.1
"""A size of one unit and more is kept in its tenths; of kibibytes, whole ones."""
JUST_ABOVE = sizes.stored_bytes(2.1 * GIB)


@pytest.mark.parametrize(
    "level", [Level(READ_ONLY, DAY), Level(WARN, DAY), Level(READ_ONLY, DAY, was_warned=True)]
)
def test_what_is_noted_is_read_again(level: Level) -> None:
    assert levels.read(str(level)) == level


@pytest.mark.parametrize(
    "text", ["", "lock 2026-11-26", "read_only", "read_only soon", "warn 2026-11-26 x y", "on"]
)
def test_any_other_text_is_no_level(text: str) -> None:
    assert levels.read(text) is None


@pytest.mark.parametrize("quota_bytes", [5 * GIB, 2 * GIB + 1, UNLIMITED, None])
@pytest.mark.parametrize("used_bytes", [2 * GIB, 2 * GIB + 77_777_777, 4096, 0, None])
def test_nothing_can_be_added_to_a_read_only_account(
    quota_bytes: Optional[float], used_bytes: Optional[int]
) -> None:
    account = make_account(quota_bytes=quota_bytes, used_bytes=used_bytes)
    order = levels.room_less(account)
    left = order.quota_bytes if order.quota_bytes is not None else quota_bytes
    assert left is not None
    used = used_bytes or 0
    assert left > used, "a new Nextcloud opens no file where no byte is free"
    assert left <= used + max(ROUNDING * used, LEAST_QUOTA_BYTES)
    after = account._replace(quota_bytes=left)
    assert not changes(after, levels.room_less(after)), "once it is so, nothing more is written"


def test_an_account_that_is_fuller_than_its_quota_can_be_read_again() -> None:
    account = make_account(quota_bytes=5 * GIB, used_bytes=8 * GIB)
    wanted = levels.room_less(account).quota_bytes
    assert wanted is not None
    assert 8 * GIB < wanted < 8.2 * GIB


@pytest.mark.parametrize(
    ("level", "status", "order"),
    [
        ("", STATUS_SUSPENDED, Order(5 * GIB, "gold", enabled=False)),
        (f"{WARN} 2026-11-26", STATUS_SUSPENDED, Order(5 * GIB, "gold", enabled=True)),
        (f"{READ_ONLY} 2026-11-26", STATUS_SUSPENDED, Order(JUST_ABOVE, "gold", enabled=True)),
        (f"{READ_ONLY} 2026-11-26", STATUS_PROCESSING, Order(JUST_ABOVE, "gold", enabled=True)),
        (f"{READ_ONLY} 2026-11-26", STATUS_ACTIVE, Order(5 * GIB, "gold", enabled=False)),
    ],
)
def test_whoever_brings_an_account_to_its_order_minds_the_level(
    level: str, status: int, order: Any
) -> None:
    account = make_account(quota_bytes=5 * GIB, used_bytes=2 * GIB)
    item = make_item(level=level, status=status)
    wanted = Order(5 * GIB, "gold", enabled=False)
    assert levels.under_level(wanted, item, account) == order
