"""The visit: one run's turn at the cloud of one module."""

from typing import TYPE_CHECKING, Optional, cast

from utils.base import errors
from utils.cloud.binding import Binding
from utils.cloud.refusals import Refusals
from utils.host.locks import hold
from utils.host.state import CLOUD

if TYPE_CHECKING:
    from utils.api import NextcloudAPIClient
    from utils.base.values import Server
    from utils.host.locks import LockFile
    from utils.run.context import Context

VISITORS = 4
"""As many processes talk to one module's cloud at the same time: twice the cores of a small cloud,
which answers no faster to more of them. Where nothing can be remembered it is one: none of them
would know what the others were refused."""

FOR_VISITORS = ("page",)
"""Commands that every client may start as often as he likes. All of them share one of the turns, so
that no clicking keeps operations from the cloud."""


class Visit:
    """One run at the cloud of a module: it waits for its turn, and knows what was refused lately.

    It waits for `wait_s` at most.

    Making one asks nobody; `begin` does.
    """

    def __init__(self, ctx: "Context", server: "Server", wait_s: float) -> None:
        self.module_id = server.module_id
        self._ctx = ctx
        self._server = server
        self._wait_s = wait_s
        self._lock: Optional[LockFile] = None
        self._refusals: Optional[Refusals] = None
        self._client: Optional[NextcloudAPIClient] = None
        self._binding: Optional[Binding] = None

    def begin(self) -> "NextcloudAPIClient":
        """The client of the cloud, when it is this run's turn.

        Raises Busy where others do not leave in time, the refusal that still stands, and
        SecretElsewhere where a secret belongs to another server.
        """
        from utils.cloud.products import Memory

        ctx, server = self._ctx, self._server
        self._binding = ctx.binding(server.module_id)
        self._binding.check(server)
        self._take_turn()
        refusals = Refusals(ctx.state, ctx.billing.fingerprint, server, ctx.call.level)
        refusals.check()
        self._refusals = refusals
        self._client = ctx.client(server, Memory(ctx.state, server))
        self._client.when_logged_in(self._bind)
        return self._client

    def again(self) -> "NextcloudAPIClient":
        """The client once more, for a run that has begun and left its turn. Raises Busy."""
        self._take_turn()
        return cast("NextcloudAPIClient", self._client)

    def _take_turn(self) -> None:
        ctx, module_id = self._ctx, self.module_id
        path = ctx.state.path(CLOUD.format(module_id)) + ".lock"
        seats = range(VISITORS if ctx.state.can_keep() else 1)
        if ctx.call.command in FOR_VISITORS:
            seats = seats[-1:]
        self._lock = hold(path, seats, self._wait_s, f"module {module_id}")

    @property
    def has_answer(self) -> bool:
        """Whether the cloud has answered anything in this run."""
        return self._client is not None and self._client.answered

    def end(self) -> None:
        """Leaves the turn to others, for a run that goes on elsewhere or waits for somebody."""
        if self._lock is not None:
            self._lock.close()

    def remember(self, error: errors.PmError) -> None:
        """Keeps a refusal for the runs that come, unless it was one of theirs already."""
        if self._refusals is not None:
            self._refusals.remember(error)

    def forget(self) -> None:
        """The cloud took what this run did: nothing stands against it."""
        if self._refusals is not None:
            self._refusals.forget()

    def _bind(self) -> None:
        """Secrets that the cloud has taken belong to it from now on.

        That is kept before anything else is done there: a mark that is sealed later tells whoever
        finds nothing kept that it was lost. Where it cannot be kept that is told at the end.
        """
        try:
            if self._binding is not None:
                self._binding.keep(self._server)
        except errors.StateUnwritable as error:
            self._ctx.log.warning("%s", error)
