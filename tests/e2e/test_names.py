"""Names, passwords, languages and links of new accounts, by what the tariff form says."""

import string

import pytest

from tests.doubles.cloud import OWNCLOUD_10, Cloud, Seen
from tests.e2e.sites import DoubleSite
from tests.e2e.world import World
from utils.accounts.tokens import is_token
from utils.consts import ITEM_LOGIN, ITEM_PASSWORD


def double(world: World) -> Cloud:
    """The world's cloud, which is the double."""
    assert isinstance(world.site, DoubleSite)
    return world.site.cloud


def others(world: World) -> "set[str]":
    """Whoever has an account beside the administrator."""
    return {user.login for user in double(world).users.values()} - {"admin"}


def kill_at_create(world: World, item: int, when: str) -> None:
    """Kills an order before or after its account is made."""
    double(world).add_group(world.group)

    def hook(seen: Seen) -> bool:
        is_create = seen.method == "POST" and seen.path.endswith("/users")
        if is_create:
            process.kill_group()
        return not is_create

    setattr(double(world), when, hook)
    process = world.starter("open", item)()
    assert process.finish().exit_code == -9
    setattr(double(world), when, None)


# -- names ------------------------------------------------------------------------------------


def test_an_account_is_found_by_its_mark_whatever_the_template_says_by_then(world: World) -> None:
    world.client = world.stand.add_account("Иван", ["Ivan.P@mail.example"])
    tariff = world.tariff(cloud_login="@EMAIL_NAME@-@ID@")
    item = world.opened(tariff)
    assert world.stand.params(item)[ITEM_LOGIN] == f"ivan.p-{item}"
    assert world.customer_gets_in(item)
    world.stand.set_terms(tariff, cloud_login="other_@ID@")
    for command in ("suspend", "resume", "setparam", "sync_item", "changepassword"):
        world.run(command, item).check()
    world.stand.run("stat", module=world.module).check()
    assert len(world.stand.stats(item)) == 1
    assert others(world) == {f"ivan.p-{item}"}
    world.run("close", item).check()
    assert others(world) == set()


def test_what_an_earlier_run_has_begun_is_ended_by_the_template_of_then(world: World) -> None:
    tariff = world.tariff(cloud_login="first_@ID@")
    item = world.order(tariff)
    world.stand.before_call = lambda call: process.kill_group() if "username" in call.args else None
    process = world.starter("open", item)()
    assert process.finish().exit_code == -9
    world.stand.before_call = None
    assert others(world) == {f"first_{item}"}
    world.stand.set_terms(tariff, cloud_login="second_@ID@")
    world.run("open", item).check()
    assert others(world) == {f"first_{item}"}
    assert world.customer_gets_in(item)


@pytest.mark.parametrize(
    ("conf", "login"),
    [pytest.param("", "", marks=pytest.mark.long), ("taken_login = suffix\n", "client7_2")],
)
def test_a_name_that_another_service_has_is_no_second_one_s(
    world: World, conf: str, login: str
) -> None:
    world.stand.write("etc/pmnextcloud.conf", conf)
    tariff = world.tariff(cloud_login="@USERNAME@")
    first = world.opened(tariff)
    # Somebody has deleted it by hand, and its service is still to have it.
    double(world).remove_user("client7")
    second = world.order(tariff)
    run = world.run("open", second)
    if login:
        assert run.check()
        assert world.stand.params(second)[ITEM_LOGIN] == login
        world.run("close", second).check()
    else:
        assert run.error_type == "login_taken"
    assert world.stand.params(first)[ITEM_LOGIN] == "client7"
    assert others(world) == set()


def test_a_name_in_the_order_is_taken_and_opens_nobody_else_s_account(world: World) -> None:
    double(world).add_user("boss", "Somebody-else-1")
    tariff = world.tariff(cloud_login="@USERNAME@")
    typed = world.order(tariff, params={"username": "Müller & Sons"})
    world.run("open", typed).check()
    assert world.stand.params(typed)[ITEM_LOGIN] == "mullersons"
    guessed = world.order(tariff, params={"username": "boss", "userpassword": "Somebody-else-1"})
    assert world.run("open", guessed).error_type == "login_taken"
    assert world.site.login_works("boss", "Somebody-else-1")


def test_usage_of_named_accounts_is_counted_by_pages(world: World) -> None:
    tariff = world.tariff(cloud_login="@EMAIL_NAME@_@ID@")
    items = [world.opened(tariff) for _ in range(2)]
    items += world.many(4)
    for item in items[2:]:
        double(world).add_user(world.login(item), "made-up-77")
    requests = len(double(world).requests)
    world.stand.run("stat", module=world.module).check()
    assert [len(world.stand.stats(item)) for item in items] == [1] * 6
    asked = [one.path.rpartition("/cloud/")[2] for one in double(world).requests[requests:]]
    assert all(path.startswith("users/details") for path in asked)


def test_the_audit_finds_nothing_amiss_with_named_accounts(world: World) -> None:
    world.opened(world.tariff(cloud_login="@EMAIL_NAME@-@ID@"))
    run = world.stand.run("audit", extra=["--format", "json"])
    assert run.exit_code == 0, run.stdout


# -- passwords --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("terms", "length", "kinds"),
    [
        pytest.param(
            {}, 20, string.ascii_letters + string.digits + "-_.!+*=", marks=pytest.mark.long
        ),
        pytest.param(
            {"cloud_password_length": "30"},
            30,
            string.ascii_letters + string.digits + "-_.!+*=",
            marks=pytest.mark.long,
        ),
        (
            {"cloud_password_length": "12", "cloud_password_kinds": "small_digits"},
            12,
            string.ascii_lowercase + string.digits,
        ),
        ({"cloud_password_length": "7", "cloud_password_kinds": "?"}, 20, ""),
    ],
    ids=["as settings", "longer", "simple", "nonsense"],
)
def test_passwords_are_as_the_tariff_has_them(
    world: World, terms: "dict[str, str]", length: int, kinds: str
) -> None:
    item = world.opened(world.tariff(**terms))
    made = [world.stand.params(item)[ITEM_PASSWORD]]
    world.run("changepassword", item).check()
    made.append(world.stand.params(item)[ITEM_PASSWORD])
    assert [len(one) for one in made] == [length] * 2
    assert not kinds or set("".join(made)) <= set(kinds)
    assert world.customer_gets_in(item)


# -- name, language, space --------------------------------------------------------------------


@pytest.mark.every_cloud
def test_an_account_speaks_and_is_called_as_the_tariff_wants(world: World) -> None:
    world.client = world.stand.add_account("Firm", ["f@mail.example"], realname="Ivan", lang="ru")
    terms = {"cloud_display_name": "person", "cloud_language": "client", "cloud_unlimited": "on"}
    item = world.opened(world.tariff(**terms))
    user = world.user(item)
    speaks = double(world).profile is not OWNCLOUD_10
    assert (user.shown_name, user.language) == ("Ivan", "ru" if speaks else "en")
    assert user.quota == "none"


def test_a_tariff_without_limit_needs_no_add_on_and_counts_nothing_then(world: World) -> None:
    tariff = world.stand.add_tariff(world.itemtype, addons=[], cloud_unlimited="on")
    item = world.opened(tariff)
    world.run("sync_item", item).check()
    world.stand.run("stat", module=world.module).check()
    assert world.user(item).quota == "none"
    assert world.stand.stats(item) == world.stand.tasks() == []


# -- a link in place of a password ------------------------------------------------------------


def test_where_the_cloud_mails_a_link_billing_knows_no_password(world: World) -> None:
    tariff = world.tariff(cloud_first_password="link")
    item = world.opened(tariff)
    user = world.user(item)
    assert ITEM_PASSWORD not in world.stand.params(item)
    assert double(world).links_mailed == [(user.login, "client7@example.com")]
    assert not user.profile["manager"], "what proved it is taken off"
    for command in ("suspend", "resume", "setparam", "sync_item"):
        world.run(command, item).check()
    world.run("changepassword", item).check()
    assert world.customer_gets_in(item)
    world.run("close", item).check()
    assert others(world) == set()


def test_an_account_with_a_link_is_known_by_its_token_after_a_lost_answer(world: World) -> None:
    item = world.order(world.tariff(cloud_first_password="link"))
    kill_at_create(world, item, "after")
    [begun] = [user for user in double(world).users.values() if user.login != "admin"]
    assert is_token(begun.profile["manager"])
    world.run("open", item).check()
    assert len(double(world).links_mailed) == 1
    assert not begun.profile["manager"]
    assert ITEM_PASSWORD not in world.stand.params(item)
    [task] = world.stand.tasks()
    assert "link_uncertain" in task["params"], "nobody has seen whether the link was mailed"


def test_an_account_with_a_link_that_has_no_token_is_a_stranger_s(world: World) -> None:
    item = world.order(world.tariff(cloud_first_password="link"))
    kill_at_create(world, item, "before")
    stranger = double(world).add_user(world.login(item), "A-stranger-77")
    for manager in ("", "boss", "pm " + "x" * 16):
        stranger.profile["manager"] = manager
        assert world.run("open", item).error_type == "login_taken"
    world.stand.set_status(item, 2)
    for command in ("suspend", "close"):
        assert world.run(command, item).error_type in ("login_taken", None)
    assert stranger.enabled
    assert double(world).users.find(stranger.login) is stranger


@pytest.mark.parametrize(
    ("emails", "error"),
    [
        pytest.param([], "email_missing", marks=pytest.mark.long),
        (["broken"], "email_missing"),
    ],
)
def test_without_an_e_mail_no_link_can_be_mailed(
    world: World, emails: "list[str]", error: str
) -> None:
    world.client = world.stand.add_account("Client 8", emails)
    item = world.order(world.tariff(cloud_first_password="link"))
    assert world.run("open", item).error_type == error
    assert others(world) == set()


@pytest.mark.parametrize("cloud", [OWNCLOUD_10], indirect=True)
def test_a_cloud_that_mails_no_links_refuses_such_an_order_with_words(world: World) -> None:
    tariff = world.tariff(cloud_first_password="link")
    item = world.order(tariff)
    run = world.run("open", item)
    assert run.error_type == "link_unsupported"
    assert others(world) == set()
    world.stand.set_terms(tariff, cloud_first_password="billing")
    world.run("open", item).check()
    assert world.customer_gets_in(item)
