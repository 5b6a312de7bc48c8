"""Every kind of notification: what is answered, what is booked, what is kept for staff."""

from typing import Any, Callable, Dict, List, NamedTuple, Tuple
from urllib.parse import urlencode

import pytest

from tests.doubles.billmanager import Call, CoreFault, DropCall
from tests.doubles.billmanager.payments import (
    AWAITING_RETURN,
    CANCELLED,
    DELETING,
    FRAUD,
    IN_PAY,
    NEW,
    PAID,
    PLEDGED,
    RETURNED,
    STARTED,
    STATUSES,
)
from tests.unit.webpay.conftest import (
    AMOUNT,
    LIVE_SECRET,
    TEST_SECRET,
    Killed,
    Shop,
    effects,
)
from utils.base import errors
from utils.webpay import intake, ledger, protocol
from utils.webpay.desk import Desk
from utils.webpay.method import Method

Fields = Dict[str, str]


class Case(NamedTuple):
    """A notification and what has to come of it: the answer, how often booked, why kept."""

    name: str
    make: Callable[[Shop, int], Fields]
    answer: int
    booked: int = 0
    kept: Tuple[str, ...] = ()
    payment: Dict[str, Any] = {}


def genuine(**changes: str) -> Callable[[Shop, int], Fields]:
    """A notification signed with the store's secret."""
    return lambda shop, payment: shop.notification(payment, **changes)


def changed(**changes: str) -> Callable[[Shop, int], Fields]:
    """A notification with fields changed after it was signed."""
    return lambda shop, payment: {**shop.notification(payment), **changes}


def without(name: str) -> Callable[[Shop, int], Fields]:
    """A notification that lacks a field."""

    def make(shop: Shop, payment: int) -> Fields:
        fields = shop.notification(payment)
        del fields[name]
        return fields

    return make


def moved_to_another_payment(shop: Shop, payment: int) -> Fields:
    """Of a genuine notification the last digit of `order_id` moved into the order number."""
    fields = shop.notification(payment)
    order_id = fields["order_id"]
    moved = {"order_id": order_id[:-1], "site_order_id": order_id[-1] + fields["site_order_id"]}
    return {**fields, **moved}


def moved_refusal(shop: Shop, payment: int) -> Fields:
    """A genuine refusal read as a payment: the digits around its type moved by one."""
    fields = shop.notification(payment, payment_type="2")
    moved = {
        "transaction_id": fields["transaction_id"] + "2",
        "payment_type": fields["rrn"][0],
        "rrn": fields["rrn"][1:],
    }
    return {**fields, **moved}


def moved_card(shop: Shop, payment: int) -> Fields:
    """A genuine refusal with a signed card, read as a payment by a digit of the card."""
    card = "424242xxxxxx4242"
    fields = shop.notification(payment, payment_type="2", card=card)
    moved = {
        "transaction_id": fields["transaction_id"] + "2",
        "payment_type": fields["rrn"][0],
        "rrn": fields["rrn"][1:] + card[0],
        "card": card[1:],
    }
    return {**fields, **moved}


def of_another_payment(shop: Shop, payment: int) -> Fields:
    """A genuine notification of another payment, its order number replaced by this one's."""
    other = shop.pay()
    return {**shop.notification(other), "site_order_id": shop.order_of(payment)}


def of_unknown_payment(shop: Shop, _payment: int) -> Fields:
    return shop.notification(0, site_order_id="BZZZZZ-ABCDE")


def of_foreign_order(shop: Shop, _payment: int) -> Fields:
    return shop.notification(0, site_order_id="ORDER-12345678")


def of_unknown_tag(shop: Shop, payment: int) -> Fields:
    head = shop.order_of(payment).partition("-")[0]
    return shop.notification(payment, site_order_id=f"{head}-0000E")


def sandbox(shop: Shop, payment: int) -> Fields:
    return shop.notification(payment, secret=TEST_SECRET)


TYPES_NOT_PAID = ("2", "3", "8")
TYPES_TAKEN_BACK = ("5", "7", "9", "11")
TYPES_STRANGE = ("6", "10", "12", "99")

CASES = (
    # -- good
    Case("completed", genuine(payment_type="1"), 200, 1),
    Case("authorized", genuine(payment_type="4"), 200, 1),
    Case("by ERIP", genuine(payment_method="erip"), 200, 1),
    Case("without the network's number", genuine(rrn=""), 200, 1),
    Case("without the field of the network's number", without("rrn"), 403),
    Case("the amount with one digit", genuine(amount="21.9"), 200, 1),
    Case("with a card that is signed", genuine(card="424242xxxxxx4242"), 200, 1),
    Case("with a card that is not signed", changed(card="424242xxxxxx4242"), 200, 1),
    Case("with fields that are not signed", changed(rc="0", approval="1", action="9"), 200, 1),
    Case("early, before the payment is shown", genuine(), 200, 1, payment={"status": STARTED}),
    Case("of a payment that was put back to new", genuine(), 200, 1, payment={"status": NEW}),
    Case("a whole amount", genuine(amount="100"), 200, 1, payment={"amount": "100.00"}),
    Case("the smallest amount", genuine(amount="0.10"), 200, 1, payment={"amount": "0.10"}),
    Case("a large amount", genuine(amount="1000000.00"), 200, 1, payment={"amount": "1000000.00"}),
    Case("an old one that comes late", genuine(batch_timestamp="1700000000"), 200, 1),
    # -- forged
    Case("another signature", changed(wsb_signature="0" * 32), 403),
    Case("the secret of somebody else", genuine(secret="secret-of-shop-2"), 403),
    Case("signed with nothing", genuine(secret=""), 403),
    Case("another amount behind the signature", changed(amount="0.01"), 403),
    Case("another currency behind the signature", changed(currency_id="USD"), 403),
    Case("another type behind the signature", changed(payment_type="4"), 403),
    Case("another transaction behind the signature", changed(transaction_id="1"), 403),
    Case("that of another payment", of_another_payment, 403),
    Case("the amount written otherwise", changed(amount="21.900"), 400),
    # -- moved digits
    Case("a card that lacks a digit", moved_card, 200, 0, (intake.UNCLEAR,)),
    Case("digits moved into the order number", moved_to_another_payment, 200, 0, ()),
    Case("a refusal read as a payment", moved_refusal, 200, 0, (intake.UNCLEAR,)),
    Case("a network number that is too short", genuine(rrn="1"), 200, 0, (intake.UNCLEAR,)),
    Case("a network number that is too long", genuine(rrn="1" * 13), 200, 0, (intake.UNCLEAR,)),
    # -- not what was ordered
    Case("paid less", genuine(amount="21.89"), 200, 0, (intake.AMOUNT,)),
    Case("paid more", genuine(amount="21.91"), 200, 0, (intake.AMOUNT,)),
    Case("paid a hundredth of it", genuine(amount="0.21"), 200, 0, (intake.AMOUNT,)),
    Case("paid a hundred times as much", genuine(amount="2190"), 200, 0, (intake.AMOUNT,)),
    Case("paid nothing", genuine(amount="0"), 200, 0, (intake.AMOUNT,)),
    Case("another currency", genuine(currency_id="RUB"), 200, 0, (intake.CURRENCY,)),
    Case("an unknown payment", of_unknown_payment, 200),
    Case("an order of another shop", of_foreign_order, 200),
    Case("an attempt that was not made here", of_unknown_tag, 200, 0, (intake.ORDER,)),
    # -- tests
    Case("test money", genuine(payment_method="test"), 200, 0, (intake.TEST,)),
    Case("from the sandbox", sandbox, 200, 0, (intake.TEST,)),
    # -- not paid
    *(Case(f"type {one}", genuine(payment_type=one), 200) for one in TYPES_NOT_PAID),
    *(
        Case(f"type {one}", genuine(payment_type=one), 200, 0, (intake.TAKEN_BACK,))
        for one in TYPES_TAKEN_BACK
    ),
    *(
        Case(f"type {one}", genuine(payment_type=one), 200, 0, (intake.STRANGE,))
        for one in TYPES_STRANGE
    ),
    # -- too late
    Case("paid by staff before", genuine(), 200, 0, (intake.SECOND,), {"status": PAID}),
    Case("cancelled before", genuine(), 200, 0, (intake.CANCELLED,), {"status": CANCELLED}),
    *(
        Case(f"in status {one}", genuine(), 200, 0, (intake.CLOSED,), {"status": one})
        for one in (PLEDGED, AWAITING_RETURN, RETURNED, FRAUD, DELETING)
    ),
    # -- garbage
    *(Case(f"no {name}", without(name), 400) for name in ("amount", "site_order_id")),
    Case("no signature", without("wsb_signature"), 400),
    Case("a signature that is none", changed(wsb_signature="x" * 32), 400),
    Case("an amount that is none", genuine(amount="2e1"), 400),
    Case("letters as a transaction", genuine(transaction_id="12ab"), 400),
    Case("a name that is no UTF-8", changed(payer="\udccf\udce5"), 200, 1),
)


def test_the_table_is_long_enough_and_knows_every_status() -> None:
    assert len(CASES) >= 40
    assert len({case.name for case in CASES}) == len(CASES)
    tried = {case.payment.get("status", IN_PAY) for case in CASES}
    assert tried == set(STATUSES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_notification_is_booked_or_kept(shop: Shop, case: Case) -> None:
    payment = shop.pay(**case.payment)
    fields = case.make(shop, payment)
    for repeat in range(2):
        assert shop.send(fields, shop.new_desk()).status == case.answer, repeat
        assert shop.credited(payment) == case.booked, repeat
        assert tuple(shop.kept(payment)) == case.kept, repeat
    amount = case.payment.get("amount", AMOUNT) if case.booked else "0.00"
    assert shop.balance() == amount
    status = shop.payments.payment(payment)["status"]
    assert status == (PAID if case.booked else case.payment.get("status", IN_PAY))
    if case.booked:
        assert shop.payments.payment(payment)["externalid"] == fields["transaction_id"]


@pytest.mark.parametrize("make", [of_unknown_payment, of_foreign_order, moved_to_another_payment])
def test_what_names_no_payment_is_kept_where_our_secret_has_signed_it(
    shop: Shop, make: Callable[[Shop, int], Fields]
) -> None:
    fields = make(shop, shop.pay())
    assert shop.send(fields).status == 200
    kept = shop.desk.ledger.read(0).kept
    assert [one["why"] for one in kept if one["transaction"] == fields["transaction_id"]] == [
        "stray"
    ]
    forged = {**fields, "wsb_signature": "0" * 32}
    assert shop.send(forged).status == 403


@pytest.mark.parametrize(
    "changes",
    [
        {"payment_method": "card2"},
        {"transaction_id": "12ab"},
        {"amount": "21,90"},
        {"site_order_id": "два слова"},
        {"rrn": "A1"},
    ],
)
def test_what_is_signed_and_not_understood_is_kept_and_comes_again(
    shop: Shop, changes: Dict[str, str]
) -> None:
    payment = shop.pay()
    fields = shop.notification(payment, **changes)
    for _ in range(2):
        assert shop.send(fields).status == 400
    shown = [one for one in shop.desk.ledger.read(0).kept if one["why"] == intake.UNREAD]
    named = [(one["order"], one["transaction"]) for one in shown]
    assert named.count((fields["site_order_id"], fields["transaction_id"])) == 1
    assert shop.send({**fields, "wsb_signature": "0" * 32}).status == 400
    assert len(shop.desk.ledger.read(0).kept) >= len(shown)
    assert shop.credited(payment) == 0


def test_one_key_for_both_stores_takes_nothing(shop: Shop) -> None:
    payment = shop.pay()
    shop.payments.edit_method(shop.method, wp_test_secret=LIVE_SECRET)
    assert shop.send(shop.notification(payment)).status == 503
    assert shop.credited(payment) == 0
    shop.payments.edit_method(shop.method, wp_test_secret=TEST_SECRET)
    assert shop.send(shop.notification(payment)).status == 200


@pytest.mark.parametrize("status", [NEW, STARTED, IN_PAY])
def test_of_two_paid_attempts_the_second_is_kept(shop: Shop, status: int) -> None:
    payment = shop.pay(status=status)
    first = shop.notification(payment)
    shop.add_order(payment)
    second = shop.notification(payment)
    assert first["site_order_id"] != second["site_order_id"]
    for fields in (first, second, second, first):
        assert shop.send(fields).status == 200
    assert shop.credited(payment) == 1
    assert shop.kept(payment) == [intake.SECOND]
    assert shop.balance() == AMOUNT


def test_what_was_booked_is_not_booked_again_after_staff_has_put_it_back(shop: Shop) -> None:
    payment = shop.pay()
    fields = shop.notification(payment)
    assert shop.send(fields).status == 200
    shop.payments.set_status(payment, NEW)
    assert shop.send(fields).status == 200
    assert shop.credited(payment) == 1


def test_a_refusal_after_the_payment_changes_nothing(shop: Shop) -> None:
    payment = shop.pay()
    assert shop.send(shop.notification(payment)).status == 200
    assert shop.send(shop.notification(payment, payment_type="2")).status == 200
    assert shop.payments.payment(payment)["status"] == PAID
    assert not shop.kept(payment)


def test_a_transaction_that_was_used_for_another_payment_is_kept(shop: Shop) -> None:
    first, second = shop.pay(), shop.pay()
    fields = shop.notification(first)
    assert shop.send(fields).status == 200
    again = shop.notification(second, transaction_id=fields["transaction_id"])
    assert shop.send(again).status == 200
    assert (shop.credited(first), shop.credited(second)) == (1, 0)
    assert shop.kept(second) == [intake.TRANSACTION]


def test_the_order_number_in_billmanager_counts_where_our_record_is_lost(shop: Shop) -> None:
    payment = shop.pay()
    order = shop.order_of(payment)
    shop.stand.sql("UPDATE payment SET externalid = %s WHERE id = %s", order, payment)
    fields = shop.notification(payment)
    (shop.stand.root / f"var/pmwebpay/payments/{payment}.json").unlink()
    assert shop.send(fields, shop.new_desk()).status == 200
    assert shop.credited(payment) == 1


# -- test mode ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "was_test", "secret", "booked"),
    [
        ("on", True, TEST_SECRET, 1),
        ("on", False, TEST_SECRET, 0),
        ("on", False, LIVE_SECRET, 1),
        ("on", True, LIVE_SECRET, 0),
        ("off", True, TEST_SECRET, 0),
        ("off", False, LIVE_SECRET, 1),
    ],
)
def test_sandbox_money_counts_only_for_orders_of_the_sandbox_in_test_mode(
    shop: Shop, mode: str, was_test: bool, secret: str, booked: int
) -> None:
    shop.payments.edit_method(shop.method, wp_test=mode)
    payment = shop.pay(is_test=was_test)
    assert shop.send(shop.notification(payment, secret=secret)).status == 200
    assert shop.credited(payment) == booked
    assert len(shop.kept(payment)) == 1 - booked


def test_two_methods_take_each_its_own_secret(shop: Shop) -> None:
    other = shop.payments.add_method(wp_store="1", wp_secret="secret-of-shop-2")
    payment = shop.pay(method=other)
    assert shop.send(shop.notification(payment)).status == 403
    assert shop.send(shop.notification(payment, secret="secret-of-shop-2")).status == 200
    assert shop.credited(payment) == 1


@pytest.mark.parametrize("secret", ["", "sealed:AAAA"])
def test_a_method_without_a_usable_secret_takes_nothing(shop: Shop, secret: str) -> None:
    shop.payments.edit_method(shop.method, wp_secret=secret, wp_test_secret="")
    payment = shop.pay()
    for key in (secret, "", LIVE_SECRET):
        assert shop.send(shop.notification(payment, secret=key)).status == 503
    assert shop.credited(payment) == 0
    shop.payments.edit_method(shop.method, wp_secret=LIVE_SECRET)


def test_a_notification_that_only_a_broken_method_may_know_comes_again(shop: Shop) -> None:
    fields = shop.notification(0, secret="secret-of-nobody")
    assert shop.send(fields).status == 403
    shop.payments.edit_method(shop.method, wp_secret="sealed:AAAA")
    assert shop.send(fields).status == 503
    shop.payments.edit_method(shop.method, wp_secret=LIVE_SECRET)


def test_a_payment_of_another_module_is_left_alone(shop: Shop) -> None:
    other = shop.payments.add_method("Other", module="pmother", wp_secret=LIVE_SECRET)
    payment = shop.pay(method=other)
    assert shop.send(shop.notification(payment)).status == 200
    assert shop.credited(payment) == 0


def test_addresses_are_looked_at_where_the_method_names_some(shop: Shop) -> None:
    shop.payments.edit_method(shop.method, wp_addresses="178.163.225.84, 192.0.2.1")
    payment = shop.pay()
    fields = shop.notification(payment)
    assert shop.send(fields, address="203.0.113.7").status == 403
    assert shop.credited(payment) == 0
    assert shop.send(fields, address="192.0.2.1").status == 200
    assert shop.credited(payment) == 1


# -- what is no request ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "method", "answer"),
    [
        (b"", "GET", 405),
        (b"", "POST", 400),
        (b"amount", "POST", 400),
        (b"\xff=1", "POST", 400),
        (b"amount=%FF", "POST", 400),
        (b"a=1&a=2", "POST", 400),
        (b"a[]=1", "POST", 400),
        (b"&".join(b"f%d=1" % number for number in range(200)), "POST", 400),
        (b"<doc/>", "POST", 400),
    ],
)
def test_a_body_that_is_no_notification_is_refused(
    shop: Shop, body: bytes, method: str, answer: int
) -> None:
    assert shop.send_body(body, method=method).status == answer


def test_a_field_that_stands_twice_is_refused_whatever_the_second_says(shop: Shop) -> None:
    payment = shop.pay()
    body = urlencode(shop.notification(payment)).encode()
    assert shop.send_body(body + b"&amount=21.90").status == 400
    assert shop.credited(payment) == 0


# -- what BILLmanager does ------------------------------------------------------------------------


def later(shop: Shop) -> None:
    """So much later that no lost call can take effect any more."""
    shop.clock.now += intake.UNKNOWN_S + 1


def cut_off(shop: Shop) -> Tuple[int, Fields]:
    """A payment whose booking was begun, and the answer of the core lost."""
    payment = shop.pay()
    fields = shop.notification(payment)
    shop.stand.core_faults.append(CoreFault("payment.setpaid", kind="exit1"))
    assert shop.send(fields).status == 503
    return payment, fields


@pytest.mark.parametrize("function", ["payment.info", "payment.setpaid"])
@pytest.mark.parametrize("kind", ["exit1", "error", "cut_after_effect", "garbage"])
@pytest.mark.parametrize("nth", [1, 2])
def test_whatever_the_core_answers_the_money_is_booked_once_in_the_end(
    shop: Shop, function: str, kind: str, nth: int
) -> None:
    payment = shop.pay()
    fields = shop.notification(payment)
    shop.stand.core_faults.append(CoreFault(function, nth, kind))
    answers = []
    for _ in range(4):
        answers.append(shop.send(fields, shop.new_desk()).status)
        later(shop)
    assert shop.credited(payment) == 1
    assert answers[-1] == 200
    assert set(answers) <= {200, 503}
    assert shop.balance() == AMOUNT


def test_a_call_without_an_answer_is_not_repeated_while_it_may_take_effect(shop: Shop) -> None:
    payment, fields = cut_off(shop)
    shop.clock.now += intake.UNKNOWN_S - 1
    assert shop.send(fields, shop.new_desk()).status == 503
    assert shop.asked_to_book(payment) == 1
    shop.clock.now += 2
    assert shop.send(fields, shop.new_desk()).status == 200
    assert shop.credited(payment) == 1


def test_a_call_that_takes_effect_after_its_caller_was_killed_is_seen(shop: Shop) -> None:
    payment, fields = cut_off(shop)
    shop.desk.billing.book(payment, fields["transaction_id"], "late")
    assert shop.send(fields, shop.new_desk()).status == 200
    later(shop)
    assert shop.send(fields, shop.new_desk()).status == 200
    assert shop.credited(payment) == 1


def test_a_clock_that_was_set_back_makes_nobody_wait_for_ever(shop: Shop) -> None:
    payment, fields = cut_off(shop)
    shop.clock.now -= 10**6
    assert shop.send(fields, shop.new_desk()).status == 503
    later(shop)
    assert shop.send(fields, shop.new_desk()).status == 200
    assert shop.credited(payment) == 1


def test_what_the_core_takes_and_does_not_show_is_never_sent_again(shop: Shop) -> None:
    payment = shop.pay()
    fields = shop.notification(payment)
    shop.payments.loses_bookings = True
    for _ in range(3):
        assert shop.send(fields, shop.new_desk()).status == 503
        later(shop)
    assert shop.asked_to_book(payment) == 1
    assert shop.kept(payment) == [intake.STUCK]
    shop.payments.set_status(payment, PAID)  # staff has booked it by hand
    assert shop.send(fields, shop.new_desk()).status == 200
    assert shop.kept(payment) == [intake.STUCK]


def test_a_core_that_refuses_is_asked_again_and_staff_told(shop: Shop) -> None:
    payment = shop.pay()
    fields = shop.notification(payment)
    shop.stand.core_faults.append(CoreFault("payment.setpaid", kind="error", times=2))
    assert [shop.send(fields, shop.new_desk()).status for _ in range(3)] == [503, 503, 200]
    assert shop.kept(payment) == [intake.REFUSED]
    assert shop.credited(payment) == 1


@pytest.mark.parametrize("is_stuck", [False, True])
@pytest.mark.parametrize("ends", ["booked", "cancelled", "open"])
def test_a_second_payment_behind_one_without_end_is_kept_and_never_booked_beside_it(
    shop: Shop, is_stuck: bool, ends: str
) -> None:
    payment, first = stuck(shop) if is_stuck else cut_off(shop)
    shop.add_order(payment)
    second = shop.notification(payment)
    for _ in range(2):
        assert shop.send(second, shop.new_desk()).status == 503, "it comes again"
    assert shop.kept(payment)[-1:] == [intake.BEHIND]
    assert shop.asked_to_book(payment) == 1
    shop.payments.loses_bookings = False
    if ends == "booked":
        shop.desk.billing.book(payment, first["transaction_id"], "late")
        assert shop.send(first, shop.new_desk()).status == 200
    elif ends == "cancelled":
        shop.payments.set_status(payment, CANCELLED)
    later(shop)
    answer = shop.send(second, shop.new_desk()).status
    expected = {"booked": intake.SECOND, "cancelled": intake.CANCELLED, "open": intake.BEHIND}
    assert answer == (503 if ends == "open" else 200)
    assert shop.kept(payment)[-1] == expected[ends]
    assert (intake.BEHIND in shop.kept(payment)) == (ends == "open")
    assert shop.credited(payment) == (ends == "booked")


def stuck(shop: Shop) -> Tuple[int, Fields]:
    """A payment that the core said to have booked, and shows unpaid."""
    payment = shop.pay()
    fields = shop.notification(payment)
    shop.payments.loses_bookings = True
    assert shop.send(fields).status == 503
    return payment, fields


@pytest.mark.parametrize("is_read", [True, False])
def test_while_staff_was_not_told_of_all_that_is_kept_more_comes_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, is_read: bool
) -> None:
    untold = sum(not one["told"] for one in shop.desk.ledger.read(0).kept)
    monkeypatch.setattr(ledger, "MOST_KEPT", untold + 2)
    changes = {} if is_read else {"payment_method": "card2"}
    fields = [shop.notification(0, site_order_id="ORDER-1", **changes) for _ in range(3)]
    answers = [shop.send(one, shop.new_desk()).status for one in (*fields, *fields)]
    taken = 200 if is_read else 400
    assert answers == [taken, taken, 503] * 2
    entry = shop.desk.ledger.read(0)
    assert [one["transaction"] for one in entry.kept[-2:]] == [
        one["transaction_id"] for one in fields[:2]
    ]
    for one in entry.kept:
        one["told"] = True
    shop.desk.ledger.write(entry)
    assert shop.send(fields[2], shop.new_desk()).status == taken


def test_a_record_that_cannot_be_read_books_nothing(shop: Shop) -> None:
    payment = shop.pay()
    fields = shop.notification(payment)
    path = shop.stand.root / f"var/pmwebpay/payments/{payment}.json"
    whole = path.read_bytes()
    for damaged in (b"", whole[:-5], b"[]"):
        path.write_bytes(damaged)
        assert shop.send(fields, shop.new_desk()).status == 503
        assert shop.credited(payment) == 0
    path.write_bytes(whole)
    assert shop.send(fields, shop.new_desk()).status == 200


# -- killed at each effect ------------------------------------------------------------------------


EFFECTS = 30
"""More than there are: a run that is not killed any more ends the count."""


@pytest.mark.parametrize("effect", range(1, EFFECTS + 1))
def test_killed_behind_any_effect_and_sent_again_it_is_booked_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, effect: int
) -> None:
    payment = shop.pay()
    fields = shop.notification(payment)
    with monkeypatch.context() as patch:
        count = effects(patch, effect)
        try:
            assert shop.send(fields).status == 200
            assert count() < effect
        except Killed:
            assert count() == effect
    assert shop.credited(payment) <= 1
    shop.send(fields, shop.new_desk())
    later(shop)
    assert shop.send(fields, shop.new_desk()).status == 200
    assert shop.credited(payment) == 1
    assert shop.balance() == AMOUNT
    assert not shop.kept(payment)
    entry = shop.new_desk().ledger.read(payment)
    assert entry.paid is not None
    assert not entry.is_pending


def test_more_effects_are_tried_than_there_are(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    count = effects(monkeypatch, 0)
    assert shop.send(shop.notification(shop.pay())).status == 200
    assert 12 <= count() < EFFECTS


# -- meanwhile -----------------------------------------------------------------------------


def test_a_repeat_while_the_core_books_is_sent_away(shop: Shop) -> None:
    payment = shop.pay()
    fields = shop.notification(payment)
    answers: List[int] = []

    def repeat(call: Call) -> None:
        if call.function == "payment.setpaid" and not answers:
            answers.append(0)
            desk = shop.new_desk()
            notification = protocol.read_notification(fields)
            till = intake.Till(desk, desk.billing.payment(payment), desk_method(desk, payment))
            with pytest.raises(errors.PaymentUncertain):
                till.judge(notification, desk_method(desk, payment).live)

    shop.stand.before_call = repeat
    assert shop.send(fields).status == 200
    assert answers == [0]
    assert shop.credited(payment) == 1


def desk_method(desk: Desk, payment: int) -> Method:
    stored = desk.billing.payment(payment).method
    assert stored is not None
    return desk.method(stored)


def test_a_core_that_drops_the_answer_of_its_own_effect_is_looked_at(shop: Shop) -> None:
    payment = shop.pay()
    fields = shop.notification(payment)

    def drop(call: Call) -> None:
        if call.function == "payment.setpaid":
            raise DropCall

    shop.stand.after_call = drop
    assert shop.send(fields).status == 200
    assert shop.credited(payment) == 1
