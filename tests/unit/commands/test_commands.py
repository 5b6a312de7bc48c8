"""The commands, with doubles of everything that they use: what they do, and in which order."""

import io
import logging
import sys
from contextlib import nullcontext
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any, Callable, Dict, Iterator, List, Optional
from unittest.mock import Mock, call

import pytest

from commands import load
from tests import ROOT
from tests.tools import table
from tests.unit.conftest import (
    make_account,
    make_billing,
    make_item,
    make_order,
    make_server,
)
from tests.unit.specs import double_of
from utils.accounts.endings import Ending
from utils.accounts.ownership import Ownership, Record, Renewal
from utils.accounts.provisioning import Provisioning
from utils.accounts.tokens import is_token, make_token
from utils.api import NextcloudAPIClient
from utils.base import errors, xml
from utils.base.secret import Secret
from utils.base.values import Client, Disk, EndTerms, Mark, Order, Terms
from utils.billing.clients import Contact
from utils.census.days import WholeDays
from utils.cloud.answers import PasswordRules
from utils.cloud.products import NEXTCLOUD, OWNCLOUD, Memory
from utils.consts import STATUS_ACTIVE, STATUS_CLOSED, STATUS_SUSPENDED
from utils.ending import giving
from utils.host.locks import LockFile
from utils.host.root import STATE, Host
from utils.host.settings import Settings
from utils.host.state import LEFT, State
from utils.run.call import Call
from utils.run.context import Context
from utils.run.service import Service

PASSWORD = Secret("made-up-pw-77")
RECORD = Record("user_1001", PASSWORD, proved=True)
NEW = RECORD._replace(proved=False)
KNOWN = make_order(email="", drops_token=True)
"""What is asked of an account of which it is not known how it was left."""

OK = b"<doc/>"
READING = (
    "billing.tariffs.",
    "billing.fingerprint",
    "billing.services.noted",
    "billing.modules.",
    "billing.services.of_client",
    "billing.services.item",
    "billing.secret_capacity_bytes",
    "billing.decrypt",
    "billing.fingerprint",
    "billing.services.excess_bytes",
    "billing.memos.of",
)
"""What of billing changes nothing there."""


class World:
    """A service, its account, and all calls about it in one order."""

    def __init__(self, tmp_path: Path, log: logging.Logger) -> None:
        self.calls = Mock()
        self.billing = make_billing()
        self.billing.fingerprint.side_effect = lambda text: sha256(text.encode()).hexdigest()
        self.billing.modules.server.return_value = make_server()
        self.tariffs = self.billing.tariffs
        self.tariffs.order.return_value = make_order()
        self.tariffs.group.side_effect = {501: "clients", 500: "old"}.__getitem__
        self.owner: Any = double_of(Ownership)
        self.owner.record.return_value = RECORD
        self.owner.find.return_value = make_account()
        self.owner.accepted.side_effect = lambda record: record
        self.owner.account.return_value = make_account()
        self.owner.existing.return_value = make_account()
        self.owner.free_login.return_value = "user_1001"
        self.owner.default_login.return_value = "user_1001"
        self.owner.others.return_value = []
        self.owner.rivals.return_value = []
        self.owner.left_alone = None
        self.owner.renewal.return_value = None
        self.owner.urgent_mark.return_value = None
        self.accounts: Any = double_of(Provisioning)
        self.accounts.failed = {}
        self.accounts.is_link_mailed = None
        self.accounts.create.return_value = make_account()
        self.accounts.bring.return_value = make_account()
        self.billing.services.of_client.return_value = [1001]
        self.billing.services.item.side_effect = lambda item_id: self.item
        self.cloud: Any = double_of(NextcloudAPIClient)
        self.cloud.password_rules.return_value = PasswordRules()
        for name in ("billing", "accounts"):
            self.calls.attach_mock(getattr(self, name), name)
        self.billing.tariffs.end_terms.side_effect = lambda tariff_id: EndTerms(
            Settings(**self.settings).on_close, 30, "lock", 7
        )
        self.cloud.get_user.return_value = None
        self.cloud.has_groups.return_value = False
        self.cloud.lists.return_value = False
        self.item = make_item()
        self.waiting: List[Ending] = []
        self.settings: Dict[str, Any] = {}
        self.host = Host(str(tmp_path))
        self.log = log

    def run(
        self,
        command: str,
        module: Optional[int] = None,
        day: str = "",
        password: str = "",
        password_stdin: bool = False,
    ) -> bytes:
        """The reply of the command."""
        lock = double_of(LockFile)
        service = Service(self.item, make_server(), self.cloud, self.owner, self.accounts, lock)
        context = Context(
            Call(command, 1001, module, date=day, password=password, password_stdin=password_stdin),
            self.host,
            billing=self.billing,
            log=self.log,
            settings=Settings(**self.settings),
            service=lambda closed_too=False: service,
            cloud=lambda server, wait_s=None: self.cloud,
            owner=lambda item, server, cloud: self.owner,
        )
        return load(command).run(context).document

    def changes(self) -> List[Any]:
        """The calls that changed something, in their order."""
        return [one for one in self.calls.mock_calls if not one[0].startswith(READING)]

    def done(self) -> List[str]:
        """The names of those calls."""
        return [one[0] for one in self.changes()]


@pytest.fixture
def world(tmp_path: Path, log: logging.Logger) -> World:
    """A service of 5 GiB in processing."""
    return World(tmp_path, log)


def stdin(monkeypatch: pytest.MonkeyPatch, document: str) -> None:
    """Puts a document on standard input."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(document.encode())))


# -- open -------------------------------------------------------------------------------------


def test_nothing_is_opened_for_a_service_that_is_suspended(world: World) -> None:
    world.item = make_item(status=STATUS_SUSPENDED)
    with pytest.raises(errors.ServiceClosed):
        world.run("open")
    assert not world.done()


def test_what_cannot_be_ordered_makes_nothing(world: World) -> None:
    world.tariffs.order.side_effect = errors.QuotaMissing(501)
    with pytest.raises(errors.QuotaMissing):
        world.run("open")
    assert not world.done()


def test_a_taken_login_is_told_before_anything_is_written(world: World) -> None:
    world.owner.record.return_value = None
    world.owner.free_login.side_effect = errors.LoginTaken("user_1001")
    with pytest.raises(errors.LoginTaken):
        world.run("open")
    assert not world.done()
    world.owner.free_login.assert_called_once_with("user_1001", False)


def test_a_refused_password_takes_the_mark_back(world: World) -> None:
    world.owner.record.return_value = None
    world.accounts.create.side_effect = errors.PasswordRefused("too weak")
    with pytest.raises(errors.PasswordRefused):
        world.run("open")
    once = ["billing.services.save_mark", "accounts.create", "billing.services.drop_mark"]
    assert world.done() == [*once, *once]


@pytest.mark.parametrize(
    ("rules", "symbols", "length"),
    [
        (PasswordRules(), "#!", 20),
        (PasswordRules(32), "#!", 32),
        (PasswordRules(12, 3, "@"), "@", 20),
        (PasswordRules(500), "#!", 64),
    ],
)
def test_a_refused_password_is_followed_by_one_of_the_kind_that_the_cloud_tells(
    world: World, rules: PasswordRules, symbols: str, length: int
) -> None:
    world.owner.record.return_value = None
    world.cloud.password_rules.return_value = rules
    made = world.accounts.create.return_value
    world.accounts.create.side_effect = [errors.PasswordRefused("invalid symbols"), made]
    world.run("open")
    first, second, seen = (one[0][1] for one in world.owner.new_mark.call_args_list)
    assert seen == second
    assert first.reveal() != second.reveal()
    assert {char for char in second.reveal() if not char.isalnum()} <= set(symbols)
    assert len(second.reveal()) == length
    assert "billing.closing.post_open" in world.done()


@pytest.mark.parametrize("error", [errors.CloudLost("x"), errors.AccountRefused("x")])
def test_another_failure_leaves_the_mark(world: World, error: errors.PmError) -> None:
    world.owner.record.return_value = None
    world.accounts.create.side_effect = error
    with pytest.raises(type(error)):
        world.run("open")
    assert world.done() == ["billing.services.save_mark", "accounts.create"]


def test_an_account_that_is_not_as_ordered_is_not_shown_to_the_customer(world: World) -> None:
    world.accounts.bring.side_effect = errors.NotAsOrdered("x")
    with pytest.raises(errors.NotAsOrdered):
        world.run("open")
    assert world.done() == ["accounts.bring"]


OPENED = [
    "accounts.bring",
    "accounts.bring",
    "billing.services.save_mark",
    "billing.services.save_login",
    "billing.closing.post_open",
]


def test_one_who_was_locked_out_is_let_in_once_all_else_is_as_ordered(world: World) -> None:
    world.run("open")
    assert world.accounts.bring.call_args_list == [
        call(make_account(), make_order()),
        call(make_account(), Order(enabled=True)),
    ]


def test_a_new_account_is_marked_made_saved_and_told(world: World) -> None:
    world.owner.record.return_value = None
    world.settings["password_length"] = 33
    assert OK in world.run("open")
    assert world.done() == ["billing.services.save_mark", "accounts.create", *OPENED]
    assert [one.kwargs for one in world.owner.new_mark.call_args_list] == [
        {"is_made": False},
        {"is_made": True},
    ]
    login, password = world.owner.new_mark.call_args[0]
    assert login == "user_1001"
    assert len(password.reveal()) == 33
    world.accounts.create.assert_called_once_with(
        world.owner, Record(login, password, proved=False), make_order()
    )
    url = make_server().base_url
    world.billing.services.save_login.assert_called_once_with(1001, login, password, url)


def test_an_account_that_an_earlier_run_made_is_gone_on_with(world: World) -> None:
    world.owner.record.return_value = NEW
    world.run("open")
    assert world.done() == OPENED


def test_an_announced_account_that_was_not_made_is_made_under_its_mark(world: World) -> None:
    world.owner.record.return_value = NEW
    world.owner.find.return_value = None
    world.item = make_item(mark=object())
    world.run("open")
    assert world.done() == ["accounts.create", *OPENED]
    assert world.accounts.create.call_args[0][1] == NEW


def test_a_predecessors_account_that_is_gone_is_made_anew_with_a_mark(world: World) -> None:
    world.owner.find.return_value = None
    world.run("open")
    assert world.done() == ["billing.services.save_mark", "accounts.create", *OPENED]
    assert world.accounts.create.call_args[0][1].password != PASSWORD


def test_an_account_that_was_made_and_is_gone_is_announced_anew(world: World) -> None:
    """Who takes the login in between would be taken for the service's own."""
    world.item = make_item(mark=object())
    world.owner.find.return_value = None
    world.run("open")
    assert world.done() == ["billing.services.save_mark", "accounts.create", *OPENED]
    assert world.owner.new_mark.call_args_list[0] == call("user_1001", PASSWORD, is_made=False)
    assert world.accounts.create.call_args[0][1] == NEW


@pytest.mark.parametrize("disk", [None, Disk("disk", 12, 1024**3)])
def test_usage_is_written_where_there_is_something_to_count_it_on(
    world: World, disk: Optional[Disk]
) -> None:
    world.item = make_item(status=STATUS_ACTIVE)
    world.tariffs.disk.return_value = disk
    assert OK in world.run("sync_item")
    assert world.billing.statistics.write.called is (disk is not None)


LINK = Terms(sends_link=True)


def test_where_the_cloud_mails_a_link_a_token_stands_in_the_place_of_a_password(
    world: World,
) -> None:
    world.owner.record.return_value = None
    world.tariffs.terms.return_value = LINK
    world.cloud.product = NEXTCLOUD
    world.run("open")
    [token] = {one.args[1].reveal() for one in world.owner.new_mark.call_args_list[:1]}
    assert is_token(token)
    record = world.accounts.create.call_args[0][1]
    assert (record.token, record.password) == (token, Secret(""))
    assert world.owner.new_mark.call_args_list[-1] == call("user_1001", Secret(""), is_made=True)
    assert world.billing.services.save_login.call_args.args[2] == Secret("")


def test_a_token_is_taken_off_once_the_mark_is_made(world: World) -> None:
    token = make_token().reveal()
    world.accounts.bring.return_value = make_account(token=token)
    world.run("open")
    assert world.done() == [*OPENED[:-1], "accounts.bring", OPENED[-1]]
    assert world.accounts.bring.call_args[0][1] == Order(drops_token=True)


def test_a_cloud_that_mails_no_links_makes_no_account_for_one(world: World) -> None:
    world.owner.record.return_value = None
    world.tariffs.terms.return_value = LINK
    world.cloud.product = OWNCLOUD
    with pytest.raises(errors.LinkUnsupported, match="ownCloud"):
        world.run("open")
    assert not world.done()


def test_without_an_e_mail_no_account_is_made_for_a_link(world: World) -> None:
    world.owner.record.return_value = None
    world.tariffs.terms.return_value = LINK
    world.tariffs.order.return_value = make_order(email="")
    world.cloud.product = NEXTCLOUD
    with pytest.raises(errors.EmailMissing):
        world.run("open")
    assert world.done() == ["billing.services.save_mark"]


def test_a_password_is_not_tried_where_a_link_was_wanted(world: World) -> None:
    world.owner.record.return_value = None
    world.tariffs.terms.return_value = LINK
    world.cloud.product = NEXTCLOUD
    world.accounts.create.side_effect = errors.PasswordRefused("policy")
    with pytest.raises(errors.PasswordRefused):
        world.run("open")
    assert world.done().count("accounts.create") == 1


@pytest.mark.parametrize(
    ("is_repeated", "is_mailed", "told"),
    [
        (False, True, []),
        (False, False, [errors.LinkUnsent]),
        (False, None, [errors.LinkUncertain]),
        (True, None, [errors.LinkUncertain]),
    ],
)
def test_staff_is_told_of_a_link_once_before_the_account_counts_as_made(
    world: World, is_repeated: bool, is_mailed: Optional[bool], told: List[type]
) -> None:
    world.tariffs.terms.return_value = LINK
    world.cloud.product = NEXTCLOUD
    begun = Record("user_1001", Secret(""), proved=False, token=make_token().reveal())
    world.owner.record.return_value = begun if is_repeated else None
    world.owner.accepted.return_value = begun._replace(proved=True, token="")
    world.accounts.is_link_mailed = is_mailed
    world.run("open")
    steps = world.done()
    begins = 0 if is_repeated else steps.index("accounts.create") + 1
    telling = ["billing.operations.tell_staff"] * len(told)
    assert steps[begins:][: len(told) + 1] == [*telling, "billing.services.save_mark"]
    assert (
        world.owner.new_mark.call_args_list[-2:]
        == [call("user_1001", Secret(""), is_made=True)] * 2
    )
    assert [type(one.args[2]) for one in world.billing.operations.tell_staff.mock_calls] == told


def test_a_create_that_an_earlier_one_came_before_tells_nothing_of_a_mail(world: World) -> None:
    """The request of a run that was killed has made the account meanwhile, and may have mailed."""
    token = make_token()
    world.item = make_item(mark=Mark(1001, "user_1001", "", token, is_made=False))
    begun = Record("user_1001", Secret(""), proved=False, token=token.reveal())
    world.owner.record.return_value = begun
    world.owner.find.return_value = None
    world.accounts.is_link_mailed = False
    world.run("open")
    [told] = world.billing.operations.tell_staff.mock_calls
    assert isinstance(told.args[2], errors.LinkUncertain)


def test_a_tariff_names_the_account_as_far_as_its_mark_has_room(world: World) -> None:
    world.owner.record.return_value = None
    world.tariffs.terms.return_value = Terms(template="@USERNAME@_@ID@")
    world.tariffs.client.return_value = Client(user_name="a" * 90)
    world.billing.services.excess_bytes.return_value = 20
    world.run("open")
    [asked] = world.owner.free_login.call_args_list
    assert asked.args == ("a" * (64 - 20 - 2 - 5) + "_1001", False)


def test_a_second_order_waits_while_a_name_is_claimed(world: World) -> None:
    world.owner.record.return_value = None
    world.tariffs.terms.return_value = Terms(template="@USERNAME@")
    world.settings["budget_s"] = 20
    path = world.host.path("var/pmnextcloud/logins.json.lock")
    code = (
        "import sys; from utils.host.locks import LockFile;"
        "lock = LockFile(sys.argv[1]); lock.take([0], 9); print(flush=True); sys.stdin.read()"
    )
    with Popen([sys.executable, "-c", code, path], stdin=PIPE, stdout=PIPE, cwd=ROOT) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(errors.Busy):
            world.run("open")
    assert not world.done()


@pytest.mark.parametrize("record", [RECORD, NEW])
def test_a_password_that_stands_in_clear_is_not_the_customers(world: World, record: Record) -> None:
    world.item = make_item(saved_password=Secret("typed-by-the-client"))
    world.owner.record.return_value = record
    world.run("open")
    assert world.billing.services.save_login.call_args.args[2] == record.password


@pytest.mark.parametrize(("record", "kept"), [(RECORD, True), (NEW, False)])
def test_a_saved_password_stays_once_the_account_is_proved(
    world: World, record: Record, kept: bool
) -> None:
    corrected = Secret("Corrected-by-staff-1")
    world.item = make_item(saved_password=corrected, password_is_crypted=True)
    world.owner.record.return_value = record
    world.run("open")
    password = world.billing.services.save_login.call_args.args[2]
    assert password == (corrected if kept else record.password)


def test_a_marked_login_that_a_stranger_took_is_told(world: World) -> None:
    world.owner.record.return_value = NEW
    world.owner.find.side_effect = errors.LoginTaken("user_1001")
    with pytest.raises(errors.LoginTaken):
        world.run("open")
    assert not world.done()


def test_where_logins_may_differ_another_one_is_claimed(world: World) -> None:
    world.settings["taken_login"] = "suffix"
    world.owner.record.return_value = NEW
    world.owner.find.side_effect = errors.LoginTaken("user_1001")
    world.owner.free_login.return_value = "user_1001_2"
    world.item = make_item(mark=object())
    world.run("open")
    world.owner.free_login.assert_called_once_with("user_1001", True)
    assert world.done() == ["billing.services.save_mark", "accounts.create", *OPENED]
    assert world.accounts.create.call_args[0][1].login == "user_1001_2"


def test_an_account_is_made_with_what_tells_who_its_client_is(world: World) -> None:
    world.run("open")
    world.tariffs.order.assert_called_once_with(world.item, with_client=True)


# -- suspend, resume, close -------------------------------------------------------------------


@pytest.mark.parametrize(("command", "enabled"), [("suspend", False), ("resume", True)])
def test_a_switch_is_turned_and_then_told(world: World, command: str, enabled: bool) -> None:
    assert OK in world.run(command)
    assert world.changes() == [
        call.accounts.bring(make_account(), Order(enabled=enabled)),
        call.billing.closing.post(world.item, command),
    ]


@pytest.mark.parametrize("command", ["suspend", "resume", "setparam", "changepassword"])
@pytest.mark.parametrize("error", [errors.AccountMissing, errors.LoginTaken, errors.MarkForeign])
def test_what_is_not_ours_is_not_touched(world: World, command: str, error: Any) -> None:
    world.owner.account.side_effect = error("user_1001")
    with pytest.raises(error):
        world.run(command)
    assert not world.done()


@pytest.mark.parametrize(
    ("on_close", "done"),
    [
        ("delete", call.accounts.delete(make_account())),
        ("disable", call.accounts.bring(make_account(), Order(enabled=False))),
    ],
)
def test_the_end_of_a_service_removes_its_account(world: World, on_close: str, done: Any) -> None:
    world.settings["on_close"] = on_close
    assert OK in world.run("close")
    assert world.changes() == [done, call.billing.closing.post(world.item, "close")]


def never_had_one(owner: Any) -> None:
    """A service that was never opened."""
    owner.existing.return_value = None


def is_gone(owner: Any) -> None:
    """A service whose account somebody deleted."""
    owner.existing.return_value = None


def is_a_strangers(owner: Any) -> None:
    """A service whose login a stranger has."""
    owner.existing.side_effect = errors.LoginTaken("user_1001")


@pytest.mark.parametrize("what", [never_had_one, is_gone, is_a_strangers])
def test_a_service_without_an_account_ends_and_nothing_is_touched(world: World, what: Any) -> None:
    what(world.owner)
    world.run("close")
    assert world.done() == ["billing.closing.post"]


@pytest.mark.parametrize(
    "error", [errors.AccountProtected("x"), errors.MarkForeign("x"), errors.CloudUnreachable("x")]
)
def test_a_service_whose_account_is_unclear_does_not_end(
    world: World, error: errors.PmError
) -> None:
    world.owner.existing.side_effect = error
    with pytest.raises(type(error)):
        world.run("close")
    assert not world.done()


def test_a_service_does_not_end_while_the_account_that_it_names_is_not_its_own(
    world: World,
) -> None:
    world.item = make_item(saved_login=" USER_1001")
    world.owner.existing.side_effect = errors.LoginTaken("user_1001")
    with pytest.raises(errors.TypedLogin, match="user_1001"):
        world.run("close")
    assert not world.done()


def test_an_account_that_another_service_names_too_is_left_and_staff_is_told(world: World) -> None:
    world.item = make_item(saved_login="user_1001")
    world.owner.others.return_value = [1002, 1003]
    world.run("close")
    assert world.done() == ["billing.operations.tell_staff", "billing.closing.post"]
    item_id, command, error = world.billing.operations.tell_staff.call_args.args
    assert (item_id, command, str(error)) == (
        1001,
        "close",
        "account_shared: user_1001: 1002, 1003",
    )
    assert not world.cloud.mock_calls


# -- what stands on the service is renewed ----------------------------------------------------

RENEWING = ("suspend", "resume", "setparam")
MARK = Mark(1001, "user_1001", "0" * 16, PASSWORD, is_made=True)


@pytest.mark.parametrize("command", RENEWING)
def test_what_stands_on_the_service_is_renewed_between_the_work_and_the_closing_call(
    world: World, command: str
) -> None:
    values = {"username": "user_1001"}
    world.owner.renewal.return_value = Renewal(MARK, values, is_copied=False, words="why")
    world.run(command)
    assert [name for name in world.done() if "post" not in name] == [
        "accounts.bring",
        "billing.services.save_mark",
        "billing.services.save_seen",
    ]
    assert "post" in world.done()[-1]


@pytest.mark.parametrize("command", [*RENEWING, "close"])
def test_what_only_its_password_proved_is_marked_before_it_is_changed(
    world: World, command: str
) -> None:
    """A disabled account accepts no password, and the command may be killed after that."""
    world.settings["on_close"] = "disable"
    world.owner.urgent_mark.return_value = MARK
    world.run(command)
    assert world.done()[:2] == ["billing.services.save_mark", "accounts.bring"]


@pytest.mark.parametrize("command", RENEWING)
@pytest.mark.parametrize("error", [errors.NotSaved("x"), errors.CoreRefused("x", "y")])
def test_what_cannot_be_renewed_costs_the_command_nothing(
    world: World, command: str, error: errors.PmError, caplog: pytest.LogCaptureFixture
) -> None:
    world.owner.renewal.return_value = Renewal(MARK, {}, is_copied=False, words="why")
    world.billing.services.save_mark.side_effect = error
    assert OK in world.run(command)
    assert "post" in world.done()[-1]
    assert error.code in caplog.text


@pytest.mark.parametrize("command", RENEWING)
def test_a_new_clients_address_stands_before_the_mark_of_a_copy(world: World, command: str) -> None:
    world.settings["display_name"] = "client"
    client = Order(email="client8@example.com", display_name="Client 8", is_handed_over=True)
    world.tariffs.hand_over.return_value = client
    world.owner.renewal.return_value = Renewal(MARK, {}, is_copied=True, words="why")
    world.run(command)
    world.tariffs.hand_over.assert_called_once_with(world.item)
    follow = call.accounts.bring(make_account(), client)
    changes = world.changes()
    assert changes.index(follow) + 1 == changes.index(call.billing.services.save_mark(MARK))


def test_while_that_address_is_not_set_the_copy_gets_no_mark(world: World) -> None:
    world.owner.renewal.return_value = Renewal(MARK, {}, is_copied=True, words="why")
    world.accounts.bring.side_effect = [make_account(), errors.CloudWriteLimit("x")]
    world.run("suspend")
    assert world.done() == ["accounts.bring", "accounts.bring", "billing.closing.post"]


@pytest.mark.parametrize(
    "error",
    [errors.CloudRefused("PUT", 103), errors.NotAsOrdered("x"), errors.RightsMissing("x")],
)
def test_staff_is_told_where_that_address_can_never_be_set(
    world: World, error: errors.PmError
) -> None:
    world.owner.renewal.return_value = Renewal(MARK, {}, is_copied=True, words="why")
    world.accounts.bring.side_effect = [make_account(), error]
    assert OK in world.run("suspend")
    [told] = world.billing.operations.tell_staff.call_args_list
    assert told == call(1001, "suspend", told.args[2])
    assert str(told.args[2]) == "former_email: user_1001"
    world.billing.services.save_mark.assert_not_called()


@pytest.mark.parametrize("command", [*RENEWING, "close"])
def test_staff_is_told_of_what_was_typed_and_left_alone(world: World, command: str) -> None:
    world.owner.left_alone = errors.TypedLogin("director")
    assert OK in world.run(command)
    world.billing.operations.tell_staff.assert_called_once_with(
        1001, command, world.owner.left_alone
    )


@pytest.mark.parametrize("has_task", [True, False])
def test_what_was_typed_is_written_over_once_staff_has_a_task_of_it(
    world: World, has_task: bool
) -> None:
    world.owner.left_alone = errors.TypedLogin("director")
    world.owner.renewal.return_value = Renewal(None, {"username": "user_1001"}, False, "why")
    world.billing.operations.has_task.return_value = has_task
    assert OK in world.run("suspend")
    assert world.billing.services.save_seen.called is has_task


@pytest.mark.parametrize(
    "change",
    [
        {"saved_login": "typed-now"},
        {"saved_password": Secret("typed-now-1")},
        {"saved_url": "https://x.example"},
        {"saved_account": "typed-now"},
        {"password_is_crypted": True},
    ],
)
def test_what_somebody_has_typed_meanwhile_is_not_written_over(
    world: World, change: Dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    world.owner.renewal.return_value = Renewal(MARK, {"username": "x"}, False, "why")
    world.billing.services.item.side_effect = lambda item_id: world.item._replace(**change)
    assert OK in world.run("suspend")
    assert world.done() == ["accounts.bring", "billing.closing.post"]
    assert "changed meanwhile" in caplog.text


def test_a_copy_that_comes_while_the_cloud_is_asked_keeps_the_account(world: World) -> None:
    world.owner.rivals.return_value = [1002]
    world.run("close")
    assert world.done() == ["billing.operations.tell_staff", "billing.closing.post"]
    world.owner.rivals.assert_called_once_with("user_1001")


# -- changepassword ---------------------------------------------------------------------------

CHOSEN = Secret("chosen-by-hand-8")
UNFIT = errors.PasswordUnfit("PUT /cloud/users/user_1001", 107, "Too short.")


def changing_password(world: World, chosen: Secret = CHOSEN) -> None:
    """Has the call name that password, and the cloud take all."""
    world.billing.decrypt.return_value = chosen
    world.billing.services.excess_bytes.return_value = 0
    world.accounts.set_password.side_effect = lambda account, password: password


def test_a_chosen_password_is_set_then_saved_then_told(world: World) -> None:
    changing_password(world)
    mark = Mark(1001, "user_1001", "digest", CHOSEN)
    world.owner.new_mark.return_value = mark
    assert OK in world.run("changepassword", password="encrypted")
    world.billing.decrypt.assert_called_once_with("encrypted")
    assert world.changes() == [
        call.accounts.set_password(make_account(), CHOSEN),
        call.billing.services.save_mark(mark),
        call.billing.services.save_login(1001, "user_1001", CHOSEN, make_server().base_url),
        call.billing.closing.post_password(world.item),
    ]


def test_without_a_chosen_one_a_new_password_is_made(world: World) -> None:
    changing_password(world, Secret(""))
    world.run("changepassword")
    made = world.accounts.set_password.call_args.args[1]
    assert len(made.reveal()) == Settings().password_length
    assert world.billing.services.save_login.call_args.args[2] == made


def test_what_the_cloud_has_against_a_chosen_password_is_told_in_its_words(world: World) -> None:
    changing_password(world)
    world.accounts.set_password.side_effect = UNFIT
    with pytest.raises(errors.NewPasswordRefused, match="^new_password_refused: Too short.$"):
        world.run("changepassword", password="encrypted")
    assert world.done() == ["accounts.set_password"]


def test_a_made_password_that_is_refused_is_followed_by_one_of_another_kind(world: World) -> None:
    changing_password(world, Secret(""))
    world.cloud.password_rules.return_value = PasswordRules(least_length=30)
    world.accounts.set_password.side_effect = [UNFIT, Secret("the-second-one-9")]
    world.run("changepassword")
    first, second = [one.args[1].reveal() for one in world.accounts.set_password.mock_calls]
    assert (len(first), len(second)) == (Settings().password_length, 30)
    assert world.billing.services.save_login.call_args.args[2] == Secret("the-second-one-9")


def test_two_made_passwords_that_are_refused_are_staffs(world: World) -> None:
    changing_password(world, Secret(""))
    world.accounts.set_password.side_effect = UNFIT
    with pytest.raises(errors.PasswordRefused):
        world.run("changepassword")
    assert world.done() == ["accounts.set_password"] * 2


def test_the_page_hands_a_password_over_on_standard_input(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    changing_password(world)
    stdin(monkeypatch, "Typed-on-the-page-7\n")
    assert OK in world.run("changepassword", password_stdin=True)
    assert world.accounts.set_password.call_args.args[1] == Secret("Typed-on-the-page-7")
    world.billing.decrypt.assert_not_called()


@pytest.mark.parametrize("text", ["", "\n"])
def test_nothing_on_standard_input_is_no_new_password(
    world: World, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    changing_password(world)
    stdin(monkeypatch, text)
    with pytest.raises(errors.BadInput):
        world.run("changepassword", password_stdin=True)
    assert not world.done()


def test_a_password_that_does_not_decrypt_is_no_argument(world: World) -> None:
    world.billing.decrypt.side_effect = errors.SecretBroken("ValueError")
    with pytest.raises(errors.BadArguments, match="--password"):
        world.run("changepassword", password="in clear")
    assert not world.done()


def test_a_password_that_billing_could_not_keep_is_not_set(world: World) -> None:
    changing_password(world)
    world.billing.services.excess_bytes.return_value = 3
    with pytest.raises(errors.NewPasswordRefused, match=f"> {len(CHOSEN.reveal()) - 3}"):
        world.run("changepassword", password="encrypted")
    assert not world.done()


def test_a_copy_whose_former_clients_e_mail_stays_gets_the_password_and_no_mark(
    world: World,
) -> None:
    changing_password(world, Secret(""))
    world.owner.renewal.return_value = Renewal(MARK, {}, is_copied=True, words="why")
    world.accounts.bring.side_effect = errors.CloudRefused("PUT", 103)
    assert OK in world.run("changepassword")
    world.billing.services.save_mark.assert_not_called()
    made = world.accounts.set_password.call_args.args[1]
    world.billing.services.save_seen.assert_called_once_with(1001, {"userpassword": made})


# -- transition_controlpanel ------------------------------------------------------------------


def way(world: World) -> bytes:
    """The answer of transition_controlpanel."""
    world.billing.services.item.return_value = world.item
    context = Context(
        Call("transition_controlpanel", 1001),
        world.host,
        billing=world.billing,
        log=world.log,
        settings=Settings(),
        client=lambda server: world.cloud,
        owner=lambda item, server, cloud: world.owner,
    )
    return load("transition_controlpanel").run(context).document


def test_the_way_to_the_cloud_has_the_login_and_asks_nothing_of_it(world: World) -> None:
    page = f"<url>{make_server().base_url}/index.php/login?user=user_1001</url>"
    assert page.encode() in way(world)
    assert not world.cloud.mock_calls


def test_the_way_is_called_by_the_cloud_that_is_known_behind_it(world: World) -> None:
    assert b">cloud.example.com</panelname>" in way(world)
    state = State(world.host.path(STATE))
    Memory(state, make_server()).keep(OWNCLOUD)
    assert b">ownCloud</panelname>" in way(world)


def test_there_is_no_way_to_an_account_that_is_not_there(world: World) -> None:
    world.owner.record.return_value = None
    with pytest.raises(errors.AccountMissing):
        way(world)
    world.item = make_item(status=STATUS_CLOSED)
    with pytest.raises(errors.ServiceClosed):
        way(world)


# -- setparam ---------------------------------------------------------------------------------


def test_a_new_tariff_is_applied_and_told(world: World) -> None:
    world.item = make_item(last_tariff_id=500)
    assert OK in world.run("setparam")
    assert world.changes() == [
        call.accounts.bring(make_account(), KNOWN._replace(leave_group="old")),
        call.billing.closing.post_set_param(world.item),
    ]
    world.tariffs.order.assert_called_once_with(world.item, with_client=True)


def test_less_space_than_is_used_is_set_and_said_before_the_change_is_told(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.settings = {"downgrade": "warn"}
    world.accounts.bring.return_value = make_account(used_bytes=6 * 1024**3)
    world.billing.services.status.return_value = world.item.status
    world.billing.clients.contact.return_value = Contact(401, "en")
    assert OK in world.run("setparam")
    said = [one for one in world.done() if "services.status" not in one and "clients" not in one]
    assert said == [
        "accounts.bring",
        "billing.memos.note",
        "billing.notices.send",
        "billing.memos.note",
        "billing.closing.post_set_param",
    ]
    assert "service 1001: less space than is used: 6 GiB are used" in caplog.text


@pytest.mark.parametrize("error", [errors.CoreUnavailable("x"), errors.CoreRefused("x", "missed")])
def test_a_client_who_cannot_be_told_of_it_keeps_no_change_from_its_end(
    world: World, error: errors.PmError
) -> None:
    world.accounts.bring.return_value = make_account(used_bytes=6 * 1024**3)
    world.billing.services.status.return_value = world.item.status
    world.billing.notices.send.side_effect = error
    assert OK in world.run("setparam")
    world.billing.closing.post_set_param.assert_called_once_with(world.item)


# -- prolong ----------------------------------------------------------------------------------


def test_a_renewal_tells_of_too_little_space_and_changes_nothing_in_the_cloud(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.cloud.get_user.return_value = make_account(used_bytes=6 * 1024**3)
    world.owner.is_unsettled.return_value = False
    world.owner.record.return_value = RECORD
    world.billing.services.status.return_value = world.item.status
    world.billing.clients.contact.return_value = Contact(401, "en")
    assert OK in world.run("prolong")
    assert "billing.notices.send" in world.done()
    assert world.done()[-1] == "billing.closing.post_prolong"
    assert not [one for one in world.done() if one.startswith(("accounts.", "cloud.set"))]
    assert "service 1001: less space than is used: 6 GiB are used" in caplog.text


@pytest.mark.parametrize(
    "error",
    [errors.CloudUnreachable("gone"), errors.LoginRefused("x"), errors.MarkForeign("x")],
    ids=lambda error: error.code,
)
def test_whatever_a_cloud_says_a_renewal_is_booked(world: World, error: errors.PmError) -> None:
    world.owner.record.side_effect = error
    assert OK in world.run("prolong")
    assert world.done() == ["billing.closing.post_prolong"]


@pytest.mark.parametrize("record", [None, NEW])
def test_a_renewal_of_a_service_without_a_proved_account_is_booked(
    world: World, record: Optional[Record]
) -> None:
    world.owner.record.return_value = record
    assert OK in world.run("prolong")
    assert world.done() == ["billing.closing.post_prolong"]


def test_where_nobody_is_to_be_told_a_renewal_asks_no_cloud(world: World) -> None:
    world.settings = {"downgrade": "allow"}
    assert OK in world.run("prolong")
    world.owner.record.assert_not_called()
    assert world.done() == ["billing.closing.post_prolong"]


def test_without_a_new_tariff_no_group_is_left(world: World) -> None:
    world.run("setparam")
    world.accounts.bring.assert_called_once_with(make_account(), KNOWN)


CHANGING = make_item(last_tariff_id=500)
OLD_ORDER = make_order(quota_bytes=1024**3, group="old", email="")
NEVER = [
    errors.QuotaMissing(501),
    errors.MeasureUnknown(7),
    errors.GroupForbidden("admin"),
    errors.CloudRefused("PUT /x", 112, "quota"),
]
"""Faults of one service that no repeat heals."""


def orders(world: World, error: Optional[errors.PmError]) -> None:
    """The new tariff cannot be read for that error, the old one can."""

    def order(item: Any, with_client: bool, with_name: bool = False) -> Any:
        if item.tariff_id == 500:
            return OLD_ORDER
        if error is not None:
            raise error
        return make_order()

    world.item = CHANGING
    world.tariffs.order.side_effect = order


@pytest.mark.parametrize("error", NEVER, ids=lambda error: error.code)
def test_a_change_that_can_never_be_made_is_taken_back(world: World, error: errors.PmError) -> None:
    orders(world, error)
    with pytest.raises(type(error)):
        world.run("setparam")
    assert world.changes() == [
        call.accounts.bring(make_account(), OLD_ORDER._replace(leave_group="clients")),
        call.billing.closing.roll_back_tariff(CHANGING),
    ]


def test_half_a_change_is_taken_back_in_the_cloud_first(world: World) -> None:
    orders(world, None)
    refusal = errors.CloudRefused("POST /groups", 101, "no")
    world.accounts.bring.side_effect = [refusal, make_account()]
    with pytest.raises(errors.CloudRefused):
        world.run("setparam")
    assert world.done() == ["accounts.bring", "accounts.bring", "billing.closing.roll_back_tariff"]


@pytest.mark.parametrize(
    "error",
    [
        errors.CloudLost("x"),
        errors.NotAsOrdered("x"),
        errors.QuotaUnread("x"),
        errors.CloudUnreachable("x"),
        errors.CloudWriteLimit("x"),
        errors.RightsMissing("x"),
        errors.ModuleUnset("x"),
        errors.Busy("x"),
        errors.DatabaseUnavailable("x"),
        errors.KeyUnavailable("x"),
        errors.OutOfTime("x"),
    ],
    ids=lambda error: error.code,
)
def test_no_passing_or_unknown_fault_undoes_a_paid_change(
    world: World, error: errors.PmError
) -> None:
    orders(world, None)
    world.accounts.bring.side_effect = error
    with pytest.raises(type(error)):
        world.run("setparam")
    assert world.done() == ["accounts.bring"]


def test_a_change_for_an_account_that_is_gone_is_taken_back_in_billing(world: World) -> None:
    orders(world, None)
    world.owner.account.side_effect = errors.AccountMissing("user_1001")
    world.owner.existing.return_value = None
    with pytest.raises(errors.AccountMissing):
        world.run("setparam")
    assert world.done() == ["billing.closing.roll_back_tariff"]


def test_without_a_change_of_tariff_nothing_is_taken_back(world: World) -> None:
    world.tariffs.order.side_effect = errors.QuotaZero("0")
    with pytest.raises(errors.QuotaZero):
        world.run("setparam")
    assert not world.done()


@pytest.mark.parametrize("second", [errors.CloudUnreachable("y"), errors.NotAsOrdered("y")])
def test_what_is_not_seen_taken_back_in_the_cloud_stays_in_billing(
    world: World, caplog: pytest.LogCaptureFixture, second: errors.PmError
) -> None:
    orders(world, errors.QuotaZero("0"))
    world.accounts.bring.side_effect = second
    with pytest.raises(errors.QuotaZero):
        world.run("setparam")
    assert world.done() == ["accounts.bring"]
    assert "the change of tariff is not taken back" in caplog.text


@pytest.mark.parametrize(
    "second", [errors.LoginTaken("user_1001"), errors.CloudUnreachable("y"), errors.MarkForeign()]
)
def test_an_account_that_is_unclear_leaves_the_change_to_staff(
    world: World, second: errors.PmError
) -> None:
    orders(world, errors.QuotaZero("0"))
    world.owner.existing.side_effect = second
    with pytest.raises(errors.QuotaZero):
        world.run("setparam")
    assert not world.done()


def test_an_old_tariff_that_cannot_be_read_leaves_the_change_to_staff(world: World) -> None:
    world.item = CHANGING
    world.tariffs.order.side_effect = errors.QuotaMissing(500)
    with pytest.raises(errors.QuotaMissing):
        world.run("setparam")
    assert not world.done()


def test_a_core_that_refuses_to_take_it_back_hides_nothing(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    orders(world, errors.QuotaZero("0"))
    world.billing.closing.roll_back_tariff.side_effect = errors.CoreRefused("x", "missed")
    with pytest.raises(errors.QuotaZero):
        world.run("setparam")
    assert "core_refused" in caplog.text


def test_a_change_that_was_made_but_not_told_is_not_taken_back(world: World) -> None:
    orders(world, None)
    world.billing.closing.post_set_param.side_effect = errors.CoreRefused("x", "missed")
    with pytest.raises(errors.CoreRefused):
        world.run("setparam")
    assert world.done() == ["accounts.bring", "billing.closing.post_set_param"]


# -- stat, groups -----------------------------------------------------------------------------


def test_a_day_that_is_whole_is_told(world: World) -> None:
    world.billing.services.count.return_value = 0
    world.billing.services.ids.return_value = []
    assert OK in world.run("stat", module=31)
    world.billing.statistics.post.assert_called_once_with(31, date.today().isoformat())


def test_a_day_that_is_not_whole_is_not_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def unread(self: Any) -> None:
        raise errors.UsageUnread("1")

    world.billing.services.count.return_value = 0
    monkeypatch.setattr("utils.census.usage.Collector.collect", unread)
    with pytest.raises(errors.UsageUnread):
        world.run("stat", module=31)
    world.billing.statistics.post.assert_not_called()


@pytest.mark.parametrize("error", [None, errors.UsageUnread("1"), errors.CloudUnreachable("x")])
def test_who_was_read_is_told_also_on_a_day_that_is_not_whole(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Optional[errors.PmError]
) -> None:
    settled: List[Any] = []

    def collect(self: Any) -> None:
        item, account = make_item(status=2), make_account(used_bytes=1, quota_bytes=1)
        world.tariffs.thresholds.return_value = {501: (80,)}
        self._fullness.look([(item, account)])
        if error is not None:
            raise error

    monkeypatch.setattr("utils.census.usage.Collector.collect", collect)
    monkeypatch.setattr(
        "utils.run.warnings.Warnings.settle", lambda self: settled.append(self._fullness.risen)
    )
    with nullcontext() if error is None else pytest.raises(type(error)):
        world.run("stat", module=31)
    assert [[one.item_id for one in risen] for risen in settled] == [[1001]]


def test_staff_reads_in_each_language_that_nobody_is_told(world: World) -> None:
    words = load("stat")._describe_untold(make_server(), errors.CoreRefused("x", "missed"))
    assert "Клиенты" in words
    assert "Clients" in words
    assert words.count("pmnextcloud 31: core_refused: x: missed") == 2


def test_days_that_were_never_whole_are_named(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.billing.services.count.return_value = 0
    world.billing.services.ids.return_value = []
    today = date.today()
    first, last = (today - timedelta(days=before) for before in (2, 1))
    days = WholeDays(State(world.host.path("var", "pmnextcloud")), 31)
    days.add(first - timedelta(days=1))
    world.run("stat", module=31)
    assert f"usage is not whole and stays so: {first} to {last}" in caplog.text


@pytest.mark.parametrize("command", table.MODULES)
def test_a_command_on_a_module_needs_one(world: World, command: str) -> None:
    with pytest.raises(errors.BadArguments, match="--module"):
        world.run(command)


def test_the_doctor_knows_two_formats(world: World) -> None:
    call = Call("doctor", format="yaml")
    with pytest.raises(errors.BadArguments, match="--format yaml"):
        load("doctor").run(Context(call, world.host, log=world.log))


def options(document: bytes) -> List[str]:
    """The keys of the groups in the tariff form."""
    select = xml.parse(document).find("slist[@name='usergroup']")
    assert select is not None
    return [str(option.get("key")) for option in select]


def test_half_read_groups_keep_the_old_ones(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.cloud.groups.return_value = iter(["clients"])
    world.run("get_server_config", module=31)

    def half(page_size: int) -> Iterator[str]:
        yield "half"
        raise errors.CloudUnreachable("x")

    world.cloud.groups.side_effect = half
    with pytest.raises(errors.CloudUnreachable):
        world.run("get_server_config", module=31)
    stdin(monkeypatch, "<doc/>")
    document = world.run("pricelist_dynamic_settings_tune", module=31)
    assert options(document) == ["", "clients"]


def test_the_tariff_form_shows_what_its_values_make(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = {
        "cloud_login": "@EMAIL_NAME@.@ID@",
        "cloud_password_length": "14",
        "cloud_password_kinds": "letters_digits",
    }
    fields = "".join(f"<{name}>{value}</{name}>" for name, value in stored.items())
    stdin(monkeypatch, f"<doc>{fields}</doc>")
    form = xml.parse(world.run("pricelist_dynamic_settings_tune", module=31))
    shown = xml.fields(form)
    assert shown["cloud_login_example"] == "ivanov.15"
    assert len(shown["cloud_password_example"]) == 14
    assert shown["cloud_password_example"].isalnum()
    keys = {
        name: [str(one.get("key")) for one in form.findall(f"slist[@name='{name}']/msg")]
        for name in ("cloud_password_kinds", "cloud_display_name", "cloud_first_password")
    }
    assert keys == {
        "cloud_password_kinds": ["", "all", "letters_digits", "small_digits"],
        "cloud_display_name": ["", "none", "client", "person"],
        "cloud_first_password": ["billing", "link"],
    }
    languages = form.findall("slist[@name='cloud_language']/msg")
    assert [one.get("key") for one in languages[:3]] == ["", "client", "en"]


def test_the_tariff_form_offers_all_groups_but_the_administrators(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.cloud.groups.return_value = iter(["b", "admin", "Admin", "a", "b"])
    assert OK in world.run("get_server_config", module=31)
    stdin(monkeypatch, "<doc><usergroup> stored </usergroup></doc>")
    document = world.run("pricelist_dynamic_settings_tune", module=31)
    assert options(document) == ["", "a", "b", "stored"]


@pytest.mark.parametrize("module", [None, 31])
@pytest.mark.parametrize("stored", ["", "admin"])
def test_the_tariff_form_without_kept_groups_offers_none(
    world: World, monkeypatch: pytest.MonkeyPatch, module: Optional[int], stored: str
) -> None:
    stdin(monkeypatch, f"<doc><usergroup>{stored}</usergroup></doc>")
    assert options(world.run("pricelist_dynamic_settings_tune", module=module)) == [""]


@pytest.mark.parametrize(
    ("fields", "stored", "expected"),
    [
        ("", None, "80 95"),
        ("<cloud_warn_at/>", None, "80 95"),
        ("<cloud_warn_at>90</cloud_warn_at>", "90", "90"),
        ("<elid>501</elid>", None, "80 95"),
        ("<elid>501</elid><cloud_warn_at/>", "", ""),
        ("<id>501</id><cloud_warn_at> </cloud_warn_at>", "", " "),
        ("<elid>x</elid><cloud_warn_at/>", "", "80 95"),
        ("<elid>501</elid><cloud_warn_at/>", errors.DatabaseUnavailable("x"), ""),
    ],
)
def test_the_tariff_form_has_the_usual_thresholds_until_somebody_saves_others(
    world: World, monkeypatch: pytest.MonkeyPatch, fields: str, stored: Any, expected: str
) -> None:
    if isinstance(stored, errors.PmError):
        world.tariffs.stored_field.side_effect = stored
    world.tariffs.stored_field.return_value = stored
    stdin(monkeypatch, f"<doc>{fields}</doc>")
    document = xml.parse(world.run("pricelist_dynamic_settings_tune", module=31))
    assert document.findtext("cloud_warn_at") == expected


# -- the connection form ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "values"),
    [
        ("", {"verify_ssl": "on", "timeout": "30"}),
        ("<verify_ssl> </verify_ssl><timeout/>", {"verify_ssl": "on", "timeout": "30"}),
        (
            "<verify_ssl>off</verify_ssl><timeout>7</timeout>",
            {"verify_ssl": "off", "timeout": "7"},
        ),
    ],
)
def test_the_connection_form_has_defaults(
    world: World, monkeypatch: pytest.MonkeyPatch, fields: str, values: Dict[str, str]
) -> None:
    stdin(monkeypatch, f"<doc>{fields}</doc>")
    form = xml.parse(world.run("tune_connection"))
    assert xml.fields(form) == values


def check(
    world: World, monkeypatch: pytest.MonkeyPatch, root: str = "processingmodule", **changes: str
) -> bytes:
    """check_connection with a form of these fields."""
    fields = {
        "base_url": "https://cloud.example.com",
        "nc_username": "admin",
        "nc_password": "made-up-pw-77",
        **changes,
    }
    text = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    stdin(monkeypatch, f"<doc><{root}>{text}</{root}></doc>")
    return world.run("check_connection")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"root": "another"}, errors.BadInput),
        ({"base_url": ""}, errors.UrlMissing),
        ({"base_url": "cloud.example.com"}, errors.UrlInvalid),
        ({"base_url": "http://cloud.example.com"}, errors.PlainHttp),
        ({"base_url": "https://" + "a" * 255}, errors.FieldTooLong),
        ({"nc_password": "ы" * 123}, errors.FieldTooLong),
        ({"nc_password": ""}, errors.SecretMissing),
        ({"nc_password": "", "id": "x"}, errors.SecretMissing),
        ({"nc_password": "", "id": "\u0663"}, errors.SecretMissing),
        ({"nc_password": "", "id": "31"}, errors.SecretMissing),
        ({"timeout": "4"}, errors.TimeoutInvalid),
        ({"timeout": "301"}, errors.TimeoutInvalid),
        ({"timeout": "1e2"}, errors.TimeoutInvalid),
        ({"timeout": "9" * 30}, errors.TimeoutInvalid),
    ],
)
def test_a_form_that_cannot_be_right_is_told_without_asking_the_cloud(
    world: World, monkeypatch: pytest.MonkeyPatch, changes: Dict[str, str], error: Any
) -> None:
    """The module of id 31 is on another server: its secret is not sent to this one."""
    with pytest.raises(error):
        check(world, monkeypatch, **changes)
    assert not world.cloud.mock_calls


@pytest.mark.parametrize(
    ("changes", "settings"),
    [
        ({}, {}),
        ({"timeout": "300", "verify_ssl": "off"}, {}),
        ({"base_url": "http://cloud.example.com"}, {"allow_plain_http": True}),
        ({"base_url": "http://127.0.0.1:8080"}, {}),
        ({"nc_password": "ы" * 122}, {}),
        ({"nc_password": "", "elid": "31", "base_url": "https://cloud.example.com:8443/x"}, {}),
    ],
)
def test_a_form_that_may_be_right_is_tried(
    world: World, monkeypatch: pytest.MonkeyPatch, changes: Dict[str, str], settings: Any
) -> None:
    world.settings.update(settings)
    assert OK in check(world, monkeypatch, **changes)
    world.cloud.test_connection.assert_called_once_with()


def test_a_form_by_itself_is_one_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = "<base_url>https://a.example</base_url><nc_password>made-up-77</nc_password>"
    stdin(monkeypatch, f"<processingmodule>{fields}</processingmodule>")
    assert OK in world.run("check_connection")


def test_a_host_that_does_nothing_checks_the_form_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    marker = Path(world.host.path("etc", "billmgr.DoNothing"))
    marker.parent.mkdir()
    marker.touch()
    assert OK in check(world, monkeypatch)
    assert not world.cloud.mock_calls
    with pytest.raises(errors.UrlMissing):
        check(world, monkeypatch, base_url="")


def test_features_tell_the_secret_field(world: World) -> None:
    answer = xml.parse(world.run("features"))
    fields = {str(node.get("name")): node.get("crypted") for node in answer.iter("param")}
    crypted = [name for name, is_crypted in fields.items() if is_crypted == "yes"]
    assert crypted == ["nc_password", "nc_confirm_password"]


# -- what is left alone -----------------------------------------------------------------------


def test_an_account_that_another_service_names_is_left_and_staff_told(world: World) -> None:
    world.owner.others.return_value = [1002]
    assert OK in world.run("close")
    assert world.done() == ["billing.operations.tell_staff", "billing.closing.post"]
    assert isinstance(world.billing.operations.tell_staff.call_args[0][2], errors.AccountShared)


@pytest.mark.parametrize(
    ("on_close", "done"),
    [
        ("delete", call.accounts.delete_unread("user_1001")),
        ("disable", call.accounts.switch_unread("user_1001", enabled=False)),
    ],
)
def test_an_account_that_cannot_be_read_is_removed_without(
    world: World, on_close: str, done: Any
) -> None:
    world.settings["on_close"] = on_close
    world.owner.existing.side_effect = errors.AccountUnreadable("user_1001")
    world.owner.unread_login.return_value = "user_1001"
    world.run("close")
    assert world.changes() == [done, call.billing.closing.post(world.item, "close")]


@pytest.mark.parametrize("how", ["read", "unread", "gone"])
def test_nothing_stays_noted_of_an_account_that_is_removed(world: World, how: str) -> None:
    state = State(world.host.path(STATE))
    world.owner.find.return_value = make_account(email="a@b.example")
    world.run("open")
    assert "1001" in state.read(LEFT.format(1))
    if how == "unread":
        world.owner.existing.side_effect = errors.AccountUnreadable("user_1001")
        world.owner.unread_login.return_value = "user_1001"
    if how == "gone":
        world.owner.existing.return_value = None
    world.run("close")
    assert state.read(LEFT.format(1)) == {}


@pytest.mark.parametrize("is_shown", [True, False])
def test_an_account_that_gets_another_service_meanwhile_is_left(
    world: World, is_shown: bool
) -> None:
    if not is_shown:
        world.owner.existing.side_effect = errors.AccountUnreadable("user_1001")
        world.owner.unread_login.return_value = "user_1001"
    world.owner.rivals.return_value = [1002]
    world.run("close")
    assert world.done() == ["billing.operations.tell_staff", "billing.closing.post"]


def test_the_usage_of_another_day_is_not_booked(world: World) -> None:
    assert OK in world.run("stat", module=31, day="2001-02-03 00:20:00")
    assert not world.done()
    with pytest.raises(errors.BadArguments, match="yesterday"):
        world.run("stat", module=31, day="yesterday")


def test_an_order_without_an_e_mail_tells_of_no_namesakes(world: World) -> None:
    world.tariffs.order.return_value = make_order(email="")
    assert OK in world.run("open")
    world.billing.services.of_client.assert_not_called()


def test_a_form_of_a_module_that_cannot_be_used_is_as_a_new_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.billing.modules.server.side_effect = errors.ModuleUnset("module 31")
    assert OK in check(world, monkeypatch, id="31")
    with pytest.raises(errors.ModuleUnset):
        check(world, monkeypatch, id="31", nc_password="")


def test_a_form_with_another_server_must_bring_new_secrets(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = make_server()
    world.billing.modules.server.return_value = stored
    world.billing.fingerprint.side_effect = lambda text: sha256(text.encode()).hexdigest()
    with pytest.raises(errors.SecretElsewhere):
        check(world, monkeypatch, id="31", nc_password=stored.secret.reveal())
    assert OK in check(world, monkeypatch, id="31", nc_password="a-new-made-up-pw")


# -- clients who come back ------------------------------------------------------------------------


def waiting(number: int = 1) -> Ending:
    """An account of the client of service 1001 that waits."""
    today = date.today()
    return Ending(
        *(7, number, 31, f"user_{7 + number}", "digest", 201, 501, today),
        until=today + timedelta(days=30),
        keep_days=30,
    )


@pytest.fixture
def comes_back(world: World, monkeypatch: pytest.MonkeyPatch) -> Mock:
    """The way in which an account that waits is given to a service."""
    world.owner.record.return_value = None

    def give(ctx: Context, service: Service, ending: Ending) -> Service:
        world.waiting.remove(ending)
        return service

    given = Mock(side_effect=give)
    monkeypatch.setattr("utils.ending.giving.restore", given)
    monkeypatch.setattr("utils.ending.giving.waiting_of", lambda ctx, service: world.waiting)
    return given


def assert_staff_has_the_command(world: World, is_told: bool = True) -> None:
    """Whether staff was told of the account that waits, with what gives it back."""
    told = world.billing.operations.tell_staff.call_args_list
    assert [(type(error), command) for (_, command, error), _ in told] == (
        [(errors.AccountWaits, "open")] if is_told else []
    )
    assert all("--command restore --login user_8 --item 1001" in one[0][2].value for one in told)


@pytest.mark.parametrize("refusal", giving.REFUSALS)
def test_what_cannot_be_given_costs_nobody_his_order(
    world: World, comes_back: Mock, refusal: Callable[[str], errors.PmError]
) -> None:
    world.settings["reuse"] = "yes"
    world.waiting = [waiting()]
    comes_back.side_effect = refusal("user_8")
    world.run("open")
    assert world.accounts.create.called
    assert_staff_has_the_command(world)
    assert world.done()[-1] == "billing.closing.post_open"


@pytest.mark.parametrize(
    ("reuse", "waiting_accounts", "is_given", "is_told"),
    [
        ("ask", [waiting()], False, True),
        ("no", [waiting()], False, False),
        ("yes", [waiting()], True, False),
        ("yes", [waiting(1), waiting(2)], False, True),
        ("ask", [], False, False),
    ],
)
def test_a_new_order_minds_what_waits_of_its_client(
    world: World,
    comes_back: Mock,
    reuse: str,
    waiting_accounts: List[Ending],
    is_given: bool,
    is_told: bool,
) -> None:
    world.settings["reuse"] = reuse
    world.waiting = [*waiting_accounts]
    world.run("open")
    assert comes_back.called is is_given
    assert_staff_has_the_command(world, is_told)
    assert world.done()[-1] == "billing.closing.post_open", "the order is opened all the same"
