"""A small local certificate authority: the hub's own root, and the server certificates that it issues."""

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from dataspace.errors import SetupError

AUTHORITY_DAYS = 3650
# Below the 398 days that clients commonly accept of a server certificate.
SERVER_DAYS = 397
# Clocks of other houses differ: a certificate is valid a little before it was made.
CLOCK_MARGIN = timedelta(hours=1)

_KEY = "ca.key"
_CERTIFICATE = "ca.crt"


@dataclass(frozen=True, slots=True)
class Authority:
    """The root that sites pin. Its key stays in `directory` (0600); only `pem` travels."""

    directory: Path
    pem: bytes
    """The certificate of the authority, PEM."""

    @classmethod
    def create(cls, directory: Path, now: datetime | None = None) -> Self:
        """Make a new root key and certificate in `directory`; raises SetupError where one exists already."""
        if (directory / _KEY).exists():
            raise SetupError(
                f"There is already a certificate authority in '{directory}'.",
                "Use it, or name another directory.",
            )
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "dataspace local authority")])
        certificate = (
            _draft(name, name, key.public_key(), AUTHORITY_DAYS, now or datetime.now(UTC))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(authority=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        write_private(directory / _KEY, _private_pem(key))
        (directory / _CERTIFICATE).write_bytes(pem)
        return cls(directory, pem)

    @classmethod
    def load(cls, directory: Path) -> Self:
        """The authority that `create` left in `directory`; raises SetupError where there is none."""
        try:
            pem = (directory / _CERTIFICATE).read_bytes()
        except FileNotFoundError as error:
            raise SetupError(
                f"There is no certificate authority in '{directory}'.", "Create one first."
            ) from error
        return cls(directory, pem)

    def issue_server(
        self, names: Sequence[str], directory: Path, now: datetime | None = None
    ) -> tuple[Path, Path]:
        """Write `server.crt` and `server.key` for a server that is reached by `names`, DNS names or addresses."""
        if not names:
            raise SetupError("A server certificate needs at least one name.", "Name the host or its address.")
        signer = serialization.load_pem_private_key((self.directory / _KEY).read_bytes(), None)
        if not isinstance(signer, ec.EllipticCurvePrivateKey):
            raise SetupError(f"The key in '{self.directory}' is not an EC key.", "Create a new authority.")
        root = x509.load_pem_x509_certificate(self.pem)
        key = ec.generate_private_key(ec.SECP256R1())
        # The common name is decoration (RFC 6125): names are checked against the SANs, and it holds 64 characters.
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
        certificate = (
            _draft(subject, root.subject, key.public_key(), SERVER_DAYS, now or datetime.now(UTC))
            .add_extension(x509.SubjectAlternativeName([_san(name) for name in names]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(signer, hashes.SHA256())
        )
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        certificate_path, key_path = directory / "server.crt", directory / "server.key"
        write_private(key_path, _private_pem(key))
        certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return certificate_path, key_path


def write_private(path: Path, content: bytes) -> None:
    """Write a secret that only its owner reads: the file never exists with wider rights, not for a moment."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)
        file.write(content)


def _draft(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_MARGIN)
        .not_valid_after(now + timedelta(days=days))
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _san(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
