"""The OCS envelope: how answers are read, and what is no answer of a cloud."""

import json
from typing import Any, Callable, Mapping, NamedTuple, Optional, Type, TypeVar

from utils.base import errors
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
"""Nextcloud's refusal of app passwords on writes: hard-coded English (nextcloud-newer.md, 1)."""


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
        value = float(number)
        if value - value != 0:  # 1e999 becomes infinity
            raise ValueError(number)
        return value

    try:
        return json.loads(body, parse_constant=refuse, parse_float=finite)
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
    if body.lstrip()[:1] == b"<":
        from utils.base import xml

        meta = xml.parse(body).find("meta")
        if meta is None:
            raise ValueError("no meta")
        values = xml.fields(meta)
        return Envelope(int(values.get("statuscode", "")), values.get("message", ""), None)
    ocs = mapping(mapping(json_document(body)).get("ocs"))
    meta_json = mapping(ocs.get("meta"))
    try:
        code = int(meta_json["statuscode"])
    except (KeyError, TypeError, OverflowError) as error:
        raise ValueError("no statuscode") from error
    return Envelope(code, str(meta_json.get("message") or ""), ocs.get("data"))


def refused_login(where: str, response: Response) -> errors.CloudError:
    """Nextcloud's wrong login bears WWW-Authenticate; a right one that may not be used does not.

    Recorded on 29.0.6 to 34.0.1 (nextcloud-ocs.md, 7): two-factor login, enforced tokens and an
    e-mail of two accounts answer 401 without that header.
    """
    if "WWW-Authenticate" in response.headers:
        return errors.LoginRefused(where)
    return errors.AppPasswordNeeded(where)


def error_of(call: str, response: Response, envelope: Envelope, means: Meanings) -> errors.PmError:
    """The error that a refusing code stands for; a refused login is refused_login's."""
    if envelope.wants_confirmation:
        return errors.AppPasswordRefused(call)
    if envelope.code == 403 or response.status == 403:
        return errors.RightsMissing(f"{call}: {envelope.message[:200]}")
    kind = means.get(envelope.code) or _GENERAL.get(envelope.code) or _GENERAL.get(response.status)
    error = error_for(kind or errors.CloudRefused, call, envelope)
    if isinstance(error, errors.CloudThrottled):
        from utils.cloud import front

        error.after(front.wait_s(response.headers))
    return error


def error_for(kind: Type[errors.PmError], call: str, envelope: Envelope) -> errors.PmError:
    """An error of that kind about an answer."""
    words = envelope.message[:200]
    if issubclass(kind, errors.CloudRefused):
        return kind(call, envelope.code, words)
    return kind(f"{call}: {envelope.code} {words}".strip())
