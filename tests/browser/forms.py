"""What a form of the module's XML is made of: its fields with words, values and choices.

How the XML is read: docs/en/protocol.md, "Connection form" and "Pages of plugins".
"""

from typing import Dict, List, Mapping, NamedTuple, Optional, Tuple

from lxml import etree

from tests.doubles.billmanager.plugins import Plugins

ERRORS = "msgerror"
"""The messages of errors, by `msg_error_` and the type of the error."""

Node = etree._Element
Texts = Mapping[str, str]


class Field(NamedTuple):
    """One input, list, text or picture of a form.

    `kind` is text, password, checkbox, select, hidden, readonly, data, html or table. `options` are
    key and words of a choice, `columns` the words above a table, `rows` its cells.
    """

    name: str
    kind: str
    label: str
    hint: str = ""
    placeholder: str = ""
    value: str = ""
    is_required: bool = False
    maxlength: str = ""
    is_number: bool = False
    is_address: bool = False
    options: Tuple[Tuple[str, str], ...] = ()
    columns: Tuple[str, ...] = ()
    rows: Tuple[Tuple[str, ...], ...] = ()


class Button(NamedTuple):
    """A button below a form; `kind` is what it does: ok sends, cancel leaves."""

    name: str
    kind: str
    label: str
    hint: str


class Form(NamedTuple):
    """A form, ready to be drawn."""

    title: str
    fields: List[Field]
    buttons: List[Button]


def read_form(described: Node, texts: Texts, values: Optional[Node]) -> Form:
    """A form by its description, its words and the document with its values."""
    fields = [
        _field(field, control, texts, values)
        for field in described.iter("field")
        for control in field
        if isinstance(control.tag, str)
    ]
    buttons = [
        Button(
            one.get("name", ""),
            one.get("type", ""),
            texts.get(f"msg_{one.get('name')}", one.get("name", "")),
            texts.get(f"hint_{one.get('name')}", ""),
        )
        for one in described.iter("button")
    ]
    return Form(texts.get("title", ""), fields, buttons)


def _field(field: Node, control: Node, texts: Texts, values: Optional[Node]) -> Field:
    name = control.get("name", "")
    value = "" if values is None else values.findtext(name) or ""
    common = Field(
        name=name,
        kind=_kind(control),
        label=texts.get(field.get("name", name), name),
        hint=texts.get(f"hint_{name}", ""),
        placeholder=texts.get(f"placeholder_{name}", ""),
        value=value,
        is_required=control.get("required") == "yes",
        maxlength=control.get("maxlength", ""),
        is_number=control.get("check") == "int",
        is_address=control.get("check") == "url",
    )
    if common.kind == "select":
        return common._replace(options=_options(name, texts, values))
    if common.kind == "table":
        columns = [column.get("name", "") for column in control.findall("col")]
        return common._replace(
            columns=tuple(texts.get(f"list_{column}", column) for column in columns),
            rows=_rows(name, columns, values),
        )
    return common


def _kind(control: Node) -> str:
    if control.tag == "input":
        return "readonly" if control.get("readonly") == "yes" else control.get("type", "text")
    kinds = {"select": "select", "textdata": "data", "htmldata": "html", "list": "table"}
    return kinds[control.tag]


def _options(name: str, texts: Texts, values: Optional[Node]) -> Tuple[Tuple[str, str], ...]:
    """What a list offers: words are looked up among the messages, or stand for themselves."""
    if values is None:
        return ()
    return tuple(
        (one.get("key", one.text or ""), texts.get(f"{name}_{one.text}", one.text or ""))
        for one in values.iterfind(f"slist[@name='{name}']/msg")
    )


def _rows(name: str, columns: List[str], values: Optional[Node]) -> Tuple[Tuple[str, ...], ...]:
    if values is None:
        return ()
    return tuple(
        tuple(row.findtext(column) or "" for column in columns)
        for row in values.iterfind(f"list[@name='{name}']/elem")
    )


def error_words(plugins: Plugins, error: Node, language: str) -> str:
    """What BILLmanager shows of an error document: its own words, or the message of its type."""
    own = error.findtext("msg")
    if own:
        return own
    kind = error.get("type", "")
    words = plugins.labels(ERRORS, language).get(f"msg_error_{kind}", kind)
    for param in error.findall("param"):
        words = words.replace(f"__{param.get('name')}__", param.text or "")
    return words


def document(values: Mapping[str, str], below: str = "") -> bytes:
    """The document of a form that was sent: its values below the root, or below one child of it."""
    root = etree.Element("doc")
    parent = etree.SubElement(root, below) if below else root
    for name, value in values.items():
        etree.SubElement(parent, name).text = value
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def sent(form: Form, given: Mapping[str, str]) -> Dict[str, str]:
    """The values of a form that came back; a check box that is not set is `off`."""
    values: Dict[str, str] = {}
    for field in form.fields:
        if field.kind == "checkbox":
            values[field.name] = "on" if given.get(field.name) == "on" else "off"
        elif field.kind in ("text", "password", "select", "hidden"):
            values[field.name] = given.get(field.name, "")
    return values
