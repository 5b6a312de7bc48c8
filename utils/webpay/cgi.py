"""What BILLmanager's web server gives a script, and what it takes (docs/en/payments.md, "Scripts").

Whatever stands in a request is the client's own: nothing of it is believed here.
"""

from typing import BinaryIO, Dict, Mapping, NamedTuple, Optional, Tuple
from urllib.parse import parse_qsl

LONGEST_BODY = 64 * 1024
"""Bytes of a body; a notification has a hundredth of it."""

MOST_FIELDS = 100
"""A notification has twelve, and some that are not documented."""

REASONS = {
    200: "OK",
    302: "Found",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Payload Too Large",
    503: "Service Unavailable",
}

_SESSION_COOKIES = ("billmgrses5", "billmgrses")
_LANGUAGE_COOKIES = ("billmgrlang5", "billmgrlang")
"""The cookies as they were seen, and how others of their kind begin."""


class Refused(Exception):
    """A request that is none; `status` is the HTTP status that says so."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


class Request(NamedTuple):
    """A request as the environment and standard input have it."""

    method: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    address: str

    def query_fields(self) -> Dict[str, str]:
        """The fields of the query, of each name the first; `?` counts as `&`.

        WEBPAY's own may be joined to ours by a second question mark.
        """
        found: Dict[str, str] = {}
        for name, value in parse_qsl(self.query.replace("?", "&")[:LONGEST_BODY]):
            found.setdefault(name, value)
        return found

    def form_fields(self) -> Dict[str, str]:
        """The fields of the body. Raises Refused for a name that stands twice, and for too many.

        Bytes that are no UTF-8 are replaced: who pays may have a name, and no field that counts
        has any such.
        """
        try:
            text = self.body.decode("utf-8", "replace")
            pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS)
        except ValueError as error:
            raise Refused(400, "too many fields") from error
        fields = dict(pairs)
        if len(fields) < len(pairs):
            raise Refused(400, "a field twice")
        return fields

    def session(self) -> str:
        """BILLmanager's session of the browser, an empty text where it has none."""
        return self._cookie(_SESSION_COOKIES).partition(":")[0]

    def language(self) -> str:
        """`ru` or `en`: the panel's language in the browser, Russian where it tells none."""
        return "en" if self._cookie(_LANGUAGE_COOKIES).rpartition(":")[2] == "en" else "ru"

    def _cookie(self, names: Tuple[str, str]) -> str:
        exact, start = names
        cookies: Dict[str, str] = {}
        for part in self.headers.get("HTTP_COOKIE", "").split(";"):
            name, _, value = part.strip().partition("=")
            cookies.setdefault(name, value.strip().strip('"'))
        others = (value for name, value in sorted(cookies.items()) if name.startswith(start))
        return cookies.get(exact) or next(others, "")


class Response(NamedTuple):
    """An answer; `headers` stand beside those of its kind."""

    status: int
    body: str = ""
    headers: Tuple[Tuple[str, str], ...] = ()
    kind: str = "text/plain"

    def as_bytes(self) -> bytes:
        """The answer as a script writes it."""
        body = self.body.encode("utf-8", "replace")
        lines = [
            f"Status: {self.status} {REASONS[self.status]}",
            f"Content-Type: {self.kind}; charset=utf-8",
            f"Content-Length: {len(body)}",
            "Cache-Control: no-store",
            "X-Content-Type-Options: nosniff",
            *(f"{name}: {value}" for name, value in self.headers),
        ]
        return "\n".join([*lines, "", ""]).encode("utf-8", "replace") + body


def read_request(environment: Mapping[str, str], stdin: Optional[BinaryIO]) -> Request:
    """The request. Raises Refused where its body is too long or shorter than it says."""
    body = b""
    if environment.get("REQUEST_METHOD") == "POST":
        body = _read_body(environment, stdin)
    address = environment.get("HTTP_X_REAL_IP") or environment.get("REMOTE_ADDR", "")
    return Request(
        environment.get("REQUEST_METHOD", ""),
        environment.get("QUERY_STRING", ""),
        environment,
        body,
        address.strip(),
    )


def _read_body(environment: Mapping[str, str], stdin: Optional[BinaryIO]) -> bytes:
    text = environment.get("CONTENT_LENGTH") or environment.get("HTTP_CONTENT_LENGTH") or ""
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise Refused(400, "no length")
    length = int(text)
    if length > LONGEST_BODY:
        raise Refused(413, "too long")
    body = stdin.read(length) if stdin is not None else b""
    if len(body) < length:
        raise Refused(400, "shorter than it says")
    return body
