"""What people read, as the program finds it."""

from pathlib import Path

import pytest

from utils.base import errors
from utils.host import messages


@pytest.mark.parametrize(
    ("wanted", "environment", "expected"),
    [
        ("ru", {"LANG": "C"}, "ru"),
        ("en", {"LANG": "ru_RU.UTF-8"}, "en"),
        ("", {"LANG": "ru_RU.UTF-8"}, "ru"),
        ("", {"LC_ALL": "en_GB.UTF-8", "LANG": "ru_RU.UTF-8"}, "en"),
        ("", {"LC_ALL": "", "LC_MESSAGES": "ru", "LANG": "C"}, "ru"),
        ("", {}, "en"),
        ("de", {}, "en"),
    ],
)
def test_the_language_is_the_wanted_one_or_the_terminal_s(
    monkeypatch: pytest.MonkeyPatch, wanted: str, environment: "dict[str, str]", expected: str
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert messages.language(wanted) == expected


def test_an_error_is_said_with_its_detail_and_without_secrets() -> None:
    said = messages.say_error("en", errors.LoginTaken("user_7"))
    assert "user_7" in said
    assert "__value__" not in said
    assert said != messages.say_error("ru", errors.LoginTaken("user_7"))


def test_without_its_messages_an_error_is_shown_by_its_code(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("utils.host.messages.HOME", tmp_path)
    assert messages.say_error("ru", errors.LoginTaken("user_7")) == "login_taken: user_7"


@pytest.mark.parametrize(
    ("size_bytes", "english", "russian"),
    [
        (0, "0 B", "0 Б"),
        (1023, "1023 B", "1023 Б"),
        (1536, "1.5 KiB", "1,5 КиБ"),
        (5 * 1024**2, "5 MiB", "5 МиБ"),
        (1181116006, "1.1 GiB", "1,1 ГиБ"),
        (2048 * 1024**4, "2048 TiB", "2048 ТиБ"),
    ],
)
def test_a_size_is_said_as_people_of_the_language_write_it(
    size_bytes: int, english: str, russian: str
) -> None:
    assert messages.size("en", size_bytes) == english
    assert messages.size("ru", size_bytes) == russian


def test_a_message_is_filled_place_by_place_and_without_control_characters() -> None:
    filled = messages.fill("en", "guard.pmnextcloud", "figures", {"used": "1\n2", "chosen": "3"})
    assert filled == "1?2 are used, __needed__ are needed with the margin, 3 are chosen"


def test_without_its_file_a_message_is_its_name_and_values(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("utils.host.messages.HOME", tmp_path)
    assert messages.fill("en", "x", "figures", {"used": "1"}) == "figures {'used': '1'}"
