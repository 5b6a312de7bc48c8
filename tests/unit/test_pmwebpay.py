"""The payment module's own start: by its name a command, by a script's name one request."""

import io
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, Iterator

import pytest

import pmwebpay
from tests import ROOT
from tests.doubles.billmanager.web import read_answer
from utils.host import budget
from utils.webpay import intake
from utils.webpay.checkout import (
    CANCEL_SCRIPT,
    NOTIFY_SCRIPT,
    PAY_SCRIPT,
    RETURN_SCRIPT,
)

SCRIPTS = (NOTIFY_SCRIPT, PAY_SCRIPT, RETURN_SCRIPT, CANCEL_SCRIPT)


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """The mask of modes is the process's own."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)


@pytest.fixture
def start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> Any:
    """Starts the program by a name; gives what it wrote."""
    (tmp_path / "var").mkdir()

    def run(name: str, *words: str, stdin: bytes = b"", **environment: str) -> bytes:
        monkeypatch.setenv("PMWEBPAY_STARTED_AS", str(tmp_path / name))
        for variable, value in environment.items():
            monkeypatch.setenv(variable, value)
        monkeypatch.setattr(sys, "argv", [name, *words])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        assert pmwebpay.main() == 0
        return capsysbinary.readouterr().out

    return run


@pytest.mark.parametrize("words", [("--command", "config"), ("--command=config",)])
def test_by_its_own_name_it_answers_a_command(start: Any, words: "tuple[str, ...]") -> None:
    assert b"<redirect>on</redirect>" in start("paymethods/pmwebpay", *words)


@pytest.mark.parametrize("words", [(), ("--command",), ("--command", "rfset")])
def test_a_command_that_is_none_is_an_error_document(start: Any, words: "tuple[str, ...]") -> None:
    assert b'type="unknown_command"' in start("paymethods/pmwebpay", *words)


def test_a_form_is_read_from_standard_input(start: Any) -> None:
    said = start("paymethods/pmwebpay", "--command", "pmvalidate", stdin=b"<doc/>")
    assert b'type="store_invalid"' in said


@pytest.mark.parametrize(
    ("script", "environment", "status"),
    [
        (NOTIFY_SCRIPT, {"REQUEST_METHOD": "GET"}, 405),
        (NOTIFY_SCRIPT, {"REQUEST_METHOD": "POST"}, 400),
        (NOTIFY_SCRIPT, {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "99999"}, 413),
        (PAY_SCRIPT, {"REQUEST_METHOD": "GET"}, 400),
        (PAY_SCRIPT, {"REQUEST_METHOD": "GET", "QUERY_STRING": "elid=7"}, 403),
        (RETURN_SCRIPT, {"REQUEST_METHOD": "GET"}, 200),
        (CANCEL_SCRIPT, {"REQUEST_METHOD": "GET"}, 200),
    ],
)
def test_by_a_script_s_name_it_answers_a_request(
    start: Any, script: str, environment: Dict[str, str], status: int
) -> None:
    assert read_answer(start(f"cgi/{script}", **environment)).status == status


@pytest.mark.parametrize("failure", [ZeroDivisionError("secret words"), MemoryError()])
def test_a_crash_is_answered_so_that_it_comes_again(
    start: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, failure: Exception
) -> None:
    def crash(*_: object) -> None:
        raise failure

    monkeypatch.setattr(intake, "receive", crash)
    answer = read_answer(start(f"cgi/{NOTIFY_SCRIPT}", REQUEST_METHOD="GET"))
    assert (answer.status, answer.body) == (503, "try again\n")
    log = (tmp_path / "var/pmnextcloud.log").read_text()
    assert f"crashed: {type(failure).__name__} in crash" in log
    assert "secret words" not in log


def test_a_request_has_its_time(
    start: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(pmwebpay, "SCRIPT_S", 0.05)
    monkeypatch.setattr(intake, "receive", lambda *_: time.sleep(30))
    assert read_answer(start(f"cgi/{NOTIFY_SCRIPT}", REQUEST_METHOD="GET")).status == 503
    assert "out_of_time" in (tmp_path / "var/pmnextcloud.log").read_text()
    assert budget.left_s() == 0


def test_a_log_that_cannot_be_written_changes_no_answer(start: Any, tmp_path: Path) -> None:
    (tmp_path / "var").rmdir()
    assert read_answer(start(f"cgi/{NOTIFY_SCRIPT}", REQUEST_METHOD="GET")).status == 405


@pytest.mark.parametrize("content", ["log_file = {}/own.log\n", "nonsense = 1\n"])
def test_the_log_is_where_the_settings_say(start: Any, tmp_path: Path, content: str) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/pmnextcloud.conf").write_text(content.format(tmp_path))
    start(f"cgi/{NOTIFY_SCRIPT}", REQUEST_METHOD="GET")
    name = "own.log" if "log_file" in content else "var/pmnextcloud.log"
    line = (tmp_path / name).read_text()
    assert f"WARNING {NOTIFY_SCRIPT} - no notification: only POST" in line


# -- what starts it -------------------------------------------------------------------------------


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The start as it is installed, without a Python."""
    text = (ROOT / "etc/pmwebpay.sh").read_text("utf-8")
    text = text.replace("@HOME@", str(tmp_path / "home")).replace("@BASE@", str(tmp_path))
    for name in ("paymethods/pmwebpay", *(f"cgi/{script}" for script in SCRIPTS)):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    (tmp_path / "var").mkdir()
    return tmp_path


def say(program: Path, *words: str) -> bytes:
    done = subprocess.run([program, *words], capture_output=True, check=True, env={})
    return done.stdout


@pytest.mark.parametrize("script", SCRIPTS)
def test_without_its_python_a_request_comes_again(installed: Path, script: str) -> None:
    assert read_answer(say(installed / "cgi" / script)).status == 503
    assert "python_missing" in (installed / "var/pmnextcloud.log").read_text()


def test_without_its_python_a_command_is_an_error_document(installed: Path) -> None:
    said = say(installed / "paymethods/pmwebpay", "--command", "config")
    assert b'<error type="python_missing"' in said


def test_with_its_python_it_is_told_by_which_name_it_was_started(installed: Path) -> None:
    python = installed / "home/env/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\nexec '{sys.executable}' \"$@\"\n")
    python.chmod(0o755)
    (installed / "home/pmwebpay.py").symlink_to(ROOT / "pmwebpay.py")
    said = say(installed / "paymethods/pmwebpay", "--command", "config")
    assert b"<redirect>on</redirect>" in said
    assert read_answer(say(installed / "cgi" / PAY_SCRIPT)).status == 405, "no method"
