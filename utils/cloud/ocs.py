"""The OCS envelope: how answers are read, and what is no answer of a cloud."""

import json
from typing import Any, Callable, Mapping, NamedTuple, Optional, Type, TypeVar

from utils.base import errors
from utils.base.text import tame
from utils.cloud.transport import Response

Meanings = Mapping[int, Type[errors.PmError]]
"""What the codes of one call mean."""

_GENERAL: Meanings = {
    429: errors.CloudThrottled,
    503: errors.CloudMaintenance,
    996: errors.ServerFault,
    500: errors.ServerFault,
    999: errors.ApiDisabled,
}

_CONFIRM = "Password confirmation is required"
"""Nextcloud's refusal of app passwords on writes, never translated (docs/en/clouds.md, "Confirming
the password")."""


MOST_DIGITS = 64
"""Digits of a number: 2**63 has 19, a float that PHP writes 17 and an exponent."""

MOST_CONTAINERS, MOST_VALUES = 50_000, 500_000
"""Objects with lists, and values, of one document: 500 accounts have a tenth of them. Python keeps
an object of seven characters in 300 bytes."""

_BEFORE = b"\xef\xbb\xbf \t\r\n"
"""What PHP puts before each answer where the cloud's file of settings was saved with a byte order
mark, or with lines around its text. JSON may have that before it, XML may not."""

MOST_WORDS = 200
"""Characters of what a cloud says about a refusal; PHP's own are shorter."""


class Envelope(NamedTuple):
    """An OCS envelope: its code, its words, its data."""

    code: int
    message: str
    data: Any

    @property
    def is_good(self) -> bool:
        """Whether what was asked for was done."""
        return self.code in (100, 200)

    @property
    def wants_confirmation(self) -> bool:
        """Whether a write was refused because the login is no real password, or an old session."""
        return self.code == 403 and self.message == _CONFIRM


def mapping(value: Any) -> Mapping[str, Any]:
    """A JSON object; PHP writes an empty one as a list, and null for none."""
    return value if isinstance(value, dict) else {}


def json_document(body: bytes) -> Any:
    """A JSON document. Raises ValueError, also for what is no JSON but Python would take."""

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    def finite(number: str) -> float:
        if len(number) > MOST_DIGITS:
            raise ValueError("digits")
        value = float(number)
        if value - value != 0:  # 1e999 becomes infinity
            raise ValueError(number)
        return value

    _refuse_flood(body)
    try:
        return json.loads(body, parse_constant=refuse, parse_float=finite, parse_int=_whole_number)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def read_envelope(response: Response) -> Optional[Envelope]:
    """The OCS envelope of an answer, in JSON or, where the server insists, in XML."""
    return read_document(response.body, _envelope)


_Read = TypeVar("_Read")


def read_document(body: bytes, read: Callable[[bytes], _Read]) -> Optional[_Read]:
    """What `read` makes of an answer's document, or None where it raises ValueError.

    Messages of PHP around the document are left out.
    """
    try:
        return read(body)
    except ValueError:
        from utils.cloud import front

    try:
        return read(front.without_php(body))
    except ValueError:
        return None


def _envelope(body: bytes) -> Envelope:
    """The envelope in a document. Raises ValueError where it is none."""
    body = body.lstrip(_BEFORE)
    if body[:1] == b"<":
        from utils.base import xml

        _refuse_flood(body)
        meta = xml.parse(body).find("meta")
        if meta is None:
            raise ValueError("no meta")
        values = xml.fields(meta)
        return Envelope(_code(values.get("statuscode")), _words(values.get("message")), None)
    ocs = mapping(mapping(json_document(body)).get("ocs"))
    meta_json = mapping(ocs.get("meta"))
    code = _code(meta_json.get("statuscode"))
    return Envelope(code, _words(meta_json.get("message")), ocs.get("data"))


def _code(shown: Any) -> int:
    """A status code, which may be a text. Raises ValueError."""
    if isinstance(shown, str):
        return _whole_number(shown)
    if isinstance(shown, bool) or not isinstance(shown, int):
        raise ValueError("no code")
    return shown


def _words(shown: Any) -> str:
    """What the cloud says, fit to be shown."""
    return tame(str(shown), MOST_WORDS) if isinstance(shown, (str, int, float)) else ""


def _whole_number(text: str) -> int:
    """A whole number in decimal. Raises ValueError, also for one that no cloud counts up to.

    To read a million digits takes Python minutes, in which no signal stops it.
    """
    if len(text) > MOST_DIGITS:
        raise ValueError(f"{len(text)} digits")
    return int(text)


def _refuse_flood(body: bytes) -> None:
    """Raises ValueError for a document that would take many times its own size of memory."""
    if body.count(b"[") + body.count(b"{") > MOST_CONTAINERS or body.count(b",") > MOST_VALUES:
        raise ValueError("too many values")
    if body.lstrip()[:1] == b"<" and body.count(b"<") + body.count(b"=") > MOST_CONTAINERS:
        raise ValueError("too many elements")


def refused_login(where: str, response: Response) -> errors.CloudError:
    """Nextcloud's wrong login bears WWW-Authenticate; a right one that may not be used does not.

    Two-factor login, enforced tokens and an e-mail of two accounts answer 401 without that header
    (docs/en/clouds.md, "Refused logins").
    """
    if "WWW-Authenticate" in response.headers:
        return errors.LoginRefused(where)
    return errors.AppPasswordNeeded(where)


def error_of(call: str, response: Response, envelope: Envelope, means: Meanings) -> errors.PmError:
    """The error that a refusing code stands for; a refused login is refused_login's."""
    if envelope.wants_confirmation:
        return errors.AppPasswordRefused(call)
    if 403 in (envelope.code, response.status) and 403 not in means:
        return errors.RightsMissing(f"{call}: {envelope.message}")
    kind = means.get(envelope.code) or _GENERAL.get(envelope.code) or _GENERAL.get(response.status)
    error = error_for(kind or errors.CloudRefused, call, envelope)
    if isinstance(error, errors.CloudThrottled):
        from utils.cloud import front

        error.after(front.wait_s(response.headers))
    return error


def error_for(kind: Type[errors.PmError], call: str, envelope: Envelope) -> errors.PmError:
    """An error of that kind about an answer."""
    words = envelope.message
    if issubclass(kind, errors.CloudRefused):
        return kind(call, envelope.code, words)
    return kind(f"{call}: {envelope.code} {words}".strip())
