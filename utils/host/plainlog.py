"""The log for runs that are too short for the library of logs, which takes longer to load than they
may take: the same file and the same lines, but no details."""

import os
import sys
import time
from typing import Protocol, Tuple

from utils.base.text import tame

LONGEST_LINE = 2000
"""As in utils.misc: nothing that the program itself says is a tenth as long."""


class Log(Protocol):
    """A log as the rooms below use it: that of the library, or the plain one."""

    def debug(self, msg: str, /, *args: object) -> None:
        """Details."""

    def info(self, msg: str, /, *args: object) -> None:
        """What happened."""

    def warning(self, msg: str, /, *args: object) -> None:
        """What somebody may want to look at."""

    def error(self, msg: str, /, *args: object) -> None:
        """What failed."""


class PlainLog:
    """Appends lines to the log at `path`; where it cannot be opened, to standard error.

    `where` is what runs, and takes the place of the command in each line.
    """

    def __init__(self, path: str, where: str) -> None:
        self._path = path
        self._where = where

    def debug(self, words: str, *values: object) -> None:
        """Nothing: details are for commands that people look at."""

    def info(self, words: str, *values: object) -> None:
        """What happened."""
        self._write("INFO", words, values)

    def warning(self, words: str, *values: object) -> None:
        """What somebody may want to look at."""
        self._write("WARNING", words, values)

    def error(self, words: str, *values: object) -> None:
        """What failed."""
        self._write("ERROR", words, values)

    def _write(self, level: str, words: str, values: Tuple[object, ...]) -> None:
        now = time.time()
        moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now))
        text = tame(words % values if values else words, LONGEST_LINE)
        line = (
            f"{moment},{int(now % 1 * 1000):03d} [{os.getpid()}] {level} {self._where} - {text}\n"
        )
        data = line.encode("utf-8", "replace")
        try:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
            descriptor = os.open(self._path, flags, 0o600)
        except OSError:
            sys.stderr.write(line)
            return
        try:
            os.write(descriptor, data)
        except OSError:
            sys.stderr.write(line)
        finally:
            os.close(descriptor)
