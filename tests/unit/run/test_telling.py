"""A client is told once of each occasion, in his language, wherever a run is killed."""

import logging
from datetime import date, timedelta
from pathlib import Path
from typing import Any, List

import pytest

from tests.unit.run.telling import DAY, Killed, Post
from utils.base import errors
from utils.billing.clients import Contact
from utils.billing.memos import Memo
from utils.consts import STATUS_ACTIVE, STATUS_SUSPENDED
from utils.host.locks import hold
from utils.host.state import SERVICES
from utils.run.telling import BEFORE, GONE, NOBODY, TOLD, Letter, Teller, languages_of

GIB = 1024**3
LETTER = Letter(
    "full",
    7,
    201,
    "80",
    STATUS_ACTIVE,
    sizes={"used": int(8.5 * GIB), "quota": 10 * GIB, "free": int(1.5 * GIB)},
    words={"percent": "80", "full": "85", "login": "user_7"},
)

SENT = Memo(201, "80", DAY, is_sent=True)


@pytest.fixture
def post(tmp_path: Path, log: logging.Logger) -> Post:
    """Nobody was told anything."""
    return Post(tmp_path, log)


def tell(post: Post, letter: Letter = LETTER, day: date = DAY) -> str:
    """One run tells the client."""
    return Teller(post.context(), day).tell(letter)


def test_he_is_told_once_of_an_occasion_and_again_of_the_next(post: Post) -> None:
    assert tell(post) == TOLD
    assert tell(post, day=DAY + timedelta(1)) == BEFORE
    assert tell(post, LETTER._replace(occasion="95")) == TOLD
    assert tell(post) == TOLD, "another one was in between"
    assert len(post.sent) == 3


def test_occasions_of_different_kinds_and_services_are_different_ones(post: Post) -> None:
    short = LETTER._replace(kind="short", sizes={**LETTER.sizes, "over": 1.0})
    for letter in (LETTER, short, LETTER._replace(item_id=8)):
        assert tell(post, letter) == TOLD
        assert tell(post, letter) == BEFORE
    assert len({subject for _, subject, _ in post.sent}) == 3


@pytest.mark.parametrize(
    ("code", "said", "unsaid"),
    [
        ("ru", ["8,5 ГиБ", "10 ГиБ", "1,5 ГиБ"], ["GiB"]),
        ("ru-RU", ["8,5 ГиБ"], ["GiB"]),
        ("en", ["8.5 GiB", "10 GiB", "1.5 GiB"], ["ГиБ"]),
        ("de", ["8.5 GiB"], ["ГиБ"]),
        ("", ["8,5 ГиБ", "8.5 GiB"], []),
    ],
)
def test_he_is_told_in_his_language_and_where_it_is_not_known_in_both(
    post: Post, code: str, said: List[str], unsaid: List[str]
) -> None:
    post.contact = Contact(401, code)
    tell(post)
    [(user_id, subject, text)] = post.sent
    assert user_id == 401
    assert all(one in text for one in (*said, "user_7", "85 %"))
    assert all(one not in text for one in unsaid)
    assert "7" in subject
    assert DAY.isoformat() in subject
    assert "__" not in subject + text
    assert ("услуга" in subject) is (code[:2] in ("ru", ""))


@pytest.mark.parametrize("code", ["ru", "en", "fr", ""])
def test_languages_are_known_by_their_codes(code: str) -> None:
    expected = {"ru": ["ru"], "en": ["en"], "fr": ["en"], "": ["ru", "en"]}
    assert languages_of(code) == expected[code]


def test_who_has_no_user_is_told_nothing_and_may_be_told_later(post: Post) -> None:
    post.contact = None
    assert tell(post) == NOBODY
    assert not post.memos
    post.contact = Contact(401, "")
    assert tell(post) == TOLD


def test_a_service_that_is_not_what_the_letter_says_is_left_alone(post: Post) -> None:
    post.statuses[7] = STATUS_SUSPENDED
    assert tell(post) == GONE
    assert not post.sent
    assert not post.memos


def test_while_another_run_works_on_the_service_nobody_is_told(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: List[Any] = []

    def busy(path: str, numbers: Any, wait_s: float, what: str) -> None:
        taken.append((path, [*numbers], wait_s))
        raise errors.Busy(what)

    monkeypatch.setattr("utils.run.service.hold", busy)
    context = post.context()
    with pytest.raises(errors.Busy):
        Teller(context, DAY).tell(LETTER)
    with pytest.raises(errors.Busy):
        Teller(context, DAY).forget("full", 7, SENT)
    assert taken == [(context.state.path(SERVICES) + ".lock", [7], 0)] * 2
    assert not post.sent


def test_a_new_client_of_the_service_was_told_nothing(post: Post) -> None:
    tell(post)
    assert tell(post, LETTER._replace(account_id=202)) == TOLD
    assert tell(post, LETTER._replace(account_id=202)) == BEFORE


def test_who_holds_the_service_tells_without_waiting_for_itself(post: Post) -> None:
    context = post.context()
    with hold(context.state.path(SERVICES) + ".lock", [7], 0, "service"):
        assert Teller(context, DAY).tell_held(LETTER) == TOLD


def test_what_was_refused_is_not_noted_as_told(post: Post) -> None:
    before = Memo(201, "80", DAY, is_sent=True)
    post.memos[7, "full"] = before
    post.refusal = errors.CoreRefused("notification.edit", "missed")
    with pytest.raises(errors.CoreRefused):
        tell(post, LETTER._replace(occasion="95"))
    assert post.memos == {(7, "full"): before}
    post.memos.clear()
    with pytest.raises(errors.CoreRefused):
        tell(post)
    assert not post.memos


def test_what_nobody_can_see_stays_open_after_a_lost_answer(post: Post) -> None:
    post.refusal = errors.CoreUnavailable("x")
    with pytest.raises(errors.CoreUnavailable):
        tell(post)
    assert post.memos == {(7, "full"): Memo(201, "80", DAY, is_sent=False)}
    post.refusal = None
    assert tell(post, day=DAY + timedelta(1)) == TOLD
    assert DAY.isoformat() in post.sent[0][1], "the letter that was begun"


@pytest.mark.proof("kill points")
@pytest.mark.parametrize("shows", [True, False])
def test_killed_anywhere_he_is_told_at_most_once_and_where_it_shows_exactly_once(
    tmp_path: Path, log: logging.Logger, shows: bool
) -> None:
    undisturbed = Post(tmp_path, log)
    tell(undisturbed)
    assert undisturbed.effects == ["note", "send", "note"]
    told: List[int] = []
    for deadly in range(len(undisturbed.effects)):
        for after in (False, True):
            post = Post(tmp_path, log)
            post.shows, post.deadly, post.after = shows, deadly, after
            with pytest.raises(Killed):
                tell(post)
            post.deadly = -1
            post.contact = Contact(401, "ru")  # who has changed his language meanwhile
            for night in range(1, 4):
                tell(post, day=DAY + timedelta(night))
            told.append(len(post.sent))
            assert post.memos == {
                (7, "full"): Memo(201, "80", post.memos[7, "full"].day, is_sent=True)
            }
    # Killed between the note and the letter, and after the letter: nobody can tell these apart.
    assert told == ([1, 1, 1, 1, 1, 1] if shows else [1, 0, 0, 1, 1, 1])


def test_what_happens_next_is_a_new_occasion_once_it_is_forgotten(post: Post) -> None:
    tell(post)
    Teller(post.context(), DAY).forget("full", 7, SENT)
    assert not post.memos
    assert tell(post) == TOLD
    lower = Memo(201, "80", DAY, is_sent=True)
    post.memos[7, "full"] = lower._replace(occasion="95")
    Teller(post.context(), DAY).forget("full", 7, SENT._replace(occasion="95"), lower)
    assert post.memos == {(7, "full"): lower}


def test_what_another_run_has_told_meanwhile_is_not_forgotten(post: Post) -> None:
    tell(post, LETTER._replace(occasion="95"))
    Teller(post.context(), DAY).forget("full", 7, SENT)
    assert tell(post, LETTER._replace(occasion="95")) == BEFORE
