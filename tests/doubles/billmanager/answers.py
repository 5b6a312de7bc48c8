"""The core's answers in the formats that mgrctl offers: xml, devel, json, bjson, text.

An answer is an element tree whose root is `doc`. Shapes are those that published modules read; what
no source shows (the text format, the inside of a bjson error) is kept plain.
"""

import json
from typing import Any, Dict
from xml.etree import ElementTree

FORMATS = ("xml", "devel", "json", "bjson", "text")


class Refused(Exception):
    """The core says no: becomes an error document with exit code 0."""

    def __init__(self, kind: str, subject: str, value: str = "") -> None:
        """`kind` becomes type=, `subject` object=, `value` the parameter of that name."""
        super().__init__(f"{kind} {subject} {value}".strip())
        self.kind = kind
        self.subject = subject
        self.value = value

    def document(self) -> ElementTree.Element:
        """The error document (docs/en/protocol.md, "Errors")."""
        root = document()
        error = ElementTree.SubElement(root, "error", type=self.kind, object=self.subject)
        ElementTree.SubElement(error, "param", name="value").text = self.value
        return root


def document(**fields: object) -> ElementTree.Element:
    """An answer with one child per field; without fields `<doc/>`."""
    root = ElementTree.Element("doc")
    for name, value in fields.items():
        ElementTree.SubElement(root, name).text = str(value)
    return root


def render(answer: ElementTree.Element, form: str) -> bytes:
    """Write an answer in one of FORMATS, with a line end."""
    if form in ("xml", "devel"):
        text = '<?xml version="1.0" encoding="UTF-8"?>\n'
        text += ElementTree.tostring(answer, encoding="unicode")
    elif form == "json":
        text = json.dumps({"doc": _typed(answer)}, ensure_ascii=False)
    elif form == "bjson":
        text = json.dumps(_plain_document(answer), ensure_ascii=False)
    else:
        text = _lines(answer)
    return text.encode("utf-8") + b"\n"


def _typed(element: ElementTree.Element) -> Dict[str, Any]:
    """Plain json: a leaf is {"$": text}, an attribute "$name", the elements "elem" a list."""
    value: Dict[str, Any] = {f"${name}": text for name, text in element.attrib.items()}
    if element.text:
        value["$"] = element.text
    for child in element:
        inner = _typed(child)
        if child.tag == "elem":
            value.setdefault("elem", []).append(inner)
        else:
            value[child.tag] = inner
    return value


def _plain_document(answer: ElementTree.Element) -> Dict[str, Any]:
    """Bjson: lists under "elem", forms under "model", errors under "error"."""
    error = answer.find("error")
    if error is not None:
        values = {param.get("name", ""): param.text or "" for param in error.findall("param")}
        return {"error": {**error.attrib, **values}}
    elements = answer.findall("elem")
    if elements:
        return {"elem": [_fields(element) for element in elements]}
    return {"model": _fields(answer)}


def _fields(element: ElementTree.Element) -> Dict[str, str]:
    return {child.tag: child.text or "" for child in element}


def _lines(answer: ElementTree.Element) -> str:
    """The text format: a line per element of a list, else a line per field, or OK."""
    error = answer.find("error")
    if error is not None:
        return f"ERROR {error.get('type')}({error.get('object')}) {error.findtext('param')}"
    elements = answer.findall("elem")
    if elements:
        return "\n".join(
            " ".join(f"{name}={value}" for name, value in _fields(element).items())
            for element in elements
        )
    return "\n".join(f"{name}={value}" for name, value in _fields(answer).items()) or "OK"
