"""The doubles of the program's own classes fail where the classes would."""

from typing import Any

import pytest

from tests.unit.specs import double_of


class Shelf:
    """A class with methods of each kind."""

    size = 3

    def take(self, place: int, *, whole: bool = False) -> str:
        """A method."""
        return ""

    @classmethod
    def made_of(cls, what: str) -> str:
        """Of the class."""
        return ""

    @staticmethod
    def places(size: int) -> str:
        """Of nothing."""
        return ""


@pytest.fixture
def shelf() -> Any:
    """A double whose one answer is known."""
    one = double_of(Shelf, size=4)
    one.take.return_value = "a book"
    return one


def test_it_answers_what_it_is_told_and_remembers_its_calls(shelf: Any) -> None:
    assert shelf.take(1, whole=True) == "a book"
    shelf.places(3)
    shelf.made_of("wood")
    assert [name for name, _, _ in shelf.mock_calls] == ["take", "places", "made_of"]
    shelf.take.assert_called_once_with(place=1, whole=True)
    assert shelf.size == 4
    assert isinstance(shelf, Shelf)


@pytest.mark.parametrize("name", ["take", "made_of", "places"])
@pytest.mark.parametrize("arguments", [(), (1, 2)])
def test_what_the_method_does_not_take_its_double_does_not(
    shelf: Any, name: str, arguments: "tuple[int, ...]"
) -> None:
    with pytest.raises(TypeError):
        getattr(shelf, name)(*arguments)


def test_what_the_class_has_not_its_double_has_not(shelf: Any) -> None:
    with pytest.raises(AttributeError):
        _ = shelf.shut
