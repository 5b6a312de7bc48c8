"""Names, languages and links on a real cloud, which decides what a name is and mails the link."""

import os
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any, Dict, Iterator

import pytest

from tests.doubles.billmanager import Stand
from tests.e2e.sites import RealSite
from tests.e2e.world import World, real_world
from utils.consts import ITEM_LOGIN, ITEM_PASSWORD

pytestmark = pytest.mark.live


@pytest.fixture
def real(stand: Stand) -> Iterator[World]:
    """A provider whose cloud is the real server; what was opened there is closed at the end."""
    with real_world(stand) as world:
        world.client = stand.add_account(
            "Фирма", ["Ivan.Petrov@mail.example"], realname="Иван Петров", lang="de"
        )
        try:
            yield world
        finally:
            for item in world.items:
                world.run("close", item)


def site_of(world: World) -> RealSite:
    """The world's cloud, known to be real."""
    assert isinstance(world.site, RealSite)
    return world.site


def record(world: World, item: int) -> Dict[str, Any]:
    """The account of a service as the cloud's administrator is shown it."""
    return site_of(world).record(world.stand.params(item)[ITEM_LOGIN])


def text_of(path: Path) -> str:
    """What a mail says in plain text."""
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    body = mail.get_body(("plain",))
    return str(body.get_content()) if body is not None else ""


def is_owncloud(world: World) -> bool:
    """Whether the cloud is one that mails no links and lets nobody set a language."""
    return "definition" in site_of(world).record(site_of(world).login)["quota"]


def test_a_name_by_a_template_is_one_that_the_cloud_takes_all_its_life(real: World) -> None:
    item = real.opened(real.tariff(cloud_login="@USERNAME@.@ID@-@EMAIL@"))
    login = real.stand.params(item)[ITEM_LOGIN]
    assert login == f"ivan.petrov.{item}-ivan.petrov@mail.example"
    assert real.customer_gets_in(item)
    for command in ("suspend", "resume", "setparam", "sync_item", "changepassword"):
        real.run(command, item).check()
    real.stand.run("stat", module=real.module).check()
    assert len(real.stand.stats(item)) == 1
    assert real.customer_gets_in(item)
    real.run("close", item).check()
    assert site_of(real).account(login) is None


def test_the_longest_name_that_a_template_makes_is_taken(real: World) -> None:
    item = real.opened(real.tariff(cloud_login="@ID@_" + "x" * 100))
    login = real.stand.params(item)[ITEM_LOGIN]
    assert 60 <= len(login) <= 64
    assert real.customer_gets_in(item)


def test_name_language_and_address_are_the_client_s_and_follow_him(real: World) -> None:
    terms = {"cloud_display_name": "person", "cloud_language": "client"}
    item = real.opened(real.tariff(**terms))
    shown = record(real, item)
    speaks = not is_owncloud(real)
    assert shown["displayname"] == "Иван Петров"
    assert shown["email"].lower() == "ivan.petrov@mail.example"
    assert not speaks or shown["language"] == "de"
    real.stand.sql(
        "UPDATE user SET email = 'Neu@mail.example', realname = 'Пётр', lang = 'ru'"
        " WHERE account = %s",
        real.client,
    )
    real.run("setparam", item).check()
    shown = record(real, item)
    assert (shown["displayname"], shown["email"].lower()) == ("Пётр", "neu@mail.example")
    assert not speaks or shown["language"] == "ru"
    site_of(real).edit(real.stand.params(item)[ITEM_LOGIN], "email", "own@mail.example")
    real.stand.sql("UPDATE user SET email = 'x@mail.example' WHERE account = %s", real.client)
    for command in ("setparam", "sync_item"):
        real.run(command, item).check()
    assert record(real, item)["email"] == "own@mail.example"


def test_a_link_is_mailed_and_no_password_is_known_or_the_order_is_refused(real: World) -> None:
    box = Path(os.environ.get("CLOUD_MAIL", "/nonexistent"))
    before = set(box.glob("*"))
    terms = {"cloud_first_password": "link", "cloud_language": "de"}
    item = real.order(real.tariff(**terms))
    run = real.run("open", item)
    if is_owncloud(real):
        assert run.error_type == "link_unsupported"
        return
    run.check()
    assert ITEM_PASSWORD not in real.stand.params(item)
    assert not record(real, item)["manager"]
    if box.exists():
        texts = [text_of(one) for one in set(box.glob("*")) - before]
        assert any(real.login(item) in text and "lostpassword/reset" in text for text in texts)
    for command in ("suspend", "resume", "setparam", "sync_item", "changepassword"):
        real.run(command, item).check()
    assert real.customer_gets_in(item)


def test_an_account_with_a_link_is_known_by_its_token_after_a_kill(real: World) -> None:
    if is_owncloud(real):
        pytest.skip("it mails no links")
    item = real.order(real.tariff(cloud_first_password="link"))
    login = real.login(item)
    real.run("open", item).check()
    token = "pm " + "Ab0-" * 4
    for command in ("setparam", "open"):
        # As a run that is killed behind the request leaves both.
        real.stand.save_param(
            item, "pmnextcloud_mark", real.mark(item, token, is_made=False), crypted=True
        )
        site_of(real).edit(login, "manager", token)
        real.run(command, item).check()
        assert not record(real, item)["manager"]
    told = [task["params"] for task in real.stand.tasks() if task["item"] == item]
    assert len(told) == 1
    assert "link_uncertain" in told[0]
    site_of(real).edit(login, "manager", "boss")
    real.stand.save_param(
        item, "pmnextcloud_mark", real.mark(item, token, is_made=False), crypted=True
    )
    assert real.run("setparam", item).error_type == "login_taken"
    assert record(real, item)["manager"] == "boss"
    real.stand.save_param(item, "pmnextcloud_mark", real.mark(item, "x"), crypted=True)
