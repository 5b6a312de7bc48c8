"""What a call of the page says: BILLmanager's words are his, and a visitor's count for nothing."""

import io
import os
import sys
import time
from typing import BinaryIO, Dict, Iterator, Optional

import pytest

from utils.base import xml
from utils.page import asked
from utils.page.asked import Asked, take


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[BinaryIO]:
    """A standard input that nobody has closed; what is written comes in."""
    reading, writing = os.pipe()
    # No descriptor is closed twice: it may be another file's by then.
    with os.fdopen(reading, "rb") as whole, os.fdopen(writing, "wb", buffering=0) as written:
        monkeypatch.setattr(sys, "stdin", whole)
        yield written


def call(monkeypatch: Optional[pytest.MonkeyPatch] = None, **environment: str) -> Asked:
    """The call in an environment; without a standard input, unless the test has made one."""
    if monkeypatch is not None:
        monkeypatch.setattr(sys, "stdin", None)
    return take(dict(environment))


def test_a_call_has_the_words_of_billmanager_and_those_of_the_visitor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = call(
        monkeypatch,
        AUTH_USER="401",
        AUTH_LEVEL="16",
        PARAM_func="pmnextcloud.page",
        PARAM_elid="15",
        PARAM_sok="ok",
        PARAM_password="new-one-77",
        PARAM_again="new-one-78",
        PARAM_ticket="t",
    )
    assert one[:4] == ("pmnextcloud.page", 15, "401", 16)
    assert (one.is_sent, one.ticket, one.wants_fresh) == (True, "t", False)
    assert (one.password.reveal(), one.again.reveal()) == ("new-one-77", "new-one-78")
    assert "new-one" not in repr(one)


@pytest.mark.parametrize(
    "elid",
    [
        "",
        " 15",
        "15 ",
        "+15",
        "-15",
        "15.0",
        "1e3",
        "0x0f",
        "15, 16",
        "15,16",
        "١٥",
        "1" * 19,
        "abc",
    ],
)
def test_what_is_no_single_number_is_no_service(monkeypatch: pytest.MonkeyPatch, elid: str) -> None:
    assert call(monkeypatch, AUTH_USER="401", PARAM_elid=elid).item_id is None


FORGED = {
    "as parameters": {"PARAM_AUTH_USER": "1", "PARAM_AUTH_LEVEL": "30", "PARAM_auth": "1"},
    "as headers": {"HTTP_AUTH_USER": "1", "HTTP_AUTH_LEVEL": "30", "HTTP_REMOTE_USER": "root"},
    "in the address": {"QUERY_STRING": "elid=99&AUTH_USER=1&AUTH_LEVEL=30"},
    "by a proxy": {"REMOTE_USER": "root"},
}


@pytest.mark.parametrize("forged", FORGED)
def test_nothing_that_a_visitor_sends_says_who_he_is(
    monkeypatch: pytest.MonkeyPatch, forged: str
) -> None:
    own = {"AUTH_USER": "401", "AUTH_LEVEL": "16", "PARAM_elid": "15"}
    one = call(monkeypatch, **own, **FORGED[forged])
    assert (one.user, one.level, one.item_id) == ("401", 16, 15)
    alone = call(monkeypatch, **FORGED[forged])
    assert (alone.user, alone.level, alone.item_id) == ("", 0, None)


@pytest.mark.parametrize("level", ["", "admin", "-1", "16 ", "29.5", "1" * 19])
def test_a_level_that_is_no_number_is_none(monkeypatch: pytest.MonkeyPatch, level: str) -> None:
    assert call(monkeypatch, AUTH_USER="401", AUTH_LEVEL=level).level == 0


def test_no_program_that_the_page_starts_has_anything_of_the_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    environment = {
        **dict.fromkeys(("PARAM_password", "HTTP_PROXY", "HTTP_COOKIE", "QUERY_STRING"), "x"),
        **dict.fromkeys(("AUTH_USER", "AUTH_IP", "REMOTE_ADDR", "ACTION_NAME"), "x"),
        "PATH": "/bin",
        "PMNEXTCLOUD_STARTED_AS": "/m/addon/pmnextcloud_page",
    }
    take(environment)
    assert set(environment) == {"PATH", "PMNEXTCLOUD_STARTED_AS"}


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"PARAM_fresh": "on"}, True),
        ({"PARAM_clicked_button": "fresh"}, True),
        ({"PARAM_sv_field": "fresh"}, True),
        ({"PARAM_fresh": "off"}, False),
        ({"PARAM_clicked_button": "ok"}, False),
        ({}, False),
    ],
)
def test_fresh_figures_are_wanted_by_button_field_or_parameter(
    monkeypatch: pytest.MonkeyPatch, given: Dict[str, str], wanted: bool
) -> None:
    assert call(monkeypatch, **given).wants_fresh is wanted


@pytest.mark.parametrize(
    ("given", "language"),
    [
        ({"PARAM_lang": "ru"}, "ru"),
        ({"HTTP_COOKIE": "a=b; billmgrlang5=orion:ru; billmgrses5=x"}, "ru"),
        ({"HTTP_COOKIE": "billmgrlang5=ru"}, "ru"),
        ({"HTTP_COOKIE": "billmgrlang5=orion:en", "PARAM_lang": "ru"}, "ru"),
        ({"HTTP_COOKIE": "billmgrlang5="}, "en"),
        ({"PARAM_lang": "kk"}, "en"),
    ],
)
def test_the_language_is_that_of_the_visitor(
    monkeypatch: pytest.MonkeyPatch, given: Dict[str, str], language: str
) -> None:
    monkeypatch.setenv("LANG", "C")
    assert call(monkeypatch, **given).language == language


def test_a_document_is_read_and_its_language_goes_first(pipe: BinaryIO) -> None:
    pipe.write(b'<doc lang="ru" func="pmnextcloud.page"><elid>99</elid></doc>')
    pipe.close()
    one = call(PARAM_lang="en", PARAM_elid="15")
    assert one.document is not None
    assert (one.language, one.item_id) == ("ru", 15)


@pytest.mark.parametrize(
    "data", [b"", b"   ", b"no xml", b"<doc>", b'<!DOCTYPE d [<!ENTITY a "b">]><d/>']
)
def test_what_is_no_document_is_done_without(pipe: BinaryIO, data: bytes) -> None:
    pipe.write(data or b"\n")
    pipe.close()
    assert call().document is None


def test_nobody_waits_for_a_standard_input_that_never_ends(
    pipe: BinaryIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asked, "FIRST_BYTE_S", 0.05)
    monkeypatch.setattr(asked, "WHOLE_S", 0.05)
    began = time.monotonic()
    assert call().document is None
    pipe.write(b"<doc/>")
    document = call().document
    assert document is not None
    assert xml.to_bytes(document).endswith(b"<doc/>")
    assert time.monotonic() - began < 1


def test_a_standard_input_without_a_descriptor_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("<doc/>"))
    assert call().document is None


def test_a_document_that_is_too_long_is_not_read_to_its_end(
    pipe: BinaryIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asked, "MAX_FORM_BYTES", 10)
    pipe.write(b"<doc><a/><b/></doc>")
    assert call().document is None
