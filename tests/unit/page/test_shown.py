"""What the page says of a service."""

import re
from typing import Any, Dict, Optional

import pytest

from tests.unit.conftest import make_account
from tests.unit.page.given import GIB, RECORD, TODAY, active, make_facts, used
from utils.base import errors, sizes
from utils.base.secret import Secret
from utils.base.values import Mark, Trust
from utils.consts import (
    STATUS_ACTIVE,
    STATUS_CLOSED,
    STATUS_ORDERED,
    STATUS_PROCESSING,
    STATUS_SUSPENDED,
)
from utils.history.reading import Past
from utils.page.facts import Facts, ForStaff, Used
from utils.page.shown import Page, draw
from utils.page.words import Words

STATES = (STATUS_ORDERED, STATUS_ACTIVE, STATUS_SUSPENDED, STATUS_CLOSED, STATUS_PROCESSING)
MARK = Mark(1001, "user_1001", "digest", Secret("made-up-pw-77"), is_made=True)


def page(facts: Optional[Facts] = None, language: str = "en", pictures: bool = True) -> Page:
    """The page of these facts."""
    return draw(make_facts() if facts is None else facts, Words(language), pictures)


def values(**changes: Any) -> Dict[str, str]:
    """The values of the page in English; `changes` are facts."""
    return page(make_facts(**changes)).values


@pytest.mark.parametrize("language", ["en", "ru"])
def test_each_state_has_its_words(language: str) -> None:
    said = {page(make_facts(item=active(status=one)), language).values["state"] for one in STATES}
    assert len(said) == len(STATES)
    assert all(not text.startswith("state_") for text in said)
    assert "77" in page(make_facts(item=active(status=77)), language).values["state"]


@pytest.mark.parametrize(
    ("used_gib", "space", "free"),
    [
        (2, "2 GiB of 5 GiB in use (40 %)", "3 GiB"),
        (0, "0 B of 5 GiB in use (0 %)", "5 GiB"),
        (0.001, "1.02 MiB of 5 GiB in use (1 %)", "5 GiB"),
        (4.999, "5 GiB of 5 GiB in use (99 %)", "1.02 MiB"),
        (5, "5 GiB of 5 GiB in use (100 %)", "No space is free"),
    ],
)
def test_used_and_sold_space_stand_in_words_and_numbers(
    used_gib: float, space: str, free: str
) -> None:
    said = values(used=used(used_gib))
    assert (said["space"], said["free"]) == (space, free)
    percent = re.search(r"\((\d+) %\)", space)
    assert percent is not None
    assert f'aria-label="{percent.group(1)} % of the space in use"' in said["space_bar"]


def test_more_than_was_sold_is_said_and_drawn_as_full() -> None:
    said = values(used=used(6))
    assert said["space"].startswith("6 GiB in use, more than the 5 GiB that were sold")
    assert said["free"] == "No space is free"
    assert 'width="260.0"' in said["space_bar"]


@pytest.mark.parametrize(
    ("facts", "space"),
    [
        ({"quota_bytes": sizes.UNLIMITED}, "2 GiB in use, no limit"),
        ({"quota_bytes": None}, "2 GiB in use"),
        ({"used": None, "days": ()}, "5 GiB sold; how much of it is in use was not counted yet"),
        ({"used": None, "days": (), "quota_bytes": None}, "Not counted yet"),
    ],
)
def test_where_there_is_no_part_there_is_no_bar(facts: Dict[str, Any], space: str) -> None:
    said = values(**facts)
    assert said["space"] == space
    assert not {"space_bar", "free"} & set(said)


SLOW = errors.OutOfTime("4 s")


@pytest.mark.parametrize(
    ("facts", "age"),
    [
        ({}, "On 2026-11-26."),
        ({"used": used(2, 3)}, "On 2026-11-23."),
        ({"is_fresh": True, "used": Used(GIB)}, "Just now"),
        (
            {"not_fresh": SLOW},
            "The cloud could not be asked now. Shown is what was counted on 2026",
        ),
        ({"not_fresh": SLOW, "used": None}, "The cloud could not be asked now, and nothing"),
        ({"used": None}, "Not yet"),
    ],
)
def test_of_when_the_figures_are_is_said(facts: Dict[str, Any], age: str) -> None:
    assert values(**facts)["counted"].startswith(age)


def test_the_last_days_stand_in_words_beside_their_picture() -> None:
    said = values(days=(used(1, 9), used(3, 4), used(2)))
    assert said["history"] == "Least 1 GiB (2026-11-17), most 3 GiB (2026-11-22), days counted: 3"
    assert said["history_chart"].count("<rect") == 3
    without = values(days=())
    assert without["history"] == "Nothing was counted in the last 30 days"
    assert "history_chart" not in without


def test_without_pictures_the_same_stands_in_letters() -> None:
    said = page(pictures=False).values
    assert not {"space_bar", "history_chart", "phone_code"} & set(said)
    assert "████████░░░░░░░░░░░░" in said["space"]
    assert said["history"].endswith("▅·█")
    assert said["phone_link"].startswith("nc://login/")
    assert "<" not in "".join(said.values())


@pytest.mark.parametrize("product", ["Nextcloud", "ownCloud", ""])
@pytest.mark.parametrize("language", ["en", "ru"])
def test_devices_are_set_up_for_the_cloud_that_it_is(product: str, language: str) -> None:
    said = page(make_facts(product=product), language).values
    for name in ("computer", "phone"):
        assert product in said[name]
        assert not said[name].startswith(name)
    assert ("nc://" in said["phone_link"]) is (product == "Nextcloud")


def test_what_suspension_means_is_said_of_now_where_it_is_so() -> None:
    assert values()["devices"].startswith("Nobody can log in")
    suspended = values(item=active(status=STATUS_SUSPENDED))
    assert suspended["devices"].startswith("So it is now")


@pytest.mark.parametrize("missing", ["login", "address"])
def test_without_an_account_nothing_is_set_up(missing: str) -> None:
    said = values(**{missing: ""})
    assert not {"computer", "phone", "webdav", "caldav", "carddav", "phone_code"} & set(said)
    assert missing not in said


def test_a_client_is_shown_nothing_of_staffs() -> None:
    staffs = {"proof", "account", "groups", "last_login"}
    assert not staffs & set(values())
    assert page().lists == {}


# -- staff ----------------------------------------------------------------------------------------


def staff(**changes: Any) -> ForStaff:
    """What staff is shown of an account that was not asked for."""
    return ForStaff(RECORD, None, None, [])._replace(**changes)


@pytest.mark.parametrize(
    ("item", "shown", "proof"),
    [
        ({"mark": MARK}, {}, "Proved by the mark"),
        ({"mark": MARK._replace(is_made=False)}, {}, "The mark of the module names user_1001, but"),
        ({"mark": MARK._replace(trust=Trust.OLD)}, {}, "A mark of an earlier version"),
        ({}, {"record": RECORD._replace(is_typed=True)}, "No mark."),
        ({"mark": MARK}, {"record": RECORD._replace(is_copied=True)}, "The service is a copy"),
        ({}, {"record": None}, "The service never had an account"),
        ({}, {"trouble": errors.MarkForeign(7)}, "Not proved."),
    ],
)
def test_staff_is_told_whose_the_account_is(
    item: Dict[str, Any], shown: Dict[str, Any], proof: str
) -> None:
    said = values(item=active(**item), staff=staff(**shown))
    assert said["proof"].startswith(proof)


def test_staff_is_told_what_the_cloud_shows_once_it_was_asked() -> None:
    asked = values(staff=staff())
    assert asked["groups"] == asked["last_login"] == "Shown by the button “Refresh”"
    failed = values(staff=staff(), not_fresh=errors.LoginRefused("401"))
    assert failed["groups"].startswith("Not read. ")
    account = make_account(groups=("clients", "<b>x</b>"), last_login=1_795_169_807_000)
    said = values(staff=staff(account=account))
    assert said["groups"] == "clients, ‹b›x‹/b›"
    assert re.fullmatch(r"2026-11-2\d \d\d:\d\d", said["last_login"])
    assert said["account"].startswith("enabled, e-mail ")


@pytest.mark.parametrize(
    ("changes", "name", "text"),
    [
        ({"last_login": None}, "last_login", "the cloud does not tell"),
        ({"last_login": 0}, "last_login", "never"),
        ({"last_login": 10**18}, "last_login", "the cloud does not tell"),
        ({"groups": ()}, "groups", "in no group"),
        ({"groups": tuple("abcdefghijklmnopqrstuvwxyz")}, "groups", "a, b, c"),
        ({"enabled": False}, "account", "disabled, "),
        ({"email": "", "quota_bytes": None}, "account", "enabled, e-mail none, quota the default"),
        ({"is_quota_told": False}, "account", "enabled, e-mail "),
    ],
)
def test_what_the_cloud_does_not_tell_is_said(
    changes: Dict[str, Any], name: str, text: str
) -> None:
    assert values(staff=staff(account=make_account(**changes)))[name].startswith(text)


def test_seconds_of_owncloud_and_milliseconds_of_nextcloud_are_the_same_moment() -> None:
    moments = {
        values(staff=staff(account=make_account(last_login=told)))["last_login"]
        for told in (1_795_169_807, 1_795_169_807_000)
    }
    assert len(moments) == 1


def run(**record: Any) -> Past:
    """A run of the history."""
    ended = {"ended": "done", "value": ""}
    return Past(1_795_169_807.0, {"command": "open", "pid": 1, **ended, **record})


@pytest.mark.parametrize(
    ("record", "end"),
    [
        ({}, "done"),
        ({"ended": "nothing"}, "nothing was done"),
        ({"ended": "cloud_lost", "value": "<x>"}, "cloud_lost: ‹x›"),
    ],
)
def test_staff_is_shown_how_the_last_runs_ended(record: Dict[str, str], end: str) -> None:
    rows = page(make_facts(staff=staff(runs=[run(**record)]))).lists["runs"]
    assert [(row["command"], row["ended"]) for row in rows] == [("open", end)]


def test_a_run_without_an_end_was_cut_off() -> None:
    past = Past(1_795_169_807.0, {"command": "open", "pid": 2**22 + 1})
    rows = page(make_facts(staff=staff(runs=[past]))).lists["runs"]
    assert rows[0]["ended"] == "cut off"


@pytest.mark.parametrize("language", ["en", "ru"])
def test_nothing_from_outside_is_markup_but_what_is_typed_into_a_field(language: str) -> None:
    evil = '<script>x</script>"&'
    account = make_account(login=evil, email=evil, display_name=evil, groups=(evil,))
    shown = ForStaff(
        RECORD._replace(login=evil), errors.CloudRefused("GET", 103, evil), account, [run()]
    )
    facts = make_facts(login=evil, product=evil, staff=shown, today=TODAY)
    inputs = {"name", "login", "address", "webdav", "caldav", "carddav", "phone_link"}
    for name, text in page(facts, language).values.items():
        if name in inputs:
            continue
        assert "script>" not in text, name
