"""Starts the module as BILLmanager does (docs/en/protocol.md, "Calls") and records the run."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple, Union

from lxml import etree

PEAK_EVERY_S = 0.02

Value = Union[None, int, str]
# A document on stdin; None is a closed stdin, DEVNULL an empty one.
Stdin = Union[None, str, bytes]
DEVNULL = "devnull"

# What BILLmanager gives its modules; nothing of the tests' own environment comes along …
BARE_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C"}
# … but that by which coverage is measured in the programs that the tests start.
COVERAGE_PREFIXES = ("COVERAGE_", "COV_CORE_")

_PARSER = etree.XMLParser(resolve_entities=False, no_network=True)


@dataclass
class Run:
    """One start of the module: how it was started and, once it ended, what came of it.

    `exit_code` is None while it runs, negative if a signal ended it; `seconds` is wall time.
    """

    argv: Tuple[str, ...]
    stdin: Stdin
    exit_code: Optional[int] = None
    stdout: bytes = b""
    stderr: bytes = b""
    seconds: float = 0.0

    @property
    def xml(self) -> "etree._Element":
        """The document on stdout; raises AssertionError if that is not exactly one."""
        try:
            return etree.fromstring(self.stdout, _PARSER)
        except etree.XMLSyntaxError as error:
            raise AssertionError(f"stdout is no XML document: {error}\n{self}") from error

    @property
    def error(self) -> Optional["etree._Element"]:
        """The element `error` of the document, if there is one (docs/en/protocol.md, "Errors")."""
        return self.xml.find("error")

    @property
    def error_type(self) -> Optional[str]:
        """The type of the error, None on success."""
        return self._error_attribute("type")

    @property
    def error_object(self) -> Optional[str]:
        """The object of the error, None on success."""
        return self._error_attribute("object")

    @property
    def error_value(self) -> Optional[str]:
        """The parameter `value` of the error, None on success."""
        error = self.error
        return None if error is None else error.findtext("param[@name='value']")

    def _error_attribute(self, name: str) -> Optional[str]:
        error = self.error
        return None if error is None else error.get(name)

    def check(self) -> "Run":
        """Give the run back if it succeeded; raises AssertionError with all it said if not."""
        if self.exit_code != 0 or self.error is not None:
            raise AssertionError(str(self))
        return self

    def __str__(self) -> str:
        out, err = (text.decode("utf-8", "replace") for text in (self.stdout, self.stderr))
        return f"{' '.join(self.argv)}\nexit code {self.exit_code}\nstdout: {out}\nstderr: {err}"


class ModuleProcess(subprocess.Popen):
    """A started module; leads a process group of its own, so that its mgrctl can be met too."""

    def __init__(self, run: Run, root: Path, environment: Dict[str, str]) -> None:
        """Start `run.argv` in `root`. `run.stdin` is fed by `finish()`."""
        self.run = run
        self._started = time.monotonic()
        command: List[str] = list(run.argv)
        stdin: Optional[int] = subprocess.PIPE
        if run.stdin is None:
            # Only a shell can start a program with nothing at all on descriptor 0.
            command = ["/bin/sh", "-c", 'exec "$@" <&-', "sh", *command]
            stdin = subprocess.DEVNULL
        elif run.stdin == DEVNULL:
            stdin = subprocess.DEVNULL
        super().__init__(
            command,
            cwd=root,
            env=environment,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def kill_group(self) -> None:
        """SIGKILL to the module and to whatever it started."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            return  # all of them have ended

    def discard(self) -> None:
        """Kill what is left of the group and close the pipes; for a process nobody waited for."""
        if self.returncode is None:
            self.kill_group()
            self.finish()

    def finish(self, timeout_s: float = 120) -> Run:
        """Feed stdin, wait for the end and give the completed Run.

        Raises AssertionError, after killing the process group, if it takes over `timeout_s`.
        """
        text = None
        if self.stdin is not None and self.run.stdin is not None:
            text = self.run.stdin
            text = text.encode("utf-8") if isinstance(text, str) else text
        try:
            self.run.stdout, self.run.stderr = self.communicate(text, timeout_s)
        except subprocess.TimeoutExpired as error:
            self.kill_group()
            self.run.stdout, self.run.stderr = self.communicate()
            raise AssertionError(f"not finished after {timeout_s} s\n{self.run}") from error
        finally:
            self.run.exit_code = self.returncode
            self.run.seconds = time.monotonic() - self._started
        return self.run


def arguments(form: str, options: Dict[str, Value], extra: Sequence[str]) -> List[str]:
    """The module's arguments: options that are None are left out, `extra` comes last.

    `form` is "separate" (--item 15, as BILLmanager does) or "equals" (--item=15).
    """
    if form not in ("separate", "equals"):
        raise ValueError(form)
    words: List[str] = []
    for name, value in options.items():
        if value is None:
            continue
        words += [f"--{name}", str(value)] if form == "separate" else [f"--{name}={value}"]
    return [*words, *extra]


def environment(more: Optional[Dict[str, str]]) -> Dict[str, str]:
    """The bare environment of a module, what coverage needs, and `more`."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(COVERAGE_PREFIXES)}
    return {**BARE_ENVIRONMENT, **kept, **(more or {})}


class Peak:
    """The most memory that a running program takes, watched from outside until it ends.

    What the system itself keeps for its parent (ru_maxrss) begins with the parent's own memory.
    `of` is the line of the system's that is watched: VmPeak is the address space.
    """

    def __init__(self, pid: int, of: str = "VmHWM") -> None:
        """Start to watch."""
        self._kib = 0
        self._line = f"{of}:"
        self._status = Path(f"/proc/{pid}/status")
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        with contextlib.suppress(OSError, StopIteration):
            while True:
                lines = self._status.read_text("ascii", "replace").splitlines()
                line = next(line for line in lines if line.startswith(self._line))
                self._kib = int(line.split()[1])
                time.sleep(PEAK_EVERY_S)

    def kib(self) -> int:
        """The peak in KiB, once the program has ended."""
        self._thread.join()
        return self._kib
