"""Small JSON files under var/pmnextcloud: readable by root only, replaced whole."""

import json
import os
from typing import Any

from utils.base import errors

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

USAGE = "usage-{}"
"""The last day of a module whose usage is whole."""

GUESSES = "guesses-{}"
"""Which passwords typed on services of a module its cloud has refused, as digests."""

MARKS = "marks"
"""Which services may still have a mark of the first kind."""

UNCOUNTED = "uncounted-{}"
"""Of which uncounted services of a module staff was told, each with the number of its task."""

SAVE_FORM = "saveparam"
"""The form in which BILLmanager's core reads parameters of services; only a cache."""

FILES = (GROUPS, PRODUCT, REFUSED, SECRETS, PROBLEM, USAGE, UNCOUNTED, SAVE_FORM, GUESSES, MARKS)
"""The names of all files that are kept, most with the number of the module in it."""

SERVICES = "services"
"""The file of which each service has a byte to lock."""

CLOUD = "cloud-{}"
"""The file of a module of which each process at its cloud locks a byte."""

LOCKS = (SERVICES, CLOUD)
"""The names of the files that are only locked; beside these each kept file may be."""


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
