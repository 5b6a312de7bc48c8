"""Passwords that were typed on services: each is tried once, and what was refused never again.

A cloud counts wrong passwords, and a typed one may be a guess at another's account.
"""

from typing import Callable, Dict

from utils.base import errors
from utils.base.logins import fold
from utils.base.secret import Secret
from utils.host.locks import LockFile
from utils.host.state import GUESSES, State

_WAIT_S = 5.0
"""Longest wait for another process that notes a refusal; it takes the writing of one file."""


class Guesses:
    """The memory of what the cloud of one module has refused.

    `fingerprint` makes a short name of a secret text that tells nothing about it.
    """

    def __init__(self, state: State, fingerprint: Callable[[str], str], module_id: int) -> None:
        self._state = state
        self._fingerprint = fingerprint
        self._name = GUESSES.format(module_id)

    def try_once(
        self, item_id: int, login: str, password: Secret, accepts: Callable[[str, Secret], bool]
    ) -> bool:
        """Whether the account accepts the password that was typed on a service.

        Asks by `accepts`, unless the same was refused before. Raises StateUnwritable, and then
        nothing was asked: what cannot be remembered is not tried.
        """
        name = self._fingerprint("\0".join((str(item_id), fold(login), password.reveal())))
        if self._refused().get(str(item_id)) == name:
            return False
        self._keep(item_id, "")  # as a trial whether it can be kept
        if accepts(login, password):
            return True
        self._keep(item_id, name)
        return False

    def _refused(self) -> Dict[str, str]:
        kept = self._state.read(self._name)
        return kept if isinstance(kept, dict) else {}

    def _keep(self, item_id: int, name: str) -> None:
        with LockFile(self._state.path(self._name) + ".lock") as lock:
            if lock.take([0], _WAIT_S) is None:
                raise errors.Busy(self._name)
            self._state.write(self._name, {**self._refused(), str(item_id): name})
