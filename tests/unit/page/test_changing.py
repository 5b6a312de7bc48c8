"""A new password: what is taken for one, and that the module sets it in a run of its own."""

import os
from pathlib import Path
from typing import Dict

import pytest

from tests.unit.page.given import Site, asked
from utils.base import errors
from utils.base.secret import Secret
from utils.page.changing import Ended, change, read_new
from utils.run.call import MAX_PASSWORD_BYTES

NEW = Secret("A-new-one-77")


def typed(password: str, again: str) -> Secret:
    """The password of a form with these two."""
    return read_new(asked(password=Secret(password), again=Secret(again)))


@pytest.mark.parametrize("text", ["A-new-one-77", " two words ", "пароль", "🔑", "x" * 4096])
def test_a_password_that_was_typed_twice_is_taken_as_it_is(text: str) -> None:
    assert typed(text, text).reveal() == text


@pytest.mark.parametrize(
    ("password", "again"),
    [
        ("", ""),
        ("one", "other"),
        ("one", ""),
        ("one", "one "),
        ("one\ntwo", "one\ntwo"),
        ("one\r", "one\r"),
        ("one\0two", "one\0two"),
        ("\udcff", "\udcff"),
        ("x" * (MAX_PASSWORD_BYTES + 1),) * 2,
    ],
)
def test_what_is_no_password_changes_nothing(password: str, again: str) -> None:
    with pytest.raises(errors.PasswordUnusable):
        typed(password, again)


def handler(site: Site, script: str) -> None:
    """Puts a handler of the module into its place."""
    path = Path(site.host.path("processing/pmnextcloud"))
    path.parent.mkdir()
    path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    path.chmod(0o755)


def test_the_module_is_asked_with_the_password_on_its_standard_input(site: Site) -> None:
    handler(site, f'echo "$@" >{site.host.root}/argv; cat >{site.host.root}/stdin; echo "<doc/>"')
    assert change(site.context(), 1001, NEW, 10) == Ended()
    seen: Dict[str, str] = {
        name: Path(site.host.path(name)).read_text("utf-8") for name in ("argv", "stdin")
    }
    assert seen["argv"].split() == [
        *("--command", "changepassword", "--item", "1001"),
        "--password-stdin",
    ]
    assert seen["stdin"] == f"{NEW.reveal()}\n"


def test_how_the_run_has_ended_is_told(site: Site) -> None:
    answer = '<doc><error type="new_password_refused"><param name="value">Too short.</param>'
    handler(site, f"echo '{answer}</error></doc>'; exit 1")
    ended = change(site.context(), 1001, NEW, 10)
    assert ended == Ended("new_password_refused", "Too short.")


def test_an_error_without_a_name_is_one_all_the_same(site: Site) -> None:
    handler(site, "echo '<doc><error/></doc>'")
    assert change(site.context(), 1001, NEW, 10) == Ended("unexpected", "")


@pytest.mark.parametrize(
    "script",
    [
        *("exit 0", "echo no xml", "kill -9 $$"),
        *("echo '<doc/>'; exit 1", "echo '<doc/>'; kill -9 $$", "echo '<html/>'"),
    ],
)
def test_a_module_that_does_not_answer_is_no_success(site: Site, script: str) -> None:
    handler(site, script)
    with pytest.raises(errors.PageUnavailable):
        change(site.context(), 1001, NEW, 10)


def test_a_module_that_cannot_be_started_is_no_success(site: Site) -> None:
    with pytest.raises(errors.PageUnavailable):
        change(site.context(), 1001, NEW, 10)


@pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")
def test_a_run_that_takes_long_goes_on(site: Site) -> None:
    pipe = site.host.path("go")
    os.mkfifo(pipe)
    handler(site, f"read line <{pipe}; echo done >{pipe}")
    with pytest.raises(errors.PasswordPending):
        change(site.context(), 1001, NEW, 0.2)
    with open(pipe, "w", encoding="utf-8") as file:
        file.write("go\n")
    with open(pipe, encoding="utf-8") as file:
        assert file.read() == "done\n"
