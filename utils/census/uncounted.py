"""Services that are sold and not counted: staff has one task for each, until that ends."""

from typing import Callable, Dict, Optional, Set

from utils.base import errors
from utils.base.logs import Logger
from utils.base.values import Item
from utils.billing.tasks import Tasks
from utils.consts import STATUS_ACTIVE, STATUS_SUSPENDED
from utils.host.state import UNCOUNTED, State

MOST_TASKS = 50
"""New tasks of one run. More at once have one cause for all; the next days' runs make the rest."""


class Uncounted:
    """What one run finds of one module, beside what staff was told before.

    `describe` says to staff which service is not counted, and why, in words that stay the same.
    """

    def __init__(
        self,
        tasks: Tasks,
        state: State,
        log: Logger,
        module_id: int,
        describe: Callable[[int, str], str],
    ) -> None:
        self._tasks = tasks
        self._state = state
        self._log = log
        self._module_id = module_id
        self._describe = describe
        self._told = self._remembered()
        self._still: Set[int] = set()
        self._new: Dict[int, str] = {}

    def note(self, item: Item, why: str) -> None:
        """Notes a service that gets no row; one that is just being opened or changed may wait."""
        if item.status not in (STATUS_ACTIVE, STATUS_SUSPENDED):
            return
        if item.id in self._told:
            self._still.add(item.id)
        elif len(self._new) < MOST_TASKS:
            self._new[item.id] = why

    def settle(self) -> None:
        """Makes the tasks that are missing, and withdraws those of which nothing is left.

        Only after all services were looked at. Never costs the day: what fails is logged, and
        done by the next run.
        """
        try:
            self._withdraw()
            self._tell()
        except errors.PmError as error:
            self._log.warning(
                "not every task of an uncounted service is as it should be: %s", error
            )

    def _withdraw(self) -> None:
        for item_id in sorted(set(self._told) - self._still):
            number = self._told[item_id]
            if number is not None:
                self._tasks.withdraw(number)
            self._log.info("service %d is no longer uncounted: task %s", item_id, number)
            del self._told[item_id]
            self._remember()

    def _tell(self) -> None:
        """Whatever cannot be remembered is not told: it would be told every day."""
        if not self._new:
            return
        department = self._tasks.department(self._module_id)
        if department is None:
            self._log.warning("module %d has no department for tasks", self._module_id)
            return
        self._remember()
        for item_id, why in sorted(self._new.items()):
            number = self._tasks.make(department, self._describe(item_id, why))
            self._told[item_id] = number
            self._remember()
            self._log.info("service %d is not counted: staff has task %s", item_id, number)

    def _remember(self) -> None:
        told = {str(item_id): number for item_id, number in self._told.items()}
        self._state.write(UNCOUNTED.format(self._module_id), told)

    def _remembered(self) -> Dict[int, Optional[int]]:
        kept = self._state.read(UNCOUNTED.format(self._module_id))
        if not isinstance(kept, dict):
            return {}
        return {
            int(item_id): number if isinstance(number, int) else None
            for item_id, number in kept.items()
            if item_id.isascii() and item_id.isdigit()
        }
