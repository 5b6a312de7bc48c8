"""The words of the page in both languages, and that they hold whatever comes into them."""

import re
from datetime import date

import pytest

from tests import ROOT
from tests.meta.messages import LANGUAGES
from utils.base import errors, sizes, xml
from utils.consts import ITEM_TYPES, PAGE_FUNCTION, PASSWORD_FUNCTION
from utils.host import messages
from utils.page.words import TEXTS, Words, failure, harmless

GIB = 1024**3
GROUPS = (PAGE_FUNCTION, PASSWORD_FUNCTION, TEXTS, *ITEM_TYPES)
SAME = {"webdav"}


def document() -> xml.Form:
    """The XML of the plugin."""
    return xml.parse((ROOT / "xml" / messages.PAGE).read_bytes())


@pytest.mark.parametrize("group", GROUPS)
def test_both_languages_say_the_same_things(group: str) -> None:
    russian, english = (messages.read(one, group, messages.PAGE) for one in LANGUAGES)
    assert set(russian) == set(english) != set()
    for name, text in russian.items():
        assert text.strip() == text != "", name
        assert re.search("[а-яё]", text, re.IGNORECASE), name
        assert not re.search("[а-яё]", english[name], re.IGNORECASE), name
        holes = [set(re.findall(r"__\w+?__", one)) for one in (text, english[name])]
        assert holes[0] == holes[1], name


def test_there_are_no_other_texts() -> None:
    for language in LANGUAGES:
        groups = document().findall(f"lang[@name='{language}']/messages")
        assert {str(node.get("name")) for node in groups} == set(GROUPS)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("function", [PAGE_FUNCTION, PASSWORD_FUNCTION])
def test_each_field_and_button_has_its_label(language: str, function: str) -> None:
    form = document().find(f"metadata[@name='{function}']/form")
    assert form is not None
    labels = messages.read(language, function, messages.PAGE)
    named = {node.get("name") for node in form.iter("field")}
    named |= {f"msg_{node.get('name')}" for node in form.iter("button")}
    named |= {f"list_{node.get('name')}" for node in form.iter("col")}
    assert named <= set(labels)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_of_ours_needs_escaping(language: str) -> None:
    for text in messages.read(language, TEXTS, messages.PAGE).values():
        assert not set(text) & set("<>&")


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "&lt;script&gt;",
        "javascript:alert(1)//<b>",
        "\x1b[2J\u202e<svg onload=x>",
    ],
)
def test_what_comes_from_outside_is_no_markup_whatever_draws_it(evil: str) -> None:
    for text in (harmless(evil), Words("en").say("proof_made", login=evil)):
        assert not set(text) & set("<>&")
        assert text.isprintable()
    assert not set(failure("en", errors.CloudRefused("GET", 103, evil))) & set("<>&")


@pytest.mark.parametrize(
    ("language", "size", "text"),
    [
        ("en", 1.5 * GIB, "1.5 GiB"),
        ("ru", 1.5 * GIB, "1,5 ГиБ"),
        ("ru", 0, "0 Б"),
        ("en", 2048 * GIB, "2 TiB"),
        ("en", sizes.UNLIMITED, "no limit"),
        ("ru", sizes.UNLIMITED, "без ограничения"),
    ],
)
def test_a_size_is_written_as_the_language_does(language: str, size: float, text: str) -> None:
    assert Words(language).size(size) == text


def test_a_day_is_written_as_the_language_does() -> None:
    day = date(2026, 11, 5)
    assert (Words("ru").day(day), Words("en").day(day)) == ("05.11.2026", "2026-11-05")


def test_without_the_files_of_the_program_names_stand_for_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(messages, "PAGE", "none.xml")
    assert Words("en").say("state_2") == "state_2"
