"""The last command of a service: its account waits, or is deleted, and either is on record.

The record is written before anything is done in the cloud, and again once that was seen.
"""

from datetime import timedelta
from typing import Optional

from utils.accounts import traces
from utils.accounts.endings import CLOSED_SERVICE, WAITING, Ending
from utils.base import address, errors, logins
from utils.base.values import Account, EndTerms, Order
from utils.consts import DELETE, STATUS_CLOSED, WAIT
from utils.run.context import Context
from utils.run.service import Service, note


class Parting:
    """Takes the account of one service away, under the service's lock.

    `why` is why its waiting begins.
    """

    def __init__(
        self, ctx: Context, service: Service, keep_days: int, why: str = CLOSED_SERVICE
    ) -> None:
        self._ctx = ctx
        self._service = service
        self._keep_days = keep_days
        self._why = why

    def keep(self, account: Account, leave_group: str = "") -> Ending:
        """Locks the account, and has it wait for its day. Raises StateUnwritable first of all.

        The time of a service that is being closed begins today, also where an older record was
        never ended: it may have lived since.
        """
        ending = self._record(account.login, account)
        self._ctx.endings.save(ending)
        order = Order(enabled=False, leave_group=leave_group)
        self._service.accounts.bring(account, order)
        self._log(ending)
        return ending

    def keep_unread(self, login: str) -> None:
        """The same of an account that the cloud cannot show."""
        ending = self._record(login, None)
        self._ctx.endings.save(ending)
        self._service.accounts.switch_unread(login, enabled=False)
        self._log(ending)

    def delete(self, account: Account) -> None:
        """Deletes the account at once, and looks whether it is gone."""
        ending = self._announce(account.login, account)
        self._service.accounts.delete(account)
        self._ctx.following.forget(self._service.item.id)
        self.prove(ending)

    def delete_unread(self, login: str) -> None:
        """The same of an account that the cloud cannot show."""
        ending = self._announce(login, None)
        self._service.accounts.delete_unread(login)
        self._ctx.following.forget(self._service.item.id)
        self.prove(ending)

    def finish(self) -> None:
        """Proves the deletions that an earlier run began, whose account is not there any more."""
        self._ctx.following.forget(self._service.item.id)
        for ending in self._ctx.endings.open_of(self._service.item.id):
            if ending.state != WAITING:
                self.prove(ending)

    def prove(self, ending: Ending) -> None:
        """Notes how the deletion was seen. What cannot be seen now, the nightly run looks up."""
        prove(self._ctx, self._service, ending)

    def leave(self, login: str) -> None:
        """Ends what an earlier closing has on record of an account that is kept for good now."""
        begun = self._begun(login)
        if begun is not None:
            self._ctx.endings.save(begun.returned(self._ctx.today, self._service.item.id))

    def must_wait(self, login: str) -> bool:
        """Whether the account waits whatever the tariff says by now.

        So does one that staff holds, and one whose service was closed before.
        """
        begun = self._begun(login)
        if begun is None or begun.state != WAITING:
            return False
        return begun.is_held_by_staff or self._service.item.status == STATUS_CLOSED

    def _begun(self, login: str) -> Optional[Ending]:
        ours = self._ctx.endings.open_of(self._service.item.id)
        return next((one for one in ours if logins.same(one.login, login)), None)

    def _announce(self, login: str, account: Optional[Account]) -> Ending:
        """Notes a deletion that was decided. Costs nobody the end of his service."""
        ending = self._record(login, account).begun(self._ctx.today)
        try:
            self._ctx.endings.save(ending)
        except errors.StateUnwritable as error:
            self._ctx.log.error("no record is kept of the deletion of %s: %s", login, error)
        return ending

    def _record(self, login: str, account: Optional[Account]) -> Ending:
        """What is on record of a service that was closed before; else a new beginning of it.

        What staff holds stays held.
        """
        begun = self._begun(login)
        fresh = self._ending(login, account)
        if begun is None:
            return fresh
        if self._service.item.status == STATUS_CLOSED:
            return begun._replace(state=WAITING, began_on=None)
        hold = begun.hold if begun.is_held_by_staff else None
        until = max(begun.until, fresh.until)
        return fresh._replace(number=begun.number, hold=hold, until=until)

    def _ending(self, login: str, account: Optional[Account]) -> Ending:
        item, today = self._service.item, self._ctx.today
        return Ending(
            item_id=item.id,
            number=self._ctx.endings.next_number(item.id),
            module_id=self._service.server.module_id,
            login=login,
            server=address.digest(self._service.server.base_url),
            account_id=item.account_id,
            tariff_id=item.tariff_id,
            closed_on=today,
            until=today + timedelta(days=self._keep_days),
            keep_days=self._keep_days,
            why=self._why,
            used_bytes=account.used_bytes if account is not None else None,
            last_login=account.last_login if account is not None else None,
            groups=account.groups if account is not None else (),
        )

    def _log(self, ending: Ending) -> None:
        self._ctx.log.info("%s waits until %s", ending.login, ending.until)


def prove(ctx: Context, service: Service, ending: Ending) -> Ending:
    """The ending with what was seen of its deletion, saved; as it was where nothing was seen."""
    try:
        seen = traces.look(service.cloud, ending.login)
        if not seen:
            ctx.log.warning("%s is still there, or not to be seen: it is looked up", ending.login)
            return ending
        done = ending.deleted(ctx.today, ctx.call.command, seen)
        ctx.endings.save(done)
    except (errors.CloudError, errors.StateUnwritable) as error:
        ctx.log.warning("the deletion of %s is not proved yet: %s", ending.login, error)
        return ending
    ctx.log.info("%s was seen to be gone: %s", ending.login, ", ".join(seen))
    return done


def end(ctx: Context, service: Service, account: Account, terms: EndTerms) -> None:
    """Ends the account of a service as its tariff has it."""
    note(ctx, service)  # so that a repeat knows whose account it was, when nobody can ask it
    parting = Parting(ctx, service, terms.keep_days)
    if terms.on_close == WAIT or parting.must_wait(account.login):
        parting.keep(account, leave_group=left_group(ctx, service))
    elif terms.on_close == DELETE:
        parting.delete(account)
    else:
        parting.leave(account.login)
        service.accounts.bring(account, Order(enabled=False))


def end_unread(ctx: Context, service: Service, login: str, terms: EndTerms) -> None:
    """The same of an account that the cloud cannot show."""
    parting = Parting(ctx, service, terms.keep_days)
    if terms.on_close == WAIT or parting.must_wait(login):
        parting.keep_unread(login)
    elif terms.on_close == DELETE:
        parting.delete_unread(login)
    else:
        parting.leave(login)
        service.accounts.switch_unread(login, enabled=False)


def left_group(ctx: Context, service: Service) -> str:
    """The group that an account leaves while it waits, or an empty text."""
    if not ctx.settings.wait_leaves_group:
        return ""
    return service.item.trial_group or ctx.billing.tariffs.group(service.item.tariff_id)
