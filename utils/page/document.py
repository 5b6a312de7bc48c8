"""The document that BILLmanager draws: the form of the plugin with its values.

It comes with its description and its labels, whether BILLmanager has handed them over or not: the
vendor's documents know handlers that are given them, and handlers that have to write them.
"""

import copy
import os
from typing import TYPE_CHECKING, Dict, List, Mapping, Optional, Sequence

from utils.base import xml
from utils.billing.reply import Reply
from utils.host import messages
from utils.page.asked import AGAIN, PASSWORD, Asked

if TYPE_CHECKING:
    from utils.base.xml import Form

_KEPT = ("metadata", "messages", "tparams")
"""What of a document that was handed over is kept: all else may be a visitor's words."""


def compose(
    asked: Asked, values: Mapping[str, str], lists: Mapping[str, Sequence[Mapping[str, str]]]
) -> Reply:
    """The form of the function with these values. A field that has none is taken out of it."""
    root = _frame(asked)
    described = root.find("metadata")
    if described is not None:
        _leave_out(described, {*values, *lists})
    xml.add(root, "elid", "" if asked.item_id is None else str(asked.item_id))
    for name, text in values.items():
        xml.add(root, name, text)
    for name, rows in lists.items():
        _add_list(root, name, rows)
    return Reply(xml.to_bytes(root))


def _add_list(root: "Form", name: str, rows: Sequence[Mapping[str, str]]) -> None:
    parent = xml.add(root, "list", name=name)
    for row in rows:
        element = xml.add(parent, "elem")
        for column, text in row.items():
            xml.add(element, column, text)


def _frame(asked: Asked) -> "Form":
    """The document with description and labels: as handed over, else our own."""
    given = asked.document
    if given is not None and given.get("func", asked.function) != asked.function:
        given = None
    root = xml.make("doc", **({} if given is None else _attributes(given)))
    root.set("func", asked.function)
    root.set("lang", asked.language)
    for node in [] if given is None else given:
        if node.tag in _KEPT:
            root.append(_kept(node))
    if root.find("metadata[@type='form']") is None:
        for node in root.findall("metadata"):
            root.remove(node)
        _add_description(root, asked.function)
    if root.find("messages/msg") is None:
        _add_labels(root, asked)
    return root


def _kept(node: "Form") -> "Form":
    """A copy of a part that was handed over. BILLmanager repeats there what was sent to it."""
    kept = copy.deepcopy(node)
    for name in (PASSWORD, AGAIN):
        for secret in kept.findall(name):
            kept.remove(secret)
    return kept


def _attributes(given: "Form") -> Dict[str, str]:
    return {str(name): str(value) for name, value in given.attrib.items()}


def _own(function: str) -> "Optional[Form]":
    """The description of a form in our own file; None where that is not whole."""
    try:
        with open(os.path.join(messages.HOME, "xml", messages.PAGE), "rb") as file:
            document = xml.parse(file.read())
    except (OSError, ValueError):
        return None
    return document.find(f"metadata[@name='{function}']")


def _add_description(root: "Form", function: str) -> None:
    described = _own(function)
    if described is not None:
        root.append(copy.deepcopy(described))


def _add_labels(root: "Form", asked: Asked) -> None:
    for node in root.findall("messages"):
        root.remove(node)
    labels = xml.add(root, "messages", name=asked.function)
    for name, text in messages.read(asked.language, asked.function, messages.PAGE).items():
        xml.add(labels, "msg", text, name=name)


def _leave_out(described: "Form", filled: "set[str]") -> None:
    """Takes out the fields of which none of the inputs has a value."""
    empty: List[Form] = [
        field
        for field in described.iter("field")
        if not any(node.get("name") in filled for node in field)
    ]
    for field in empty:
        parent = field.getparent()
        if parent is not None:
            parent.remove(field)
