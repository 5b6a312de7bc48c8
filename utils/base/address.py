"""A cloud's address: one form of it, where secrets may be sent, which server it names."""

from typing import Optional, Tuple
from urllib.parse import SplitResult, urlsplit

from utils.base import errors

_DEFAULT_PORTS = {"http": 80, "https": 443}
_NEVER_IN_ADDRESSES = "<>\"'\\^`{|}"


def clean(text: str) -> str:
    """The address in one form: no trailing slash, no /index.php; path and port kept.

    Raises UrlMissing, or UrlInvalid where it is no http(s) URL, or has credentials, a query or a
    fragment in it. The error never repeats credentials.
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
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise errors.UrlInvalid(where)
    if any(not char.isprintable() or char in _NEVER_IN_ADDRESSES for char in address):
        raise errors.UrlInvalid(where)
    if any(char.isspace() for char in address):
        raise errors.UrlInvalid(where)
    path = parts.path.rstrip("/")
    while path.endswith("/index.php"):
        path = path[: -len("/index.php")].rstrip("/")
    return f"{parts.scheme}://{parts.netloc.lower()}{path}"


def shown(address: str) -> str:
    """Any address as it may be shown: without credentials."""
    return address.rpartition("@")[2]


def origin(address: str) -> Tuple[str, str, Optional[int]]:
    """Scheme, host and port of a clean address: where a secret may be sent."""
    parts = urlsplit(address)
    return parts.scheme, parts.hostname or "", parts.port or _DEFAULT_PORTS[parts.scheme]


def host(address: str) -> str:
    """The host of any address, or an empty text."""
    try:
        return urlsplit(address).hostname or ""
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


def digest(address: str) -> str:
    """A short name of the server at a clean address: host, port and path.

    http and https on their usual ports are the same server, so that a provider may change over.
    """
    import hashlib  # with OpenSSL behind it, which a form does not need

    parts = urlsplit(address)
    place = f"{_host_of(parts)}:{_odd_port(parts) or ''}{parts.path}"
    return hashlib.sha256(place.encode()).hexdigest()[:16]


def _host_of(parts: SplitResult) -> str:
    return (parts.hostname or "").rstrip(".")


def _odd_port(parts: SplitResult) -> Optional[int]:
    return None if parts.port == _DEFAULT_PORTS.get(parts.scheme) else parts.port
