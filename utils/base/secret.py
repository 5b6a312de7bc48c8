"""A string that nobody shows by accident, and the memory of all such strings for the log."""

from contextlib import contextmanager
from typing import Iterator, Set

_known: Set[str] = set()
_SHORTEST_STRUCK_OUT = 4


class Secret:
    """A password, key or token; `reveal()` is the only way to its text.

    >>> f"{Secret('hunter22')}"
    '***'
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value
        if len(value) >= _SHORTEST_STRUCK_OUT:
            _known.add(value)

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


@contextmanager
def forgotten() -> Iterator[None]:
    """Secrets that are first met in the body are forgotten after it, when nobody has them any more.

    For those that are read by the thousand.
    """
    before = set(_known)
    try:
        yield
    finally:
        _known.intersection_update(before)


def strike_out(text: str) -> str:
    """The text with every secret that this process knows replaced by ***."""
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text
