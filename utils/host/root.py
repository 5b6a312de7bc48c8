"""BILLmanager's own files under its root: where they are, how they are read."""

import os
from typing import Dict, Iterator

from utils.consts import MODULE

HANDLER = f"processing/{MODULE}"
"""What BILLmanager starts."""

SETTINGS = f"etc/{MODULE}.conf"
LOG = f"var/{MODULE}.log"
STATE = f"var/{MODULE}"
HISTORY = f"{STATE}/history"
"""The folder with what each run did, a file for each day."""

ENDINGS = f"{STATE}/endings"
"""The folder with the record of accounts whose service is over; of those that are
gone, or have a service again, in a folder for each year."""

COUNTS = f"{STATE}/counts"
"""The folder with what the runs add to the counters of the metrics, and with their sums."""

LEDGER = "var/pmwebpay"
"""What is written of each payment with WEBPAY: a record, which nothing else has."""

PAYMENTS = "paymethods/pmwebpay"
"""What BILLmanager starts for a payment method, and by its web server the scripts of it."""
PAYMENT_FORMS = "etc/xml/billmgr_mod_pmwebpay.xml"
SCRIPTS = "cgi"

FORMS = f"etc/xml/billmgr_mod_{MODULE}.xml"

PAGE = f"etc/xml/billmgr_mod_{MODULE}_page.xml"
"""The plugin that shows a service to its client."""

PAGE_HANDLER = f"addon/{MODULE}_page"
"""What BILLmanager starts for it."""

MGRCTL = "sbin/mgrctl"
CORE = "bin/core"
CONFIG = "etc/billmgr.conf"
CONFIG_FOLDER = "etc/billmgr.conf.d"
DATABASE = "etc/billmgr.conf.d/db.conf"
KEY = "etc/billmgr.pem"
"""The private key, where the configuration names no other."""

LOG_LEVELS = "etc/debug.conf"
DO_NOTHING = "etc/billmgr.DoNothing"
"""While this file exists modules leave the outside world alone (docs/en/protocol.md, "Configuration
files")."""


class Host:
    """The installation that the program was started in; `root` is an absolute path."""

    def __init__(self, root: str) -> None:
        self.root = root

    def path(self, *parts: str) -> str:
        """A path under the root."""
        return os.path.join(self.root, *parts)

    def does_nothing(self) -> bool:
        """Whether modules must leave the outside world alone."""
        return os.path.exists(self.path(DO_NOTHING))

    def config(self) -> Dict[str, str]:
        """BILLmanager's configuration files as name and value.

        Lines are `Name value` (docs/en/protocol.md, "Configuration files"); the value is the rest
        of the line, whatever it holds.
        Files that are missing or unreadable count as empty: `paramlist` is asked then.
        """
        values: Dict[str, str] = {}
        for path in self._config_files():
            try:
                with open(path, encoding="utf-8", errors="surrogateescape") as file:
                    lines = file.read().splitlines()
            except OSError:
                continue
            for line in lines:
                words = line.split(None, 1)
                if words and not words[0].startswith("#"):
                    values[words[0]] = words[1].strip() if len(words) > 1 else ""
        return values

    def _config_files(self) -> Iterator[str]:
        yield self.path(CONFIG)
        folder = self.path(CONFIG_FOLDER)
        try:
            names = sorted(os.listdir(folder))
        except OSError:
            return
        for name in names:
            if name.endswith(".conf"):
                yield os.path.join(folder, name)
