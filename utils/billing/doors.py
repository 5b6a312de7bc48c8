"""The ways into BILLmanager: its database, its core, its key. They are private to this room.

Beside them stands the way to our own memory, where this room remembers something.
"""

from functools import cached_property
from typing import TYPE_CHECKING, Any, Callable, Mapping, Optional

from utils.base.deeds import Deeds
from utils.base.secret import Secret
from utils.billing.needs import FUNCTIONS
from utils.host import root
from utils.host.plainlog import Log
from utils.host.root import Host

if TYPE_CHECKING:
    from utils.billing.database import Database
    from utils.billing.key import Key
    from utils.billing.mgrctl import Mgrctl
    from utils.host.state import State

CRYPTED = "crypted:"
"""Stands before the name of a parameter that comes from a table of encrypted values."""


class Doors:
    """Each way is opened, and its library loaded, when it is first used.

    What is done by them is noted among the `deeds`. `parse` reads the core's answers where it is
    not the library for XML that does.
    """

    def __init__(
        self,
        host: Host,
        log: Log,
        deeds: Optional[Deeds] = None,
        parse: Optional[Callable[[bytes], Any]] = None,
    ) -> None:
        self._host = host
        self._log = log
        self._parse = parse
        self.deeds = deeds or Deeds()

    @cached_property
    def core(self) -> "Mgrctl":
        """BILLmanager's core, by which everything but statistics is written."""
        from utils.billing.mgrctl import Mgrctl

        return Mgrctl(self._host.path(root.MGRCTL), self._log, self.deeds, self._parse)

    @cached_property
    def db(self) -> "Database":
        """The database. Its parameters stand in a file, or the core tells them."""
        from utils.billing.database import Database

        return Database(self._config, self._log)

    def another_db(self) -> "Database":
        """One more connection, for sums that another thread asks for beside all else."""
        from utils.billing.database import SUM_TIMEOUT_S, Database

        return Database(self._config, self._log, SUM_TIMEOUT_S)

    @cached_property
    def key(self) -> "Key":
        """BILLmanager's private key. Raises KeyUnavailable."""
        from utils.billing.key import Key

        return Key(self._host.path(self._config.get("CryptKey") or root.KEY))

    @cached_property
    def state(self) -> "State":
        """The module's own files."""
        from utils.host.state import State

        return State(self._host.path(root.STATE))

    @cached_property
    def _config(self) -> Mapping[str, str]:
        config = self._host.config()
        if "DBName" not in config:
            self._log.debug("no database parameters in the files, asking paramlist")
            for node in self.core.call(FUNCTIONS.params).iter():
                if isinstance(node.tag, str) and node.text and node.text.strip():
                    config[node.tag] = node.text.strip()
        return config

    def secret(self, stored: Mapping[str, str], name: str) -> Optional[Secret]:
        """The secret of that name among stored parameters, or None where there is none.

        The encrypted one goes before a plain one, which an earlier module may have left.
        Raises KeyUnavailable, SecretBroken.
        """
        crypted = stored.get(CRYPTED + name, "")
        if crypted:
            return self.key.decrypt(crypted)
        return Secret(stored[name]) if stored.get(name) else None
