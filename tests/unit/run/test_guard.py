"""Less space than is used is refused with the figures, and no fault of ours refuses anything."""

import io
import logging
import time
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

import pytest

from commands import load
from tests.unit.conftest import make_account, make_billing, make_item, make_server
from tests.unit.run.telling import Post
from tests.unit.specs import double_of
from utils.accounts.ownership import Ownership, Record
from utils.api import NextcloudAPIClient
from utils.base import errors, sizes
from utils.base.secret import Secret
from utils.billing.memos import Memo
from utils.billing.statistics import Counted
from utils.host import budget
from utils.host.root import DO_NOTHING, Host
from utils.host.settings import Settings
from utils.run import guard
from utils.run.call import Call
from utils.run.context import Context

GIB = 1024**3
YES = b"<doc><ok/></doc>"
COUNTED = Counted(date(2026, 11, 20), Decimal(7), 54)


class Form:
    """A form that chooses space for a service which uses 8 GiB, counted 7; 10 GiB are chosen."""

    def __init__(self, folder: Path, log: logging.Logger) -> None:
        self.billing = make_billing()
        self.billing.services.item.return_value = make_item(status=2)
        self.billing.modules.server.return_value = make_server()
        self.billing.tariffs.chosen.return_value = 10 * GIB
        self.billing.tariffs.counted_bytes.side_effect = lambda one: int(one.value) * GIB
        self.billing.statistics.latest.return_value = COUNTED
        self.cloud: Any = double_of(NextcloudAPIClient)
        self.cloud.get_user.return_value = make_account(used_bytes=8 * GIB, quota_bytes=20 * GIB)
        self.owner: Any = double_of(Ownership)
        self.owner.record.return_value = Record("user_1001", Secret("made-up-77"), proved=True)
        self.owner.is_unsettled.return_value = False
        self.asked: List[Any] = []
        self.folder, self.log = folder, log
        self.last: Optional[Context] = None

    def ask(self, command: str = "check_addon", form: Optional[str] = "<doc/>", **call: Any) -> Any:
        """The module's answer. Keywords that are settings are settings."""
        settings = {name: call.pop(name) for name in Settings._fields if name in call}
        given = {"item": 1001, "param": "disk", "value": "10", **call}

        def cloud(server: Any, wait_s: Any = None) -> Any:
            self.asked.append((server.timeout_s, wait_s))
            return self.cloud

        self.last = Context(
            Call(command, **given),
            Host(str(self.folder)),
            billing=self.billing,
            log=self.log,
            settings=Settings(**settings),
            cloud=cloud,
            owner=lambda item, server, cloud: self.owner,
        )
        return load(command).run(self.last)

    @property
    def remarks(self) -> List[str]:
        """What the history says of the last call."""
        assert self.last is not None
        return self.last.deeds.remarks


@pytest.fixture
def form(tmp_path: Path, log: logging.Logger, monkeypatch: pytest.MonkeyPatch) -> Form:
    """All is well."""
    stdin(monkeypatch, b"<doc/>")
    return Form(tmp_path, log)


def stdin(monkeypatch: pytest.MonkeyPatch, document: Optional[bytes]) -> None:
    """Puts a document on standard input, or closes it."""
    stream = None if document is None else io.TextIOWrapper(io.BytesIO(document))
    monkeypatch.setattr("sys.stdin", stream)


# -- what is enough -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("used_bytes", "percent", "expected"),
    [(100, 0, 100), (100, 5, 105), (101, 5, 107), (0, 100, 0), (1, 1, 2), (GIB, 100, 2 * GIB)],
)
def test_the_margin_is_a_part_of_what_is_used(used_bytes: int, percent: int, expected: int) -> None:
    assert guard.needed(used_bytes, percent) == expected


@pytest.mark.parametrize("chosen_bytes", [9 * GIB, 10**15, int(8.4 * GIB) + 1])
def test_enough_space_is_allowed_without_a_word(form: Form, chosen_bytes: int) -> None:
    form.billing.tariffs.chosen.return_value = chosen_bytes
    answer = form.ask()
    assert YES in answer.document
    assert answer.exit_code == 0
    assert form.remarks == []


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("ru", "занято 8 ГиБ, с запасом нужно 8,4 ГиБ, выбрано 5 ГиБ"),
        ("en", "8 GiB are used, 8.4 GiB are needed with the margin, 5 GiB are chosen"),
        ("de", "8 GiB are used, 8.4 GiB are needed with the margin, 5 GiB are chosen"),
    ],
)
def test_too_little_is_refused_with_the_figures_in_the_callers_words(
    form: Form, lang: str, words: str
) -> None:
    form.billing.tariffs.chosen.return_value = 5 * GIB
    with pytest.raises(errors.SpaceTooSmall) as caught:
        form.ask(lang=lang)
    assert caught.value.value == words


def test_what_fits_only_without_the_margin_is_refused(form: Form) -> None:
    form.billing.tariffs.chosen.return_value = 8 * GIB
    with pytest.raises(errors.SpaceTooSmall):
        form.ask()
    assert YES in form.ask(downgrade_margin_percent=0).document


def test_a_warning_lets_it_pass_and_says_so(form: Form, caplog: pytest.LogCaptureFixture) -> None:
    form.billing.tariffs.chosen.return_value = 5 * GIB
    assert YES in form.ask(downgrade="warn", lang="en").document
    assert "less space than is used: 8 GiB are used" in caplog.text
    assert form.remarks[0].startswith("less space than is used: 8 GiB are used")


def test_who_allows_all_asks_nobody(form: Form) -> None:
    form.billing.tariffs.chosen.return_value = 0
    assert YES in form.ask(downgrade="allow").document
    assert not form.billing.mock_calls
    assert not form.asked


# -- how it is read -------------------------------------------------------------------------------


def test_the_cloud_has_a_short_time_and_a_short_wait(form: Form) -> None:
    form.billing.modules.server.return_value = make_server(timeout_s=300.0)
    form.ask()
    assert form.asked == [(guard.FRESH_S, guard.SEAT_S)]
    form.cloud.get_user.assert_called_once_with("user_1001", with_groups=False)


FAULTS: Dict[str, Callable[[Form], None]] = {
    "unreachable": lambda form: fail(form, errors.CloudUnreachable("x")),
    "busy": lambda form: fail(form, errors.Busy("module 31")),
    "refused": lambda form: fail(form, errors.LoginRefused("x")),
    "hanging": lambda form: hang(form),
    "gone": lambda form: setattr(form.cloud.get_user, "return_value", None),
    "unread": lambda form: show(form, used_bytes=None),
    "implausible": lambda form: show(form, used_bytes=2 * 1024**5),
    "not proved": lambda form: record(form, proved=False),
    "no account": lambda form: setattr(form.owner.record, "return_value", None),
    "copied": lambda form: setattr(form.owner.is_unsettled, "return_value", True),
    "foreign": lambda form: setattr(form.owner.record, "side_effect", errors.MarkForeign(7)),
    "secret": lambda form: setattr(
        form.billing.modules.server, "side_effect", errors.ModuleSecretBroken("x")
    ),
    "DoNothing": lambda form: do_nothing(form),
}
"""Why the use cannot be read now."""


def fail(form: Form, error: Exception) -> None:
    """The cloud answers so."""
    form.cloud.get_user.side_effect = error


def hang(form: Form) -> None:
    """The cloud does not answer."""
    form.cloud.get_user.side_effect = lambda *args, **more: time.sleep(60)


def show(form: Form, **changes: Any) -> None:
    """The cloud shows the account so."""
    form.cloud.get_user.return_value = make_account(**changes)


def record(form: Form, **changes: Any) -> None:
    """The service says this of its account."""
    form.owner.record.return_value = form.owner.record.return_value._replace(**changes)


def do_nothing(form: Form) -> None:
    """Modules have to leave the outside world alone."""
    path = form.folder / DO_NOTHING
    path.parent.mkdir(parents=True)
    path.touch()


@pytest.mark.parametrize("fault", FAULTS)
def test_where_it_cannot_be_read_the_last_counted_day_decides(
    form: Form, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "FRESH_S", 0.1)
    FAULTS[fault](form)
    form.billing.tariffs.chosen.return_value = 7 * GIB
    with pytest.raises(errors.SpaceTooSmall) as caught:
        form.ask(lang="en")
    assert caught.value.value.startswith("7 GiB are used (on 2026-11-20), 7.35 GiB are needed")
    form.billing.tariffs.chosen.return_value = 8 * GIB
    assert YES in form.ask().document


@pytest.mark.parametrize("fault", FAULTS)
def test_where_nothing_was_counted_either_it_is_allowed_and_said(
    form: Form, fault: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(guard, "FRESH_S", 0.1)
    FAULTS[fault](form)
    form.billing.statistics.latest.return_value = None
    form.billing.tariffs.chosen.return_value = 0
    assert YES in form.ask().document
    assert "not checked, so it is allowed" in caplog.text
    assert form.remarks == ["not checked: usage_unread: 1001"]


@pytest.mark.parametrize(
    "error",
    [
        *(errors.DatabaseUnavailable("x"), errors.KeyUnavailable("x"), errors.SecretBroken("x")),
        *(errors.ItemNotFound(1001), errors.MeasureUnknown(0), errors.ChoiceUnreadable("many")),
        *(errors.QuotaZero("x"), KeyError("bug"), budget.Spent()),
    ],
)
def test_no_fault_of_ours_or_of_billings_refuses_anything(form: Form, error: BaseException) -> None:
    form.billing.tariffs.chosen.side_effect = error
    assert YES in form.ask().document
    assert form.remarks[0].startswith("not checked: ")


def test_broken_settings_refuse_nothing(form: Form, tmp_path: Path) -> None:
    path = tmp_path / "etc/pmnextcloud.conf"
    path.parent.mkdir()
    path.write_text("nonsense")
    context = Context(Call("check_addon", 1001), Host(str(tmp_path)), log=form.log)
    assert YES in load("check_addon").run(context).document
    assert "settings_broken" in context.deeds.remarks[0]


def test_a_check_that_takes_too_long_is_allowed(
    form: Form, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "CHECK_S", 0.1)
    form.billing.tariffs.chosen.side_effect = lambda *args: time.sleep(60)
    assert YES in form.ask().document
    assert form.remarks == ["not checked: no answer in 0 s"]


# -- what is asked about --------------------------------------------------------------------------


@pytest.mark.parametrize("call", [{"item": None}, {"item": 0}])
def test_a_new_order_uses_nothing(form: Form, call: Dict[str, Any]) -> None:
    assert YES in form.ask(**call).document
    assert not form.billing.mock_calls
    assert form.remarks == []


def test_a_service_that_waits_for_its_payment_uses_nothing(form: Form) -> None:
    form.billing.services.item.return_value = make_item(status=1)
    assert YES in form.ask().document
    assert not form.asked


def test_what_chooses_no_space_is_none_of_ours(form: Form) -> None:
    form.billing.tariffs.chosen.return_value = None
    assert YES in form.ask(param="php", value="8").document
    assert not form.asked
    assert form.remarks == []


@pytest.mark.parametrize(
    ("document", "item_id", "tariff_id"),
    [
        (b"<doc/>", 1001, 501),
        (b"<doc><item><pricelist>502</pricelist></item></doc>", 1001, 502),
        (b"<doc><pricelist>503</pricelist></doc>", 1001, 503),
        (b"<doc><item><id>7</id><pricelist>x</pricelist></item></doc>", 1001, 501),
        (b"<doc><item><pricelist></pricelist></item></doc>", 1001, 501),
        (b"<doc><item><pricelist>99999999999999999999</pricelist></item></doc>", 1001, 501),
        (b"no document", 1001, 501),
        (b"", 1001, 501),
        (None, 1001, 501),
    ],
)
def test_the_tariff_is_that_of_the_form_or_else_the_services_own(
    form: Form,
    monkeypatch: pytest.MonkeyPatch,
    document: Optional[bytes],
    item_id: int,
    tariff_id: int,
) -> None:
    stdin(monkeypatch, document)
    form.ask(param="addon_513", value="12")
    form.billing.services.item.assert_called_once_with(item_id)
    item = form.billing.services.item.return_value
    form.billing.tariffs.chosen.assert_called_once_with(item, tariff_id, "addon_513", "12")


def test_the_service_may_stand_in_the_form_alone(
    form: Form, monkeypatch: pytest.MonkeyPatch
) -> None:
    stdin(monkeypatch, b"<doc><item><id>7</id></item></doc>")
    form.ask(item=None)
    form.billing.services.item.assert_called_once_with(7)


@pytest.mark.parametrize("name", ["elid", "id", "item", "plid", "tparams/elid", "params/item/id"])
def test_what_a_visitor_may_have_sent_names_no_service(
    form: Form, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    inner = "7"
    for tag in reversed(name.split("/")):
        inner = f"<{tag}>{inner}</{tag}>"
    stdin(monkeypatch, f"<doc>{inner}</doc>".encode())
    form.billing.tariffs.chosen.return_value = 0
    assert YES in form.ask(item=None).document
    form.billing.services.item.assert_not_called()


def test_nothing_is_changed_in_billing_and_in_the_cloud(form: Form) -> None:
    form.ask()
    done = {one[0] for one in form.billing.mock_calls}
    reading = {"services.item", "tariffs.chosen", "modules.server"}
    assert done == reading
    assert {one[0] for one in form.cloud.mock_calls} == {"get_user"}
    assert {one[0] for one in form.owner.mock_calls} == {"record", "is_unsettled"}


# -- typed names ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("param", "value", "error"),
    [
        ("username", "a b", errors.NameUnfit),
        ("username", "admin", errors.NameReserved),
        ("email", "nobody", errors.EmailUnfit),
    ],
)
def test_a_typed_name_that_no_cloud_takes_is_refused(
    form: Form, param: str, value: str, error: "type[errors.PmError]"
) -> None:
    form.billing.tariffs.chosen.return_value = None
    with pytest.raises(error):
        form.ask("check_param", param=param, value=value, item=None)
    assert YES in form.ask(param=param, value=value, item=None).document, "an add-on is no name"


def test_other_names_and_parameters_are_fine_and_space_is_looked_at(form: Form) -> None:
    for param, value in (("username", "ivanov"), ("email", "a@example.com"), ("php", "8")):
        form.billing.tariffs.chosen.return_value = None
        assert YES in form.ask("check_param", param=param, value=value).document
    form.billing.tariffs.chosen.return_value = GIB
    with pytest.raises(errors.SpaceTooSmall):
        form.ask("check_param")


# -- after a sale ---------------------------------------------------------------------------------


@pytest.fixture
def post(tmp_path: Path, log: logging.Logger) -> Post:
    """Nobody was told anything."""
    return Post(tmp_path, log)


def tell(post: Post, used: Optional[float], quota: Optional[float], **settings: Any) -> List[str]:
    """Says what is to be said of a change; gives the remarks."""
    context = post.context(**settings)
    used_bytes = None if used is None else int(used * GIB)
    quota_bytes = None if quota is None else quota * GIB
    account = make_account(used_bytes=used_bytes)
    guard.tell(context, make_item(status=2), account, quota_bytes)
    return context.deeds.remarks


def test_a_change_to_less_than_is_used_is_told_once(post: Post) -> None:
    for _ in range(2):
        assert tell(post, 8, 5)[0].startswith("1001: less space than is used: 8 GiB are used")
    [(_, subject, text)] = post.sent
    assert "less space than is used" in subject
    for part in ("5 GiB", "8 GiB", "3 GiB", "user_1001", "1001"):
        assert part in text
    tell(post, 8, 4)
    assert len(post.sent) == 2, "another change"


def test_after_a_change_to_enough_the_next_one_is_told_anew(post: Post) -> None:
    tell(post, 8, 5)
    assert tell(post, 8, 20) == []
    assert not post.memos
    tell(post, 8, 5)
    assert len(post.sent) == 2


def test_what_fits_only_without_the_margin_is_remarked_and_told_nobody(post: Post) -> None:
    assert len(tell(post, 8, 8.1)) == 1
    assert not post.sent


@pytest.mark.parametrize(
    ("used", "quota", "settings"),
    [
        (None, 5, {}),
        (8, None, {}),
        (8, sizes.UNLIMITED, {}),
        (8, 5, {"downgrade": "allow"}),
        (0, 5, {}),
        (2 * 1024**2, 5, {}),
    ],
)
def test_where_nothing_is_too_small_or_known_nothing_is_said(
    post: Post, used: Optional[float], quota: Optional[float], settings: Dict[str, str]
) -> None:
    assert tell(post, used, quota, **settings) == []
    assert not post.sent


@pytest.mark.parametrize("error", [errors.CoreRefused("x", "missed"), errors.CoreUnavailable("x")])
def test_a_client_that_cannot_be_told_costs_no_change(
    post: Post, error: errors.PmError, caplog: pytest.LogCaptureFixture
) -> None:
    post.refusal = error
    tell(post, 8, 5)
    assert "service 1001: its client is not told" in caplog.text


def test_a_client_that_was_told_before_is_told_again_only_of_another_space(post: Post) -> None:
    post.memos[1001, "short"] = Memo(201, str(5 * GIB), date(2026, 11, 1), is_sent=True)
    tell(post, 8, 5)
    assert not post.sent
