"""What is fuzzed: each reader takes any bytes, and answers or raises what it says.

`make fuzz` lets atheris look for new ways by coverage, for hours; tests/unit/test_fuzz.py feeds a
fixed number of made-up ones. The same targets serve both.
"""

import io
import json
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, Callable, Dict, List

from utils import api
from utils.base import address, errors, sizes, xml
from utils.base.secret import Secret
from utils.base.text import LONGEST, is_plain, tame
from utils.base.values import Server
from utils.billing import mark, oldmarks, reply
from utils.census.days import WholeDays
from utils.cloud import answers, ocs
from utils.cloud.binding import Binding
from utils.cloud.products import NEXTCLOUD, OWNCLOUD, Memory, by_answer, by_status
from utils.cloud.refusals import Refusals
from utils.cloud.transport import Response
from utils.consts import Level
from utils.host import settings
from utils.host.state import State
from utils.webpay import cgi, protocol

Target = Callable[[bytes], None]

SERVER = Server(31, "https://cloud.example.com", "admin", Secret("made-up-77"), True, 5.0)


def envelope(data: bytes) -> None:
    """The OCS envelope, and the error that it stands for."""
    response = Response(200, {}, data)
    found = ocs.read_envelope(response)
    if found is None:
        return
    assert isinstance(found.code, int)
    assert tame(found.message) == found.message
    by_answer(found)
    error = ocs.error_of("GET /x", response, found, {})
    assert len(error.value) <= LONGEST
    assert is_plain(error.value)
    xml.parse(reply.error(error).document)


def account(data: bytes) -> None:
    """The record of an account."""
    try:
        record = ocs.json_document(data)
    except ValueError:
        return
    for product in (NEXTCLOUD, OWNCLOUD):
        try:
            found = answers.account_from(record, "user_7", product, ["a"])
        except ValueError:
            continue
        assert found.login.casefold() == "user_7"
        assert all(isinstance(group, str) for group in found.groups)
        assert found.used_bytes is None or 0 <= found.used_bytes < 2**63


class _Told:
    """In place of a connection: whatever is asked, the answer is the same."""

    product = NEXTCLOUD

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def ask(self, *asked: Any, **more: Any) -> Any:
        """The answer."""
        return self._answer


def lists(data: bytes) -> None:
    """Pages of accounts and groups, in a cloud that repeats them for ever."""
    try:
        client = api.NextcloudAPIClient.__new__(api.NextcloudAPIClient)
        vars(client)["_connection"] = _Told(ocs.json_document(data))
    except ValueError:
        return
    with suppress(errors.CloudUnreachable):
        page = client.users_page(0, 2)
        assert len(page.accounts) <= page.rows
        assert all(isinstance(login, str) for login in page.logins)
    with suppress(errors.CloudUnreachable):
        assert all(map(is_plain, client.groups(2)))


class _Files(State):
    """In place of the module's own files: each holds the same."""

    def __init__(self, kept: Any) -> None:
        super().__init__("/nowhere")
        self._kept = kept

    def read(self, name: str) -> Any:
        """What is kept."""
        return self._kept


def kept(data: bytes) -> None:
    """The module's own files, which may be damaged in any way."""
    try:
        files = _Files(json.loads(data))
    except (ValueError, RecursionError):
        return
    binding = Binding(files, lambda text: "0" * 32, 31)
    with suppress(errors.SecretElsewhere):
        binding.check(SERVER)
    assert set(binding.list_unbound(SERVER)) <= {"nc_password"}
    WholeDays(files, 31).last()
    Memory(files, SERVER).recall()
    refusal = Refusals(files, lambda text: "0" * 32, SERVER, Level.EDITS)._kept()
    assert refusal is None or int(refusal["at"] + refusal["stands_s"]) >= 0
    understood = oldmarks._understood(files.read(""))
    assert understood is None or set(understood) == {"until", "sealed"}


def status(data: bytes) -> None:
    """status.php."""
    try:
        by_status(ocs.mapping(ocs.json_document(data)))
    except (ValueError, errors.CloudUnsupported):
        return


def form(data: bytes) -> None:
    """A form, and the same form given back."""
    try:
        root = xml.parse(data)
    except ValueError:
        return
    for name, value in xml.fields(root).items():
        xml.set_field(root, name, value)
    again = xml.parse(xml.to_bytes(root))
    assert again.tag == root.tag


def own_mark(data: bytes) -> None:
    """The mark on a service."""
    found = mark.from_text(data.decode("utf-8", "surrogateescape"), lambda text: "x" * 12, "0" * 12)
    if found is not None:
        assert isinstance(found.item_id, int)
        assert found.login
        assert found.password


def settings_file(data: bytes) -> None:
    """etc/pmnextcloud.conf."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "conf"
        path.write_bytes(data)
        try:
            found = settings.load(str(path))
        except errors.SettingsBroken as error:
            words(error.value.encode())
            return
        assert 20 <= found.budget_s <= 3600


def url(data: bytes) -> None:
    """The address of a cloud: what is taken is taken again as it is."""
    try:
        clean = address.clean(data.decode("utf-8", "replace"))
    except errors.BadArguments as error:
        words(error.value.encode())
        return
    assert address.clean(clean) == clean
    address.origin(clean)
    address.digest(clean)


def size(data: bytes) -> None:
    """A quota in words."""
    try:
        assert sizes.parse_text(data.decode("utf-8", "replace")) >= 0
    except ValueError:
        return


def words(data: bytes) -> None:
    """Any text that is shown."""
    text = data.decode("utf-8", "surrogateescape")
    shown = tame(text)
    assert is_plain(shown)
    assert len(shown) <= LONGEST
    shown.encode()


def notification(data: bytes) -> None:
    """A notification of WEBPAY's, and whatever else comes to its receiver."""
    environment = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(data))}
    try:
        request = cgi.read_request(environment, io.BytesIO(data))
        found = protocol.read_notification(request.form_fields())
    except (cgi.Refused, protocol.Malformed):
        return
    protocol.fits(found.fields, SERVER.secret)
    payment = protocol.payment_of(found.order)
    assert payment is None or payment > 0
    assert found.amount >= 0


TARGETS: Dict[str, Target] = {
    one.__name__: one
    for one in (
        *(envelope, account, lists, status, form, own_mark, kept, settings_file, url, size, words),
        notification,
    )
}

_REFUSAL = {"code": "cloud_login_refused", "value": "x", "at": 1.5, "stands_s": 600.0}
_USER = {"id": "user_7", "enabled": True, "groups": ["a", 5], "quota": {"quota": "5 GB", "used": 9}}
SEEDS: Dict[str, List[bytes]] = {
    "notification": [
        b"batch_timestamp=1&currency_id=BYN&amount=21.90&payment_method=cc&order_id=5&site_order_id="
        b"B1-ABE&transaction_id=7&payment_type=1&rrn=154789648154&wsb_signature=" + b"0" * 32,
    ],
    "envelope": [
        b'{"ocs":{"meta":{"status":"ok","statuscode":100,"message":"OK"},"data":{"a":[1.5]}}}',
        b"<ocs><meta><statuscode>997</statuscode><message>no</message></meta></ocs>",
    ],
    "account": [json.dumps(_USER).encode(), b'{"enabled":"true","quota":{"definition":"none"}}'],
    "lists": [
        b'{"users":{"user_7":{"id":"user_7","quota":{"used":1}}},"groups":["a",5]}',
        b'{"users":[{"id":"user_7"},{}],"groups":["a","b"]}',
    ],
    "kept": [
        json.dumps({"0" * 32: ["https://cloud.example.com:443", True]}).encode(),
        json.dumps({"fingerprint": "0" * 32, **_REFUSAL}).encode(),
        b'{"until":7,"sealed":[1,2]}',
        b'{"base_url":"https://cloud.example.com","product":"Nextcloud"}',
        b'"2026-11-26"',
    ],
    "status": [b'{"installed":true,"version":"29.0.6.1","extendedSupport":false}'],
    "form": [b"<doc><processingmodule><base_url>a</base_url></processingmodule></doc>"],
    "own_mark": [b'[1,"0123456789ab",7,"user_7","0123456789abcdef","pw"]'],
    "settings_file": [b"budget_s = 90\nproxy = http://p:1\nformer_servers = https://a.example\n"],
    "url": [b"https://cloud.example.com:8443/nc/index.php/", b"http://[::1]:80/a"],
    "size": [b"5 GB", b"none", b"1.5 tb"],
    "words": ["слово \u202e\x1b[2J".encode(), b"\xff\x00"],
}
"""Something true for each, from which others are made."""
