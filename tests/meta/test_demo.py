"""What `make demo` prints first is the demo, after one line of what is set up."""

import re

import pytest

from tests.meta.messages import read


@pytest.mark.parametrize("target", ["demo", "$(ENV)/.ready"])
def test_make_shows_no_commands_before_the_demo(target: str) -> None:
    found = re.search(rf"^{re.escape(target)}:.*\n((?:\t.*\n)+)", read("Makefile"), re.M)
    assert found is not None
    lines = found[1].splitlines()
    assert all(line.startswith("\t@") for line in lines), lines
    assert sum("@echo" in line for line in lines) == (target != "demo")


def test_what_is_fetched_is_fetched_without_words() -> None:
    assert "pip install -qq" in read("tests/tools/prepare")
