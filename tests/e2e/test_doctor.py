"""The doctor on a whole installation: sound, then with one fault at a time planted in it."""

import copy
import json
import os
import shutil
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Set, Tuple

import pytest

from tests.doubles.billmanager import ACTIVE, BY_STATISTICS, CHOICE, Run, Stand
from tests.doubles.cloud import (
    NEXTCLOUD_29,
    NEXTCLOUD_34,
    OWNCLOUD_10,
    Cloud,
    Fault,
    Profile,
)
from tests.e2e.sites import DoubleSite
from tests.e2e.world import World
from utils.api import IMPOSSIBLE_LOGIN
from utils.billing import mark, needs

pytestmark = pytest.mark.preloaded

STATUS = "/status.php"
ALWAYS = {
    "settings_default",
    "log_not_rotated",
    "unwatched",
    "shares_stay",
    "real_password",
    "unbound_secret",
}
"""Advice on every sound stand: it has no settings, no logrotate and no monitoring, a plain
Nextcloud 29, and a module that has not logged in yet."""

Plant = Callable[[World], None]


def doctor(stand: Stand, *words: str, **options: Any) -> Run:
    """The doctor, as JSON."""
    return stand.run("doctor", extra=["--format", "json", *words], **options)


def document(run: Run) -> Dict[str, Any]:
    """The document that it prints."""
    answer: Dict[str, Any] = json.loads(run.stdout)
    return answer


def found(run: Run, *verdicts: str) -> Set[str]:
    """The names of what was found with one of these verdicts."""
    return {one["finding"] for one in document(run)["findings"] if one["verdict"] in verdicts}


def double(world: World) -> Cloud:
    """The world's cloud."""
    assert isinstance(world.site, DoubleSite)
    return world.site.cloud


@pytest.fixture
def world(stand: Stand, cloud: Cloud) -> World:
    """A provider with a module and a tariff, whose group is there."""
    made = World(stand, DoubleSite(cloud))
    link(made, made.tariff())
    cloud.add_group(made.group)
    (stand.root / "var/pmnextcloud").mkdir(mode=0o700)
    return made


def link(world: World, tariff: int) -> None:
    """Connects a tariff with the module."""
    world.stand.sql(
        "INSERT INTO processingmodule2pricelist (processingmodule, pricelist) VALUES (%s, %s)",
        world.module,
        tariff,
    )


# -- what is sound --------------------------------------------------------------------------------


@pytest.mark.every_cloud
def test_a_sound_installation_has_no_fault(world: World) -> None:
    world.opened()
    world.stand.run("stat", module=world.module).check()
    run = doctor(world.stand)
    assert run.exit_code == 0, run
    assert found(run, "fault", "unchecked") == set()
    assert found(run, "advice") <= ALWAYS | {"statistics_never"}
    assert len(document(run)["findings"]) >= 40


def test_nothing_is_written(world: World) -> None:
    item = world.opened()
    cloud, stand = double(world), world.stand
    link(world, world.tariff(group="not there"))

    def seen() -> Dict[str, Any]:
        tables = [
            row["t"]
            for row in stand.sql(
                "SELECT table_name AS t FROM information_schema.tables"
                " WHERE table_schema = DATABASE()"
            )
        ]
        files = {
            str(path): (path.read_bytes(), path.stat().st_mtime_ns)
            for path in sorted(stand.root.rglob("*"))
            if path.is_file()
            and path.name != "pmnextcloud.log"
            and path.parent.name not in ("history", "counts")
        }
        return {
            "tables": {table: stand.sql(f"SELECT * FROM `{table}`") for table in tables},
            "files": files,
            "groups": dict(cloud.groups),
            "users": {
                login: {**vars(copy.copy(user)), "last_login": 0}
                for login, user in cloud.users.items()
            },
        }

    before, calls, requests = seen(), len(stand.calls), len(cloud.requests)
    assert doctor(stand).exit_code == 0
    assert seen() == before
    assert {call.function for call in stand.calls[calls:]} == {"paramlist", "processing.edit"}
    asked = cloud.requests[requests:]
    writes = [one for one in asked if one.method != "GET"]
    # Neither can have an effect: nobody has the one name, and nobody can have the other.
    assert [one.path.rpartition("/")[2] for one in writes] == ["disable", "users"]
    assert "/pmnextcloud-probe-" in writes[0].path
    assert writes[1].form["userid"] == IMPOSSIBLE_LOGIN
    assert len(asked) <= 14
    assert world.login(item) not in {one.path.rpartition("/")[2] for one in asked}


def test_people_are_told_in_both_languages(world: World) -> None:
    world.stand.do_nothing()
    for words, env, expected in (
        (["--lang", "ru"], {}, "ОШИБКА        Разрешение действовать: Модуль ничего не делает"),
        (["--lang", "en"], {}, "FAULT         Permission to act: The module does nothing"),
        ([], {"LANG": "ru_RU.UTF-8"}, "не проверено  Имя облака: не проверено"),
        ([], {"LANG": "C"}, "not checked   Name of the cloud: not checked"),
    ):
        run = world.stand.run("doctor", extra=words, env=env)
        assert run.exit_code == 1
        assert expected in run.stdout.decode("utf-8"), run
        assert "__" not in run.stdout.decode("utf-8")
        assert not run.stderr


def test_the_json_is_the_same_in_both_languages_but_for_its_words(world: World) -> None:
    documents = [document(doctor(world.stand, "--lang", one)) for one in ("ru", "en")]
    for one in documents:
        assert set(one["sums"]) == {"fault", "advice", "unchecked", "ok"}
        assert sum(one["sums"].values()) == len(one["findings"])
        for finding in one["findings"]:
            assert finding["title"]
            assert finding["text"]
            assert bool(finding.pop("remedy")) is (finding["verdict"] in ("fault", "advice"))
            del finding["title"], finding["text"]
    assert documents[0] == documents[1]


def test_one_module_is_looked_at_where_one_is_named(world: World) -> None:
    other = world.stand.add_module("https://nowhere.invalid", "admin", "another-made-up-77")
    whole = document(doctor(world.stand))
    assert {one["of"] for one in whole["findings"]} == {
        "",
        f"{world.module} Cloud",
        f"{other} Cloud",
    }
    run = doctor(world.stand, module=world.module)
    assert run.exit_code == 0, run
    assert {one["of"] for one in document(run)["findings"]} == {"", f"{world.module} Cloud"}
    assert found(doctor(world.stand, module=999), "fault") == {"module_not_found"}


@pytest.mark.parametrize("words", [["--format", "yaml"], ["--module", "x"], ["--format"]])
def test_wrong_arguments_are_answered_as_for_every_command(world: World, words: List[str]) -> None:
    run = world.stand.run("doctor", extra=words)
    assert (run.exit_code, run.error_type) == (1, "bad_arguments")


def test_of_many_services_some_are_named_and_all_are_counted(world: World) -> None:
    [linked] = world.stand.sql("SELECT pricelist FROM processingmodule2pricelist")
    world.stand.order_many(linked["pricelist"], world.client, world.module, 450)
    run = doctor(world.stand)
    assert found(run, "fault") == {"services_without_account"}
    assert " ... (450)" in run.stdout.decode()


@pytest.mark.parametrize(
    "words",
    [["--lang", "../../ru"], ["--lang"], ["--item", "5", "--runningoperation", "7"], ["--what"]],
)
def test_other_options_change_nothing(world: World, words: List[str]) -> None:
    run = doctor(world.stand, *words)
    assert run.exit_code == 0, run
    assert found(run, "fault") == set()
    assert world.stand.problems() == world.stand.operations() == []


def test_other_commands_do_not_mind_the_doctor_s_options(world: World) -> None:
    for words in (["--format", "yaml"], ["--format"], ["--lang"], ["--lang", "ru"]):
        world.stand.run("features", extra=words).check()


def test_a_refused_login_is_not_tried_again(world: World) -> None:
    cloud = double(world)
    cloud.users["admin"].password = "Changed-by-somebody-5"
    assert found(doctor(world.stand), "fault") == {"cloud_login_refused"}
    refused = len(cloud.door.brute_force.attempts)
    assert refused == 1
    run = doctor(world.stand)
    assert found(run, "fault") == {"cloud_login_refused"}
    assert " s)" in run.stdout.decode(), "for how long it stands"
    assert len(cloud.door.brute_force.attempts) == refused
    assert {"secret", "user", "policy", "groups"} <= {
        one["check"] for one in document(run)["findings"] if one["verdict"] == "unchecked"
    }


def test_a_login_that_is_right_again_ends_the_refusal(world: World) -> None:
    cloud = double(world)
    right, cloud.users["admin"].password = cloud.users["admin"].password, "Changed-5"
    doctor(world.stand)
    cloud.users["admin"].password = right
    kept = world.stand.root / f"var/pmnextcloud/refused-{world.module}.json"
    kept.write_text(json.dumps({**json.loads(kept.read_text()), "at": time.time() - 700}))
    assert doctor(world.stand).exit_code == 0
    assert not kept.exists()


# -- planted faults -------------------------------------------------------------------------------


class Case(NamedTuple):
    """A fault that is planted, and all that must be found then beside what always is."""

    plant: Plant
    faults: Set[str] = set()
    advice: Set[str] = set()
    words: Tuple[str, ...] = ()


def write(name: str, content: str, mode: int = 0o600) -> Plant:
    """A file below BILLmanager's root."""
    return lambda world: world.stand.write(name, content, mode) and None


def chmod(name: str, mode: int) -> Plant:
    """Other permissions."""
    return lambda world: (world.stand.root / name).chmod(mode)


def sql(query: str) -> Plant:
    """Other data in billing."""
    return lambda world: world.stand.sql(query) and None


def tariff(**addon: Any) -> Plant:
    """A tariff with this add-on."""
    return lambda world: link(world, world.tariff(**addon))


def both(one: Plant, other: Plant) -> Plant:
    """Two things together."""

    def plant(world: World) -> None:
        one(world)
        other(world)

    return plant


def on_cloud(**values: Any) -> Plant:
    """Other flags of the cloud."""

    def plant(world: World) -> None:
        for name, value in values.items():
            setattr(double(world), name, value)

    return plant


def status_php(**changes: Any) -> Plant:
    """Another status.php."""
    shown = NEXTCLOUD_29.status(maintenance=False, edition="", extendedSupport=False)
    return answer(STATUS, "status", code=200, body=json.dumps({**shown, **changes}).encode())


def answer(path: str, kind: str, **more: Any) -> Plant:
    """Another answer of the cloud."""
    fault = Fault(kind, path=path, times=None, effect=False, **more)
    return lambda world: double(world).faults.append(fault)


def params(**changes: str) -> Plant:
    """Another connection of the module."""

    def plant(world: World) -> None:
        for name, value in changes.items():
            world.stand.sql("DELETE FROM processingparam WHERE intname = %s", name)
            world.stand.sql(
                "INSERT INTO processingparam (processingmodule, intname, value)"
                " VALUES (%s, %s, %s)",
                world.module,
                name,
                value,
            )

    return plant


def in_clear(world: World) -> None:
    world.stand.sql("DELETE FROM processingcryptedparam")
    params(nc_password=world.site.password)(world)


def without_account(world: World) -> None:
    world.stand.set_status(
        world.order(world.stand.sql("SELECT MIN(id) AS id FROM pricelist")[0]["id"]), ACTIVE
    )


def two_services(world: World) -> None:
    world.opened()
    world.opened()


def marked(**changes: str) -> Plant:
    """A service that was opened, and whose mark says something else, under a seal of its own."""

    def plant(world: World) -> None:
        item = world.opened()
        key = world.key
        text = world.stand.params(item)["pmnextcloud_mark"]
        own = mark.from_text(text, key.seal, key.installation())
        assert own is not None
        changed = mark.to_text(own._replace(**changes), key.seal)
        world.stand.save_param(item, "pmnextcloud_mark", changed, crypted=True)

    return plant


def forged(world: World) -> None:
    """A service whose mark was changed by somebody who has no key."""
    item = world.opened()
    text = world.stand.params(item)["pmnextcloud_mark"].replace(world.login(item), "director")
    world.stand.save_param(item, "pmnextcloud_mark", text, crypted=True)


def unreadable(world: World) -> None:
    world.opened()
    world.stand.sql("UPDATE itemcryptedparam SET value = 'bm90IG91cnM=' WHERE intname LIKE 'pmn%%'")


def earlier(world: World) -> None:
    item = world.order()
    world.stand.set_status(item, ACTIVE)
    world.stand.save_param(item, "username", f"user_{item}", crypted=False)
    world.stand.save_param(item, "userpassword", "made-up-password-88", crypted=True)


def stopped(world: World) -> None:
    world.stand.add_operation("open", world.order())
    world.stand.sql("UPDATE runningoperation SET manual = 'on'")


def wrong_logins(count: int) -> Plant:
    """Somebody tried so often."""

    def plant(world: World) -> None:
        for _ in range(count):
            double(world).door.brute_force.failed("somebody")

    return plant


def as_user(**fields: Any) -> Plant:
    """The module logs in as another user of the cloud."""

    def plant(world: World) -> None:
        double(world).add_user("billing", "Made-up-Pw-for-billing-5", **fields)
        params(nc_username="billing")(world)
        world.stand.sql(
            "UPDATE processingcryptedparam SET value = %s",
            world.stand.encrypt("Made-up-Pw-for-billing-5"),
        )

    return plant


def second_factor(world: World) -> None:
    double(world).two_factor.add("admin")


def kept(name: str, value: object) -> Plant:
    """What an earlier run left under var/pmnextcloud."""
    return lambda world: write(f"var/pmnextcloud/{name}-{world.module}.json", json.dumps(value))(
        world
    )


def state_is_a_file(world: World) -> None:
    shutil.rmtree(world.stand.root / "var/pmnextcloud")
    world.stand.write("var/pmnextcloud", "")


def remove_forms(world: World) -> None:
    (world.stand.root / "etc/xml/billmgr_mod_pmnextcloud.xml").unlink()


def core_down(world: World) -> None:
    world.stand.core_down = True


def forms_unread(world: World) -> None:
    world.stand.core.knows_forms = False


def no_edit(world: World) -> None:
    world.stand.hidden_functions.add("processing.edit")


NOWHERE = {"base_url": "https://nowhere.invalid"}
DAYS_AGO = date.today() - timedelta(days=4)
CASES = {
    # installation
    "handler others may write": Case(chmod("processing/pmnextcloud", 0o757), {"program_exposed"}),
    "forms missing": Case(remove_forms, {"forms_missing"}),
    "forms of another version": Case(
        write("etc/xml/billmgr_mod_pmnextcloud.xml", "<mgrdata/>"), {"forms_other"}
    ),
    "page of another version": Case(
        write("etc/xml/billmgr_mod_pmnextcloud_page.xml", "<mgrdata/>"), {"forms_other"}
    ),
    "handler of the page others may write": Case(
        chmod("addon/pmnextcloud_page", 0o757), {"program_exposed"}
    ),
    "settings broken": Case(write("etc/pmnextcloud.conf", "budget = 5\n"), {"settings_broken"}),
    "authorities missing": Case(
        write("etc/pmnextcloud.conf", "ca_file = /nowhere.pem\n"), {"settings_broken"}
    ),
    "own folder is a file": Case(state_is_a_file, {"state_unwritable"}),
    "own folder open": Case(chmod("var/pmnextcloud", 0o755), advice={"folder_open"}),
    "log in no folder": Case(
        write("etc/pmnextcloud.conf", "log_file = /nowhere/at/all.log\n"), {"log_unwritable"}
    ),
    "key readable": Case(chmod("etc/billmgr.pem", 0o644), {"secret_exposed"}),
    "db.conf readable": Case(chmod("etc/billmgr.conf.d/db.conf", 0o644), {"secret_exposed"}),
    "proxy's password readable": Case(
        write("etc/pmnextcloud.conf", "proxy = http://a:made-up@127.0.0.1:9\n", 0o644),
        {"secret_exposed", "cloud_unreachable"},
    ),
    "DoNothing": Case(lambda world: world.stand.do_nothing(), {"does_nothing"}),
    # billing
    "database refuses": Case(
        lambda world: world.stand.write_db_conf(DBPassword="wrong"), {"database_unavailable"}
    ),
    "column missing": Case(sql("ALTER TABLE task DROP COLUMN status"), {"table_unreadable"}),
    "login not shown": Case(
        sql("UPDATE itemtypeparam SET intname = 'x' WHERE intname = 'username'"),
        advice={"params_missing"},
    ),
    "address for staff alone": Case(
        sql("UPDATE itemtypeparam SET editreadlevel = 29 WHERE intname = 'url'"),
        advice={"params_hidden"},
    ),
    "address in no form": Case(
        sql("UPDATE itemtypeparam SET editvisible = 'off' WHERE intname = 'url'"),
        advice={"params_hidden"},
    ),
    "password saved by the form in clear": Case(
        sql("UPDATE itemtypeparam SET crypted = 'off'"), advice={"param_in_clear"}
    ),
    "core down": Case(core_down, {"core_unavailable"}),
    "key broken": Case(write("etc/billmgr.pem", "no key"), {"key_unavailable"}),
    "no type of product": Case(
        sql("UPDATE itemtype SET intname = 'vds' WHERE parent IS NULL"), {"type_missing"}
    ),
    "type without disk": Case(
        both(
            sql("UPDATE itemtype SET intname = 'ram' WHERE parent IS NOT NULL"),
            sql("UPDATE pricelist SET intname = NULL WHERE parent IS NOT NULL"),
        ),
        {"quota_missing"},
        {"type_without_disk"},
    ),
    "type without disk that its tariffs have": Case(
        sql("UPDATE itemtype SET intname = 'ram' WHERE parent IS NOT NULL")
    ),
    "no module": Case(
        sql("UPDATE processingmodule SET module = 'pmother'"), advice={"no_module", "no_tariff"}
    ),
    "forms not read": Case(forms_unread, advice={"forms_unknown"}),
    "no form of a module": Case(no_edit, advice={"core_refused"}),
    "operation stopped": Case(stopped, {"operations_stopped"}, {"statistics_never"}),
    # tariffs
    "no add-on": Case(tariff(name="traffic"), {"quota_missing"}),
    "add-on off": Case(tariff(active=False), {"quota_missing"}),
    "no measure": Case(tariff(measure=None), {"measure_unknown"}),
    "nothing included": Case(tariff(gib=0), {"quota_zero"}),
    "rounded": Case(tariff(gib=1040), advice={"tariff_rounded"}),
    "unlimited": Case(tariff(billtype=BY_STATISTICS), advice={"tariff_unlimited"}),
    "included where there is no maximum": Case(
        both(
            tariff(billtype=BY_STATISTICS),
            write("etc/pmnextcloud.conf", "statistics_without_maximum = included\n"),
        ),
    ),
    "stopped at the maximum": Case(
        tariff(billtype=BY_STATISTICS, max=1040), advice={"tariff_maximum"}
    ),
    "no size chosen": Case(tariff(addontype=CHOICE, choice="big"), {"choice_unreadable"}),
    "named in words": Case(tariff(name="disc disk")),
    "group admin": Case(tariff(group="Admin"), {"group_forbidden"}, {"group_not_there"}),
    "group missing": Case(tariff(group="gold"), advice={"group_not_there"}),
    "no tariff": Case(
        sql("DELETE FROM processingmodule2pricelist"),
        advice={"no_tariff", "module_without_tariff"},
    ),
    # modules
    "no address": Case(params(base_url=""), {"module_unset"}),
    "no password": Case(sql("DELETE FROM processingcryptedparam"), {"module_unset"}),
    "password of another key": Case(
        sql("UPDATE processingcryptedparam SET value = 'bm90IG91cnM='"),
        {"module_secret_broken"},
        {"core_refused"},
    ),
    "plain http": Case(params(base_url="http://nowhere.invalid"), {"plain_http", "name_unknown"}),
    "password in clear": Case(in_clear, advice={"secret_in_clear"}),
    "time to wait": Case(params(timeout="4000"), advice={"timeout_corrected"}),
    "module off": Case(sql("UPDATE processingmodule SET active = NULL"), advice={"module_off"}),
    # services
    "no account on record": Case(
        without_account, {"services_without_account"}, {"statistics_never"}
    ),
    "foreign mark": Case(forged, {"services_foreign"}, {"statistics_never"}),
    "elsewhere": Case(marked(server="0" * 16), {"services_elsewhere"}, {"statistics_never"}),
    "mark unreadable": Case(unreadable, {"services_unreadable"}, {"statistics_never"}),
    "earlier module": Case(earlier, advice={"services_earlier", "statistics_never"}),
    # clouds
    "name unknown": Case(params(**NOWHERE), {"name_unknown"}),
    "nobody listens": Case(lambda world: double(world).pause(), {"cloud_unreachable"}),
    "another page": Case(answer(STATUS, "html"), {"not_a_cloud"}),
    "redirect": Case(answer(STATUS, "redirect"), {"cloud_moved"}),
    "untrusted host": Case(on_cloud(untrusted_host=True), {"cloud_untrusted_host"}),
    "Infinite Scale": Case(status_php(productversion="5.0.0"), {"cloud_unsupported"}),
    "maintenance": Case(on_cloud(maintenance=True), {"cloud_maintenance"}),
    "update unfinished": Case(
        status_php(maintenance=True, needsDbUpgrade=True), {"upgrade_unfinished"}
    ),
    "old version": Case(status_php(versionstring="28.0.14"), advice={"version_old"}),
    "new version": Case(status_php(versionstring="35.0.0"), advice={"version_new"}),
    "hidden version": Case(status_php(versionstring=""), advice={"version_hidden"}),
    "clock behind": Case(on_cloud(clock_ahead_s=-90), advice={"clock_differs"}),
    "logins delayed": Case(wrong_logins(3), advice={"throttled"}),
    "logins delayed for long": Case(wrong_logins(9), {"cloud_throttled"}),
    "logins blocked": Case(answer("/disable$", "throttle_v1"), {"cloud_throttled"}),
    "second factor": Case(second_factor, {"cloud_app_password_needed"}),
    "no rights": Case(as_user(), {"cloud_rights_missing"}),
    "a group's administrator": Case(
        as_user(subadmin={"pmnextcloud-test"}), advice={"user_not_admin"}
    ),
    "long passwords": Case(on_cloud(password_policy_min=32), advice={"password_too_short"}),
    "passwords that end": Case(on_cloud(password_days="30"), advice={"password_expires"}),
    "a full cloud": Case(on_cloud(user_limit=1), {"cloud_full"}),
    "not set up": Case(on_cloud(installed=False), {"cloud_not_installed"}),
    "a page in front": Case(
        answer("^/ocs/", "status", code=403, body=b"<html>Shield</html>"), {"front_answered"}
    ),
    "services with one e-mail": Case(
        two_services, advice={"services_share_email", "statistics_never"}
    ),
    "large quotas refused": Case(on_cloud(max_quota_bytes=1024**3), {"quota_over_limit"}),
    "endless quotas refused": Case(
        both(on_cloud(unlimited_allowed=False), tariff(billtype=BY_STATISTICS)),
        {"quota_must_end"},
        {"tariff_unlimited"},
    ),
    "statistics missed": Case(kept("usage", DAYS_AGO.isoformat()), advice={"statistics_missing"}),
    "problem stands": Case(kept("problem", "cloud_unreachable"), advice={"problem_stands"}),
}


GONE = {
    ("itemtype", "parent"): {"product_type", "type_params"},
    ("runningoperation", "item"): {"operations"},
    ("task", "status"): set(),
    ("itemtypeparam", "crypted"): set(),
    ("pricelistparam", "value"): {
        *("tariff_space", "tariff_group", "tariff_names", "tariff_form"),
        *("policy", "fields", "groups"),
    },
    ("measure", "relation"): {"tariff_space"},
    ("pricelist", "addonlimittrial"): {"tariff_space"},
    ("itemparam", "value"): {"services"},
}
"""What is left out where a column is missing: the checks that read it, and those that need them."""


@pytest.mark.parametrize(("table", "column"), GONE)
def test_only_what_needs_a_missing_column_is_left_out(
    world: World, table: str, column: str
) -> None:
    world.opened()
    link(world, world.tariff())
    whole = document(doctor(world.stand))
    world.stand.sql(f"ALTER TABLE {table} RENAME COLUMN {column} TO gone")
    said = document(doctor(world.stand))
    left_out = {one["check"] for one in said["findings"] if one["verdict"] == "unchecked"}
    assert left_out == GONE[table, column]
    is_needed = column in (*needs.TABLES.get(table, ()), *needs.WRITTEN.get(table, ()))
    faults = {one["finding"] for one in said["findings"] if one["verdict"] == "fault"}
    assert faults == ({"table_unreadable"} if is_needed else set())
    checks = [{one["check"] for one in every["findings"]} for every in (whole, said)]
    assert checks[0] == checks[1]


@pytest.mark.parametrize("name", CASES)
def test_each_fault_is_found_by_its_own_name(world: World, name: str) -> None:
    case = CASES[name]
    case.plant(world)
    run = doctor(world.stand)
    assert found(run, "fault") == case.faults, run
    assert case.advice <= found(run, "advice") <= case.advice | ALWAYS, run
    assert run.exit_code == bool(case.faults)
    text = run.stdout.decode("utf-8")
    secrets = [*world.stand.secrets, double(world).admin_password, "made-up"]
    assert not [secret for secret in secrets if secret in text]


def test_the_list_is_long_enough() -> None:
    assert len({name for case in CASES.values() for name in case.faults}) >= 25


def test_settings_of_the_cloud_are_told_to_its_administrators(world: World) -> None:
    on_cloud(default_quota="2 GB", hides_shares="yes")(world)
    text = doctor(world.stand, "--format", "text", "--lang", "en").stdout.decode()
    assert "default quota: 2 GB" in text
    assert not found(doctor(world.stand), "advice") & {"shares_stay"}
    as_user(subadmin={"pmnextcloud-test"})(world)
    assert "quotas_unseen" in found(doctor(world.stand), "ok")


@pytest.mark.parametrize("profile", [NEXTCLOUD_29, NEXTCLOUD_34, OWNCLOUD_10])
@pytest.mark.parametrize("is_object", [False, True])
def test_an_object_storage_is_told_on_each_product(
    stand: Stand, profile: Profile, is_object: bool
) -> None:
    with Cloud(profile) as cloud:
        cloud.object_storage = is_object
        cloud.users["admin"].logged_in = True
        cloud.users["admin"].used_bytes = 164
        world = World(stand, DoubleSite(cloud))
        told = found(doctor(world.stand), "advice", "ok")
    assert ("object_storage" in told) is is_object
    assert "storage_unseen" not in told


@pytest.mark.parametrize("cloud", [NEXTCLOUD_34], indirect=True, ids=["nextcloud-34.0.1"])
def test_what_the_cloud_does_not_tell_the_modules_user_is_told_as_unseen(world: World) -> None:
    on_cloud(tells_server_info=False)(world)
    assert "storage_unseen" in found(doctor(world.stand), "ok")
    on_cloud(tells_server_info=True)(world)
    as_user(subadmin={"pmnextcloud-test"})(world)
    assert {"storage_unseen", "expiry_unseen", "quotas_unseen"} <= found(doctor(world.stand), "ok")


@pytest.mark.parametrize("kind", ["app password", "password"])
def test_an_app_password_ends_with_the_password(stand: Stand, kind: str) -> None:
    with Cloud(NEXTCLOUD_29) as cloud:
        cloud.password_days = "30"
        own = cloud.mint_app_password("admin") if kind == "app password" else cloud.admin_password
        world = World(stand, DoubleSite(cloud), password=own)
        assert "password_expires" in found(doctor(world.stand), "advice")


@pytest.mark.parametrize("kind", ["expired", "self-signed", "wrong-host"])
def test_a_certificate_that_is_not_trusted_is_a_fault(stand: Stand, kind: str) -> None:
    with Cloud(tls=kind) as cloud:
        stand.write("etc/pmnextcloud.conf", f"ca_file = {cloud.ca_file}\n", 0o600)
        world = World(stand, DoubleSite(cloud))
        link(world, world.tariff(group=None))
        run = doctor(stand)
        assert found(run, "fault") == {"cloud_certificate"}, run
        assert cloud.requests == []


def test_a_certificate_that_ends_soon_is_told_with_its_last_day(stand: Stand) -> None:
    with Cloud(tls="good") as cloud:
        stand.write("etc/pmnextcloud.conf", f"ca_file = {cloud.ca_file}\n", 0o600)
        world = World(stand, DoubleSite(cloud))
        link(world, world.tariff(group=None))
        run = doctor(stand)
        assert run.exit_code == 0, run
        assert found(run, "advice") >= {"certificate_ends"}
        assert str(date.today() + timedelta(days=2)) in run.stdout.decode()


def test_a_certificate_that_is_not_verified_is_an_advice(stand: Stand) -> None:
    with Cloud(tls="expired") as cloud:
        world = World(stand, DoubleSite(cloud), verify_ssl="off")
        link(world, world.tariff(group=None))
        run = doctor(stand)
        assert run.exit_code == 0, run
        assert found(run, "advice") >= {"not_verified"}
        assert "certificate_unseen" in found(run, "ok")


@pytest.mark.parametrize(
    ("login", "finding", "verdict"),
    [
        ("real", "secret_real", "ok"),
        ("app", "cloud_app_password_refused", "fault"),
        ("app, confirmed", "secret_confirmed", "ok"),
        ("app, wrongly confirmed", "cloud_confirm_refused", "fault"),
        ("token", "cloud_app_password_refused", "fault"),
    ],
)
def test_the_kind_of_password_is_told_on_the_newest(
    stand: Stand, login: str, finding: str, verdict: str
) -> None:
    with Cloud(NEXTCLOUD_34) as cloud:
        values: Dict[str, Any] = {}
        if login != "real":
            values["password"] = cloud.mint_app_password("admin")
        if "confirmed" in login:
            values["confirm_password"] = (
                cloud.admin_password if "wrong" not in login else "Not-it-5"
            )
        if login == "token":
            values["login"] = None
        world = World(stand, DoubleSite(cloud), **values)
        link(world, world.tariff(group=None))
        run = doctor(stand)
        assert finding in found(run, verdict), run
        assert run.exit_code == (verdict == "fault")


@pytest.mark.parametrize(("login", "finding"), [("admin", "secret_app"), (None, "secret_token")])
def test_the_fastest_kinds_are_called_so_on_the_oldest(
    stand: Stand, cloud: Cloud, login: Any, finding: str
) -> None:
    world = World(stand, DoubleSite(cloud), login=login, password=cloud.mint_app_password("admin"))
    link(world, world.tariff(group=None))
    run = doctor(stand)
    assert run.exit_code == 0, run
    assert finding in found(run, "ok")


def test_an_owncloud_whose_provisioning_is_off_is_told(stand: Stand) -> None:
    with Cloud(OWNCLOUD_10) as cloud:
        cloud.provisioning_api = False
        world = World(stand, DoubleSite(cloud))
        link(world, world.tariff(group=None))
        assert found(doctor(stand), "fault") == {"cloud_api_disabled"}


# -- the program itself ---------------------------------------------------------------------------


@pytest.fixture
def copied(tmp_path: Path) -> Iterator[Tuple[Path, Stand]]:
    """A copy of the program that may be damaged, and a BILLmanager that starts it."""
    from tests import ROOT

    for name in ("commands", "utils", "xml", "etc"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pmnextcloud.py", "requirements.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    with Stand(program=tmp_path / "pmnextcloud.py") as stand:
        yield tmp_path, stand


@pytest.mark.parametrize(
    "name", ["utils/accounts/provisioning.py", "commands/_open.py", "utils/billing/database.py"]
)
def test_a_missing_file_of_the_program_is_told(copied: Tuple[Path, Stand], name: str) -> None:
    home, stand = copied
    (home / name).unlink()
    run = doctor(stand)
    assert run.exit_code == 1
    assert found(run, "fault") == {"program_broken"}, run
    assert Path(name).stem in run.stdout.decode()
    assert document(run)["findings"][-1]["verdict"] == "unchecked"


def test_a_half_written_file_of_the_program_is_told(copied: Tuple[Path, Stand]) -> None:
    home, stand = copied
    whole = (home / "utils/census/usage.py").read_text("utf-8")
    (home / "utils/census/usage.py").write_text(whole[: len(whole) // 2] + "\n(", "utf-8")
    run = doctor(stand)
    assert found(run, "fault") == {"program_broken"}, run
    assert "utils.census.usage" in run.stdout.decode()


@pytest.mark.parametrize(
    "name", ["utils/billing/database.py", "pmnextcloud.py", "utils", "utils/doctor", "commands"]
)
def test_a_program_that_others_may_write_is_told(copied: Tuple[Path, Stand], name: str) -> None:
    home, stand = copied
    (home / name).chmod(0o777)
    run = doctor(stand)
    assert "program_exposed" in found(run, "fault"), run
    assert str(home / name) in run.stdout.decode()


@pytest.mark.parametrize("damage", ["missing", "not_executable"])
def test_a_handler_that_cannot_be_started_is_told(world: World, damage: str) -> None:
    handler = world.stand.root / "processing/pmnextcloud"
    if damage == "missing":
        handler.unlink()
    else:
        handler.chmod(0o644)
    from tests.doubles.billmanager.stand import PROGRAM

    done = subprocess.run(
        [sys.executable, PROGRAM, "--command", "doctor", "--format", "json"],
        env={**os.environ, "PMNEXTCLOUD_STARTED_AS": str(handler)},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    faults = {
        one["finding"] for one in json.loads(done.stdout)["findings"] if one["verdict"] == "fault"
    }
    assert faults == {f"handler_{damage}"}


def test_make_doctor_runs_what_is_installed(world: World) -> None:
    from tests import ROOT

    command = ["make", "-s", "doctor", f"BASE={world.stand.root}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Login and right to write: admin" in done.stdout
