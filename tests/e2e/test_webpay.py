"""Payments through the real scripts: the customer's way, notifications over HTTP, rounds."""

import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Dict, Iterator, Tuple
from urllib.parse import urlencode

import pytest

from tests import PATIENCE_S, ROOT
from tests.doubles.billmanager import CoreFault, Stand
from tests.doubles.billmanager.payments import CANCELLED, IN_PAY, PAID, STARTED
from tests.doubles.webpay.sandbox import refusing_expiry
from tests.e2e.shop import AMOUNT, LIVE_SECRET, SECRET, WholeShop, whole_shop


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    """One BILLmanager for all tests here."""
    with Stand() as one:
        yield one


@pytest.fixture
def shop(stand: Stand) -> Iterator[WholeShop]:
    """A shop of its own, which has leaked nothing at its end."""
    with whole_shop(stand) as one:
        yield one
    stand.core_faults.clear()
    assert stand.leaks == []
    for secret in (LIVE_SECRET, SECRET, one.session):
        assert secret not in stand.log


def test_from_the_panel_to_webpay_and_back_paid_once(shop: WholeShop) -> None:
    payment = shop.add_payment()
    browser = shop.browser()
    shop.webpay.knobs.copies, shop.webpay.knobs.again = 2, 1
    card = shop.order(browser, payment)
    assert shop.webpay.faults == []
    assert (card.status, AMOUNT in card.text) == (200, True)
    assert shop.status(payment) == IN_PAY
    result = browser.press()
    assert result.title == "Paid"
    shop.webpay.settle()
    assert [status for _, status in shop.webpay.sent if status != 503] == [200] * 4
    back = browser.follow()
    assert f"func=payment.success&elid={payment}" in back.url
    assert shop.status(payment) == PAID
    assert len(shop.payments.credited(payment)) == 1
    assert shop.payments.balance(shop.client) == AMOUNT


def test_who_comes_back_before_the_notification_is_promised_nothing(shop: WholeShop) -> None:
    payment = shop.add_payment()
    browser = shop.browser("en")
    shop.webpay.knobs.notifies = False
    shop.order(browser, payment)
    browser.press()
    assert "func=payment.pending" in browser.follow().url
    assert shop.status(payment) == IN_PAY
    again = browser.open(f"{shop.web.url}/mancgi/webpaypayment?elid={payment}")
    assert again.title == "On to the payment", "he may have closed the page"


@pytest.mark.parametrize(
    ("knobs", "answer"),
    [
        ({"forged": True}, 403),
        ({"sha1": True}, 400),
        ({"changes": {"currency_id": "USD"}}, 200),
        ({"changes": {"payment_method": "test"}}, 200),
    ],
)
def test_a_notification_that_is_not_right_credits_nothing(
    shop: WholeShop, knobs: Dict[str, Any], answer: int
) -> None:
    payment, _ = paid_unnoticed(shop)
    vars(shop.webpay.knobs).update(knobs)
    order = next(reversed(list(shop.webpay.orders.values())))
    fields = shop.webpay.notification(order)
    shop.payments.edit_method(shop.method, wp_test="off" if "changes" in knobs else "on")
    assert shop.webpay.send(order.fields["wsb_notify_url"], fields) == answer
    assert (shop.status(payment), shop.payments.credited(payment)) == (IN_PAY, [])


def test_a_refused_card_cancels_nothing(shop: WholeShop) -> None:
    payment = shop.add_payment()
    browser = shop.browser()
    shop.order(browser, payment)
    assert browser.press(expiry=refusing_expiry()).title == "Declined"
    assert "func=payment.fail" in browser.follow().url
    assert shop.status(payment) == IN_PAY
    shop.order(browser, payment)
    browser.press()
    shop.webpay.settle()
    assert shop.status(payment) == PAID


def paid_unnoticed(shop: WholeShop) -> Tuple[int, bytes]:
    """A payment that was paid at WEBPAY, and the notification that was not sent."""
    payment = shop.add_payment()
    shop.webpay.knobs.notifies = False
    browser = shop.browser()
    shop.order(browser, payment)
    browser.press()
    (notification,) = shop.webpay.paid.values()
    return payment, urlencode(notification).encode()


def test_ten_at_once_book_once(shop: WholeShop) -> None:
    payment, body = paid_unnoticed(shop)
    with ThreadPoolExecutor(10) as pool:
        answers = pool.map(lambda _: shop.stand.cgi("webpayresult", body=body).status, range(10))
    assert set(answers) == {200}
    assert len(shop.payments.credited(payment)) == 1


def test_killed_while_the_core_books_it_is_booked_once(shop: WholeShop) -> None:
    payment, body = paid_unnoticed(shop)
    shop.stand.core_faults.append(CoreFault("payment.setpaid", kind="hang"))
    environment = {
        **{"PATH": "/usr/bin:/bin", "REQUEST_METHOD": "POST", "QUERY_STRING": ""},
        "CONTENT_LENGTH": str(len(body)),
    }
    process = subprocess.Popen(
        [shop.stand.root / "cgi/webpayresult"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin is not None
    process.stdin.write(body)
    process.stdin.close()
    deadline = time.monotonic() + 30
    while not any(
        call.args.get("elid") == str(payment) for call in shop.stand.called("payment.setpaid")
    ):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    assert process.stdout.read() == b""
    process.stdout.close()
    assert shop.stand.cgi("webpayresult", body=body).status == 503, "it may still take effect"
    shop.payments.functions()["payment.setpaid"](
        {"elid": str(payment), "externalid": next(iter(shop.webpay.paid))}
    )
    assert shop.stand.cgi("webpayresult", body=body).status == 200
    assert len(shop.payments.credited(payment)) == 1


# -- what is not the customer's -------------------------------------------------------------------


def test_the_payment_page_is_guarded(shop: WholeShop) -> None:
    payment = shop.add_payment()
    page = shop.browser().open(f"{shop.web.url}/mancgi/webpaypayment?elid={payment}")
    policy = dict(
        rule.strip().partition(" ")[::2]
        for rule in page.headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["form-action"] == shop.webpay.url.rstrip("/")
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert re.fullmatch(r"'sha256-[A-Za-z0-9+/=]{44}'", policy["script-src"])
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert page.forms[0].fields["wsb_store"] == 'ООО "Облако" & Co <b>'
    assert "<b>" not in page.text
    for secret in (SECRET, LIVE_SECRET, shop.session, "payer@example.com"):
        assert secret not in page.text


PAGES = {
    "pay": (STARTED, 200, {"ru": "Переход к оплате", "en": "On to the payment"}),
    "closed": (CANCELLED, 200, {}),
    "foreign": (None, 404, {}),
}
"""A page by the status of the payment, None for one that is not there; with its HTTP status."""


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_each_page_is_in_the_client_s_language_guarded_and_works_without_scripts(
    shop: WholeShop, name: str, language: str
) -> None:
    payment_status, status, titles = PAGES[name]
    payment = 999_999 if payment_status is None else shop.add_payment()
    if payment_status is not None:
        shop.payments.set_status(payment, payment_status)
    page = shop.browser(language).open(f"{shop.web.url}/mancgi/webpaypayment?elid={payment}")
    assert (page.status, f'<html lang="{language}">' in page.text) == (status, True)
    assert page.title == titles.get(language, page.title) != ""
    has_russian = bool(re.search("[а-я]{4}", re.sub(r'value="[^"]*"', "", page.text)))
    assert has_russian == (language == "ru")
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["Cache-Control"] == "no-store"
    if name == "pay":
        # The script only presses the button; the form is whole without it.
        plain = re.sub(r"<script>.*?</script>", "", page.text, flags=re.DOTALL)
        assert len(re.findall('<button type="submit">[^<]+</button>', plain)) == 1
        assert (
            page.forms[0].fields["wsb_language_id"] == {"ru": "russian", "en": "english"}[language]
        )
    else:
        assert (list(page.forms), "form-action 'none'" in policy) == ([], True)


STRANGERS: Dict[str, Dict[str, str]] = {
    "no session": {"cookie": ""},
    "a session of nobody": {"cookie": "billmgrses5=0123456789abcdef"},
    "a session that is none": {"cookie": "billmgrses5=../../x y"},
}


@pytest.mark.parametrize("name", STRANGERS)
def test_without_a_session_nothing_is_begun(shop: WholeShop, name: str) -> None:
    payment = shop.add_payment()
    answer = shop.stand.cgi("webpaypayment", query=f"elid={payment}", **STRANGERS[name])
    assert answer.status == 403
    assert "wsb_" not in answer.body
    assert shop.status(payment) == STARTED


def test_somebody_else_s_payment_looks_like_none(shop: WholeShop) -> None:
    other = shop.stand.add_account("Other", emails=["other@example.com"])
    theirs = shop.add_payment(account=other)
    cookie = f"billmgrses5={shop.session}"
    said = [
        shop.stand.cgi("webpaypayment", query=f"elid={number}", cookie=cookie)
        for number in (theirs, 999_999)
    ]
    assert [one.status for one in said] == [404, 404]
    assert said[0].body == said[1].body
    assert shop.status(theirs) == STARTED


def test_a_cancelled_payment_is_not_begun(shop: WholeShop) -> None:
    payment = shop.add_payment()
    shop.payments.set_status(payment, CANCELLED)
    answer = shop.stand.cgi(
        "webpaypayment", query=f"elid={payment}", cookie=f"billmgrses5={shop.session}"
    )
    assert (answer.status, "wsb_" in answer.body) == (200, False)


# -- lost notifications ---------------------------------------------------------------------------


def test_a_lost_notification_is_found_by_asking(shop: WholeShop) -> None:
    shop.payments.edit_method(shop.method, wp_login="shop", wp_password="made-up-cabinet")
    payment = shop.add_payment()
    shop.webpay.knobs.notifies = False
    browser = shop.browser()
    shop.order(browser, payment)
    browser.press()
    browser.follow()
    shop.webpay.knobs.signs_answers = False
    run = shop.stand.run_payment("checkpay")
    assert (run.exit_code, run.stdout) == (0, b"")
    assert shop.status(payment) == IN_PAY, "an answer that is not signed is not believed"
    shop.webpay.knobs.signs_answers = True
    for _ in range(PATIENCE_S):  # the pause is as long as all that went before
        shop.stand.run_payment("checkpay")
        if shop.status(payment) == PAID:
            break
        time.sleep(1)
    shop.stand.run_payment("checkpay")
    assert shop.status(payment) == PAID
    assert len(shop.payments.credited(payment)) == 1


def test_what_was_kept_is_told_to_staff_once(shop: WholeShop) -> None:
    shop.stand.add_module("https://cloud.example.com", "admin", "made-up-password")
    payment = shop.add_payment()
    shop.webpay.knobs.changes = {"amount": "0.01"}
    browser = shop.browser()
    shop.order(browser, payment)
    browser.press()
    shop.webpay.settle()
    for _ in range(2):
        assert shop.stand.run_payment("checkpay").exit_code == 0
    told = [
        one["specification"]
        for one in shop.stand.tasks()
        if f"payment {payment}:" in (one["specification"] or "")
    ]
    assert len(told) == 1
    assert "0.01 BYN" in told[0]
    assert shop.status(payment) == IN_PAY


# -- BILLmanager's own calls ----------------------------------------------------------------------


FORM = """<doc><wp_store>{store}</wp_store><wp_secret>{secret}</wp_secret>
<wp_public_url>https://billing.example.com</wp_public_url>
<paymethod><currency>{currency}</currency></paymethod></doc>"""


def test_a_form_is_given_back_sealed_and_taken_again(shop: WholeShop) -> None:
    byn = shop.payments.currency("BYN")
    form = FORM.format(store="1", secret="made-up-form-secret", currency=byn)
    run = shop.stand.run_payment("pmvalidate", form)
    sealed = run.check().xml.findtext("wp_secret") or ""
    assert sealed.startswith("sealed:")
    assert b"made-up-form-secret" not in run.stdout
    again = shop.stand.run_payment("pmvalidate", run.stdout)
    assert again.check().xml.findtext("wp_secret") == sealed
    shop.payments.edit_method(
        shop.method, wp_store="1", wp_secret=sealed, wp_test="off", wp_test_secret=""
    )
    payment = shop.add_payment()
    shop.webpay.stores["1"] = "made-up-form-secret"
    browser = shop.browser()
    shop.order(browser, payment)
    assert shop.webpay.faults == []
    browser.press()
    shop.webpay.settle()
    assert shop.status(payment) == PAID


def test_what_is_wrong_with_a_form_is_an_error_document(shop: WholeShop) -> None:
    usd = shop.payments.currency("USD")
    run = shop.stand.run_payment(
        "pmvalidate", FORM.format(store="1", secret="x" * 12, currency=usd)
    )
    assert (run.exit_code, run.error_type, run.error_value) == (0, "payment_currency", "USD")
    assert shop.stand.run_payment("refund").error_type == "unknown_command"


def test_the_config_names_the_payment_script(shop: WholeShop) -> None:
    document = shop.stand.run_payment("config").check().xml
    assert document.findtext("param/payment_script") == "/mancgi/webpaypayment"
    assert [one.tag for one in document.findall("feature/*")] == [
        *("redirect", "notneedprofile", "pmvalidate", "checkpay"),
    ]


# -- a load ---------------------------------------------------------------------------------------


@pytest.mark.long
def test_under_load_each_payment_is_credited_once() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.tools.load", "200", "10"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
