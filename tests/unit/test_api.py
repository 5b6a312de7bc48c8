"""NextcloudAPIClient: what it sends, and what each answer of a cloud means to it."""

import json
import logging
import re
from base64 import b64encode
from contextlib import suppress
from typing import Any, Callable, Dict, List, Optional, Type
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import requests
import responses
from hypothesis import example, given
from hypothesis import strategies as st

from tests.tools.remembered import Remembered
from tests.unit.conftest import BASE, PASSWORD, make_server, ocs, recorded
from utils.api import NextcloudAPIClient
from utils.base import errors, sizes
from utils.base.secret import Secret
from utils.cloud import transport
from utils.cloud.answers import account_from
from utils.cloud.products import NEXTCLOUD, OWNCLOUD

CLOUD = BASE + "/ocs/v1.php/cloud"
USER = CLOUD + "/users/user_7"
GIB = 1024**3
Call = Callable[[NextcloudAPIClient], Any]


@pytest.fixture
def cloud(log: logging.Logger) -> NextcloudAPIClient:
    """A client of the cloud at BASE."""
    return NextcloudAPIClient(make_server(), log, memory=Remembered())


def create(cloud: NextcloudAPIClient, **more: Any) -> None:
    """Makes user_7 with 5 GiB."""
    cloud.create_user("user_7", Secret("Made-up-pw-77"), 5 * GIB, **more)


CALLS: Dict[str, Any] = {
    "create_user": ("POST", "/users", create),
    "get_user": ("GET", "/users/user_7", lambda cloud: cloud.get_user("user_7")),
    "set_quota": ("PUT", "/users/user_7", lambda cloud: cloud.set_quota("user_7", GIB)),
    "set_email": ("PUT", "/users/user_7", lambda cloud: cloud.set_email("user_7", "a@b.example")),
    "enable_user": ("PUT", "/users/user_7/enable", lambda cloud: cloud.enable_user("user_7")),
    "disable_user": ("PUT", "/users/user_7/disable", lambda cloud: cloud.disable_user("user_7")),
    "delete_user": ("DELETE", "/users/user_7", lambda cloud: cloud.delete_user("user_7")),
    "users": ("GET", "/users/details", lambda cloud: cloud.users_page(0, 200)),
    "groups": ("GET", "/groups", lambda cloud: list(cloud.groups())),
    "create_group": ("POST", "/groups", lambda cloud: cloud.create_group("clients")),
    "add_to_group": (
        "POST",
        "/users/user_7/groups",
        lambda cloud: cloud.add_to_group("user_7", "clients"),
    ),
    "remove_from_group": (
        "DELETE",
        "/users/user_7/groups",
        lambda cloud: cloud.remove_from_group("user_7", "clients"),
    ),
}
"""Every call about users and groups: its method, its path, how it is made."""

HTML = {"body": "<!DOCTYPE html><html><body>Log in</body></html>", "content_type": "text/html"}
CONFIRM = "Password confirmation is required"
GENERAL: Dict[str, Any] = {
    "401 in XML with WWW-Authenticate": (
        recorded("wrong password [v1json]"),
        errors.LoginRefused,
    ),
    "401 without the header, two-factor": (
        recorded("2FA enforced: real password [v1json]"),
        errors.AppPasswordNeeded,
    ),
    "401 without the header, tokens enforced": (
        recorded("token_auth_enforced: real password [v1json]"),
        errors.AppPasswordNeeded,
    ),
    "403 confirmation, v1": (ocs(403, message=CONFIRM), errors.AppPasswordRefused),
    "403 confirmation, HTTP": (ocs(403, message=CONFIRM, status=403), errors.AppPasswordRefused),
    "403 no administrator": (recorded("non-admin POST /users [v1json]"), errors.RightsMissing),
    "429 empty": (recorded("rate limit, v1 json [v1json]"), errors.CloudThrottled),
    "429 inside HTTP 200": (
        recorded("brute force: right password, attempts were on other logins [v1json]"),
        errors.CloudThrottled,
    ),
    "429 in an envelope": (ocs(429, status=429), errors.CloudThrottled),
    "503 with the header": (recorded("maintenance [v1json]"), errors.CloudMaintenance),
    "301": ({"status": 301, "headers": {"Location": "https://new.example"}}, errors.CloudMoved),
    "400 HTML": (recorded("untrusted domain GET"), errors.CloudUntrustedHost),
    "400 empty": ({"status": 400}, errors.CloudRefused),
    "200 empty": ({"body": ""}, errors.CloudLost),
    "garbage": ({"body": b'{"ocs":{"meta":\xff\x00'}, errors.CloudLost),
    "half JSON": ({"body": '{"ocs":{"meta":{"status":"ok","statuscode":100'}, errors.CloudLost),
    "JSON, no envelope": ({"body": '{"ocs": []}'}, errors.CloudLost),
    "XML without a number": ({"body": "<ocs><meta/></ocs>"}, errors.CloudLost),
    "half XML": ({"body": "<ocs><meta><statuscode>100"}, errors.CloudLost),
    "996": (recorded("create without userid [v1json]"), errors.ServerFault),
    "996 under HTTP 500": (ocs(996, status=500), errors.ServerFault),
    "an unknown code": (ocs(777, message="?"), errors.CloudRefused),
    "999": (ocs(999), errors.ApiDisabled),
}
"""Answers that mean the same to every call, but for the next two lists."""

NO_ANSWER = (
    "200 empty",
    "garbage",
    "half JSON",
    "JSON, no envelope",
    "XML without a number",
    "half XML",
)
"""What says nothing: after a write the outcome is unknown, after a question nothing was changed."""

WRITE_LIMIT = ("429 empty",)
"""What the limit of edits answers; the block after wrong logins has an envelope and is another."""


def public(error: errors.PmError) -> Type[BaseException]:
    """The error's class, or what it refines where the class itself is nobody else's business."""
    return next(one for one in type(error).__mro__ if not one.__name__.startswith("_"))


def stub(http: responses.RequestsMock, call: str, answer: Dict[str, Any]) -> Call:
    """Stubs one call of CALLS and returns how it is made."""
    method, path, make = CALLS[call]
    http.add(method, CLOUD + path, **answer)
    return make  # made by name


# -- failures ---------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", GENERAL)
@pytest.mark.parametrize("call", CALLS)
def test_a_general_answer_means_the_same_to_every_call(
    http: responses.RequestsMock, cloud: NextcloudAPIClient, call: str, answer: str
) -> None:
    arguments, expected = GENERAL[answer]
    if call in ("set_quota", "set_email") and answer in WRITE_LIMIT:
        expected = errors.CloudWriteLimit
    if CALLS[call][0] == "GET" and answer in NO_ANSWER:
        expected = errors.CloudUnreachable
    make = stub(http, call, arguments)
    with pytest.raises(errors.CloudError) as caught:
        make(cloud)
    if expected is errors.ServerFault and call == "get_user":
        expected = errors.AccountUnreadable
    assert public(caught.value) is expected
    asked = [one for one in http.calls if not one.request.url.split("?")[0].endswith("/cloud/user")]
    if expected is errors.ServerFault and call == "enable_user":
        assert len(asked) == 2, "the limit of users is looked at"
    else:
        assert len(asked) == 1, "it was sent again, or a redirect was followed"
    assert PASSWORD not in str(caught.value)


REFUSED, NO_USER, NO_GROUP = errors.CloudRefused, errors.NoSuchUser, errors.NoSuchGroup
MEANINGS = [
    *[("create_user", code, REFUSED) for code in (101, 102, 103, 108, 109, 110, 111)],
    *[("create_user", code, errors.GroupNotAllowed) for code in (105, 106)],
    ("create_user", 104, NO_GROUP),
    ("create_user", 107, errors.PasswordRefused),
    *[("set_quota", code, REFUSED) for code in (101, 102, 103, 107, 112, 113)],
    ("set_quota", 998, NO_USER),
    ("set_email", 998, NO_USER),
    ("enable_user", 101, NO_USER),
    ("enable_user", 998, NO_USER),
    ("disable_user", 101, NO_USER),
    ("disable_user", 998, NO_USER),
    ("delete_user", 998, NO_USER),
    ("delete_user", 101, REFUSED),
    ("users", 997, errors.AppPasswordNeeded),
    ("groups", 101, REFUSED),
    ("create_group", 101, REFUSED),
    ("create_group", 103, REFUSED),
    *[
        (call, code, kind)
        for call in ("add_to_group", "remove_from_group")
        for code, kind in ((101, REFUSED), (102, NO_GROUP), (103, NO_USER))
    ],
    ("add_to_group", 104, errors.GroupNotAllowed),
    ("remove_from_group", 105, errors.GroupNotAllowed),
]


@pytest.mark.parametrize(("call", "code", "expected"), MEANINGS)
def test_a_code_means_what_it_means_beside_its_call(
    http: responses.RequestsMock,
    cloud: NextcloudAPIClient,
    call: str,
    code: int,
    expected: Type[errors.PmError],
) -> None:
    make = stub(http, call, ocs(code, message="said so"))
    if code == 107 and call == "create_user":
        http.post(CLOUD + "/users", **ocs(101, message="no such login"))
    with pytest.raises(errors.PmError) as caught:
        make(cloud)
    assert type(caught.value) is expected
    if isinstance(caught.value, errors.CloudRefused):
        assert caught.value.ocs_code == code
        assert caught.value.message == "said so"


def test_create_tells_a_missing_group(
    http: responses.RequestsMock, cloud: NextcloudAPIClient
) -> None:
    http.post(CLOUD + "/users", **recorded("create missing group [v1json]"))
    with pytest.raises(errors.NoSuchGroup):
        create(cloud, group="nosuchgroup")


def test_create_hands_on_the_policys_own_words(
    http: responses.RequestsMock, cloud: NextcloudAPIClient
) -> None:
    http.post(CLOUD + "/users", **recorded("create weak password [v1json]"))
    http.post(CLOUD + "/users", **ocs(101, message="no such login"))
    with pytest.raises(errors.PasswordRefused, match="among the 1,000,000"):
        create(cloud)


def test_get_user_finds_nobody_where_nextcloud_says_404(
    http: responses.RequestsMock, cloud: NextcloudAPIClient
) -> None:
    http.get(USER, **recorded("get nonexistent [v1json]"))
    assert cloud.get_user("user_7") is None


def test_get_user_tells_a_missing_right_from_a_missing_account(
    http: responses.RequestsMock, cloud: NextcloudAPIClient
) -> None:
    """A sub-administrator is told 998, without words, of an account that is not his."""
    http.get(USER, **recorded("subadmin get out of group [v1json]"))
    with pytest.raises(errors.RightsMissing, match="998"):
        cloud.get_user("user_7")


NO_USER_OBJECTS: List[Any] = [
    [],
    None,
    "",
    7,
    {},
    {"id": "user_7"},
    {"id": "user_7", "enabled": None},
    {"id": "user_7", "enabled": True, "groups": 5},
    {"id": "user_7", "enabled": True, "groups": "admin"},
    {"id": "user_7", "enabled": True, "groups": {"0": "admin"}},
]
"""Taken for one, each would be an account in no group at all, or an enabled one."""


@pytest.mark.parametrize("data", NO_USER_OBJECTS)
def test_success_without_a_user_object_is_no_account(
    http: responses.RequestsMock, cloud: NextcloudAPIClient, data: Any
) -> None:
    http.get(USER, **ocs(100, data))
    with pytest.raises(errors.CloudUnreachable, match="no account in the answer"):
        cloud.get_user("user_7")


@pytest.mark.parametrize("data", NO_USER_OBJECTS)
def test_a_row_that_is_no_user_object_is_left_out_of_its_page_alone(
    http: responses.RequestsMock, cloud: NextcloudAPIClient, data: Any
) -> None:
    good = {name: {"id": name, "enabled": True} for name in ("user_6", "user_8")}
    users = {"user_6": good["user_6"], "user_7": data, "user_8": good["user_8"]}
    http.get(CLOUD + "/users/details", **ocs(100, {"users": users}))
    page = cloud.users_page(0, 200)
    assert [account.login for account in page.accounts] == ["user_6", "user_8"]
    assert page.rows == 3


@pytest.mark.parametrize("users", ["text", 7, True])
def test_a_page_without_a_list_is_none(
    http: responses.RequestsMock, cloud: NextcloudAPIClient, users: Any
) -> None:
    http.get(CLOUD + "/users/details", **ocs(100, {"users": users}))
    with pytest.raises(errors.CloudUnreachable, match="no accounts"):
        cloud.users_page(0, 200)


@pytest.mark.parametrize("data", NO_USER_OBJECTS)
def test_what_is_no_user_object_is_no_account(data: Any) -> None:
    with pytest.raises(ValueError, match="no user object"):
        account_from(data, "user_7", NEXTCLOUD)


def test_success_in_xml_is_no_account(
    http: responses.RequestsMock, cloud: NextcloudAPIClient
) -> None:
    body = "<ocs><meta><statuscode>100</statuscode></meta><data><enabled/></data></ocs>"
    http.get(USER, body=body, content_type="text/xml")
    with pytest.raises(errors.CloudError):
        cloud.get_user("user_7")


def test_a_refusal_in_xml_keeps_its_code(
    http: responses.RequestsMock, cloud: NextcloudAPIClient
) -> None:
    meta = "<meta><statuscode>102</statuscode><message>User already exists</message></meta>"
    http.post(CLOUD + "/users", body=f'<?xml version="1.0"?><ocs>{meta}<data/></ocs>')
    with pytest.raises(errors.CloudRefused, match="User already exists") as caught:
        create(cloud)
    assert caught.value.ocs_code == 102


@pytest.mark.parametrize(
    ("call", "expected"),
    [("create_group", errors.CloudLost), ("get_user", errors.CloudUnreachable)],
)
def test_an_answer_over_the_limit_is_not_read(
    http: responses.RequestsMock,
    cloud: NextcloudAPIClient,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    expected: Type[errors.CloudError],
) -> None:
    monkeypatch.setattr(transport, "MAX_ANSWER_BYTES", 10)
    make = stub(http, call, ocs(100, {"id": "user_7", "enabled": True}))
    with pytest.raises(errors.CloudError, match="over 10 bytes") as caught:
        make(cloud)
    assert type(caught.value) is expected


def test_a_broken_gateway_is_asked_again_where_a_request_may_be_repeated(
    http: responses.RequestsMock, cloud: NextcloudAPIClient
) -> None:
    http.get(USER, status=502)
    http.get(USER, status=504)
    http.get(USER, **ocs(100, {"id": "user_7", "enabled": True}))
    account = cloud.get_user("user_7")
    assert account is not None
    assert account.login == "user_7"


@pytest.mark.parametrize("call", ["create_user", "delete_user", "create_group", "add_to_group"])
def test_a_broken_gateway_is_an_unknown_outcome_where_a_request_may_not_be_repeated(
    http: responses.RequestsMock, cloud: NextcloudAPIClient, call: str
) -> None:
    make = stub(http, call, {"status": 502})
    with pytest.raises(errors.CloudLost):
        make(cloud)
    assert len(http.calls) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
FIELDS = ("id", "enabled", "email", "displayname", "groups", "quota", "users")
LIMITS = ("quota", "used", "definition", "free", "total")
USER_DATA = st.dictionaries(
    st.sampled_from(FIELDS), JSON | st.dictionaries(st.sampled_from(LIMITS), JSON)
)


@given(code=st.just(100) | JSON, message=JSON, data=USER_DATA | JSON)
@example(100, "", {"groups": 5})
@example(100, "", {"quota": {"quota": float("inf")}})
@example(100, "", {"quota": {"quota": float("nan")}})
@example(100, "", {"quota": {"quota": 5, "used": float("inf")}})
@example(float("inf"), "", [])
def test_no_envelope_crashes_the_client(code: Any, message: Any, data: Any) -> None:
    cloud = NextcloudAPIClient(make_server(), logging.getLogger("unit"), memory=Remembered())
    body = json.dumps({"ocs": {"meta": {"statuscode": code, "message": message}, "data": data}})
    for call in ("get_user", "users", "groups"):
        with responses.RequestsMock() as http:
            make = stub(http, call, {"body": body})
            try:
                make(cloud)
            except errors.CloudError:
                continue


@given(body=st.binary(max_size=60), status=st.sampled_from([200, 400, 401, 403, 404, 500, 503]))
@example(b"[" * 100000, 200)
@example(b"<" * 10, 200)
def test_no_body_crashes_the_client(body: bytes, status: int) -> None:
    cloud = NextcloudAPIClient(make_server(), logging.getLogger("unit"), memory=Remembered())
    for url, make in (
        (USER, CALLS["get_user"][2]),
        (BASE + "/status.php", lambda cloud: cloud.test_connection()),
    ):
        with responses.RequestsMock() as http:
            http.get(url, body=body, status=status)
            with pytest.raises(errors.CloudError):
                make(cloud)


# -- what is sent -----------------------------------------------------------------------------


def form(http: responses.RequestsMock, number: int = 0) -> Dict[str, List[str]]:
    """The form of a request that was sent."""
    body = http.calls[number].request.body
    return parse_qs(body if isinstance(body, str) else (body or b"").decode())


def query(http: responses.RequestsMock, number: int = 0) -> Dict[str, List[str]]:
    """The query of a request that was sent."""
    return parse_qs(urlsplit(http.calls[number].request.url).query)


@pytest.mark.parametrize("call", CALLS)
def test_every_call_keeps_sub_path_and_port_and_asks_for_json(
    http: responses.RequestsMock, cloud: NextcloudAPIClient, call: str
) -> None:
    data = {"id": "user_7", "enabled": True} if call == "get_user" else {"users": [], "groups": []}
    stub(http, call, ocs(100, data))(cloud)
    request = http.calls[0].request
    assert request.url.startswith(CLOUD + CALLS[call][1] + "?")
    assert query(http)["format"] == ["json"]
    assert request.headers["OCS-APIRequest"] == "true"
    assert request.headers["User-Agent"].startswith("pmnextcloud/")
    assert request.headers["Accept-Language"] == "en"
    assert "Cookie" not in request.headers
    if request.method in ("PUT", "POST"):
        assert int(request.headers["Content-Length"]) == len(request.body or "")
    if request.body:
        assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_create_sends_everything_in_one_form(
    http: responses.RequestsMock, cloud: NextcloudAPIClient
) -> None:
    http.post(CLOUD + "/users", **recorded("create ok [v1json]"))
    create(cloud, email="client7@example.com", group="clients", display_name="Client 7")
    assert form(http) == {
        "userid": ["user_7"],
        "password": ["Made-up-pw-77"],
        "quota": [str(5 * GIB)],
        "email": ["client7@example.com"],
        "groups[]": ["clients"],
        "displayName": ["Client 7"],
    }


def test_create_leaves_out_what_is_empty(
    http: responses.RequestsMock, cloud: NextcloudAPIClient
) -> None:
    http.post(CLOUD + "/users", **recorded("create ok [v1json]"))
    create(cloud)
    assert set(form(http)) == {"userid", "password", "quota"}


@pytest.mark.parametrize(
    ("quota_bytes", "text"), [(GIB, str(GIB)), (1.0, "1"), (sizes.UNLIMITED, "none")]
)
def test_set_quota_sends_whole_bytes_or_none(
    http: responses.RequestsMock, cloud: NextcloudAPIClient, quota_bytes: float, text: str
) -> None:
    http.put(USER, **recorded("quota 5 GB [v1json]"))
    cloud.set_quota("user_7", quota_bytes)
    assert form(http) == {"key": ["quota"], "value": [text]}


def test_set_email_sends_one_key(http: responses.RequestsMock, cloud: NextcloudAPIClient) -> None:
    http.put(USER, **recorded("edit email=new@example.org [v1json]"))
    cloud.set_email("user_7", "new@example.org")
    assert form(http) == {"key": ["email"], "value": ["new@example.org"]}


@pytest.mark.parametrize("call", ["add_to_group", "remove_from_group"])
def test_a_group_is_named_where_the_server_reads_it(
    http: responses.RequestsMock, cloud: NextcloudAPIClient, call: str
) -> None:
    stub(http, call, ocs())(cloud)
    sent = form(http) if call == "add_to_group" else query(http)
    assert sent["groupid"] == ["clients"]


LOGINS = ["rec.dot", "rec@example.org", "rec space", "rec'quote", "a/b", "a+b", "100%", "a?b#c"]


@pytest.mark.parametrize("login", [*LOGINS, "клиент"])
def test_an_id_is_quoted_whole(
    http: responses.RequestsMock, cloud: NextcloudAPIClient, login: str
) -> None:
    http.get(re.compile(".*"), **recorded("get nonexistent [v1json]"))
    assert cloud.get_user(login) is None
    assert http.calls[0].request.url == f"{CLOUD}/users/{quote(login, safe='')}?format=json"


# Any character at all: a cloud may list logins with half a character in them.
@given(login=st.text(st.characters(), min_size=1, max_size=64).filter(lambda text: text.strip(".")))
@example(login="\ud800")
def test_any_login_survives_quoting(login: str) -> None:
    cloud = NextcloudAPIClient(make_server(), logging.getLogger("unit"), memory=Remembered())
    with responses.RequestsMock(assert_all_requests_are_fired=False) as http:
        http.get(re.compile(".*"), **ocs(404))
        assert cloud.get_user(login) is None
        path = quote(login, safe="", errors="surrogatepass")
        assert http.calls[0].request.url == f"{CLOUD}/users/{path}?format=json"


@pytest.mark.parametrize("username", ["admin", "админ", "a:b"])
def test_a_login_is_sent_as_basic_in_utf8(
    http: responses.RequestsMock, log: logging.Logger, username: str
) -> None:
    server = make_server(username=username, secret=Secret("Пароль:ü-77"))
    http.get(USER, **ocs(404))
    NextcloudAPIClient(server, log, memory=Remembered()).get_user("user_7")
    expected = b64encode(f"{username}:Пароль:ü-77".encode()).decode()
    assert http.calls[0].request.headers["Authorization"] == f"Basic {expected}"


def test_without_a_user_name_the_secret_is_a_bearer_token(
    http: responses.RequestsMock, log: logging.Logger
) -> None:
    http.get(USER, **ocs(404))
    NextcloudAPIClient(make_server(username=""), log, memory=Remembered()).get_user("user_7")
    assert http.calls[0].request.headers["Authorization"] == f"Bearer {PASSWORD}"


def test_the_callers_netrc_is_not_read(
    http: responses.RequestsMock,
    cloud: NextcloudAPIClient,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Any,
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine cloud.example.com login stranger password made-up-1\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    http.get(CLOUD + "/capabilities", **recorded("capabilities without auth [v1json]"))
    cloud.throttle()
    assert "Authorization" not in http.calls[0].request.headers


# -- accounts ---------------------------------------------------------------------------------


def test_get_user_reads_a_recorded_account(
    http: responses.RequestsMock, cloud: NextcloudAPIClient
) -> None:
    http.get(CLOUD + "/users/rec_full_v1json", **recorded("create full, read back [v1json]"))
    account = cloud.get_user("rec_full_v1json")
    assert account is not None
    assert account.login == "rec_full_v1json"
    assert account.enabled is True
    assert account.groups == ("rec_grp", "rec_grp2")
    assert account.quota_bytes == 5 * GIB
    assert account.used_bytes == 0
    assert account.email == "full_v1json@example.org"
    assert account.display_name == "Full v1json"


def test_a_disabled_account_is_read_as_such(
    http: responses.RequestsMock, cloud: NextcloudAPIClient
) -> None:
    answer = recorded("disabled user, read [v1json]")
    login = json.loads(answer["body"])["ocs"]["data"]["id"]
    http.get(f"{CLOUD}/users/{login}", **answer)
    account = cloud.get_user(login)
    assert account is not None
    assert account.enabled is False


@pytest.mark.parametrize(
    ("name", "quota_bytes", "used_bytes"),
    [
        ("never logged in [v1json]", sizes.UNLIMITED, 0),
        ("after first login [v1json]", sizes.UNLIMITED, 0),
        ("after upload [v1json]", sizes.UNLIMITED, 3 * 1024**2),
        ("quota 5 GB, read back [v2json]", 5 * GIB, 3 * 1024**2),
        ("quota bytes not round, read back [v2json]", 1181116006, 3 * 1024**2),
        ("quota 0 B, read back [v2json]", 0, 3 * 1024**2),
        ("quota below usage, read back [v2json]", 1024**2, 3 * 1024**2),
        ("quota huge, read back [v2json]", int(9.9999952745967e19), 3 * 1024**2),
        ("quota with spaces, read back [v2json]", GIB, 3 * 1024**2),
        ("create quota zero, read back [v2json]", 0, 0),
    ],
)
def test_a_recorded_quota_is_read(name: str, quota_bytes: float, used_bytes: int) -> None:
    data = json.loads(recorded(name)["body"])["ocs"]["data"]
    account = account_from(data, data["id"], NEXTCLOUD)
    assert (account.quota_bytes, account.used_bytes) == (quota_bytes, used_bytes)


@pytest.mark.parametrize("other", ["victim", "user_77", None, "", 7, "\ud800"])
def test_an_answer_about_another_account_is_no_account(other: object) -> None:
    data = {"id": other, "enabled": True, "groups": [], "quota": {"quota": 5, "used": 0}}
    with pytest.raises(ValueError, match="another account"):
        account_from(data, "user_7", NEXTCLOUD)


UNLIMITED = sizes.UNLIMITED
FREE = {"free": 80626573312, "used": 163, "total": 80626573475, "relative": 0}
QUOTAS = {
    "29, never logged in": ({"quota": 5 * GIB, "used": 0}, 5 * GIB, 0),
    "29, never logged in, none": ({"quota": "none", "used": 0}, UNLIMITED, 0),
    "29, unlimited": ({**FREE, "quota": -3}, UNLIMITED, 163),
    "29, over quota": ({"free": 0, "used": 9, "total": 9, "quota": 5}, 5, 9),
    "29, zero": ({"free": 0, "used": 9, "total": 9, "relative": 100, "quota": 0}, 0, 9),
    "a storage error": ([], None, None),
    "no quota object": (None, None, None),
    "31, unlimited": (
        {"free": -3, "used": 7, "total": -3, "relative": 0, "quota": -3},
        UNLIMITED,
        7,
    ),
    "31, over quota": (
        {"free": -2097152, "used": 3145728, "total": 1048576, "relative": 300, "quota": 1048576},
        1048576,
        3145728,
    ),
    "31, zero looks unlimited": (
        {"free": -3, "used": 0, "total": -3, "relative": 0, "quota": 0},
        0,
        0,
    ),
    "ownCloud, 5 GB": ({**FREE, "definition": "5 GB"}, 5 * GIB, 163),
    "ownCloud, 1.4 GB": ({**FREE, "definition": "1.4 GB"}, 1503238554, 163),
    "ownCloud, none": ({**FREE, "definition": "none"}, UNLIMITED, 163),
    "ownCloud, default": ({**FREE, "definition": "default"}, None, 163),
    "ownCloud, broken": ({**FREE, "definition": " B"}, None, 163),
    "ownCloud, zero": ({**FREE, "definition": "0 B"}, 0, 163),
    "ownCloud, never logged in": ({"definition": "5 GB"}, 5 * GIB, 0),
    "before ownCloud 10.0.3, no limit is told": (FREE, None, 163),
    "null": ({"quota": None, "used": 3}, None, 3),
    "a truth value": ({"quota": True, "used": True}, None, None),
    "used is missing": ({"quota": GIB}, GIB, None),
    "used is no number": ({"quota": GIB, "used": "12"}, GIB, None),
    "used is negative": ({"quota": GIB, "used": -3}, GIB, None),
    "used is a float": ({"quota": GIB, "used": 12.0}, GIB, 12),
    "29, files hidden": (
        {"free": -2, "used": 0, "total": -2, "relative": 0, "quota": -3},
        None,
        None,
    ),
    "34, files hidden": (
        {"free": GIB, "used": "0", "total": GIB, "relative": 0, "quota": GIB},
        GIB,
        None,
    ),
    "34, files hidden, unlimited": ({"free": -3, "used": "0", "quota": -3}, UNLIMITED, None),
    "a storage that tells no free space": (
        {"free": -2, "used": 12, "total": -2, "quota": -3},
        UNLIMITED,
        12,
    ),
}


UNTOLD = {
    "a storage error",
    "no quota object",
    "29, files hidden",
    "before ownCloud 10.0.3, no limit is told",
    "null",
    "a truth value",
}
"""The shapes in which no limit stands; a default or a broken one is told."""


@pytest.mark.parametrize("shape", QUOTAS)
def test_every_shape_of_a_quota_is_read(shape: str) -> None:
    quota, quota_bytes, used_bytes = QUOTAS[shape]
    data = {"id": "user_7", "enabled": True, "quota": quota}
    account = account_from(data, "user_7", NEXTCLOUD)
    assert account.quota_bytes == quota_bytes
    assert account.used_bytes == used_bytes
    assert account.is_quota_told is (shape not in UNTOLD)


@pytest.mark.parametrize(
    ("told", "enabled"),
    [(True, True), (False, False), ("true", True), ("false", False), ("False", False), ("", False)],
)
def test_enabled_may_be_a_text(told: object, enabled: bool) -> None:
    assert account_from({"enabled": told}, "user_7", OWNCLOUD).enabled is enabled


def test_an_owncloud_account_bears_the_login_it_was_asked_by() -> None:
    data = {"enabled": "true", "quota": {"definition": "5 GB"}, "email": None, "displayname": "x"}
    account = account_from(data, "user_7", OWNCLOUD, ["clients"])
    assert (account.login, account.email, account.groups) == ("user_7", "", ("clients",))


def test_numeric_ids_are_texts(http: responses.RequestsMock, cloud: NextcloudAPIClient) -> None:
    http.get(CLOUD + "/users/details", **recorded("numeric userid in details [v1json]"))
    [account] = cloud.users_page(0, 200).accounts
    assert account.login == "4711"


# -- lists ------------------------------------------------------------------------------------


def page(*logins: object) -> Dict[str, Any]:
    """A page of users/details."""
    return ocs(100, {"users": {str(login): {"id": login, "enabled": True} for login in logins}})


def test_a_page_of_users_is_asked_for_by_its_place(
    http: responses.RequestsMock, cloud: NextcloudAPIClient
) -> None:
    http.get(CLOUD + "/users/details", **page("e", 7))
    assert [account.login for account in cloud.users_page(4, 2).accounts] == ["e", "7"]
    assert query(http) == {"limit": ["2"], "offset": ["4"], "format": ["json"]}


@pytest.mark.parametrize("nobody", [[], None, {"users": []}, {"users": None}, {"users": {}}])
def test_a_page_may_be_empty(
    http: responses.RequestsMock, cloud: NextcloudAPIClient, nobody: Any
) -> None:
    http.get(CLOUD + "/users/details", **ocs(100, nobody))
    assert cloud.users_page(200, 200) == ([], [])


def test_groups_are_read_page_by_page_as_texts(
    http: responses.RequestsMock, cloud: NextcloudAPIClient
) -> None:
    http.get(CLOUD + "/groups", **ocs(100, {"groups": ["admin", 4711]}))
    http.get(CLOUD + "/groups", **ocs(100, {"groups": []}))
    assert list(cloud.groups(2)) == ["admin", "4711"]
    assert query(http, 1) == {"limit": ["2"], "offset": ["2"], "format": ["json"]}


def test_recorded_groups_are_read(http: responses.RequestsMock, cloud: NextcloudAPIClient) -> None:
    http.get(CLOUD + "/groups", **recorded("groups all [v1json]"))
    assert "admin" in list(cloud.groups(500))


def test_a_group_that_exists_is_as_good_as_made(
    http: responses.RequestsMock, cloud: NextcloudAPIClient
) -> None:
    http.post(CLOUD + "/groups", **recorded("group create duplicate [v1json]"))
    cloud.create_group("clients")
    assert form(http) == {"groupid": ["clients"]}


# -- logging in and looking around ------------------------------------------------------------


def test_a_refused_password_is_not_accepted(
    http: responses.RequestsMock, cloud: NextcloudAPIClient
) -> None:
    http.get(CLOUD + "/user", **recorded("wrong password [v1json]"))
    assert cloud.accepts("user_7", Secret("Made-up-pw-77")) is False
    assert len(http.calls) == 1


def test_a_password_that_the_cloud_never_looked_at_proves_nothing(
    http: responses.RequestsMock, cloud: NextcloudAPIClient
) -> None:
    """With two-factor or tokens enforced every password, the wrong ones too, gets this answer."""
    http.get(CLOUD + "/user", **recorded("2FA enforced: real password [v1json]"))
    assert cloud.accepts("user_7", Secret("some other password")) is False
    assert len(http.calls) == 1


def test_only_a_password_that_was_looked_at_is_wrong(
    http: responses.RequestsMock, cloud: NextcloudAPIClient
) -> None:
    http.get(CLOUD + "/user", **recorded("2FA enforced: real password [v1json]"))
    assert cloud.opens("user_7", Secret("some other password")) is None
    http.get(CLOUD + "/user", **recorded("wrong password [v1json]"))
    assert cloud.opens("user_7", Secret("some other password")) is False


@pytest.mark.parametrize("code", [101, 103, 107])
def test_nextcloud_has_several_codes_for_a_new_password_that_it_refuses(
    http: responses.RequestsMock, cloud: NextcloudAPIClient, code: int
) -> None:
    http.put(CLOUD + "/users/user_7", **ocs(code, message="Too short."))
    with pytest.raises(errors.PasswordUnfit) as refused:
        cloud.set_password("user_7", Secret("Made-up-pw-77"))
    assert refused.value.message == "Too short."


def test_a_new_password_is_one_field_of_the_account(
    http: responses.RequestsMock, cloud: NextcloudAPIClient
) -> None:
    http.put(CLOUD + "/users/user_7", **ocs(100))
    cloud.set_password("user_7", Secret("Made-up-pw-77"))
    assert form(http) == {"key": ["password"], "value": ["Made-up-pw-77"]}


def test_an_accepted_password_is_sent_as_the_accounts_own(
    http: responses.RequestsMock, cloud: NextcloudAPIClient
) -> None:
    http.get(CLOUD + "/user", **ocs(100, {"id": "User_7"}))
    assert cloud.accepts("user_7", Secret("Made-up-pw-77")) is True
    expected = b64encode(b"user_7:Made-up-pw-77").decode()
    assert http.calls[0].request.headers["Authorization"] == f"Basic {expected}"


@pytest.mark.parametrize("answer", [{"id": "admin"}, {"id": None}, {}, None])
def test_an_answer_about_somebody_else_accepts_no_password(
    http: responses.RequestsMock, cloud: NextcloudAPIClient, answer: object
) -> None:
    http.get(CLOUD + "/user", **ocs(100, answer))
    assert cloud.accepts("user_7", Secret("Made-up-pw-77")) is False


def test_accepts_hands_on_every_other_failure(
    http: responses.RequestsMock, cloud: NextcloudAPIClient
) -> None:
    http.get(CLOUD + "/user", **recorded("maintenance [v1json]"))
    with pytest.raises(errors.CloudMaintenance):
        cloud.accepts("user_7", Secret("Made-up-pw-77"))


@pytest.mark.parametrize("secret", ["made-up-token-77", "another-token"])
def test_the_connections_own_login_is_asked_for(
    http: responses.RequestsMock, log: logging.Logger, secret: str
) -> None:
    http.get(CLOUD + "/user", **ocs(100, {"id": 4711}))
    cloud = NextcloudAPIClient(
        make_server(username="", secret=Secret(secret)), log, memory=Remembered()
    )
    assert cloud.own_login() == "4711"
    assert http.calls[0].request.headers["Authorization"] == f"Bearer {secret}"


@pytest.mark.parametrize("data", [[], None, {"email": "admin@example.com"}])
def test_a_connection_that_is_not_told_its_login_has_none(
    http: responses.RequestsMock, log: logging.Logger, data: Any
) -> None:
    http.get(CLOUD + "/user", **ocs(100, data))
    cloud = NextcloudAPIClient(make_server(username="a@example.com"), log, memory=Remembered())
    assert cloud.own_login() == ""


def test_a_connection_by_login_does_not_ask_whose_it_is(cloud: NextcloudAPIClient) -> None:
    assert cloud.own_login() == make_server().username


def test_a_client_knows_whether_anything_was_answered(
    http: responses.RequestsMock, cloud: NextcloudAPIClient
) -> None:
    assert cloud.answered is False
    http.get(USER, body=requests.ConnectionError("cut"))
    with pytest.raises(errors.CloudUnreachable):
        cloud.get_user("user_7")
    assert cloud.answered is False
    http.replace("GET", USER, **recorded("maintenance [v1json]"))
    with pytest.raises(errors.CloudMaintenance):
        cloud.get_user("user_7")
    assert cloud.answered is True


STATUS, CAPABILITIES = BASE + "/status.php", CLOUD + "/capabilities"
PROBE = re.compile(re.escape(CLOUD) + r"/users/pmnextcloud-probe-[0-9a-f]{16}/disable\?format=json")


def see(
    http: responses.RequestsMock,
    status: Optional[Dict[str, Any]] = None,
    capabilities: Optional[Dict[str, Any]] = None,
    probe: Optional[Dict[str, Any]] = None,
) -> None:
    """Stubs the calls of test_connection up to the first that is given."""
    http.get(STATUS, **(status or recorded("status.php")))
    if status is None:
        http.get(CAPABILITIES, **(capabilities or recorded("capabilities without auth [v1json]")))
    if status is None and capabilities is None:
        http.put(PROBE, **(probe or recorded("disable nonexistent [v1json]")))


def ocs_status(**changes: Any) -> Dict[str, Any]:
    """The recorded status page with changes."""
    page = json.loads(recorded("status.php")["body"])
    return {"body": json.dumps({**page, **changes})}


NOT_STATUS: Dict[str, Any] = {
    "a web page": (HTML, errors.NotACloud),
    "no page": ({**HTML, "status": 404}, errors.NotACloud),
    "another JSON": ({"body": "{}"}, errors.NotACloud),
    "a JSON list": ({"body": "[]"}, errors.NotACloud),
    "half a JSON": ({"body": '{"installed":true,"version"'}, errors.NotACloud),
    "nothing": ({"status": 204}, errors.NotACloud),
    "a page that needs another login": ({**HTML, "status": 401}, errors.FrontAnswered),
    "a page of a protection service": ({**HTML, "status": 403}, errors.FrontAnswered),
    "a page of a busy proxy": ({**HTML, "status": 503}, errors.FrontAnswered),
    "a cloud without set-up": (
        ocs_status(installed=False),
        errors.CloudNotInstalled,
    ),
    "a death of PHP": (
        {"body": "<br />\n<b>Fatal error</b>:  Uncaught Error: x in lib/base.php"},
        errors.AnswerSpoilt,
    ),
    "an unknown host": (recorded("untrusted domain, status.php"), errors.CloudUntrustedHost),
    "maintenance": (recorded("maintenance status.php"), errors.CloudMaintenance),
    "a redirect": ({"status": 301, "headers": {"Location": "/x/status.php"}}, errors.CloudMoved),
    "a redirect to a page": ({"status": 302, "headers": {"Location": "/x"}}, errors.NotACloud),
    "an error": ({"status": 500}, errors.FrontAnswered),
    "a throttle": ({"status": 429}, errors.CloudThrottled),
}


@pytest.mark.parametrize("answer", NOT_STATUS)
def test_the_connection_test_ends_at_a_status_that_is_none(
    http: responses.RequestsMock, log: logging.Logger, answer: str
) -> None:
    status, expected = NOT_STATUS[answer]
    see(http, status=status)
    with pytest.raises(errors.CloudError) as caught:
        NextcloudAPIClient(make_server(), log).test_connection()
    assert public(caught.value) is expected


@pytest.mark.parametrize(
    "answer", [name for name, (_, kind) in NOT_STATUS.items() if kind is errors.NotACloud]
)
def test_where_a_cloud_was_seen_before_somebody_in_front_of_it_answers(
    http: responses.RequestsMock, cloud: NextcloudAPIClient, answer: str
) -> None:
    see(http, status=NOT_STATUS[answer][0])
    with pytest.raises(errors.CloudError) as caught:
        cloud.test_connection()
    assert type(caught.value) in (errors.FrontAnswered, errors.CloudUnreachable)


def bruteforce(delay: object) -> Dict[str, Any]:
    """Capabilities that show a delay of logins, in milliseconds."""
    return ocs(100, {"capabilities": {"bruteforce": {"delay": delay, "allow-listed": False}}})


@pytest.mark.parametrize("delay_ms", [12800, 25000])
def test_a_throttled_login_is_not_tried(
    http: responses.RequestsMock, cloud: NextcloudAPIClient, delay_ms: int
) -> None:
    see(http, capabilities=bruteforce(delay_ms))
    with pytest.raises(errors.CloudThrottled):
        cloud.test_connection()


PROBES: Dict[str, Any] = {
    "wrong password": (recorded("wrong password [v1json]"), errors.LoginRefused),
    "two-factor": (recorded("2FA enforced: real password [v1json]"), errors.AppPasswordNeeded),
    "app password refused": (ocs(403, message=CONFIRM), errors.AppPasswordRefused),
    "no rights": (ocs(403, message="Logged in account must be an admin"), errors.RightsMissing),
    "throttled": (ocs(429, message="Reached maximum delay"), errors.CloudThrottled),
    "done": (ocs(100), errors.CloudError),
    "no such route, Nextcloud": (
        ocs(998, message="Invalid query, please check the syntax."),
        errors.RightsMissing,
    ),
    "998 without words": (ocs(998), errors.RightsMissing),
    "no such route, ownCloud": (ocs(999, message="Invalid query"), errors.ApiDisabled),
    "404": (ocs(404), errors.RightsMissing),
}


@pytest.mark.parametrize("answer", PROBES)
def test_only_101_proves_the_right_to_write(
    http: responses.RequestsMock, cloud: NextcloudAPIClient, answer: str
) -> None:
    probe, expected = PROBES[answer]
    see(http, probe=probe)
    with pytest.raises(errors.CloudError) as caught:
        cloud.test_connection()
    assert type(caught.value) is expected


def test_the_connection_test_looks_without_a_login_and_writes_to_nobody(
    http: responses.RequestsMock, cloud: NextcloudAPIClient
) -> None:
    see(http)
    http.get(CLOUD + "/user", **ocs(100, {"id": "admin", "quota": {"quota": -3, "used": 7}}))
    cloud.test_connection()
    methods = [call.request.method for call in http.calls]
    logins = ["Authorization" in call.request.headers for call in http.calls]
    assert (methods, logins) == (["GET", "GET", "PUT", "GET"], [False, False, True, True])


@pytest.mark.parametrize(
    ("answer", "delay_s"),
    [
        (bruteforce(0), 0.0),
        (bruteforce(200), 0.2),
        (bruteforce("soon"), 0.0),
        (bruteforce(None), 0.0),
        (ocs(100, {"capabilities": []}), 0.0),
        (ocs(100, []), 0.0),
        (ocs(997, status=401), 0.0),
        ({**ocs(997, status=401), "headers": {"WWW-Authenticate": "Basic"}}, 0.0),
    ],
)
def test_the_anonymous_capabilities_show_the_delay(
    http: responses.RequestsMock, cloud: NextcloudAPIClient, answer: Dict[str, Any], delay_s: float
) -> None:
    http.get(CAPABILITIES, **answer)
    assert cloud.throttle().delay_s == delay_s


def shown(**brute_force: object) -> Dict[str, Any]:
    """The answer with these words on its protection against guessing."""
    return ocs(100, {"capabilities": {"bruteforce": brute_force}})


@pytest.mark.parametrize(
    ("answer", "has_refused_none"),
    [
        (shown(**{"delay": 0, "allow-listed": False}), True),
        (shown(delay=0), True),
        (shown(**{"delay": 200, "allow-listed": False}), False),
        (shown(**{"delay": 0, "allow-listed": True}), False),
        (shown(delay=None), False),
        (ocs(100, {"capabilities": []}), False),
        (ocs(997, status=401), False),
    ],
)
def test_whether_nobody_was_refused_is_believed_of_a_cloud_that_counts_alone(
    http: responses.RequestsMock,
    cloud: NextcloudAPIClient,
    answer: Dict[str, Any],
    has_refused_none: bool,
) -> None:
    http.get(CAPABILITIES, **answer)
    assert cloud.has_refused_none() is has_refused_none


@pytest.mark.parametrize(
    ("told", "last_login"),
    [
        ({"lastLogin": 1795671828000}, 1795671828000),
        ({"lastLogin": 0}, 0),
        ({"last_login": 1795671805}, 1795671805),
        ({"lastLogin": "soon"}, None),
        ({"lastLogin": True}, None),
        ({}, None),
    ],
)
def test_the_last_login_is_told_where_the_cloud_tells_it(
    told: Dict[str, Any], last_login: Optional[int]
) -> None:
    user = {"id": "user_1001", "enabled": True, "groups": [], "quota": {"quota": 5}, **told}
    assert account_from(user, "user_1001", NEXTCLOUD).last_login == last_login


# -- what is told -----------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["made-up\ntoken-77", "made-up-токен-77", "made-up\x00token"])
def test_a_token_that_no_header_can_hold_is_a_failure_and_stays_secret(
    log: logging.Logger, caplog: pytest.LogCaptureFixture, token: str
) -> None:
    server = make_server(base_url="http://127.0.0.1:9", username="", secret=Secret(token))
    with pytest.raises(errors.LoginRefused) as caught:
        NextcloudAPIClient(server, log, memory=Remembered()).get_user("user_7")
    assert "made-up" not in str(caught.value)
    assert "made-up" not in caplog.text


def test_a_call_is_logged_without_body_or_headers(
    http: responses.RequestsMock, cloud: NextcloudAPIClient, caplog: pytest.LogCaptureFixture
) -> None:
    http.post(CLOUD + "/users", **recorded("create ok [v1json]"))
    create(cloud, email="client7@example.com")
    lines = [message for message in caplog.messages if "/cloud/users" in message]
    assert len(lines) == 1
    assert re.fullmatch(r"POST /ocs/v1.php/cloud/users answered 200 in \d+ ms", lines[0])


# -- the login -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "is_in"),
    [
        (ocs(100, {"id": "admin"}), True),
        (ocs(404, []), True),
        (recorded("wrong password [v1json]"), False),
        ({"body": "<html>", "status": 200}, False),
        ({"body": "", "status": 503}, False),
    ],
)
def test_that_the_cloud_took_the_login_is_told_at_once_and_once(
    http: responses.RequestsMock, cloud: NextcloudAPIClient, answer: Any, is_in: bool
) -> None:
    told: List[str] = []
    cloud.when_logged_in(lambda: told.append("in"))
    for _ in range(2):
        http.get(USER, **answer)
        with suppress(errors.PmError):
            cloud.get_user("user_7", with_groups=False)
    assert told == ["in"] * is_in
