"""What an attacker finds: certificates, files, command lines, entities, environment, source.

The commands are the real program's; the source is read as a syntax tree.
"""

import ast
import json
import os
import re
import socket
import stat
import threading
from pathlib import Path
from typing import Iterator, List, Optional, Set, Tuple

import pytest

from tests import ROOT
from tests.doubles.billmanager import ModuleProcess, Run, Stand
from tests.doubles.cloud import Cloud, Fault, Seen
from tests.e2e.sites import DoubleSite
from tests.e2e.world import LIFE, World
from tests.tools import table
from utils.base.errors import StateUnwritable
from utils.host import state as state_files

SOURCES = [ROOT / "pmnextcloud.py", *ROOT.glob("commands/*.py"), *(ROOT / "utils").rglob("*.py")]


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
        if call.function != "processing.edit":  # the form with its secrets, which doctor reads
            yield f"answer of {call.function}", call.answered or ""
    for found in [name for row in stand.sql("SHOW TABLES") for name in row.values()]:
        if "crypted" not in found:
            yield f"table {found}", repr(stand.sql(f"SELECT * FROM `{found}`"))


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


def told(run: Run) -> Set[str]:
    """The types of errors that a run has told, of all faults where it was the doctor's."""
    if "audit" in run.argv:
        modules = json.loads(run.stdout)["modules"]
        return {one["error"]["code"] for one in modules if one["error"]}
    if any(one in run.argv for one in ("adopt", "purge", "restore")):
        return set(re.findall(r"\(([a-z_]+)\)\n", run.stdout.decode()))
    if "doctor" not in run.argv:
        return {run.error_type} if run.error_type else set()
    findings = json.loads(run.stdout)["findings"]
    return {one["finding"] for one in findings if one["verdict"] == "fault"}


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


def opened_unverified(stand: Stand, cloud: Cloud) -> Tuple[World, int]:
    """An open service of a module that did not look at certificates, and now does by default."""
    world = World(stand, DoubleSite(cloud), verify_ssl="off")
    item = world.opened()
    stand.sql("DELETE FROM processingparam WHERE intname = 'verify_ssl'")
    cloud.requests.clear()
    return world, item


@pytest.mark.parametrize("kind", ["self-signed", "expired", "wrong-host"])
def test_no_command_speaks_to_a_server_that_is_not_to_be_trusted(kept: Stand, kind: str) -> None:
    with Cloud(tls=kind) as cloud:
        world, item = opened_unverified(kept, cloud)
        kept.write("etc/pmnextcloud.conf", f"ca_file = {cloud.ca_file}\n")
        before = repr(cloud.users)
        for command, run in world.live(item):
            if command in table.UNHINDERED:  # which hinder nothing, and have not asked anybody
                assert (run.exit_code, told(run)) == (0, set()), command
            else:
                assert (run.exit_code, told(run)) == (1, {"cloud_certificate"}), command
        kept.database.insert(
            "processingparam", processingmodule=world.module, intname="verify_ssl", value="on"
        )
        assert world.run("close", item).error_type == "cloud_certificate"
        assert repr(cloud.users) == before
        assert not cloud.requests


# The interpreter finds this in place of the package of public authorities.
PUBLIC = "def where():\n    return {!r}\n"


def test_a_private_authority_is_trusted_beside_the_public_ones(kept: Stand, tmp_path: Path) -> None:
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


def test_the_public_authorities_are_those_of_the_package() -> None:
    """Without anything in its place: many of them, and the private one."""
    from utils.cloud import transport

    with Cloud(tls="good") as cloud:
        http = transport.Http(5, True, str(cloud.ca_file))
        url, anonymous = cloud.url + "/status.php", transport.Anonymous()
        assert http.send("GET", url, None, None, anonymous).status == 200
        context = http.adapter.poolmanager.connection_pool_kw["ssl_context"]
        names = [str(authority["subject"]) for authority in context.get_ca_certs()]
    assert len(names) > 50
    assert len([name for name in names if "Test authority" in name]) == 1


def test_the_environment_names_no_authorities(kept: Stand) -> None:
    with Cloud(tls="good") as cloud:
        world, item = opened_unverified(kept, cloud)
        names = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
        env = {name: str(cloud.ca_file) for name in names}
        for command, run in world.live(item, env=env):
            expected = set() if command in table.UNHINDERED else {"cloud_certificate"}
            assert told(run) == expected, command
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
    for _, run in lived.live(item, env=env):
        assert run.exit_code == 0, run
    assert not listener.calls
    listener.close()
    logins = {seen.login for seen in double(lived).requests}
    assert {None, "admin"} <= logins <= {None, "admin", lived.login(item)}
    anonymous = [seen.path for seen in double(lived).requests if seen.login is None]
    assert {path.rpartition("/")[2] for path in anonymous} == {"status.php", "capabilities"}


# -- command lines ----------------------------------------------------------------------------


def group_of(process: ModuleProcess) -> Iterator[Tuple[str, str]]:
    """Command line and environment of all programs that run in a module's process group."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            if os.getpgid(int(folder.name)) == process.pid:
                words = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
                variables = (folder / "environ").read_bytes()
                yield words.decode("utf-8", "replace"), variables.decode("utf-8", "replace")
        except OSError:
            continue  # it ended while it was looked at


class Onlooker:
    """Reads the command lines of a module and its mgrctl at each of their calls, while it lasts."""

    def __init__(self, world: World) -> None:
        self.lines: Set[str] = set()
        self.variables: Set[str] = set()
        """The environments of the module itself."""
        self._world = world
        self._process: Optional[ModuleProcess] = None
        self._known = threading.Event()
        double(world).before = self._at_request
        world.stand.before_call = self._look

    def run(self, command: str, item: int) -> Run:
        """Runs a command under its eyes."""
        operation = self._world.stand.add_operation(command, item)
        self._known.clear()
        self._process = self._world.stand.start(command, item=item, runningoperation=operation)
        self._known.set()
        return self._process.finish()

    def _at_request(self, seen: Seen) -> None:
        self._look(seen)

    def _look(self, seen: object) -> None:
        self._known.wait(10)
        assert self._process is not None
        for line, variables in group_of(self._process):
            self.lines.add(line)
            if "mgrctl" not in line:
                self.variables.add(variables)


def test_no_command_line_holds_a_secret_while_a_call_is_under_way(lived: World) -> None:
    stand = lived.stand
    onlooker = Onlooker(lived)
    item = lived.order()
    *before_the_end, end = [command for command in LIFE if command in table.SERVICES]
    for command in before_the_end:
        if command == "setparam":
            stand.change_tariff(item, lived.tariff(gib=9))
        onlooker.run(command, item).check()
    words = f"the password of user_{item} is {stand.params(item)['userpassword']}"
    double(lived).faults.append(Fault("ocs", method="DELETE", code=102, message=words))
    assert onlooker.run(end, item).error_type == "cloud_refused"
    lines = "\n".join(onlooker.lines)
    for name in ("--command open", "service.saveparam", "PMNEXTCLOUD_VALUE", "errorxml=$"):
        assert name in lines, name
    # What is wrong with whose account is nothing that every user of the server may read.
    assert "the password of" not in lines
    shown = lines + "\n".join(onlooker.variables)
    assert len(onlooker.variables) >= 1
    assert not [secret for secret in stand.secrets if len(secret) > 5 and secret in shown]


def test_what_is_stored_encrypted_reaches_mgrctl_by_its_environment_alone(lived: World) -> None:
    lived.opened()
    crypted = [call for call in lived.stand.calls if call.args.get("crypted") == "on"]
    names = [
        name for call in crypted for name in call.args if name not in ("sok", "elid", "crypted")
    ]
    assert set(names) == {"pmnextcloud_mark", "userpassword"}
    for name, call in zip(names, crypted):
        assert call.args[name].startswith("$PMNEXTCLOUD_VALUE")
        assert call.secrets[name] in lived.stand.secrets


@pytest.mark.parametrize("form", ["pairs", "name"])
def test_no_command_line_tells_who_a_customer_is_or_what_he_has(lived: World, form: str) -> None:
    stand = lived.stand
    stand.saveparam_form = form
    lived.client = stand.add_account("Jane Doe", ["jane.doe@mail.example.org"])
    item = lived.order()
    stand.sql("UPDATE processingmodule SET name = 'Cloud of ACME'")
    for command, run in lived.live(item):
        assert run.exit_code == 0, (command, run)
    double(lived).users["admin"].password = "Another-Pw-for-tests-9"
    assert lived.run("open", lived.order()).error_type == "cloud_login_refused"
    said = {"user_", lived.site.url, "127.0.0.1", "jane.doe", "Jane", "ACME", "login_refused"}
    told = {text for call in stand.calls for text in call.secrets.values()}
    assert any(text.startswith("user_") for text in told)
    assert lived.site.url in told
    assert "Cloud of ACME" in told
    lines = [" ".join(call.argv) for call in stand.calls]
    assert not [line for line in lines if any(text in line for text in said)]


# -- files ------------------------------------------------------------------------------------


def test_files_are_for_nobody_else_and_nothing_else_is_left(lived: World, tmp_path: Path) -> None:
    env = {"TMPDIR": str(tmp_path), "TMP": str(tmp_path), "TEMP": str(tmp_path)}
    root = lived.stand.root
    before = set(root.rglob("*"))
    old_umask = os.umask(0)
    try:
        item = lived.order()
        for _, run in lived.live(item, env=env):
            assert run.exit_code == 0, run
        double(lived).users["admin"].password = "Another-Pw-for-tests-9"
        for item in (lived.order(), lived.order()):
            assert lived.run("open", item, env=env).error_type == "cloud_login_refused"
    finally:
        os.umask(old_umask)
    new = set(root.rglob("*")) - before
    folder = root / "var/pmnextcloud"
    endings = folder / "endings"
    years = (one for one in endings.iterdir() if one.is_dir())
    folders = {folder, folder / "history", folder / "counts", endings, *years}
    known = re.compile(
        r"pmnextcloud([.]log|/(services|marks|logins|saveparam|[a-z]+-\d+)[.]json([.]lock)?)?"
        r"|pmnextcloud/history(/[\d-]+[.]jsonl)?"
        r"|pmnextcloud/endings(/\d{4})?(/\d+-\d+[.]json)?"
        r"|pmnextcloud/counts(/([\d-]+[.]counts|sums([.]lock)?))?"
    )
    assert not [path for path in new if not known.fullmatch(str(path.relative_to(root / "var")))]
    names = {path.name for path in new}
    for name in ("groups", "refused", "problem"):
        assert f"{name}-{lived.module}.json" in names
    for path in new:
        expected = 0o700 if path in folders else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == expected, path
    assert not list(tmp_path.iterdir())


def test_a_link_in_place_of_a_file_is_replaced_and_not_followed(lived: World) -> None:
    victim = lived.stand.write("etc/victim", "untouched")
    name = f"var/pmnextcloud/groups-{lived.module}.json"
    link = lived.stand.root / name
    link.parent.mkdir()
    link.symlink_to(victim)
    lived.stand.run("get_server_config", module=lived.module).check()
    assert victim.read_text() == "untouched"
    assert not link.is_symlink()


def test_temporary_files_cannot_be_guessed_and_none_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "no-folder").write_text("")
    monkeypatch.setattr(state_files, "SPARES", str(tmp_path / "no-folder"))
    files = state_files.State(str(tmp_path / "folder"))
    names: List[str] = []
    replace = os.replace

    def note(source: str, target: str) -> None:
        names.append(os.path.basename(source))
        assert stat.S_IMODE(os.stat(source).st_mode) == 0o600
        assert os.path.dirname(source) == files.folder
        if len(names) > 20:
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", note)
    old_umask = os.umask(0)
    try:
        for number in range(20):
            files.write("name", number)
    finally:
        os.umask(old_umask)
    random_parts = {name.partition(".")[2] for name in names}
    assert len(random_parts) == 20
    assert min(map(len, random_parts)) >= 8
    with pytest.raises(StateUnwritable):
        files.write("name", "full")
    with pytest.raises(TypeError):
        files.write("name", object())
    assert os.listdir(files.folder) == ["name.json"]
    assert files.read("name") == 19


# -- entities ---------------------------------------------------------------------------------

HIDDEN = "Hidden-for-tests-4711"
ENTITIES = '<!DOCTYPE {} [<!ENTITY code "100"><!ENTITY file SYSTEM "file://{}">]>'
LAUGHS = (
    '<!DOCTYPE {} [<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    + '<!ENTITY code "&a9;"><!ENTITY file "&a9;">]>'
)
OCS = "{}<ocs><meta><statuscode>{}</statuscode><message>{}</message></meta><data/></ocs>"


@pytest.fixture(params=["external", "laughs"])
def doctype(request: pytest.FixtureRequest, stand: Stand) -> str:
    """A DTD with the entities `code` and `file`; its root's name is to be filled in."""
    if request.param == "laughs":
        return LAUGHS
    path = stand.write("etc/hidden", HIDDEN)
    return ENTITIES.format("{}", path)


def check_unread(run: Run, stand: Stand, *error_types: str) -> None:
    """Raises AssertionError where a run took longer, or showed more, than a document may."""
    assert run.exit_code == 1, str(run)
    assert run.error_type in error_types, str(run)
    assert run.seconds < 60, "all entities of it would take hours"
    assert len(run.stdout) < 2000
    assert HIDDEN not in run.stdout.decode() + stand.log
    assert "hahaha" not in run.stdout.decode() + stand.log


@pytest.mark.parametrize(("code", "text"), [("&code;", "fine"), ("101", "&file;")])
def test_entities_of_a_cloud_are_not_expanded(
    lived: World, doctype: str, code: str, text: str
) -> None:
    item = lived.opened()
    body = OCS.format(doctype.format("ocs"), code, text).encode()
    for method in ("PUT", "GET"):
        fault = Fault("status", method=method, times=None, code=200, body=body)
        double(lived).faults[:] = [fault]
        run = lived.run("suspend", item)
        check_unread(run, lived.stand, "cloud_lost", "cloud_unreachable", "front_answered")
    assert lived.customer_gets_in(item)


def test_entities_of_the_core_are_not_expanded(lived: World, doctype: str) -> None:
    item = lived.opened()
    answer = f"{doctype.format('doc')}<doc><error type='&code;'><msg>&file;</msg></error></doc>"
    path = lived.stand.write("tmp/answer", answer)
    lived.stand.write("sbin/mgrctl", f"#!/bin/sh\ncat {path}\n", 0o755)
    check_unread(lived.run("suspend", item), lived.stand, "core_unavailable")


@pytest.mark.parametrize("command", table.FORMS)
def test_entities_on_standard_input_are_not_expanded(
    lived: World, doctype: str, command: str
) -> None:
    text = lived.form(doctype.format("doc"), nc_username="&file;&code;")
    run = lived.stand.run(command, module=lived.module, stdin=text)
    check_unread(run, lived.stand, "bad_input")
    assert not double(lived).requests


# -- the source -------------------------------------------------------------------------------

NEVER_IMPORTED = {"pickle", "marshal", "shelve", "dill", "yaml", "code", "pty", "telnetlib"}
NEVER_CALLED = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "os.system",
    "os.popen",
    "os.spawnl",
    "os.execv",
    "tempfile.mktemp",
    "subprocess.getoutput",
    "subprocess.getstatusoutput",
    "ssl._create_unverified_context",
}
# The one file that may start programs, parse the XML of others, ask a database.
ONE_DOOR = {
    "subprocess": ("mgrctl.py", "pager.py", "changing.py"),
    "lxml": ("xml.py",),
    "pymysql": ("database.py",),
}
LOCKED = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}


def parsed() -> Iterator[Tuple[Path, ast.Module]]:
    """Every source file of the program as a syntax tree."""
    assert len(SOURCES) > 30
    for path in SOURCES:
        yield path, ast.parse(path.read_text("utf-8"))


def dotted(node: ast.expr) -> str:
    """The dotted name that an expression spells, or an empty text."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def calls_in(tree: ast.AST) -> Iterator[Tuple[str, ast.Call]]:
    """All calls with the dotted names of what is called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield dotted(node.func), node


def test_a_check_is_switched_off_in_one_line_only_and_says_why() -> None:
    found = 0
    for path in (*SOURCES, *(ROOT / "tests").rglob("*.py")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if "# noqa" in line and path.name != Path(__file__).name:
                found += 1
                assert re.search(r"# noqa: [A-Z0-9,]+  \w+", line), f"{path}:{number}"
    assert found > 10


def test_nothing_dangerous_is_imported() -> None:
    for path, tree in parsed():
        names: Set[str] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(node.module or "")
        packages = {name.partition(".")[0] for name in names}
        assert not packages & NEVER_IMPORTED, path
        for name in packages & set(ONE_DOOR):
            assert path.name in ONE_DOOR[name], f"{path}: {name}"


def test_nothing_dangerous_is_called() -> None:
    for path, tree in parsed():
        for name, call in calls_in(tree):
            where = f"{path}:{call.lineno}: {name}"
            assert name not in NEVER_CALLED, where
            words = {word.arg: word.value for word in call.keywords}
            assert "shell" not in words, where
            verify = words.get("verify")
            assert not (isinstance(verify, ast.Constant) and verify.value is False), where


def test_the_only_xml_parser_is_locked() -> None:
    found = []
    for path, tree in parsed():
        for name, call in calls_in(tree):
            if name in ("etree.fromstring", "ET.fromstring", "etree.parse", "ET.parse", "ET.XML"):
                assert path.name == "xml.py", f"{path}:{call.lineno}"
                assert len(call.args) == 2, "without a parser of its own"
            if name.endswith("XMLParser"):
                found.append({word.arg: ast.literal_eval(word.value) for word in call.keywords})
    assert found == [LOCKED]


def constants(tree: ast.Module) -> Set[str]:
    """The names of a module's own constant texts, in their order: later ones may hold earlier."""
    known: Set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Assign) and is_constant(node.value, known):
            known |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return known


def is_constant(node: ast.expr, known: Set[str]) -> bool:
    """Whether a text is written in the source as a whole: nothing else is ever put into it."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    if isinstance(node, ast.Name):
        return node.id in known
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return is_constant(node.left, known) and is_constant(node.right, known)
    if isinstance(node, ast.IfExp):
        return is_constant(node.body, known) and is_constant(node.orelse, known)
    if isinstance(node, ast.JoinedStr):
        return all(is_constant(part, known) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return isinstance(node.value, ast.Name) and node.value.id in known
    return False


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("db.rows('SELECT %s', x)", True),
        ("db.rows(_SQL + ' WHERE a = %s', x)", True),
        ("db.rows(f'SELECT {x}')", False),
        ("db.rows(f'SELECT {_SQL}')", True),
        ("db.rows(f'SELECT {_SQL()}')", False),
        ("db.rows('SELECT ' + x)", False),
        ("db.rows('SELECT %s' % x)", False),
        ("db.rows('SELECT {}'.format(x))", False),
    ],
)
def test_what_counts_as_a_constant(text: str, expected: bool) -> None:
    (_, call), *_ = calls_in(ast.parse(text))
    assert is_constant(call.args[0], {"_SQL"}) is expected


def test_every_sql_text_is_a_constant() -> None:
    found = 0
    for path, tree in parsed():
        for name, call in calls_in(tree):
            method = name.rpartition(".")[2]
            if method in ("execute", "executemany"):
                assert path.name == "database.py", f"{path}:{call.lineno}"
                assert dotted(call.args[0]) == "sql", "what rows() and write_many() were given"
            is_asked = method in ("rows", "row", "write_many") and not name.startswith("deeds.")
            if not is_asked or dotted(call.args[0]) == "sql":
                continue
            found += 1
            assert is_constant(call.args[0], constants(tree)), f"{path}:{call.lineno}"
    assert found > 10


def test_only_the_database_file_is_given_sql_by_name() -> None:
    for path, tree in parsed():
        named = [call for _, call in calls_in(tree) if call.args and dotted(call.args[0]) == "sql"]
        assert not named or path.name == "database.py", path
