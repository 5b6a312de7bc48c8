"""What BILLmanager starts every three minutes: brings to an end what was begun, tells staff.

A payment that nobody heard of is looked for as far as WEBPAY lets anybody look; no payment is ever
cancelled, for a notification may come thirty days later and could not be booked then.
"""

import time
from typing import Any, Dict, List, Optional

from utils.base import errors, money
from utils.billing.payments import StoredMethod, StoredPayment
from utils.consts import PAYMENT_PAID
from utils.webpay import intake, staff
from utils.webpay.desk import Desk
from utils.webpay.intake import Money, Till
from utils.webpay.ledger import STRAYS, Entry
from utils.webpay.method import Method

HOUR_S = 60 * 60

LONGEST_S = 150.0
"""The next one is started after three minutes."""

RETURNED = "returned"
"""Why staff is told of a payment whose customer came back as one who has paid."""


def check(desk: Desk) -> None:
    """One round over all that is pending, and over payments that wait. Another round is awaited.

    What fails at one payment is logged, and does not keep the others.
    """
    try:
        lock = desk.ledger.only()
    except errors.Busy:
        return
    with lock:
        ends_at = desk.now() + LONGEST_S
        desk.ledger.sweep(desk.now())
        for payment_id in desk.ledger.pending():
            if desk.now() < ends_at:
                _guarded(desk, payment_id)
        for stored in desk.billing.methods():
            if desk.now() < ends_at:
                _look_for_lost(desk, stored, ends_at)


def _guarded(desk: Desk, payment_id: int) -> None:
    """Goes after one payment, if it can; the others have their turn before it has the next."""
    desk.ledger.visit(payment_id, desk.now())
    try:
        with desk.ledger.lock(payment_id, intake.LOCK_WAIT_S):
            _go_after(desk, payment_id)
    except errors.PmError as error:
        desk.log.warning("payment %d: %s", payment_id, error)


def _go_after(desk: Desk, payment_id: int) -> None:
    payment = _payment(desk, payment_id)
    entry, waits_s = desk.ledger.read(payment_id), 0
    if payment is not None and payment.method is not None:
        method = desk.method(payment.method)
        till = Till(desk, payment, method)
        entry = till.entry
        waits_s = patience_s(method)
        try:
            _hold_returned(desk, till, payment, method)
            _confirm(desk, till, method)
            till.resume()
            till.take_up()
        except errors.PaymentUncertain as error:
            desk.log.info("%s", error)
    staff.tell(desk, entry, waits_s)
    desk.ledger.settle(entry)


def _payment(desk: Desk, payment_id: int) -> Optional[StoredPayment]:
    if payment_id == STRAYS:
        return None
    try:
        return desk.billing.payment(payment_id)
    except errors.PaymentMissing:
        return None


# -- what WEBPAY is asked -------------------------------------------------------------------------


def _confirm(desk: Desk, till: Till, method: Method) -> None:
    """Books what only a question at WEBPAY can make sure, where the method has a login for it.

    While another booking has no end none is begun: what waits for it stays untold and pending.
    """
    if not asks(method) or till.entry.intent is not None:
        return
    for kept in till.entry.kept:
        if kept["why"] != intake.UNCLEAR or kept.get("told") or till.of_status():
            continue
        if _is_time(desk, kept) and _ask(desk, method, till.entry, kept):
            kept["told"] = True  # it needs nobody any more
            till.book(Money(kept["transaction"], kept["order"]))
            return


def asks(method: Method) -> bool:
    """Whether WEBPAY can be asked about transactions of a method."""
    return bool(method.login and method.password)


def patience_s(method: Method) -> int:
    """How long WEBPAY is asked about what is unclear before staff is told."""
    return method.lost_after_h * HOUR_S if asks(method) else 0


def _is_time(desk: Desk, asked: Dict[str, Any]) -> bool:
    """Whether it is time to ask again: each pause is as long as all that went before."""
    last: float = asked.get("asked_at", asked["at"])
    return not 0 <= desk.now() - last < last - asked["at"]


def _ask(desk: Desk, method: Method, entry: Entry, kept: Dict[str, Any]) -> bool:
    """Whether WEBPAY says that a transaction is paid; that it was asked is written down before."""
    from utils.webpay import query

    kept["asked_at"] = int(desk.now())
    desk.ledger.write(entry)
    order = entry.orders.get(kept["order"])
    if order is None or bool(order["test"]) != method.is_test:
        return False
    return bool(query.is_paid(desk, method, method.store, kept))


# -- what never came ------------------------------------------------------------------------------


def _look_for_lost(desk: Desk, stored: StoredMethod, ends_at: float) -> None:
    """Payments that wait longer than the method says: those that came back, and the silent ones."""
    try:
        method = desk.method(stored)
        silent = []
        for payment_id in desk.billing.waiting(stored.id):
            entry = _read(desk, payment_id)
            if entry is None or entry.paid or entry.intent or not entry.orders:
                continue
            if entry.returned is not None:
                if _is_due(desk, entry, method) and desk.now() < ends_at:
                    _guarded(desk, payment_id)
            elif _is_silent(desk, entry, method):
                silent.append(entry)
        _tell_of_silence(desk, method, silent)
    except errors.PmError as error:
        desk.log.warning("method %d: %s", stored.id, error)


def _read(desk: Desk, payment_id: int) -> Optional[Entry]:
    """What is written of a payment, None where that cannot be read."""
    try:
        return desk.ledger.read(payment_id)
    except errors.PmError as error:
        desk.log.warning("payment %d: %s", payment_id, error)
        return None


def _is_due(desk: Desk, entry: Entry, method: Method) -> bool:
    """Whether something is to be done about a payment whose browser came back.

    With a login WEBPAY is asked; after the time of the method staff is told, and that is all.
    """
    returned = entry.returned
    if returned is None or any(one["why"] == RETURNED for one in entry.kept):
        return False
    return _is_late(desk, returned, method) or (asks(method) and _is_time(desk, returned))


def _is_late(desk: Desk, returned: Dict[str, Any], method: Method) -> bool:
    return desk.now() - float(returned["at"]) >= method.lost_after_h * HOUR_S


def _hold_returned(desk: Desk, till: Till, payment: StoredPayment, method: Method) -> None:
    """Keeps what a browser came back with, so that it is asked about, and told."""
    entry, returned = till.entry, till.entry.returned
    if returned is None or entry.paid is not None or payment.status == PAYMENT_PAID:
        return
    if not _is_due(desk, entry, method):
        return
    returned.update(amount=money.write_amount(payment.amount), currency=payment.currency)
    if _is_late(desk, returned, method):
        names = ("order", "transaction", "amount", "currency")
        what = {name: returned[name] for name in names}
        entry.keep(why=RETURNED, at=int(desk.now()), **what)
        desk.ledger.write(entry)
    elif not till.of_status() and _ask(desk, method, entry, returned):
        till.book(Money(returned["transaction"], returned["order"]))


def _is_silent(desk: Desk, entry: Entry, method: Method) -> bool:
    """Whether nothing was heard of the last attempt, by the midnight that was, and nobody told.

    The list of a day is the same all day long: so its task is made once.
    """
    last = max(order["at"] for order in entry.orders.values())
    heard = max((kept["at"] for kept in entry.kept), default=0)
    if max(heard, entry.told_at or 0) >= last:
        return False
    return _midnight(desk) - last >= method.lost_after_h * HOUR_S


def _midnight(desk: Desk) -> float:
    today = time.localtime(desk.now())
    return time.mktime((today.tm_year, today.tm_mon, today.tm_mday, 0, 0, 0, 0, 0, -1))


def _tell_of_silence(desk: Desk, method: Method, silent: List[Entry]) -> None:
    if not silent:
        return
    ids = [entry.payment_id for entry in silent]
    if not staff.make_task(desk, staff.text_of_silence(method.id, ids)):
        return
    for payment_id in ids:
        try:
            with desk.ledger.lock(payment_id, intake.LOCK_WAIT_S):
                entry = desk.ledger.read(payment_id)
                entry.told_at = desk.now()
                desk.ledger.write(entry)
        except errors.PmError as error:  # it is told again, with others
            desk.log.warning("payment %d: %s", payment_id, error)
