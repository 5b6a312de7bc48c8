"""Small JSON files under var/pmnextcloud: readable by root only, replaced whole.

Where that folder cannot be written, because the disk is full or read-only, they are kept in the
machine's memory, until the folder can be written again or the machine is started anew. Locks are
never kept there: processes that look for a lock in two places would not keep each other out.
"""

import errno
import json
import os
import stat
import zlib
from typing import Any, Optional

from utils.base import errors
from utils.consts import MODULE
from utils.host import files
from utils.host.locks import LockFile

MOST_CHARACTERS = 4 * 1024**2
"""Longest file that is read; ten thousand groups with long names take half of it."""

GROUPS = "groups-{}"
"""The groups of a module's cloud, for the tariff form."""

PRODUCT = "product-{}"
"""Which product a module's cloud is."""

REFUSED = "refused-{}"
"""What a module's cloud refused lately."""

SECRETS = "secrets-{}"
"""Which server each password of a module belongs to."""

PROBLEM = "problem-{}"
"""Which problem of a module BILLmanager was told of."""

UNWRITABLE = "unwritable-{}"
"""Whether BILLmanager was told by a module that these files cannot be written."""

USAGE = "usage-{}"
"""The last day of a module whose usage is whole."""

GUESSES = "guesses-{}"
"""Which passwords typed on services of a module its cloud has refused, as digests."""

MARKS = "marks"
"""Which services may still have a mark of the first kind."""

UNCOUNTED = "uncounted-{}"
"""Of which uncounted services of a module staff was told, each with the number of its task."""

UNTOLD = "untold-{}"
"""The task that staff has of a module whose clients BILLmanager does not tell anything."""

READ_MARKS = "readmarks"
"""What marks say whose services have names of their own; only a cache."""

LEFT = "left-{}"
"""How the module left what follows a client in the accounts of a thousand services, as digests."""

SAVE_FORM = "saveparam"
"""The form in which BILLmanager's core reads parameters of services; only a cache."""

AUDITED = "audited-{}"
"""How many differences of each class the last audit has left that has looked at all of a module."""

WAITING = "waiting"
"""Since when each operation of the queue is known to wait, for the metrics."""

FILES = (
    *(GROUPS, PRODUCT, REFUSED, SECRETS, PROBLEM, UNWRITABLE, USAGE, UNCOUNTED, GUESSES),
    *(UNTOLD, SAVE_FORM, MARKS, READ_MARKS, LEFT, AUDITED, WAITING),
)
"""The names of all files that are kept, most with the number of the module in it."""

SERVICES = "services"
"""The file of which each service has a byte to lock."""

CLOUD = "cloud-{}"
"""The file of a module of which each process at its cloud locks a byte."""

LOGINS = "logins"
"""The file of which each login has a byte to lock while an account of that login is adopted. Byte 0
is for all logins that are made by templates."""

LOCKS = (SERVICES, CLOUD, LOGINS)
"""The names of the files that are only locked; beside these each kept file may be."""


SPARES = "/dev/shm"  # noqa: S108  only a folder of our own is used there
"""Memory that Linux shows as a folder. /run is no such place in every container."""

TRIAL_BYTES = 4096
"""As much as the smallest file takes on a usual disk."""


class State:
    """A folder of JSON files.

    A file that is missing or damaged reads as nothing: state here is a memory, never a record.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.failure: Optional[errors.StateUnwritable] = None
        """Why the folder could not be written in this run, where that was tried in vain."""

    @property
    def spare(self) -> str:
        """The folder in memory that stands in; its name tells installations and users apart."""
        place = os.fsencode(os.path.abspath(self.folder))
        return os.path.join(SPARES, f"{MODULE}-{os.geteuid()}-{zlib.crc32(place):08x}")

    def path(self, name: str) -> str:
        """Where the file of that name is."""
        return _path(self.folder, name)

    def lock(self, name: str) -> LockFile:
        """The lock of whoever tells of something, or keeps what must not be forgotten.

        It may lie in memory as what is told of may: two who do not see each other do no harm there.

        Raises StateUnwritable.
        """
        try:
            return LockFile(self.path(name) + ".lock")
        except errors.StateUnwritable as error:
            self.failure = error
            try:
                _make(self.spare)
            except OSError:
                raise error from None
            return LockFile(_path(self.spare, name) + ".lock")

    def read(self, name: str) -> Any:
        """What was written last under the name, or None."""
        # What lies in memory was written when the folder could not be: it is the later one.
        spare = _path(self.spare, name)
        if _is_own(self.spare) and os.path.lexists(spare):
            return _read(spare)
        return _read(self.path(name))

    def write(self, name: str, value: Any) -> None:
        """Replaces the file at once and whole. Raises StateUnwritable."""
        try:
            _write(self.folder, name, value)
        except OSError as error:
            self.failure = _failure(self.path(name), error)
            try:
                _write(self.spare, name, value)
            except OSError:
                raise self.failure from error
        else:
            self._forget_spare(name)

    def forget(self, name: str) -> None:
        """Removes the file of that name, if there is one. Raises StateUnwritable."""
        try:
            os.unlink(self.path(name))
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError as error:
            self.failure = _failure(self.path(name), error)
            try:
                _write(self.spare, name, None)
            except OSError:
                raise self.failure from error
            return
        self._forget_spare(name)

    def can_keep(self) -> bool:
        """Whether a file that is written now would be kept, on disk or in memory.

        It is tried: nothing else tells a full disk, a quota and a limit of the process.
        """
        try:
            _try(self.folder)
            return True
        except OSError as error:
            self.failure = _failure(self.folder, error)
        try:
            _try(self.spare)
        except OSError:
            return False
        return True

    def _forget_spare(self, name: str) -> None:
        if not _is_own(self.spare):
            return
        try:
            os.unlink(_path(self.spare, name))
        except FileNotFoundError:
            pass
        except OSError as error:
            raise _failure(_path(self.spare, name), error) from error


def _path(folder: str, name: str) -> str:
    return os.path.join(folder, name + ".json")


def _failure(path: str, error: OSError) -> errors.StateUnwritable:
    return errors.StateUnwritable(f"{path}: {error.strerror}")


def _read(path: str) -> Any:
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(MOST_CHARACTERS + 1)
        return json.loads(text) if len(text) <= MOST_CHARACTERS else None
    except (OSError, ValueError, RecursionError):
        return None


def _write(folder: str, name: str, value: Any) -> None:
    """Replaces the file at once and whole. Raises OSError."""
    data = json.dumps(value).encode()
    _make(folder)
    path = _path(folder, name)
    files.replace(path, data, f"{path}.{os.urandom(8).hex()}")


def _try(folder: str) -> None:
    """Writes a file that is gone again at once. Raises OSError."""
    _make(folder)
    path = os.path.join(folder, f"trial.{os.getpid()}")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        if os.write(descriptor, b"0" * TRIAL_BYTES) < TRIAL_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    finally:
        os.close(descriptor)
        os.unlink(path)


def _make(folder: str) -> None:
    """Makes the folder for this user alone, if it is not there. Raises OSError."""
    os.makedirs(folder, mode=0o700, exist_ok=True)
    # Everybody may make folders where the spare one lies.
    if os.path.dirname(folder) == SPARES and not _is_own(folder):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))


def _is_own(folder: str) -> bool:
    """Whether the folder is there, and this user's alone."""
    try:
        info = os.lstat(folder)
    except OSError:
        return False
    is_private = info.st_uid == os.geteuid() and not stat.S_IMODE(info.st_mode) & 0o077
    return stat.S_ISDIR(info.st_mode) and is_private
