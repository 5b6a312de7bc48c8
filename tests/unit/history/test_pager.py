"""Lines go through a pager on a terminal alone, and nobody has to read them to their end."""

import os
import subprocess
import sys

import pytest

from tests import ROOT
from tests.tools.terminal import on_terminal

SHOW = "from utils.history import pager; pager.show(map(str, range({})), may_page={})"


def shown(count: int, may_page: bool, **environment: str) -> str:
    """What stands on a terminal when so many lines are shown there."""
    return on_terminal([sys.executable, "-c", SHOW.format(count, may_page)], **environment)


def test_on_a_terminal_the_pager_of_the_environment_shows_them() -> None:
    assert shown(3, True, PAGER="sed 's/^/> /'") == "> 0\n> 1\n> 2\n"


@pytest.mark.parametrize(("may_page", "pager"), [(False, "false"), (True, ""), (True, " ")])
def test_without_a_pager_they_are_written_all_at_once(may_page: bool, pager: str) -> None:
    assert shown(3, may_page, PAGER=pager) == "0\n1\n2\n"


def test_whoever_leaves_the_pager_early_ends_the_command_well() -> None:
    assert shown(200_000, True, PAGER="head -n 2") == "0\n1\n"


def test_a_pager_that_is_not_there_is_told_by_the_shell_and_harms_nothing() -> None:
    assert "\n199999\n" not in shown(200_000, True, PAGER="no-such-program-here 2>&1")


def test_a_machine_without_a_pager_shows_them_all_the_same() -> None:
    assert shown(3, True, PATH="/nowhere") == "0\n1\n2\n"


def test_into_a_pipe_they_are_written_even_if_it_closes() -> None:
    command = [sys.executable, "-c", SHOW.format(200_000, True)]
    env = {"PATH": os.environ["PATH"], "PAGER": "false"}
    with subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"0\n"
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0
