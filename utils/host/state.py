"""Small JSON files under var/pmnextcloud: readable by root only, replaced whole."""

import json
import os
from typing import Any

from utils.base import errors

MOST_CHARACTERS = 4 * 1024**2
"""Longest file that is read; ten thousand groups with long names take half of it."""


class State:
    """A folder of JSON files.

    A file that is missing or damaged reads as nothing: state here is a memory, never a record.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def path(self, name: str) -> str:
        """Where the file of that name is."""
        return os.path.join(self.folder, name + ".json")

    def read(self, name: str) -> Any:
        """What was written last under the name, or None."""
        try:
            with open(self.path(name), encoding="utf-8") as file:
                text = file.read(MOST_CHARACTERS + 1)
            return json.loads(text) if len(text) <= MOST_CHARACTERS else None
        except (OSError, ValueError, RecursionError):
            return None

    def write(self, name: str, value: Any) -> None:
        """Replaces the file at once and whole. Raises StateUnwritable."""
        import tempfile  # a form has nothing to keep

        try:
            os.makedirs(self.folder, mode=0o700, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(dir=self.folder, prefix=name + ".")
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    json.dump(value, file)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(temporary, self.path(name))
            except BaseException:
                os.unlink(temporary)
                raise
        except OSError as error:
            raise errors.StateUnwritable(f"{self.path(name)}: {error.strerror}") from error

    def forget(self, name: str) -> None:
        """Removes the file of that name, if there is one."""
        try:
            os.unlink(self.path(name))
        except FileNotFoundError:
            return
        except OSError as error:
            raise errors.StateUnwritable(f"{self.path(name)}: {error.strerror}") from error
