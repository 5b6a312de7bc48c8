"""The text of the counters: names and units as Prometheus wants them, nothing twice."""

import re
from typing import Dict

import pytest

from utils.base.tally import REQUESTS, RUNS, CloudTally, Tally
from utils.consts import VERSION
from utils.host import exposition
from utils.host.exposition import COUNTERS, HISTOGRAMS, failures, of_counters

_SERIES = re.compile(r'pmnextcloud_[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? [0-9.e+]+')


def values(numbers: Dict[str, int]) -> Dict[str, str]:
    """Each series of the text with its number."""
    lines = [line for line in of_counters(numbers).splitlines() if not line.startswith("#")]
    assert all(_SERIES.fullmatch(line) for line in lines), lines
    series = [line.rpartition(" ")[::2] for line in lines]
    assert len(dict(series)) == len(series)
    return dict(series)


def test_where_nothing_was_counted_the_version_is_told() -> None:
    assert values({}) == {f'pmnextcloud_build_info{{version="{VERSION}"}}': "1"}


def test_runs_are_told_with_their_labels_and_the_failed_ones_by_module() -> None:
    found = values({"runs/open/31/done": 4, "runs/stat/31/busy": 2, "runs/audit/0/nothing": 1})
    assert found['pmnextcloud_runs_total{command="open",module="31",code="done"}'] == "4"
    assert found['pmnextcloud_runs_total{command="stat",module="31",code="busy"}'] == "2"
    assert found['pmnextcloud_run_failures_total{module="31"}'] == "2"
    assert found['pmnextcloud_run_failures_total{module="0"}'] == "0"


@pytest.mark.parametrize(
    ("code", "is_bad"),
    [
        ("200", False),
        ("404", False),
        ("401", True),
        ("429", True),
        ("503", True),
        ("stopped", True),
        ("cloud_unreachable", True),
    ],
)
def test_a_request_has_failed_where_nobody_was_served(code: str, is_bad: bool) -> None:
    assert failures(REQUESTS, [(f"31/{code}", 3)]) == {"31": 3 if is_bad else 0}


def test_a_histogram_has_in_each_class_all_that_is_below_it() -> None:
    tally = Tally()
    for took_ms in (10, 60, 60, 700, 99_999):
        CloudTally(tally, 31).answered("200", took_ms)
    found = values(tally.numbers())
    name = "pmnextcloud_cloud_request_duration_seconds"
    buckets = [
        (series.split(',le="')[1][:-2], number)
        for series, number in found.items()
        if series.startswith(f"{name}_bucket")
    ]
    assert buckets == [
        *(("0.025", "1"), ("0.05", "1"), ("0.1", "3"), ("0.25", "3"), ("0.5", "3"), ("1", "4")),
        *(("2.5", "4"), ("5", "4"), ("10", "4"), ("30", "4"), ("+Inf", "5")),
    ]
    assert found[f'{name}_sum{{module="31"}}'] == "100.829"
    assert found[f'{name}_count{{module="31"}}'] == "5"


def test_what_another_version_counted_in_other_classes_is_not_lost() -> None:
    found = values({"run_ms/open/777": 2, "run_ms/open/1000": 1, "run_ms/open/sum": 2000})
    name = "pmnextcloud_run_duration_seconds"
    assert found[f'{name}_bucket{{command="open",le="0.5"}}'] == "0"
    assert found[f'{name}_bucket{{command="open",le="0.777"}}'] == "2"
    assert found[f'{name}_bucket{{command="open",le="1"}}'] == "3"
    assert found[f'{name}_count{{command="open"}}'] == "3"


def test_seconds_are_told_in_seconds() -> None:
    found = values({"pauses/31": 2, "pause_ms/31": 2500})
    assert found['pmnextcloud_cloud_pause_seconds_total{module="31"}'] == "2.5"
    assert found['pmnextcloud_cloud_pauses_total{module="31"}'] == "2"


@pytest.mark.parametrize("key", ["runs/open/31", "other/1", "run_ms/open", "requests/1/2/3", "x"])
def test_what_is_no_counter_of_ours_is_not_told(key: str) -> None:
    assert len(values({key: 1})) <= 1


def test_every_metric_says_its_kind_once_and_before_its_numbers() -> None:
    numbers = {"runs/open/31/done": 1, "run_ms/open/100": 1, "run_ms/open/sum": 5}
    text = of_counters(numbers)
    kinds = re.findall(r"# TYPE (\S+) (\S+)", text)
    assert len({name for name, _ in kinds}) == len(kinds)
    for name, kind in kinds:
        first = text.index(f"\n{name}")
        assert text.index(f"# TYPE {name} ") < first
        assert name.endswith("_total") == (kind == "counter")


def test_every_counter_of_a_run_has_its_metric() -> None:
    names = {getattr(exposition, name) for name in ("RUNS", "REQUESTS", "RETRIES", "PAUSES")}
    assert names <= set(COUNTERS)
    assert not set(COUNTERS) & set(HISTOGRAMS)
    assert RUNS in COUNTERS
