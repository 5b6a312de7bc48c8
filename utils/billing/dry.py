"""BILLmanager in a dry run: all of it is read, nothing is written, and each write is noted.

What the program reads back of its own writes is laid over what the database tells: parameters and
statuses of services. BILLmanager does more than that after a call, which no run reads.
"""

from functools import cached_property
from typing import TYPE_CHECKING, Any, Callable, Dict, Mapping, Optional, Sequence

from utils.base import deeds, logins
from utils.base.deeds import Deeds
from utils.base.intended import Plan
from utils.base.logs import Logger
from utils.base.secret import Secret
from utils.billing.billmanager import Billing
from utils.billing.closing import POSTS
from utils.billing.database import Database
from utils.billing.doors import CRYPTED, Doors
from utils.billing.mgrctl import Mgrctl
from utils.billing.namings import Namings
from utils.billing.needs import FUNCTIONS, QUESTIONS, WRITTEN
from utils.consts import ITEM_LOGIN, STATUS_ACTIVE
from utils.host import root
from utils.host.plainlog import Log
from utils.host.root import Host
from utils.host.state import State

if TYPE_CHECKING:
    from utils.base.xml import Form
    from utils.billing.key import Key

_STATUS_AFTER = {post.function: post.status for post in POSTS.values()}
_STEERING = ("sok", "elid", "crypted")
"""What service.saveparam is told beside the parameter."""


class Overlay:
    """What would stand in the tables by now, of what a run reads back."""

    def __init__(self) -> None:
        self.statuses: Dict[int, int] = {}
        self.params: Dict[int, Dict[str, Optional[str]]] = {}
        """By service and name, encrypted values under `crypted:<name>`; None is dropped."""

    def lay_over(
        self, item_id: int, names: Sequence[str], saved: Mapping[str, str]
    ) -> Dict[str, str]:
        """What is saved on a service under some of the names, as it would be."""
        wanted = {*names, *(CRYPTED + name for name in names)}
        ours = {
            name: value for name, value in self.params.get(item_id, {}).items() if name in wanted
        }
        laid = {**saved, **ours}
        return {name: value for name, value in laid.items() if value is not None}


class DryCore(Mgrctl):
    """Asks the core for what changes nothing; all else it notes, with what it would do."""

    def __init__(
        self,
        path: str,
        log: Log,
        deeds: Deeds,
        plan: Plan,
        overlay: Overlay,
        key: Callable[[], "Key"],
    ) -> None:
        super().__init__(path, log, deeds)
        self._plan = plan
        self._overlay = overlay
        self._key = key

    def call(self, function: str, **params: object) -> "Form":
        """The core's answer to a question; to anything else the empty document."""
        if function in QUESTIONS and "sok" not in params:
            return super().call(function, **params)
        return self.call_once(function, **params)

    def call_once(self, function: str, **params: object) -> "Form":
        """Notes the call, and answers with the empty document."""
        from utils.base import xml

        with self._plan.noted(deeds.call(function, params)):
            self._pretend(function, params)
        return xml.parse(b"<doc/>")

    def _pretend(self, function: str, params: Mapping[str, object]) -> None:
        """What a run reads back after the call."""
        if function == FUNCTIONS.save_param:
            self._save(params)
        elif function == FUNCTIONS.drop_param:
            self._store(params, str(params["name"]), None, None)
        elif function in _STATUS_AFTER or function.endswith(".open"):
            status = _STATUS_AFTER.get(function, STATUS_ACTIVE)
            self._overlay.statuses[_item_id(params)] = status

    def _save(self, params: Mapping[str, object]) -> None:
        """Takes the parameter in either form (see utils.billing.saving)."""
        given = {name: value for name, value in params.items() if name not in _STEERING}
        if given.keys() == {"name", "value"}:
            given = {str(given["name"]): given["value"]}
        for name, value in given.items():
            if isinstance(value, Secret):
                try:
                    self._store(params, name, None, self._key().encrypt(value))
                except ValueError:  # too long for the key: nothing is saved, as by the core
                    continue
            else:
                self._store(params, name, str(value), None)

    def _store(
        self, params: Mapping[str, object], name: str, plain: Optional[str], crypted: Optional[str]
    ) -> None:
        """A parameter stands in one of the two tables, or after it was dropped in none."""
        values = self._overlay.params.setdefault(_item_id(params), {})
        values.update({name: plain, CRYPTED + name: crypted})


def _item_id(params: Mapping[str, object]) -> int:
    return int(str(params["elid"]))


class DryDatabase(Database):
    """Reads the database; of rows that would be written it notes each."""

    def __init__(self, config: Mapping[str, str], log: Log, plan: Plan, overlay: Overlay) -> None:
        super().__init__(config, log)
        self._plan = plan
        self._overlay = overlay

    def write_many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """Notes the rows."""
        table = sql.split()[2]
        for row in rows:
            with self._plan.noted(deeds.rows(table, dict(zip(WRITTEN[table], row)), 1)):
                pass

    def params(self, item_ids: Sequence[int], names: Sequence[str]) -> Dict[int, Dict[str, str]]:
        """What both tables of parameters would have of some services by now."""
        saved = super().params(item_ids, names)
        laid = {one: self._overlay.lay_over(one, names, saved.get(one, {})) for one in item_ids}
        return {item_id: values for item_id, values in laid.items() if values}

    def status(self, item_id: int) -> Optional[int]:
        """The status that a service would have by now."""
        status = super().status(item_id)
        return status if status is None else self._overlay.statuses.get(item_id, status)


class DryDoors(Doors):
    """The ways into BILLmanager, of which those that write only note it."""

    def __init__(
        self, plan: Plan, state: State, host: Host, log: Log, deeds: Optional[Deeds] = None
    ) -> None:
        super().__init__(host, log, deeds)
        self._plan = plan
        self._state = state
        self.overlay = Overlay()

    @cached_property
    def core(self) -> Mgrctl:
        """BILLmanager's core, which is only asked."""
        path = self._host.path(root.MGRCTL)
        return DryCore(path, self._log, self.deeds, self._plan, self.overlay, lambda: self.key)

    @cached_property
    def db(self) -> Database:
        """The database, which is only read."""
        return DryDatabase(self._config, self._log, self._plan, self.overlay)

    @cached_property
    def state(self) -> State:
        """The module's own files as the run has them."""
        return self._state


class DryNamings(Namings):
    """Whom services name, with what this run would have saved on them.

    `module_of` tells the module of a service.
    """

    def __init__(self, doors: DryDoors, module_of: Callable[[int], int]) -> None:
        super().__init__(doors)
        self._overlay = doors.overlay
        self._module_of = module_of

    def of(self, login: str, besides: int) -> Dict[int, int]:
        """As the database tells, and whom this run would have made to name the login."""
        found = super().of(login, besides)
        for item_id in self._overlay.params:
            saved = self._overlay.lay_over(item_id, [ITEM_LOGIN], {}).get(ITEM_LOGIN, "")
            if item_id != besides and logins.names(saved, login):
                found.setdefault(item_id, self._module_of(item_id))
        return found


class DryBilling(Billing):
    """BILLmanager, which is only read. `plan` notes what would be written."""

    def __init__(
        self, plan: Plan, state: State, host: Host, log: Logger, *args: Any, **kwargs: Any
    ) -> None:
        self._plan = plan
        self._state = state
        super().__init__(host, log, *args, **kwargs)

    def _open(self, host: Host, log: Logger, deeds: Optional[Deeds]) -> DryDoors:
        self._dry_doors = DryDoors(self._plan, self._state, host, log, deeds)
        return self._dry_doors

    @cached_property
    def namings(self) -> Namings:
        """Which services would name which accounts."""
        return DryNamings(self._dry_doors, self.services.module_of)
