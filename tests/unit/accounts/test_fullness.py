"""Who is past a threshold, who has fallen below one, and of whom nothing is to be said."""

from datetime import date
from typing import Any, Dict, Optional, Tuple

import pytest

from tests.unit.conftest import make_account, make_billing, make_item
from utils.accounts.fullness import FULL, Crossing, Fullness
from utils.base import sizes
from utils.billing.memos import Memo
from utils.consts import STATUS_ACTIVE

GIB = 1024**3
DAY = date(2026, 11, 21)


def look(
    percent: float,
    told: Optional[Memo] = None,
    thresholds: Tuple[int, ...] = (80, 95),
    status: int = STATUS_ACTIVE,
    **account: Any,
) -> Fullness:
    """A run that sees a service of 100 GiB with that much in use."""
    billing = make_billing()
    billing.tariffs.thresholds.side_effect = lambda ids: dict.fromkeys(ids, thresholds)
    billing.memos.of.return_value = {} if told is None else {1001: told}
    fullness = Fullness(billing)
    given: Dict[str, Any] = {"quota_bytes": 100 * GIB, "used_bytes": int(percent * GIB), **account}
    fullness.look([(make_item(status=status), make_account(**given))])
    return fullness


def sent(occasion: str) -> Memo:
    """That a client was told."""
    return Memo(201, occasion, DAY, is_sent=True)


def passed(crossings: "list[Crossing]") -> "list[tuple[int, int]]":
    """Which threshold each crossing is above now, and which was told."""
    return [(one.percent, one.told_percent) for one in crossings]


@pytest.mark.parametrize(
    ("percent", "told", "risen", "fallen"),
    [
        (79.9, None, [], []),
        (80, None, [(80, 0)], []),
        (94.9, None, [(80, 0)], []),
        (95, None, [(95, 0)], []),
        (300, None, [(95, 0)], []),
        (85, sent("80"), [], []),
        (96, sent("80"), [(95, 80)], []),
        (96, sent("95"), [], []),
        (85, sent("95"), [], [(80, 95)]),
        (10, sent("80"), [], [(0, 80)]),
        (10, sent("95"), [], [(0, 95)]),
        (85, sent("nonsense"), [(80, 0)], []),
    ],
)
def test_a_threshold_is_told_once_and_counts_anew_below_it(
    percent: float, told: Optional[Memo], risen: Any, fallen: Any
) -> None:
    seen = look(percent, told)
    assert (passed(seen.risen), passed(seen.fallen)) == (risen, fallen)


def test_what_nobody_knows_to_be_told_is_looked_at_again() -> None:
    begun = sent("80")._replace(is_sent=False)
    assert passed(look(85, begun).risen) == [(80, 80)]
    assert passed(look(10, begun).fallen) == [(0, 80)]
    assert passed(look(96, begun).risen) == [(95, 80)]


@pytest.mark.parametrize(
    "account",
    [
        {"used_bytes": None},
        {"quota_bytes": None},
        {"quota_bytes": 0},
        {"quota_bytes": sizes.UNLIMITED},
    ],
)
@pytest.mark.parametrize("told", [None, sent("80")])
def test_what_has_no_measure_is_neither_told_nor_forgotten(
    account: Dict[str, Any], told: Optional[Memo]
) -> None:
    seen = look(99, told, **account)
    assert seen.risen == seen.fallen == []


@pytest.mark.parametrize("status", [1, 3, 4, 5])
@pytest.mark.parametrize("percent", [10, 99])
def test_only_clients_of_active_services_are_told(status: int, percent: int) -> None:
    seen = look(percent, sent("80"), status=status)
    assert seen.risen == seen.fallen == []


def test_without_thresholds_nobody_is_told_and_what_was_told_is_forgotten() -> None:
    assert passed(look(99, thresholds=()).risen) == []
    assert passed(look(99, sent("80"), thresholds=()).fallen) == [(0, 80)]


def test_each_tariff_and_each_batch_is_asked_for_once() -> None:
    billing = make_billing()
    billing.tariffs.thresholds.side_effect = lambda ids: dict.fromkeys(ids, (80,))
    fullness = Fullness(billing)
    account = make_account(quota_bytes=GIB, used_bytes=GIB)
    for first in (1, 3):
        fullness.look([(make_item(id=first + one, status=2), account) for one in range(2)])
    assert billing.tariffs.thresholds.call_count == 1
    assert [one.args for one in billing.memos.of.call_args_list] == [
        ({1: 201, 2: 201}, FULL),
        ({3: 201, 4: 201}, FULL),
    ]
    assert [one.item_id for one in fullness.risen] == [1, 2, 3, 4]
