"""`make live`: the live tests on real servers, and a table of what passed where.

Starts each server of docker-compose.yml that is named, makes strangers there, tries it with every
login that it takes, looks whether the strangers are as they were, and stops it again. With
CLOUD_URL set, the server named there is tried with the login given, and nothing is made there.
"""

import os
import secrets
import subprocess
import sys
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Dict, Iterator, List, NamedTuple, Tuple
from xml.etree import ElementTree

import pytest
import requests

from tests.tools import seed
from utils.base import errors

INSIDE_PORTS = {"owncloud": 8080}
TEST_TIMEOUT_S = 3600
"""A real server is slow, and a single test plays the same scene up to fifty times."""


class Row(NamedTuple):
    """What one server and login came to; `harmed` are the strangers that were changed."""

    server: str
    login: str
    passed: int
    failed: int
    skipped: int
    harmed: Tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether all was tried and nothing went wrong."""
        return self.passed > 0 and not (self.failed or self.skipped or self.harmed)


def version_of(url: str) -> str:
    """The product and version that status.php shows."""
    ca_file = os.environ.get("CLOUD_CA") or True
    status = requests.get(url.rstrip("/") + "/status.php", verify=ca_file, timeout=30).json()
    return f"{status['productname']} {status['versionstring']}"


def app_password(url: str, password: str) -> str:
    """A new app password of the administrator."""
    with requests.Session() as http:
        http.auth = ("admin", password)
        http.headers["OCS-APIRequest"] = "true"
        answer = http.get(f"{url}/ocs/v2.php/core/getapppassword?format=json", timeout=60)
        if answer.ok:
            made: str = answer.json()["ocs"]["data"]["apppassword"]
            return made
        # ownCloud makes them on the settings page alone, in a session, which is there by now.
        page = f"{url}/index.php/settings/personal/authtokens"
        answer = http.post(page, data={"name": "pmnextcloud"}, timeout=60)
        answer.raise_for_status()
        token: str = answer.json()["token"]
        return token


def logins_of(url: str, password: str) -> Iterator[Tuple[str, Dict[str, str]]]:
    """Every kind of login that a server may be given, and its variables for the tests."""
    made = app_password(url, password)
    try:
        seed.client(url, made).probe()
    except errors.AppPasswordRefused:
        confirmed = {"CLOUD_PASSWORD": made, "CLOUD_CONFIRM": password}
        yield "app password, password to confirm", confirmed
    else:
        yield "app password", {"CLOUD_PASSWORD": made}
    yield "password", {"CLOUD_PASSWORD": password}


def try_out(url: str, login: str, **environment: str) -> Row:
    """Runs the live tests against one server with one login."""
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-q", "-m", "live", "tests/e2e"),
                *("--timeout", str(TEST_TIMEOUT_S), "--junitxml", str(report)),
            ],
            env={**os.environ, "CLOUD_URL": url, **environment},
            check=False,
        )
        if done.returncode not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            raise SystemExit(f"the live tests did not run: pytest ended with {done.returncode}")
        suite = next(ElementTree.parse(report).iter("testsuite"))  # noqa: S314  pytest's own
        counts = suite.attrib
    tests, skipped = int(counts["tests"]), int(counts["skipped"])
    failed = int(counts["failures"]) + int(counts["errors"])
    return Row(version_of(url), login, tests - failed - skipped, failed, skipped)


@contextmanager
def started(server: str, password: str) -> Iterator[str]:
    """A server of docker-compose.yml; gives its address."""
    environment = {**os.environ, "CLOUD_PASSWORD": password}

    def compose(*words: str) -> str:
        command = ["docker", "compose", *words]
        done = subprocess.run(
            command, env=environment, stdout=subprocess.PIPE, text=True, check=True
        )
        return done.stdout.strip()

    # A run that was killed has left its server, which has another password.
    compose("down", "--volumes")
    try:
        compose("up", "--detach", "--wait", server)
        inside = str(INSIDE_PORTS.get(server, 80))
        yield "http://127.0.0.1:" + compose("port", server, inside).rpartition(":")[2]
    finally:
        compose("down", "--volumes")


def try_all_logins(url: str, password: str) -> Iterator[Row]:
    """A new server, among strangers, with every kind of login that it may be given."""
    cloud = seed.client(url, password)
    seed.plant(cloud)
    if unlike := seed.harmed(cloud):
        raise SystemExit(f"these were not made as they should be: {', '.join(unlike)}")
    for login, variables in logins_of(url, password):
        row = try_out(url, login, CLOUD_USER="admin", **variables)
        yield row._replace(harmed=tuple(seed.harmed(cloud)))


def given(environment: Dict[str, str]) -> Row:
    """The server and login that the environment names."""
    login = "as given, password to confirm" if environment.get("CLOUD_CONFIRM") else "as given"
    return try_out(environment["CLOUD_URL"], login)


def show(rows: List[Row]) -> None:
    """Prints the table as docs/*/measured.md have it."""
    print("| server | login | live tests | run on |\n|---|---|---|---|")
    for row in rows:
        verdict = f"{row.passed} passed"
        verdict += f", {row.failed} FAILED" if row.failed else ""
        verdict += f", {row.skipped} SKIPPED" if row.skipped else ""
        verdict += f", changed strangers: {', '.join(row.harmed)}" if row.harmed else ""
        print(f"| {row.server} | {row.login} | {verdict} | {date.today()} |", flush=True)


def main(servers: List[str]) -> int:
    """Tries all; 0 if everything passed."""
    rows: List[Row] = []
    if os.environ.get("CLOUD_URL"):
        rows.append(given(dict(os.environ)))
        show(rows)
    else:
        # Hexadecimal: `occ` takes a password that begins with a dash for an option.
        password = secrets.token_hex(16)
        try:
            for server in servers:
                with started(server, password) as url:
                    rows += try_all_logins(url, password)
        finally:
            show(rows)
    return 0 if all(row.is_good for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
