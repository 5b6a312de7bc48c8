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
