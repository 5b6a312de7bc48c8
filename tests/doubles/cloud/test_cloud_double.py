"""The double of the cloud is true to the recording, breaks as ordered and remembers what it saw."""

import base64
import copy
import dataclasses
import http.client
import json
import re
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple
from urllib.parse import urlencode

import pytest

from tests import PATIENCE_S, ROOT
from tests.doubles.cloud import (
    KINDS,
    LATE,
    NEXTCLOUD_29,
    NEXTCLOUD_33,
    NEXTCLOUD_34,
    OWNCLOUD_10,
    PROFILES,
    Cloud,
    Fault,
    Profile,
    Seen,
    given,
    replay,
    sizes,
    trim,
)
from tests.doubles.cloud.replay import Clock

RECORDING = "nextcloud-29.0.6"
GIVEN = {
    RECORDING: given.NEXTCLOUD_29,
    "nextcloud-32.0.2": given.NEXTCLOUD_32,
    "nextcloud-33.0.3": given.NEXTCLOUD_33,
    "nextcloud-34.0.1": given.NEXTCLOUD_34,
    "owncloud-10.15.2": given.OWNCLOUD_10,
}
USERS = "/ocs/v1.php/cloud/users"
GOOD_PASSWORD = "Customer-Pw-7!"
Result = Tuple[int, Optional[int], Any]


class Client:
    """A bare client on one connection; each call gives HTTP status, OCS code and data.

    ``cookies`` is the jar of one that keeps cookies, None for one that does not.
    """

    def __init__(
        self,
        cloud: Cloud,
        login: str = "",
        password: str = "",
        bearer: str = "",
        cookies: Optional[Dict[str, str]] = None,
    ) -> None:
        """Speak as that login, as the admin if none is given."""
        self.cookies = cookies
        self.connection = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=PATIENCE_S)
        self.prefix = cloud.sub_path
        pair = f"{login or cloud.admin_login}:{password or cloud.admin_password}"
        basic = "Basic " + base64.b64encode(pair.encode()).decode()
        self.headers = {
            "OCS-APIRequest": "true",
            "Authorization": f"Bearer {bearer}" if bearer else basic,
        }

    def raw(self, method: str, path: str, **form: Any) -> Tuple[int, Dict[str, str], bytes]:
        """Give status, headers and body."""
        headers, body = dict(self.headers), None
        if self.cookies:
            headers["Cookie"] = "; ".join("=".join(pair) for pair in self.cookies.items())
        if form:
            body = urlencode(form, doseq=True)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        mark = "&" if "?" in path else "?"
        self.connection.request(method, f"{self.prefix}{path}{mark}format=json", body, headers)
        answer = self.connection.getresponse()
        if self.cookies is not None:
            for cookie in answer.headers.get_all("Set-Cookie") or []:
                name, _, value = cookie.partition(";")[0].partition("=")
                self.cookies[name] = value
        return answer.status, dict(answer.getheaders()), answer.read()

    def call(self, method: str, path: str, **form: Any) -> Result:
        """Give HTTP status, OCS code and data, the last two None where the body is no JSON."""
        status, _, body = self.raw(method, path, **form)
        try:
            ocs = json.loads(body)["ocs"]
        except ValueError:
            return status, None, None
        return status, ocs["meta"]["statuscode"], ocs["data"]

    def get(self, path: str) -> Result:
        """Read."""
        return self.call("GET", path)

    def logins(self, query: str) -> List[object]:
        """Give the logins of a listing."""
        found: List[object] = self.get(f"{USERS}?{query}")[2]["users"]
        return found


@pytest.fixture(scope="module")
def running() -> Iterator[Cloud]:
    """Run one cloud for all tests of this file."""
    with Cloud() as double:
        yield double


@pytest.fixture
def cloud(running: Cloud) -> Cloud:
    """Give the cloud in its fresh state."""
    running.reset()
    return running


@pytest.fixture
def client(cloud: Cloud) -> Iterator[Client]:
    """Give a client who is the admin."""
    admin = Client(cloud)
    yield admin
    admin.connection.close()


def as_user(cloud: Cloud, login: str, password: str) -> Result:
    """Try to read one's own record."""
    user = Client(cloud, login, password)
    try:
        return user.get("/ocs/v1.php/cloud/user")
    finally:
        user.connection.close()


def raw_answer(cloud: Cloud, method: str = "GET", path: str = USERS, body: str = "") -> bytes:
    """Give all bytes that the server sends for one request on a connection of its own."""
    pair = base64.b64encode(f"{cloud.admin_login}:{cloud.admin_password}".encode()).decode()
    with socket.create_connection(("127.0.0.1", cloud.port), timeout=PATIENCE_S) as connection:
        connection.sendall(
            f"{method} {path}?format=json HTTP/1.1\r\nHost: cloud\r\n"
            f"Authorization: Basic {pair}\r\nOCS-APIRequest: true\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()
        )
        received = b""
        while True:
            part = connection.recv(65536)
            if not part:
                return received
            received += part


def create_raw(cloud: Cloud, login: str) -> bytes:
    """Create a user on a connection of its own; give the bytes of the answer."""
    return raw_answer(cloud, "POST", USERS, f"userid={login}&password={GOOD_PASSWORD}")


# The recording.


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.proof(f"exchanges of {name}")) for name in GIVEN]
)
def test_the_double_answers_as_the_recorded_server(name, record_property):
    sections = replay.load(name)
    kept = sum(not step.get("setup") for steps in sections.values() for step in steps)
    with Cloud(PROFILES[name], clock=Clock()) as cloud:
        compared, differences = replay.replay(cloud, sections, GIVEN[name])
    record_property("tried", compared)
    assert differences == []
    assert compared == kept >= 420


def leaves(value: Any) -> Iterator[Tuple[Any, Any]]:
    """Give container and key of every plain value that the replay compares in full."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, part in pairs:
        if isinstance(part, (dict, list)):
            yield from leaves(part)
        elif not replay.MOMENTS.search(f".{key}"):
            yield value, key


def spoil(step: Dict[str, Any], number: int) -> None:
    """Change one thing about a recorded answer: now the status, now a header, now the body."""
    if number % 3 == 0:
        step["status"] += 1
    elif number % 3 == 1:
        step["answer_headers"]["Content-Type"] = "text/plain"
    elif "json" in step:
        found = list(leaves(step["json"]))
        container, key = found[number % len(found)]
        container[key] = f"{container[key]}x"
    else:
        step["text"] = f"x{step['text']}"


@pytest.mark.parametrize("name", GIVEN)
def test_the_replay_notices_a_change_in_any_answer(name):
    sections = replay.load(name)
    compared = [step for steps in sections.values() for step in steps if not step.get("setup")]
    for number, step in enumerate(compared):
        spoil(step, number)
    with Cloud(PROFILES[name], clock=Clock()) as cloud:
        differences = replay.replay(cloud, sections, GIVEN[name])[1]
    found = Counter(difference.name for difference in differences)
    assert not Counter(step["name"] for step in compared) - found


@pytest.mark.parametrize("name", GIVEN)
def test_what_a_recording_leaves_out_is_counted_and_has_its_reason(name):
    recording = replay.read(name)
    steps = [step for steps in recording["sections"].values() for step in steps]
    kept = sum(not step.get("setup") for step in steps)
    assert kept + sum(recording["left_out"].values()) == recording["entries"]
    assert set(recording["left_out"]) <= {reason for reason, _ in replay.LEFT_OUT}


def entry(**values: Any) -> Dict[str, Any]:
    """Give an entry of a full recording."""
    return {
        "name": "users [v1json]",
        "section": "list",
        "as": "admin",
        "method": "GET",
        "url": f"{USERS}?format=json",
        "form": None,
        "request_headers": {"OCS-APIRequest": "true"},
        "status": 200,
        "response_headers": {"Content-Type": "application/json", "Server": "nginx"},
        "body": '{"ocs":{}}',
        "ocs_statuscode": 100,
        **values,
    }


def test_trimming_keeps_what_the_program_can_cause_and_the_writes_behind_it():
    create = entry(name="create [v1xml]", method="POST", url=USERS, form="userid=user_1")
    foreign = entry(name="mail", method="POST", url=f"{USERS}/user_1/welcome?format=json")
    full = {"server": {}, "transcripts": [create, entry(name="read [v1xml]", url=USERS), foreign]}
    full["transcripts"] += [entry(), entry(name="users [v2json]")]
    short = trim.trim(copy.deepcopy(full))
    assert [step["name"] for step in short["sections"]["list"]] == [create["name"], entry()["name"]]
    assert short["sections"]["list"][0]["setup"] is True
    assert short["sections"]["list"][1]["answer_headers"] == {"Content-Type": "application/json"}


def test_a_trimmed_recording_is_read_as_it_was_written(tmp_path, monkeypatch):
    short = trim.trim({"server": {"version": "1"}, "transcripts": [entry()]})
    trim.write(short, tmp_path / "short.json")
    monkeypatch.setattr(replay, "RECORDINGS", tmp_path)
    assert replay.load("short") == short["sections"]


# Sizes.


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (-1, "?"),
        (0, "0 B"),
        (1000, "1000 B"),
        (1024, "1 KB"),
        (123456789, "117.7 MB"),
        (1040 * 1024**3, "1 TB"),
        (1536 * 1024**2, "1.5 GB"),
        (3 * 1024**5, "3 PB"),
    ],
)
def test_sizes_are_written_rounded(size_bytes, text):
    assert sizes.human_file_size(size_bytes) == text


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("5 GB", 5 * 1024**3),
        ("5G", 5 * 1024**3),
        ("1e9", 10**9),
        ("5 GiB", 5),
        ("1,5 GB", 1024**3),
        ("GB", 0),
        ("lots", None),
        ("", None),
        ("0x10", None),
        (" 5 GB ", None),
        ("88817.8 PB", 9.9999952745967e19),
    ],
)
def test_sizes_are_read_as_php_reads_them(text, size_bytes):
    assert sizes.computer_file_size(text) == size_bytes


# Sockets.


def handshake(cloud: Cloud) -> None:
    """Open a verified TLS connection; raises ssl.SSLError."""
    context = ssl.create_default_context(cafile=cloud.ca_file)
    plain = socket.create_connection(("127.0.0.1", cloud.port), timeout=PATIENCE_S)
    with plain, context.wrap_socket(plain, server_hostname="127.0.0.1") as connection:
        connection.sendall(b"GET /status.php HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 200 OK")


def test_a_good_certificate_is_trusted_through_its_authority():
    with Cloud(tls="good") as cloud:
        assert cloud.url.startswith("https://127.0.0.1:")
        handshake(cloud)
        cloud.ca_file = None
        with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
            handshake(cloud)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("self-signed", "self.signed certificate"),
        ("expired", "certificate has expired"),
        ("wrong-host", "IP address mismatch"),
    ],
)
def test_a_bad_certificate_is_bad_in_its_own_way(kind, reason):
    with Cloud(tls=kind) as cloud, pytest.raises(ssl.SSLCertVerificationError, match=reason):
        handshake(cloud)


def test_an_unknown_kind_of_certificate_is_refused():
    with pytest.raises(ValueError, match="no such kind of certificate"):
        Cloud(tls="nice")


def test_certificates_are_gone_when_the_cloud_is():
    with Cloud(tls="good") as cloud:
        assert Path(cloud.ca_file).exists()
    assert not Path(cloud.ca_file).exists()


def test_a_sub_path_belongs_to_the_url_and_nothing_lies_beside_it():
    with Cloud(sub_path="/nextcloud/") as cloud:
        assert cloud.url.endswith("/nextcloud")
        client = Client(cloud)
        assert client.get(USERS)[:2] == (200, 100)
        client.prefix = ""
        assert client.raw("GET", USERS)[0] == 404
        client.connection.close()
        assert [seen.path for seen in cloud.requests] == [USERS, USERS]
        assert [seen.http_status for seen in cloud.requests] == [200, 404]


def test_one_connection_serves_many_requests(cloud, client):
    other = Client(cloud)
    for one in (client, client, other, client):
        one.get("/ocs/v1.php/cloud/user")
    other.connection.close()
    first, second, third, fourth = [seen.connection_id for seen in cloud.requests]
    assert first == second == fourth != third


def test_a_paused_cloud_refuses_connections_and_comes_back_where_it_was(cloud, client):
    assert client.get(USERS)[1] == 100
    cloud.pause()
    with pytest.raises(ConnectionRefusedError):
        create_raw(cloud, "user_1")
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        client.get(USERS)
    client.connection.close()
    cloud.resume()
    cloud.resume()
    assert client.get(USERS)[1] == 100


def test_what_is_no_http_is_hung_up_on(cloud):
    for start in (b"hello\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", cloud.port), timeout=PATIENCE_S) as connection:
            connection.sendall(start)
            assert connection.recv(100) == b""


def test_a_request_that_did_not_come_whole_has_no_effect(cloud):
    starts = (
        f"GET {USERS} HTTP/1.1\r\nHost: cloud\r\n",
        f"POST {USERS} HTTP/1.1\r\nContent-Length: 50\r\n\r\nuserid=user_1",
    )
    for part in starts:
        with socket.create_connection(("127.0.0.1", cloud.port), timeout=PATIENCE_S) as connection:
            connection.sendall(part.encode())
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(100) == b""
    assert not cloud.requests


def test_by_hand_it_says_where_it_is():
    command = [sys.executable, "-m", "tests.doubles.cloud", "--sub-path", "/cloud"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.terminate()
        process.stdout.read()
    assert re.match(r"url +http://127\.0\.0\.1:\d+/cloud$", line)


# What the double remembers, and hooks.


def test_requests_are_remembered_without_their_passwords(cloud, client):
    client.call("POST", USERS, userid="user_1", password=GOOD_PASSWORD, **{"groups[]": ["admin"]})
    client.call("PUT", f"{USERS}/user_1", key="password", value=GOOD_PASSWORD + "2")
    create, edit = cloud.requests
    assert (create.method, create.path, create.query) == ("POST", USERS, {"format": "json"})
    assert create.form == {"userid": "user_1", "password": "***", "groups": ["admin"]}
    assert (create.login, create.kind_of_auth) == ("admin", "password")
    assert (create.http_status, create.ocs_code) == (200, 100)
    assert edit.form == {"key": "password", "value": "***"}
    assert create.seconds > 0
    assert edit.started >= create.started
    assert GOOD_PASSWORD not in repr(cloud.requests)
    assert "authorization" not in create.headers


def test_hooks_stand_before_and_behind_the_effect(cloud, client):
    moments: List[Tuple[str, bool, Optional[int]]] = []

    def note(moment: str, seen: Seen) -> None:
        moments.append((moment, "user_1" in cloud.users, seen.ocs_code))

    cloud.before = lambda seen: note("before " + (seen.login or ""), seen)
    cloud.after = lambda seen: note("after", seen)
    client.call("POST", USERS, userid="user_1", password=GOOD_PASSWORD)
    assert moments == [("before admin", False, None), ("after", True, 100)]


def test_a_hook_can_have_the_client_die_before_it_asked(cloud):
    cloud.before = lambda seen: False
    assert create_raw(cloud, "user_1") == b""
    assert "user_1" not in cloud.users


def test_a_hook_that_waits_holds_up_one_request_only(cloud, client):
    go_on = threading.Event()
    cloud.before = lambda seen: go_on.wait(PATIENCE_S) if seen.method == "POST" else None
    thread = threading.Thread(target=create_raw, args=(cloud, "user_1"))
    thread.start()
    assert client.get(f"{USERS}/user_1")[1] == 404
    go_on.set()
    thread.join()
    assert client.get(f"{USERS}/user_1")[1] == 100


def test_whoever_loses_the_race_for_a_login_is_told_101(cloud, client):
    both_in = threading.Barrier(2, timeout=PATIENCE_S)
    cloud.before = lambda seen: both_in.wait() and None
    answers: List[bytes] = []
    threads = [
        threading.Thread(target=lambda: answers.append(create_raw(cloud, "user_1")))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(re.findall(rb'"statuscode":(\d+)', b"".join(answers))) == [b"100", b"101"]
    cloud.before = None
    assert client.call("POST", USERS, userid="USER_1", password=GOOD_PASSWORD)[1] == 102


def test_reset_leaves_the_fresh_state(cloud, client):
    client.call("POST", USERS, userid="user_1", password=GOOD_PASSWORD)
    cloud.mint_app_password("admin")
    cloud.add_group("grp")
    cloud.maintenance = True
    cloud.faults.append(Fault("empty"))
    cloud.reset()
    assert list(cloud.users) == ["admin"]
    assert cloud.groups == {"admin": "admin"}
    assert not cloud.requests
    assert not cloud.faults
    assert not cloud.app_passwords
    assert client.get(USERS)[1] == 100


# Faults.


@pytest.mark.parametrize(
    ("kind", "start", "part", "created"),
    [
        ("cut_before", b"", b"", False),
        ("cut_after", b"", b"", True),
        ("empty", b"HTTP/1.1 200 OK", b"Content-Length: 0", True),
        ("html", b"HTTP/1.1 200 OK", b"<!DOCTYPE html>", False),
        ("garbage", b"HTTP/1.1 200 OK", b"\xff\x00", False),
        ("no_json", b"HTTP/1.1 200 OK", b"<id>user_1</id>", True),
        ("redirect", b"HTTP/1.1 301 ", b"Location: /elsewhere/ocs/v1.php/cloud/users", False),
        ("untrusted_host", b"HTTP/1.1 400 ", b"untrusted domain", False),
        ("unauthorized", b"HTTP/1.1 401 ", b"WWW-Authenticate: Basic", False),
        ("password_confirmation", b"HTTP/1.1 200 OK", b'"statuscode":403', False),
        ("precondition", b"HTTP/1.1 412 ", b'{"message":"CSRF check failed"}', False),
        ("throttle_http", b"HTTP/1.1 429 ", b"Content-Length: 0", False),
        ("throttle_retry_after", b"HTTP/1.1 429 ", b"Retry-After: 600", False),
        ("throttle_v1", b"HTTP/1.1 200 OK", b'"statuscode":429', False),
        ("maintenance", b"HTTP/1.1 503 ", b"X-Nextcloud-Maintenance-Mode: 1", False),
        ("bad_gateway", b"HTTP/1.1 502 ", b"502 Bad Gateway", False),
        ("status", b"HTTP/1.1 500 ", b"Content-Length: 0", False),
        ("ocs", b"HTTP/1.1 200 OK", b'"statuscode":500', False),
    ],
)
def test_a_fault_does_what_its_name_says_and_only_once(cloud, kind, start, part, created):
    cloud.faults.append(Fault(kind))
    received = create_raw(cloud, "user_1")
    assert received.startswith(start)
    assert bool(received) == bool(start)
    assert part in received
    assert ("user_1" in cloud.users) is created
    assert cloud.requests[0].fault == kind
    assert b'"statuscode":100' in create_raw(cloud, "user_2")


def test_every_kind_of_fault_is_tested():
    listed = test_a_fault_does_what_its_name_says_and_only_once.pytestmark[0].args[1]
    assert {row[0] for row in listed} | {"half", "stall", "drip"} == set(KINDS)


def test_a_fault_can_be_told_to_have_its_effect_all_the_same(cloud):
    cloud.faults.append(Fault("bad_gateway", effect=True))
    assert create_raw(cloud, "user_1").startswith(b"HTTP/1.1 502 ")
    assert "user_1" in cloud.users
    cloud.faults.append(Fault("empty", effect=False))
    create_raw(cloud, "user_2")
    assert "user_2" not in cloud.users


def test_half_an_answer_has_its_whole_length_in_the_header(cloud):
    cloud.faults.append(Fault("half"))
    head, _, body = create_raw(cloud, "user_1").partition(b"\r\n\r\n")
    promised = int(re.search(rb"Content-Length: (\d+)", head).group(1))
    assert 0 < len(body) < promised
    assert "user_1" in cloud.users


@pytest.mark.parametrize(
    ("effect", "waits_before_s", "waits_after_s", "created"),
    [(None, 0, 0.3, True), (LATE, 0.3, 0, True), (False, 0, 0.3, False)],
)
def test_a_stalled_request_has_its_effect_when_it_was_told_to(
    cloud, effect, waits_before_s, waits_after_s, created
):
    cloud.faults.append(Fault("stall", seconds=0.3, effect=effect))
    moments: List[Tuple[float, bool]] = []

    def note(seen: Seen) -> None:
        moments.append((time.monotonic(), "user_1" in cloud.users))

    cloud.before = cloud.after = note
    answer = create_raw(cloud, "user_1")
    (begun, is_there_at_first), (done, is_there_at_last) = moments
    assert done - begun >= waits_before_s
    assert time.monotonic() - done >= waits_after_s
    assert (is_there_at_first, is_there_at_last, bool(answer)) == (False, created, created)


def test_a_dripping_answer_comes_byte_by_byte_from_its_first(cloud):
    cloud.faults.append(Fault("drip", seconds=0.02))
    with socket.create_connection(("127.0.0.1", cloud.port), timeout=PATIENCE_S) as connection:
        connection.sendall(b"GET /status.php HTTP/1.1\r\n\r\n")
        parts = [connection.recv(65536) for _ in range(12)]
    assert b"".join(parts).startswith(b"HTTP/1.1 20")
    assert max(len(part) for part in parts) < 5


def test_a_stopped_cloud_waits_for_no_fault():
    with Cloud() as cloud:
        cloud.faults.append(Fault("stall", seconds=600))
        thread = threading.Thread(target=create_raw, args=(cloud, "user_1"))
        thread.start()
        while not cloud.requests:
            time.sleep(0.01)
    thread.join(PATIENCE_S)
    assert not thread.is_alive()


def test_a_fault_chooses_by_method_path_and_number(cloud, client):
    cloud.faults.append(
        Fault("ocs", method="GET", path=r"/user_\d$", nth=2, times=2, code=999, message="no")
    )
    cloud.add_user("user_1", GOOD_PASSWORD)
    path = f"{USERS}/user_1"
    codes = [client.get(path)[1], client.call("PUT", path, key="quota", value="1 GB")[1]]
    codes += [client.get(path)[1], client.get(USERS)[1], client.get(path)[1], client.get(path)[1]]
    assert codes == [100, 100, 999, 100, 999, 100]


def test_a_fault_can_last_for_ever_and_say_its_own_words(cloud, client):
    headers = {"Retry-After": "5", "X-Front": "yes"}
    cloud.faults.append(Fault("status", times=None, code=503, body=b"busy", headers=headers))
    for _ in range(3):
        status, answered, body = client.raw("GET", USERS)
        assert (status, body) == (503, b"busy")
        assert answered["Retry-After"] == "5"


def test_an_unknown_kind_of_fault_is_refused():
    with pytest.raises(ValueError, match="no such kind of fault"):
        Fault("slow")


# Logins.


def test_a_second_factor_closes_the_password_and_leaves_the_app_password(cloud):
    token = cloud.mint_app_password("admin")
    cloud.two_factor.add("admin")
    real, app = Client(cloud), Client(cloud, password=token)
    status, headers, body = real.raw("GET", USERS)
    assert (status, json.loads(body)["ocs"]["meta"]["statuscode"]) == (401, 997)
    assert json.loads(body)["ocs"]["meta"]["message"] == "Current user is not logged in"
    assert "WWW-Authenticate" not in headers
    assert app.call("POST", "/ocs/v1.php/cloud/groups", groupid="grp")[1] == 100
    assert [seen.kind_of_auth for seen in cloud.requests] == ["refused", "app_password"]
    assert cloud.door.brute_force.attempts == []
    real.connection.close()
    app.connection.close()


def test_a_token_is_a_login_of_its_own(cloud):
    token = cloud.mint_app_password("admin")
    good, bad = Client(cloud, bearer=token), Client(cloud, bearer="nothing")
    assert good.get("/ocs/v1.php/cloud/user")[2]["id"] == "admin"
    assert bad.get(USERS)[:2] == (401, 997)
    assert cloud.requests[0].kind_of_auth == "bearer"
    good.connection.close()
    bad.connection.close()


def test_an_app_password_goes_with_its_account(cloud, client):
    cloud.add_user("user_1", GOOD_PASSWORD)
    token = cloud.mint_app_password("user_1")
    assert as_user(cloud, "user_1", token)[1] == 100
    assert client.call("DELETE", f"{USERS}/USER_1")[1] == 100
    assert token not in cloud.app_passwords


def test_login_works_looks_at_password_and_state_and_leaves_no_trace(cloud):
    user = cloud.add_user("user_1", GOOD_PASSWORD, email="client7@example.com")
    assert cloud.login_works("USER_1", GOOD_PASSWORD)
    assert cloud.login_works("client7@example.com", GOOD_PASSWORD)
    assert not cloud.login_works("user_1", "other")
    assert not cloud.login_works("user_2", GOOD_PASSWORD)
    user.enabled = False
    assert not cloud.login_works("user_1", GOOD_PASSWORD)
    assert not user.logged_in
    assert cloud.door.brute_force.attempts == []


def test_wrong_passwords_delay_then_block_and_are_forgotten():
    clock = Clock()
    with Cloud(clock=clock) as cloud:
        client = Client(cloud)
        open_call = "/ocs/v1.php/cloud/capabilities"

        def delay_ms() -> int:
            client.headers.pop("Authorization", None)
            capabilities = client.get(open_call)[2]["capabilities"]
            assert "files" not in capabilities
            delay: int = capabilities["bruteforce"]["delay"]
            return delay

        assert delay_ms() == 0
        for failures, expected_ms in ((1, 200), (3, 800), (8, 25000), (11, 25000)):
            while len(cloud.door.brute_force.attempts) < failures:
                assert as_user(cloud, "admin", "wrong")[:2] == (401, None)
            assert delay_ms() == expected_ms
        assert as_user(cloud, "admin", cloud.admin_password)[:2] == (200, 429)
        clock.now += 31 * 60
        assert as_user(cloud, "other", "wrong")[0] == 401
        assert as_user(cloud, "admin", cloud.admin_password)[:2] == (200, 100)
        assert delay_ms() == 200
        clock.now += 13 * 3600
        assert delay_ms() == 0
        client.connection.close()


def test_delays_are_slept_when_scaled(cloud):
    cloud.brute_force_scale = 0.5
    as_user(cloud, "admin", "wrong")
    begun = time.monotonic()
    assert as_user(cloud, "admin", cloud.admin_password)[1] == 100
    assert time.monotonic() - begun >= 0.1


def test_a_disabled_account_is_refused_without_being_counted(cloud):
    cloud.add_user("user_1", GOOD_PASSWORD, enabled=False)
    assert as_user(cloud, "user_1", GOOD_PASSWORD)[0] == 401
    assert cloud.door.brute_force.attempts == []


def test_fifty_edits_in_ten_minutes_are_allowed_to_each_admin():
    clock = Clock()
    with Cloud(clock=clock) as cloud:
        cloud.add_user("user_1", GOOD_PASSWORD)
        cloud.add_user("second", GOOD_PASSWORD, groups=["admin"])
        client, second = Client(cloud), Client(cloud, "second", GOOD_PASSWORD)
        edit = {"key": "quota", "value": "1 GB"}
        path = f"{USERS}/user_1"
        for _ in range(50):
            assert client.call("PUT", path, **edit)[1] == 100
        status, headers, body = client.raw("PUT", path, **edit)
        assert (status, body) == (429, b"")
        assert headers["Content-Type"].startswith("text/html")
        assert "Retry-After" not in headers
        assert client.call("PUT", f"{path}/disable")[1] == 100
        assert second.call("PUT", path, **edit)[1] == 100
        clock.now += 601
        assert client.call("PUT", path, **edit)[1] == 100
        cloud.rate_limit.enabled = False
        assert {client.call("PUT", path, **edit)[0] for _ in range(60)} == {200}
        client.connection.close()
        second.connection.close()


# Sessions.

PROBE, CONFIRM = f"{USERS}/nobody/disable", "/ocs/v1.php/core/apppassword/confirm"
REFUSED = (
    b'{"ocs":{"meta":{"status":"failure","statuscode":403,"message":'
    b'"Password confirmation is required","totalitems":"","itemsperpage":""},"data":[]}}'
)


@pytest.fixture
def clock() -> Clock:
    """Give a clock that stands."""
    return Clock()


@pytest.fixture
def strict(clock: Clock) -> Iterator[Cloud]:
    """Give a cloud that refuses writes with an app password."""
    with Cloud(NEXTCLOUD_34, clock=clock) as double:
        yield double


def test_an_app_password_may_read_and_not_write_until_the_password_is_confirmed(strict, clock):
    client = Client(strict, password=strict.mint_app_password("admin"), cookies={})
    assert client.get(USERS)[:2] == (200, 100)
    assert client.raw("PUT", PROBE)[2] == REFUSED
    assert client.call("PUT", CONFIRM, password=GOOD_PASSWORD)[:2] == (200, 403)
    assert client.call("PUT", PROBE)[1] == 403
    confirmed = client.call("PUT", CONFIRM, password=strict.admin_password)
    assert confirmed == (200, 100, {"lastLogin": int(clock.now)})
    assert client.call("PUT", PROBE)[1] == 101
    clock.now += 30 * 60 + 14
    assert client.call("PUT", PROBE)[1] == 101
    clock.now += 2
    assert client.call("PUT", PROBE)[1] == 403
    assert client.get(USERS)[1] == 100
    assert client.call("PUT", CONFIRM, password=strict.admin_password)[1] == 100
    assert client.call("PUT", PROBE)[1] == 101
    assert {seen.kind_of_auth for seen in strict.requests[1:]} == {"session"}
    client.connection.close()


def test_a_confirmation_is_worth_nothing_without_the_cookies(strict):
    client = Client(strict, password=strict.mint_app_password("admin"))
    assert client.call("PUT", CONFIRM, password=strict.admin_password)[1] == 100
    assert client.call("PUT", PROBE)[1] == 403
    client.cookies = {}
    assert client.call("PUT", CONFIRM, password=strict.admin_password)[1] == 100
    del client.cookies["oc_sessionPassphrase"]
    assert client.call("PUT", PROBE)[1] == 403
    client.connection.close()


def test_a_real_password_writes_always_without_cookies_and_half_an_hour_with_them(strict, clock):
    plain, keeping = Client(strict), Client(strict, cookies={})
    assert keeping.call("PUT", PROBE)[1] == 101
    assert keeping.get(USERS)[1] == 100
    assert [seen.kind_of_auth for seen in strict.requests] == ["password", "password"]
    clock.now += 30 * 60 + 16
    assert plain.call("PUT", PROBE)[1] == 101
    assert keeping.call("PUT", PROBE)[1] == 403
    assert keeping.get(USERS)[1] == 100
    keeping.cookies = {}
    assert keeping.call("PUT", PROBE)[1] == 101
    plain.connection.close()
    keeping.connection.close()


@pytest.mark.parametrize("profile", [NEXTCLOUD_29, NEXTCLOUD_33], ids=lambda one: one.name)
def test_older_servers_want_a_confirmation_of_real_passwords_only(profile, clock):
    with Cloud(profile, clock=clock) as cloud:
        app = Client(cloud, password=cloud.mint_app_password("admin"), cookies={})
        real = Client(cloud, cookies={})
        for client in (app, app, real, real):
            assert client.call("PUT", PROBE)[1] == 101
        clock.now += 3600
        assert app.call("PUT", PROBE)[1] == 101
        assert real.call("PUT", PROBE)[1] == 403
        app.connection.close()
        real.connection.close()


def test_a_session_answers_as_its_user_whatever_login_is_sent(strict):
    strict.add_user("user_1", GOOD_PASSWORD)
    client = Client(strict, password=strict.mint_app_password("admin"), cookies={})
    assert client.get("/ocs/v1.php/cloud/user")[2]["id"] == "admin"
    for login, password in (("user_1", GOOD_PASSWORD), ("admin", "wrong"), ("nobody", "x")):
        other = Client(strict, login, password, cookies=client.cookies)
        assert other.get("/ocs/v1.php/cloud/user")[2]["id"] == "admin"
        assert strict.requests[-1].login == "admin"
        other.connection.close()
    del client.headers["Authorization"]
    assert client.get("/ocs/v1.php/cloud/user")[2]["id"] == "admin"
    del client.headers["OCS-APIRequest"]
    assert client.raw("GET", USERS)[0] == 412
    assert strict.door.brute_force.attempts == []
    client.connection.close()


def test_a_session_of_a_real_password_begins_when_the_client_has_shown_its_cookies(strict):
    client = Client(strict, cookies={})
    client.get(USERS)
    basic = client.headers.pop("Authorization")
    assert client.get(USERS)[:2] == (401, 997)
    client.headers["Authorization"] = basic
    client.get(USERS)
    del client.headers["Authorization"]
    assert client.get(USERS)[:2] == (200, 100)
    client.connection.close()


def test_a_session_ends_with_its_account_and_its_app_password(strict):
    strict.add_user("user_1", GOOD_PASSWORD)
    token = strict.mint_app_password("user_1")
    client = Client(strict, "user_1", token, cookies={})
    assert client.get("/ocs/v1.php/cloud/user")[1] == 100
    strict.users["user_1"].enabled = False
    assert client.get("/ocs/v1.php/cloud/user")[:2] == (401, 997)
    strict.users["user_1"].enabled = True
    del strict.app_passwords[token]
    assert client.get("/ocs/v1.php/cloud/user")[:2] == (401, 997)
    client.connection.close()


def test_wrong_confirmations_are_counted_apart_from_logins(strict):
    client = Client(strict, password=strict.mint_app_password("admin"), cookies={})
    client.get(USERS)
    for _ in range(11):
        assert client.call("PUT", CONFIRM, password="wrong")[:2] == (200, 403)
    assert client.call("PUT", CONFIRM, password=strict.admin_password)[:2] == (200, 429)
    assert as_user(strict, "admin", strict.admin_password)[1] == 100
    delay_ms = client.get("/ocs/v1.php/cloud/capabilities")[2]["capabilities"]["bruteforce"][
        "delay"
    ]
    assert delay_ms == 25000
    client.connection.close()


# ownCloud.


@pytest.fixture
def owncloud() -> Iterator[Cloud]:
    """Give an ownCloud."""
    with Cloud(OWNCLOUD_10) as double:
        yield double


def test_owncloud_creates_an_account_and_ignores_what_else_was_sent(owncloud):
    client = Client(owncloud)
    sent = {"quota": "5 GB", "email": "a@example.com", "displayName": "A", "language": "de"}
    created = client.call("POST", USERS, userid="user_1", password=GOOD_PASSWORD, **sent)
    assert created == (200, 100, [])
    user = owncloud.users["user_1"]
    assert (user.quota, user.email, user.display_name, user.language) == ("default", "", "", "en")
    record = client.get(f"{USERS}/user_1")[2]
    assert record["quota"] == {"definition": "default"}
    assert record["email"] is None
    for key, value in (("quota", "5 GB"), ("email", "a@example.com"), ("display", "A")):
        assert client.call("PUT", f"{USERS}/user_1", key=key, value=value)[1] == 100
    record = client.get(f"{USERS}/user_1")[2]
    assert (record["quota"], record["email"]) == ({"definition": "5 GB"}, "a@example.com")
    assert record["displayname"] == "A"
    assert not {"id", "groups"} & set(record)
    client.connection.close()


def test_owncloud_takes_an_app_password_as_login_and_as_token_and_counts_nothing(owncloud):
    token = owncloud.mint_app_password("admin")
    client = Client(owncloud, password=token)
    assert client.call("POST", "/ocs/v1.php/cloud/groups", groupid="grp")[1] == 100
    client.headers["Authorization"] = f"token {token}"
    assert client.call("DELETE", "/ocs/v1.php/cloud/groups/grp")[1] == 100
    client.headers["Authorization"] = f"Bearer {token}"
    assert client.get(USERS)[:2] == (401, 997)
    client.connection.close()
    for _ in range(12):
        assert as_user(owncloud, "admin", "wrong")[:2] == (401, 997)
    assert as_user(owncloud, "admin", owncloud.admin_password)[:2] == (200, 100)
    kinds = [seen.kind_of_auth for seen in owncloud.requests]
    assert kinds == ["app_password", "token", "none", *["refused"] * 12, "password"]
    assert owncloud.door.brute_force.attempts == []


def test_owncloud_says_unauthorised_for_what_is_no_wrong_password(owncloud):
    client = Client(owncloud)
    status, headers, _ = client.raw("PUT", f"{USERS}/nobody", key="quota", value="1 GB")
    assert (status, headers["WWW-Authenticate"]) == (401, 'Basic realm="Authorisation Required"')
    assert client.get("/ocs/v1.php/cloud/user")[:2] == (200, 100)
    assert client.get(f"{USERS}/nobody")[:2] == (200, 998)
    client.connection.close()


def test_a_home_of_owncloud_is_made_by_the_first_login(owncloud):
    owncloud.default_quota = "1 GB"
    owncloud.add_user("user_1", GOOD_PASSWORD)
    client = Client(owncloud)
    assert client.get(f"{USERS}/user_1")[2]["quota"] == {"definition": "default"}
    as_user(owncloud, "user_1", GOOD_PASSWORD)
    assert client.get(f"{USERS}/user_1")[2]["quota"] == {
        "free": 1024**3 - 163,
        "used": 163,
        "total": 1024**3,
        "relative": 0,
        "definition": "default",
    }
    client.connection.close()


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda one: one.name)
def test_what_a_test_can_set_works_on_every_server(profile):
    with Cloud(profile) as cloud:
        user = cloud.add_user("user_1", GOOD_PASSWORD)
        assert cloud.login_works("user_1", GOOD_PASSWORD)
        assert as_user(cloud, "user_1", GOOD_PASSWORD)[:2] == (200, 100)
        token = cloud.mint_app_password("user_1")
        user.enabled = False
        assert not cloud.login_works("user_1", GOOD_PASSWORD)
        assert as_user(cloud, "user_1", GOOD_PASSWORD)[0] == 401
        user.enabled = True
        cloud.two_factor.add("user_1")
        assert as_user(cloud, "user_1", GOOD_PASSWORD)[:2] == (401, 997)
        assert as_user(cloud, "user_1", token)[:2] == (200, 100)
        cloud.two_factor.clear()
        cloud.token_auth_enforced = True
        assert as_user(cloud, "user_1", GOOD_PASSWORD)[:2] == (401, 997)
        cloud.token_auth_enforced = False
        cloud.maintenance = True
        assert as_user(cloud, "user_1", GOOD_PASSWORD)[:2] == (503, 503)
        cloud.maintenance, cloud.untrusted_host = False, True
        assert as_user(cloud, "user_1", GOOD_PASSWORD)[0] == 400
        cloud.untrusted_host = False
        for kind, status in (("maintenance", 503), ("untrusted_host", 400), ("unauthorized", 401)):
            cloud.faults.append(Fault(kind))
            assert as_user(cloud, "user_1", GOOD_PASSWORD)[0] == status
        cloud.remove_user("user_1")
        assert token not in cloud.app_passwords
        assert as_user(cloud, "user_1", GOOD_PASSWORD)[0] == 401


# Users and groups beyond the recording.


def test_pages_follow_the_display_name_and_are_sorted_by_login_inside(cloud, client):
    for number in range(5):
        cloud.add_user(f"user_{number}", GOOD_PASSWORD, display_name=f"Name {9 - number}")
    cloud.add_user("zed", GOOD_PASSWORD)
    assert client.logins("limit=3") == ["admin", "user_4", "zed"]
    assert client.logins("limit=3&offset=3") == ["user_1", "user_2", "user_3"]
    assert client.logins("limit=3&offset=6") == ["user_0"]
    assert client.logins("limit=3&offset=9") == []
    cloud.users["user_0"].display_name = "A name"
    assert client.logins("limit=3") == ["admin", "user_0", "zed"]
    del cloud.users["user_0"]
    assert client.logins("limit=3") == ["admin", "user_4", "zed"]
    assert client.logins("search=NAME+8") == ["user_1"]


def test_details_whose_logins_count_from_zero_are_a_list(cloud, client):
    cloud.add_user("0", GOOD_PASSWORD)
    assert client.get(f"{USERS}/details?search=0")[2]["users"][0]["id"] == "0"


def test_what_differs_between_servers_is_a_matter_of_the_profile():
    profile = dataclasses.replace(NEXTCLOUD_29, page_limit_max=500, since_30=True, api_header=None)
    with Cloud(profile) as cloud:
        client = Client(cloud)
        codes = [client.get(f"{USERS}?limit={limit}")[1] for limit in (1, 500, 0, 501, "abc")]
        assert codes == [100, 100, 996, 996, 996]
        client.headers["OCS-APIRequest"] = "1"
        assert client.get(USERS)[:2] == (200, 100)
        del client.headers["OCS-APIRequest"]
        assert client.raw("GET", USERS)[0] == 412
        client.connection.close()
        assert as_user(cloud, "admin", "wrong")[:2] == (401, 997)


def test_a_storage_that_is_locked_shows_a_list_in_place_of_the_quota(cloud, client):
    cloud.add_user("user_1", GOOD_PASSWORD, quota="5 GB").storage_locked = True
    assert client.get(f"{USERS}/user_1")[2]["quota"] == []
    assert client.get(f"{USERS}/details")[2]["users"]["user_1"]["quota"] == []


def test_a_customer_who_logs_in_gets_a_home_and_the_long_quota(cloud, client):
    cloud.add_user("user_1", GOOD_PASSWORD, quota="5 GB")
    path = f"{USERS}/user_1"
    assert client.get(path)[2]["quota"] == {"quota": 5 * 1024**3, "used": 0}
    assert as_user(cloud, "user_1", GOOD_PASSWORD)[1] == 100
    cloud.users["user_1"].used_bytes = 1024**3
    assert client.get(path)[2]["quota"] == {
        "free": 4 * 1024**3,
        "used": 1024**3,
        "total": 5 * 1024**3,
        "relative": 20,
        "quota": 5 * 1024**3,
    }


def test_an_address_is_stored_in_lower_case(cloud, client):
    client.call("POST", USERS, userid="user_1", password=GOOD_PASSWORD, email="C7@Example.com")
    assert client.get(f"{USERS}/user_1")[2]["email"] == "c7@example.com"


def test_a_deleted_group_is_left_by_its_members(cloud, client):
    cloud.add_group("grp")
    cloud.add_user("user_1", GOOD_PASSWORD, groups=["grp"])
    assert client.call("DELETE", "/ocs/v1.php/cloud/groups/grp")[1] == 100
    assert client.get(f"{USERS}/user_1/groups")[2] == {"groups": []}
    assert client.get("/ocs/v1.php/cloud/groups/grp")[1] == 404


def test_a_sub_admin_sees_and_makes_only_his_own(cloud):
    cloud.add_group("grp")
    cloud.add_group("other")
    cloud.add_user("chief", GOOD_PASSWORD, subadmin=["grp"])
    cloud.add_user("user_1", GOOD_PASSWORD, groups=["grp", "other"])
    chief = Client(cloud, "chief", GOOD_PASSWORD)
    assert chief.logins("") == ["user_1"]
    assert chief.get(f"{USERS}/user_1/groups")[2] == {"groups": ["grp"]}
    assert chief.get("/ocs/v1.php/cloud/groups/grp")[2] == {"users": ["user_1"]}
    assert chief.get("/ocs/v1.php/cloud/groups/other")[1] == 403
    assert chief.get(f"{USERS}/admin/groups")[1] == 998
    chief.connection.close()


def test_a_sub_admin_pages_by_group_searches_with_a_limit_only_and_loses_number_logins(cloud):
    for group, login in (("grp", "user_1"), ("grp", "user_2"), ("other", "7714")):
        cloud.add_group(group)
        cloud.add_user(login, GOOD_PASSWORD, groups=[group])
    cloud.add_user("chief", GOOD_PASSWORD, subadmin=["grp", "other"])
    chief = Client(cloud, "chief", GOOD_PASSWORD)
    assert chief.logins("") == ["user_1", "user_2", 0]
    assert chief.logins("limit=1") == ["user_1", 0]
    assert chief.logins("limit=1&offset=1") == ["user_2"]
    assert chief.logins("search=user") == []
    assert chief.logins("search=user&limit=9") == ["user_1", "user_2"]
    assert "7714" in chief.get(f"{USERS}/details")[2]["users"]
    chief.connection.close()


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ("userid=user_1&password=%20%20%20", 101),
        ("userid=.ncdata&password=Customer-Pw-7!", 101),
        ("userid=.ocdata&password=Customer-Pw-7!", 100),
        ("userid=user_1&password=Customer-Pw-7!&quota=%D9%A1", 101),
        ("userid=user_1&password=Customer-Pw-7!&groups[0]=admin&groups[1]=nobody", 104),
    ],
)
def test_odd_creates_are_answered_as_a_running_server_did(strict, form, code):
    assert f'"statuscode":{code},'.encode() in raw_answer(strict, "POST", USERS, form)


def test_a_route_that_the_program_has_no_business_with_is_loud(cloud, client):
    assert client.raw("POST", f"{USERS}/admin/welcome")[0] == 501


@pytest.mark.parametrize("profile", [NEXTCLOUD_29, NEXTCLOUD_34], ids=lambda one: one.name)
def test_settings_of_apps_are_told_to_administrators(profile: Profile) -> None:
    """As seen on 29.0.6 and 34.0.1; the recordings do not have it."""
    path = "/ocs/v1.php/apps/provisioning_api/api/v1/config/apps/files/"
    with Cloud(profile) as cloud:
        cloud.add_group("grp")
        cloud.add_user("chief", GOOD_PASSWORD, subadmin=["grp"])
        admin, chief = Client(cloud), Client(cloud, "chief", GOOD_PASSWORD)
        assert admin.get(path + "default_quota") == (200, 100, {"data": ""})
        cloud.default_quota, cloud.unlimited_allowed = "2 GB", False
        assert admin.get(path + "default_quota") == (200, 100, {"data": "2 GB"})
        assert admin.get(path + "allow_unlimited_quota") == (200, 100, {"data": "0"})
        assert chief.get(path + "default_quota") == (200, 403, [])
        for client in (admin, chief):
            client.connection.close()


@pytest.mark.parametrize("is_object", [False, True])
def test_serverinfo_counts_storages_for_administrators(is_object: bool) -> None:
    """As seen on 34.0.1, with a disk and with S3; the recordings do not have it."""
    path = "/ocs/v1.php/apps/serverinfo/api/v1/info"
    with Cloud(NEXTCLOUD_34) as cloud:
        cloud.object_storage = is_object
        cloud.add_user("somebody", GOOD_PASSWORD)
        admin, somebody = Client(cloud), Client(cloud, "somebody", GOOD_PASSWORD)
        counts = admin.get(path)[2]["nextcloud"]["storage"]
        assert (counts["num_storages_home"] == 0) is is_object
        assert (counts["num_storages_other"] > 0) is is_object
        assert somebody.get(path)[:2] == (200, 401)
        cloud.tells_server_info = False
        assert admin.get(path)[:2] == (200, 998)
        for client in (admin, somebody):
            client.connection.close()
