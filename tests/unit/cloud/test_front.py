"""Answers without the cloud's envelope: who gave them, and that nothing follows about the cloud."""

import json
import logging
import time
from email.utils import formatdate
from typing import Any, Dict, Optional, Type

import pytest
import responses
from hypothesis import given
from hypothesis import strategies as st

from tests.tools.remembered import Remembered
from tests.unit.conftest import BASE, make_server, ocs, recorded
from utils.api import NextcloudAPIClient
from utils.base import errors
from utils.base.secret import Secret
from utils.cloud import front
from utils.cloud.products import NEXTCLOUD, OWNCLOUD, Product
from utils.cloud.transport import Response

USERS = BASE + "/ocs/v1.php/cloud/users"
STATUSES = (200, 400, 401, 403, 404, 405, 412, 429, 451, 500, 503, 520)
PAGES: Dict[str, Any] = {
    "a protection service": (
        "<!DOCTYPE html><html><head><title>Attention Required! | Shield</title><style>b{}</style>"
        "</head><body><script>var a = 1;</script><h1>Sorry, you have been blocked</h1></body>",
        "Attention Required! | Shield Sorry, you have been blocked",
    ),
    "a web server": (
        "<html>\r\n<head><title>Refused</title></head>\r\n<body>\r\n<center>Refused</center>"
        "<hr><center>nginx/1.22.1</center>",
        "Refused Refused nginx/1.22.1",
    ),
    "plain words": ("Request blocked by policy 949110\n", "Request blocked by policy 949110"),
    "JSON of its own": ('{"error":"blocked"}', '{"error":"blocked"}'),
    "XML of its own": ("<error><code>7</code></error>", "7"),
}
CALLS: Dict[str, Any] = {
    "get_user": ("GET", "/user_7", lambda cloud: cloud.get_user("user_7")),
    "users": ("GET", "/details", lambda cloud: cloud.users_page(0, 200)),
    "create": (
        "POST",
        "",
        lambda cloud: cloud.create_user("user_7", Secret("Made-up-pw-77"), 1024**3),
    ),
    "set_quota": ("PUT", "/user_7", lambda cloud: cloud.set_quota("user_7", 1024**3)),
    "disable": ("PUT", "/user_7/disable", lambda cloud: cloud.disable_user("user_7")),
    "delete": ("DELETE", "/user_7", lambda cloud: cloud.delete_user("user_7")),
}


def client(log: logging.Logger, product: Product = NEXTCLOUD) -> NextcloudAPIClient:
    """A client of a cloud that is known."""
    return NextcloudAPIClient(make_server(), log, memory=Remembered(product))


def failure(cloud: NextcloudAPIClient, http: Any, call: str, **answer: Any) -> errors.CloudError:
    """What a call raises that is answered so."""
    method, path, make = CALLS[call]
    http.add(method, USERS + path, **answer)
    with pytest.raises(errors.CloudError) as caught:
        make(cloud)
    return caught.value


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("status", STATUSES)
def test_a_page_in_place_of_the_envelope_is_of_somebody_in_front_of_the_cloud(
    http: responses.RequestsMock,
    log: logging.Logger,
    status: int,
    page: str,
    call: str,
) -> None:
    body, words = PAGES[page]
    product = (NEXTCLOUD, OWNCLOUD)[status % 2]  # what the page means is the same to both
    headers = {"WWW-Authenticate": 'Basic realm="x"'} if status == 401 else {}
    error = failure(client(log, product), http, call, status=status, body=body, headers=headers)
    assert error.code == ("front_throttled" if status == 429 else "front_answered")
    assert f'HTTP {status} "{words}' in error.value
    assert error.told is errors.Told.PROBLEM
    assert not error.lasts
    is_write = CALLS[call][0] != "GET"
    assert isinstance(error, errors.CloudLost) is (is_write and status != 429)
    assert len(http.calls) == 1


GATES = {
    "a login": "https://sso.example.com/login?to=https%3A%2F%2Fcloud.example.com%2Fstatus.php",
    "a root that is told where from": "https://sso.example.com/?rd=https://cloud.example.com/",
    "a challenge": "/cdn-cgi/challenge?id=7#x",
    "a login of its own": "/login",
    "the first page": "/",
    "the first page, whole": BASE + "/",
    "a page like it": "/ocs/v1.php/cloud/users/user_7/login",
    "nowhere": "",
    "no address": "https://[",
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_gate_that_sends_to_a_page_of_its_own_is_no_new_address_of_the_cloud(
    http: responses.RequestsMock, log: logging.Logger, status: int, gate: str, call: str
) -> None:
    headers = {"Location": GATES[gate]} if GATES[gate] else {}
    error = failure(client(log), http, call, status=status, headers=headers)
    assert error.code == "front_answered"
    assert f"HTTP {status}" in error.value
    assert GATES[gate][:100] in error.value
    assert not error.lasts
    assert isinstance(error, errors.CloudLost) is (CALLS[call][0] != "GET")


MOVES = ("https://new.example.com{}", "https://new.example.com/nc{}?x=1", "/nc{}", "{}/")
BARE = ("https://new.example.com", "https://new.example.com/")


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("location", [*MOVES, *BARE])
def test_the_same_page_elsewhere_is_the_clouds_new_address(
    http: responses.RequestsMock, log: logging.Logger, location: str, call: str
) -> None:
    page = "/ocs/v1.php/cloud/users" + CALLS[call][1]
    headers = {"Location": location.format(page)}
    error = failure(client(log), http, call, status=301, headers=headers)
    assert isinstance(error, errors.CloudMoved)
    assert headers["Location"] in error.value


OWN: Dict[str, Any] = {
    "maintenance": (recorded("maintenance [v1json]"), errors.CloudMaintenance),
    "maintenance as a page": (
        {"status": 503, "body": "<html>", "headers": {"X-Nextcloud-Maintenance-Mode": "1"}},
        errors.CloudMaintenance,
    ),
    "an unknown host": (recorded("untrusted domain GET"), errors.CloudUntrustedHost),
    "a lacking parameter": ({"status": 400}, errors.CloudRefused),
    "the limit of edits": (recorded("rate limit, v1 json [v1json]"), errors.CloudThrottled),
}


@pytest.mark.parametrize("answer", OWN)
def test_what_a_cloud_was_recorded_to_answer_without_an_envelope_is_its_own(
    http: responses.RequestsMock, log: logging.Logger, answer: str
) -> None:
    arguments, expected = OWN[answer]
    assert type(failure(client(log), http, "get_user", **arguments)) is expected


NOTICES = (
    "<br />\n<b>Warning</b>:  Undefined array key 3 in <b>/x/a.php</b> on line <b>7</b><br />\n",
    "\nDeprecated: strlen(): Passing null to parameter #1 in /x/a.php on line 7\n",
    "PHP Notice:  Undefined index: a in /x/a.php on line 7\n",
    "<br />\n<b>Strict Standards</b>:  Only variables in <b>/x/a.php</b><br />\n",
)
ACCOUNT = {"id": "user_7", "enabled": True, "groups": []}


@pytest.mark.parametrize("notice", NOTICES)
@pytest.mark.parametrize("where", ["before", "behind", "around"])
@pytest.mark.parametrize("spaces", [None, 1])
def test_a_document_is_read_through_the_messages_of_php(
    http: responses.RequestsMock,
    log: logging.Logger,
    notice: str,
    where: str,
    spaces: Optional[int],
) -> None:
    document = json.dumps(json.loads(ocs(100, ACCOUNT)["body"]), indent=spaces)
    before, behind = (notice if where in (side, "around") else "" for side in ("before", "behind"))
    http.get(USERS + "/user_7", body=before + document + behind)
    account = client(log).get_user("user_7")
    assert account is not None
    assert account.login == "user_7"


@pytest.mark.parametrize("before", ["\ufeff", "\n", "\ufeff\r\n", " \n\n", "\ufeff\ufeff"])
@pytest.mark.parametrize("behind", ["", "\n", "\r\n \n"])
@pytest.mark.parametrize("form", ["JSON", "XML"])
def test_a_document_is_read_though_a_file_of_settings_has_something_around_its_text(
    http: responses.RequestsMock, log: logging.Logger, before: str, behind: str, form: str
) -> None:
    meta = "<meta><statuscode>102</statuscode><message>taken</message></meta>"
    xml = f'<?xml version="1.0"?><ocs>{meta}<data/></ocs>'
    document = xml if form == "XML" else ocs(102, message="taken")["body"]
    error = failure(client(log), http, "create", body=(before + document + behind).encode())
    assert type(error) is errors.CloudRefused
    assert "taken" in error.value


@pytest.mark.parametrize("notice", NOTICES)
def test_a_refusal_in_xml_is_read_through_the_messages_of_php(
    http: responses.RequestsMock, log: logging.Logger, notice: str
) -> None:
    meta = "<meta><statuscode>102</statuscode><message>taken</message></meta>"
    body = f'{notice}<?xml version="1.0"?><ocs>{meta}<data/></ocs>{notice}'
    error = failure(client(log), http, "create", body=body)
    assert type(error) is errors.CloudRefused


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("notice", NOTICES)
@pytest.mark.parametrize(
    ("call", "kind"), [("get_user", errors.AnswerSpoilt), ("delete", errors.SpoiltLost)]
)
def test_messages_of_php_alone_are_told_as_such(
    http: responses.RequestsMock,
    log: logging.Logger,
    notice: str,
    status: int,
    call: str,
    kind: Type[errors.CloudError],
) -> None:
    error = failure(client(log), http, call, status=status, body=notice)
    assert type(error) is kind
    assert "a.php" in error.value


@pytest.mark.parametrize("text", ["<p>{}</p>", "hello {}", '<script>x = {}</script>"'])
def test_no_success_is_read_out_of_a_page_that_is_not_phps(
    http: responses.RequestsMock, log: logging.Logger, text: str
) -> None:
    body = text.format(ocs(100, ACCOUNT)["body"])
    assert failure(client(log), http, "get_user", body=body).code == "front_answered"


def answer(text: Optional[str]) -> Dict[str, str]:
    """The headers of an answer that names such a time."""
    return {} if text is None else {"Retry-After": text}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1", 1),
        ("0", 1),
        ("30", 30),
        ("600", 600),
        ("86400", 600),
        (" 7 ", 7),
        ("999999999", 600),
        ("9" * 30, 600),
    ],
)
def test_a_time_to_wait_in_seconds_is_kept_to_within_bounds(text: str, seconds: float) -> None:
    assert front.wait_s(answer(text)) == seconds


@pytest.mark.parametrize(
    ("ahead_s", "least", "most"), [(90, 80, 90), (-90, 1, 1), (9999, 600, 600)]
)
def test_a_time_to_wait_may_be_a_date(ahead_s: float, least: float, most: float) -> None:
    date = formatdate(time.time() + ahead_s, usegmt=True)
    found = front.wait_s(answer(date))
    assert found is not None
    assert least <= found <= most


TEN_O_CLOCK = 1795687200
"""10:00 on 26 November 2026."""


@pytest.mark.parametrize("zone", ["GMT", "-0000", "+0000", ""])
@pytest.mark.parametrize("ahead_s", [0, 90, -3600])
def test_a_date_is_counted_from_the_answers_own_clock(
    monkeypatch: pytest.MonkeyPatch, zone: str, ahead_s: int
) -> None:
    monkeypatch.setenv("TZ", "Europe/Minsk")
    time.tzset()
    headers = {
        "Retry-After": f"Thu, 26 Nov 2026 10:01:30 {zone}".strip(),
        "Date": formatdate(TEN_O_CLOCK - ahead_s, usegmt=True),
    }
    found = front.wait_s(headers)
    monkeypatch.undo()
    time.tzset()
    assert found == max(90 + ahead_s, 1)


@pytest.mark.parametrize("text", [None, "", "soon", "-5", "1.5", "٣", "Wed, 99 Foo"])
def test_a_time_that_cannot_be_read_is_none(text: Optional[str]) -> None:
    assert front.wait_s(answer(text)) is None


@given(body=st.binary(max_size=300))
def test_any_page_has_clean_first_words(body: bytes) -> None:
    words = front.first_words(body)
    assert len(words) <= 121
    assert words.isprintable()


def test_first_words_hold_no_secret() -> None:
    Secret("Made-up-pw-78").reveal()
    assert "Made-up" not in front.first_words(b"<p>wrong: Made-up-pw-78</p>")


@pytest.mark.parametrize(
    "body", [b"<script>" * 5000, b"<!--" * 9000, b"<" * 200_000, b"&" * 99_999]
)
def test_a_page_made_to_be_slow_is_not(body: bytes) -> None:
    started = time.monotonic()
    front.shown(Response(200, {}, body))
    assert time.monotonic() - started < 2
