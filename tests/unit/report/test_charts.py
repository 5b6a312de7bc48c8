"""The axes of pictures: few round marks, which hold all that is drawn."""

import sys

from hypothesis import given
from hypothesis import strategies as st

from utils.report.charts import scale


@given(st.floats(-(10**6), 0), st.floats(0, 10**6))
def test_the_marks_hold_what_is_drawn_and_are_few(low: float, high: float) -> None:
    end, marks = scale(low, high)
    assert marks == sorted(set(marks))
    assert 2 <= len(marks) <= 8
    assert marks[0] <= low + 1e-5
    assert marks[-1] == end >= high - 1e-5
    assert 0 in marks


def test_marks_are_one_two_or_five_apart() -> None:
    assert scale(0, 9)[1] == [0, 2, 4, 6, 8, 10]
    assert scale(0, 231)[1] == [0, 50, 100, 150, 200, 250]
    assert scale(-3, 12)[1] == [-5, 0, 5, 10, 15]
    assert scale(0, 0)[1][0] == 0


def test_the_library_has_no_hand_in_what_is_imported_later() -> None:
    names = {type(one).__name__ for one in sys.meta_path}
    assert "PluginImportFixer" not in names
