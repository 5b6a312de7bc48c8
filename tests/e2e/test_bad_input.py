"""Bad input: each ends in one XML document with its own error and exit 1, and changes nothing.

Looked at are every table of billing, the accounts and groups of the cloud, standard output and
error, the log, and every command line (the last two by the fixture `stand`).
"""

from typing import Any, Dict, Iterator, List, Optional, Tuple

import pytest

from commands import COMMANDS
from tests.doubles.billmanager import DEVNULL, CoreFault, Run, Stand
from tests.doubles.billmanager.keys import Key
from tests.doubles.billmanager.runs import Stdin
from tests.doubles.cloud import Cloud, Fault
from tests.e2e.sites import DoubleSite
from tests.e2e.world import World
from tests.tools import table

MARK = "pmnextcloud_mark"
MIB = 1024**2

Rows = Dict[str, List[Dict[str, Any]]]


def billing(stand: Stand, *without: str) -> Rows:
    """All rows of all tables but those."""
    names = [name for row in stand.sql("SHOW TABLES") for name in row.values()]
    return {
        name: sorted(stand.sql(f"SELECT * FROM `{name}`"), key=repr)
        for name in names
        if name not in without
    }


def accounts(cloud: Cloud) -> Tuple[object, object]:
    """The accounts and groups of a cloud, as far as a module could change them."""
    users = {
        login: (user.password, user.email, user.quota, sorted(user.groups), user.enabled)
        for login, user in cloud.users.items()
    }
    return users, dict(cloud.groups)


def double(world: World) -> Cloud:
    """The world's cloud, which is the double."""
    assert isinstance(world.site, DoubleSite)
    return world.site.cloud


def refused(
    world: World, error_type: str, command: Optional[str], *, problem: bool = False, **run: Any
) -> Run:
    """Runs the program, which must refuse with that type and leave everything as it is.

    With `problem` the fault is the module's, and a problem registered for it is no change.
    """
    without = ("problems",) if problem else ()
    before = billing(world.stand, *without), accounts(double(world))
    done = world.stand.run(command, **run)
    assert done.exit_code == 1, str(done)
    assert done.error_type == error_type, str(done)
    assert done.stderr == b""
    assert (billing(world.stand, *without), accounts(double(world))) == before
    shown = done.stdout.decode("utf-8")
    assert not [text for text in world.stand.secrets if len(text) > 5 and text in shown]
    return done


@pytest.fixture(scope="module")
def settled() -> Iterator[World]:
    """A world with an open service, for cases that change nothing in their surroundings."""
    with Stand() as stand, Cloud() as cloud:
        made = World(stand, DoubleSite(cloud))
        made.opened(ordered=2)
        yield made
        assert not stand.leaks
        assert not [text for text in stand.secrets if len(text) > 5 and text in stand.log]


# -- the command ------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [None, "", "reopen", "_open", "../commands/_open"])
def test_an_unknown_or_missing_command(settled: World, command: Optional[str]) -> None:
    refused(settled, "unknown_command", command, item=settled.items[0])


def test_an_option_without_its_value(settled: World) -> None:
    refused(settled, "bad_arguments", None, extra=["--item", "1001", "--command"])


def test_arguments_that_are_no_text(settled: World) -> None:
    refused(settled, "unknown_command", "\udcff\x01\u20ac", item="1001")
    refused(settled, "bad_arguments", "close", item="\udcff\x01")


# -- item and module --------------------------------------------------------------------------


@pytest.mark.parametrize("command", table.SERVICES)
def test_no_item(settled: World, command: str) -> None:
    has_bulk = COMMANDS[command].has_bulk  # then a module alone means all its services
    module = None if has_bulk else settled.module
    run = refused(settled, "bad_arguments", command, module=module)
    assert run.error_value == "--item"


@pytest.mark.parametrize("command", table.MODULES)
def test_no_module(settled: World, command: str) -> None:
    run = refused(settled, "bad_arguments", command, item=settled.items[0])
    assert run.error_value == "--module"


@pytest.mark.parametrize("command", table.FORMS)
def test_no_form(settled: World, command: str) -> None:
    refused(settled, "bad_input", command, item=settled.items[0], module=settled.module)


@pytest.mark.parametrize(
    "number",
    ["", "abc", "-5", " 1001", "\u0663", "1 OR 1", "9" * 30],
)
def test_an_item_that_is_no_number(settled: World, number: str) -> None:
    form = "equals" if number.startswith("-") else "separate"
    refused(settled, "bad_arguments", "close", item=number, form=form)


def test_a_module_or_an_operation_that_is_no_number(settled: World) -> None:
    refused(settled, "bad_arguments", "stat", module="abc")
    refused(
        settled,
        "bad_arguments",
        "close",
        item=settled.items[0],
        runningoperation="-1",
        form="equals",
    )


@pytest.mark.parametrize("number", [0, 999_999_999_999_999_999])
@pytest.mark.parametrize("command", table.SERVICES)
def test_an_item_that_is_not_there(settled: World, command: str, number: int) -> None:
    refused(settled, "item_not_found", command, item=number)


@pytest.mark.parametrize("command", table.MODULES)
def test_a_module_that_is_not_there(settled: World, command: str) -> None:
    refused(settled, "module_not_found", command, module=999_999)


@pytest.mark.parametrize("command", table.MODULES)
def test_a_module_of_another_handler(settled: World, command: str) -> None:
    other = settled.stand.add_module(settled.site.url, "admin", "Other-Pw-1", module="pmother")
    refused(settled, "module_not_found", command, module=other)


@pytest.mark.parametrize("command", table.SERVICES)
def test_an_item_of_another_handler(settled: World, command: str) -> None:
    other = settled.stand.add_module(settled.site.url, "admin", "Other-Pw-1", module="pmother")
    item = settled.stand.order(settled.tariff(), settled.client, other)
    refused(settled, "item_not_found", command, item=item)


@pytest.mark.parametrize("command", table.SERVICES)
def test_an_item_without_a_module(settled: World, command: str) -> None:
    item = settled.order()
    settled.stand.sql("UPDATE item SET processingmodule = NULL WHERE id = %s", item)
    refused(settled, "item_not_found", command, item=item)


@pytest.mark.parametrize("command", table.SERVICES)
def test_the_row_of_an_addon_is_no_item(settled: World, command: str) -> None:
    rows = settled.stand.sql("SELECT id FROM item WHERE parent = %s", settled.items[0])
    served = "UPDATE item SET processingmodule = %s WHERE id = %s"
    settled.stand.sql(served, settled.module, rows[0]["id"])
    refused(settled, "item_not_found", command, item=rows[0]["id"])


# -- standard input ---------------------------------------------------------------------------

FORM = "<doc><processingmodule><base_url>{}</base_url></processingmodule></doc>"
LAUGHS = (
    '<!DOCTYPE doc [<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    + "]>"
    + FORM.format("&a11;")
)
BAD_STDIN = {
    "closed": None,
    "empty": DEVNULL,
    "cut": FORM.format("https://cloud.example.com")[:-20],
    "no-xml": '{"doc": {"base_url": "https://cloud.example.com"}}',
    "dtd": "<!DOCTYPE doc>" + FORM.format("https://cloud.example.com"),
    "entity": '<!DOCTYPE doc [<!ENTITY a "b">]>' + FORM.format("&a;"),
    "laughs": LAUGHS,
    "too-large": FORM.format("https://cloud.example.com") + " " * (4 * MIB),
    "too-deep": "<doc>" * 5000 + "</doc>" * 5000,
    "encoding": '<?xml version="1.0" encoding="UTF-8"?><doc>Ж</doc>'.encode("cp1251"),
    "unknown-encoding": b'<?xml version="1.0" encoding="x-none"?><doc/>',
}


@pytest.mark.parametrize(
    ("command", "stdin"),
    [
        *(pytest.param("check_connection", text, id=name) for name, text in BAD_STDIN.items()),
        *(
            pytest.param(command, BAD_STDIN[name], id=f"{command}-{name}")
            for command in table.SHOWN_FORMS
            for name in ("closed", "laughs")
        ),
    ],
)
def test_what_is_no_acceptable_document(settled: World, command: str, stdin: Stdin) -> None:
    run = refused(settled, "bad_input", command, module=settled.module, stdin=stdin)
    assert run.seconds < 60, "all entities of it would take hours"
    assert len(run.stdout) < 1000


def test_a_form_without_the_module_in_it(settled: World) -> None:
    refused(settled, "bad_input", "check_connection", stdin="<doc><base_url>x</base_url></doc>")


@pytest.mark.parametrize("command", table.FORMS)
def test_an_external_entity_is_not_fetched(settled: World, command: str) -> None:
    path = settled.stand.write("etc/hidden", "not-for-any-form")
    doctype = f'<!DOCTYPE doc [<!ENTITY x SYSTEM "file://{path}">]>'
    run = refused(settled, "bad_input", command, stdin=doctype + FORM.format("&x;"))
    assert b"not-for-any-form" not in run.stdout


def test_words_of_a_broken_document_are_not_repeated(settled: World) -> None:
    settled.stand.secrets.append("Typed-Pw-for-tests-6")
    form = "<doc><processingmodule><nc_password>Typed-Pw-for-tests-6</nc_password><"
    refused(settled, "bad_input", "check_connection", stdin=form)


# -- database, core, key ----------------------------------------------------------------------


def numbers_of(world: World, command: str) -> Dict[str, int]:
    """The service, or the module, that a command works on."""
    return {"module": world.module} if command in table.MODULES else {"item": world.order()}


@pytest.mark.parametrize("command", [*table.SERVICES, *table.MODULES])
def test_no_database(world: World, command: str) -> None:
    numbers = numbers_of(world, command)
    world.stand.write_db_conf(DBSocket="/nonexistent/db.sock")
    refused(world, "database_unavailable", command, **numbers)
    assert not double(world).requests


def test_a_database_that_refuses_the_login(world: World) -> None:
    world.stand.secrets.append("Wrong-Db-Pw-7")
    world.stand.write_db_conf(DBPassword="Wrong-Db-Pw-7")
    refused(world, "database_unavailable", "stat", module=world.module)


def test_a_database_of_another_name(world: World) -> None:
    world.stand.write_db_conf(DBName="nobody")
    refused(world, "database_unavailable", "stat", module=world.module)


def test_without_db_conf_the_core_is_asked_for_the_database(world: World) -> None:
    (world.stand.root / "etc/billmgr.conf.d/db.conf").unlink()
    world.opened()
    assert world.stand.called("paramlist")


def test_without_db_conf_and_without_the_core(world: World) -> None:
    (world.stand.root / "etc/billmgr.conf.d/db.conf").unlink()
    world.stand.core_down = True
    refused(world, "core_unavailable", "open", item=world.order())


@pytest.mark.parametrize(
    ("fault", "error_type"),
    [("exit1", "core_unavailable"), ("garbage", "core_unavailable"), ("error", "core_refused")],
)
def test_a_core_that_fails_before_anything_was_made(
    world: World, fault: str, error_type: str
) -> None:
    world.stand.core_faults.append(CoreFault(".*", kind=fault, times=None))
    refused(world, error_type, "open", item=world.order())
    assert {seen.method for seen in double(world).requests} == {"GET"}


def test_no_mgrctl(world: World) -> None:
    (world.stand.root / "sbin/mgrctl").unlink()
    refused(world, "core_unavailable", "open", item=world.order())


@pytest.mark.parametrize("content", [None, b"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n"])
def test_no_key(world: World, content: Optional[bytes]) -> None:
    item = world.order()
    path = world.stand.root / "etc/billmgr.pem"
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    refused(world, "key_unavailable", "open", item=item)
    assert not double(world).requests


def other_key(world: World) -> Key:
    """A key that makes nothing readable of the module's stored secret."""
    rows = world.stand.sql("SELECT value FROM processingcryptedparam")
    while True:
        key = Key()
        try:
            # Newer OpenSSL gives random bytes for a wrong key, once in a while even readable ones.
            key.decrypt(rows[0]["value"])
        except ValueError:
            return key


@pytest.mark.parametrize("command", [*table.SERVICES, *table.MODULES])
def test_the_key_of_another_billmanager(world: World, command: str) -> None:
    numbers = numbers_of(world, command)
    world.stand.write("etc/billmgr.pem", other_key(world).pem(), mode=0o600)
    refused(world, "module_secret_broken", command, problem=True, **numbers)
    assert not double(world).requests


# -- what is stored ---------------------------------------------------------------------------


@pytest.mark.parametrize("stored", ["no base64!", "QUJD"])
def test_a_module_secret_that_does_not_decrypt(world: World, stored: str) -> None:
    item = world.order()
    world.stand.sql("UPDATE processingcryptedparam SET value = %s", stored)
    refused(world, "module_secret_broken", "open", problem=True, item=item)
    assert not double(world).requests


def test_a_mark_that_does_not_decrypt(world: World) -> None:
    item = world.opened()
    asked = len(double(world).requests)
    world.stand.sql(
        "UPDATE itemcryptedparam SET value = 'QUJD' WHERE item = %s AND intname = %s", item, MARK
    )
    refused(world, "secret_broken", "close", item=item)
    assert len(double(world).requests) == asked


def test_a_secret_that_decrypts_to_control_characters(world: World) -> None:
    item = world.opened()
    world.stand.save_param(item, "pmnextcloud_mark", "Made-Up-8\r\nHost: x", crypted=True)
    refused(world, "secret_broken", "close", item=item)


@pytest.mark.parametrize(
    "text",
    [
        "no mark",
        "[1,2,3]",
        '[2,"a",1,"user_1","b","c"]',
        '[1,"a",1,"","b","c"]',
    ],
)
def test_a_mark_that_is_none(world: World, text: str) -> None:
    item = world.order()
    world.stand.save_param(item, MARK, text, crypted=True)
    refused(world, "secret_broken", "open", item=item)
    assert not double(world).requests


@pytest.mark.parametrize(
    "broken",
    [
        {"base_url": None},
        {"base_url": "cloud.example.com"},
        {"base_url": "http://root:Url-Pw-for-tests-3@127.0.0.1:99999"},
        {"password": None},
    ],
)
def test_a_module_that_is_not_set_up(stand: Stand, cloud: Cloud, broken: Dict[str, Any]) -> None:
    stand.secrets.append("Url-Pw-for-tests-3")
    world = World(stand, DoubleSite(cloud), **broken)
    item = world.order()
    refused(world, "module_unset", "open", problem=True, item=item)
    assert not cloud.requests


# -- the settings -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "budget = 90",
        "budget_s = 19",
        "on_close = destroy",
        "ca_file = /nonexistent/ca.pem",
    ],
)
def test_settings_that_cannot_be_used(world: World, line: str) -> None:
    world.stand.write("etc/pmnextcloud.conf", f"# a comment\n\n{line}\n")
    run = refused(world, "settings_broken", "open", item=world.order())
    assert run.error_value is not None
    assert line.split()[0] in run.error_value
    assert not double(world).requests


def test_settings_that_are_no_text(world: World) -> None:
    world.stand.write("etc/pmnextcloud.conf", b"\xff\xfe\x00")
    refused(world, "settings_broken", "stat", module=world.module)
    refused(world, "settings_broken", "check_connection", stdin=FORM.format("x"))


# -- the cloud --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "error_type"),
    [
        (Fault("html", times=None), "not_a_cloud"),
        (Fault("half", times=None), "cloud_unreachable"),
        (Fault("cut_before", times=None), "cloud_unreachable"),
        (Fault("empty", times=None), "not_a_cloud"),
        (Fault("garbage", times=None), "not_a_cloud"),
        (Fault("status", times=None, code=500), "front_answered"),
        (Fault("bad_gateway", times=None), "front_answered"),
        (Fault("redirect", times=None), "cloud_moved"),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else "",
)
def test_a_cloud_that_answers_badly(world: World, fault: Fault, error_type: str) -> None:
    double(world).faults.append(fault)
    refused(world, error_type, "open", problem=True, item=world.order())
    assert {seen.method for seen in double(world).requests} == {"GET"}


def test_a_redirect_to_another_cloud_is_not_followed(world: World) -> None:
    with Cloud() as other:
        where = {"Location": f"{other.url}/status.php"}
        double(world).faults.append(Fault("redirect", times=None, headers=where))
        refused(world, "cloud_moved", "open", problem=True, item=world.order())
        assert not other.requests
