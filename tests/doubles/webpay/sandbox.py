"""WEBPAY as a shop meets it (docs/en/payments.md, "The form").

Signatures are made here without the program's own code: two hands that write the same.
"""

import hashlib
import html
import itertools
import secrets
import threading
import time
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple
from urllib.parse import parse_qsl, urlencode, urlsplit
from xml.etree import ElementTree

MUST = (
    *("*scart", "wsb_version", "wsb_storeid", "wsb_order_num", "wsb_test", "wsb_currency_id"),
    *("wsb_seed", "wsb_total", "wsb_signature", "wsb_return_url", "wsb_cancel_return_url"),
    *("wsb_notify_url", "wsb_invoice_item_name[0]", "wsb_invoice_item_quantity[0]"),
    "wsb_invoice_item_price[0]",
)
CURRENCIES = ("BYN", "USD", "EUR", "RUB")
SIGNED = (
    *("batch_timestamp", "currency_id", "amount", "payment_method", "order_id", "site_order_id"),
    *("transaction_id", "payment_type", "rrn"),
)
ANSWERED = (
    *("transaction_id", "batch_timestamp", "currency_id", "amount", "payment_method"),
    *("payment_type", "order_id", "rrn"),
)
CABINET = "made-up-cabinet"
"""The password of the cabinet."""

TEST_CARD = "4341790000000051"
"""It is filled in and cannot be edited; any code and any month will do, but one."""
REFUSING_MONTH = 12
"""December of next year has a payment refused."""

GIVE_UP_S = 30.0
FIRST_NUMBER = 7_000_000_000
"""Two sandboxes do not give one number twice."""

LOCAL = ("localhost", ".localhost", ".dev")


class Order(NamedTuple):
    """An order that was taken."""

    fields: Mapping[str, str]
    number: str
    token: str


@dataclass
class Knobs:
    """What the sandbox does otherwise than well.

    `pause_s` is between a notification that was not taken and its repeat, `delay_s` before the
    first; it is sent `copies` times at once, and `again` times more after it was taken.
    `changes` replace fields before signing. `sha1` signs as orders are signed, `forged` wrongly.
    `answers_with` is the HTTP status of questions, `signs_answers` whether those are signed right.
    """

    pause_s: float = 0.05
    delay_s: float = 0.0
    copies: int = 1
    again: int = 0
    notifies: bool = True
    card: bool = False
    sha1: bool = False
    forged: bool = False
    changes: Dict[str, str] = field(default_factory=dict)
    needs_referrer: bool = True
    allows_local: bool = True
    longest_order: int = 14
    answers_with: int = 200
    signs_answers: bool = True


class Sandbox:
    """Listens from the constructor on until `close()`.

    `stores` are their secrets by number. `orders` has each order that was taken, `faults` what was
    wrong with those that were not, `sent` each notification with the answer that it got.
    """

    def __init__(
        self, stores: Mapping[str, str], login: str = "shop", password: str = CABINET
    ) -> None:
        self.stores = dict(stores)
        self.login = login
        self.password = password
        self.knobs = Knobs()
        self.orders: Dict[str, Order] = {}
        self.faults: List[str] = []
        self.sent: List[Tuple[Dict[str, str], int]] = []
        self.paid: Dict[str, Dict[str, str]] = {}
        self.questions = 0
        self._numbers = itertools.count(FIRST_NUMBER + secrets.randbelow(10**9))
        self._notifiers: List[threading.Thread] = []
        sandbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                fields = dict(parse_qsl(body.decode(), keep_blank_values=True))
                referrer = self.headers.get("Referer") or self.headers.get("Origin") or ""
                status, kind, text = sandbox._answer(self.path, fields, referrer)
                data = text.encode()
                self.send_response(status)
                self.send_header("Content-Type", f"{kind}; charset=utf-8")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def settle(self, timeout_s: float = 60) -> None:
        """Wait until every notification was taken, or given up."""
        deadline = time.monotonic() + timeout_s
        for thread in self._notifiers:
            thread.join(max(deadline - time.monotonic(), 0))
            assert not thread.is_alive(), "a notification is still on its way"

    # -- the payment page ----------------------------------------------------------------------

    def _answer(self, path: str, fields: Dict[str, str], referrer: str) -> Tuple[int, str, str]:
        if "*API" in fields:
            return self._question(fields.get("API_XML_REQUEST", ""))
        if path == "/pay":
            return 200, "text/html", self._pay(fields)
        found = list(self._wrong(fields, referrer))
        if found:
            self.faults += found
            return 400, "text/html", f"<h1>Error</h1><p>{html.escape('; '.join(found))}</p>"
        number = fields["wsb_order_num"]
        token = hashlib.sha256(number.encode()).hexdigest()[:16]
        self.orders[number] = Order(fields, number, token)
        return 200, "text/html", _card_page(self.orders[number])

    def _wrong(self, fields: Mapping[str, str], referrer: str) -> "List[str]":
        """What is wrong with an order."""
        missing = [name for name in MUST if name not in fields]
        if missing:
            return [f"missing: {name}" for name in missing]
        secret = self.stores.get(fields["wsb_storeid"])
        text = "".join(
            fields[name]
            for name in ("wsb_seed", "wsb_storeid", "wsb_order_num", "wsb_test", "wsb_currency_id")
        )
        signature = _hex("sha1", f"{text}{fields['wsb_total']}{secret}")
        price = Decimal(fields["wsb_invoice_item_price[0]"])
        quantity = Decimal(fields["wsb_invoice_item_quantity[0]"])
        total = fields["wsb_total"]
        checks = {
            "*scart is not empty": fields["*scart"] != "",
            "version": fields["wsb_version"] != "2",
            "no such store": secret is None,
            "signature": signature != fields["wsb_signature"],
            "total is no sum": Decimal(total) != price * quantity,
            "total has not two digits": total.partition(".")[2:] == ""
            or len(total.split(".")) != 2,
            "currency": fields["wsb_currency_id"] not in CURRENCIES,
            "order number is used": fields["wsb_order_num"] in self.orders,
            "order number is too long": len(fields["wsb_order_num"]) > self.knobs.longest_order,
            "language": fields.get("wsb_language_id", "russian") not in ("russian", "english"),
            "no referrer": self.knobs.needs_referrer and not referrer,
        }
        for name in ("wsb_return_url", "wsb_cancel_return_url", "wsb_notify_url"):
            parts = urlsplit(fields[name])
            host = parts.hostname or ""
            is_local = not self.knobs.allows_local and (host == "127.0.0.1" or host.endswith(LOCAL))
            checks[f"{name} is no address"] = not host or "?" in fields[name] or is_local
        return [name for name, is_wrong in checks.items() if is_wrong]

    def _pay(self, fields: Mapping[str, str]) -> str:
        """The card page was sent; the page with the result, and the notification on its way."""
        order = next(one for one in self.orders.values() if one.token == fields.get("token"))
        month, _, year = fields.get("expiry", "").partition("/")
        is_refused = (int(month or 0), int(year or 0)) == (REFUSING_MONTH, date.today().year + 1)
        if is_refused:
            query = urlencode({"wsb_order_num": order.number})
            return _result_page("Declined", f"{order.fields['wsb_cancel_return_url']}?{query}")
        notification = self.notification(order)
        self.paid[notification["transaction_id"]] = notification
        if self.knobs.notifies:
            self.start_notifying(order.fields["wsb_notify_url"], notification)
        query = urlencode(
            {"wsb_order_num": order.number, "wsb_tid": notification["transaction_id"]}
        )
        return _result_page("Paid", f"{order.fields['wsb_return_url']}?{query}")

    # -- notifications -------------------------------------------------------------------------

    def notification(self, order: Order, **changes: str) -> Dict[str, str]:
        """The signed notification of a paid order."""
        number = next(self._numbers)
        fields = {
            "batch_timestamp": str(int(time.time())),
            "currency_id": order.fields["wsb_currency_id"],
            "amount": order.fields["wsb_total"],
            "payment_method": "test" if order.fields["wsb_test"] == "2" else "cc",
            "order_id": str(number - 1_000_000_000),
            "site_order_id": order.number,
            "transaction_id": str(number),
            "payment_type": "4",
            "rrn": f"{number:012d}",
            "rc": "W0545",
            **self.knobs.changes,
            **changes,
        }
        names = SIGNED
        if self.knobs.card:
            fields["card"] = "434179xxxxxx0051"
            names = (*SIGNED, "card")
        text = "".join(fields[name] for name in names) + self.stores[order.fields["wsb_storeid"]]
        signature = _hex("sha1" if self.knobs.sha1 else "md5", text)
        fields["wsb_signature"] = signature[::-1] if self.knobs.forged else signature
        return fields

    def start_notifying(self, url: str, fields: Dict[str, str]) -> None:
        """Send a notification in the background until it is taken, with its copies and repeats."""
        for _ in range(self.knobs.copies):
            thread = threading.Thread(target=self._notify, args=(url, fields), daemon=True)
            self._notifiers.append(thread)
            thread.start()

    def _notify(self, url: str, fields: Dict[str, str]) -> None:
        time.sleep(self.knobs.delay_s)
        deadline = time.monotonic() + GIVE_UP_S
        left = 1 + self.knobs.again
        while left and time.monotonic() < deadline:
            if self.send(url, fields) == 200:
                left -= 1
            time.sleep(self.knobs.pause_s)

    def send(self, url: str, fields: Dict[str, str]) -> int:
        """Send a notification once; gives the HTTP status, 0 without an answer."""
        parts = urlsplit(url)
        connection = HTTPConnection(parts.hostname or "", parts.port or 80, timeout=60)
        try:
            connection.request(
                "POST",
                parts.path,
                urlencode(fields),
                {"Content-Type": "application/x-www-form-urlencoded"},
            )
            status = connection.getresponse().status
        except OSError:
            status = 0
        finally:
            connection.close()
        self.sent.append((fields, status))
        return status

    # -- questions -----------------------------------------------------------------------------

    def _question(self, text: str) -> Tuple[int, str, str]:
        """What is answered about a transaction."""
        self.questions += 1
        request = ElementTree.fromstring(text)  # noqa: S314  a test's own
        password = request.findtext("authorization/password")
        is_known = request.findtext("authorization/username") == self.login
        if not is_known or password != _hex("md5", self.password):
            return self.knobs.answers_with, "text/xml", _document("failed", {})
        found = self.paid.get(request.findtext("fields/transaction_id") or "")
        if found is None or request.findtext("command") != "get_transaction":
            return self.knobs.answers_with, "text/xml", _document("failed", {})
        store = self.orders[found["site_order_id"]].fields["wsb_storeid"]
        secret = self.stores[store] if self.knobs.signs_answers else "another"
        fields = {
            **{name: found[name] for name in ANSWERED},
            "order_num": found["site_order_id"],
            "wsb_signature": _hex("md5", "".join(found[name] for name in ANSWERED) + secret),
        }
        return self.knobs.answers_with, "text/xml", _document("success", fields)


def _document(status: str, fields: Mapping[str, str]) -> str:
    root = ElementTree.Element("wsb_api_response")
    for name, text in (("version", "1"), ("command", "get_transaction"), ("status", status)):
        ElementTree.SubElement(root, name).text = text
    inner = ElementTree.SubElement(root, "fields")
    for name, text in fields.items():
        ElementTree.SubElement(inner, name).text = text
    return ElementTree.tostring(root, encoding="unicode")


def _card_page(order: Order) -> str:
    return f"""<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>WEBPAY sandbox</title></head><body>
<h1>{html.escape(order.fields.get("wsb_store", ""))}</h1>
<p>{html.escape(order.fields["wsb_invoice_item_name[0]"])}:
{order.fields["wsb_total"]} {order.fields["wsb_currency_id"]}</p>
<form method="post" action="/pay">
<input type="hidden" name="token" value="{order.token}">
<input name="card" value="{TEST_CARD}" readonly>
<input name="expiry" value="11/{date.today().year + 2}"><input name="cvv" value="123">
<button type="submit">Pay</button>
</form>
<a href="{html.escape(order.fields["wsb_cancel_return_url"])}?wsb_order_num={order.number}">Back</a>
</body></html>
"""


def _result_page(title: str, url: str) -> str:
    return f"""<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>{title}</title></head><body>
<h1>{title}</h1><a href="{html.escape(url)}">Back to the site</a></body></html>
"""


def _hex(name: str, text: str) -> str:
    return hashlib.new(name, text.encode()).hexdigest()


def refusing_expiry() -> str:
    """The month and year that the sandbox refuses."""
    return f"{REFUSING_MONTH}/{date.today().year + 1}"


def find(orders: Mapping[str, Order], payment_number: str) -> Optional[Order]:
    """The last order whose position names that payment."""
    found = [
        one for one in orders.values() if payment_number in one.fields["wsb_invoice_item_name[0]"]
    ]
    return found[-1] if found else None
