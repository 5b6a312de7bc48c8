"""The call: what the command line and standard input say."""

import sys
from typing import TYPE_CHECKING, NamedTuple, Optional

from utils.base import errors

if TYPE_CHECKING:
    from utils.base.xml import Form

MAX_FORM_BYTES = 4 * 1024 * 1024


class Args(NamedTuple):
    """The command line, as far as it concerns this module."""

    command: str = ""
    item: Optional[int] = None
    module: Optional[int] = None
    runningoperation: Optional[int] = None
    lang: str = ""
    format: str = "text"


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
