"""The payment module as a whole: what it loads, what it needs, its form, its commands."""

import os
import re
import subprocess
import sys
from typing import Dict, Set
from urllib.parse import urlencode

import pytest

from tests import ROOT
from tests.meta.messages import LANGUAGES
from tests.unit.billing.given import declared
from tests.unit.webpay.conftest import Shop
from utils.base import plainxml, xml
from utils.billing import needs
from utils.webpay import checkout, commands, intake, method, pages, staff, watch

HEAVY = {"requests", "urllib3", "pymysql", "lxml", "cryptography", "tenacity", "logging", "ssl"}
HEAVY |= {"tempfile", "http", "sqlite3", "decimal", "ast", "email"}

RUN = """
import sys, pmwebpay
pmwebpay.main()
sys.stderr.write(" ".join(sorted(name for name in sys.modules if "." not in name)))
"""


def test_a_notification_is_booked_without_any_heavy_library(shop: Shop) -> None:
    payment = shop.pay()
    body = urlencode(shop.notification(payment)).encode()
    done = subprocess.run(
        [sys.executable, "-EsS", "-c", RUN],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "PMWEBPAY_STARTED_AS": str(shop.stand.root / "cgi/webpayresult"),
            "REQUEST_METHOD": "POST",
            "CONTENT_LENGTH": str(len(body)),
        },
        input=body,
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.startswith(b"Status: 200 OK\n")
    assert shop.credited(payment) == 1
    assert not set(done.stderr.decode().split()) & HEAVY


def test_the_database_lets_it_read_what_is_declared_and_no_more(shop: Shop) -> None:
    columns = declared()
    shop.stand.add_module("https://cloud.example.com", "admin", "made-up-password")
    payment, other = shop.pay(), shop.pay()
    called = len(shop.stand.calls)
    shop.stand.database.limit_reading(columns)
    try:
        desk = shop.new_desk()
        assert shop.send(shop.notification(payment, amount="1.00"), desk).status == 200
        assert shop.send(shop.notification(0, site_order_id="BZZZZZZ-0000E"), desk).status == 200
        watch.check(desk)
        assert desk.billing.currency(str(shop.payments.currency("BYN"))) == "BYN"
        assert desk.billing.currency("1") is None
        assert desk.billing.unreadable_tables() == {}
        session = shop.payments.log_in(shop.client)
        from utils.webpay.cgi import Request

        cookie = {"HTTP_COOKIE": f"billmgrses5={session}"}
        page = checkout.pay(desk, Request("GET", f"elid={other}", cookie, b"", ""))
        assert "wsb_" in page.body
    finally:
        shop.stand.database._for_each_account(
            f"GRANT SELECT ON {shop.stand.database.name}.* TO %s@%s"
        )
    functions = {call.function for call in shop.stand.calls[called:]}
    assert functions <= {*needs.PAYMENT_FUNCTIONS, needs.FUNCTIONS.make_task_of_department}


# -- the form -------------------------------------------------------------------------------------


def document() -> xml.Form:
    return xml.parse((ROOT / "xml/billmgr_mod_pmwebpay.xml").read_bytes())


def messages(language: str, group: str) -> Dict[str, str]:
    found = document().findall(f"lang[@name='{language}']/messages[@name='{group}']/msg")
    texts = {str(one.get("name")): one.text or "" for one in found}
    assert len(texts) == len(found)
    return texts


FORM = "paymethod.edit.webpay"
GROUPS = ("plugin", "label_paymethod", FORM, pages.GROUP, staff.GROUP)


def test_the_form_has_the_fields_that_are_read_for_administrators_alone() -> None:
    inputs = document().findall(f"metadata[@name='{FORM}']/form/page/field/*")
    assert {str(one.get("name")) for one in inputs} == set(method.FIELDS)
    for one in inputs:
        assert one.get("private") == "yes"
        is_secret = one.get("name") in method.SECRET_FIELDS
        assert (one.get("type") == "password") is is_secret
        assert not is_secret or one.get("maxlength") is None, "a sealed one is longer"


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_field_has_a_label_and_a_hint(language: str) -> None:
    names: Set[str] = {*method.FIELDS, *(f"hint_{name}" for name in method.FIELDS)}
    assert set(messages(language, FORM)) == names


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_guide_has_the_fields_by_their_labels(language: str) -> None:
    text = (ROOT / f"docs/{language}/selling.md").read_text("utf-8")
    labels = messages(language, FORM)
    for name in method.FIELDS:
        assert f"\n| {labels[name]} |" in text, name


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_reason_and_each_page_has_its_words_and_no_others_have(language: str) -> None:
    reasons = {f"kept_{why}" for why in (*intake.REASONS, watch.RETURNED)}
    assert set(messages(language, staff.GROUP)) == {*reasons, "silence"}
    said = {f"{part}_{kind}" for kind in pages.PAGES for part in ("title", "text")}
    assert set(messages(language, pages.GROUP)) == {*said, "button_pay", "item"}


@pytest.mark.parametrize("group", GROUPS)
def test_messages_are_written_in_their_language(group: str) -> None:
    russian, english = (messages(language, group) for language in LANGUAGES)
    assert set(russian) == set(english) != set()
    for name, text in english.items():
        assert not re.search("[а-яё]", text, re.IGNORECASE), name
        if text != "WEBPAY":
            assert re.search("[а-яё]", russian[name], re.IGNORECASE), name
        marks = [re.findall(r"__\w+?__", one) for one in (text, russian[name])]
        assert sorted(marks[0]) == sorted(marks[1]), name


# -- commands -------------------------------------------------------------------------------------


def test_each_announced_command_is_served() -> None:
    announced = set(commands.FEATURES) - {"redirect", "notneedprofile"}
    assert announced == set(commands.COMMANDS) - {"config"}


@pytest.mark.parametrize("form", [b"", b"<doc>", b"<!DOCTYPE a [<!ENTITY b 'c'>]><doc>&b;</doc>"])
def test_a_form_that_is_none_is_an_error_document(shop: Shop, form: bytes) -> None:
    said = commands.run(shop.new_desk(), "pmvalidate", form)
    assert b'type="bad_input"' in said


def test_whatever_goes_wrong_is_an_error_document_without_values(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(_desk: object) -> None:
        raise RuntimeError("made-up-secret")

    monkeypatch.setattr(watch, "check", crash)
    said = commands.run(shop.new_desk("pmwebpay:checkpay"), "checkpay", b"")
    assert b'type="unexpected"' in said
    assert b"RuntimeError in crash, line" in said
    assert b"made-up-secret" not in said
    assert "failed: unexpected" in shop.stand.log
    assert "made-up-secret" not in shop.stand.log


def test_while_modules_must_do_nothing_no_round_is_made(shop: Shop) -> None:
    payment = shop.pay()
    assert shop.send(shop.notification(payment, amount="1.00")).status == 200
    shop.stand.do_nothing()
    try:
        assert commands.run(shop.new_desk(), "checkpay", b"") == b""
    finally:
        shop.stand.do_nothing(on=False)
    assert payment in shop.desk.ledger.pending()


@pytest.mark.parametrize("form", [b"<a>", b"\xff", b"<!DOCTYPE a><a/>", b"", b"<a>&x;</a>"])
def test_what_is_no_document_of_the_core_is_refused(form: bytes) -> None:
    with pytest.raises(ValueError, match="XML|utf-8"):
        plainxml.parse(form)
