"""A BILLmanager for tests: a root folder, a database, a core, and the module started in it."""

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Set, Union

from tests import ROOT

from . import keys, mariadb
from .business import MODULE, Business
from .calls import Call, CoreFault, Leak
from .core import STEERING, Core
from .core_server import CoreServer, Hook
from .database import Database, Row
from .payments import WEBPAY_MODULE, Payments
from .plugins import Handed, Plugins, Visitor
from .plugins import environment as visit
from .runs import (
    BARE_ENVIRONMENT,
    DEVNULL,
    ModuleProcess,
    Run,
    Stdin,
    Value,
    arguments,
    environment,
)
from .web import CgiAnswer, run_cgi

PROGRAM = ROOT / f"{MODULE}.py"
FOLDERS = (
    "processing",
    "paymethods",
    "addon",
    "cgi",
    "sbin",
    "etc/billmgr.conf.d",
    "etc/xml",
    "var",
    "src",
    "tmp",
)

PAYMENT_PROGRAM = ROOT / f"{WEBPAY_MODULE}.py"
SCRIPTS = ("webpaypayment", "webpayresult", "webpayreturn", "webpaycancel")

# BILLmanager's root is the parent of the folder that holds the started program; the program
# itself lies in the clone, so it is told as what it was started.
WRAPPER = """#!/bin/sh
PMNEXTCLOUD_STARTED_AS="$0" exec '{python}' '{program}' "$@"
"""

PAYMENT_WRAPPER = """#!/bin/sh
PMWEBPAY_STARTED_AS="$0" exec '{python}' '{program}' "$@"
"""

Number = Union[None, int, str]


class Stand(Business):
    """One BILLmanager, from the constructor or `with` on until `close()`.

    Public: `root` (its folder), `calls`, `runs`, `leaks`, `core_faults`, `before_call`,
    `after_call`, `core_down`, `strict_argv_secrets`, `hidden_functions`, `saveparam_form`, and
    all of Business. A leak is a secret on a command line: one of `secrets` or of the list
    `strict_argv_secrets`, which is the test's own. `close()` raises AssertionError if the double
    itself failed.
    """

    def __init__(
        self,
        program: Optional[Path] = PROGRAM,
        *,
        root: Optional[Path] = None,
        server: Optional[mariadb.MariaDb] = None,
        python: str = sys.executable,
        module: str = MODULE,
        preloaded: bool = False,
    ) -> None:
        """Make the folder and everything in it, the database and the core.

        `program` is what processing/<module> starts; None leaves processing/ alone, for a module
        that is installed into `root` by its own installer. `root` is a folder to use and to keep;
        otherwise a temporary one is made. `server` is the MariaDB to use, else the shared one.
        `preloaded` saves the time in which the program's libraries load, at every start of it.
        """
        super().__init__(Database(server or mariadb.shared()), keys.shared())
        self._kept = root is not None
        self.root = (root or Path(tempfile.mkdtemp(prefix="pmnc-root-"))).resolve()
        self.module = module
        self._python = python
        self._preloaded = program if preloaded else None
        self.runs: List[Run] = []
        self.leaks: List[Leak] = []
        self._processes: List[ModuleProcess] = []
        self.strict_argv_secrets: List[str] = []
        # Not under the root, whose path may be too long for a socket.
        self._socket_folder = Path(tempfile.mkdtemp(prefix="pmnc-core-"))
        for folder in FOLDERS:
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        self.core = Core(self, self._settings())
        self._server = CoreServer(self._socket_folder / "core.sock", self.core, self._check_call)
        self._write_configuration()
        self._write_mgrctl()
        if program is not None:
            self._write_wrapper(python, program)
            self._write_payment_scripts(python)

    # -- files ---------------------------------------------------------------------------------

    def _settings(self) -> Dict[str, str]:
        """What paramlist tells."""
        port = self.database.server.port
        return {
            "DBHost": f"127.0.0.1:{port}" if port else "localhost",
            "DBName": self.database.name,
            "DBUser": self.database.user,
            "DBPassword": self.database.password,
            "DBSocket": self.database.server.socket,
            "CryptKey": "etc/billmgr.pem",
        }

    def _write_configuration(self) -> None:
        self.write_db_conf()
        self.write("etc/billmgr.pem", self.key.pem(), mode=0o600)
        self.write("etc/billmgr.conf", "# settings of the stand\n", mode=0o600)
        self.write("etc/debug.conf", f"# levels 0 to 9\n{self.module}.* 9\n{self.module} 9\n")

    def write_db_conf(self, **changes: Optional[str]) -> None:
        """Write etc/billmgr.conf.d/db.conf; `changes` replace values, None leaves a line out.

        paramlist tells the same values; `stand.core.settings` changes those alone.
        """
        values: Mapping[str, Optional[str]] = {**self._settings(), "CryptKey": None, **changes}
        lines = [f"{name} {value}\n" for name, value in values.items() if value is not None]
        self.write("etc/billmgr.conf.d/db.conf", "".join(lines), mode=0o600)
        for name, value in changes.items():
            if value is None:
                self.core.settings.pop(name, None)
            else:
                self.core.settings[name] = value

    def _write_mgrctl(self) -> None:
        text = Path(__file__).with_name("mgrctl").read_text("utf-8")
        # The bare interpreter: one of a virtual environment takes longer to start.
        text = text.replace("@PYTHON@", os.path.realpath(sys.executable))
        text = text.replace("@SOCKET@", str(self._socket_folder / "core.sock"))
        self.write("sbin/mgrctl", text, mode=0o755)

    def _write_wrapper(self, python: str, program: Path) -> None:
        text = WRAPPER.format(python=python, program=program)
        self.write(f"processing/{self.module}", text, mode=0o755)
        for forms in (ROOT / "xml").glob(f"billmgr_mod_{self.module}*.xml"):
            shutil.copy(forms, self.root / "etc/xml" / forms.name)
        page = (ROOT / "etc" / f"{self.module}_page.sh").read_text("utf-8")
        page = page.replace("@BASE@", str(self.root))
        self.write(f"addon/{self.module}_page", page, mode=0o750)

    def _write_payment_scripts(self, python: str) -> None:
        text = PAYMENT_WRAPPER.format(python=python, program=PAYMENT_PROGRAM)
        for name in (f"paymethods/{WEBPAY_MODULE}", *(f"cgi/{script}" for script in SCRIPTS)):
            self.write(name, text, mode=0o755)
        forms = ROOT / "xml" / f"billmgr_mod_{WEBPAY_MODULE}.xml"
        shutil.copy(forms, self.root / "etc/xml" / forms.name)

    def start_by(self, lines: str) -> Path:
        """Has a shell script start the module's program: its `lines` come before the interpreter.

        Gives the script, which is an interpreter for whatever else is to be started so.
        """
        self._preloaded = None  # what is put before the start has to be seen
        text = f"#!/bin/sh\n{lines}\nexec '{self._python}' \"$@\"\n"
        python = self.write("tmp/python", text, mode=0o755)
        handler = self.root / f"processing/{self.module}"
        handler.write_text(handler.read_text("utf-8").replace(f"'{self._python}'", f"'{python}'"))
        return python

    def write(self, name: str, content: Union[str, bytes], mode: int = 0o644) -> Path:
        """Write a file under the root (its folders are made); gives its path."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        path.chmod(mode)
        return path

    def read(self, name: str) -> str:
        """The text of a file under the root, "" if there is none."""
        path = self.root / name
        return path.read_text("utf-8", "replace") if path.exists() else ""

    @property
    def log(self) -> str:
        """What the module has written to var/<module>.log so far."""
        return self.read(f"var/{self.module}.log")

    def do_nothing(self, on: bool = True) -> None:
        """Set or remove etc/billmgr.DoNothing: modules must not touch external systems."""
        path = self.root / "etc/billmgr.DoNothing"
        if on:
            path.touch()
        elif path.exists():
            path.unlink()

    # -- the module ----------------------------------------------------------------------------

    def start(
        self,
        command: Optional[str],
        *,
        item: Number = None,
        module: Number = None,
        runningoperation: Number = None,
        userid: Number = None,
        stdin: Stdin = None,
        form: str = "separate",
        extra: Sequence[str] = (),
        env: Optional[Dict[str, str]] = None,
    ) -> ModuleProcess:
        """Start the module; the process gives its Run by `finish()`. Arguments as for `run`."""
        options: Dict[str, Value] = {
            "command": command,
            "item": item,
            "module": module,
            "runningoperation": runningoperation,
            "userid": userid,
        }
        words = arguments(form, options, extra)
        argv = (str(self.root / "processing" / self.module), *words)
        run = Run(argv, stdin)
        self.runs.append(run)
        self._check_argv(self.module, argv)
        process = self._process(run, environment(env))
        self._processes.append(process)
        return process

    def _process(self, run: Run, told: Dict[str, str]) -> ModuleProcess:
        if self._preloaded is None or told != BARE_ENVIRONMENT:
            return ModuleProcess(run, self.root, told)
        from .preloaded import PreloadedProcess

        return PreloadedProcess(run, self.root, told, self._preloaded)

    def run(
        self,
        command: Optional[str],
        *,
        item: Number = None,
        module: Number = None,
        runningoperation: Number = None,
        userid: Number = None,
        stdin: Stdin = None,
        form: str = "separate",
        extra: Sequence[str] = (),
        env: Optional[Dict[str, str]] = None,
        timeout_s: float = 120,
    ) -> Run:
        """Run the module as BILLmanager does: in the root, with a bare environment.

        Options that are None are left out, `extra` comes last. `stdin` is a document, DEVNULL
        ("devnull"), or None for a closed one; `form` "separate" (--item 15) or "equals"
        (--item=15); `env` adds to the environment. Raises AssertionError after `timeout_s`.
        """
        process = self.start(
            command,
            item=item,
            module=module,
            runningoperation=runningoperation,
            userid=userid,
            stdin=stdin,
            form=form,
            extra=extra,
            env=env,
        )
        return process.finish(timeout_s)

    @property
    def plugins(self) -> Plugins:
        """What the plugins that lie under the root now add to this BILLmanager."""
        return Plugins(self.root)

    def visit(
        self,
        function: str,
        visitor: Visitor,
        item: Number = None,
        *,
        handed: Handed = Handed.FORM,
        query: Optional[str] = None,
        without: Sequence[str] = (),
        is_checked: bool = True,
        timeout_s: float = 60,
        **params: str,
    ) -> Run:
        """A visitor calls a function of a plugin: its handler is started as the core does it.

        `params` are sent with it, and `item` as elid. `query` stands in for what the parameters
        make; `without` names variables of the environment that are missing. Unless it
        `is_checked`, the core does not look at levels: raises AssertionError where it would refuse.
        """
        plugins = self.plugins
        if is_checked:
            assert plugins.may_call(function, visitor.level), f"{visitor} may not call {function}"
        elid = "" if item is None else str(item)
        sent = {**({} if item is None else {"elid": elid}), **params}
        values = visit(function, visitor, sent, query)
        env = {name: value for name, value in values.items() if name not in without}
        document = plugins.document(function, visitor, elid, handed)
        stdin: Stdin = {Handed.CLOSED: None, Handed.EMPTY: DEVNULL}.get(handed, document)
        handler = plugins.functions().get(function, self.root / f"addon/{self.module}_page")
        run = Run((str(handler),), stdin)
        self.runs.append(run)
        process = ModuleProcess(run, self.root, environment(env))
        self._processes.append(process)
        return process.finish(timeout_s)

    def check(
        self,
        command: str,
        param: str,
        value: Number,
        *,
        item: Number = None,
        tariff: Number = None,
        lang: str = "",
        **options: Any,
    ) -> Run:
        """Ask the module whether a form may choose a value: `check_addon` or `check_param`.

        As the vendor's library for modules reads such a call: the service, the field and its value
        as options, and the document of the item on standard input. What else stands in that
        document nobody has seen; the tariff stands where the same library looks for it in another
        command. `tariff` is the one of the form, where that is not the service's own.
        """
        extra = ["--param", param, "--value", str(value), *(["--lang", lang] if lang else [])]
        fields = {"id": item, "pricelist": tariff}
        inner = "".join(f"<{name}>{text}</{name}>" for name, text in fields.items() if text)
        form = f"<doc><item>{inner}</item></doc>"
        return self.run(command, **{"item": item, "stdin": form, "extra": extra, **options})

    def run_operation(self, operation: int, timeout_s: float = 120) -> Run:
        """Run a running operation once, as the scheduler does.

        If it is still there afterwards, one more try is counted. Raises KeyError if it is gone.
        """
        row: Optional[Row] = self.operation(operation)
        if row is None:
            raise KeyError(f"no running operation {operation}")
        run = self.run(
            row["intname"],
            item=row["item"],
            runningoperation=operation,
            timeout_s=timeout_s,
        )
        self.sql("UPDATE runningoperation SET trycount = trycount + 1 WHERE id = %s", operation)
        return run

    # -- payments ------------------------------------------------------------------------------

    @property
    def payments(self) -> Payments:
        """Ways to pay, payments, sessions of clients."""
        return self.core.payments

    def run_payment(self, command: str, stdin: Stdin = DEVNULL, timeout_s: float = 120) -> Run:
        """Run a command of the payment module as BILLmanager does."""
        argv = (str(self.root / "paymethods" / WEBPAY_MODULE), "--command", command)
        run = Run(argv, stdin)
        self.runs.append(run)
        process = ModuleProcess(run, self.root, environment(None))
        self._processes.append(process)
        return process.finish(timeout_s)

    def cgi(
        self,
        script: str,
        *,
        query: str = "",
        body: Optional[bytes] = None,
        cookie: str = "",
        address: str = "203.0.113.7",
        headers: Optional[Dict[str, str]] = None,
        measured: bool = False,
    ) -> CgiAnswer:
        """One request of a payment script; with a `body` it is a POST."""
        given = {**({"Cookie": cookie} if cookie else {}), **(headers or {})}
        method = "GET" if body is None else "POST"
        file = self.root / "cgi" / script
        return run_cgi(file, method, query, body or b"", given, address, measured)

    # -- the core ------------------------------------------------------------------------------

    @property
    def calls(self) -> List[Call]:
        """Every call of mgrctl so far, in the order of arrival."""
        return self._server.calls

    def called(self, function: str) -> List[Call]:
        """The calls of one function so far."""
        return [call for call in self.calls if call.function == function]

    @property
    def core_faults(self) -> List[CoreFault]:
        """The faults in force: append, remove, clear."""
        return self._server.faults

    @core_faults.setter
    def core_faults(self, faults: Sequence[CoreFault]) -> None:
        self._server.faults = list(faults)

    @property
    def before_call(self) -> Hook:
        """Called with each Call before it has an effect; DropCall ends it without any."""
        return self._server.before_call

    @before_call.setter
    def before_call(self, hook: Hook) -> None:
        self._server.before_call = hook

    @property
    def after_call(self) -> Hook:
        """Called with each Call after its effect and before its answer; DropCall keeps that back.

        Not called where the core was down or a fault struck before the effect.
        """
        return self._server.after_call

    @after_call.setter
    def after_call(self, hook: Hook) -> None:
        self._server.after_call = hook

    @property
    def core_down(self) -> bool:
        """Whether every call fails with exit code 1."""
        return self._server.down

    @core_down.setter
    def core_down(self, down: bool) -> None:
        self._server.down = down

    @property
    def hidden_functions(self) -> Set[str]:
        """Functions that this BILLmanager shall not know: add, discard, clear."""
        return self.core.hidden

    @property
    def saveparam_form(self) -> str:
        """Which arguments service.saveparam reads: "name", "pairs" or "both"."""
        return self.core.saveparam_form

    @saveparam_form.setter
    def saveparam_form(self, form: str) -> None:
        self.core.saveparam_form = form

    # -- secrets -------------------------------------------------------------------------------

    def _check_call(self, call: Call) -> None:
        """What is to be stored encrypted must come by -e."""
        open_values: List[str] = []
        if call.function == "service.saveparam" and call.args.get("crypted") == "on":
            hidden = (*STEERING, "name", *call.secrets)
            open_values = [value for name, value in call.args.items() if name not in hidden]
        self._check_argv("mgrctl", call.argv, open_values)

    def _check_argv(
        self,
        program: str,
        argv: Sequence[str],
        secrets: Sequence[str] = (),
    ) -> None:
        """Record a leak if an argument contains any known secret or one of `secrets`."""
        clean = tuple(argv)
        for secret in filter(None, [*self.strict_argv_secrets, *self.secrets, *secrets]):
            clean = tuple(word.replace(secret, "***") for word in clean)
        if clean != tuple(argv):
            self.leaks.append(Leak(program, clean))

    # -- the end -------------------------------------------------------------------------------

    def close(self) -> None:
        """Kill modules left over, stop the core, drop the database, remove the folder.

        A folder that was given stays. Raises AssertionError with what went wrong in the double.
        """
        for process in self._processes:
            process.discard()
        self._server.close()
        self.database.drop()
        shutil.rmtree(self._socket_folder, ignore_errors=True)
        if not self._kept:
            shutil.rmtree(self.root, ignore_errors=True)
        if self._server.failures:
            raise AssertionError("the stand failed:\n" + "\n".join(self._server.failures))

    def __enter__(self) -> "Stand":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()
