"""Tells the history: lines for people in Russian or English, one JSON document for machines."""

import json
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Tuple

from utils.base.deeds import CALL, REQUEST
from utils.base.text import printable
from utils.consts import MODULE, VERSION
from utils.history.means import Open
from utils.history.reading import Day, Past
from utils.host import messages
from utils.run.record import DONE

GROUP = f"history.{MODULE}"
"""The messages of the history."""

_RESULT = 22
"""Column of how a deed ended: the longest code of an error has twenty-odd letters."""


class Rest(NamedTuple):
    """What is told behind the runs: the operations that stand, or why that is `unknown`.

    On a `full` day there were more runs than the history takes. So many lines are `damaged`.
    """

    operations: List[Open]
    unknown: str
    full: List[str]
    damaged: int


class Words:
    """The history in one language."""

    def __init__(self, wanted: str) -> None:
        self._language = messages.language(wanted)
        self._texts = messages.read(self._language, GROUP)
        self._errors = messages.read(self._language, messages.ERRORS)

    # -- runs ---------------------------------------------------------------------------------

    def day(self, day: Day, is_detailed: bool) -> Iterator[str]:
        """The runs of a day in columns; detailed with what each did."""
        widths = [0] * 4
        is_empty = True
        for past in day:
            is_empty = False
            widths = [max(width, len(cell)) for width, cell in zip(widths, self._cells(past))]
        if is_empty:
            return
        yield from ("", day.day)
        for past in day:
            clock, took, command, subject = (
                cell.rjust(width) if number == 1 else cell.ljust(width)
                for number, (cell, width) in enumerate(zip(self._cells(past), widths))
            )
            yield f"{clock}  {took}  {command}  {subject}  {self._end(past)}".rstrip()
            if is_detailed:
                yield from self._details(past)

    def _cells(self, past: Past) -> Tuple[str, str, str, str]:
        record = past.record
        took = f"{record['ms'] / 1000:.2f} s" if past.has_ended else ""
        return record["at"][11:19], took, printable(record["command"]) or "-", self._subject(past)

    def _subject(self, past: Past) -> str:
        record = past.record
        if record["item"] is not None:
            return printable(f"{record['item']} {record.get('login', '')}".strip())
        return "-" if record["module"] is None else self.say("module", str(record["module"]))

    def _end(self, past: Past) -> str:
        if not past.has_ended:
            return self.say("running" if past.is_running else "killed")
        record = past.record
        if not past.has_failed:
            end = self.say("done" if record["ended"] == DONE else "nothing")
            end += f" (exit {record['exit']})" if record["exit"] else ""
            end = printable(": ".join(filter(None, (end, record["value"]))))
        else:
            end = printable(": ".join(filter(None, (record["ended"], record["value"]))))
        if not record["heard"]:
            end += f" ({self.say('unheard')})"
        operation = record["operation"]
        return end if operation is None else f"{end} ({self.say('operation', str(operation))})"

    def _details(self, past: Past) -> Iterator[str]:
        if past.has_ended and past.has_failed:
            yield f"    {self._meaning(past.record)}"
        for number, deed in enumerate(past.deeds):
            if past.record["left_out"] and number == len(past.deeds) // 2:
                yield f"    {self.say('more', str(past.record['left_out']))}"
            yield self._deed(deed)

    def _deed(self, deed: Mapping[str, Any]) -> str:
        took = "" if deed["ms"] is None else f"{deed['ms']} ms"
        if deed["kind"] == REQUEST:
            words = f"{deed['method']} {deed['path']} {deed['fields']}"
        elif deed["kind"] == CALL:
            words = f"mgrctl {deed['function']} {deed['fields']}"
        else:
            words = f"{deed['table']} {deed['first']} ({self.say('rows', str(deed['rows']))})"
        return printable(f"    {took:>9}  {self._result(deed):<{_RESULT}}  {words}".rstrip())

    def _result(self, deed: Mapping[str, Any]) -> str:
        if deed["ended"] is None:
            return self.say("unanswered")
        if deed["ended"] == DONE and deed["kind"] == REQUEST:
            numbers = (deed["status"], deed["code"])
            return " ".join(str(one) for one in numbers if one is not None)
        return self.say("done") if deed["ended"] == DONE else str(deed["ended"])

    def _meaning(self, record: Mapping[str, Any]) -> str:
        """What the error means, as it is told on an operation."""
        text = self._errors.get(f"msg_error_{record['ended']}", "__value__")
        return printable(text.replace("__value__", record["value"]))

    # -- the rest -----------------------------------------------------------------------------

    def rest(self, rest: Rest) -> Iterator[str]:
        """What is told behind the runs."""
        for one in rest.operations:
            yield from self._operation(one)
        if rest.unknown:
            yield from ("", self.say("unasked", rest.unknown))
        for day in rest.full:
            yield from ("", self.say("full", day))
        if rest.damaged:
            yield from ("", self.say("damaged", str(rest.damaged)))

    def _operation(self, one: Open) -> Iterator[str]:
        operation = one.operation
        about = f"{operation.id} ({one.command} {operation.item_id})"
        yield from ("", self.say("stopped" if operation.is_stopped else "waiting", about))
        for name, line in one.means._asdict().items():
            if line is not None:
                yield f"    {self.say(name)}"
                yield f"        {line}"

    def say(self, name: str, value: str = "") -> str:
        """A message with its detail; the name where the program's XML is not whole."""
        text = self._texts.get(name, f"{name} __value__")
        return text.replace("__value__", messages.shown(value)).strip()


def as_json(days: Iterator[Day]) -> Iterator[str]:
    """The runs as the beginning of one document, which `json_end` ends."""
    yield f'{{"module": "{MODULE}", "version": "{VERSION}", "runs": ['
    comma = ""
    for day in days:
        for past in day:
            yield f"{comma}{json.dumps(_run(past), ensure_ascii=False)}"
            comma = ","


def json_end(rest: Rest) -> Iterator[str]:
    """The end of the document: what is told behind the runs."""
    operations = [
        {
            "operation": one.operation.id,
            "command": one.command,
            "item": one.operation.item_id,
            "stopped": one.operation.is_stopped,
            "means": one.means._asdict(),
        }
        for one in rest.operations
    ]
    told: Dict[str, Any] = {
        "operations": operations,
        "operations_unknown": rest.unknown or None,
        "full_days": rest.full,
        "damaged_lines": rest.damaged,
    }
    yield "]," + json.dumps(told, ensure_ascii=False)[1:]


def _run(past: Past) -> Dict[str, Any]:
    """A run as an object: of one without an end, what belongs to the end is null."""
    record = past.record
    state = "ended" if past.has_ended else "running" if past.is_running else "killed"
    names = ("login", "ended", "value", "exit", "heard", "ms")
    return {
        **{name: record[name] for name in ("run", "at", "command", "item", "module", "operation")},
        "state": state,
        "failed": past.has_failed,
        **{name: record.get(name) for name in names},
        "left_out": record.get("left_out", 0),
        "deeds": past.deeds,
    }
