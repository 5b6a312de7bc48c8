"""The module put into BILLmanager's root, upgraded, broken, killed, moved offline, taken out."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, Iterator, Tuple

import pytest

from tests import PATIENCE_S, ROOT
from tests.doubles.billmanager import SUSPENDED, CoreFault, Stand
from tests.doubles.cloud import Cloud
from tests.e2e.installation import OFFLINE, PYTHON, Host, Killer, ground, have_wheels
from tests.e2e.sites import DoubleSite
from tests.e2e.test_predecessor import service
from tests.e2e.world import World
from utils import consts
from utils.base import errors
from utils.billing import reply
from utils.host.state import State

NOBODY = 65534

SCRIPTS = (
    *("paymethods/pmwebpay", "cgi/webpayresult", "cgi/webpaypayment", "cgi/webpayreturn"),
    "cgi/webpaycancel",
)
"""What the payment module is started by."""

DELIVERED = {
    "processing/pmnextcloud": 0o755,
    "etc/xml/billmgr_mod_pmnextcloud.xml": 0o644,
    "etc/xml/billmgr_mod_pmnextcloud_page.xml": 0o644,
    "addon/pmnextcloud_page": 0o750,
    "skins/common/plugin-logo/billmanager-plugin-pmnextcloud.png": 0o644,
    "etc/pmnextcloud.conf": 0o600,
    "src/pmnextcloud/Makefile": 0o644,
    "etc/xml/billmgr_mod_pmwebpay.xml": 0o644,
    "skins/common/plugin-logo/billmanager-plugin-pmwebpay.png": 0o644,
    **dict.fromkeys(SCRIPTS, 0o755),
}


@pytest.fixture
def host() -> Iterator[Host]:
    """A server without the module."""
    with ground() as folder:
        yield Host(folder)


@pytest.fixture(scope="session", autouse=True)
def wheels() -> None:
    """The wheels lie in the clone before anything is tried without network."""
    have_wheels()


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """The sources of a later version, with one setting more in the sample."""
    return other(tmp_path / "newer", "9.0.1")


def other(folder: Path, version: str) -> Path:
    """A copy of the sources with another version and another sample of the settings."""
    folder.mkdir()
    for name in subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT).decode().split("\0"):
        if name and not name.startswith("tests/"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    (folder / "wheels").symlink_to(ROOT / "wheels")
    edit(folder / "utils" / "consts.py", f'"{consts.VERSION}"', f'"{version}"')
    add(folder / "etc" / "pmnextcloud.conf", f"\n# New in {version}.\n")
    return folder


def add(path: Path, text: str) -> None:
    """Adds a text to the end of a file."""
    path.write_text(path.read_text("utf-8") + text, "utf-8")


def edit(path: Path, old: str, new: str) -> None:
    """Replaces a text in a file that has it."""
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def billmanager_starts(host: Host) -> None:
    """What BILLmanager does at its start: it asks for the features, and where there are none has
    the module rebuilt and asks again (docs/en/protocol.md, "Repair")."""
    if not host.answers():
        within = ["env", "-i", "PATH=/usr/bin:/bin", *OFFLINE]
        host.make("install-only", host.module, within)
    assert host.answers()


# -- installing and upgrading ---------------------------------------------------------------------


def test_installed_upgraded_and_taken_out(host: Host, newer: Path, tmp_path: Path) -> None:
    newest = other(tmp_path / "newest", "9.0.2")
    with Cloud() as cloud, Stand(program=None, root=host.root) as stand:
        said = host.make("install")
        assert "is installed under" in said
        assert [call.argv for call in stand.called("-R")] == [("-m", "billmgr", "-R")]
        first = host.version()
        assert first.startswith(f"{consts.VERSION}-py{sys.version_info[0]}.{sys.version_info[1]}-")
        world = World(stand, DoubleSite(cloud))
        item = world.opened()
        assert world.customer_gets_in(item)
        assert stand.run_payment("config").check().xml.find("feature/redirect") is not None
        assert stand.cgi("webpayresult", body=b"x=1").status == 400

        host.make("install", newer, WEBPAY="no")
        assert not [name for name in SCRIPTS if (host.root / name).exists()]
        assert host.conf.read_text("utf-8").endswith("# New in 9.0.1.\n"), "nobody had edited it"
        second = host.version()
        assert second.startswith("9.0.1-py")
        assert host.versions() == sorted([first, second])
        world.run("suspend", item).check()

        host.conf.write_text("password_length = 24\n", "utf-8")
        host.make("install", newest)
        assert host.conf.read_text("utf-8") == "password_length = 24\n"
        assert Path(f"{host.conf}.new").read_text("utf-8").endswith("# New in 9.0.2.\n")
        assert host.versions() == sorted([second, host.version()])
        assert len(stand.params(world.opened())["userpassword"]) == 24
        assert not [name for name in SCRIPTS if (host.root / name).exists()], "it is remembered"

        (host.root / SCRIPTS[1]).write_text("#!/bin/sh\necho of somebody else\n")
        said = host.make("install-only", host.module, BACK_TO=second, WEBPAY="yes")
        assert f"because this is not ours: {host.root / SCRIPTS[1]}" in said
        assert "somebody" in (host.root / SCRIPTS[1]).read_text()
        (host.root / SCRIPTS[1]).unlink()
        assert host.version().startswith("9.0.1-py")
        assert host.conf.read_text("utf-8") == "password_length = 24\n"

        record = host.root / "var/pmnextcloud/endings/15-1.json"
        record.parent.mkdir(exist_ok=True)
        record.write_text("a record of who waits")
        assert "no longer" in host.make("uninstall")
        assert len(stand.called("-R")) == 4
        assert world.status(item) == SUSPENDED
        assert cloud.users.find(world.login(item)) is not None
        assert stand.log
    left = set(host.files())
    assert {"mgr5/etc/pmnextcloud.conf", "mgr5/etc/pmnextcloud.conf.new"} <= left
    remembered = [name for name in left if name.startswith("mgr5/var/pmnextcloud/")]
    assert sorted(map(os.path.dirname, remembered)) == [
        f"mgr5/var/pmnextcloud/{name}" for name in ("endings", "history")
    ]
    history = next(one for one in remembered if "/history/" in one)
    assert '"command":"open"' in (host.root / history[len("mgr5/") :]).read_text("utf-8")
    host.make("purge")
    stands = {name for name in left if re.search("billmgr|debug.conf|mgrctl|/state/", name)}
    assert set(host.files()) == stands
    assert not host.module.exists()


def test_modes_are_the_same_whatever_the_umask_and_the_sources_have(
    host: Host, tmp_path: Path
) -> None:
    source = other(tmp_path / "closed", "9.0.1")
    for path in source.rglob("*"):
        if not path.is_symlink() and ROOT not in path.resolve().parents:
            path.chmod(0o700 if path.is_dir() or os.access(path, os.X_OK) else 0o600)
    host.make("install", source, ["sh", "-c", 'umask 077; exec "$@"', "sh"])
    for name, mode in DELIVERED.items():
        assert (host.root / name).stat().st_mode & 0o777 == mode, name
    assert host.rotation.stat().st_mode & 0o777 == 0o644
    assert f"\n{host.root}/var/pmnextcloud.log {{\n" in host.rotation.read_text()
    assert host.nightly.stat().st_mode & 0o777 == 0o644
    modes = {0o644, 0o755}
    for path in [host.module, *host.module.rglob("*")]:
        state = path.lstat()
        assert state.st_uid == os.geteuid()
        assert path.is_symlink() or state.st_mode & 0o7777 in modes, path
    home = host.module / "current"
    sources = [path for part in ("commands", "utils") for path in (home / part).rglob("*.py")]
    assert len(sources) > 50
    tag = sys.implementation.cache_tag
    for path in sources:
        assert (path.parent / "__pycache__" / f"{path.stem}.{tag}.pyc").exists(), path


PAGE = ("addon/pmnextcloud_page", "etc/xml/billmgr_mod_pmnextcloud_page.xml")


def test_the_page_comes_and_goes_as_the_settings_say(host: Host) -> None:
    sample = (ROOT / "etc/pmnextcloud.conf").read_text("utf-8")
    host.conf.parent.mkdir(exist_ok=True)
    host.conf.write_text(f"{sample}\n  customer_page=none  \n", "utf-8")
    host.make("install")
    assert [(host.root / name).exists() for name in PAGE] == [False] * 2
    assert subprocess.run([host.handler, "--command", "features"]).returncode == 0
    host.conf.write_text(f"{sample}customer_page = text\n", "utf-8")
    host.make("page", host.module)
    visit = {"AUTH_USER": "root", "AUTH_LEVEL": "30", "PARAM_elid": "15"}
    answer = subprocess.run(
        [host.root / PAGE[0]], env=visit, stdin=subprocess.DEVNULL, capture_output=True
    )
    assert answer.returncode == 0
    assert b'type="core_unavailable"' in answer.stdout, answer
    host.handler.unlink()
    assert "it is not installed" in host.fail("page", host.module)
    host.make("uninstall")
    assert [(host.root / name).exists() for name in PAGE] == [False] * 2


def test_settings_that_were_there_first_stay_and_are_told_of_once(host: Host) -> None:
    host.conf.parent.mkdir()
    host.conf.write_text("budget_s = 60\n")
    host.make("install")
    beside = Path(f"{host.conf}.new")
    assert host.conf.read_text() == "budget_s = 60\n"
    assert beside.read_text("utf-8") == (ROOT / "etc" / "pmnextcloud.conf").read_text("utf-8")
    assert [path.stat().st_mode & 0o777 for path in (host.conf, beside)] == [0o600, 0o600]
    beside.unlink()
    host.make("install")
    assert not beside.exists(), "this one the administrator has seen"


def test_a_billmanager_that_cannot_be_reloaded_is_said_aloud(host: Host) -> None:
    with Stand(program=None, root=host.root) as stand:
        stand.core_faults = [CoreFault("-R")]
        said = host.fail("install")
        assert f"could not be reloaded. Do it: {host.root}/sbin/mgrctl -m billmgr -R" in said
        assert host.answers()


@pytest.mark.sibling
def test_two_at_the_same_time_end_one_after_the_other(host: Host, newer: Path) -> None:
    both = [host.start("install"), host.start("install", newer)]
    said = [process.communicate(timeout=PATIENCE_S)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert host.answers()
    assert len(host.versions()) == 2
    assert not [name for name in host.files() if ".new" in name]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_nobody_else_can_hold_up_an_installation(host: Host) -> None:
    host.make("install")
    assert (host.lock.stat().st_mode & 0o777, host.lock.stat().st_uid) == (0o600, 0)
    for path in (host.root / "src", host.root / "var", host.module, host.lock):
        path.parent.chmod(0o755)
    refused = subprocess.run(
        ["setpriv", "--reuid=65534", "--clear-groups", "flock", "-n", host.lock, "true"],
        capture_output=True,
        check=False,
    )
    assert refused.returncode != 0
    with subprocess.Popen(["flock", "--no-fork", host.root / "src", "sleep", "300"]) as holder:
        try:
            host.make("install")
        finally:
            holder.kill()


def test_who_takes_the_lock_of_a_file_that_is_gone_takes_the_new_one(host: Host) -> None:
    """As whoever waited while the module was taken out."""
    (host.root / "var").mkdir()
    script = """. etc/places
        alone; exec 8>&9; rm "$lock"; ( exec 9>&-; alone 8>&-; [ "$lock" -ef /proc/self/fd/9 ] )"""
    command = ["sh", "-euc", script]
    subprocess.run(command, cwd=ROOT, env=host.environment(), check=True, timeout=PATIENCE_S)


def test_no_python_of_the_folder_where_somebody_stands_is_run(host: Host, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    trap.mkdir()
    for name in ("ensurepip", "venv", "pip", "runpy", "compileall", "ssl"):
        (trap / f"{name}.py").write_text(f"open({str(trap / 'sprung')!r}, 'w')")
    subprocess.run(
        [ROOT / "etc" / "install", "install"],
        cwd=trap,
        env={**host.environment(), "PATH": f"{os.environ['PATH']}:.:{trap}"},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    assert host.answers()
    assert not (trap / "sprung").exists()


PYTHON_STARTS = re.compile(r'"(?:\$[\w/]*python|\$inside|\$1|\$work/env/bin/python)" (-.*)')


def python_starts() -> Iterator[Tuple[str, str]]:
    """How each script that is delivered starts a Python: the script, and the arguments."""
    for path in sorted((ROOT / "etc").rglob("*")):
        if path.is_file() and path.suffix not in (".png", ".json", ".txt"):
            text = path.read_text("utf-8").replace("\\\n", " ")
            for arguments in PYTHON_STARTS.findall(text):
                if not arguments.startswith(("--", "-e ")):
                    yield path.name, arguments


@pytest.mark.parametrize(("script", "arguments"), [*python_starts()])
def test_every_python_of_the_installation_is_isolated(script: str, arguments: str) -> None:
    """Where it runs a file, -E and -s do the same: what the file imports lies beside it."""
    assert re.match(r"(-I (-c|-m) |-Es \"\$(home|new)/pm(nextcloud|webpay)\.py\")", arguments), (
        script
    )


def test_every_script_that_starts_a_python_is_looked_at() -> None:
    looked_at = {script for script, _ in python_starts()}
    assert looked_at == {
        *("install", "wheels", "find-python", "pmnextcloud.sh", "pmwebpay.sh"),
    }
    for path in (ROOT / "etc").rglob("*"):
        if path.is_file() and path.name not in looked_at and path.suffix != ".png":
            for line in path.read_text("utf-8").splitlines():
                is_start = re.search(r"python\S* -", line.partition("#")[0])
                assert not is_start, f"{path}: {line}"


def test_below_destdir_it_needs_no_root_and_names_only_its_later_place(
    host: Host,
) -> None:
    source, package = other(host.folder / "source", "9.0.1"), host.folder / "package"
    package.mkdir()
    within, python = [], PYTHON
    if os.geteuid() == 0:
        within = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        python = "/usr/bin/python3"  # one that others than root can reach
        # The wheels of a clone below /root are nothing that others could read by a link.
        (source / "wheels").unlink()
        shutil.copytree(ROOT / "wheels", source / "wheels")
        os.chown(package, NOBODY, NOBODY)
    more = {"DESTDIR": str(package), "BASE": "/opt/mgr5", "LOGROTATE": "/etc/logrotate.d"}
    more["CRONTABS"] = "/etc/cron.d"
    host.make("install", source, within, PYTHON=python, **more)
    root = package / "opt" / "mgr5"
    home = re.search("^home='(.*)'$", (root / "processing/pmnextcloud").read_text(), re.MULTILINE)
    assert home
    assert home[1].startswith("/opt/mgr5/src/pmnextcloud/versions/")
    assert (package / "etc/logrotate.d/pmnextcloud").exists()
    assert (package / "etc/cron.d/pmnextcloud").exists()
    for name in DELIVERED:
        assert str(package).encode() not in (root / name).read_bytes(), name
    programs = (package / home[1][1:] / "env" / "bin").iterdir()
    assert all(path.name.startswith("python") for path in programs)
    host.make("purge", source, within, **more)
    assert not [path for path in package.rglob("*") if not path.is_dir()]


@pytest.mark.parametrize(
    "wrong", [{"BASE": "mgr5"}, {"BASE": "/opt/it's"}, {"DESTDIR": "here"}, {"BASE": "/opt/mgr5/"}]
)
def test_a_root_that_cannot_be_used_is_refused(host: Host, wrong: Dict[str, str]) -> None:
    assert "is no path that can be used" in host.fail("install", **wrong)
    assert not host.files()


# -- when something is missing --------------------------------------------------------------------


def test_billmanager_repairs_it_without_network_when_its_python_is_gone(host: Host) -> None:
    with Cloud() as cloud, Stand(program=None, root=host.root) as stand:
        host.make("install")
        world = World(stand, DoubleSite(cloud))
        item = world.opened()
        broken = host.module / "current" / "env" / "bin" / "python"
        broken.unlink()
        broken.symlink_to("/nowhere/python3")
        run = world.run("suspend", item)
        remedy = f"make -C {host.module} install-only"
        assert run.exit_code == 1
        assert run.stdout == reply.error(errors.PythonMissing(remedy)).document
        assert f"python_missing: {remedy}" in stand.log
        assert (host.root / "var" / "pmnextcloud.log").stat().st_mode & 0o777 == 0o600
        reloaded = len(stand.called("-R"))
        billmanager_starts(host)
        assert len(stand.called("-R")) == reloaded
        world.run("suspend", item).check()


def without_a_wheel(source: Path) -> None:
    """A wheel is missing, and the list of them has not noticed."""
    shutil.copytree((source / "wheels").resolve(), source / "whole")
    (source / "wheels").unlink()
    (source / "whole").rename(source / "wheels")
    for wheel in (source / "wheels").glob("requests-*.whl"):
        wheel.unlink()
    sums = source / "wheels" / "SHA256SUMS"
    kept = [line for line in sums.read_text().splitlines() if "requests-" not in line]
    sums.write_text("".join(f"{line}\n" for line in kept))


def with_another_wheel(source: Path) -> None:
    """A wheel is not the one that was pinned, and the list of them is its own."""
    without_a_wheel(source)
    folder = source / "wheels"
    for wheel in (ROOT / "wheels").glob("requests-*.whl"):
        (folder / wheel.name).write_bytes(wheel.read_bytes() + b"\0")
    files = [*folder.glob("*.whl"), *(source / "etc" / "requirements").glob("*.txt")]
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {os.path.relpath(path, folder)}\n"
        for path in files
    ]
    (folder / "SHA256SUMS").write_text("".join(lines))


def that_does_not_compile(source: Path) -> None:
    """A source is no Python."""
    add(source / "commands" / "_suspend.py", "define nothing\n")


def that_does_not_answer(source: Path) -> None:
    """The program starts and ends badly."""
    edit(source / "pmnextcloud.py", "import argparse\n", "raise SystemExit(7)\n")


@pytest.mark.parametrize(
    "damage",
    [
        *(with_another_wheel, that_does_not_answer),
        *(
            pytest.param(damage, marks=pytest.mark.long)
            for damage in (without_a_wheel, that_does_not_compile)
        ),
    ],
)
def test_a_version_that_cannot_be_built_leaves_the_old_one(
    installed: Host, newer: Path, damage: object
) -> None:
    assert callable(damage)
    damage(newer)
    before = installed.files(), installed.versions(), installed.version(), installed.answer()
    said = installed.fail("install", newer)
    assert "what was there is unchanged" in said
    assert (
        installed.files(),
        installed.versions(),
        installed.version(),
        installed.answer(),
    ) == before


def test_a_host_without_a_fitting_python_is_told_so(host: Host, tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\necho 3.7 /usr/bin/python3.7\n")
    old.chmod(0o755)
    said = host.fail("install", PYTHON=str(old))
    assert "no Python 3.8 to 3.13 is here" in said
    assert not host.files()


@pytest.fixture(scope="module")
def installed() -> Iterator[Host]:
    """A server with the module, for tests that leave it as it is."""
    with ground() as folder:
        host = Host(folder)
        host.make("install")
        yield host
        assert host.answers()


# -- killed ---------------------------------------------------------------------------------------


def killed(host: Host, newer: Path, nth: int, killer: Killer) -> bool:
    """Kills an upgrade at the nth command; whether it came to that. What is there works then."""
    former = host.version()
    came_to_it = killer.strike(host, "install", newer, nth)
    assert host.answers(), nth
    assert host.version() == former or host.version().startswith("9.0.1-"), nth
    return came_to_it


def end_upgrade(host: Host, newer: Path) -> None:
    """Upgrades once more, undisturbed: nothing of the killed ones is left."""
    host.make("install", newer)
    assert host.answers()
    assert host.version().startswith("9.0.1-")
    assert len(host.versions()) == 2
    assert not [name for name in host.files() if ".new" in name]
    for name in DELIVERED:
        assert (host.root / name).exists(), name


@pytest.mark.sibling
def test_killed_around_the_switch_it_answers_and_can_be_repeated(
    host: Host, newer: Path, tmp_path: Path
) -> None:
    killer = Killer(tmp_path)
    commands = killer.count(host, "install", ROOT)
    assert killed(host, newer, commands - 30, killer)
    assert killed(host, newer, commands - 15, killer)
    end_upgrade(host, newer)


@pytest.mark.long
def test_killed_at_every_command_of_an_upgrade(host: Host, newer: Path, tmp_path: Path) -> None:
    killer = Killer(tmp_path)
    host.make("install")
    reached = 0
    while killed(host, newer, reached + 1, killer):
        reached += 1
    assert reached > 40
    end_upgrade(host, newer)


@pytest.mark.long
def test_killed_at_every_command_of_taking_it_out(host: Host, tmp_path: Path) -> None:
    killer = Killer(tmp_path)
    commands = killer.count(host, "install", ROOT)
    assert killer.strike(host, "install", ROOT, commands - 20)
    nth = 1
    while killer.strike(host, "purge", ROOT, nth):
        assert not host.handler.exists() or host.answers(), nth
        nth += 1
    assert nth > 10
    assert not [name for name in host.files() if name.startswith("mgr5/")]


def kept_in_memory(root: Path) -> Path:
    """A folder of the module in the server's memory, with something in it."""
    folder = Path(State(str(root / "var/pmnextcloud")).spare)
    folder.mkdir(mode=0o700)
    (folder / "problem-31.json").write_text("{}")
    return folder


@pytest.mark.parametrize("target", ["uninstall", "purge"])
def test_taking_it_out_takes_what_it_kept_in_memory(
    host: Host, tmp_path: Path, target: str
) -> None:
    link = tmp_path / "mgr5-linked"
    link.symlink_to(host.root)
    folders = [kept_in_memory(root) for root in (host.root, link, tmp_path / "another")]
    try:
        host.make(target, BASE=str(link))
        assert [folder.exists() for folder in folders] == [False, False, True]
    finally:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="who is not root makes nothing of somebody else's")
def test_taking_it_out_leaves_what_somebody_else_has_made_in_memory(host: Host) -> None:
    folder = kept_in_memory(host.root)
    try:
        os.chown(folder, NOBODY, NOBODY)
        host.make("purge")
        assert folder.exists()
    finally:
        shutil.rmtree(folder)


# -- predecessors ---------------------------------------------------------------------------------


def test_the_predecessors_files_are_replaced_and_kept_and_its_services_served(host: Host) -> None:
    with Cloud() as cloud, Stand(program=None, root=host.root) as stand:
        world = World(stand, DoubleSite(cloud), crypted=False)
        item = service(world, crypted=True)
        program = host.module / "src" / "pmnextcloud.py"
        for name in ("src/pmnextcloud.py", "venv-nextcloud/bin/python", "Makefile"):
            path = host.module / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"the predecessor's {name}\n")
        host.handler.symlink_to(program)
        forms_file = host.root / "etc/xml/billmgr_mod_pmnextcloud.xml"
        forms_file.write_text("<its_forms/>")
        rows = stand.sql("SELECT * FROM item"), stand.sql("SELECT * FROM processingmodule")
        said = host.make("install")
        assert f"moved to {host.before}: {host.module}/src" in said
        assert (
            stand.sql("SELECT * FROM item"),
            stand.sql("SELECT * FROM processingmodule"),
        ) == rows
        kept = {
            str(path.relative_to(host.before)) for path in host.before.rglob("*") if path.is_file()
        }
        assert kept == {
            "src/pmnextcloud.py",
            "venv-nextcloud/bin/python",
            "Makefile",
            "billmgr_mod_pmnextcloud.xml",
        }
        assert os.readlink(host.before / "pmnextcloud") == str(program)
        assert (host.before / "billmgr_mod_pmnextcloud.xml").read_text() == "<its_forms/>"
        assert sorted(os.listdir(host.module)) == ["Makefile", "current", "versions"]
        assert not host.handler.is_symlink()
        world.run("suspend", item).check()
        assert not world.customer_gets_in(item)
        host.make("uninstall")
        assert host.before.exists()
    host.make("purge")
    assert not host.before.exists()


def test_an_installation_that_failed_over_a_predecessor_leaves_it(host: Host, newer: Path) -> None:
    program = host.module / "src" / "pmnextcloud.py"
    program.parent.mkdir(parents=True)
    program.write_text(
        "#!/bin/sh\necho '<doc><features><feature name=\"open\"/></features></doc>'\n"
    )
    program.chmod(0o755)
    host.handler.parent.mkdir()
    host.handler.symlink_to(program)
    without_a_wheel(newer)
    host.fail("install", newer)
    assert host.answers()
    host.make("uninstall", newer)
    assert host.answers()
    assert host.files() == [
        "mgr5/processing/pmnextcloud",
        "mgr5/src/pmnextcloud/src/pmnextcloud.py",
    ]


# -- without network ------------------------------------------------------------------------------


def test_the_archive_installs_without_network(host: Host, tmp_path: Path) -> None:
    subprocess.run(["make", "dist"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    archive = ROOT / "dist" / f"pmnextcloud-{consts.VERSION}-{os.uname().machine}.tar.gz"
    subprocess.run(["sha256sum", "-c", f"{archive.name}.sha256"], cwd=archive.parent, check=True)
    subprocess.run(["tar", "-xf", archive, "-C", tmp_path], check=True)
    source = tmp_path / f"pmnextcloud-{consts.VERSION}"
    host.make("install", source, OFFLINE)
    shutil.rmtree(source)
    billmanager_starts(host)


# -- the demonstration ----------------------------------------------------------------------------


def test_the_demo_ends_well() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.tools.demo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The whole life went as it should." in done.stdout
