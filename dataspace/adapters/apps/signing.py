"""Who signed an app: Ed25519 over its hash, as a compact JWS whose issuer is the key itself."""

import base64
import hashlib
import json

from dataspace.adapters.sealed_json import SealedJson
from dataspace.errors import VerificationFailed
from dataspace.ports import Signer

TYPE = "dataspace-app+jws"


def signed(hash: str, signer: Signer) -> str:
    """The signature, with the public key that it is verified by, as JSON."""
    key = signer.public_key()
    name = fingerprint(key)
    jws = SealedJson(TYPE, "app", {name: key}).seal({"iss": name, "app": hash}, signer)
    return json.dumps({"jws": jws, "key": base64.b64encode(key).decode()}, sort_keys=True)


def signer_of(hash: str, signature: str) -> bytes:
    """The public key that signed this hash. Raises VerificationFailed for a signature over something else, or none.

    That the key is whose one thinks only its fingerprint tells, which its holder says by another way.
    """
    try:
        said = json.loads(signature)
        key = base64.b64decode(said["key"], validate=True)
        seal = SealedJson(TYPE, "app", {fingerprint(key): key})
        jws = str(said["jws"])
    except (ValueError, KeyError, TypeError) as error:
        raise VerificationFailed(
            "The app is not signed.", "Pack it anew: `dataspace app pack FOLDER`."
        ) from error
    _, claims = seal.open(jws)
    if claims.get("app") != hash:
        raise VerificationFailed(
            "The signature is of another app.", "Pack it anew: `dataspace app pack FOLDER`."
        )
    return key


def fingerprint(key: bytes) -> str:
    """A public key in a form that can be read aloud: the first 64 bits of its SHA-256 in groups."""
    text = hashlib.sha256(key).hexdigest()[:16]
    return "-".join(text[at : at + 4] for at in range(0, 16, 4))
