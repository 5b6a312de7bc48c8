"""A private MariaDB server for the stand, made from the distribution's own package.

It lives in a temporary folder, listens on a unix socket (on 127.0.0.1 too if asked), keeps
nothing and ends with the process that started it, however that process ends.
"""

import atexit
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Dict, List, Optional

import pymysql
from pymysql.cursors import DictCursor

from tests import PATIENCE_S

# Where distributions put the server: Debian /usr/sbin, the RHEL family /usr/libexec.
SEARCH_PATH = os.pathsep.join(
    ["/usr/sbin", "/usr/libexec", "/usr/local/sbin", "/usr/local/bin", "/usr/bin"]
)
# sun_path of a unix socket holds 108 bytes, the closing zero included.
SOCKET_PATH_MAX = 107
STOP_TIMEOUT_S = 30

# Runs the server until it ends, is told to stop by a line on standard input, or standard input
# ends without one: then the starting process was killed, and its template has to go too.
KEEPER = """
folder=$1
template=$2
shift 2
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
( read -r line <&3 || rm -rf "$template"; kill -TERM $server ) 2>/dev/null &
watcher=$!
exec 3<&-
wait $server
code=$?
kill $watcher 2>/dev/null
rm -rf "$folder"
exit $code
"""


class MariaDbError(RuntimeError):
    """The server is not installed, could not be prepared or did not start; the text says why."""


EARLIER_NAMES = {"mariadbd": "mysqld", "mariadb-install-db": "mysql_install_db"}
"""What the programs are called in MariaDB 10.5 and before."""


def _find(program: str) -> str:
    """Give the full path of one of MariaDB's programs; raises MariaDbError if it is missing."""
    path = os.pathsep.join([os.environ.get("PATH", ""), SEARCH_PATH])
    for name in (program, EARLIER_NAMES[program]):
        found = shutil.which(name, path=path)
        if found:
            return found
    if shutil.which("dnf", path=path):
        command = "dnf install -y mariadb-server"
    else:
        packages = "mariadb-server-core mariadb-client-core"
        command = f"apt-get install -y --no-install-recommends {packages}"
    raise MariaDbError(f"{program} was not found; install it as root with: {command}")


def _as_user() -> List[str]:
    """Arguments naming the user: MariaDB refuses to run as root unless root is asked for."""
    return ["--user=root"] if os.geteuid() == 0 else []


class _Template:
    """The initialised data folder, made once per process and copied for every server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folder: Optional[Path] = None

    def copy_to(self, datadir: Path) -> Path:
        """Fill `datadir` (which must not exist) with fresh system tables; gives the template."""
        with self._lock:
            if self._folder is None:
                folder = Path(tempfile.mkdtemp(prefix="pmnc-db-"))
                atexit.register(shutil.rmtree, folder, ignore_errors=True)
                self._make(folder / "data")
                self._folder = folder
        shutil.copytree(self._folder / "data", datadir)
        return self._folder

    @staticmethod
    def _make(datadir: Path) -> None:
        command = [
            _find("mariadb-install-db"),
            "--no-defaults",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--force",
            # Named from where it lies: its way there may have blanks, which the script is not for.
            f"--datadir=./{datadir.name}",
            "--tmpdir=.",
            "--loose-innodb-log-file-size=4M",
            "--innodb-flush-log-at-trx-commit=0",
            *_as_user(),
        ]
        # install-db looks for mariadbd beside itself and in /usr/libexec; it needs a full PATH.
        environment = {"PATH": os.pathsep.join(["/bin", "/sbin", SEARCH_PATH]), "LANG": "C"}
        done = subprocess.run(
            command,
            env=environment,
            cwd=datadir.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE_S,
            check=False,
        )
        if done.returncode:
            text = done.stdout.decode("utf-8", "replace")
            raise MariaDbError(f"mariadb-install-db ended with {done.returncode}:\n{text}")


_TEMPLATE = _Template()


def _free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class MariaDb:
    """A running server; `socket` is its unix socket, `port` its TCP port or None.

    Starts with the constructor, ends with `stop()`, at the end of a `with` block, or with this
    process. Raises MariaDbError if MariaDB is missing or does not start.
    """

    def __init__(self, tcp: bool = False) -> None:
        """Start a server; `tcp` opens a port on 127.0.0.1 beside the socket."""
        server = _find("mariadbd")
        self.folder = Path(tempfile.mkdtemp(prefix="pmnc-db-"))
        self.socket = str(self.folder / "db.sock")
        self.port = _free_port() if tcp else None
        if len(os.fsencode(self.socket)) > SOCKET_PATH_MAX:
            shutil.rmtree(self.folder)
            raise MariaDbError(f"set TMPDIR to a shorter path, {self.socket} is no socket name")
        template = _TEMPLATE.copy_to(self.folder / "data")
        keeper = ["/bin/sh", "-c", KEEPER, "mariadb", str(self.folder), str(template)]
        self._process = subprocess.Popen(
            [*keeper, server, *self._arguments()],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,  # Ctrl-C is for the tests, they stop us in order
        )
        try:
            self._await()
        except BaseException:
            self.stop()
            raise

    def _arguments(self) -> List[str]:
        network = (
            ["--bind-address=127.0.0.1", f"--port={self.port}"]
            if self.port
            else ["--skip-networking"]
        )
        return [
            "--no-defaults",
            *_as_user(),
            f"--datadir={self.folder / 'data'}",
            f"--socket={self.socket}",
            f"--tmpdir={self.folder}",
            f"--pid-file={self.folder / 'db.pid'}",
            f"--log-error={self.folder / 'db.log'}",
            *network,
            "--character-set-server=utf8mb4",
            "--collation-server=utf8mb4_general_ci",
            "--skip-name-resolve",
            "--skip-log-bin",
            "--max-connections=300",
            # Nothing here has to outlive a crash, so nothing waits for the disk.
            "--innodb-flush-log-at-trx-commit=0",
            "--loose-innodb-doublewrite=0",
            "--loose-innodb-log-file-size=4M",
            "--loose-innodb-temp-data-file-path=ibtmp1:4M:autoextend",
            "--innodb-buffer-pool-size=64M",
            "--performance-schema=off",
        ]

    def _await(self) -> None:
        """Return once the server takes connections; raises MariaDbError if it does not."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            with socket.socket(socket.AF_UNIX) as probe:
                try:
                    probe.connect(self.socket)
                    return
                except OSError:
                    time.sleep(0.01)
            if self._process.poll() is not None:
                break
        log = self.folder / "db.log"
        text = log.read_text("utf-8", "replace") if log.exists() else "no log was left"
        raise MariaDbError(f"mariadbd did not start:\n{text}")

    def connect(
        self,
        user: str = "root",
        password: str = "",
        database: Optional[str] = None,
    ) -> "pymysql.connections.Connection[DictCursor]":
        """Open a connection through the socket; rows come as dicts, every statement commits.

        Raises MariaDbError if the server is not there, pymysql's errors if it refuses.
        """
        connection = pymysql.connect(
            user=user,
            password=password,
            database=database,
            charset="utf8mb4",
            ssl_disabled=True,
            autocommit=True,
            cursorclass=DictCursor,
            defer_connect=True,
        )
        # PyMySQL would leave its own socket open where nobody listens.
        channel = socket.socket(socket.AF_UNIX)
        try:
            channel.connect(self.socket)
        except OSError as error:
            channel.close()
            raise MariaDbError(f"nobody listens on {self.socket}") from error
        connection.connect(channel)
        return connection

    @property
    def running(self) -> bool:
        """Whether the server has not ended."""
        return self._process.poll() is None

    def stop(self) -> None:
        """End the server and remove its folder; may be called again."""
        if self._process.poll() is not None:
            if self._process.stdin:
                self._process.stdin.close()
            return
        try:
            self._process.communicate(b"stop\n", STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, 9)
            self._process.wait()
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> "MariaDb":
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()


_SHARED: Dict[str, MariaDb] = {}
_SHARED_LOCK = threading.Lock()


def shared() -> MariaDb:
    """The one server of this process, started when first asked for and stopped at its end."""
    with _SHARED_LOCK:
        server = _SHARED.get("server")
        if server is None or not server.running:
            server = _SHARED["server"] = MariaDb()
            atexit.register(server.stop)
        return server
