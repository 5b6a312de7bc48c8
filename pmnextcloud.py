#!/usr/bin/env python3
"""The processing module as BILLmanager starts it: one command, one XML document, exit 0 or 1.

What people start answers them in words, as JSON or as CSV, unless the arguments are wrong: the
doctor, the history, the audit, the report, adoptions, a dry run, and `sync_item` of a whole module.
"""

import argparse
import gc
import os
import sys
from typing import List, NoReturn, Optional

import commands
from commands import Command
from utils.base import errors
from utils.base.errors import Told
from utils.billing import reply
from utils.billing.reply import Reply
from utils.consts import Level
from utils.host import limits
from utils.host.root import Host
from utils.run.call import Call
from utils.run.context import Context


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
    if call.dry_run and not commands.COMMANDS[name].takes_dry_run:
        raise errors.BadArguments(f"--command {name} --dry-run")
    command = commands.COMMANDS[name]
    is_bulk = command.has_bulk and call.item is None and call.module is not None
    return Context(call._replace(command=name, level=command.does, is_bulk=is_bulk), host)


def run(context: Context) -> Reply:
    """The reply of the command; of a dry run it tells what would be done. Raises PmError."""
    answer = _answer(context)
    return _tell_dry(context) if _is_dry(context.call) else answer


def _is_dry(call: Call) -> bool:
    """Whether people are told what the command would do; those for people tell that themselves."""
    command = commands.COMMANDS.get(call.command)
    if command is None or call.is_bulk or not call.dry_run:
        return False
    return command.takes_dry_run and command.is_limited


def _tell_dry(context: Context, error: Optional[errors.PmError] = None) -> Reply:
    from utils.run import dryrun

    return dryrun.tell(context, error)


def _answer(context: Context) -> Reply:
    name = context.call.command
    command = commands.COMMANDS[name]
    if command.obeys_do_nothing and context.host.does_nothing():
        context.log.info("etc/billmgr.DoNothing is there: nothing is done")
        context.did_nothing = True
        return reply.ok()
    if not command.is_limited or context.call.is_bulk:
        return commands.load(name).run(context)
    from utils.host import budget

    seconds = command.budget_s(context.settings)
    try:
        return budget.within(seconds - _report_s(context), lambda: _carry_out(context))
    except budget.Spent as error:
        raise errors.OutOfTime(f"{name}: {seconds} s") from error


def _carry_out(context: Context) -> Reply:
    answer = commands.load(context.call.command).run(context)
    if context.visit is not None:
        from utils.run import report

        report.succeeded(context)
    return answer


def _report_s(context: Context) -> float:
    """How long it may take to tell BILLmanager of a failure of this call."""
    if not context.call.is_told:
        return 0
    from utils.host import budget

    command = commands.COMMANDS.get(context.call.command, Command())
    try:
        return budget.telling_s(command.budget_s(context.settings))
    except errors.SettingsBroken:
        return budget.TELLING_S


def fail(context: Context, error: errors.PmError) -> Reply:
    """The error document of a failure, after BILLmanager was told of it."""
    context.log.error("failed: %s", error)
    context.error = error
    is_for_others = error.told is not Told.FORM or context.call.runningoperation is not None
    if is_for_others and context.call.is_told:
        try:
            from utils.run import report

            report.failed_in_time(context, error, _report_s(context))
        except Exception:
            context.log.exception("could not report %s", error.code)
    return _tell_dry(context, error) if _is_dry(context.call) else reply.error(error)


def begin(context: Context) -> None:
    """Begins the record of a run, and notes in the history one that may be killed at its work."""
    if not _is_recorded(context.call):
        return
    command, record = commands.COMMANDS[context.call.command], context.record
    if command.is_limited or command.does > Level.READS:
        record.begin()


def give(context: Context, answer: Reply) -> None:
    """Writes the answer to standard output, then the record of the run, which has that as well."""
    is_heard = False
    try:
        sys.stdout.buffer.write(answer.document)
        sys.stdout.buffer.writelines(answer.parts)
        sys.stdout.buffer.flush()
        is_heard = True
    finally:
        if _is_recorded(context.call):
            context.record.end(answer.exit_code, is_heard)


def _is_recorded(call: Call) -> bool:
    """Whether the run has a place in the history; what would be done has none."""
    command = commands.COMMANDS.get(call.command)
    return not call.dry_run and (command is None or command.is_recorded)


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
        begin(context)
        answer = run(context)
    except errors.PmError as error:
        failure = error
    except BaseException as error:  # noqa: BLE001  every end but a person's has a document
        failure = _crash(context, error)
    if failure is not None:  # out of the handler: what took the memory has gone with it
        answer = _tell(context, failure)
        if isinstance(failure, errors.BadArguments):
            answer = answer._replace(exit_code=_wrong_exit(argv))
    give(context, answer)
    return answer.exit_code


def _crash(context: Context, error: BaseException) -> errors.PmError:
    """What an error that no command has expected is told as. A person's Ctrl-C is no such error."""
    if isinstance(error, (KeyboardInterrupt, SystemExit)):
        raise error
    if limits.is_want(error):
        return errors.OutOfMemory(context.call.command)
    context.log.error("crashed", exc_info=error)
    return errors.Unexpected(type(error).__name__)


def _tell(context: Context, failure: errors.PmError) -> Reply:
    """The error document; BILLmanager is told before, as far as there is memory for that."""
    try:
        if isinstance(failure, errors.OutOfMemory):
            limits.release_reserve()
        return fail(context, failure)
    except Exception as error:
        if not limits.is_want(error):
            raise
        failure = errors.OutOfMemory(context.call.command)
    limits.release_reserve()
    return fail(context, failure)


if __name__ == "__main__":
    # A short life: collecting garbage while the libraries load, and taking everything apart at
    # the end, cost a sixth of the whole time (measured). Log and reply are written by now.
    gc.set_threshold(100_000)
    limits.restrict()
    os._exit(main(sys.argv[1:]))
