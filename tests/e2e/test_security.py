"""What an attacker finds: certificates, files, command lines, entities, the environment, the source.

The commands are the real program's; the source is read as a syntax tree.
"""

import ast
import os
import socket
import stat
import threading
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

import pytest

from tests.cloud import Cloud, Fault, Seen
from tests.e2e.sites import DoubleSite
from tests.e2e.world import World
from tests.stand import Call, ModuleProcess, Run, Stand
from utils import state as state_files
from utils.errors import StateUnwritable

CLONE = Path(__file__).resolve().parents[2]
SOURCES = [CLONE / "pmnextcloud.py", *CLONE.glob("commands/*.py"), *CLONE.glob("utils/*.py")]
ITEM_COMMANDS = ("open", "suspend", "resume", "setparam", "close")
MODULE_COMMANDS = ("stat", "get_server_config")


def written(stand: Stand) -> Iterator[Tuple[str, str]]:
    """Everything that a stand's modules left where others may read it, with its place.

    Files under var/, command lines, answers, and all tables but those of encrypted values.
    """
    for path in (stand.root / "var").rglob("*"):
        if path.is_file():
            yield str(path.relative_to(stand.root)), path.read_text("utf-8", "replace")
    for run in stand.runs:
        yield "command line", " ".join(run.argv)
        yield "standard output", run.stdout.decode("utf-8", "replace")
        yield "standard error", run.stderr.decode("utf-8", "replace")
    for call in stand.calls:
        yield f"command line of {call.function}", " ".join(call.argv)
        yield f"answer of {call.function}", call.answered or ""
    for table in [name for row in stand.sql("SHOW TABLES") for name in row.values()]:
        if "crypted" not in table:
            yield f"table {table}", repr(stand.sql(f"SELECT * FROM `{table}`"))


def leaks(stand: Stand) -> List[str]:
    """The places where a secret stands in clear: the database's, the module's, the customers'."""
    secrets = [secret for secret in stand.secrets if len(secret) > 5]
    assert secrets
    found = [place for place, text in written(stand) if any(secret in text for secret in secrets)]
    return found + [str(leak) for leak in stand.leaks]


@pytest.fixture
def kept(stand: Stand) -> Iterator[Stand]:
    """The stand; at its end everything that was left is searched for secrets."""
    yield stand
    assert not leaks(stand)


@pytest.fixture
def lived(kept: Stand, cloud: Cloud) -> World:
    """A world whose stand is searched at the end."""
    return World(kept, DoubleSite(cloud))


def double(world: World) -> Cloud:
    """The world's cloud, which is the double."""
    assert isinstance(world.site, DoubleSite)
    return world.site.cloud


def run_all(world: World, item: int, env: Optional[Dict[str, str]] = None) -> Dict[str, Run]:
    """Every command that meets the cloud, on one service and its module."""
    runs = {}
    for command in ITEM_COMMANDS[:-1]:
        runs[command] = world.run(command, item, env=env)
    for command in MODULE_COMMANDS:
        runs[command] = world.stand.run(command, module=world.module, env=env)
    runs["check_connection"] = world.stand.run("check_connection", stdin=form(world), env=env)
    runs["close"] = world.run("close", item, env=env)
    return runs


def form(world: World, entity: str = "") -> str:
    """The connection form with the world's cloud in it."""
    return (
        f"{entity}<doc><processingmodule><base_url>{world.site.url}</base_url>"
        f"<nc_username>{world.site.login}</nc_username>"
        f"<nc_password>{world.site.password}</nc_password></processingmodule></doc>"
    )


def test_a_leak_would_be_found(world: World) -> None:
    item = world.opened()
    assert not leaks(world.stand)
    secret = world.stand.params(item)["userpassword"]
    for leave in (
        lambda: world.stand.write("var/pmnextcloud/groups-1.json", f'["{secret}"]'),
        lambda: world.stand.sql("UPDATE item SET name = %s", f"Service {secret}"),
    ):
        leave()
        assert leaks(world.stand)
        world.stand.write("var/pmnextcloud/groups-1.json", "[]")
        world.stand.sql("UPDATE item SET name = 'Service'")
        assert not leaks(world.stand)


# -- certificates -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["self-signed", "expired", "wrong-host"])
def test_no_command_speaks_to_a_server_that_is_not_to_be_trusted(kept: Stand, kind: str) -> None:
    with Cloud(tls=kind) as cloud:
        world = World(kept, DoubleSite(cloud), verify_ssl="off")
        item = world.opened()
        kept.write("etc/pmnextcloud.conf", f"ca_file = {cloud.ca_file}\n")
        kept.sql("UPDATE processingparam SET value = 'on' WHERE intname = 'verify_ssl'")
        before, asked = repr(cloud.users), len(cloud.requests)
        for command, run in run_all(world, item).items():
            assert (run.exit_code, run.error_type) == (1, "cloud_certificate"), command
        assert (repr(cloud.users), len(cloud.requests)) == (before, asked)
        kept.sql("DELETE FROM processingparam WHERE intname = 'verify_ssl'")
        assert world.run("suspend", item).error_type == "cloud_certificate"


# The interpreter finds this in place of the package of public authorities.
PUBLIC = "def where():\n    return {!r}\n"


def test_a_private_authority_is_trusted_beside_the_public_ones(
    kept: Stand, tmp_path: Path
) -> None:
    with Cloud(tls="good") as public, Cloud(tls="good") as private, Cloud(tls="good") as other:
        (tmp_path / "certifi.py").write_text(PUBLIC.format(public.ca_file))
        env = {"PYTHONPATH": str(tmp_path)}
        worlds = [World(kept, DoubleSite(cloud)) for cloud in (public, private, other)]
        expected: List[Tuple[str, List[Optional[str]]]] = [
            ("", [None, "cloud_certificate", "cloud_certificate"]),
            (f"ca_file = {private.ca_file}\n", [None, None, "cloud_certificate"]),
        ]
        for settings, error_types in expected:
            kept.write("etc/pmnextcloud.conf", settings)
            runs = [world.run("open", world.order(), env=env) for world in worlds]
            assert [run.error_type for run in runs] == error_types


def test_the_public_authorities_are_those_of_the_package(kept: Stand) -> None:
    """Without anything in its place: many of them, and the private one."""
    from utils import transport

    with Cloud(tls="good") as cloud:
        with transport.session(5, verify_tls=True, ca_file=cloud.ca_file or "") as http:
            assert http.get(cloud.url + "/status.php").status_code == 200
            pool: Any = http.get_adapter(cloud.url)
            context = pool.poolmanager.connection_pool_kw["ssl_context"]
            names = [str(authority["subject"]) for authority in context.get_ca_certs()]
    assert len(names) > 50
    assert len([name for name in names if "Test authority" in name]) == 1


def test_the_environment_names_no_authorities(kept: Stand) -> None:
    with Cloud(tls="good") as cloud:
        world = World(kept, DoubleSite(cloud))
        names = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
        env = {name: str(cloud.ca_file) for name in names}
        for run in run_all(world, world.order(), env).values():
            assert run.error_type in ("cloud_certificate", None)
        assert not cloud.requests


# -- the environment --------------------------------------------------------------------------


class Listener:
    """A port on which nobody should ever call; `calls` counts who did."""

    def __init__(self) -> None:
        self.calls = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._count, daemon=True)
        self._thread.start()

    def _count(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.calls += 1
            connection.close()

    def close(self) -> None:
        """Stops listening."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(10)


def test_proxies_and_netrc_of_the_environment_are_ignored(lived: World, tmp_path: Path) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login stranger password Netrc-Pw-for-tests-9\n")
    netrc.chmod(0o600)
    listener = Listener()
    schemes = ("http_proxy", "https_proxy", "all_proxy")
    env = {"HOME": str(tmp_path), "NETRC": str(netrc), "no_proxy": "", "NO_PROXY": ""}
    env.update({name: listener.url for name in (*schemes, *map(str.upper, schemes))})
    item = lived.order()
    for run in run_all(lived, item, env).values():
        run.check()
    assert not listener.calls
    listener.close()
    assert {seen.login for seen in double(lived).requests} == {None, "admin"}
    anonymous = [seen.path for seen in double(lived).requests if seen.login is None]
    assert {path.rpartition("/")[2] for path in anonymous} == {"status.php", "capabilities"}


# -- command lines ----------------------------------------------------------------------------


def group_of(process: ModuleProcess) -> Iterator[Tuple[str, str, str]]:
    """Name, command line and environment of all programs that run in a module's process group."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            if os.getpgid(int(folder.name)) == process.pid:
                words, variables = (
                    (folder / name).read_text("utf-8", "replace") for name in ("cmdline", "environ")
                )
                yield words.replace("\0", " "), words, variables
        except OSError:
            continue  # it ended while it was looked at


def test_no_command_line_holds_a_secret_while_a_call_is_under_way(lived: World) -> None:
    running: List[ModuleProcess] = []
    lines: Set[str] = set()
    module_variables: Set[str] = set()

    def look(seen: object) -> None:
        for line, _, variables in group_of(running[-1]):
            lines.add(line)
            if "mgrctl" not in line:
                module_variables.add(variables)

    stand = lived.stand
    double(lived).before, stand.before_call = look, look
    item = lived.order()
    for command in ITEM_COMMANDS:
        if command == "setparam":
            stand.change_tariff(item, lived.tariff(gib=9))
        operation = stand.add_operation(command, item)
        # The hooks may look before `start` is back.
        running.append(_Started(stand, command, item, operation).process)
        running[-1].finish().check()
    double(lived).faults.append(Fault("ocs", method="GET", times=None, code=429))
    operation = stand.add_operation("suspend", item)
    running.append(_Started(stand, "suspend", item, operation).process)
    assert running[-1].finish().exit_code == 1
    seen_lines = "\n".join(lines)
    for name in ("--command open", "service.saveparam", "PMNEXTCLOUD_VALUE", "errorxml="):
        assert name in seen_lines, name
    shown = seen_lines + "\n".join(module_variables)
    assert not [secret for secret in stand.secrets if len(secret) > 5 and secret in shown]
