"""Questions about transactions, put to the sandbox; forms and answers of the core that are odd."""

from typing import Any, Dict, Iterator

import pytest

from tests.doubles.billmanager import CoreFault
from tests.doubles.billmanager.payments import IN_PAY, PAID
from tests.doubles.webpay import Order, Sandbox
from tests.unit.webpay.conftest import FIELDS, LIVE_SECRET, STORE, Shop
from utils.base import errors, plainxml
from utils.billing import payments
from utils.webpay import commands, query, watch
from utils.webpay.method import Method
from utils.webpay.sealing import PREFIX


@pytest.fixture
def webpay() -> Iterator[Sandbox]:
    with Sandbox({STORE: LIVE_SECRET}) as one:
        yield one


@pytest.fixture
def method(shop: Shop, webpay: Sandbox) -> Method:
    """The shop's method with a login of the cabinet."""
    shop.payments.edit_method(
        shop.method,
        **{"wp_login": webpay.login, "wp_password": webpay.password, "wp_query_url": webpay.url},
    )
    stored = next(one for one in shop.desk.billing.methods() if one.id == shop.method)
    return shop.desk.method(stored)


def paid_at_webpay(shop: Shop, webpay: Sandbox, payment: int) -> Dict[str, Any]:
    """A transaction that WEBPAY has and nobody was notified of; what a record has of it."""
    number = shop.order_of(payment)
    fields = {"wsb_storeid": STORE, "wsb_currency_id": "BYN", "wsb_total": "21.90", "wsb_test": "0"}
    order = Order(fields, number, "token")
    webpay.orders[number] = order
    notification = webpay.notification(order)
    transaction = notification["transaction_id"]
    webpay.paid[transaction] = notification
    return {
        **{"order": number, "transaction": transaction},
        **{"amount": "21.90", "currency": "BYN"},
    }


def ask(shop: Shop, method: Method, kept: Dict[str, Any], **changes: str) -> object:
    return query.is_paid(shop.desk, method, method.live, {**kept, **changes})


def test_what_webpay_says_counts_where_all_of_it_fits(
    shop: Shop, webpay: Sandbox, method: Method
) -> None:
    kept = paid_at_webpay(shop, webpay, shop.pay())
    assert ask(shop, method, kept) is True
    for name, other in (("order", "B1-AAE"), ("amount", "21.91"), ("currency", "USD")):
        assert ask(shop, method, kept, **{name: other}) is False
    webpay.paid[kept["transaction"]]["payment_type"] = "7"
    assert ask(shop, method, kept) is False


@pytest.mark.parametrize("amount", ["21.9", "21.90"])
def test_an_amount_is_compared_as_a_number(
    shop: Shop, webpay: Sandbox, method: Method, amount: str
) -> None:
    kept = paid_at_webpay(shop, webpay, shop.pay())
    webpay.paid[kept["transaction"]]["amount"] = amount
    assert ask(shop, method, kept) is True
    webpay.paid[kept["transaction"]]["amount"] = "21.90x"
    assert ask(shop, method, kept) is False


def test_test_money_of_a_real_store_is_not_paid(
    shop: Shop, webpay: Sandbox, method: Method
) -> None:
    kept = paid_at_webpay(shop, webpay, shop.pay())
    webpay.paid[kept["transaction"]]["payment_method"] = "test"
    assert ask(shop, method, kept) is False


def test_what_cannot_be_believed_says_nothing(shop: Shop, webpay: Sandbox, method: Method) -> None:
    kept = paid_at_webpay(shop, webpay, shop.pay())
    assert ask(shop, method, kept, transaction="1") is None, "unknown there"
    assert query.is_paid(shop.desk, method, method.test, kept) is None, "another key"
    webpay.knobs.signs_answers = False
    assert ask(shop, method, kept) is None
    webpay.knobs.signs_answers = True
    webpay.knobs.answers_with = 500
    assert ask(shop, method, kept) is None
    webpay.knobs.answers_with = 302
    assert ask(shop, method, kept) is None
    webpay.knobs.answers_with = 200
    webpay.password = "another"
    assert ask(shop, method, kept) is None
    assert ask(shop, method._replace(query_url="http://127.0.0.1:1/"), kept) is None


def test_a_lost_notification_is_booked_by_what_webpay_says(
    shop: Shop, webpay: Sandbox, method: Method
) -> None:
    payment = shop.pay()
    kept = paid_at_webpay(shop, webpay, payment)
    entry = shop.desk.ledger.read(payment)
    entry.returned = {
        **{"order": kept["order"], "transaction": kept["transaction"]},
        "at": int(shop.clock.now),
    }
    shop.desk.ledger.write(entry)
    for _ in range(2):
        watch.check(shop.new_desk())
    assert shop.credited(payment) == 1
    assert shop.payments.payment(payment)["status"] == PAID
    assert webpay.questions == 1


def test_an_order_of_the_sandbox_is_not_asked_about_in_production(
    shop: Shop, webpay: Sandbox, method: Method
) -> None:
    payment = shop.pay(is_test=True)
    kept = paid_at_webpay(shop, webpay, payment)
    entry = shop.desk.ledger.read(payment)
    entry.returned = {
        **{"order": kept["order"], "transaction": kept["transaction"]},
        "at": int(shop.clock.now),
    }
    shop.desk.ledger.write(entry)
    watch.check(shop.new_desk())
    assert (webpay.questions, shop.credited(payment)) == (0, 0)


# -- the core's answers ---------------------------------------------------------------------------

WHOLE = """<doc><payment id="7"><id>7</id><status>2</status><paymethod>41</paymethod>
<paymethodamount>21.90</paymethodamount><currency>171</currency><number/><user_id>9</user_id>
<paymethod><id>41</id><name>WEBPAY</name><module>pmwebpay</module><wp_store>1</wp_store></paymethod>
<currency><id>171</id><iso>BYN</iso></currency></payment></doc>"""


def read(text: str) -> payments.StoredPayment:
    return payments._read_payment(plainxml.parse(text.encode()), 7)


def test_of_two_elements_of_a_name_the_whole_one_counts() -> None:
    one = read(WHOLE)
    assert (one.amount, one.currency, one.status, one.user_id) == (2190, "BYN", 2, "9")
    assert one.method is not None
    assert (one.method.id, one.method.fields["wp_store"]) == (41, "1")
    assert read(WHOLE.replace("pmwebpay", "pmother")).method is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<id>7</id>", "<id>8</id>"),
        ("<status>2</status>", ""),
        ("<status>2</status>", "<status>paid</status>"),
        ("<paymethodamount>21.90</paymethodamount>", ""),
        ("21.90", "21,90"),
        ("<iso>BYN</iso>", ""),
        ("<module>pmwebpay</module>", ""),
        ("<currency><id>171</id><iso>BYN</iso></currency>", ""),
        ("payment", "other"),
    ],
)
def test_an_answer_that_lacks_something_is_no_answer(old: str, new: str) -> None:
    with pytest.raises((KeyError, ValueError)):
        read(WHOLE.replace(old, new))


def test_an_answer_without_a_payment_is_a_core_that_is_away(shop: Shop) -> None:
    payment = shop.pay()
    shop.stand.sql("UPDATE payment SET status = -1 WHERE id = %s", payment)
    shop.stand.sql("UPDATE currency SET iso = '' WHERE iso = 'BYN'")
    try:
        with pytest.raises(errors.CoreUnavailable, match="KeyError"):
            shop.desk.billing.payment(payment)
    finally:
        shop.stand.sql("UPDATE currency SET iso = 'BYN' WHERE iso = ''")


def test_a_payment_that_is_there_and_not_shown_is_not_missing(shop: Shop) -> None:
    payment = shop.pay()
    shop.stand.core_faults.append(CoreFault("payment.info", kind="error"))
    with pytest.raises(errors.CoreRefused):
        shop.desk.billing.payment(payment)
    with pytest.raises(errors.PaymentMissing):
        shop.desk.billing.payment(999_999)


def test_settings_that_are_no_xml_are_none(shop: Shop) -> None:
    shop.stand.sql("UPDATE paymethod SET xmlparams = '<doc' WHERE id = %s", shop.method)
    stored = next(one for one in shop.desk.billing.methods() if one.id == shop.method)
    assert stored.fields == {}
    shop.stand.sql("UPDATE paymethod SET xmlparams = '<doc/>' WHERE id = %s", shop.method)
    assert shop.send(shop.notification(shop.pay())).status == 503


def test_a_session_of_nobody_sees_nothing(shop: Shop) -> None:
    from utils.base.secret import Secret

    payment = shop.pay(status=IN_PAY)
    nobody, client = Secret("nobody"), Secret(shop.payments.log_in(shop.client))
    billing = shop.desk.billing
    assert (billing.user_of(nobody), billing.is_shown_to(nobody, payment)) == ("", False)
    assert billing.is_shown_to(client, payment)
    assert not billing.is_shown_to(client, payment + 1)


# -- the form -------------------------------------------------------------------------------------


def form(shop: Shop, currency: object, **changes: str) -> bytes:
    fields = {**FIELDS, **changes}
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    number = f"<paymethod><currency>{currency}</currency></paymethod>"
    return f"<doc>{inner.replace('&', '&amp;')}{number}</doc>".encode()


def test_a_good_form_is_given_back_with_sealed_secrets(shop: Shop) -> None:
    for currency in (shop.payments.currency("BYN"), "", "99999"):
        said = commands.run(shop.desk, "pmvalidate", form(shop, currency))
        document = plainxml.parse(said)
        for name in ("wp_secret", "wp_test_secret"):
            assert (document.findtext(name) or "").startswith(PREFIX)
            assert FIELDS[name].encode() not in said
        assert document.findtext("wp_store") == STORE
    assert shop.desk.sealer.unseal(document.findtext("wp_secret") or "").reveal() == LIVE_SECRET


def test_a_currency_that_is_not_taken_is_refused(shop: Shop) -> None:
    said = commands.run(shop.desk, "pmvalidate", form(shop, shop.payments.currency("EUR")))
    assert b'type="payment_currency"' in said


def test_a_form_with_a_seal_of_another_key_is_refused(shop: Shop) -> None:
    said = commands.run(shop.desk, "pmvalidate", form(shop, "", wp_secret="sealed:AAAA"))
    assert b'type="webpay_secret_invalid"' in said
