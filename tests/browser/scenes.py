"""The pages that there are to look at, each in the states that it has.

What the tests ask of a page they ask of each scene, and the pictures of the guide are scenes.
"""

from typing import Callable, Dict, NamedTuple, Optional

from playwright.sync_api import Route

from tests.browser.client import PRICE
from tests.browser.look import Look
from tests.browser.played import CLIENT, OTHER
from tests.doubles.billmanager.payments import PAID

WRONG_PASSWORD = "wrong-by-one-letter"
Act = Callable[[Look], None]


class Scene(NamedTuple):
    """A page of the panel: its function, how one gets there, and who looks.

    Without `act` the function is just opened. `is_empty` is a panel that knows nothing yet. `page`
    is the document whose step it shows, "" for none, and `part` what of it stands in the picture.
    """

    func: str
    act: Optional[Act] = None
    who: Optional[str] = None
    is_empty: bool = False
    page: str = ""
    part: str = "main"

    def play(self, look: Look) -> None:
        """Leads somebody there."""
        look.enter(self.who)
        if self.act is None:
            look.go(self.func)
        else:
            self.act(look)


def opened(func: str, **params: object) -> Act:
    """A function of the panel, opened."""
    return lambda look: look.go(func, **params)


def item(look: Look, place: int, who: str = CLIENT) -> int:
    """A service of a client, by its place in his list."""
    account = look.place.who(who).account
    rows = look.place.stand.sql(
        "SELECT id FROM item WHERE account = %s AND parent IS NULL ORDER BY id", account
    )
    return int(rows[place]["id"])


def of_item(func: str, place: int = 0, who: str = CLIENT) -> Act:
    """A function of the panel, opened for a service."""
    return lambda look: look.go(func, elid=item(look, place, who))


def _wrong_password(look: Look) -> None:
    look.go("processing.edit")
    look.fill(base_url=look.place.cloud.url, nc_username="admin", nc_password=WRONG_PASSWORD)
    look.press(look.say("save"))
    assert look.error


def _known_tariff(look: Look) -> None:
    look.go("pricelist.edit", elid=look.place.small())


def _no_number(look: Look) -> None:
    _known_tariff(look)
    look.fill(own_gib="much")
    look.press(look.say("save"))
    assert look.error


def _store_forgotten(look: Look) -> None:
    look.go("paymethod.edit")
    look.fill(wp_secret="made-up-secret-of-a-store")
    look.press(look.say("save"))
    assert look.error


def _too_small(look: Look) -> None:
    look.go("resize", elid=item(look, 0))
    look.fill(gib="6")
    look.press(look.say("resize_save"))
    assert look.error


def _typed_differently(look: Look) -> None:
    look.go("pmnextcloud.password", elid=item(look, 0))
    look.fill(password="Made-up-1", again="Made-up-2")
    words = look.place.panel.plugins.labels("pmnextcloud.password", look.language)
    look.press(words["msg_ok"])
    assert look.error


def _sent_to_pay(look: Look) -> None:
    """The page that leads on to WEBPAY, held there: WEBPAY answers that there is nothing."""
    place = look.place

    def hold(route: Route) -> None:
        route.fulfill(status=204)

    account, method = place.who(CLIENT).account, place.panel.method
    assert account is not None
    assert method is not None
    payment = place.stand.payments.add_payment(
        account, method, PRICE, manager_url=place.panel.address
    )
    look.page.route(f"{place.webpay.url}**", hold)
    address = f"{place.panel.url}/mancgi/webpaypayment?elid={payment}"
    look.page.goto(address, wait_until="commit")
    look.page.locator("button").wait_for()


def _paid(look: Look) -> None:
    place = look.place
    account, method = place.who(CLIENT).account, place.panel.method
    assert account is not None
    assert method is not None
    place.stand.sql("DELETE FROM payment")
    place.stand.payments.add_payment(account, method, PRICE, status=PAID)
    look.go("payment.success")


def _client(func: str, act: Optional[Act] = None, page: str = "", part: str = "main") -> Scene:
    return Scene(func, act, CLIENT, page=page, part=part)


def _nothing_yet(func: str, who: Optional[str] = None) -> Scene:
    return Scene(func, who=who, is_empty=True)


SERVICE, PASSWORD = "pmnextcloud.page", "pmnextcloud.password"

SCENES: Dict[str, Scene] = {
    "start": _nothing_yet("start"),
    "missing": _nothing_yet("nothing"),
    "denied": _nothing_yet("task", CLIENT),
    # the module
    "module-none": _nothing_yet("processing"),
    "module-form": Scene("processing.edit", is_empty=True, page="product.md"),
    "module-error": Scene("processing.edit", _wrong_password, is_empty=True, page="product.md"),
    "module-saved": Scene("processing", opened("processing", told="module_saved")),
    # the tariff
    "tariff-none": _nothing_yet("pricelist"),
    "tariff-form": Scene("pricelist.edit", _known_tariff, page="product.md"),
    "tariff-error": Scene("pricelist.edit", _no_number),
    "tariff-saved": Scene("pricelist", opened("pricelist", told="tariff_saved")),
    # the payment method
    "methods-none": _nothing_yet("paymethod"),
    "method-form": Scene("paymethod.edit", is_empty=True, page="selling.md"),
    "method-error": Scene("paymethod.edit", _store_forgotten, is_empty=True),
    "methods": Scene("paymethod"),
    # the purchase
    "order-none": _nothing_yet("order", CLIENT),
    "order": _client("order", page="selling.md"),
    "pay": _client("webpaypayment", _sent_to_pay, page="selling.md", part="body"),
    "payments-none": _nothing_yet("payment", CLIENT),
    "payment-pending": _client("payment.pending"),
    "payment-success": _client("payment.success", _paid, page="selling.md"),
    "payment-fail": _client("payment.fail"),
    # the service
    "services-none": _nothing_yet("backupservice", CLIENT),
    "services-staff-none": _nothing_yet("backupservice"),
    "services": _client("backupservice", page="customers.md"),
    "services-staff": Scene("backupservice"),
    "services-error": _client("backupservice", opened("backupservice", told="choose_one")),
    "service": _client(SERVICE, of_item(SERVICE), page="customers.md"),
    "service-suspended": _client(SERVICE, of_item(SERVICE, 1)),
    "service-staff": Scene(SERVICE, of_item(SERVICE), page="customers.md"),
    "service-refused": _client(SERVICE, of_item(SERVICE, 0, OTHER)),
    "password": _client(PASSWORD, of_item(PASSWORD), page="customers.md"),
    "password-error": _client(PASSWORD, _typed_differently),
    "resize": _client("resize", of_item("resize")),
    "resize-error": _client("resize", _too_small, page="daily-work.md"),
    "messages-none": _nothing_yet("notification", CLIENT),
    "letter": _client("notification", page="product.md", part="article.letter"),
    "notice": _client("notification", page="daily-work.md", part="article.ours"),
    # what is left to staff
    "operations-none": _nothing_yet("runningoperation"),
    "operations": Scene("runningoperation", page="daily-work.md"),
    "tasks-none": _nothing_yet("task"),
    "tasks": Scene("task", page="daily-work.md"),
}
"""Every page by the name of its picture."""
