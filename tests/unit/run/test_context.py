"""What a command has at hand: made when touched, and the cloud only when it is its turn."""

import logging
from pathlib import Path
from typing import Any, Iterator, List, Optional
from unittest.mock import call

import pytest

from tests.tools import table
from tests.unit.conftest import make_billing, make_item, make_server
from tests.unit.specs import double_of
from utils.api import NextcloudAPIClient
from utils.base import errors
from utils.billing.billmanager import Billing
from utils.cloud.refusals import Refusals
from utils.consts import Level
from utils.host.root import Host
from utils.host.settings import Settings
from utils.host.state import State
from utils.run.call import Call
from utils.run.context import Context
from utils.run.visit import FOR_VISITORS, VISITORS, Visit


class Lock:
    """In place of a LockFile: notes what is asked for, and is free or not as a test says."""

    asked: List[Any] = []
    journal: List[str] = []
    busy = ""

    def __init__(self, path: str) -> None:
        self.name = Path(path).name

    def close(self) -> None:
        """Nothing is held."""
        Lock.journal.append(f"left {self.name}")

    def take(self, numbers: Any, wait_s: float) -> Optional[int]:
        """The first number, or None where this file is the busy one."""
        wanted = list(numbers)
        Lock.asked.append((self.name, wanted, wait_s))
        Lock.journal.append(f"asked for {self.name}")
        return None if self.name == Lock.busy else wanted[0]


@pytest.fixture(autouse=True)
def locks(monkeypatch: pytest.MonkeyPatch) -> Iterator[List[Any]]:
    """The locks that were asked for: file, numbers, seconds."""
    monkeypatch.setattr("utils.host.locks.LockFile", Lock)
    Lock.asked, Lock.journal, Lock.busy = [], [], ""
    yield Lock.asked
    Lock.asked, Lock.journal, Lock.busy = [], [], ""


@pytest.fixture
def billing() -> Any:
    """A BILLmanager with one service and its module."""
    one = make_billing()
    one.services.item.return_value = make_item()
    one.services.module_of.return_value = 31
    one.modules.server.return_value = make_server()
    return one


def make(tmp_path: Path, billing: Any, log: logging.Logger, call: Call, **settings: Any) -> Context:
    """A context on this BILLmanager."""
    host = Host(str(tmp_path))
    return Context(call, host, billing=billing, log=log, settings=Settings(**settings))


ITEM = Call("open", item=1001)
MODULE = Call("stat", module=31)
FORM = Call("check_connection")


# -- failures ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "option"), [("item_id", "--item"), ("module_id", "--module")])
def test_a_missing_option_is_told(method: str, option: str) -> None:
    with pytest.raises(errors.BadArguments, match=option):
        getattr(Call("open"), method)()


def test_a_service_without_its_option_is_told(
    tmp_path: Path, billing: Any, log: logging.Logger, locks: List[Any]
) -> None:
    with pytest.raises(errors.BadArguments):
        make(tmp_path, billing, log, MODULE).service()
    assert not locks
    assert not billing.mock_calls


def test_a_service_that_another_process_works_on_is_told_unread(
    tmp_path: Path, billing: Any, log: logging.Logger
) -> None:
    Lock.busy = "services.json.lock"
    with pytest.raises(errors.Busy, match="service 1001"):
        make(tmp_path, billing, log, ITEM).service()
    assert not billing.mock_calls


def test_a_cloud_with_too_many_at_it_is_told_and_not_asked(
    tmp_path: Path, billing: Any, log: logging.Logger
) -> None:
    Lock.busy = "cloud-31.json.lock"
    context = make(tmp_path, billing, log, ITEM)
    with pytest.raises(errors.Busy, match="module 31"):
        context.service()
    assert context.visit is not None
    assert (context.visit.module_id, context.visit.has_answer) == (31, False)


def test_a_refusal_that_stands_is_told_and_the_cloud_not_asked(
    tmp_path: Path, billing: Any, log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(self: Refusals) -> None:
        raise errors.LoginRefused("x (300 s)")

    monkeypatch.setattr(Refusals, "check", check)
    context = make(tmp_path, billing, log, ITEM)
    with pytest.raises(errors.LoginRefused):
        context.service()
    assert context.visit is not None
    assert not context.visit.has_answer
    monkeypatch.setattr(Refusals, "remember", lambda self, error: pytest.fail("remembered anew"))
    context.visit.remember(errors.LoginRefused("x (300 s)"))


def test_a_service_with_a_broken_secret_is_told_where_the_modules_own_is_whole(
    tmp_path: Path, billing: Any, log: logging.Logger
) -> None:
    billing.services.item.side_effect = errors.SecretBroken("x")
    with pytest.raises(errors.SecretBroken) as caught:
        make(tmp_path, billing, log, ITEM).service()
    assert type(caught.value) is errors.SecretBroken
    billing.modules.server.side_effect = errors.ModuleSecretBroken("module 31")
    with pytest.raises(errors.ModuleSecretBroken):
        make(tmp_path, billing, log, ITEM).service()


# -- turns ------------------------------------------------------------------------------------


def test_a_service_is_locked_before_its_cloud(
    tmp_path: Path, billing: Any, log: logging.Logger, locks: List[Any]
) -> None:
    context = make(tmp_path, billing, log, ITEM._replace(level=Level.EDITS))
    service = context.service()
    assert [(name, numbers) for name, numbers, _ in locks] == [
        ("services.json.lock", [1001]),
        ("cloud-31.json.lock", list(range(VISITORS))),
    ]
    assert (service.item, service.server) == (make_item(), make_server())
    assert context.visit is not None
    assert service.cloud is context.visit._client
    assert context.visit.module_id == 31
    assert context.visit._refusals is not None
    assert context.visit._refusals._level is Level.EDITS


def test_pages_for_visitors_share_one_turn(
    tmp_path: Path, billing: Any, log: logging.Logger, locks: List[Any]
) -> None:
    page = Call("page", 1001)
    make(tmp_path, billing, log, page).cloud(make_server())
    assert [numbers for _, numbers, _ in locks] == [[VISITORS - 1]]
    assert set(FOR_VISITORS) == set(table.PAGES)


def test_a_run_for_many_waits_for_a_service_without_its_turn_as_every_other_run(
    tmp_path: Path, billing: Any, log: logging.Logger
) -> None:
    here = make(tmp_path, billing, log, Call("audit")).at_module(31, Level.EDITS)
    client = here.cloud(make_server())
    for _ in range(2):
        Lock.journal.clear()
        assert here.at_service(1001).service().cloud is client
        assert Lock.journal == [
            "left cloud-31.json.lock",
            "asked for services.json.lock",
            "asked for cloud-31.json.lock",
        ]


@pytest.mark.parametrize("busy", ["services.json.lock", "cloud-31.json.lock"])
def test_a_run_for_many_that_waits_in_vain_has_left_its_turn_and_tries_the_next_service(
    tmp_path: Path, billing: Any, log: logging.Logger, busy: str
) -> None:
    here = make(tmp_path, billing, log, Call("audit")).at_module(31, Level.EDITS)
    client = here.cloud(make_server())
    Lock.busy = busy
    with pytest.raises(errors.Busy):
        here.at_service(1001).service()
    Lock.busy = ""
    assert here.at_service(1002).service().cloud is client


def test_nobody_is_at_a_service_of_a_cloud_that_was_not_reached(
    tmp_path: Path, billing: Any, log: logging.Logger
) -> None:
    with pytest.raises(ValueError, match="no visit"):
        make(tmp_path, billing, log, Call("audit")).at_module(31, Level.EDITS).at_service(1001)


@pytest.mark.parametrize(("budget_s", "wait_s"), [(90, 70), (20, 5), (24, 5), (3600, 3580)])
def test_part_of_the_budget_is_not_spent_on_waiting(
    tmp_path: Path,
    billing: Any,
    log: logging.Logger,
    locks: List[Any],
    budget_s: int,
    wait_s: float,
) -> None:
    make(tmp_path, billing, log, MODULE, budget_s=budget_s).cloud(make_server())
    assert [waited for _, _, waited in locks] == [wait_s]


def test_a_form_waits_for_nobody_and_remembers_nothing(
    tmp_path: Path, billing: Any, log: logging.Logger, locks: List[Any]
) -> None:
    context = make(tmp_path, billing, log, FORM)
    assert isinstance(context.cloud(make_server()), NextcloudAPIClient)
    assert not locks
    assert context.visit is None
    assert not billing.mock_calls


@pytest.mark.parametrize(("call", "concerns"), [(ITEM, True), (MODULE, True), (FORM, False)])
def test_a_call_with_item_or_module_concerns_a_stored_module(call: Call, concerns: bool) -> None:
    assert call.concerns_module is concerns


def test_a_client_that_cannot_be_made_has_not_answered(
    tmp_path: Path, billing: Any, log: logging.Logger
) -> None:
    context = make(tmp_path, billing, log, MODULE, ca_file=str(tmp_path / "none.pem"))
    with pytest.raises(errors.SettingsBroken):
        context.cloud(make_server())
    assert context.visit is not None
    assert not context.visit.has_answer


# -- what is made when it is touched ----------------------------------------------------------


def test_the_settings_are_those_of_the_host(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "pmnextcloud.conf").write_text("page_size = 7\n")
    assert Context(ITEM, Host(str(tmp_path))).settings.page_size == 7


@pytest.mark.parametrize(
    ("conf", "log_file"),
    [
        ("", "var/pmnextcloud.log"),
        ("log_file = /var/log/pm.log\n", "/var/log/pm.log"),
        ("nonsense\n", "var/pmnextcloud.log"),
    ],
)
def test_the_log_is_where_the_settings_say_if_they_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, conf: str, log_file: str
) -> None:
    seen: List[Any] = []
    monkeypatch.setattr("utils.misc.setup_logging", lambda *args: seen.append(args))
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "pmnextcloud.conf").write_text(conf)
    context = Context(ITEM, Host(str(tmp_path)))
    assert context.log is None
    debug_conf = str(tmp_path / "etc" / "debug.conf")
    assert seen == [(str(tmp_path / log_file), debug_conf, "open", 1001)]


def test_billing_and_state_are_made_once(tmp_path: Path, log: logging.Logger) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "billmgr.conf").write_text("DBName billmgr\n")
    context = Context(Call("open", 1001, runningoperation=900001), Host(str(tmp_path)), log=log)
    assert isinstance(context.billing, Billing)
    assert isinstance(context.state, State)
    assert context.billing is context.billing
    assert context.state.folder == str(tmp_path / "var" / "pmnextcloud")


def test_an_owner_knows_the_former_servers(
    tmp_path: Path, billing: Any, log: logging.Logger
) -> None:
    old = "https://old.example.com"
    context = make(tmp_path, billing, log, ITEM, former_servers=(old,))
    cloud = double_of(NextcloudAPIClient)
    owner = context.owner(make_item(), make_server(base_url=old), cloud)
    mark = owner.new_mark("user_1001", make_server().secret, is_made=True)
    owner = context.owner(make_item(mark=mark), make_server(), cloud)
    assert owner.record() is not None


# -- leaving a cloud --------------------------------------------------------------------------


def test_whoever_leaves_a_cloud_leaves_his_turn_and_what_it_refused(
    tmp_path: Path, billing: Any, log: logging.Logger
) -> None:
    refusal = errors.LoginRefused("401")
    context = make(tmp_path, billing, log, ITEM)
    context.leave(refusal)  # who was at none has nothing to leave
    context.visit = double_of(Visit)
    context.leave()
    context.leave(refusal)
    assert context.visit.mock_calls == [call.end(), call.remember(refusal), call.end()]


def test_a_refusal_that_cannot_be_kept_keeps_nobody_from_leaving(
    tmp_path: Path, billing: Any, log: logging.Logger
) -> None:
    context = make(tmp_path, billing, log, ITEM)
    context.visit = double_of(Visit)
    context.visit.remember.side_effect = errors.StateUnwritable("full")
    context.leave(errors.LoginRefused("401"))
    context.visit.end.assert_called_once_with()


# -- what is counted ------------------------------------------------------------------------------


def test_a_pause_is_counted_for_the_module_whose_cloud_was_reached(
    tmp_path: Path, log: logging.Logger
) -> None:
    context = make(tmp_path, make_billing(), log, MODULE)
    context.note_pause(3)
    assert context.deeds.tally.numbers() == {}
    context.visit = Visit(context, make_server(module_id=31), 1.0)
    context.note_pause(2.5)
    assert context.deeds.tally.numbers() == {"pauses/31": 1, "pause_ms/31": 2500}
