"""The XML that goes to BILLmanager. What the module makes itself is made here.

Three small documents, written out: `features` must answer with the program alone, and a library
for writing XML would cost each start a fifth of the time of `features` (measured).
"""

from typing import Iterable, Mapping, NamedTuple, Tuple

from utils.base.errors import PmError
from utils.base.secret import strike_out
from utils.base.text import clean
from utils.consts import MODULE

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


class Reply(NamedTuple):
    """What the program writes to standard output, and the code that it ends with.

    What is too large for the memory comes in `parts` behind the document, made as they are written.
    """

    document: bytes
    exit_code: int = 0
    parts: Iterable[bytes] = ()


def ok() -> Reply:
    """The empty document: done."""
    return Reply(_document(""))


def agreed() -> Reply:
    """Yes to a check, or to a form of a plugin that was sent and has done its work.

    See docs/en/protocol.md, "Checks" and "Pages of plugins".
    """
    return Reply(_document("<ok/>"))


def features(
    itemtypes: Iterable[str], params: Mapping[str, Mapping[str, str]], names: Iterable[str]
) -> Reply:
    """What the module can do (docs/en/protocol.md, "Features"): types, fields, features."""
    blocks: Tuple[Tuple[str, str, Mapping[str, Mapping[str, str]]], ...] = (
        ("itemtypes", "itemtype", {name: {} for name in itemtypes}),
        ("params", "param", params),
        ("features", "feature", {name: {} for name in names}),
    )
    content = ""
    for block, element, entries in blocks:
        inner = "".join(
            f"<{element}{_attributes({'name': name, **attributes})}/>"
            for name, attributes in entries.items()
        )
        content += f"<{block}>{inner}</{block}>"
    return Reply(_document(content))


def panel(url: str, name: str) -> Reply:
    """Where a customer goes on, and what the place is called (docs/en/protocol.md, "Commands")."""
    named = f"<panelname{_attributes({'keyname': MODULE})}>{_escaped(clean(name))}</panelname>"
    url = _escaped(clean(url))
    return Reply(_document(f"<url>{url}</url><panelcount>1</panelcount>{named}"))


def error(failure: PmError) -> Reply:
    """The error document (docs/en/protocol.md, "Errors"): a stable type, the detail as `value`."""
    attributes = _attributes({"type": failure.code, "object": ""})
    value = _escaped(clean(strike_out(failure.value)))
    document = _document(f'<error{attributes}><param name="value">{value}</param></error>')
    return Reply(document, exit_code=1)


def refusal(failure: PmError, language: str, words: str) -> Reply:
    """The error of a page, with its words: BILLmanager translates none of a plugin's.

    The exit code is 0: BILLmanager shows nothing of a plugin that ends with another
    (docs/en/protocol.md, "Pages of plugins").
    """
    attributes = _attributes({"type": failure.code, "object": "", "lang": language})
    value, words = (_escaped(clean(strike_out(text))) for text in (failure.value, words))
    content = f'<error{attributes}><param name="value">{value}</param><msg>{words}</msg></error>'
    return Reply(_document(content))


def _document(content: str) -> bytes:
    doc = f"<doc>{content}</doc>" if content else "<doc/>"
    return f"{_HEAD}{doc}\n".encode()


def _attributes(values: Mapping[str, str]) -> str:
    return "".join(f' {name}="{_escaped(clean(value))}"' for name, value in values.items())


def _escaped(text: str) -> str:
    """The text as it may stand between tags and in quotes; a reader keeps even its line ends."""
    for char, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(char, entity)
    return text.replace("\r", "&#13;")
