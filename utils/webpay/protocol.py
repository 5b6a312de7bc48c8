"""WEBPAY's texts: the form of an order, the notification, and the signatures of both.

A signed text has no separators (docs/en/payments.md, "Signatures"). So every field has a strict
form here, and an order number begins and ends with a letter: moved digits are seen.
"""

import hashlib
import hmac
import re
from typing import Dict, Mapping, NamedTuple, Optional

from utils.base import money
from utils.base.secret import Secret

ORDER_SIGNED = (
    *("wsb_seed", "wsb_storeid", "wsb_customer_id", "wsb_order_num", "wsb_test"),
    *("wsb_currency_id", "wsb_total", "wsb_terminal_halva", "wsb_terminal"),
    *("wsb_recurring_bind_token", "wsb_operation_type", "wsb_card", "wsb_recurring_token"),
    "wsb_encrypted_data",
)
"""The fields of an order that its signature covers, in its order; one that is not sent is empty."""

NOTIFICATION_SIGNED = (
    *("batch_timestamp", "currency_id", "amount", "payment_method", "order_id", "site_order_id"),
    *("transaction_id", "payment_type", "rrn"),
)
"""The same of a notification; `card` stands behind them where the store has it switched on."""

QUERY_SIGNED = (
    *("transaction_id", "batch_timestamp", "currency_id", "amount", "payment_method"),
    *("payment_type", "order_id", "rrn"),
)
"""The same of the answer about a transaction, which does not cover the order number."""

COMPLETED, DECLINED, PENDING, AUTHORIZED, PARTLY_REFUNDED = "1", "2", "3", "4", "5"
VOIDED, FAILED, PARTLY_VOIDED, REFUNDED = "7", "8", "9", "11"
PAID = (COMPLETED, AUTHORIZED)
"""Types of a notification that mean money (docs/en/payments.md, "Types of a payment")."""
NOT_PAID = (DECLINED, PENDING, FAILED)
TAKEN_BACK = (PARTLY_REFUNDED, VOIDED, PARTLY_VOIDED, REFUNDED)

TEST_METHOD = "test"
"""The `payment_method` of a payment that moves no money."""

LONGEST_ORDER, LONGEST_ERIP_ORDER = 14, 10
"""Characters of an order number: as in WEBPAY's example, and what ERIP takes of it."""

SHORTEST_TAG, LONGEST_TAG = 2, 6
_TAG_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORDER = re.compile(r"B(?P<payment>[1-9A-Z][0-9A-Z]{0,8})-(?P<tag>[0-9A-Z]{2,6})E", re.ASCII)

RRN_DIGITS = 12
_DIGITS = "[0-9]"
_FORMS: Dict[str, "re.Pattern[str]"] = {
    name: re.compile(form, re.ASCII)
    for name, form in {
        "batch_timestamp": _DIGITS + "{1,12}",
        "currency_id": "[A-Z]{3}",
        "amount": _DIGITS + r"{1,10}(?:\.[0-9]{1,2})?",
        "payment_method": "[a-z][a-z_]{0,29}",
        "order_id": _DIGITS + "{1,12}",
        "site_order_id": r"[\x21-\x7e]{1,64}",
        "transaction_id": _DIGITS + "{1,12}",
        "payment_type": "[1-9][0-9]?",
        "rrn": _DIGITS + "{0,32}",
        "wsb_signature": "[0-9A-Fa-f]{32}",
    }.items()
}
_CARD = re.compile(r"[0-9A-Za-z*.]{0,32}", re.ASCII)
_MASKED_CARD = re.compile(r"[0-9]{6}[xX*]{2,10}[0-9]{4}", re.ASCII)
"""A masked number has as many digits at its beginning as it has to: no other one is missing."""


class Malformed(ValueError):
    """What came is no notification. The words name a field and never its value."""


# -- orders ---------------------------------------------------------------------------------------


def order_number(payment_id: int, tag: str) -> str:
    """The number under which WEBPAY knows an attempt at a payment."""
    return f"B{_in_base_36(payment_id)}-{tag}E"


def tag_length(payment_id: int, longest: int) -> int:
    """How many characters of an order number are left for its tag; fewer than two are none."""
    left = longest - len(order_number(payment_id, ""))
    return min(left, LONGEST_TAG) if left >= SHORTEST_TAG else 0


def make_tag(length: int) -> str:
    """Characters by chance, which tell attempts apart and which nobody guesses."""
    import secrets  # a notification makes none

    return "".join(secrets.choice(_TAG_DIGITS) for _ in range(length))


def payment_of(number: str) -> Optional[int]:
    """The payment whose attempt has that order number; None where it is none of ours."""
    found = _ORDER.fullmatch(number)
    return None if found is None else int(found["payment"], 36)


def _in_base_36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, len(_TAG_DIGITS))
        digits = _TAG_DIGITS[digit] + digits
    return digits or "0"


def sign_order(fields: Mapping[str, str], secret: Secret) -> str:
    """The signature of an order of version 2: SHA-1 over what is sent, and the secret."""
    return digest("sha1", "".join(fields.get(name, "") for name in ORDER_SIGNED), secret)


class Order(NamedTuple):
    """An attempt at a payment as WEBPAY is to know it; `return_url` and the others are ours."""

    number: str
    store: str
    currency: str
    amount: int
    item: str
    shop: str
    language: str
    is_test: bool
    notify_url: str
    return_url: str
    cancel_url: str


def order_fields(order: Order, secret: Secret, seed: str) -> Dict[str, str]:
    """The fields of WEBPAY's form for an order, signed; nothing of the customer's is among them.

    One position of one piece, whose price is the total (docs/en/payments.md, "The form").
    """
    total = money.write_amount(order.amount)
    fields = {
        "*scart": "",
        "wsb_version": "2",
        "wsb_language_id": order.language,
        "wsb_storeid": order.store,
        "wsb_store": order.shop,
        "wsb_order_num": order.number,
        "wsb_test": "1" if order.is_test else "0",
        "wsb_currency_id": order.currency,
        "wsb_seed": seed,
        "wsb_return_url": order.return_url,
        "wsb_cancel_return_url": order.cancel_url,
        "wsb_notify_url": order.notify_url,
        "wsb_invoice_item_name[0]": order.item,
        "wsb_invoice_item_quantity[0]": "1",
        "wsb_invoice_item_price[0]": total,
        "wsb_total": total,
    }
    if not order.shop:
        del fields["wsb_store"]
    return {**fields, "wsb_signature": sign_order(fields, secret)}


# -- notifications --------------------------------------------------------------------------------


class Notification(NamedTuple):
    """A notification whose fields have their forms; nothing is said of its signature."""

    fields: Mapping[str, str]
    order: str
    transaction: str
    currency: str
    amount: int
    type: str
    method: str
    rrn: str

    def is_clear(self, with_card: bool) -> bool:
        """Whether no other division of the signed digits into fields means money.

        Between transaction, type, network number and a card that is signed too nothing separates
        them but their lengths.
        """
        card = self.fields.get("card", "")
        is_card_whole = not with_card or bool(_MASKED_CARD.fullmatch(card))
        return is_card_whole and len(self.rrn) in (0, RRN_DIGITS)


def read_notification(fields: Mapping[str, str]) -> Notification:
    """The notification that form fields hold. Raises Malformed."""
    for name, form in _FORMS.items():
        if not form.fullmatch(fields.get(name, "" if name == "rrn" else "\0")):
            raise Malformed(name)
    if not _CARD.fullmatch(fields.get("card", "")):
        raise Malformed("card")
    return Notification(
        fields,
        order=fields["site_order_id"],
        transaction=fields["transaction_id"],
        currency=fields["currency_id"],
        amount=money.read_amount(fields["amount"]),
        type=fields["payment_type"],
        method=fields["payment_method"],
        rrn=fields.get("rrn", ""),
    )


def sign_notification(fields: Mapping[str, str], secret: Secret, with_card: bool = False) -> str:
    """The signature that WEBPAY gives a notification, whatever the version of the order: MD5."""
    names = (*NOTIFICATION_SIGNED, "card") if with_card else NOTIFICATION_SIGNED
    return digest("md5", "".join(fields.get(name, "") for name in names), secret)


def sign_answer(fields: Mapping[str, str], secret: Secret) -> str:
    """The signature of the answer about a transaction."""
    return digest("md5", "".join(fields.get(name, "") for name in QUERY_SIGNED), secret)


class Match(NamedTuple):
    """How a notification is signed: whether the secret has signed it, and `card` with the rest."""

    is_signed: bool
    with_card: bool


def match(fields: Mapping[str, str], secret: Secret) -> Match:
    """How a notification is signed with the secret, with or without `card`.

    Both forms are tried and compared in constant time. An empty secret has signed nothing.
    """
    given = fields.get("wsb_signature", "").lower().encode()
    plain, with_card = (
        hmac.compare_digest(sign_notification(fields, secret, one).encode(), given)
        for one in (False, True)
    )
    return Match(bool(secret) and (plain or with_card), with_card and not plain)


def fits(fields: Mapping[str, str], secret: Secret) -> bool:
    """Whether the secret has signed a notification."""
    return match(fields, secret).is_signed


def digest(name: str, text: str, secret: Secret) -> str:
    """The digest in lower-case hex. Both are WEBPAY's choice; the secret stands at the end."""
    data = (text + secret.reveal()).encode()
    try:
        # Systems that allow approved digests alone make these two for no other purpose.
        return hashlib.new(name, data, usedforsecurity=False).hexdigest()
    except TypeError:  # Python 3.8 has no such argument
        return hashlib.new(name, data).hexdigest()
