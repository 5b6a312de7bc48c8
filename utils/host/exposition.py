"""The counters of the metrics as Prometheus reads them.

The text is written out here, by the shortest way. The official client library takes 50 ms to load,
and a run may spend one millisecond on the file for node_exporter. What comes out is looked at by
the tests with Prometheus's own `promtool check metrics`.
"""

from typing import Dict, Iterable, List, Mapping, Sequence, Tuple

from utils.base.tally import (
    ENDLESS,
    PAUSE_MS,
    PAUSES,
    REQUEST_BOUNDS_MS,
    REQUEST_MS,
    REQUESTS,
    RETRIES,
    RUN_BOUNDS_MS,
    RUN_MS,
    RUNS,
    SUM,
)
from utils.consts import VERSION

PREFIX = "pmnextcloud_"

_MS = 1000

RUN_FAILURES, REQUEST_FAILURES = "run_failures_total", "cloud_request_failures_total"
"""Two counters that are there as soon as a module has done anything: Prometheus sees no increase in
a series that begins with its first failure."""

COUNTERS = {
    RUNS: (
        "runs_total",
        ("command", "module", "code"),
        "Runs by how they ended: done, nothing, or the code of an error.",
    ),
    REQUESTS: (
        "cloud_requests_total",
        ("module", "code"),
        "Requests to a cloud by the HTTP status of the answer, or the code of an error.",
    ),
    RETRIES: ("cloud_retries_total", ("module",), "Requests that were sent once more."),
    PAUSES: (
        "cloud_pauses_total",
        ("module",),
        "Pauses because of what a cloud has answered.",
    ),
    PAUSE_MS: (
        "cloud_pause_seconds_total",
        ("module",),
        "The length of all those pauses.",
    ),
}
"""Each counter of the runs as a metric: its name, its labels, what it says."""

HISTOGRAMS = {
    RUN_MS: ("run_duration_seconds", ("command",), "How long runs took.", RUN_BOUNDS_MS),
    REQUEST_MS: (
        "cloud_request_duration_seconds",
        ("module",),
        "How long answers of a cloud took.",
        REQUEST_BOUNDS_MS,
    ),
}
"""The same of durations, with the bounds of their classes."""

FAILURES = {
    RUNS: (RUN_FAILURES, "Runs that ended with an error."),
    REQUESTS: (
        REQUEST_FAILURES,
        "Requests without an answer, or with one that tells of a fault or refuses the login.",
    ),
}
"""The failures among the counters of the runs, by module."""

BUILD = "build_info"

WELL = ("done", "nothing")
"""The codes of runs that did not fail."""

_REFUSING = ("401", "403", "429")

_Rows = Sequence[Tuple[str, int]]


def of_counters(numbers: Mapping[str, int]) -> str:
    """The version, and all that was counted by the runs, in Prometheus's text format."""
    rows: Dict[str, List[Tuple[str, int]]] = {}
    for key, number in sorted(numbers.items()):
        counter, _, labels = key.partition("/")
        rows.setdefault(counter, []).append((labels, number))
    lines = head(BUILD, "gauge", "The version of the program; always 1.")
    lines.append(f'{PREFIX}{BUILD}{{version="{VERSION}"}} 1')
    for counter, (name, names, words) in COUNTERS.items():
        found = [row for row in rows.get(counter, ()) if row[0].count("/") == len(names) - 1]
        lines += _counter(name, names, words, found, _MS if counter == PAUSE_MS else 1)
        if counter in FAILURES and found:
            lines += _failures(counter, found)
    for counter, (name, names, words, bounds_ms) in HISTOGRAMS.items():
        lines += _histogram(name, names, words, rows.get(counter, ()), bounds_ms)
    return "\n".join([*lines, ""])


def head(name: str, kind: str, words: str) -> List[str]:
    """What stands before the samples of a metric."""
    return [f"# HELP {PREFIX}{name} {words}", f"# TYPE {PREFIX}{name} {kind}"]


def number_of(value: float) -> str:
    """A number as the text has it."""
    return str(int(value)) if value == int(value) else repr(value)


def _pairs(names: Iterable[str]) -> str:
    """Labels with a place for the value of each: what is counted needs no escapes there."""
    return ",".join(f'{one}="%s"' for one in names)


def _pattern(name: str, names: Iterable[str]) -> str:
    return f"{PREFIX}{name}{{{_pairs(names)}}} "


def _counter(name: str, names: Sequence[str], words: str, rows: _Rows, unit: int) -> List[str]:
    if not rows:
        return []
    pattern = _pattern(name, names)
    return [
        *head(name, "counter", words),
        *(
            pattern % tuple(labels.split("/")) + (str(one) if unit == 1 else number_of(one / unit))
            for labels, one in rows
        ),
    ]


def _failures(counter: str, rows: _Rows) -> List[str]:
    name, words = FAILURES[counter]
    failed = [(module, str(number)) for module, number in failures(counter, rows).items()]
    pattern = _pattern(name, ("module",))
    return [*head(name, "counter", words), *(pattern % one[0] + one[1] for one in failed)]


def failures(counter: str, rows: _Rows) -> Dict[str, int]:
    """How many have failed of each module that has any run or request.

    `rows` are the labels and the numbers of one of the counters in FAILURES.
    """
    is_run = counter == RUNS
    failed: Dict[str, int] = {}
    for labels, number in rows:
        values = labels.split("/")
        module, code = values[-2:]
        is_bad = code not in WELL if is_run else _is_bad(code)
        failed[module] = failed.get(module, 0) + (number if is_bad else 0)
    return failed


def _is_bad(code: str) -> bool:
    """Whether a request has failed by its own fault or that of the cloud, as it ended."""
    return not code.isdigit() or code in _REFUSING or code >= "500"


def _histogram(
    name: str, names: Sequence[str], words: str, rows: _Rows, bounds_ms: Sequence[int]
) -> List[str]:
    """The classes of durations, each with all that are below it.

    Another version may have counted in other classes: its numbers go up to its own bounds.
    """
    spread: Dict[str, Dict[str, int]] = {}
    pairs = _pairs(names)
    for labels, number in rows:
        values, _, bound = labels.rpartition("/")
        if values and values.count("/") == len(names) - 1:
            spread.setdefault(values, {})[bound] = number
    if not spread:
        return []
    lines = head(name, "histogram", words)
    others = {one for classes in spread.values() for one in classes if one.isdigit()}
    bounds = [
        (str(bound_ms), number_of(bound_ms / _MS))
        for bound_ms in sorted({*bounds_ms, *map(int, others)})
    ]
    for values, classes in spread.items():
        shown = pairs % tuple(values.split("/"))
        bucket, total = f'{PREFIX}{name}_bucket{{{shown},le="', 0
        for bound_ms, bound in bounds:
            total += classes.get(bound_ms, 0)
            lines.append(f'{bucket}{bound}"}} {total}')
        total += classes.get(ENDLESS, 0)
        lines += [
            f'{bucket}+Inf"}} {total}',
            f"{PREFIX}{name}_sum{{{shown}}} {number_of(classes.get(SUM, 0) / _MS)}",
            f"{PREFIX}{name}_count{{{shown}}} {total}",
        ]
    return lines
