"""Plugins as BILLmanager serves them: what their XML adds to it, and calls of their handlers.

What is known of that: docs/en/protocol.md, "Pages of plugins". Two kinds of handlers are known:
those that are handed a document to fill in, and those that have to write it whole. `Handed` says
which kind this BILLmanager is, so that a handler can be tried with both.
"""

import copy
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Tuple

from lxml import etree

SESSION = "abc123"
RESERVED = {"all": 1, "user": 16, "reseller": 24, "admin": 29, "super": 30}
"""The names of the levels of access."""


class Handed(Enum):
    """What a handler finds on standard input."""

    FORM = "the document with the description of the form and its labels"
    BARE = "a document without either"
    EMPTY = "nothing, and its end"
    CLOSED = "no standard input at all"


@dataclass
class Visitor:
    """Somebody who has logged in: BILLmanager names him by `user` and `level`."""

    user: str
    level: int = 16
    language: str = "en"
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers of his browser's request, beside the cookie of his session."""


@dataclass(frozen=True)
class Button:
    """A button over a list."""

    function: str
    name: str
    kind: str


class Plugins:
    """What the files etc/xml/*.xml under a root add to BILLmanager."""

    def __init__(self, root: Path) -> None:
        """Reads them, as the core does when it starts."""
        self._root = root
        parser = etree.XMLParser(remove_comments=True, resolve_entities=False)
        paths = sorted((root / "etc/xml").glob("billmgr_mod_*.xml"))
        self._files = [etree.parse(str(path), parser).getroot() for path in paths]

    def functions(self) -> Dict[str, Path]:
        """The handler of each function."""
        return {
            function.attrib["name"]: self._root / "addon" / handler.attrib["name"]
            for file in self._files
            for handler in file.findall("handler[@type='xml']")
            for function in handler.findall("func")
        }

    def buttons(self, list_name: str, level: int) -> List[Button]:
        """The buttons that plugins add to a list, as somebody with that level sees them."""
        found = [
            button
            for described in self._described(list_name, "list")
            for button in described.iterfind("toolbar/toolgrp/toolbtn")
        ]
        return [
            Button(one.attrib["func"], one.attrib["name"], one.attrib["type"])
            for one in found
            if allows(one, level)
        ]

    def may_call(self, function: str, level: int) -> bool:
        """The core's own check: a function of a plugin is limited by its description alone."""
        return all(allows(one, level) for one in self._described(function, "form"))

    def form(self, function: str, level: int) -> Optional["etree._Element"]:
        """The description of a form without what is above the level; None for none."""
        found = next(iter(self._described(function, "form")), None)
        if found is None:
            return None
        described = copy.deepcopy(found)
        for node in [one for one in described.iter() if not allows(one, level)]:
            parent = node.getparent()
            if parent is not None:
                parent.remove(node)
        return described

    def labels(self, name: str, language: str) -> Dict[str, str]:
        """The labels of a form or list in a language."""
        return {
            message.attrib["name"]: message.text or ""
            for file in self._files
            for message in file.findall(f"lang[@name='{language}']/messages[@name='{name}']/msg")
        }

    def _described(self, name: str, kind: str) -> List["etree._Element"]:
        query = f"metadata[@name='{name}'][@type='{kind}']"
        return [found for file in self._files for found in file.findall(query)]

    # -- a call ------------------------------------------------------------------------------------

    def document(self, function: str, visitor: Visitor, elid: str, handed: Handed) -> bytes:
        """What the handler of a function is handed on standard input."""
        if handed in (Handed.EMPTY, Handed.CLOSED):
            return b""
        root = etree.Element(
            "doc", lang=visitor.language, func=function, user=visitor.user, level=str(visitor.level)
        )
        if handed is Handed.FORM:
            described = self.form(function, visitor.level)
            if described is not None:
                root.append(described)
            labels = etree.SubElement(root, "messages", name=function)
            for name, text in self.labels(function, visitor.language).items():
                etree.SubElement(labels, "msg", name=name).text = text
        etree.SubElement(etree.SubElement(root, "tparams"), "func").text = function
        etree.SubElement(root, "elid").text = elid
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def allows(node: "etree._Element", level: int) -> bool:
    """Whether the attribute `level` of an element lets somebody of that level see it.

    It names levels one by one; one with a plus stands for all from it on.
    """
    words = node.get("level", "").split()
    return not words or any(_fits(word, level) for word in words)


def _fits(word: str, level: int) -> bool:
    name = word.rstrip("+")
    wanted = int(name) if name.isdigit() else RESERVED[name]
    return level >= wanted if word.endswith("+") else level == wanted


def environment(
    function: str, visitor: Visitor, params: Mapping[str, str], query: Optional[str]
) -> Dict[str, str]:
    """The environment of a handler: parameters, headers, and who the visitor is.

    `query` is what stands behind the question mark, where it is not made of the parameters.
    """
    from urllib.parse import urlencode

    sent: Dict[str, str] = {"func": function, **params}
    headers = {"Cookie": f"billmgrlang5=orion:{visitor.language}; billmgrses5={SESSION}"}
    headers.update(visitor.headers)
    pairs: List[Tuple[str, str]] = [
        *((f"PARAM_{name}", value) for name, value in sent.items()),
        *(("HTTP_" + name.upper().replace("-", "_"), value) for name, value in headers.items()),
        ("QUERY_STRING", urlencode(sent) if query is None else query),
        ("AUTH_USER", visitor.user),
        ("AUTH_LEVEL", str(visitor.level)),
        ("AUTH_IP", "192.0.2.7"),
        ("ACTION_NAME", function),
    ]
    return dict(pairs)
