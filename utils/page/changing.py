"""Changes a password as BILLmanager would: by the module itself, as a run of its own.

So the page has no way of its own to an account. What keeps others off, what survives a kill, what
staff is told and what stands in the history is that of the command.
"""

import os
import subprocess
from typing import NamedTuple

from utils.base import errors, xml
from utils.base.secret import Secret
from utils.host import root
from utils.page.asked import Asked
from utils.run.call import MAX_PASSWORD_BYTES
from utils.run.context import Context

COMMAND = "changepassword"


class Ended(NamedTuple):
    """How the run has ended: the code of its error and its detail, both empty where it has none."""

    code: str = ""
    value: str = ""


def read_new(asked: Asked) -> Secret:
    """The password that was typed twice. Raises PasswordUnusable."""
    text = asked.password.reveal()
    is_line = bool(text) and text == text.strip("\r\n") and "\0" not in text
    if not is_line or any(end in text for end in "\r\n") or asked.again != asked.password:
        raise errors.PasswordUnusable
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise errors.PasswordUnusable from error
    if size > MAX_PASSWORD_BYTES:
        raise errors.PasswordUnusable
    return asked.password


def change(ctx: Context, item_id: int, password: Secret, wait_s: float) -> Ended:
    """Has the account take the password.

    Raises PasswordPending where that has no end within `wait_s`: it goes on all the same, for one
    that was cut off would leave nobody knowing which password is right. Raises PageUnavailable
    where the module does not answer.
    """
    argv = (ctx.host.path(root.HANDLER), "--command", COMMAND, "--item", str(item_id))
    try:
        process = subprocess.Popen(  # noqa: S603  our own program
            (*argv, "--password-stdin"),
            cwd=ctx.host.root,
            env=dict(os.environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise errors.PageUnavailable(type(error).__name__) from error
    try:
        answer, _ = process.communicate(password.reveal().encode() + b"\n", timeout=wait_s)
    except subprocess.TimeoutExpired as error:
        if process.stdout is not None:  # nobody listens any more, which the run takes for that
            process.stdout.close()
        raise errors.PasswordPending from error
    ended = _ended(answer)
    if not ended.code and process.returncode:
        raise errors.PageUnavailable(f"exit {process.returncode}")
    return ended


def _ended(answer: bytes) -> Ended:
    try:
        document = xml.parse(answer)
    except ValueError as error:
        raise errors.PageUnavailable("no answer") from error
    if document.tag != "doc":
        raise errors.PageUnavailable("no answer")
    error_node = document.find("error")
    if error_node is None:
        return Ended()
    code = error_node.get("type") or errors.Unexpected.code
    return Ended(code, error_node.findtext("param[@name='value']") or "")
