"""What a check finds, and how checks are run: one after another, none of them the end."""

from typing import Any, Callable, Iterator, List, NamedTuple, Sequence, Set, Tuple

from utils.base import errors
from utils.host import budget, limits

OK, ADVICE, FAULT, UNCHECKED = "ok", "advice", "fault", "unchecked"

CHECK_S = 120
"""The longest time of one check; a cloud that answers nothing in time ends it earlier."""


class Finding(NamedTuple):
    """One line of what the doctor says.

    `name` is the stable name of what was found, an error's code where it is one; `value` the
    detail in its message; `about` which one of several it is, such as a tariff.
    """

    verdict: str
    name: str
    value: str = ""
    about: str = ""
    check: str = ""


class Group(NamedTuple):
    """The findings about one thing, of which there may be several: `about` says which."""

    name: str
    about: str
    findings: List[Finding]


TABLES = "tables"
"""The check that tells of each table and column that cannot be read. Others are run in spite of
what it found: whatever else they stumble over there was told already."""


class Check(NamedTuple):
    """A check, by its stable name, and the checks that have to be without fault before it."""

    name: str
    look: Callable[[Any], Iterator[Finding]]
    needs: Tuple[str, ...] = ()


def well(value: object = "", about: str = "") -> Finding:
    """What is as it should be."""
    return Finding(OK, OK, str(value), about)


def named(name: str, value: object = "") -> Finding:
    """What is as it should be, and has words of its own."""
    return Finding(OK, name, str(value))


def advice(name: str, value: object = "", about: str = "") -> Finding:
    """What works, and could be better or is to be known."""
    return Finding(ADVICE, name, str(value), about)


def fault(name: str, value: object = "", about: str = "") -> Finding:
    """What is wrong."""
    return Finding(FAULT, name, str(value), about)


def of_error(error: errors.PmError, about: str = "") -> Finding:
    """An error of the program as a fault."""
    return fault(error.code, error.value, about)


def run(checks: Sequence[Check], subject: object, failed: Set[str]) -> List[Finding]:
    """Runs the checks in order; the names of those that fail or cannot be run join `failed`."""
    findings: List[Finding] = []
    for check in checks:
        missing = next((name for name in check.needs if name in failed), None)
        if missing is None:
            found = _look(check, subject, TABLES in failed)
        else:
            found = [Finding(UNCHECKED, UNCHECKED, missing)]
        findings += [finding._replace(check=check.name) for finding in found]
        if any(finding.verdict in (FAULT, UNCHECKED) for finding in found):
            failed.add(check.name)
    return findings


def _look(check: Check, subject: object, are_tables_bad: bool) -> List[Finding]:
    """What the check finds; whatever goes wrong in it is a finding after those before it."""
    found: List[Finding] = []

    def look() -> None:
        for finding in check.look(subject):
            found.append(finding)

    try:
        budget.within(CHECK_S, look)
    except errors.PmError as error:
        is_told = are_tables_bad and isinstance(error, errors.DatabaseUnavailable)
        found.append(Finding(UNCHECKED, UNCHECKED, TABLES) if is_told else of_error(error))
    except budget.Spent:
        found.append(of_error(errors.OutOfTime(f"{CHECK_S} s")))
    except Exception as error:  # noqa: BLE001  a check that fails is a finding, not the end
        found.append(of_error(_unforeseen(error)))
    return found


def _unforeseen(error: Exception) -> errors.PmError:
    if limits.is_want(error):
        return errors.OutOfMemory("doctor")
    return errors.Unexpected(f"{type(error).__name__}: {error}")
