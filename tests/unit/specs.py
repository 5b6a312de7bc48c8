"""Doubles of the program's own classes, held to the signatures of their methods."""

import inspect
from types import FunctionType
from typing import Any
from unittest import mock


class _Double(mock.NonCallableMock):
    """An instance whose methods are made when they are asked for."""

    def __init__(self, kind: type, **given: Any) -> None:
        super().__init__(spec=kind)
        self._mock_kind = kind
        self.configure_mock(**given)

    def __getattr__(self, name: str) -> Any:
        kind = self.__dict__.get("_mock_kind")
        method = inspect.getattr_static(kind, name, None)
        if not isinstance(method, (FunctionType, classmethod, staticmethod)):
            return super().__getattr__(name)
        bound = method.__get__(self, kind)
        child = mock.MagicMock(spec=bound)
        mock._check_signature(bound, child, skipfirst=False)  # as create_autospec has it checked
        self.attach_mock(child, name)
        return child

    def _get_child_mock(self, **given: Any) -> Any:
        return mock.NonCallableMock(**given)


def double_of(kind: type, **given: Any) -> Any:
    """What `create_autospec` makes in the place of an instance, in a thousandth of a second.

    A test uses three methods of a class that has a hundred, and to make all of them took most of
    the time of many tests (measured). `given` are attributes and what they are.
    """
    return _Double(kind, **given)
