"""Requests as BILLmanager's web server gives them, and answers as it takes them."""

import io
from typing import Dict

import pytest

from utils.webpay import pages
from utils.webpay.cgi import LONGEST_BODY, REASONS, Refused, Response, read_request


def request(body: bytes = b"", **environment: str) -> "object":
    return read_request(environment, io.BytesIO(body))


@pytest.mark.parametrize("name", ["CONTENT_LENGTH", "HTTP_CONTENT_LENGTH"])
def test_a_body_is_read_as_long_as_it_says(name: str) -> None:
    one = read_request({"REQUEST_METHOD": "POST", name: "3"}, io.BytesIO(b"a=1&b=2"))
    assert one.body == b"a=1"
    assert one.form_fields() == {"a": "1"}


@pytest.mark.parametrize(
    ("length", "status"),
    [("", 400), ("-1", 400), ("x", 400), ("9", 400), (str(LONGEST_BODY + 1), 413), ("9" * 20, 400)],
)
def test_a_body_of_another_length_is_refused(length: str, status: int) -> None:
    with pytest.raises(Refused) as caught:
        request(b"a=1", REQUEST_METHOD="POST", CONTENT_LENGTH=length)
    assert caught.value.status == status


def test_without_standard_input_there_is_no_body() -> None:
    with pytest.raises(Refused):
        read_request({"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "1"}, None)
    assert read_request({"REQUEST_METHOD": "GET"}, None).body == b""


@pytest.mark.parametrize(
    ("cookie", "session", "language"),
    [
        ("billmgrses5=abc:1:2; billmgrlang5=orion:en", "abc", "en"),
        ("billmgrlang5=orion:ru;billmgrses5=abc", "abc", "ru"),
        ('billmgrses5="abc"', "abc", "ru"),
        ("billmgrses6=six; billmgrlang6=orion:en", "six", "en"),
        ("billmgrses6=six; billmgrses5=abc", "abc", "ru"),
        ("billmgrses5=first; billmgrses5=second", "first", "ru"),
        ("", "", "ru"),
        ("broken", "", "ru"),
        ("other=1; =2; billmgrses=", "", "ru"),
        ("billmgrlang5=orion:fr", "", "ru"),
    ],
)
def test_session_and_language_are_read_from_any_cookies(
    cookie: str, session: str, language: str
) -> None:
    one = read_request({"REQUEST_METHOD": "GET", "HTTP_COOKIE": cookie}, None)
    assert (one.session(), one.language()) == (session, language)


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("elid=7", {"elid": "7"}),
        ("elid=7&elid=8", {"elid": "7"}),
        (
            "a=1?wsb_order_num=B1-AAE&wsb_tid=5",
            {"a": "1", "wsb_order_num": "B1-AAE", "wsb_tid": "5"},
        ),
        ("", {}),
        ("%", {}),
    ],
)
def test_the_query_is_read_whatever_it_is(query: str, fields: Dict[str, str]) -> None:
    one = read_request({"REQUEST_METHOD": "GET", "QUERY_STRING": query}, None)
    assert one.query_fields() == fields


def test_the_address_is_the_front_s_where_there_is_one() -> None:
    both = {"REQUEST_METHOD": "GET", "REMOTE_ADDR": "127.0.0.1", "HTTP_X_REAL_IP": "192.0.2.7"}
    assert read_request(both, None).address == "192.0.2.7"
    assert read_request({**both, "HTTP_X_REAL_IP": ""}, None).address == "127.0.0.1"


@pytest.mark.parametrize("status", REASONS)
def test_an_answer_says_its_status_and_is_kept_by_nobody(status: int) -> None:
    head, _, body = Response(status, "текст", (("X", "y"),)).as_bytes().partition(b"\n\n")
    lines = head.decode().split("\n")
    assert lines[0] == f"Status: {status} {REASONS[status]}"
    assert "Cache-Control: no-store" in lines
    assert f"Content-Length: {len(body)}" in lines
    assert body.decode() == "текст"


# -- pages ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("kind", pages.PAGES)
def test_each_page_has_its_words_in_each_language(kind: str, language: str) -> None:
    one = pages.page(kind, language)
    said = pages.texts(language)
    assert said[f"title_{kind}"] in one.body
    assert one.status == pages.PAGES[kind]
    assert f'<html lang="{language}">' in one.body


def test_no_page_promises_that_money_came() -> None:
    for language in ("ru", "en"):
        for name, text in pages.texts(language).items():
            assert not any(word in text.lower() for word in ("оплачен", "is paid", "thank")), name


def test_a_page_runs_nothing_and_is_framed_by_nobody() -> None:
    policy = dict(pages.page(pages.WAIT, "ru").headers)["Content-Security-Policy"]
    assert "script-src" not in policy
    assert {"default-src 'none'", "form-action 'none'", "frame-ancestors 'none'"} <= {
        rule.strip() for rule in policy.split(";")
    }


@pytest.mark.parametrize(
    ("url", "targets"),
    [
        ("https://payment.webpay.by/", "https://payment.webpay.by https://*.webpay.by"),
        ("http://127.0.0.1:8080/x", "http://127.0.0.1:8080"),
    ],
)
def test_the_form_leads_to_webpay_and_nowhere_else(url: str, targets: str) -> None:
    one = pages.sending(url, {"a": '"><script>'}, "en")
    assert f"form-action {targets};" in dict(one.headers)["Content-Security-Policy"]
    assert one.body.count("<script>") == 1
    assert "&quot;&gt;&lt;script&gt;" in one.body


def test_the_digests_are_those_of_what_the_page_has() -> None:
    import base64
    import hashlib
    import re

    one = pages.sending("https://payment.webpay.by/", {}, "ru")
    policy = dict(one.headers)["Content-Security-Policy"]
    for tag in ("script", "style"):
        (text,) = re.findall(f"<{tag}>(.*?)</{tag}>", one.body, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
