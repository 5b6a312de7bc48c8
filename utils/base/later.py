"""Puts off those parts of libraries that the program has no use for.

BILLmanager starts the program anew for every operation, and a library loads at once all that any
of its users may need: an HTTP library a guesser of text encodings, a library for databases a
reader of option files. Without this file `suspend` needs 22 ms more for its imports (of about
150 ms, measured). `later` puts a stand-in into the place of such a part; the first call of one of
its functions loads the part itself.

The environment variable PMNEXTCLOUD_PLAIN_IMPORTS=1 turns this off: every part is then loaded
where its library asks for it. That shows whether a failure after an update of a library comes
from a stand-in.
"""

import os
import sys
import warnings
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any, Callable, Iterator

SWITCH = "PMNEXTCLOUD_PLAIN_IMPORTS"
"""The name of the variable that turns this off, where its value is 1."""

SSH_KEYS = "cryptography.hazmat.primitives.serialization.ssh"
"""A part of the library for secrets, which the one for the database loads too."""


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
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]


@contextmanager
def later(*names: str) -> Iterator[None]:
    """What is imported in the body gets these modules when it calls their functions, not before.

    Only for modules of which functions are called: none may be used as a base class or caught as
    an exception. Warnings of the body are not heard either.
    """
    is_off = os.environ.get(SWITCH) == "1"
    put_off = [] if is_off else [_Later(name) for name in names if name not in sys.modules]
    sys.modules.update({module.__name__: module for module in put_off})
    try:
        with without_warnings():
            yield
    finally:
        for module in put_off:
            module.make_way()


@contextmanager
def without_warnings() -> Iterator[None]:
    """What the body warns of is not heard.

    While libraries load they warn of an old Python or of one another's versions. BILLmanager does
    not show the standard error of a start, and an administrator cannot choose these versions.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
