"""Tells clients that their space runs out, once for each threshold that is passed."""

from datetime import date
from typing import TYPE_CHECKING, Callable, List, Optional

from utils.accounts.fullness import FULL, Crossing, Fullness
from utils.base import errors
from utils.billing.memos import Memo
from utils.consts import STATUS_ACTIVE
from utils.host.state import UNTOLD
from utils.run.telling import NOBODY, TOLD, Letter, Teller

if TYPE_CHECKING:
    from utils.run.context import Context

MOST_REFUSED = 20
"""Letters that BILLmanager refuses in one run, and takes none, before it is asked for no more: they
have one cause then. Each costs some calls; fewer might be clients that have a trouble of their
own."""

MOST_FORGOTTEN = 200
"""Services of one run of which it is noted that they have more space again; each takes a call. More
at once come of a changed tariff, and the next days' runs take the rest."""

_OF_ONE_SERVICE = (errors.CoreRefused, errors.NotSaved)
"""What may go wrong with one service alone: the others come all the same."""


class Warnings:
    """The warnings of one run over the services of a module.

    `describe` says to staff that BILLmanager takes none, in words that stay the same.
    """

    def __init__(
        self,
        ctx: "Context",
        fullness: Fullness,
        day: date,
        describe: Callable[[errors.PmError], str],
    ) -> None:
        self._ctx = ctx
        self._module_id = ctx.call.module_id()
        self._describe = describe
        self._fullness = fullness
        self._day = day
        self._teller = Teller(ctx, day)

    def settle(self) -> None:
        """Notes whose use has fallen, and tells the others, the fullest first.

        As many as the settings allow; the next run tells the rest. Never costs the day: what fails
        is logged, and tried by the next run. Letters need no turn at the cloud.
        """
        self._ctx.leave()
        try:
            self._forget()
            self._tell()
        except errors.PmError as error:
            self._ctx.log.warning("not every client was told that his space runs out: %s", error)

    def _forget(self) -> None:
        for crossing in self._fullness.fallen[:MOST_FORGOTTEN]:
            memo = Memo(crossing.account_id, str(crossing.percent), self._day, is_sent=True)
            told = memo._replace(occasion=str(crossing.told_percent))
            try:
                self._teller.forget(
                    FULL, crossing.item_id, told, memo if crossing.percent else None
                )
            except errors.Busy:
                continue
            except _OF_ONE_SERVICE as error:
                self._ctx.log.warning(
                    "service %d: it is not noted that its use has fallen: %s",
                    crossing.item_id,
                    error,
                )

    def _tell(self) -> None:
        told = 0
        refusals: List[errors.PmError] = []
        risen = sorted(self._fullness.risen, key=lambda one: (-one.percent, one.item_id))
        for crossing in risen:
            is_hopeless = not told and len(refusals) == MOST_REFUSED
            if told == self._ctx.settings.warnings_per_run or is_hopeless:
                break
            try:
                told += self._warn(crossing) == TOLD
            except errors.Busy:
                continue
            except _OF_ONE_SERVICE as error:
                self._ctx.log.warning("service %d: not told: %s", crossing.item_id, error)
                refusals.append(error)
        if risen:
            self._ctx.log.info("space runs out: %d of %d clients told", told, len(risen))
        self._tell_staff(told, refusals)

    def _warn(self, crossing: Crossing) -> str:
        outcome = self._teller.tell(letter(crossing))
        if outcome == NOBODY:
            self._ctx.log.warning("service %d: its client has no user", crossing.item_id)
        return outcome

    def _tell_staff(self, told: int, refusals: List[errors.PmError]) -> None:
        """Has staff know that BILLmanager takes no notifications: one task, until it takes one."""
        name = UNTOLD.format(self._module_id)
        state, tasks = self._ctx.state, self._ctx.billing.tasks
        number = self._task()
        if told and number is not None:
            if number:
                tasks.withdraw(number)
            state.forget(name)
        if told or not refusals or number is not None:
            return
        department = tasks.department(self._module_id)
        if department is None:
            self._ctx.log.warning("module %d has no department for tasks", self._module_id)
            return
        state.write(name, {})  # what cannot be remembered would be told every day
        state.write(name, {"task": tasks.make(department, self._describe(refusals[-1]))})

    def _task(self) -> Optional[int]:
        """The number of the task that staff has; 0 where it has one whose number is not known."""
        kept = self._ctx.state.read(UNTOLD.format(self._module_id))
        if not isinstance(kept, dict) or "task" not in kept:
            return None
        return kept["task"] if isinstance(kept["task"], int) else 0


def letter(crossing: Crossing) -> Letter:
    """What the client is told."""
    free_bytes = max(crossing.quota_bytes - crossing.used_bytes, 0)
    return Letter(
        FULL,
        crossing.item_id,
        crossing.account_id,
        str(crossing.percent),
        STATUS_ACTIVE,
        sizes={
            "used": crossing.used_bytes,
            "quota": crossing.quota_bytes,
            "free": free_bytes,
        },
        words={
            "percent": str(crossing.percent),
            "full": str(crossing.used_bytes * 100 // crossing.quota_bytes),
            "login": crossing.login,
        },
    )
