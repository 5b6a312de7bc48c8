"""Debian's Prometheus, its node_exporter and the agent of Zabbix, each started for the tests.

tests/tools/watchers unpacks them beside the libraries of the tests; where they are installed those
are used. Each runs in a folder of its own on a free port, and ends with its `with`.
"""

import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Callable, Dict, List, Optional, Sequence, Type, TypeVar

from tests import ROOT

UNPACKED = Path(sys.prefix) / "watchers"
MONITORING = ROOT / "etc/monitoring"

IS_DEBIAN = shutil.which("apt-get") is not None and shutil.which("dpkg-deb") is not None
"""Elsewhere nobody brings these programs; where it is Debian a test without them fails."""

WAIT_S = 20.0
"""How long something is waited for that comes in a second on an idle machine."""

_Value = TypeVar("_Value")


def find(name: str) -> str:
    """The path of a program. Raises LookupError where it is not there."""
    for folder in (UNPACKED / "usr/bin", UNPACKED / "usr/sbin"):
        if (folder / name).exists():
            return str(folder / name)
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin")
    if path is None:
        raise LookupError(f"{name} is missing: run make, or tests/tools/watchers {UNPACKED}")
    return path


def promtool(*words: str, stdin: str = "") -> str:
    """What promtool says. Raises AssertionError with it where it complains."""
    done = subprocess.run(
        [find("promtool"), *words],
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def until(look: Callable[[], Optional[_Value]], what: str) -> _Value:
    """What `look` sees once it sees something. Raises AssertionError after WAIT_S."""
    deadline = time.monotonic() + WAIT_S
    while True:
        seen = look()
        if seen:
            return seen
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


class Program:
    """A program in the background."""

    def __init__(self, words: Sequence[str], folder: Path, **environment: str) -> None:
        libraries = ":".join(map(str, UNPACKED.glob("usr/lib/*-linux-*")))
        self._log = folder / "log"
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen(
                words,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "LD_LIBRARY_PATH": libraries, **environment},
            )

    def check(self) -> None:
        """Raises AssertionError with its last words where it has ended."""
        assert self._process.poll() is None, self._log.read_text("utf-8", "replace")[-2000:]

    def __enter__(self) -> "Program":
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


HIGHEST_PORT = 32_767
"""The agent of Zabbix takes no higher one."""


def free_port() -> int:
    """A port on which nobody listens."""
    for port in random.sample(range(10_000, HIGHEST_PORT), 100):
        with socket.socket() as one, suppress(OSError):
            one.bind(("127.0.0.1", port))
            return port
    raise LookupError("no port is free")


def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    with socket.socket() as one:
        one.settimeout(1)
        return one.connect_ex(("127.0.0.1", port)) == 0


class NodeExporter(Program):
    """Shows the files *.prom of a folder, and nothing else."""

    def __init__(self, folder: Path, shown: Path) -> None:
        self.port = free_port()
        super().__init__(
            [
                find("prometheus-node-exporter"),
                f"--web.listen-address=127.0.0.1:{self.port}",
                "--collector.disable-defaults",
                "--collector.textfile",
                f"--collector.textfile.directory={shown}",
            ],
            folder,
        )
        until(lambda: self.check() or listens(self.port), "node_exporter does not listen")


def hasten(rules: str) -> str:
    """The alert rules with no time that an alert has to last."""
    return re.sub(r"^(\s+for:).*$", r"\1 0s", rules, flags=re.MULTILINE)


class Prometheus(Program):
    """Scrapes a target each second, and looks as often at the shipped alert rules."""

    def __init__(self, folder: Path, target_port: int) -> None:
        self.port = free_port()
        settings = (MONITORING / "prometheus.yml").read_text("utf-8")
        settings = settings.replace("billmanager.example.com:9100", f"127.0.0.1:{target_port}")
        hasty = "global:\n  scrape_interval: 1s\n  evaluation_interval: 1s\n"
        (folder / "prometheus.yml").write_text(hasty + settings, "utf-8")
        rules = (MONITORING / "alerts.yml").read_text("utf-8")
        (folder / "alerts.yml").write_text(hasten(rules), "utf-8")
        super().__init__(
            [
                find("prometheus"),
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{self.port}",
                "--web.console.templates=",
                "--web.console.libraries=",
            ],
            folder,
        )
        until(lambda: self.check() or self._is_ready(), "Prometheus is not ready")

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=2):
                return True
        except OSError:
            return False

    def ask(self, path: str, **fields: str) -> Any:
        """What its interface answers. Raises AssertionError with its words where it refuses."""
        words = urllib.parse.urlencode(fields)
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{words}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{fields}: {error.read().decode()}") from error

    def query(self, expression: str) -> List[Dict[str, Any]]:
        """The series that an expression has now."""
        found: List[Dict[str, Any]] = self.ask("query", query=expression)["result"]
        return found

    def firing(self) -> Dict[str, Dict[str, str]]:
        """The alerts that fire now, each with its annotations and labels."""
        return {
            one["labels"]["alertname"]: {**one["annotations"], **one["labels"]}
            for one in self.ask("alerts")["alerts"]
            if one["state"] == "firing"
        }


class ZabbixAgent(Program):
    """The agent with one file of settings beside its own; it is asked as a server asks it."""

    def __init__(self, folder: Path, line: str, **environment: str) -> None:
        self.port = free_port()
        settings = [
            "Server=127.0.0.1",
            "ListenIP=127.0.0.1",
            f"ListenPort={self.port}",
            f"PidFile={folder / 'agent.pid'}",
            "LogType=console",
            "StartAgents=1",
            "AllowRoot=1",
            f"Include={folder / 'added.conf'}",
        ]
        (folder / "agent.conf").write_text("\n".join([*settings, ""]), "utf-8")
        (folder / "added.conf").write_text(line, "utf-8")
        super().__init__(
            [find("zabbix_agentd"), "-f", "-c", str(folder / "agent.conf")], folder, **environment
        )
        until(lambda: self.check() or listens(self.port), "the agent does not listen")

    def ask(self, key: str) -> str:
        """The value of a key by the protocol of passive checks: a header, a length, the text."""
        with socket.create_connection(("127.0.0.1", self.port), 40) as one:
            data = key.encode()
            one.sendall(b"ZBXD\x01" + len(data).to_bytes(8, "little") + data)
            answer = b""
            while True:
                part = one.recv(65_536)
                if not part:
                    break
                answer += part
        assert answer.startswith(b"ZBXD\x01"), answer
        return answer[13:].decode()
