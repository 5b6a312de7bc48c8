"""The connection form: every way in which it can be wrong is said by a type of its own.

Whatever the form says, nothing in the cloud is changed, BILLmanager is not written to, and no
password comes back.
"""

import socket
from typing import Dict, Iterator, Optional, Tuple

import pytest
from lxml import etree

from tests.doubles.billmanager import Run, Stand
from tests.doubles.cloud import Cloud, Fault
from tests.e2e.sites import DoubleSite
from tests.e2e.world import World

pytestmark = pytest.mark.preloaded

PLAIN_PASSWORD = "Plain-Pw-for-tests-2"
URL_PASSWORD = "Url-Pw-for-tests-3"
FIELDS = ("base_url", "nc_username", "nc_password", "verify_ssl", "timeout")

Picture = Tuple[object, object]


def picture(cloud: Cloud) -> Picture:
    """What a module could change in a cloud: its accounts and groups."""
    users = {
        user.login: (
            user.password,
            user.email,
            user.display_name,
            user.quota,
            sorted(user.groups),
            user.enabled,
        )
        for user in cloud.users.values()
    }
    return users, dict(cloud.groups)


class Checker:
    """Asks check_connection about forms; untouched they hold a cloud and its administrator."""

    def __init__(self, stand: Stand, cloud: Cloud) -> None:
        self.stand = stand
        self.cloud = cloud
        stand.secrets.append(cloud.admin_password)

    def ask(self, **changes: Optional[str]) -> Run:
        """The run about a form with these fields changed, None for a field that is not there.

        Raises AssertionError where it wrote anything anywhere or showed a password.
        """
        fields: Dict[str, Optional[str]] = {
            "base_url": self.cloud.url,
            "nc_username": self.cloud.admin_login,
            "nc_password": self.cloud.admin_password,
            **changes,
        }
        secret = fields["nc_password"]
        if secret and secret.strip():
            self.stand.secrets.append(secret)
        before = picture(self.cloud)
        run = self.stand.run("check_connection", stdin=_form(fields))
        assert picture(self.cloud) == before
        assert not self.stand.calls
        assert run.stderr == b""
        shown = run.stdout.decode("utf-8")
        assert not [text for text in self.stand.secrets if len(text) > 5 and text in shown]
        return run

    def refused(self, **changes: Optional[str]) -> Optional[str]:
        """The error type of a form that must not be accepted."""
        run = self.ask(**changes)
        assert run.exit_code == 1, str(run)
        return run.error_type


def _form(fields: Dict[str, Optional[str]]) -> bytes:
    """The document that BILLmanager puts on standard input."""
    root = etree.Element("doc")
    etree.SubElement(root, "func").text = "processing.add.settings"
    module = etree.SubElement(root, "processingmodule")
    for name, value in fields.items():
        if value is not None:
            etree.SubElement(module, name).text = value
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


@pytest.fixture(scope="module")
def host() -> Iterator[Stand]:
    """One BILLmanager for the whole file: its database has no part in most of the cases."""
    with Stand(preloaded=True) as made:
        yield made
        assert not made.leaks
        assert not [text for text in made.secrets if len(text) > 5 and text in made.log]


@pytest.fixture
def stand(host: Stand) -> Iterator[Stand]:
    """The host as it was installed, whatever the test before made of it."""
    yield host
    settings = host.root / "etc/pmnextcloud.conf"
    if settings.exists():
        settings.unlink()
    host.write_db_conf()
    host.core_down = False
    host.do_nothing(False)


@pytest.fixture
def checker(stand: Stand, cloud: Cloud) -> Checker:
    """A form for the double over plain http on the loopback."""
    return Checker(stand, cloud)


# -- what works -------------------------------------------------------------------------------


def test_a_right_form_takes_three_requests_on_one_connection(checker: Checker) -> None:
    checker.ask().check()
    asked = [(seen.method, seen.path, seen.kind_of_auth) for seen in checker.cloud.requests]
    assert len(asked) <= 3
    assert len({seen.connection_id for seen in checker.cloud.requests}) == 1
    assert [kind for _, _, kind in asked].count("password") == 1


def test_neither_database_nor_core_is_needed_for_a_form_with_its_own_secret(
    checker: Checker,
) -> None:
    checker.stand.write_db_conf(DBSocket="/nonexistent/db.sock")
    checker.stand.core_down = True
    checker.ask().check()


@pytest.mark.parametrize("tail", ["/", "/index.php/"])
def test_a_cloud_in_a_folder_is_found_however_the_address_ends(stand: Stand, tail: str) -> None:
    with Cloud(sub_path="/clouds/next") as cloud:
        Checker(stand, cloud).ask(base_url=f" {cloud.url}{tail} ").check()


def test_a_password_with_any_characters_arrives_as_it_is(checker: Checker) -> None:
    password = " Пароль <7> & \"'%:ü\u20ac "
    checker.cloud.add_user("second", password, groups=["admin"])
    checker.ask(nc_username="second", nc_password=password).check()


def test_an_empty_user_name_makes_the_secret_a_token(checker: Checker) -> None:
    checker.ask(nc_username="", nc_password=checker.cloud.mint_app_password("admin")).check()
    assert [seen.kind_of_auth for seen in checker.cloud.requests if seen.method == "PUT"] == [
        "bearer"
    ]


# -- the fields -------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [None, "  "])
def test_no_address(checker: Checker, address: Optional[str]) -> None:
    assert checker.refused(base_url=address) == "url_missing"


@pytest.mark.parametrize("secret", [None, ""])
def test_no_secret(checker: Checker, secret: Optional[str]) -> None:
    assert checker.refused(nc_password=secret) == "secret_missing"
    assert not checker.cloud.requests


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_over_its_length_is_named(checker: Checker, name: str) -> None:
    run = checker.ask(**{name: "https://" + "x" * 248})
    assert (run.exit_code, run.error_type, run.error_value) == (1, "field_too_long", name)
    assert not checker.cloud.requests


def test_a_secret_that_billmanager_cannot_encrypt_is_too_long(checker: Checker) -> None:
    # The stand's key has 2048 bits: one block of it takes 245 bytes.
    for secret in ("x" * 246, "Ж" * 123):
        run = checker.ask(nc_password=secret)
        assert (run.error_type, run.error_value) == ("field_too_long", "nc_password")
    assert checker.refused(nc_password="x" * 245) == "cloud_login_refused"


@pytest.mark.parametrize(
    "address",
    [
        "cloud.example.com",
        "//cloud.example.com",
        "ftp://cloud.example.com",
        "https://",
        "https://cloud.example.com:99999",
        "https://cloud example.com",
        "https://[::1",
        "https://cloud.example.com/?folder=1",
        "https://cloud.example.com/<script>",
    ],
)
def test_what_is_no_address_of_a_cloud(checker: Checker, address: str) -> None:
    run = checker.ask(base_url=address)
    assert (run.exit_code, run.error_type) == (1, "url_invalid")
    assert run.error_value
    assert not checker.cloud.requests


@pytest.mark.parametrize(
    "address",
    [
        f"https://root:{URL_PASSWORD}@cloud.example.com",
        f"https://root:{URL_PASSWORD}@cloud.example.com:99999",
        f"ftp://root:{URL_PASSWORD}@cloud.example.com",
        f"https://root:{URL_PASSWORD}@",
        f"root:{URL_PASSWORD}@cloud.example.com",
    ],
)
def test_a_password_in_the_address_is_refused_and_not_shown(checker: Checker, address: str) -> None:
    checker.stand.secrets.append(URL_PASSWORD)
    assert checker.refused(base_url=address) == "url_invalid"


@pytest.mark.parametrize("seconds", ["4", "301", "-30", "soon", "\u00b3\u2070"])
def test_a_time_limit_that_is_none(checker: Checker, seconds: str) -> None:
    assert checker.refused(timeout=seconds) == "timeout_invalid"
    assert not checker.cloud.requests


# -- the way there ----------------------------------------------------------------------------


def test_plain_http_to_another_machine_is_refused_unless_the_settings_allow_it(
    checker: Checker,
) -> None:
    assert checker.refused(base_url="http://host.invalid") == "plain_http"
    checker.stand.write("etc/pmnextcloud.conf", "allow_plain_http = yes\n")
    assert checker.refused(base_url="http://host.invalid") == "cloud_unreachable"


def test_plain_http_on_the_loopback_is_accepted_by_its_name_too(checker: Checker) -> None:
    run = checker.ask(base_url=f"http://LOCALHOST:{checker.cloud.port}")
    try:
        socket.getaddrinfo("localhost", checker.cloud.port)
    except OSError:  # a bare root file system need not know the name
        assert run.error_type == "cloud_unreachable"
    else:
        run.check()


def test_a_host_that_only_looks_like_the_loopback_is_none(checker: Checker) -> None:
    assert checker.refused(base_url="http://127.0.0.1.host.invalid") == "plain_http"


def test_nobody_listens(checker: Checker) -> None:
    checker.cloud.pause()
    assert checker.refused() == "cloud_unreachable"


def test_a_name_that_does_not_resolve(checker: Checker) -> None:
    assert checker.refused(base_url="https://host.invalid") == "cloud_unreachable"


def test_https_to_a_server_that_speaks_http_only(checker: Checker) -> None:
    address = checker.cloud.url.replace("http:", "https:")
    assert checker.refused(base_url=address) == "cloud_unreachable"


@pytest.mark.parametrize("kind", ["self-signed", "expired", "wrong-host"])
def test_a_bad_certificate_even_of_a_trusted_authority(stand: Stand, kind: str) -> None:
    with Cloud(tls=kind) as cloud:
        stand.write("etc/pmnextcloud.conf", f"ca_file = {cloud.ca_file}\n")
        checker = Checker(stand, cloud)
        assert checker.refused() == "cloud_certificate"
        assert checker.refused(verify_ssl="on") == "cloud_certificate"
        assert not cloud.requests
        checker.ask(verify_ssl="off").check()


def test_a_private_authority_is_trusted_where_the_settings_name_it(stand: Stand) -> None:
    with Cloud(tls="good") as cloud:
        checker = Checker(stand, cloud)
        assert checker.refused() == "cloud_certificate"
        stand.write("etc/pmnextcloud.conf", f"ca_file = {cloud.ca_file}\n")
        checker.ask().check()


# -- what answers there -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        Fault("html", times=None),
        Fault("garbage", times=None),
        Fault("empty", times=None),
        Fault("status", times=None, code=404, body=b"<html><h1>Not Found</h1></html>"),
        Fault("status", times=None, code=200, body=b'{"status": "up", "version": 3}'),
    ],
    ids=["site", "garbage", "nothing", "404", "other-json"],
)
def test_something_else_than_a_cloud_gets_no_password(checker: Checker, fault: Fault) -> None:
    checker.cloud.faults.append(fault)
    assert checker.refused() == "not_a_cloud"
    assert {seen.login for seen in checker.cloud.requests} == {None}


def test_a_folder_in_which_there_is_no_cloud(checker: Checker) -> None:
    assert checker.refused(base_url=checker.cloud.url + "/wiki") == "not_a_cloud"


@pytest.mark.parametrize("path", [None, "/disable"])
def test_a_redirect_is_told_and_not_followed(checker: Checker, path: Optional[str]) -> None:
    checker.cloud.faults.append(Fault("redirect", path=path, times=None))
    run = checker.ask()
    assert (run.exit_code, run.error_type) == (1, "cloud_moved")
    assert run.error_value is not None
    assert "/elsewhere" in run.error_value
    assert checker.cloud.requests[-1].fault == "redirect"


def test_a_host_name_that_the_cloud_does_not_trust(checker: Checker) -> None:
    checker.cloud.untrusted_host = True
    assert checker.refused() == "cloud_untrusted_host"


def test_maintenance(checker: Checker) -> None:
    checker.cloud.maintenance = True
    assert checker.refused() == "cloud_maintenance"
    assert {seen.login for seen in checker.cloud.requests} == {None}


# -- who asks there ---------------------------------------------------------------------------


def test_a_wrong_password_is_tried_once(checker: Checker) -> None:
    assert checker.refused(nc_password="Wrong-Pw-for-tests-4") == "cloud_login_refused"
    assert checker.cloud.door.brute_force.count(3600) == 1


def test_an_unknown_user_and_one_that_is_disabled(checker: Checker) -> None:
    checker.cloud.add_user("asleep", PLAIN_PASSWORD, groups=["admin"], enabled=False)
    assert checker.refused(nc_username="nobody") == "cloud_login_refused"
    assert (
        checker.refused(nc_username="asleep", nc_password=PLAIN_PASSWORD) == "cloud_login_refused"
    )


def test_a_wrong_token(checker: Checker) -> None:
    refused = checker.refused(nc_username="", nc_password="wrong-token-for-tests")
    assert refused in ("cloud_login_refused", "cloud_app_password_needed")


def test_two_factor_login_needs_an_app_password(checker: Checker) -> None:
    checker.cloud.two_factor.add("admin")
    assert checker.refused() == "cloud_app_password_needed"
    checker.ask(nc_password=checker.cloud.mint_app_password("admin")).check()


def test_a_cloud_that_takes_tokens_only_needs_an_app_password(checker: Checker) -> None:
    checker.cloud.token_auth_enforced = True
    assert checker.refused() == "cloud_app_password_needed"


def test_a_cloud_that_takes_no_app_passwords_on_writes(checker: Checker) -> None:
    checker.cloud.faults.append(Fault("password_confirmation", method="PUT", times=None))
    secret = checker.cloud.mint_app_password("admin")
    assert checker.refused(nc_password=secret) == "cloud_app_password_refused"


def test_a_user_without_rights(checker: Checker) -> None:
    checker.cloud.add_user("plain", PLAIN_PASSWORD)
    refused = checker.refused(nc_username="plain", nc_password=PLAIN_PASSWORD)
    assert refused == "cloud_rights_missing"


@pytest.mark.parametrize("failures", [7, 11], ids=["slow", "blocked"])
def test_a_throttled_address_is_seen_without_logging_in(checker: Checker, failures: int) -> None:
    for _ in range(failures):
        checker.cloud.door.brute_force.failed("somebody")
    assert checker.refused() == "cloud_throttled"
    assert {seen.login for seen in checker.cloud.requests} == {None}


def test_a_few_failures_of_others_are_no_obstacle(checker: Checker) -> None:
    for _ in range(6):
        checker.cloud.door.brute_force.failed("somebody")
    checker.ask().check()


@pytest.mark.parametrize("status", [200, 401, 403, 404, 503])
def test_somebody_who_stands_between_form_and_cloud(checker: Checker, status: int) -> None:
    page = b"<html><title>Shield</title></html>"
    checker.cloud.faults.append(Fault("status", path="^/ocs/", times=None, code=status, body=page))
    assert checker.refused() == "front_answered"
    assert {seen.login for seen in checker.cloud.requests} == {None}


@pytest.mark.parametrize(
    ("kind", "error_type"),
    [("throttle_v1", "cloud_throttled"), ("throttle_retry_after", "front_throttled")],
)
def test_a_throttled_login(checker: Checker, kind: str, error_type: str) -> None:
    checker.cloud.faults.append(Fault(kind, method="PUT", times=None))
    run = checker.ask()
    assert (run.exit_code, run.error_type) == (1, error_type)
    assert sum(seen.fault == kind for seen in checker.cloud.requests) == 1, "nor waited for"


# -- time -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [Fault("stall", times=None, seconds=60), Fault("drip", times=None, seconds=1)],
    ids=["silent", "byte-a-second"],
)
def test_a_cloud_that_is_too_slow_is_not_waited_for(checker: Checker, fault: Fault) -> None:
    checker.stand.write("etc/pmnextcloud.conf", "form_budget_s = 5\n")
    checker.cloud.faults.append(fault)
    run = checker.ask()
    assert (run.exit_code, run.error_type) == (1, "out_of_time")
    assert run.seconds < 30, "half of the time that the cloud would take"


# -- an empty secret on a module that is there ------------------------------------------------


def stored(checker: Checker, base_url: str, **module: object) -> str:
    """The number of a stored module with that address and the administrator's password."""
    site = DoubleSite(checker.cloud)
    return str(World(checker.stand, site, **{"base_url": base_url, **module}).module)


@pytest.mark.parametrize(
    ("crypted", "name"), [(True, "id"), (False, "elid")], ids=["encrypted", "clear"]
)
def test_the_stored_secret_stands_in_for_an_empty_one_whatever_the_path(
    checker: Checker, crypted: bool, name: str
) -> None:
    number = stored(checker, checker.cloud.url + "/former/folder", crypted=crypted)
    checker.ask(nc_password="", **{name: number}).check()
    assert checker.cloud.requests[-1].kind_of_auth == "password"


@pytest.fixture
def stranger() -> Iterator[Cloud]:
    """Another server, which must not get the stored secret."""
    with Cloud() as made:
        yield made


def test_the_stored_secret_is_not_sent_to_another_port(checker: Checker, stranger: Cloud) -> None:
    number = stored(checker, checker.cloud.url)
    refused = checker.refused(base_url=stranger.url, nc_password="", id=number)
    assert refused == "secret_missing"
    assert not stranger.requests


def test_the_stored_secret_is_not_sent_to_another_host(checker: Checker) -> None:
    number = stored(checker, f"http://localhost:{checker.cloud.port}")
    assert checker.refused(nc_password="", id=number) == "secret_missing"
    assert not checker.cloud.requests


def test_the_stored_secret_is_not_sent_by_another_protocol(checker: Checker) -> None:
    number = stored(checker, checker.cloud.url.replace("http:", "https:"))
    assert checker.refused(nc_password="", id=number) == "secret_missing"
    assert not checker.cloud.requests


def test_the_usual_port_is_the_same_port_written_out(checker: Checker) -> None:
    number = stored(checker, "http://LOCALHOST")
    run = checker.ask(base_url="http://localhost:80/", nc_password="", id=number)
    assert run.error_type != "secret_missing"


def test_no_secret_of_another_handler_or_of_no_module_at_all(checker: Checker) -> None:
    number = stored(checker, checker.cloud.url, module="pmother")
    assert checker.refused(nc_password="", id=number) == "module_not_found"
    assert checker.refused(nc_password="", id="999999") == "module_not_found"
    assert checker.refused(nc_password="", id="") == "secret_missing"
    assert checker.refused(nc_password="", id="31 OR 1=1") == "secret_missing"
    assert not checker.cloud.requests


def test_a_stored_secret_that_does_not_decrypt(checker: Checker) -> None:
    number = stored(checker, checker.cloud.url)
    broken = "UPDATE processingcryptedparam SET value = 'AAAA' WHERE processingmodule = %s"
    checker.stand.sql(broken, number)
    assert checker.refused(nc_password="", id=number) == "module_secret_broken"
    assert not checker.cloud.requests


# -- DoNothing --------------------------------------------------------------------------------


def test_do_nothing_sends_nothing_but_still_reads_the_form(checker: Checker) -> None:
    number = stored(checker, checker.cloud.url)
    checker.stand.do_nothing()
    checker.ask().check()
    checker.ask(nc_password="", id=number).check()
    assert checker.refused(base_url="") == "url_missing"
    assert checker.refused(base_url="cloud.example.com") == "url_invalid"
    assert checker.refused(base_url="http://host.invalid") == "plain_http"
    assert checker.refused(nc_password="") == "secret_missing"
    assert not checker.cloud.requests
