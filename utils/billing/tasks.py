"""Tasks for staff that belong to no operation.

How they are made and taken away is known from one public module (docs/en/protocol.md, "Failures of
operations"): where BILLmanager's core refuses, or the module has no department, there is none.
"""

from typing import Optional

from utils.base import errors
from utils.billing.doors import Doors
from utils.billing.mgrctl import Unseen
from utils.billing.needs import FUNCTIONS, OPTIONAL
from utils.consts import TASK_CLOSED


class Tasks:
    """Makes tasks, and withdraws them.

    Every method may raise DatabaseUnavailable, CoreUnavailable, CoreRefused.
    """

    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    def department(self, module_id: int) -> Optional[int]:
        """The department to which the tasks of a module go, or None where it has none."""
        row = self._doors.db.row("SELECT department FROM processingmodule WHERE id = %s", module_id)
        return row["department"] if row else None

    def make(self, department: int, text: str) -> Optional[int]:
        """The number of an open task of that text, which is made unless it is there.

        None where BILLmanager's version does not show it. A call whose answer is lost is looked
        up, and taken for made where it cannot be. The text has to be that of no other task.
        """
        number = self._find(text)
        if number is not None:
            return number
        try:
            self._doors.core.call_once(
                FUNCTIONS.make_task_of_department,
                sok="ok",
                elid=department,
                specification=Unseen(text),
            )
        except errors.CoreUnavailable:
            number = self._find(text)
            if number is None and self._can_find():
                raise
        return number or self._find(text)

    def withdraw(self, number: int) -> None:
        """Takes an open task away. One that is closed by now stays as a record of that."""
        row = self._doors.db.row("SELECT status FROM task WHERE id = %s", number)
        if row is None or row["status"] == TASK_CLOSED:
            return
        try:
            self._doors.core.call(FUNCTIONS.delete_task, elid=number)
        except errors.CoreRefused:
            if self._doors.db.row("SELECT status FROM task WHERE id = %s", number) is not None:
                raise

    def _find(self, text: str) -> Optional[int]:
        if not self._can_find():
            return None
        row = self._doors.db.row(
            "SELECT MAX(id) AS id FROM task WHERE specification = %s AND IFNULL(status, 0) <> %s",
            text,
            TASK_CLOSED,
        )
        return row["id"] if row else None

    def _can_find(self) -> bool:
        return self._doors.db.has_column(*OPTIONAL.task_text)
