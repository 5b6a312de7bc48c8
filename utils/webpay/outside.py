"""Requests of our own, which no notification needs: questions at WEBPAY, a look at our own scripts.

With the proxy and the authorities of the settings; redirects are not followed, so that nothing goes
where it is not meant for.
"""

import ssl
from typing import Any, NamedTuple, Optional
from urllib import error as failures
from urllib import request as requests_of_urllib

from utils.base.text import tame
from utils.webpay.desk import Desk

TIMEOUT_S = 10
LONGEST_ANSWER = 64 * 1024


class Answer(NamedTuple):
    """What was answered. `status` is 0 where nothing was: `text` says why then."""

    status: int
    text: str
    date: str = ""


class _Stay(requests_of_urllib.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Nowhere."""
        return


def post(desk: Desk, url: str, data: bytes) -> bytes:
    """What is answered to a form. Raises OSError where it is not HTTP 200."""
    with _opener(desk).open(url, data, TIMEOUT_S) as answer:
        return bytes(answer.read(LONGEST_ANSWER))


def look(desk: Desk, url: str) -> Answer:
    """What is answered to a plain request, whatever it is."""
    try:
        with _opener(desk).open(url, None, TIMEOUT_S) as answer:
            return _read(answer.status, answer)
    except failures.HTTPError as error:
        with error:
            return _read(error.code, error)
    except (OSError, ValueError) as error:
        reason: Optional[object] = getattr(error, "reason", None)
        return Answer(0, tame(str(reason or error), 100))


def _read(status: int, answer: Any) -> Answer:
    text = answer.read(LONGEST_ANSWER).decode("utf-8", "replace")
    return Answer(status, text, answer.headers.get("Date") or "")


def _opener(desk: Desk) -> requests_of_urllib.OpenerDirector:
    proxy = desk.settings.proxy
    return requests_of_urllib.build_opener(
        _Stay,
        requests_of_urllib.ProxyHandler({"https": proxy, "http": proxy} if proxy else {}),
        requests_of_urllib.HTTPSHandler(
            context=ssl.create_default_context(cafile=desk.settings.ca_file or None)
        ),
    )
