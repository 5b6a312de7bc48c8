"""Tasks of no operation, on the stand's BILLmanager."""

import logging
from typing import List

import pytest

from tests.doubles.billmanager import DEPARTMENT, CoreFault, Stand
from tests.unit.billing.given import module
from tests.unit.conftest import opened
from utils.base import errors
from utils.billing.billmanager import Billing


def numbers(stand: Stand, text: str) -> List[int]:
    """The tasks of that text."""
    rows = stand.sql("SELECT id FROM task WHERE specification = %s ORDER BY id", text)
    return [row["id"] for row in rows]


def test_a_task_is_made_once_for_the_department(stand: Stand, billing: Billing) -> None:
    department = billing.tasks.department(module(stand))
    assert department == DEPARTMENT
    made = [billing.tasks.make(department, "Service 7 'x' \"y\"\nУслуга") for _ in range(2)]
    assert made == numbers(stand, "Service 7 'x' \"y\"\nУслуга") * 2
    [task] = [task for task in stand.tasks() if task["id"] == made[0]]
    assert (task["department"], task["item"], task["runningoperation"]) == (DEPARTMENT, None, None)
    assert not [call for call in stand.calls if "Услуга" in " ".join(call.argv)]


def test_a_module_that_is_not_there_has_no_department(billing: Billing) -> None:
    assert billing.tasks.department(4711) is None


@pytest.mark.parametrize("kind", ["cut_after_effect", "exit1"])
def test_a_task_whose_answer_is_lost_is_looked_up(
    stand: Stand, billing: Billing, kind: str
) -> None:
    text = f"lost by {kind}"
    stand.core_faults.append(CoreFault("task.simple.create", kind=kind))
    if kind == "exit1":
        with pytest.raises(errors.CoreUnavailable):
            billing.tasks.make(DEPARTMENT, text)
        assert numbers(stand, text) == []
    assert billing.tasks.make(DEPARTMENT, text) == numbers(stand, text)[0]
    assert len(numbers(stand, text)) == 1


def test_a_refusal_is_told(stand: Stand, billing: Billing) -> None:
    stand.hidden_functions.add("task.simple.create")
    with pytest.raises(errors.CoreRefused, match=r"task\.simple\.create"):
        billing.tasks.make(DEPARTMENT, "refused")


def test_where_texts_are_not_shown_a_task_has_no_number(log: logging.Logger) -> None:
    with Stand() as without:
        without.sql("ALTER TABLE task CHANGE specification words TEXT")
        without.core_faults.append(CoreFault("task.simple.create", kind="exit1"))
        for billing in opened(without, log):
            assert billing.tasks.make(DEPARTMENT, "x") is None


def test_an_open_task_is_withdrawn_and_a_closed_one_stays(stand: Stand, billing: Billing) -> None:
    texts = ("withdrawn", "closed")
    tasks = [billing.tasks.make(DEPARTMENT, text) or 0 for text in texts]
    stand.sql("UPDATE task SET status = 2 WHERE id = %s", tasks[1])
    for _ in range(2):
        for task in tasks:
            billing.tasks.withdraw(task)
    assert [len(numbers(stand, text)) for text in texts] == [0, 1]
    assert billing.tasks.make(DEPARTMENT, "closed") != tasks[1], "what was closed is over"


def test_a_task_that_is_gone_meanwhile_is_withdrawn(stand: Stand, billing: Billing) -> None:
    task = billing.tasks.make(DEPARTMENT, "gone") or 0
    stand.core_faults.append(CoreFault("task.delete", kind="error"))
    with pytest.raises(errors.CoreRefused):
        billing.tasks.withdraw(task)
    stand.before_call = lambda call: stand.sql("DELETE FROM task WHERE id = %s", task)
    try:
        billing.tasks.withdraw(task)
    finally:
        stand.before_call = None
    assert numbers(stand, "gone") == []
