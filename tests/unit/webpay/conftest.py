"""A shop with WEBPAY on the stand: payments, order numbers, notifications, what was booked."""

import os
import threading
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional
from urllib.parse import urlencode

import pytest

from tests.doubles.billmanager import Stand
from tests.doubles.billmanager.payments import IN_PAY
from utils.base.secret import Secret
from utils.billing.payments import Payments
from utils.billing.tasks import Tasks
from utils.host.root import Host
from utils.webpay import intake, protocol
from utils.webpay.cgi import Request, Response
from utils.webpay.desk import Desk

LIVE_SECRET, TEST_SECRET = "live-secret-of-shop-1", "sandbox-secret-of-shop-1"
STORE, TEST_STORE = "987654321", "11111111"
AMOUNT = "21.90"
RRN = "154789648154"

FIELDS = {
    "wp_store": STORE,
    "wp_secret": LIVE_SECRET,
    "wp_test_store": TEST_STORE,
    "wp_test_secret": TEST_SECRET,
    "wp_public_url": "https://billing.example.com",
    "wp_shop": 'ООО "Облако"',
}


class Clock:
    """The time of a desk, moved by hand."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Shop:
    """One payment method, one client; each test makes its own payments."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        self.payments = stand.payments
        self.clock = Clock()
        self.client = stand.add_account(emails=["payer@example.com"])
        self.method = self.payments.add_method(**FIELDS)
        self.desk = self.new_desk()
        self._transactions = iter(range(int(self.method) * 10**6 + 1, 10**9))

    def new_desk(self, name: str = "webpayresult") -> Desk:
        """What a run has at hand, as if another process had begun."""
        return Desk(Host(str(self.stand.root)), name, self.clock)

    def transaction(self) -> str:
        """A transaction number that was not used yet."""
        return str(next(self._transactions))

    def pay(self, amount: str = AMOUNT, *, is_test: bool = False, **more: Any) -> int:
        """A payment whose client was sent to WEBPAY."""
        more = {"status": IN_PAY, "method": self.method, **more}
        payment = self.payments.add_payment(self.client, more.pop("method"), amount, **more)
        self.add_order(payment, is_test=is_test)
        return payment

    def add_order(self, payment: int, *, is_test: bool = False) -> str:
        """An order number of a payment, as the payment page writes it down."""
        order = protocol.order_number(payment, protocol.make_tag(4))
        entry = self.desk.ledger.read(payment)
        entry.orders[order] = {"at": int(self.clock.now), "test": is_test}
        self.desk.ledger.write(entry)
        return order

    def order_of(self, payment: int) -> str:
        """The last order number of a payment."""
        return [*self.desk.ledger.read(payment).orders][-1]

    def notification(
        self, payment: int, *, secret: str = LIVE_SECRET, card: str = "", **changes: str
    ) -> Dict[str, str]:
        """The fields of a genuine notification of a payment, with some changed before signing."""
        fields = {
            "batch_timestamp": "1800000000",
            "currency_id": "BYN",
            "amount": AMOUNT,
            "payment_method": "cc",
            "order_id": "584236984",
            "site_order_id": self.order_of(payment) if payment else "B1-AAE",
            "transaction_id": self.transaction(),
            "payment_type": "1",
            "rrn": RRN,
            **changes,
        }
        if card:
            fields["card"] = card
        signature = protocol.sign_notification(fields, Secret(secret), bool(card))
        return {**fields, "wsb_signature": signature}

    def send(self, fields: Dict[str, str], desk: Optional[Desk] = None, **more: Any) -> Response:
        """The receiver's answer."""
        return self.send_body(urlencode(fields, errors="surrogateescape").encode(), desk, **more)

    def send_body(
        self,
        body: bytes,
        desk: Optional[Desk] = None,
        method: str = "POST",
        address: str = "178.163.225.84",
    ) -> Response:
        """The receiver's answer to any body."""
        return intake.receive(desk or self.desk, Request(method, "", {}, body, address))

    def kept(self, payment: int) -> List[str]:
        """Why what was kept of a payment is kept."""
        return [one["why"] for one in self.new_desk().ledger.read(payment).kept]

    def credited(self, payment: int) -> int:
        """How often money was credited for a payment."""
        return len(self.payments.credited(payment))

    def asked_to_book(self, payment: int) -> int:
        """How often the core was asked to credit a payment."""
        calls = self.stand.called("payment.setpaid")
        return sum(call.args["elid"] == str(payment) for call in calls)

    def balance(self) -> str:
        """What the client has."""
        return self.payments.balance(self.client)


class Killed(BaseException):
    """Stands for a kill: nothing below catches it."""


CHANGES = ("write", "fsync", "replace", "link", "unlink", "utime")
"""By what a run changes its record."""


def effects(monkeypatch: pytest.MonkeyPatch, at: int) -> Callable[[], int]:
    """Kills a run behind its effect of that number; gives how many there were.

    Who is killed has no more effect, whatever its code would still do.
    """
    seen = 0

    def killing(original: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **more: Any) -> Any:
            nonlocal seen
            if threading.current_thread() is not threading.main_thread():  # the stand itself
                return original(*args, **more)
            if 0 < at <= seen:
                raise Killed
            result = original(*args, **more)
            seen += 1
            if seen == at:
                raise Killed
            return result

        return run

    for name in CHANGES:
        monkeypatch.setattr(os, name, killing(getattr(os, name)))
    monkeypatch.setattr(Payments, "book", killing(Payments.book))
    monkeypatch.setattr(Tasks, "make", killing(Tasks.make))
    return lambda: seen


@pytest.fixture
def shop(stand: Stand) -> Iterator[Shop]:
    """A shop of its own on the stand, which works as it should again afterwards."""
    yield Shop(stand)
    stand.core_faults.clear()
    stand.before_call = stand.after_call = None
    stand.core_down = False
    stand.payments.loses_bookings = False


@pytest.fixture
def root(stand: Stand) -> Path:
    """The stand's folder."""
    return stand.root
