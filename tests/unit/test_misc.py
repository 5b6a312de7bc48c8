"""The log, and what counts as an address, as a quota."""

import ast
import logging
import os
import re
import stat
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any, Iterator, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils import misc
from utils.base import errors, sizes
from utils.base.secret import Secret
from utils.consts import MODULE
from utils.misc import (
    setup_logging,
    validate_email,
    validate_quota,
)

LINE = re.compile(
    rf"\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d,\d{{3}} \[{os.getpid()}\] (\w+) (\S+ \S+) (.*)", re.DOTALL
)


def test_nothing_new_goes_into_this_file() -> None:
    """Its name says nothing, so whatever is new has a better place in a room of utils."""
    named = set()
    for node in ast.parse(Path(misc.__file__).read_text("utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            named.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            parts = (part for part in ast.walk(node) if isinstance(part, ast.Name))
            named |= {part.id for part in parts if isinstance(part.ctx, ast.Store)}
    public = {name for name in named if not name.startswith("_")}
    assert public == {
        "setup_logging",
        "validate_email",
        "validate_quota",
    }


# -- addresses, quotas ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "",
        "client7",
        "@example.com",
        "client7@",
        "client7@example",
        "client7@@example.com",
        "a@b@example.com",
        "client 7@example.com",
        "client7@exam ple.com",
        "client7@example.com ",
        "client7@example.com\n",
        "client7@example..com",
        "client7@.example.com",
        "client7@example.com.",
        "client7@-example.com",
        "client7@example-.com",
        "client7@example.c",
        "client7@example.7",
        "client7@[127.0.0.1]",
        ".client7@example.com",
        "client7.@example.com",
        "cli..ent7@example.com",
        "Client 7 <client7@example.com>",
        "клиент@example.com",
        "client7@пример.рф",
        "a" * 65 + "@example.com",
        "a@" + "b" * 64 + ".com",
        "a@" + "b." * 130 + "com",
        "client7@example.com,client8@example.com",
    ],
)
def test_a_broken_address_is_none(address: str) -> None:
    assert validate_email(address) is False


@pytest.mark.parametrize(
    "address",
    [
        "client7@example.com",
        "Client.7+cloud@mail.example.com",
        "a@b.co",
        "x_y-z@xn--e1afmkfd.xn--p1ai",
        "o'brien@example.org",
        "a" * 64 + "@example.com",
    ],
)
def test_a_usual_address_is_one(address: str) -> None:
    assert validate_email(address) is True


@given(st.text(max_size=40) | st.emails())
def test_what_counts_as_an_address_has_one_at_and_a_dotted_domain(address: str) -> None:
    if validate_email(address):
        local, at, domain = address.partition("@")
        assert local
        assert at
        assert "." in domain
        assert "@" not in domain
        assert address.isascii()
        assert address.isprintable()
        assert " " not in address


@pytest.mark.parametrize("quota", [0, -1, Decimal(0), Decimal("0.4"), Decimal(-5), 2**63, -3])
def test_a_quota_that_cannot_be_sold_is_refused(quota: Any) -> None:
    with pytest.raises(errors.QuotaZero):
        validate_quota(quota)


@pytest.mark.parametrize(
    "quota", [Decimal("NaN"), float("nan"), float("-inf"), Decimal("Infinity")]
)
def test_a_quota_that_is_no_number_is_refused(quota: Any) -> None:
    with pytest.raises(errors.QuotaZero):
        validate_quota(quota)


@pytest.mark.parametrize(
    ("quota", "expected"),
    [(1, 1), (Decimal("1.9"), 1), (5 * 1024**3, 5 * 1024**3), (sizes.UNLIMITED, sizes.UNLIMITED)],
)
def test_a_quota_is_whole_bytes_or_unlimited(quota: Any, expected: float) -> None:
    assert validate_quota(quota) == expected


# -- the log ----------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _closed_log() -> Iterator[None]:
    """The file of the program's log is closed at the end of a test."""
    yield
    log = logging.getLogger(MODULE)
    for handler in list(log.handlers):
        # pytest has handlers of its own there.
        if isinstance(handler.formatter, misc._Formatter):
            log.removeHandler(handler)
            stream = getattr(handler, "stream", sys.stderr)
            if stream is not sys.stderr:
                stream.close()
    log.propagate = True


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log is."""
    return tmp_path / "pmnextcloud.log"


def start(path: Path, item: Optional[int] = 7, command: str = "open", conf: str = "") -> Any:
    """The program's log, at the level that `conf` names."""
    debug_conf = path.with_name("debug.conf")
    debug_conf.write_text(conf, "utf-8")
    return setup_logging(str(path), str(debug_conf), command, item)


def test_a_line_bears_time_process_level_command_and_item(path: Path) -> None:
    start(path).info("quota of %s set to %d bytes", "user_7", 5)
    match = LINE.fullmatch(path.read_text("utf-8").rstrip("\n"))
    assert match is not None
    assert match.groups() == ("INFO", "open 7", "quota of user_7 set to 5 bytes")


@pytest.mark.parametrize(("item", "command"), [(None, ""), (0, "100%s")])
def test_a_call_without_item_or_command_has_lines_too(
    path: Path, item: Optional[int], command: str
) -> None:
    start(path, item, command).info("here")
    match = LINE.fullmatch(path.read_text("utf-8").rstrip("\n"))
    assert match is not None
    assert match.group(2) == f"{command or '-'} {'-' if item is None else item}"


def test_secrets_are_struck_out_of_lines_and_tracebacks(path: Path) -> None:
    log = start(path)
    secret = Secret("Made-up-pw-77")
    log.info("password=%s %s %r", secret.reveal(), secret, secret)
    try:
        raise RuntimeError(secret.reveal())
    except RuntimeError:
        log.exception("crashed")
    text = path.read_text("utf-8")
    assert "Made-up-pw-77" not in text
    assert "RuntimeError: ***" in text


def test_nobody_writes_a_line_of_his_own(path: Path) -> None:
    start(path).info(
        "%s", "first\n2026-01-01 00:00:00,000 [1] ERROR forged\r\x1b[31mred\u2028more\x00"
    )
    lines = path.read_text("utf-8").split("\n")
    assert [line for line in lines if LINE.fullmatch(line)] == [lines[0]]
    assert all(line.startswith("    ") for line in lines[1:-1])
    assert all(char.isprintable() for line in lines for char in line)


@pytest.mark.parametrize(
    ("conf", "level"),
    [
        ("", logging.INFO),
        ("pmnextcloud 9", logging.DEBUG),
        ("pmnextcloud.* 9", logging.DEBUG),
        ("pmnextcloud 6", logging.INFO),
        ("pmnextcloud 4", logging.WARNING),
        ("pmnextcloud.* 3", logging.ERROR),
        ("pmnextcloud 2", logging.CRITICAL),
        ("pmnextcloud 0", logging.CRITICAL + 1),
        ("pmnextcloud 77", logging.INFO),
        ("pmnextcloud 12", logging.INFO),
        ("  pmnextcloud\t4  ", logging.WARNING),
        ("billmgr.* 9\n# pmnextcloud 9\nSET max_log_size=5\npmother 9", logging.INFO),
        ("pmnextcloud", logging.INFO),
        ("pmnextcloud much", logging.INFO),
        ("pmnextcloud -1", logging.INFO),
        ("pmnextcloud \u00b2", logging.INFO),
        ("pmnextcloud 4\npmnextcloud 9", logging.DEBUG),
    ],
)
def test_the_level_is_that_of_debug_conf(path: Path, conf: str, level: int) -> None:
    assert start(path, conf=conf).level == level


def test_a_missing_debug_conf_means_info(path: Path, tmp_path: Path) -> None:
    assert setup_logging(str(path), str(tmp_path / "none"), "open", 7).level == logging.INFO


def test_the_log_is_appended_to(path: Path) -> None:
    path.touch(mode=0o600)
    path.write_text("before\n")
    start(path).info("after")
    assert path.read_text("utf-8").startswith("before\n")


def test_a_new_log_is_for_root_alone(path: Path) -> None:
    start(path).info("new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("where", ["missing/folder/x.log", "."])
def test_a_log_that_cannot_be_written_goes_to_standard_error(
    tmp_path: Path, where: str, capsys: pytest.CaptureFixture[str]
) -> None:
    log = setup_logging(str(tmp_path / where), str(tmp_path / "none"), "open", 7)
    log.info("still said")
    captured = capsys.readouterr()
    assert "still said" in captured.err
    assert not captured.out


def test_a_closed_standard_error_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(misc.sys, "stderr", None)
    log = setup_logging(str(tmp_path / "no/such.log"), str(tmp_path / "none"), "open", 7)
    log.info("said to nobody")
    assert log.handlers


def test_the_second_start_replaces_the_first(path: Path) -> None:
    first = start(path).handlers[0]
    log = start(path)
    assert first not in log.handlers
    first.stream.close()
    log.info("once")
    assert path.read_text("utf-8").count("once") == 1
