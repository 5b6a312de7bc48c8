"""etc/pmnextcloud.conf: defaults, values, and what is told of a broken one."""

from pathlib import Path
from typing import Any

import pytest

from utils.base import errors
from utils.host.settings import READERS, Settings, load


def read(tmp_path: Path, text: str) -> Settings:
    """The settings in a file with this text."""
    path = tmp_path / "pmnextcloud.conf"
    path.write_text(text, "utf-8")
    return load(str(path))


def test_each_setting_has_its_reader() -> None:
    assert list(READERS) == list(Settings._fields)


@pytest.mark.parametrize(
    "line",
    [
        "budget_s = soon",
        "budget_s = 19",
        "budget_s = 3601",
        "budget_s =",
        "budget_s = 1.5",
        "form_budget_s = 4",
        "form_budget_s = 61",
        "stat_budget_s = 9",
        "tries_before_manual = 0",
        "on_close = keep",
        "on_close = Delete",
        "display_name = both",
        "password_length = 11",
        "password_length = 41",
        "password_symbols = a",
        "password_symbols = - _",
        "password_symbols = §",
        "allow_plain_http = perhaps",
        "taken_login = both",
        "former_servers = https://a.example nothing",
        "ca_file = ca.pem",
        "log_file = var/x.log",
        "page_size = 0",
        "page_size = 501",
        "no_such_setting = 1",
        "budget_s",
        "= 5",
        "just words",
    ],
)
def test_a_line_that_cannot_be_used_is_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(errors.SettingsBroken, match=r"pmnextcloud\.conf, line 3, "):
        read(tmp_path, f"# a comment\n\n{line}\n")


def test_a_file_that_is_no_text_is_broken(tmp_path: Path) -> None:
    path = tmp_path / "pmnextcloud.conf"
    path.write_bytes(b"budget_s = \xff\xfe")
    with pytest.raises(errors.SettingsBroken, match="UnicodeDecodeError"):
        load(str(path))


def test_a_file_that_cannot_be_read_is_broken(tmp_path: Path) -> None:
    with pytest.raises(errors.SettingsBroken, match="IsADirectoryError"):
        load(str(tmp_path))


def test_a_missing_file_means_the_defaults(tmp_path: Path) -> None:
    assert load(str(tmp_path / "none")) == Settings()


def test_an_empty_file_means_the_defaults(tmp_path: Path) -> None:
    assert read(tmp_path, "\n# nothing\n   \n") == Settings()


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("budget_s = 120", "budget_s", 120),
        ("form_budget_s=15", "form_budget_s", 15),
        ("stat_budget_s = 86400", "stat_budget_s", 86400),
        ("tries_before_manual = 3", "tries_before_manual", 3),
        ("on_close = disable", "on_close", "disable"),
        ("display_name = client", "display_name", "client"),
        ("taken_login = suffix", "taken_login", "suffix"),
        ("password_length = 40", "password_length", 40),
        ("password_symbols = #!", "password_symbols", "#!"),
        ("password_symbols = -_.!+*=", "password_symbols", "-_.!+*="),
        ("password_symbols =", "password_symbols", ""),
        ("allow_plain_http = YES", "allow_plain_http", True),
        ("allow_plain_http = 0", "allow_plain_http", False),
        ("ca_file = /etc/ssl/a b=c.pem", "ca_file", "/etc/ssl/a b=c.pem"),
        ("ca_file =", "ca_file", ""),
        ("proxy = http://proxy.example.com:3128", "proxy", "http://proxy.example.com:3128"),
        (
            "former_servers = https://a.example  https://b.example/nc",
            "former_servers",
            ("https://a.example", "https://b.example/nc"),
        ),
        ("page_size = 500", "page_size", 500),
        ("log_file = /var/log/pm.log", "log_file", "/var/log/pm.log"),
        (
            "disk_sizes = 31=20TB  32=1.5gib",
            "disk_sizes",
            ((31, 20 * 1024**4), (32, 3 * 1024**3 // 2)),
        ),
        ("disk_sizes =", "disk_sizes", ()),
    ],
)
def test_a_setting_is_read(tmp_path: Path, line: str, name: str, value: Any) -> None:
    assert read(tmp_path, f"  {line}  \n") == Settings()._replace(**{name: value})


def test_the_last_of_two_lines_counts(tmp_path: Path) -> None:
    assert read(tmp_path, "budget_s = 60\nbudget_s = 70\n").budget_s == 70


@pytest.mark.parametrize("text", ["31", "31=", "31=20", "31=0TB", "x=20TB", "0=20TB", "31=many"])
def test_a_disk_is_a_number_and_a_size_with_its_unit(tmp_path: Path, text: str) -> None:
    with pytest.raises(errors.SettingsBroken, match="disk_sizes"):
        read(tmp_path, f"disk_sizes = {text}\n")
