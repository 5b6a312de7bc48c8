"""What was found, said in Russian or English: lines for people, JSON for machines.

The messages stand with all others in xml/, the doctor's own and those of the errors: a fault is
told here as it is told on an operation.
"""

import json
from collections import Counter
from typing import Iterator, List, Tuple

from utils.consts import MODULE, VERSION
from utils.doctor.findings import ADVICE, FAULT, OK, UNCHECKED, Finding, Group
from utils.host import messages
from utils.host.messages import shown

MESSAGES = f"doctor.{MODULE}"
TASKS = f"tasks.{MODULE}"
VERDICTS = (FAULT, ADVICE, UNCHECKED, OK)
_COLUMN = 14


class Words:
    """The messages of one language."""

    def __init__(self, wanted: str) -> None:
        self.language = messages.language(wanted)
        errors = messages.read(self.language, messages.ERRORS)
        self._texts = {**errors, **messages.read(self.language, MESSAGES)}

    def as_text(self, groups: List[Group]) -> bytes:
        """One line for each finding, its remedy below it, the sum at the end."""
        lines = [f"{MODULE} {VERSION}"]
        for group in groups:
            lines += ["", f"{self._message(f'group_{group.name}')} {shown(group.about)}".rstrip()]
            for finding in group.findings:
                lines += self._lines(finding)
        verdicts = Counter(one.verdict for group in groups for one in group.findings)
        sums = (f"{self._message(f'sum_{one}')} {verdicts[one]}" for one in VERDICTS)
        return "\n".join([*lines, "", ", ".join(sums), ""]).encode()

    def _lines(self, finding: Finding) -> Iterator[str]:
        verdict = self._message(f"verdict_{finding.verdict}")
        text, remedy = self._said(finding)
        yield f"  {verdict:<{_COLUMN}}{self._title(finding)}: {text}"
        if remedy:
            yield f"  {'':<{_COLUMN}}{remedy}"

    def as_json(self, groups: List[Group]) -> bytes:
        """One document; `check`, `finding` and `verdict` are the same in every language."""
        findings = []
        for group in groups:
            for finding in group.findings:
                text, remedy = self._said(finding)
                findings.append(
                    {
                        "group": group.name,
                        "of": shown(group.about),
                        "check": finding.check,
                        "finding": finding.name,
                        "verdict": finding.verdict,
                        "about": shown(finding.about),
                        "title": self._title(finding),
                        "text": text,
                        "remedy": remedy,
                    }
                )
        verdicts = Counter(finding["verdict"] for finding in findings)
        document = {
            "module": MODULE,
            "version": VERSION,
            "sums": {verdict: verdicts[verdict] for verdict in VERDICTS},
            "findings": findings,
        }
        return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"

    def _title(self, finding: Finding) -> str:
        title = self._message(f"title_{finding.check}")
        return f"{title} {shown(finding.about)}".rstrip()

    def _said(self, finding: Finding) -> Tuple[str, str]:
        """What was found, and the remedy: the first sentence of the message and the rest."""
        value = shown(finding.value)
        if finding.name == OK:
            return value or self._message("well"), ""
        if finding.verdict == UNCHECKED:
            value = self._message(f"title_{value}")
        text, dot, remedy = self._message(finding.name).partition(". ")
        return (text + dot.strip()).replace("__value__", value), remedy.replace("__value__", value)

    def _message(self, name: str) -> str:
        """The message of that name; where the program's XML is not whole, the name and detail."""
        return self._texts.get(name) or self._texts.get(f"msg_error_{name}") or f"{name} __value__"


def in_each_language(name: str, value: str) -> str:
    """A message of the module with its detail, in every language: who reads it is not known."""
    languages = messages.LANGUAGES
    texts = (messages.read(one, TASKS).get(name, f"{name} __value__") for one in languages)
    return "\n".join(text.replace("__value__", shown(value)) for text in texts)
