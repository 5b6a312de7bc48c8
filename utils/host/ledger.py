"""A folder of small texts that nobody can read anew: a record, and no memory.

Each text is replaced whole, and is on the disk before the write is over. Where that cannot be, the
write fails: nothing of a record is kept in the machine's memory, which a restart empties.
"""

import os
import tempfile
from typing import Dict, List, Optional

from utils.base import errors

SUFFIX = ".json"

MOST_BYTES = 64 * 1024
"""Longest text that is read; what is written has a hundredth of it."""


class Ledger:
    """The texts in a folder, by name."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def names(self) -> List[str]:
        """The names of all texts, sorted. Raises StateUnwritable where the folder is unreadable."""
        found = [name for name in self._listed() if name.endswith(SUFFIX)]
        return sorted(name[: -len(SUFFIX)] for name in found)

    def folders(self) -> List[str]:
        """The names of the folders below it that are numbers. Raises StateUnwritable."""
        return sorted(name for name in self._listed() if name.isascii() and name.isdigit())

    def _listed(self) -> List[str]:
        try:
            return os.listdir(self.folder)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _failure(self.folder, error) from error

    def has(self, name: str) -> bool:
        """Whether there is something of that name."""
        return os.path.lexists(self._path(name))

    def read(self, name: str) -> Optional[str]:
        """The text of that name, None where there is none; "" where it is none of ours.

        Raises StateUnwritable where it cannot be read.
        """
        try:
            with open(self._path(name), "rb") as file:
                data = file.read(MOST_BYTES + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _failure(self._path(name), error) from error
        try:
            return data.decode() if len(data) <= MOST_BYTES else ""
        except UnicodeDecodeError:
            return ""

    def write(self, name: str, text: str) -> None:
        """Replaces a text at once, whole and for good. Raises StateUnwritable."""
        try:
            for folder in (os.path.dirname(self.folder), self.folder):
                os.makedirs(folder, mode=0o700, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(dir=self.folder, prefix=name + ".")
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(temporary, self._path(name))
            except BaseException:
                os.unlink(temporary)
                raise
            self._settle()
        except OSError as error:
            raise _failure(self._path(name), error) from error

    def remove(self, name: str) -> None:
        """Removes a text, if it is there. Raises StateUnwritable."""
        try:
            os.unlink(self._path(name))
        except FileNotFoundError:
            return
        except OSError as error:
            raise _failure(self._path(name), error) from error

    def _settle(self) -> None:
        """Has the new name on the disk too, which a power cut would take back otherwise."""
        descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _path(self, name: str) -> str:
        return os.path.join(self.folder, name + SUFFIX)


class DryLedger(Ledger):
    """The same in a dry run: read as it is, written to this run's memory alone."""

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self._written: Dict[str, Optional[str]] = {}

    def names(self) -> List[str]:
        """The names of the texts as they would be."""
        gone = {name for name, text in self._written.items() if text is None}
        return sorted({*super().names(), *self._written} - gone)

    def has(self, name: str) -> bool:
        """Whether there would be something of that name."""
        return self._written[name] is not None if name in self._written else super().has(name)

    def read(self, name: str) -> Optional[str]:
        """The text as it would be."""
        return self._written[name] if name in self._written else super().read(name)

    def write(self, name: str, text: str) -> None:
        """Remembers the text until the run ends."""
        self._written[name] = text

    def remove(self, name: str) -> None:
        """Remembers that the text is not wanted."""
        self._written[name] = None


def _failure(path: str, error: OSError) -> errors.StateUnwritable:
    return errors.StateUnwritable(f"{path}: {error.strerror}")
