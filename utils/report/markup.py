"""Elements of the page. Texts come in as texts, and the library for XML escapes them."""

from typing import Iterable, NamedTuple, Sequence, Union

from utils.base import xml

Content = Union[str, xml.Form, Iterable[Union[str, xml.Form]]]


def element(tag: str, *content: Content, **attributes: object) -> xml.Form:
    """An element with what is in it. A trailing `_` of an attribute's name is left out."""
    given = {name.rstrip("_").replace("_", "-"): str(value) for name, value in attributes.items()}
    node = xml.make(tag, **given)
    for one in content:
        for part in [one] if isinstance(one, (str, xml.Form)) else one:
            if isinstance(part, str):
                xml.write(node, part)
            else:
                node.append(part)
    return node


class Column(NamedTuple):
    """A column of a table; numbers stand at the right."""

    name: str
    is_number: bool = False


def table(caption: str, columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> xml.Form:
    """A table that may be wider than the screen; the first cell of a row names it."""
    kinds = ["number" if column.is_number else "text" for column in columns]
    head = element(
        "tr",
        *(
            element("th", column.name, scope="col", class_=kind)
            for column, kind in zip(columns, kinds)
        ),
    )
    body = element("tbody")
    for row in rows:
        line = element("tr", element("th", row[0], scope="row", class_=kinds[0]))
        for text, kind in zip(row[1:], kinds[1:]):
            line.append(element("td", text, class_=kind))
        body.append(line)
    made = element("table", element("caption", caption), element("thead", head), body)
    return element("div", made, class_="scroll", role="region", tabindex="0", aria_label=caption)
