"""Deeds: what a run notes of what it does outside itself, in words that may be kept."""

import threading
from typing import Mapping

import pytest

from utils.base import deeds, errors
from utils.base.deeds import (
    CALL,
    MOST_FIRST,
    MOST_LAST,
    MOST_REMARKS,
    REQUEST,
    ROWS,
    Deed,
    Deeds,
)
from utils.base.secret import Secret
from utils.billing.mgrctl import Shown

PLACE = Deed(CALL, "paramlist", "")


def test_a_deed_that_comes_to_its_end_is_done_and_timed() -> None:
    made = Deeds()
    with made.noted(PLACE) as note:
        assert (note.ended, note.took_ms) == ("", None)
    assert note.ended == "done"
    assert note.took_ms is not None
    assert note.took_ms >= 0
    assert made.notes() == [note]


def test_a_deed_that_fails_ends_with_the_code_of_its_error() -> None:
    made = Deeds()
    with pytest.raises(errors.CloudLost), made.noted(PLACE):
        raise errors.CloudLost("GET /")
    assert made.notes()[0].ended == "cloud_lost"


@pytest.mark.parametrize("stopped_by", [KeyboardInterrupt, MemoryError, ValueError])
def test_a_deed_that_is_stopped_in_the_middle_has_no_known_end(stopped_by: type) -> None:
    made = Deeds()
    with pytest.raises(stopped_by), made.noted(PLACE):
        raise stopped_by
    note = made.notes()[0]
    assert (note.ended, note.took_ms) == ("", None)


def test_of_many_deeds_the_first_and_the_last_are_kept_and_all_are_counted() -> None:
    made = Deeds()
    everything = MOST_FIRST + MOST_LAST + 7
    for number in range(everything):
        with made.noted(Deed(REQUEST, "GET", str(number))):
            pass
    kept = [int(note.deed.words) for note in made.notes()]
    assert kept == [*range(MOST_FIRST), *range(everything - MOST_LAST, everything)]
    assert made.left_out == 7
    assert made.counts == {REQUEST: everything}


def test_deeds_of_several_threads_are_all_counted() -> None:
    made = Deeds()

    def work() -> None:
        for _ in range(500):
            with made.noted(PLACE):
                pass

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made.counts == {CALL: 2000}
    assert len(made.notes()) + made.left_out == 2000


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"format": "json"}, "/u"),
        ({"limit": 200, "offset": 400, "format": "json"}, "/u limit=200 offset=400"),
        ({"key": "quota", "value": "5 GB"}, "/u key=quota value=5 GB"),
        ({"key": "email", "value": "a@example.com"}, "/u key=email value=***"),
        ({"key": "display", "value": "Ann"}, "/u key=display value=***"),
        ({"password": "hunter22"}, "/u password=***"),
        ({"search": "ann"}, "/u search=***"),
        (
            {"userid": "user_7", "password": "hunter22", "groups[]": "paid", "quota": "none"},
            "/u userid=user_7 password=*** groups[]=paid quota=none",
        ),
        ({"userid": "ann@example.com"}, "/u userid=***"),
        ({"groupid": "a\nb"}, "/u groupid=a?b"),
        ({"groupid": "x" * 1000}, "/u groupid=" + "x" * 97 + "..."),
    ],
)
def test_a_request_shows_the_fields_that_tell_nothing_of_a_person(
    fields: Mapping[str, object], words: str
) -> None:
    assert deeds.request("PUT", "/u", fields) == Deed(REQUEST, "PUT", words)


class Unseen(str):
    """A text that its owner wants nobody to read."""


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"sok": "ok", "elid": 15}, "sok=ok elid=15"),
        ({"userpassword": Secret("hunter22")}, "userpassword=***"),
        ({"errorxml": Unseen("<doc/>")}, "errorxml=***"),
        ({"username": "ann@example.com"}, "username=***"),
        ({"text": "write to ann@example.com"}, "text=***"),
        ({}, ""),
    ],
)
def test_a_call_shows_plain_values_only(fields: Mapping[str, object], words: str) -> None:
    assert deeds.call("service.saveparam", fields) == Deed(CALL, "service.saveparam", words)


def test_a_secret_that_slipped_into_a_plain_value_is_struck_out() -> None:
    Secret("hunter22")
    assert deeds.call("x", {"a": Shown("7: 80 %"), "b": Unseen("Ivan")}).words == "a=7: 80 % b=***"
    assert deeds.call("x", {"a": "is hunter22"}).words == "a=is ***"


def test_rows_are_told_by_the_key_of_the_first_and_their_number() -> None:
    key = {"item": 15, "statdate": "2026-11-21", "param": "disk"}
    deed = deeds.rows("itemstat", key, 200)
    assert deed == Deed(ROWS, "itemstat", "item=15 statdate=2026-11-21 param=disk", 200)


def test_an_address_in_a_sentence_is_hidden_and_the_rest_stays() -> None:
    assert deeds.without_addresses("e-mail ann@example.com refused") == "e-mail *** refused"


def test_remarks_are_few_and_without_addresses() -> None:
    deeds = Deeds()
    for number in range(MOST_REMARKS + 5):
        deeds.remark(f"{number} ivan@example.com: trust")
    assert len(deeds.remarks) == MOST_REMARKS
    assert deeds.remarks[0] == "0 *** trust"
