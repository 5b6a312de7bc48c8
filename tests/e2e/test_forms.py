"""The forms that the module fills in, the groups that it keeps for them, and its features."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, Optional

import pytest
from lxml import etree

from tests.doubles.billmanager import ACTIVE, DELETED, Run, Stand
from tests.doubles.billmanager.stand import PROGRAM
from tests.doubles.cloud import Cloud, Fault
from tests.e2e.sites import DoubleSite
from tests.e2e.world import World

GROUPS = "var/pmnextcloud/groups-{}.json"
SECRET = "Form-Pw-for-tests-5"


def fields(run: Run) -> Dict[str, str]:
    """The fields of the form that came back."""
    return {node.tag: node.text or "" for node in run.xml if isinstance(node.tag, str)}


def cut_off(stand: Stand) -> None:
    """Takes database and core away from the module."""
    stand.write_db_conf(DBSocket="/nonexistent/db.sock")
    stand.core_down = True


def double(world: World) -> Cloud:
    """The world's cloud, which is the double."""
    assert isinstance(world.site, DoubleSite)
    return world.site.cloud


# -- tune_connection --------------------------------------------------------------------------


def test_the_connection_form_gets_defaults_where_it_is_empty(stand: Stand) -> None:
    cut_off(stand)
    form = "<doc><base_url>https://cloud.example.com</base_url><timeout> </timeout></doc>"
    assert fields(stand.run("tune_connection", stdin=form).check()) == {
        "base_url": "https://cloud.example.com",
        "timeout": "30",
        "verify_ssl": "on",
    }
    assert not stand.calls


def test_the_connection_form_keeps_every_value(stand: Stand) -> None:
    stand.secrets.append(SECRET)
    form = (
        f"<doc><nc_password>{SECRET}</nc_password><verify_ssl>off</verify_ssl>"
        "<timeout>soon</timeout></doc>"
    )
    run = stand.run("tune_connection", stdin=form).check()
    assert fields(run) == {"nc_password": SECRET, "verify_ssl": "off", "timeout": "soon"}


def test_the_connection_form_keeps_every_other_node(stand: Stand) -> None:
    form = """<?xml version="1.0" encoding="UTF-8"?>
    <doc lang="ru" func="processing.add.user" xmlns:m="urn:example:form">
      <metadata name="processing.edit" type="form" m:zoom="1">
        <form title="name"><page name="connect"><field name="timeout"/></page></form>
      </metadata>
      <messages name="m"><msg name="t">Ждать &lt;5 &amp; "дольше" \u20ac</msg></messages>
      <m:extra m:a="1">text<inner/>tail</m:extra>
      <!-- a comment -->
      <slist name="department"><msg key="1">one</msg><val key="2">two</val></slist>
      <base_url>https://cloud.example.com/a?b&amp;c</base_url>
      <base_url>the second of this name</base_url>
    </doc>"""
    run = stand.run("tune_connection", stdin=form).check()
    came = run.xml
    for name in ("verify_ssl", "timeout"):
        node = came.find(name)
        assert node is not None
        came.remove(node)
    assert canonical(came) == canonical(etree.fromstring(form.encode()))


def canonical(form: "etree._Element") -> bytes:
    """A document in the one spelling of it, without what stands behind its last child."""
    form[-1].tail = None
    return etree.tostring(form, method="c14n", with_comments=True)


def test_the_other_spelling_of_tune_connection(stand: Stand) -> None:
    run = stand.run("connection_form_tune", stdin="<doc/>").check()
    assert fields(run) == {"verify_ssl": "on", "timeout": "30"}


def test_the_other_spelling_of_setparam(world: World) -> None:
    item = world.opened()
    world.stand.change_tariff(item, world.tariff(gib=9, group="gold"))
    operation = world.stand.add_operation("setparam", item)
    world.stand.run("set_param", item=item, runningoperation=operation).check()
    account = world.site.account(world.login(item))
    assert account is not None
    assert account.groups == {"gold"}
    assert world.stand.operation(operation) is None


# -- pricelist_dynamic_settings_tune ----------------------------------------------------------


def tariff_form(stand: Stand, module: Optional[int], stored: str = "") -> "etree._Element":
    """The tariff form as it comes back for a tariff with that group stored."""
    form = etree.Element("doc")
    etree.SubElement(form, "usergroup").text = stored
    run = stand.run("pricelist_dynamic_settings_tune", module=module, stdin=etree.tostring(form))
    return run.check().xml


def offered(form: "etree._Element") -> List[str]:
    """The keys that the form offers for the group; "" is none."""
    lists = form.findall("slist[@name='usergroup']")
    assert len(lists) == 1
    return [node.get("key", "?") for node in lists[0]]


def test_the_tariff_form_is_valid_without_a_list_a_database_or_a_core(stand: Stand) -> None:
    cut_off(stand)
    assert offered(tariff_form(stand, 31)) == [""]
    assert offered(tariff_form(stand, None, stored="older")) == ["", "older"]
    assert not stand.calls


@pytest.mark.parametrize("content", [b"", b'["gold", "sil', b'{"gold": 1}', b'["\xff\xfe"]'])
def test_a_damaged_list_counts_as_none(stand: Stand, content: bytes) -> None:
    stand.write(GROUPS.format(31), content)
    assert offered(tariff_form(stand, 31, stored="older")) == ["", "older"]


def test_the_stored_group_is_always_offered_and_admin_never(stand: Stand) -> None:
    stand.write(GROUPS.format(31), json.dumps(["admin", "gold", "Admin", "silver"]))
    assert offered(tariff_form(stand, 31, stored="gold")) == ["", "gold", "silver"]
    assert offered(tariff_form(stand, 31, stored="gone")) == ["", "gold", "gone", "silver"]
    assert offered(tariff_form(stand, 31, stored="ADMIN")) == ["", "gold", "silver"]


def test_every_module_has_a_list_of_its_own(stand: Stand) -> None:
    stand.write(GROUPS.format(31), '["gold"]')
    assert offered(tariff_form(stand, 32)) == [""]


def test_the_tariff_form_keeps_its_other_nodes_and_loses_an_old_list(stand: Stand) -> None:
    form = (
        "<doc lang='ru'><usergroup>gold</usergroup><slist name='usergroup'><msg>old</msg></slist>"
        "<slist name='period'><msg key='1'>month</msg></slist><name>Тариф</name></doc>"
    )
    run = stand.run("pricelist_dynamic_settings_tune", module=31, stdin=form).check()
    assert offered(run.xml) == ["", "gold"]
    assert run.xml.findtext("slist[@name='period']/msg[@key='1']") == "month"
    assert fields(run)["name"] == "Тариф"
    assert fields(run)["usergroup"] == "gold"
    assert run.xml.get("lang") == "ru"


def test_groups_are_offered_by_id_in_any_characters_without_asking_the_cloud(
    world: World,
) -> None:
    odd = "a<b> & \"c\" 'd' ]]> Группа №1 \u20ac"
    double(world).add_group("id-7", "Shown name")
    double(world).add_group(odd)
    world.stand.run("get_server_config", module=world.module).check()
    asked = len(double(world).requests)
    cut_off(world.stand)
    form = tariff_form(world.stand, world.module)
    assert offered(form) == ["", odd, "id-7"]
    assert [node.text for node in form.findall("slist[@name='usergroup']/msg")][1:] == [
        odd,
        "id-7",
    ]
    assert len(double(world).requests) == asked


# -- get_server_config ------------------------------------------------------------------------


def kept(world: World) -> bytes:
    """The kept list of the world's module, byte for byte."""
    return (world.stand.root / GROUPS.format(world.module)).read_bytes()


def test_all_groups_but_admin_are_kept_for_nobody_else_to_read(world: World) -> None:
    names = [f"group-{number:02}" for number in range(10)]
    for name in [*names, "Admin"]:
        double(world).add_group(name)
    world.stand.write("etc/pmnextcloud.conf", "page_size = 4\n")
    world.stand.run("get_server_config", module=world.module).check()
    assert json.loads(kept(world)) == names
    folder = world.stand.root / "var/pmnextcloud"
    left = {path.name for path in folder.glob("*.json")}
    kinds = ("groups", "product", "secrets")
    assert left == {f"{kind}-{world.module}.json" for kind in kinds}
    assert (folder / f"groups-{world.module}.json").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    paths = [seen.path.rpartition("/")[2] for seen in double(world).requests]
    assert paths == ["status.php"] + ["groups"] * 4
    double(world).remove_group("group-00")
    world.stand.run("get_server_config", module=world.module).check()
    assert json.loads(kept(world)) == names[1:]


@pytest.mark.parametrize(
    ("fault", "error_type"),
    [
        (Fault("html", nth=2, times=None), "front_answered"),
        (Fault("half", nth=2, times=None), "cloud_unreachable"),
        (Fault("ocs", nth=2, times=None, code=996), "cloud_lost"),
        (Fault("unauthorized", times=None), "cloud_login_refused"),
    ],
    ids=["html", "half", "code", "login"],
)
def test_a_failed_read_keeps_the_old_list(world: World, fault: Fault, error_type: str) -> None:
    for number in range(3):
        double(world).add_group(f"group-{number}")
    world.stand.write("etc/pmnextcloud.conf", "page_size = 2\n")
    world.stand.run("get_server_config", module=world.module).check()
    before = kept(world)
    double(world).add_group("group-3")
    double(world).faults.append(fault)
    run = world.stand.run("get_server_config", module=world.module)
    assert (run.exit_code, run.error_type) == (1, error_type)
    assert kept(world) == before


def test_do_nothing_keeps_the_list_as_it_is(world: World) -> None:
    world.stand.do_nothing()
    world.stand.run("get_server_config", module=world.module).check()
    assert not double(world).requests
    assert not list((world.stand.root / "var/pmnextcloud").glob("*.json"))


# -- features ---------------------------------------------------------------------------------

SERVED = {
    "check_connection",
    "tune_connection",
    "get_server_config",
    "pricelist_dynamic_settings",
    "pricelist_dynamic_settings_tune",
    "open",
    "suspend",
    "resume",
    "setparam",
    "changepassword",
    "check_addon",
    "check_param",
    "close",
    "sync_item",
    "transition_controlpanel",
    "stat",
}
PARAMS = {
    "base_url": None,
    "nc_username": None,
    "nc_password": "yes",
    "nc_confirm_password": "yes",
    "verify_ssl": None,
    "timeout": None,
}
# An interpreter in which nothing can open a socket.
WITHOUT_NETWORK = (
    "import runpy, sys\n"
    "sys.modules['socket'] = sys.modules['_socket'] = None\n"
    "sys.argv = sys.argv[1:]\n"
    "sys.path.insert(0, sys.argv[0].rpartition('/')[0])\n"
    "runpy.run_path(sys.argv[0], run_name='__main__')\n"
)


def check_features(document: bytes) -> None:
    """Raises AssertionError where the document does not say all that the module can do."""
    xml = etree.fromstring(document)
    assert [node.tag for node in xml] == ["itemtypes", "params", "features"]
    types = [node.get("name") for node in xml.findall("itemtypes/itemtype")]
    assert types == ["backupservice", "nextcloud"]
    params = {node.get("name"): node.get("crypted") for node in xml.findall("params/param")}
    assert params == PARAMS
    named = [node.get("name") for node in xml.findall("features/feature")]
    assert len(named) == len(SERVED)
    assert set(named) == SERVED


def test_features_need_nothing_but_the_program(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    done = subprocess.run(
        [sys._base_executable, "-E", "-s", "-S", "-c", WITHOUT_NETWORK]
        + [str(PROGRAM), "--command", "features", "--lang", "ru"],
        cwd=tmp_path,
        env={"PMNEXTCLOUD_STARTED_AS": str(root / "processing/pmnextcloud"), "LANG": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    check_features(done.stdout)
    assert not os.listdir(root)


def test_features_do_not_mind_a_broken_host(stand: Stand) -> None:
    cut_off(stand)
    stand.write("etc/pmnextcloud.conf", "no such setting\n")
    stand.write("etc/debug.conf", b"\xff\xfe")
    stand.write("etc/billmgr.pem", "no key")
    stand.do_nothing()
    for form in ("separate", "equals"):
        run = stand.run("features", form=form, extra=["--level", "9", "--unknown"]).check()
        check_features(run.stdout)
    assert not stand.calls


# -- the way to the cloud ---------------------------------------------------------------------


def test_the_customer_is_sent_to_the_login_page_with_his_user_name(any_world: World) -> None:
    world = any_world
    item = world.opened()
    for command in ("transition_controlpanel", "transition_control_panel"):
        run = world.stand.run(command, item=item, extra=["--panelkey", "pmnextcloud"]).check()
        page = run.xml.findtext("url") or ""
        assert page == f"{world.site.url}/index.php/login?user={world.login(item)}"
        assert run.xml.findtext("panelcount") == "1"
        assert [name.get("keyname") for name in run.xml.iter("panelname")] == ["pmnextcloud"]
    assert world.site.login_page_names(page) == world.login(item)


def test_the_way_to_the_cloud_asks_nothing_of_it_and_tells_no_password(world: World) -> None:
    item = world.opened()
    asked = len(world.site.cloud.requests)
    run = world.stand.run("transition_controlpanel", item=item).check()
    assert len(world.site.cloud.requests) == asked
    assert world.stand.params(item)["userpassword"] not in run.stdout.decode()


@pytest.mark.parametrize(
    ("status", "code"), [(DELETED, "service_closed"), (ACTIVE, "account_missing")]
)
def test_where_there_is_no_account_there_is_no_way_to_it(
    world: World, status: int, code: str
) -> None:
    item = world.order()
    world.stand.set_status(item, status)
    assert world.stand.run("transition_controlpanel", item=item).error_type == code


def test_a_damaged_user_name_does_not_mislead(world: World) -> None:
    item = world.opened()
    world.stand.save_param(item, "username", "somebody&else", crypted=False)
    run = world.stand.run("transition_controlpanel", item=item).check()
    assert (run.xml.findtext("url") or "").endswith(f"?user={world.login(item)}")
