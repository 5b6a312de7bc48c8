"""Asks WEBPAY about a transaction: the one question that its documents answer for every store.

It needs the transaction's number, so it finds what was lost only where a browser came back with it
(docs/en/payments.md, "Asking about a transaction"). Only `checkpay` asks, and no notification.
"""

import hmac
import ssl
from typing import Any, Dict, Optional
from urllib import error as failures
from urllib import request as requests_of_urllib
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from utils.base import plainxml
from utils.webpay import protocol
from utils.webpay.desk import Desk
from utils.webpay.method import Method, Store

TIMEOUT_S = 10
LONGEST_ANSWER = 64 * 1024
_QUESTION = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    "<wsb_api_request><command>get_transaction</command><authorization>"
    "<username>{login}</username><password>{password}</password></authorization>"
    "<fields><transaction_id>{transaction}</transaction_id></fields></wsb_api_request>"
)


class _Stay(requests_of_urllib.HTTPRedirectHandler):
    """Redirects are not followed: the login goes where it is meant for."""

    def redirect_request(self, *_: Any) -> None:
        return None


def is_paid(desk: Desk, method: Method, store: Store, kept: Dict[str, Any]) -> Optional[bool]:
    """Whether WEBPAY says that the transaction is paid, of that order, amount and currency.

    None where it says nothing that can be believed.
    """
    try:
        fields = _ask(desk, method, kept["transaction"])
    except (failures.URLError, OSError, ValueError) as error:
        desk.log.warning("transaction %s: %s", kept["transaction"], type(error).__name__)
        return None
    given = fields.get("wsb_signature", "").lower()
    if not store.secret or not hmac.compare_digest(
        protocol.sign_answer(fields, store.secret).encode(), given.encode()
    ):
        desk.log.warning("transaction %s: the answer is not signed", kept["transaction"])
        return None
    expected = (
        ("transaction_id", "transaction"),
        ("order_num", "order"),
        ("currency_id", "currency"),
    )
    if any(fields.get(name) != kept[ours] for name, ours in expected):
        return False
    return fields.get("payment_type") in protocol.PAID and fields.get("amount") == kept["amount"]


def _ask(desk: Desk, method: Method, transaction: str) -> Dict[str, str]:
    """The fields of the answer. Raises URLError, OSError, ValueError."""
    password = protocol.digest("md5", "", method.password)
    question = _QUESTION.format(
        login=escape(method.login), password=password, transaction=transaction
    )
    data = urlencode({"*API": "", "API_XML_REQUEST": question}).encode()
    proxy = desk.settings.proxy
    opener = requests_of_urllib.build_opener(
        _Stay,
        requests_of_urllib.ProxyHandler({"https": proxy, "http": proxy} if proxy else {}),
        requests_of_urllib.HTTPSHandler(
            context=ssl.create_default_context(cafile=desk.settings.ca_file or None)
        ),
    )
    with opener.open(method.query_url, data, TIMEOUT_S) as answer:
        root = plainxml.parse(answer.read(LONGEST_ANSWER))
    if root.findtext("status") != "success":
        raise ValueError("no success")
    fields = root.find("fields")
    return {} if fields is None else {child.tag: child.text or "" for child in fields}
