"""Puts off those parts of libraries that the program has no use for.

BILLmanager starts the program anew for every operation, and a library loads at once all that any
of its users may need: an HTTP library a guesser of text encodings, a library for databases a
reader of option files. It also compiles all its regular expressions, of which a run uses a quarter.
`later` puts a stand-in into the place of such a part or expression. The first call of one of its
functions loads the part, or compiles the expression. Without this file `suspend` takes 42 % more
instructions of the processor (measured).

The environment variable PMNEXTCLOUD_PLAIN_IMPORTS=1 turns this off: every part is then loaded
where its library asks for it. That shows whether a failure after an update of a library comes
from a stand-in.
"""

import os
import re
import sys
import warnings
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any, Callable, Iterator, Mapping

SWITCH = "PMNEXTCLOUD_PLAIN_IMPORTS"
"""The name of the variable that turns this off, where its value is 1."""

SSH_KEYS = "cryptography.hazmat.primitives.serialization.ssh"
"""A part of the library for secrets, which the one for the database loads too."""


class _Later(ModuleType):
    """Stands for a module of which another one takes functions; the first call loads it.

    Before a function of `instead` the one that is given there is asked, which loads nothing.
    """

    def __init__(self, name: str, instead: Mapping[str, Callable[..., Any]]) -> None:
        super().__init__(name)
        self._instead = instead

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """A function that calls the module's own one."""
        if name.startswith("__"):  # no function: whoever looks for it has to do without
            raise AttributeError(name)
        given = self._instead.get(f"{self.__name__}.{name}")

        def call(*args: object, **kwargs: object) -> Any:
            answer = None if given is None else given(*args, **kwargs)
            if answer is not None:
                return answer
            self.make_way()
            return getattr(import_module(self.__name__), name)(*args, **kwargs)

        return call

    def make_way(self) -> None:
        """Lets the module itself be loaded."""
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]


class _LaterPattern:
    """Stands for a compiled regular expression; the first look at one of its methods compiles it.

    A mistake in the expression shows only then.
    """

    def __init__(self, pattern: Any, flags: Any = 0) -> None:
        self._made_of = pattern, flags

    def __getattr__(self, name: str) -> Any:
        """What the compiled expression has under that name, kept for the next look."""
        if name.startswith("__"):  # asked by Python itself, about every object
            raise AttributeError(name)
        value = getattr(_compile(*self._made_of), name)
        setattr(self, name, value)
        return value


_compile = re.compile
"""The function itself, whatever stands in its place for a while. It remembers what it compiled."""


_NONE: Mapping[str, Callable[..., Any]] = {}


@contextmanager
def later(*names: str, instead: Mapping[str, Callable[..., Any]] = _NONE) -> Iterator[None]:
    """What is imported in the body gets these modules when it calls their functions, not before.

    `instead` has functions for some, by `module.function`: those that a library calls while it
    loads, and that say the same for less. Where one says None, the module's own is called.
    Only for modules of which functions are called: none may be used as a base class or caught as
    an exception. Regular expressions that the body compiles are compiled when they are used: by
    their own methods, for no function of `re` takes a stand-in. Warnings of the body are not heard.
    """
    if os.environ.get(SWITCH) == "1":
        with without_warnings():
            yield
        return
    put_off = [_Later(name, instead) for name in names if name not in sys.modules]
    sys.modules.update({module.__name__: module for module in put_off})
    outer = re.compile  # a body may import what has a body of its own
    vars(re)["compile"] = _LaterPattern
    try:
        with without_warnings():
            yield
    finally:
        vars(re)["compile"] = outer
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
