"""What a cloud refused, remembered across processes, so that not each of them asks for it again.

BILLmanager may have hundreds of operations waiting. Every wrong login slows the cloud down for
everybody behind the same address and at last blocks it, so a refusal of login or rights stands for
ten minutes: one process tries then, the others fail at once as the last did. A wish for patience
stands for as long as the answer says; where it says nothing, for some seconds at first, and twice
as long after each try in vain. A new secret or address is tried at once.
"""

import time
from typing import Any, Callable, Dict, Optional, Type

from utils.base import errors
from utils.base.values import Server
from utils.consts import Level
from utils.host.locks import LockFile
from utils.host.state import REFUSED, State

STANDS_S = 600.0
"""How long a refusal stands, and the longest time that a wish for patience does."""

FIRST_PAUSE_S = 5.0
"""How long a wish for patience without a time stands at first: a burst is over by then."""

_WAIT_S = 5.0
_PATIENCE = (errors.CloudThrottled, errors.CloudWriteLimit, errors.FrontThrottled)


def _list_standing() -> Dict[str, Type[errors.PmError]]:
    """The refusals that are remembered, by their codes."""
    return {one.code: one for one in errors.list_kinds() if one.stands_for is not None}


class Refusals:
    """The memory for one module's cloud and credentials; `level` is what the command does there."""

    def __init__(
        self, state: State, fingerprint: Callable[[str], str], server: Server, level: Level
    ) -> None:
        self._state = state
        self._level = level
        self._name = REFUSED.format(server.module_id)
        self._lock_path = state.path(self._name) + ".lock"
        secrets = (server.secret.reveal(), server.confirm_secret.reveal())
        credential = "\0".join((server.base_url, server.username, *secrets))
        self._fingerprint = fingerprint(credential)

    def check(self) -> None:
        """Raises the remembered refusal, unless its time is over: then this process tries.

        Of several that come then one goes on; for the others the time begins anew.
        """
        if self._kept() is None:
            return
        with LockFile(self._lock_path) as lock:
            is_mine = lock.take([0], _WAIT_S) is not None
            kept = self._kept()
            if kept is None:
                return
            left_s = kept["at"] + kept["stands_s"] - time.time()
            if not is_mine or 0 < left_s <= kept["stands_s"]:
                raise _list_standing()[kept["code"]](f"{kept['value']} ({max(int(left_s), 1)} s)")
            self._write(kept["code"], kept["value"], _next_s(kept, -left_s))

    def standing(self) -> Optional[str]:
        """The code of the refusal after which the cloud has taken nothing yet, or None.

        Also where its time is over: nobody knows better before the next try.
        """
        kept = self._kept()
        return None if kept is None else str(kept["code"])

    def remember(self, error: errors.PmError) -> None:
        """Keeps the error, if it is one that other processes would meet as well.

        What is kept already stays, unless the new answer names a time of its own.
        """
        if error.stands_for is None:
            return
        wait_s = error.wait_s if isinstance(error, errors.CloudError) else None
        if wait_s is not None or self._kept() is None:
            first_s = FIRST_PAUSE_S if isinstance(error, _PATIENCE) else STANDS_S
            self._write(error.code, error.value, min(wait_s or first_s, STANDS_S))

    def forget(self) -> None:
        """The cloud took what this command did: nothing stands against it."""
        if self._kept() is not None:
            self._state.forget(self._name)

    def _kept(self) -> Optional[Dict[str, Any]]:
        """What is remembered of these credentials and concerns a command of this level."""
        kept = self._state.read(self._name)
        if not isinstance(kept, dict) or kept.get("fingerprint") != self._fingerprint:
            return None
        kind = _list_standing().get(str(kept.get("code")))
        if kind is None or kind.stands_for is None or kind.stands_for > self._level:
            return None
        at = kept.get("at")
        is_known = isinstance(at, float) and 0 <= at < float("inf")
        if not is_known or not isinstance(kept.get("value"), str):
            return None
        stands_s = kept.get("stands_s")
        is_time = isinstance(stands_s, float) and 0 < stands_s <= STANDS_S
        return {**kept, "stands_s": stands_s if is_time else STANDS_S}

    def _write(self, code: str, value: str, stands_s: float) -> None:
        entry = {"fingerprint": self._fingerprint, "code": code, "value": value, "at": time.time()}
        self._state.write(self._name, {**entry, "stands_s": float(stands_s)})


def _next_s(kept: Dict[str, Any], over_s: float) -> float:
    """How long others wait for the process that tries; the time was over `over_s` ago."""
    if not issubclass(_list_standing()[kept["code"]], _PATIENCE):
        return STANDS_S
    if over_s > STANDS_S:  # another occasion: nobody tried since
        return FIRST_PAUSE_S
    return min(max(2 * kept["stands_s"], FIRST_PAUSE_S), STANDS_S)
