"""What marks say, remembered where there are many: to decrypt one takes a millisecond.

Who looks for an account by its name has to look at the marks of all services whose names say
nothing of their numbers. What was read is kept by a digest of the encrypted text, which is another
one whenever a mark is written. This is a memory and no record: where it is lost all is read anew.
"""

import hashlib
from functools import cached_property
from typing import Any, Dict, List, NamedTuple, Optional

from utils.base import errors
from utils.base.values import Trust
from utils.billing import mark
from utils.billing.doors import Doors
from utils.host.state import READ_MARKS

FEW = 50
"""Marks that are decrypted again each time: they take less than a file that has to be written."""

MOST = 40_000
"""Marks that are remembered: the file is read up to 4 MiB, and each of them takes 90 bytes."""

_DIGEST_LENGTH = 16
"""64 bits, of which no two of some thousand marks have the same by chance."""


class Said(NamedTuple):
    """What a mark says of an account; `is_ours` is whether this installation has made it."""

    item_id: int
    login: str
    is_ours: bool


class ReadMarks:
    """Reads marks, and remembers them. `keep` writes what is new, where that is much."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._new: Dict[str, List[Any]] = {}

    def read(self, crypted: str) -> Optional[Said]:
        """What an encrypted mark says; None where there is none. Raises SecretBroken."""
        if not crypted:
            return None
        name = hashlib.sha256(crypted.encode()).hexdigest()[:_DIGEST_LENGTH]
        known = _understood(self._known.get(name))
        if known is not None:
            return known
        own_mark = mark.read(crypted, self._doors.key)
        if own_mark is None:
            return None
        said = Said(own_mark.item_id, own_mark.login, own_mark.trust is not Trust.NONE)
        self._new[name] = [*said]
        return said

    def keep(self) -> None:
        """Remembers what was read now, where it is more than a few."""
        if len(self._new) < FEW:
            return
        kept = {**self._known, **self._new}
        if len(kept) > MOST:
            kept = dict([*self._new.items()][:MOST])
        try:
            self._doors.state.write(READ_MARKS, kept)
        except errors.StateUnwritable:
            return  # the state itself knows why, and the report tells it
        self._known.update(self._new)
        self._new = {}

    @cached_property
    def _known(self) -> Dict[str, Any]:
        kept = self._doors.state.read(READ_MARKS)
        return kept if isinstance(kept, dict) else {}


def _understood(kept: Any) -> Optional[Said]:
    """What was kept, or None where it is damaged."""
    if not isinstance(kept, list) or len(kept) != len(Said._fields):
        return None
    item_id, login, is_ours = kept
    is_whole = type(item_id) is int and isinstance(login, str) and isinstance(is_ours, bool)
    return Said(item_id, login, is_ours) if is_whole else None
