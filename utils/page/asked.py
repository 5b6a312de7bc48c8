"""What BILLmanager hands to the handler of a plugin: in the environment, and on standard input.

What a visitor sends comes as PARAM_* and HTTP_*; who he is, BILLmanager says itself, as AUTH_USER
and AUTH_LEVEL (docs/en/protocol.md, "Pages of plugins").
"""

import os
import select
import sys
import time
from typing import TYPE_CHECKING, Dict, MutableMapping, NamedTuple, Optional

from utils.base.secret import Secret
from utils.host import messages
from utils.run.call import MAX_FORM_BYTES, MAX_PASSWORD_BYTES

if TYPE_CHECKING:
    from utils.base.xml import Form

_PARAM = "PARAM_"
_PASSING = (_PARAM, "HTTP_", "AUTH_")
_ONE_BY_ONE = ("QUERY_STRING", "REQUEST_URI", "REMOTE_ADDR", "REMOTE_USER", "ACTION_NAME")
"""What stands in the environment for the handler alone: no program that it starts has it."""

_LANGUAGE_COOKIE = "billmgrlang5="
"""BILLmanager's cookie with the theme and the language: `orion:ru`."""

FRESH, SENT = "fresh", "sok"
PASSWORD, AGAIN, TICKET = "password", "again", "ticket"

FIRST_BYTE_S = 0.3
"""How long to wait for a document on standard input; where there is one it is ready."""

WHOLE_S = 2.0
"""How long for the rest of one that has begun."""

_PIECE_BYTES = 65536


class Asked(NamedTuple):
    """A call of a page. `user` and `level` are BILLmanager's words, all else is the visitor's."""

    function: str
    item_id: Optional[int]
    user: str
    level: int
    language: str
    wants_fresh: bool = False
    is_sent: bool = False
    password: Secret = Secret("")
    again: Secret = Secret("")
    ticket: str = ""
    document: "Optional[Form]" = None


def take(environment: MutableMapping[str, str]) -> Asked:
    """The call that an environment has, which has nothing of it any more then."""
    given: Dict[str, str] = {}
    for name in list(environment):
        if name.startswith(_PASSING) or name in _ONE_BY_ONE:
            given[name] = environment.pop(name)
    document = _offered()
    fresh = (
        _param(given, FRESH),
        *(_param(given, name) for name in ("clicked_button", "sv_field")),
    )
    return Asked(
        function=_param(given, "func"),
        item_id=_number(_param(given, "elid")),
        user=given.get("AUTH_USER", ""),
        level=_number(given.get("AUTH_LEVEL", "")) or 0,
        language=_language(given, document),
        wants_fresh=fresh[0] == "on" or FRESH in fresh[1:],
        is_sent=_param(given, SENT) == "ok",
        password=Secret(_param(given, PASSWORD)[: MAX_PASSWORD_BYTES + 1]),
        again=Secret(_param(given, AGAIN)[: MAX_PASSWORD_BYTES + 1]),
        ticket=_param(given, TICKET),
        document=document,
    )


def _param(given: Dict[str, str], name: str) -> str:
    return given.get(_PARAM + name, "")


def _number(text: str) -> Optional[int]:
    """The number that a text is, with nothing around it; None for all else, several numbers too."""
    is_number = text.isascii() and text.isdigit() and len(text) <= 18
    return int(text) if is_number else None


def _language(given: Dict[str, str], document: "Optional[Form]") -> str:
    cookies = given.get("HTTP_COOKIE", "").split("; ")
    kept = next((one for one in cookies if one.startswith(_LANGUAGE_COOKIE)), "")
    wanted = (
        "" if document is None else document.get("lang", ""),
        _param(given, "lang"),
        kept[len(_LANGUAGE_COOKIE) :].rpartition(":")[2],
    )
    return messages.language(next(filter(None, wanted), ""))


def _offered() -> "Optional[Form]":
    """The document on standard input, or None where there is none that can be used.

    A handler of the kind that is documented for plugins gets none, and its standard input may be
    anything: nobody may be kept waiting by it.
    """
    data = _read(FIRST_BYTE_S, WHOLE_S)
    if not data.strip() or len(data) > MAX_FORM_BYTES:
        return None
    from utils.base import xml  # not where there is none

    try:
        return xml.parse(data)
    except ValueError:
        return None


def _read(first_s: float, whole_s: float) -> bytes:
    data = b""
    until = time.monotonic() + first_s
    try:
        descriptor = sys.stdin.fileno() if sys.stdin else -1
        while descriptor >= 0 and len(data) <= MAX_FORM_BYTES:
            wait_s = until - time.monotonic()
            if wait_s <= 0 or not select.select([descriptor], [], [], wait_s)[0]:
                break
            piece = os.read(descriptor, _PIECE_BYTES)
            if not piece:
                break
            if not data:
                until = time.monotonic() + whole_s
            data += piece
    except (OSError, ValueError):
        return b""
    return data
