"""Serves the core of a stand to its mgrctl programs over a unix socket, a thread per call."""

import socket
import threading
import time
import traceback
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Optional

from .answers import FORMATS, Refused, render
from .calls import Call, CoreFault, DropCall, parse
from .core import Core

Hook = Optional[Callable[[Call], None]]
JOIN_TIMEOUT_S = 10
POLL_S = 0.1


class Reply(NamedTuple):
    """What mgrctl prints and with which code it exits."""

    exit_code: int
    out: bytes = b""
    err: bytes = b""


class CoreServer:
    """Listens from the constructor on until `close()`.

    Public, to be changed by tests at any time: `down`, `faults`, `before_call`, `after_call`.
    `calls` has every call in the order of arrival, `failures` what went wrong in the double
    itself (a hook that raised, a bug), as text.
    """

    def __init__(self, path: Path, core: Core, check: Callable[[Call], None]) -> None:
        """`check` is called with each call before anything else happens."""
        self.core = core
        self.calls: List[Call] = []
        self.failures: List[str] = []
        self.faults: List[CoreFault] = []
        self.before_call: Hook = None
        self.after_call: Hook = None
        self.down = False
        self._check = check
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._threads: List[threading.Thread] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(128)
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def close(self) -> None:
        """Stop listening, let go of callers that hang, wait for those that are being served."""
        self._closing.set()
        # A thread that sits in accept() notices only a shutdown, not a close.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join(JOIN_TIMEOUT_S)
        for thread in self._threads:
            thread.join(JOIN_TIMEOUT_S)

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        started = time.monotonic()
        with connection:
            try:
                block = _receive(connection)
                reply = self._handle(block, connection, started)
                if reply is not None:
                    head = b"%d %d\n" % (reply.exit_code, len(reply.out))
                    connection.sendall(head + reply.out + reply.err)
            except OSError:
                return  # the caller was killed or gave up

    def _handle(
        self,
        block: bytes,
        connection: socket.socket,
        started: float,
    ) -> Optional[Reply]:
        """Record one call and give its reply, or None where the caller gets none."""
        fields = [part.decode("utf-8", "surrogateescape") for part in block.split(b"\0")]
        count = int(fields[1])
        argv, variables = fields[2 : 2 + count], fields[2 + count :]
        environment: Dict[str, str] = dict(zip(variables[::2], variables[1::2]))
        broken = None
        try:
            call = parse(argv, environment)
        except ValueError as error:
            call, broken = Call(tuple(argv)), str(error)
        call.ssh_connection = fields[0]
        with self._lock:
            self.calls.append(call)
        self._check(call)
        reply: Optional[Reply]
        try:
            answer = self._describe if call.describes else self._answer
            reply = _failed(broken) if broken else answer(call, connection)
        except DropCall:
            reply = None
        except Exception:  # noqa: BLE001  whatever it is, the test has to see it
            self.failures.append(traceback.format_exc())
            reply = _failed("the stand failed")
        if reply is not None:
            call.exit_code = reply.exit_code
            call.answered = reply.out.decode("utf-8", "replace")
        call.seconds = time.monotonic() - started
        return reply

    @staticmethod
    def wording(function: str, told: Optional[str]) -> Reply:
        """How mgrctl -i says it, `told` being None of a function that there is not."""
        return _failed(f"no such function: {function}") if told is None else Reply(0, told.encode())

    def _describe(self, call: Call, _connection: socket.socket) -> Reply:
        if self.down:
            return _failed("cannot connect to the core")
        try:
            told = self.core.describe(call.function)
        except Refused:
            told = None
        return self.wording(call.function, told)

    def _answer(self, call: Call, connection: socket.socket) -> Reply:
        if self.before_call:
            self.before_call(call)
        with self._lock:
            kinds = [fault.kind for fault in self.faults if fault.strikes(call.function)]
        kind = kinds[0] if kinds else ""
        if self.down or kind == "exit1":
            return _failed("cannot connect to the core")
        if call.form not in FORMATS:
            return _failed(f"unknown format {call.form}")
        if kind == "hang":
            self._hang(connection)
        if kind == "garbage":
            return Reply(0, b"<html><body>Bad Gateway\xff")
        try:
            if kind == "error":
                raise Refused("internal", "fault", call.function)
            answer = self.core.answer(call.function, call.values)
        except Refused as refused:
            call.error_type = refused.kind
            answer = refused.document()
        if self.after_call:
            self.after_call(call)
        if kind == "cut_after_effect":
            raise DropCall
        return Reply(0, render(answer, call.form))

    def _hang(self, connection: socket.socket) -> None:
        """Return by DropCall once the caller is gone or the stand closes."""
        connection.settimeout(POLL_S)
        while not self._closing.is_set():
            try:
                if not connection.recv(1):
                    break
            except socket.timeout:
                continue
        raise DropCall


def _failed(text: str) -> Reply:
    return Reply(1, b"", f"ERROR: {text}\n".encode("utf-8", "surrogateescape"))


def _receive(connection: socket.socket) -> bytes:
    """One length-prefixed block; raises OSError if the caller goes away before its end."""
    data = b""
    while b"\n" not in data:
        data += _some(connection)
    head, _, body = data.partition(b"\n")
    chunks, missing = [body], int(head) - len(body)
    while missing > 0:
        chunks.append(_some(connection))
        missing -= len(chunks[-1])
    return b"".join(chunks)


def _some(connection: socket.socket) -> bytes:
    chunk = connection.recv(65536)
    if not chunk:
        raise ConnectionAbortedError
    return chunk
