"""Mgrctl, with shell scripts in place of BILLmanager's program."""

import logging
from pathlib import Path
from typing import Callable, List

import pytest

from utils.base import errors
from utils.base.secret import Secret
from utils.billing import mgrctl
from utils.billing.mgrctl import Mgrctl

Script = Callable[[str], Mgrctl]


@pytest.fixture
def script(tmp_path: Path, log: logging.Logger, monkeypatch: pytest.MonkeyPatch) -> Script:
    """Makes mgrctl of a few lines of shell; they run in tmp_path."""
    monkeypatch.chdir(tmp_path)

    def make(lines: str) -> Mgrctl:
        path = tmp_path / "mgrctl"
        path.write_text(f"#!/bin/sh\n{lines}\n")
        path.chmod(0o755)
        return Mgrctl(str(path), log)

    return make


@pytest.fixture(autouse=True)
def waited(monkeypatch: pytest.MonkeyPatch) -> List[float]:
    """Waits between attempts are noted, not made."""
    waited: List[float] = []
    monkeypatch.setattr(mgrctl.time, "sleep", waited.append)
    monkeypatch.setattr("tenacity.nap.time.sleep", waited.append)
    return waited


OK = "echo '<doc><task_type>5</task_type></doc>'"
COUNT = "echo x >> count; n=$(wc -l < count)"


# -- failures ---------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["missing", "not executable", "a folder", "no program"])
def test_a_program_that_cannot_be_run_means_no_core(
    tmp_path: Path, log: logging.Logger, what: str
) -> None:
    path = tmp_path / "mgrctl"
    if what == "a folder":
        path.mkdir()
    elif what != "missing":
        path.write_text("nonsense")
        path.chmod(0o755 if what == "no program" else 0o644)
    with pytest.raises(errors.CoreUnavailable, match="mgrctl"):
        Mgrctl(str(path), log).call("paramlist")


def test_a_core_that_is_down_is_asked_three_times(script: Script, tmp_path: Path) -> None:
    core = script("echo x >> count; echo 'no core' >&2; exit 1")
    with pytest.raises(errors.CoreUnavailable, match="exit 1 no core"):
        core.call("paramlist")
    assert (tmp_path / "count").read_text() == "x\n" * mgrctl.ATTEMPTS


def test_a_core_that_restarts_is_waited_for(
    script: Script, waited: List[float], caplog: pytest.LogCaptureFixture
) -> None:
    core = script(f"{COUNT}; [ $n -ge 3 ] || exit 1; {OK}")
    assert core.call("task.gettype").findtext("task_type") == "5"
    between = [seconds for seconds in waited if seconds >= 0.1]  # older Pythons poll the program
    assert len(between) == 2
    assert max(between) <= 5
    assert "trying again" in caplog.text


def test_a_core_that_hangs_is_given_up(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mgrctl, "CALL_TIMEOUT_S", 0.1)
    core = script("exec sleep 20")
    with pytest.raises(errors.CoreUnavailable, match="no answer in 0.1 s"):
        core.call("paramlist")


@pytest.mark.parametrize(
    "output", ["", "OK", "<doc>", "<html><body>Bad Gateway", "<!DOCTYPE d><d/>", r"<doc>\377</doc>"]
)
def test_an_answer_that_is_none_means_no_core(script: Script, output: str) -> None:
    core = script(f"printf '%b' '{output}'")
    with pytest.raises(errors.CoreUnavailable, match="paramlist"):
        core.call("paramlist")


@pytest.mark.parametrize(
    ("output", "error_type", "words"),
    [
        (
            '<doc><error type="missed" object="function"><param>x</param></error></doc>',
            "missed",
            "service.open: missed (function x)",
        ),
        ('<doc><error type="access"/></doc>', "access", "service.open: access"),
        ("<doc><error><msg>No</msg></error></doc>", "unknown", "service.open: unknown (No)"),
        ('<error type="value" object="sok"/>', "value", "service.open: value (sok)"),
    ],
)
def test_an_error_with_exit_code_0_is_a_refusal_and_asked_once(
    script: Script, tmp_path: Path, output: str, error_type: str, words: str
) -> None:
    core = script(f"{COUNT}; echo '{output}'")
    with pytest.raises(errors.CoreRefused) as caught:
        core.call("service.open")
    assert (caught.value.error_type, caught.value.value) == (error_type, words)
    assert (tmp_path / "count").read_text() == "x\n"


def test_a_long_refusal_is_cut(script: Script) -> None:
    core = script(f"echo '<doc><error type=\"value\"><msg>{'a' * 5000}</msg></error></doc>'")
    with pytest.raises(errors.CoreRefused) as caught:
        core.call("service.open")
    assert len(caught.value.value) < 400


@pytest.mark.parametrize("value", ["zero \x00 byte", "lone \ud800 surrogate"])
def test_a_value_that_no_argument_can_hold_is_an_error(script: Script, value: str) -> None:
    with pytest.raises(errors.CoreUnavailable):
        script(OK).call("runningoperation.edit", errorxml=value)


def test_a_value_that_is_too_long_for_an_argument_is_an_error(script: Script) -> None:
    with pytest.raises(errors.CoreUnavailable):
        script(OK).call("runningoperation.edit", errorxml="a" * 10**7)


# -- the call ---------------------------------------------------------------------------------


def test_the_arguments_are_a_list_that_no_shell_reads(script: Script, tmp_path: Path) -> None:
    core = script(f'for word; do printf "%s\\n" "[$word]" >> argv; done; {OK}')
    core.call("task.edit", sok="ok", item=7, params="a b; $(touch x) 'c' \"d\" *")
    assert (tmp_path / "argv").read_text("utf-8").splitlines() == [
        "[-m]",
        "[billmgr]",
        "[-o]",
        "[xml]",
        "[task.edit]",
        "[sok=ok]",
        "[item=7]",
        "[params=a b; $(touch x) 'c' \"d\" *]",
    ]
    assert not (tmp_path / "x").exists()


def test_a_secret_goes_through_the_environment_alone(
    script: Script, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    core = script(f"tr '\\0' '\\n' < /proc/$$/cmdline > argv; env > environment; {OK}")
    core.call("service.saveparam", name="userpassword", value=Secret("Made-up $pw' \"77"), sok="ok")
    argv = (tmp_path / "argv").read_text("utf-8")
    assert "Made-up" not in argv
    # In the order of the vendor's own example.
    assert argv.endswith(
        "\nservice.saveparam\nname=userpassword\n-e\nvalue=$PMNEXTCLOUD_VALUE_value\nsok=ok\n"
    )
    environment = (tmp_path / "environment").read_text("utf-8")
    assert "PMNEXTCLOUD_VALUE_value=Made-up $pw' \"77\n" in environment
    assert "SSH_CONNECTION=pmnextcloud\n" in environment
    assert "Made-up" not in caplog.text


def test_standard_input_is_closed_for_it(script: Script) -> None:
    assert script(f'[ -z "$(cat)" ] && {OK}').call("paramlist").tag == "doc"


def test_a_warning_on_standard_error_is_no_failure(script: Script) -> None:
    assert script(f"echo 'a warning' >&2; {OK}").call("paramlist").tag == "doc"


def test_how_long_a_call_took_is_logged(script: Script, caplog: pytest.LogCaptureFixture) -> None:
    script(OK).call("paramlist")
    assert any(line.startswith("mgrctl paramlist took ") for line in caplog.messages)


def test_a_function_that_adds_something_is_asked_once(
    script: Script, tmp_path: Path, waited: List[float]
) -> None:
    core = script("echo x >> count; exit 1")
    with pytest.raises(errors.CoreUnavailable):
        core.call_once("task.edit", sok="ok")
    assert (tmp_path / "count").read_text() == "x\n"
    assert not [seconds for seconds in waited if seconds >= 0.1]


@pytest.mark.parametrize("output", ["", "<html><body>Bad Gateway"])
def test_what_was_asked_once_may_have_no_answer(script: Script, output: str) -> None:
    with pytest.raises(errors.CoreUnavailable, match="task.edit"):
        script(f"printf '%b' '{output}'").call_once("task.edit")


def test_a_function_asked_once_answers_and_refuses_as_any_other(script: Script) -> None:
    assert script(OK).call_once("task.edit").findtext("task_type") == "5"
    with pytest.raises(errors.CoreRefused, match="access"):
        script("echo '<doc><error type=\"access\"/></doc>'").call_once("task.edit")
