"""Takes a notification: whether it is true, whether it fits, and what becomes of its money.

A payment is booked when everything fits what BILLmanager has of it, once. What is true and does not
fit is kept for staff and never booked. What is not understood is answered so that WEBPAY sends it
again, what is final so that it stops (docs/en/payments.md, "Answers").
"""

from typing import Any, Dict, Mapping, NamedTuple, Optional

from utils.base import errors, money
from utils.base.text import tame
from utils.billing.payments import StoredPayment
from utils.consts import (
    PAYMENT_CANCELLED,
    PAYMENT_IN_PAY,
    PAYMENT_NEW,
    PAYMENT_PAID,
    PAYMENT_STARTED,
)
from utils.webpay import protocol
from utils.webpay.cgi import Refused, Request, Response
from utils.webpay.desk import Desk
from utils.webpay.ledger import STRAYS, Entry
from utils.webpay.method import Method, Store
from utils.webpay.protocol import Notification

TURNS = 6
"""So many notifications are taken at once: three for each of two cores. The others wait."""
TURN_WAIT_S = 10.0
LOCK_WAIT_S = 10.0
"""What still waits then is answered so that WEBPAY repeats it; it waits for some seconds itself."""

UNKNOWN_S = 300.0
"""How long a call whose answer was lost may still take effect: fifteen times what it may take."""

SIGNATURE_LENGTH = 32
LONGEST_SHOWN = 40
"""Characters of a field that nobody knows; those that are known have a dozen."""

BOOKABLE = (PAYMENT_NEW, PAYMENT_IN_PAY, PAYMENT_STARTED)

AMOUNT, CURRENCY, ORDER, TEST = "amount", "currency", "order", "test"
SECOND, CANCELLED, CLOSED, TRANSACTION = "second", "cancelled", "closed", "transaction"
UNCLEAR, TAKEN_BACK, STRANGE, STRAY = "unclear", "taken_back", "strange", "stray"
REFUSED, STUCK, UNREAD, BEHIND = "refused", "stuck", "unread", "behind"
REASONS = (
    *(AMOUNT, CURRENCY, ORDER, TEST, SECOND, CANCELLED, CLOSED, TRANSACTION, UNCLEAR),
    *(TAKEN_BACK, STRANGE, STRAY, REFUSED, STUCK, UNREAD, BEHIND),
)
"""Why a true notification is kept for staff. Each has its words in xml/."""


class Money(NamedTuple):
    """A transaction that is to be booked, and the order whose it is."""

    transaction: str
    order: str

    @property
    def words(self) -> str:
        """What BILLmanager shows of it on the payment."""
        return f"WEBPAY {self.transaction}, {self.order}"


def receive(desk: Desk, request: Request) -> Response:
    """The answer to a request of WEBPAY's, or of whoever takes its place."""
    fields: Dict[str, str] = {}
    try:
        if request.method != "POST":
            raise Refused(405, "only POST")
        fields = request.form_fields()
        notification = protocol.read_notification(fields)
    except protocol.Malformed as error:
        desk.log.warning("no notification: %s, from %s", error, request.address)
        return _refuse_unread(desk, fields)
    except Refused as error:
        desk.log.warning("no notification: %s, from %s", error, request.address)
        return Response(error.status, f"{error}\n")
    try:
        with desk.ledger.turn(TURNS, TURN_WAIT_S):
            return take(desk, notification, request.address)
    except errors.PmError as error:
        desk.log.error("failed: %s (%s, transaction %s)", error, *_named(notification))
        return Response(503, "try again\n")


def _refuse_unread(desk: Desk, fields: Dict[str, str]) -> Response:
    """What has not the form of a notification. Kept where it is truly signed: then WEBPAY sends
    what nobody here knows of, and money may have moved. It has to come again in any case."""
    if len(fields.get("wsb_signature", "")) != SIGNATURE_LENGTH or not fields.get("site_order_id"):
        return Response(400, "malformed\n")
    try:
        with desk.ledger.turn(TURNS, TURN_WAIT_S):
            if _is_ours(desk, fields):
                with desk.ledger.lock(STRAYS, LOCK_WAIT_S):
                    entry = desk.ledger.read(STRAYS)
                    _add(desk, entry, UNREAD, _shown_of(fields))
    except errors.PmError as error:
        desk.log.error("failed: %s", error)
        return Response(503, "try again\n")
    return Response(400, "malformed\n")


def _shown_of(fields: Mapping[str, str]) -> Dict[str, str]:
    """What of any fields is kept, made fit to be shown."""
    names = {
        **{"order": "site_order_id", "transaction": "transaction_id", "type": "payment_type"},
        **{"method": "payment_method", "amount": "amount", "currency": "currency_id"},
    }
    return {ours: tame(fields.get(name, ""), LONGEST_SHOWN) for ours, name in names.items()}


def take(desk: Desk, notification: Notification, address: str = "") -> Response:
    """The answer to a notification, and all that follows from it.

    Raises PmError where it cannot be known whether it is true, or booked: it has to come again.
    """
    payment_id = protocol.payment_of(notification.order)
    if payment_id is None:
        return _take_stray(desk, notification)
    with desk.ledger.lock(payment_id, LOCK_WAIT_S):
        try:
            payment = desk.billing.payment(payment_id)
        except errors.PaymentMissing:
            payment = None
        if payment is not None and payment.method is not None:
            return _take(desk, payment, desk.method(payment.method), notification, address)
    return _take_stray(desk, notification)


def _take(
    desk: Desk,
    payment: StoredPayment,
    method: Method,
    notification: Notification,
    address: str,
) -> Response:
    """The answer to a notification that names a payment of ours."""
    if method.addresses and address not in method.addresses:
        desk.log.warning("refused: %s is no address of WEBPAY's", address)
        return Response(403, "forbidden\n")
    if not (method.live.secret or method.test.secret):
        raise errors.MethodUnset(method.id)
    if method.live.secret == method.test.secret:  # money of the sandbox would look real
        raise errors.WebpaySecretsEqual(method.id)
    store = signed_by(notification.fields, method)
    if store is None:
        desk.log.warning("forged: %s, transaction %s, from %s", *_named(notification), address)
        return Response(403, "forbidden\n")
    desk.ledger.see()
    return Till(desk, payment, method).judge(notification, store)


def signed_by(fields: Mapping[str, str], method: Method) -> Optional[Store]:
    """The store whose secret has signed a notification; all are tried in any case."""
    found = None
    for store in (method.test, method.live):
        if protocol.fits(fields, store.secret):
            found = store
    return found


def _take_stray(desk: Desk, notification: Notification) -> Response:
    """What names no payment of ours. Kept where any of our methods' secrets has signed it."""
    if not _is_ours(desk, notification.fields):
        desk.log.warning("forged: %s, transaction %s", *_named(notification))
        return Response(403, "forbidden\n")
    desk.ledger.see()
    if notification.type in protocol.PAID:
        with desk.ledger.lock(STRAYS, LOCK_WAIT_S):
            entry = desk.ledger.read(STRAYS)
            _keep(desk, entry, STRAY, notification)
    return Response(200, "kept\n")


def _is_ours(desk: Desk, fields: Mapping[str, str]) -> bool:
    """Whether the secret of any method has signed it. Raises what keeps one from being tried."""
    unread: Optional[errors.PmError] = None
    for stored in desk.billing.methods():
        try:
            if signed_by(fields, desk.method(stored)) is not None:
                return True
        except errors.PmError as error:
            unread = error
    if unread is not None:
        raise unread
    return False


def _named(notification: Notification) -> "tuple[str, str]":
    return notification.order, notification.transaction


def _keep(desk: Desk, entry: Entry, why: str, notification: Notification) -> None:
    """Keeps a notification for staff; one that is kept already stays as it is. Raises Busy."""
    if entry.intent is not None and entry.intent["transaction"] == notification.transaction:
        entry.intent = None
    if entry.drop(BEHIND, notification.transaction):
        desk.ledger.write(entry)
    if _add(desk, entry, why, told_of(notification)):
        desk.log.warning("kept: %s, %s, transaction %s", why, *_named(notification))


def _add(desk: Desk, entry: Entry, why: str, what: Mapping[str, Any]) -> bool:
    """Whether what is to be kept is new, and written now.

    Raises Busy where staff has to be told of the others first: it has to come again.
    """
    is_full = entry.is_full
    if not entry.keep(why=why, at=int(desk.now()), **what):
        return False
    if is_full:
        raise errors.Busy(f"{entry.payment_id}: nobody was told of {len(entry.kept) - 1}")
    desk.ledger.write(entry)
    return True


def told_of(notification: Notification) -> Dict[str, Any]:
    """What of a notification is kept: nothing of the payer's."""
    return {
        "order": notification.order,
        "transaction": notification.transaction,
        "type": notification.type,
        "method": notification.method,
        "amount": money.write_amount(notification.amount),
        "currency": notification.currency,
    }


class Till:
    """Books a payment, under its lock."""

    def __init__(self, desk: Desk, payment: StoredPayment, method: Method) -> None:
        self._desk = desk
        self._payment = payment
        self._method = method
        self.entry = desk.ledger.read(payment.id)

    def judge(self, notification: Notification, store: Store) -> Response:
        """What becomes of a true notification. Raises PmError where it has to come again."""
        if notification.type in protocol.NOT_PAID:
            self._desk.log.info("not paid: %s, transaction %s", *_named(notification))
            return Response(200, "noted\n")
        is_paid = notification.type in protocol.PAID
        if is_paid and self._is_booked(notification.transaction):
            self._settle(notification.transaction)
            return Response(200, "repeated\n")
        why = self._objection(notification, store)
        if why:
            _keep(self._desk, self.entry, why, notification)
            return Response(200, "kept\n")
        return self.book(Money(notification.transaction, notification.order), notification)

    def _is_booked(self, transaction: str) -> bool:
        """Whether that very transaction was booked, as BILLmanager or our own record says.

        What the core took and did not show is booked once the payment is paid, by whomever.
        """
        entry, payment = self.entry, self._payment
        if entry.paid is not None and entry.paid["transaction"] == transaction:
            return True
        if payment.status != PAYMENT_PAID:
            return False
        intent = entry.intent
        is_ours = intent is not None and intent["transaction"] == transaction and intent["answered"]
        return payment.external_id == transaction or is_ours

    def _objection(self, notification: Notification, store: Store) -> str:
        """Why a notification is not booked, or an empty text."""
        with_card = protocol.match(notification.fields, store.secret).with_card
        found = (
            self._of_kind(notification),
            self._of_order(notification, store),
            CURRENCY if notification.currency != self._payment.currency else "",
            AMOUNT if notification.amount != self._payment.amount else "",
            "" if notification.is_clear(with_card) else UNCLEAR,
            self.of_status(),
        )
        return next(filter(None, found), "")

    @staticmethod
    def _of_kind(notification: Notification) -> str:
        if notification.type in protocol.PAID:
            return ""
        return TAKEN_BACK if notification.type in protocol.TAKEN_BACK else STRANGE

    def _of_order(self, notification: Notification, store: Store) -> str:
        """Test money counts where the method is in test mode and the order was made in it."""
        order = self.entry.orders.get(notification.order)
        is_known = order is not None or notification.order == self._payment.external_id
        was_test = store.is_test if order is None else bool(order["test"])
        is_test = store.is_test or notification.method == protocol.TEST_METHOD
        if is_test and not (store.is_test and self._method.is_test and was_test):
            return TEST
        return ORDER if not is_known or was_test != store.is_test else ""

    def of_status(self) -> str:
        """Why the payment as it stands takes no money, or an empty text."""
        status = self._payment.status
        if self.entry.paid is not None or status == PAYMENT_PAID:
            return SECOND
        if status == PAYMENT_CANCELLED:
            return CANCELLED
        return "" if status in BOOKABLE else CLOSED

    # -- booking ------------------------------------------------------------------------------

    def book(self, what: Money, notification: Optional[Notification] = None) -> Response:
        """Books a transaction that fits, unless it may be booked already by a call that was lost.

        Raises PaymentUncertain where that is not known yet, and whatever the core says.
        """
        self._wait_for_the_last(what)
        if self._desk.ledger.claim(what.transaction, self._payment.id) != self._payment.id:
            if notification is not None:
                _keep(self._desk, self.entry, TRANSACTION, notification)
            else:
                self._remember(TRANSACTION, what)
            return Response(200, "kept\n")
        self.entry.drop(BEHIND, what.transaction)
        self.entry.intent = {
            **what._asdict(),
            "at": int(self._desk.now()),
            "answered": False,
        }
        self._desk.ledger.write(self.entry)
        refusal = self._call(what)
        return self._look(what, refusal)

    def _wait_for_the_last(self, what: Money) -> None:
        """Raises PaymentUncertain while a booking that was begun may still take effect."""
        intent = self.entry.intent
        if intent is None:
            return
        now = int(self._desk.now())
        if intent["at"] > now:  # the clock was set back: it counts from now on
            intent["at"] = now
            self._desk.ledger.write(self.entry)
        is_over = now - intent["at"] >= UNKNOWN_S
        if intent["transaction"] != what.transaction:
            self._keep_behind(what)
        # What the core has taken is never sent again; where the payment is closed nothing is sent.
        elif is_over and not (intent["answered"] and not self.of_status()):
            return
        raise errors.PaymentUncertain(f"{self._payment.id}: {intent['transaction']}")

    def _keep_behind(self, what: Money) -> None:
        """Keeps money that came while another booking has no end: it may be a second payment."""
        if self.entry.keep(why=BEHIND, at=int(self._desk.now()), **self._shown(what)):
            self._desk.ledger.write(self.entry)

    def _call(self, what: Money) -> Optional[errors.PmError]:
        """Asks the core to book; gives what it said instead of yes."""
        try:
            self._desk.billing.book(self._payment.id, what.transaction, what.words)
        except (errors.CoreRefused, errors.CoreUnavailable) as error:
            self._desk.log.warning("%s", error)
            return error
        return None

    def _look(self, what: Money, refusal: Optional[errors.PmError]) -> Response:
        """What has become of the booking, as BILLmanager shows it."""
        now = self._payment = self._desk.billing.payment(self._payment.id)
        if now.status == PAYMENT_PAID and (refusal is None or now.external_id == what.transaction):
            self._settle(what.transaction)
            return Response(200, "booked\n")
        if refusal is None:
            self._remember(STUCK, what, answered=True)
        elif isinstance(refusal, errors.CoreRefused):
            self._remember(REFUSED, what)
            raise refusal
        raise errors.PaymentUncertain(f"{now.id}: {what.transaction}")

    def _remember(self, why: str, what: Money, answered: bool = False) -> None:
        """Keeps for staff what BILLmanager has not booked; a refusal may be asked for again."""
        if answered and self.entry.intent is not None:
            self.entry.intent["answered"] = True
        else:
            self.entry.intent = None
        self.entry.drop(BEHIND, what.transaction)
        self.entry.keep(why=why, at=int(self._desk.now()), **self._shown(what))
        self._desk.ledger.write(self.entry)

    def _shown(self, what: Money) -> Dict[str, Any]:
        """What is kept of money that fits the payment."""
        amount = money.write_amount(self._payment.amount)
        return {**what._asdict(), "amount": amount, "currency": self._payment.currency}

    def _settle(self, transaction: str) -> None:
        """Writes down that the transaction is booked, where that does not stand there yet."""
        entry, intent = self.entry, self.entry.intent
        if entry.paid is None:
            if intent is not None and intent["transaction"] != transaction:
                self._remember(SECOND, Money(intent["transaction"], intent["order"]))
            entry.paid = {"transaction": transaction, "at": int(self._desk.now())}
            entry.intent = None
            self._desk.ledger.write(entry)
            self._desk.log.info("booked: payment %d, transaction %s", self._payment.id, transaction)

    # -- afterwards ---------------------------------------------------------------------------

    def resume(self) -> None:
        """Brings a booking to its end that was begun and not seen to end, if it is time.

        Raises PaymentUncertain, and whatever the core says.
        """
        intent = self.entry.intent
        if intent is None:
            return
        what = Money(intent["transaction"], intent["order"])
        if self._is_booked(what.transaction):
            self._settle(what.transaction)
        elif self.of_status():
            self._wait_for_the_last(what)
            self._remember(self.of_status(), what)
        else:
            self.book(what)

    def take_up(self) -> None:
        """Books what came behind a booking that has ended now, or has it told as what it is.

        Raises PaymentUncertain, and whatever the core says.
        """
        for kept in [one for one in self.entry.kept if one["why"] == BEHIND]:
            if self.entry.intent is not None:
                return
            what = Money(kept["transaction"], kept["order"])
            why = self.of_status()
            if not why and self._shown(what).items() <= kept.items():
                self.book(what)
            elif self._is_booked(what.transaction):
                self.entry.drop(BEHIND, what.transaction)
                self._desk.ledger.write(self.entry)
            else:
                self._remember(why or AMOUNT, what)
