"""What this process may take of the server: memory, and no file with a picture of it.

The last line of defence. What is read from a cloud is bounded where it is read; what gets past that
must not make the kernel look for a process to kill, which may be the database.
"""

import gc
import resource
from contextlib import contextmanager, suppress
from typing import Iterator, List

ADDRESS_SPACE_BYTES = 1024**3
"""The largest command, `stat` with four threads, reserves 600 MB, of which it uses 60."""


RESERVE_BYTES = 48 * 1024**2
"""What telling of a failure may still need when the rest is used up: the libraries for the database
and XML, which take 30 MiB, and what they work with. Bytes that are all zero and never touched are
an address and no memory of the machine."""

_reserve: List[bytes] = []


def restrict() -> None:
    """Limits this process; a command that it starts with `lifted()` is not limited."""
    # A core file would hold BILLmanager's key and all passwords.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _limit_memory(ADDRESS_SPACE_BYTES)
    with suppress(MemoryError):  # whoever started us may leave less
        _reserve.append(bytes(RESERVE_BYTES))


def release_reserve() -> None:
    """Lets what is left to do after a MemoryError have memory."""
    _reserve.clear()
    gc.collect()


@contextmanager
def lifted() -> Iterator[None]:
    """Lets what is started in the body have the memory that it had without us.

    mgrctl may start BILLmanager's core, which outlives this process.
    """
    limited, most = resource.getrlimit(resource.RLIMIT_AS)
    _limit_memory(most)
    try:
        yield
    finally:
        _limit_memory(limited)


def _limit_memory(wanted: int) -> None:
    """Sets the limit that a process may lift itself, within the one that it may not."""
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    unlimited = resource.RLIM_INFINITY
    if most != unlimited:
        wanted = most if wanted == unlimited else min(wanted, most)
    resource.setrlimit(resource.RLIMIT_AS, (wanted, most))
