"""The pages that a customer sees between the panel and WEBPAY, and the headers that guard them."""

import base64
import hashlib
from html import escape
from typing import Dict, Mapping, Tuple
from urllib.parse import urlsplit

from utils.host import messages
from utils.webpay.cgi import Response

GROUP = "pages.pmwebpay"
"""The messages of the pages."""

PAY, WAIT, FOREIGN, CLOSED, SESSION, UNSET, LATER = (
    *("pay", "wait", "foreign", "closed", "session", "unset", "later"),
)
PAGES = {PAY: 200, WAIT: 200, FOREIGN: 404, CLOSED: 200, SESSION: 403, UNSET: 503, LATER: 503}
"""The pages and their HTTP statuses. A payment that is not there looks like somebody else's."""

_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;margin:15vh auto;max-width:32rem;padding:0 1rem}"
    "button{font:inherit;padding:.6rem 1.5rem}"
)
_SCRIPT = "document.forms[0].submit()"
"""It only spares the customer a click: the button is there in any case."""

_PAGE = """<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<h1>{title}</h1>
<p>{text}</p>
{more}</body>
</html>
"""


def page(kind: str, language: str) -> Response:
    """A page that only says something."""
    title, text = _words(kind, language)
    body = _fill(language, title, text)
    return _response(PAGES[kind], body, ("form-action 'none'",))


def sending(url: str, fields: Mapping[str, str], language: str) -> Response:
    """The page that sends the browser on to WEBPAY with those fields.

    It is sent by itself where scripts run, and by a button where they do not. WEBPAY looks whether
    it comes from the contract's domain (docs/en/payments.md, "Domain"), so the browser has to name
    that, without path and query.
    """
    title, text = _words(PAY, language)
    inputs = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">\n'
        for name, value in fields.items()
    )
    button = escape(texts(language)["button_pay"])
    form = (
        f'<form method="post" action="{escape(url)}" accept-charset="utf-8">\n{inputs}'
        f'<button type="submit">{button}</button>\n</form>\n<script>{_SCRIPT}</script>\n'
    )
    policy = (f"form-action {' '.join(_targets(url))}", f"script-src '{_digest(_SCRIPT)}'")
    return _response(200, _fill(language, title, text, form), policy)


def texts(language: str) -> Dict[str, str]:
    """The messages of the pages in a language."""
    return messages.read(language, GROUP, messages.PAYMENT_FORMS)


def _words(kind: str, language: str) -> Tuple[str, str]:
    said = texts(language)
    return escape(said.get(f"title_{kind}", kind)), escape(said.get(f"text_{kind}", ""))


def _fill(language: str, title: str, text: str, more: str = "") -> str:
    return _PAGE.format(language=language, title=title, text=text, more=more, style=_STYLE)


def _targets(url: str) -> Tuple[str, ...]:
    """Where the form may lead: browsers look at redirects behind it too."""
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    if (parts.hostname or "").endswith(".webpay.by"):
        return origin, "https://*.webpay.by"
    return (origin,)


def _response(status: int, body: str, policy: Tuple[str, ...]) -> Response:
    rules = (
        *("default-src 'none'", f"style-src '{_digest(_STYLE)}'"),
        *("base-uri 'none'", "frame-ancestors 'none'"),
        *policy,
    )
    headers = (
        ("Content-Security-Policy", "; ".join(rules)),
        ("Referrer-Policy", "strict-origin-when-cross-origin"),
        ("X-Frame-Options", "DENY"),
    )
    return Response(status, body, headers, "text/html")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
