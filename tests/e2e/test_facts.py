"""doctor --facts: what it tells, what it never tells, and a BILLmanager made of what was told."""

import json
import secrets
from datetime import datetime
from typing import Any, Callable, Dict, List, Optional

import pytest

from tests.doubles.billmanager import ACTIVE, DELETED, CoreFault, Stand, like
from tests.doubles.billmanager.core_server import Reply
from tests.doubles.cloud import Cloud
from tests.e2e.sites import DoubleSite
from tests.e2e.world import World
from utils.billing import needs

pytestmark = pytest.mark.preloaded

BUILT_IN = """#!/bin/sh
echo '<?xml version="1.0"?><doc><itemtypes><itemtype name="vhost"/></itemtypes>
<features><feature name="pricelist_dynamic_settings"/><feature name="a b@c"/></features></doc>'
"""


def facts(world: World) -> Dict[str, Any]:
    """The document."""
    run = world.stand.run("doctor", extra=["--facts"])
    assert (run.exit_code, run.stderr) == (0, b""), str(run)
    document: Dict[str, Any] = json.loads(run.stdout)
    return document


def test_every_part_is_told(world: World) -> None:
    world.opened()
    told = facts(world)
    assert "unread" not in json.dumps(told)
    for table, columns in {**needs.TABLES, **needs.WRITTEN}.items():
        if "." not in table:
            assert set(columns) <= set(told["columns"][table]), table
    assert {row["intname"] for row in told["measures"]} >= {"gib", "mib"}
    assert "backupservice" in {row["intname"] for row in told["product_types"]}
    assert [row["intname"] for row in told["addons"]] == ["disk"]
    assert told["saveparam"]["form"] == "name= value="
    assert told["versions"]["pmnextcloud"]


def test_a_function_that_is_missing_is_told_and_none_is_called(world: World) -> None:
    world.stand.hidden_functions.add("service.saveparam")
    functions = facts(world)["functions"]
    assert not functions["service.saveparam"]["is_known"]
    assert functions["service.dropparam"] == {"is_known": True, "arguments": ["elid", "sok"]}
    assert set(needs.FUNCTIONS) < set(functions)
    done = {call.function for call in world.stand.calls if not call.describes}
    assert done <= {"paramlist"}


def said_alike(function: str, told: Optional[str]) -> Reply:
    """The same of every function."""
    return Reply(1, b"Usage: mgrctl -m MGR FUNCTION\n")


def said_at_random(function: str, told: Optional[str]) -> Reply:
    """Something else each time."""
    return Reply(0, secrets.token_hex(8).translate(LETTERS).encode())


LETTERS = str.maketrans("0123456789", "ghijklmnop")
CLEAR: Dict[str, Callable[[str, Optional[str]], Reply]] = {
    "by the code alone": lambda function, told: Reply(0 if told else 7),
    "in words under the code 0": lambda function, told: Reply(
        0, (told or f"{function.rpartition('.')[2]}: функция не найдена ({len(function)})").encode()
    ),
    "by an error document": lambda function, told: Reply(
        0, b"<doc/>" if told else f'<doc><error type="missed" object="{function}"/></doc>'.encode()
    ),
    "known ones begin with ERROR": lambda function, told: Reply(
        0 if told else 1, b"ERROR codes: none\n" if told else b""
    ),
    "nothing of what is not there": lambda function, told: Reply(0, (told or "").encode()),
}
UNCLEAR: Dict[str, Callable[[str, Optional[str]], Reply]] = {
    "alike": said_alike,
    "at random": said_at_random,
    "nothing": lambda function, told: Reply(0),
    "garbage": lambda function, told: Reply(0, b"\xff\x00<"),
}


@pytest.mark.parametrize("wording", CLEAR)
def test_a_function_that_is_missing_is_told_however_mgrctl_says_it(
    world: World, wording: str
) -> None:
    world.stand.hidden_functions.update(["service.saveparam", "nextcloud.open"])
    world.stand._server.wording = CLEAR[wording]
    functions = facts(world)["functions"]
    missing = [name for name, told in functions.items() if told["is_known"] is False]
    assert missing == ["service.saveparam", "nextcloud.open"]
    assert not [name for name, told in functions.items() if told["is_known"] is None]


@pytest.mark.parametrize("wording", UNCLEAR)
def test_what_mgrctl_does_not_tell_of_functions_is_told_as_unknown(
    world: World, wording: str
) -> None:
    world.stand._server.wording = UNCLEAR[wording]
    functions = facts(world)["functions"]
    assert {told["is_known"] for told in functions.values()} == {None}


def test_of_a_core_that_is_away_nothing_is_said(world: World) -> None:
    world.stand.core_faults.append(CoreFault("paramlist", times=None))
    assert facts(world)["functions"] == {"unread": "core_unavailable"}


def test_a_column_that_is_missing_costs_its_own_part_alone(world: World) -> None:
    world.opened()
    world.stand.sql("ALTER TABLE itemstat DROP COLUMN statdate, DROP INDEX item, ADD INDEX (item)")
    told = facts(world)
    unread = [name for name, part in told.items() if isinstance(part, dict) and "unread" in part]
    assert unread == ["statistics"]


def test_what_other_modules_announce_is_told_by_its_names_alone(world: World) -> None:
    world.stand.write("processing/pmbuiltin", BUILT_IN, mode=0o755)
    world.stand.write("processing/pmbroken", "#!/bin/sh\nexit 3\n", mode=0o755)
    world.stand.write("processing/other", "#!/bin/sh\ntouch started\n", mode=0o755)
    assert facts(world)["handlers"] == {
        "pmbroken": None,
        "pmbuiltin": {"feature": ["pricelist_dynamic_settings"], "itemtype": ["vhost"]},
    }
    assert not (world.stand.root / "started").exists()


@pytest.mark.sibling
def test_a_module_that_hangs_holds_nothing_up(world: World) -> None:
    world.stand.write("processing/pmhangs", "#!/bin/sh\nexec sleep 60\n", mode=0o755)
    assert facts(world)["handlers"] == {"pmhangs": None}
    assert world.stand.runs[-1].seconds < 30


def test_repeats_are_told_with_their_pauses_and_without_the_service(world: World) -> None:
    lines = [
        "2026-11-26 10:00:00,100 [11] ERROR open 1001 failed: cloud_lost: GET /x",
        "2026-11-26 10:00:00,200 [11] WARNING open 1001 could not report cloud_lost",
        "2026-11-26 10:01:00,100 [12] ERROR open 1001 failed: cloud_maintenance",
        "2026-11-26 10:06:00,100 [13] INFO open 1001 marked as owner of user_1001",
        "2026-11-26 10:07:00,100 [14] ERROR suspend 1002 failed: cloud_lost",
        "2026-11-26 00:20:05,100 [15] INFO stat - 5 services",
        "    a traceback",
        "",
    ]
    world.stand.write("var/pmnextcloud.log", "\n".join(lines))
    told = facts(world)
    assert told["repeats"] == [
        {
            "command": "open",
            "errors": ["cloud_lost", "cloud_maintenance", ""],
            "pauses_s": [60, 300],
        }
    ]
    assert told["statistics"]["runs"] == [
        {"at": "2026-11-26 00:20:05", "error": "", "asked_for": None}
    ]


def test_the_days_of_the_statistics_are_told(world: World) -> None:
    world.opened()
    world.stand.run("stat", module=world.module).check()
    [day] = facts(world)["statistics"]["days"]
    assert day == {"day": str(datetime.now().date()), "rows": 1}


@pytest.mark.parametrize(
    ("date", "told"),
    [
        ([], "none"),
        (["--date", ""], "none"),
        (["--date", "2026-11-25"], "2026-11-25"),
        (["--date=2026-11-25 00:20"], "2026-11-25 00:20"),
        (["--date", "Ivan +375291234567"], "?"),
    ],
)
def test_the_day_that_statistics_were_asked_for_is_told(
    world: World, date: List[str], told: str
) -> None:
    world.stand.run("stat", module=world.module, extra=date)
    [run] = facts(world)["statistics"]["runs"]
    assert run["asked_for"] == told


SECRET_WORDS = (
    *("Golden tariff", "Ivan", "ivan@example.net", "cloud.example.net", "+375291234567"),
    *("10.1.2.3", "375291234567", "Petrov"),
)


def test_nothing_of_anybody_is_told_wherever_it_was_written(world: World) -> None:
    stand = world.stand
    item = world.opened()
    for table in ("account", "user", "pricelist", "itemtype", "processingmodule"):
        stand.sql(f"UPDATE {table} SET name = %s", "Golden tariff")
    stand.sql("UPDATE user SET email = 'ivan@example.net', realname = 'Ivan'")
    for text in SECRET_WORDS:
        kind = stand.add_itemtype(text)
        stand.database.insert("pricelist", intname=text, name=text, parent=None, itemtype=kind)
        top = stand.add_tariff(kind, addons=[])
        stand.database.insert("pricelist", intname=text, name=text, parent=top, itemtype=kind)
        stand.save_param(item, "note", text, crypted=False)
    stand.run("suspend", item=item, extra=["--facts"])
    text = json.dumps(facts(world))
    params = stand.params(item)
    own = [params["username"], params["userpassword"], world.site.url, str(stand.root)]
    addresses = ["ivan@", "example.net", "+375", "375291234567", "10.1.2.3", "Golden tariff"]
    for word in [*stand.secrets, *own, *addresses]:
        assert word not in text, word


# -- a BILLmanager like one that was told of --------------------------------------------------


@pytest.fixture(params=["evidence", "its own"])
def told_world(request: pytest.FixtureRequest, stand: Stand, cloud: Cloud) -> World:
    """A provider whose BILLmanager is like the one of a document."""
    if request.param == "evidence":
        document = like.read()
    else:
        with Stand() as other:
            document = facts(World(other, DoubleSite(cloud)))
    like.liken(stand, document)
    return World(stand, DoubleSite(cloud))


def test_a_service_lives_on_a_billmanager_like_the_document(told_world: World) -> None:
    world = told_world
    item = world.order(world.tariff(gib=5), ordered=3)
    for command, run in world.live(item):
        assert run.exit_code == 0, run
        if command == "stat":
            assert world.status(item) == ACTIVE
            assert world.customer_gets_in(item)
            assert len(world.stand.stats(item)) == 1
    assert world.status(item) == DELETED


def test_a_billmanager_like_the_document_tells_the_same(told_world: World, cloud: Cloud) -> None:
    first = facts(told_world)
    with Stand() as stand:
        like.liken(stand, first)
        second = facts(World(stand, DoubleSite(cloud)))
    for part in ("columns", "measures", "functions", "rules", "parameters"):
        assert as_sets(second[part]) == as_sets(first[part]), part


def as_sets(part: Any) -> Any:
    """A part without an order."""
    return sorted(map(str, part)) if isinstance(part, list) else part


def test_the_evidence_names_every_column_that_is_read_of_its_tables() -> None:
    columns = like.read()["columns"]
    for table, read in needs.TABLES.items():
        if table in columns:
            assert set(read) <= set(columns[table]), table
