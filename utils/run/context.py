"""What a command has at hand: arguments, settings, log, billing, the cloud. Made when touched."""

from functools import cached_property
from typing import TYPE_CHECKING, Iterable, List, NamedTuple, Optional

from utils.base import errors
from utils.consts import LEVEL_READS, STATUS_CLOSED
from utils.host.root import Host
from utils.host.settings import Settings, load
from utils.run.call import Args

if TYPE_CHECKING:
    from logging import Logger

    from utils.accounts.ownership import Ownership
    from utils.accounts.provisioning import Provisioning
    from utils.api import NextcloudAPIClient
    from utils.base.values import Item, Server
    from utils.billing.billmanager import Billing
    from utils.cloud.refusals import Refusals
    from utils.host.locks import LockFile
    from utils.host.state import State

AT_ONCE = 4
"""So many processes may talk to one module's cloud at the same time."""

WAIT_RESERVE_S = 20
"""Part of a budget that is not spent on waiting for others."""


class Service(NamedTuple):
    """A service and all that is needed to act on its account."""

    item: "Item"
    server: "Server"
    cloud: "NextcloudAPIClient"
    owner: "Ownership"
    accounts: "Provisioning"


class Context:
    """One run of one command."""

    def __init__(self, args: Args, host: Host) -> None:
        self.args = args
        self.host = host
        self.level = LEVEL_READS
        """What the command does in the cloud."""
        self.cloud_module_id: Optional[int] = None
        """The module whose cloud this run has reached for."""
        self.refusals: Optional[Refusals] = None
        """What that cloud refused lately."""
        self.exit_code = 0
        """What the program ends with where the command itself does not fail."""
        self.client: Optional[NextcloudAPIClient] = None
        """The client of that cloud."""
        self._locks: List[LockFile] = []

    @cached_property
    def settings(self) -> Settings:
        """etc/pmnextcloud.conf. Raises SettingsBroken."""
        return load(self.host.path("etc", "pmnextcloud.conf"))

    @cached_property
    def log(self) -> "Logger":
        """The program's log."""
        from utils.misc import setup_logging

        try:
            log_file = self.settings.log_file
        except errors.SettingsBroken:
            log_file = ""  # the failure itself is reported where the settings are used
        return setup_logging(
            log_file or self.host.path("var", "pmnextcloud.log"),
            self.host.path("etc", "debug.conf"),
            self.args.command,
            self.args.item,
        )

    @cached_property
    def billing(self) -> "Billing":
        """BILLmanager."""
        from utils.billing.billmanager import Billing

        return Billing(self.host, self.log, self.args.runningoperation)

    @cached_property
    def state(self) -> "State":
        """The module's own files under var/."""
        from utils.host.state import State

        return State(self.host.path("var", "pmnextcloud"))

    def item_id(self) -> int:
        """The --item of the call. Raises BadArguments where it is missing."""
        if self.args.item is None:
            raise errors.BadArguments("--item")
        return self.args.item

    def module_id(self) -> int:
        """The --module of the call. Raises BadArguments where it is missing."""
        if self.args.module is None:
            raise errors.BadArguments("--module")
        return self.args.module

    def concerns_module(self) -> bool:
        """Whether the call is about a stored module or a service of one, not about a form."""
        return self.args.item is not None or self.args.module is not None

    def cloud(self, server: "Server") -> "NextcloudAPIClient":
        """A client of a module's cloud; the HTTP library is loaded only here."""
        from utils.api import NextcloudAPIClient
        from utils.cloud.products import Memory

        memory = None
        if self.concerns_module():
            self._take_turn(server)
            memory = Memory(self.state, server)
        ca_file, proxy = self.settings.ca_file, self.settings.proxy
        self.client = NextcloudAPIClient(server, self.log, ca_file, proxy, memory)
        return self.client

    def _take_turn(self, server: "Server") -> None:
        """Waits until few enough processes are at the cloud, and looks what it refused lately.

        Raises Busy, and the refusal that still stands.
        """
        from utils.cloud.refusals import Refusals

        self.cloud_module_id = server.module_id
        self._lock(f"cloud-{server.module_id}", range(AT_ONCE), f"module {server.module_id}")
        refusals = Refusals(self.state, self.billing.fingerprint, server, self.level)
        refusals.check()
        self.refusals = refusals

    def _lock(self, name: str, numbers: Iterable[int], what: str) -> None:
        """Takes one of a file's locks until the process ends. Raises Busy."""
        from utils.host.locks import LockFile

        lock = LockFile(self.state.path(name) + ".lock")
        wait_s = max(self.settings.budget_s - WAIT_RESERVE_S, WAIT_RESERVE_S / 4)
        if lock.take(numbers, wait_s) is None:
            raise errors.Busy(what)
        self._locks.append(lock)

    def owner(self, item: "Item", server: "Server", cloud: "NextcloudAPIClient") -> "Ownership":
        """Tells whose an account is, for one service."""
        from utils.accounts.ownership import Ownership

        installation = self.billing.installation()
        former_servers = self.settings.former_servers
        return Ownership(item, server, cloud, self.log, installation, former_servers)

    def service(self, closed_too: bool = False) -> Service:
        """The service of the call with its cloud, for this process alone.

        Raises Busy, ServiceClosed unless a closed one is wanted too, and what reading either may
        raise.
        """
        from utils.accounts.provisioning import Provisioning

        self._lock("services", [self.item_id()], f"service {self.item_id()}")
        try:
            item = self.billing.services.item(self.item_id())
        except errors.SecretBroken:
            # Where the module's own secret does not decrypt either, no service is to blame.
            self.billing.modules.server(self.billing.services.module_of(self.item_id()))
            raise
        if item.status == STATUS_CLOSED and not closed_too:
            raise errors.ServiceClosed(item.id)
        server = self.billing.modules.server(item.module_id)
        cloud = self.cloud(server)
        owner = self.owner(item, server, cloud)
        return Service(item, server, cloud, owner, Provisioning(cloud, self.log))
