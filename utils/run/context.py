"""What a command has at hand: the call, settings, log, billing, the cloud. Made when touched."""

from functools import cached_property
from typing import TYPE_CHECKING, Any, Optional

from utils.base import errors
from utils.consts import STATUS_ACTIVE, STATUS_PROCESSING, STATUS_SUSPENDED, Level
from utils.host import root
from utils.host.root import Host
from utils.run.call import Call

if TYPE_CHECKING:
    from logging import Logger

    from utils.accounts.ownership import Ownership
    from utils.api import NextcloudAPIClient
    from utils.base.values import Item, Server
    from utils.billing.billmanager import Billing
    from utils.cloud.binding import Binding
    from utils.cloud.products import Memory
    from utils.host.settings import Settings
    from utils.host.state import State
    from utils.run.service import Service
    from utils.run.visit import Visit

WAIT_RESERVE_S = 20
"""Part of a budget that is not spent on waiting for others: what a command itself takes."""


FOR_OPEN_SERVICES = ("suspend", "resume", "setparam", "changepassword")
"""Commands that BILLmanager has for services that were opened, and for no others."""


class Context:
    """One run of one command. What is `given` by keyword is not made here, but used."""

    def __init__(self, call: Call, host: Host, **given: Any) -> None:
        self.call = call
        self.host = host
        self.visit: Optional[Visit] = None
        """The turn at the cloud of a module, once this run has reached for it."""
        for name, value in given.items():
            setattr(self, name, value)

    @cached_property
    def settings(self) -> "Settings":
        """etc/pmnextcloud.conf. Raises SettingsBroken."""
        from utils.host.settings import load  # `features` does without

        return load(self.host.path(root.SETTINGS))

    @cached_property
    def log(self) -> "Logger":
        """The program's log."""
        from utils.misc import setup_logging

        try:
            log_file = self.settings.log_file
        except errors.SettingsBroken:
            log_file = ""  # the failure itself is reported where the settings are used
        return setup_logging(
            log_file or self.host.path(root.LOG),
            self.host.path(root.LOG_LEVELS),
            self.call.command,
            self.call.item,
        )

    @cached_property
    def billing(self) -> "Billing":
        """BILLmanager."""
        from utils.billing.billmanager import Billing

        return Billing(self.host, self.log, self.call.runningoperation, lambda: self.settings)

    @cached_property
    def state(self) -> "State":
        """The module's own files under var/."""
        from utils.host.state import State

        return State(self.host.path(root.STATE))

    def binding(self, module_id: int) -> "Binding":
        """Tells to which server the secrets of a module belong."""
        from utils.cloud.binding import Binding

        return Binding(
            self.state,
            self.billing.fingerprint,
            module_id,
            self.settings.former_servers,
            places=lambda: self.billing.services.places(module_id),
        )

    @property
    def wait_s(self) -> float:
        """How long this run may wait until others have done their work."""
        return max(self.settings.budget_s - WAIT_RESERVE_S, WAIT_RESERVE_S / 4)

    def client(self, server: "Server", memory: "Optional[Memory]" = None) -> "NextcloudAPIClient":
        """A client of a cloud; the HTTP library is loaded only here."""
        from utils.api import NextcloudAPIClient

        settings = self.settings
        return NextcloudAPIClient(server, self.log, settings.ca_file, settings.proxy, memory)

    def cloud(self, server: "Server") -> "NextcloudAPIClient":
        """The client of a module's cloud, when it is this run's turn.

        A form waits for nobody. Raises Busy, and the refusal that still stands.
        """
        if not self.call.concerns_module:
            return self.client(server)
        from utils.run.visit import Visit

        self.visit = Visit(self, server)
        return self.visit.begin()

    def owner(self, item: "Item", server: "Server", cloud: "NextcloudAPIClient") -> "Ownership":
        """Tells whose an account is, for one service."""
        from utils.accounts.guesses import Guesses
        from utils.accounts.ownership import Ownership

        guesses = Guesses(self.state, self.billing.fingerprint, server.module_id)
        return Ownership(
            item,
            server,
            cloud,
            self.log,
            self.billing,
            guesses,
            self.settings.former_servers,
            was_open=self.was_open(item),
        )

    def was_open(self, item: "Item") -> bool:
        """Whether BILLmanager has or had the service as open, for all that this call tells.

        A status of its own stands for every change that is under way, be it the first one. Whoever
        only looks at accounts takes that for a change of an open service.
        """
        command = self.call.command
        is_open = item.status in (STATUS_ACTIVE, STATUS_SUSPENDED)
        if self.call.level <= Level.READS:
            return is_open or item.status == STATUS_PROCESSING
        return command != "open" and (is_open or command in FOR_OPEN_SERVICES)

    def service(self, closed_too: bool = False) -> "Service":
        """The service of the call, for this run alone; see utils.run.service."""
        from utils.run.service import take

        return take(self, closed_too)
