"""What each command costs beside what it cost at another revision: `make bench BASE=REVISION`.

Each revision has a provider and a cloud of its own, and both run in turns, so that a machine which
is now fast and now slow is so to both. Of the rounds the least time of the processor counts: what
others do on the machine only adds to it. Where valgrind is installed, the instructions of one more
run are counted, which nobody else on the machine changes; not counted in them are those of the
kernel and of mgrctl.
"""

import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional

from tests import ROOT
from tests.doubles.billmanager import Run, Stand
from tests.doubles.cloud import Cloud
from tests.e2e.sites import DoubleSite
from tests.e2e.world import World
from tests.tools import bench

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "25"))

PROGRAM = ("pmnextcloud.py", "commands", "utils")

_COUNTER = (
    "valgrind --tool=cachegrind --cache-sim=no --branch-sim=no --cachegrind-out-file=/dev/null"
)
_INSTRUCTIONS = re.compile(rb"I +refs: +([\d,]+)")
_STARTED_BY = "BENCH_STARTED_BY"
_INTERPRETER = """#!/bin/sh
exec ${{{variable}:-}} '{python}' "$@"
"""


class Cost(NamedTuple):
    """What a command costs, the least of all rounds; `instructions` is None without valgrind."""

    processor_ms: float
    instructions: Optional[int]


class Comparison(NamedTuple):
    """A command at the other revision, and now."""

    name: str
    base: Cost
    now: Cost


def unpack(revision: str, folder: Path) -> Path:
    """The program of a revision of this clone, in a new folder. Raises CalledProcessError."""
    packed = subprocess.run(
        ["git", "archive", revision, *PROGRAM], cwd=ROOT, check=True, stdout=subprocess.PIPE
    ).stdout
    folder.mkdir()
    subprocess.run(["tar", "-x", "-C", folder], input=packed, check=True)
    return folder


@contextmanager
def provider(home: Path, interpreter: Path) -> Iterator[bench.Bench]:
    """The commands of the program in a folder, on a stand and a cloud of its own."""
    bench.compile_program(home)
    program = home / "pmnextcloud.py"
    with Stand(python=str(interpreter), program=program) as stand, Cloud() as cloud:
        world = World(stand, DoubleSite(cloud))
        world.know_cloud()
        yield bench.all_commands(world)


def compare(revision: str) -> List[Comparison]:
    """Every command at that revision and now, run in turns."""
    with tempfile.TemporaryDirectory(prefix="pmnc-bench-") as name:
        folder = Path(name)
        interpreter = folder / "python"
        interpreter.write_text(_INTERPRETER.format(variable=_STARTED_BY, python=sys.executable))
        interpreter.chmod(0o755)
        old = unpack(revision, folder / "base")
        with provider(old, interpreter) as base, provider(ROOT, interpreter) as now:
            return _in_turns(base, now)


def _in_turns(base: bench.Bench, now: bench.Bench) -> List[Comparison]:
    pairs = [pair for pair in zip(base.commands, now.commands) if all(map(is_served, pair))]
    took: Dict[str, List[List[float]]] = {one.name: [[], []] for one, _ in pairs}
    for number in range(ROUNDS):
        for pair in pairs:
            for side in (0, 1) if number % 2 else (1, 0):
                pair[side].before()
                took[pair[side].name][side].append(processor_ms(pair[side].run))
    found = []
    for pair in pairs:
        costs = []
        for side, least in enumerate(map(min, took[pair[0].name])):
            pair[side].before()
            costs.append(Cost(least, instructions(pair[side].run)))
        found.append(Comparison(pair[0].name, *costs))
    return found


def is_served(command: bench.Command) -> bool:
    """Whether the program knows the command; one run, by which its files are read once."""
    command.before()
    return command.run().error_type != "unknown_command"


def processor_ms(run: Callable[..., Run]) -> float:
    """The processor's milliseconds for a run and for what it started."""

    def so_far_s() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    before_s = so_far_s()
    run().check()
    return (so_far_s() - before_s) * 1000


def instructions(run: Callable[..., Run]) -> Optional[int]:
    """How many instructions a run takes, None where valgrind is not installed."""
    if shutil.which("valgrind") is None:
        return None
    done = run(env={_STARTED_BY: _COUNTER, "PYTHONHASHSEED": "0"}).check()
    counted = _INSTRUCTIONS.search(done.stderr)
    assert counted, done.stderr
    return int(counted.group(1).replace(b",", b""))


def show(revision: str, rows: List[Comparison]) -> None:
    """Prints the table as Markdown; docs/*/measured.md show one of these."""
    print(f"\nleast of {ROUNDS}; the base is {revision}\n")
    print(
        "| command | processor ms, base | now | ratio | million instructions, base | now | ratio |"
    )
    print("|---|---|---|---|---|---|---|")
    for name, base, now in rows:
        line = (
            f"| `{name}` | {base.processor_ms:.0f} | {now.processor_ms:.0f}"
            f" | {now.processor_ms / base.processor_ms:.2f}"
        )
        if base.instructions is None or now.instructions is None:
            print(f"{line} | - | - | - |")
            continue
        print(
            f"{line} | {base.instructions / 1e6:.0f} | {now.instructions / 1e6:.0f}"
            f" | {now.instructions / base.instructions:.2f} |"
        )


def main() -> None:
    """Compares with the revision that is named."""
    [revision] = sys.argv[1:]
    show(revision, compare(revision))


if __name__ == "__main__":
    main()
