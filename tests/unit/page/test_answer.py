"""What is answered to a call: to whom, and how much of what went wrong."""

import os
import sys
import time
from typing import Any, Dict, Optional

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands import load
from tests.unit.page.given import CLIENT, Site, active, asked
from utils.base import errors, xml
from utils.base.secret import Secret
from utils.base.values import Item
from utils.billing.reply import Reply
from utils.consts import PAGE_FUNCTION, PASSWORD_FUNCTION, STATUS_CLOSED
from utils.host import budget
from utils.page import answer, changing, ticket
from utils.page.asked import take
from utils.page.changing import Ended

STAFF = {"level": 29}


def called(site: Site, **changes: Any) -> Reply:
    """The answer to a call."""
    return answer.answer(site.context(), asked(**changes), time.monotonic())


def code(reply: Reply) -> Optional[str]:
    """The error of an answer, which ends with 0 as all of the page do."""
    assert reply.exit_code == 0
    error = xml.parse(reply.document).find("error")
    return None if error is None else str(error.get("type"))


def words(reply: Reply) -> str:
    """The words of the error."""
    return xml.parse(reply.document).findtext("error/msg") or ""


def test_a_client_is_shown_his_service(site: Site) -> None:
    document = xml.parse(called(site).document)
    assert document.findtext("login") == "user_1001"
    assert document.findtext("state") == "Works"
    assert document.find("proof") is None


def test_staff_is_shown_the_same_and_more(site: Site) -> None:
    document = xml.parse(called(site, **STAFF).document)
    assert document.findtext("login") == "user_1001"
    assert document.findtext("proof")


@pytest.mark.parametrize(
    "changes",
    [{"user": ""}, {"level": 9}, {"item_id": None}, {"function": "x"}, {"function": ""}],
)
def test_what_is_not_to_be_shown_is_refused_in_the_same_words(site: Site, changes: Any) -> None:
    site.billing.services.client_of.side_effect = None
    site.billing.services.client_of.return_value = CLIENT + 1
    strangers = called(site).document
    site.billing.services.client_of.return_value = None
    assert called(site).document == strangers
    site.billing.services.client_of.return_value = CLIENT
    assert called(site, **changes).document == strangers
    assert b"page_denied" in strangers


def test_where_the_page_is_switched_off_nothing_is_read(site: Site) -> None:
    site.settings = {"customer_page": "none"}
    for changes in ({}, STAFF, {"function": PASSWORD_FUNCTION}):
        assert code(called(site, **changes)) == "page_off"
    site.billing.users.accounts.assert_not_called()
    site.billing.services.client_of.assert_not_called()


def test_without_pictures_there_are_none(site: Site) -> None:
    site.settings = {"customer_page": "text"}
    assert b"svg" not in called(site).document


FAULT = errors.DatabaseUnavailable("10.0.0.7: denied")


def test_a_client_is_told_the_name_of_a_fault_and_staff_all_of_it(site: Site) -> None:
    site.billing.services.item.side_effect = FAULT
    client, staff = called(site), called(site, **STAFF)
    assert (code(client), code(staff)) == ("page_unavailable", "database_unavailable")
    assert "(database_unavailable)" in words(client)
    assert b"10.0.0.7" not in client.document
    assert "10.0.0.7" in words(staff)


@pytest.mark.parametrize("error", [RuntimeError("secret words"), budget.Spent()])
def test_whatever_goes_wrong_is_answered(site: Site, error: BaseException) -> None:
    site.billing.services.item.side_effect = error
    reply = called(site)
    assert code(reply) == "page_unavailable"
    assert b"secret words" not in reply.document


def test_memory_that_is_lacking_is_left_to_the_program(site: Site) -> None:
    site.billing.services.item.side_effect = MemoryError
    with pytest.raises(MemoryError):
        called(site)


def test_settings_that_are_broken_are_answered(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    context = site.context()
    del context.settings

    def broken(path: str) -> None:
        raise errors.SettingsBroken("line 1")

    monkeypatch.setattr("utils.host.settings.load", broken)
    reply = answer.answer(context, asked(), time.monotonic())
    assert code(reply) == "page_unavailable"


@pytest.mark.parametrize("language", ["ru", "en"])
def test_a_refusal_is_said_in_the_visitors_language(site: Site, language: str) -> None:
    reply = called(site, item_id=None, language=language)
    error = xml.parse(reply.document).find("error")
    assert error is not None
    assert error.get("lang") == language
    assert ("Эта страница" in words(reply)) is (language == "ru")


# -- the password ---------------------------------------------------------------------------------

SENT = {
    "function": PASSWORD_FUNCTION,
    "is_sent": True,
    "password": Secret("A-new-one-77"),
    "again": Secret("A-new-one-77"),
}


@pytest.fixture
def changes(site: Site, monkeypatch: pytest.MonkeyPatch) -> "list[tuple[int, str]]":
    """The passwords that are set, by service."""
    made = []

    def change(ctx: object, item_id: int, password: Secret, wait_s: float) -> Ended:
        made.append((item_id, password.reveal()))
        return Ended()

    monkeypatch.setattr(changing, "change", change)
    return made


def sent(site: Site, **more: Any) -> Reply:
    """The answer to a form that is sent with its own ticket."""
    call = asked(**{**SENT, **more})
    return called(site, **{**SENT, **more}, ticket=ticket.make(call, site.billing))


Changes = "list[tuple[int, str]]"


def test_the_form_for_a_password_has_a_ticket_and_no_password(site: Site) -> None:
    document = xml.parse(called(site, function=PASSWORD_FUNCTION).document)
    assert document.findtext("ticket")
    assert document.findtext("password") == document.findtext("again") == ""
    assert document.findtext("login") == "user_1001"


def test_a_form_that_is_sent_sets_the_password(site: Site, changes: Changes) -> None:
    assert sent(site).document.endswith(b"<doc><ok/></doc>\n")
    assert changes == [(1001, "A-new-one-77")]


@pytest.mark.parametrize("given", ["", "forged", "0" * 32])
def test_a_form_that_nobody_was_shown_changes_nothing(
    site: Site, changes: Changes, given: str
) -> None:
    assert code(called(site, **SENT, ticket=given)) == "page_expired"
    assert changes == []


def test_a_ticket_of_another_service_changes_nothing(site: Site, changes: Changes) -> None:
    other = ticket.make(asked(function=PASSWORD_FUNCTION, item_id=1002), site.billing)
    assert code(called(site, **SENT, ticket=other)) == "page_expired"
    assert changes == []


@pytest.mark.parametrize("is_sent", [False, True])
def test_a_closed_service_gets_no_password(site: Site, changes: Changes, is_sent: bool) -> None:
    site.item = active(status=STATUS_CLOSED)
    assert code(sent(site, is_sent=is_sent)) == "page_unavailable"
    assert code(sent(site, is_sent=is_sent, **STAFF)) == "service_closed"
    assert changes == []


def test_nobody_changes_a_strangers_password(site: Site, changes: Changes) -> None:
    site.billing.services.client_of.side_effect = None
    site.billing.services.client_of.return_value = CLIENT + 1
    assert code(sent(site)) == "page_denied"
    assert changes == []


def test_where_modules_are_to_leave_the_world_alone_no_success_is_told(
    site: Site, changes: Changes
) -> None:
    site.host.does_nothing = lambda: True
    assert code(sent(site)) == "page_off"
    assert changes == []


def test_two_passwords_that_differ_change_nothing(site: Site, changes: Changes) -> None:
    assert code(sent(site, again=Secret("other"))) == "password_unusable"
    assert changes == []


@pytest.mark.parametrize(
    ("ended", "told"),
    [
        (Ended("new_password_refused", "Too short."), "new_password_refused"),
        (Ended("account_missing", "user_1001"), "page_unavailable"),
        (Ended("cloud_login_refused", "https://10.0.0.7"), "page_unavailable"),
    ],
)
def test_what_kept_the_password_from_being_set_is_told(
    site: Site, monkeypatch: pytest.MonkeyPatch, ended: Ended, told: str
) -> None:
    monkeypatch.setattr(changing, "change", lambda *given: ended)
    reply = sent(site)
    assert code(reply) == told
    assert "10.0.0.7" not in words(reply)
    if told == "new_password_refused":
        assert "Too short." in words(reply)


def test_the_form_waits_no_longer_than_a_form_may(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = []
    monkeypatch.setattr(changing, "change", lambda *given: waits.append(given[3]) or Ended())
    sent(site)
    assert 15 < waits[0] <= 19


# -- the command ----------------------------------------------------------------------------------


def test_the_command_answers_what_stands_in_its_environment(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    visit = {"AUTH_USER": "401", "AUTH_LEVEL": "16", "PARAM_func": PAGE_FUNCTION}
    for name, value in {**visit, "PARAM_elid": "1001", "PARAM_lang": "ru"}.items():
        monkeypatch.setenv(name, value)
    reply = load("page").run(site.context())
    assert xml.parse(reply.document).findtext("state") == "Работает"
    assert "AUTH_USER" not in os.environ


# -- whatever is sent -----------------------------------------------------------------------------

MINE, OTHERS = 1001, 1002
SENT_NAMES = [
    *(f"PARAM_{name}" for name in ("elid", "func", "sok", "fresh", "clicked_button", "sv_field")),
    *(f"PARAM_{name}" for name in ("ticket", "password", "again", "lang", "plid", "su", "auth")),
    *(f"{kind}_{name}" for kind in ("PARAM", "HTTP") for name in ("AUTH_USER", "AUTH_LEVEL")),
    *("HTTP_COOKIE", "HTTP_X_FORWARDED_FOR", "QUERY_STRING", "REMOTE_USER", "REMOTE_ADDR"),
]
WORDS = st.sampled_from(
    [
        *(str(MINE), str(OTHERS), f"{MINE}, {OTHERS}", "401", "402", "16", "29", "30", "root"),
        *(PAGE_FUNCTION, PASSWORD_FUNCTION, "ok", "on", "fresh", "A-new-one-77", "ru"),
        f"elid={OTHERS}&AUTH_USER=402&AUTH_LEVEL=30",
    ]
)


@given(sent=st.dictionaries(st.sampled_from(SENT_NAMES), st.one_of(WORDS, st.text(max_size=12))))
@hypothesis.settings(suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("caller", [{"AUTH_USER": "401", "AUTH_LEVEL": "16"}, {}])
def test_whatever_is_sent_a_client_gets_at_his_own_service_alone(
    site: Site, caller: Dict[str, str], sent: Dict[str, str]
) -> None:
    touched = []

    def read(item_id: int) -> Item:
        touched.append(item_id)
        return site.item

    def change(ctx: object, item_id: int, password: Secret, wait_s: float) -> Ended:
        touched.append(item_id)
        return Ended()

    owners = {MINE: CLIENT, OTHERS: CLIENT + 1}
    site.billing.services.client_of.side_effect = owners.get
    site.billing.services.item.side_effect = read
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "stdin", None)
        patched.setattr(changing, "change", change)
        call = take({"PARAM_elid": str(MINE), "PARAM_func": PAGE_FUNCTION, **sent, **caller})
        reply = answer.answer(site.context(), call, time.monotonic())
    assert set(touched) <= ({MINE} if caller else set())
    assert {one.args for one in site.billing.users.accounts.mock_calls} <= {("401",)}
    document = xml.parse(reply.document)
    if document.find("error") is None and document.find("ok") is None:
        assert document.findtext("elid") == str(MINE)
        assert document.find("proof") is None
