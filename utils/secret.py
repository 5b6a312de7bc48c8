"""A string that nobody shows by accident, and the memory of all such strings for the log."""

import re
from typing import Optional, Pattern, Set

_known: Set[str] = set()
_pattern: Optional[Pattern[str]] = None
_SHORTEST_STRUCK_OUT = 4


class Secret:
    """A password, key or token; `reveal()` is the only way to its text.

    >>> f"{Secret('hunter22')}"
    '***'
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        global _pattern  # noqa: PLW0603  one memory per process, by design
        self._value = value
        if len(value) >= _SHORTEST_STRUCK_OUT and value not in _known:
            _known.add(value)
            _pattern = None

    def reveal(self) -> str:
        """The text itself, for the one line that needs it."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "***"

    def __reduce__(self) -> str:
        raise TypeError("a Secret is never pickled")


def strike_out(text: str) -> str:
    """The text with every secret that this process has seen replaced by ***."""
    global _pattern  # noqa: PLW0603  built once for all secrets known so far
    if not _known:
        return text
    if _pattern is None:
        longest_first = sorted(_known, key=len, reverse=True)
        _pattern = re.compile("|".join(map(re.escape, longest_first)))
    return _pattern.sub("***", text)
