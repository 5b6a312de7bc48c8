"""What each command costs, as a whole process: `make bench`.

All in one run on one machine: the bare interpreter and every command on the BILLmanager double
and the cloud double, or with CLOUD_URL, CLOUD_USER and CLOUD_PASSWORD set on a real server; then
`stat` of many services (tests.tools.scale), and the report of a year (tests.tools.yearly). Where
the time goes is read from the program's own log, and of the imports from tests/tools/imports.
tests.tools.compare sets it beside another revision.
"""

import compileall
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

from tests import ROOT
from tests.doubles.billmanager import DEVNULL, Run, Stand
from tests.doubles.cloud import Cloud
from tests.e2e.sites import DoubleSite
from tests.e2e.world import World, real_world
from tests.tools import keeping, logins, scale, table, yearly

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "15"))
IMPORTS_EVERY = 2
"""Every so many rounds one more is run that tells of the imports."""

STANDING = 20
"""Services that are open all the time, for `stat`."""

LIGHT_AIM_MS, CLOUD_AIM_MS = 60, 200
"""Aims over the bare interpreter: without the cloud, and with it beside its own time."""

_CLOUD_TIME = re.compile(r"^\S+ (\d+):(\d+):(\d+),(\d+) .* answered \d+ in (\d+) ms", re.MULTILINE)
_MGRCTL_TIME = re.compile(r" mgrctl \S+ took (\d+) ms")
_DATABASE_TIME = re.compile(r" database took ([\d.]+) ms")
_IMPORT_TIME = re.compile(r"imports took ([\d.]+) ms")
_TELL_IMPORTS = {"PYTHONPATH": str(Path(__file__).parent / "imports")}


def cloud_ms(waits: List[Tuple[int, ...]]) -> float:
    """The milliseconds in which the cloud was waited for, whether for one answer or for several.

    A wait is when it ended, in hours, minutes, seconds and milliseconds, and how long it was.
    """
    total_ms = until_ms = 0
    ends = [(((h * 60 + m) * 60 + s) * 1000 + ms, took_ms) for h, m, s, ms, took_ms in waits]
    for begun_ms, ended_ms in sorted((ended - took, ended) for ended, took in ends):
        total_ms += max(ended_ms - max(begun_ms, until_ms), 0)
        until_ms = max(until_ms, ended_ms)
    return total_ms


class Sample(NamedTuple):
    """One run: all of it, and what others took of it."""

    total_ms: float
    cloud_ms: float
    mgrctl_ms: float
    database_ms: float
    requests: int
    connections: int
    calls: int


class Row(NamedTuple):
    """A command's medians; `own_ms` is over the bare interpreter, without cloud and mgrctl.

    Of it `imports_ms` and `database_ms` are parts.
    """

    name: str
    total_ms: float
    cloud_ms: float
    mgrctl_ms: float
    own_ms: float
    imports_ms: float
    database_ms: float
    requests: int
    connections: Optional[int]
    calls: int
    aim_ms: int


class Command(NamedTuple):
    """What is measured: how it is run, and what prepares each run and is not counted."""

    name: str
    run: Callable[..., Run]
    before: Callable[[], object]
    aim_ms: int


class Bench:
    """Runs the commands round by round, each once in a round, and takes their medians.

    A machine that others use too is now fast and now slow: in rounds that meets all commands and
    the bare interpreter alike.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.commands: List[Command] = []
        """What is measured, in the order of a round."""

    def add(
        self,
        name: str,
        run: Callable[..., Run],
        before: Callable[[], object],
        aim_ms: int,
    ) -> None:
        """One more command, run in each round after those that were added before it."""
        self.commands.append(Command(name, run, before, aim_ms))

    def measure(self) -> Tuple[float, List[Row]]:
        """The median of the bare interpreter in milliseconds, and of each command.

        Further rounds in between tell what the imports take.
        """
        samples: Dict[str, List[Sample]] = {one.name: [] for one in self.commands}
        imports: Dict[str, List[float]] = {one.name: [] for one in self.commands}
        bare_ms = []
        for number in range(ROUNDS):
            for one in self.commands:
                bare_ms.append(_bare_interpreter_ms())
                one.before()
                samples[one.name].append(self._sample(one.run))
            if number % IMPORTS_EVERY:
                continue
            for one in self.commands:
                bare_ms.append(_bare_interpreter_ms())  # what the last run left has time to settle
                one.before()
                imports[one.name].append(imports_ms(one.run(env=_TELL_IMPORTS).check()))
        bare = statistics.median(bare_ms)
        return bare, [
            self._row(one, samples[one.name], imports[one.name], bare) for one in self.commands
        ]

    def _row(
        self, command: Command, samples: List[Sample], imports: List[float], bare_ms: float
    ) -> Row:
        def median(of: Callable[[Sample], float]) -> float:
            return statistics.median(map(of, samples))

        last = samples[-1]
        known = isinstance(self._world.site, DoubleSite)
        return Row(
            command.name,
            total_ms=median(lambda one: one.total_ms),
            cloud_ms=median(lambda one: one.cloud_ms),
            mgrctl_ms=median(lambda one: one.mgrctl_ms),
            own_ms=median(lambda one: one.total_ms - one.cloud_ms - one.mgrctl_ms) - bare_ms,
            imports_ms=statistics.median(imports),
            database_ms=median(lambda one: one.database_ms),
            requests=last.requests,
            connections=last.connections if known else None,
            calls=last.calls,
            aim_ms=command.aim_ms,
        )

    def _sample(self, run: Callable[..., Run]) -> Sample:
        world = self._world
        seen, calls, written = self._seen(), len(world.stand.calls), len(world.stand.log)
        done = run().check()
        lines = world.stand.log[written:]
        waits = [tuple(map(int, one)) for one in _CLOUD_TIME.findall(lines)]
        mgrctl = [int(ms) for ms in _MGRCTL_TIME.findall(lines)]
        connections = len(set(self._connections()[seen:]))
        return Sample(
            done.seconds * 1000,
            cloud_ms(waits),
            sum(mgrctl),
            sum(map(float, _DATABASE_TIME.findall(lines))),
            len(waits),
            connections,
            len(world.stand.calls) - calls,
        )

    def _seen(self) -> int:
        return len(self._connections())

    def _connections(self) -> List[int]:
        site = self._world.site
        if isinstance(site, DoubleSite):
            return [request.connection_id for request in site.cloud.requests]
        return []


def imports_ms(run: Run) -> float:
    """What a run told of its imports."""
    told = _IMPORT_TIME.search(run.stderr.decode())
    assert told is not None, run
    return float(told.group(1))


def _bare_interpreter_ms() -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return (time.perf_counter() - started) * 1000


def all_commands(world: World) -> Bench:
    """Every command that BILLmanager starts, in the order of a service's life: a round is one."""
    bench = Bench(world)
    world.site.add_group(world.group)
    small, large = world.tariff(gib=5), world.tariff(gib=20)
    for _ in range(STANDING):
        world.opened(small)
    item = 0

    def new_order() -> None:
        nonlocal item
        item = world.order(small)

    def add(name: str, before: Callable[[], object] = lambda: None) -> None:
        stdin = {} if name in (*table.FORMS, *table.CHECKS) else {"stdin": DEVNULL}

        def run(**more: Any) -> Run:
            return world.call(name, item, **stdin, **more)

        bench.add(name, run, before, CLOUD_AIM_MS if name in table.AT_CLOUDS else LIGHT_AIM_MS)

    for name in ("features", *table.SHOWN_FORMS, "check_connection", "get_server_config"):
        add(name)
    add("open", new_order)
    add("suspend")
    add("resume")
    for name in table.CHECKS:
        add(name)
    add("setparam", lambda: world.stand.change_tariff(item, large))
    for name in table.RENEWALS:
        add(name)
    add("changepassword")
    for name in table.QUESTIONS:
        add(name)
    add("sync_item")
    add("stat")
    add("close")
    return bench


def show(rows: List[Row]) -> None:
    """Prints the table as Markdown; docs/*/measured.md show one of these."""
    print(
        "| command | whole ms | cloud ms | mgrctl ms | own ms | of it imports | of it database"
        " | aim | requests | conn. | mgrctl |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for row in rows:
        met = "yes" if row.own_ms <= row.aim_ms else "NO"
        connections = "-" if row.connections is None else row.connections
        print(
            f"| `{row.name}` | {row.total_ms:.0f} | {row.cloud_ms:.0f} | {row.mgrctl_ms:.0f}"
            f" | {row.own_ms:.0f} | {row.imports_ms:.0f} | {row.database_ms:.0f}"
            f" | {row.aim_ms} {met} | {row.requests} | {connections} | {row.calls} |"
        )


def show_commands() -> None:
    """Measures every command and prints the table."""
    real = bool(os.environ.get("CLOUD_URL"))
    with Stand() as stand:
        if real:
            with real_world(stand) as world:
                bare_ms, rows = all_commands(world).measure()
        else:
            with Cloud() as cloud:
                bare_ms, rows = all_commands(World(stand, DoubleSite(cloud))).measure()
    print(
        f"\n{'real server' if real else 'cloud double'}; {platform.machine()},"
        f" {os.cpu_count()} cores, Python {platform.python_version()}; medians of {ROUNDS};"
        f" bare interpreter {bare_ms:.0f} ms; `stat` of {STANDING + 1} services\n"
    )
    show(rows)


def compile_program(home: Path) -> None:
    """Compiles the program in a folder, as an installation does."""
    for folder in ("commands", "utils"):
        compileall.compile_dir(home / folder, quiet=1)


def main() -> None:
    """Measures and prints."""
    compile_program(ROOT)
    show_commands()
    keeping.show()
    if os.environ.get("CLOUD_URL"):
        logins.show()
    scale.show()
    yearly.show()


if __name__ == "__main__":
    main()
