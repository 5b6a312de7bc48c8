"""Secrets of a payment method as they are stored: encrypted, and bound to BILLmanager's key.

BILLmanager keeps the settings of payment methods in clear text, in its database, in each backup and
in each answer about a payment (docs/en/payments.md, "Settings of a method"). So the form is given
back with sealed secrets. RSA, with which BILLmanager encrypts elsewhere, would need a library that
takes a notification three times as long to load as all else. Here the text is joined with a stream
of HMAC-SHA-256 over a nonce and a counter, and an HMAC under another key covers both.
"""

import base64
import binascii
import hashlib
import hmac
import os

from utils.base import errors
from utils.base.secret import Secret
from utils.host import root
from utils.host.root import Host

PREFIX = "sealed:"
_NONCE_BYTES, _TAG_BYTES, _BLOCK_BYTES = 16, 16, 32
_FOR_STREAM, _FOR_TAG = b"pmwebpay stream\0", b"pmwebpay tag\0"
"""What a key is made for: one of them never stands for the other."""


class Sealer:
    """Seals and opens texts with keys made of BILLmanager's private key."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def _key(self, purpose: bytes) -> bytes:
        path = self._host.path(self._host.config().get("CryptKey") or root.KEY)
        try:
            with open(path, encoding="ascii") as file:
                lines = file.read().split()
        except (OSError, UnicodeDecodeError) as error:
            raise errors.KeyUnavailable(f"{path}: {type(error).__name__}") from error
        # How the file's lines end may change, its content does not.
        content = "".join(lines).encode()
        if b"PRIVATEKEY" not in content:
            raise errors.KeyUnavailable(f"{path}: no private key")
        return hmac.new(content, purpose, hashlib.sha256).digest()

    def seal(self, secret: Secret) -> str:
        """The secret as it is stored; what is sealed already, or empty, stays as it is.

        Raises KeyUnavailable.
        """
        text = secret.reveal()
        if not text or text.startswith(PREFIX):
            return text
        nonce = os.urandom(_NONCE_BYTES)
        hidden = _join(text.encode(), self._key(_FOR_STREAM), nonce)
        tag = self._tag(nonce + hidden)
        return PREFIX + base64.b64encode(nonce + hidden + tag).decode("ascii")

    def unseal(self, stored: str) -> Secret:
        """The secret behind a stored text; one that is not sealed is the secret itself.

        Raises KeyUnavailable, and SecretBroken where another key has sealed it or it was changed.
        """
        if not stored.startswith(PREFIX):
            return Secret(stored)
        try:
            data = base64.b64decode(stored[len(PREFIX) :], validate=True)
        except (binascii.Error, ValueError) as error:
            raise errors.SecretBroken(type(error).__name__) from error
        nonce, hidden, tag = data[:_NONCE_BYTES], data[_NONCE_BYTES:-_TAG_BYTES], data[-_TAG_BYTES:]
        if not hmac.compare_digest(self._tag(nonce + hidden), tag):
            raise errors.SecretBroken("sealed by another key")
        return Secret(_join(hidden, self._key(_FOR_STREAM), nonce).decode())

    def _tag(self, data: bytes) -> bytes:
        return hmac.new(self._key(_FOR_TAG), data, hashlib.sha256).digest()[:_TAG_BYTES]


def _join(data: bytes, key: bytes, nonce: bytes) -> bytes:
    """The data joined with the stream of that key and nonce; twice gives the data again."""
    stream = b""
    for number in range(len(data) // _BLOCK_BYTES + 1):
        stream += hmac.new(key, nonce + number.to_bytes(4, "big"), hashlib.sha256).digest()
    return bytes(one ^ other for one, other in zip(data, stream))
