"""What a client was told stands on the service, and how it got to him in BILLmanager."""

from datetime import date

import pytest

from tests.doubles.billmanager import CoreFault, Stand
from tests.unit.billing.given import order
from utils.base import errors
from utils.billing import memos
from utils.billing.billmanager import Billing
from utils.billing.clients import Contact
from utils.billing.memos import Memo

DAY = date(2026, 11, 21)
BEGUN = Memo(201, "80", DAY, is_sent=False)


@pytest.mark.parametrize("memo", [BEGUN, BEGUN._replace(is_sent=True, occasion="5368709120")])
def test_a_memo_is_read_as_it_was_written(stand: Stand, billing: Billing, memo: Memo) -> None:
    item = order(stand)
    billing.memos.note(item, "full", memo)
    assert billing.memos.of({item: 201, 0: 201}, "full") == {item: memo}
    assert billing.memos.of({item: 201}, "short") == billing.memos.of({}, "full") == {}
    assert billing.memos.of({item: 202}, "full") == {}, "another client was told nothing"
    billing.memos.forget(item, "full")
    assert billing.memos.of({item: 201}, "full") == {}
    assert not stand.params(item)


@pytest.mark.parametrize(
    "text",
    [
        *("", "80", "80 2026-11-21 sent", "80 2026-13-21 sent 201", "80 2026-11-21 read 201"),
        *("80 2026-11-21 sent x", "a b c d e"),
    ],
)
def test_what_is_no_memo_is_none(text: str) -> None:
    assert memos.read(text) is None


def test_the_next_memo_of_a_kind_takes_the_place_of_the_last(
    stand: Stand, billing: Billing
) -> None:
    item = order(stand)
    for memo in (BEGUN, BEGUN._replace(is_sent=True)):
        billing.memos.note(item, "full", memo)
    assert stand.params(item) == {"pmnextcloud_told_full": "80 2026-11-21 sent 201"}


def test_a_memo_that_stays_is_told(stand: Stand, billing: Billing) -> None:
    item = order(stand)
    billing.memos.note(item, "full", BEGUN)
    stand.before_call = lambda call: call.args.update(name="another")
    try:
        with pytest.raises(errors.NotSaved):
            billing.memos.forget(item, "full")
    finally:
        stand.before_call = None


# -- notifications --------------------------------------------------------------------------------


def test_a_notification_is_there_for_its_user_and_can_be_found(
    stand: Stand, billing: Billing
) -> None:
    account = stand.add_account()
    contact = billing.clients.contact(account)
    assert contact is not None
    billing.notices.send(contact.user_id, "Тема, service 7", "Текст\nline")
    row = stand.notices()[-1]
    assert (row["user"], row["subject"], row["message"]) == (
        contact.user_id,
        "Тема, service 7",
        "Текст\nline",
    )
    assert billing.notices.was_sent(contact.user_id, ["other", "Тема, service 7"])
    assert billing.notices.was_sent(contact.user_id, ["other"]) is False
    assert billing.notices.was_sent(contact.user_id + 1, ["Тема, service 7"]) is False


def test_no_word_of_it_stands_on_a_command_line(stand: Stand, billing: Billing) -> None:
    contact = billing.clients.contact(stand.add_account())
    assert contact is not None
    billing.notices.send(contact.user_id, "a subject", "a text")
    argv = " ".join(stand.calls[-1].argv)
    assert "a subject" not in argv
    assert "a text" not in argv


@pytest.mark.parametrize(("kind", "is_told"), [("cut_after_effect", True), ("exit1", False)])
def test_a_call_whose_answer_is_lost_is_looked_up(
    stand: Stand, billing: Billing, kind: str, is_told: bool
) -> None:
    contact = billing.clients.contact(stand.add_account())
    assert contact is not None
    stand.core_faults.append(CoreFault("notification.edit", kind=kind))
    before = len(stand.notices())
    if is_told:
        billing.notices.send(contact.user_id, "once", "text")
    else:
        with pytest.raises(errors.CoreUnavailable):
            billing.notices.send(contact.user_id, "once", "text")
    assert len(stand.notices()) - before == int(is_told)
    assert len(stand.called("notification.edit")) >= 1


def test_a_core_that_takes_none_says_so(stand: Stand, billing: Billing) -> None:
    stand.hidden_functions.add("notification.edit")
    with pytest.raises(errors.CoreRefused):
        billing.notices.send(401, "subject", "text")


def test_where_notifications_do_not_show_nobody_can_say(billing: Billing, stand: Stand) -> None:
    stand.hide_notices()
    try:
        assert billing.notices.was_sent(401, ["subject"]) is None
    finally:
        stand.sql("RENAME TABLE usernotice TO notification")
        stand.notices_table = "notification"


# -- whom a client is told by ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("emails", "disabled", "which"),
    [
        (["a@example.com", "b@example.com"], (), 0),
        (["a@example.com", "b@example.com"], (True,), 1),
        ([None, "b@example.com"], (), 0),
        (["a@example.com"], (True,), None),
        ([], (), None),
    ],
)
def test_the_first_enabled_user_is_told(
    stand: Stand, billing: Billing, emails: "list[str]", disabled: "list[bool]", which: object
) -> None:
    account = stand.add_account(emails=emails, disabled=disabled)
    users = stand.sql("SELECT id FROM user WHERE account = %s ORDER BY id", account)
    contact = billing.clients.contact(account)
    expected = None if which is None else Contact(users[int(str(which))]["id"], "")
    assert contact == expected


@pytest.mark.parametrize(
    ("lang", "language", "code"),
    [("ru", None, "ru"), (None, "en", "en"), (" RU ", "en", "ru"), ("", None, ""), (None, "", "")],
)
def test_the_language_is_that_of_the_user_where_it_is_told(
    stand: Stand, billing: Billing, lang: str, language: str, code: str
) -> None:
    account = stand.add_account(lang=lang)
    stand.sql("UPDATE user SET language = %s WHERE account = %s", language, account)
    contact = billing.clients.contact(account)
    assert contact is not None
    assert contact.language == code
