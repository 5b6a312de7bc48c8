"""What all tests share: the table of proofs at the end of a run.

A test with the mark `proof("kill points")` is a case of that proof; one that tries many cases in
itself says how many by `record_property("tried", n)`.
"""

from collections import Counter
from typing import Any
from typing import Counter as CounterOf

import pytest

_tried: CounterOf[str] = Counter()
_failed: CounterOf[str] = Counter()


@pytest.fixture(autouse=True)
def _proof(request: pytest.FixtureRequest) -> None:
    """Says of which proof the test is a case, also to another process."""
    mark = request.node.get_closest_marker("proof")
    if mark is not None:
        request.node.user_properties.append(("proof", mark.args[0]))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Counts the cases of each proof, and those that failed."""
    properties = dict(report.user_properties)
    name = properties.get("proof")
    if name is None:
        return
    if report.when == "call":
        _tried[str(name)] += int(str(properties.get("tried", 1)))
    if report.failed:
        _failed[str(name)] += 1


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Prints what was tried and what of it failed."""
    if not _tried:
        return
    terminalreporter.section("proofs")
    for name in sorted(_tried):
        terminalreporter.write_line(f"{name:<40} {_tried[name]:>6} tried {_failed[name]:>4} failed")
