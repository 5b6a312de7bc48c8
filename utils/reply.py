"""The XML that goes to BILLmanager. What the module makes itself is made here.

Only the standard library is used, so that `features` answers with the program alone.
"""

import re
from typing import Iterable, Mapping, Tuple
from xml.etree import ElementTree as ET

from utils.errors import PmError
from utils.secret import strike_out

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    """The text with what XML 1.0 cannot hold replaced by U+FFFD."""
    return _NOT_XML.sub("\ufffd", text)


def ok() -> bytes:
    """The empty document: done."""
    return _to_bytes(ET.Element("doc"))


def features(
    itemtypes: Iterable[str], params: Mapping[str, Mapping[str, str]], names: Iterable[str]
) -> bytes:
    """What the module can do (protocol notes, B.4): types, fields with attributes, features."""
    doc = ET.Element("doc")
    blocks: Tuple[Tuple[str, str, Mapping[str, Mapping[str, str]]], ...] = (
        ("itemtypes", "itemtype", {name: {} for name in itemtypes}),
        ("params", "param", params),
        ("features", "feature", {name: {} for name in names}),
    )
    for block, element, entries in blocks:
        parent = ET.SubElement(doc, block)
        for name, attributes in entries.items():
            ET.SubElement(parent, element, {"name": name, **attributes})
    return _to_bytes(doc)


def failure(error: PmError) -> bytes:
    """The error document (protocol notes, B.7): a stable type, the detail as `value`."""
    doc = ET.Element("doc")
    node = ET.SubElement(doc, "error", {"type": error.code, "object": ""})
    value = ET.SubElement(node, "param", {"name": "value"})
    value.text = clean(strike_out(error.value))
    return _to_bytes(doc)


def _to_bytes(doc: ET.Element) -> bytes:
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(doc, "utf-8") + b"\n"
