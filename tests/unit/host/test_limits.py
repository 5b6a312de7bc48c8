"""What a process may take of the server; each limit is tried in a process of its own."""

import resource
import subprocess
import sys

from tests import ROOT
from utils.host.limits import ADDRESS_SPACE_BYTES, RESERVE_BYTES

MIB = 1024**2


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
