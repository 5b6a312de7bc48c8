"""The first minute after a boot: the monotonic clock begins near zero, and a service lives as ever.

The clock is that of a time namespace where the kernel has them for this user, else it is replaced
in the program. The programs that the module starts have the same clock.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, List, NamedTuple, Tuple

import pytest

from tests import ROOT
from tests.doubles.billmanager import Stand
from tests.doubles.cloud import NEXTCLOUD_29, NEXTCLOUD_34, OWNCLOUD_10, PROFILES, Cloud, Profile
from tests.e2e.sites import GIB
from tests.e2e.world import World, with_app_password

MINUTE_S = 60
IN_A_NAMESPACE = """#!/bin/sh
exec unshare {user} --time --fork --kill-child --monotonic -{booted_at_s} '{python}' "$@"
"""


class Machine(NamedTuple):
    """A machine that was started just now: the interpreter and the environment of its programs."""

    python: str
    env: Dict[str, str]

    def clock_s(self) -> float:
        """What its monotonic clock shows, or infinity where there can be no such machine."""
        show = [self.python, "-c", "import time; print(time.monotonic())"]
        done = subprocess.run(show, env=self.env, capture_output=True, check=False)
        return float(done.stdout) if done.returncode == 0 else float("inf")


def in_a_namespace(folder: Path) -> Machine:
    """One whose clock the kernel sets."""
    user = "--map-root-user" if os.geteuid() else ""
    script = IN_A_NAMESPACE.format(
        user=user, booted_at_s=int(time.monotonic()), python=sys.executable
    )
    python = folder / "python"
    python.write_text(script, "utf-8")
    python.chmod(0o755)
    return Machine(str(python), {"PATH": os.environ["PATH"]})


def replaced() -> Machine:
    """One whose clock the program itself takes for another."""
    env = {
        "PYTHONPATH": str(ROOT / "tests" / "tools" / "boot"),
        "BOOTED_AT_S": str(time.monotonic()),
    }
    return Machine(sys.executable, env)


def just_started(way: str, folder: Path) -> Machine:
    """A machine whose clock begins in that way, if it can. Raises AssertionError if none does."""
    machine = in_a_namespace(folder)
    if way == "replaced" or machine.clock_s() > MINUTE_S:
        machine = replaced()
    assert machine.clock_s() < MINUTE_S
    return machine


def state(world: World, item: int) -> Tuple[object, ...]:
    """What a service is: limit and groups of its account, whether one gets in, the usage."""
    account = world.site.account(world.login(item))
    usage = [float(row["value"]) for row in world.stand.stats(item)]
    if account is None:
        return None, set(), False, usage
    return account.quota_bytes, account.groups, world.customer_gets_in(item), usage


CASES: List[Tuple[Profile, str]] = [
    *((profile, "namespace") for profile in PROFILES.values()),
    *((profile, "replaced") for profile in PROFILES.values()),
]
USUAL = [
    *((profile, "namespace") for profile in (NEXTCLOUD_29, NEXTCLOUD_34, OWNCLOUD_10)),
    (NEXTCLOUD_34, "replaced"),
]


@pytest.mark.parametrize(
    ("profile", "way"),
    [
        pytest.param(
            *case,
            id=f"{case[0].name}-{case[1]}",
            marks=() if case in USUAL else pytest.mark.long,
        )
        for case in CASES
    ],
)
def test_a_service_lives_in_the_first_minute_after_a_boot(
    tmp_path: Path, profile: Profile, way: str
) -> None:
    machine = just_started(way, tmp_path)
    with Stand(python=machine.python) as stand, Cloud(profile) as cloud:
        world = with_app_password(stand, cloud)
        item = world.order(world.tariff(gib=5))
        small, large = (5 * GIB, {world.group}), (30 * GIB, {"gold"})
        expected = {
            "check_connection": (None, set(), False, []),
            "get_server_config": (None, set(), False, []),
            "open": (*small, True, []),
            "suspend": (*small, False, []),
            "resume": (*small, True, []),
            **dict.fromkeys(("check_addon", "check_param"), (*small, True, [])),
            "setparam": (*large, True, []),
            **dict.fromkeys(("prolong", "changepassword"), (*large, True, [])),
            "sync_item": (*large, True, [0.0]),
            "stat": (*large, True, [1.0]),
            **dict.fromkeys(("doctor", "audit", "adopt", "restore"), (*large, True, [1.0])),
            **dict.fromkeys(("close", "purge"), (None, set(), False, [1.0])),
        }
        for command, run in world.live(item, env=machine.env):
            assert run.exit_code == 0, run
            assert state(world, item) == expected[command], command
            if command == "resume":
                stand.change_tariff(item, world.tariff(gib=30, group="gold"))
            elif command == "changepassword":
                cloud.users[world.login(item)].quota = "1 GB"
            elif command == "sync_item":
                world.site.store_bytes(world.login(item), "", GIB)
