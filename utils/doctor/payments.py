"""Payments with WEBPAY: what is installed, what the methods are like, what waits for staff."""

import os
import time
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any, Dict, Iterator, List, Optional

from utils.base.secret import Secret
from utils.billing.payments import StoredMethod
from utils.doctor.billing import numbers
from utils.doctor.findings import Check, Finding, advice, fault, named, well
from utils.doctor.installation import installed
from utils.host import messages, root
from utils.run.context import Context
from utils.webpay import checkout, method, outside, staff, watch
from utils.webpay.desk import Desk
from utils.webpay.intake import UNKNOWN_S
from utils.webpay.sealing import PREFIX

SCRIPTS = (
    *(checkout.NOTIFY_SCRIPT, checkout.PAY_SCRIPT, checkout.RETURN_SCRIPT),
    checkout.CANCEL_SCRIPT,
)

ROUND_S = 15 * 60
"""BILLmanager starts a round every three minutes: five in a row are not missed by chance."""

CLOCK_S = 300
"""So far the clock may be off, in seconds. No token depends on it: people compare our records with
those of WEBPAY."""

REFUSAL = 405
"""What the receiver answers to a request that is no POST."""


class Payments:
    """All payment methods of this kind, read once."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.desk = Desk(ctx.host, "doctor")

    @property
    def is_installed(self) -> bool:
        """Whether payments with WEBPAY were not left out of the installation."""
        return os.path.lexists(self.ctx.host.path(root.PAYMENTS))

    @cached_property
    def stored(self) -> List[StoredMethod]:
        """The methods as BILLmanager has them."""
        return self.desk.billing.methods()


def scripts(payments: Payments) -> Iterator[Finding]:
    """Whether what BILLmanager and its web server start is there."""
    paths = [payments.ctx.host.path(root.SCRIPTS, name) for name in SCRIPTS]
    missing = [path for path in paths if not os.access(path, os.X_OK)]
    if missing:
        yield fault("payment_script_missing", ", ".join(missing))
    else:
        yield well(len(paths))


def forms(payments: Payments) -> Iterator[Finding]:
    """Whether BILLmanager has this version's form of the payment method to read."""
    yield installed(payments.ctx.host.path(root.PAYMENT_FORMS), messages.PAYMENT_FORMS)


def tables(payments: Payments) -> Iterator[Finding]:
    """Whether what is read of payments may be read."""
    unreadable = payments.desk.billing.unreadable_tables()
    for table, words in unreadable.items():
        yield fault("table_unreadable", f"{table}: {words}")
    if not unreadable:
        yield well()


def methods(payments: Payments) -> Iterator[Finding]:
    """Whether any payment method is WEBPAY's."""
    yield well(len(payments.stored)) if payments.stored else named("webpay_unseen")


def told(payments: Payments) -> Iterator[Finding]:
    """Whether somebody is told of what was paid and not credited."""
    if payments.stored and payments.desk.billing.department() is None:
        yield fault("payment_untold")
    else:
        yield well()


def waiting(payments: Payments) -> Iterator[Finding]:
    """Whether what was begun, or is to be told, is brought to an end by BILLmanager's rounds.

    What waits for WEBPAY or for staff by design is named, and is no fault of the rounds.
    """
    ledger = payments.desk.ledger
    before = payments.desk.now() - ROUND_S
    patience_s = _patience_s(payments)
    old, in_hand = [], []
    for number in sorted(ledger.pending()):
        entry = ledger.read(number)
        if staff.due(entry, before, patience_s) or _is_left(entry.intent, before):
            old.append(number)
        elif entry.intent is not None and entry.intent["answered"]:
            in_hand.append(number)
    if old:
        yield fault("payment_waiting", numbers(old))
    if in_hand:
        yield advice("payment_in_hand", numbers(in_hand))
    if not old and not in_hand:
        yield well()


def _is_left(intent: Optional[Dict[str, Any]], before: float) -> bool:
    """Whether a booking was begun that a round should have ended before that moment."""
    return intent is not None and not intent["answered"] and intent["at"] + UNKNOWN_S < before


def _patience_s(payments: Payments) -> float:
    """The longest time in which WEBPAY is asked before staff is told."""
    read = (method.read(stored, Secret) for stored in payments.stored)  # none is opened
    return max((watch.patience_s(one) for one in read), default=0)


def seen(payments: Payments) -> Iterator[Finding]:
    """When a notification with a true signature came last."""
    at = payments.desk.ledger.last_seen()
    if at is not None:
        yield well(time.strftime("%Y-%m-%d %H:%M", time.localtime(at)))
    elif payments.stored:
        yield advice("payment_never_notified")
    else:
        yield well()


CHECKS = (
    Check("payment_scripts", scripts),
    Check("payment_forms", forms),
    Check("payment_tables", tables, ("database",)),
    Check("payment_methods", methods, ("payment_tables",)),
    Check("payment_told", told, ("payment_methods",)),
    Check("payment_waiting", waiting, ("payment_methods",)),
    Check("payment_seen", seen, ("payment_methods",)),
)


class OneMethod:
    """A payment method and what answers at its addresses, asked once."""

    def __init__(self, payments: Payments, stored: StoredMethod) -> None:
        self.desk = payments.desk
        self.stored = stored
        self.name = f"{stored.id} {stored.name}".strip()

    @cached_property
    def method(self) -> method.Method:
        """Its settings."""
        return self.desk.method(self.stored)


def secrets(one: OneMethod) -> Iterator[Finding]:
    """Whether its secrets are there, are decrypted, and do not lie in clear."""
    store = one.method.store
    if not (store.number and store.secret):
        yield fault("method_unset", one.stored.id)
        return
    if one.method.live.secret == one.method.test.secret:
        yield fault("webpay_secrets_equal")
        return
    fields = one.stored.fields
    clear = [name for name in method.SECRET_FIELDS if fields.get(name)]
    clear = [name for name in clear if not fields[name].startswith(PREFIX)]
    yield advice("payment_in_clear", ", ".join(clear)) if clear else well()


def mode(one: OneMethod) -> Iterator[Finding]:
    """Whether clients pay real money, and in a currency that is taken."""
    if one.stored.currency not in one.method.currencies:
        yield fault("payment_currency", one.stored.currency)
    elif not one.stored.is_active:
        yield advice("payment_off")
    elif one.method.is_test:
        yield advice("payment_test_mode")
    else:
        yield well(one.stored.currency)


def reach(one: OneMethod) -> Iterator[Finding]:
    """Whether the receiver answers at the address that WEBPAY is told, and refusals arrive.

    It is asked from here: that it answers from outside only WEBPAY's own notification shows.
    """
    url = one.method.public_url
    if not url:
        yield advice("payment_no_address")
        return
    found = outside.look(one.desk, url + checkout.PLACE + checkout.NOTIFY_SCRIPT)
    if found.status == REFUSAL:
        yield well(url)
    elif found.status == 200 and "POST" in found.text:
        yield fault("payment_status_lost", url)
    else:
        yield fault("payment_unreachable", f"{url}: {found.status or found.text}")


def clock(one: OneMethod) -> Iterator[Finding]:
    """Whether WEBPAY's clock and this server's agree."""
    found = outside.look(one.desk, one.method.pay_url)
    try:
        differs_s = parsedate_to_datetime(found.date).timestamp() - time.time()
    except (TypeError, ValueError):
        yield advice("webpay_away", f"{one.method.pay_url}: {found.status or found.text}")
        return
    if abs(differs_s) > CLOCK_S:
        yield advice("payment_clock_differs", f"{differs_s:+.0f}")
    else:
        yield well()


OF_METHOD = (
    Check("payment_secrets", secrets),
    Check("payment_mode", mode, ("payment_secrets",)),
    Check("payment_reach", reach, ("payment_secrets",)),
    Check("payment_clock", clock, ("payment_secrets",)),
)
