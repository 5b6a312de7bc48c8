"""Whom a run has met on the pages of a cloud's accounts, in little memory."""

from typing import Iterable

_BITS = 2**23
"""A bit for each login makes 1 MiB in all. With a million logins met, one in nine that is new is
taken for one of them; a whole page of such, which are 25 at least, will not come in anybody's
time."""


class Met:
    """The logins that were met, by a bit each: now and then a new one is taken for one of them."""

    def __init__(self) -> None:
        self._bits = bytearray(_BITS // 8)

    def add(self, logins: Iterable[str]) -> bool:
        """Adds the logins, and tells whether any of them is new."""
        is_any_new = False
        for login in logins:
            place, bit = divmod(hash(login) % _BITS, 8)
            if not self._bits[place] >> bit & 1:
                self._bits[place] |= 1 << bit
                is_any_new = True
        return is_any_new
