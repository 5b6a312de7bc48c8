"""Stands between the module and the database and tells of each statement that writes."""

import socket
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Callable, List, Optional, Type

_QUERY = 3
"""The protocol's command byte of a statement as text."""

_WRITES = (b"INSERT", b"UPDATE", b"DELETE", b"REPLACE", b"COMMIT")
_HEADER_BYTES = 4

Hook = Optional[Callable[[str], None]]


class DbProxy:
    """A unix socket, `socket`, that leads to the server's.

    `before` is called with the first word of a writing statement before it is handed on, `after`
    before its answer is. Statements of a module are short or come in one piece; a larger one is
    handed on as it comes and told of by its beginning.
    """

    def __init__(self, server_socket: str) -> None:
        self._server_socket = server_socket
        self._folder = tempfile.TemporaryDirectory(prefix="pmnc-db-")
        self.socket = str(Path(self._folder.name) / "db.sock")
        self.before: Hook = None
        self.after: Hook = None
        self._listener = socket.socket(socket.AF_UNIX)

    def __enter__(self) -> "DbProxy":
        self._listener.bind(self.socket)
        self._listener.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._folder.cleanup()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        """Hands everything on in both directions, an answer after its statement."""
        with client, socket.socket(socket.AF_UNIX) as server:
            server.connect(self._server_socket)
            asked: List[str] = []
            answers = threading.Thread(target=self._answer, args=(server, client, asked))
            answers.start()
            try:
                while self._ask(client, server, asked):
                    pass
            finally:
                server.shutdown(socket.SHUT_RDWR)  # a close alone would not wake the other thread
                answers.join()

    def _ask(self, client: socket.socket, server: socket.socket, asked: List[str]) -> bool:
        """Hands the next packet on; False where there is no further one."""
        data = _receive(client)
        word = _written(data)
        if word is not None:
            if self.before is not None:
                self.before(word)
            asked.append(word)
        server.sendall(data)
        return bool(data)

    def _answer(self, server: socket.socket, client: socket.socket, asked: List[str]) -> None:
        while True:
            data = _receive(server)
            if asked and data and self.after is not None:
                self.after(asked.pop())
            try:
                client.sendall(data)
            except OSError:
                return
            if not data:
                return


def _receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(1 << 20)
    except OSError:
        return b""


def _written(data: bytes) -> Optional[str]:
    """The first word of the statement in a packet, if it writes."""
    if len(data) <= _HEADER_BYTES or data[_HEADER_BYTES] != _QUERY:
        return None
    statement = data[_HEADER_BYTES + 1 :].lstrip()[:10].upper()
    for word in _WRITES:
        if statement.startswith(word):
            return word.decode("ascii")
    return None
