"""The module's own mark on a service: whose account it is, sealed by this installation alone.

BILLmanager encrypts it, but whoever may write parameters of a service has that done too. So the
mark carries a seal over all that it says, which only BILLmanager's private key can make.

A mark of version 1 (pmnextcloud 1.0) has no seal. It has a digest of the public key in its place.

BILLmanager encrypts it in one RSA block, so it must stay under 117 bytes (a 1024 bit key): the
seal and the server stand in it shortened.

The password in it is empty where an account was adopted whose password nobody has told.
"""

import hmac
import json
from typing import TYPE_CHECKING, Any, Callable, Optional

from utils.base import errors
from utils.base.secret import Secret
from utils.base.values import Mark, Trust
from utils.consts import ITEM_MARK

if TYPE_CHECKING:
    from utils.billing.key import Key

_VERSION = 2
_OLD_VERSION = 1

Seal = Callable[[str], str]
"""Makes the seal of a text; see utils.billing.key."""


def to_text(mark: Mark, seal: Seal) -> str:
    """The mark as it is saved, with its seal."""
    said = _said(mark)
    return _json([_VERSION, seal(_json(said)), *said[1:]])


def _said(mark: Mark) -> "list[Any]":
    """What the mark says, and its seal covers."""
    parts = [mark.item_id, mark.login, mark.server, mark.password.reveal(), int(mark.is_made)]
    return [_VERSION, *parts]


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def read(crypted: str, key: "Key") -> Optional[Mark]:
    """The mark in an encrypted value, None where it is empty. Raises SecretBroken."""
    if not crypted:
        return None
    text = key.decrypt(crypted).reveal()
    own_mark = from_text(text, key.seal, key.installation())
    if text and own_mark is None:
        raise errors.SecretBroken(ITEM_MARK)
    return own_mark


def from_text(text: str, seal: Seal, installation: str) -> Optional[Mark]:
    """The mark that was saved as `text`, or None where it is no mark of ours.

    `installation` is what stands in the marks of version 1 that this BILLmanager made.
    """
    try:
        version, proof, *said = json.loads(text)
    except (ValueError, TypeError):
        return None
    if not isinstance(proof, str) or not proof or isinstance(version, (bool, float)):
        return None
    if version == _VERSION:
        mark = _read(said)
        if mark is None:
            return None
        is_sealed = hmac.compare_digest(proof.encode(), seal(_json(_said(mark))).encode())
        return mark._replace(trust=Trust.SEALED if is_sealed else Trust.NONE)
    if version == _OLD_VERSION:
        mark = _read([*said, 0])
        is_ours = proof == installation
        return mark and mark._replace(trust=Trust.OLD if is_ours else Trust.NONE)
    return None


def _read(said: "list[Any]") -> Optional[Mark]:
    """The mark that says this; None where it is none."""
    if len(said) != 5:
        return None
    item_id, login, server, password, made = said
    if not all(isinstance(value, str) for value in (login, server, password)):
        return None
    if type(item_id) is not int or type(made) is not int or made not in (0, 1):
        return None
    # Only an account that is there may be known without its password.
    if not (login and server and (password or made)):
        return None
    return Mark(item_id, login, server, Secret(password), is_made=bool(made))
