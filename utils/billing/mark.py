"""The module's own mark on a service: whose account it is, readable only with BILLmanager's key.

BILLmanager encrypts it in one RSA block, so it must stay under 117 bytes (a 1024 bit key):
the installation and the server stand in it as short digests.
"""

import json
from typing import Optional

from utils.base.secret import Secret
from utils.base.values import Mark

_VERSION = 1


def to_text(mark: Mark) -> str:
    """The mark as it is saved."""
    parts = [_VERSION, mark.installation, mark.item_id, mark.login, mark.server]
    return json.dumps([*parts, mark.password.reveal()], separators=(",", ":"))


def from_text(text: str) -> Optional[Mark]:
    """The mark that was saved as `text`, or None where it is no mark of ours."""
    try:
        version, installation, item_id, login, server, password = json.loads(text)
    except (ValueError, TypeError):
        return None
    strings = (installation, login, server, password)
    if version != _VERSION or not isinstance(item_id, int):
        return None
    if not all(isinstance(value, str) and value for value in strings):
        return None
    return Mark(installation, item_id, login, server, Secret(password))
