#!/usr/bin/env python3
"""The processing module as BILLmanager starts it: one command, one XML document, exit 0 or 1.

What people start answers them in words, as JSON or as CSV, unless the arguments are wrong: the
doctor, the history, the audit, the report, adoptions, a dry run, and `sync_item` of a whole module.
"""

import gc
import os
import sys
from typing import List, NoReturn, Optional

import commands
from utils.base import errors
from utils.base.later import later
from utils.billing.reply import Reply
from utils.host import limits
from utils.host.root import Host
from utils.run import lifecycle
from utils.run.call import Call
from utils.run.command import Command
from utils.run.context import Context

# argparse looks for translations of its words. None are used: our messages are those of xml/.
with later("gettext", instead={"gettext.gettext": str}):
    import argparse


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are answers too: argparse alone would leave stdout empty."""

    def error(self, message: str) -> NoReturn:
        """Raises BadArguments instead of leaving the program."""
        raise errors.BadArguments(message)


_OF_ADOPTION = ("--trust", "--password-stdin", "--sync", "--suggest", "--yes")


def parse(argv: List[str]) -> Call:
    """The known options of a call, `--item 15` or `--item=15`; all others are ignored.

    But a misspelt --dry-run is refused: whoever writes it does not want it done. So is every word
    that is unknown where people start a command that writes.
    """
    parser = Parser(allow_abbrev=False, add_help=False, formatter_class=_formatter)
    parser.add_argument("--command", default="")
    reader = _number_or_none if _is_check(argv) else _number
    for number in ("--item", "--module", "--runningoperation"):
        parser.add_argument(number, type=reader)
    for word in ("--lang", "--date", "--since", "--password", "--param", "--value"):
        parser.add_argument(word, nargs="?", const="", default="")
    usual = next((command.usual_format for command in _named(argv)), Call().format)
    parser.add_argument("--format", nargs="?", const="", default=usual)
    for word in ("--login", "--file", "--why", "--until"):
        parser.add_argument(word, default="")
    for flag in ("--facts", "--dry-run", "--failed", "--repair", *_OF_ADOPTION):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("--limit", type=_number)
    parser.add_argument("--delimiter", default=",")
    parser.add_argument(
        "--class", dest="classes", type=_words, nargs="*", action="extend", default=[]
    )
    known, unknown = parser.parse_known_args(argv)
    is_peoples = _wrong_exit(argv) != 1
    for word in unknown:
        if is_peoples or word.lower().lstrip("-").startswith("dry"):
            raise errors.BadArguments(word)
    given = {**vars(known), "classes": tuple(word for words in known.classes for word in words)}
    return Call(**given)


def _words(text: str) -> List[str]:
    return [word for word in text.split(",") if word]


def _formatter(prog: str) -> argparse.HelpFormatter:
    # A parser makes a formatter for each option. One without a width asks the terminal for it.
    return argparse.HelpFormatter(prog, width=80)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < len(text) <= 18):
        raise ValueError
    return int(text)


def _number_or_none(text: str) -> Optional[int]:
    """The number, which a new order has none of yet: whatever stands for it refuses no sale."""
    try:
        return _number(text)
    except ValueError:
        return None


def start(call: Call, host: Host) -> Context:
    """The run of a call, which knows what its command does.

    Raises UnknownCommand, BadArguments for a dry run of a command that has none.
    """
    name = commands.name_of(call.command)
    command = commands.COMMANDS[name]
    if call.dry_run and not command.takes_dry_run:
        raise errors.BadArguments(f"--command {name} --dry-run")
    is_bulk = command.has_bulk and call.item is None and call.module is not None
    call = call._replace(command=name, level=command.does, is_bulk=is_bulk)
    return Context(call, host, command=command)


def _carry_out(context: Context) -> Reply:
    return commands.load(context.call.command).run(context)


def _named(argv: List[str]) -> List[Command]:
    """The commands that the words name, before they are read as arguments."""
    words = [word for one in argv for word in one.split("=", 1)]
    named = {after for word, after in zip(words, words[1:]) if word == "--command"}
    return [commands.COMMANDS[one] for one in named & set(commands.COMMANDS)]


def _wrong_exit(argv: List[str]) -> int:
    """The exit code where the arguments are wrong, which may be why they were not read."""
    return next((command.wrong_exit for command in _named(argv)), 1)


def _is_check(argv: List[str]) -> bool:
    """Whether the words ask for a check, which nothing but a refusal may fail."""
    return any(command.is_check for command in _named(argv))


def main(argv: List[str]) -> int:
    """Answers one call on standard output and returns the exit code."""
    started_as = os.environ.get("PMNEXTCLOUD_STARTED_AS") or sys.argv[0]
    host = Host(os.path.dirname(os.path.dirname(os.path.abspath(started_as))))
    context = Context(Call(), host)
    failure: Optional[errors.PmError] = None
    try:
        context = Context(parse(argv), host)
        context = start(context.call, host)
        lifecycle.begin(context)
        answer = lifecycle.run(context, _carry_out)
    except errors.PmError as error:
        failure = error
    except BaseException as error:  # noqa: BLE001  every end but a person's has a document
        failure = lifecycle.crash(context, error)
    if failure is not None:  # out of the handler: what took the memory has gone with it
        answer = lifecycle.fail(context, failure)
        if isinstance(failure, errors.BadArguments):
            answer = answer._replace(exit_code=_wrong_exit(argv))
    lifecycle.give(context, answer)
    return answer.exit_code


if __name__ == "__main__":
    # A short life: collecting garbage while the libraries load, and taking everything apart at
    # the end, cost a sixth of the whole time (measured). Log and reply are written by now.
    gc.set_threshold(100_000)
    limits.restrict()
    os._exit(main(sys.argv[1:]))
