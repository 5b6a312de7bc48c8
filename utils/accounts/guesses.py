"""Passwords that were typed on services: each is tried once, and what was refused never again.

A cloud counts wrong passwords, and a typed one may be a guess at another's account.
"""

from typing import Any, Callable, Dict, NamedTuple, Optional

from utils.api import NextcloudAPIClient
from utils.base import errors
from utils.base.logins import fold
from utils.base.secret import Secret
from utils.base.values import Account
from utils.host.locks import LockFile
from utils.host.state import GUESSES, State

_WAIT_S = 5.0
"""Longest wait for another process that notes a guess; it takes the writing of one file."""

_UNJUDGED = (
    errors.NothingSent,
    errors.CloudMaintenance,
    errors.CloudThrottled,
    errors.FrontThrottled,
)
"""After these nobody looked at the password, as after all that keep a run from the cloud."""


class Guess(NamedTuple):
    """A guess as it is noted: its digest, and whether the answer to it is known.

    Where it is not, `last_login` is what the cloud told of the account before the guess.
    """

    name: str
    is_answered: bool
    last_login: Optional[int] = None


class Guesses:
    """The memory of what was tried at the cloud of one module, and not accepted.

    `fingerprint` makes a short name of a secret text that tells nothing about it.
    """

    def __init__(self, state: State, fingerprint: Callable[[str], str], module_id: int) -> None:
        self._state = state
        self._fingerprint = fingerprint
        self._name = GUESSES.format(module_id)

    def try_once(
        self, item_id: int, account: Account, password: Secret, cloud: NextcloudAPIClient
    ) -> bool:
        """Whether the account, as it was just read, accepts the password typed on a service.

        Asks the cloud, unless the same was refused before, or may have been. Raises
        StateUnwritable, and then nothing was asked: what cannot be remembered is not tried.
        """
        login = account.login
        name = self._fingerprint("\0".join((str(item_id), fold(login), password.reveal())))
        before = self._noted(item_id)
        if before is not None and before.name == name:
            if before.is_answered:
                return False
            if not _may_repeat(before, account, cloud):
                self._note(item_id, Guess(name, is_answered=True))
                return False
        # A run may end between the answer and its note, so the question is noted first.
        self._note(item_id, Guess(name, is_answered=False, last_login=account.last_login))
        try:
            is_accepted = cloud.accepts(login, password)
        except errors.CloudError as error:
            if error.lasts or isinstance(error, _UNJUDGED):
                self._note(item_id, None)
            raise
        self._note(item_id, None if is_accepted else Guess(name, is_answered=True))
        return is_accepted

    def _noted(self, item_id: int) -> Optional[Guess]:
        return _understood(self._kept().get(str(item_id)))

    def _kept(self) -> Dict[str, Any]:
        kept = self._state.read(self._name)
        return kept if isinstance(kept, dict) else {}

    def _note(self, item_id: int, guess: Optional[Guess]) -> None:
        with LockFile(self._state.path(self._name) + ".lock") as lock:
            if lock.take([0], _WAIT_S) is None:
                raise errors.Busy(self._name)
            kept = self._kept()
            if guess is None:
                kept.pop(str(item_id), None)
            else:
                kept[str(item_id)] = guess
            self._state.write(self._name, kept)


def _understood(kept: Any) -> Optional[Guess]:
    """The guess that was kept, or None where it is damaged."""
    try:
        guess = Guess(*kept)
    except TypeError:
        return None
    is_whole = isinstance(guess.name, str) and isinstance(guess.is_answered, bool)
    return guess if is_whole and isinstance(guess.last_login, (int, type(None))) else None


def _may_repeat(before: Guess, account: Account, cloud: NextcloudAPIClient) -> bool:
    """Whether a guess whose answer is lost was not refused, as far as the cloud tells.

    It was accepted where the account had a login since; it never arrived where the cloud has
    refused nobody from here. ownCloud tells nothing of what it refused.
    """
    had_login = account.last_login not in (None, before.last_login)
    return had_login or cloud.has_refused_none()
