"""The page of a service, as BILLmanager has its handler started for a visitor."""

import datetime
import itertools
import threading
import time
from typing import Any, Dict, Iterator, List, NamedTuple

import pytest

from tests.doubles.billmanager import (
    ACTIVE,
    DELETED,
    SUSPENDED,
    Handed,
    Run,
    Stand,
    Visitor,
)
from tests.doubles.cloud import Cloud, Fault
from tests.e2e.sites import DoubleSite, RealSite
from tests.e2e.test_history import runs
from tests.e2e.world import World, real_world
from utils.base import xml
from utils.consts import ITEM_TYPES, PAGE_FUNCTION, PASSWORD_FUNCTION
from utils.page.facts import ANSWER_S
from utils.page.words import Words

CHOSEN = "Chosen-on-the-page-7"
STAFF = Visitor("1", 29)
ROOT_USER = Visitor("root", 30)


def users(stand: Stand, account: int) -> List[str]:
    """The numbers of a client's users, as BILLmanager names them."""
    rows = stand.sql("SELECT id FROM user WHERE account = %s ORDER BY id", account)
    return [str(row["id"]) for row in rows]


def client(world: World) -> Visitor:
    """The client of the world's services."""
    return Visitor(users(world.stand, world.client)[0])


def show(world: World, item: int, visitor: Visitor, **more: Any) -> Run:
    """The page of a service, as this visitor gets it."""
    return world.stand.visit(PAGE_FUNCTION, visitor, item, **more)


def count(world: World, item: int, gib: float, ago: int = 0) -> None:
    """Has a day of a service counted."""
    world.stand.sql(
        "INSERT INTO itemstat (item, statdate, param, value, measure) VALUES (%s, %s, %s, %s, %s)",
        *(item, datetime.date.today() - datetime.timedelta(days=ago), "disk", gib),
        world.stand.measure("gib"),
    )


def send(world: World, item: int, visitor: Visitor, password: str = CHOSEN, **more: Any) -> Run:
    """Opens the form for a password and sends it."""
    form = world.stand.visit(PASSWORD_FUNCTION, visitor, item).check()
    sent = {"password": password, "again": password, "ticket": form.xml.findtext("ticket") or ""}
    return world.stand.visit(PASSWORD_FUNCTION, visitor, item, **{**sent, "sok": "ok", **more})


class Shop(NamedTuple):
    """A provider with two clients, a service of each, and all that they could name."""

    world: World
    mine: int
    theirs: int
    me: str
    others: str


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    """Two clients, for all tests that change nothing of them."""
    with Stand() as stand, Cloud() as cloud:
        world = World(stand, DoubleSite(cloud))
        mine = world.opened()
        me = client(world).user
        world.client = stand.add_account("Client 8", emails=["client8@example.com"])
        theirs = world.another(mine)
        yield Shop(world, mine, theirs, me, client(world).user)


# -- what is shown --------------------------------------------------------------------------------


def test_a_client_finds_the_buttons_over_his_services_and_staff_too(shop: Shop) -> None:
    plugins = shop.world.stand.plugins
    for level, list_name in itertools.product((16, 29, 30), ITEM_TYPES):
        buttons = plugins.buttons(list_name, level)
        assert [one.function for one in buttons] == [PAGE_FUNCTION, PASSWORD_FUNCTION]
    assert plugins.buttons("backupservice", 9) == []
    for function in (PAGE_FUNCTION, PASSWORD_FUNCTION):
        assert plugins.functions()[function].stat().st_mode & 0o777 == 0o750


def test_a_client_is_shown_his_service_from_what_was_counted(world: World) -> None:
    item = world.opened()
    count(world, item, 1.5)
    asked = len(world.site.cloud.requests)
    page = show(world, item, client(world)).check().xml
    assert page.findtext("state") == "Works"
    assert page.findtext("address") == world.site.url
    assert page.findtext("login") == world.login(item)
    assert page.findtext("space") == "1.5 GiB of 5 GiB in use (30 %)"
    assert page.findtext("free") == "3.5 GiB"
    assert (page.findtext("webdav") or "").endswith(f"/dav/files/{world.login(item)}/")
    assert page.findtext("phone_link") == (
        f"nc://login/user:{world.login(item)}&server:{world.site.url}"
    )
    assert len(world.site.cloud.requests) == asked
    assert world.stand.params(item)["userpassword"] not in xml.to_bytes(page).decode()


@pytest.mark.parametrize("handed", Handed)
def test_whatever_billmanager_hands_over_the_whole_form_is_answered(
    shop: Shop, handed: Handed
) -> None:
    page = show(shop.world, shop.mine, Visitor(shop.me, language="ru"), handed=handed).check().xml
    assert page.get("func") == PAGE_FUNCTION
    fields = {field.get("name") for field in page.findall("metadata/form/field")}
    assert {"state", "address", "login", "webdav"} <= fields
    assert page.findtext("messages/msg[@name='state']") == "Состояние"
    assert page.findtext("state") == "Работает"
    assert not {"proof", "groups", "runs"} & fields


def test_fresh_figures_come_from_the_cloud(world: World) -> None:
    item = world.opened()
    count(world, item, 4)
    run = show(world, item, client(world), clicked_button="fresh", sok="ok").check()
    assert run.xml.findtext("counted") == "Just now, by the cloud itself"
    assert "of 5 GiB in use" in (run.xml.findtext("space") or "")
    assert not (run.xml.findtext("space") or "").startswith("4 GiB")
    assert run.seconds < ANSWER_S


def test_a_cloud_that_hangs_costs_four_seconds_and_the_counted_figures_are_shown(
    world: World,
) -> None:
    item = world.opened()
    count(world, item, 1, ago=1)
    world.site.cloud.faults.append(Fault("stall", times=None, seconds=60))
    run = show(world, item, client(world), fresh="on").check()
    assert run.seconds < ANSWER_S
    assert (run.xml.findtext("counted") or "").startswith("The cloud could not be asked now")
    assert run.xml.findtext("space") == "1 GiB of 5 GiB in use (20 %)"


def test_a_refused_login_is_not_tried_again_at_each_click(world: World) -> None:
    item = world.opened()
    world.site.cloud.users["admin"].password = "changed-by-staff-9"
    for _ in range(3):
        page = show(world, item, client(world), fresh="on").check().xml
        assert (page.findtext("counted") or "").startswith("The cloud could not be asked")
        assert "refused" not in xml.to_bytes(page).decode()
    assert 1 <= world.stand.log.count(" answered 401 ") <= 2
    told = show(world, item, ROOT_USER, fresh="on").check().xml.findtext("groups") or ""
    assert told.startswith("Not read. ")


STATES = [(SUSPENDED, "3"), (DELETED, "4")]


@pytest.mark.parametrize(("status", "name"), STATES)
def test_each_state_is_shown(shop: Shop, status: int, name: str) -> None:
    stand = shop.world.stand
    stand.set_status(shop.mine, status)
    page = show(shop.world, shop.mine, Visitor(shop.me)).check().xml
    stand.set_status(shop.mine, ACTIVE)
    words = stand.plugins.labels("pmnextcloud.page.words", "en")
    assert page.findtext("state") == words[f"state_{name}"]
    assert (page.find("login") is None) is (status == DELETED)


def test_staff_is_shown_whose_the_account_is_and_what_was_done(world: World) -> None:
    item = world.opened()
    world.run("suspend", item).check()
    page = show(world, item, ROOT_USER, fresh="on").check().xml
    assert (page.findtext("proof") or "").startswith("Proved by the mark of the module")
    assert page.findtext("groups") == world.group
    assert page.findtext("last_login") == "never"
    assert (page.findtext("account") or "").startswith("disabled, e-mail client7@example.com")
    rows = page.findall("list[@name='runs']/elem")
    assert [row.findtext("command") for row in rows] == ["suspend", "open"]


def test_an_account_that_is_not_proved_is_not_looked_at(world: World) -> None:
    item = world.opened()
    world.stand.save_param(item, "username", "somebody-else", crypted=False)
    asked = len(world.site.cloud.requests)
    page = show(world, item, client(world), fresh="on").check().xml
    assert (page.findtext("counted") or "").startswith("The cloud could not be asked")
    assert len(world.site.cloud.requests) == asked


@pytest.mark.parametrize("setting", ["text", "none"])
def test_the_page_is_plain_or_off_as_the_settings_say(world: World, setting: str) -> None:
    item = world.opened()
    world.stand.write("etc/pmnextcloud.conf", f"customer_page = {setting}\n")
    run = show(world, item, client(world))
    if setting == "none":
        assert run.error_type == "page_off"
        assert send_unseen(world, item).error_type == "page_off"
    else:
        assert "<svg" not in run.check().stdout.decode()
        assert "&lt;svg" not in run.stdout.decode()


def send_unseen(world: World, item: int, **more: str) -> Run:
    """Sends a form for a password that nobody was shown."""
    sent = {"password": CHOSEN, "again": CHOSEN, "sok": "ok", **more}
    return world.stand.visit(PASSWORD_FUNCTION, client(world), item, **sent)


# -- one client cannot see another's --------------------------------------------------------------

DENIED = "page_denied"


def forgeries(shop: Shop) -> Dict[str, Dict[str, Any]]:
    """All that a client can send to get at another's service, by what it is."""
    own, their = str(shop.mine), str(shop.theirs)
    number = {"PARAM_AUTH_USER": shop.others, "AUTH_USER": shop.others, "user": shop.others}
    return {
        "the number of the other service": {"item": their},
        "the other's user as a parameter": {"item": their, **number},
        "a level as a parameter": {"item": their, "AUTH_LEVEL": "30", "level": "30"},
        "the other's account": {"item": their, "account": "202", "su": shop.others},
        "another number in the address": {"item": own, "query": f"elid={their}", "is_own": True},
        "both numbers": {"item": f"{own}, {their}"},
        "both numbers without a blank": {"item": f"{their},{own}"},
        "a number with something behind it": {"item": f"{their}#"},
        "a number in other digits": {"item": their.translate(str.maketrans("0123", "٠١٢٣"))},
        "no number": {"item": None},
        "a list of another kind": {"item": their, "plid": own},
        "a fresh page": {"item": their, "fresh": "on"},
        "a sent form": {"item": their, "sok": "ok", "clicked_button": "fresh"},
        "a session in the address": {"item": their, "auth": "abc123"},
    }


HEADERS = {
    "none": {},
    "who he is": {"Auth-User": "1", "Auth-Level": "30", "Remote-User": "root"},
    "the other's session": {"Cookie": "billmgrses5=of-the-other; billmgrlang5=orion:en"},
    "a proxy": {"X-Forwarded-For": "127.0.0.1", "Proxy": "http://127.0.0.1:9"},
}
NAMES = list(forgeries(Shop(None, 1001, 1002, "401", "402")))


@pytest.mark.parametrize("name", NAMES)
def test_nothing_that_a_client_sends_shows_him_anothers_service(shop: Shop, name: str) -> None:
    told = dict(forgeries(shop)[name])
    is_own, item = told.pop("is_own", False), told.pop("item")
    place = NAMES.index(name) % len(HEADERS)
    visitor = Visitor(shop.me, headers=list(HEADERS.values())[place])
    run = show(shop.world, item, visitor, **told)
    assert run.exit_code == 0
    assert b"user_1002" not in run.stdout
    if is_own:
        assert run.xml.findtext("login") == "user_1001"
    else:
        assert run.error_type == DENIED


VISITORS: Dict[str, Dict[str, Any]] = {
    "nobody": {"user": "", "level": 0},
    "a level without a user": {"user": "", "level": 16},
    "a user without a level": {"user": "401", "level": 0},
    "a mailbox": {"user": "401", "level": 9},
    "a user that is not there": {"user": "4711", "level": 16},
    "staff that is not there": {"user": "4711", "level": 29},
    "a query": {"user": "' OR 1=1 -- ", "level": 16},
    "a number with a blank": {"user": "401 ", "level": 16},
}


@pytest.mark.parametrize("name", VISITORS)
def test_whoever_is_no_known_client_sees_nothing(shop: Shop, name: str) -> None:
    run = show(shop.world, shop.mine, Visitor(**VISITORS[name]), is_checked=False)
    assert (run.exit_code, run.error_type) == (0, DENIED)


@pytest.mark.parametrize(
    "without", [("AUTH_USER",), ("AUTH_LEVEL",), ("AUTH_USER", "AUTH_LEVEL")], ids="-".join
)
def test_without_a_session_nothing_is_shown(shop: Shop, without: "tuple[str, ...]") -> None:
    run = show(shop.world, shop.mine, Visitor(shop.me), without=without, is_checked=False)
    assert run.error_type == DENIED
    assert b"user_1001" not in run.stdout


def test_a_strangers_service_and_none_at_all_are_refused_in_the_same_words(shop: Shop) -> None:
    stand = shop.world.stand
    other = stand.add_module("https://elsewhere.example.com", "a", "made-up-77", module="pmother")
    stand.sql("UPDATE item SET processingmodule = %s WHERE id = %s", other, shop.theirs)
    anothers_module = show(shop.world, shop.theirs, Visitor(shop.others))
    stand.sql("UPDATE item SET processingmodule = %s WHERE id = %s", shop.world.module, shop.theirs)
    strangers = show(shop.world, shop.theirs, Visitor(shop.me))
    missing = show(shop.world, 10**8, Visitor(shop.me))
    assert strangers.stdout == missing.stdout == anothers_module.stdout
    assert strangers.error_type == DENIED


def test_a_client_who_calls_himself_like_anothers_number_is_nobody(world: World) -> None:
    item = world.opened()
    victim = client(world).user
    world.stand.add_account("Thief", emails=[victim])
    assert show(world, item, Visitor(victim)).error_type == DENIED


def test_a_service_that_has_another_client_is_his_alone(world: World) -> None:
    item = world.opened()
    before = client(world)
    world.client = world.stand.add_account("Client 9", emails=["client9@example.com"])
    world.stand.sql("UPDATE item SET account = %s WHERE id = %s", world.client, item)
    assert show(world, item, before).error_type == DENIED
    assert show(world, item, client(world)).check().xml.findtext("login") == world.login(item)


def test_nobody_changes_anothers_password_by_anything_that_he_sends(shop: Shop) -> None:
    world, me = shop.world, Visitor(shop.me)
    before = world.stand.params(shop.theirs)
    ticket = world.stand.visit(PASSWORD_FUNCTION, me, shop.mine).check().xml.findtext("ticket")
    sent = {"password": CHOSEN, "again": CHOSEN, "sok": "ok", "ticket": ticket or ""}
    for visitor, item, code in (
        (me, shop.theirs, DENIED),
        (Visitor(shop.others), shop.theirs, "page_expired"),
        (Visitor(shop.others), shop.mine, DENIED),
    ):
        run = world.stand.visit(PASSWORD_FUNCTION, visitor, item, **sent)
        assert run.error_type == code
    assert world.stand.params(shop.theirs) == before


# -- a new password -------------------------------------------------------------------------------


@pytest.mark.every_cloud
def test_a_client_gives_himself_a_password_that_opens_his_account(world: World) -> None:
    item = world.opened()
    run = send(world, item, client(world))
    assert run.check().xml.find("ok") is not None
    assert world.stand.params(item)["userpassword"] == CHOSEN
    assert "userpassword" in world.stand.crypted_names(item)
    assert world.customer_gets_in(item)
    assert runs(world.stand)[-1]["command"] == "changepassword"
    assert CHOSEN not in world.stand.log
    assert not [one for one in world.stand.runs if CHOSEN in " ".join(one.argv)]


def test_what_the_cloud_has_against_it_reaches_the_client_in_its_words(world: World) -> None:
    item = world.opened()
    before = world.stand.params(item)
    run = send(world, item, client(world), "abcd")
    assert (run.exit_code, run.error_type) == (0, "new_password_refused")
    assert "Password needs to be at least 10 characters long." in (
        run.xml.findtext("error/msg") or ""
    )
    assert world.stand.params(item) == before


@pytest.mark.parametrize("more", [{"again": "other"}, {"password": ""}, {"ticket": "0" * 32}, {}])
def test_a_form_that_is_not_as_it_was_shown_changes_nothing(
    shop: Shop, more: Dict[str, str]
) -> None:
    world, before = shop.world, shop.world.stand.params(shop.mine)
    if more:
        run = send(world, shop.mine, Visitor(shop.me), **more)
    else:
        sent = {"password": CHOSEN, "again": CHOSEN, "sok": "ok"}
        run = world.stand.visit(PASSWORD_FUNCTION, Visitor(shop.me), shop.mine, **sent)
    is_shown = bool({"again", "password"} & set(more))
    assert run.error_type == ("password_unusable" if is_shown else "page_expired")
    assert world.stand.params(shop.mine) == before


@pytest.mark.long
def test_a_slow_cloud_is_told_of_and_the_change_goes_on(world: World) -> None:
    item = world.opened()
    world.stand.write("etc/pmnextcloud.conf", "form_budget_s = 5\n")
    stall = Fault("stall", times=1, seconds=5)
    form = world.stand.visit(PASSWORD_FUNCTION, client(world), item).check()
    world.site.cloud.faults.append(stall)
    sent = {"password": CHOSEN, "again": CHOSEN, "ticket": form.xml.findtext("ticket") or ""}
    run = world.stand.visit(PASSWORD_FUNCTION, client(world), item, sok="ok", **sent)
    assert run.error_type == "password_pending"
    until = time.monotonic() + 20
    while world.stand.params(item)["userpassword"] != CHOSEN and time.monotonic() < until:
        threading.Event().wait(0.1)
    assert world.customer_gets_in(item)


def test_while_modules_leave_the_world_alone_nothing_is_called_done(world: World) -> None:
    item = world.opened()
    before = world.stand.params(item)
    asked = len(world.site.cloud.requests)
    world.stand.do_nothing()
    assert send(world, item, client(world)).error_type == "page_off"
    page = show(world, item, client(world), fresh="on").check().xml
    assert (page.findtext("counted") or "").startswith("The cloud could not be asked")
    assert world.stand.params(item) == before
    assert len(world.site.cloud.requests) == asked


# -- on a real cloud ------------------------------------------------------------------------------


@pytest.mark.live
def test_a_real_clouds_figures_addresses_and_password_are_those_of_the_page(stand: Stand) -> None:
    with real_world(stand) as world:
        assert isinstance(world.site, RealSite)
        item = world.opened()
        login, first = world.login(item), world.stand.params(item)["userpassword"]
        world.site.store_bytes(login, first, 2 * 1024**2)
        run = show(world, item, client(world), fresh="on").check()
        assert run.seconds < ANSWER_S
        assert run.xml.findtext("counted") == "Just now, by the cloud itself"
        used_bytes = world.site.used_bytes(login)
        assert used_bytes >= 2 * 1024**2
        words = Words("en").size(used_bytes)
        assert (run.xml.findtext("space") or "").startswith(f"{words} of 5 GiB in use")
        assert send(world, item, client(world)).check().xml.find("ok") is not None
        password = world.stand.params(item)["userpassword"]
        assert password == CHOSEN
        assert world.customer_gets_in(item)
        assert not world.site.login_works(login, first)
        page = show(world, item, ROOT_USER, fresh="on").check().xml
        assert page.findtext("groups") == world.group
        assert page.findtext("last_login") not in ("never", None)
        for name in ("webdav", "caldav", "carddav"):
            address = page.findtext(name) or ""
            assert world.site.finds(address, login, password), name
