"""What a client sees beside the pages of the plugin: orders, payments, messages, his letter."""

from typing import Any, Dict, List, Optional

from tests.browser import service
from tests.browser.forms import error_words
from tests.browser.panel import Answer, Led, Request, Shown, to
from tests.browser.staff import MOST_GIB, offers
from tests.doubles.billmanager import ORDERED, PROCESSING
from utils.consts import ITEM_LOGIN

PRICE, CURRENCY = "21.90", "BYN"


# -- order and payment ----------------------------------------------------------------------------


def order(request: Request) -> Answer:
    """The order: a tariff, more space, and on to the payment."""
    offered = offers(request)
    error = ""
    if request.is_sent:
        chosen = next((one for one in offered if one["id"] == request.number("tariff")), None)
        more = request.number("more")
        if chosen is None:
            error = request.say("choose_tariff")
        elif more is None or more > MOST_GIB:
            error = request.say("invalid_number")
        else:
            return Led(f"/mancgi/webpaypayment?elid={_place(request, chosen, more)}")
    price = request.say("order_price", amount=PRICE, currency=CURRENCY)
    can_pay = request.panel.method is not None
    shown = {"rows": offered if can_pay else [], "price": price}
    return Shown("order.html", request.say("order_title"), shown, error)


def _place(request: Request, chosen: Dict[str, Any], more: int) -> int:
    """An order that waits for its money, and its payment."""
    stand, account = request.stand, request.who.account
    assert account is not None
    assert request.panel.method is not None
    module = stand.sql("SELECT MIN(id) AS id FROM processingmodule")[0]["id"]
    item = stand.order(chosen["id"], account, module, ordered=more or None)
    stand.set_status(item, ORDERED)
    stand.sql("UPDATE item SET cost = %s WHERE id = %s", PRICE, item)
    return stand.payments.add_payment(
        account, request.panel.method, PRICE, manager_url=request.panel.address
    )


def payments(request: Request) -> Answer:
    """The client's payments; who comes back from paying is told how it stands."""
    rows = request.stand.sql(
        "SELECT p.id, p.number, p.status, p.paymethodamount AS amount FROM payment p"
        " JOIN subaccount s ON s.id = p.subaccount WHERE s.account = %s ORDER BY p.id",
        request.who.account,
    )
    result = request.params["func"].partition(".")[2]
    shown = {
        "rows": rows,
        "currency": CURRENCY,
        "came_back": request.say(f"payment_{result}") if result else "",
    }
    return Shown("payments.html", request.say("payment"), shown)


# -- messages -------------------------------------------------------------------------------------


def messages(request: Request) -> Answer:
    """What the client was told, and the letter of each service that is open."""
    told = request.stand.sql(
        f"SELECT n.* FROM {request.stand.notices_table} n JOIN user u ON u.id = n.user"
        " WHERE u.account = %s ORDER BY n.id",
        request.who.account,
    )
    letters = [one for row in service.rows(request) for one in _letter(request, row["id"])]
    return Shown(
        "messages.html", request.say("notification"), {"notices": told, "letters": letters}
    )


def _letter(request: Request, item: int) -> List[Dict[str, str]]:
    params = request.stand.params(item)
    return [{"item": str(item), **params}] if params.get(ITEM_LOGIN) else []


# -- more space -----------------------------------------------------------------------------------


def resize(request: Request) -> Answer:
    """Another space for a service, which the module is asked about before it is sold."""
    number = request.number()
    row = next((one for one in service.rows(request) if one["id"] == number), None)
    if row is None or number is None:
        return to(service.LIST, told="choose_one")
    tariff = request.stand.item(number)["pricelist"]
    offered = next(one for one in offers(request) if one["id"] == tariff)
    wanted = request.number("gib")
    error = ""
    if request.is_sent:
        error = _why_not(request, number, wanted)
        if not error and wanted is not None:
            _sell(request, number, offered, wanted)
            return to(service.LIST, told="resized")
    shown = {"elid": number, "gib": request.params.get("gib", ""), "included": offered["gib"]}
    return Shown("resize.html", request.say("resize_title", name=number), shown, error)


def _why_not(request: Request, item: int, wanted: Optional[int]) -> str:
    if wanted is None or not 1 <= wanted <= MOST_GIB:
        return request.say("invalid_number")
    asked = request.stand.check("check_addon", "disk", wanted, item=item, lang=request.language)
    if asked.error is None:
        return ""
    return error_words(request.panel.plugins, asked.error, request.language)


def _sell(request: Request, item: int, offered: Dict[str, Any], gib: int) -> None:
    stand = request.stand
    more = max(gib - offered["gib"], 0)
    stand.sql("DELETE FROM item WHERE parent = %s AND pricelist = %s", item, offered["addon"])
    stand.add_addon_row(item, offered["addon"], intvalue=more)
    stand.set_status(item, PROCESSING)
    stand.add_operation("setparam", item)
