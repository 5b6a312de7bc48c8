"""The time that is set holds for every command, whoever has to be told of its failure.

The cloud answers nothing in time, and then BILLmanager's core hangs. The runs wait most of the
time, so all are started at once.
"""

import threading
from contextlib import ExitStack
from typing import Callable, Dict, Iterator, NamedTuple

import pytest

from tests.doubles.billmanager import CoreFault, ModuleProcess, Run, Stand
from tests.doubles.cloud import Cloud, Fault
from tests.e2e.sites import DoubleSite
from tests.e2e.world import World
from tests.tools import table
from utils.billing.mgrctl import CALL_TIMEOUT_S
from utils.host import budget

BUDGET_S = 28
"""Of this budget seven seconds are kept back: more than the machine may take to be slow."""
FORM_BUDGET_S = 12
SLACK_S = 6.0
"""Starting ten programs at once; less than what is kept back."""
TIMEOUT_S = 19
"""A question that is not answered in this time leaves just so much that the core is asked."""
NEEDS_ORDER = ("open",)

COMMANDS = (*table.SERVICES, *table.MODULES, "check_connection")
CALLS = {
    **{command: True for command in COMMANDS},
    **{f"{command} without an operation": False for command in table.SERVICES},
}
"""Whether the service's operation is named, by what stands for the call."""

ENDS_EARLIER = (*table.FORMS, "stat")
"""Nobody is told of a form that fails, and statistics stop reading before their time is over."""


class Rig(NamedTuple):
    """A provider with a cloud of his own, and a service that waits for a command."""

    world: World
    item: int


def starter(rig: Rig, call: str) -> Callable[[], ModuleProcess]:
    """Starts the command of a call, as BILLmanager does or as a person does."""
    world, (command, _, without) = rig.world, call.partition(" ")
    if command in table.FORMS:
        form = world.form()
        return lambda: world.stand.start(command, stdin=form)
    if without:
        return lambda: world.stand.start(command, item=rig.item)
    return world.starter(command, rig.item)


def rig_of(stand: Stand, ending: ExitStack, call: str) -> Rig:
    """A provider whose service is ready for the command, and whose cloud answers no more."""
    cloud = ending.enter_context(Cloud())
    world = World(stand, DoubleSite(cloud), timeout=TIMEOUT_S)
    command = call.partition(" ")[0]
    item = world.order() if command in NEEDS_ORDER else world.opened()
    if command == "resume":
        world.run("suspend", item).check()
    cloud.faults.append(Fault("stall", times=None, seconds=120))
    return Rig(world, item)


@pytest.fixture(scope="module")
def runs() -> Iterator[Dict[str, Run]]:
    """The run of each call, all started at the same moment."""
    done: Dict[str, Run] = {}
    with ExitStack() as ending:
        stand = ending.enter_context(Stand())
        lines = (
            f"budget_s = {BUDGET_S}\nstat_budget_s = {BUDGET_S}\nform_budget_s = {FORM_BUDGET_S}\n"
        )
        rigs = {call: rig_of(stand, ending, call) for call in CALLS}
        stand.write("etc/pmnextcloud.conf", lines)
        starters = {call: starter(rig, call) for call, rig in rigs.items()}
        stand.core_faults.append(CoreFault(".*", kind="hang", times=None))

        def play(call: str) -> None:
            done[call] = starters[call]().finish(timeout_s=120)

        threads = [threading.Thread(target=play, args=[call]) for call in CALLS]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        yield done


@pytest.mark.parametrize("call", CALLS)
def test_a_command_ends_within_its_budget(runs: Dict[str, Run], call: str) -> None:
    run = runs[call]
    limit_s = FORM_BUDGET_S if call in table.FORMS else BUDGET_S
    assert run.seconds < limit_s + SLACK_S, str(run)
    assert run.xml.tag == "doc"


@pytest.mark.parametrize("call", [call for call in CALLS if call not in ENDS_EARLIER])
def test_the_case_is_one_in_which_time_is_short(runs: Dict[str, Run], call: str) -> None:
    """Who takes no heed of the rest ends later than is allowed: the core hangs longer than that."""
    assert runs[call].exit_code == 1
    rest_s = BUDGET_S + SLACK_S - runs[call].seconds
    assert rest_s < CALL_TIMEOUT_S
    assert budget.telling_s(BUDGET_S) > SLACK_S
