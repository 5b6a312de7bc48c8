"""Files that are replaced whole: who reads sees the old one or the new one, also after a kill."""

import errno
import os
from contextlib import suppress


def replace(path: str, data: bytes, beside: str) -> None:
    """Writes a file by one rename; both it and its name are on the disk when this returns.

    `beside` is another name in the same folder, which no other process may use meanwhile: under a
    lock always the same, so that a kill leaves one behind at most. Raises OSError, and then leaves
    nothing of its own.
    """
    try:
        create(beside, data)
        os.replace(beside, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise
    sync_folder(os.path.dirname(path))


def create(path: str, data: bytes) -> None:
    """Writes a file of that name, for this user alone, to the disk. Raises OSError.

    What is there is taken away and never written into: it may be another name of a file that
    counts.
    """
    with suppress(FileNotFoundError):
        os.unlink(path)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(descriptor, left) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: str) -> None:
    """Has the names in a folder written to the disk. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_whole(path: str, text: str, mode: int) -> None:
    """Replaces a file at once and whole, without waiting for the disk. Raises OSError.

    One process at a time may do so. After a loss of power the file may be an old one, or none.

    Beside it there may be people who could put a link there: it is made anew, and never followed.
    """
    folder, name = os.path.split(path)
    new = os.path.join(folder, f".{name}.new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        descriptor = os.open(new, flags, 0o600)
    except FileExistsError:  # of one who was killed
        os.unlink(new)
        descriptor = os.open(new, flags, 0o600)
    try:
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            data = text.encode()
            if file.write(data) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fchmod(file.fileno(), mode)
        os.replace(new, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(new)
        raise
