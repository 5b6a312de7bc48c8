"""A stored secret goes to the server that it was entered for, and nowhere else.

A stranger listens at another address. Whatever the form, the database and the stranger do, no byte
of a stored secret comes to him.
"""

import base64
import json
import shutil
from typing import Iterator, List

import pytest

from tests.doubles.billmanager import Stand
from tests.doubles.cloud import Cloud
from tests.doubles.hostile import Heard, Hostile, whole
from tests.e2e.sites import DoubleSite
from tests.e2e.world import World
from tests.tools import table

CONFIRM = "Real-Pw-for-tests-77"
STATUS = {"installed": True, "version": "34.0.1", "versionstring": "34", "extendedSupport": False}


def want_confirmation(request: Heard) -> Iterator[bytes]:
    """The least that makes a module believe that its password has to be confirmed."""
    if request.path.startswith("/status.php"):
        yield whole(json.dumps(STATUS).encode())
        return
    meta = {"statuscode": 403, "message": "Password confirmation is required"}
    yield whole(json.dumps({"ocs": {"meta": meta, "data": []}}).encode())


def take_all(request: Heard) -> Iterator[bytes]:
    """Agrees to every login."""
    if request.path.startswith("/status.php"):
        yield whole(json.dumps(STATUS).encode())
        return
    code = 101 if request.method == "PUT" else 100
    yield whole(json.dumps({"ocs": {"meta": {"statuscode": code}, "data": {}}}).encode())


@pytest.fixture
def stranger() -> Iterator[Hostile]:
    """Who must hear nothing."""
    with Hostile(want_confirmation) as one:
        yield one


@pytest.fixture
def world(stand: Stand, cloud: Cloud) -> World:
    """A provider whose module has a second password, and whose cloud has taken the first."""
    stand.secrets.append(CONFIRM)
    world = World(stand, DoubleSite(cloud), confirm_password=CONFIRM)
    world.know_cloud()
    return world


def heard_secrets(stranger: Hostile, stand: Stand) -> List[str]:
    """The secrets of the stand that a stranger has got, in clear or as a login."""
    texts = []
    for request in stranger.heard:
        login = request.headers.get("authorization", "").partition(" ")[2]
        texts.append(base64.b64decode(login + "==").decode("utf-8", "replace"))
        texts.append(f"{request.path}\n{request.headers}\n{request.body!r}")
    return [secret for secret in stand.secrets if any(secret in text for text in texts)]


def store(world: World, **params: str) -> None:
    """What BILLmanager stores when a form is saved; an empty secret is kept as it is."""
    for name, value in params.items():
        world.stand.sql(
            "UPDATE processingparam SET value = %s WHERE processingmodule = %s AND intname = %s",
            value,
            world.module,
            name,
        )


def store_password(world: World, password: str) -> None:
    """What BILLmanager stores when a form is saved with that password and no second one."""
    for name in ("processingparam", "processingcryptedparam"):
        world.stand.sql(
            f"DELETE FROM {name} WHERE processingmodule = %s AND intname = 'nc_password'",
            world.module,
        )
    world.stand.database.insert(
        "processingparam", processingmodule=world.module, intname="nc_password", value=password
    )


def ask_form(world: World, **fields: str) -> str:
    """The error type of check_connection on the form of the module."""
    values = {"id": str(world.module), "nc_username": "admin", **fields}
    text = "".join(f"<{name}>{value}</{name}>" for name, value in values.items())
    document = f"<doc><processingmodule>{text}</processingmodule></doc>".encode()
    return world.stand.run("check_connection", stdin=document).error_type or ""


@pytest.mark.parametrize("command", [*table.SERVICES, *table.MODULES])
def test_a_changed_address_makes_no_command_send_a_secret(
    world: World, stranger: Hostile, command: str
) -> None:
    item = world.order()
    store(world, base_url=stranger.url)
    run = world.call(command, item)
    assert (run.exit_code, run.error_type) == (1, "secret_elsewhere")
    assert not stranger.heard


def test_the_second_password_stays_where_the_first_is_entered_anew(
    world: World, stranger: Hostile
) -> None:
    refused = ask_form(
        world, base_url=stranger.url, nc_password="any-word-1", nc_confirm_password=""
    )
    assert refused == "secret_missing"
    assert not stranger.heard


@pytest.mark.parametrize("name", ["nc_password", "nc_confirm_password"])
def test_a_form_that_is_filled_in_with_stored_secrets_sends_them_nowhere(
    world: World, cloud: Cloud, stranger: Hostile, name: str
) -> None:
    stored = {"nc_password": cloud.admin_password, "nc_confirm_password": CONFIRM}
    fields = {"nc_password": "any-word-1", "nc_confirm_password": "any-word-2", name: stored[name]}
    assert ask_form(world, base_url=stranger.url, **fields) == "secret_elsewhere"
    crossed = {"nc_password": CONFIRM, "nc_confirm_password": cloud.admin_password}
    assert ask_form(world, base_url=stranger.url, **crossed) == "secret_elsewhere"
    assert not stranger.heard


def test_a_good_check_of_another_server_frees_no_stored_secret(
    world: World, stranger: Hostile
) -> None:
    """The form is checked with two new secrets, then saved with the second field empty."""
    stranger.answer = take_all
    assert not ask_form(
        world, base_url=stranger.url, nc_password="any-word-1", nc_confirm_password="any-word-2"
    )
    store_password(world, "any-word-1")
    store(world, base_url=stranger.url)
    stranger.answer = want_confirmation
    run = world.stand.run("get_server_config", module=world.module)
    assert run.error_type == "secret_elsewhere"
    assert not heard_secrets(stranger, world.stand)


# -- what is known is lost -------------------------------------------------------------------------


def lose(world: World, how: str) -> None:
    """What the module remembers of its secrets is no more."""
    path = world.stand.root / f"var/pmnextcloud/secrets-{world.module}.json"
    assert path.is_file()
    if how == "damaged":
        path.write_text("[")
    elif how == "file":
        path.unlink()
    else:
        shutil.rmtree(path.parent)


@pytest.fixture(params=["file", "folder", "damaged"])
def lost(request: pytest.FixtureRequest, world: World) -> World:
    """A module with an open service that no longer remembers anything."""
    world.opened()
    lose(world, request.param)
    return world


def test_what_is_lost_is_found_by_the_services_where_the_address_is_right(lost: World) -> None:
    for command, run in lost.live(lost.order()):
        assert run.exit_code == 0, (command, run)
    assert (lost.stand.root / f"var/pmnextcloud/secrets-{lost.module}.json").is_file()


@pytest.mark.parametrize("command", [*table.SERVICES, *table.MODULES])
def test_what_is_lost_makes_no_command_send_a_secret_elsewhere(
    world: World, cloud: Cloud, stranger: Hostile, command: str
) -> None:
    item = world.opened()
    lose(world, "folder")
    store(world, base_url=stranger.url)
    run = world.call(command, item)
    assert (run.exit_code, run.error_type) == (1, "secret_elsewhere")
    assert cloud.url.encode() in run.stdout
    assert not stranger.heard


def test_what_is_lost_lets_no_form_carry_a_secret_elsewhere(lost: World, stranger: Hostile) -> None:
    """Not even where the address was changed before, so that it is what is stored."""
    stored = {"nc_password": lost.site.password, "nc_confirm_password": CONFIRM}
    new = {"nc_password": "any-word-1", "nc_confirm_password": "any-word-2"}
    store(lost, base_url=stranger.url)
    for name in stored:
        fields = {**new, name: stored[name]}
        assert ask_form(lost, base_url=stranger.url, **fields) == "secret_elsewhere"
        assert not stranger.heard
    stranger.answer = take_all
    assert not ask_form(lost, base_url=stranger.url, **new)
    store_password(lost, new["nc_password"])
    stranger.answer = want_confirmation
    run = lost.stand.run("get_server_config", module=lost.module)
    assert run.error_type == "secret_elsewhere"
    assert not heard_secrets(stranger, lost.stand)


def test_a_secret_belongs_to_its_server_before_a_mark_is_sealed_there(
    stand: Stand, cloud: Cloud
) -> None:
    """Whoever is killed in between leaves nothing that looks as if the memory was lost."""
    world = World(stand, DoubleSite(cloud))
    path = stand.root / f"var/pmnextcloud/secrets-{world.module}.json"
    seen = []
    stand.before_call = lambda call: seen.append((call.function, path.is_file()))
    world.opened()
    assert seen
    assert all(is_there for _, is_there in seen)


def test_no_question_makes_the_second_password_come(stand: Stand, stranger: Hostile) -> None:
    """Also at the module's own server: it is for writes alone."""
    stand.secrets.append(CONFIRM)
    module = stand.add_module(stranger.url, "admin", "first-pw-1", confirm_password=CONFIRM)
    run = stand.run("get_server_config", module=module)
    assert run.error_type == "cloud_app_password_refused"
    assert stranger.heard
    assert CONFIRM not in heard_secrets(stranger, stand)


def test_root_may_say_that_a_cloud_has_moved(world: World, cloud: Cloud, stand: Stand) -> None:
    former = cloud.url
    moved = former.replace("127.0.0.1", "localhost")
    store(world, base_url=moved)
    assert stand.run("get_server_config", module=world.module).error_type == "secret_elsewhere"
    stand.write("etc/pmnextcloud.conf", f"former_servers = {former}\n")
    stand.run("get_server_config", module=world.module).check()


def test_the_doctor_tells_what_belongs_nowhere_yet_and_what_elsewhere(
    stand: Stand, cloud: Cloud
) -> None:
    world = World(stand, DoubleSite(cloud))

    def found() -> List[str]:
        run = stand.run("doctor", extra=["--format", "json"])
        findings = json.loads(run.stdout)["findings"]
        return [one["finding"] for one in findings if one["check"] == "bound"]

    assert found() == ["unbound_secret"]
    world.know_cloud()
    assert found() == ["ok"]
    store(world, base_url=cloud.url.replace("127.0.0.1", "localhost"))
    assert found() == ["secret_elsewhere"]
