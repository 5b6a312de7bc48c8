"""Locks between processes. The kernel holds them: a killed process leaves none behind.

A lock is a byte of a file under var/pmnextcloud, by its number; the files stay empty.
"""

import fcntl
import os
import time
from types import TracebackType
from typing import BinaryIO, Iterable, Optional, Type

from utils.base import errors

POLL_S = 0.05


class LockFile:
    """A file whose bytes are locks; they are free again when the process ends."""

    def __init__(self, path: str) -> None:
        try:
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise errors.StateUnwritable(f"{path}: {error.strerror}") from error
        self._file: BinaryIO = os.fdopen(descriptor, "r+b", buffering=0)

    def take(self, numbers: Iterable[int], wait_s: float) -> Optional[int]:
        """The first free one of the numbers, locked; None if none is free within `wait_s`."""
        wanted = list(numbers)
        deadline = time.monotonic() + wait_s
        while True:
            for number in wanted:
                if self._try(number):
                    return number
            if time.monotonic() >= deadline:
                return None
            time.sleep(POLL_S)

    def _try(self, number: int) -> bool:
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
        except (BlockingIOError, PermissionError):
            return False
        return True

    def close(self) -> None:
        """Frees all locks of the file that this process holds."""
        self._file.close()

    def __enter__(self) -> "LockFile":
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        """Frees all locks of the file that this process holds."""
        self.close()


def hold(path: str, numbers: Iterable[int], wait_s: float, what: str) -> LockFile:
    """The file with one of the locks taken: it is held until the object or the process ends.

    Raises Busy about `what` where none of the numbers is free within `wait_s`, StateUnwritable.
    """
    lock = LockFile(path)
    if lock.take(numbers, wait_s) is None:
        lock.close()
        raise errors.Busy(what)
    return lock
