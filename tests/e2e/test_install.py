"""`make install` into BILLmanager's root, and `make demo`, as a stranger types them."""

import os
import subprocess
import sys
from pathlib import Path

from tests.cloud import Cloud
from tests.e2e.sites import DoubleSite
from tests.e2e.world import World
from tests.stand import Stand

CLONE = Path(__file__).resolve().parents[2]


def make(*words: str) -> str:
    """Runs make in the clone with the interpreter of the tests, and returns what it printed."""
    command = ["make", *words, f"PYTHON={os.path.realpath(sys.executable)}"]
    done = subprocess.run(command, cwd=CLONE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_installed_module_serves_and_a_second_installation_keeps_the_settings(
    tmp_path: Path,
) -> None:
    root = tmp_path / "mgr5"
    said = make("install", f"BASE={root}")
    assert f"{root}/sbin/mgrctl -m billmgr -R" in said
    conf = root / "etc" / "pmnextcloud.conf"
    assert conf.stat().st_mode & 0o777 == 0o600
    assert (root / "processing" / "pmnextcloud").stat().st_mode & 0o777 == 0o755
    assert (root / "etc" / "xml" / "billmgr_mod_pmnextcloud.xml").stat().st_mode & 0o777 == 0o644
    conf.write_text("password_length = 24\n")
    with Cloud() as cloud, Stand(program=None, root=root) as stand:
        world = World(stand, DoubleSite(cloud))
        item = world.opened()
        assert len(stand.params(item)["userpassword"]) == 24
        assert world.customer_gets_in(item)
        make("install", f"BASE={root}")
        assert conf.read_text() == "password_length = 24\n"
        world.run("close", item).check()
    assert not list((root / "src").glob("pmnextcloud.*"))


def test_the_demo_ends_well() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.demo"], cwd=CLONE, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The whole life went as it should." in done.stdout
