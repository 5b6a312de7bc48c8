"""What the module can be asked to do: one file per command, loaded only when it is asked for."""

from importlib import import_module
from typing import TYPE_CHECKING, Dict, NamedTuple, Protocol, cast

from utils.base import errors
from utils.consts import LEVEL_EDITS, LEVEL_READS, LEVEL_WRITES

if TYPE_CHECKING:
    from utils.run.context import Context


class Runnable(Protocol):
    """A command's module."""

    def run(self, ctx: "Context") -> bytes:
        """Does the command and returns the reply. Raises PmError."""


class Command(NamedTuple):
    """How a command is run: its file, its time budget in the settings, what it touches."""

    file: str
    budget: str = "budget_s"
    level: int = LEVEL_WRITES
    touches_cloud: bool = True
    is_light: bool = False

    def load(self) -> Runnable:
        """The command's module."""
        return cast(Runnable, import_module(f"commands.{self.file}"))


COMMANDS: Dict[str, Command] = {
    "features": Command("_features", touches_cloud=False, is_light=True),
    "check_connection": Command("_check_connection", "form_budget_s", touches_cloud=False),
    "tune_connection": Command("_tune_connection", "form_budget_s", touches_cloud=False),
    "pricelist_dynamic_settings_tune": Command(
        "_pricelist_dynamic_settings_tune", "form_budget_s", touches_cloud=False
    ),
    "get_server_config": Command("_get_server_config", level=LEVEL_READS),
    "open": Command("_open"),
    "suspend": Command("_suspend"),
    "resume": Command("_resume"),
    "setparam": Command("_set_param", level=LEVEL_EDITS),
    "close": Command("_close"),
    "sync_item": Command("_sync_item", level=LEVEL_EDITS),
    "stat": Command("_stat", "stat_budget_s", level=LEVEL_READS),
    "doctor": Command("_doctor", touches_cloud=False, is_light=True),
}
SYNONYMS = {"set_param": "setparam", "connection_form_tune": "tune_connection"}
"""Spellings that BILLmanager may use; never advertised (protocol notes, I)."""


def find(name: str) -> Command:
    """The command of that name. Raises UnknownCommand."""
    try:
        return COMMANDS[SYNONYMS.get(name, name)]
    except KeyError as error:
        raise errors.UnknownCommand(name or "--command") from error
