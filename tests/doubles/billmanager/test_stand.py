"""The BILLmanager double does what is known of the real one; tests cite what they check."""

import base64
import datetime
import json
import os
import resource
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional

import pymysql
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree

from tests import PATIENCE_S, ROOT
from tests.doubles.billmanager import (
    ACTIVE,
    BY_STATISTICS,
    DELETED,
    DEVNULL,
    ORDERED,
    PROCESSING,
    SUSPENDED,
    Addon,
    Call,
    CoreFault,
    DropCall,
    MariaDb,
    MariaDbError,
    Run,
    Stand,
    mariadb,
)

CREDENTIAL = "made-up-password"

# Tells in a document how it was started.
TELLTALE = """
import json, os, sys
try:
    os.fstat(0)
    text = sys.stdin.read()
except OSError:
    text = "closed"
seen = {"argv": sys.argv[1:], "cwd": os.getcwd(), "env": dict(os.environ), "stdin": text,
        "started_as": os.environ.get("PMNEXTCLOUD_STARTED_AS")}
from xml.sax.saxutils import escape
sys.stderr.write("a word to the log")
print("<doc>" + escape(json.dumps(seen)) + "</doc>")
"""


class Shop(NamedTuple):
    """A stand with one paid order that waits to be opened."""

    stand: Stand
    itemtype: int
    module: int
    account: int
    tariff: int
    item: int
    operation: int


class Printed(NamedTuple):
    """What a run of mgrctl left."""

    code: int
    out: bytes
    err: bytes

    @property
    def doc(self) -> etree._Element:
        """The answer of a call in the xml format."""
        return etree.fromstring(self.out)

    @property
    def refusal(self) -> Optional[Dict[str, Optional[str]]]:
        """Type, object and value of an error document, None if it is none."""
        error = self.doc.find("error")
        if error is None:
            return None
        return {
            "type": error.get("type"),
            "object": error.get("object"),
            "value": error.findtext("param[@name='value']"),
        }


@pytest.fixture
def stand() -> Iterator[Stand]:
    """A stand without a program in processing/."""
    with Stand(program=None) as made:
        yield made


@pytest.fixture
def shop(stand: Stand) -> Shop:
    """The usual order: 5 GiB included, 3 ordered."""
    itemtype = stand.add_itemtype("backupservice")
    module = stand.add_module("https://cloud.example.com", "billing", CREDENTIAL)
    account = stand.add_account()
    tariff = stand.add_tariff(itemtype, usergroup="customers")
    item = stand.order(tariff, account, module, ordered=3)
    return Shop(stand, itemtype, module, account, tariff, item, stand.add_operation("open", item))


def command_line(stand: Stand, *words: str) -> List[str]:
    """The words after mgrctl's own name, with manager and xml format."""
    return [str(stand.root / "sbin/mgrctl"), "-m", "billmgr", "-o", "xml", *words]


def execute(command: List[str], **env: str) -> Printed:
    """Run a program with a bare environment and `env`."""
    done = subprocess.run(
        command,
        env={"PATH": "/usr/bin:/bin", **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )
    return Printed(done.returncode, done.stdout, done.stderr)


def mgrctl(stand: Stand, *words: str, **env: str) -> Printed:
    """Call `mgrctl -m billmgr -o xml` with `words`."""
    return execute(command_line(stand, *words), **env)


def wait_until(is_so: Callable[[], object]) -> None:
    """Returns once it is so. Raises AssertionError where it does not become so."""
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def ok(printed: Printed) -> bool:
    """Whether a call succeeded: exit code 0 and no error (docs/en/protocol.md, "mgrctl")."""
    return printed.code == 0 and printed.refusal is None


# -- A, B: the root and how the module is started -------------------------------------------------


@pytest.fixture(params=[False, True], ids=["", "preloaded"])
def preloaded(request: pytest.FixtureRequest) -> bool:
    """Whether the module finds its libraries loaded; all that is seen of it is the same."""
    return bool(request.param)


@pytest.fixture
def telltale(tmp_path: Path, preloaded: bool) -> Iterator[Stand]:
    """A stand whose module tells how it was started."""
    program = tmp_path / "telltale.py"
    program.write_text(TELLTALE, "utf-8")
    with Stand(program=program, preloaded=preloaded) as made:
        yield made


def told(run: Run) -> Dict[str, object]:
    """What the telltale saw."""
    seen = json.loads(run.check().xml.text or "")
    assert isinstance(seen, dict)
    return seen


def test_root_has_the_places_of_a_server(telltale: Stand) -> None:
    """docs/en/protocol.md, "Paths"."""
    root = telltale.root
    for folder in ("processing", "sbin", "etc/billmgr.conf.d", "etc/xml", "var", "src", "tmp"):
        assert (root / folder).is_dir()
    assert os.access(root / "processing/pmnextcloud", os.X_OK)
    assert os.access(root / "sbin/mgrctl", os.X_OK)
    assert "pmnextcloud 9\n" in telltale.read("etc/debug.conf")
    for secret in ("etc/billmgr.pem", "etc/billmgr.conf.d/db.conf"):
        assert stat.S_IMODE((root / secret).stat().st_mode) == 0o600


def test_db_conf_opens_the_database(stand: Stand) -> None:
    """`Key value`, the password with characters that careless readers lose (docs/en/protocol.md,
    "Configuration files").
    """
    lines = stand.read("etc/billmgr.conf.d/db.conf").splitlines()
    conf = dict(line.split(" ", 1) for line in lines)
    assert set(conf) == {"DBHost", "DBName", "DBUser", "DBPassword", "DBSocket"}
    assert not conf["DBPassword"].isalnum()
    with pymysql.connect(
        unix_socket=conf["DBSocket"],
        user=conf["DBUser"],
        password=conf["DBPassword"],
        database=conf["DBName"],
    ) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM measure")
        assert cursor.fetchone() == (5,)


def test_module_reads_all_but_writes_only_statistics(shop: Shop) -> None:
    """Everything but the statistics is written through mgrctl (docs/en/protocol.md, "Database")."""
    database = shop.stand.database
    with database.server.connect(
        database.user,
        database.password,
        database.name,
    ) as connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO itemstat (item, statdate, param, value) VALUES (%s, CURDATE(), 'disk', 1)",
            (shop.item,),
        )
        with pytest.raises(pymysql.MySQLError, match="denied"):
            cursor.execute("UPDATE item SET status = 2")


def test_a_wrong_database_password_is_refused(stand: Stand) -> None:
    """A password cut at its first odd character must not work by chance (docs/en/protocol.md,
    "Database").
    """
    database = stand.database
    with pytest.raises(pymysql.MySQLError, match="denied"):
        database.server.connect(database.user, database.password.split("#")[0], database.name)


def test_module_is_started_as_billmanager_does(telltale: Stand) -> None:
    """Full path, separate values, the root as working folder, stdin closed (docs/en/protocol.md,
    "Calls").
    """
    run = telltale.run("open", item=15, module=2, runningoperation=9, userid=4, extra=["--x", "y"])
    seen = told(run)
    assert seen["argv"] == [
        "--command",
        "open",
        "--item",
        "15",
        "--module",
        "2",
        "--runningoperation",
        "9",
        "--userid",
        "4",
        "--x",
        "y",
    ]
    assert seen["cwd"] == str(telltale.root)
    assert seen["stdin"] == "closed"
    assert seen["started_as"] == run.argv[0] == str(telltale.root / "processing/pmnextcloud")
    assert run.stderr == b"a word to the log"
    assert run.seconds > 0
    assert telltale.runs == [run]


def test_module_gets_a_bare_environment(
    telltale: Stand,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing of the environment is guaranteed; what measures coverage goes along
    (docs/en/protocol.md, "Calls").
    """
    monkeypatch.setenv("HOME", "/root")
    monkeypatch.setenv("COVERAGE_PROCESS_START_SAMPLE", "1")
    env = told(telltale.run("features", env={"ADDED": "yes"}))["env"]
    assert isinstance(env, dict)
    assert env["PATH"] == "/usr/bin:/bin"
    assert env["LANG"] == "C"
    assert env["ADDED"] == "yes"
    assert env["COVERAGE_PROCESS_START_SAMPLE"] == "1"
    assert "HOME" not in env


def test_module_without_a_command_and_in_the_equals_form(telltale: Stand) -> None:
    """BILLmanager's form is the separate one, but both are to be understood (docs/en/protocol.md,
    "Calls").
    """
    assert told(telltale.run(None, item="x"))["argv"] == ["--item", "x"]
    argv = told(telltale.run("open", item=7, form="equals"))["argv"]
    assert argv == ["--command=open", "--item=7"]
    with pytest.raises(ValueError, match="neither"):
        telltale.run("open", form="neither")


@pytest.mark.parametrize(
    ("stdin", "seen"),
    [
        ("<doc>ю</doc>", "<doc>ю</doc>"),
        (b"<doc/>", "<doc/>"),
        (DEVNULL, ""),
        (None, "closed"),
    ],
)
def test_module_stdin(telltale: Stand, stdin: Optional[str], seen: str) -> None:
    """A document for forms, otherwise nothing or not even a descriptor (docs/en/protocol.md,
    "Calls").
    """
    run = telltale.run("check_connection", stdin=stdin)
    assert told(run)["stdin"] == seen
    assert run.stdin == stdin


def test_run_reports_the_error_document(tmp_path: Path, preloaded: bool) -> None:
    """docs/en/protocol.md, "Errors"."""
    program = tmp_path / "fails.py"
    program.write_text(
        'print(\'<doc><error type="open_error" object="quota">'
        '<param name="value">507</param></error></doc>\'); raise SystemExit(1)',
        "utf-8",
    )
    with Stand(program=program, preloaded=preloaded) as stand:
        run = stand.run("open")
    assert run.exit_code == 1
    assert (run.error_type, run.error_object, run.error_value) == ("open_error", "quota", "507")
    with pytest.raises(AssertionError, match="open_error"):
        run.check()


def test_a_program_that_is_preloaded_is_a_process_of_its_own_that_nobody_leaves(
    tmp_path: Path,
) -> None:
    """It leads its session, is a child of the test, ends by what it raises, and leaves nothing."""
    program = tmp_path / "raises.py"
    program.write_text(
        "import os, sys, lxml.etree\n"
        "assert os.getsid(0) == os.getpid()\n"
        "assert os.listdir('/proc/self/fd')[3:] == ['3'], os.listdir('/proc/self/fd')\n"
        "raise ValueError(os.getppid(), 'utils' in sys.modules)\n",
        "utf-8",
    )
    with Stand(program=program, preloaded=True) as stand:
        run = stand.run("open", stdin=DEVNULL)
    assert run.exit_code == 1
    assert f"ValueError: ({os.getpid()}, False)".encode() in run.stderr
    with pytest.raises(ChildProcessError):
        os.waitpid(-stand._processes[0].pid, os.WNOHANG)


@pytest.mark.parametrize("text", ["", "two words", "<doc/><doc/>", "<doc>"])
def test_stdout_that_is_not_one_document_is_an_assertion(tmp_path: Path, text: str) -> None:
    """Standard output is one XML document (docs/en/protocol.md, "Calls")."""
    program = tmp_path / "prints.py"
    program.write_text(f"print({text!r})", "utf-8")
    with Stand(program=program) as stand:
        run = stand.run("features")
    with pytest.raises(AssertionError, match="no XML document"):
        assert run.xml


def test_run_that_does_not_end_is_killed_with_its_children(tmp_path: Path, preloaded: bool) -> None:
    """A test must end even where the module does not."""
    program = tmp_path / "sleeps.py"
    program.write_text("import subprocess; subprocess.run(['sleep', '60'])", "utf-8")
    with Stand(program=program, preloaded=preloaded) as stand:
        with pytest.raises(AssertionError, match="not finished"):
            stand.run("open", timeout_s=0.5)
        assert stand.runs[0].exit_code == -signal.SIGKILL


def test_started_module_can_be_killed_and_is_never_left_behind(
    tmp_path: Path, preloaded: bool
) -> None:
    """Commands end anywhere; the stand takes away what a test forgot."""
    program = tmp_path / "sleeps.py"
    program.write_text("import time; time.sleep(60)", "utf-8")
    with Stand(program=program, preloaded=preloaded) as stand:
        killed = stand.start("open")
        killed.kill_group()
        assert killed.finish().exit_code == -signal.SIGKILL
        killed.kill_group()  # nothing is left to kill, which is no error
        forgotten = stand.start("open")
    assert forgotten.returncode == -signal.SIGKILL


def test_installed_module_is_left_alone(tmp_path: Path) -> None:
    """A tree made by an installer: nothing is written to processing/, nothing is removed."""
    installed = tmp_path / "processing/pmnextcloud"
    installed.parent.mkdir()
    installed.write_text("#!/bin/sh\necho '<doc>installed</doc>'\n", "utf-8")
    installed.chmod(0o755)
    with Stand(program=None, root=tmp_path) as stand:
        assert stand.run("features").check().xml.text == "installed"
        assert (tmp_path / "sbin/mgrctl").exists()
    assert installed.exists()


def test_do_nothing_file(stand: Stand) -> None:
    """docs/en/protocol.md, "Configuration files"."""
    path = stand.root / "etc/billmgr.DoNothing"
    stand.do_nothing(False)
    assert not path.exists()
    stand.do_nothing()
    assert path.exists()
    stand.do_nothing(False)
    assert not path.exists()


def test_operation_is_run_as_the_scheduler_does(tmp_path: Path) -> None:
    """Tries are counted while the operation is there (docs/en/protocol.md, "Failures of
    operations").
    """
    program = tmp_path / "telltale.py"
    program.write_text(TELLTALE, "utf-8")
    with Stand(program=program) as stand:
        tariff = stand.add_tariff(stand.add_itemtype("nextcloud"))
        module = stand.add_module("https://a.example.com", "billing", CREDENTIAL)
        item = stand.order(tariff, stand.add_account(), module)
        operation = stand.add_operation("open", item, trycount=4)
        seen = told(stand.run_operation(operation))
        assert seen["argv"] == [
            "--command",
            "open",
            "--item",
            str(item),
            "--runningoperation",
            str(operation),
        ]
        row = stand.operation(operation)
        assert row is not None
        assert row["trycount"] == 5
        assert ok(mgrctl(stand, "nextcloud.open", f"elid={item}", "sok=ok"))
        with pytest.raises(KeyError):
            stand.run_operation(operation)


# -- mgrctl ---------------------------------------------------------------------------------------


def test_answers_in_every_format(stand: Stand) -> None:
    """`-o` or `out=`, lists and forms, leaves of plain json."""
    program = str(stand.root / "sbin/mgrctl")

    def ask(*words: str) -> str:
        printed = execute([program, "-m", "billmgr", *words])
        assert printed.code == 0
        return printed.out.decode()

    name = stand.database.name
    paramlist = ("paramlist", "elid=DBName")
    for words in (["-o", "xml", *paramlist], [*paramlist, "out=xml"], ["-o", "devel", *paramlist]):
        assert etree.fromstring(ask(*words).encode()).findtext("elem/DBName") == name
    assert json.loads(ask("-o", "json", *paramlist)) == {"doc": {"elem": [{"DBName": {"$": name}}]}}
    assert json.loads(ask(*paramlist, "out=bjson")) == {"elem": [{"DBName": name}]}
    assert ask(*paramlist) == f"DBName={name}\n"
    task = ("task.gettype", "operation=open")
    assert json.loads(ask(*task, "out=bjson")) == {"model": {"task_type": "21"}}
    assert json.loads(ask("-o", "json", *task)) == {"doc": {"task_type": {"$": "21"}}}
    assert ask(*task) == "task_type=21\n"


def test_an_unknown_function_is_an_error_with_exit_code_zero(stand: Stand) -> None:
    """Both the code and the answer are to be looked at (docs/en/protocol.md, "Errors")."""
    printed = mgrctl(stand, "service.nosuch", "elid=1", "sok=ok")
    assert printed.code == 0
    assert printed.err == b""
    assert printed.out.startswith(b'<?xml version="1.0" encoding="UTF-8"?>')
    assert printed.refusal == {"type": "missed", "object": "function", "value": "service.nosuch"}
    bjson = execute([*command_line(stand, "nosuch"), "out=bjson"])
    assert json.loads(bjson.out)["error"]["type"] == "missed"
    plain = execute([*command_line(stand, "nosuch"), "out=json"])
    assert json.loads(plain.out)["doc"]["error"]["$object"] == "function"
    text = execute([*command_line(stand, "nosuch"), "out=text"])
    assert text.out == b"ERROR missed(function) nosuch\n"


def test_core_down_is_exit_code_one_with_text_on_stderr(stand: Stand) -> None:
    """docs/en/protocol.md, "mgrctl"."""
    stand.core_down = True
    printed = mgrctl(stand, "paramlist")
    assert (printed.code, printed.out) == (1, b"")
    assert b"ERROR" in printed.err
    stand.core_down = False
    assert ok(mgrctl(stand, "paramlist"))
    assert [call.exit_code for call in stand.calls] == [1, 0]


def test_mgrctl_of_a_closed_stand_fails(tmp_path: Path) -> None:
    """Nobody listens while the core restarts (docs/en/protocol.md, "mgrctl")."""
    with Stand(program=None, root=tmp_path) as stand:
        assert ok(mgrctl(stand, "paramlist"))
    printed = mgrctl(stand, "paramlist")
    assert (printed.code, printed.out) == (1, b"")
    assert b"no answer" in printed.err


@pytest.mark.parametrize(
    "words",
    [
        ["paramlist"],
        ["-m", "ispmgr", "paramlist"],
        ["-m", "billmgr"],
        ["-m"],
        ["-m", "billmgr", "-x", "paramlist"],
        ["-m", "billmgr", "-o", "yaml", "paramlist"],
        ["-m", "billmgr", "paramlist", "elid"],
        ["-m", "billmgr", "-e", "elid=$NOT_SET", "paramlist"],
        ["-m", "billmgr", "-e", "elid", "paramlist"],
    ],
)
def test_arguments_that_are_none_are_refused(stand: Stand, words: List[str]) -> None:
    """What the real one could not even send ends with exit code 1."""
    printed = execute([str(stand.root / "sbin/mgrctl"), *words])
    assert (printed.code, printed.out) == (1, b"")
    assert printed.err.startswith(b"ERROR: ")
    assert stand.calls[0].argv == tuple(words)


def test_a_value_by_environment_is_recorded_by_its_name_only(shop: Shop) -> None:
    """`-e 'param=$ENVNAME'` keeps a secret off the command line (docs/en/protocol.md, "mgrctl")."""
    text = "пароль =$ 'x'\n\t!"
    printed = mgrctl(
        shop.stand,
        "-e",
        "value=$PM_VALUE",
        "service.saveparam",
        "sok=ok",
        f"elid={shop.item}",
        "name=userpassword",
        "crypted=on",
        PM_VALUE=text,
        SSH_CONNECTION="pmnextcloud",
    )
    assert ok(printed)
    assert shop.stand.params(shop.item)["userpassword"] == text
    (call,) = shop.stand.called("service.saveparam")
    assert call.args["value"] == "$PM_VALUE"
    assert call.secrets == {"value": text}
    assert call.values["value"] == text
    assert not any(text in word for word in call.argv)
    assert call.ssh_connection == "pmnextcloud"
    assert call.error_type is None
    assert call.seconds > 0
    assert shop.stand.leaks == []


def test_secrets_on_a_command_line_are_leaks(shop: Shop, tmp_path: Path) -> None:
    """A command line is for everybody on the host to read (docs/en/protocol.md, "mgrctl")."""
    stand = shop.stand
    stand.strict_argv_secrets.append("t0p")
    mgrctl(stand, "service.saveparam", "sok=ok", f"elid={shop.item}", "name=a", "value=xt0px")
    mgrctl(stand, "processing.edit", f"elid={shop.module}", f"nc_password={CREDENTIAL}")
    mgrctl(
        stand,
        "service.saveparam",
        "sok=ok",
        f"elid={shop.item}",
        "name=b",
        "value=q1",
        "crypted=on",
    )
    mgrctl(stand, "service.saveparam", "sok=ok", f"elid={shop.item}", "c=q1", "crypted=on")
    stand.write("processing/pmnextcloud", "#!/bin/sh\n", 0o755)
    stand.run("changepassword", extra=[f"--password={CREDENTIAL}"])
    assert [leak.program for leak in stand.leaks] == ["mgrctl"] * 4 + ["pmnextcloud"]
    assert stand.leaks[0].argv[-1] == "value=x***x"
    assert stand.leaks[-1].argv[-1] == "--password=***"
    assert not any(CREDENTIAL in word for leak in stand.leaks for word in leak.argv)


def test_mgrctl_is_quick(stand: Stand) -> None:
    """The double must not spoil what is measured of the module.

    Measured is the time of the processor, that of the stand's own threads with it: how long one
    waits for the processor is the machine's affair.
    """

    def best(command: List[str]) -> float:
        times = []
        for _ in range(15):
            started = used_s()
            execute(command)
            times.append(used_s() - started)
        return min(times)

    def used_s() -> float:
        others = resource.getrusage(resource.RUSAGE_CHILDREN)
        return time.process_time() + others.ru_utime + others.ru_stime

    bare = best([os.path.realpath(sys.executable), "-ISE", "-c", "pass"])
    assert best(command_line(stand, "task.gettype", "operation=open")) < bare + 0.020


def test_twenty_calls_at_once(shop: Shop) -> None:
    """Operations of different items run at the same time (docs/en/protocol.md, "Failures of
    operations").
    """
    stand = shop.stand
    items = [stand.order(shop.tariff, shop.account, shop.module) for _ in range(20)]
    printed: List[bool] = []

    def save(item: int) -> None:
        for name in ("username", "url"):
            words = ("service.saveparam", "sok=ok", f"elid={item}", f"name={name}", "value=v")
            printed.append(ok(mgrctl(stand, *words)))
        printed.append(ok(mgrctl(stand, "backupservice.open", "sok=ok", f"elid={item}")))

    threads = [threading.Thread(target=save, args=(item,)) for item in items]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert printed == [True] * 60
    assert {stand.item(item)["status"] for item in items} == {ACTIVE}
    assert all(stand.params(item) == {"username": "v", "url": "v"} for item in items)


# -- functions and their effects ------------------------------------------------------------------


def test_open_of_the_items_type(shop: Shop) -> None:
    """Sets the status and deletes the running operation (docs/en/protocol.md, "Closing calls")."""
    printed = mgrctl(shop.stand, "backupservice.open", f"elid={shop.item}", "sok=ok")
    assert ok(printed)
    assert list(printed.doc) == []
    item = shop.stand.item(shop.item)
    assert (item["status"], item["opendate"]) == (ACTIVE, datetime.date.today())
    assert shop.stand.operation(shop.operation) is None
    assert ok(mgrctl(shop.stand, "backupservice.open", f"elid={shop.item}", "sok=ok"))


def test_open_of_other_types(shop: Shop) -> None:
    """`<itemtype>.open` exists for product types, and fits its own items only (docs/en/protocol.md,
    "Closing calls").
    """
    stand, elid = shop.stand, f"elid={shop.item}"
    stand.add_itemtype("nextcloud")
    refusal = mgrctl(stand, "nextcloud.open", elid, "sok=ok").refusal
    assert refusal == {"type": "value", "object": "elid", "value": str(shop.item)}
    for function in ("disk.open", "nosuch.open", "service.open", "open"):
        refusal = mgrctl(stand, function, elid, "sok=ok").refusal
        assert refusal == {"type": "missed", "object": "function", "value": function}
    assert stand.item(shop.item)["status"] == PROCESSING
    assert stand.operation(shop.operation) is not None


def test_a_function_can_be_hidden(shop: Shop) -> None:
    """What says that a request was accepted ends the operation and opens nothing."""
    shop.stand.hidden_functions.add("backupservice.open")
    elid = f"elid={shop.item}"
    assert not ok(mgrctl(shop.stand, "backupservice.open", elid, "sok=ok"))
    assert ok(mgrctl(shop.stand, "service.postopen", elid, "sok=ok"))
    assert shop.stand.item(shop.item)["status"] == PROCESSING
    assert shop.stand.operation(shop.operation) is None


@pytest.mark.parametrize(
    ("function", "before", "after"),
    [
        ("service.postclose", PROCESSING, DELETED),
        ("service.postclose", DELETED, DELETED),
        ("service.postsuspend", PROCESSING, SUSPENDED),
        ("service.postresume", PROCESSING, ACTIVE),
        ("service.postsetparam", PROCESSING, ACTIVE),
        ("service.postprolong", PROCESSING, ACTIVE),
        ("service.postchangepassword", ACTIVE, ACTIVE),
    ],
)
def test_post_calls_end_the_operation(
    shop: Shop,
    function: str,
    before: int,
    after: int,
) -> None:
    """The operation of another service stays (docs/en/protocol.md, "Closing calls")."""
    shop.stand.set_status(shop.item, before)
    other = shop.stand.order(shop.tariff, shop.account, shop.module)
    other_operation = shop.stand.add_operation("open", other)
    assert ok(mgrctl(shop.stand, function, f"elid={shop.item}", "sok=ok"))
    assert shop.stand.item(shop.item)["status"] == after
    assert shop.stand.operations(shop.item) == []
    assert [row["id"] for row in shop.stand.operations()] == [other_operation]
    assert shop.stand.item(other)["status"] == PROCESSING


def test_suspension_is_remembered_and_ended(shop: Shop) -> None:
    """Why a service is suspended stands on the item."""
    stand, elid = shop.stand, f"elid={shop.item}"
    mgrctl(stand, "service.postsuspend", elid, "sok=ok")
    assert stand.item(shop.item)["autosuspend"] == "on"
    assert stand.item(shop.item)["suspenddate"] == datetime.date.today()
    stand.change_tariff(shop.item, stand.add_tariff(shop.itemtype))
    mgrctl(stand, "service.postsetparam", elid, "sok=ok")
    assert stand.item(shop.item)["status"] == SUSPENDED
    mgrctl(stand, "service.postresume", elid, "sok=ok")
    item = stand.item(shop.item)
    assert (item["status"], item["autosuspend"], item["suspenddate"]) == (ACTIVE, None, None)


def test_postsetparam_ends_a_tariff_change(shop: Shop) -> None:
    """docs/en/protocol.md, "Tables"."""
    stand = shop.stand
    tariff = stand.add_tariff(shop.itemtype)
    stand.change_tariff(shop.item, tariff, ordered={"disk": 2})
    item = stand.item(shop.item)
    assert (item["pricelist"], item["lastpricelist"]) == (tariff, shop.tariff)
    assert item["status"] == PROCESSING
    assert ok(mgrctl(stand, "service.postsetparam", f"elid={shop.item}", "sok=ok"))
    item = stand.item(shop.item)
    assert (item["pricelist"], item["lastpricelist"]) == (tariff, None)
    assert item["status"] == ACTIVE


def test_rollback_of_a_tariff_change(shop: Shop) -> None:
    """Back on the old tariff; the operation stays for the error to be saved (docs/en/protocol.md,
    "Failures of operations").
    """
    stand, function = shop.stand, "service.changepricelist.rollback"
    words = (function, f"elid={shop.item}", "sok=ok")
    refusal = mgrctl(stand, *words).refusal
    assert refusal is not None
    assert refusal["object"] == "lastpricelist"
    stand.change_tariff(shop.item, stand.add_tariff(shop.itemtype))
    assert ok(mgrctl(stand, *words))
    item = stand.item(shop.item)
    assert (item["pricelist"], item["lastpricelist"]) == (shop.tariff, None)
    assert stand.operation(shop.operation) is not None


@pytest.mark.parametrize(
    ("words", "kind", "subject"),
    [
        (["sok=ok"], "missed", "elid"),
        (["elid=999", "sok=ok"], "missed", "item"),
        (["elid=", "sok=ok"], "missed", "elid"),
        (["elid=1 OR 1", "sok=ok"], "value", "elid"),
        (["elid=-1", "sok=ok"], "value", "elid"),
        (["elid={item}"], "missed", "sok"),
        (["elid={item}", "sok=yes"], "value", "sok"),
        (["elid={addon}", "sok=ok"], "missed", "item"),
    ],
)
def test_what_a_real_one_would_refuse(
    shop: Shop,
    words: List[str],
    kind: str,
    subject: str,
) -> None:
    """An error document, exit code 0, nothing changed (docs/en/protocol.md, "mgrctl")."""
    addon = shop.stand.sql("SELECT id FROM item WHERE parent = %s", shop.item)[0]["id"]
    words = [word.format(item=shop.item, addon=addon) for word in words]
    before = shop.stand.sql("SELECT * FROM item ORDER BY id")
    for function in (
        "backupservice.open",
        "service.postclose",
        "service.saveparam",
        "service.dropparam",
    ):
        printed = mgrctl(shop.stand, function, "name=a", "value=b", *words)
        assert printed.code == 0
        assert printed.refusal is not None
        assert (printed.refusal["type"], printed.refusal["object"]) == (kind, subject)
        assert shop.stand.calls[-1].error_type == kind
    assert shop.stand.sql("SELECT * FROM item ORDER BY id") == before
    assert shop.stand.params(shop.item) == {}
    assert shop.stand.operation(shop.operation) is not None


@pytest.mark.parametrize(
    ("function", "status"),
    [
        ("backupservice.open", DELETED),
        ("backupservice.open", SUSPENDED),
        ("service.postsuspend", DELETED),
        ("service.postresume", ORDERED),
        ("service.postsetparam", DELETED),
        ("service.postprolong", DELETED),
    ],
)
def test_a_status_that_does_not_fit_is_refused(shop: Shop, function: str, status: int) -> None:
    """A closed service is never brought back by a late call (docs/en/protocol.md, "Tables")."""
    shop.stand.set_status(shop.item, status)
    refusal = mgrctl(shop.stand, function, f"elid={shop.item}", "sok=ok").refusal
    assert refusal == {"type": "value", "object": "status", "value": str(status)}
    assert shop.stand.item(shop.item)["status"] == status


@pytest.mark.parametrize(
    "words",
    [
        ["name=username", "value=user_7", "crypted=off"],
        ["username=user_7", "crypted=off"],
        ["name=username", "value=user_7"],
    ],
)
def test_saveparam_takes_both_forms(shop: Shop, words: List[str]) -> None:
    """`name=` and `value=` as in the core's log, `<n>=<v>` as in the Python library
    (docs/en/protocol.md, "Saved parameters").
    """
    assert ok(mgrctl(shop.stand, "service.saveparam", "sok=ok", f"elid={shop.item}", *words))
    assert shop.stand.params(shop.item) == {"username": "user_7"}
    assert shop.stand.crypted_names(shop.item) == []


def test_saveparam_encrypts_and_leaves_one_value(shop: Shop) -> None:
    """`crypted=on` stores ciphertext and removes a value in clear (docs/en/protocol.md, "Saved
    parameters").
    """
    stand, elid = shop.stand, f"elid={shop.item}"
    mgrctl(stand, "service.saveparam", "sok=ok", elid, "userpassword=in clear")
    mgrctl(
        stand,
        "-e",
        "userpassword=$P",
        "service.saveparam",
        "sok=ok",
        elid,
        "crypted=on",
        P="Grün7654",
    )
    assert stand.sql("SELECT * FROM itemparam WHERE item = %s", shop.item) == []
    stored = stand.sql("SELECT value FROM itemcryptedparam WHERE item = %s", shop.item)
    assert len(stored) == 1
    assert "Grün" not in stored[0]["value"]
    assert stand.decrypt(stored[0]["value"]) == "Grün7654"
    assert stand.crypted_names(shop.item) == ["userpassword"]
    mgrctl(stand, "service.saveparam", "sok=ok", elid, "userpassword=open", "crypted=off")
    assert stand.crypted_names(shop.item) == []
    assert stand.params(shop.item) == {"userpassword": "open"}


@pytest.mark.parametrize(
    ("words", "subject"),
    [
        (["name=a", "value=b", "crypted=yes"], "crypted"),
        (["name=a b", "value=b"], "name"),
        (["name=", "value=b"], "name"),
        (["name=a", "crypted=on", "value=" + "x" * 246], "value"),
    ],
)
def test_saveparam_refuses(shop: Shop, words: List[str], subject: str) -> None:
    """A flag that is none, a name that is none, over 245 bytes to encrypt (docs/en/protocol.md,
    "Saved parameters").
    """
    words = ["service.saveparam", "sok=ok", f"elid={shop.item}", *words]
    refusal = mgrctl(shop.stand, *words).refusal
    assert refusal is not None
    assert refusal["object"] == subject
    assert shop.stand.params(shop.item) == {}


def test_saveparam_of_a_core_that_knows_one_form(shop: Shop) -> None:
    """Which form the core takes is unknown, hence reading back (docs/en/protocol.md, "Saved
    parameters").
    """
    stand, elid = shop.stand, f"elid={shop.item}"
    stand.saveparam_form = "pairs"
    mgrctl(stand, "service.saveparam", "sok=ok", elid, "name=username", "value=user_7")
    assert stand.params(shop.item) == {"name": "username", "value": "user_7"}
    stand.saveparam_form = "name"
    assert stand.saveparam_form == "name"
    assert not ok(mgrctl(stand, "service.saveparam", "sok=ok", elid, "username=user_7"))
    assert "username" not in stand.params(shop.item)


def test_params_are_dropped(shop: Shop) -> None:
    """`dropparam`, or `saveparam` without a value (docs/en/protocol.md, "Saved parameters")."""
    stand, elid = shop.stand, f"elid={shop.item}"
    stand.save_param(shop.item, "a", "1", crypted=False)
    stand.save_param(shop.item, "b", "2", crypted=True)
    stand.save_param(shop.item, "c", "3", crypted=True)
    assert ok(mgrctl(stand, "service.dropparam", "sok=ok", elid, "name=b"))
    assert ok(mgrctl(stand, "service.saveparam", "sok=ok", elid, "name=c"))
    assert stand.params(shop.item) == {"a": "1"}
    assert not ok(mgrctl(stand, "service.dropparam", "sok=ok", elid))


@pytest.mark.parametrize(
    ("date", "taken"),
    [
        ("2026-02-28", True),
        ("2026-02-30", False),
        ("2026-2-3", False),
        ("28.02.2026", False),
        ("", False),
    ],
)
def test_poststat_wants_a_date(shop: Shop, date: str, taken: bool) -> None:
    """`elid=<module> date=YYYY-MM-DD`, without sok (docs/en/protocol.md, "Statistics")."""
    words = ("service.poststat", f"elid={shop.module}", f"date={date}")
    assert ok(mgrctl(shop.stand, *words)) is taken


def test_poststat_wants_a_module(shop: Shop) -> None:
    """The module's id, not an item's (docs/en/protocol.md, "Statistics")."""
    words = ("service.poststat", f"elid={shop.item}", "date=2026-02-28")
    refusal = mgrctl(shop.stand, *words).refusal
    assert refusal is not None
    assert refusal["object"] == "processingmodule"


def test_errors_are_saved_on_the_operation(shop: Shop) -> None:
    """`errorxml`, and manual on and off (docs/en/protocol.md, "Failures of operations")."""
    stand, elid = shop.stand, f"elid={shop.operation}"
    text = "<doc><error type='x'>ю</error></doc>"
    assert ok(mgrctl(stand, "runningoperation.edit", "sok=ok", elid, f"errorxml={text}"))
    row = stand.operation(shop.operation)
    assert row is not None
    assert (row["errorxml"], row["manual"]) == (text, None)
    for words, manual in (
        (("runningoperation.setmanual", elid), "on"),
        (("runningoperation.edit", "sok=ok", elid, "manual=off"), None),
        (("runningoperation.edit", "sok=ok", elid, "manual=on"), "on"),
    ):
        assert ok(mgrctl(stand, *words))
        row = stand.operation(shop.operation)
        assert row is not None
        assert (row["errorxml"], row["manual"]) == (text, manual)
    for function in ("runningoperation.edit", "runningoperation.setmanual"):
        assert not ok(mgrctl(stand, function, "sok=ok", "elid=1"))
    assert not ok(mgrctl(stand, "runningoperation.edit", "sok=ok", elid, "manual=maybe"))
    assert not ok(mgrctl(stand, "runningoperation.edit", elid, "manual=off"))


def test_task_for_staff(shop: Shop) -> None:
    """The type by the operation's name, then the task (docs/en/protocol.md, "Failures of
    operations").
    """
    stand = shop.stand
    number = mgrctl(stand, "task.gettype", "operation=open").doc.findtext("task_type")
    assert number is not None
    assert list(mgrctl(stand, "task.gettype", "operation=nosuch").doc) == []
    words = (f"item={shop.item}", f"runningoperation={shop.operation}", "params=why")
    assert not ok(mgrctl(stand, "task.edit", "sok=ok", *words, "type=1"))
    assert not ok(mgrctl(stand, "task.edit", *words, f"type={number}"))
    assert not ok(mgrctl(stand, "task.edit", "sok=ok", f"type={number}"))
    assert stand.tasks() == []
    assert ok(mgrctl(stand, "task.edit", "sok=ok", *words, f"type={number}"))
    (task,) = stand.tasks()
    assert (task["item"], task["runningoperation"]) == (shop.item, shop.operation)
    assert (task["type_name"], task["params"], task["status"]) == ("open", "why", 0)
    mgrctl(stand, "backupservice.open", f"elid={shop.item}", "sok=ok")
    assert stand.tasks()[0]["runningoperation"] is None


def test_notification_of_a_user(shop: Shop) -> None:
    """One for each call, whose answer says nothing (docs/en/protocol.md, "Notifications")."""
    stand = shop.stand
    [user] = stand.sql("SELECT id FROM user WHERE account = %s", shop.account)
    words = ["notification.edit", "subject=Тема", "message=Текст"]
    elid = f"user={user['id']}"
    assert not ok(mgrctl(stand, *words, elid))
    assert not ok(mgrctl(stand, *words, "sok=ok"))
    assert not ok(mgrctl(stand, *words, "sok=ok", f"user={shop.account}"))
    assert not ok(mgrctl(stand, *words[:2], "sok=ok", elid))
    assert stand.notices() == []
    for _ in range(2):
        printed = mgrctl(stand, *words, "sok=ok", elid)
        assert ok(printed)
        assert list(printed.doc) == []
    first, second = stand.notices()
    assert (first["user"], first["subject"], first["message"]) == (user["id"], "Тема", "Текст")
    assert second["id"] > first["id"]
    stand.hide_notices()
    assert ok(mgrctl(stand, *words, "sok=ok", elid))
    assert len(stand.notices()) == 3
    assert not stand.sql("SHOW TABLES LIKE 'notification'")


def test_check_of_a_choice(telltale: Stand) -> None:
    """Field and value as options, the item as a document (docs/en/protocol.md, "Checks")."""
    seen = told(telltale.check("check_addon", "addon_513", 12, item=7, tariff=501, lang="ru"))
    assert seen["argv"] == [
        *("--command", "check_addon", "--item", "7"),
        *("--param", "addon_513", "--value", "12", "--lang", "ru"),
    ]
    assert seen["stdin"] == "<doc><item><id>7</id><pricelist>501</pricelist></item></doc>"
    seen = told(telltale.check("check_param", "username", "ivanov"))
    assert seen["argv"] == [
        *("--command", "check_param"),
        *("--param", "username", "--value", "ivanov"),
    ]
    assert seen["stdin"] == "<doc><item></item></doc>"


def test_processing_edit_shows_secrets_in_clear(shop: Shop) -> None:
    """Read only for a module (docs/en/protocol.md, "Form of a stored module")."""
    answer = mgrctl(shop.stand, "processing.edit", f"elid={shop.module}").doc
    assert answer.findtext("nc_password") == CREDENTIAL
    assert answer.findtext("base_url") == "https://cloud.example.com"
    assert answer.findtext("module") == "pmnextcloud"
    assert not ok(mgrctl(shop.stand, "processing.edit", f"elid={shop.module}", "sok=ok"))
    assert not ok(mgrctl(shop.stand, "processing.edit", f"elid={shop.item}"))


def test_problem_of_a_module(shop: Shop) -> None:
    """One row per registration (docs/en/protocol.md, "Failures of operations")."""
    words = [
        "problems.register",
        "name=processingmodule_connect",
        "param_errormsg=down",
        f"param_pm_id={shop.module}",
        "sok=ok",
    ]
    elid = f"id={shop.module}"
    assert not ok(mgrctl(shop.stand, *words, elid, "level=bad"))
    assert not ok(mgrctl(shop.stand, *words, f"id={shop.item}", "level=error"))
    assert shop.stand.problems() == []
    for _ in range(2):
        assert ok(mgrctl(shop.stand, *words, elid, "level=error"))
    first, second = shop.stand.problems()
    assert (first["name"], first["elid"]) == ("processingmodule_connect", shop.module)
    assert first["params"] == second["params"] == f"param_errormsg=down\nparam_pm_id={shop.module}"


def test_paramlist_tells_what_db_conf_tells(stand: Stand) -> None:
    """docs/en/protocol.md, "Database"."""
    answer = mgrctl(stand, "paramlist").doc
    told_values = {element[0].tag: element[0].text for element in answer.findall("elem")}
    assert told_values["DBPassword"] == stand.database.password
    assert told_values["CryptKey"] == "etc/billmgr.pem"
    stand.write_db_conf(DBHost="elsewhere", DBSocket=None)
    assert "DBSocket" not in stand.read("etc/billmgr.conf.d/db.conf")
    answer = mgrctl(stand, "paramlist").doc
    assert answer.findtext("elem/DBHost") == "elsewhere"
    assert answer.find("elem/DBSocket") is None


# -- hooks and faults -----------------------------------------------------------------------------


def test_hooks_see_the_call_before_and_after_its_effect(shop: Shop) -> None:
    """A place to kill the module at."""
    stand = shop.stand
    seen: List[object] = []
    stand.before_call = lambda call: seen.append((call.function, stand.item(shop.item)["status"]))
    stand.after_call = lambda call: seen.append((call.answered, stand.item(shop.item)["status"]))
    mgrctl(stand, "backupservice.open", f"elid={shop.item}", "sok=ok")
    assert seen == [("backupservice.open", PROCESSING), (None, ACTIVE)]
    assert stand.before_call is not None
    assert stand.after_call is not None


@pytest.mark.parametrize(
    ("moment", "status"),
    [
        ("before_call", PROCESSING),
        ("after_call", ACTIVE),
    ],
)
def test_a_hook_can_drop_the_call(shop: Shop, moment: str, status: int) -> None:
    """The answer got lost, with or without the effect (docs/en/protocol.md, "Closing calls")."""

    def drop(_call: Call) -> None:
        raise DropCall

    setattr(shop.stand, moment, drop)
    printed = mgrctl(shop.stand, "backupservice.open", f"elid={shop.item}", "sok=ok")
    assert printed.code == 1
    assert b"no answer" in printed.err
    assert shop.stand.item(shop.item)["status"] == status
    assert shop.stand.calls[0].answered is None


def test_a_broken_hook_fails_the_test() -> None:
    """A fault of the double must not pass for a fault of the core."""

    def broken(_call: Call) -> None:
        raise ZeroDivisionError

    stand = Stand(program=None)
    stand.before_call = broken
    assert mgrctl(stand, "paramlist").code == 1
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        stand.close()


@pytest.mark.parametrize(
    ("kind", "code", "status"),
    [
        ("exit1", 1, PROCESSING),
        ("error", 0, PROCESSING),
        ("garbage", 0, PROCESSING),
        ("cut_after_effect", 1, ACTIVE),
    ],
)
def test_faults_of_the_core(shop: Shop, kind: str, code: int, status: int) -> None:
    """The nth matching call fails, the others do not."""
    stand = shop.stand
    stand.core_faults = [CoreFault(r".*\.open", nth=2, kind=kind)]
    other = stand.order(shop.tariff, shop.account, shop.module)
    assert ok(mgrctl(stand, "backupservice.open", f"elid={other}", "sok=ok"))
    assert ok(mgrctl(stand, "paramlist"))
    printed = mgrctl(stand, "backupservice.open", f"elid={shop.item}", "sok=ok")
    assert printed.code == code
    assert bool(printed.err) == (code == 1)
    assert stand.item(shop.item)["status"] == status
    if kind == "error":
        assert printed.refusal is not None
    if kind == "garbage":
        with pytest.raises(etree.XMLSyntaxError):
            assert printed.doc
    assert ok(mgrctl(stand, "backupservice.open", f"elid={shop.item}", "sok=ok"))


def test_faults_last_as_long_as_asked(stand: Stand) -> None:
    """A core that is down for two calls, then one that stays down."""
    stand.core_faults.append(CoreFault("paramlist", times=2))
    assert [mgrctl(stand, "paramlist").code for _ in range(3)] == [1, 1, 0]
    stand.core_faults = [CoreFault("paramlist", nth=2, times=None)]
    assert [mgrctl(stand, "paramlist").code for _ in range(4)] == [0, 1, 1, 1]
    with pytest.raises(ValueError, match="explode"):
        CoreFault("paramlist", kind="explode")


def test_a_hanging_core_lets_go_of_who_gives_up(shop: Shop) -> None:
    """The call hangs until it is killed, without effect; the stand goes on."""
    stand = shop.stand
    stand.core_faults = [CoreFault("backupservice.open", kind="hang")]
    words = command_line(stand, "backupservice.open", f"elid={shop.item}", "sok=ok")
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as hanging:
        wait_until(lambda: stand.called("backupservice.open"))
        with pytest.raises(subprocess.TimeoutExpired):
            hanging.wait(0.5)
        hanging.kill()
    assert stand.item(shop.item)["status"] == PROCESSING
    assert ok(mgrctl(stand, "backupservice.open", f"elid={shop.item}", "sok=ok"))


def test_closing_the_stand_ends_a_hanging_call() -> None:
    """No test leaves a process behind."""
    with Stand(program=None) as stand:
        stand.core_faults = [CoreFault("paramlist", kind="hang")]
        hanging = subprocess.Popen(
            command_line(stand, "paramlist"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        wait_until(lambda: stand.called("paramlist"))
    _, err = hanging.communicate(timeout=PATIENCE_S)
    assert hanging.returncode == 1
    assert b"no answer" in err


# -- tables ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO itemparam (item, intname, value) VALUES (1, 'a', 'b')",
        "INSERT INTO item (pricelist, processingmodule) VALUES (501, 1)",
        "INSERT INTO itemstat (item, statdate, param, value, measure) "
        "VALUES (1001, '2026-01-01', 'disk', 1, 1)",
        "DELETE FROM processingmodule",
        "DELETE FROM account",
    ],
)
def test_foreign_keys_are_enforced(shop: Shop, statement: str) -> None:
    """docs/en/protocol.md, "Database"."""
    assert (shop.item, shop.tariff) == (1001, 501)
    with pytest.raises(pymysql.IntegrityError, match="foreign key"):
        shop.stand.sql(statement)


def test_statistics_have_one_row_per_item_day_and_param(shop: Shop) -> None:
    """The unique key by which a second run replaces (docs/en/protocol.md, "Statistics")."""
    query = "INSERT INTO itemstat (item, statdate, param, value, measure) VALUES (%s,%s,%s,%s,%s)"
    gib = shop.stand.measure("gib")
    row = (shop.item, "2026-01-01", "disk", "1.25", gib)
    shop.stand.sql(query, *row)
    with pytest.raises(pymysql.IntegrityError, match="Duplicate"):
        shop.stand.sql(query, *row)
    shop.stand.sql(f"{query} ON DUPLICATE KEY UPDATE value = VALUES(value)", *row[:3], 2, gib)
    shop.stand.sql(query, shop.item, "2026-01-02", "disk", 3, None)
    for owner in (shop.item, shop.module):
        assert [
            (row["item"], str(row["statdate"]), row["param"], float(row["value"]), row["measure"])
            for row in shop.stand.stats(owner)
        ] == [
            (shop.item, "2026-01-01", "disk", 2.0, "gib"),
            (shop.item, "2026-01-02", "disk", 3.0, None),
        ]


def test_measures_form_a_chain(stand: Stand) -> None:
    """One is `relation` of the lesser measure (docs/en/protocol.md, "Space of a service")."""
    rows = {row["id"]: row for row in stand.sql("SELECT * FROM measure")}

    def to_bytes(measure: Optional[int]) -> int:
        row = rows[measure]
        less = row["lessmeasure"]
        return 1 if less is None else row["relation"] * to_bytes(less)

    names = ("byte", "kib", "mib", "gib", "tib")
    assert [to_bytes(stand.measure(name)) for name in names] == [1024**n for n in range(5)]
    assert stand.measure(None) is None
    with pytest.raises(KeyError):
        stand.measure("pib")


def test_ids_of_different_kinds_differ(shop: Shop) -> None:
    """A program that takes an item's id for a module's must not hit anything."""
    numbers = [shop.itemtype, shop.module, shop.account, shop.tariff, shop.item, shop.operation]
    assert len(set(numbers)) == len(numbers)
    with pytest.raises(KeyError):
        shop.stand.item(shop.module)


# -- add-ons --------------------------------------------------------------------------------------


def addon_rows(stand: Stand, item: int) -> Dict[str, Dict[str, object]]:
    """What the module reads of an item's add-ons, by name."""
    rows = stand.sql(
        "SELECT COALESCE(p.intname, t.intname) AS name, p.active, p.addontype, p.billtype,"
        " p.compound, p.addonlimit, p.addonmax, p.addonmaxtrial, m.intname AS measure,"
        " a.addonlimit AS own_limit, a.intvalue, a.id AS own"
        " FROM item i JOIN pricelist p ON p.parent = i.pricelist"
        " JOIN itemtype t ON t.id = p.itemtype LEFT JOIN measure m ON m.id = p.measure"
        " LEFT JOIN item a ON a.parent = i.id AND a.pricelist = p.id"
        " WHERE i.id = %s AND p.billtype NOT IN (4, 10)",
        item,
    )
    return {row["name"]: row for row in rows}


def test_included_and_ordered_amounts(shop: Shop) -> None:
    """Included limit of the tariff, ordered extra in a row of the item's own (docs/en/protocol.md,
    "Space of a service").
    """
    row = addon_rows(shop.stand, shop.item)["disk"]
    assert (row["addonlimit"], row["own_limit"], row["intvalue"]) == (5, None, 3)
    assert (row["active"], row["addontype"], row["billtype"]) == ("on", 2, 2)
    assert (row["measure"], row["compound"]) == ("gib", None)
    plain = shop.stand.order(shop.tariff, shop.account, shop.module)
    assert addon_rows(shop.stand, plain)["disk"]["own"] is None


def test_an_included_limit_of_the_items_own(shop: Shop) -> None:
    """`IFNULL(a.addonlimit, p.addonlimit)` (docs/en/protocol.md, "Space of a service")."""
    item = shop.stand.order(shop.tariff, shop.account, shop.module)
    addon = shop.stand.addons(shop.tariff)["disk"]
    shop.stand.add_addon_row(item, addon, addonlimit=9, intvalue=1)
    row = addon_rows(shop.stand, item)["disk"]
    assert (row["own_limit"], row["intvalue"]) == (9, 1)


def test_trial_by_statistics_inactive_and_both_names(shop: Shop) -> None:
    """docs/en/protocol.md, "Space of a service"."""
    stand = shop.stand
    tariff = stand.add_tariff(
        shop.itemtype,
        [
            Addon("disc", measure="mib", limit=100, max=400, trial_max=50, own_name=False),
            Addon("disk", measure="tib", limit=None, billtype=BY_STATISTICS, active=False),
            Addon("cpu", measure=None, addontype=1),
        ],
    )
    item = stand.order(tariff, shop.account, shop.module, trial=True, ordered={"disc": 7})
    assert stand.item(item)["period"] == -100
    rows = addon_rows(stand, item)
    assert list(stand.addons(tariff)) == ["disc", "disk", "cpu"]
    names = stand.sql("SELECT intname FROM pricelist WHERE parent = %s ORDER BY id", tariff)
    assert [row["intname"] for row in names] == [None, "disk", "cpu"]
    disc, disk = rows["disc"], rows["disk"]
    assert (disc["addonlimit"], disc["addonmax"], disc["addonmaxtrial"]) == (100, 400, 50)
    assert (disc["measure"], disc["intvalue"]) == ("mib", 7)
    assert (disk["billtype"], disk["addonmax"], disk["active"]) == (3, None, None)
    assert rows["cpu"]["measure"] is None


def test_an_addon_inside_a_compound_one(shop: Shop) -> None:
    """Counts only if it was ordered; the compound row itself never counts (docs/en/protocol.md,
    "Space of a service").
    """
    tariff = shop.stand.add_tariff(shop.itemtype, [Addon(compound=True)])
    item = shop.stand.order(tariff, shop.account, shop.module)
    rows = addon_rows(shop.stand, item)
    assert list(rows) == list(shop.stand.addons(tariff)) == ["disk"]
    assert rows["disk"]["compound"] is not None


def test_order_is_what_a_module_finds(shop: Shop) -> None:
    """A paid order waits in status 5, without an old tariff (docs/en/protocol.md, "Tables")."""
    item = shop.stand.item(shop.item)
    assert (item["status"], item["lastpricelist"], item["parent"]) == (PROCESSING, None, None)
    assert (item["processingmodule"], item["account"]) == (shop.module, shop.account)
    assert item["period"] == 1
    (param,) = shop.stand.sql("SELECT * FROM pricelistparam WHERE pricelist = %s", shop.tariff)
    assert (param["intname"], param["value"]) == ("usergroup", "customers")
    assert len(shop.stand.sql("SELECT * FROM processingmodule2pricelist")) == 1
    row = shop.stand.operation(shop.operation)
    assert row is not None
    assert (row["intname"], row["item"], row["trycount"]) == ("open", shop.item, 0)


def test_order_brings_parameters_of_its_own(shop: Shop) -> None:
    """What an order form or the predecessor left on the item, plain and crypted
    (docs/en/protocol.md, "Saved parameters").
    """
    item = shop.stand.order(
        shop.tariff,
        shop.account,
        shop.module,
        params={"username": "user_7"},
        crypted_params={"userpassword": "Grün7654"},
    )
    assert shop.stand.params(item) == {"username": "user_7", "userpassword": "Grün7654"}
    assert shop.stand.crypted_names(item) == ["userpassword"]


def test_many_orders_at_once(shop: Shop) -> None:
    """For measurements: the same rows as by `order`, many at a time."""
    items = shop.stand.order_many(
        shop.tariff,
        shop.account,
        shop.module,
        300,
        params=lambda item: {"username": f"user_{item}"},
        crypted_params=lambda item: {"userpassword": f"made-up-{item}"},
    )
    assert len(set(items)) == 300
    assert shop.stand.item(items[-1])["status"] == ACTIVE
    assert shop.stand.params(items[9]) == {
        "username": f"user_{items[9]}",
        "userpassword": f"made-up-{items[9]}",
    }
    later = shop.stand.order(shop.tariff, shop.account, shop.module)
    assert later > items[-1]
    assert shop.stand.order_many(shop.tariff, shop.account, shop.module, 1, status=3)[0] > later


def test_users_of_an_account(stand: Stand) -> None:
    """Several users, some disabled, some without an e-mail (docs/en/protocol.md, "Tables")."""
    account = stand.add_account("Client 8", ["a@example.com", None, "c@example.com"], [True])
    rows = stand.sql("SELECT email, disabled FROM user WHERE account = %s ORDER BY id", account)
    assert [(row["email"], row["disabled"]) for row in rows] == [
        ("a@example.com", "on"),
        (None, None),
        ("c@example.com", None),
    ]


def test_module_params_plain_and_crypted(stand: Stand) -> None:
    """The predecessor left the password in clear, hence both tables (docs/en/protocol.md,
    "Tables").
    """
    crypted = stand.add_module(
        "https://a.example.com",
        "admin",
        CREDENTIAL,
        verify_ssl="off",
        timeout=20,
        other="x",
    )
    plain = stand.add_module("http://b.example.com", None, "plain text", crypted=False)
    assert stand.module_params(crypted) == {
        "base_url": "https://a.example.com",
        "nc_username": "admin",
        "nc_password": CREDENTIAL,
        "verify_ssl": "off",
        "timeout": "20",
        "other": "x",
    }
    assert stand.module_params(plain) == {
        "base_url": "http://b.example.com",
        "nc_password": "plain text",
    }
    rows = stand.sql("SELECT processingmodule, value FROM processingcryptedparam")
    assert [row["processingmodule"] for row in rows] == [crypted]
    assert CREDENTIAL not in rows[0]["value"]
    assert {CREDENTIAL, "plain text"} <= set(stand.secrets)


# -- E: encryption --------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "x", "Пароль ü €", "line\nline\x00", "x" * 245])
def test_encryption_there_and_back(stand: Stand, text: str) -> None:
    """Empty stays empty, everything else is Base64 of one block, each time another
    (docs/en/protocol.md, "Encryption").
    """
    encrypted = stand.encrypt(text)
    assert stand.decrypt(encrypted) == text
    assert bool(encrypted) == bool(text)
    if text:
        assert len(encrypted) == 344
        assert stand.encrypt(text) != encrypted


def test_encryption_has_a_limit(stand: Stand) -> None:
    """Key bytes less 11 (docs/en/protocol.md, "Encryption")."""
    with pytest.raises(ValueError, match=r"[Ee]ncrypt"):
        stand.encrypt("x" * 246)


def test_the_key_file_decrypts(stand: Stand) -> None:
    """A PEM private key without passphrase, RSA, PKCS#1 v1.5, one block, Base64
    (docs/en/protocol.md, "Encryption").
    """
    pem = (stand.root / "etc/billmgr.pem").read_bytes()
    key = serialization.load_pem_private_key(pem, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    assert key.key_size == 2048
    block = base64.b64decode(stand.encrypt("Пароль"))
    assert key.decrypt(block, padding.PKCS1v15()).decode() == "Пароль"


# -- the database server --------------------------------------------------------------------------


def test_stands_do_not_see_each_other(shop: Shop) -> None:
    """One server, a database and an account of its own for each."""
    with Stand(program=None) as other:
        assert other.sql("SELECT * FROM item") == []
        with pytest.raises(pymysql.MySQLError, match="denied"):
            other.database.server.connect(
                other.database.user,
                other.database.password,
                shop.stand.database.name,
            )
        name = other.database.name
    assert name not in [row["Database"] for row in shop.stand.sql("SHOW DATABASES")]


def test_server_with_a_port_serves_a_stand_without_a_socket() -> None:
    """DBHost is what is left where DBSocket is not set (docs/en/protocol.md, "Database")."""
    with MariaDb(tcp=True) as server, Stand(program=None, server=server) as stand:
        host, port = stand.core.settings["DBHost"].split(":")
        with pymysql.connect(
            host=host,
            port=int(port),
            user=stand.database.user,
            password=stand.database.password,
            database=stand.database.name,
        ) as connection:
            assert connection.open
    assert not server.running
    assert not server.folder.exists()
    server.stop()  # twice is no error


def test_shared_server_is_one_and_has_no_port(stand: Stand) -> None:
    """One server per process, on its socket only."""
    assert mariadb.shared() is mariadb.shared() is stand.database.server
    assert stand.database.server.port is None
    assert stand.sql("SELECT @@skip_networking AS off") == [{"off": 1}]


def test_a_stand_outlives_its_server_in_order(tmp_path: Path) -> None:
    """A database that died does not hinder the end of the stand."""
    server = MariaDb()
    with Stand(program=None, server=server) as stand:
        server.stop()
        with pytest.raises(MariaDbError, match="nobody listens"):
            stand.sql("SELECT 1")
        root = stand.root
    assert not root.exists()


@pytest.mark.parametrize(
    ("manager", "command"),
    [
        ("apt-get", "apt-get install .*mariadb-server-core"),
        ("dnf", "dnf install .*mariadb-server"),
    ],
)
def test_missing_mariadb_is_said_with_the_command(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    manager: str,
    command: str,
) -> None:
    """One line that a developer can paste, for the distribution at hand."""
    (tmp_path / manager).touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(mariadb, "SEARCH_PATH", str(tmp_path))
    with pytest.raises(MariaDbError, match=f"install it as root with: {command}"):
        MariaDb()


def test_a_server_that_does_not_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's own log is the reason."""
    monkeypatch.setattr(MariaDb, "_arguments", lambda _self: ["--no-such-option"])
    with pytest.raises(MariaDbError, match="did not start"):
        MariaDb()


def test_a_socket_name_that_is_too_long_is_said(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A unix socket's name has 107 bytes."""
    folder = tmp_path / ("x" * 100)
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    with pytest.raises(MariaDbError, match="TMPDIR"):
        MariaDb()
    assert list(folder.iterdir()) == []


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder with room for the name of a socket in it, however long TMPDIR is."""
    with tempfile.TemporaryDirectory(prefix="pmnc-", dir="/tmp") as name:
        yield Path(name)


def test_server_and_its_files_go_with_a_killed_parent(short_path: Path) -> None:
    """Nothing is left of a test run that was killed."""
    code = (
        "import sys; from tests.doubles.billmanager import MariaDb; server = MariaDb();"
        "print(server.folder / 'db.pid', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(short_path)},
    ) as parent:
        assert parent.stdout is not None
        pid_file = Path(parent.stdout.readline().decode().strip())
        # The server takes connections before it says what its number is.
        wait_until(lambda: pid_file.exists() and pid_file.read_text("utf-8").endswith("\n"))
        pid = int(pid_file.read_text("utf-8"))
        parent.kill()
    wait_until(lambda: not list(short_path.iterdir()))
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


# -- payments -------------------------------------------------------------------------------------


@pytest.fixture
def paid_for(stand: Stand) -> Dict[str, int]:
    """A client who has to pay for a service, and the payment that is to bring the money."""
    account = stand.add_account()
    method = stand.payments.add_method(wp_secret="made-up-secret")
    module = stand.add_module("https://cloud.example.com", "admin", "made-up-password")
    item = stand.order(stand.add_tariff(stand.add_itemtype("backupservice")), account, module)
    stand.sql("UPDATE item SET status = %s, cost = 21.90 WHERE id = %s", ORDERED, item)
    payment = stand.payments.add_payment(account, method, "21.90")
    return {"account": account, "item": item, "payment": payment, "method": method}


def ask_core(stand: Stand, function: str, **args: object) -> "etree._Element":
    """What the core answers by mgrctl."""
    words = [f"{name}={value}" for name, value in args.items()]
    command = [stand.root / "sbin/mgrctl", "-m", "billmgr", "-o", "xml", function, *words]
    return etree.fromstring(subprocess.run(command, capture_output=True, check=True).stdout)


def test_a_payment_is_shown_with_both_its_numbers_and_what_they_stand_for(
    stand: Stand, paid_for: Dict[str, int]
) -> None:
    answer = ask_core(stand, "payment.info", elid=paid_for["payment"])
    assert answer.findtext("payment/paymethodamount") == "21.90"
    first, second = answer.findall("payment/paymethod")
    assert (first.text, len(first)) == (str(paid_for["method"]), 0)
    assert second.findtext("wp_secret") == "made-up-secret"
    assert [len(one) > 0 for one in answer.findall("payment/currency")] == [False, True]


def test_money_opens_what_it_is_enough_for_and_a_second_call_credits_again(
    stand: Stand, paid_for: Dict[str, int]
) -> None:
    payment, item = paid_for["payment"], paid_for["item"]
    ask_core(stand, "payment.setinpay", elid=payment, externalid="B1-AAE")
    assert stand.payments.payment(payment)["status"] == 2
    assert stand.item(item)["status"] == ORDERED
    ask_core(stand, "payment.setpaid", elid=payment, externalid="77")
    assert stand.item(item)["status"] == PROCESSING
    assert [one["intname"] for one in stand.operations(item)] == ["open"]
    assert stand.payments.balance(paid_for["account"]) == "0.00"
    ask_core(stand, "payment.setpaid", elid=payment, externalid="77")
    assert len(stand.payments.credited(payment)) == 2
    assert stand.payments.balance(paid_for["account"]) == "21.90"


def test_a_client_sees_his_own_payments_that_were_begun(
    stand: Stand, paid_for: Dict[str, int]
) -> None:
    session = stand.payments.log_in(paid_for["account"])
    stranger = stand.payments.log_in(stand.add_account("Stranger"))
    payment = paid_for["payment"]
    assert ask_core(stand, "payment", auth=session, id=payment).find("elem") is None
    ask_core(stand, "payment.setinpay", elid=payment)
    assert ask_core(stand, "payment", auth=session, id=payment).findtext("elem/id") == str(payment)
    assert ask_core(stand, "payment", auth=stranger, id=payment).find("elem") is None
    assert ask_core(stand, "whoami", auth="nobody").find("error") is not None
    assert ask_core(stand, "payment.info", elid=999_999).find("error") is not None
    assert len(stand.leaks) == 3, "a session on a command line is a leak"
    stand.leaks.clear()
