"""Starts the module without the time that its libraries take to load.

Two thirds of what a run costs the processor is the loading of Python and of other people's
libraries (measured). Tests that start the module thousands of times have them loaded once, by a
process from which every run is forked. The module's own files are loaded anew in each run, and
each is a process of its own: with its arguments, environment, folder, streams, session and end.
What the start itself is about is tried without this.
"""

import array
import atexit
import contextlib
import ctypes
import json
import os
import runpy
import socket
import subprocess
import sys
import threading
from importlib import import_module
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from tests import ROOT
from tests.doubles.billmanager.runs import BARE_ENVIRONMENT, ModuleProcess, Run

LIBRARIES = (
    *("argparse", "logging.handlers", "json", "subprocess", "urllib.parse", "uuid", "fcntl"),
    *("requests", "lxml.etree", "pymysql", "pymysql.cursors"),
    *("cryptography.hazmat.primitives.serialization", "cryptography.hazmat.primitives.hashes"),
    "cryptography.hazmat.primitives.asymmetric.padding",
)
PR_SET_CHILD_SUBREAPER = 36
_STDIN, _STDOUT, _STDERR = 9, 12, 14
"""Where subprocess.Popen tells its own starting method the child's ends of the streams."""

MOST_BYTES = 150_000
"""The longest order to start a program; the kernel's limit of one message is above it."""


class Order(NamedTuple):
    """A program to be started: its file, arguments, environment and folder."""

    program: str
    words: List[str]
    environment: Dict[str, str]
    folder: str
    has_stdin: bool


# -- the process that has the libraries -------------------------------------------------------


def serve(door: socket.socket) -> None:
    """Starts what is ordered until nobody is there any more."""
    for name in LIBRARIES:
        import_module(name)
    while True:
        block, streams = _receive(door)
        if not block:
            return
        door.send(b"%d" % _fork(Order(*json.loads(block)), streams, door))
        for stream in streams:
            os.close(stream)


def _receive(door: socket.socket) -> Tuple[bytes, List[int]]:
    room = socket.CMSG_LEN(3 * array.array("i").itemsize)
    block, extra, _, _ = door.recvmsg(MOST_BYTES, room)
    numbers = array.array("i")
    for _, _, data in extra:
        numbers.frombytes(data)
    return block, list(numbers)


def _fork(order: Order, streams: List[int], door: socket.socket) -> int:
    """Starts the program as an orphan, which the system gives to the test; its number."""
    reading, writing = os.pipe()
    between = os.fork()
    if between == 0:
        if os.fork() == 0:
            os.setsid()
            # Whoever learns the number may at once kill the group, which has to be there by then.
            os.write(writing, b"%d" % os.getpid())
            os.close(reading)
            os.close(writing)
            door.close()
            _become(order, streams)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        pid = int(pipe.read())
    os.waitpid(between, 0)
    return pid


def _become(order: Order, streams: List[int]) -> None:
    os.chdir(order.folder)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    if not order.has_stdin:
        os.close(0)
        sys.stdin = None
    os.environ.clear()
    os.environ.update(order.environment)
    sys.argv = [order.program, *order.words]
    sys.path[0] = os.path.dirname(order.program)
    runpy.run_path(order.program, run_name="__main__")
    sys.exit()  # what is raised ends the process too, as it does in any program


# -- the test's side --------------------------------------------------------------------------


class _Source:
    """The process from which this test process has its runs forked; started when first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._door: Optional[socket.socket] = None
        self._process: Optional[subprocess.Popen] = None

    def start(self, order: Order, streams: Sequence[int]) -> int:
        """Starts a program on these streams; its process number."""
        block = json.dumps(order).encode("utf-8")
        assert len(block) <= MOST_BYTES
        with self._lock:
            if self._door is None:
                self._open()
            assert self._door is not None
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", streams))
            self._door.sendmsg([block], [rights])
            return int(self._door.recv(64))

    def _open(self) -> None:
        # An orphan becomes a child of the nearest process that says so.
        assert ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
        self._door, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                cwd=ROOT,
                env=BARE_ENVIRONMENT,
            )
        atexit.register(self._close)

    def _close(self) -> None:
        assert self._door is not None
        assert self._process is not None
        self._door.close()
        self._process.wait()


_source = _Source()


class PreloadedProcess(ModuleProcess):
    """A started module that found its libraries loaded; `program` is the file that it is."""

    def __init__(self, run: Run, root: Path, environment: Dict[str, str], program: Path) -> None:
        """Start it as ModuleProcess does."""
        told = {**environment, "PMNEXTCLOUD_STARTED_AS": run.argv[0]}
        has_stdin = run.stdin is not None
        self._order = Order(str(program), list(run.argv[1:]), told, str(root), has_stdin)
        super().__init__(run, root, environment)

    def _execute_child(self, _args: object, *others: Any) -> None:
        """Takes the place of the start in subprocess.Popen; all else is as there."""
        its_ends = others[_STDIN], others[_STDOUT], others[_STDERR]
        self.pid = _source.start(self._order, its_ends)
        self._child_created = True
        for stream in its_ends:
            os.close(stream)
        self._closed_child_pipe_fds = True

    def finish(self, timeout_s: float = 120) -> Run:
        """As of ModuleProcess. What a killed group leaves is this process's to bury."""
        try:
            return super().finish(timeout_s)
        finally:
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-self.pid, os.WNOHANG)[0]:
                    pass


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
