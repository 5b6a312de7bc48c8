"""Runs a command on a terminal, and tells what stands there then."""

import os
import pty
import subprocess
from typing import List

from tests import ROOT


def on_terminal(command: List[str], **environment: str) -> str:
    """What a command shows on a terminal of its own; `environment` goes before what is usual.

    It has to end well.
    """
    leader, follower = pty.openpty()
    env = {"PATH": os.environ["PATH"], "TERM": "dumb", **environment}
    with subprocess.Popen(command, cwd=ROOT, env=env, stdin=follower, stdout=follower) as process:
        os.close(follower)
        shown = b""
        while True:
            try:
                part = os.read(leader, 65536)
            except OSError:  # the terminal is gone with its last process
                break
            if not part:
                break
            shown += part
    os.close(leader)
    assert process.returncode == 0
    return shown.decode().replace("\r\n", "\n")
