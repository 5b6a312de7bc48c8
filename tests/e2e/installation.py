"""A server with BILLmanager's root, on which the module is installed by its own installer."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Sequence

from tests import PATIENCE_S, ROOT
from utils.base import xml

PYTHON = os.path.realpath(sys.executable)
OFFLINE = ["unshare", "-rn"] if os.geteuid() else ["unshare", "-n"]
"""What takes the network away from a command."""


def have_wheels() -> None:
    """Sees that the wheels lie in the clone."""
    subprocess.run(["make", "wheels"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


class Host:
    """A server: BILLmanager's root, folders of logrotate and cron, the sources to install from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "server"
        self.root = self.folder / "mgr5"
        self.rotation = self.folder / "logrotate.d" / "pmnextcloud"
        self.nightly = self.folder / "cron.d" / "pmnextcloud"
        self.handler = self.root / "processing" / "pmnextcloud"
        self.module = self.root / "src" / "pmnextcloud"
        self.conf = self.root / "etc" / "pmnextcloud.conf"
        self.before = self.root / "var" / "pmnextcloud-before"
        self.lock = self.root / "var" / ".pmnextcloud-install.lock"
        for path in (self.root / "src", self.rotation.parent, self.nightly.parent):
            path.mkdir(parents=True)

    def environment(self, **more: str) -> Dict[str, str]:
        """What make is started with."""
        return {
            **os.environ,
            "BASE": str(self.root),
            "LOGROTATE": str(self.rotation.parent),
            "CRONTABS": str(self.nightly.parent),
            "PYTHON": PYTHON,
            **more,
        }

    def start(
        self, target: str, source: Path = ROOT, within: Optional[List[str]] = None, **more: str
    ) -> "subprocess.Popen[str]":
        """Starts a target of make, in a process group of its own."""
        return subprocess.Popen(
            [*(within or []), "make", target],
            cwd=source,
            env=self.environment(**more),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def make(
        self, target: str, source: Path = ROOT, within: Optional[List[str]] = None, **more: str
    ) -> str:
        """Runs a target of make that has to succeed, and returns what it said."""
        process = self.start(target, source, within, **more)
        said = process.communicate(timeout=PATIENCE_S)[0]
        assert process.returncode == 0, said
        return said

    def fail(self, target: str, source: Path = ROOT, **more: str) -> str:
        """Runs a target of make that has to fail, and returns what it said."""
        process = self.start(target, source, **more)
        said = process.communicate(timeout=PATIENCE_S)[0]
        assert process.returncode != 0, said
        return said

    def answer(self) -> bytes:
        """What the installed module says it can do, or the error."""
        done = subprocess.run(
            [self.handler, "--command", "features"],
            cwd="/",
            env={"PATH": "/usr/bin:/bin"},
            capture_output=True,
            check=False,
        )
        assert done.returncode == (1 if b"<error" in done.stdout else 0)
        return done.stdout

    def answers(self) -> bool:
        """Whether the installed module says what it can do."""
        return xml.parse(self.answer()).find("features/feature[@name='open']") is not None

    def version(self) -> str:
        """The folder of the version that BILLmanager starts."""
        found = re.search(r"^home='(.*)'$", self.handler.read_text(), re.MULTILINE)
        assert found
        return Path(found[1]).name

    def versions(self) -> List[str]:
        """The folders of all versions that are there."""
        return sorted(path.name for path in (self.module / "versions").iterdir())

    def files(self) -> List[str]:
        """All that is there but folders, without the versions and the empty file of the lock."""
        return sorted(
            str(path.relative_to(self.folder))
            for path in self.folder.rglob("*")
            if not path.is_dir()
            and path != self.lock
            and self.module / "versions" not in path.parents
        )


@contextmanager
def ground() -> Iterator[Path]:
    """A folder that everybody can enter and whose name has no blanks, as BILLmanager's root is.

    Wherever the clone is, and whatever TMPDIR names.
    """
    folder = Path(tempfile.mkdtemp(prefix="pmnc-ground-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


SHIM = """#!/bin/sh
echo >>'{count}'
[ "$(/usr/bin/wc -l <'{count}')" != "$KILL_AT" ] || kill -9 0
exec '{real}' "$@"
"""
COMMANDS = re.findall(
    r"\w+",
    "basename cat chmod cmp cp date find flock grep id ln mkdir mktemp mv readlink rm rmdir sed seq"
    " sha256sum sort timeout tr uname",
)


class Killer:
    """Stands before the commands of the scripts, or some of them, and kills all at the nth."""

    def __init__(self, folder: Path, commands: Sequence[str] = COMMANDS) -> None:
        self._folder = folder / "shims"
        self._count = folder / "count"
        self._folder.mkdir()
        for command in commands:
            real = shutil.which(command)
            assert real
            shim = self._folder / command
            shim.write_text(SHIM.format(count=self._count, real=real))
            shim.chmod(0o755)

    def count(self, host: Host, target: str, source: Path) -> int:
        """Runs a target to its end; how many commands that took."""
        assert not self.strike(host, target, source, 0)
        return len(self._count.read_text())

    def strike(self, host: Host, target: str, source: Path, nth: int) -> bool:
        """Runs a target and kills it at the nth command; whether it came to that."""
        self._count.write_text("")
        path = f"{self._folder}{os.pathsep}{os.environ['PATH']}"
        process = host.start(target, source, KILL_AT=str(nth), PATH=path)
        said = process.communicate(timeout=PATIENCE_S)[0]
        assert process.returncode in (0, -signal.SIGKILL), said
        return process.returncode != 0
