"""The document for Zabbix: it fits its schema, and what is not known is not in it."""

import json
from typing import Any, Dict, List, Optional

import pytest

from tests.meta.messages import read
from tests.tools import schema
from utils.billing.modules import StoredModule
from utils.metrics import gauges
from utils.metrics.document import as_json
from utils.metrics.gather import Gathered
from utils.metrics.gauges import Sample

SCHEMA = json.loads(read("docs/metrics.schema.json"))
HEAD = [
    Sample(gauges.GATHERED, (), 1795700000),
    Sample(gauges.DOES_NOTHING, (), 0),
    Sample(gauges.SOURCE_UP, ("billing", ""), 1),
    Sample(gauges.SOURCE_UP, ("counters", ""), 1),
]
UP = [
    Sample(gauges.SOURCE_UP, ("cloud", "31"), 1),
    Sample(gauges.SOURCE_UP, ("refusals", "31"), 1),
]


def told(
    numbers: Dict[str, int], samples: List[Sample], modules: Optional[List[StoredModule]] = None
) -> Any:
    """The document, which has to fit."""
    gathered = Gathered([*HEAD, *samples], modules)
    document = json.loads(as_json(numbers, gathered))
    assert list(schema.faults(document, SCHEMA, SCHEMA, "$")) == []
    return document


def of_module(numbers: Dict[str, int], *samples: Sample) -> Any:
    """The object of module 31."""
    [found] = told(numbers, [*UP, *samples], [StoredModule(31, "Cloud", True)])["modules"]
    return found


def test_without_billing_there_are_no_modules() -> None:
    document = told({}, [])
    assert "modules" not in document
    assert document["sources"] == {"billing": 1, "counters": 1}


def test_a_module_has_its_own_counters() -> None:
    found = of_module(
        {
            "runs/open/31/done": 4,
            "runs/stat/31/busy": 2,
            "runs/open/31/busy": 1,
            "runs/open/32/busy": 9,
            "requests/31/200": 7,
            "requests/31/503": 3,
            "requests/32/200": 9,
            "retries/31": 1,
            "pauses/31": 2,
            "pause_ms/31": 2500,
            "run_ms/open/100": 5,
        }
    )
    assert (found["runs"], found["run_failures"], found["failures"]) == (7, 3, {"busy": 3})
    assert (found["requests"], found["request_failures"]) == (10, 3)
    assert (found["retries"], found["pauses"], found["pause_ms"]) == (1, 2, 2500)


def test_what_was_not_read_is_not_there() -> None:
    found = of_module({})
    assert "sold_bytes" not in found
    assert "services" not in found
    assert found["runs"] == 0


@pytest.mark.parametrize("is_up", [0, 1])
def test_that_no_refusal_stands_is_told_where_it_is_known(is_up: int) -> None:
    samples = [UP[0], Sample(gauges.SOURCE_UP, ("refusals", "31"), is_up)]
    [found] = told({}, samples, [StoredModule(31, "Cloud", True)])["modules"]
    assert found.get("refusals") == (0 if is_up else None)


def test_a_refusal_is_told_with_its_code() -> None:
    found = of_module({}, Sample(gauges.REFUSAL, ("31", "cloud_login_refused"), 1))
    assert (found["refusals"], found["refusal"]) == (1, "cloud_login_refused")


def test_numbers_by_class_are_an_object() -> None:
    found = of_module({}, Sample(gauges.DIFFERENCES, ("31", "quota"), 2))
    assert found["audit_differences"] == {"quota": 2}
