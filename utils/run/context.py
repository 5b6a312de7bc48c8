"""What a command has at hand: the call, settings, log, billing, the cloud. Made when touched."""

import os
from contextlib import suppress
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Dict, Optional

from utils.base import errors
from utils.base.deeds import Deeds
from utils.base.tally import CloudTally
from utils.consts import STATUS_ACTIVE, STATUS_PROCESSING, STATUS_SUSPENDED, Level
from utils.host import root
from utils.host.root import Host
from utils.run.call import Call
from utils.run.command import NO_COMMAND

if TYPE_CHECKING:
    from datetime import date

    from utils.accounts.endings import Endings
    from utils.accounts.following import Following
    from utils.accounts.ownership import Ownership
    from utils.api import NextcloudAPIClient
    from utils.base.intended import Plan
    from utils.base.logs import Logger
    from utils.base.values import Item, Server
    from utils.billing.billmanager import Billing
    from utils.cloud.binding import Binding
    from utils.cloud.products import Memory
    from utils.host.settings import Settings
    from utils.host.state import State
    from utils.run.record import Record
    from utils.run.service import Service
    from utils.run.visit import Visit

WAIT_RESERVE_S = 20
"""Part of a budget that is not spent on waiting for others: what a command itself takes."""

_SHARED = ("settings", "log", "billing", "state", "endings", "today")
"""What is made once in a run, at however many modules and services it is."""

FOR_OPEN_SERVICES = ("suspend", "resume", "setparam", "changepassword")
"""Commands that BILLmanager has for services that were opened, and for no others."""


class Context:
    """One run of one command. What is `given` by keyword is not made here, but used."""

    def __init__(self, call: Call, host: Host, **given: Any) -> None:
        self.call = call
        self.host = host
        self.command = NO_COMMAND
        """The command of the call, once that is known."""
        self.deeds = Deeds()
        """What this run does to BILLmanager and to clouds."""
        self.visit: Optional[Visit] = None
        """The turn at the cloud of a module, once this run has reached for it."""
        self.item_module: Optional[int] = None
        """The module of the service of the call, once that was read."""
        self.login = ""
        """The login that the service of the call has or gets, once that is known."""
        self.error: Optional[errors.PmError] = None
        """What the run has failed with."""
        self.did_nothing = False
        """Whether etc/billmgr.DoNothing kept this run from its work."""
        for name, value in given.items():
            setattr(self, name, value)

    def at_module(self, module_id: int, level: Level) -> "Context":
        """The same run at one of several modules, whose cloud it has not reached for yet.

        `level` is what it does there.
        """
        call = self.call._replace(item=None, module=module_id, level=level)
        return self._like(call=call, visit=None)

    def at_service(self, item_id: int) -> "Context":
        """The same run at one of several services of a module, whose cloud it has reached.

        For each service it takes its turn anew: see `utils.run.service.take`.
        """
        visit = self.visit
        if visit is None:
            raise ValueError("no visit has begun")
        call = self.call._replace(item=item_id)
        return self._like(call=call, cloud=lambda server, wait_s=None: visit.again())

    def called(self, call: Call) -> "Context":
        """The same run as if it were called so. One that is dry now shares nothing that writes."""
        if call.dry_run and not self.call.dry_run:
            shared: Dict[str, Any] = {"settings": self.settings, "log": self.log}
            shared.update(deeds=self.deeds, today=self.today)
            return Context(call, self.host, **shared)
        return self._like(call=call)

    def _like(self, **given: Any) -> "Context":
        """A context that shares with this one all but what is given."""
        for name in _SHARED:
            getattr(self, name)
        other = type(self).__new__(type(self))
        vars(other).update(vars(self), **given)
        return other

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
            self.call.command + (" --dry-run" if self.call.dry_run else ""),
            self.call.item,
        )

    @cached_property
    def record(self) -> "Record":
        """The record of this run in the history."""
        from utils.run.record import Record

        return Record(self)

    @cached_property
    def plan(self) -> "Plan":
        """What a dry run would do, as far as it has come."""
        from utils.base.intended import Plan

        return Plan()

    @cached_property
    def billing(self) -> "Billing":
        """BILLmanager; in a dry run one that is only read."""
        operation_id = self.call.runningoperation
        if self.call.dry_run:
            from utils.billing.dry import DryBilling

            return DryBilling(
                self.plan, self.state, self.host, self.log, operation_id, lambda: self.settings
            )
        from utils.billing.billmanager import Billing

        return Billing(self.host, self.log, operation_id, lambda: self.settings, self.deeds)

    @cached_property
    def state(self) -> "State":
        """The module's own files under var/; in a dry run they are only read."""
        folder = self.host.path(root.STATE)
        if self.call.dry_run:
            from utils.host.drystate import DryState

            return DryState(folder)
        from utils.host.state import State

        return State(folder)

    @cached_property
    def today(self) -> "date":
        """The day on which this run began, in this server's time zone, as BILLmanager counts."""
        from datetime import date

        return date.today()

    @cached_property
    def endings(self) -> "Endings":
        """The record of accounts whose service is over; in a dry run it is only read."""
        from utils.accounts.endings import Endings
        from utils.host.ledger import DryLedger, Ledger

        kind = DryLedger if self.call.dry_run else Ledger

        def open_ledger(name: str) -> Ledger:
            return kind(self.host.path(root.ENDINGS, name))

        return Endings(open_ledger, self.billing.fingerprint)

    @cached_property
    def following(self) -> "Following":
        """Knows how accounts were left, so that what a client changes can follow him."""
        from utils.accounts.following import Following

        return Following(self.state, self.billing.fingerprint, self.log)

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

    def client(
        self, server: "Server", memory: "Optional[Memory]" = None, is_strict: bool = False
    ) -> "NextcloudAPIClient":
        """A client of a cloud, in a dry run one that only asks.

        The HTTP library is loaded only here.
        """
        from utils.api import NextcloudAPIClient

        given: Dict[str, Any] = {}
        if self.call.dry_run:
            from utils.cloud.dry import DryConnection

            given["connect"] = partial(DryConnection, self.plan)
        return NextcloudAPIClient(
            server,
            self.log,
            self.settings.ca_file,
            self.settings.proxy,
            memory,
            is_strict=is_strict,
            deeds=self.deeds,
            **given,
        )

    def cloud(self, server: "Server", wait_s: Optional[float] = None) -> "NextcloudAPIClient":
        """The client of a module's cloud, when it is this run's turn.

        A form waits for nobody, others for no longer than they say. Raises Busy, and the refusal
        that still stands.
        """
        if not self.call.concerns_module:
            return self.client(server)
        from utils.run.visit import Visit

        self.visit = Visit(self, server, self.wait_s if wait_s is None else wait_s)
        return self.visit.begin()

    def note_pause(self, seconds: float) -> None:
        """Counts a pause at the cloud that this run has reached."""
        if self.visit is not None:
            CloudTally(self.deeds.tally, self.visit.module_id).paused(seconds)

    def leave(self, refusal: Optional[errors.PmError] = None) -> None:
        """Leaves the turn at a module's cloud to others, where this run has one.

        A refusal is kept for the operations that come.
        """
        if self.visit is None:
            return
        if refusal is not None:
            with suppress(errors.PmError):
                self.visit.remember(refusal)
        self.visit.end()

    def owner(self, item: "Item", server: "Server", cloud: "NextcloudAPIClient") -> "Ownership":
        """Tells whose an account is, for one service."""
        from utils.accounts.guesses import Guesses
        from utils.accounts.ownership import Ownership

        return Ownership(
            item,
            server,
            cloud,
            self.log,
            self.billing,
            Guesses(self.state, self.billing.fingerprint, server.module_id),
            self.settings.former_servers,
            was_open=self.was_open(item),
            has_given=self._has_given,
        )

    def _has_given(self, item_id: int, login: str) -> bool:
        """Whether a service's account was given to another one. Most installations have no ending.

        So their runs load nothing for it.
        """
        has_any = os.path.isdir(self.host.path(root.ENDINGS))
        return has_any and self.endings.has_given(item_id, login)

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
