"""The round of every three minutes: what was begun ends, staff is told once, nothing is lost."""

from contextlib import suppress
from typing import Any, Dict, List

import pytest

from tests.doubles.billmanager import CoreFault
from tests.doubles.billmanager.payments import CANCELLED, IN_PAY, PAID
from tests.unit.webpay.conftest import LIVE_SECRET, Killed, Shop, effects
from utils.billing.tasks import Tasks
from utils.webpay import intake, query, staff, watch
from utils.webpay.desk import Desk

HOUR_S = 3600


def check(shop: Shop) -> None:
    """A round, as another process."""
    watch.check(shop.new_desk("pmwebpay:checkpay"))


def told(shop: Shop, payment: int) -> List[str]:
    """The tasks that name a payment."""
    texts = [one["specification"] or "" for one in shop.stand.tasks()]
    return [text for text in texts if f"payment {payment}" in text or f" {payment}." in text]


@pytest.fixture(autouse=True)
def _department(shop: Shop) -> None:
    shop.stand.add_module("https://cloud.example.com", "admin", "made-up-password")


def test_a_booking_that_was_cut_off_is_brought_to_its_end(shop: Shop) -> None:
    payment = shop.pay()
    shop.stand.core_faults.append(CoreFault("payment.setpaid", kind="exit1"))
    assert shop.send(shop.notification(payment)).status == 503
    check(shop)
    assert shop.credited(payment) == 0, "it may still take effect"
    shop.clock.now += intake.UNKNOWN_S + 1
    check(shop)
    check(shop)
    assert shop.credited(payment) == 1
    assert payment not in shop.desk.ledger.pending()


def test_a_booking_that_took_effect_is_seen(shop: Shop) -> None:
    payment = shop.pay()
    fields = shop.notification(payment)
    shop.stand.core_faults.append(CoreFault("payment.setpaid", kind="exit1"))
    assert shop.send(fields).status == 503
    shop.new_desk().billing.book(payment, fields["transaction_id"], "late")
    check(shop)
    assert shop.new_desk().ledger.read(payment).paid is not None
    assert shop.credited(payment) == 1


def test_a_booking_of_a_payment_that_was_cancelled_meanwhile_is_told(shop: Shop) -> None:
    payment = shop.pay()
    shop.stand.core_faults.append(CoreFault("payment.setpaid", kind="exit1"))
    assert shop.send(shop.notification(payment)).status == 503
    shop.payments.set_status(payment, CANCELLED)
    shop.clock.now += intake.UNKNOWN_S + 1
    check(shop)
    assert shop.kept(payment) == [intake.CANCELLED]
    assert len(told(shop, payment)) == 1
    assert shop.credited(payment) == 0


def behind(shop: Shop) -> "tuple[int, str]":
    """A payment whose first booking was cut off, and the transaction that came behind it."""
    payment = shop.pay()
    shop.stand.core_faults.append(CoreFault("payment.setpaid", kind="exit1"))
    assert shop.send(shop.notification(payment)).status == 503
    second = shop.notification(payment)
    assert shop.send(second).status == 503
    assert shop.kept(payment) == [intake.BEHIND]
    return payment, second["transaction_id"]


def test_what_came_behind_a_booking_is_told_as_the_second_when_that_has_ended(shop: Shop) -> None:
    payment, second = behind(shop)
    check(shop)
    assert not told(shop, payment), "in a moment it is known what it is"
    shop.clock.now += intake.UNKNOWN_S + 1
    for _ in range(2):
        check(shop)
    assert shop.kept(payment) == [intake.SECOND]
    (text,) = told(shop, payment)
    assert second in text
    assert shop.credited(payment) == 1


def test_what_came_behind_a_booking_that_was_refused_is_booked(shop: Shop) -> None:
    payment, second = behind(shop)
    shop.clock.now += intake.UNKNOWN_S + 1
    shop.stand.core_faults.append(CoreFault("payment.setpaid", kind="error"))
    for _ in range(3):
        check(shop)
    assert shop.kept(payment) == [intake.REFUSED]
    assert shop.credited(payment) == 1
    assert shop.payments.payment(payment)["externalid"] == second


def test_what_came_behind_a_booking_that_has_no_end_is_told_in_time(shop: Shop) -> None:
    payment = shop.pay()
    shop.payments.loses_bookings = True
    assert shop.send(shop.notification(payment)).status == 503
    second = shop.notification(payment)
    assert shop.send(second).status == 503
    check(shop)
    assert len(told(shop, payment)) == 1, "of the first"
    shop.clock.now += staff.BEHIND_S
    for _ in range(2):
        check(shop)
    assert len(told(shop, payment)) == 2
    assert second["transaction_id"] in told(shop, payment)[1]
    shop.payments.set_status(payment, PAID)  # staff has credited the first by hand
    for _ in range(2):
        check(shop)
    assert shop.kept(payment) == [intake.STUCK, intake.SECOND]
    assert payment not in shop.desk.ledger.pending()
    assert shop.asked_to_book(payment) == 1


EFFECTS = 45
"""More than a round has that books one and tells of another."""


@pytest.mark.parametrize(
    "effect",
    [
        pytest.param(number, marks=[] if number % 3 == 1 else pytest.mark.long)
        for number in range(1, EFFECTS)
    ],
)
def test_a_round_killed_behind_any_effect_books_and_tells_once_in_the_end(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, effect: int
) -> None:
    payment, second = behind(shop)
    shop.clock.now += intake.UNKNOWN_S + 1
    with monkeypatch.context() as patch:
        count = effects(patch, effect)
        with suppress(Killed):
            check(shop)
        assert count() <= effect
        assert count() == effect or effect > 20, count()
        assert effect < EFFECTS - 1 or count() < effect, "more are tried than there are"
    shop.clock.now += intake.UNKNOWN_S + 1
    for _ in range(2):
        check(shop)
    assert shop.credited(payment) == 1
    assert shop.kept(payment) == [intake.SECOND]
    assert len(told(shop, payment)) == 1
    assert second in told(shop, payment)[0]
    assert payment not in shop.desk.ledger.pending()


def test_what_came_behind_and_was_credited_by_hand_is_nothing_any_more(shop: Shop) -> None:
    payment, second = behind(shop)
    shop.desk.billing.book(payment, second, "by hand")
    shop.clock.now += intake.UNKNOWN_S + 1
    for _ in range(2):
        check(shop)
    assert shop.credited(payment) == 1
    assert intake.BEHIND not in shop.kept(payment)
    assert payment not in shop.desk.ledger.pending()


def test_a_round_that_is_out_of_time_begins_the_next_one_with_the_others(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    payments = [shop.pay() for _ in range(3)]
    for payment in payments:
        assert shop.send(shop.notification(payment, amount="1.00")).status == 200
        shop.desk.ledger.visit(payment, shop.clock.now - 100)
    gone: List[int] = []

    def slow(_desk: Desk, payment: int) -> None:
        gone.append(payment)
        shop.clock.now += watch.LONGEST_S

    monkeypatch.setattr(watch, "_go_after", slow)
    for _ in range(3):
        check(shop)
        shop.clock.now += 30
    assert sorted(gone) == payments


def test_a_mark_that_a_kill_has_left_is_taken_away(shop: Shop) -> None:
    payment = shop.pay()
    entry = shop.desk.ledger.read(payment)
    shop.desk.ledger._write(shop.desk.ledger._path("pending", payment), b"")
    assert not entry.is_pending
    check(shop)
    assert payment not in shop.desk.ledger.pending()


@pytest.mark.parametrize("why", [*intake.REASONS, watch.RETURNED])
def test_staff_is_told_in_both_languages_what_came_and_what_to_do(why: str) -> None:
    kept = {
        **{"why": why, "order": "B1-AAE", "transaction": "77", "type": "5"},
        **{"amount": "21.90", "currency": "BYN"},
    }
    russian, english = staff.text_of(12, kept).split("\n")
    for text in (russian, english):
        assert "77" in text
        assert "__" not in text
        assert "21.90 BYN" in text
    assert "WEBPAY" in english
    assert russian != english


def test_staff_is_told_once_whatever_is_repeated(shop: Shop) -> None:
    payment = shop.pay()
    fields = shop.notification(payment, amount="1.00")
    for _ in range(2):
        assert shop.send(fields).status == 200
        check(shop)
    assert len(told(shop, payment)) == 1


@pytest.mark.parametrize("kind", ["exit1", "error", "cut_after_effect"])
def test_staff_is_told_once_whatever_the_core_answers(shop: Shop, kind: str) -> None:
    payment = shop.pay()
    assert shop.send(shop.notification(payment, amount="1.00")).status == 200
    shop.stand.core_faults.append(CoreFault("task.simple.create", kind=kind))
    for _ in range(3):
        check(shop)
    assert len(told(shop, payment)) == 1


def test_killed_behind_the_task_it_is_not_told_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = shop.pay()
    assert shop.send(shop.notification(payment, amount="1.00")).status == 200
    make = Tasks.make

    def killed(*args: Any) -> None:
        make(*args)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Tasks, "make", killed)
        with pytest.raises(KeyboardInterrupt):
            check(shop)
    assert payment in shop.desk.ledger.pending()
    check(shop)
    assert len(told(shop, payment)) == 1
    assert payment not in shop.desk.ledger.pending()


def test_without_a_department_it_is_kept_until_there_is_one(shop: Shop) -> None:
    payment = shop.pay()
    assert shop.send(shop.notification(payment, amount="1.00")).status == 200
    shop.stand.sql("UPDATE processingmodule SET department = NULL")
    check(shop)
    assert not told(shop, payment)
    shop.stand.sql("UPDATE processingmodule SET department = 3")
    check(shop)
    assert len(told(shop, payment)) == 1


def test_one_payment_that_fails_does_not_keep_the_others(shop: Shop) -> None:
    broken, good = shop.pay(), shop.pay()
    for payment in (broken, good):
        assert shop.send(shop.notification(payment, amount="1.00")).status == 200
    (shop.stand.root / f"var/pmwebpay/payments/{broken}.json").write_text("")
    check(shop)
    assert len(told(shop, good)) == 1
    assert not told(shop, broken)


# -- what never came ------------------------------------------------------------------------------


def come_back(shop: Shop, payment: int, transaction: str) -> None:
    """The browser comes back with a transaction."""
    entry = shop.desk.ledger.read(payment)
    entry.returned = {
        **{"order": shop.order_of(payment), "transaction": transaction},
        "at": int(shop.clock.now),
    }
    shop.desk.ledger.write(entry)


def test_who_came_back_as_paid_is_told_of_after_the_time_of_the_method(shop: Shop) -> None:
    shop.payments.edit_method(shop.method, wp_lost_after="2")
    payment = shop.pay()
    come_back(shop, payment, shop.transaction())
    shop.clock.now += 2 * HOUR_S - 1
    check(shop)
    assert not told(shop, payment)
    shop.clock.now += 2
    for _ in range(2):
        check(shop)
    assert len(told(shop, payment)) == 1
    assert shop.payments.payment(payment)["status"] == IN_PAY, "nothing is cancelled"
    assert shop.send(shop.notification(payment)).status == 200
    assert shop.credited(payment) == 1, "a late notification is booked all the same"


def test_after_staff_was_told_of_one_who_came_back_nothing_is_asked_any_more(shop: Shop) -> None:
    payment = shop.pay()
    come_back(shop, payment, shop.transaction())
    shop.clock.now += 25 * HOUR_S
    for _ in range(2):
        check(shop)
    calls = len(asked_of_core(shop, payment))
    for _ in range(5):
        shop.clock.now += 180
        check(shop)
    assert len(told(shop, payment)) == 1
    assert len(asked_of_core(shop, payment)) == calls


def asked_of_core(shop: Shop, payment: int) -> List[Any]:
    """The calls by which the core was asked about a payment."""
    return [one for one in shop.stand.called("payment.info") if one.args["elid"] == str(payment)]


@pytest.mark.parametrize("came_back", [True, False])
def test_webpay_is_asked_after_longer_and_longer_pauses(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, came_back: bool
) -> None:
    shop.payments.edit_method(shop.method, wp_login="shop", wp_password="made-up-cabinet")
    payment = shop.pay()
    if came_back:
        come_back(shop, payment, shop.transaction())
    else:
        assert shop.send(shop.notification(payment, rrn="1")).status == 200
    asked: List[float] = []
    order = shop.order_of(payment)

    def is_paid(_desk: Desk, _method: object, _store: object, kept: Dict[str, Any]) -> bool:
        if kept["order"] == order:
            asked.append(shop.clock.now)
        return False

    monkeypatch.setattr(query, "is_paid", is_paid)
    for _ in range(24):
        shop.clock.now += 600
        check(shop)
    assert 4 <= len(asked) <= 6
    pauses = [after - before for before, after in zip(asked, asked[1:])]
    assert pauses == sorted(pauses)


def test_a_record_that_cannot_be_read_hides_no_other_that_waits(shop: Shop) -> None:
    broken, good = shop.pay(), shop.pay()
    come_back(shop, good, shop.transaction())
    (shop.stand.root / f"var/pmwebpay/payments/{broken}.json").write_text("")
    shop.clock.now += 25 * HOUR_S
    for _ in range(2):
        check(shop)
    assert len(told(shop, good)) == 1


def test_payments_of_which_nothing_was_heard_are_told_once_in_one_task(shop: Shop) -> None:
    silent = [shop.pay() for _ in range(3)]
    paid = shop.pay()
    assert shop.send(shop.notification(paid)).status == 200
    shop.clock.now += 60 * HOUR_S
    for _ in range(2):
        check(shop)
    texts = [one["specification"] for one in shop.stand.tasks()]
    found = [text for text in texts if f"payment method {shop.method}," in text]
    assert len(found) == 1
    assert ", ".join(map(str, silent)) in found[0]
    assert str(paid) not in found[0]
    shop.clock.now += 1
    shop.add_order(silent[0])
    shop.clock.now += 60 * HOUR_S
    check(shop)
    texts = [one["specification"] for one in shop.stand.tasks()]
    found = [text for text in texts if f"payment method {shop.method}," in text]
    assert len(found) == 2, "another attempt is another silence"


def test_a_round_waits_for_no_other(shop: Shop) -> None:
    desk = shop.new_desk()
    payment = shop.pay()
    assert shop.send(shop.notification(payment, amount="1.00")).status == 200
    script = (
        "import sys; sys.path.insert(0, '.');"
        "from utils.host.root import Host; from utils.webpay.ledger import Ledger;"
        f"lock = Ledger(Host({str(shop.stand.root)!r})).only(); print('held', flush=True); input()"
    )
    import subprocess
    import sys

    from tests import ROOT

    with subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        watch.check(desk)
        other.communicate("\n")
    assert not told(shop, payment)
    check(shop)
    assert len(told(shop, payment)) == 1


# -- what WEBPAY is asked -------------------------------------------------------------------------


@pytest.mark.parametrize(("said", "booked", "tasks"), [(True, 1, 0), (False, 0, 1), (None, 0, 1)])
def test_what_is_unclear_is_booked_where_webpay_says_so(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, said: object, booked: int, tasks: int
) -> None:
    shop.payments.edit_method(shop.method, wp_login="shop", wp_password="made-up-cabinet")
    payment = shop.pay()
    assert shop.send(shop.notification(payment, rrn="1")).status == 200
    asked: List[Dict[str, Any]] = []

    def is_paid(_desk: Desk, _method: object, _store: object, kept: Dict[str, Any]) -> object:
        asked.append(kept)
        return said

    monkeypatch.setattr(query, "is_paid", is_paid)
    for _ in range(2):
        check(shop)
    assert shop.credited(payment) == booked
    assert not told(shop, payment), "while it can be asked staff is not told"
    shop.clock.now += 25 * HOUR_S
    check(shop)
    assert len(told(shop, payment)) == tasks
    assert asked


def let_webpay_say_paid(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A method with a login, all of whose transactions WEBPAY calls paid."""
    shop.payments.edit_method(shop.method, wp_login="shop", wp_password="made-up-cabinet")
    monkeypatch.setattr(query, "is_paid", lambda *_: True)


def test_a_confirmed_transaction_of_another_payment_is_told(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_webpay_say_paid(shop, monkeypatch)
    first, second = shop.pay(), shop.pay()
    fields = shop.notification(first)
    assert shop.send(fields).status == 200
    again = shop.notification(second, rrn="1", transaction_id=fields["transaction_id"])
    assert shop.send(again).status == 200
    for _ in range(2):
        check(shop)
    assert (shop.credited(first), shop.credited(second)) == (1, 0)
    assert shop.kept(second) == [intake.UNCLEAR, intake.TRANSACTION]
    assert len(told(shop, second)) == 1


def test_what_is_confirmed_during_another_booking_is_told_afterwards(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_webpay_say_paid(shop, monkeypatch)
    payment = shop.pay()
    assert shop.send(shop.notification(payment, rrn="1")).status == 200
    assert shop.send(shop.notification(payment, amount="1.00")).status == 200
    shop.stand.core_faults.append(CoreFault("payment.setpaid", kind="exit1"))
    assert shop.send(shop.notification(payment)).status == 503
    check(shop)
    shop.clock.now += 25 * HOUR_S
    check(shop)
    assert shop.credited(payment) == 1
    assert len(told(shop, payment)) == 2, "the other amount, and the one that could be paid too"


def test_a_booking_that_is_not_shown_ends_when_staff_cancels_the_payment(shop: Shop) -> None:
    payment = shop.pay()
    shop.payments.loses_bookings = True
    assert shop.send(shop.notification(payment)).status == 503
    shop.payments.set_status(payment, CANCELLED)
    check(shop)
    assert payment in shop.desk.ledger.pending(), "it may still take effect"
    shop.clock.now += intake.UNKNOWN_S + 1
    for _ in range(2):
        check(shop)
    assert payment not in shop.desk.ledger.pending()
    assert shop.asked_to_book(payment) == 1
    assert shop.kept(payment) == [intake.STUCK, intake.CANCELLED]


def test_a_damaged_claim_does_not_keep_the_other_payments(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_webpay_say_paid(shop, monkeypatch)
    broken, good = shop.pay(), shop.pay()
    transaction = shop.transaction()
    fields = shop.notification(broken, rrn="1", transaction_id=transaction)
    assert shop.send(fields).status == 200
    assert shop.send(shop.notification(good, rrn="1")).status == 200
    shop.desk.ledger.claim(transaction, broken)
    folder = shop.stand.root / "var/pmwebpay/transactions"
    (folder / transaction[-2:] / transaction).write_text("")
    check(shop)
    assert (shop.credited(broken), shop.credited(good)) == (0, 1)
    assert broken in shop.desk.ledger.pending()


def test_who_is_told_of_already_is_not_among_the_silent(shop: Shop) -> None:
    payment = shop.pay()
    assert shop.send(shop.notification(payment, amount="1.00")).status == 200
    check(shop)
    shop.clock.now += 60 * HOUR_S
    check(shop)
    silence = f"payment method {shop.method},"
    assert not [one for one in shop.stand.tasks() if silence in (one["specification"] or "")]
    assert len(told(shop, payment)) == 1
    shop.add_order(payment)
    shop.clock.now += 60 * HOUR_S
    check(shop)
    found = [one for one in shop.stand.tasks() if silence in (one["specification"] or "")]
    assert len(found) == 1, "of the next attempt nothing was heard"


def test_without_a_login_what_is_unclear_is_told(shop: Shop) -> None:
    payment = shop.pay()
    assert shop.send(shop.notification(payment, rrn="1")).status == 200
    check(shop)
    assert len(told(shop, payment)) == 1


def test_an_answer_that_comes_too_late_books_nothing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.payments.edit_method(shop.method, wp_login="shop", wp_password="made-up-cabinet")
    payment = shop.pay()
    assert shop.send(shop.notification(payment, rrn="1")).status == 200
    shop.payments.set_status(payment, PAID)
    monkeypatch.setattr(query, "is_paid", lambda *_: True)
    check(shop)
    assert shop.credited(payment) == 0


def test_no_secret_of_the_method_stands_in_a_record(shop: Shop) -> None:
    payment = shop.pay()
    assert shop.send(shop.notification(payment, amount="1.00")).status == 200
    check(shop)
    folder = shop.stand.root / "var/pmwebpay"
    for path in folder.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
        if path.is_file():
            assert LIVE_SECRET.encode() not in path.read_bytes()
    assert LIVE_SECRET not in shop.stand.log
