"""The payment page and the way back, called as the scripts call them."""

import re
from typing import Dict, Optional

import pytest

from tests.doubles.billmanager import CoreFault
from tests.doubles.billmanager.payments import (
    CANCELLED,
    IN_PAY,
    MANAGER_URL,
    NEW,
    PAID,
    STARTED,
)
from tests.unit.webpay.conftest import FIELDS, Shop
from utils.webpay import checkout, intake, protocol
from utils.webpay.cgi import Request, Response


def ask(
    shop: Shop,
    payment: object,
    session: Optional[str] = None,
    method: str = "GET",
    body: bytes = b"",
    language: str = "ru",
) -> Response:
    """The payment page, for the client unless another session is named."""
    session = shop.payments.log_in(shop.client) if session is None else session
    cookie = {"HTTP_COOKIE": f"billmgrses5={session}; billmgrlang5=orion:{language}"}
    query = "" if payment is None else f"elid={payment}"
    return checkout.pay(shop.new_desk("webpaypayment"), Request(method, query, cookie, body, ""))


def started(shop: Shop, **more: object) -> int:
    values = {"status": STARTED, "method": shop.method, "amount": "21.90", **more}
    return shop.payments.add_payment(
        shop.client, values.pop("method"), values.pop("amount"), **values
    )


def fields_of(answer: Response) -> Dict[str, str]:
    assert answer.status == 200, answer
    return dict(re.findall(r'name="(wsb_[^"]+)" value="([^"]*)"', answer.body))


def test_each_attempt_has_an_order_number_of_its_own(shop: Shop) -> None:
    payment = started(shop)
    numbers = [fields_of(ask(shop, payment))["wsb_order_num"] for _ in range(3)]
    assert len(set(numbers)) == 3
    entry = shop.desk.ledger.read(payment)
    assert [*entry.orders] == numbers
    assert not any(one["test"] for one in entry.orders.values())
    row = shop.payments.payment(payment)
    assert (row["status"], row["externalid"]) == (IN_PAY, numbers[0])
    assert shop.send(shop.notification(payment, site_order_id=numbers[1])).status == 200
    assert shop.credited(payment) == 1


def test_what_is_sent_is_the_method_s_and_the_payment_s(shop: Shop) -> None:
    payment = started(shop, amount="1000.00")
    fields = fields_of(ask(shop, payment, language="en"))
    assert fields["wsb_storeid"] == FIELDS["wp_store"]
    assert (fields["wsb_total"], fields["wsb_test"]) == ("1000.00", "0")
    assert fields["wsb_notify_url"] == "https://billing.example.com/mancgi/webpayresult"
    assert fields["wsb_return_url"] == "https://billing.example.com/mancgi/webpayreturn"
    assert fields["wsb_cancel_return_url"] == "https://billing.example.com/mancgi/webpaycancel"
    assert fields["wsb_language_id"] == "english"
    assert fields["wsb_invoice_item_name[0]"] == f"Payment P/{payment}"
    assert "payer@example.com" not in str(fields)


def test_test_mode_and_erip_are_the_method_s(shop: Shop) -> None:
    shop.payments.edit_method(
        shop.method, wp_test="on", wp_erip="on", wp_item="Счёт __value__", wp_public_url=""
    )
    payment = started(shop)
    fields = fields_of(ask(shop, payment))
    assert (fields["wsb_storeid"], fields["wsb_test"]) == (FIELDS["wp_test_store"], "1")
    assert len(fields["wsb_order_num"]) <= 10
    assert fields["wsb_invoice_item_name[0]"] == f"Счёт P/{payment}"
    assert fields["wsb_notify_url"].startswith("https://billing.example.com/mancgi/")
    assert shop.desk.ledger.read(payment).orders[fields["wsb_order_num"]]["test"] is True


@pytest.mark.parametrize(
    ("payment", "method", "body", "status"),
    [
        (None, "GET", b"", 400),
        ("0", "GET", b"", 400),
        ("-1", "GET", b"", 400),
        ("1" * 19, "GET", b"", 400),
        ("7;drop", "GET", b"", 400),
        ("7", "PUT", b"", 405),
        (None, "POST", b"elid=x", 400),
        (None, "POST", b"\xff", 400),
        ("999999", "GET", b"", 404),
    ],
)
def test_a_request_for_no_payment_is_refused(
    shop: Shop, payment: Optional[str], method: str, body: bytes, status: int
) -> None:
    assert ask(shop, payment, method=method, body=body).status == status


def test_a_post_is_taken_as_a_get_is(shop: Shop) -> None:
    payment = started(shop)
    assert fields_of(ask(shop, None, method="POST", body=f"elid={payment}".encode()))


def test_another_user_of_the_client_may_pay_what_he_sees(shop: Shop) -> None:
    colleague = shop.stand.database.insert("user", account=shop.client, name="colleague")
    session = shop.payments.log_in_as(colleague)
    payment = started(shop)
    assert ask(shop, payment, session).status == 404, "he does not see it yet"
    ask(shop, payment)
    assert fields_of(ask(shop, payment, session))


def test_a_paid_payment_leads_to_the_panel(shop: Shop) -> None:
    payment = started(shop, status=PAID)
    answer = ask(shop, payment)
    assert answer.status == 302
    where = dict(answer.headers)["Location"]
    assert where == f"{MANAGER_URL}?func=payment.success&elid={payment}&module=pmwebpay"


@pytest.mark.parametrize("status", [CANCELLED, 3, 5, 6, 7, 100])
def test_what_cannot_be_paid_is_not_begun(shop: Shop, status: int) -> None:
    payment = started(shop, status=status)
    answer = ask(shop, payment)
    assert (answer.status, "wsb_" in answer.body) == (200, False)
    assert not shop.desk.ledger.read(payment).orders


def test_a_new_payment_is_shown_as_begun(shop: Shop) -> None:
    payment = started(shop, status=NEW)
    assert fields_of(ask(shop, payment))
    assert shop.payments.payment(payment)["status"] == IN_PAY


@pytest.mark.parametrize(
    "changes",
    [
        {"wp_store": ""},
        {"wp_secret": ""},
        {"wp_secret": "sealed:AAAA"},
        {"wp_currencies": "USD"},
        {"wp_test": "on", "wp_test_store": ""},
    ],
)
def test_a_method_that_is_not_set_sends_nobody_away(shop: Shop, changes: Dict[str, str]) -> None:
    shop.payments.edit_method(shop.method, **changes)
    payment = started(shop)
    answer = ask(shop, payment)
    shop.payments.edit_method(shop.method, **FIELDS)
    assert (answer.status, "wsb_" in answer.body) == (503, False)
    assert shop.payments.payment(payment)["status"] == STARTED


def test_a_method_that_is_off_sends_nobody_away(shop: Shop) -> None:
    method = shop.payments.add_method(active=False, **FIELDS)
    assert ask(shop, started(shop, method=method)).status == 503


def test_a_payment_of_another_module_is_none_of_ours(shop: Shop) -> None:
    method = shop.payments.add_method("Other", module="pmother")
    assert ask(shop, started(shop, method=method)).status == 404


def test_who_has_paid_something_is_not_sent_to_pay_again(shop: Shop) -> None:
    payment = shop.pay()
    assert shop.send(shop.notification(payment, amount="1.00")).status == 200
    assert shop.kept(payment) == [intake.AMOUNT]
    answer = ask(shop, payment)
    assert (answer.status, "wsb_" in answer.body) == (200, False)


def test_while_a_booking_is_under_way_nobody_is_sent_to_pay(shop: Shop) -> None:
    payment = shop.pay()
    shop.stand.core_faults.append(CoreFault("payment.setpaid", kind="exit1"))
    assert shop.send(shop.notification(payment)).status == 503
    assert "wsb_" not in ask(shop, payment).body


@pytest.mark.parametrize("kind", ["exit1", "error", "cut_after_effect", "garbage"])
@pytest.mark.parametrize("function", ["whoami", "payment.info", "payment.setinpay"])
def test_whatever_the_core_answers_the_page_is_one_or_says_later(
    shop: Shop, function: str, kind: str
) -> None:
    payment = started(shop)
    shop.stand.core_faults.append(CoreFault(function, kind=kind))
    first = ask(shop, payment)
    assert first.status in (200, 403, 503)
    assert first.status != 200 or fields_of(first)
    fields = fields_of(ask(shop, payment))
    assert protocol.payment_of(fields["wsb_order_num"]) == payment
    assert shop.payments.payment(payment)["status"] == IN_PAY


def test_a_customer_has_many_attempts_and_no_more(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkout, "MOST_ORDERS", 2)
    payment = started(shop)
    assert [ask(shop, payment).status for _ in range(3)] == [200, 200, 503]


# -- the way back ---------------------------------------------------------------------------------


def back(shop: Shop, order: str, tid: str = "", is_cancelled: bool = False) -> Response:
    query = f"wsb_order_num={order}&wsb_tid={tid}"
    desk = shop.new_desk("webpayreturn")
    return checkout.come_back(desk, Request("GET", query, {}, b"", ""), is_cancelled)


@pytest.mark.parametrize(
    ("status", "is_cancelled", "result"),
    [
        (IN_PAY, False, "pending"),
        (IN_PAY, True, "fail"),
        (PAID, False, "success"),
        (PAID, True, "success"),
        (CANCELLED, False, "pending"),
    ],
)
def test_the_way_back_leads_to_the_page_of_what_is(
    shop: Shop, status: int, is_cancelled: bool, result: str
) -> None:
    payment = shop.pay(status=status)
    answer = back(shop, shop.order_of(payment), "5", is_cancelled)
    assert f"func=payment.{result}&elid={payment}" in dict(answer.headers)["Location"]
    assert shop.payments.payment(payment)["status"] == status


def test_whoever_guesses_an_order_number_hears_nothing(shop: Shop) -> None:
    payment = shop.pay(status=PAID)
    head = shop.order_of(payment).partition("-")[0]
    said = [back(shop, order) for order in (f"{head}-0000E", "BZZZZZZ-0000E", "x", "")]
    assert {one.status for one in said} == {200}
    assert len({one.body for one in said}) == 1


@pytest.mark.parametrize("tid", ["", "x", "-1", "1" * 13])
def test_a_transaction_that_is_none_is_not_noted(shop: Shop, tid: str) -> None:
    payment = shop.pay()
    back(shop, shop.order_of(payment), tid)
    assert shop.desk.ledger.read(payment).returned is None


def test_the_first_transaction_that_came_back_is_noted(shop: Shop) -> None:
    payment = shop.pay()
    for tid in ("5", "6"):
        back(shop, shop.order_of(payment), tid)
    returned = shop.desk.ledger.read(payment).returned
    assert returned is not None
    assert returned["transaction"] == "5"


def test_a_core_that_is_away_promises_nothing(shop: Shop) -> None:
    payment = shop.pay()
    shop.stand.core_down = True
    answer = back(shop, shop.order_of(payment), "5")
    assert (answer.status, answer.headers[0][0]) == (200, "Content-Security-Policy")


@pytest.mark.parametrize("url", ["", "javascript:alert(1)", "https://a.example\nX: y", "//evil"])
def test_a_panel_without_a_usable_address_is_not_gone_to(shop: Shop, url: str) -> None:
    payment = shop.pay(manager_url=url)
    answer = back(shop, shop.order_of(payment))
    assert (answer.status, "Location" in dict(answer.headers)) == (200, False)
