"""What a process may take of the server; each limit is tried in a process of its own."""

import resource
import subprocess
import sys
import tempfile

import pytest

from tests import ROOT
from utils.base import errors
from utils.billing import reply
from utils.host.limits import ADDRESS_SPACE_BYTES, RESERVE_BYTES

MIB = 1024**2
OUT = reply.error(errors.OutOfMemory("check_connection"))


def say(lines: str, before: str = "") -> str:
    """What a process says that runs these lines, after shell commands that it inherits from."""
    program = f"import resource, subprocess, sys\nfrom utils.host import limits\n{lines}"
    script = f'{before}\nexec "$0" -c "$1"'
    command = ["sh", "-c", script, sys.executable, program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_no_core_file_is_left() -> None:
    say_it = "limits.restrict(); print(resource.getrlimit(resource.RLIMIT_CORE))"
    assert say(say_it, "ulimit -S -c unlimited || true") == "(0, 0)"


def test_memory_has_an_end_and_what_is_over_is_an_error_of_the_language() -> None:
    assert (
        say(f"""
limits.restrict()
try:
    bytearray({ADDRESS_SPACE_BYTES})
except MemoryError:
    print("the end")
""")
        == "the end"
    )


def test_a_lower_limit_of_whoever_starts_us_stays() -> None:
    lines = "limits.restrict(); print(resource.getrlimit(resource.RLIMIT_AS)[0])"
    assert say(lines, f"ulimit -v {500 * 1024}") == str(500 * MIB)


def test_the_reserve_costs_nothing_as_long_as_it_is_not_needed() -> None:
    lines = """
def used_kib():
    with open("/proc/self/status") as file:
        return int(next(line for line in file if line.startswith("VmRSS")).split()[1])
before = used_kib()
limits.restrict()
print(used_kib() - before)
"""
    assert int(say(lines)) < RESERVE_BYTES // 1024 // 10


def test_too_little_for_the_reserve_is_no_failure() -> None:
    """It is there only for telling of one."""
    lines = "limits.restrict(); limits.release_reserve(); print('goes on')"
    assert say(lines, f"ulimit -v {RESERVE_BYTES // 1024}") == "goes on"


def test_what_is_started_is_not_limited_and_we_are_again_after_it() -> None:
    ask = "import resource; print(resource.getrlimit(resource.RLIMIT_AS)[0])"
    assert (
        say(f"""
limits.restrict()
with limits.lifted():
    subprocess.run([sys.executable, "-c", {ask!r}], check=True)
print(resource.getrlimit(resource.RLIMIT_AS)[0])
""")
        == f"{resource.RLIM_INFINITY}\n{ADDRESS_SPACE_BYTES}"
    )


def test_the_reserve_is_there_when_all_else_is_used_up() -> None:
    assert (
        say(f"""
limits.restrict()
taken = []
size = {RESERVE_BYTES}
while size > 1024:
    try:
        taken.append(bytearray(size))
    except MemoryError:
        size //= 2
limits.release_reserve()
bytearray({RESERVE_BYTES * 3 // 4})
print("told")
""")
        == "told"
    )


WANTS = {
    "bytes": "bytearray(2 * LEFT)",
    "a part of a library": "import lxml.etree",
    "a part by its name": "importlib.import_module('cryptography.hazmat.bindings._rust')",
    "a thread": "threading.Thread(target=time.sleep, args=[60], daemon=True).start()",
    "what a library makes of it": """
try:
    bytearray(2 * LEFT)
except MemoryError as error:
    raise ValueError from error
""",
    "what a library hides": """
try:
    bytearray(2 * LEFT)
except MemoryError:
    raise KeyError
""",
    "an error of the system": "raise OSError(12, 'Cannot allocate memory')",
}
"""What fails for want of memory where a few MiB are left."""


def tell_of(what: str, hog: bool = True, ends: int = 1) -> str:
    """What the program answers where its command does that, with little memory or with much.

    `ends` is the exit code that it has then.
    """
    body = "\n        ".join(what.strip().splitlines())
    code = f"""
import importlib, threading, time
import pmnextcloud, commands
from argparse import Namespace
from utils.billing import reply
LEFT = 3 * 1024**2
class Of:
    def run(context):
        hog = []
        while {hog} and limits._left_bytes() > LEFT:
            hog.append(bytes(min(LEFT, 1024**2)))
        {body}
        return reply.ok()
commands.load = lambda name: Of
limits.restrict()
sys.exit(pmnextcloud.main(["--command", "check_connection"]) - {ends})
"""
    with tempfile.TemporaryDirectory() as root:
        return say(code, f"export PMNEXTCLOUD_STARTED_AS='{root}/processing/pmnextcloud'")


@pytest.mark.parametrize("want", WANTS)
def test_whatever_fails_for_want_of_memory_is_one_document_that_says_so(want: str) -> None:
    assert tell_of(WANTS[want]).encode() == OUT.document.strip()


@pytest.mark.parametrize("want", ["a part of a library", "a thread"])
def test_with_memory_nothing_fails(want: str) -> None:
    assert tell_of(WANTS[want], hog=False, ends=0).encode() == reply.ok().document.strip()


def test_an_error_that_python_takes_for_no_exception_is_one_document_too() -> None:
    """So a library that is not written in Python ends where it does not know what to do."""
    answer = reply.error(errors.Unexpected("Panic")).document.strip()
    assert tell_of("raise type('Panic', (BaseException,), {})()", hog=False).encode() == answer


def test_what_ends_for_another_reason_is_no_want() -> None:
    answer = reply.error(errors.Unexpected("ImportError")).document.strip()
    assert tell_of("raise ImportError('nowhere')", hog=False).encode() == answer
