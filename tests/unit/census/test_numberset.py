"""The set of numbers, beside a set."""

import sys
from typing import List

from hypothesis import given
from hypothesis import strategies as st

from utils.census.numberset import NumberSet

NUMBERS = st.one_of(st.integers(0, 3000), st.integers(0, 2**63))


@given(st.lists(NUMBERS, max_size=40), st.lists(NUMBERS, max_size=40))
def test_it_has_what_was_added_and_nothing_else(added: List[int], others: List[int]) -> None:
    numbers, plain = NumberSet(), set(added)
    for number in added:
        numbers.add(number)
    assert len(numbers) == len(plain)
    near = [number + step for number in added for step in (1, 1024)]
    for number in [*added, *others, *near]:
        assert (number in numbers) == (number in plain)


def test_neighbours_take_little_memory() -> None:
    numbers, plain = NumberSet(), set()
    for number in range(7_700_000, 7_800_000):
        numbers.add(number)
        plain.add(number)
    parts = [numbers._bits, *numbers._bits, *numbers._bits.values()]
    assert 50 * sum(map(sys.getsizeof, parts)) < sys.getsizeof(plain)
