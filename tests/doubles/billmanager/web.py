"""BILLmanager's web server as far as payment scripts meet it (docs/en/payments.md, "Scripts").

Scripts of the folder `cgi` are started as plain CGI: a process for each request, a bare
environment, the body on standard input. The panel itself is a page that says where one is.
"""

import html
import os
import re
import subprocess
import threading
import time
from http.client import HTTPMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Tuple

from .runs import Peak, environment

CGI_TIMEOUT_S = 60


class CgiAnswer(NamedTuple):
    """What a script has answered: what it wrote, taken apart."""

    status: int
    headers: Dict[str, str]
    body: str
    stderr: str
    seconds: float
    raw: bytes
    peak_kib: int = 0


def run_cgi(
    script: Path,
    method: str,
    query: str,
    body: bytes,
    headers: Mapping[str, str],
    address: str,
    measured: bool = False,
) -> CgiAnswer:
    """One request of a script; raises AssertionError where what it writes is no answer.

    With `measured` the answer has the most memory that the script took.
    """
    names = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    variables = {
        **environment(None),
        "REQUEST_METHOD": method,
        "QUERY_STRING": query,
        "REMOTE_ADDR": address,
        "HTTPS": "on",
        **names,
    }
    if method == "POST":
        variables["CONTENT_LENGTH"] = headers.get("Content-Length", str(len(body)))
        variables["CONTENT_TYPE"] = "application/x-www-form-urlencoded"
    started = time.monotonic()
    with subprocess.Popen(
        [script],
        cwd="/",
        env=variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        peak = Peak(process.pid) if measured else None
        out, err = process.communicate(body, CGI_TIMEOUT_S)
    seconds = time.monotonic() - started
    answer = read_answer(out, err.decode("utf-8", "replace"), seconds)
    return answer if peak is None else answer._replace(peak_kib=peak.kib())


def read_answer(raw: bytes, stderr: str = "", seconds: float = 0.0) -> CgiAnswer:
    """Takes apart what a script has written; raises AssertionError where that is no answer."""
    head, blank, text = raw.partition(b"\n\n")
    assert blank, f"no head: {raw!r} {stderr}"
    lines = [line.partition(": ") for line in head.decode("ascii").split("\n")]
    named = {name: value for name, _, value in lines}
    assert len(named) == len(lines), head
    assert "Content-Type" in named, head
    assert int(named.get("Content-Length", len(text))) == len(text), head
    status = int(named.get("Status", "200").split()[0])
    return CgiAnswer(status, named, text.decode("utf-8"), stderr, seconds, raw)


class PanelPage(NamedTuple):
    """A page of the panel itself; a header may stand in it twice."""

    status: int
    headers: Tuple[Tuple[str, str], ...]
    body: str


class Web:
    """Listens on loopback from the constructor on until `close()`; `requests` is what came."""

    def __init__(self, root: Path, port: int = 0) -> None:
        self.root = root
        self.requests: List[Tuple[str, str]] = []
        web = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                web.answer(self)

            def do_POST(self) -> None:
                web.answer(self)

            def log_message(self, *_: Any) -> None:
                """Nothing: the tests have `requests`."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Serves one request."""
        path, _, query = handler.path.partition("?")
        self.requests.append((handler.command, handler.path))
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        script = re.fullmatch(r"/mancgi/([a-z]+)", path)
        file = self.root / "cgi" / script[1] if script else None
        if file is not None and os.access(file, os.X_OK):
            answer = run_cgi(
                file,
                handler.command,
                query,
                body,
                _headers(handler.headers),
                handler.client_address[0],
            )
            self._send(handler, answer.status, answer.headers.items(), answer.body)
        else:
            page = self.draw(handler.command, path, query, body, handler.headers)
            self._send(handler, page.status, page.headers, page.body)

    def draw(
        self, method: str, path: str, query: str, body: bytes, headers: HTTPMessage
    ) -> PanelPage:
        """The panel itself, which here only says where one is."""
        if path == "/billmgr":
            return PanelPage(200, (("Content-Type", "text/html"),), _panel(query))
        return PanelPage(404, (("Content-Type", "text/plain"),), "not here\n")

    @staticmethod
    def _send(
        handler: BaseHTTPRequestHandler,
        status: int,
        headers: Iterable[Tuple[str, str]],
        body: str,
    ) -> None:
        data = body.encode()
        handler.send_response(status)
        for name, value in headers:
            if name not in ("Status", "Content-Length"):
                handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> "Web":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _headers(headers: HTTPMessage) -> Dict[str, str]:
    return {name: value for name, value in headers.items() if name != "Content-Type"}


def _panel(query: str) -> str:
    return f"<!DOCTYPE html><title>Panel</title><h1>Panel</h1><p>{html.escape(query)}</p>\n"
