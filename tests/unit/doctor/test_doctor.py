"""The doctor's parts: how checks are run, what each finding is called, what is said of it."""

import ast
import json
import logging
import re
import sys
import time
from email.utils import formatdate
from pathlib import Path
from typing import Dict, Iterator, List, Set, Tuple
from unittest.mock import Mock

import pytest

from tests.meta.test_messages import LANGUAGES, codes, messages
from tests.unit.conftest import make_billing
from utils.accounts.names import NOT_UNIQUE, NUMBER_OF_OTHERS, UNKNOWN_MACRO, UNUSABLE
from utils.base import errors
from utils.base.secret import Secret
from utils.base.values import Terms
from utils.cloud.products import NEXTCLOUD, OWNCLOUD, Product
from utils.consts import TARIFF_FIELDS
from utils.doctor import (
    billing,
    clouds,
    examine,
    findings,
    has_faults,
    installation,
    modules,
    payments,
    tariffs,
)
from utils.doctor.findings import (
    ADVICE,
    FAULT,
    OK,
    UNCHECKED,
    Check,
    Finding,
    Group,
    run,
    well,
)
from utils.doctor.words import MESSAGES, VERDICTS, Words
from utils.host.root import Host
from utils.host.settings import Settings
from utils.run.call import Call
from utils.run.context import Context

CHECKS = (
    *installation.checks([]),
    *billing.CHECKS,
    *tariffs.CHECKS,
    *modules.CHECKS,
    *clouds.CHECKS,
    *payments.CHECKS,
    *payments.OF_METHOD,
)
FOLDER = Path(findings.__file__).parent
SAY = {"advice", "fault", "named"}


def said() -> Set[str]:
    """The names of all findings that any check can make, beside the errors."""
    names = {*modules.FAULTS.values(), modules.EARLIER}
    names |= {UNKNOWN_MACRO, UNUSABLE, NUMBER_OF_OTHERS, NOT_UNIQUE}
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Name) and called.id in SAY and isinstance(node, ast.Call):
                constants = ast.walk(node.args[0])
                names |= {str(one.value) for one in constants if isinstance(one, ast.Constant)}
    return names


def context(root: Path) -> Context:
    """A call below `root`."""
    return Context(Call(), Host(str(root)))


def look(check: str, subject: object) -> Finding:
    """The only finding of a check."""
    found = run([one._replace(needs=()) for one in CHECKS if one.name == check], subject, set())
    assert len(found) == 1, found
    return found[0]


# -- running checks -------------------------------------------------------------------------------


def _fails(subject: object) -> Iterator[Finding]:
    yield well("before")
    raise errors.DatabaseUnavailable("1045")


def _crashes(subject: object) -> Iterator[Finding]:
    raise ZeroDivisionError("by nothing")
    yield well()


def _hangs(subject: object) -> Iterator[Finding]:
    time.sleep(60)
    yield well()


def test_an_error_in_a_check_is_a_fault_after_what_was_found() -> None:
    found = run([Check("one", _fails)], None, set())
    assert [(one.verdict, one.name, one.value) for one in found] == [
        (OK, OK, "before"),
        (FAULT, "database_unavailable", "1045"),
    ]
    assert {one.check for one in found} == {"one"}


def test_a_crash_in_a_check_is_a_fault_and_the_next_check_is_run() -> None:
    checks = [Check("one", _crashes), Check("two", lambda subject: iter([well()]))]
    found = run(checks, None, set())
    assert [(one.check, one.verdict, one.name) for one in found] == [
        ("one", FAULT, "unexpected"),
        ("two", OK, OK),
    ]


def test_a_check_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "CHECK_S", 0.05)
    found = run([Check("one", _hangs)], None, set())
    assert [(one.verdict, one.name) for one in found] == [(FAULT, "out_of_time")]


def test_what_needs_a_failed_check_is_not_run_nor_what_needs_that() -> None:
    checks = [
        Check("one", _fails),
        Check("two", _crashes, ("one",)),
        Check("three", _hangs, ("two",)),
    ]
    failed: Set[str] = set()
    found = run(checks, None, failed)
    assert [(one.check, one.verdict, one.value) for one in found[2:]] == [
        ("two", UNCHECKED, "one"),
        ("three", UNCHECKED, "two"),
    ]
    assert failed == {"one", "two", "three"}


def test_only_faults_are_faults() -> None:
    notes = [Finding(verdict, "x") for verdict in VERDICTS if verdict != FAULT]
    assert not has_faults([Group("billing", "", notes)])
    assert has_faults([Group("billing", "", [*notes, Finding(FAULT, "x")])])


def test_every_check_has_its_name_once_and_needs_what_comes_before() -> None:
    names = [check.name for check in CHECKS]
    assert len(set(names)) == len(names)
    for number, check in enumerate(CHECKS):
        assert set(check.needs) <= set(names[:number]), check.name


# -- what is said ---------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", LANGUAGES)
def test_each_check_and_each_finding_has_its_message_and_no_other_is_there(wanted: str) -> None:
    general = {"well", UNCHECKED, "title_rest"}
    general |= {f"{kind}_{verdict}" for kind in ("verdict", "sum") for verdict in VERDICTS}
    groups = ("installation", "billing", "tariffs", "module", "payments", "payment_method")
    general |= {f"group_{name}" for name in groups}
    own = said() - set(codes())
    assert len(own) > 50
    titles = {f"title_{check.name}" for check in CHECKS}
    assert set(messages(wanted, MESSAGES)) == general | titles | own


@pytest.mark.parametrize("wanted", LANGUAGES)
def test_what_is_wrong_stands_in_the_first_sentence_and_the_remedy_follows(wanted: str) -> None:
    texts = messages(wanted, MESSAGES)
    for name in said() - set(codes()):
        text, _, remedy = texts[name].partition(". ")
        good = name.startswith("secret_") and name != "secret_in_clear" and name != "secret_exposed"
        if good or name.endswith(("_unseen", "_seen", "_good")):
            assert not remedy, name
            continue
        assert remedy.endswith("."), name
        assert "__value__" not in remedy, name
        assert not re.search(r"__\w+__\.?\w", text), name


def one_group(*found: Finding) -> "list[Group]":
    """A group of these findings."""
    return [Group("module", "31 Cloud", list(found))]


@pytest.mark.parametrize("wanted", LANGUAGES)
def test_an_error_is_told_as_it_is_told_elsewhere(wanted: str) -> None:
    finding = Finding(FAULT, "cloud_login_refused", "GET: 997", check="login")
    [shown] = json.loads(Words(wanted).as_json(one_group(finding)))["findings"]
    whole = messages(wanted, "msgerror")["msg_error_cloud_login_refused"]
    assert f"{shown['text']} {shown['remedy']}" == whole.replace("__value__", "GET: 997")
    assert shown["text"] in Words(wanted).as_text(one_group(finding)).decode()


def test_secrets_and_control_characters_are_not_printed() -> None:
    Secret("made-up-password")
    finding = Finding(OK, OK, "made-up-password\x1b[2J\n", check="login")
    for text in (Words("en").as_text(one_group(finding)), Words("en").as_json(one_group(finding))):
        assert b"made-up" not in text
        assert b"\x1b" not in text
        assert b"***?[2J?" in text


def test_without_its_messages_the_doctor_shows_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("utils.host.messages.HOME", tmp_path)
    finding = Finding(FAULT, "program_broken", "xml/forms", check="program")
    assert b"program_broken xml/forms" in Words("en").as_text(one_group(finding))


# -- what no stand can plant ----------------------------------------------------------------------


def test_a_certificate_that_ends_late_is_fine_and_a_late_one_is_an_advice() -> None:
    module = Mock()
    for days, expected in ((22.5, OK), (20.5, ADVICE)):
        ends = time.strftime("%b %d %H:%M:%S %Y GMT", time.gmtime(time.time() + days * 86400))
        module.seen.response.certificate_ends = ends
        assert look("certificate", module).verdict == expected


def test_an_old_python_is_a_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 7, 9, "final", 0))
    assert look("python", context(tmp_path)).name == "python_old"


def test_another_library_is_an_advice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(installation.metadata, "version", lambda name: "0.1")
    finding = look("libraries", context(tmp_path))
    assert (finding.verdict, finding.name) == (ADVICE, "libraries_differ")
    assert "requests 0.1" in finding.value
    monkeypatch.setattr(installation, "HOME", tmp_path)
    assert look("libraries", context(tmp_path)).name == "pins_missing"


def test_a_library_of_another_python_is_not_missed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "requirements.txt").write_text("nobody-has-this==1.0; python_version < '3'\n")
    monkeypatch.setattr(installation, "HOME", tmp_path)
    assert look("libraries", context(tmp_path)).verdict == OK


def test_the_rotation_of_the_log_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ctx = context(tmp_path)
    rules = tmp_path / "rules"
    rules.mkdir()
    monkeypatch.setattr(installation, "ROTATION", rules)
    (rules / "other").write_text("/var/log/other.log {\n}\n")
    (rules / "folder").mkdir()
    assert look("rotation", ctx).name == "log_not_rotated"
    (rules / "pmnextcloud").write_text(f"# the module\n{tmp_path}/var/pmnextcloud.log {{\n}}\n")
    assert look("rotation", ctx).verdict == OK


def test_a_full_disk_is_a_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    monkeypatch.setattr("os.statvfs", lambda path: Mock(f_bavail=9, f_frsize=4096))
    assert look("state", context(tmp_path)).name == "disk_full"


def test_programs_of_others_are_exposed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "processing").mkdir()
    handler = tmp_path / "processing" / "pmnextcloud"
    handler.write_text("")
    monkeypatch.setattr("os.geteuid", lambda: 4242)
    mine = handler.stat()
    fake = Mock(st_mode=mine.st_mode, st_uid=4243)
    monkeypatch.setattr(installation, "_info", lambda path: fake if path == str(handler) else None)
    assert look("exposed", context(tmp_path)).name == "program_exposed"


def test_a_cloud_behind_a_proxy_is_not_looked_up() -> None:
    module = Mock()
    module.ctx.settings.proxy = "http://user:made-up@proxy.example.com:3128"
    assert look("name", module).value == "proxy.example.com:3128"


def test_a_cloud_without_a_clock_is_fine() -> None:
    module = Mock()
    for shown in ({}, {"Date": "yesterday"}, {"Date": ""}, {"Date": "32 Foo 2026 25:61"}):
        module.seen.response.headers = shown
        assert look("clock", module).name == "clock_unseen"


@pytest.mark.parametrize("zone", ["UTC0", "AAA-11", "BBB+11"])
@pytest.mark.parametrize("date", ["Mon, 01 Jan 0001 00:00:00{}", "Fri, 31 Dec 9999 23:59:59{}", ""])
@pytest.mark.parametrize("written", [" GMT", " -0000", "", " +2359"])
def test_any_date_of_a_cloud_is_compared_in_whatever_zone_the_server_is(
    monkeypatch: pytest.MonkeyPatch, zone: str, date: str, written: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        now = formatdate(time.time()).replace(" -0000", "" if "+" in written else written)
        module = Mock()
        module.seen.response.headers = {"Date": date.format(written) or now}
        assert look("clock", module).name == ("clock_differs" if date else OK)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_where_nobody_can_share_nothing_stays_shared() -> None:
    module = Mock(version=(29, 0, 6), capabilities={"files_sharing": {"api_enabled": False}})
    assert look("shares", module).verdict == OK


def test_nothing_more_is_looked_at_with_a_broken_program(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(installation, "checks", lambda modules: [Check("program", _fails)])
    first, rest = examine(context(tmp_path), [])
    assert first.findings[-1].verdict == FAULT
    assert rest.findings == [Finding(UNCHECKED, UNCHECKED, "program", check="rest")]


def test_many_numbers_are_counted() -> None:
    assert billing.numbers([1, 2]) == "1, 2"
    assert billing.numbers(list(range(1, 14))) == "1, 2, 3, 4, 5, 6, 7, 8, 9, 10 ... (13)"


def test_the_log_says_nothing_of_a_sound_check(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        run([Check("one", lambda subject: iter([well()]))], None, set())
    assert not caplog.records


# -- what tariffs want ----------------------------------------------------------------------------


class Selling:
    """Tariffs with these terms, as a check of tariffs or of a cloud sees them."""

    def __init__(self, product: Product = NEXTCLOUD, sends_mail: str = "", **settings: str) -> None:
        self.billing = make_billing()
        self.settings = Settings()._replace(**settings)
        self.terms: Dict[int, Terms] = {}
        self.billing.modules.stored.return_value = []
        self.billing.tariffs.served_by.side_effect = lambda modules: sorted(self.terms)
        self.billing.tariffs.terms.side_effect = lambda number: self.terms[number]
        self.ctx = Mock(billing=self.billing, settings=self.settings)
        self.ctx.call.module = None
        self.cloud = Mock(product=product)
        self.cloud.setting.return_value = sends_mail
        self.id = 31
        self.capabilities = {"password_policy": {"minLength": 14}}


def names_of(found: Iterator[Finding]) -> List[Tuple[str, str, str]]:
    """Verdict, name and subject of what was found."""
    return [(one.verdict, one.name, one.about) for one in found]


def test_templates_are_judged_one_by_one() -> None:
    selling = Selling()
    selling.terms = {
        1: Terms(),
        2: Terms(template="nc@ID@"),
        3: Terms(template="@USERNAME@"),
        4: Terms(template="@WHO@_@ID@"),
        5: Terms(template="user_@ACCOUNT_ID@-"),
    }
    assert names_of(tariffs.login_names(selling.ctx)) == [
        (ADVICE, NOT_UNIQUE, "3"),
        (FAULT, UNKNOWN_MACRO, "4"),
        (FAULT, NUMBER_OF_OTHERS, "5"),
        (ADVICE, NOT_UNIQUE, "5"),
        (OK, "tariffs_good", ""),
    ]


def test_names_that_are_not_unique_are_well_where_a_second_one_may_differ() -> None:
    selling = Selling(taken_login="suffix")
    selling.terms = {3: Terms(template="@USERNAME@")}
    assert names_of(tariffs.login_names(selling.ctx)) == [(OK, "tariffs_good", "")]


@pytest.mark.parametrize("field", TARIFF_FIELDS)
def test_fields_that_cannot_be_used_are_named(field: str) -> None:
    selling = Selling()
    selling.terms = {1: Terms(), 2: Terms(broken=(field,))}
    found = [*tariffs.form(selling.ctx)]
    assert names_of(iter(found)) == [
        (FAULT, "tariff_fields_broken", "2"),
        (OK, "tariffs_good", ""),
    ]
    assert found[0].value == field


@pytest.mark.parametrize(
    ("product", "mail", "terms", "found"),
    [
        (NEXTCLOUD, "", Terms(sends_link=True, language_source="de"), [(OK, OK)]),
        (NEXTCLOUD, "no", Terms(sends_link=True), [(FAULT, "link_mail_off")]),
        (NEXTCLOUD, "no", Terms(), [(OK, OK)]),
        (
            OWNCLOUD,
            "",
            Terms(sends_link=True, language_source="de"),
            [(FAULT, "link_impossible"), (ADVICE, "language_impossible")],
        ),
    ],
)
def test_what_a_tariff_wants_of_its_cloud_is_looked_at(
    product: Product, mail: str, terms: Terms, found: List[Tuple[str, str]]
) -> None:
    selling = Selling(product, mail)
    selling.terms = {1: terms}
    assert [one[:2] for one in names_of(clouds.fields(selling))] == found


def test_the_shortest_password_of_settings_and_tariffs_is_the_one_that_counts() -> None:
    selling = Selling()
    selling.terms = {1: Terms(), 2: Terms(password_length=12)}
    [found] = clouds.policy(selling)
    assert (found.name, found.value) == ("password_too_short", "12 < 14")
