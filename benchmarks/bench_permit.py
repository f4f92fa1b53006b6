"""What it costs to verify a permit, beside the bare Ed25519 verification of the same bytes in the same run.

A permit comes with every message of a run: its signature is verified each time, its text is read once. Of a permit that
was not seen before there are two figures: its signature and claims (base64url, header, signature, payload as JSON with
one meaning, issuer), and with it what a site then does once: make the permit of the payload and compare it, field by
field, with the ODRL agreement and the dates of the envelope.
"""

import base64
import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from benchmarks.figure import Figure
from benchmarks.sizes import scaled
from dataspace.adapters.jose import PERMIT_TYPE, JosePermitSeal
from dataspace.adapters.memory import ManualClock, MemorySigner
from dataspace.adapters.sealed_json import SealedJson
from dataspace.model.names import PermitId
from dataspace.model.permits import Permit
from dataspace.testing.examples import AT, example_permit

ROUNDS = scaled(400, 20)
BARE = "Ed25519PublicKey.verify of cryptography"


def microseconds(*works: Callable[[int], object]) -> list[float]:
    """The median of each, warm, in turns; each is told the number of the round."""
    took: list[list[float]] = [[] for _ in works]
    for round in range(ROUNDS):
        for times, work in zip(took, works, strict=True):
            start = time.perf_counter()
            work(round)
            times.append((time.perf_counter() - start) * 1e6)
    return [median(times[ROUNDS // 10 :]) for times in took]


def main() -> None:
    """Measure a permit seen before, and permits that were not."""
    signer = MemorySigner(bytes(range(32)))
    permit: Permit = example_permit()
    issuer = JosePermitSeal(signer, permit.issued_by, {}, ManualClock(AT))
    signed = [issuer.sign(replace(permit, id=PermitId(f"P-{number}"))) for number in range(ROUNDS)]
    pinned = {permit.issued_by: signer.public_key()}
    seal = JosePermitSeal(None, "hospital-a", pinned, ManualClock(AT))
    known = JosePermitSeal(None, "hospital-a", pinned, ManualClock(AT))
    opener = SealedJson(PERMIT_TYPE, "permit", pinned)
    key = Ed25519PublicKey.from_public_bytes(signer.public_key())
    message, _, signature = signed[0].rpartition(".")
    raw, data = base64.urlsafe_b64decode(signature + "=="), message.encode()
    bare, again, claims, first = microseconds(
        lambda _: key.verify(raw, data),
        lambda _: known.verify(signed[0]),
        lambda round: opener.open(signed[round]),
        lambda round: seal.verify(signed[round]),
    )
    count = {"verifications": ROUNDS, "characters": len(signed[0])}
    for what, value in {
        "verify a permit again": again,
        "verify a permit for the first time: signature and claims": claims,
        "the same, and read it and compare it with its agreement": first,
    }.items():
        Figure(what, value, "µs", "lower", 2 * bare, count, BARE, bare).show()


if __name__ == "__main__":
    main()
