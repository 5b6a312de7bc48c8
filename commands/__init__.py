"""What the module can be asked to do: one file per command, loaded only when it is asked for."""

from importlib import import_module
from typing import TYPE_CHECKING, Dict, Protocol, cast

from utils.base import errors
from utils.base.later import later
from utils.consts import Level
from utils.run.command import Command, form_s, stat_s

if TYPE_CHECKING:
    from utils.billing.reply import Reply
    from utils.run.context import Context


class Runnable(Protocol):
    """A command's module."""

    def run(self, ctx: "Context") -> "Reply":
        """Does the command and returns the reply. Raises PmError."""


_FORM = Command(budget_s=form_s, obeys_do_nothing=False, takes_dry_run=False)
_SHOWN = _FORM._replace(does=Level.NOTHING)
_CHECK = Command(obeys_do_nothing=False, is_limited=False, takes_dry_run=False, is_check=True)
_LIGHT = Command(obeys_do_nothing=False, is_limited=False, is_advertised=False, takes_dry_run=False)

COMMANDS: Dict[str, Command] = {
    "features": _LIGHT._replace(does=Level.NOTHING),
    "check_connection": _FORM,
    "tune_connection": _SHOWN,
    "get_server_config": Command(),
    "pricelist_dynamic_settings_tune": _SHOWN,
    "check_addon": _CHECK,
    "check_param": _CHECK,
    "open": Command(Level.WRITES),
    "suspend": Command(Level.WRITES),
    "resume": Command(Level.WRITES),
    "setparam": Command(Level.EDITS),
    "prolong": Command(is_advertised=False, takes_dry_run=False),
    "changepassword": Command(Level.EDITS),
    "close": Command(Level.WRITES),
    "sync_item": Command(Level.EDITS, has_bulk=True),
    "transition_controlpanel": _SHOWN,
    "stat": Command(budget_s=stat_s),
    "doctor": _LIGHT,
    "history": _LIGHT._replace(does=Level.NOTHING, is_recorded=False),
    "audit": _LIGHT._replace(takes_dry_run=True, wrong_exit=2),
    "purge": _LIGHT._replace(does=Level.WRITES, takes_dry_run=True, wrong_exit=2),
    "waiting": _LIGHT._replace(does=Level.NOTHING, is_recorded=False),
    "hold": _LIGHT._replace(does=Level.NOTHING, wrong_exit=2),
    "release": _LIGHT._replace(does=Level.NOTHING, wrong_exit=2),
    "restore": _LIGHT._replace(does=Level.EDITS, takes_dry_run=True, wrong_exit=2),
    "certificate": _LIGHT._replace(does=Level.NOTHING, is_recorded=False),
    "metrics": _LIGHT._replace(is_recorded=False),
    "page": _LIGHT._replace(is_recorded=False),
    "report": _LIGHT._replace(
        does=Level.NOTHING, is_recorded=False, wrong_exit=2, usual_format="html"
    ),
    "adopt": _LIGHT._replace(does=Level.EDITS, takes_dry_run=True, wrong_exit=2),
}
SYNONYMS = {
    "set_param": "setparam",
    "change_password": "changepassword",
    "connection_form_tune": "tune_connection",
    "transition_control_panel": "transition_controlpanel",
}
"""Spellings that BILLmanager may use; never advertised (docs/en/protocol.md, "Commands")."""


def name_of(word: str) -> str:
    """The name of the command that BILLmanager means by the word. Raises UnknownCommand."""
    name = SYNONYMS.get(word, word)
    if name not in COMMANDS:
        raise errors.UnknownCommand(word or "--command")
    return name


def load(name: str) -> Runnable:
    """The module of a command. Regular expressions of all that it loads are compiled when used."""
    with later():
        return cast(Runnable, import_module(f"commands._{name}"))
