"""A shop that sells with WEBPAY, whole: the stand, its web server, the sandbox, a customer."""

from contextlib import contextmanager
from typing import Iterator, Optional

from tests.doubles.billmanager import ORDERED, Stand, Web
from tests.doubles.webpay import Browser, Page, Sandbox

STORE, SECRET = "11111111", "made-up-sandbox-secret"
LIVE_STORE, LIVE_SECRET = "987654321", "made-up-live-secret"
AMOUNT = "21.90"


def add_method(stand: Stand, webpay: Sandbox) -> int:
    """A payment method in test mode, as staff makes one."""
    stand.secrets += [LIVE_SECRET, SECRET]
    return stand.payments.add_method(
        wp_store=LIVE_STORE,
        wp_secret=LIVE_SECRET,
        wp_test="on",
        wp_test_store=STORE,
        wp_test_secret=SECRET,
        wp_shop='ООО "Облако" & Co <b>',
        wp_pay_url=webpay.url,
        wp_query_url=webpay.url,
    )


class WholeShop:
    """One payment method in test mode, one client with a session."""

    def __init__(
        self, stand: Stand, web: Web, webpay: Sandbox, client: Optional[int] = None
    ) -> None:
        self.stand = stand
        self.web = web
        self.webpay = webpay
        self.payments = stand.payments
        self.client = client or stand.add_account("Payer", emails=["payer@example.com"])
        self.method = add_method(stand, webpay)
        self.session = self.payments.log_in(self.client)

    def add_payment(self, amount: str = AMOUNT, account: Optional[int] = None) -> int:
        """A payment whose client is about to be sent to the payment script."""
        return self.payments.add_payment(
            account or self.client, self.method, amount, manager_url=f"{self.web.url}/billmgr"
        )

    def browser(self, language: str = "ru") -> Browser:
        """The client's browser, in which he is logged in at the panel."""
        cookies = {"billmgrses5": self.session, "billmgrlang5": f"orion:{language}"}
        return Browser(self.web.url, cookies)

    def order(self, browser: Browser, payment: int) -> Page:
        """The client presses "Pay" in the panel, and the button of the page: WEBPAY's card page."""
        page = browser.open(f"{self.web.url}/mancgi/webpaypayment?elid={payment}")
        assert page.status == 200, page
        return browser.press()

    def order_unpaid(self, item: int, cost: str = AMOUNT) -> None:
        """A service waits for its money: BILLmanager opens it when that is there."""
        self.stand.set_status(item, ORDERED)
        self.stand.sql("UPDATE item SET cost = %s WHERE id = %s", cost, item)

    def status(self, payment: int) -> int:
        """The status of a payment."""
        return int(self.payments.payment(payment)["status"])


@contextmanager
def whole_shop(stand: Stand, client: Optional[int] = None) -> Iterator[WholeShop]:
    """A shop on the stand, with that client or one of its own."""
    with Web(stand.root) as web, Sandbox({STORE: SECRET, LIVE_STORE: LIVE_SECRET}) as webpay:
        yield WholeShop(stand, web, webpay, client)
