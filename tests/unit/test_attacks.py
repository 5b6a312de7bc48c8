"""What was once a way to wear the program down or to make it tell, one test for each."""

import json
import logging
from typing import Any, List
from urllib.parse import quote, quote_plus

import pytest
import responses

from tests.tools.remembered import Remembered
from tests.unit.conftest import BASE, make_server, ocs
from utils.accounts.fullness import is_plausible
from utils.api import MOST_GROUPS, NextcloudAPIClient
from utils.base import errors
from utils.base.secret import Secret, strike_out
from utils.base.text import LONGEST, is_plain
from utils.cloud import ocs as envelopes
from utils.cloud.transport import Response
from utils.host.state import MOST_CHARACTERS, State
from utils.misc import _LONGEST_LINE, _MOST_LINES, _Formatter

SECRET = 'Pa+ss/w&rd"é77x'
GROUPS = BASE + "/ocs/v1.php/cloud/groups"
TIB, PIB = 1024**4, 1024**5


@pytest.fixture
def cloud(log: logging.Logger) -> NextcloudAPIClient:
    """A client of the cloud at BASE."""
    return NextcloudAPIClient(make_server(), log, memory=Remembered())


@pytest.mark.parametrize(
    "shown",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        quote(SECRET, safe="").lower().replace("pa%", "Pa%"),
        quote_plus(SECRET),
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        json.dumps(SECRET).replace("/", "\\/"),
        SECRET.replace("&", "&amp;"),
        SECRET.replace("&", "&amp;").replace('"', "&quot;"),
    ],
)
def test_a_secret_is_struck_out_however_it_is_written(shown: str) -> None:
    secret = Secret(SECRET)
    assert "***" in strike_out(f"before {shown} behind")
    error = errors.CloudRefused("x" * (LONGEST - 20), 102, shown)
    assert not any(secret.reveal()[:length] in error.value for length in (4, 6, 10))


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", "admin:"])
@pytest.mark.parametrize("behind", ["", "z", "zz", "zzz"])
def test_a_secret_is_struck_out_of_base64_wherever_it_stands_in_it(
    before: str, behind: str
) -> None:
    import base64

    Secret(SECRET)
    text = base64.b64encode(f"{before}{SECRET}{behind}".encode()).decode()
    left = strike_out(text).replace("***", "")
    assert len(left) <= len(text) - 4 * len(SECRET) // 3 + 4


@pytest.mark.parametrize("cut", range(LONGEST - 20, LONGEST + 2))
def test_no_beginning_of_a_secret_is_left_where_a_text_is_cut(cut: int) -> None:
    secret = Secret("made-up-password")
    value = errors.CloudLost("x" * cut + secret.reveal()).value
    assert "mad" not in value
    assert len(value) <= LONGEST


@pytest.mark.parametrize(
    "text", ["\x00", "\ud800", "\x1b[2J", "\u202e", "\u2066", "\n", "\r", "\x85", "\ufeff"]
)
def test_an_error_says_nothing_that_hides_or_breaks(text: str) -> None:
    value = errors.CloudRefused("GET /x", 102, f"a{text}b").value
    assert is_plain(value)
    value.encode()


def test_a_record_of_the_log_has_an_end() -> None:
    formatter = _Formatter("%(message)s")
    record = logging.LogRecord("x", 20, "x", 1, "\u2603" * 10**6 + "\n" + "a\n" * 10**5, None, None)
    lines = formatter.format(record).splitlines()
    assert len(lines) <= _MOST_LINES + 1
    assert max(map(len, lines)) <= _LONGEST_LINE + 4


def test_a_page_of_groups_that_brings_nothing_new_is_the_last(
    http: responses.RequestsMock, cloud: NextcloudAPIClient
) -> None:
    page = ocs(100, {"groups": [f"g{number}" for number in range(5)]})
    for _ in range(2):
        http.get(GROUPS, **page)
    assert list(cloud.groups(5)) == [f"g{number}" for number in range(5)]


def test_no_more_groups_are_read_than_a_form_can_offer(
    http: responses.RequestsMock, cloud: NextcloudAPIClient
) -> None:
    def answer(request: Any) -> Any:
        offset = int(request.params["offset"])
        made = ocs(100, {"groups": [f"g{offset + number}" for number in range(500)]})
        return 200, {}, made["body"]

    http.add_callback("GET", GROUPS, callback=answer)
    assert len(list(cloud.groups(500))) == MOST_GROUPS


@pytest.mark.parametrize("odd", ["bad \ud800", "\x00", "\u202eevil", "", "x" * 256, "a\nb"])
def test_a_group_that_no_form_could_send_back_is_not_offered(
    http: responses.RequestsMock, cloud: NextcloudAPIClient, odd: str
) -> None:
    http.get(GROUPS, **ocs(100, {"groups": ["clients", odd, 5]}))
    assert list(cloud.groups(200)) == ["clients", "5"]


@pytest.mark.parametrize(
    "body",
    [
        b"9" * 65,
        b"-" + b"9" * 65,
        b"0." + b"9" * 65,
        b'{"ocs":{"meta":{"statuscode":"' + b"9" * 65 + b'"}}}',
        b"<ocs><meta><statuscode>" + b"9" * 65 + b"</statuscode></meta></ocs>",
        b"[" + b"{}," * 50_001 + b"0]",
        b"[" + b"0," * 500_001 + b"0]",
        b"<ocs>" + b"<a/>" * 50_001 + b"</ocs>",
    ],
)
def test_a_document_of_too_much_is_no_answer(body: bytes) -> None:
    assert envelopes.read_envelope(Response(200, {}, body)) is None


@pytest.mark.parametrize(
    ("used_bytes", "quota_bytes", "expected"),
    [
        (0, None, True),
        (PIB, float("inf"), True),
        (PIB + 1, float("inf"), False),
        (2**63 - 1, None, False),
        (10 * TIB, 1.0, True),
        (10 * TIB + 1, 1.0, False),
        (20 * TIB, TIB / 5, True),
        (20 * TIB + 1, TIB / 5, False),
        (20 * TIB, None, True),
    ],
)
def test_what_nobody_can_have_used_is_not_believed(
    used_bytes: int, quota_bytes: Any, expected: bool
) -> None:
    assert is_plausible(used_bytes, quota_bytes) is expected


def test_a_file_of_state_that_is_too_large_is_none(tmp_path: Any) -> None:
    state = State(str(tmp_path))
    state.write("groups-31", ["x" * MOST_CHARACTERS])
    assert state.read("groups-31") is None


def test_what_is_kept_may_hold_half_a_character(tmp_path: Any) -> None:
    state = State(str(tmp_path))
    kept: List[str] = ["\ud800", "слово"]
    state.write("groups-31", kept)
    assert state.read("groups-31") == kept
