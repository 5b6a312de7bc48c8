"""Sessions and the meaning of broken connections, over real sockets on 127.0.0.1."""

import logging
import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Type

import pytest
import requests

from tests.doubles.cloud import Cloud, Fault
from tests.tools.remembered import Remembered
from tests.unit.conftest import make_server
from utils.api import NextcloudAPIClient
from utils.base import errors
from utils.base.deeds import Deeds
from utils.base.secret import Secret
from utils.cloud import transport

Connect = Callable[..., NextcloudAPIClient]


@pytest.fixture
def connect(log: logging.Logger) -> Connect:
    """Makes a client of a base URL; further arguments as for the client or the server."""

    def make(
        base_url: str, ca_file: str = "", proxy: str = "", **server: Any
    ) -> NextcloudAPIClient:
        values = {"base_url": base_url, "secret": Secret("Admin-Pw-for-tests-1"), **server}
        return NextcloudAPIClient(make_server(**values), log, ca_file, proxy, Remembered())

    return make


@pytest.fixture(scope="module")
def shared() -> Iterator[Cloud]:
    """A cloud on plain http for the whole file."""
    with Cloud() as one:
        yield one


@pytest.fixture
def cloud(shared: Cloud) -> Cloud:
    """The cloud in its fresh state."""
    shared.reset()
    shared.resume()
    return shared


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def raw_server(answer: bytes) -> Iterator[int]:
    """A server that answers its first connection with these bytes and closes it; gives its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(10)
            connection.recv(65536)
            connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        thread.join(10)
        listener.close()


def fails(connect: Connect, url: str, expected: Type[errors.CloudError], **more: Any) -> str:
    """A write, which must fail so; gives the words."""
    with pytest.raises(errors.CloudError) as caught:
        connect(url, **more).create_group("clients")
    assert type(caught.value) is expected
    words = str(caught.value)
    assert " at 0x" not in words, "the address of an object tells nobody anything"
    assert "Admin-Pw-for-tests-1" not in words
    assert "POST " in words
    assert "/ocs/v1.php/cloud/groups" in words
    return words


# -- nothing was sent -------------------------------------------------------------------------


def test_a_refused_port_means_that_nothing_was_sent(connect: Connect) -> None:
    words = fails(connect, f"http://127.0.0.1:{free_port()}", errors.NothingSent)
    assert "refused" in words


def test_a_name_that_does_not_resolve_means_that_nothing_was_sent(connect: Connect) -> None:
    fails(connect, "http://host.invalid", errors.NothingSent)


def test_a_port_that_is_none_means_that_nothing_was_sent(connect: Connect) -> None:
    fails(connect, "http://127.0.0.1:99999", errors.NothingSent)


@pytest.mark.parametrize("url", ["http://" + "a" * 64 + ".example", "http://.example", "http://"])
def test_a_name_that_is_none_means_that_nothing_was_sent(connect: Connect, url: str) -> None:
    fails(connect, url, errors.NothingSent)


def test_a_server_that_never_takes_the_connection_is_unreachable(connect: Connect) -> None:
    """A full queue of waiting connections leaves the next one unanswered."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        waiting = []
        for _ in range(4):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
            waiting.append(one)
        try:
            fails(connect, f"http://127.0.0.1:{port}", errors.NothingSent, timeout_s=0.1)
        finally:
            for one in waiting:
                one.close()


@pytest.mark.parametrize("kind", ["self-signed", "expired", "wrong-host"])
def test_a_bad_certificate_is_told_as_such(connect: Connect, kind: str) -> None:
    with Cloud(tls=kind) as cloud:
        words = fails(connect, cloud.url, errors.CloudCertificate, ca_file=str(cloud.ca_file))
        assert not cloud.requests
    wanted = {"self-signed": "self", "expired": "expired", "wrong-host": "127.0.0.1"}[kind]
    assert wanted in words


def test_an_unknown_authority_is_told_as_such(connect: Connect) -> None:
    with Cloud(tls="good") as cloud:
        fails(connect, cloud.url, errors.CloudCertificate)


def test_a_server_that_speaks_plain_http_where_tls_was_asked_is_unreachable(
    connect: Connect, cloud: Cloud
) -> None:
    fails(connect, cloud.url.replace("http:", "https:"), errors.NothingSent)
    assert not cloud.requests


def test_a_proxy_that_refuses_is_unreachable(connect: Connect) -> None:
    proxy = f"http://127.0.0.1:{free_port()}"
    fails(connect, "https://cloud.example.com", errors.NothingSent, proxy=proxy)


def test_a_proxy_that_says_no_is_unreachable(connect: Connect) -> None:
    with raw_server(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n") as port:
        proxy = f"http://127.0.0.1:{port}"
        fails(connect, "https://cloud.example.com", errors.NothingSent, proxy=proxy)


@pytest.mark.parametrize("content", [None, "no certificate at all\n"])
def test_a_ca_file_that_is_none_is_a_broken_setting(
    connect: Connect, tmp_path: Path, content: Any
) -> None:
    ca_file = tmp_path / "ca.pem"
    if content is not None:
        ca_file.write_text(content)
    with pytest.raises(errors.SettingsBroken, match=r"ca\.pem"):
        connect("https://127.0.0.1:9", ca_file=str(ca_file))


def test_the_usual_authorities_are_those_of_the_library_for_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import certifi

    assert transport._authorities() == certifi.where()
    monkeypatch.setattr("os.path.isfile", lambda path: False)
    assert transport._authorities() is None, "a system has its own file"


# -- the answer was lost ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["cut_before", "half"])
def test_a_question_that_gets_no_answer_has_changed_nothing(
    connect: Connect, cloud: Cloud, kind: str
) -> None:
    cloud.faults.append(Fault(kind, times=None))
    with pytest.raises(errors.CloudUnreachable):
        connect(cloud.url).get_user("user_7")


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("kind", ["cut_before", "cut_after", "half"])
def test_a_cut_connection_is_an_unknown_outcome(
    connect: Connect, cloud: Cloud, kind: str, tls: bool
) -> None:
    with Cloud(tls="good") as secure:
        used = secure if tls else cloud
        used.faults.append(Fault(kind, times=None))
        fails(connect, used.url, errors.CloudLost, ca_file=secure.ca_file or "")
        assert len(used.requests) == 1, "what may have had an effect was sent again"


def test_a_stalled_answer_is_an_unknown_outcome(connect: Connect, cloud: Cloud) -> None:
    cloud.faults.append(Fault("stall", seconds=60))
    fails(connect, cloud.url, errors.CloudLost, timeout_s=0.2)


def test_a_plain_answer_of_a_tls_server_is_an_unknown_outcome(connect: Connect) -> None:
    with Cloud(tls="good") as secure:
        fails(connect, secure.url.replace("https:", "http:"), errors.CloudLost)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
    ],
)
def test_what_is_no_http_is_an_unknown_outcome(connect: Connect, answer: bytes) -> None:
    with raw_server(answer) as port:
        fails(connect, f"http://127.0.0.1:{port}", errors.CloudLost)


def test_a_failure_is_told_by_its_own_cause_and_not_by_an_earlier_one(
    connect: Connect, cloud: Cloud
) -> None:
    """After a lost answer the account is looked for: Python chains the second failure to it."""
    cloud.faults.append(Fault("cut_after"))
    client = connect(cloud.url)
    try:
        client.create_group("clients")
    except errors.CloudLost:
        cloud.pause()
        with pytest.raises(errors.NothingSent, match="refused"):
            client.get_user("user_7")
    else:
        pytest.fail("nothing was cut")


def test_an_earlier_certificate_is_not_blamed_for_a_later_failure(
    connect: Connect, cloud: Cloud
) -> None:
    with Cloud(tls="self-signed") as bad:
        try:
            connect(bad.url).get_user("user_7")
        except errors.CloudCertificate:
            cloud.faults.append(Fault("cut_after", times=None))
            with pytest.raises(errors.CloudLost):
                connect(cloud.url).create_group("clients")
        else:
            pytest.fail("the certificate was taken")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (requests.exceptions.InvalidURL("x"), errors.NothingSent),
        (requests.exceptions.InvalidSchema("x"), errors.NothingSent),
        (requests.exceptions.ConnectTimeout("x"), errors.NothingSent),
        (requests.exceptions.ReadTimeout("x"), errors.CloudLost),
        (requests.exceptions.ChunkedEncodingError("x"), errors.CloudLost),
        (requests.exceptions.ContentDecodingError("x"), errors.CloudLost),
        (requests.exceptions.RequestException("x"), errors.CloudLost),
    ],
)
def test_every_failure_of_the_library_has_a_meaning(
    error: requests.RequestException, expected: Type[errors.CloudError]
) -> None:
    assert type(transport.translate(error, "GET /x")) is expected


# -- what goes through ------------------------------------------------------------------------


def test_a_refused_connection_is_tried_again(connect: Connect, cloud: Cloud) -> None:
    """Nothing was sent, so even a write may be."""
    cloud.pause()
    threading.Timer(0.3, cloud.resume).start()
    connect(cloud.url).create_group("clients")
    assert "clients" in cloud.groups


def test_a_private_authority_can_be_named(connect: Connect) -> None:
    with Cloud(tls="good") as cloud:
        assert connect(cloud.url, ca_file=str(cloud.ca_file)).get_user("user_7") is None


def test_a_named_authority_does_not_replace_the_usual_ones(tmp_path: Path) -> None:
    with Cloud(tls="good") as cloud:
        http = transport.Http(5, True, str(cloud.ca_file))
        context = http.adapter.poolmanager.connection_pool_kw["ssl_context"]
    names = {str(one["subject"]) for one in context.get_ca_certs()}
    assert any("Test authority" in name for name in names)


def test_a_named_authority_is_trusted_behind_a_proxy_too() -> None:
    with Cloud(tls="good") as cloud:
        http = transport.Http(5, True, str(cloud.ca_file))
        manager: Any = http.adapter.proxy_manager_for("http://127.0.0.1:9")
    context = manager.connection_pool_kw["ssl_context"]
    assert [one for one in context.get_ca_certs() if "Test authority" in str(one["subject"])]


@pytest.mark.parametrize("kind", ["self-signed", "expired", "wrong-host"])
def test_certificates_may_be_left_unverified(
    connect: Connect, recwarn: pytest.WarningsRecorder, kind: str
) -> None:
    with Cloud(tls=kind) as cloud:
        assert connect(cloud.url, verify_tls=False).get_user("user_7") is None
    assert not list(recwarn)


def test_unverified_certificates_leave_others_verified(connect: Connect) -> None:
    with Cloud(tls="self-signed") as cloud:
        assert connect(cloud.url, verify_tls=False).get_user("user_7") is None
        fails(connect, cloud.url, errors.CloudCertificate)


def test_a_run_keeps_one_connection(connect: Connect, cloud: Cloud) -> None:
    client = connect(cloud.url)
    for _ in range(3):
        client.get_user("user_7")
        client.accepts("user_7", Secret("made-up-pw-77"))
    assert len({seen.connection_id for seen in cloud.requests}) == 1


def test_only_the_modules_own_login_keeps_a_session(connect: Connect, cloud: Cloud) -> None:
    """In a session the cloud answers as its user, whoever logs in."""
    client = connect(cloud.url, secret=Secret(cloud.mint_app_password("admin")))
    client.get_user("user_7")
    client.accepts("user_7", Secret("made-up-pw-77"))
    client.throttle()
    client.get_user("user_7")
    assert ["cookie" in seen.headers for seen in cloud.requests] == [False, False, False, True]


def test_an_old_session_is_not_used(
    connect: Connect, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = connect(cloud.url, secret=Secret(cloud.mint_app_password("admin")))
    client.get_user("user_7")
    monkeypatch.setattr(transport, "SESSION_LASTS_S", -1)
    client.get_user("user_7")
    assert ["cookie" in seen.headers for seen in cloud.requests] == [False, False]


def test_a_redirect_is_not_followed(connect: Connect, cloud: Cloud) -> None:
    cloud.faults.append(Fault("redirect", times=None))
    with pytest.raises(errors.CloudMoved, match="/elsewhere"):
        connect(cloud.url).create_group("clients")
    assert [seen.path for seen in cloud.requests] == ["/ocs/v1.php/cloud/groups"]


def test_the_environments_proxy_is_not_used(
    connect: Connect, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert connect(cloud.url).get_user("user_7") is None


def test_the_environments_authorities_are_not_used(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Cloud(tls="good") as cloud:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(cloud.ca_file))
        monkeypatch.setenv("CURL_CA_BUNDLE", str(cloud.ca_file))
        fails(connect, cloud.url, errors.CloudCertificate)


def test_a_proxy_in_the_settings_is_used(connect: Connect, cloud: Cloud) -> None:
    with pytest.raises(errors.FrontAnswered):
        connect("http://cloud.invalid", proxy=cloud.url).get_user("user_7")
    assert cloud.requests[0].path.startswith("http://cloud.invalid/ocs/v1.php/cloud/users/user_7")


def test_a_sub_path_is_kept(connect: Connect) -> None:
    with Cloud(sub_path="/nc") as cloud:
        assert cloud.url.endswith("/nc")
        assert connect(cloud.url).get_user("user_7") is None


def test_a_wrong_password_is_told_once(connect: Connect, cloud: Cloud) -> None:
    with pytest.raises(errors.LoginRefused):
        connect(cloud.url, secret=Secret("made-up-and-wrong")).get_user("user_7")
    assert len(cloud.requests) == 1


def test_an_account_lives_its_whole_life(connect: Connect, cloud: Cloud) -> None:
    client = connect(cloud.url)
    client.test_connection()
    client.create_group("clients")
    client.create_user("user_7", Secret("Made-up-pw-77"), 5 * 1024**3, group="clients")
    account = client.get_user("USER_7")
    assert account is not None
    assert (account.login, account.groups, account.quota_bytes) == (
        "user_7",
        ("clients",),
        5 * 1024**3,
    )
    assert client.accepts("user_7", Secret("Made-up-pw-77"))
    assert not client.accepts("user_7", Secret("made-up-and-wrong"))
    client.disable_user("user_7")
    client.disable_user("user_7")
    account = client.get_user("user_7")
    assert account is not None
    assert not account.enabled
    client.enable_user("user_7")
    client.remove_from_group("user_7", "clients")
    client.add_to_group("user_7", "clients")
    client.set_quota("user_7", 1024**3)
    client.set_email("user_7", "client7@example.com")
    page = client.users_page(0, 200)
    assert {one.login: one.email for one in page.accounts}["user_7"] == "client7@example.com"
    assert sorted(client.groups()) == ["admin", "clients"]
    client.delete_user("user_7")
    with pytest.raises(errors.NoSuchUser):
        client.delete_user("user_7")


@pytest.mark.parametrize("is_strict", [False, True])
def test_strict_checks_are_off_for_an_authority_of_the_settings_unless_asked_for(
    monkeypatch: pytest.MonkeyPatch, is_strict: bool
) -> None:
    """Python 3.13 has them on by itself; older ones are made to behave so here."""
    make = ssl.create_default_context

    def strict(*args: Any, **kwargs: Any) -> ssl.SSLContext:
        context = make(*args, **kwargs)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    monkeypatch.setattr(ssl, "create_default_context", strict)
    with Cloud(tls="lax") as cloud:
        assert cloud.ca_file is not None
        http = transport.Http(5, True, cloud.ca_file, is_strict=is_strict)
        url = cloud.url + "/status.php"
        if is_strict:
            with pytest.raises(errors.CloudCertificate):
                http.send("GET", url, None, None, transport.Anonymous())
        else:
            assert http.send("GET", url, None, None, transport.Anonymous()).status == 200


# -- what is counted ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("", {"requests/31/200": 1}),
        ("bad_gateway", {"requests/31/502": 1, "requests/31/200": 1, "retries/31": 1}),
        ("cut_before", {"requests/31/cloud_unreachable": 1}),
        ("status", {"requests/31/500": 1}),
    ],
)
def test_each_request_is_counted_by_what_came_of_it(
    cloud: Cloud, kind: str, expected: Dict[str, int]
) -> None:
    if kind:
        cloud.faults.append(Fault(kind, times=1))
    deeds = Deeds()
    http = transport.Http(5, True, deeds=deeds, module_id=31)
    with suppress(errors.CloudError):
        http.send("GET", f"{cloud.url}/status.php", None, None, transport.Anonymous())
    found = deeds.tally.numbers()
    counted = ("requests/", "retries/")
    assert {key: one for key, one in found.items() if key.startswith(counted)} == expected
    answers = sum(
        one
        for key, one in found.items()
        if key.startswith("request_ms/") and not key.endswith("/sum")
    )
    assert answers == sum(one for key, one in expected.items() if key.startswith("requests/"))
    assert ("pauses/31" in found) is ("retries/31" in expected)
