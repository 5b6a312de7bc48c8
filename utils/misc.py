"""Small helpers with one obvious job each: the log, checks of addresses and sizes."""

import io
import os
import re
import sys
from decimal import Decimal
from typing import Optional, TextIO, Union

from utils.base import errors, sizes
from utils.base.logs import logging
from utils.base.secret import strike_out
from utils.base.text import tame
from utils.consts import MODULE

_LEVELS = {
    9: logging.DEBUG,
    8: logging.DEBUG,
    7: logging.DEBUG,
    6: logging.INFO,
    5: logging.INFO,
    4: logging.WARNING,
    3: logging.ERROR,
    2: logging.CRITICAL,
    1: logging.CRITICAL,
    0: logging.CRITICAL + 1,
}
"""Levels of etc/debug.conf (docs/en/protocol.md, "Configuration files") as Python's."""

_EMAIL = (
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}"
    r"@(?=.{4,253}$)([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]"
)


_LONGEST_LINE = 2000
"""Characters of a line of the log; the longest that the program itself writes is a tenth of it."""

_MOST_LINES = 120
"""Lines of a record of the log: a traceback through all libraries has half as many."""


class _Formatter(logging.Formatter):
    """One line per record, secrets struck out, line breaks and control characters made visible.

    What is longer than anything that this program says itself is cut: a cloud must not fill a disk.
    """

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)[: _LONGEST_LINE * _MOST_LINES]
        lines = strike_out(text).splitlines() or [""]
        if len(lines) > _MOST_LINES:
            left_out = f"... {len(lines) - _MOST_LINES} lines ..."
            lines = [*lines[: _MOST_LINES // 2], left_out, *lines[-_MOST_LINES // 2 :]]
        first, *rest = (tame(one, _LONGEST_LINE) for one in lines)
        return "\n".join([first, *("    " + one for one in rest)])


def setup_logging(path: str, debug_conf: str, command: str, item: Optional[int]) -> logging.Logger:
    """The program's one log: appends to `path`, at the level that `debug_conf` names.

    Each line bears time, process id, command and item. Where the file cannot be opened
    the log goes to standard error, which BILLmanager does not read.
    """
    log = logging.getLogger(MODULE)
    log.handlers.clear()
    log.propagate = False
    log.setLevel(_level(debug_conf))
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        stream: TextIO = os.fdopen(descriptor, "a", encoding="utf-8", errors="replace")
    except OSError:
        stream = sys.stderr or io.StringIO()
    handler = logging.StreamHandler(stream)
    where = f"{command or '-'} {item if item is not None else '-'}".replace("%", "%%")
    handler.setFormatter(_Formatter(f"%(asctime)s [%(process)d] %(levelname)s {where} %(message)s"))
    log.addHandler(handler)
    return log


def _level(debug_conf: str) -> int:
    """The level of the line `pmnextcloud N` (or `pmnextcloud.* N`); INFO without one."""
    try:
        with open(debug_conf, encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
    except OSError:
        return logging.INFO
    level = logging.INFO
    for line in lines:
        words = line.split()
        if (
            len(words) == 2
            and words[0] in (MODULE, MODULE + ".*")
            and words[1].isascii()
            and words[1].isdigit()
        ):
            level = _LEVELS.get(int(words[1][:4]), level)
    return level


def validate_email(address: str) -> bool:
    """Whether the address is one that a cloud will take: plain ASCII, one @, a dotted domain."""
    local = address.partition("@")[0]
    return (
        len(address) <= 254
        and bool(re.fullmatch(_EMAIL, address))
        and ".." not in address
        and not local.startswith(".")
        and not local.endswith(".")
    )


def validate_quota(quota_bytes: Union[float, Decimal]) -> float:
    """The size itself where it can be sold: whole bytes above zero, or unlimited.

    Raises QuotaZero for anything else.
    """
    if isinstance(quota_bytes, float) and quota_bytes == sizes.UNLIMITED:
        return sizes.UNLIMITED
    if isinstance(quota_bytes, Decimal) and not quota_bytes.is_finite():
        raise errors.QuotaZero(quota_bytes)
    if not 1 <= quota_bytes < 2**63:
        raise errors.QuotaZero(quota_bytes)
    return int(quota_bytes)
