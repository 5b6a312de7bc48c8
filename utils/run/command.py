"""A command as the program sees it: what it may do, how long, and whom its runs concern."""

from typing import TYPE_CHECKING, Callable, NamedTuple

from utils.consts import Level

if TYPE_CHECKING:
    from utils.host.settings import Settings


def usual_s(settings: "Settings") -> int:
    """The budget of most commands."""
    return settings.budget_s


def form_s(settings: "Settings") -> int:
    """The budget of a form, at which somebody waits."""
    return settings.form_budget_s


def stat_s(settings: "Settings") -> int:
    """The budget of the statistics of all services."""
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
    budget_s: Callable[..., int] = usual_s
    obeys_do_nothing: bool = True
    is_limited: bool = True
    is_advertised: bool = True
    takes_dry_run: bool = True
    is_recorded: bool = True
    wrong_exit: int = 1
    has_bulk: bool = False
    is_check: bool = False
    usual_format: str = "text"


NO_COMMAND = Command(takes_dry_run=False)
"""What a run has whose command is not known, or not yet."""
