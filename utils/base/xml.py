"""The XML that comes from outside: forms on standard input, answers of mgrctl and of clouds.

One locked parser for all: no entities, no network, no DTD, no huge documents.
"""

from typing import Any, Dict, List, Tuple

from utils.base.later import later
from utils.base.text import clean

with later("gzip", "inspect"):
    from lxml import etree

Form = etree._Element  # lxml has no public name for its type


def parse(data: bytes) -> Form:
    """The root of an XML document. Raises ValueError where it is none, or has a DTD."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        # The parser's own words may quote the document, passwords included.
        place = f"line {error.lineno}" if isinstance(error, etree.XMLSyntaxError) else "encoding"
        raise ValueError(f"no XML: {place}") from error
    docinfo: Any = root.getroottree().docinfo if root is not None else None
    if docinfo is None or docinfo.doctype:
        raise ValueError("no XML: it has a DTD")
    return root


def fields(parent: Form) -> Dict[str, str]:
    """The direct children as name and text; of several with one name the first counts."""
    values: Dict[str, str] = {}
    for child in parent:
        if isinstance(child.tag, str):
            values.setdefault(child.tag, child.text or "")
    return values


def set_field(form: Form, name: str, value: str) -> None:
    """Sets the direct child `name` to `value`, adding it where it is missing."""
    node = form.find(name)
    if node is None:
        node = etree.SubElement(form, name)
    node.text = clean(value)


def set_options(form: Form, name: str, options: List[Tuple[str, str]]) -> None:
    """Fills the select field `name` with (key, text) pairs, replacing what it had."""
    for old in form.findall(f"slist[@name='{name}']"):
        form.remove(old)
    options_list = etree.SubElement(form, "slist", {"name": name})
    for key, text in options:
        etree.SubElement(options_list, "msg", {"key": clean(key)}).text = clean(text)


def make(tag: str, **attributes: str) -> Form:
    """A new document with that root."""
    return etree.Element(tag, {key: clean(value) for key, value in attributes.items()})


def add(parent: Form, tag: str, text: str = "", **attributes: str) -> Form:
    """A new last child of an element."""
    node = etree.SubElement(parent, tag, {key: clean(value) for key, value in attributes.items()})
    if text:
        node.text = clean(text)
    return node


def write(parent: Form, text: str) -> None:
    """Writes text behind all that an element has in it."""
    last = parent[-1] if len(parent) else None
    if last is None:
        parent.text = (parent.text or "") + clean(text)
    else:
        last.tail = (last.tail or "") + clean(text)


def without_namespaces(form: Form) -> Form:
    """The same with plain names: HTML knows drawings by these, and needs no address for that."""
    for node in form.iter():
        if isinstance(node.tag, str):
            node.tag = node.tag.rpartition("}")[2]
    etree.cleanup_namespaces(form)
    return form


def to_html(form: Form) -> bytes:
    """The elements as a page of HTML 5 in UTF-8, which its head has to say."""
    # As a text: for bytes the library would say the encoding itself, in the words of HTML 4.
    text: str = etree.tostring(form, method="html", encoding="unicode")
    return f"<!DOCTYPE html>\n{text}\n".encode()


def to_bytes(form: Form) -> bytes:
    """The form as a document for BILLmanager."""
    text: bytes = etree.tostring(form, xml_declaration=True, encoding="UTF-8")
    return text
