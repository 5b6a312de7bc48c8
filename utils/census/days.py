"""Which days' usage is whole.

The last whole day of each module is kept. The days that a run has missed, because it failed, was
killed or never began, lie between that day and today.
"""

from datetime import date, timedelta
from typing import List, Optional

from utils.base import errors
from utils.host.state import USAGE, State

ASKED, NO_DAY = "asked for the day: ", "none"
"""How the log says which day the call named; `doctor --facts` tells it."""


class WholeDays:
    """The memory of one module: what cannot be kept is not told of later, and stops nothing."""

    def __init__(self, state: State, module_id: int) -> None:
        self._state = state
        self._name = USAGE.format(module_id)

    def last(self) -> Optional[date]:
        """The last whole day, or None where none is known."""
        try:
            return date.fromisoformat(self._state.read(self._name))
        except (TypeError, ValueError):
            return None

    def missing_before(self, today: date) -> List[date]:
        """The first and the last day that are not whole, or none where all are.

        From the first run on, so it has to be called before anything is read.
        """
        yesterday = today - timedelta(days=1)
        last = self.last()
        if last is None:
            last = yesterday
            self.add(yesterday)
        return [last + timedelta(days=1), yesterday] if last < yesterday else []

    def add(self, day: date) -> None:
        """Remembers that the day is whole; what was missing before it stays so and was said."""
        try:
            self._state.write(self._name, day.isoformat())
        except errors.StateUnwritable:
            return  # the state itself knows why, and the report tells it
