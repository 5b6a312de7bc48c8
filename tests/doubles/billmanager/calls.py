"""What the core of a stand records and what a test can make it do wrong."""

import re
from dataclasses import dataclass, field
from typing import Dict, List, Optional, Tuple

RELOAD = "-R"
DESCRIBE = "-i"

# What a CoreFault can do.
FAULTS = ("exit1", "error", "hang", "cut_after_effect", "garbage")


class DropCall(Exception):
    """Raised by a hook: the caller gets no answer.

    From `before_call` the call also has no effect; from `after_call` the effect stays.
    """


@dataclass
class Call:
    """One call of mgrctl.

    `args` has a value given by `-e` as it was named (`$VARIABLE`), `secrets` has the value
    itself. `answered` is the text on stdout, None until there is one (and for good if the call
    got none); `seconds` is the time from the call's arrival to its answer. It `describes` where the
    function is only asked for (-i).
    """

    argv: Tuple[str, ...]
    function: str = ""
    args: Dict[str, str] = field(default_factory=dict)
    secrets: Dict[str, str] = field(default_factory=dict)
    form: str = "text"
    describes: bool = False
    ssh_connection: str = ""
    answered: Optional[str] = None
    exit_code: Optional[int] = None
    error_type: Optional[str] = None
    seconds: float = 0.0

    @property
    def values(self) -> Dict[str, str]:
        """The arguments as the core works with them: `args` with the secrets put in."""
        return {**self.args, **self.secrets}


@dataclass
class CoreFault:
    """A fault of the core: from the `nth` call on whose function matches, `times` calls fail.

    `function` is a regular expression for the whole name; `times` None means for ever. Kinds:
    exit1 (exit code 1, no effect), error (an error document, no effect), hang (no answer until
    the caller gives up, no effect), cut_after_effect (effect, but no answer: exit code 1),
    garbage (something that is no document with exit code 0, no effect).
    """

    function: str
    nth: int = 1
    kind: str = "exit1"
    times: Optional[int] = 1
    seen: int = 0

    def __post_init__(self) -> None:
        if self.kind not in FAULTS:
            raise ValueError(f"{self.kind} is none of {', '.join(FAULTS)}")

    def strikes(self, function: str) -> bool:
        """Count this call if it matches and say whether it is to fail."""
        if not re.fullmatch(self.function, function):
            return False
        self.seen += 1
        last = None if self.times is None else self.nth + self.times - 1
        return self.nth <= self.seen and (last is None or self.seen <= last)


@dataclass(frozen=True)
class Leak:
    """A secret on a command line; `argv` shows it replaced, so that a report does not repeat it."""

    program: str
    argv: Tuple[str, ...]


def parse(argv: List[str], environment: Dict[str, str]) -> Call:
    """Read the arguments of mgrctl (without its name) as the real one does.

    See docs/en/protocol.md, "mgrctl". `environment` has the variables that `-e` names. Raises
    ValueError with the text for stderr where the real one cannot even ask the core: no manager, a
    foreign one, an unknown option or format, an argument that is no name=value, a variable that is
    not set. `-R`, which has the core start anew, is a call of the function of that name.
    """
    call = Call(tuple(argv))
    manager = None
    words: List[str] = []
    rest = iter(argv)
    for word in rest:
        if word in ("-m", "-o", "-e"):
            value = next(rest, None)
            if value is None:
                raise ValueError(f"option {word} needs a value")
            if word == "-m":
                manager = value
            elif word == "-o":
                call.form = value
            else:
                _read_secret(call, value, environment)
        elif word in (DESCRIBE, RELOAD):
            call.describes = call.describes or word == DESCRIBE
            words += [word] if word == RELOAD else []
        elif word.startswith("-"):
            raise ValueError(f"unknown option {word}")
        else:
            words.append(word)
    if manager != "billmgr":
        raise ValueError(f"no such manager: {manager}")
    if not words:
        raise ValueError("no function")
    call.function = words[0]
    _read_arguments(call, words[1:])
    return call


def _read_secret(call: Call, pair: str, environment: Dict[str, str]) -> None:
    name, _, variable = pair.partition("=$")
    if not name or variable not in environment:
        raise ValueError(f"no environment variable for {pair}")
    call.args[name] = f"${variable}"
    call.secrets[name] = environment[variable]


def _read_arguments(call: Call, words: List[str]) -> None:
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise ValueError(f"{word} is no name=value")
        call.args[name] = value
        call.secrets.pop(name, None)
    call.form = call.args.pop("out", call.form)
