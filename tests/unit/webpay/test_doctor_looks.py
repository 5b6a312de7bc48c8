"""The doctor looks at payments: what is wrong is found, what is well is not complained of."""

import http.server
import threading
import time
from email.utils import formatdate
from typing import Any, Callable, Dict, Iterator, Set
from urllib.error import URLError

import pytest

from tests.doubles.billmanager import CoreFault, Stand, Web
from tests.unit.webpay.conftest import FIELDS, Shop
from utils import doctor
from utils.doctor import payments
from utils.doctor.findings import ADVICE, FAULT, OK, run
from utils.host.root import Host
from utils.run.call import Call
from utils.run.context import Context
from utils.webpay import intake, outside, staff


def found(stand: Stand, verdict: str, checks: Any = payments.CHECKS) -> Set[str]:
    """The findings of that verdict about all payments."""
    subject = payments.Payments(Context(Call(), Host(str(stand.root))))
    return {one.name for one in run(checks, subject, set()) if one.verdict == verdict}


def of_method(shop: Shop, verdict: str) -> Set[str]:
    """The findings of that verdict about the shop's method."""
    subject = payments.Payments(Context(Call(), Host(str(shop.stand.root))))
    stored = next(one for one in subject.stored if one.id == shop.method)
    one = payments.OneMethod(subject, stored)
    return {it.name for it in run(payments.OF_METHOD, one, set()) if it.verdict == verdict}


@pytest.fixture(autouse=True)
def _away(monkeypatch: pytest.MonkeyPatch) -> None:
    """WEBPAY and the panel answer, as they should."""

    def look(_desk: Any, url: str) -> outside.Answer:
        status = 405 if url.endswith("webpayresult") else 200
        return outside.Answer(status, "only POST", formatdate(time.time()))

    monkeypatch.setattr(outside, "look", look)


def test_a_billmanager_without_methods_is_well(stand: Stand) -> None:
    stand.sql("DELETE FROM payment")
    stand.sql("DELETE FROM paymethod")
    assert found(stand, FAULT) == found(stand, ADVICE) == set()
    assert "webpay_unseen" in found(stand, OK)


def test_payments_that_are_not_installed_are_not_looked_at(stand: Stand) -> None:
    context = Context(Call(), Host(str(stand.root)))
    names = {group.name for group in doctor._of_payments(payments.Payments(context), set())}
    assert "payments" in names
    (stand.root / "paymethods/pmwebpay").rename(stand.root / "tmp/pmwebpay")
    assert doctor._of_payments(payments.Payments(context), set()) == []
    (stand.root / "tmp/pmwebpay").rename(stand.root / "paymethods/pmwebpay")


def test_a_script_that_is_not_there_is_a_fault(stand: Stand) -> None:
    (stand.root / "cgi/webpayresult").chmod(0o644)
    assert found(stand, FAULT) >= {"payment_script_missing"}
    (stand.root / "cgi/webpayresult").chmod(0o755)


@pytest.mark.parametrize("name", ["forms_missing", "forms_other"])
def test_a_form_that_is_not_of_this_version_is_a_fault(stand: Stand, name: str) -> None:
    path = stand.root / "etc/xml/billmgr_mod_pmwebpay.xml"
    content = path.read_bytes()
    assert not found(stand, FAULT) & {"forms_missing", "forms_other"}
    path.unlink()
    if name == "forms_other":
        path.write_bytes(content + b"\n")
    assert name in found(stand, FAULT)
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def test_methods_of_which_nobody_is_told_are_a_fault(shop: Shop) -> None:
    shop.stand.sql("UPDATE processingmodule SET department = NULL")
    assert "payment_untold" in found(shop.stand, FAULT)
    shop.stand.add_module("https://cloud.example.com", "admin", "made-up-password")
    assert "payment_untold" not in found(shop.stand, FAULT)


def cut_off(shop: Shop) -> None:
    shop.stand.core_faults.append(CoreFault("payment.setpaid", kind="exit1"))
    assert shop.send(shop.notification(shop.pay())).status == 503


def behind(shop: Shop) -> None:
    payment = shop.pay()
    shop.payments.loses_bookings = True
    for _ in range(2):
        assert shop.send(shop.notification(payment)).status == 503
    shop.payments.loses_bookings = False
    tell(shop, payment, intake.STUCK)


def in_hand(shop: Shop) -> None:
    payment = shop.pay()
    shop.payments.loses_bookings = True
    assert shop.send(shop.notification(payment)).status == 503
    shop.payments.loses_bookings = False
    tell(shop, payment, intake.STUCK)


def tell(shop: Shop, payment: int, why: str) -> None:
    """Staff was told of that."""
    entry = shop.desk.ledger.read(payment)
    for one in entry.kept:
        one["told"] = one["told"] or one["why"] == why
    shop.desk.ledger.write(entry)


def asked_about(shop: Shop) -> None:
    shop.payments.edit_method(shop.method, wp_login="shop", wp_password="made-up-cabinet")
    assert shop.send(shop.notification(shop.pay(), rrn="1")).status == 200


def untold(shop: Shop) -> None:
    assert shop.send(shop.notification(shop.pay(), amount="1.00")).status == 200


HOUR_S = 3600
WAITS = (
    (untold, payments.ROUND_S - 60, set()),
    (untold, payments.ROUND_S + 60, {"payment_waiting"}),
    (asked_about, payments.ROUND_S + 60, set()),
    (asked_about, 24 * HOUR_S + payments.ROUND_S - 60, set()),
    (asked_about, 24 * HOUR_S + payments.ROUND_S + 60, {"payment_waiting"}),
    (cut_off, payments.ROUND_S + 60, set()),
    (cut_off, payments.ROUND_S + intake.UNKNOWN_S + 60, {"payment_waiting"}),
    (in_hand, 10 * HOUR_S, {"payment_in_hand"}),
    (behind, payments.ROUND_S + 60, {"payment_in_hand"}),
    (behind, payments.ROUND_S + staff.BEHIND_S + 60, {"payment_waiting"}),
)
"""What was begun, how long ago, and what the doctor finds: what waits by design is no fault."""


@pytest.mark.parametrize(("begin", "ago_s", "names"), WAITS)
def test_what_no_round_has_ended_is_a_fault(
    shop: Shop, begin: Callable[[Shop], None], ago_s: int, names: Set[str]
) -> None:
    for number in shop.desk.ledger.pending():
        (shop.stand.root / f"var/pmwebpay/pending/{number}.json").unlink()
    shop.clock.now = time.time() - ago_s
    begin(shop)
    seen = found(shop.stand, FAULT) | found(shop.stand, ADVICE)
    assert seen & {"payment_waiting", "payment_in_hand"} == names


def test_the_last_notification_is_told(shop: Shop) -> None:
    (shop.stand.root / "var/pmwebpay/seen").unlink(missing_ok=True)
    assert "payment_never_notified" in found(shop.stand, ADVICE)
    shop.send(shop.notification(shop.pay()))
    assert "payment_never_notified" not in found(shop.stand, ADVICE)


@pytest.mark.parametrize(
    ("changes", "verdict", "name"),
    [
        ({}, ADVICE, "payment_in_clear"),
        ({"wp_secret": ""}, FAULT, "method_unset"),
        ({"wp_store": ""}, FAULT, "method_unset"),
        ({"wp_secret": "sealed:AAAA"}, FAULT, "secret_broken"),
        ({"wp_test_secret": FIELDS["wp_secret"]}, FAULT, "webpay_secrets_equal"),
        ({"wp_test": "on"}, ADVICE, "payment_test_mode"),
        ({"wp_currencies": "USD"}, FAULT, "payment_currency"),
        ({"wp_public_url": ""}, ADVICE, "payment_no_address"),
    ],
)
def test_what_is_wrong_with_a_method_is_found(
    shop: Shop, changes: Dict[str, str], verdict: str, name: str
) -> None:
    shop.payments.edit_method(shop.method, **changes)
    assert name in of_method(shop, verdict)
    shop.payments.edit_method(shop.method, **FIELDS)


def test_a_method_that_is_off_is_to_know(shop: Shop) -> None:
    shop.stand.sql("UPDATE paymethod SET active = 'off' WHERE id = %s", shop.method)
    assert "payment_off" in of_method(shop, ADVICE)


def test_a_sealed_method_whose_scripts_answer_is_well(shop: Shop) -> None:
    from utils.base.secret import Secret

    sealed = {
        name: shop.desk.sealer.seal(Secret(FIELDS[name]))
        for name in ("wp_secret", "wp_test_secret")
    }
    shop.payments.edit_method(shop.method, **sealed)
    assert of_method(shop, FAULT) == of_method(shop, ADVICE) == set()


@pytest.mark.parametrize(
    ("answer", "verdict", "name"),
    [
        (outside.Answer(200, "only POST\n"), FAULT, "payment_status_lost"),
        (outside.Answer(301, ""), FAULT, "payment_unreachable"),
        (outside.Answer(404, "not here"), FAULT, "payment_unreachable"),
        (outside.Answer(0, "refused"), FAULT, "payment_unreachable"),
        (outside.Answer(0, "refused"), ADVICE, "webpay_away"),
        (outside.Answer(405, "", "no date"), ADVICE, "webpay_away"),
        (outside.Answer(405, "", formatdate(0)), ADVICE, "payment_clock_differs"),
    ],
)
def test_what_is_wrong_outside_is_found(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, answer: outside.Answer, verdict: str, name: str
) -> None:
    monkeypatch.setattr(outside, "look", lambda _desk, _url: answer)
    assert name in of_method(shop, verdict)


# -- requests of our own --------------------------------------------------------------------------


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers the status that the path names; 302 leads back to a good page."""

    def do_GET(self) -> None:
        status = int(self.path[1:])
        self.send_response(status)
        self.send_header("Location", "/200")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("status", [200, 302, 405, 503])
def test_a_look_tells_any_status_and_follows_nothing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, url: str, status: int
) -> None:
    monkeypatch.undo()
    answer = outside.look(shop.desk, f"{url}/{status}")
    assert (answer.status, answer.text) == (status, "ok")
    assert answer.date


def test_a_form_is_answered_or_an_error(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.undo()
    assert outside.post(shop.desk, f"{url}/200", b"a=1") == b"ok"
    for where in (f"{url}/302", f"{url}/500", "http://127.0.0.1:1/"):
        with pytest.raises(URLError):
            outside.post(shop.desk, where, b"a=1")
    assert outside.look(shop.desk, "http://127.0.0.1:1/").status == 0
    assert outside.look(shop.desk, "nowhere").status == 0


def test_the_receiver_itself_answers_a_look_as_it_should(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    with Web(shop.stand.root) as web:
        answer = outside.look(shop.desk, f"{web.url}/mancgi/webpayresult")
    assert (answer.status, answer.text) == (payments.REFUSAL, "only POST\n")
