"""What the program can say to people: its messages, its errors, and who hears of each."""

from typing import Dict, Type

from tests import ROOT
from utils import consts
from utils.base import errors, xml
from utils.base.errors import Told

LANGUAGES = ("ru", "en")
PREFIX = "msg_error_"

TOLD = {
    "en": {
        Told.FORM: "form",
        Told.STAFF_NOW: "staff now",
        Told.STAFF_LATER: "staff later",
        Told.PROBLEM: "problem",
        Told.LOG: "log",
    },
    "ru": {
        Told.FORM: "форма",
        Told.STAFF_NOW: "сотрудники сразу",
        Told.STAFF_LATER: "сотрудники потом",
        Told.PROBLEM: "проблема",
        Told.LOG: "журнал",
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


def codes() -> Dict[str, Type[errors.PmError]]:
    """Every error by its code; classes that share a code are handled alike."""
    found: Dict[str, Type[errors.PmError]] = {}
    for error in errors.list_kinds():
        first = found.setdefault(error.code, error)
        assert (first.told, first.is_repeated) == (error.told, error.is_repeated), error
    return found
