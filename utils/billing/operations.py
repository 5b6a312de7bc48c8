"""Operations that wait in BILLmanager's queue: their error, their tries, their task for staff.

What BILLmanager does with them: docs/en/protocol.md, "Failures of operations".
"""

import re
from typing import TYPE_CHECKING, List, NamedTuple, Optional, Sequence

from utils.base import errors
from utils.base.logs import Logger
from utils.billing import reply
from utils.billing.doors import Doors
from utils.billing.mgrctl import Unseen
from utils.billing.needs import FUNCTIONS, OPTIONAL
from utils.consts import MODULE, TASK_CLOSED

if TYPE_CHECKING:
    from utils.billing.database import Row


_WAITING = """ AS error,
       EXISTS (SELECT 1 FROM task t WHERE t.runningoperation = o.id
                  AND IFNULL(t.status, 0) <> %s) AS has_task
  FROM runningoperation o JOIN item i ON i.id = o.item
 WHERE i.processingmodule IN %s ORDER BY o.id
"""


class Standing(NamedTuple):
    """An operation in BILLmanager's queue; one that `is_stopped` is repeated by nobody."""

    id: int
    item_id: int
    itemtype: str
    is_stopped: bool


class Queued(NamedTuple):
    """An operation in the queue; `is_stopped` is None where BILLmanager's version does not tell."""

    id: int
    module_id: int
    tries: int
    is_stopped: Optional[bool]


class Waiting(NamedTuple):
    """An operation that was not done yet: how often it was tried, and of what it failed last.

    One that `is_stopped` waits for staff, who may have a task of it. `code` is empty where none
    stands there, or is not to be seen.
    """

    id: int
    item_id: int
    tries: int
    is_stopped: bool
    has_task: bool
    code: str


_CODE = r"""<error\b[^>]*?\btype=["']([A-Za-z_]{1,40})["']"""


class Operations:
    """The operation that this run serves, if it serves one, and those that were given up.

    `operation_id` is its number. Every method may raise DatabaseUnavailable, those that write
    CoreUnavailable and CoreRefused.
    """

    def __init__(self, doors: Doors, log: Logger, operation_id: Optional[int]) -> None:
        self._doors = doors
        self._log = log
        self._operation_id = operation_id

    def waits(self) -> bool:
        """Whether the operation that this run serves still stands in BILLmanager's queue."""
        return self.tries() is not None

    def tries(self) -> Optional[int]:
        """How often BILLmanager has tried this run's operation; None where there is none."""
        if self._operation_id is None:
            return None
        row = self._doors.db.row(
            "SELECT trycount FROM runningoperation WHERE id = %s", self._operation_id
        )
        return None if row is None else int(row["trycount"] or 0)

    def has_task(self) -> bool:
        """Whether staff has a task of this run's operation that is not closed."""
        return bool(
            self._doors.db.row(
                "SELECT 1 FROM task WHERE runningoperation = %s AND IFNULL(status, 0) <> %s",
                self._operation_id,
                TASK_CLOSED,
            )
        )

    def save_error(self, error: errors.PmError) -> None:
        """Saves the error document on this run's operation, where administrators look for it."""
        self._doors.core.call(
            FUNCTIONS.edit_operation,
            sok="ok",
            elid=self._operation_id,
            errorxml=_document(error),
        )

    def shows(self, module_id: int, code: str) -> bool:
        """Whether an error of that code stands on any operation of the module.

        True where nobody can see that: BILLmanager's version does not show it, or this run serves
        no operation on which it would stand for the next one to see.
        """
        if not self.waits() or not self._doors.db.has_column(*OPTIONAL.operation_error):
            return True
        row = self._doors.db.row(
            "SELECT 1 FROM runningoperation o JOIN item i ON i.id = o.item"
            " WHERE i.processingmodule = %s AND (o.errorxml LIKE %s OR o.errorxml LIKE %s) LIMIT 1",
            module_id,
            f'%type="{code}"%',
            f"%type='{code}'%",  # the core may keep the document as it reads it
        )
        return row is not None

    def leave_to_staff(self, item_id: int, command: str, error: errors.PmError) -> None:
        """Stops this run's operation, so that BILLmanager does not repeat it, and makes a task.

        The task is of the type that BILLmanager has for the command. Where it has none, or the
        operation has an open task already, none is made.
        """
        has_task = self.has_task()
        self._doors.core.call(FUNCTIONS.stop_operation, sok="ok", elid=self._operation_id)
        self._log.error("operation %s is left to staff: %s", self._operation_id, error)
        if not has_task:
            self._make_task(item_id, command)

    def tell_staff(self, item_id: int, command: str, error: errors.PmError) -> None:
        """Makes a task of something that does not keep this run's operation from its end.

        The operation is gone then, and its error with it, so the task says itself what was found.
        Where the operation has ended, or has an open task already, none is made.
        """
        self._log.error("staff is to know: %s", error)
        if not self.waits() or self.has_task():
            return
        self.save_error(error)
        self._make_task(item_id, command, params=_document(error))

    def _make_task(self, item_id: int, command: str, **more: Unseen) -> None:
        answer = self._doors.core.call(FUNCTIONS.find_task_type, operation=command)
        task_type = answer.findtext(".//task_type")
        if task_type:
            # Each call adds a task, so a call whose answer is lost is not repeated.
            self._doors.core.call_once(
                FUNCTIONS.make_task,
                sok="ok",
                item=item_id,
                runningoperation=self._operation_id,
                type=task_type,
                **more,
            )

    def stopped(self, module_id: Optional[int] = None) -> List[int]:
        """The operations that are left to staff, of all modules of this kind or of that one.

        Nothing where BILLmanager's version does not tell them from others.
        """
        if not self._doors.db.has_column(*OPTIONAL.operation_stopped):
            return []
        rows = self._doors.db.rows(
            "SELECT o.id FROM runningoperation o JOIN item i ON i.id = o.item"
            " JOIN processingmodule m ON m.id = i.processingmodule"
            " WHERE m.module = %s AND m.id = IFNULL(%s, m.id) AND o.manual = 'on' ORDER BY o.id",
            MODULE,
            module_id,
        )
        return [row["id"] for row in rows]

    def queue(self) -> List[Queued]:
        """All operations that stand in the queue for services of modules of this kind."""
        tells = self._doors.db.has_column(*OPTIONAL.operation_stopped)
        rows = self._doors.db.rows(
            "SELECT o.id, o.trycount, i.processingmodule FROM runningoperation o"
            " JOIN item i ON i.id = o.item JOIN processingmodule m ON m.id = i.processingmodule"
            " WHERE m.module = %s ORDER BY o.id",
            MODULE,
        )
        stopped = set(self.stopped()) if tells else set()
        return [
            Queued(
                row["id"],
                row["processingmodule"],
                int(row["trycount"] or 0),
                row["id"] in stopped if tells else None,
            )
            for row in rows
        ]

    def waiting(self, module_ids: Sequence[int]) -> List[Waiting]:
        """All operations of some modules that stand in BILLmanager's queue, the oldest first."""
        has_stops = self._doors.db.has_column(*OPTIONAL.operation_stopped)
        has_errors = self._doors.db.has_column(*OPTIONAL.operation_error)
        rows = self._doors.db.rows(
            "SELECT o.id, o.item, o.trycount, "
            + ("o.manual" if has_stops else "NULL")
            + " AS manual, "
            + ("o.errorxml" if has_errors else "NULL")
            + _WAITING,
            TASK_CLOSED,
            module_ids,
        )
        return [_waiting(row) for row in rows]

    def standing(self, ids: Sequence[int]) -> List[Standing]:
        """Those of the operations that stand in the queue, with their services.

        Where BILLmanager's version does not tell, none of them is stopped.
        """
        rows = self._doors.db.rows(
            "SELECT o.id, o.item, t.intname AS itemtype FROM runningoperation o"
            " JOIN item i ON i.id = o.item JOIN pricelist p ON p.id = i.pricelist"
            " JOIN itemtype t ON t.id = p.itemtype WHERE o.id IN %s ORDER BY o.id",
            ids,
        )
        stopped = set(self.stopped())
        return [
            Standing(row["id"], row["item"], row["itemtype"], row["id"] in stopped) for row in rows
        ]


def _waiting(row: "Row") -> Waiting:
    found = re.search(_CODE, row["error"] or "")
    return Waiting(
        row["id"],
        row["item"],
        int(row["trycount"] or 0),
        row["manual"] == "on",
        bool(row["has_task"]),
        found.group(1) if found else "",
    )


def _document(error: errors.PmError) -> Unseen:
    """The error document as BILLmanager keeps it."""
    return Unseen(reply.error(error).document.decode("utf-8").strip())
