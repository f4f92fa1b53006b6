"""A permit that was read before is verified again, and nothing that was refused is remembered."""

import base64
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataspace.adapters import sealed_json
from dataspace.adapters.jose import JosePermitSeal
from dataspace.adapters.memory import ManualClock, MemorySigner
from dataspace.errors import VerificationFailed
from dataspace.model.names import PermitId
from dataspace.testing.examples import AT, example_permit

PERMIT = example_permit()
SIGNER, STRANGER = MemorySigner(bytes(range(32))), MemorySigner(bytes(range(1, 33)))


def signed(signer: MemorySigner = SIGNER, number: int = 1) -> str:
    permit = replace(PERMIT, id=PermitId(f"P-{number}"))
    return JosePermitSeal(signer, PERMIT.issued_by, {}, ManualClock(AT)).sign(permit)


def site(clock: ManualClock) -> JosePermitSeal:
    return JosePermitSeal(None, "hospital-a", {PERMIT.issued_by: SIGNER.public_key()}, clock)


def test_a_permit_is_the_same_each_time() -> None:
    seal = site(ManualClock(AT))
    assert seal.verify(signed()) == seal.verify(signed()) == replace(PERMIT, id=PermitId("P-1"))


def test_the_signature_counts_each_time() -> None:
    seal, text = site(ManualClock(AT)), signed()
    seal.verify(text)
    # The key that the text is remembered with no longer verifies it.
    key, _, permit = seal._permits._known[text]
    seal._permits._known[text] = (key, bytes(64), permit)
    with pytest.raises(VerificationFailed, match="signature that does not hold"):
        seal.verify(text)


def test_a_permit_changed_after_it_was_seen_is_refused_and_so_it_is_again() -> None:
    seal, text = site(ManualClock(AT)), signed()
    seal.verify(text)
    head, payload, signature = text.split(".")
    swapped = signed(number=2).split(".")[1]
    for changed in (
        f"{head}.{swapped}.{signature}",
        f"{head}.{payload}.{signed(number=2).split('.')[2]}",
        text + "A",
    ):
        for _ in range(2):
            with pytest.raises(VerificationFailed):
                seal.verify(changed)
    assert list(seal._permits._known) == [text]


def test_what_another_key_signed_is_refused_each_time() -> None:
    seal = site(ManualClock(AT))
    for _ in range(2):
        with pytest.raises(VerificationFailed, match="not pinned"):
            seal.verify(signed(STRANGER))


def test_the_time_is_looked_at_each_time() -> None:
    clock = ManualClock(AT)
    seal = site(clock)
    seal.verify(signed())
    clock.advance(PERMIT.not_before - AT - timedelta(days=1))
    with pytest.raises(VerificationFailed, match="not valid yet"):
        seal.verify(signed())


def test_no_more_is_remembered_than_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed_json, "MOST_REMEMBERED", 3)
    seal = site(ManualClock(AT))
    texts = [signed(number=number) for number in range(5)]
    for text in texts:
        seal.verify(text)
    assert list(seal._permits._known) == texts[-3:]


@given(st.text(st.sampled_from("AQgwxyz019-_+/=.\n é"), max_size=9))
def test_a_part_has_one_spelling_and_no_other_is_read(part: str) -> None:
    opener = sealed_json.SealedJson("x", "document", {})
    plain = (part.isascii() and part.replace("-", "").replace("_", "").isalnum()) or set(part) <= {"-", "_"}
    padded = part + "=" * (-len(part) % 4)
    try:
        meant = base64.urlsafe_b64decode(padded) if part and plain else None
    except ValueError:
        meant = None
    canonical = meant is not None and base64.urlsafe_b64encode(meant).rstrip(b"=").decode() == part
    if canonical:
        assert opener._decoded(part) == meant
    else:
        with pytest.raises(VerificationFailed, match="canonical base64url"):
            opener._decoded(part)


def test_a_header_that_was_read_before_lets_nothing_else_pass() -> None:
    seal, text = site(ManualClock(AT)), signed()
    seal.verify(text)
    head, payload, signature = text.split(".")
    assert list(seal._permits._headers) == [head]
    foreign = signed(STRANGER)
    for changed in (
        f"{head}.{payload}.{foreign.split('.')[2]}",
        f"{foreign.split('.')[0]}.{payload}.{signature}",
        f"{head}=.{payload}.{signature}",
        f".{payload}.{signature}",
    ):
        with pytest.raises(VerificationFailed):
            seal.verify(changed)
    assert list(seal._permits._headers) == [head]
