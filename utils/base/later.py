"""Loads libraries without what they need for other uses than ours: it costs at every start."""

import sys
import warnings
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any, Callable, Dict, Iterator

SSH_KEYS = "cryptography.hazmat.primitives.serialization.ssh"
"""A part of the library for secrets, which the one for the database loads too."""

_loaded: Dict[str, ModuleType] = vars(sys)["modules"]


class _Later(ModuleType):
    """Stands for a module of which another one takes functions; the first call loads it."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """A function that calls the module's own one."""
        if name.startswith("__"):  # no function: whoever looks for it has to do without
            raise AttributeError(name)

        def call(*args: object, **kwargs: object) -> Any:
            self.make_way()
            return getattr(import_module(self.__name__), name)(*args, **kwargs)

        return call

    def make_way(self) -> None:
        """Lets the module itself be loaded."""
        if _loaded.get(self.__name__) is self:
            del _loaded[self.__name__]


@contextmanager
def later(*names: str) -> Iterator[None]:
    """What is imported in the body gets these modules when it calls their functions, not before.

    Only for modules of which functions are called, and none is a base class or an exception. What
    libraries warn of while they load, Python's age or one another's, goes nowhere: nobody who
    could do anything about it reads the standard error of a start.
    """
    put_off = [_Later(name) for name in names if name not in _loaded]
    _loaded.update({module.__name__: module for module in put_off})
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for module in put_off:
            module.make_way()
