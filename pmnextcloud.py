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
from utils.base import errors
from utils.billing import reply
from utils.host.root import Host
from utils.run.call import Args
from utils.run.context import Context

REPORT_S = 10
"""Part of a budget that is kept back for telling BILLmanager of a failure."""


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are answers too: argparse alone would leave stdout empty."""

    def error(self, message: str) -> NoReturn:
        """Raises BadArguments instead of leaving the program."""
        raise errors.BadArguments(message)


def parse(argv: List[str]) -> Args:
    """The known options of a call, `--item 15` or `--item=15`; all others are ignored."""
    parser = Parser(allow_abbrev=False, add_help=False, formatter_class=_formatter)
    parser.add_argument("--command", default="")
    for number in ("--item", "--module", "--runningoperation"):
        parser.add_argument(number, type=_number)
    for word, default in (("--lang", ""), ("--format", "text")):
        parser.add_argument(word, nargs="?", const="", default=default)
    known, _ = parser.parse_known_args(argv)
    return Args(**vars(known))


def _formatter(prog: str) -> argparse.HelpFormatter:
    # Nobody is shown any help, but at each option a parser asks how wide it may be.
    return argparse.HelpFormatter(prog, width=80)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < len(text) <= 18):
        raise ValueError
    return int(text)


def run(context: Context) -> bytes:
    """The reply of the command. Raises PmError."""
    command = commands.find(context.args.command)
    if command.touches_cloud and context.host.does_nothing():
        context.log.info("etc/billmgr.DoNothing is there: nothing is done")
        return reply.ok()
    context.level = command.level
    if command.is_light:
        return command.load().run(context)
    from utils.host import budget
    from utils.run import report

    seconds = getattr(context.settings, command.budget)
    kept_back_s = REPORT_S if context.args.runningoperation is not None else 0
    try:
        with budget.limit(seconds - kept_back_s):
            answer = command.load().run(context)
            report.success(context)
            return answer
    except budget.Spent as error:
        raise errors.OutOfTime(f"{context.args.command}: {seconds} s") from error


def fail(context: Context, error: errors.PmError) -> bytes:
    """The error document of a failure, after BILLmanager was told of it."""
    context.log.error("failed: %s", error)
    if error.scope != errors.CALL or context.args.runningoperation is not None:
        try:
            from utils.run import report

            report.in_time(context, error, REPORT_S)
        except Exception:
            context.log.exception("could not report %s", error.code)
    return reply.failure(error)


def main(argv: List[str]) -> int:
    """Answers one call on standard output and returns the exit code."""
    started_as = os.environ.get("PMNEXTCLOUD_STARTED_AS") or sys.argv[0]
    host = Host(os.path.dirname(os.path.dirname(os.path.abspath(started_as))))
    context = Context(Args(), host)
    exit_code = 1
    try:
        context = Context(parse(argv), host)
        answer = run(context)
        exit_code = context.exit_code
    except errors.PmError as error:
        answer = fail(context, error)
    except Exception as error:  # noqa: BLE001  the last line of defence: always one document
        context.log.exception("crashed")
        answer = fail(context, errors.Unexpected(type(error).__name__))
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()
    return exit_code


if __name__ == "__main__":
    # A short life: collecting garbage while the libraries load, and taking everything apart at
    # the end, cost a sixth of the whole time (measured). Log and reply are written by now.
    gc.set_threshold(100_000)
    os._exit(main(sys.argv[1:]))
