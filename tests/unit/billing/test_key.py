"""BILLmanager's encrypted values: what is no clean text is an error and goes nowhere."""

import base64
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding

from tests.doubles.billmanager import keys
from utils.base import errors
from utils.billing.key import Key


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """BILLmanager's key file."""
    file = tmp_path_factory.mktemp("etc") / "billmgr.pem"
    file.write_bytes(keys.shared().pem())
    return file


@pytest.fixture(scope="module")
def key(path: Path) -> Key:
    """BILLmanager's key."""
    return Key(str(path))


def encrypted(data: bytes) -> str:
    """Any bytes, encrypted for BILLmanager."""
    private: Any = serialization.load_pem_private_key(keys.shared().pem(), None)
    return base64.b64encode(private.public_key().encrypt(data, padding.PKCS1v15())).decode()


def pem(private: Any, password: bytes = b"") -> bytes:
    """A private key as a file."""
    encryption: Any = serialization.NoEncryption()
    if password:
        encryption = serialization.BestAvailableEncryption(password)
    form = serialization.PrivateFormat.PKCS8
    return bytes(private.private_bytes(serialization.Encoding.PEM, form, encryption))


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n"])
def test_a_file_that_holds_no_key_is_told(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "billmgr.pem"
    file.write_bytes(content)
    with pytest.raises(errors.KeyUnavailable, match=r"billmgr\.pem"):
        Key(str(file))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(errors.KeyUnavailable, match="FileNotFoundError"):
        Key(str(tmp_path / "none.pem"))


@pytest.mark.parametrize("kind", ["ec", "ed25519", "dsa", "public", "certificate"])
def test_a_key_that_is_not_rsa_is_told(tmp_path: Path, kind: str, path: Path) -> None:
    rsa_key: Any = serialization.load_pem_private_key(path.read_bytes(), None)
    public = rsa_key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    content = {
        "ec": lambda: pem(ec.generate_private_key(ec.SECP256R1())),
        "ed25519": lambda: pem(ed25519.Ed25519PrivateKey.generate()),
        "dsa": lambda: pem(dsa.generate_private_key(2048)),
        "public": lambda: public,
        "certificate": lambda: b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    }[kind]()
    file = tmp_path / "billmgr.pem"
    file.write_bytes(content)
    with pytest.raises(errors.KeyUnavailable):
        Key(str(file))


def test_a_key_with_a_passphrase_is_told(tmp_path: Path, path: Path) -> None:
    private: Any = serialization.load_pem_private_key(path.read_bytes(), None)
    file = tmp_path / "billmgr.pem"
    file.write_bytes(pem(private, b"made-up"))
    with pytest.raises(errors.KeyUnavailable):
        Key(str(file))


@pytest.mark.parametrize(
    "text",
    [
        "garbage",
        "!!!!",
        "клиент",
        "AAAA",
        "=",
        base64.b64encode(b"x" * 256).decode(),
        base64.b64encode(b"\0" * 256).decode(),
        base64.b64encode(b"x" * 1000).decode(),
    ],
)
def test_a_value_that_was_never_encrypted_is_broken(key: Key, text: str) -> None:
    with pytest.raises(errors.SecretBroken) as caught:
        key.decrypt(text)
    assert text not in str(caught.value)


def test_a_value_of_another_key_is_broken(key: Key) -> None:
    """Newer OpenSSL answers with random bytes, of which a few short ones are clean text."""
    foreign, broken = keys.Key(), 0
    for _ in range(20):
        try:
            assert key.decrypt(foreign.encrypt("Made-up-pw-77")).reveal() != "Made-up-pw-77"
        except errors.SecretBroken:
            broken += 1
    assert broken >= 15


@pytest.mark.parametrize(
    "data",
    [b"\xff\xfe", b"Made-up\x00pw", b"Made-up\npw", b"\x1b[31m", b"\x7f", "\x85".encode(), b"\xc3"],
)
def test_a_value_that_is_no_clean_text_is_broken_and_not_told(key: Key, data: bytes) -> None:
    with pytest.raises(errors.SecretBroken) as caught:
        key.decrypt(encrypted(data))
    assert "Made-up" not in str(caught.value)


def test_nothing_stays_nothing(key: Key) -> None:
    assert key.decrypt("").reveal() == ""


@pytest.mark.parametrize("chance", [b"", b"a", b"made-up", "клиент".encode()])
def test_random_bytes_that_happen_to_be_text_are_broken(
    path: Path, monkeypatch: pytest.MonkeyPatch, chance: bytes
) -> None:
    """A newer OpenSSL answers a wrong key with random bytes of a random length."""

    class Lucky:
        def __init__(self, key: Any) -> None:
            self.private_numbers = key.private_numbers
            self.decrypt = lambda data, padding: chance

    key = Key(str(path))
    monkeypatch.setattr(key, "_key", Lucky(key._key))
    for data in (b"x" * 256, base64.b64decode(keys.shared().encrypt("made-up-pw-77"))):
        with pytest.raises(errors.SecretBroken):
            key.decrypt(base64.b64encode(data).decode())


@pytest.mark.parametrize(
    "text", ["Made-up-pw-77", "Пароль ü 😀", " spaces ", "a" * 245, "x", "12345678901"]
)
def test_a_value_is_decrypted(key: Key, text: str) -> None:
    stored = keys.shared().encrypt(text)
    assert key.decrypt(stored).reveal() == text
    wrapped = "\n".join(stored[at : at + 64] for at in range(0, len(stored), 64)) + "\r\n "
    assert key.decrypt(wrapped).reveal() == text


def test_an_installation_is_named_by_its_key(key: Key, path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(keys.Key().pem())
    assert key.installation() == Key(str(path)).installation()
    assert key.installation() != Key(str(other)).installation()
    assert len(key.installation()) == 12


def test_a_seal_is_short_and_of_one_key_and_one_text(key: Key, path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(keys.Key().pem())
    seal = key.seal("[2,1001]")
    assert seal == Key(str(path)).seal("[2,1001]")
    assert seal not in (key.seal("[2,1002]"), Key(str(other)).seal("[2,1001]"))
    assert len(seal) == 12


def test_a_seal_does_not_depend_on_how_the_key_is_written(
    key: Key, path: Path, tmp_path: Path
) -> None:
    """A key that moves to another server may be converted on its way."""
    private: Any = serialization.load_pem_private_key(path.read_bytes(), password=None)
    forms = [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL]
    for form in forms:
        pem = private.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        other = tmp_path / "converted.pem"
        other.write_bytes(pem + b"\n")
        assert Key(str(other)).seal("[2,1001]") == key.seal("[2,1001]")


def test_what_is_shown_of_a_key_stands_in_no_mark(key: Key) -> None:
    assert key.shown_digest() != key.installation()
    assert key.shown_digest() not in key.seal("")


def test_the_key_says_how_much_it_encrypts(key: Key) -> None:
    assert key.capacity_bytes() == keys.PLAINTEXT_MAX_BYTES
