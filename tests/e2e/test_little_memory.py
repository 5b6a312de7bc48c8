"""The least memory that is begun with, as etc/pmnextcloud.sh has it."""

import re

from tests import ROOT
from tests.e2e.world import World


def test_every_command_has_room_in_the_least_memory_that_is_taken(world: World) -> None:
    handler = (ROOT / "etc/pmnextcloud.sh").read_text("utf-8")
    (least_kib,) = re.findall(r"needed_kib=(\d+)", handler)
    world.stand.start_by(f"ulimit -v {least_kib}")
    item = world.order()
    for _, run in world.live(item):
        assert run.exit_code == 0, run
