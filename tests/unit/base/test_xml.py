"""The one locked parser: what it refuses, and that nobody reads the document in its words."""

import io
import sys
from pathlib import Path
from typing import Any, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.base import errors, xml
from utils.run import call

LAUGHS = b'<!DOCTYPE l [<!ENTITY a "lollollol">' + b"".join(
    b'<!ENTITY %c "%s">' % (98 + n, (b"&%c;" % (97 + n)) * 10) for n in range(9)
)
HOSTILE = {
    "cut": b"<doc><nc_password>Made-up-pw-77",
    "not closed": b"<doc><nc_password>Made-up-pw-77</doc>",
    "two roots": b"<doc>Made-up-pw-77</doc><doc/>",
    "no XML": b"Made-up-pw-77",
    "HTML": b"<html><body>Made-up-pw-77<br></body></html>",
    "an unknown entity": b"<doc>Made-up-pw-77 &nbsp;</doc>",
    "a DTD": b'<!DOCTYPE doc SYSTEM "http://127.0.0.1:9/x.dtd"><doc>Made-up-pw-77</doc>',
    "an entity": b'<!DOCTYPE d [<!ENTITY a "Made-up-pw-77">]><d>&a;</d>',
    "an external entity": b'<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]><d>&a;</d>',
    "a parameter entity": b'<!DOCTYPE d [<!ENTITY % a SYSTEM "file:///etc/passwd">%a;]><d/>',
    "billion laughs": LAUGHS + b"]><d>&j;</d>",
    "not UTF-8": b"<doc>Made-up-pw-77 \xff\xfe</doc>",
    "an unknown encoding": b'<?xml version="1.0" encoding="klingon"?><doc>Made-up-pw-77</doc>',
    "a control character": b"<doc>Made-up-pw-77 \x01</doc>",
    "a bad reference": b"<doc>Made-up-pw-77 &#0;</doc>",
    "a zero byte": b"<doc>Made-up-pw-77 \x00</doc>",
    "too deep": b"<a>" * 5000 + b"</a>" * 5000,
}


class Stdin:
    """A standard input with these bytes; None is a closed one."""

    def __init__(self, data: Optional[bytes]) -> None:
        self.buffer = io.BytesIO(data or b"")
        if data is None:
            self.buffer.close()


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_document_is_refused_without_a_word_of_it(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(sys, "stdin", Stdin(HOSTILE[kind]))
    with pytest.raises(errors.BadInput) as caught:
        call.read_form()
    assert "Made-up" not in str(caught.value)
    assert "root:" not in str(caught.value)
    assert len(str(caught.value)) < 100


@pytest.mark.parametrize("data", [b"", b"  \n\t ", None])
def test_an_empty_or_closed_standard_input_is_refused(
    monkeypatch: pytest.MonkeyPatch, data: Optional[bytes]
) -> None:
    monkeypatch.setattr(sys, "stdin", Stdin(data))
    with pytest.raises(errors.BadInput):
        call.read_form()


def test_a_missing_standard_input_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(errors.BadInput, match="empty"):
        call.read_form()


def test_an_unreadable_standard_input_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = Stdin(b"<doc/>")

    def read(count: int) -> bytes:
        raise OSError(5, "Input/output error")

    broken: Any = type("Broken", (), {"read": staticmethod(read)})
    stdin.buffer = broken
    monkeypatch.setattr(sys, "stdin", stdin)
    with pytest.raises(errors.BadInput, match="OSError"):
        call.read_form()


def test_a_huge_document_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call, "MAX_FORM_BYTES", 1000)
    stdin = Stdin(b"<doc>" + b"a" * 5000 + b"</doc>")
    monkeypatch.setattr(sys, "stdin", stdin)
    with pytest.raises(errors.BadInput, match="over 1000 bytes"):
        call.read_form()
    assert stdin.buffer.tell() == 1001


def test_an_external_file_is_never_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("Made-up-pw-77")
    document = f'<!DOCTYPE d [<!ENTITY a SYSTEM "{secret.as_uri()}">]><d>&a;</d>'
    with pytest.raises(ValueError, match="DTD"):
        xml.parse(document.encode())


@given(st.binary(max_size=80) | st.text(max_size=40).map(str.encode))
def test_no_bytes_crash_the_parser(data: bytes) -> None:
    try:
        tag = xml.parse(b"<doc>" + data + b"</doc>").tag
    except ValueError as error:
        tag = str(error)
    assert tag == "doc" or tag.startswith("no XML")


def test_a_form_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    document = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<doc><a> б&amp;<b/></a><a>2</a><!--x--><c/></doc>'
    )
    monkeypatch.setattr(sys, "stdin", Stdin(document.encode()))
    assert xml.fields(call.read_form()) == {"a": " б&", "c": ""}


def test_a_form_in_another_encoding_is_read() -> None:
    document = '<?xml version="1.0" encoding="windows-1251"?><doc><a>б</a></doc>'
    assert xml.fields(xml.parse(document.encode("cp1251"))) == {"a": "б"}


def test_a_field_is_set_or_added() -> None:
    form = xml.parse(b"<doc><timeout/><verify_ssl>off</verify_ssl></doc>")
    xml.set_field(form, "timeout", "30")
    xml.set_field(form, "new", "bad \x01 text")
    assert xml.fields(form) == {"timeout": "30", "verify_ssl": "off", "new": "bad \ufffd text"}


def test_options_replace_those_of_their_field_alone() -> None:
    form = xml.parse(
        b'<doc><slist name="usergroup"><msg>old</msg></slist>'
        b'<slist name="other"><msg/></slist></doc>'
    )
    xml.set_options(form, "usergroup", [("", "no_group"), ("a<&", "a<&\ud800")])
    again = xml.parse(xml.to_bytes(form))
    lists = {node.get("name"): node for node in again.findall("slist")}
    assert set(lists) == {"usergroup", "other"}
    assert [(node.get("key"), node.text) for node in lists["usergroup"]] == [
        ("", "no_group"),
        ("a<&", "a<&\ufffd"),
    ]


def test_a_form_is_written_as_a_document_in_utf8() -> None:
    data = xml.to_bytes(xml.parse("<doc><a>б</a></doc>".encode()))
    assert data.startswith(b"<?xml version='1.0' encoding='UTF-8'?>")
    assert "б".encode() in data


def test_text_is_written_behind_what_an_element_has() -> None:
    node = xml.make("p")
    xml.write(node, "a")
    xml.write(node, "<b>")
    xml.add(node, "i", "c")
    xml.write(node, "d\x00")
    xml.write(node, "e")
    assert xml.to_bytes(node).endswith("<p>a&lt;b&gt;<i>c</i>d\ufffde</p>".encode())


def test_plain_names_are_left_where_namespaces_were() -> None:
    form = xml.parse(b'<svg xmlns="urn:a" xmlns:b="urn:b"><!-- c --><g b:d="1"/><b:h/></svg>')
    plain = xml.to_bytes(xml.without_namespaces(form))
    assert b"xmlns=" not in plain
    assert [node.tag for node in form.iter("*")] == ["svg", "g", "h"]


def test_a_page_is_html_whose_texts_are_escaped_and_whose_style_is_not() -> None:
    page = xml.make("html", lang="ru")
    xml.add(page, "style", "a > b { c: d }")
    xml.add(page, "p", "<script> & é", title='">&')
    xml.add(page, "br")
    assert xml.to_html(page).decode() == (
        '<!DOCTYPE html>\n<html lang="ru"><style>a > b { c: d }</style>'
        "<p title='\"&gt;&amp;'>&lt;script&gt; &amp; é</p><br></html>\n"
    )
