"""Whatever comes in: one document, a known error or the right result, and no secret shown.

Thousands of inputs go through the program in this process, on the files and the database of a
stand; mgrctl is answered without starting a program, and nothing but the double of the cloud can
be reached. A smaller number goes through the real program.
"""

import io
import json
import logging
import os
import re
import socket
import time
from types import SimpleNamespace
from typing import (
    Any,
    Callable,
    Dict,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Tuple,
)
from unittest.mock import patch
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from lxml import etree
from urllib3.util.retry import Retry

import pmnextcloud
from commands import SYNONYMS
from tests.doubles.billmanager import ACTIVE, DELETED, Addon, Call, Stand
from tests.doubles.billmanager.answers import Refused, render
from tests.doubles.billmanager.calls import parse
from tests.doubles.cloud import Cloud
from tests.e2e.sites import DoubleSite
from tests.e2e.test_security import leaks
from tests.e2e.world import World
from tests.tools import table
from utils.base import errors, secret
from utils.billing import mgrctl
from utils.census import census, pace
from utils.cloud import transport
from utils.host import locks
from utils.misc import validate_email

TOKEN = "T0ken-for-tests-4711"
"""Part of every password that is put in."""

Record = Callable[[str, object], None]
pytestmark = [
    pytest.mark.proof("inputs tried"),
    # The program leaves its sockets to the end of its process.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def codes(kind: type = errors.PmError) -> Iterator[str]:
    """The types of all errors that the program knows, but for its own crash."""
    for one in kind.__subclasses__():
        if one is not errors.Unexpected:
            yield one.code
        yield from codes(one)


KNOWN = set(codes())


def explore(
    record_property: Record, examples: int, body: Callable[..., None], *inputs: st.SearchStrategy
) -> None:
    """Calls `body` with that many different inputs, the same in every run, and says how many."""
    tried: List[int] = []

    def one(values: Tuple[Any, ...]) -> None:
        tried.append(1)
        body(*values)

    chosen = settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],  # to find the smallest failing input takes minutes
        suppress_health_check=list(HealthCheck),
    )
    try:
        chosen(given(st.tuples(*inputs))(one))()
    finally:
        record_property("tried", len(tried))


class Ended(NamedTuple):
    """How a call of the program ended."""

    exit_code: int
    stdout: bytes
    xml: "etree._Element"

    @property
    def error_type(self) -> Optional[str]:
        """The type of the error, None on success."""
        node = self.xml.find("error")
        return None if self.exit_code == 0 or node is None else node.get("type")


class QuickClock:
    """A clock by which pauses take their time, though nobody waits."""

    def __init__(self) -> None:
        self._slept_s = 0.0

    def monotonic(self) -> float:
        """The seconds."""
        return time.monotonic() + self._slept_s

    def sleep(self, pause_s: float) -> None:
        """Goes forward."""
        self._slept_s += pause_s


class Machine:
    """The program in this process; `world` is what it works on, `item` a service that is open."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.stand = world.stand
        self.item = world.opened()
        self.login = world.login(self.item)
        self.locks: List[locks.LockFile] = []
        """What a process would give back at its end."""

    @property
    def cloud(self) -> Cloud:
        """The double of the cloud."""
        assert isinstance(self.world.site, DoubleSite)
        return self.world.site.cloud

    def run(self, *argv: str, stdin: bytes = b"", echo: bool = False) -> Ended:
        """One call; its reply may show secrets only where it is to `echo` the form.

        Raises AssertionError where that is not one document that fits the exit code.
        """
        secret._known.clear()
        output = io.BytesIO()
        streams = {
            "stdin": SimpleNamespace(buffer=io.BytesIO(stdin)),
            "stdout": SimpleNamespace(buffer=output),
        }
        started_as = str(self.stand.root / "processing" / "pmnextcloud")
        with patch.multiple("sys", **streams), patch.dict(
            os.environ, {"PMNEXTCLOUD_STARTED_AS": started_as}
        ):
            exit_code = pmnextcloud.main(list(argv))
        log = logging.getLogger("pmnextcloud")
        for handler in log.handlers[:]:
            stream = getattr(handler, "stream", None)
            if isinstance(getattr(stream, "name", None), int):  # opened by the program
                stream.close()
                log.removeHandler(handler)
        while self.locks:
            self.locks.pop()._file.close()
        return self._checked(exit_code, output.getvalue(), echo)

    def _checked(self, exit_code: int, stdout: bytes, echo: bool) -> Ended:
        ended = Ended(exit_code, stdout, etree.fromstring(stdout))
        if exit_code == 0:
            assert echo or ended.xml.find("error") is None
        else:
            assert exit_code == 1
            assert ended.xml.tag == "doc"
            assert [node.tag for node in ended.xml] == ["error"]
            assert ended.error_type in KNOWN, self.stand.log[-3000:]
        if not echo:
            text = stdout.decode("utf-8")
            assert not [one for one in self.stand.secrets if len(one) > 5 and one in text]
        return ended

    def forget(self) -> None:
        """Takes away what the program remembers of earlier calls, and makes the service active."""
        for path in (self.stand.root / "var/pmnextcloud").glob("*.json"):
            path.unlink()
        # Services of earlier inputs are no longer counted.
        self.stand.sql("UPDATE item SET status = %s WHERE id <> %s", DELETED, self.item)
        self.stand.set_status(self.item, ACTIVE)


def core_of(stand: Stand) -> Callable[..., bytes]:
    """What mgrctl prints on a stand, without a program of its own."""

    def run(self: mgrctl.Mgrctl, command: List[str], environment: Dict[str, str]) -> bytes:
        call: Call = parse(command[1:], environment)
        stand.calls.append(call)
        try:
            answer = stand.core.answer(call.function, call.values)
        except Refused as refused:
            answer = refused.document()
        return render(answer, call.form)

    return run


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """One for the whole file; at its end all that was left is searched for secrets."""
    with Stand() as stand, Cloud() as cloud, pytest.MonkeyPatch.context() as patched:
        made, clock = Machine(World(stand, DoubleSite(cloud))), QuickClock()
        cloud.rate_limit.enabled = False
        real = socket.getaddrinfo

        def only_the_double(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
            if (host, port) != ("127.0.0.1", cloud.port):
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            return real(host, port, *args, **kwargs)

        patched.setattr(socket, "getaddrinfo", only_the_double)
        patched.setattr(Retry, "sleep", lambda *args: None)
        for patient in (pace, census):
            patched.setattr(patient, "time", clock)
        patched.setattr(mgrctl.Mgrctl, "_run", core_of(stand))
        make_lock = locks.LockFile.__init__

        def remember(lock: locks.LockFile, path: str) -> None:
            make_lock(lock, path)
            made.locks.append(lock)

        patched.setattr(locks.LockFile, "__init__", remember)
        stand.secrets.append(TOKEN)
        yield made
        assert not leaks(stand)
        line = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \[\d+\] |    ")
        lines = stand.log.split("\n")[:-1]
        assert lines
        for text in lines:
            assert text.isprintable()
            assert line.match(text), text
        logging.getLogger("pmnextcloud").propagate = True


@pytest.fixture(autouse=True)
def _as_before(machine: Machine) -> Iterator[None]:
    """No test meets what an earlier one made the program remember."""
    machine.forget()
    yield
    machine.stand.write("etc/pmnextcloud.conf", "")
    machine.cloud.faults.clear()


# -- inputs -----------------------------------------------------------------------------------

CONTROLS = "\t\n\r\x01\x1b\x7f\x85\u2028\ufeff\u202e\ufffe"
ANY_TEXT = st.text(
    st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from(CONTROLS)), max_size=40
)
ONE_LINE = ANY_TEXT.filter(lambda text: "\0" not in text)
WORD = st.one_of(
    ONE_LINE, st.binary(max_size=20).filter(lambda data: b"\0" not in data).map(os.fsdecode)
)
XML_TEXT = st.text(
    st.one_of(
        st.characters(
            min_codepoint=32, exclude_categories=["Cs"], exclude_characters="\ufffe\uffff"
        ),
        st.sampled_from("\t\n\r<>&\"'"),
    ),
    max_size=20,
)
SECRETS = ONE_LINE.map(lambda text: f"{text[:20]}{TOKEN}{text[20:40]}")
FIELDS = (
    "base_url",
    "nc_username",
    "nc_password",
    "verify_ssl",
    "timeout",
    "id",
    "elid",
    "usergroup",
    "slist",
)
ASKED_BY_BILLMANAGER = [*table.FOR_BILLMANAGER, *SYNONYMS]
OF_STORED = st.sampled_from([*table.SERVICES, *table.MODULES])
"""Commands about what BILLmanager has stored: a service or a module."""
NUMBERS = st.one_of(
    st.integers(-3, 1100).map(str),
    st.sampled_from(["9" * 18, "9" * 19, "0", "007", "-1", "+1", "1.0", "٣", "²", "1e3", "", " 1"]),
    WORD,
)


@st.composite
def options(draw: st.DrawFn) -> List[str]:
    """A command line: options of BILLmanager with good and odd values, and anything between."""
    words: List[str] = []
    for name in draw(st.lists(st.sampled_from(["command", "item", "module", "runningoperation"]))):
        value = draw(
            st.one_of(st.sampled_from(ASKED_BY_BILLMANAGER), WORD) if name == "command" else NUMBERS
        )
        words += draw(st.sampled_from([[f"--{name}", value], [f"--{name}={value}"]]))
    odd = st.one_of(
        st.sampled_from(["--", "-", "--item", "--command", "--comm", "--help", "@file", "-i5"]),
        WORD,
    )
    for word in draw(st.lists(odd, max_size=3)):
        words.insert(draw(st.integers(0, len(words))), word)
    return words


@st.composite
def elements(draw: st.DrawFn, depth: int = 2) -> ET.Element:
    """An element with odd attributes, texts and children, all of them allowed in XML."""
    names = st.sampled_from([*FIELDS, "doc", "error", "msg", "m", "Ж", "a.b-c_d"])
    node = ET.Element(draw(names), draw(st.dictionaries(names, XML_TEXT, max_size=2)))
    node.text = draw(XML_TEXT)
    for child in draw(st.lists(elements(depth - 1), max_size=2)) if depth else []:
        child.tail = draw(XML_TEXT)
        node.append(child)
    return node


@st.composite
def forms(draw: st.DrawFn) -> bytes:
    """A form with odd content, sometimes in another encoding, sometimes damaged."""
    doc = ET.Element("doc")
    module = ET.SubElement(doc, draw(st.sampled_from(["processingmodule", "module"])))
    for name in draw(st.lists(st.sampled_from(FIELDS), max_size=6)):
        parent = draw(st.sampled_from([doc, module]))
        ET.SubElement(parent, name).text = draw(XML_TEXT)
    ET.SubElement(module, "nc_password").text = TOKEN + draw(XML_TEXT)
    for place in draw(st.lists(st.sampled_from([doc, module]), max_size=2)):
        place.append(draw(elements()))
    encoding = draw(st.sampled_from(["utf-8", "utf-8", "utf-16", "iso-8859-1", "koi8-r"]))
    data: bytes = ET.tostring(doc, encoding)
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        begin = draw(st.integers(0, len(data)))
        end = begin + draw(st.sampled_from([0, 1, 2, len(data)]))
        data = data[:begin] + draw(st.binary(max_size=4)) + data[end:]
    return data


BODIES = st.one_of(forms(), forms(), st.binary(), elements().map(ET.tostring))


@st.composite
def urls(draw: st.DrawFn) -> str:
    """An address, or something like one; where it has a password that is the token."""
    scheme = draw(st.sampled_from(["http", "https", "HTTPS", "ftp", "file", "javascript", ""]))
    host = draw(
        st.one_of(
            st.sampled_from(
                [
                    "127.0.0.1",
                    "host.invalid",
                    "[::1]",
                    "[::1",
                    "[v1.x]",
                    "xn--a",
                    "a..b",
                    "ß。invalid",
                ]
                + ["x" * 64 + ".invalid", "127.1", "[fe80::1%25eth0]", "%31.invalid", "*", ""]
            ),
            ONE_LINE,
        )
    ).rpartition("@")[2]
    user = draw(st.sampled_from(["", "", f"root:{TOKEN}@", f":{TOKEN}@", f"a@b:{TOKEN}@"]))
    port = draw(st.sampled_from(["", "", ":0", ":443", ":65536", ":-1", ":٣", ":x", ":", ": 80"]))
    tail = draw(st.one_of(st.sampled_from(["", "/", "//", "/index.php/", "/%2e%2e/"]), ONE_LINE))
    return f"{scheme}{draw(st.sampled_from(['://', '://', ':', '//']))}{user}{host}{port}{tail}"


# -- option strings ---------------------------------------------------------------------------


def test_option_strings(machine: Machine, record_property: Record) -> None:
    def call(argv: List[str], stdin: bytes) -> None:
        machine.run(*argv, stdin=stdin, echo=True)

    explore(record_property, 500, call, options(), st.sampled_from([b"", b"<doc/>"]))


def test_option_strings_of_the_real_program(machine: Machine, record_property: Record) -> None:
    def call(argv: List[str]) -> None:
        run = machine.stand.run(None, extra=argv, stdin=b"<doc/>")
        assert run.stderr == b""
        machine._checked(run.exit_code if run.exit_code is not None else -1, run.stdout, echo=True)

    explore(record_property, 25, call, options())


# -- XML bodies -------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["tune_connection", "pricelist_dynamic_settings_tune"])
def test_forms_that_come_back(machine: Machine, record_property: Record, command: str) -> None:
    groups = machine.stand.root / f"var/pmnextcloud/groups-{machine.world.module}.json"

    def call(body: bytes, kept: Any) -> None:
        groups.write_text(json.dumps(kept), "utf-8")
        ended = machine.run(
            "--command", command, "--module", str(machine.world.module), stdin=body, echo=True
        )
        if ended.exit_code == 1:
            assert TOKEN.encode() not in ended.stdout
            return
        came, gone = etree.fromstring(body), ended.xml
        assert len(gone) >= len(came)
        assert [node.text for node in gone.iter("nc_password")] == [
            node.text for node in came.iter("nc_password")
        ]

    explore(record_property, 250, call, BODIES, JSON)


def test_the_connection_form(machine: Machine, record_property: Record) -> None:
    def call(body: bytes) -> None:
        machine.run("--command", "check_connection", stdin=body)

    explore(record_property, 250, call, BODIES)


def test_forms_to_the_real_program(machine: Machine, record_property: Record) -> None:
    def call(command: str, body: bytes) -> None:
        body = body.replace(TOKEN.encode(), b"Another-one-8")
        run = machine.stand.run(command, stdin=body)
        assert run.stderr == b""
        assert run.exit_code is not None
        machine._checked(run.exit_code, run.stdout, echo=True)

    explore(record_property, 15, call, st.sampled_from(["tune_connection"]), BODIES)


def connection_form(**values: str) -> bytes:
    """The connection form with these values."""
    doc = ET.Element("doc")
    module = ET.SubElement(doc, "processingmodule")
    for name, value in values.items():
        ET.SubElement(module, name).text = "".join(
            char
            for char in value
            if char in "\t\n\r" or (char >= " " and char not in "\ufffe\uffff")
        )
    return ET.tostring(doc, "utf-8")


def test_user_names_passwords_and_time_limits(machine: Machine, record_property: Record) -> None:
    def call(login: str, password: str, verify: str, timeout: str) -> None:
        body = connection_form(
            base_url=machine.cloud.url,
            nc_username=login,
            nc_password=password,
            verify_ssl=verify,
            timeout=timeout,
        )
        machine.cloud.door.brute_force.attempts.clear()
        ended = machine.run("--command", "check_connection", stdin=body)
        assert ended.exit_code == 1

    switches = st.sampled_from(["", "on", "off", "maybe"])
    explore(record_property, 150, call, ONE_LINE, SECRETS, switches, NUMBERS)


# -- addresses --------------------------------------------------------------------------------


def test_addresses_in_the_form(machine: Machine, record_property: Record) -> None:
    machine.stand.write("etc/pmnextcloud.conf", "allow_plain_http = yes\n")

    def call(url: str) -> None:
        body = connection_form(base_url=url, nc_username="admin", nc_password=TOKEN)
        ended = machine.run("--command", "check_connection", stdin=body)
        assert ended.exit_code == 1

    explore(record_property, 500, call, urls())


def test_addresses_that_are_stored(machine: Machine, record_property: Record) -> None:
    change = (
        "UPDATE processingparam SET value = %s WHERE intname = 'base_url' AND processingmodule = %s"
    )
    module = machine.world.module

    def call(url: str, command: str) -> None:
        machine.stand.sql(change, url, module)
        machine.forget()
        ended = machine.run(
            "--command", command, "--module", str(module), "--item", str(machine.item)
        )
        assert ended.exit_code == 1

    try:
        explore(record_property, 60, call, urls(), OF_STORED)
    finally:
        machine.stand.sql(change, machine.cloud.url, module)


# -- orders -----------------------------------------------------------------------------------

INT32 = st.one_of(
    st.integers(1, 3000),
    st.integers(-(2**31), 2**31 - 1),
    st.sampled_from([-(2**31), -1, 0, 1, 1023, 1024, 1025, 2**31 - 1]),
)
EMAILS = st.one_of(st.emails(), ONE_LINE, st.sampled_from(["a@b", "client7@example.com\n"]))
NAMES = st.one_of(ANY_TEXT, st.text(min_size=60)).map(lambda text: text[:255])
GROUPS = st.one_of(
    ANY_TEXT, st.sampled_from(["ADMIN", " admin", "a/b", "..", "x" * 200, "a\nb", "%2f", "\u202e"])
)
UNITS = {"byte": 1, "kib": 1024, "mib": 1024**2, "gib": 1024**3, "tib": 1024**4}


@st.composite
def addons(draw: st.DrawFn) -> Addon:
    """An add-on for space with odd amounts."""
    amounts = st.one_of(st.none(), INT32)
    return Addon(
        name=draw(st.sampled_from(["disk", "disc"])),
        measure=draw(st.sampled_from([*UNITS, None])),
        limit=draw(amounts),
        max=draw(amounts),
        trial_max=draw(amounts),
        billtype=draw(st.sampled_from([2, 2, 2, 3])),
    )


class Wish(NamedTuple):
    """What a customer orders."""

    name: str
    email: Optional[str]
    group: str
    addon: Addon
    extra: Optional[int]
    trial: bool

    def least_bytes(self) -> float:
        """What he pays for, in bytes; by the words of the tariff, not by the program's code."""
        unit = UNITS[self.addon.measure or "byte"]
        trial = self.addon.trial_max if self.trial else None
        if self.addon.billtype == 3:
            amount = float("inf") if self.addon.max is None else self.addon.max
        else:
            amount = (self.addon.limit or 0) + (self.extra or 0)
        return (amount if trial is None else min(amount, trial)) * unit


WISHES = st.builds(
    Wish,
    name=NAMES,
    email=st.one_of(st.none(), EMAILS.map(lambda text: text[:255])),
    group=GROUPS,
    addon=addons(),
    extra=st.one_of(st.none(), INT32),
    trial=st.booleans(),
)


def order(machine: Machine, wish: Wish) -> int:
    """The wish as a paid order."""
    stand, world = machine.stand, machine.world
    client = stand.add_account(wish.name, emails=[wish.email])
    tariff = stand.add_tariff(world.itemtype, addons=[wish.addon], usergroup=wish.group)
    return stand.order(tariff, client, world.module, ordered=wish.extra, trial=wish.trial)


def check_order(machine: Machine, item: int, wish: Wish, done: Ended) -> None:
    """Raises AssertionError where an order was fulfilled otherwise, or refused half made."""
    user = machine.cloud.users.find(machine.world.login(item))
    if done.exit_code == 1 and wish.least_bytes() > 2**53 and user is not None:
        # Beyond what the server's floating point numbers hold it cannot be seen to be as ordered.
        assert done.error_type == "not_as_ordered"
        return
    if done.exit_code == 1:
        allowed = ("quota_zero", "measure_unknown", "group_forbidden", "account_refused")
        assert done.error_type in allowed
        assert user is None
        return
    account = machine.world.site.account(machine.world.login(item))
    assert user is not None
    assert account is not None
    assert account.enabled
    quota = float("inf") if account.quota_bytes is None else account.quota_bytes
    # The server writes its numbers with 14 digits: of 139 TiB it keeps four bytes less.
    assert quota >= wish.least_bytes() * (1 - 1e-13)
    assert account.groups == ({wish.group.strip()} if wish.group.strip() else set())
    assert "admin" not in map(str.casefold, account.groups)
    assert account.email in ("", (wish.email or "").strip().lower())
    if account.email:
        assert validate_email(account.email)
    assert len(user.display_name) <= 64
    assert wish.name.strip().startswith(user.display_name)
    assert machine.stand.item(item)["status"] == ACTIVE


def test_orders(machine: Machine, record_property: Record) -> None:
    machine.stand.write("etc/pmnextcloud.conf", "display_name = client\n")

    def call(wish: Wish) -> None:
        item = order(machine, wish)
        operation = machine.stand.add_operation("open", item)
        ended = machine.run(
            "--command", "open", "--item", str(item), "--runningoperation", str(operation)
        )
        check_order(machine, item, wish, ended)

    explore(record_property, 120, call, WISHES)


def test_orders_to_the_real_program(machine: Machine, record_property: Record) -> None:
    machine.stand.write("etc/pmnextcloud.conf", "display_name = client\n")

    def call(wish: Wish) -> None:
        item = order(machine, wish)
        operation = machine.stand.add_operation("open", item)
        run = machine.stand.run("open", item=item, runningoperation=operation)
        assert run.stderr == b""
        assert run.exit_code is not None
        check_order(machine, item, wish, machine._checked(run.exit_code, run.stdout, echo=False))

    explore(record_property, 12, call, WISHES)


def test_what_others_saved_on_a_service(machine: Machine, record_property: Record) -> None:
    stand = machine.stand
    item = machine.world.order()
    own = machine.world.login(item)

    def call(login: str, url: str, password: str, mark: str, command: str) -> None:
        machine.forget()
        known = len(stand.secrets)
        stand.set_status(item, ACTIVE)
        for name, value in (("username", login), ("url", url)):
            stand.save_param(item, name, value, crypted=False)
        for name, value in (("userpassword", password), ("pmnextcloud_mark", mark)):
            if value:
                stand.save_param(item, name, value, crypted=True)
            else:
                stand.drop_param(item, name)
        # They are no secrets: found elsewhere they are there by chance. The token is still one.
        del stand.secrets[known:]
        before = repr(machine.cloud.users)
        machine.run("--command", command, "--item", str(item))
        assert repr(machine.cloud.users) == before

    logins = st.one_of(st.just(own), st.just("admin"), ONE_LINE)
    marks = st.one_of(st.just(""), JSON.map(json.dumps), ONE_LINE).map(
        lambda text: text if len(text.encode()) < 240 else ""
    )
    passwords = st.one_of(st.just(""), SECRETS.map(lambda text: text[:60]))
    commands = st.sampled_from([name for name in table.SERVICES if name != "open"])
    addresses = urls().filter(lambda url: TOKEN not in url)
    explore(record_property, 80, call, logins, addresses, passwords, marks, commands)


# -- answers of clouds ------------------------------------------------------------------------

JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.sampled_from([10**30, -(10**30), 10**400, 2**63]),
        st.floats(),
        st.text(st.characters()),
        st.sampled_from(["none", "default", "5 GB", "9" * 40 + " GB", "1e999", "-3", " B", "true"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
OCS_CODES = st.one_of(
    st.sampled_from([100, 100, 100, 100, "100", 101, 102, 103, 104, 107, 404, 403, 429, 503]),
    st.sampled_from([996, 997, 998, 10**400, float("inf"), float("nan"), None, "x", [], 100.5]),
)
STATUSES = st.sampled_from(
    [200, 200, 200, 200, 201, 204, 301, 400, 401, 403, 404, 405, 412, 418, 429, 500, 502, 503, 999]
)
HEADERS = st.dictionaries(
    st.sampled_from(["WWW-Authenticate", "Location", "Retry-After", "Content-Type"]),
    WORD,
    max_size=2,
)
QUOTAS = st.one_of(
    JSON,
    st.fixed_dictionaries({}, optional={name: JSON for name in ("quota", "definition", "used")}),
)


@st.composite
def users(draw: st.DrawFn, login: str) -> Dict[str, Any]:
    """A user object, all of it as it should be but for a few fields."""
    user: Dict[str, Any] = {
        "id": login,
        "enabled": True,
        "email": "client7@example.com",
        "displayname": login,
        "groups": ["pmnextcloud-test"],
        "quota": {"quota": 5 * 1024**3, "used": 0},
    }
    for name in draw(st.lists(st.sampled_from(list(user)), max_size=3)):
        user[name] = draw(QUOTAS if name == "quota" else JSON)
    return user


@st.composite
def answers(draw: st.DrawFn, login: str) -> transport.Response:
    """An answer of something that may be a cloud."""
    data = draw(
        st.one_of(
            users(login),
            users(login),
            JSON,
            users(login).map(lambda user: {"users": {login: user}}),
            JSON.map(lambda inner: {"users": inner, "groups": inner, "capabilities": inner}),
        )
    )
    meta = {"statuscode": draw(OCS_CODES), "message": draw(JSON)}
    envelope = {
        "ocs": {"meta": draw(st.sampled_from([meta, meta, meta, [meta], None])), "data": data}
    }
    body = draw(
        st.one_of(
            st.just(json.dumps(envelope).encode()),
            st.just(json.dumps(envelope).encode()),
            JSON.map(lambda value: json.dumps(value).encode()),
            st.just(b'{"installed": true, "version": "29.0.6.1", "maintenance": false}'),
            st.just(b'{"installed": true, "version": "29.0.6.1", "extendedSupport": false}'),
            st.just(b'{"installed": true, "version": "10.15.2.0", "product": "ownCloud"}'),
            BODIES,
            elements().map(lambda node: b"<ocs><meta>" + ET.tostring(node) + b"</meta></ocs>"),
        )
    )
    # The first words of a page are told to staff. A token that stands only there is not ours.
    return transport.Response(draw(STATUSES), draw(HEADERS), body.replace(TOKEN.encode(), b""))


class Puppet:
    """A cloud that answers whatever it was told to, in turn; `asked` is what it was asked."""

    def __init__(self, machine: Machine) -> None:
        self.asked: List[str] = []
        self._machine = machine
        self._answers: List[transport.Response] = []

    def send(self, method: str, url: str, *others: Any) -> transport.Response:
        """Stands in for the sending of a request."""
        self.asked.append(f"{method} {url}")
        return self._answers[(len(self.asked) - 1) % len(self._answers)]

    def call(self, command: str, several: List[transport.Response]) -> None:
        """Runs a command against these answers.

        Raises AssertionError where it crashed, asked without end, or changed another account.
        """
        machine = self._machine
        machine.forget()
        self.asked.clear()
        self._answers = several
        if command == "check_connection":
            form = connection_form(base_url=machine.cloud.url, nc_password=TOKEN)
            machine.run("--command", command, stdin=form)
            return
        argv = ["--command", command, "--module", str(machine.world.module)]
        machine.run(*argv, "--item", str(machine.item))
        assert 0 < len(self.asked) < 30
        own = re.compile(
            f".*/cloud/(groups|users|users/{machine.login}(/(en|dis)able|/groups)?)", re.I
        )
        writes = [line for line in self.asked if not line.startswith("GET ")]
        assert not [line for line in writes if not own.fullmatch(line)]


@pytest.fixture
def puppet(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Puppet:
    """In place of every cloud."""
    made = Puppet(machine)
    monkeypatch.setattr(transport.Http, "send", lambda http, *call: made.send(*call))
    return made


def test_answers_of_a_cloud(machine: Machine, puppet: Puppet, record_property: Record) -> None:
    explore(
        record_property,
        100,
        puppet.call,
        st.one_of(OF_STORED, OF_STORED, OF_STORED, st.just("check_connection")),
        st.lists(answers(machine.login), min_size=1, max_size=4),
    )


ODD_VALUES = [
    *(None, True, 0, -1, 1.5, 10**30, 10**400, 1e300, float("inf"), float("nan"), [], ["a"], {}),
    *("", "admin", "victim", "../user_1", "user_1001/../x", "\ud800", "x" * 300, "USER_1001"),
    *("none", "9" * 40 + " GB", "1e999"),
]
CHANGED_FIELDS = (
    *("statuscode", "message", "id", "enabled", "email", "groups", "quota", "used", "whole quota"),
)


@pytest.mark.parametrize(
    "command",
    [
        *("setparam", "stat"),
        *(
            pytest.param(name, marks=pytest.mark.long)
            for name in table.SERVICES
            if name != "setparam"
        ),
    ],
)
def test_odd_values_in_an_account(
    machine: Machine, puppet: Puppet, record_property: Record, command: str
) -> None:
    record_property("tried", len(ODD_VALUES) * len(CHANGED_FIELDS))
    faults: Dict[str, str] = {}
    for name in CHANGED_FIELDS:
        for value in ODD_VALUES:
            quota: Any = {"quota": 5 * 1024**3, "used": 7}
            user: Dict[str, Any] = {"id": machine.login, "enabled": True, "quota": quota}
            meta: Dict[str, Any] = {"statuscode": 100}
            if name in ("statuscode", "message"):
                meta[name] = value
            elif name in quota:
                quota[name] = value
            else:
                user["quota" if name == "whole quota" else name] = value
            document = {"ocs": {"meta": meta, "data": user}}
            body = json.dumps(document).replace("1e+300", "1e999").encode()
            try:
                puppet.call(command, [transport.Response(200, {}, body)])
            except AssertionError as error:
                faults[f"{name} {value!r:.30}"] = str(error)[-300:]
    assert not faults, "\n".join(f"{case}: {words}" for case, words in faults.items())


# -- answers of the core ----------------------------------------------------------------------


def test_answers_of_the_core(
    machine: Machine, record_property: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    to_come: List[bytes] = []

    def run(self: mgrctl.Mgrctl, command: List[str], environment: Mapping[str, str]) -> bytes:
        return to_come[0]

    monkeypatch.setattr(mgrctl.Mgrctl, "_run", run)
    operation = machine.stand.add_operation("suspend", machine.item)

    def call(command: str, body: bytes) -> None:
        machine.forget()
        to_come[:] = [body.replace(TOKEN.encode(), b"")]
        machine.run(
            *("--command", command, "--item", str(machine.item)),
            *("--runningoperation", str(operation)),
        )

    explore(
        record_property,
        80,
        call,
        st.sampled_from(table.SERVICES),
        BODIES,
    )


# -- settings ---------------------------------------------------------------------------------


def test_lines_of_the_settings(machine: Machine, record_property: Record) -> None:
    names = st.sampled_from(
        ["budget_s", "ca_file", "proxy", "former_servers", "on_close", "page_size", "allow_plain"]
    )
    values = st.one_of(
        ONE_LINE,
        NUMBERS,
        urls().filter(lambda url: TOKEN not in url),
        st.sampled_from(["socks5://127.0.0.1:1", "http://[::1", "::", "/", "/nonexistent/x"]),
    )

    def call(name: str, value: str, command: str) -> None:
        machine.forget()
        text = f"{name} = {value}\n".encode("utf-8", "surrogateescape")
        machine.stand.write("etc/pmnextcloud.conf", text)
        machine.run("--command", command, "--item", str(machine.item))

    explore(record_property, 80, call, names, values, st.sampled_from(table.SERVICES))
