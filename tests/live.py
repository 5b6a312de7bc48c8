"""`make live`: the live tests on real servers, and a table of what passed where.

Starts each server of docker-compose.yml that is named, tries it with every login that it takes,
and stops it again. With CLOUD_URL set, the server named there is tried with the login given.
"""

import os
import re
import secrets
import subprocess
import sys
from contextlib import contextmanager
from datetime import date
from typing import Dict, Iterator, List, NamedTuple, Optional

import requests

INSIDE_PORTS = {"owncloud": 8080}
COMPOSE = ["docker", "compose"]
PASSED = re.compile(r"(\d+) passed")
FAILED = re.compile(r"(\d+) (?:failed|error)")


class Row(NamedTuple):
    """What one server and login came to."""

    server: str
    login: str
    passed: int
    failed: int


def version_of(url: str) -> str:
    """The product and version that status.php shows."""
    ca_file = os.environ.get("CLOUD_CA") or True
    status = requests.get(url.rstrip("/") + "/status.php", verify=ca_file, timeout=30).json()
    return f"{status['productname']} {status['versionstring']}"


def app_password(url: str, password: str) -> Optional[str]:
    """A new app password of the administrator, or None where the server makes none by its API."""
    answer = requests.get(
        f"{url}/ocs/v2.php/core/getapppassword?format=json",
        auth=("admin", password),
        headers={"OCS-APIRequest": "true"},
        timeout=60,
    )
    if answer.status_code != 200:
        return None
    made: str = answer.json()["ocs"]["data"]["apppassword"]
    return made


def try_out(url: str, login: str, **environment: str) -> Row:
    """Runs the live tests against one server with one login."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-m", "live", "tests/e2e"],
        env={**os.environ, "CLOUD_URL": url, **environment},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    print(done.stdout)
    passed, failed = PASSED.search(done.stdout), FAILED.search(done.stdout)
    row = Row(
        version_of(url),
        login,
        int(passed.group(1)) if passed else 0,
        int(failed.group(1)) if failed else 0,
    )
    if done.returncode and not row.failed:
        raise SystemExit(f"the live tests did not run: pytest ended with {done.returncode}")
    return row


@contextmanager
def started(server: str, password: str) -> Iterator[str]:
    """A server of docker-compose.yml; gives its address."""
    environment = {**os.environ, "CLOUD_PASSWORD": password}
    subprocess.run([*COMPOSE, "up", "--detach", "--wait", server], env=environment, check=True)
    try:
        inside = str(INSIDE_PORTS.get(server, 80))
        told = subprocess.run(
            [*COMPOSE, "port", server, inside],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        yield "http://127.0.0.1:" + told.stdout.strip().rpartition(":")[2]
    finally:
        subprocess.run([*COMPOSE, "down", "--volumes"], env=environment, check=True)


def try_all_logins(url: str, password: str) -> Iterator[Row]:
    """A new server with every kind of login that it may be given."""
    login = {"CLOUD_USER": "admin"}
    yield try_out(url, "password", **login, CLOUD_PASSWORD=password)
    made = app_password(url, password)
    if made is not None:
        confirmed = {"CLOUD_PASSWORD": made, "CLOUD_CONFIRM": password}
        yield try_out(url, "app password, password to confirm", **login, **confirmed)


def given(environment: Dict[str, str]) -> Row:
    """The server and login that the environment names."""
    login = "as given, password to confirm" if environment.get("CLOUD_CONFIRM") else "as given"
    return try_out(environment["CLOUD_URL"], login)


def show(rows: List[Row]) -> None:
    """Prints the table as the README has it."""
    print("| server | login | live tests | run on |\n|---|---|---|---|")
    for row in rows:
        verdict = f"{row.passed} passed" + (f", {row.failed} FAILED" if row.failed else "")
        print(f"| {row.server} | {row.login} | {verdict} | {date.today()} |")


def main(servers: List[str]) -> int:
    """Tries all; 0 if everything passed."""
    rows: List[Row] = []
    if os.environ.get("CLOUD_URL"):
        rows.append(given(dict(os.environ)))
    else:
        password = secrets.token_urlsafe(18)
        for server in servers:
            with started(server, password) as url:
                rows += try_all_logins(url, password)
    show(rows)
    return 1 if any(row.failed for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
