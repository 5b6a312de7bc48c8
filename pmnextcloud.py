#!/usr/bin/env python3
"""The processing module as BILLmanager starts it: one command, one XML document, exit 0 or 1.

Only `doctor`, which people start, answers by text or JSON, unless its arguments are wrong.
"""

import argparse
import gc
import os
import sys
from typing import List, NoReturn

import commands
from commands import Command
from utils.base import errors
from utils.base.errors import Told
from utils.billing import reply
from utils.billing.reply import Reply
from utils.host import limits
from utils.host.root import Host
from utils.run.call import Call
from utils.run.context import Context


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are answers too: argparse alone would leave stdout empty."""

    def error(self, message: str) -> NoReturn:
        """Raises BadArguments instead of leaving the program."""
        raise errors.BadArguments(message)


def parse(argv: List[str]) -> Call:
    """The known options of a call, `--item 15` or `--item=15`; all others are ignored."""
    parser = Parser(allow_abbrev=False, add_help=False, formatter_class=_formatter)
    parser.add_argument("--command", default="")
    for number in ("--item", "--module", "--runningoperation"):
        parser.add_argument(number, type=_number)
    for word, default in (("--lang", ""), ("--format", "text"), ("--date", ""), ("--password", "")):
        parser.add_argument(word, nargs="?", const="", default=default)
    parser.add_argument("--facts", action="store_true")
    known, _ = parser.parse_known_args(argv)
    return Call(**vars(known))


def _formatter(prog: str) -> argparse.HelpFormatter:
    # A parser makes a formatter for each option. One without a width asks the terminal for it.
    return argparse.HelpFormatter(prog, width=80)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < len(text) <= 18):
        raise ValueError
    return int(text)


def start(call: Call, host: Host) -> Context:
    """The run of a call, which knows what its command does. Raises UnknownCommand."""
    name = commands.name_of(call.command)
    return Context(call._replace(command=name, level=commands.COMMANDS[name].does), host)


def run(context: Context) -> Reply:
    """The reply of the command. Raises PmError."""
    name = context.call.command
    command = commands.COMMANDS[name]
    if command.obeys_do_nothing and context.host.does_nothing():
        context.log.info("etc/billmgr.DoNothing is there: nothing is done")
        return reply.ok()
    if not command.is_limited:
        return commands.load(name).run(context)
    from utils.host import budget

    seconds = command.budget_s(context.settings)
    try:
        with budget.limit(seconds - _report_s(context)):
            answer = commands.load(name).run(context)
            if context.visit is not None:
                from utils.run import report

                report.succeeded(context)
            return answer
    except budget.Spent as error:
        raise errors.OutOfTime(f"{name}: {seconds} s") from error


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
    if error.told is not Told.FORM or context.call.runningoperation is not None:
        try:
            from utils.run import report

            report.failed_in_time(context, error, _report_s(context))
        except Exception:
            context.log.exception("could not report %s", error.code)
    return reply.error(error)


def main(argv: List[str]) -> int:
    """Answers one call on standard output and returns the exit code."""
    started_as = os.environ.get("PMNEXTCLOUD_STARTED_AS") or sys.argv[0]
    host = Host(os.path.dirname(os.path.dirname(os.path.abspath(started_as))))
    context = Context(Call(), host)
    failure = None
    try:
        context = Context(parse(argv), host)
        context = start(context.call, host)
        answer = run(context)
    except errors.PmError as error:
        answer = fail(context, error)
    except MemoryError:
        failure = errors.OutOfMemory(context.call.command)
    except Exception as error:
        context.log.exception("crashed")
        answer = fail(context, errors.Unexpected(type(error).__name__))
    if failure is not None:  # out of the handler: what took the memory has gone with it
        limits.release_reserve()
        answer = fail(context, failure)
    sys.stdout.buffer.write(answer.document)
    sys.stdout.buffer.flush()
    return answer.exit_code


if __name__ == "__main__":
    # A short life: collecting garbage while the libraries load, and taking everything apart at
    # the end, cost a sixth of the whole time (measured). Log and reply are written by now.
    gc.set_threshold(100_000)
    limits.restrict()
    os._exit(main(sys.argv[1:]))
