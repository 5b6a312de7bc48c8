"""The sandbox refuses what WEBPAY refuses, and sends what WEBPAY sends."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Dict, Iterator, List
from urllib.parse import parse_qsl

import pytest

from tests.doubles.webpay import Order, Sandbox
from tests.doubles.webpay.sandbox import _hex
from tests.unit.webpay import vectors
from utils.base.secret import Secret
from utils.webpay import protocol

STORE = vectors.GUIDE["wsb_storeid"]


@pytest.fixture
def webpay() -> Iterator[Sandbox]:
    with Sandbox({STORE: vectors.KEY}) as one:
        yield one


def order(**changes: str) -> Dict[str, str]:
    """The order of WEBPAY's guide, with what a form has beside the signed fields."""
    url = "https://billing.example.com/mancgi"
    return {
        **vectors.GUIDE,
        **{"*scart": "", "wsb_version": "2", "wsb_signature": vectors.ORDERS[0][2]},
        **{"wsb_return_url": f"{url}/a", "wsb_cancel_return_url": f"{url}/b"},
        "wsb_notify_url": f"{url}/c",
        "wsb_invoice_item_name[0]": "Payment",
        "wsb_invoice_item_quantity[0]": "1",
        "wsb_invoice_item_price[0]": "21.90",
        **changes,
    }


def test_the_order_of_the_guide_is_taken(webpay: Sandbox) -> None:
    assert webpay._wrong(order(), "https://billing.example.com/") == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"wsb_total": "21.9"}, "signature"),
        ({"wsb_signature": vectors.OF_SHA1}, "signature"),
        ({"wsb_storeid": "5"}, "no such store"),
        ({"*scart": "1"}, "*scart is not empty"),
        ({"wsb_version": "1"}, "version"),
        ({"wsb_invoice_item_price[0]": "10"}, "total is no sum"),
        ({"wsb_invoice_item_quantity[0]": "2"}, "total is no sum"),
        ({"wsb_currency_id": "GBP"}, "currency"),
        ({"wsb_order_num": "ORDER-123456789"}, "order number is too long"),
        ({"wsb_language_id": "ru"}, "language"),
        ({"wsb_notify_url": "/mancgi/c"}, "wsb_notify_url is no address"),
        ({"wsb_return_url": "https://a.example.com/?x=1"}, "wsb_return_url is no address"),
    ],
)
def test_an_order_that_is_wrong_is_refused(
    webpay: Sandbox, changes: Dict[str, str], fault: str
) -> None:
    assert fault in webpay._wrong(order(**changes), "https://billing.example.com/")


def test_what_a_form_must_have_is_missed(webpay: Sandbox) -> None:
    fields = order()
    del fields["wsb_seed"]
    assert webpay._wrong(fields, "x") == ["missing: wsb_seed"]
    assert webpay._wrong(order(), "") == ["no referrer"]
    webpay.knobs.allows_local = False
    local = order(wsb_notify_url="http://127.0.0.1/c")
    assert webpay._wrong(local, "x") == ["wsb_notify_url is no address"]


def test_an_order_number_is_taken_once(webpay: Sandbox) -> None:
    number = vectors.GUIDE["wsb_order_num"]
    webpay.orders[number] = Order(order(), number, "")
    assert webpay._wrong(order(), "x") == ["order number is used"]


@pytest.mark.parametrize("card", [False, True])
def test_a_notification_is_signed_as_the_guide_says(webpay: Sandbox, card: bool) -> None:
    webpay.knobs.card = card
    fields = webpay.notification(Order(order(), "B1-ABE", ""))
    assert protocol.match(fields, Secret(vectors.KEY)) == (True, card)
    webpay.knobs.forged = True
    assert not protocol.fits(webpay.notification(Order(order(), "B1-ABE", "")), Secret(vectors.KEY))
    webpay.knobs.forged, webpay.knobs.sha1 = False, True
    assert len(webpay.notification(Order(order(), "B1-ABE", ""))["wsb_signature"]) == 40


def test_digests_are_those_of_the_worked_examples() -> None:
    text = "".join(vectors.FIRST[name] for name in protocol.NOTIFICATION_SIGNED) + vectors.KEY
    assert _hex("md5", text) == vectors.NOTIFICATIONS[1][3]
    assert _hex("sha1", text) == vectors.OF_SHA1


@pytest.fixture
def shop() -> Iterator[Any]:
    """A receiver that takes a notification at the third time; `shop.came` is what came."""

    class Shop(BaseHTTPRequestHandler):
        came: List[Dict[str, str]] = []

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.came.append(dict(parse_qsl(body.decode())))
            self.send_response(200 if len(self.came) > 2 else 503)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    server.came = Shop.came
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_notification_is_repeated_until_it_is_taken(webpay: Sandbox, shop: Any) -> None:
    webpay.knobs.again = 1
    webpay.start_notifying(f"http://127.0.0.1:{shop.server_port}/x", {"a": "1"})
    webpay.settle()
    assert [status for _, status in webpay.sent] == [503, 503, 200, 200]
    assert shop.came == [{"a": "1"}] * 4
