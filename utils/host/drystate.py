"""The module's own files in a dry run: read as they are, written to this run's memory alone."""

from typing import Any, Dict

from utils.host.state import State


class DryState(State):
    """A folder of which no file is replaced or removed. Locks are taken there as ever."""

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self._written: Dict[str, Any] = {}

    def read(self, name: str) -> Any:
        """What this run would have written last under the name, or what is there, or None."""
        return self._written[name] if name in self._written else super().read(name)

    def write(self, name: str, value: Any) -> None:
        """Remembers the value until the run ends."""
        self._written[name] = value

    def forget(self, name: str) -> None:
        """Remembers that the file is not wanted."""
        self._written[name] = None

    def can_keep(self) -> bool:
        """Yes: it is not tried, as that is a write too."""
        return True
