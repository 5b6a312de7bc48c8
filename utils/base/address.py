"""A cloud's address: one form of it, where secrets may be sent, which server it names."""

import re
from typing import FrozenSet, Optional, Tuple
from urllib.parse import SplitResult, quote, urlsplit

from utils.base import errors

_DEFAULT_PORTS = {"http": 80, "https": 443}
_NEVER_IN_ADDRESSES = "<>\"'\\^`{|}"
_PAGES = re.compile(
    r"/(index\.php|status\.php|remote\.php|public\.php|ocs|login|logout|f/[0-9]+"
    r"|settings/(user|admin|users|apps|help|personal)|apps/(?![^/]*cloud)[a-z0-9_]+)(/|\Z)"
)
"""Where below a cloud's address its own pages begin, as a browser shows them.

A folder of the cloud's own may be called `apps` too: what bears `cloud` in its name is no app.
"""


def clean(text: str) -> str:
    """The address in one form: no trailing slash, none of the cloud's pages; path and port kept.

    Raises UrlMissing, or UrlInvalid where it is no http(s) URL, or has credentials in it, or a
    query or a fragment behind anything but a page of the cloud. The error never repeats
    credentials.
    """
    address = text.strip()
    if not address:
        raise errors.UrlMissing
    where = shown(address)
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise errors.UrlInvalid(where) from error
    if parts.scheme not in _DEFAULT_PORTS or not host or port == 0:
        raise errors.UrlInvalid(where)
    page = _PAGES.search(parts.path)
    if "@" in parts.netloc or (page is None and (parts.query or parts.fragment)):
        raise errors.UrlInvalid(where)
    if any(not char.isprintable() or char in _NEVER_IN_ADDRESSES for char in address):
        raise errors.UrlInvalid(where)
    if any(char.isspace() for char in address):
        raise errors.UrlInvalid(where)
    path = parts.path[: page.start()] if page else parts.path
    path = path.rstrip("/")
    return f"{parts.scheme}://{parts.netloc.lower()}{path}"


def shown(address: str) -> str:
    """Any address as it may be shown: without credentials."""
    return address.rpartition("@")[2]


def origin(address: str) -> Tuple[str, str, Optional[int]]:
    """Scheme, host and port of a clean address: where a secret may be sent."""
    parts = urlsplit(address)
    return parts.scheme, _ascii(parts.hostname or ""), parts.port or _DEFAULT_PORTS[parts.scheme]


def host(address: str) -> str:
    """The host of any address in ASCII, or an empty text."""
    try:
        return _ascii(urlsplit(address).hostname or "")
    except ValueError:
        return ""


def is_loopback(address: str) -> bool:
    """Whether a clean address names this very machine."""
    name = host(address)
    if name == "localhost":
        return True
    from ipaddress import ip_address  # only plain http asks

    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def is_plain(address: str) -> bool:
    """Whether a clean address sends passwords in clear over a network."""
    return address.startswith("http:") and not is_loopback(address)


def login_page(address: str, login: str) -> str:
    """Where a browser finds the login page of the cloud, with the user name filled in.

    Nextcloud and ownCloud 10 both take it so, with and without their rewritten addresses (seen on
    29.0.6, 34.0.1 and 10.15.2).
    """
    return f"{address}/index.php/login?user={quote(login, safe='')}"


def digest(address: str) -> str:
    """A short name of the server at a clean address: host, port and path.

    http and https on their usual ports are the same server, so that a provider may change over. A
    name in letters of its own and the same one in ASCII are one server.
    """
    parts = urlsplit(address)
    return _digest(parts, _ascii(_host_of(parts)))


def digests(address: str) -> FrozenSet[str]:
    """The digest of a clean address, and those that marks of an earlier version may bear for it."""
    parts = urlsplit(address)
    host_ = _host_of(parts)
    return frozenset(_digest(parts, name) for name in (host_, _ascii(host_), _unicode(host_)))


def _digest(parts: SplitResult, host_: str) -> str:
    import hashlib  # with OpenSSL behind it, which a form does not need

    place = f"{host_}:{_odd_port(parts) or ''}{parts.path}"
    return hashlib.sha256(place.encode()).hexdigest()[:16]


def _host_of(parts: SplitResult) -> str:
    return (parts.hostname or "").rstrip(".")


def _ascii(host_: str) -> str:
    """A host's name as it stands in the DNS; what cannot stand there stays as it is.

    Made by the library by which it is asked for. Python's own codec has an older rule, to which
    `straße.de` is `strasse.de`: two domains, which need not belong to the same people.
    """
    if host_.isascii():
        return host_
    import idna  # few names need it

    try:
        return idna.encode(host_, uts46=True).decode("ascii")
    except UnicodeError:
        return host_


def _unicode(host_: str) -> str:
    """A host's name as people write it."""
    if "xn--" not in host_:
        return host_
    import idna

    try:
        return idna.decode(host_)
    except UnicodeError:
        return host_


def _odd_port(parts: SplitResult) -> Optional[int]:
    return None if parts.port == _DEFAULT_PORTS.get(parts.scheme) else parts.port
