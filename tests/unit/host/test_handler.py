"""What BILLmanager starts, before there is a Python: it answers where none can run."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT
from utils.base import errors
from utils.billing import reply

NEEDED_KIB = 128 * 1024
TOO_LITTLE_KIB = (4_096, 8_192, 12_288, 16_384, 24_576, 32_768, 65_536, 98_304, NEEDED_KIB - 1)


@pytest.fixture
def handler(tmp_path: Path) -> Path:
    """The handler as it is installed, with the interpreter of the tests."""
    home, base = tmp_path / "home", tmp_path / "mgr5"
    for folder in (home / "env/bin", base / "var", base / "processing"):
        folder.mkdir(parents=True)
    python = home / "env/bin/python"
    python.write_text(f"#!/bin/sh\nexec '{sys.executable}' \"$@\"\n")
    python.chmod(0o755)
    (home / "pmnextcloud.py").symlink_to(ROOT / "pmnextcloud.py")
    text = (ROOT / "etc/pmnextcloud.sh").read_text("utf-8")
    made = base / "processing/pmnextcloud"
    made.write_text(text.replace("@HOME@", str(home)).replace("@BASE@", str(base)))
    made.chmod(0o755)
    return made


def say(
    handler: Path, limit_kib: object, kinds: str = "-S -H"
) -> "subprocess.CompletedProcess[bytes]":
    """A start that has so much address space, by the limits that can be lifted and that cannot."""
    limits = "".join(f"ulimit {kind} -v {limit_kib}\n" for kind in kinds.split())
    script = f'{limits}exec "$0" --command features'
    return subprocess.run(["sh", "-c", script, handler], capture_output=True, check=False)


@pytest.mark.parametrize("limit_kib", TOO_LITTLE_KIB)
def test_too_little_memory_for_python_is_one_document_that_names_the_limit(
    handler: Path, limit_kib: int
) -> None:
    done = say(handler, limit_kib)
    words = f"ulimit -v {limit_kib}, {NEEDED_KIB} KiB"
    assert (done.stdout, done.returncode) == (reply.error(errors.OutOfMemory(words)).document, 1)
    log = (handler.parents[1] / "var/pmnextcloud.log").read_text("utf-8")
    assert log.endswith(f"failed: out_of_memory: {words}\n")


@pytest.mark.parametrize("limit_kib", [8_192, 16_384, NEEDED_KIB - 1])
def test_a_limit_that_can_be_lifted_is_lifted(handler: Path, limit_kib: int) -> None:
    done = say(handler, limit_kib, kinds="-S")
    assert done.returncode == 0, done
    assert b"<features>" in done.stdout


@pytest.mark.parametrize("limit_kib", [NEEDED_KIB, 500_000, "unlimited"])
def test_enough_memory_is_left_to_python(handler: Path, limit_kib: object) -> None:
    done = say(handler, limit_kib)
    assert done.returncode == 0, done
    assert b"<features>" in done.stdout
    assert not (handler.parents[1] / "var/pmnextcloud.log").exists()


def test_a_python_that_is_gone_is_one_document_with_the_remedy(handler: Path) -> None:
    (handler.parents[2] / "home/env/bin/python").unlink()
    done = say(handler, "unlimited")
    remedy = f"make -C {handler.parents[1]}/src/pmnextcloud install-only"
    assert (done.stdout, done.returncode) == (reply.error(errors.PythonMissing(remedy)).document, 1)
