"""What this process may take of the server: memory, and no file with a picture of it.

The last line of defence. What is read from a cloud is bounded where it is read; what gets past that
must not make the kernel look for a process to kill, which may be the database.
"""

import errno
import gc
import resource
from contextlib import contextmanager, suppress
from typing import Iterator, List, Optional

ADDRESS_SPACE_BYTES = 1024**3
"""The largest command, `stat` with four threads, reserves 600 MB, of which it uses 60."""


RESERVE_BYTES = 48 * 1024**2
"""What telling of a failure may still need when the rest is used up: the libraries for the database
and XML, which take 30 MiB, and what they work with. Bytes that are all zero and never touched are
an address and no memory of the machine."""

LARGEST_PIECE_BYTES = 32 * 1024**2
"""Where less is left, whatever goes wrong may come from that. The largest part of a library that is
loaded when it is needed takes 14 MiB."""

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


def is_want(error: Optional[BaseException]) -> bool:
    """Whether an error comes from want of memory, whatever a library or Python has made of that.

    Of a part that has no room Python says that it cannot be imported, of a thread that it cannot
    be started. So where no cause of the error tells, it is looked how much is left: ask as long as
    the error is at hand, which keeps alive what takes the memory.
    """
    seen: List[BaseException] = []
    while error is not None and error not in seen:
        if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
            return True
        seen.append(error)
        error = error.__cause__ or error.__context__
    return _left_bytes() < LARGEST_PIECE_BYTES


def _left_bytes() -> float:
    """How much this process may still take; all the world where nobody tells."""
    limited, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limited == resource.RLIM_INFINITY:
        return float("inf")
    try:
        with open("/proc/self/statm", "rb") as file:
            pages = int(file.read().split()[0])
    except (OSError, ValueError, IndexError, MemoryError):
        return float("inf")
    return limited - pages * resource.getpagesize()


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
