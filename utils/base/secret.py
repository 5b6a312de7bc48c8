"""A string that nobody shows by accident, and the memory of all such strings for the log."""

from contextlib import contextmanager
from typing import Dict, Iterator, Optional, Tuple

_known: Dict[str, Optional[Tuple[str, ...]]] = {}
"""Each secret with the forms in which it may stand in a text, once they were needed."""

_SHORTEST_STRUCK_OUT = 4
_SHORTEST_BASE64 = 8
"""Fewer characters of Base64 could be part of any text."""


class Secret:
    """A password, key or token; `reveal()` is the only way to its text.

    >>> f"{Secret('hunter22')}"
    '***'
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value
        if len(value) >= _SHORTEST_STRUCK_OUT:
            _known.setdefault(value)

    def reveal(self) -> str:
        """The text itself, for the one line that needs it."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "***"

    def __reduce__(self) -> str:
        raise TypeError("a Secret is never pickled")


@contextmanager
def forgotten() -> Iterator[None]:
    """Secrets that are first met in the body are forgotten after it, when nobody has them any more.

    For those that are read by the thousand.
    """
    before = set(_known)
    try:
        yield
    finally:
        for secret in set(_known) - before:
            del _known[secret]


def strike_out(text: str) -> str:
    """The text with every secret that this process knows replaced by ***, encoded ones too."""
    if not text:
        return text
    forms = {form for secret in tuple(_known) for form in _forms_of(secret)}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, "***")
    return text


def _forms_of(secret: str) -> Tuple[str, ...]:
    """The secret as it is and as it may stand in an address, in JSON, XML or Base64."""
    forms = _known.get(secret)
    if forms is None:
        forms = tuple(_encode(secret))
        if secret in _known:  # another thread may have forgotten it meanwhile
            _known[secret] = forms
    return forms


def _encode(secret: str) -> Iterator[str]:
    import json  # most runs strike nothing out
    from base64 import b64encode
    from urllib.parse import quote, quote_plus

    data = secret.encode("utf-8", "surrogatepass")
    yield secret
    for quoted in (quote(data, safe=""), quote(data), quote_plus(data)):
        yield quoted
        yield "".join(
            part if not number else f"%{part[:2].lower()}{part[2:]}"
            for number, part in enumerate(quoted.split("%"))
        )
    for ascii_only in (True, False):
        in_json = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        yield in_json
        yield in_json.replace("/", "\\/")
    in_xml = secret.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    yield in_xml
    yield in_xml.replace('"', "&quot;").replace("'", "&#39;")
    # Base64 of a text in which the secret stands depends on where: three ways, of which the ends,
    # which its neighbours change, are left out. So a login `user:secret` is found as well.
    for before in range(3):
        length = len(data) + before
        encoded = b64encode(bytes(before) + data).decode()
        inner = encoded[(0, 2, 3)[before] : length // 3 * 4 + (0, 1, 2)[length % 3]]
        if len(inner) >= _SHORTEST_BASE64:
            yield inner
            yield inner.replace("+", "-").replace("/", "_")
