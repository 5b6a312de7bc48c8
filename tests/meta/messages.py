"""What the program can say to people: its messages, its errors, and who hears of each."""

from typing import Dict, Iterator, Type

from tests import ROOT
from utils import consts
from utils.base import errors, xml

LANGUAGES = ("ru", "en")
PREFIX = "msg_error_"

NEVER_REPEATED = {"usage_unread"}
"""Faults of a whole module that hold up no operation: `stat` has none."""

TOLD = {
    "en": {
        "form": "form",
        "staff now": "staff now",
        "staff later": "staff later",
        "problem": "problem",
        "log": "log",
    },
    "ru": {
        "form": "форма",
        "staff now": "сотрудники сразу",
        "staff later": "сотрудники потом",
        "problem": "проблема",
        "log": "журнал",
    },
}


def read(name: str) -> str:
    """A file of the project."""
    return (ROOT / name).read_text(encoding="utf-8")


def document() -> xml.Form:
    """The module's XML, read as strictly as what comes from outside."""
    return xml.parse((ROOT / "xml" / f"billmgr_mod_{consts.MODULE}.xml").read_bytes())


def name_of(node: xml.Form) -> str:
    """An element's name; each one that is asked has it."""
    return str(node.attrib["name"])


def messages(language: str, group: str) -> Dict[str, str]:
    """The messages of a group in a language, by name; no name may stand twice."""
    found = document().findall(f"lang[@name='{language}']/messages[@name='{group}']/msg")
    texts = {name_of(node): node.text or "" for node in found}
    assert len(texts) == len(found)
    return texts


def error_classes(
    parent: Type[errors.PmError] = errors.PmError,
) -> Iterator[Type[errors.PmError]]:
    """Every error there is."""
    yield parent
    for child in parent.__subclasses__():
        yield from error_classes(child)


def codes() -> Dict[str, Type[errors.PmError]]:
    """Every error by its code; classes that share a code are handled alike."""
    found: Dict[str, Type[errors.PmError]] = {}
    for error in error_classes():
        first = found.setdefault(error.code, error)
        assert (first.kind, first.scope) == (error.kind, error.scope), error
    return found


def told(error: Type[errors.PmError]) -> str:
    """Who hears of an error (utils.run.report), as a key of TOLD."""
    if error.scope == errors.SERVICE:
        return "staff now" if error.kind == errors.PERMANENT else "staff later"
    return {errors.CALL: "form", errors.MODULE: "problem", errors.HOST: "log"}[error.scope]


def is_repeated(error: Type[errors.PmError]) -> bool:
    """Whether BILLmanager repeats what failed so."""
    return told(error) in ("staff later", "problem", "log") and error.code not in NEVER_REPEATED
