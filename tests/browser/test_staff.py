"""The administrator connects a cloud, with each typical mistake, and makes a tariff."""

from typing import Any, Callable, Dict, Iterator, NamedTuple

import pytest

from tests.browser.look import Look
from tests.browser.played import NOWHERE, Place, broken_clouds, listening
from tests.doubles.cloud import Cloud, Fault
from tests.meta.messages import PREFIX, messages

STORE_KEY = "made-up-key-of-the-store"
MEMBER, MEMBER_PASSWORD = "member", "Member-Pw-for-tests-2"


@pytest.fixture(scope="module")
def clouds() -> Iterator[Dict[str, Cloud]]:
    """The clouds with which it goes wrong, and one for each mistake in a login."""
    more = {"right": Cloud(), "login": Cloud(), "member": Cloud()}
    with listening({**broken_clouds(), **more}) as found:
        found["member"].add_user(MEMBER, MEMBER_PASSWORD)
        yield found


class Mistake(NamedTuple):
    """What is typed in place of what is right; `cloud` names the cloud whose address is typed."""

    cloud: str = "right"
    fields: Dict[str, str] = {}


MISTAKES = {
    "url_missing": Mistake(fields={"base_url": ""}),
    "url_invalid": Mistake(fields={"base_url": "cloud.example.com"}),
    "cloud_unreachable": Mistake(fields={"base_url": NOWHERE}),
    "secret_missing": Mistake(fields={"nc_password": ""}),
    "cloud_login_refused": Mistake("login", {"nc_password": "wrong-by-one-letter"}),
    "cloud_rights_missing": Mistake(
        "member", {"nc_username": MEMBER, "nc_password": MEMBER_PASSWORD}
    ),
    "timeout_invalid": Mistake(fields={"timeout": "soon"}),
    "cloud_certificate": Mistake("tls"),
    "cloud_throttled": Mistake("throttled"),
    "cloud_moved": Mistake("moved"),
    "not_a_cloud": Mistake("not_a_cloud"),
    "cloud_maintenance": Mistake("maintenance"),
}
"""What is typed wrongly, by the error that says so."""

RARE = ("url_missing", "secret_missing", "timeout_invalid", "cloud_maintenance")
"""What the form itself says, or what passes: like the others, and tried at length."""


def message(code: str, language: str) -> str:
    """What the message of an error says before and behind what was seen: the longer of both."""
    parts = messages(language, "msgerror")[PREFIX + code].split("__value__")
    return max(parts, key=len).strip()


def modules(place: Place) -> int:
    """How many modules are saved."""
    return int(place.stand.sql("SELECT COUNT(*) AS n FROM processingmodule")[0]["n"])


@pytest.mark.parametrize(
    "code",
    [pytest.param(one, marks=[pytest.mark.sibling] if one in RARE else []) for one in MISTAKES],
)
def test_each_mistake_in_the_connection_form_is_told_and_nothing_is_saved(
    look: Callable[..., Look], empty: Place, clouds: Dict[str, Cloud], code: str
) -> None:
    mistake, language = MISTAKES[code], "ru" if len(code) % 2 else "en"
    cloud = clouds[mistake.cloud]
    typed = {
        "base_url": cloud.url,
        "nc_username": cloud.admin_login,
        "nc_password": cloud.admin_password,
        **mistake.fields,
    }
    seen = look(empty, language)
    seen.enter(None)
    seen.go("processing.edit")
    seen.fill(**typed)
    seen.press(seen.say("save"))
    assert message(code, language) in seen.error
    assert seen.page.title().startswith(seen.say("error"))
    assert seen.value("base_url") == typed["base_url"]
    assert seen.value("nc_password") == ""
    assert typed["nc_password"] not in seen.page.content() or not typed["nc_password"]
    assert modules(empty) == 0


PRESSED_TWICE = """() => {
  const save = document.querySelector("main button");
  save.click();
  sessionStorage.said = document.querySelector("#busy[role=status]").innerText;
  sessionStorage.disabled = save.ariaDisabled;
  save.click();
}"""
"""Presses the button of the form two times, and keeps what was shown in between."""


def test_who_waits_for_the_cloud_is_told_so_and_sends_the_form_once(
    look: Callable[..., Look], empty: Place
) -> None:
    with Cloud() as cloud:
        cloud.faults.append(Fault("stall", seconds=2))
        seen = look(empty)
        seen.enter(None)
        seen.go("processing.edit")
        seen.fill(base_url=cloud.url, nc_username="admin", nc_password="wrong-by-one-letter")
        before = len(empty.panel.requests)
        seen.page.evaluate(PRESSED_TWICE)
        seen.page.locator("[role=alert]").wait_for()
        assert seen.page.evaluate("sessionStorage.said") == seen.say("busy")
        assert seen.page.evaluate("sessionStorage.disabled") == "true"
        sent = [path for method, path in empty.panel.requests[before:] if method == "POST"]
        assert sent == ["/billmgr"]


def test_a_cloud_is_connected_and_a_tariff_made_by_the_keyboard_alone(
    look: Callable[..., Look], empty: Place
) -> None:
    empty.cloud.add_group("gold")
    seen = look(empty)
    seen.page.goto(empty.panel.url)
    seen.key_press(seen.say("as_staff"))
    assert seen.page.get_by_text(seen.say("no_modules")).is_visible()
    seen.key_press(seen.say("add"))
    seen.key_in(
        base_url=empty.cloud.url,
        nc_username=empty.cloud.admin_login,
        nc_password=empty.cloud.admin_password,
    )
    seen.key_press(seen.say("save"))
    assert seen.told == seen.say("module_saved")
    assert empty.cloud.url in seen.page.locator("table").inner_text()
    _make_tariff(seen)
    tariff = empty.small()
    seen.key_press("Cloud 20")
    stored = {name: seen.value(name) for name in ("usergroup", "cloud_warn_at", "own_gib")}
    assert stored == {"usergroup": "gold", "cloud_warn_at": "50 75", "own_gib": "20"}
    terms = empty.stand.sql(
        "SELECT intname, value FROM pricelistparam WHERE pricelist = %s", tariff
    )
    assert {row["intname"]: row["value"] for row in terms}["cloud_language"] == "client"


def _make_tariff(seen: Look) -> None:
    seen.key_press(seen.say("pricelist"))
    assert seen.page.get_by_text(seen.say("no_tariffs")).is_visible()
    seen.key_press(seen.say("add"))
    seen.key_in(own_name="Cloud 20", own_gib="20")
    _key_select(seen, "usergroup", "gold")
    words = seen.place.panel.plugins.labels("pricelist.pmnextcloud", seen.language)
    _key_select(seen, "cloud_language", words["cloud_language_client"])
    seen.key_in(cloud_warn_at="50 75")
    seen.key_press(seen.say("save"))
    assert seen.told == seen.say("tariff_saved")


def _key_select(seen: Look, name: str, beginning: str) -> None:
    """Takes the entry of a list that begins so."""
    seen.tab_to(seen.page.locator(f"main [name={name}]"))
    seen.page.keyboard.type(beginning)


def test_a_module_that_is_changed_keeps_its_secret(look: Callable[..., Look], lived: Place) -> None:
    module: Dict[str, Any] = lived.stand.sql("SELECT MIN(id) AS id FROM processingmodule")[0]
    before = lived.stand.module_params(module["id"])
    seen = look(lived)
    seen.enter(None)
    seen.go("processing.edit", elid=module["id"])
    assert seen.value("base_url") == lived.cloud.url
    assert seen.value("nc_password") == ""
    seen.fill(timeout="45")
    seen.press(seen.say("save"))
    assert seen.told == seen.say("module_saved")
    after = lived.stand.module_params(module["id"])
    assert after["nc_password"] == before["nc_password"]
    assert after["timeout"] == "45"


def test_what_went_wrong_is_run_again_once_it_is_mended(
    look: Callable[..., Look], lived: Place
) -> None:
    (operation,) = lived.stand.operations()
    seen = look(lived)
    seen.enter(None)
    seen.go("runningoperation")
    assert message("account_missing", "en") in seen.page.locator("main").inner_text()
    lived.cloud.add_user(f"user_{operation['item']}", "Restored-by-hand-1")
    lived.stand.sql("UPDATE runningoperation SET trycount = 0 WHERE id = %s", operation["id"])
    seen.press(seen.say("again_of", name=operation["id"]))
    assert seen.told == seen.say("ran")
    assert lived.stand.operation(operation["id"]) is None


def test_a_payment_method_is_set_up_by_the_keyboard_and_its_key_is_kept_sealed(
    look: Callable[..., Look], empty: Place
) -> None:
    seen = look(empty, "ru")
    seen.enter(None)
    seen.go("paymethod.edit")
    seen.key_in(
        wp_store="123456789", wp_secret=STORE_KEY, wp_public_url="https://billing.example.com"
    )
    seen.key_press(seen.say("save"))
    assert seen.told == seen.say("method_saved")
    (row,) = empty.stand.sql("SELECT id, xmlparams FROM paymethod")
    assert STORE_KEY not in row["xmlparams"]
    seen.go("paymethod.edit", elid=row["id"])
    assert seen.value("wp_secret") == ""
    seen.press(seen.say("save"))
    assert seen.told == seen.say("method_saved")
    (kept,) = empty.stand.sql("SELECT id, xmlparams FROM paymethod")
    assert kept == row
