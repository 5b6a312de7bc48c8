"""What each command costs, as a whole process: `make bench`.

All in one run on one machine: the bare interpreter, then every command on the BILLmanager double
and the cloud double, or with CLOUD_URL, CLOUD_USER and CLOUD_PASSWORD set on a real server. The
time that the cloud and mgrctl took is read from the program's own log and shown beside it.
"""

import os
import platform
import re
import statistics
import subprocess
import sys
import time
from typing import Callable, List, NamedTuple, Optional

from tests.cloud import Cloud
from tests.e2e.sites import DoubleSite
from tests.e2e.world import World, real_world
from tests.stand import Run, Stand

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "15"))
LIGHT_AIM_MS, CLOUD_AIM_MS = 60, 200
"""Aims over the bare interpreter: without the cloud, and with it beside its own time."""

_CLOUD_TIME = re.compile(r" answered \d+ in (\d+) ms")
_MGRCTL_TIME = re.compile(r" mgrctl \S+ took (\d+) ms")


class Sample(NamedTuple):
    """One run: all of it, and what others took of it."""

    total_ms: float
    cloud_ms: float
    mgrctl_ms: float
    requests: int
    connections: int
    calls: int


class Row(NamedTuple):
    """A command's medians; `own_ms` is over the bare interpreter, without cloud and mgrctl."""

    name: str
    total_ms: float
    cloud_ms: float
    mgrctl_ms: float
    own_ms: float
    requests: int
    connections: Optional[int]
    calls: int
    aim_ms: int


class Bench:
    """Runs commands over and over and keeps their medians."""

    def __init__(self, world: World, bare_ms: float) -> None:
        self._world = world
        self._bare_ms = bare_ms
        self.rows: List[Row] = []

    def measure(
        self,
        name: str,
        run: Callable[[], Run],
        before: Optional[Callable[[], object]] = None,
        aim_ms: int = CLOUD_AIM_MS,
    ) -> None:
        """Adds the medians of `run`; `before` prepares each round and is not counted."""
        samples = []
        for _ in range(ROUNDS):
            if before is not None:
                before()
            samples.append(self._sample(run))
        cloud_ms = statistics.median(sample.cloud_ms for sample in samples)
        mgrctl_ms = statistics.median(sample.mgrctl_ms for sample in samples)
        total_ms = statistics.median(sample.total_ms for sample in samples)
        own_ms = statistics.median(
            sample.total_ms - sample.cloud_ms - sample.mgrctl_ms - self._bare_ms
            for sample in samples
        )
        last = samples[-1]
        known = isinstance(self._world.site, DoubleSite)
        connections = last.connections if known else None
        self.rows.append(
            Row(
                name,
                total_ms,
                cloud_ms,
                mgrctl_ms,
                own_ms,
                last.requests,
                connections,
                last.calls,
                aim_ms,
            )
        )

    def _sample(self, run: Callable[[], Run]) -> Sample:
        world = self._world
        seen, calls, written = self._seen(), len(world.stand.calls), len(world.stand.log)
        done = run().check()
        lines = world.stand.log[written:]
        cloud = [int(ms) for ms in _CLOUD_TIME.findall(lines)]
        mgrctl = [int(ms) for ms in _MGRCTL_TIME.findall(lines)]
        connections = len(set(self._connections()[seen:]))
        return Sample(
            done.seconds * 1000,
            sum(cloud),
            sum(mgrctl),
            len(cloud),
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


def bare_interpreter_ms() -> float:
    """The median of an interpreter that does nothing."""
    times = []
    for _ in range(ROUNDS * 2):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def measure_all(world: World, bare_ms: float) -> List[Row]:
    """The table of all commands."""
    stand, bench = world.stand, Bench(world, bare_ms)
    empty_form = "<doc><usergroup></usergroup></doc>"
    connection = (
        f"<doc><processingmodule><base_url>{world.site.url}</base_url>"
        f"<nc_username>{world.site.login}</nc_username>"
        f"<nc_password>{world.site.password}</nc_password></processingmodule></doc>"
    )
    world.site.add_group(world.group)
    small, large = world.tariff(gib=5), world.tariff(gib=20)
    item = 0

    def new_order() -> None:
        nonlocal item
        item = world.order(small)

    def new_tariff() -> None:
        on_small = stand.item(item)["pricelist"] == small
        stand.change_tariff(item, large if on_small else small)

    def light(command: str, **options: object) -> None:
        bench.measure(command, lambda: stand.run(command, **options), aim_ms=LIGHT_AIM_MS)

    light("features")
    light("tune_connection", stdin=empty_form)
    light("pricelist_dynamic_settings_tune", stdin=empty_form, module=world.module)
    bench.measure("check_connection", lambda: stand.run("check_connection", stdin=connection))
    bench.measure("get_server_config", lambda: stand.run("get_server_config", module=world.module))
    bench.measure("open", lambda: world.run("open", item), new_order)
    bench.measure("suspend", lambda: world.run("suspend", item), lambda: world.run("resume", item))
    bench.measure("resume", lambda: world.run("resume", item), lambda: world.run("suspend", item))
    bench.measure("setparam", lambda: world.run("setparam", item), new_tariff)
    bench.measure("stat", lambda: stand.run("stat", module=world.module))
    closing = iter(list(world.items))
    bench.measure("close", lambda: world.run("close", next(closing)))
    return bench.rows


def show(rows: List[Row], bare_ms: float, where: str) -> None:
    """Prints the table as Markdown; the README shows one of these."""
    print(
        f"\n{where}; {platform.machine()}, {os.cpu_count()} cores,"
        f" Python {platform.python_version()}; medians of {ROUNDS};"
        f" bare interpreter {bare_ms:.0f} ms\n"
    )
    print(
        "| command | whole ms | cloud ms | mgrctl ms | own ms | aim | requests | conn. | mgrctl |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for row in rows:
        met = "yes" if row.own_ms <= row.aim_ms else "NO"
        connections = "-" if row.connections is None else row.connections
        print(
            f"| `{row.name}` | {row.total_ms:.0f} | {row.cloud_ms:.0f} | {row.mgrctl_ms:.0f}"
            f" | {row.own_ms:.0f} | {row.aim_ms} {met} | {row.requests} | {connections}"
            f" | {row.calls} |"
        )


def main() -> None:
    """Measures and prints."""
    bare_ms = bare_interpreter_ms()
    with Stand() as stand:
        if os.environ.get("CLOUD_URL"):
            with real_world(stand) as world:
                show(measure_all(world, bare_ms), bare_ms, "real server")
        else:
            with Cloud() as cloud:
                world = World(stand, DoubleSite(cloud))
                show(measure_all(world, bare_ms), bare_ms, "cloud double")


if __name__ == "__main__":
    main()
