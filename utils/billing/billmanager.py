"""BILLmanager by its nouns: `billing.services.item(15)`, `billing.closing.post(item, "close")`."""

from functools import cached_property
from typing import TYPE_CHECKING, Callable, Dict, Optional

from utils.base.deeds import Deeds
from utils.base.logs import Logger
from utils.base.secret import Secret
from utils.billing.doors import Doors
from utils.billing.needs import FUNCTIONS
from utils.host.root import Host
from utils.host.settings import Settings

if TYPE_CHECKING:
    from utils.billing.clients import Clients
    from utils.billing.closing import Closing
    from utils.billing.facts import Facts
    from utils.billing.memos import Memos
    from utils.billing.modules import Modules
    from utils.billing.namings import Namings
    from utils.billing.notices import Notices
    from utils.billing.operations import Operations
    from utils.billing.services import Services
    from utils.billing.statistics import Statistics
    from utils.billing.tariffs import Tariffs
    from utils.billing.tasks import Tasks
    from utils.billing.usage import Usage
    from utils.billing.users import Users


class Billing:
    """Holds the nouns; each is made, and its file loaded, when it is first asked for.

    Database, core and key stay behind them. What others need of the key is a method here.
    `settings` gives the administrator's choices; it is asked where one of them is needed. What is
    done to BILLmanager is noted among the `deeds`.
    """

    def __init__(
        self,
        host: Host,
        log: Logger,
        operation_id: Optional[int] = None,
        settings: Callable[[], Settings] = Settings,
        deeds: Optional[Deeds] = None,
    ) -> None:
        self._settings = settings
        self._doors = self._open(host, log, deeds)
        self._log = log
        self._operation_id = operation_id

    def _open(self, host: Host, log: Logger, deeds: Optional[Deeds]) -> Doors:
        return Doors(host, log, deeds)

    @cached_property
    def services(self) -> "Services":
        """What was sold, and what is saved on it."""
        from utils.billing.services import Services

        return Services(self._doors, self._log)

    @cached_property
    def namings(self) -> "Namings":
        """Which services name which accounts."""
        from utils.billing.namings import Namings

        return Namings(self._doors)

    @cached_property
    def modules(self) -> "Modules":
        """The processing modules of this kind and their connections."""
        from utils.billing.modules import Modules

        return Modules(self._doors, self._log)

    @cached_property
    def operations(self) -> "Operations":
        """The operation that this run serves, and those that wait for staff."""
        from utils.billing.operations import Operations

        return Operations(self._doors, self._log, self._operation_id)

    @cached_property
    def closing(self) -> "Closing":
        """The calls that end an operation."""
        from utils.billing.closing import Closing

        return Closing(self._doors, self._log, self.services, self.operations)

    @cached_property
    def statistics(self) -> "Statistics":
        """The used space of services, day by day."""
        from utils.billing.statistics import Statistics

        return Statistics(self._doors)

    @cached_property
    def usage(self) -> "Usage":
        """The used space of many services at once."""
        from utils.billing.usage import Usage

        return Usage(self._doors)

    @cached_property
    def tasks(self) -> "Tasks":
        """Tasks for staff that belong to no operation."""
        from utils.billing.tasks import Tasks

        return Tasks(self._doors)

    @cached_property
    def notices(self) -> "Notices":
        """Notifications to clients."""
        from utils.billing.notices import Notices

        return Notices(self._doors)

    @cached_property
    def memos(self) -> "Memos":
        """What a client was told of a service."""
        from utils.billing.memos import Memos

        return Memos(self._doors, self.services)

    @cached_property
    def tariffs(self) -> "Tariffs":
        """What was ordered, and what can be."""
        from utils.billing.tariffs import Tariffs

        return Tariffs(self._doors.db, self._log, self._settings)

    @cached_property
    def clients(self) -> "Clients":
        """Who has bought."""
        from utils.billing.clients import Clients

        return Clients(self._doors.db, self._log)

    @cached_property
    def users(self) -> "Users":
        """Who logs in to BILLmanager."""
        from utils.billing.users import Users

        return Users(self._doors.db)

    @cached_property
    def facts(self) -> "Facts":
        """What this BILLmanager is like."""
        from utils.billing.facts import Facts

        return Facts(self._doors)

    # -- the key ------------------------------------------------------------------------------

    def key_digest(self) -> str:
        """A short name of BILLmanager's key, which helps nobody to make a mark.

        Raises KeyUnavailable.
        """
        return self._doors.key.shown_digest()

    def fingerprint(self, text: str) -> str:
        """A short name of a secret text that tells nobody without the key anything about it.

        Raises KeyUnavailable.
        """
        return self._doors.key.fingerprint(text)

    def decrypt(self, text: str) -> Secret:
        """What BILLmanager has encrypted; nothing stays nothing.

        Raises KeyUnavailable, SecretBroken.
        """
        return self._doors.key.decrypt(text) if text else Secret("")

    def secret_capacity_bytes(self) -> int:
        """How long a secret BILLmanager can store encrypted. Raises KeyUnavailable."""
        return self._doors.key.capacity_bytes()

    # -- whether it is there ------------------------------------------------------------------

    def database_version(self) -> str:
        """What the database says that it is. Raises DatabaseUnavailable."""
        return self._doors.db.version()

    def unreadable_tables(self) -> Dict[str, str]:
        """The tables that cannot be read as the program needs them, and the database's words."""
        return self._doors.db.unreadable_tables()

    def ask_core(self) -> None:
        """Asks the core for something that changes nothing. Raises CoreUnavailable, CoreRefused."""
        self._doors.core.call(FUNCTIONS.params)
