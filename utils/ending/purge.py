"""Deletes what has waited for its time, and follows up what was begun.

Nothing is deleted that is not due by its record, sealed by this installation, and proved again by
billing and by the account, under the lock of its service. Whoever has come back is kept, and told:
a record is held then until people release it.
"""

from datetime import datetime, timedelta
from datetime import time as clock
from typing import TYPE_CHECKING, Callable, List, NamedTuple, Optional

from utils.accounts.endings import DELETED, WAITING, Ending, Hold
from utils.accounts.provisioning import Provisioning
from utils.base import errors, logins
from utils.base.errors import PmError, Told
from utils.base.values import Account, Item, Server, Trust, moment_s
from utils.consts import (
    ITEM_TYPES,
    STATUS_ACTIVE,
    STATUS_CLOSED,
    STATUS_SUSPENDED,
    Level,
)
from utils.ending.parting import prove
from utils.run.context import Context
from utils.run.service import Service, lock

if TYPE_CHECKING:
    from utils.api import NextcloudAPIClient

ENABLED, LOGGED_IN, NAMED, PROTECTED = "enabled", "logged_in", "named", "protected"
"""What keeps an account: somebody has enabled it, its owner has logged in, a living service names
it, or it is the module's own or an administrator's."""

PLANNED, KEPT, LIVES, BUSY, FAILED, LOST = "planned", "kept", "lives", "busy", "failed", "lost"
"""What became of an ending beside DELETED: it would be deleted; it is held; a service has it; an
operation or another run has it in hand; it failed; its deletion was begun and is not seen yet."""


class Verdict(NamedTuple):
    """What became of an ending; `words` are why, `code` is that of an error."""

    ending: Ending
    kind: str
    words: str = ""
    code: str = ""


class Kept(Exception):
    """The account is not to be deleted; `by` says what was found of it."""

    def __init__(self, by: str, why: str) -> None:
        super().__init__(by)
        self.by = by
        self.why = why


class Purge:
    """The deletions of one run at one module's cloud.

    `server` and `cloud` are the module's as they are now. `tell` tells staff of an ending that is
    held from now on. `has_time` is asked before each deletion.
    """

    def __init__(
        self,
        ctx: Context,
        server: Server,
        cloud: "NextcloudAPIClient",
        tell: Callable[[Ending, Hold], None],
        has_time: Callable[[], bool] = lambda: True,
    ) -> None:
        self._ctx = ctx
        self._server = server
        self._cloud = cloud
        self._tell = tell
        self._has_time = has_time

    def run(self, due: List[Ending]) -> List[Verdict]:
        """What became of each; one that fails stops no other, unless all would fail."""
        verdicts: List[Verdict] = []
        failure: Optional[PmError] = None
        for ending in due:
            if failure is not None or not self._has_time():
                verdicts.append(_failed(ending, failure) if failure else Verdict(ending, BUSY))
                continue
            try:
                verdicts.append(self._one(ending.name))
            except PmError as error:
                self._ctx.log.warning("%s is not deleted: %s", ending.login, error)
                if isinstance(error, errors.Busy):
                    verdicts.append(Verdict(ending, BUSY, str(error)))
                    continue
                verdicts.append(_failed(ending, error))
                failure = error if _ends_all(error) else None
        return verdicts

    def _one(self, name: str) -> Verdict:
        item_id = int(name.partition("-")[0])
        with lock(self._ctx, item_id, 0) as self._lock:
            ending = self._ctx.endings.read(name)  # another run may have been here
            if ending is None or not ending.is_due(self._ctx.today):
                raise errors.Busy(name)
            self._refuse_undue(ending)
            return self._held(ending)

    def _refuse_undue(self, ending: Ending) -> None:
        """Raises Busy where the same account still waits by the record of another service."""
        for one in self._ctx.endings.rivals(ending):
            if not one.is_due(self._ctx.today):
                raise errors.Busy(f"{one.item_id}: {one.login}")

    def _held(self, ending: Ending) -> Verdict:
        """Decides on one ending whose service no other run can touch now."""
        ctx = self._ctx
        self._refuse_elsewhere(ending)
        status = ctx.billing.services.status(ending.item_id)
        if status not in (None, STATUS_CLOSED):
            return self._of_living(ending, status)
        service = self._service(ending, self._item(ending, status))
        try:
            account = self._proved(ending, service)
        except Kept as kept:
            return self._keep(ending, kept)
        if account is None:
            return self._gone(service, ending)
        if ctx.call.dry_run:
            return Verdict(ending, PLANNED)
        return self._delete(service, ending, account)

    def _delete(self, service: Service, ending: Ending, account: Account) -> Verdict:
        ending = ending.begun(self._ctx.today)
        self._ctx.endings.save(ending)
        self._ctx.deeds.remark(f"{ending.item_id} {ending.login}: due on {ending.until}")
        service.accounts.delete(account)
        self._ctx.following.forget(ending.item_id)
        return self._gone(service, ending)

    def _gone(self, service: Service, ending: Ending) -> Verdict:
        done = prove(self._ctx, service, ending)
        return Verdict(done, DELETED if done.state == DELETED else LOST)

    def _keep(self, ending: Ending, kept: Kept) -> Verdict:
        hold = Hold(kept.by, kept.why, self._ctx.today)
        held = ending._replace(state=WAITING).held(hold)
        # Staff is told before that is noted: a run that is killed in between tells it once more,
        # as the same task.
        self._tell(held, hold)
        self._ctx.endings.save(held)
        self._ctx.log.warning("%s is kept: %s %s", ending.login, kept.by, kept.why)
        return Verdict(held, KEPT, f"{kept.by} {kept.why}".strip())

    def _of_living(self, ending: Ending, status: Optional[int]) -> Verdict:
        """The old service is not over: it has the account again, or is just being closed."""
        if status not in (STATUS_ACTIVE, STATUS_SUSPENDED):
            return Verdict(ending, BUSY, f"status {status}")
        item = self._ctx.billing.services.item(ending.item_id)
        named = [item.saved_login.strip()]
        if item.mark is not None and item.mark.trust is not Trust.NONE:
            named = [item.mark.login]
        if not any(logins.same(one, ending.login) for one in named):
            return self._of_other(ending, item)
        back = ending.returned(self._ctx.today, ending.item_id)
        self._ctx.endings.save(back)
        self._ctx.log.info("service %d has %s again", ending.item_id, ending.login)
        return Verdict(back, LIVES, str(ending.item_id))

    def _of_other(self, ending: Ending, item: Item) -> Verdict:
        """The old service lives with another account, which was given to it."""
        service = self._service(ending, item)
        try:
            is_sealed = item.mark is not None and item.mark.trust is Trust.SEALED
            if not is_sealed or logins.names(item.saved_login, ending.login):
                raise Kept(NAMED, str(item.id))
            account = self._proved(ending, service)
        except Kept as kept:
            return self._keep(ending, kept)
        if account is None:
            return self._gone(service, ending)
        if self._ctx.call.dry_run:
            return Verdict(ending, PLANNED)
        return self._delete(service, ending, account)

    # -- proof --------------------------------------------------------------------------------

    def _proved(self, ending: Ending, service: Service) -> Optional[Account]:
        """The account as it is now, which may be deleted; None where nobody has the login.

        Raises Kept, and what the client raises.
        """
        _refuse_named(ending, service)
        account = service.cloud.get_user(ending.login)
        if account is None:
            return None
        if service.owner.is_protected(account):
            raise Kept(PROTECTED, "")
        if account.enabled:
            raise Kept(ENABLED, "")
        if moment_s(account.last_login or 0) > _last_known_s(ending):
            raise Kept(LOGGED_IN, "")
        # One may have come while the cloud was asked.
        _refuse_named(ending, service)
        return account

    def _refuse_elsewhere(self, ending: Ending) -> None:
        """Raises AccountElsewhere where the module's cloud is not that of the record."""
        if not ending.is_at((self._server.base_url, *self._ctx.settings.former_servers)):
            raise errors.AccountElsewhere(f"{ending.login}: {ending.server}")

    def _item(self, ending: Ending, status: Optional[int]) -> Item:
        """The old service, or what the record tells of it where BILLmanager has forgotten it."""
        if status is not None:
            try:
                item = self._ctx.billing.services.item(ending.item_id)
            except (errors.ItemNotFound, errors.SecretBroken):
                pass  # it is over, and the record is the proof
            else:
                return item
        return Item(
            id=ending.item_id,
            itemtype=ITEM_TYPES[0],
            status=STATUS_CLOSED,
            account_id=ending.account_id,
            tariff_id=ending.tariff_id,
            last_tariff_id=None,
            trial=False,
            module_id=ending.module_id,
            saved_login=ending.login,
            saved_password=None,
            saved_url="",
            mark=None,
        )

    def _service(self, ending: Ending, item: Item) -> Service:
        ctx = self._ctx
        item = item._replace(module_id=ending.module_id)
        owner = ctx.owner(item, self._server, self._cloud)
        accounts = Provisioning(self._cloud, ctx.log)
        return Service(item, self._server, self._cloud, owner, accounts, self._lock)


def _last_known_s(ending: Ending) -> float:
    """A moment; whoever has logged in after it has done so since the service ended."""
    if ending.last_login is not None:
        return moment_s(ending.last_login)
    # The cloud did not tell it. Nobody could log in from the day on that came after.
    return datetime.combine(ending.closed_on + timedelta(days=1), clock.min).timestamp()


def _refuse_named(ending: Ending, service: Service) -> None:
    """Raises Kept where another living service on this server names the account."""
    named = service.owner.rivals(ending.login)
    if named:
        raise Kept(NAMED, ", ".join(map(str, named)))


def _failed(ending: Ending, error: PmError) -> Verdict:
    return Verdict(ending, FAILED, error.value, error.code)


def _ends_all(error: PmError) -> bool:
    return error.told is Told.PROBLEM or isinstance(error, errors.HostError)


def run_module(
    ctx: Context,
    module_id: int,
    due: List[Ending],
    tell: Callable[[Ending, Hold], None],
    has_time: Callable[[], bool] = lambda: True,
) -> List[Verdict]:
    """Deletes what is due of one module, once it is this run's turn at its cloud."""
    here = ctx.at_module(module_id, Level.WRITES)
    failure: Optional[PmError] = None
    try:
        server = here.billing.modules.server(module_id)
        verdicts = Purge(here, server, here.cloud(server), tell, has_time).run(due)
    except PmError as error:  # the cloud was not reached for
        here.log.error("module %d: %s", module_id, error)
        failure = error
        verdicts = [_failed(one, error) for one in due]
    finally:
        here.leave(failure)
    return verdicts
