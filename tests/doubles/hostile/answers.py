"""The table of what a hostile cloud answers: each kind by its name, with what it attacks.

A kind answers every request with the same trick. `honest` answers as a cloud would, so that a kind
may strike later: at the first call with a login, or only at a list.
"""

import gzip
import itertools
import json
import zlib
from typing import Any, Callable, Dict, Iterator

from tests.doubles.hostile.server import Answer, Heard, Wire, head, whole

STATUS = {
    "installed": True,
    "maintenance": False,
    "needsDbUpgrade": False,
    "version": "29.0.6.1",
    "versionstring": "29.0.6",
    "edition": "",
    "productname": "Nextcloud",
    "extendedSupport": False,
}
MANY = 6 * 1024 * 1024
"""Bytes of a body just under the limit of a list."""

PIECE = b"x" * 65536


NO_NAMES = [
    "bad \ud800",
    "\x00",
    "\u202eevil",
    "../../x",
    "..",
    "",
    "x" * 100_000,
    "a\x1b[2J",
    "a\nb",
]
"""Logins that no cloud would give an account."""


def envelope(data: Any, code: Any = 100, message: Any = "OK") -> bytes:
    """An OCS envelope in JSON."""
    meta = {"status": "ok", "statuscode": code, "message": message}
    return json.dumps({"ocs": {"meta": meta, "data": data}}).encode()


def honest(request: Heard) -> bytes:
    """What a cloud would answer, more or less."""
    if request.path.startswith("/status.php"):
        return json.dumps(STATUS).encode()
    if "/cloud/groups" in request.path:
        return envelope({"groups": ["clients"]})
    if "/cloud/users/details" in request.path:
        return envelope({"users": {}})
    if request.method == "GET" and "/cloud/users/" in request.path:
        return envelope([], 404, "User does not exist")
    return envelope([], 101 if request.method == "PUT" else 100)


def _after_status(trick: Callable[[Heard], bytes]) -> Answer:
    """Strikes once the program believes that a cloud is there."""

    def answer(request: Heard) -> Wire:
        is_status = request.path.startswith("/status.php")
        yield whole(honest(request) if is_status else trick(request))

    return answer


def _status(body: bytes) -> Answer:
    """Strikes at the first request."""
    return lambda request: iter([whole(body)])


def _said(**changes: Any) -> Answer:
    """A status.php with other values."""
    return _status(json.dumps({**STATUS, **changes}).encode())


def _data(text: str) -> Answer:
    """An envelope whose data are that JSON."""
    before, after = envelope("@").split(b'"@"')
    body = before + text.encode("utf-8", "surrogatepass") + after
    return _after_status(lambda request: body)


def _raw(body: bytes) -> Answer:
    return _after_status(lambda request: body)


def _wire(
    *lines: str, status: int = 200, body: Callable[[], Iterator[bytes]] = lambda: iter([])
) -> Answer:
    """A head and whatever follows, at every request."""
    return lambda request: itertools.chain([head(status, *lines)], body())


def _endless(piece: bytes = PIECE) -> Callable[[], Iterator[bytes]]:
    return lambda: itertools.repeat(piece)


def _pieces(*pieces: bytes) -> Callable[[], Iterator[bytes]]:
    return lambda: iter(pieces)


def _bytes(*pieces: bytes) -> Answer:
    """Bytes that are no HTTP."""
    return lambda request: iter(pieces)


def _groups(trick: Callable[[Heard], Any]) -> Answer:
    """Strikes at the list of groups."""

    def answer(request: Heard) -> Wire:
        is_list = "/cloud/groups" in request.path
        yield whole(envelope({"groups": trick(request)}) if is_list else honest(request))

    return answer


def _record(login: str) -> Dict[str, Any]:
    """An account as a cloud shows it."""
    quota = {"quota": 5 * 1024**3, "used": 1}
    return {"id": login, "enabled": True, "groups": [], "quota": quota}


def _user(**changes: Any) -> Answer:
    """A record of an account with other values."""

    def record(request: Heard) -> bytes:
        login = request.path.split("?")[0].rpartition("/")[2]
        return envelope({**_record(login), **changes})

    return _after_status(record)


def _accounts(trick: Callable[[Heard], Any]) -> Answer:
    """Strikes at the pages of accounts."""

    def answer(request: Heard) -> Wire:
        is_page = "/cloud/users/details" in request.path
        yield whole(envelope({"users": trick(request)}) if is_page else honest(request))

    return answer


def _logins(trick: Callable[[Heard], Any]) -> Answer:
    """Strikes at the list of logins of a cloud that has no pages of accounts."""
    status = {**STATUS, "product": "ownCloud"}
    del status["extendedSupport"]

    def answer(request: Heard) -> Wire:
        if request.path.startswith("/status.php"):
            yield whole(json.dumps(status).encode())
        else:
            is_list = "/cloud/users?" in request.path
            yield whole(envelope({"users": trick(request)}) if is_list else honest(request))

    return answer


def _offset(request: Heard) -> str:
    return request.path.partition("offset=")[2].partition("&")[0]


def _packed(body: bytes, *layers: str) -> Answer:
    for layer in layers:
        body = gzip.compress(body) if layer == "gzip" else zlib.compress(body)
    return _wire(
        f"Content-Encoding: {', '.join(layers)}", f"Content-Length: {len(body)}", body=_pieces(body)
    )


CHUNKED = "Transfer-Encoding: chunked"
BOMB = b"[" + b"{}," * (20 * 1024**2) + b"{}]"
_XML = '<?xml version="1.0"?>'

KINDS: Dict[str, Answer] = {
    # -- the wire --------------------------------------------------------------------------------
    "no bytes": _bytes(),
    "no http": _bytes(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "http 0.9": _bytes(b"hello\n"),
    "an endless status line": lambda request: itertools.chain(
        [b"HTTP/1.1 200 "], itertools.repeat(PIECE)
    ),
    "a status of five digits": _bytes(b"HTTP/1.1 99999 X\r\n\r\n"),
    "a status of zero": _bytes(b"HTTP/1.1 000 X\r\n\r\n"),
    "an endless header": lambda request: itertools.chain(
        [b"HTTP/1.1 200 X\r\nA: "], itertools.repeat(PIECE)
    ),
    "headers without number": lambda request: itertools.chain(
        [b"HTTP/1.1 200 X\r\n"], (b"A%d: b\r\n" % n for n in itertools.count())
    ),
    "large headers": _wire(
        *(f"A{n}: {'x' * 60000}" for n in range(90)), "Content-Length: 2", body=_pieces(b"{}")
    ),
    "an endless body": _wire(body=_endless()),
    "an endless body under 502": _wire(status=502, body=_endless()),
    "an endless body under 504": _wire(status=504, body=_endless()),
    "an endless body under 503": _wire(status=503, body=_endless()),
    "an endless body under 401": _wire("WWW-Authenticate: Basic", status=401, body=_endless()),
    "an endless body under a redirect": _wire("Location: /x", status=302, body=_endless()),
    "endless chunks": _wire(CHUNKED, body=_endless(b"10000\r\n" + PIECE + b"\r\n")),
    "endless chunks under 502": _wire(
        CHUNKED, status=502, body=_endless(b"10000\r\n" + PIECE + b"\r\n")
    ),
    "a chunk size without an end": _wire(CHUNKED, body=_endless(b"0" * 65536)),
    "a chunk extension without an end": _wire(
        CHUNKED, body=lambda: itertools.chain([b"1;"], itertools.repeat(PIECE))
    ),
    "a chunk of a huge size": _wire(
        CHUNKED, body=lambda: itertools.chain([b"fffffffffffffff\r\n"], itertools.repeat(PIECE))
    ),
    "a chunk of a negative size": _wire(CHUNKED, body=_pieces(b"-1\r\n", PIECE, b"\r\n0\r\n\r\n")),
    "a chunk without a size": _wire(CHUNKED, body=_pieces(b"zz\r\n", PIECE)),
    "a length beyond all": _wire(f"Content-Length: {10**18}", body=_endless()),
    "a negative length": _wire("Content-Length: -1", body=_endless()),
    "a length of many digits": _wire(f"Content-Length: {'9' * 60000}", body=_endless()),
    "two lengths": _wire("Content-Length: 2", "Content-Length: 20000000", body=_endless()),
    "half a body": _wire("Content-Length: 1000", body=_pieces(b"{}")),
    "one layer of gzip": _packed(BOMB, "gzip"),
    "two layers of gzip": _packed(BOMB, "gzip", "gzip"),
    "deflate": _packed(BOMB, "deflate"),
    "an unknown packing": _wire(
        "Content-Encoding: br, zstd, gzip", "Content-Length: 2", body=_pieces(b"{}")
    ),
    "a hundred packings": _wire("Content-Encoding: " + ", ".join(["gzip"] * 100), body=_endless()),
    "cookies by the hundred": _wire(
        *(f"Set-Cookie: c{n}={'x' * 3000}" for n in range(95)),
        "Content-Length: 2",
        body=_pieces(b"{}"),
    ),
    "large cookies": _wire(
        *(f"Set-Cookie: c{n}={'x' * 60000}" for n in range(80)),
        "Content-Length: 2",
        body=_pieces(b"{}"),
    ),
    "a redirect full of escapes": _wire(
        "Location: https://evil.example/\x1b[2J" + "x" * 50000, "Content-Length: 0", status=301
    ),
    "a redirect to a file": _wire("Location: file:///etc/shadow", "Content-Length: 0", status=302),
    "a redirect to itself": _wire("Location: /status.php", "Content-Length: 0", status=307),
    "a wait of years": _wire("Retry-After: 999999999", "Content-Length: 0", status=429),
    "a wait of many digits": _wire("Retry-After: " + "9" * 60000, "Content-Length: 0", status=503),
    "a proxy's login": _wire("Proxy-Authenticate: Basic", "Content-Length: 0", status=407),
    "a long name of the door": _wire(
        "WWW-Authenticate: Basic realm=" + "x" * 60000, "Content-Length: 0", status=401
    ),
    "an upgrade": _wire("Upgrade: h2c", "Connection: Upgrade", status=101, body=_endless()),
    "nothing to say": _wire(status=204),
    # -- documents -------------------------------------------------------------------------------
    "objects": _raw(b"[" + b"{}," * (MANY // 3) + b"{}]"),
    "objects with an empty key": _raw(b"[" + b'{"":0},' * (MANY // 7) + b"{}]"),
    "objects in status.php": _status(b"[" + b"{}," * (MANY // 3) + b"{}]"),
    "numbers": _raw(b"[" + b"1," * (MANY // 2) + b"1]"),
    "short texts": _raw(b"[" + b'"ab",' * (MANY // 5) + b"0]"),
    "different keys": _raw(b"{" + b",".join(b'"%x":0' % n for n in range(MANY // 14)) + b"}"),
    "lists in lists": _raw(b"[" * MANY),
    "objects in objects": _raw(b'{"a":' * (MANY // 5)),
    "a long text": _data('"' + "x" * MANY + '"'),
    "a long text of snowmen": _data('"' + "\u2603" * (MANY // 3) + '"'),
    "a long text with one face": _data('"\U0001f600' + "x" * MANY + '"'),
    "a long text of escapes": _data('"' + r"\u0000" * (MANY // 6) + '"'),
    "a long number": _data("9" * 3_000_000),
    "a long negative number": _data("-" + "9" * 3_000_000),
    "a long fraction": _data("0." + "9" * 3_000_000),
    "a long exponent": _data("1e" + "9" * 1_000_000),
    "an infinite number": _data("1e999"),
    "no number": _data("NaN"),
    "an infinity": _data("-Infinity"),
    "a code of many digits": _raw(envelope([], "9" * 900_000)),
    "a code of other digits": _raw(envelope([], "\u0661\u0660\u0660")),
    "a code that is a list": _raw(envelope([], [100])),
    "a code that is true": _raw(envelope([], True)),
    "a code with a point": _raw(envelope([], 100.5)),
    "a long message": _raw(envelope([], 102, "m" * 900_000)),
    "a message that is an object": _raw(envelope([], 102, {"a": ["b"] * 1000})),
    "a message with a null": _raw(envelope([], 102, "bad \x00 word")),
    "a message with half a character": _raw(envelope([], 102, "bad \ud800 word")),
    "a refusal with half a character": _raw(envelope([], 999, "bad \udfff word")),
    "a message that paints": _raw(envelope([], 102, "\x1b]0;owned\x07\x1b[2J")),
    "a message that reverses": _raw(envelope([], 102, "\u202eevil\u2066\u200b")),
    "a message of XML": _raw(envelope([], 102, "]]></doc><doc/><!--<![CDATA[")),
    "a message of lines": _raw(envelope([], 102, "\n".join(["2026-01-01 ERROR forged"] * 99))),
    "no bytes of UTF-8": _raw(b'{"ocs":"\xff\xfe\xfd"}'),
    "UTF-32": _raw(envelope([]).decode().encode("utf-32")),
    "an empty document": _raw(b""),
    "null": _raw(b"null"),
    "a page": _raw(b"<html>" + b"<p>" * 1000),
    "elements": _raw(b"<ocs>" + b"<a/>" * (MANY // 4) + b"</ocs>"),
    "elements in elements": _raw(b"<a>" * (MANY // 3)),
    "attributes": _raw(b"<ocs " + b" ".join(b'a%x=""' % n for n in range(MANY // 12)) + b"/>"),
    "comments": _raw(b"<ocs>" + b"<!---->" * (MANY // 7) + b"</ocs>"),
    "entities": _raw(
        (
            _XML
            + '<!DOCTYPE o [<!ENTITY a "aaaaaaaaaa">'
            + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi"))
            + "]><ocs>&i;</ocs>"
        ).encode()
    ),
    "a file as an entity": _raw(
        f'{_XML}<!DOCTYPE o [<!ENTITY x SYSTEM "file:///etc/passwd">]><ocs>&x;</ocs>'.encode()
    ),
    "a code of many digits in XML": _raw(
        b"<ocs><meta><statuscode>" + b"9" * 900_000 + b"</statuscode></meta></ocs>"
    ),
    # -- what a cloud says of itself -------------------------------------------------------------
    "a long version": _said(versionstring="\u2603" * 300_000),
    "a version that paints": _said(versionstring="29\x1b[2J\n2026 ERROR forged\x00\ud800"),
    "a version of many digits": _said(versionstring="9" * 900_000),
    "a version that is a list": _said(versionstring=["9"] * 100_000),
    "a product without end": _said(productversion="1", productname="x" * 900_000),
    "another product each time": lambda request: iter(
        [
            whole(
                honest(request)
                if "status" in request.path
                else envelope({"quota": {"definition": 1}})
            )
        ]
    ),
    # -- groups ----------------------------------------------------------------------------------
    "the same page of groups": _groups(lambda request: [f"g{n}" for n in range(200)]),
    "pages of groups without end": _groups(
        lambda request: [f"g{_offset(request)}-{n}" for n in range(200)]
    ),
    "pages of large groups": _groups(
        lambda request: [f"{_offset(request)}-{n}-{'x' * 20000}" for n in range(200)]
    ),
    "a group with half a character": _groups(lambda request: ["clients", "bad \ud800"]),
    "a group with a null": _groups(lambda request: ["clients", "\x00"]),
    "a group that reverses": _groups(lambda request: ["clients", "\u202eevil"]),
    "groups of objects": _groups(lambda request: [{"": 0}] * 40_000),
    "groups that are a number": _groups(lambda request: 5),
    # -- accounts --------------------------------------------------------------------------------
    "an account with groups of objects": _user(groups=[{"": 0}] * 40_000),
    "an account with many groups": _user(groups=["g"] * 200_000),
    "an account with a huge name": _user(displayname="x" * 900_000),
    "the same page of accounts": _accounts(lambda request: [_record(f"u{n}") for n in range(200)]),
    "pages of accounts without end": _accounts(
        lambda request: [_record(f"u{_offset(request)}-{n}") for n in range(200)]
    ),
    "pages of one account": _accounts(lambda request: [_record("user_1")] * 200),
    "pages of nobody": _accounts(lambda request: [{}] * 200),
    "pages of accounts that are numbers": _accounts(lambda request: list(range(200))),
    "pages of large accounts": _accounts(
        lambda request: [_record(f"u{_offset(request)}-{n}-{'x' * 20000}") for n in range(200)]
    ),
    "accounts that are a number": _accounts(lambda request: 5),
    "accounts of no possible names": _accounts(lambda request: [*map(_record, NO_NAMES)]),
    "logins of no possible names": _logins(lambda request: NO_NAMES),
    "an account of another name": _user(id="admin"),
    "an account whose name is a list": _user(id=["user"]),
    "an account of a huge usage": _user(quota={"quota": 1, "used": 2**63 - 1}),
    "an account of a negative usage": _user(quota={"quota": -3, "used": -(2**70)}),
    "an account whose quota is text": _user(quota={"quota": "9" * 900_000, "used": "9" * 9}),
    "an account that is on in words": _user(enabled="x" * 900_000),
}
"""Kinds by name."""

SLOW: Dict[str, Answer] = {
    "a line of a header each second": lambda request: _slowly(b"HTTP/1.1 200 X\r\n", b"A: b\r\n"),
    "a byte of a body each second": lambda request: _slowly(
        head(200, "Content-Length: 900000"), b" "
    ),
    "one continue after the other": lambda request: itertools.repeat(head(100)),
    "trailers without end": _wire(
        CHUNKED, body=lambda: itertools.chain([b"0\r\n"], itertools.repeat(b"A: b\r\n" * 1000))
    ),
}
"""Kinds that nothing but the time of a command ends."""


def _slowly(first: bytes, piece: bytes) -> Wire:
    import time

    yield first
    while True:
        time.sleep(0.5)
        yield piece
