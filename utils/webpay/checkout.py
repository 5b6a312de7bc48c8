"""The way of a customer: from his payment in the panel to WEBPAY, and back.

Nothing that his browser sends is believed: not whose the payment is, not its amount, and on the way
back not that it was paid.
"""

import re
import secrets
from typing import Dict, Optional
from urllib.parse import quote, urlsplit

from utils.base import errors
from utils.base.secret import Secret
from utils.billing.payments import StoredPayment
from utils.consts import PAYMENT_IN_PAY, PAYMENT_MODULE, PAYMENT_PAID
from utils.webpay import intake, pages, protocol
from utils.webpay.cgi import Refused, Request, Response
from utils.webpay.desk import Desk
from utils.webpay.ledger import Entry
from utils.webpay.method import Method

PAY_SCRIPT, NOTIFY_SCRIPT = "webpaypayment", "webpayresult"
RETURN_SCRIPT, CANCEL_SCRIPT = "webpayreturn", "webpaycancel"
PLACE = "/mancgi/"
"""Where BILLmanager's web server has the scripts of its folder `cgi`."""

LANGUAGES = {"ru": "russian", "en": "english"}
LOCK_WAIT_S = 5.0

MOST_ORDERS = 200
"""Attempts at one payment; whoever presses the button more often is no customer."""

SEED_BYTES = 16
HELD = (
    *(intake.AMOUNT, intake.CURRENCY, intake.UNCLEAR, intake.REFUSED, intake.STUCK),
    intake.BEHIND,
)
"""Money came and staff has it in hand: the customer is not sent to pay again."""

_SESSION = re.compile(r"[A-Za-z0-9_.~-]{1,200}", re.ASCII)
_MANAGER = re.compile(r"https?://[A-Za-z0-9.:\[\]-]{1,260}(/[A-Za-z0-9/_.-]*)?", re.ASCII)


def pay(desk: Desk, request: Request) -> Response:
    """The page that sends the customer to WEBPAY, or says why not."""
    language = request.language()
    try:
        payment_id = _asked_for(request)
        with desk.ledger.lock(payment_id, LOCK_WAIT_S):
            return _send(desk, request, payment_id)
    except Refused as error:
        return Response(error.status, f"{error}\n")
    except errors.PaymentMissing:
        return pages.page(pages.FOREIGN, language)
    except errors.PmError as error:
        desk.log.error("failed: %s", error)
        is_unset = isinstance(error, (errors.MethodUnset, errors.SecretBroken, errors.HostError))
        return pages.page(pages.UNSET if is_unset else pages.LATER, language)


def _asked_for(request: Request) -> int:
    if request.method not in ("GET", "POST"):
        raise Refused(405, "only GET and POST")
    text = request.query_fields().get("elid", "")
    if not text and request.body:
        text = request.form_fields().get("elid", "")
    if not (text.isascii() and text.isdigit() and 0 < len(text) <= 18 and int(text)):
        raise Refused(400, "no payment")
    return int(text)


def _send(desk: Desk, request: Request, payment_id: int) -> Response:
    language = request.language()
    session = request.session()
    if not _SESSION.fullmatch(session):
        return pages.page(pages.SESSION, language)
    user = desk.billing.user_of(Secret(session))
    if not user:
        return pages.page(pages.SESSION, language)
    payment = desk.billing.payment(payment_id)
    is_own = user == payment.user_id or desk.billing.is_shown_to(Secret(session), payment_id)
    if payment.method is None or not is_own:
        desk.log.warning("payment %d is not of user %s, or of another method", payment_id, user)
        return pages.page(pages.FOREIGN, language)
    entry = desk.ledger.read(payment_id)
    if payment.status == PAYMENT_PAID:
        return _to_panel(payment, "success", language)
    if _is_held(entry):
        return pages.page(pages.WAIT, language)
    if payment.status not in intake.BOOKABLE or not payment.amount:
        return pages.page(pages.CLOSED, language)
    method = desk.method(payment.method)
    order = _begin(desk, payment, method, entry)
    fields = _fields(payment, method, order, language)
    return pages.sending(method.pay_url, fields, language)


def _is_held(entry: Entry) -> bool:
    return bool(entry.paid or entry.intent) or any(one["why"] in HELD for one in entry.kept)


def _begin(desk: Desk, payment: StoredPayment, method: Method, entry: Entry) -> str:
    """A new order number, which is written down before anybody hears of it.

    Raises MethodUnset where the method cannot be paid with, Busy for too many attempts.
    """
    if not payment.method or not payment.method.is_active:
        raise errors.MethodUnset(f"{method.id}: off")
    if not (method.store.number and method.store.secret):
        raise errors.MethodUnset(method.id)
    if payment.currency not in method.currencies:
        raise errors.MethodUnset(f"{method.id}: {payment.currency}")
    length = protocol.tag_length(payment.id, method.longest_order)
    if not length:
        raise errors.MethodUnset(f"{method.id}: {payment.id}")
    if len(entry.orders) >= MOST_ORDERS:
        raise errors.Busy(f"{payment.id}: {MOST_ORDERS}")
    order = _new_order(payment.id, length, entry)
    entry.orders[order] = {"at": int(desk.now()), "test": method.is_test}
    desk.ledger.write(entry)
    if payment.status != PAYMENT_IN_PAY:
        _show_as_started(desk, payment, order)
    return order


def _new_order(payment_id: int, length: int, entry: Entry) -> str:
    while True:
        order = protocol.order_number(payment_id, protocol.make_tag(length))
        if order not in entry.orders:
            return order


def _show_as_started(desk: Desk, payment: StoredPayment, order: str) -> None:
    """Has the payment in the client's list; whether a lost call did it is looked up."""
    try:
        desk.billing.start(payment.id, order, f"WEBPAY {order}")
    except errors.CoreUnavailable:
        if desk.billing.payment(payment.id).status != PAYMENT_IN_PAY:
            raise


def _fields(payment: StoredPayment, method: Method, order: str, language: str) -> Dict[str, str]:
    base = method.public_url or _origin(payment.manager_url)
    said = pages.texts(language)
    item = method.item or said.get("item", "__value__")
    return protocol.order_fields(
        protocol.Order(
            order,
            method.store.number,
            payment.currency,
            payment.amount,
            item.replace("__value__", payment.number or str(payment.id)),
            method.shop,
            LANGUAGES[language],
            method.is_test,
            base + PLACE + NOTIFY_SCRIPT,
            base + PLACE + RETURN_SCRIPT,
            base + PLACE + CANCEL_SCRIPT,
        ),
        method.store.secret,
        secrets.token_hex(SEED_BYTES),
    )


def _origin(manager_url: str) -> str:
    if not _MANAGER.fullmatch(manager_url):
        raise errors.MethodUnset("manager_url")
    parts = urlsplit(manager_url)
    return f"{parts.scheme}://{parts.netloc}"


# -- the way back ---------------------------------------------------------------------------------


def come_back(desk: Desk, request: Request, is_cancelled: bool) -> Response:
    """Leads a browser that comes from WEBPAY to the panel's page about its payment.

    Nothing is changed by it but a note of the transaction that it names, which proves nothing and
    says where to look if no notification comes.
    """
    language = request.language()
    fields = request.query_fields()
    order = fields.get("wsb_order_num", "")
    payment_id = protocol.payment_of(order)
    try:
        payment = _of_order(desk, order, payment_id)
        if payment is None:
            return pages.page(pages.WAIT, language)
        if not is_cancelled:
            _note(desk, payment, order, fields.get("wsb_tid", ""))
    except errors.PmError as error:
        desk.log.warning("came back with %s: %s", order[:20], error)
        return pages.page(pages.WAIT, language)
    if payment.status == PAYMENT_PAID:
        return _to_panel(payment, "success", language)
    return _to_panel(payment, "fail" if is_cancelled else "pending", language)


def _of_order(desk: Desk, order: str, payment_id: Optional[int]) -> Optional[StoredPayment]:
    """The payment of an order that we have made; whoever guesses a number hears nothing of it."""
    if payment_id is None or order not in desk.ledger.read(payment_id).orders:
        return None
    try:
        return desk.billing.payment(payment_id)
    except errors.PaymentMissing:
        return None


def _note(desk: Desk, payment: StoredPayment, order: str, transaction: str) -> None:
    if not (transaction.isascii() and transaction.isdigit() and len(transaction) <= 12):
        return
    with desk.ledger.lock(payment.id, LOCK_WAIT_S):
        entry = desk.ledger.read(payment.id)
        if entry.returned is None and entry.paid is None:
            entry.returned = {
                **{"order": order, "transaction": transaction},
                "at": int(desk.now()),
            }
            desk.ledger.write(entry)


def _to_panel(payment: StoredPayment, result: str, language: str) -> Response:
    """The panel's page about a payment, by the address under which the client came there."""
    if not _MANAGER.fullmatch(payment.manager_url):
        return pages.page(pages.WAIT, language)
    query = f"func=payment.{result}&elid={payment.id}&module={quote(PAYMENT_MODULE)}"
    return Response(302, "", (("Location", f"{payment.manager_url}?{query}"),))
