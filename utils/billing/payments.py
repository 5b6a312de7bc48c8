"""Payments and payment methods as BILLmanager has them (docs/en/payments.md, "Calls").

A notification is taken with the core alone: its answers are read by Python's own parser, and the
library for the database is loaded only where something is wrong.
"""

from typing import Any, Dict, List, Mapping, NamedTuple, Optional

from utils.base import errors, money, plainxml
from utils.base.secret import Secret
from utils.base.text import tame
from utils.billing.doors import Doors
from utils.billing.mgrctl import Unseen
from utils.billing.needs import PAYMENT_FUNCTIONS
from utils.billing.tasks import Tasks
from utils.consts import PAYMENT_IN_PAY, PAYMENT_MODULE
from utils.host.plainlog import Log
from utils.host.root import Host


class StoredMethod(NamedTuple):
    """A payment method of this kind; `fields` are those of its form, secrets as they are stored."""

    id: int
    name: str
    is_active: bool
    currency: str
    fields: Mapping[str, str]


class StoredPayment(NamedTuple):
    """A payment. `amount` is in hundredths of `currency`; `method` is None where it is not ours.

    `external_id` is what a payment module has saved as its own number.
    """

    id: int
    status: int
    number: str
    amount: int
    currency: str
    external_id: str
    user_id: str
    manager_url: str
    method: Optional[StoredMethod]


class Payments:
    """Reads payments and their methods, and books.

    Every method may raise CoreUnavailable and CoreRefused, those that say so DatabaseUnavailable.
    """

    def __init__(self, host: Host, log: Log) -> None:
        self._doors = Doors(host, log, parse=plainxml.parse)
        self.tasks = Tasks(self._doors)

    # -- one payment --------------------------------------------------------------------------

    def payment(self, payment_id: int) -> StoredPayment:
        """The payment as it is now. Raises PaymentMissing, DatabaseUnavailable.

        The core's answer holds what is the customer's and the method's settings: it is looked at
        here, and let go.
        """
        try:
            answer: Any = self._doors.core.call_once(PAYMENT_FUNCTIONS.show, elid=payment_id)
        except errors.CoreRefused:
            # The core has no known word for a payment that is not there.
            if not self._is_there(payment_id):
                raise errors.PaymentMissing(payment_id) from None
            raise
        try:
            return _read_payment(answer, payment_id)
        except (KeyError, ValueError) as error:
            place = f"{PAYMENT_FUNCTIONS.show}: {type(error).__name__} {error}"
            raise errors.CoreUnavailable(place) from error

    def _is_there(self, payment_id: int) -> bool:
        return self._doors.db.row("SELECT id FROM payment WHERE id = %s", payment_id) is not None

    def start(self, payment_id: int, order: str, words: str) -> None:
        """Has BILLmanager show the payment to its client as one that is being paid."""
        self._doors.core.call_once(
            PAYMENT_FUNCTIONS.start, elid=payment_id, externalid=order, info=Unseen(words)
        )

    def book(self, payment_id: int, transaction: str, words: str) -> None:
        """Has BILLmanager credit the payment. It is asked once: a second call may credit again."""
        self._doors.core.call_once(
            PAYMENT_FUNCTIONS.book, elid=payment_id, externalid=transaction, info=Unseen(words)
        )

    # -- who asks -----------------------------------------------------------------------------

    def user_of(self, session: Secret) -> str:
        """The number of the user whose session that is; an empty text where it is nobody's."""
        try:
            answer: Any = self._doors.core.call_once(PAYMENT_FUNCTIONS.name_user, auth=session)
        except errors.CoreRefused:
            return ""
        user = answer.find("user")
        return "" if user is None else user.get("id") or ""

    def is_shown_to(self, session: Secret, payment_id: int) -> bool:
        """Whether the payment is in the list that BILLmanager shows in that session."""
        try:
            answer: Any = self._doors.core.call_once(
                PAYMENT_FUNCTIONS.list, filter="on", id=payment_id, auth=session
            )
        except errors.CoreRefused:
            return False
        return any(node.text == str(payment_id) for node in answer.findall("elem/id"))

    # -- all of them --------------------------------------------------------------------------

    def methods(self) -> List[StoredMethod]:
        """All payment methods of this kind. Raises DatabaseUnavailable."""
        rows = self._doors.db.rows(
            "SELECT m.id, m.name, m.active, m.xmlparams, c.iso FROM paymethod m"
            " LEFT JOIN currency c ON c.id = m.currency WHERE m.module = %s ORDER BY m.id",
            PAYMENT_MODULE,
        )
        return [
            StoredMethod(
                row["id"],
                tame(row["name"] or ""),
                row["active"] == "on",
                row["iso"] or "",
                _read_fields(row["xmlparams"] or ""),
            )
            for row in rows
        ]

    def currency(self, number: str) -> Optional[str]:
        """The letters of a currency of that number, None where it has none.

        Raises DatabaseUnavailable.
        """
        row = self._doors.db.row("SELECT iso FROM currency WHERE id = %s", number)
        return row["iso"] if row else None

    def waiting(self, method_id: int) -> List[int]:
        """The payments of a method of which nobody knows yet whether they are paid.

        Raises DatabaseUnavailable.
        """
        rows = self._doors.db.rows(
            "SELECT id FROM payment WHERE paymethod = %s AND status = %s ORDER BY id",
            method_id,
            PAYMENT_IN_PAY,
        )
        return [row["id"] for row in rows]

    def department(self) -> Optional[int]:
        """The department that has the tasks of this program's modules, the first that is named.

        Payment methods have none of their own. Raises DatabaseUnavailable.
        """
        from utils.consts import MODULE

        row = self._doors.db.row(
            "SELECT department FROM processingmodule"
            " WHERE module = %s AND department IS NOT NULL ORDER BY id LIMIT 1",
            MODULE,
        )
        return row["department"] if row else None

    def unreadable_tables(self) -> Dict[str, str]:
        """The tables of payments that cannot be read as the program needs them, and why."""
        return self._doors.db.unreadable_tables(of_payments=True)


def _read_payment(answer: Any, payment_id: int) -> StoredPayment:
    """The payment in the core's answer. Raises KeyError, ValueError where something is not there.

    It has two elements `paymethod` and two `currency`: first a number, then the thing itself.
    """
    node = answer.find("payment")
    if node is None or (node.findtext("id") or str(payment_id)) != str(payment_id):
        raise KeyError("payment")
    method = _whole(node, "paymethod")
    currency = _whole(node, "currency")
    return StoredPayment(
        id=payment_id,
        status=int(_text(node, "status")),
        number=node.findtext("number") or "",
        amount=money.read_amount(_text(node, "paymethodamount")),
        currency=_text(currency, "iso"),
        external_id=node.findtext("externalid") or "",
        user_id=node.findtext("user_id") or "",
        manager_url=node.findtext("manager_url") or "",
        method=_read_method(method, _text(currency, "iso")),
    )


def _read_method(node: Any, currency: str) -> Optional[StoredMethod]:
    if _text(node, "module") != PAYMENT_MODULE:
        return None
    fields = {child.tag: child.text or "" for child in node}
    is_active = fields.get("active", "on") != "off"
    return StoredMethod(int(_text(node, "id")), fields.get("name", ""), is_active, currency, fields)


def _whole(node: Any, name: str) -> Any:
    """Of two elements of one name the one that has children."""
    for one in node.findall(name):
        if len(one):
            return one
    raise KeyError(name)


def _text(node: Any, name: str) -> str:
    text: str = node.findtext(name) or ""
    if not text:
        raise KeyError(name)
    return text


def _read_fields(text: str) -> Dict[str, str]:
    """The fields in the column `paymethod.xmlparams`; none where it is no XML."""
    try:
        return {child.tag: child.text or "" for child in plainxml.parse(text.encode())}
    except ValueError:
        return {}
