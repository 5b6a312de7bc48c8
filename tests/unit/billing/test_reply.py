"""The documents that go to BILLmanager."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.base import errors, xml
from utils.base.secret import Secret
from utils.billing import reply

DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("plain", "plain"),
        ("a < b & c > d \" '", "a < b & c > d \" '"),
        ("control \x00\x01\x1f\x0b", "control ????"),
        ("tab\tand\nline", "tab?and?line"),
        ("lone \ud800\udfff surrogates", "lone ?? surrogates"),
        ("no characters \ufffe\uffff", "no characters ??"),
        ("клиент 😀", "клиент 😀"),
        ("]]>", "]]>"),
    ],
)
def test_whatever_went_wrong_the_answer_is_a_document(value: str, told: str) -> None:
    root = xml.parse(reply.error(errors.QuotaZero(value)).document)
    assert root.findtext("error/param[@name='value']") == told


@given(st.text(max_size=60))
def test_no_text_breaks_the_document(value: str) -> None:
    document = reply.error(errors.Unexpected(value)).document
    assert xml.parse(document).find("error") is not None
    assert document.startswith(DECLARATION)


def test_the_error_document_has_type_object_and_value() -> None:
    document = reply.error(errors.LoginTaken("user_7")).document
    error = ET.fromstring(document).find("error")  # noqa: S314  our own
    assert error is not None
    assert error.attrib == {"type": "login_taken", "object": ""}
    assert [(node.tag, node.attrib, node.text) for node in error] == [
        ("param", {"name": "value"}, "user_7")
    ]


def test_a_secret_is_struck_out() -> None:
    secret = Secret("Made-up&pw<77")
    document = reply.error(
        errors.CoreRefused("service.saveparam", "value", secret.reveal())
    ).document
    assert b"Made-up" not in document
    assert b"***" in document


def test_done_is_an_empty_document() -> None:
    assert reply.ok().document == DECLARATION + b"<doc/>\n"


def test_features_have_types_params_with_attributes_and_names() -> None:
    document = reply.features(
        ["backupservice"], {"base_url": {}, "nc_password": {"crypted": "yes"}}, ["open", "stat"]
    )
    root = ET.fromstring(document.document)  # noqa: S314  our own
    assert [node.attrib for node in root.findall("itemtypes/itemtype")] == [
        {"name": "backupservice"}
    ]
    assert [node.attrib for node in root.findall("params/param")] == [
        {"name": "base_url"},
        {"name": "nc_password", "crypted": "yes"},
    ]
    assert [node.get("name") for node in root.findall("features/feature")] == ["open", "stat"]


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_page_is_refused_in_words_by_a_document_that_billmanager_shows(
    value: str, words: str
) -> None:
    answer = reply.refusal(errors.PageDenied(value), "ru", words)
    assert answer.exit_code == 0
    error = xml.parse(answer.document).find("error")
    assert error is not None
    assert (error.get("type"), error.get("lang")) == ("page_denied", "ru")
    assert error.find("msg") is not None


def test_no_secret_stands_in_the_words_of_a_refusal() -> None:
    secret = Secret("a-secret-77")
    answer = reply.refusal(errors.PageDenied(), "en", f"no {secret.reveal()}")
    assert b"a-secret-77" not in answer.document


def test_yes_is_the_word_ok() -> None:
    answer = reply.agreed()
    assert (answer.exit_code, xml.parse(answer.document).find("ok") is not None) == (0, True)
