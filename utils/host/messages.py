"""What people read, in Russian or English: the program's own messages, which stand in xml/.

They are read by Python's own parser, so that the doctor can still say that the library for XML is
broken.
"""

import os
from typing import Dict, Mapping

from utils.base.errors import PmError
from utils.base.sizes import in_largest_unit
from utils.base.text import tame
from utils.host import root

HOME = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
"""Where the program is."""

FORMS, PAYMENT_FORMS, PAGE = map(os.path.basename, (root.FORMS, root.PAYMENT_FORMS, root.PAGE))
ERRORS = "msgerror"
LANGUAGES = ("ru", "en")

_RUSSIAN_UNITS = {"B": "Б", "KiB": "КиБ", "MiB": "МиБ", "GiB": "ГиБ", "TiB": "ТиБ"}

LONGEST_DETAIL = 1000
"""Characters of a detail; the longest list of numbers that the doctor makes is shorter."""


def language(wanted: str) -> str:
    """`ru` or `en`: the one that is wanted, else that of the environment, else English."""
    found = (wanted, *(os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG")))
    return "ru" if next(filter(None, found), "").lower().startswith("ru") else "en"


def read(wanted: str, group: str, file: str = FORMS) -> Dict[str, str]:
    """The messages of a group in a language, by name; none where the file cannot be read."""
    from xml.etree import ElementTree  # few runs have anything to say

    try:
        document = ElementTree.parse(os.path.join(HOME, "xml", file))  # noqa: S314  our own file
    except (OSError, ElementTree.ParseError):
        return {}
    found = document.findall(f"lang[@name='{wanted}']/messages[@name='{group}']/msg")
    return {node.attrib["name"]: node.text or "" for node in found}


def say_error(wanted: str, error: PmError) -> str:
    """What BILLmanager shows of an error, in a language."""
    text = read(wanted, ERRORS).get(f"msg_error_{error.code}", f"{error.code}: __value__")
    return text.replace("__value__", shown(error.value))


def fill(wanted: str, group: str, name: str, values: Mapping[str, str]) -> str:
    """A message of a group with its places filled; its name where the file is not whole."""
    text = read(wanted, group).get(name, f"{name} {dict(values)}")
    for place, value in values.items():
        text = text.replace(f"__{place}__", shown(value))
    return text


def size(wanted: str, size_bytes: float) -> str:
    """A limited size as people of that language write it: 1.5 GiB, or 1,5 ГиБ."""
    text = in_largest_unit(size_bytes)
    if wanted != "ru":
        return text
    number, unit = text.split()
    return f"{number.replace('.', ',')} {_RUSSIAN_UNITS[unit]}"


def shown(value: str) -> str:
    """A detail as it may be printed: no secret, no control character."""
    return tame(value, LONGEST_DETAIL)
