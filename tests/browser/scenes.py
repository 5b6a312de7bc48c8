"""The pages that there are to look at, each in the states that it has.

What the tests ask of a page they ask of each scene, and the pictures of the guide are scenes.
"""

from typing import Callable, Dict, NamedTuple, Optional

from playwright.sync_api import Route

from tests.browser.client import PRICE
from tests.browser.look import Look
from tests.browser.played import CLIENT, OTHER

WRONG_PASSWORD = "wrong-by-one-letter"
Act = Callable[[Look], None]


class Scene(NamedTuple):
    """A page: how one gets there, and who looks; `is_empty` in a panel that knows nothing yet.

    `page` is the document whose step it shows, "" for none.
    """

    act: Act
    who: Optional[str] = None
    is_empty: bool = False
    page: str = ""


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


SCENES: Dict[str, Scene] = {
    "start": Scene(opened("start"), is_empty=True),
    "missing": Scene(opened("nothing"), is_empty=True),
    "denied": Scene(opened("task"), CLIENT, is_empty=True),
    # the module
    "module-none": Scene(opened("processing"), is_empty=True),
    "module-form": Scene(opened("processing.edit"), is_empty=True, page="product.md"),
    "module-error": Scene(_wrong_password, is_empty=True, page="product.md"),
    "module-saved": Scene(opened("processing", told="module_saved")),
    # the tariff
    "tariff-none": Scene(opened("pricelist"), is_empty=True),
    "tariff-form": Scene(_known_tariff, page="product.md"),
    "tariff-error": Scene(_no_number),
    "tariff-saved": Scene(opened("pricelist", told="tariff_saved")),
    # the purchase
    "order-none": Scene(opened("order"), CLIENT, is_empty=True),
    "order": Scene(opened("order"), CLIENT, page="selling.md"),
    "pay": Scene(_sent_to_pay, CLIENT, page="selling.md"),
    "payments-none": Scene(opened("payment"), CLIENT, is_empty=True),
    "payment-pending": Scene(opened("payment.pending"), CLIENT),
    "payment-success": Scene(opened("payment.success"), CLIENT, page="selling.md"),
    "payment-fail": Scene(opened("payment.fail"), CLIENT),
    # the service
    "services-none": Scene(opened("backupservice"), CLIENT, is_empty=True),
    "services-staff-none": Scene(opened("backupservice"), is_empty=True),
    "services": Scene(opened("backupservice"), CLIENT, page="customers.md"),
    "services-staff": Scene(opened("backupservice"), page="daily-work.md"),
    "services-error": Scene(opened("backupservice", told="choose_one"), CLIENT),
    "service": Scene(of_item("pmnextcloud.page"), CLIENT, page="customers.md"),
    "service-suspended": Scene(of_item("pmnextcloud.page", 1), CLIENT),
    "service-staff": Scene(of_item("pmnextcloud.page"), page="customers.md"),
    "service-refused": Scene(of_item("pmnextcloud.page", 0, OTHER), CLIENT),
    "password": Scene(of_item("pmnextcloud.password"), CLIENT, page="customers.md"),
    "password-error": Scene(_typed_differently, CLIENT),
    "resize": Scene(of_item("resize"), CLIENT),
    "resize-error": Scene(_too_small, CLIENT, page="daily-work.md"),
    "messages-none": Scene(opened("notification"), CLIENT, is_empty=True),
    "messages": Scene(opened("notification"), CLIENT, page="product.md"),
    # what is left to staff
    "operations-none": Scene(opened("runningoperation"), is_empty=True),
    "operations": Scene(opened("runningoperation"), page="daily-work.md"),
    "tasks-none": Scene(opened("task"), is_empty=True),
    "tasks": Scene(opened("task"), page="daily-work.md"),
}
"""Every page by the name of its picture."""
