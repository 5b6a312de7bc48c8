"""Asks WEBPAY about a transaction: the one question that its documents answer for every store.

It needs the transaction's number, so it finds what was lost only where a browser came back with it
(docs/en/payments.md, "Asking about a transaction"). Only `checkpay` asks, and no notification.
"""

import hmac
from typing import Any, Dict, Optional
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from utils.base import money, plainxml
from utils.webpay import outside, protocol
from utils.webpay.desk import Desk
from utils.webpay.method import Method, Store

_QUESTION = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    "<wsb_api_request><command>get_transaction</command><authorization>"
    "<username>{login}</username><password>{password}</password></authorization>"
    "<fields><transaction_id>{transaction}</transaction_id></fields></wsb_api_request>"
)
_EXPECTED = (
    *(("transaction_id", "transaction"), ("order_num", "order"), ("currency_id", "currency")),
)
"""What the answer has to say, and what it is called in our record."""


def is_paid(desk: Desk, method: Method, store: Store, kept: Dict[str, Any]) -> Optional[bool]:
    """Whether WEBPAY says that the transaction is paid, of that order, amount and currency.

    None where it says nothing that can be believed.
    """
    try:
        fields = _ask(desk, method, kept["transaction"])
    except (OSError, ValueError) as error:
        desk.log.warning("transaction %s: %s", kept["transaction"], type(error).__name__)
        return None
    given = fields.get("wsb_signature", "").lower().encode()
    expected = protocol.sign_answer(fields, store.secret).encode()
    if not store.secret or not hmac.compare_digest(expected, given):
        desk.log.warning("transaction %s: the answer is not signed", kept["transaction"])
        return None
    is_same = all(fields.get(name) == kept[ours] for name, ours in _EXPECTED)
    is_same = is_same and _is_amount(fields.get("amount", ""), kept["amount"])
    is_real = store.is_test or fields.get("payment_method") != protocol.TEST_METHOD
    return is_same and is_real and fields.get("payment_type") in protocol.PAID


def _is_amount(text: str, kept: str) -> bool:
    """Whether both texts are one amount: how many digits the answer has is not known."""
    try:
        return money.read_amount(text) == money.read_amount(kept)
    except ValueError:
        return False


def _ask(desk: Desk, method: Method, transaction: str) -> Dict[str, str]:
    """The fields of the answer. Raises OSError, ValueError."""
    question = _QUESTION.format(
        login=escape(method.login),
        password=protocol.digest("md5", "", method.password),
        transaction=transaction,
    )
    form = urlencode({"*API": "", "API_XML_REQUEST": question})
    root = plainxml.parse(outside.post(desk, method.query_url, form.encode()))
    if root.findtext("status") != "success":
        raise ValueError("no success")
    return {child.tag: child.text or "" for child in root.iterfind("fields/*")}
