"""BILLmanager's encryption of parameters (docs/en/protocol.md, "Encryption")."""

import base64
import threading
from typing import List

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

KEY_BITS = 2048
# PKCS#1 v1.5 needs 11 bytes of the block for itself.
PLAINTEXT_MAX_BYTES = KEY_BITS // 8 - 11

_LOCK = threading.Lock()
_KEYS: List["Key"] = []


class Key:
    """A private key like etc/billmgr.pem: its public half encrypts, the key itself decrypts."""

    def __init__(self) -> None:
        self._private = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)

    def pem(self) -> bytes:
        """The key as the PEM file that BILLmanager keeps, without a passphrase."""
        return self._private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )

    def encrypt(self, text: str) -> str:
        """Encrypt UTF-8 text; empty stays empty. Raises ValueError over 245 bytes."""
        if not text:
            return ""
        block = self._private.public_key().encrypt(text.encode("utf-8"), padding.PKCS1v15())
        return base64.b64encode(block).decode("ascii")

    def decrypt(self, encrypted: str) -> str:
        """Give back what `encrypt` was given; raises ValueError if it is not of this key."""
        if not encrypted:
            return ""
        block = base64.b64decode(encrypted, validate=True)
        return self._private.decrypt(block, padding.PKCS1v15()).decode("utf-8")


def shared() -> Key:
    """The one key of this process: making one takes longer than most tests."""
    with _LOCK:
        if not _KEYS:
            _KEYS.append(Key())
        return _KEYS[0]
