"""The key with which a site's SuperNode proves who it is."""

from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from dataspace.adapters.tls import write_private
from dataspace.errors import SetupError


def make_node_key(path: Path) -> bytes:
    """Make an ECDSA P-384 key at `path` (OpenSSH format, 0600), and give the public half (PEM) for registration.

    Flower asks for this curve family and this file format. An existing key is never overwritten: SetupError.
    """
    if path.exists():
        raise SetupError(f"There is already a node key at '{path}'.", "Use it, or name another file.")
    key = ec.generate_private_key(ec.SECP384R1())
    path.parent.mkdir(parents=True, exist_ok=True)
    write_private(
        path,
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
        ),
    )
    return _public_pem(key)


def node_public_key(path: Path) -> bytes:
    """The public half (PEM) of the node key at `path`; SetupError where the file holds no such key."""
    try:
        key = serialization.load_ssh_private_key(path.read_bytes(), None)
    except (OSError, ValueError) as error:
        raise SetupError(f"There is no usable node key at '{path}'.", "Make one when joining.") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise SetupError(f"The node key at '{path}' is not ECDSA.", "Make a new one when joining.")
    return _public_pem(key)


def _public_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
