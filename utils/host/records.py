"""The history on disk: lines of JSON, a file for each day, appended to and never changed.

A line is written by one call of the kernel, so that processes do not write into one another's and a
kill spoils at most its own. Each stands between two line ends: behind one that was cut off, as on a
full disk, the next is whole again. What cannot be written is lost: the history is there to look
things up, and nothing depends on it. It lies where our memory lies, for root alone.

SQLite was measured beside it: 2 ms for its library alone, and 2 to 10 ms for a record.
"""

import errno
import io
import os
import stat
import time
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, Dict, Iterator, List, Optional, Sequence, Tuple, Union

from utils.base.text import printable

if TYPE_CHECKING:
    Json = Union[None, bool, int, str, Sequence["Json"], Dict[str, "Json"]]

SUFFIX = ".jsonl"

MOST_LINE_BYTES = 64 * 1024
"""Longest line; a run with as many deeds as are kept has a fifth of it."""

LINE_ENDS = 2
"""Bytes of a line beside its text."""

MOST_DAY_BYTES = 64 * 1024**2
"""Largest file of a day, after which none is written: 30,000 runs with all that they did."""

MOST_BYTES = 1024**3
"""All days together; of more the oldest are removed."""

DAY_S = 24 * 60 * 60


class DayFull(OSError):
    """The file of the day has come to its largest size."""


class Records:
    """The files of the history in a folder, or others of lines for each day."""

    def __init__(self, folder: str, suffix: str = SUFFIX) -> None:
        self.folder = folder
        self._suffix = suffix

    # -- writing ------------------------------------------------------------------------------

    def append(self, day: str, text: str) -> int:
        """Writes a line into the file of a day (YYYY-MM-DD). Returns the bytes that were there.

        Raises FileNotFoundError where there is no history yet, DayFull, OSError.
        """
        data = f"\n{text}\n".encode("utf-8", "replace")
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
        descriptor = os.open(self._path(day), flags, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            if size + len(data) > MOST_DAY_BYTES:
                raise DayFull(f"{day}: over {MOST_DAY_BYTES} bytes")
            if os.write(descriptor, data) < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            os.close(descriptor)
        return size

    def make(self) -> None:
        """Makes the folder of the history, for this user alone. Raises OSError."""
        for folder in (os.path.dirname(self.folder), self.folder):
            os.makedirs(folder, mode=0o700, exist_ok=True)

    def prune(self, keep_days: int, now_s: float) -> None:
        """Removes what is older than that many days, and the oldest days of too much.

        Today's file stays in any case. Raises OSError.
        """
        oldest, today = day_of(now_s - keep_days * DAY_S), day_of(now_s)
        left = 0
        for day in reversed(self.days()):
            left += self.size(day)
            if day != today and (day < oldest or left > MOST_BYTES):
                self.drop(day)

    def remove(self) -> None:
        """Removes the whole history, if there is one. Raises OSError."""
        for day in self.days():
            self.drop(day)
        if os.path.isdir(self.folder) and not os.listdir(self.folder):
            os.rmdir(self.folder)

    # -- reading ------------------------------------------------------------------------------

    def days(self) -> List[str]:
        """The days of which there is a file, oldest first. Raises OSError."""
        try:
            names = [name for name in os.listdir(self.folder) if self._is_day(name)]
        except (FileNotFoundError, NotADirectoryError):
            return []
        suffix = len(self._suffix)
        return sorted(name[:-suffix] for name in names if self._size(name) is not None)

    def size(self, day: str) -> int:
        """The bytes of a day."""
        return self._size(day + self._suffix) or 0

    def is_full(self, day: str) -> bool:
        """Whether the file of a day may lack runs because it has come to its largest size."""
        return self.size(day) > MOST_DAY_BYTES - MOST_LINE_BYTES

    def lines(self, day: str, offset: int = 0) -> Iterator[Tuple[int, bytes]]:
        """The lines of a day that are not empty, as written, each with the place where it begins.

        Those from a place on where one begins. What is longer than any line comes in pieces, which
        are none. Raises OSError.
        """
        with self._open(day) as file:
            file.seek(offset)
            while True:
                text = file.readline(MOST_LINE_BYTES)
                if not text:
                    return
                if text.strip():
                    yield offset, text
                offset += len(text)

    def lines_at(self, day: str, offsets: Sequence[int]) -> Iterator[bytes]:
        """The lines of a day that begin there. Raises OSError."""
        with self._open(day) as file:
            for offset in offsets:
                file.seek(offset)
                yield file.readline(MOST_LINE_BYTES)

    def _open(self, day: str) -> BinaryIO:
        """The file of a day; an empty one where another run has just removed it."""
        try:
            return open(self._path(day), "rb")
        except FileNotFoundError:
            return io.BytesIO()

    def drop(self, day: str) -> None:
        """Removes a day, if it is there. Raises OSError."""
        with suppress(FileNotFoundError):  # another run does the same
            os.unlink(self._path(day))

    def _size(self, name: str) -> Optional[int]:
        """The size of a file; None where it is none, or gone."""
        try:
            info = os.lstat(os.path.join(self.folder, name))
        except FileNotFoundError:
            return None
        return info.st_size if stat.S_ISREG(info.st_mode) else None

    def _path(self, day: str) -> str:
        return os.path.join(self.folder, day + self._suffix)

    def _is_day(self, name: str) -> bool:
        """Whether a file of that name is one of a day: whatever else lies there is left alone."""
        parts = name[: -len(self._suffix)].split("-")
        lengths = [len(part) for part in parts]
        is_date = lengths == [4, 2, 2] and all(part.isascii() and part.isdigit() for part in parts)
        return name.endswith(self._suffix) and is_date


def day_of(seconds: float) -> str:
    """The day (YYYY-MM-DD) of a moment in this server's time zone."""
    return time.strftime("%Y-%m-%d", time.localtime(seconds))


def moment(seconds: float) -> str:
    """A moment in this server's time zone as ISO 8601 has it, with milliseconds and offset."""
    local = time.localtime(seconds)
    offset = time.strftime("%z", local)
    text = time.strftime("%Y-%m-%dT%H:%M:%S", local)
    return f"{text}.{int(seconds % 1 * 1000):03d}{offset[:3]}:{offset[3:5]}"


def as_json(value: "Json") -> str:
    """The value as one line of JSON.

    Written out, for the library would cost a form 1 ms, half of what a record may take. A text that
    is printable needs nothing but its quotes and backslashes escaped, and all others are made so.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, str):
        text = value if value.isprintable() else printable(value)
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if isinstance(value, dict):
        pairs = (f"{as_json(key)}:{as_json(one)}" for key, one in value.items())
        return "{" + ",".join(pairs) + "}"
    return "[" + ",".join(map(as_json, value)) + "]"
