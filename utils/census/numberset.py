"""A set of numbers that lie close together, as those of services do, in little memory."""

from typing import Dict

_WIDTH = 10
"""Numbers that are alike but for their ten lowest bits share one integer, with a bit for each. Such
an integer has some 160 bytes, so that its place in the dictionary costs little beside it."""


class NumberSet:
    """A set of numbers; a hundred thousand neighbours take some kilobytes, not seven megabytes."""

    def __init__(self) -> None:
        self._bits: Dict[int, int] = {}
        self._count = 0

    def add(self, number: int) -> None:
        """Adds a number from 0 upwards; it may be there already."""
        if number not in self:
            block = number >> _WIDTH
            self._bits[block] = self._bits.get(block, 0) | 1 << self._place(number)
            self._count += 1

    def __contains__(self, number: int) -> bool:
        return bool(self._bits.get(number >> _WIDTH, 0) >> self._place(number) & 1)

    def __len__(self) -> int:
        return self._count

    @staticmethod
    def _place(number: int) -> int:
        return number & (1 << _WIDTH) - 1
