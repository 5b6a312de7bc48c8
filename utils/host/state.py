"""Small JSON files under var/pmnextcloud: readable by root only, replaced whole."""

import json
import os
from typing import Any

from utils.base import errors

GROUPS = "groups-{}"
"""The groups of a module's cloud, for the tariff form."""

PRODUCT = "product-{}"
"""Which product a module's cloud is."""

REFUSED = "refused-{}"
"""What a module's cloud refused lately."""

PROBLEM = "problem-{}"
"""Which problem of a module BILLmanager was told of."""

USAGE = "usage-{}"
"""The last day of a module whose usage is whole."""

GUESSES = "guesses-{}"
"""Which passwords typed on services of a module its cloud has refused, as digests."""

MARKS = "marks"
"""Which services may still have a mark of the first kind."""

FILES = (GROUPS, PRODUCT, REFUSED, PROBLEM, USAGE, GUESSES, MARKS)
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
                return json.load(file)
        except (OSError, ValueError):
            return None

    def write(self, name: str, value: Any) -> None:
        """Replaces the file at once and whole. Raises StateUnwritable."""
        import tempfile  # a form has nothing to keep

        try:
            os.makedirs(self.folder, mode=0o700, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(dir=self.folder, prefix=name + ".")
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    json.dump(value, file, ensure_ascii=False)
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
