"""What statistics and audit of many services cost, beside the floor: a part of `make bench`.

The floor is a loop that pages through the same accounts with the same page size and does nothing
else. On the double BENCH_SERVICES says how many services, one run each; on a real server
BENCH_REAL_SERVICES, with the accounts made there and, unless BENCH_KEEP is set, removed again.
"""

import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from typing import List, NamedTuple, Set

import requests

from tests.doubles.billmanager import DEVNULL, Peak, Stand
from tests.doubles.cloud import Cloud
from tests.e2e.sites import DoubleSite, RealSite
from tests.e2e.world import Site, World

SERVICES = os.environ.get("BENCH_SERVICES", "1000 10000 100000")
REAL_SERVICES = int(os.environ.get("BENCH_REAL_SERVICES", "1000"))
REAL_ROUNDS = int(os.environ.get("BENCH_REAL_ROUNDS", "5"))
FIRST_REAL = 7_700_001
"""The first service on a real server: always the same, so that accounts can be kept."""

PAGE_SIZE = 200
FLOOR_AIM, MEMORY_AIM = 1.25, 1.3
AUDIT_AIM, AUDIT_MEMORY_AIM = 1.15, 1.2
"""The audit beside `stat`, or beside the bare paged read of a real server."""


class Sample(NamedTuple):
    """One run of `stat` or of the audit; peak memory in KiB."""

    seconds: float
    peak_kib: int
    rows: int = 0


def floor_s(site: Site, verify: object = True) -> float:
    """The seconds of the bare loop over all accounts."""
    begun = time.perf_counter()
    _logins(site, verify)
    return time.perf_counter() - begun


def _logins(site: Site, verify: object = True) -> Set[str]:
    found: Set[str] = set()
    with requests.Session() as http:
        http.trust_env = False
        http.auth = (site.login, site.password)
        http.verify = verify
        http.headers["OCS-APIRequest"] = "true"
        for offset in range(0, 10**9, PAGE_SIZE):
            page = http.get(
                f"{site.url}/ocs/v1.php/cloud/users/details",
                params={"format": "json", "limit": PAGE_SIZE, "offset": offset},
                timeout=120,
            ).json()["ocs"]["data"]["users"]
            found.update(page)
            if len(page) < PAGE_SIZE:
                break
    return found


def sample(world: World) -> Sample:
    """One run of `stat`. Raises AssertionError where it fails."""
    world.stand.sql("DELETE FROM itemstat")
    process = world.stand.start("stat", module=world.module)
    peak = Peak(process.pid)
    run = process.finish(3600).check()
    rows = world.stand.sql("SELECT COUNT(*) AS made FROM itemstat")[0]["made"]
    return Sample(run.seconds, peak.kib(), rows)


def sample_audit(world: World, *extra: str) -> Sample:
    """One run of the audit, which finds nothing. Raises AssertionError where it ends otherwise."""
    process = world.stand.start(
        "audit", module=world.module, extra=["--format", "json", *extra], stdin=DEVNULL
    )
    peak = Peak(process.pid)
    run = process.finish(3600)
    assert run.exit_code == 0, run
    return Sample(run.seconds, peak.kib())


def on_the_double() -> None:
    """Prints the table of growing numbers of services."""
    print(
        "\n| services | `stat`, s | ms each | floor, s | requests | rows | peak, MiB"
        f" | memory to the first, aim {MEMORY_AIM} |\n|---|---|---|---|---|---|---|---|"
    )
    first_kib = first_audit_kib = 0
    audits = []
    for services in map(int, SERVICES.split()):
        with Stand() as stand, Cloud() as cloud:
            world = World(stand, DoubleSite(cloud))
            for item in world.many(services):
                cloud.add_user(
                    world.login(item),
                    "Made-up-pw",
                    quota="5 GB",
                    groups={world.group},
                    email="client7@example.com",
                    used_bytes=item,
                    logged_in=True,
                )
            stand.write("etc/debug.conf", "")
            bare_s = floor_s(world.site)
            cloud.requests.clear()
            one = sample(world)
            first_kib = first_kib or one.peak_kib
            ratio = one.peak_kib / first_kib
            print(
                f"| {services} | {one.seconds:.1f} | {one.seconds * 1000 / services:.2f}"
                f" | {bare_s:.1f} | {len(cloud.requests)} | {one.rows}"
                f" | {one.peak_kib / 1024:.1f} | {ratio:.2f} {_met(ratio, MEMORY_AIM)} |",
                flush=True,
            )
            cloud.requests.clear()
            audit = sample_audit(world)
            first_audit_kib = first_audit_kib or audit.peak_kib
            slower = audit.seconds / one.seconds
            more = audit.peak_kib / first_audit_kib
            audits.append(
                f"| {services} | {audit.seconds:.1f} | {slower:.2f} {_met(slower, AUDIT_AIM)}"
                f" | {len(cloud.requests)} | {audit.peak_kib / 1024:.1f}"
                f" | {more:.2f} {_met(more, AUDIT_MEMORY_AIM)} |"
            )
    print(
        f"\n| services | `audit`, s | to `stat`, aim {AUDIT_AIM} | requests | peak, MiB"
        f" | memory to the first, aim {AUDIT_MEMORY_AIM} |\n|---|---|---|---|---|---|"
    )
    print("\n".join(audits))


def on_a_real_server(site: RealSite) -> None:
    """Prints `stat` beside the floor, by turns."""
    verify = os.environ.get("CLOUD_CA") or True
    with Stand() as stand:
        if os.environ.get("CLOUD_CA"):
            stand.write("etc/pmnextcloud.conf", f"ca_file = {os.environ['CLOUD_CA']}\n")
        world = World(stand, site)
        begin_at(world, FIRST_REAL)
        items = world.many(REAL_SERVICES)
        try:
            make_accounts(site, [world.login(item) for item in items], verify)
            stand.write("etc/debug.conf", "")
            floor_s(site, verify)  # the first look at an account makes its home
            floors, samples, audits = [], [], []
            for _ in range(REAL_ROUNDS):
                floors.append(floor_s(site, verify))
                samples.append(sample(world))
                # The accounts were made bare, so only classes are asked for that are none of them.
                audits.append(sample_audit(world, "--class", "missing,elsewhere,duplicate"))
        finally:
            if not os.environ.get("BENCH_KEEP"):
                with ThreadPoolExecutor(4) as pool:
                    list(pool.map(lambda item: site.clean([item]), items))
    bare_s = statistics.median(floors)
    stat_s = statistics.median(one.seconds for one in samples)
    ratio = stat_s / bare_s
    print(
        f"\n| services | `stat`, s | floor, s | ratio, aim {FLOOR_AIM} | rows | peak, MiB |\n"
        "|---|---|---|---|---|---|\n"
        f"| {REAL_SERVICES} | {stat_s:.2f} | {bare_s:.2f} | {ratio:.2f} {_met(ratio, FLOOR_AIM)}"
        f" | {samples[-1].rows} | {max(one.peak_kib for one in samples) / 1024:.1f} |"
    )
    audit_s = statistics.median(one.seconds for one in audits)
    to_bare, to_stat = audit_s / bare_s, audit_s / stat_s
    print(
        f"\n| services | `audit`, s | to the floor, aim {AUDIT_AIM} | to `stat`, aim {AUDIT_AIM}"
        " | peak, MiB |\n|---|---|---|---|---|\n"
        f"| {REAL_SERVICES} | {audit_s:.2f} | {to_bare:.2f} {_met(to_bare, AUDIT_AIM)}"
        f" | {to_stat:.2f} {_met(to_stat, AUDIT_AIM)}"
        f" | {max(one.peak_kib for one in audits) / 1024:.1f} |"
    )


def begin_at(world: World, item: int) -> None:
    """Lets the next service have that number."""
    world.stand.database.insert(
        "item", id=item - 1, name="Before", account=world.client, pricelist=world.tariff(), status=4
    )


def make_accounts(site: RealSite, logins: List[str], verify: object) -> None:
    """Makes those of the accounts that the server does not have."""
    missing = sorted(set(logins) - _logins(site, verify))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda login: site.add_account(login, "Made-up-Pw-77-bench"), missing))


def _met(value: float, aim: float) -> str:
    return "yes" if value <= aim else "NO"


def show() -> None:
    """Measures and prints, on the server that CLOUD_URL names or on the double."""
    if os.environ.get("CLOUD_URL"):
        on_a_real_server(RealSite())
    else:
        on_the_double()


if __name__ == "__main__":
    show()
