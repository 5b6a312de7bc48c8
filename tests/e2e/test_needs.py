"""Every command does its work on a BILLmanager that lets it read no more than is declared."""

from commands import COMMANDS
from tests.e2e.world import World
from tests.tools import table
from tests.unit.billing.given import declared
from utils.billing import needs

CONNECTION = """<doc><processingmodule><id>{}</id><base_url>{}</base_url>
<nc_username>{}</nc_username></processingmodule></doc>"""


def run_all(world: World) -> None:
    """Runs each command, and those that fail so that staff or the administrators are told."""
    stand, site = world.stand, world.site
    item = world.order()
    for command in ("open", "changepassword", "sync_item", "suspend", "resume"):
        world.run(command, item).check()
    for command in table.QUESTIONS:
        stand.run(command, item=item).check()
    for command in table.CHECKS:
        assert stand.check(command, "disk", 1, item=item).exit_code == 0, "nothing is used"
    stand.change_tariff(item, world.tariff(gib=9, group="others"))
    for command in ("setparam", *table.RENEWALS):
        world.run(command, item).check()
    for command in ("get_server_config", "stat"):
        stand.run(command, module=world.module).check()
    for command in (*table.FOR_PEOPLE, *table.OF_THE_PAST, *table.PAGES):
        said = world.call(command, item)
        assert said.exit_code == 0, said
    form = CONNECTION.format(world.module, site.url, site.login)
    for command in ("check_connection", "tune_connection", "pricelist_dynamic_settings_tune"):
        stand.run(command, stdin=form).check()
    stand.run("features").check()
    world.run("close", item).check()
    assert world.run("open", world.order(world.tariff(gib=0))).error_type == "quota_zero"
    stand.sql("DELETE FROM processingcryptedparam")
    assert world.run("open", world.order()).error_type == "module_unset"


def test_every_command_gets_along_with_what_is_declared(world: World) -> None:
    stand = world.stand
    stand.write("etc/pmnextcloud.conf", "display_name = client\n")
    (stand.root / "var/pmnextcloud").mkdir(mode=0o700)
    stand.database.limit_reading(declared())
    run_all(world)
    words = [run.argv for run in stand.runs]
    assert {argv[argv.index("--command") + 1] for argv in words} == set(COMMANDS)
    assert {call.function for call in stand.calls} <= {*needs.FUNCTIONS, "backupservice.open"}
    for function in ("task.edit", "problems.register", "service.poststat"):
        assert stand.called(function), function
    assert "denied" not in stand.log
