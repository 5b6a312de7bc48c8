"""BILLmanager's encrypted parameters: one block of RSA with PKCS#1 v1.5 padding, in Base64.

Five independent modules read them so (docs/en/protocol.md, "Encryption").
"""

import base64
import binascii
import hashlib
import hmac
from functools import cached_property
from typing import Any

from utils.base import errors
from utils.base.later import SSH_KEYS, later
from utils.base.secret import Secret

_INSTALLATION_LENGTH = 12

_SEAL_BYTES = 9
"""Of 72 bits nobody finds a second text by trying, and they are 12 characters: as many as stood in
their place in marks of version 1, which just fit into a block of 1024 bits."""

_SEAL_PURPOSE, _SHOWN_PURPOSE = b"pmnextcloud mark\0", b"pmnextcloud doctor\0"
"""What a digest is made for: one of them never stands for another."""

_CHANCE_LENGTH = 12
"""Random bytes of fewer characters may be clean text by chance, for one of some thousand keys."""


class Key:
    """BILLmanager's private key. Raises KeyUnavailable where the file holds none."""

    def __init__(self, path: str) -> None:
        with later(SSH_KEYS):
            from cryptography.hazmat.primitives import serialization
            from cryptography.hazmat.primitives.asymmetric import padding, rsa
        try:
            with open(path, "rb") as file:
                pem = file.read()
            # Proving the primes of BILLmanager's own key costs 50 ms at each start; a key that
            # is none shows in what it decrypts.
            key: Any = serialization.load_pem_private_key(
                pem, password=None, unsafe_skip_rsa_key_validation=True
            )
        except (OSError, ValueError, TypeError) as error:
            raise errors.KeyUnavailable(f"{path}: {type(error).__name__}") from error
        if not isinstance(key, rsa.RSAPrivateKey):
            raise errors.KeyUnavailable(f"{path}: not RSA")
        self._key = key
        self._padding = padding.PKCS1v15()
        self._pem = pem
        self._public_der = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def installation(self) -> str:
        """What names this BILLmanager in marks of version 1."""
        return hashlib.sha256(self._public_der).hexdigest()[:_INSTALLATION_LENGTH]

    def fingerprint(self, text: str) -> str:
        """A short name of a secret text that tells nobody without the key anything about it."""
        return hmac.new(self._pem, text.encode(), hashlib.sha256).hexdigest()[:32]

    def seal(self, text: str) -> str:
        """A short proof that the holder of this key has written the text: 72 bits of an HMAC.

        It is made with the key itself and not with its file, whose form may change.
        """
        digest = hmac.new(self._exponent, _SEAL_PURPOSE + text.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest[:_SEAL_BYTES]).decode("ascii")

    @cached_property
    def _exponent(self) -> bytes:
        """The private exponent."""
        exponent: int = self._key.private_numbers().d
        return exponent.to_bytes((exponent.bit_length() + 7) // 8, "big")

    def shown_digest(self) -> str:
        """A short name of the key for people, of which none that stands in a mark can be made."""
        return hashlib.sha256(_SHOWN_PURPOSE + self._public_der).hexdigest()[:_INSTALLATION_LENGTH]

    def capacity_bytes(self) -> int:
        """How long a text BILLmanager can encrypt with this key: one block less its padding."""
        return int(self._key.key_size) // 8 - 11

    def encrypt(self, secret: Secret) -> str:
        """The secret as BILLmanager would store it. Raises ValueError where it is too long."""
        block = self._key.public_key().encrypt(secret.reveal().encode(), self._padding)
        return base64.b64encode(block).decode("ascii")

    def decrypt(self, text: str) -> Secret:
        """The secret behind a stored value; an empty one stays empty.

        Raises SecretBroken where the result is not clean UTF-8 text: newer OpenSSL answers a
        wrong key with random bytes, which must never be sent anywhere.
        """
        if not text:
            return Secret("")
        try:
            data = base64.b64decode("".join(text.split()), validate=True)
            block = self._key.decrypt(data, self._padding)
            plain = block.decode("utf-8")
        except (ValueError, binascii.Error) as error:
            raise errors.SecretBroken(type(error).__name__) from error
        if len(plain) < _CHANCE_LENGTH and not self._is_padded(data, block):
            raise errors.SecretBroken("random bytes")
        if any(ord(char) < 32 or 127 <= ord(char) < 160 for char in plain):
            raise errors.SecretBroken("control characters")
        return Secret(plain)

    def _is_padded(self, data: bytes, block: bytes) -> bool:
        """Whether the data really hold that block; it takes 30 ms, so only where in doubt."""
        numbers = self._key.private_numbers()
        modulus = numbers.public_numbers.n
        whole = pow(int.from_bytes(data, "big"), numbers.d, modulus)
        padded = whole.to_bytes((modulus.bit_length() + 7) // 8, "big")
        filling = padded[2 : len(padded) - len(block) - 1]
        return padded == b"\0\2" + filling + b"\0" + block and b"\0" not in filling
