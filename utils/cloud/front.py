"""What an answer without the cloud's envelope means: somebody in front of the cloud gave it.

A proxy, a protection service and a web server answer for the cloud with any status. Nothing about
the cloud follows from that: no right, no login, no limit, no version. Only the answers that a real
cloud was recorded to give without one are its own:
docs/en/clouds.md, "Answers without an envelope".
"""

import re
import time
from typing import Mapping, Optional
from urllib.parse import urlsplit

from utils.base import address, errors
from utils.base.text import tame
from utils.cloud.transport import Response

LONGEST_WAIT_S = 600.0
"""No wish of an answer keeps the module away for longer than ten minutes."""

_MAINTENANCE = "X-Nextcloud-Maintenance-Mode"
_CLOUD_PAGE = b"ng-csp"
"""Stands in the first line of each page that Nextcloud or ownCloud makes itself."""

_PHP = re.compile(
    rb"(?:Warning|Notice|Deprecated|Strict Standards|(?:Recoverable )?[Ff]atal error|Parse error)"
    rb"(?:</b>)?\s*:\s"
)
"""How PHP begins what it writes into a page, with and without HTML."""

_READ_BYTES = 20_000
_WORDS = 120
"""Characters of a page that are shown: they tell who made it, and fit into a message."""


def error_of(call: str, response: Response) -> errors.CloudError:
    """The error that an answer without an envelope stands for.

    After a write the outcome is unknown where the answer does not say that nothing was let
    through.
    """
    own = _own_answer(call, response)
    if own is not None:
        return own
    is_question = call.startswith("GET ")
    where = f"{call}: {shown(response)}"
    if _PHP.search(response.body[:_READ_BYTES]):
        return errors.AnswerSpoilt(where) if is_question else errors.SpoiltLost(where)
    if asks_patience(response):
        return errors.FrontThrottled(where).after(wait_s(response.headers))
    return errors.FrontAnswered(where) if is_question else errors.FrontLost(where)


def has_moved(location: str, path: str, base_url: str) -> bool:
    """Whether a redirect says that the cloud is elsewhere: it leads to the same page, or to
    another server and no page of it.

    A gate that wants a login, or a look at whoever asks, leads to a page of its own. Whoever took
    that for the cloud's new address would give the gate the module's password.
    """
    try:
        to = urlsplit(location)
        is_elsewhere = to.hostname is not None and address.host(location) != address.host(base_url)
    except ValueError:
        return False
    is_bare = to.path in ("", "/") and not (to.query or to.fragment)
    return to.path.rstrip("/").endswith(path) or (is_bare and is_elsewhere)


def asks_patience(response: Response) -> bool:
    """Whether the request was one too many at this moment, and the same may pass a little later.

    Of a cloud in maintenance nothing passes, though its page names a time.
    """
    if response.status == 503:
        return "Retry-After" in response.headers and _MAINTENANCE not in response.headers
    return response.status == 429


def _own_answer(call: str, response: Response) -> Optional[errors.CloudError]:
    """The error where the cloud itself was recorded to answer so, or its envelope is cut off."""
    status, body = response.status, response.body
    where = f"{call}: HTTP {status}"
    if status == 503 and _MAINTENANCE in response.headers:
        return errors.CloudMaintenance(where)
    if status == 429 and not body and "Retry-After" not in response.headers:
        return errors.CloudThrottled(where, is_bare=True)
    if status == 400 and _CLOUD_PAGE in body[:200]:
        return errors.CloudUntrustedHost(where)
    if status == 400 and not body:
        # What Nextcloud 33 and later make of a request that lacks a parameter.
        return errors.CloudRefused(call, status)
    if _is_cut_off(response):
        return no_answer(f"{call}: no OCS answer, HTTP {status}")
    return None


def _is_cut_off(response: Response) -> bool:
    """Whether it begins as an envelope does, or is the empty page of a script that died."""
    begin = response.body.lstrip()[:200]
    is_dead = response.status < 300 and not begin
    return is_dead or begin.startswith(b'{"ocs"') or b"<ocs>" in begin


def no_answer(where: str) -> errors.CloudError:
    """What an answer that says nothing means: after a mere question, a cloud out of order."""
    return errors.CloudUnreachable(where) if where.startswith("GET ") else errors.CloudLost(where)


def shown(response: Response) -> str:
    """The status of an answer, where it sends to, and the first words that a reader of it sees."""
    location = response.headers.get("Location", "")
    words = f"-> {tame(location, _WORDS)}" if location else first_words(response.body)
    return f'HTTP {response.status} "{words}"' if words else f"HTTP {response.status}"


def first_words(body: bytes) -> str:
    """The first words of a page as one line, without tags, secrets and control characters."""
    from html import unescape  # only for what goes wrong

    text = body[:_READ_BYTES].decode("utf-8", "replace")
    text = re.sub(r"(?is)<(script|style|svg)\b.*?(</\1\s*>|\Z)|<!--.*?(-->|\Z)", " ", text)
    text = unescape(re.sub(r"<[^>]*(>|\Z)", " ", text))
    return tame(" ".join(text.split()), _WORDS)


def wait_s(headers: Mapping[str, str]) -> Optional[float]:
    """The seconds that an answer asks to wait for, by Retry-After as a number or as a date.

    From 1 to LONGEST_WAIT_S, or None where it names no time that can be read. A date is counted
    from the answer's own one: its clock and ours need not be the same.
    """
    text = headers.get("Retry-After", "").strip()
    if re.fullmatch("[0-9]+", text, re.ASCII):
        seconds = float(text)
    else:
        until = moment(text)
        if until is None:
            return None
        now = moment(headers.get("Date", ""))
        seconds = until - (time.time() if now is None else now)
    return min(max(seconds, 1.0), LONGEST_WAIT_S)


def moment(text: str) -> Optional[float]:
    """The seconds since 1970 of a date in a header, or None where it is none."""
    from datetime import timezone
    from email.utils import parsedate_to_datetime

    try:
        date = parsedate_to_datetime(text)
        # Without a zone Python takes it for local time, and HTTP knows no zone but GMT.
        return (date if date.tzinfo else date.replace(tzinfo=timezone.utc)).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def without_php(body: bytes) -> bytes:
    """The document of an answer into which PHP wrote messages, before or behind it.

    Raises ValueError where PHP wrote none, or where no whole document is left.
    """
    if not _PHP.search(body[:_READ_BYTES]) and not _PHP.search(body[-_READ_BYTES:]):
        raise ValueError("no messages of PHP")
    begin = re.search(rb'\{\s*"(?:ocs|installed)"|<\?xml\b|<ocs>', body)
    if begin is None:
        raise ValueError("no document")
    last = b"</ocs>" if body[begin.start() :].startswith(b"<") else b"}"
    return body[begin.start() : body.rfind(last) + len(last)]
