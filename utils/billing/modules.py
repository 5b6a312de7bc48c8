"""Processing modules as BILLmanager has them: their connection, their name, their problems."""

from typing import Dict, List, Mapping, NamedTuple, Optional

from utils.base import address, errors
from utils.base.logs import Logger
from utils.base.secret import Secret
from utils.base.text import tame
from utils.base.values import Server
from utils.billing.doors import CRYPTED, Doors
from utils.billing.mgrctl import Unseen
from utils.billing.needs import FUNCTIONS
from utils.consts import (
    DEFAULT_TIMEOUT_S,
    MAX_TIMEOUT_S,
    MIN_TIMEOUT_S,
    MODULE,
    MODULE_PARAMS,
    PARAM_BASE_URL,
    PARAM_CONFIRM,
    PARAM_SECRET,
    PARAM_TIMEOUT,
    PARAM_USERNAME,
    PARAM_VERIFY,
)

_PROBLEM = "processingmodule_connect"
"""BILLmanager's own kind of problem for a module whose server cannot be worked with."""


class StoredModule(NamedTuple):
    """A processing module of this kind, without its connection."""

    id: int
    name: str
    is_active: bool


class Modules:
    """Reads modules, and registers their problems.

    Every method may raise DatabaseUnavailable, those that ask the core CoreUnavailable and
    CoreRefused.
    """

    def __init__(self, doors: Doors, log: Logger) -> None:
        self._doors = doors
        self._log = log

    def stored(self, module_id: Optional[int] = None) -> List[StoredModule]:
        """All modules of this kind, or the one of that number, where there is such a one."""
        rows = self._doors.db.rows(
            "SELECT id, name, active FROM processingmodule"
            " WHERE module = %s AND id = IFNULL(%s, id) ORDER BY id",
            MODULE,
            module_id,
        )
        return [StoredModule(row["id"], row["name"] or "", row["active"] == "on") for row in rows]

    def name(self, module_id: int) -> str:
        """The name that the administrator gave the module."""
        row = self._doors.db.row("SELECT name FROM processingmodule WHERE id = %s", module_id)
        return row["name"] or "" if row else ""

    def params(self, module_id: int) -> Dict[str, str]:
        """The stored parameters of a module; encrypted ones under their name and "crypted:".

        Raises ModuleNotFound where there is no such module or it is another handler's.
        """
        rows = self._doors.db.rows(
            "SELECT m.module, p.intname, p.value FROM processingmodule m"
            " LEFT JOIN processingparam p ON p.processingmodule = m.id WHERE m.id = %s"
            " UNION ALL SELECT m.module, CONCAT('crypted:', p.intname), p.value"
            " FROM processingmodule m JOIN processingcryptedparam p ON p.processingmodule = m.id"
            " WHERE m.id = %s",
            module_id,
            module_id,
        )
        if not rows or rows[0]["module"] != MODULE:
            raise errors.ModuleNotFound(module_id)
        return {row["intname"]: row["value"] or "" for row in rows if row["intname"]}

    def base_url(self, module_id: int) -> str:
        """The address of a module's cloud, or an empty text where it has none that is one."""
        try:
            return address.clean(self.params(module_id).get(PARAM_BASE_URL, ""))
        except (errors.ModuleNotFound, errors.UrlMissing, errors.UrlInvalid):
            return ""

    def server(self, module_id: int) -> Server:
        """The connection of a module.

        Raises ModuleNotFound, ModuleUnset where address or secret is missing or unusable,
        ModuleSecretBroken where the secret does not decrypt.
        """
        params = self.params(module_id)
        try:
            secret = self._doors.secret(params, PARAM_SECRET)
            confirm_secret = self._doors.secret(params, PARAM_CONFIRM)
        except errors.SecretBroken as error:
            raise errors.ModuleSecretBroken(f"module {module_id}: {error.value}") from error
        if not secret:
            raise errors.ModuleUnset(f"module {module_id}: {PARAM_SECRET}")
        try:
            server = read_server(params, module_id)
        except errors.BadArguments as error:
            raise errors.ModuleUnset(f"module {module_id}: {error}") from error
        if address.is_plain(server.base_url):
            self._log.warning("module %d speaks plain http: passwords pass in clear", module_id)
        if PARAM_SECRET in params and CRYPTED + PARAM_SECRET not in params:
            self._log.warning(
                "module %d: its password is stored in clear; save its form once", module_id
            )
        return server._replace(secret=secret, confirm_secret=confirm_secret or Secret(""))

    def shows_fields(self, module_id: int) -> bool:
        """Whether BILLmanager's form of the module has our fields, so that it knows our forms.

        The answer of the core holds the secrets in clear (docs/en/protocol.md, "Form of a stored
        module"), so it is looked at here and let go.
        """
        form = self._doors.core.call(FUNCTIONS.show_module, elid=module_id)
        return any(form.find(f".//{name}") is not None for name in MODULE_PARAMS)

    def register_problem(self, module_id: int, error: errors.PmError) -> None:
        """Tells the administrators of an error that the whole module has.

        Each call adds an entry to their list, so a call whose answer is lost is not repeated.
        """
        self._doors.core.call_once(
            FUNCTIONS.register_problem,
            sok="ok",
            name=_PROBLEM,
            id=module_id,
            level="error",
            param_pm_name=Unseen(tame(self.name(module_id))),
            param_pm_id=module_id,
            param_errormsg=Unseen(error),
        )


def read_server(params: Mapping[str, str], module_id: int = 0) -> Server:
    """The connection that plain fields describe, be they stored or typed into the form.

    Raises UrlMissing, UrlInvalid.
    """
    return Server(
        module_id=module_id,
        base_url=address.clean(params.get(PARAM_BASE_URL, "")),
        username=params.get(PARAM_USERNAME, "").strip(),
        secret=Secret(params.get(PARAM_SECRET, "")),
        verify_tls=params.get(PARAM_VERIFY, "").strip() != "off",
        timeout_s=read_timeout_s(params.get(PARAM_TIMEOUT, "")),
        confirm_secret=Secret(params.get(PARAM_CONFIRM, "")),
    )


def read_timeout_s(text: str) -> float:
    """The module's time limit for one answer; a missing or useless one is the default."""
    try:
        return float(min(max(int(text), MIN_TIMEOUT_S), MAX_TIMEOUT_S))
    except ValueError:
        return float(DEFAULT_TIMEOUT_S)
