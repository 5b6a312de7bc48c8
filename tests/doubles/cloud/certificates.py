"""Certificates for the double, made afresh: a private CA, one good certificate and the ways to be a
bad one.
"""

import datetime
import ipaddress
import ssl
from pathlib import Path
from typing import Optional, Tuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Signer = Tuple[x509.Name, ec.EllipticCurvePrivateKey]


def server_context(kind: str, folder: Path) -> ssl.SSLContext:
    """Give a TLS context with a certificate of that kind: good, lax, self-signed, expired or
    wrong-host. A lax one and its authority say no more than what older programs ask for.

    ``folder/ca.pem`` becomes the authority that a client would trust.
    """
    now = datetime.datetime.now(datetime.timezone.utc)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority_name = _name("Test authority")
    authority = _certificate(
        authority_name,
        authority_key,
        None,
        now + datetime.timedelta(days=2),
        [],
        is_ca=True,
        is_lax=kind == "lax",
    )
    (folder / "ca.pem").write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    key = ec.generate_private_key(ec.SECP256R1())
    hosts = (
        [x509.DNSName("other.example.com")]
        if kind == "wrong-host"
        else [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    )
    end = now + datetime.timedelta(days=-1 if kind == "expired" else 2)
    signer: Optional[Signer] = None if kind == "self-signed" else (authority_name, authority_key)
    certificate = _certificate(
        _name("Test cloud"), key, signer, end, hosts, is_ca=False, is_lax=kind == "lax"
    )
    both = folder / "server.pem"
    both.touch(mode=0o600)
    both.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(str(both))
    return context


def _name(text: str) -> x509.Name:
    """Give a distinguished name with that common name."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _key_usage(*, is_ca: bool) -> x509.KeyUsage:
    """Give what the key is for: newer Pythons refuse an authority that does not say it."""
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        encipher_only=False,
        decipher_only=False,
    )


def _certificate(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    signer: Optional[Signer],
    end: datetime.datetime,
    hosts: list,
    *,
    is_ca: bool,
    is_lax: bool = False,
) -> x509.Certificate:
    """Make a certificate that was valid from ten days before ``end`` on; without a signer it signs
    itself.
    """
    issuer, issuer_key = signer or (subject, key)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - datetime.timedelta(days=10))
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=not is_lax)
    )
    if not is_lax:
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        issuers = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
        builder = (
            builder.add_extension(own, critical=False)
            .add_extension(issuers, critical=False)
            .add_extension(_key_usage(is_ca=is_ca), critical=True)
        )
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName(hosts), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())
