"""The table of commands in the words of the tests: of which kind each command is.

This file alone interprets the columns of `commands.COMMANDS`. A suite with scenes of its own
compares the commands of its scenes with the names given here, so that a new command without its
scene fails it by name; where a case can be made from the name alone, the suite takes the names.
"""

from enum import Enum
from typing import Tuple

from commands import COMMANDS, Command
from utils.consts import Level


class Kind(Enum):
    """What a command is for."""

    SERVICE = "acts on the account of one service"
    MODULE = "reads the cloud of one module and changes nothing in it"
    RENEWAL = "tells of a renewal, which no fault of a cloud may hinder"
    FORM = "answers a form on standard input"
    QUESTION = "answers a question about one service, from billing alone"
    CHECK = "says whether something may be sold, which no fault of its own may hinder"
    PEOPLE = "is started by people and answers them"
    PAST = "tells people what others have done"
    PAGE = "answers visitors of BILLmanager's web, who ask by its environment"
    START = "tells what the module can do"


def kind(name: str, command: Command) -> Kind:
    """The kind of a command of the table."""
    if not command.is_recorded:
        return Kind.PAGE if name == "page" else Kind.PAST
    if command.is_check:
        return Kind.CHECK
    if not command.is_limited:
        return Kind.START if name == "features" else Kind.PEOPLE
    if not command.obeys_do_nothing:
        return Kind.QUESTION if name == "transition_controlpanel" else Kind.FORM
    if name == "prolong":
        return Kind.RENEWAL
    return Kind.MODULE if command.does == Level.READS else Kind.SERVICE


def names(*kinds: Kind) -> Tuple[str, ...]:
    """The commands of these kinds, in the order of the table."""
    return tuple(name for name, command in COMMANDS.items() if kind(name, command) in kinds)


SERVICES = names(Kind.SERVICE)
SERVING = tuple(name for name in SERVICES if name not in ("open", "close"))
"""Those for an account that is there and stays."""

MODULES = names(Kind.MODULE)
FORMS = names(Kind.FORM)
QUESTIONS = names(Kind.QUESTION)
CHECKS = names(Kind.CHECK)
RENEWALS = names(Kind.RENEWAL)
UNHINDERED = (*CHECKS, *RENEWALS)
"""Those that end well whatever a cloud does."""

SHOWN_FORMS = tuple(name for name in FORMS if COMMANDS[name].does is Level.NOTHING)
"""Forms before anybody fills them in: they are answered without a cloud."""

FOR_PEOPLE = names(Kind.PEOPLE)
OF_THE_PAST = names(Kind.PAST)
WRITING_PEOPLE = tuple(name for name in FOR_PEOPLE if COMMANDS[name].does > Level.READS)
"""Those of them that are there to write something, in clouds or in billing."""
PAGES = names(Kind.PAGE)

FOR_BILLMANAGER = tuple(
    name for name in COMMANDS if name not in (*FOR_PEOPLE, *OF_THE_PAST, *PAGES)
)
AT_CLOUDS = tuple(
    name
    for name in (*SERVICES, *MODULES, *RENEWALS, *FORMS, *CHECKS, *FOR_PEOPLE)
    if COMMANDS[name].does is not Level.NOTHING
)

LOOKING = tuple(name for name in OF_THE_PAST if COMMANDS[name].does is Level.READS)
"""Those that look at what a cloud shows to everybody."""
