"""A client buys a service and lives with it, by the keyboard alone."""

from base64 import b64encode
from typing import Callable, Dict

import pytest
from playwright.sync_api import Browser

from tests.browser import chrome
from tests.browser.look import Look
from tests.browser.played import CLIENT, Place
from tests.browser.scenes import item
from tests.doubles.billmanager import ACTIVE, ORDERED, PROCESSING
from tests.doubles.billmanager.payments import PAID
from tests.doubles.webpay.sandbox import refusing_expiry
from tests.meta.messages import PREFIX, messages
from utils.consts import PAGE_FUNCTION, PASSWORD_FUNCTION

NEW_PASSWORD = "Chosen-by-the-client-7"


@pytest.fixture
def shop(empty: Place) -> Place:
    """A provider who sells, and nobody has bought yet."""
    if empty.panel.method is None:
        empty.connect()
    return empty


def labels(seen: Look, name: str) -> Dict[str, str]:
    """The words of a form or list of the module."""
    found: Dict[str, str] = seen.place.panel.plugins.labels(name, seen.language)
    return found


def order(seen: Look, more: str) -> None:
    """Orders the smaller tariff with more space, up to WEBPAY's page for the card."""
    seen.go("order")
    seen.key_choose("tariff", str(seen.place.small()))
    seen.key_in(more=more)
    seen.key_press(seen.say("order_pay"))
    seen.page.wait_for_url(f"{seen.place.webpay.url}**")


def gets_in(chromium: Browser, letter: Dict[str, str]) -> bool:
    """Whether a browser gets into the cloud with what a letter says."""
    login = f"{letter['username']}:{letter['userpassword']}".encode()
    headers = {"OCS-APIRequest": "true", "Authorization": f"Basic {b64encode(login).decode()}"}
    context = chromium.new_context(extra_http_headers=headers)
    answer = context.new_page().goto(f"{letter['url']}/ocs/v1.php/cloud/user?format=json")
    assert answer is not None
    found = answer.json()["ocs"]
    context.close()
    return bool(found["meta"]["statuscode"] == 100 and found["data"]["id"] == letter["username"])


def letter(seen: Look, bought: int) -> Dict[str, str]:
    """What the letter about a service says."""
    seen.key_press(seen.say("notification"))
    found = seen.page.locator(f"[aria-labelledby=letter_{bought}] [data-param]")
    pairs = found.evaluate_all("nodes => nodes.map(node => [node.dataset.param, node.innerText])")
    return dict(pairs)


def choose(seen: Look, bought: int) -> None:
    """Chooses a service in the list."""
    if seen.page.locator("main [name=elid]").count() > 1:
        seen.key_choose("elid", str(bought))


def show(seen: Look, bought: int) -> None:
    """Opens the page of a service from the list."""
    choose(seen, bought)
    seen.key_press(labels(seen, "backupservice")["short_pmnextcloud_page"])


def resize(seen: Look, bought: int, gib: str) -> None:
    """Asks for another space."""
    seen.go("backupservice")
    choose(seen, bought)
    seen.key_press(seen.say("resize"))
    seen.key_in(gib=gib)
    seen.key_press(seen.say("resize_save"))


def work(place: Place) -> None:
    """BILLmanager runs what waits."""
    for run in place.panel.work():
        run.check()


def test_a_purchase_is_played_whole_up_to_the_first_login(
    look: Callable[..., Look], shop: Place, chromium: Browser
) -> None:
    seen = look(shop)
    seen.enter(CLIENT)
    order(seen, more="3")
    (bought,) = shop.stand.sql("SELECT id, status FROM item WHERE parent IS NULL ORDER BY id")
    assert bought["status"] == ORDERED
    seen.key_press("Pay")
    seen.key_press("Back to the site")
    shop.webpay.settle()
    seen.go("payment")
    assert seen.say(f"payment_{PAID}") in seen.page.locator("main").inner_text()
    seen.key_press(seen.say("services"))
    assert seen.status(bought["id"]) == seen.say(f"status_{PROCESSING}")
    (opened,) = shop.panel.work()
    opened.check()
    seen.key_press(seen.say("services"))
    assert seen.status(bought["id"]) == seen.say(f"status_{ACTIVE}")
    assert gets_in(chromium, letter(seen, bought["id"]))


@pytest.mark.sibling
def test_who_does_not_pay_may_try_again(look: Callable[..., Look], shop: Place) -> None:
    seen = look(shop, "ru")
    seen.enter(CLIENT)
    order(seen, more="0")
    seen.page.locator("[name=expiry]").fill(refusing_expiry())
    seen.key_press("Pay")
    seen.key_press("Back to the site")
    assert seen.told == seen.say("payment_fail")
    assert seen.page.get_by_role("link", name="Оплатить").count()


def test_a_service_is_looked_at_warned_of_and_not_made_too_small(
    look: Callable[..., Look], lived: Place
) -> None:
    seen = look(lived)
    bought = item(seen, 0)
    seen.enter(CLIENT)
    seen.go("backupservice")
    show(seen, bought)
    words = labels(seen, PAGE_FUNCTION)
    assert seen.fact(words["space"]) == "9.2 GiB of 10 GiB in use (92 %)"
    assert seen.value("address") == lived.cloud.url
    seen.key_press(words["msg_fresh"])
    just_now = labels(seen, f"{PAGE_FUNCTION}.words")["counted_now"]
    assert seen.fact(words["counted"]) == just_now
    seen.key_press(seen.say("notification"))
    assert "more than 90 % of the space is used" in seen.page.locator("article.ours").inner_text()
    resize(seen, bought, "6")
    told = messages("en", "msgerror")[f"{PREFIX}space_too_small"].partition("__value__")[0]
    assert seen.error.startswith(told)
    assert chrome.barriers(seen.page) == []


def test_a_service_is_enlarged_suspended_resumed_and_closed(
    look: Callable[..., Look], lived: Place
) -> None:
    seen = staff = look(lived)
    bought = item(seen, 2)
    seen.enter(CLIENT)
    resize(seen, bought, "20")
    assert seen.told == seen.say("resized")
    assert seen.status(bought) == seen.say(f"status_{PROCESSING}")
    work(lived)
    show(seen, bought)
    words = labels(seen, PAGE_FUNCTION)
    assert seen.fact(words["space"]) == "0 B of 20 GiB in use (0 %)"
    states = {"suspend": "state_3", "resume": "state_2", "close": "state_4"}
    said = labels(seen, f"{PAGE_FUNCTION}.words")
    for command, state in states.items():
        staff.enter(None)
        staff.go("backupservice")
        staff.key_choose("elid", str(bought))
        staff.key_press(staff.say(f"op_{command}"))
        assert staff.told == staff.say("begun")
        work(lived)
        seen.enter(CLIENT)
        seen.go("backupservice")
        show(seen, bought)
        assert seen.fact(words["state"]) == said[state]


def test_a_password_is_changed_and_the_new_one_opens_the_cloud(
    look: Callable[..., Look], lived: Place, chromium: Browser
) -> None:
    seen = look(lived, "ru")
    bought = item(seen, 0)
    seen.enter(CLIENT)
    seen.go("backupservice")
    choose(seen, bought)
    seen.key_press(labels(seen, "backupservice")["short_pmnextcloud_password"])
    seen.key_in(password=NEW_PASSWORD, again=NEW_PASSWORD)
    seen.key_press(labels(seen, PASSWORD_FUNCTION)["msg_ok"])
    assert seen.told == seen.say("done")
    said = letter(seen, bought)
    assert said["userpassword"] == NEW_PASSWORD
    assert gets_in(chromium, said)
