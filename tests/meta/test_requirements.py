"""What is installed is what requirements.txt pins, for each Python, and by its hash."""

import json
import re
from importlib import metadata
from pathlib import Path
from typing import Dict, List, Set

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tests import ROOT
from utils.doctor import installation

LOCKS = sorted(
    (ROOT / "etc" / "requirements").glob("3.*.txt"), key=lambda path: int(path.stem.split(".")[1])
)


def asked_in(name: str) -> List[Requirement]:
    """The lines of a file of requirements, without those of other files."""
    lines = (ROOT / name).read_text("utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-r "))]


def is_for(asked: Requirement, version: str) -> bool:
    """Whether a line counts on that Python."""
    where = {"python_version": version, "python_full_version": f"{version}.0"}
    return asked.marker is None or asked.marker.evaluate(where)


def pinned(version: str) -> Dict[str, str]:
    """What requirements.txt asks for on that Python: name and version."""
    found: Dict[str, str] = {}
    for asked in asked_in("requirements.txt"):
        if is_for(asked, version):
            assert canonicalize_name(asked.name) not in found, asked
            found[canonicalize_name(asked.name)] = str(asked.specifier)
    return found


def test_each_supported_python_has_its_file() -> None:
    versions = [path.stem for path in LOCKS]
    assert versions == ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13"]
    for readme in ("README.md", "README.ru.md"):
        assert re.search(
            f"{versions[0]} (to|до) {versions[-1]}", (ROOT / readme).read_text("utf-8")
        )


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
def test_each_python_gets_what_is_pinned_and_nothing_else(path: Path) -> None:
    blocks = re.split(r"\n(?=\S)", path.read_text("utf-8").strip())
    packages = [block for block in blocks if not block.startswith("#")]
    locked = {}
    for package in packages:
        name, version = re.match(r"([\w-]+)(==[\w.]+) \\\n", package).groups()
        locked[name] = version
        assert re.fullmatch(
            r"( {4}--hash=sha256:[0-9a-f]{64}( \\)?\n?)+", package.split("\n", 1)[1]
        )
    assert locked == pinned(path.stem)


@pytest.mark.parametrize("name", ["requirements.txt", "tests/requirements.txt"])
def test_what_is_pinned_for_a_python_can_be_installed_on_it(name: str) -> None:
    """Of what is installed here it is known for which Pythons it is."""
    here = [asked for asked in asked_in(name) if asked.marker is None or asked.marker.evaluate()]
    assert here
    for asked in here:
        bears = SpecifierSet(metadata.metadata(asked.name).get("Requires-Python", ""))
        for path in LOCKS:
            # Of each Python a late release: libraries do without single early ones.
            assert bears.contains(f"{path.stem}.10") or not is_for(asked, path.stem), asked


# -- known holes -------------------------------------------------------------------------------

ADVISORIES = json.loads((ROOT / "etc/requirements/advisories.json").read_text("utf-8"))


def held(path: Path) -> Dict[str, str]:
    """The versions that a file pins."""
    return dict(re.findall(r"^([\w-]+)==([\w.]+)", path.read_text("utf-8"), re.MULTILINE))


def holes(path: Path) -> Set[str]:
    """The advisories that concern what a file pins."""
    pins = held(path)
    return {
        one["id"]
        for one in ADVISORIES
        if one["package"] in pins and SpecifierSet(one["affected"]).contains(pins[one["package"]])
    }


@pytest.mark.parametrize("advisory", ADVISORIES, ids=lambda advisory: advisory["id"])
def test_each_known_hole_of_a_pin_is_accepted_for_a_reason(advisory: Dict[str, str]) -> None:
    files = [*LOCKS, LOCKS[0].parent / "pip.txt"]
    assert any(advisory["id"] in holes(path) for path in files), "no pin has it: take it out"
    assert set(advisory) == {"id", "package", "affected", "what", "accepted"}
    assert advisory["accepted"].endswith(".")
    for name in re.findall(r"(?:utils|tests|docs|etc)/[\w/.-]*\w", advisory["accepted"]):
        assert (ROOT / name).exists(), name


def test_the_doctor_advises_against_the_pythons_whose_libraries_have_holes() -> None:
    old = [path.stem for path in LOCKS if holes(path)]
    number = {path.stem: tuple(map(int, path.stem.split("."))) for path in LOCKS}
    assert old == [name for name in number if number[name] < installation.MENDED_PYTHON]
