"""The call: what the command line and standard input say (docs/en/protocol.md, "Calls")."""

import sys
from typing import TYPE_CHECKING, NamedTuple, Optional, Tuple

from utils.base import errors
from utils.consts import Level

if TYPE_CHECKING:
    from utils.base.secret import Secret
    from utils.base.xml import Form

MAX_FORM_BYTES = 4 * 1024 * 1024
"""Longest form that is read; a tariff form with a thousand groups is a twentieth of it."""

MAX_PASSWORD_BYTES = 4096
"""Longest password that is read; no cloud takes one that is half as long."""


class Call(NamedTuple):
    """The command line, as far as it concerns this module, and what the command does.

    With `dry_run` nothing is written anywhere: what would be done is told instead. `is_bulk` is a
    command of one service that people start for all services of a module.
    """

    command: str = ""
    item: Optional[int] = None
    module: Optional[int] = None
    runningoperation: Optional[int] = None
    lang: str = ""
    format: str = "text"
    date: str = ""
    login: str = ""
    since: str = ""
    why: str = ""
    until: str = ""
    password: str = ""
    param: str = ""
    value: str = ""
    facts: bool = False
    failed: bool = False
    dry_run: bool = False
    repair: bool = False
    limit: Optional[int] = None
    delimiter: str = ","
    classes: Tuple[str, ...] = ()
    is_bulk: bool = False
    file: str = ""
    trust: bool = False
    password_stdin: bool = False
    sync: bool = False
    suggest: bool = False
    yes: bool = False
    level: Level = Level.READS

    def item_id(self) -> int:
        """The --item of the call. Raises BadArguments where it is missing."""
        if self.item is None:
            raise errors.BadArguments("--item")
        return self.item

    def module_id(self) -> int:
        """The --module of the call. Raises BadArguments where it is missing."""
        if self.module is None:
            raise errors.BadArguments("--module")
        return self.module

    @property
    def concerns_module(self) -> bool:
        """Whether the call is about a stored module or a service of one, not about a form."""
        return self.item is not None or self.module is not None

    @property
    def is_told(self) -> bool:
        """Whether BILLmanager may have to be told of a failure of this call."""
        is_told = self.runningoperation is not None or self.concerns_module
        return is_told and not (self.dry_run or self.is_bulk)


def read_password() -> "Secret":
    """The password on standard input: one line, or typed unseen on a terminal. Raises BadInput."""
    from utils.base.secret import Secret  # few calls have one

    if sys.stdin is None:
        raise errors.BadInput("empty")
    try:
        if sys.stdin.isatty():
            from getpass import getpass

            text = getpass()
        else:
            data = sys.stdin.buffer.readline(MAX_PASSWORD_BYTES + 2)
            text = data.decode("utf-8-sig").rstrip("\r\n")
    except (OSError, ValueError, EOFError) as error:
        raise errors.BadInput(type(error).__name__) from error
    if not text or len(text.encode()) > MAX_PASSWORD_BYTES:
        raise errors.BadInput("empty" if not text else f"over {MAX_PASSWORD_BYTES} bytes")
    return Secret(text)


def read_form() -> "Form":
    """The form on standard input. Raises BadInput where it is no acceptable document."""
    from utils.base import xml  # only forms need it

    try:
        data = sys.stdin.buffer.read(MAX_FORM_BYTES + 1) if sys.stdin else b""
    except (OSError, ValueError) as error:
        raise errors.BadInput(type(error).__name__) from error
    if not data.strip():
        raise errors.BadInput("empty")
    if len(data) > MAX_FORM_BYTES:
        raise errors.BadInput(f"over {MAX_FORM_BYTES} bytes")
    try:
        return xml.parse(data)
    except ValueError as error:
        raise errors.BadInput(str(error)) from error
