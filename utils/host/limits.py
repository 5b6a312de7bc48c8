"""What this process may take of the server: memory, and no file with a picture of it.

The last line of defence. What is read from a cloud is bounded where it is read; what gets past that
must not make the kernel look for a process to kill, which may be the database.
"""

import resource
from contextlib import contextmanager
from typing import Iterator

ADDRESS_SPACE_BYTES = 1024**3
"""The largest command, `stat` with four threads, reserves 600 MB, of which it uses 60."""


def restrict() -> None:
    """Limits this process; a command that it starts with `lifted()` is not limited."""
    # A core file would hold BILLmanager's key and all passwords.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _limit_memory(ADDRESS_SPACE_BYTES)


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
