"""What staff can do about an operation that stands in BILLmanager's queue: ready command lines.

They are calls of BILLmanager's core that the program knows (docs/en/protocol.md, "Failures of
operations"). Nothing here makes them: who runs one has decided so.
"""

import shlex
from typing import Iterable, List, Mapping, NamedTuple, Optional

from utils.billing.closing import function_of
from utils.billing.needs import FUNCTIONS
from utils.billing.operations import Operations, Standing


class Means(NamedTuple):
    """The command lines for an operation, None where no call of the core does that."""

    repeat: str
    done_by_hand: Optional[str]
    stop: str


class Open(NamedTuple):
    """An operation that was not done, and stands in the queue still."""

    operation: Standing
    command: str
    means: Means


def standing(commands: Mapping[int, str], operations: Operations, mgrctl: str) -> List[Open]:
    """Those of some operations, each with its command, that stand in BILLmanager's queue.

    `mgrctl` is the path of that program. Raises DatabaseUnavailable.
    """
    if not commands:
        return []
    return [
        Open(one, commands[one.id], means(one, commands[one.id], mgrctl))
        for one in operations.standing(list(commands))
    ]


def means(operation: Standing, command: str, mgrctl: str) -> Means:
    """The command lines for an operation of that command; `mgrctl` is the path of that program."""

    def line(function: str, *pairs: str) -> str:
        return _quoted([mgrctl, "-m", "billmgr", function, *pairs, "sok=ok"])

    of_operation = f"elid={operation.id}"
    function = function_of(command, operation.itemtype)
    return Means(
        repeat=line(FUNCTIONS.edit_operation, of_operation, "manual=off"),
        done_by_hand=line(function, f"elid={operation.item_id}") if function else None,
        stop=line(FUNCTIONS.stop_operation, of_operation),
    )


def _quoted(words: Iterable[str]) -> str:
    return " ".join(map(shlex.quote, words))
