"""What was found, said in Russian or English: lines for people, JSON for machines.

The messages stand with all others in xml/, the doctor's own and those of the errors: a fault is
told here as it is told on an operation. They are read by Python's own parser, so that the doctor
can still say that the library for XML is broken.
"""

import json
import os
from collections import Counter
from typing import Dict, Iterator, List, Tuple
from xml.etree import ElementTree

from utils.base.text import tame
from utils.consts import MODULE, VERSION
from utils.doctor.findings import ADVICE, FAULT, OK, UNCHECKED, Finding, Group
from utils.doctor.installation import FORMS, HOME

MESSAGES = f"doctor.{MODULE}"
TASKS = f"tasks.{MODULE}"
ERRORS = "msgerror"
LANGUAGES = ("ru", "en")
VERDICTS = (FAULT, ADVICE, UNCHECKED, OK)
_COLUMN = 14
LONGEST_DETAIL = 1000
"""Characters of a detail; the longest list of numbers that the doctor makes is shorter."""


class Words:
    """The messages of one language."""

    def __init__(self, wanted: str) -> None:
        self.language = language(wanted)
        self._texts = {**_messages(self.language, ERRORS), **_messages(self.language, MESSAGES)}

    def as_text(self, groups: List[Group]) -> bytes:
        """One line for each finding, its remedy below it, the sum at the end."""
        lines = [f"{MODULE} {VERSION}"]
        for group in groups:
            lines += ["", f"{self._message(f'group_{group.name}')} {_shown(group.about)}".rstrip()]
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
                        "of": _shown(group.about),
                        "check": finding.check,
                        "finding": finding.name,
                        "verdict": finding.verdict,
                        "about": _shown(finding.about),
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
        return f"{title} {_shown(finding.about)}".rstrip()

    def _said(self, finding: Finding) -> Tuple[str, str]:
        """What was found, and the remedy: the first sentence of the message and the rest."""
        value = _shown(finding.value)
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
    texts = (_messages(one, TASKS).get(name, f"{name} __value__") for one in LANGUAGES)
    return "\n".join(text.replace("__value__", _shown(value)) for text in texts)


def language(wanted: str) -> str:
    """`ru` or `en`: the one that is wanted, else that of the environment, else English."""
    found = (wanted, *(os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG")))
    return "ru" if next(filter(None, found), "").lower().startswith("ru") else "en"


def _messages(wanted: str, group: str) -> Dict[str, str]:
    """The messages of a group, by name; none where the file cannot be read."""
    try:
        root = ElementTree.parse(HOME / "xml" / FORMS)  # noqa: S314  our own file
    except (OSError, ElementTree.ParseError):
        return {}
    found = root.findall(f"lang[@name='{wanted}']/messages[@name='{group}']/msg")
    return {node.attrib["name"]: node.text or "" for node in found}


def _shown(value: str) -> str:
    """A detail as it may be printed: no secret, no control character."""
    return tame(value, LONGEST_DETAIL)
