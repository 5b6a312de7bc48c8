"""An installed 1.0.0 in the middle of its work becomes this version: nothing that it left is lost.

The archive beside this file is the program of 1.0.0 with its own installer, and its tests left out.
It gets the libraries of today: no server has those of then for ever.
"""

import itertools
import json
import shutil
import subprocess
from pathlib import Path
from typing import Dict, Iterable, Iterator, List, NamedTuple

import pytest

from tests import ROOT
from tests.doubles.billmanager import ACTIVE, PROCESSING, Stand
from tests.doubles.cloud import Cloud, Fault
from tests.e2e.installation import Host, Killer, ground, have_wheels
from tests.e2e.sites import GIB, DoubleSite
from tests.e2e.world import World
from utils import consts
from utils.consts import ITEM_MARK

ARCHIVE = Path(__file__).with_name("pmnextcloud-1.0.0.tar.gz")

SETTINGS = "# Written by the administrator.\npassword_length = 24\non_close = disable\n"

SWITCHING = ("ln", "mv")
"""The commands that put what was built into its place, one after the other."""

BEFORE_THE_SWITCH, AFTER_IT = 3, 5
"""Which of them is the next one where the old handler is still there, and where the new one is."""


class Left(NamedTuple):
    """What 1.0.0 left: a provider whose cloud refuses his login, and services in each stage."""

    world: World
    cloud: Cloud
    active: int
    suspended: int
    changing: int
    begun: int
    passwords: Dict[int, str]
    told: int
    """How often 1.0.0 registered a problem: the cut off opening, and the refused login."""

    @property
    def opened(self) -> List[int]:
        """The services that 1.0.0 opened."""
        return [self.active, self.suspended, self.changing]


@pytest.fixture(scope="session", autouse=True)
def _wheels() -> None:
    have_wheels()


@pytest.fixture
def host() -> Iterator[Host]:
    """A server without the module."""
    with ground() as folder:
        yield Host(folder)


@pytest.fixture
def former(tmp_path: Path) -> Path:
    """The sources of 1.0.0."""
    folder = tmp_path / "former"
    folder.mkdir()
    subprocess.run(["tar", "-xf", ARCHIVE, "-C", folder], check=True)
    shutil.copytree(ROOT / "etc" / "requirements", folder / "etc" / "requirements")
    (folder / "wheels").symlink_to(ROOT / "wheels")
    return folder


def leave(stand: Stand, cloud: Cloud) -> Left:
    """Lets the installed 1.0.0 work until the cloud's administrator has another password."""
    world = World(stand, DoubleSite(cloud))
    cloud.add_group(world.group)
    world.know_cloud()
    active, suspended, changing = (world.opened() for _ in range(3))
    world.run("suspend", suspended).check()
    stand.run("stat", module=world.module).check()
    begun = world.order()
    cut_off = [
        Fault("cut_after", method="POST", times=None),
        Fault("cut_before", method="GET", nth=2, times=None),
    ]
    cloud.faults += cut_off
    assert world.run("open", begun).exit_code == 1
    cloud.faults.clear()
    assert cloud.users.find(world.login(begun)) is not None
    cloud.users["admin"].password = "Another-Pw-for-tests-9"
    passwords = {item: stand.params(item)["userpassword"] for item in (active, suspended, changing)}
    assert world.run("suspend", active).error_type == "cloud_login_refused"
    told = problems(stand)
    assert told > 1
    return Left(world, cloud, active, suspended, changing, begun, passwords, told)


def problems(stand: Stand) -> int:
    """How often a problem of the module was registered."""
    return len(stand.sql("SELECT id FROM problems"))


def is_remembered(left: Left) -> None:
    """What the cloud refused is not asked again, and the problem is not registered again."""
    asked = len(left.cloud.requests)
    assert left.world.run("suspend", left.active).error_type == "cloud_login_refused"
    assert len(left.cloud.requests) == asked
    assert problems(left.world.stand) == left.told


def mark_of(world: World, item: int) -> List[object]:
    """The parts of the mark on a service; the first is its version."""
    parts: List[object] = json.loads(world.stand.params(item)[ITEM_MARK])
    return parts


def programs(home: Path) -> List[str]:
    """The files of a program in a folder."""
    folders = (home / "commands", home / "utils")
    return sorted(str(path.relative_to(home)) for one in folders for path in one.rglob("*.py"))


def is_former(host: Host, name: str, former: Path) -> bool:
    """Whether an installed version is 1.0.0: its name may have been given anew."""
    return programs(host.module / "versions" / name) == programs(former)


def upgrade(host: Host, left: Left, killer: Killer, kills: Iterable[int]) -> None:
    """Installs this version, killed at each of these commands and then once more to its end."""
    for nth in kills:
        if not killer.strike(host, "install", ROOT, nth):
            break
        assert host.answers(), nth
        is_remembered(left)
    host.make("install")


def services_go_on(left: Left) -> None:
    """Each command goes on where 1.0.0 stopped, on the same accounts with the same passwords."""
    world, stand = left.world, left.world.stand
    world.run("suspend", left.active).check()
    assert not world.customer_gets_in(left.active)
    for item in (left.active, left.suspended):
        world.run("resume", item).check()
    stand.change_tariff(left.changing, world.tariff(gib=20))
    world.run("setparam", left.changing).check()
    account = world.site.account(world.login(left.changing))
    assert account is not None
    assert account.quota_bytes == 20 * GIB
    assert world.status(left.begun) == PROCESSING
    world.run("open", left.begun).check()
    for item in (*left.opened, left.begun):
        assert world.status(item) == ACTIVE
        assert world.customer_gets_in(item)
        version, _, number, login, *_ = mark_of(world, item)
        assert (version, number, login) == (2, item, world.login(item))
    assert {item: stand.params(item)["userpassword"] for item in left.opened} == left.passwords
    stand.run("stat", module=world.module).check()
    assert {row["item"] for row in stand.stats(world.module)} == {*left.opened, left.begun}


def settings_hold(left: Left) -> None:
    """The administrator's settings are those of the new program."""
    world, users = left.world, left.cloud.users
    assert len(world.stand.params(world.opened())["userpassword"]) == 24
    world.run("close", left.suspended).check()
    assert users[world.login(left.suspended)].enabled is False


@pytest.mark.parametrize(
    "kills",
    [
        pytest.param((BEFORE_THE_SWITCH, AFTER_IT), id="killed around the switch"),
        pytest.param((), id="undisturbed", marks=pytest.mark.long),
        pytest.param(itertools.count(1), id="killed everywhere", marks=pytest.mark.long),
    ],
)
def test_an_installed_1_0_0_becomes_this_version(
    host: Host, former: Path, tmp_path: Path, kills: Iterable[int]
) -> None:
    with Cloud() as cloud, Stand(program=None, root=host.root) as stand:
        host.make("install", former)
        assert host.version().startswith("1.0.0-py")
        host.conf.write_text(SETTINGS)
        left = leave(stand, cloud)
        assert is_former(host, host.version(), former)

        upgrade(host, left, Killer(tmp_path, SWITCHING), kills)
        assert host.version().startswith(f"{consts.VERSION}-py")
        assert programs(host.module / "current") == programs(ROOT)
        # The version before stays for a way back; killed after the switch, that is another one.
        kept = [name for name in host.versions() if is_former(host, name, former)]
        assert len(kept) == int(kills == ())
        assert host.conf.read_text() == SETTINGS
        assert (
            Path(f"{host.conf}.new").read_bytes()
            == (ROOT / "etc" / "pmnextcloud.conf").read_bytes()
        )
        is_remembered(left)

        cloud.users["admin"].password = left.world.site.password
        for kept in (host.root / "var" / "pmnextcloud").glob("refused-*.json"):
            kept.unlink()  # ten minutes go by
        services_go_on(left)
        settings_hold(left)
        assert problems(left.world.stand) == left.told
        doctor = stand.run("doctor", extra=["--format", "json"])
        found = json.loads(doctor.stdout)["findings"]
        assert len(found) > 20
        assert [one for one in found if one["verdict"] == "fault"] == []
        assert not stand.leaks
