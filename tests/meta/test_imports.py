"""Start-up is a feature: what a command loads, and who may know whom."""

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import Dict, Set

import pytest

from tests import ROOT
from utils.base.later import SSH_KEYS, SWITCH

HEAVY = {"requests", "urllib3", "pymysql", "lxml", "cryptography", "tenacity", "tqdm", "segno"}
HEAVY |= {"hypothesis"}
RUN = """
import json, os, sys
import pmnextcloud
code = pmnextcloud.main(sys.argv[1:])
sys.stderr.write(" ".join(sorted(name for name in sys.modules if "." not in name)))
sys.exit(code)
"""
FORM = b"<doc><timeout/><usergroup>clients</usergroup></doc>"


def loaded(root: Path, *argv: str) -> Set[str]:
    """The modules that a successful command has loaded at its end, below `root`."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, *argv],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "PMNEXTCLOUD_STARTED_AS": str(root / "processing" / "pmnextcloud"),
        },
        input=FORM,
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.startswith(b"<?xml")
    return set(done.stderr.decode().split())


def test_features_needs_nothing_but_the_program(tmp_path: Path) -> None:
    modules = loaded(tmp_path, "--command", "features")
    assert not modules & {*HEAVY, "logging", "gettext", "traceback"}
    assert list(tmp_path.iterdir()) == [], "a log or a folder was made"


@pytest.mark.parametrize("command", ["tune_connection", "pricelist_dynamic_settings_tune"])
def test_a_form_is_shown_without_database_and_http(tmp_path: Path, command: str) -> None:
    (tmp_path / "var").mkdir()
    modules = loaded(tmp_path, "--command", command, "--module", "31")
    assert modules & {*HEAVY, "logging"} == {"lxml"}


PUT_OFF = [
    ("cloud.transport", {"charset_normalizer", "idna", "importlib.metadata", "tempfile"}),
    ("billing.database", {"pymysql.optionfile", "random", SSH_KEYS}),
    ("base.logs", {"traceback"}),
    ("base.xml", {"gzip", "inspect"}),
    ("page.qr", {"segno.writers", "urllib.request"}),
]
"""A door and what of its library is not used."""


def loaded_by(door: str, **environment: str) -> Set[str]:
    """The modules that a door loads beside what every command has."""
    known = "import sys; from utils.base import errors, later; from utils.billing import reply"
    code = f"{known}; before = set(sys.modules); import utils.{door}"
    code += "; print(*(set(sys.modules) - before))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    return set(done.stdout.split())


@pytest.mark.parametrize(("door", "put_off"), PUT_OFF)
def test_a_library_comes_without_what_is_not_used_of_it(door: str, put_off: Set[str]) -> None:
    modules = loaded_by(door)
    assert len(modules) > 4
    assert not modules & put_off


@pytest.mark.parametrize(("door", "put_off"), PUT_OFF)
def test_the_switch_has_a_library_come_whole(door: str, put_off: Set[str]) -> None:
    assert put_off <= loaded_by(door, **{SWITCH: "1"})


def test_the_doctor_can_be_started_without_the_libraries() -> None:
    code = "import sys, commands._doctor; print(*(name for name in sys.modules if '.' not in name))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not set(done.stdout.split()) & HEAVY


def imported(path: Path) -> Set[str]:
    """The modules that a file imports, anywhere in it."""
    names: Set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


UTILS = sorted((ROOT / "utils").rglob("*.py"))
COMMANDS = sorted((ROOT / "commands").glob("*.py"))
DOORS: Dict[str, Set[str]] = {
    "requests": {"transport.py"},
    "urllib3": {"transport.py"},
    "pymysql": {"database.py"},
    "lxml": {"xml.py"},
    "cryptography": {"key.py"},
    "segno": {"qr.py"},
    "subprocess": {"mgrctl.py", "pager.py", "changing.py"},
    "tenacity": {"mgrctl.py"},
    "tqdm": {"progress.py"},
    "idna": {"address.py"},
}
"""The one file under utils/ that knows a library."""


@pytest.mark.parametrize("path", UTILS, ids=lambda path: path.name)
def test_utils_know_no_commands_and_libraries_by_their_door_alone(path: Path) -> None:
    tops = {name.partition(".")[0] for name in imported(path)}
    assert not tops & {"commands", "pmnextcloud", "tests"}
    assert not tops & {"pickle", "shelve", "marshal"}
    for library, files in DOORS.items():
        assert library not in tops or path.name in files


WAYS_INTO_BILLMANAGER = {f"utils.billing.{name}" for name in ("database", "doors", "key", "mgrctl")}
"""They are private to their room: what others need is a method of one of its nouns."""


@pytest.mark.parametrize(
    "path", [ROOT / "pmnextcloud.py", *UTILS, *COMMANDS], ids=lambda path: path.name
)
def test_database_core_and_key_are_known_in_their_room_alone(path: Path) -> None:
    is_inside = path.parent == ROOT / "utils" / "billing"
    assert is_inside or not imported(path) & WAYS_INTO_BILLMANAGER
    assert is_inside or "._doors" not in path.read_text("utf-8")


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: path.name)
def test_commands_know_no_library_and_not_the_program(path: Path) -> None:
    tops = {name.partition(".")[0] for name in imported(path)}
    assert not tops & (set(DOORS) | {"pmnextcloud", "tests"})
