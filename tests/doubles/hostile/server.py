"""The server: one connection after the other in threads of their own, no rule of HTTP kept."""

import contextlib
import socket
import threading
from typing import BinaryIO, Callable, Dict, Iterator, List, NamedTuple, Optional

CHUNK_BYTES = 65536


class Heard(NamedTuple):
    """A request as it came."""

    method: str
    path: str
    headers: Dict[str, str]
    body: bytes


Wire = Iterator[bytes]
Answer = Callable[[Heard], Wire]
"""What is sent for a request, piece by piece; it may never end."""


def head(status: int = 200, *lines: str) -> bytes:
    """The head of an answer."""
    first = f"HTTP/1.1 {status} Whatever"
    return "\r\n".join([first, *lines, "", ""]).encode("utf-8", "surrogateescape")


def whole(body: bytes, status: int = 200, *lines: str) -> bytes:
    """An answer that keeps the rules."""
    return head(status, f"Content-Length: {len(body)}", *lines) + body


class Hostile:
    """Listens on 127.0.0.1 while it is entered; `heard` are the requests, `sent_bytes` the wire.

    `answer` may be set anew at any time.
    """

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.heard: List[Heard] = []
        self.sent_bytes = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._accept, daemon=True)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> "Hostile":
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Lets all connections go."""
        self._stopped.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(60)
            stream = connection.makefile("rb")
            while not self._stopped.is_set():
                request = _read(stream)
                if request is None:
                    return
                self.heard.append(request)
                for piece in self.answer(request):
                    if self._stopped.is_set():
                        return
                    connection.sendall(piece)
                    self.sent_bytes += len(piece)


def _read(stream: BinaryIO) -> Optional[Heard]:
    """The next request of a connection."""
    words = stream.readline(65536).decode("latin-1").split()
    if len(words) < 2:
        return None
    headers: Dict[str, str] = {}
    while True:
        line = stream.readline(65536).decode("latin-1").strip()
        if not line:
            break
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", "0")))
    return Heard(words[0], words[1], headers, body)
