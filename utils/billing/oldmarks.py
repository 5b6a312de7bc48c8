"""Marks of version 1, which had no seal: each is taken once, and then replaced by a sealed one."""

from typing import Any, Callable, Dict, Optional

from utils.base import errors
from utils.base.logs import Logger
from utils.host.locks import LockFile
from utils.host.state import MARKS, State

_UNTIL, _SEALED = "until", "sealed"
_WAIT_S = 5.0
"""Longest wait for another process that notes a service; it takes the writing of one file."""


class OldMarks:
    """Remembers which services may still have a mark without a seal.

    Those are the services that were there when this version first ran and have had no sealed mark
    yet. This is a memory and no record: where the file is lost, or cannot be written, old marks
    are taken once more. `highest` tells the highest number that a service has.
    """

    def __init__(self, state: State, highest: Callable[[], int], log: Logger) -> None:
        self._state = state
        self._highest = highest
        self._log = log
        self._memory: Optional[Dict[str, Any]] = None

    def begin(self) -> None:
        """Notes, at the first run of this version, which services were there by then."""
        self._read()

    def admits(self, *item_ids: int) -> bool:
        """Whether a mark without a seal may be on services of these numbers."""
        memory = self._read()
        return all(one <= memory[_UNTIL] and one not in memory[_SEALED] for one in item_ids)

    def note_sealed(self, item_id: int) -> None:
        """The service has a sealed mark: from now on no other is taken there."""
        if not self.admits(item_id):
            return
        try:
            with LockFile(self._state.path(MARKS) + ".lock") as lock:
                if lock.take([0], _WAIT_S) is None:
                    return  # the next command on the service notes it
                memory = _understood(self._state.read(MARKS)) or self._read()
                memory[_SEALED] = sorted({*memory[_SEALED], item_id})
                self._state.write(MARKS, memory)
                self._memory = memory
        except errors.StateUnwritable as error:
            self._log.warning("its old mark would be taken once more: %s", error)

    def _read(self) -> Dict[str, Any]:
        if self._memory is None:
            self._memory = _understood(self._state.read(MARKS))
        if self._memory is None:
            self._memory = {_UNTIL: self._highest(), _SEALED: []}
            try:
                self._state.write(MARKS, self._memory)
            except errors.StateUnwritable as error:
                self._log.warning("which services have old marks is not remembered: %s", error)
        return self._memory


def _understood(kept: Any) -> Optional[Dict[str, Any]]:
    """What was kept, or None where it is damaged."""
    if not isinstance(kept, dict) or type(kept.get(_UNTIL)) is not int:
        return None
    sealed = kept.get(_SEALED)
    if not isinstance(sealed, list) or not all(type(one) is int for one in sealed):
        return None
    return {_UNTIL: kept[_UNTIL], _SEALED: sealed}
