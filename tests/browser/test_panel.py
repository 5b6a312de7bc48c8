"""The panel itself: it admits whom it knows, and gives nothing to others."""

import time
from http.client import HTTPConnection
from typing import Dict, Tuple
from urllib.parse import urlsplit

import pytest

from tests import PATIENCE_S
from tests.browser.panel import CLIENT_LEVEL, STAFF_LEVEL
from tests.browser.played import CLIENT, Place, opened_place
from tests.browser.screens import SCREENS
from tests.browser.words import WORDS
from tests.doubles.billmanager import ACTIVE


def ask(
    place: Place, path: str, method: str = "GET", **headers: str
) -> Tuple[int, Dict[str, str], str]:
    """Status, headers and text of an answer of the panel."""
    connection = HTTPConnection(urlsplit(place.panel.url).netloc, timeout=60)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, dict(answer.getheaders()), text


def cookie(place: Place, who: str) -> str:
    """The cookie of a session."""
    return f"billmgrses5={place.panel.enter(place.who(None if who == 'staff' else CLIENT))}"


@pytest.mark.parametrize("func", [name for name, one in SCREENS.items() if one.levels])
@pytest.mark.parametrize(("who", "level"), [("staff", STAFF_LEVEL), ("client", CLIENT_LEVEL)])
def test_a_page_is_shown_to_those_whom_it_is_for(
    empty: Place, func: str, who: str, level: int
) -> None:
    path = f"/billmgr?func={func}"
    assert ask(empty, path)[0] == 403
    status, _, _ = ask(empty, path, Cookie=cookie(empty, who))
    assert (status == 403) is (level not in SCREENS[func].levels)


def test_no_page_may_load_or_send_anything_elsewhere(empty: Place) -> None:
    for path in ("/billmgr", "/panel.css", "/panel.js"):
        status, headers, _ = ask(empty, path)
        assert status == 200
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "form-action 'self'" in policy
        assert "unsafe" not in policy


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {"Host": "stand.example.com"}),
        ("POST", {"Origin": "https://stand.example.com"}),
        ("POST", {}),
    ],
    ids=["another-name", "another-page", "no-page"],
)
def test_what_comes_from_another_page_is_refused(
    empty: Place, method: str, headers: Dict[str, str]
) -> None:
    assert ask(empty, "/billmgr?func=start&user=root", method, **headers)[0] == 403


def test_a_served_panel_runs_what_waits_by_itself() -> None:
    with opened_place(live=True) as place:
        world = place.connect()
        item = world.order(place.small())
        place.stand.add_operation("open", item)
        until_s = time.monotonic() + PATIENCE_S
        while place.stand.item(item)["status"] != ACTIVE and time.monotonic() < until_s:
            time.sleep(0.1)
        assert place.stand.item(item)["status"] == ACTIVE


def test_both_languages_say_the_same_things() -> None:
    assert set(WORDS["en"]) == set(WORDS["ru"])
    for name, text in WORDS["en"].items():
        assert text.count("{") == WORDS["ru"][name].count("{"), name
