"""What an audit has found, as text for people, and as JSON and CSV for machines.

JSON and CSV are stable interfaces: what they hold stands in docs/audit.schema.json. Both are made
part by part, so that a hundred thousand differences take no more memory than a few.
"""

import json
from collections import Counter
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Optional

from utils.audit.differences import VERDICTS
from utils.audit.examine import Examined
from utils.audit.findings import (
    DONE,
    FAILED,
    GONE,
    PLANNED,
    SHOWN,
    Findings,
    Record,
    Repairs,
    with_outcome,
)
from utils.base import sheets, sizes
from utils.billing.reply import Reply
from utils.consts import MODULE, VERSION
from utils.host import messages
from utils.run.context import Context

GROUP = f"audit.{MODULE}"
"""The messages of the audit."""

GIB = 1024**3
AT_ONCE = 500
"""Differences that are written at once."""

COLUMNS = (
    *("class", "verdict", "module", "item", "client", "client_name", "tariff", "tariff_name"),
    *("login", "billing", "cloud", "above_bytes", "used_bytes", "change", "repair"),
)
"""The columns of the CSV, in their order; new ones are added at the end."""


class Report(NamedTuple):
    """All that an audit has come to. `refused` is whether more was to be mended than `limit`."""

    examined: List[Examined]
    findings: Findings
    repairs: Repairs
    limit: int
    refused: bool = False

    @property
    def left(self) -> int:
        """How many differences there are still, and modules that could not be looked at."""
        ended = sum(one.state in (DONE, GONE) for one in self.repairs.values())
        failures = sum(one.failure is not None for one in self.examined)
        return self.findings.count() - ended + failures


def show(report: Report, parts: Iterable[bytes]) -> Reply:
    """The reply of an audit in one of the forms below; 1 where anything is left that differs."""

    def written() -> Iterator[bytes]:
        yield from parts
        report.findings.close()

    return Reply(b"", int(report.left > 0), written())


# -- machines -------------------------------------------------------------------------------------


def as_json(report: Report) -> Iterator[bytes]:
    """One document."""
    findings = report.findings
    head: Dict[str, Any] = {
        "module": MODULE,
        "version": VERSION,
        "modules": [_module(one) for one in report.examined],
        "sums": {
            **{kind: _sum(findings, kind) for kind in VERDICTS},
            "changes": findings.changes,
            "above_bytes": findings.above_bytes,
            "unlimited": findings.unlimited,
            "unpaid_bytes": findings.unpaid_bytes,
        },
        "refused": report.refused,
    }
    yield json.dumps(head, ensure_ascii=False, indent=1)[:-2].encode() + b',\n "differences": ['
    mark = b"\n"
    for record in findings.records(report.repairs):
        yield mark + json.dumps(record, ensure_ascii=False).encode()
        mark = b",\n"
    yield b"\n ]\n}\n"


def _module(one: Examined) -> Record:
    failure = one.failure
    return {
        "id": one.module.id,
        "name": messages.shown(one.module.name),
        "services": one.services,
        "in_progress": one.in_progress,
        "error": failure and {"code": failure.code, "value": messages.shown(failure.value)},
    }


def _sum(findings: Findings, kind: str) -> int:
    return sum(counts[kind] for counts in findings.counts.values())


def as_csv(report: Report, delimiter: str) -> Iterator[bytes]:
    """A table with a line for each difference, and one for each module that failed."""
    yield sheets.write([COLUMNS], delimiter).encode()
    rows = [_failed_row(one) for one in report.examined if one.failure is not None]
    for record in report.findings.records(report.repairs):
        rows.append(_row(record))
        if len(rows) >= AT_ONCE:
            yield sheets.write(rows, delimiter, is_first=False).encode()
            rows = []
    yield sheets.write(rows, delimiter, is_first=False).encode()


def _row(record: Record) -> List[object]:
    client, tariff = record["client"] or {}, record["tariff"] or {}
    repair = record["repair"] or {}
    return [
        *(record["class"], record["verdict"], record["module"], record["item"]),
        *(client.get("id"), client.get("name"), tariff.get("id"), tariff.get("name")),
        *(record["login"], _pairs(record["billing"]), _pairs(record["cloud"])),
        *(record["above_bytes"], record["used_bytes"]),
        *(repair.get("change"), " ".join(filter(None, (repair.get("state"), repair.get("why"))))),
    ]


def _failed_row(one: Examined) -> List[object]:
    assert one.failure is not None  # noqa: S101  for the checker of types
    row: List[object] = [None] * len(COLUMNS)
    row[0:3] = ["error", "fault", one.module.id]
    row[COLUMNS.index("cloud")] = f"{one.failure.code}: {messages.shown(one.failure.value)}"
    return row


def _pairs(side: Dict[str, Any]) -> str:
    return ", ".join(f"{name}={_plain(value)}" for name, value in side.items())


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def told_dry(ctx: Context) -> Iterator[str]:
    """What a dry run would do, request by request, where this is one."""
    if ctx.call.dry_run:
        from utils.run.dryrun import DryWords

        yield from DryWords(ctx.call.lang).lines(ctx.plan)


# -- people ---------------------------------------------------------------------------------------


class Words:
    """The messages of one language."""

    def __init__(self, wanted: str) -> None:
        self.language = messages.language(wanted)
        self._texts = messages.read(self.language, GROUP)
        self._errors = {
            **messages.read(self.language, f"doctor.{MODULE}"),
            **messages.read(self.language, messages.ERRORS),
        }

    def as_text(self, report: Report, beside: Iterable[str] = ()) -> Iterator[bytes]:
        """A line for each class with the first of its differences below it; sums at the end.

        `beside` are lines that stand before the sums.
        """
        for line in self._lines(report, beside):
            yield line.encode() + b"\n"

    def _lines(self, report: Report, beside: Iterable[str]) -> Iterator[str]:
        yield f"{MODULE} {VERSION}"
        for one in report.examined:
            yield from self._of_module(one, report)
        # Services of a module that was not looked at may have been met on another one's server.
        others = set(report.findings.counts) - {one.module.id for one in report.examined}
        for module_id in sorted(others):
            yield from ["", self.say("module", str(module_id))]
            yield from self._classes(module_id, report)
        lines = [*beside]
        yield from ["", *lines] if lines else []
        yield from ["", *self._sums(report)]

    def _of_module(self, one: Examined, report: Report) -> Iterator[str]:
        yield ""
        yield f"{self.say('module', f'{one.module.id} {one.module.name}'.strip())}"
        yield f"  {self.say('services', str(one.services))}"
        if one.in_progress:
            yield f"  {self.say('in_progress', str(one.in_progress))}"
        if one.failure is not None:
            yield f"  {self.say('not_whole', self._failure(one.failure.code, one.failure.value))}"
        yield from self._classes(one.module.id, report)

    def _failure(self, code: str, value: str) -> str:
        text = self._errors.get(f"msg_error_{code}") or self._errors.get(code) or code
        return text.replace("__value__", messages.shown(value))

    def _classes(self, module_id: int, report: Report) -> Iterator[str]:
        counts = report.findings.counts.get(module_id) or Counter()
        for kind, verdict in VERDICTS.items():
            if not counts.get(kind):
                continue
            text, dot, remedy = self._texts.get(kind, kind).partition(". ")
            yield f"  {self.say(verdict)} {kind} ({counts[kind]}): {text}{dot.strip()}"
            if remedy:
                yield f"      {remedy}"
            for record in report.findings.shown.get((module_id, kind), []):
                yield f"    - {self._difference(with_outcome(record, report.repairs))}"
            if counts[kind] > SHOWN:
                yield f"    - {self.say('more', str(counts[kind] - SHOWN))}"

    def _difference(self, record: Record) -> str:
        names = [
            self.say("item", str(record["item"])) if record["item"] is not None else "",
            record["login"],
            self._of_client("client", record["client"]),
            self._of_client("tariff", record["tariff"]),
        ]
        sides = [
            f"{self.say(side)} {self._side(record[side])}"
            for side in ("billing", "cloud")
            if record[side]
        ]
        text = f"{', '.join(filter(None, names))}: {'; '.join(sides)}"
        return f"{text}{self._repair(record['repair'])}"

    def _of_client(self, word: str, named: Optional[Record]) -> str:
        return f"{self.say(word)} {named['id']} {named['name']}".rstrip() if named else ""

    def _repair(self, repair: Optional[Record]) -> str:
        if repair is None or repair["state"] not in (DONE, GONE, FAILED, PLANNED):
            return ""
        return f" [{self.say(repair['state'])}{repair['why'] and ': ' + repair['why']}]"

    def _side(self, side: Dict[str, Any]) -> str:
        return ", ".join(
            f"{self.say(f'side_{name}')} {self._value(name, value)}" for name, value in side.items()
        )

    def _value(self, name: str, value: Any) -> str:
        if isinstance(value, list):
            return " ".join(map(str, value)) or self.say("nothing")
        if isinstance(value, bool):
            return self.say("yes" if value else "no")
        if isinstance(value, int):
            return sizes.in_largest_unit(value) if name.endswith("_bytes") else str(value)
        return self._texts.get(f"value_{value}", str(value)) or self.say("nothing")

    def _sums(self, report: Report) -> Iterator[str]:
        findings = report.findings
        if report.refused:
            yield self.say("refused", f"{findings.changes} > {report.limit}")
        for name, size in (("above", findings.above_bytes), ("unpaid", findings.unpaid_bytes)):
            if size:
                yield self.say(name, f"{size / GIB:.2f}")
        if findings.unlimited:
            yield self.say("unlimited", str(findings.unlimited))
        if findings.changes:
            yield self.say("changes", str(findings.changes))
        yield self.say("differences", str(findings.count()))
        if report.repairs:
            states = [one.state for one in report.repairs.values()]
            yield ", ".join(
                f"{self.say(state)} {states.count(state)}"
                for state in (DONE, GONE, PLANNED, FAILED)
                if state in states
            )

    def say(self, name: str, value: str = "") -> str:
        """A message with its detail; the name where the program's XML is not whole."""
        return self._texts.get(name, f"{name} __value__").replace(
            "__value__", messages.shown(value)
        )
