"""Which clients a run tells that their space runs out, and what it does where it cannot."""

import logging
from pathlib import Path
from typing import Any, List, Optional

import pytest

from tests.unit.conftest import make_billing
from tests.unit.run.telling import DAY, Post
from utils.accounts.fullness import Crossing, Fullness
from utils.base import errors
from utils.billing.memos import Memo
from utils.consts import STATUS_SUSPENDED
from utils.host.state import UNTOLD
from utils.run import warnings
from utils.run.context import Context
from utils.run.warnings import Warnings

GIB = 1024**3


class Nights:
    """Runs of `stat`, one after the other."""

    def __init__(self, post: Post) -> None:
        self.post = post
        self.last: Optional[Context] = None

    def run(self, *risen: Crossing, fallen: "tuple[Crossing, ...]" = (), **settings: Any) -> Any:
        """A night that finds these; gives its BILLmanager."""
        self.last = self.post.context(**settings)
        fullness = Fullness(make_billing())
        fullness.risen, fullness.fallen = [*risen], [*fallen]
        Warnings(self.last, fullness, DAY, lambda error: f"untold: {error}").settle()
        return self.last.billing

    @property
    def told(self) -> List[str]:
        """The subjects of all letters."""
        return [subject for _, subject, _ in self.post.sent]


def full(item_id: int, percent: int = 80, told: int = 0) -> Crossing:
    """A service of 10 GiB that has passed the threshold."""
    return Crossing(item_id, 201, f"user_{item_id}", percent, told, 9 * GIB, 10 * GIB)


@pytest.fixture
def nights(tmp_path: Path, log: logging.Logger) -> Nights:
    """Nobody was told anything."""
    return Nights(Post(tmp_path, log))


def test_a_run_tells_so_many_the_fullest_first_and_the_next_one_the_rest(nights: Nights) -> None:
    crossings = [full(1), full(2, 95), full(3), full(4, 95)]
    nights.run(*crossings, warnings_per_run=3)
    assert [subject.split("service ")[1][0] for subject in nights.told] == ["2", "4", "1"]
    nights.run(*crossings, warnings_per_run=3)
    assert len(nights.told) == 4, "whom the first one told does not count"


def test_the_letter_has_the_figures(nights: Nights) -> None:
    nights.run(full(1))
    [(_, subject, text)] = nights.post.sent
    assert "80 %" in subject
    for part in ("9 GiB", "10 GiB", "90 %", "1 GiB", "user_1", "service 1"):
        assert part in text


def test_more_than_full_leaves_nothing_free(nights: Nights) -> None:
    nights.run(full(1)._replace(used_bytes=12 * GIB))
    assert "0 B" in nights.post.sent[0][2]
    assert "120 %" in nights.post.sent[0][2]


def test_whose_use_has_fallen_counts_anew(nights: Nights) -> None:
    nights.run(full(1, 95))
    nights.run(fallen=(full(1, 80, told=95),))
    assert nights.post.memos[1, "full"] == Memo(201, "80", DAY, is_sent=True)
    nights.run(full(1, 95))
    assert len(nights.told) == 2
    nights.run(fallen=(full(1, 0, told=95),))
    assert not nights.post.memos


def test_one_run_notes_only_so_many_that_have_fallen(
    nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warnings, "MOST_FORGOTTEN", 2)
    for item_id in (1, 2, 3):
        nights.post.memos[item_id, "full"] = Memo(201, "80", DAY, is_sent=True)
    fallen = tuple(full(item_id, 0, told=80) for item_id in (1, 2, 3))
    nights.run(fallen=fallen)
    assert [item_id for item_id, _ in nights.post.memos] == [3]


@pytest.mark.parametrize("error", [errors.CoreUnavailable("x"), errors.DatabaseUnavailable("x")])
def test_a_failure_costs_no_day_and_ends_the_telling(
    nights: Nights, caplog: pytest.LogCaptureFixture, error: errors.PmError
) -> None:
    nights.post.refusal = error
    nights.run(full(1), full(2))
    assert nights.post.effects == ["note", "send"]
    assert "not every client was told" in caplog.text


def test_one_that_another_run_works_on_keeps_nobody_else_from_being_told(
    nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    from utils.run import service

    real = service.hold

    def hold(path: str, numbers: Any, wait_s: float, what: str) -> Any:
        if [*numbers] == [1]:
            raise errors.Busy(what)
        return real(path, numbers, wait_s, what)

    monkeypatch.setattr(service, "hold", hold)
    nights.post.memos[1, "full"] = Memo(201, "80", DAY, is_sent=True)
    nights.run(full(1), full(2), fallen=(full(1, 0, told=80),))
    assert len(nights.told) == 1
    assert (1, "full") in nights.post.memos


UNWRITABLE = [errors.CoreRefused("service.dropparam", "missed"), errors.NotSaved("memo")]


@pytest.mark.parametrize("error", UNWRITABLE)
@pytest.mark.parametrize("percent", [0, 80])
def test_a_service_that_keeps_what_was_told_silences_nobody(
    nights: Nights, caplog: pytest.LogCaptureFixture, error: errors.PmError, percent: int
) -> None:
    for item_id in (1, 2):
        nights.post.memos[item_id, "full"] = Memo(201, "95", DAY, is_sent=True)
    nights.post.unwritable[1] = error
    nights.run(full(3), fallen=(full(1, percent, told=95), full(2, percent, told=95)))
    assert len(nights.told) == 1
    assert nights.post.memos[1, "full"].occasion == "95"
    assert nights.post.memos.get((2, "full")) != Memo(201, "95", DAY, is_sent=True)
    assert "service 1: it is not noted that its use has fallen" in caplog.text


@pytest.mark.parametrize("error", UNWRITABLE)
def test_a_service_on_which_nothing_can_be_noted_silences_nobody(
    nights: Nights, error: errors.PmError
) -> None:
    nights.post.unwritable[1] = error
    nights.run(full(1, 95), full(2))
    assert [subject.split("service ")[1][0] for subject in nights.told] == ["2"]


def test_who_cannot_be_told_is_named_and_does_not_count(
    nights: Nights, caplog: pytest.LogCaptureFixture
) -> None:
    nights.post.statuses[2] = STATUS_SUSPENDED
    nights.run(full(2), full(3), warnings_per_run=1)
    assert len(nights.told) == 1
    nights.post.contact = None
    nights.run(full(4))
    assert "service 4: its client has no user" in caplog.text
    assert "space runs out: 0 of 1 clients told" in caplog.text


# -- where BILLmanager takes no notifications -----------------------------------------------------


def refuse(nights: Nights) -> None:
    """BILLmanager does not know the function."""
    nights.post.refusal = errors.CoreRefused("notification.edit", "missed", "function")


def test_staff_has_one_task_until_somebody_can_be_told(
    nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warnings, "MOST_REFUSED", 3)
    refuse(nights)
    crossings = [full(item_id) for item_id in range(1, 9)]
    billing = nights.run(*crossings)
    assert nights.post.effects.count("send") == warnings.MOST_REFUSED
    words = "untold: core_refused: notification.edit: missed (function)"
    billing.tasks.make.assert_called_once_with(3, words)
    assert not nights.post.memos
    nights.run(*crossings).tasks.make.assert_not_called()
    nights.run().tasks.withdraw.assert_not_called()
    nights.post.refusal = None
    billing = nights.run(*crossings)
    billing.tasks.withdraw.assert_called_once_with(77)
    assert len(nights.told) == 8
    refuse(nights)
    nights.run(full(9)).tasks.make.assert_called_once()


def test_a_client_of_whom_billmanager_takes_no_letter_silences_nobody(nights: Nights) -> None:
    refuse(nights)
    nights.post.of = lambda subject: "service 1:" in subject
    nights.run(full(1, 95), full(2), full(3)).tasks.make.assert_not_called()
    assert len(nights.told) == 2
    nights.run(full(1, 95)).tasks.make.assert_called_once()


def test_without_a_department_there_is_a_line_in_the_log(
    nights: Nights, caplog: pytest.LogCaptureFixture
) -> None:
    refuse(nights)
    context = nights.post.context()
    context.billing.tasks.department.return_value = None
    fullness = Fullness(make_billing())
    fullness.risen = [full(1)]
    Warnings(context, fullness, DAY, str).settle()
    context.billing.tasks.make.assert_not_called()
    assert "module 31 has no department for tasks" in caplog.text


@pytest.mark.parametrize("kept", [{"task": None}, {"task": "x"}])
def test_a_task_without_a_number_is_not_made_again_and_not_withdrawn(
    nights: Nights, kept: Any
) -> None:
    refuse(nights)
    nights.post.context().state.write(UNTOLD.format(31), kept)
    nights.run(full(1)).tasks.make.assert_not_called()
    nights.post.refusal = None
    billing = nights.run(full(1))
    billing.tasks.withdraw.assert_not_called()
    refuse(nights)
    nights.run(full(2)).tasks.make.assert_called_once()


@pytest.mark.parametrize("kept", [{}, [], "x", None])
def test_a_run_that_was_killed_before_its_task_makes_it(nights: Nights, kept: Any) -> None:
    refuse(nights)
    nights.post.context().state.write(UNTOLD.format(31), kept)
    nights.run(full(1)).tasks.make.assert_called_once()
