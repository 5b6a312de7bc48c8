"""What several unit tests need: a log, a stubbed HTTP door, recorded answers, a BILLmanager."""

import json
import logging
from functools import lru_cache
from typing import Any, Callable, Dict, Iterator

import hypothesis
import pytest
import responses

from tests import ROOT
from tests.doubles.billmanager import Stand
from tests.unit.specs import double_of
from utils.base import secret
from utils.base.secret import Secret
from utils.base.values import Account, Client, EndTerms, Item, Order, Server, Terms
from utils.billing.billmanager import Billing
from utils.billing.clients import Clients
from utils.billing.closing import Closing
from utils.billing.memos import Memos
from utils.billing.modules import Modules
from utils.billing.namings import Namings
from utils.billing.notices import Notices
from utils.billing.operations import Operations
from utils.billing.services import Services
from utils.billing.statistics import Statistics
from utils.billing.tariffs import Tariffs
from utils.billing.tasks import Tasks
from utils.billing.usage import Usage
from utils.billing.users import Users
from utils.host import state
from utils.host.root import Host

RECORDING = ROOT / "tests/doubles/cloud/recordings/nextcloud-29.0.6.json"
BASE = "https://cloud.example.com:8443/nc"
PASSWORD = "made-up-password"

hypothesis.settings.register_profile("unit", deadline=None, derandomize=True, max_examples=100)
hypothesis.settings.load_profile("unit")


@lru_cache(maxsize=None)
def _recording() -> Dict[str, Dict[str, Any]]:
    sections = json.loads(RECORDING.read_text("utf-8"))["sections"]
    return {step["name"]: step for steps in sections.values() for step in steps}


def recorded(name: str) -> Dict[str, Any]:
    """A recorded answer of Nextcloud 29.0.6 as the arguments of a stub: body, status, headers.

    Of several steps with one name the last. Raises KeyError where there is none.
    """
    step = _recording()[name]
    headers = dict(step["answer_headers"])
    body = json.dumps(step["json"]) if "json" in step else step["text"]
    return {
        "body": body,
        "status": step["status"],
        "content_type": headers.pop("Content-Type", "text/html"),
        "headers": headers,
    }


def ocs(code: int = 100, data: Any = None, message: str = "", status: int = 200) -> Dict[str, Any]:
    """An OCS answer of v1.php as the arguments of a stub."""
    meta = {"status": "ok" if code == 100 else "failure", "statuscode": code, "message": message}
    body = json.dumps({"ocs": {"meta": meta, "data": [] if data is None else data}})
    return {"body": body, "status": status, "content_type": "application/json; charset=utf-8"}


def make_server(**changes: Any) -> Server:
    """A module's connection; no such host exists."""
    server = Server(31, BASE, "admin", Secret(PASSWORD), verify_tls=True, timeout_s=5.0)
    return server._replace(**changes)


def make_account(**changes: Any) -> Account:
    """An account as ordered by make_order()."""
    account = Account(
        login="user_1001",
        enabled=True,
        email="client7@example.com",
        display_name="",
        groups=("clients",),
        quota_bytes=5 * 1024**3,
        used_bytes=0,
    )
    return account._replace(**changes)


def make_order(**changes: Any) -> Order:
    """5 GiB in the group `clients`."""
    order = Order(5 * 1024**3, group="clients", email="client7@example.com")
    return order._replace(**changes)


def make_item(**changes: Any) -> Item:
    """Service 1001 of module 31, paid and not yet opened."""
    item = Item(
        id=1001,
        itemtype="backupservice",
        status=5,
        account_id=201,
        tariff_id=501,
        last_tariff_id=None,
        trial=False,
        module_id=31,
        saved_login="",
        saved_password=None,
        saved_url="",
        mark=None,
    )
    return item._replace(**changes)


NOUNS: Dict[str, type] = {
    "services": Services,
    "modules": Modules,
    "namings": Namings,
    "operations": Operations,
    "closing": Closing,
    "statistics": Statistics,
    "tariffs": Tariffs,
    "clients": Clients,
    "tasks": Tasks,
    "users": Users,
    "notices": Notices,
    "memos": Memos,
    "usage": Usage,
}


def make_billing() -> Any:
    """A BILLmanager that is a double of every noun's own signature; it knows its installation."""
    one = double_of(Billing)
    for name, noun in NOUNS.items():
        one.attach_mock(double_of(noun), name)
    one.key_digest.return_value = "0123456789ab"
    one.namings.of.return_value = {}
    one.memos.of.return_value = {}
    one.tariffs.end_terms.return_value = EndTerms("delete", 30, "lock", 7)
    one.tariffs.trial_group.return_value = ""
    one.services.noted.return_value = []
    one.namings.has_odd.return_value = False
    one.services.excess_bytes.return_value = -100
    one.tariffs.terms.return_value = Terms()
    one.tariffs.client.return_value = Client(email="client7@example.com")
    one.tariffs.is_uncounted.return_value = False
    one.fingerprint.return_value = "0" * 32
    one.secret_capacity_bytes.return_value = 245
    return one


@pytest.fixture(autouse=True)
def _fresh_memory_of_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets of one test are not struck out in the texts of the next."""
    monkeypatch.setattr(secret, "_known", {})


@pytest.fixture(autouse=True)
def _own_spare(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What cannot be kept on disk is not left in this machine's memory."""
    monkeypatch.setattr(state, "SPARES", str(tmp_path_factory.getbasetemp()))


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> logging.Logger:
    """A logger whose every line `caplog` has."""
    caplog.set_level(logging.DEBUG)
    return logging.getLogger("unit")


@pytest.fixture
def http() -> Iterator[responses.RequestsMock]:
    """The HTTP door, stubbed: a request without a stub fails, and so does a stub without one."""
    with responses.RequestsMock() as stubs:
        yield stubs


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    """A BILLmanager for all tests of a file; each makes its own services in it."""
    one = Stand()
    try:
        yield one
    finally:
        one.close()


@pytest.fixture
def billing(stand: Stand, log: logging.Logger) -> Iterator[Billing]:
    """The stand's BILLmanager as a command sees it, for a call without an operation."""
    yield from opened(stand, log)
    stand.core_faults.clear()
    stand.hidden_functions.clear()
    stand.saveparam_form = "both"
    stand.core_down = False


def opened(stand: Stand, log: logging.Logger, **more: Any) -> Iterator[Billing]:
    """Billing on a stand, its connection closed at the end; `more` as for Billing."""
    one = Billing(Host(str(stand.root)), log, **more)
    yield one
    close(one)


def close(billing: Billing) -> None:
    """Close the database connection of a Billing if it has one."""
    doors = billing._doors
    connection = doors.db._connection if "db" in vars(doors) else None
    if connection is not None and connection.open:
        connection.close()


@pytest.fixture
def serving(stand: Stand, log: logging.Logger) -> Iterator[Callable[[int], Billing]]:
    """Makes the Billing of a call that serves the given running operation."""
    made = []

    def make(operation_id: int) -> Billing:
        made.append(Billing(Host(str(stand.root)), log, operation_id))
        return made[-1]

    yield make
    for one in made:
        close(one)
    stand.hidden_functions.clear()
