"""The double on real sockets: ``Cloud`` is a server in a thread of the calling process."""

import contextlib
import itertools
import secrets
import socket
import ssl
import tempfile
import threading
import time
import warnings
from email.utils import formatdate
from pathlib import Path
from types import TracebackType
from typing import (
    Any,
    BinaryIO,
    Callable,
    Dict,
    Iterator,
    List,
    Optional,
    Set,
    Tuple,
    Type,
)

from . import nextcloud, owncloud
from .faults import LATE, Fault
from .login import Clock, Doorkeeper, RateLimit, claimed_login
from .message import Answer, Request, html
from .profile import NEXTCLOUD, NEXTCLOUD_29, OWNCLOUD, Profile
from .state import Seen, User, Users

Hook = Callable[[Seen], Optional[bool]]
REASONS = {
    200: "OK",
    301: "Moved Permanently",
    304: "Not Modified",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    412: "Precondition Failed",
    429: "Too Many Requests",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
}
PRODUCTS: Dict[str, Any] = {NEXTCLOUD: nextcloud, OWNCLOUD: owncloud}
TLS_KINDS = ("good", "lax", "self-signed", "expired", "wrong-host")
LINE_MAX_BYTES = 65_536
BODY_MAX_BYTES = 10_000_000


class Hangup(Exception):
    """The connection is to be closed without another byte."""


class Cloud:
    """A Nextcloud or ownCloud that is not there: which one, ``profile`` says.

    ``with Cloud() as cloud:`` starts it; ``cloud.url`` is its address. ``tls`` is None for plain
    http or one of TLS_KINDS; ``clock`` gives the seconds that brute-force protection
    and rate limit count. Users, groups, flags and faults may be changed at any time. ``before`` is
    called after a request was read and before anything comes of it; if it gives False, nothing does
    and the connection is closed, as if the client had died before it asked. ``after`` is called
    when the request was carried out (or left out by a fault), before the answer is sent. Both run
    in the thread of the connection: one that blocks holds up only that request.
    """

    def __init__(
        self,
        profile: Profile = NEXTCLOUD_29,
        *,
        sub_path: str = "",
        tls: Optional[str] = None,
        admin_login: str = "admin",
        admin_password: str = "Admin-Pw-for-tests-1",  # noqa: S107  made up
        port: int = 0,
        clock: Clock = time.time,
    ) -> None:
        """Set up the fresh state; nothing listens yet. Raises ValueError for an unknown kind of
        ``tls``.
        """
        if tls is not None and tls not in TLS_KINDS:
            raise ValueError(f"no such kind of certificate: {tls}")
        self.profile: Profile = profile
        self.product: Any = PRODUCTS[profile.product]
        self.sub_path = sub_path.rstrip("/")
        self.tls = tls
        self.admin_login = admin_login
        self.admin_password = admin_password
        self.clock = clock
        self.port = port
        self.ca_file: Optional[str] = None
        self.lock = threading.RLock()
        self.users = Users()
        self.groups: Dict[str, str] = {}
        self.requests: List[Seen] = []
        self.faults: List[Fault] = []
        self._stopping = threading.Event()
        self._listener: Optional[socket.socket] = None
        self._context: Optional[ssl.SSLContext] = None
        self._folder: Optional[tempfile.TemporaryDirectory[str]] = None
        self._connections: Set[socket.socket] = set()
        self._connection_ids = itertools.count(1)
        self.reset()

    def reset(self) -> None:
        """Go back to the fresh state: one admin in the group admin, no faults, no memory; the
        sockets stay.
        """
        with self.lock:
            self.door: Doorkeeper = self.product.DOOR(self.users, self.profile, self.clock)
            self.rate_limit = RateLimit(self.clock)
            self.users.clear()
            self.groups.clear()
            self.requests.clear()
            self.faults.clear()
            self.groups["admin"] = "admin"
            self.add_user(
                self.admin_login,
                self.admin_password,
                groups=["admin"],
                used_bytes=self.profile.skeleton_bytes or 164,
                logged_in=True,
                last_login=self.clock(),
            )
            self.before: Optional[Hook] = None
            self.after: Optional[Hook] = None
            self.delegated: Set[str] = set()
            self.maintenance = False
            self.mails_new_users = True
            # Whom a link was mailed to set a first password, and where to.
            self.links_mailed: List[Tuple[str, str]] = []
            self.untrusted_host = False
            self.default_quota = "none"
            self.unlimited_allowed = True
            self.max_quota_bytes: Optional[int] = None
            self.hides_shares = ""
            self.password_days = ""
            """After how many days a password ends; a setting of the app password_policy."""
            self.object_storage = False
            """Whether files lie in S3 and not on a disk."""
            self.tells_server_info = True
            """Whether the app serverinfo is there."""
            self.email_required = False
            self.generate_login: Optional[Callable[[], str]] = None
            self.password_policy_min = self.profile.password_policy_min
            self.allowed_symbols: Optional[str] = None
            """The only characters beside letters and digits that a password may have, and one of
            them it must have; None for any."""
            self.installed = True
            self.user_limit: Optional[int] = None
            self.hides_files_from: Set[str] = set()
            """App passwords that may not see files."""
            self.is_admin_range = True
            """Whether requests come from where administrators may come from."""
            self.drops_authorization = False
            self.secure_cookies = False
            """Whether the cloud takes its address for https whatever was asked."""
            self.cookie_path = "/"
            self.broken_rows: Set[str] = set()
            """Logins of which a user directory leaves nothing but the id in lists."""
            self.provisioning_api = True
            self.disk_free_bytes = 1024**4
            self.clock_ahead_s = 0.0

    # State, for tests.

    def add_user(self, login: str, password: str, **fields: Any) -> User:
        """Put an account there without any check; ``fields`` are those of User."""
        user = User(login, password, **fields)
        user.created = self.clock()
        with self.lock:
            self.users[login] = user
        return user

    def remove_user(self, login: str) -> None:
        """Take an account away, with its app passwords."""
        with self.lock:
            user = self.users[login.lower()]
            del self.users[login]
            for token, owner in list(self.app_passwords.items()):
                if owner.lower() == user.login.lower():
                    del self.app_passwords[token]

    def add_group(self, group: str, shown_name: str = "") -> None:
        """Put a group there."""
        self.groups[group] = shown_name or group

    def remove_group(self, group: str) -> None:
        """Take a group away and everybody out of it."""
        with self.lock:
            del self.groups[group]
            for user in self.users.values():
                user.groups.discard(group)
                user.subadmin.discard(group)

    def mint_app_password(self, login: str) -> str:
        """Make an app password for a login or an e-mail address and give it."""
        token = "-".join(secrets.token_hex(3)[:5] for _ in range(5))
        self.app_passwords[token] = login
        return token

    def login_works(self, login: str, password: str) -> bool:
        """Tell whether a customer gets in with this, without asking the server and without any
        trace.
        """
        user = self.door.check(login, password)
        return user is not None and user.enabled

    @property
    def app_passwords(self) -> Dict[str, str]:
        """App passwords and the logins that they belong to."""
        return self.door.app_passwords

    @property
    def two_factor(self) -> Set[str]:
        """Logins whose password alone is not enough."""
        return self.door.two_factor

    @property
    def token_auth_enforced(self) -> bool:
        """Whether only app passwords are taken."""
        return self.door.token_auth_enforced

    @token_auth_enforced.setter
    def token_auth_enforced(self, enforced: bool) -> None:
        self.door.token_auth_enforced = enforced

    @property
    def brute_force_scale(self) -> float:
        """By what the server's delays after wrong passwords are multiplied before they are slept; 0
        sleeps none.
        """
        return self.door.brute_force_scale

    @brute_force_scale.setter
    def brute_force_scale(self, scale: float) -> None:
        self.door.brute_force_scale = scale

    # Sockets.

    @property
    def url(self) -> str:
        """Address of the cloud with its sub-path."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}{self.sub_path}"

    def start(self) -> "Cloud":
        """Listen; the port is chosen by the system unless one was given."""
        if self.tls is not None:
            with warnings.catch_warnings():
                # On the oldest Python that is served, cryptography warns of its own future.
                warnings.simplefilter("ignore")
                from . import certificates
            self._folder = tempfile.TemporaryDirectory(prefix="cloud-double-")
            folder = Path(self._folder.name)
            self._context = certificates.server_context(self.tls, folder)
            self.ca_file = str(folder / "ca.pem")
        self.resume()
        return self

    @property
    def free_bytes(self) -> int:
        """What the storage tells to be free; an object storage tells nothing."""
        return -2 if self.object_storage else self.disk_free_bytes

    def pause(self) -> None:
        """Stop listening and hang up: connections are refused from now on."""
        listener, self._listener = self._listener, None
        if listener is not None:
            # Closing alone would leave the thread in accept, and the port open with it.
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        with self.lock:
            connections = list(self._connections)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def resume(self) -> None:
        """Listen on the same port again."""
        if self._listener is not None:
            return
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(128)
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(
            target=self._accept, args=(listener,), daemon=True, name="cloud-double"
        ).start()

    def stop(self) -> None:
        """Stop for good: sockets closed, waits ended, certificates removed."""
        self._stopping.set()
        self.pause()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def __enter__(self) -> "Cloud":
        return self.start()

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.stop()

    def _accept(self, listener: socket.socket) -> None:
        """Give every connection a thread until the listener is closed."""
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self._connections.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        """Answer the requests of one connection until either side closes it."""
        number = next(self._connection_ids)
        plain = connection
        try:
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
                with self.lock:
                    self._connections.add(connection)
            with connection.makefile("rb") as stream:
                for request in _requests(stream):
                    self._process(connection, request, number)
                    if request.headers.get("connection", "").lower() == "close":
                        break
        except (OSError, Hangup):
            pass  # The client went away or refused the certificate, or a fault hangs up.
        finally:
            with self.lock:
                self._connections -= {plain, connection}
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _process(self, connection: socket.socket, request: Request, number: int) -> None:
        """Carry out one request and answer it, or do what a fault says; raises Hangup, OSError."""
        seen = Seen(
            request.method,
            request.path,
            request.query,
            _redacted(request.form),
            dict(request.headers),
            login=claimed_login(request),
            connection_id=number,
        )
        seen.headers.pop("authorization", None)
        begun = time.perf_counter()
        inside = request.path.startswith(self.sub_path + "/")
        if inside:
            request.path = seen.path = request.path[len(self.sub_path) :]
        was_free = self.users.find(str(request.parameters.get("userid", ""))) is None
        with self.lock:
            fitting = [one for one in self.faults if one.fits(request)]
            fault = fitting[0] if fitting else None
            seen.fault = None if fault is None else fault.kind
            self.requests.append(seen)
        if self.before is not None and self.before(seen) is False:
            raise Hangup
        if fault is not None and fault.effect == LATE:
            self._stopping.wait(fault.seconds)
        answer: Optional[Answer] = None
        if fault is None or fault.has_effect:
            if self.drops_authorization:
                request.headers = {**request.headers, "authorization": ""}
            answer = (
                self.product.handle(self, request, seen, was_free)
                if inside
                else html(404, "Page not found")
            )
        if answer is not None:
            answer.cookies = [self._changed(cookie) for cookie in answer.cookies]
        if fault is not None:
            answer = fault.answer(self, request, answer)
        if answer is not None:
            seen.http_status, seen.ocs_code = answer.http_status, answer.ocs_code
        seen.seconds = time.perf_counter() - begun
        if self.after is not None:
            self.after(seen)
        self._send(connection, request, answer, fault)

    def _changed(self, cookie: str) -> str:
        """A cookie as the cloud sets it that takes another address for its own."""
        cookie = cookie.replace("path=/", f"path={self.cookie_path}")
        return cookie + "; secure" if self.secure_cookies else cookie

    def _send(
        self,
        connection: socket.socket,
        request: Request,
        answer: Optional[Answer],
        fault: Optional[Fault],
    ) -> None:
        """Write the answer, whole or as the fault has it; raises Hangup."""
        kind = None if fault is None else fault.kind
        if fault is not None and kind == "stall" and fault.effect != LATE:
            self._stopping.wait(fault.seconds)
        if answer is None or kind in ("cut_before", "cut_after"):
            raise Hangup
        head = _head(answer, time.time() + self.clock_ahead_s)
        if kind == "half":
            whole = head + answer.body
            connection.sendall(
                whole[: len(head) + len(answer.body) // 2 if answer.body else len(head) // 2]
            )
            raise Hangup
        if fault is not None and kind == "drip":
            for byte in head + answer.body:
                connection.sendall(bytes([byte]))
                if self._stopping.wait(fault.seconds):
                    raise Hangup
            return
        connection.sendall(head + (b"" if request.method == "HEAD" else answer.body))


def _requests(stream: BinaryIO) -> Iterator[Request]:
    """Give requests until the client closes; raises Hangup for what is no HTTP, too large, or cut
    off: a request that did not come whole has no effect.
    """
    while True:
        line = stream.readline(LINE_MAX_BYTES).decode("latin-1").split()
        if not line:
            return
        if len(line) != 3:
            raise Hangup
        headers = _headers(stream)
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > BODY_MAX_BYTES:
            raise Hangup
        body = stream.read(int(length))
        if len(body) < int(length):
            raise Hangup
        path, _, query = line[1].partition("?")
        yield Request(line[0], path, query, headers, body)


def _headers(stream: BinaryIO) -> Dict[str, str]:
    """Read headers up to the empty line, by lower-cased name; raises Hangup if it does not come."""
    headers: Dict[str, str] = {}
    while True:
        line = stream.readline(LINE_MAX_BYTES)
        if line in (b"\r\n", b"\n"):
            return headers
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            raise Hangup
        headers[name.strip().lower()] = value.strip()


def _head(answer: Answer, now: float) -> bytes:
    """Write status line and headers of an answer; ``now`` is what the server's clock shows."""
    lines = [
        f"HTTP/1.1 {answer.http_status} {REASONS.get(answer.http_status, 'Something')}",
        "Server: nginx",
        f"Date: {formatdate(now, usegmt=True)}",
        f"Content-Type: {answer.content_type}",
        f"Content-Length: {len(answer.body)}",
        "X-Content-Type-Options: nosniff",
    ]
    lines += [f"Set-Cookie: {cookie}" for cookie in answer.cookies]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _redacted(form: Dict[str, Any]) -> Dict[str, Any]:
    """Give a form without its passwords."""
    hidden = dict(form)
    if "password" in hidden:
        hidden["password"] = "***"
    if hidden.get("key") == "password" and "value" in hidden:
        hidden["value"] = "***"
    return hidden
