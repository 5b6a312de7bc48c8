"""Shows many lines: page by page on a terminal, else all at once."""

import os
import shutil
import subprocess
import sys
from typing import IO, Iterable, List, Optional

from utils.host import limits

_USUAL = ["less", "-F", "-R", "-S", "-X"]
"""Ends by itself where all fits on the screen, leaves it there, and breaks no line."""


def show(lines: Iterable[str], may_page: bool) -> None:
    """Writes the lines to standard output; with `may_page` through a pager, if that is a terminal.

    Whoever reads may stop at any time.
    """
    command = _pager() if may_page and sys.stdout.isatty() else None
    try:
        if command is None:
            _write(lines, sys.stdout.buffer)
            return
        # The pager of whoever sits at the terminal, and who could start it himself.
        with limits.lifted(), subprocess.Popen(command, stdin=subprocess.PIPE) as process:  # noqa: S603  theirs
            assert process.stdin is not None  # noqa: S101  for the types
            _write(lines, process.stdin)
    except BrokenPipeError:
        # What is left in the buffer goes nowhere: writing it at the end would fail once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _write(lines: Iterable[str], file: IO[bytes]) -> None:
    for line in lines:
        file.write(f"{line}\n".encode("utf-8", "replace"))
    file.flush()


def _pager() -> Optional[List[str]]:
    """The program that shows pages: the one that PAGER names, else less; None for none."""
    wanted = os.environ.get("PAGER")
    if wanted is not None:
        return ["sh", "-c", wanted] if wanted.strip() else None
    return _USUAL if shutil.which(_USUAL[0]) else None
