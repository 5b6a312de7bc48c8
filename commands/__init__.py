"""What the module can be asked to do: one file per command, loaded only when it is asked for."""

from importlib import import_module
from typing import TYPE_CHECKING, Callable, Dict, NamedTuple, Protocol, cast

from utils.base import errors
from utils.consts import Level

if TYPE_CHECKING:
    from utils.billing.reply import Reply
    from utils.host.settings import Settings
    from utils.run.context import Context


class Runnable(Protocol):
    """A command's module."""

    def run(self, ctx: "Context") -> "Reply":
        """Does the command and returns the reply. Raises PmError."""


def _usual_s(settings: "Settings") -> int:
    return settings.budget_s


def _form_s(settings: "Settings") -> int:
    return settings.form_budget_s


def _stat_s(settings: "Settings") -> int:
    return settings.stat_budget_s


class Command(NamedTuple):
    """How a command is run; its file is its name behind an underscore.

    `does` is what it does in the cloud. `budget_s` reads its time budget from the settings, whose
    class is not named here: Python would compile the name, and its compiler needs 2 ms to begin.
    A command that `obeys_do_nothing` is not run where etc/billmgr.DoNothing is; one that does not
    either leaves the cloud alone, or looks for that file itself. `is_limited` is whether it has a
    time budget and BILLmanager is told of its failures; without, it needs no settings.
    `is_advertised` is whether BILLmanager is told of it as a feature. `takes_dry_run` is whether
    it may be asked what it would do by --dry-run; asked of any other, nothing is done.
    `is_recorded` is whether its runs stand in the history.
    `wrong_exit` is the exit code for wrong arguments. A command that `has_bulk` acts on one
    service, or for people on all of a module: then nothing limits its time but the cloud. One that
    `is_check` is asked before a sale, and limits its own time. `usual_format` is the form of its
    answer where the call names none.
    """

    does: Level = Level.READS
    budget_s: Callable[..., int] = _usual_s
    obeys_do_nothing: bool = True
    is_limited: bool = True
    is_advertised: bool = True
    takes_dry_run: bool = True
    is_recorded: bool = True
    wrong_exit: int = 1
    has_bulk: bool = False
    is_check: bool = False
    usual_format: str = "text"


_FORM = Command(budget_s=_form_s, obeys_do_nothing=False, takes_dry_run=False)
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
    "stat": Command(budget_s=_stat_s),
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
    """The module of a command."""
    return cast(Runnable, import_module(f"commands._{name}"))
