"""Signed notes and checkpoints: what is signed is what is read, and only by keys that the reader knows."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from dataspace.errors import VerificationFailed
from dataspace.model.records import Checkpoint, SignedCheckpoint, VerifierKey
from dataspace.transparency.checkpoints import (
    check_growth,
    checkpoint_text,
    parse_checkpoint,
    sign_checkpoint,
    unverified_checkpoint,
    verify_checkpoint,
)
from dataspace.transparency.merkle import leaf_hash
from dataspace.transparency.notes import (
    cosign_note,
    format_verifier_key,
    key_id,
    parse_verifier_key,
    sign_note,
    verify_note,
)

ROOT = leaf_hash(b"root")


def key_of(name: str, seed: int) -> tuple[VerifierKey, Ed25519PrivateKey]:
    private = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
    return VerifierKey(name, private.public_key().public_bytes_raw()), private


LOG, LOG_SECRET = key_of("hub.example/log", 1)
WITNESS, WITNESS_SECRET = key_of("hospital-a.example/log", 2)
STRANGER, STRANGER_SECRET = key_of("stranger.example/log", 3)
CHECKPOINT = Checkpoint(LOG.name, 7, ROOT)
SIGNED = sign_checkpoint(CHECKPOINT, LOG, LOG_SECRET.sign)


def signature_line(note: str) -> str:
    return note.splitlines()[-1]


@given(st.integers(0, 2**64 - 1), st.binary(min_size=32, max_size=32))
def test_a_signed_checkpoint_comes_back_as_it_was(size: int, root: bytes) -> None:
    checkpoint = Checkpoint(LOG.name, size, root)
    signed = sign_checkpoint(checkpoint, LOG, LOG_SECRET.sign)
    assert verify_checkpoint(signed, LOG) == checkpoint == unverified_checkpoint(signed)


def test_any_one_character_changed_spoils_a_signed_checkpoint() -> None:
    for position, character in enumerate(SIGNED.note):
        changed = SIGNED.note[:position] + chr(ord(character) ^ 1) + SIGNED.note[position + 1 :]
        with pytest.raises(VerificationFailed):
            verify_checkpoint(SignedCheckpoint(changed), LOG)


def test_a_stranger_s_signature_is_ignored_and_never_enough() -> None:
    both = cosign_note(SIGNED.note, STRANGER, STRANGER_SECRET.sign)
    assert verify_checkpoint(SignedCheckpoint(both), LOG) == CHECKPOINT
    alone = sign_note(checkpoint_text(CHECKPOINT), STRANGER, STRANGER_SECRET.sign)
    with pytest.raises(VerificationFailed, match="not signed by a key that you trust"):
        verify_checkpoint(SignedCheckpoint(alone), LOG)


def test_a_bad_signature_by_a_known_key_spoils_the_note_even_beside_a_good_one() -> None:
    forged = base64.b64encode(key_id(WITNESS) + bytes(64)).decode()
    note = f"{SIGNED.note}— {WITNESS.name} {forged}\n"
    assert verify_note(note, [LOG])[1] == (LOG,), "to who does not know the witness, it is a stranger"
    with pytest.raises(VerificationFailed, match="does not fit"):
        verify_note(note, [LOG, WITNESS])


def test_two_signatures_by_one_key_are_not_counted_as_two() -> None:
    with pytest.raises(VerificationFailed, match="two signatures"):
        verify_note(SIGNED.note + signature_line(SIGNED.note) + "\n", [LOG])


def test_a_quorum_counts_known_witnesses_and_not_the_log_itself() -> None:
    witnessed = SignedCheckpoint(cosign_note(SIGNED.note, WITNESS, WITNESS_SECRET.sign))
    assert verify_checkpoint(witnessed, LOG, witnesses=[WITNESS, STRANGER], quorum=1) == CHECKPOINT
    for signed, known, quorum in [
        (witnessed, [WITNESS, STRANGER], 2),
        (SIGNED, [WITNESS], 1),
        (witnessed, [LOG], 1),
        (witnessed, [WITNESS, WITNESS], 2),
    ]:
        with pytest.raises(VerificationFailed, match="known witnesses"):
            verify_checkpoint(signed, LOG, witnesses=known, quorum=quorum)


def test_a_witness_alone_does_not_stand_in_for_the_log() -> None:
    alone = sign_note(checkpoint_text(CHECKPOINT), WITNESS, WITNESS_SECRET.sign)
    with pytest.raises(VerificationFailed, match="not signed by the log"):
        verify_checkpoint(SignedCheckpoint(alone), LOG, witnesses=[WITNESS])


def test_a_key_does_not_vouch_for_another_log_s_checkpoint() -> None:
    other = checkpoint_text(Checkpoint("other.example/log", 7, ROOT))
    with pytest.raises(VerificationFailed, match=r"is of the log other\.example/log"):
        verify_checkpoint(SignedCheckpoint(sign_note(other, LOG, LOG_SECRET.sign)), LOG)
    with pytest.raises(ValueError):
        sign_checkpoint(CHECKPOINT, STRANGER, STRANGER_SECRET.sign)


def test_a_note_is_not_given_out_when_key_and_signer_do_not_belong_together() -> None:
    with pytest.raises(VerificationFailed):
        sign_checkpoint(CHECKPOINT, LOG, STRANGER_SECRET.sign)


def test_a_known_name_with_another_key_is_a_stranger() -> None:
    impostor, secret = key_of(LOG.name, 9)
    note = sign_note(checkpoint_text(CHECKPOINT), impostor, secret.sign)
    with pytest.raises(VerificationFailed, match="not signed by a key that you trust"):
        verify_note(note, [LOG])


NOTE = SIGNED.note
TEXT = checkpoint_text(CHECKPOINT)
LINE = signature_line(NOTE)


@pytest.mark.parametrize(
    "note",
    [
        "",
        TEXT,
        TEXT + "\n",
        TEXT + LINE + "\n",
        NOTE[:-1],
        NOTE + "\n",
        NOTE.replace("\n", "\r\n"),
        NOTE.replace("—", "-"),
        NOTE.replace(f"{LINE}", f" {LINE}"),
        NOTE.replace(f"{LINE}", f"{LINE} "),
        NOTE + "— name\n",
        NOTE + "— name AAAA\n",
        NOTE + "— na+me AAAAAAAA\n",
        NOTE + "— name AAAAAAB=\n",
        NOTE + "— name AAAAAA\n",
        NOTE.replace("7\n", "7\t\n", 1),
        NOTE + "— name AAAAAAAA\n" * 100,
        "\ud800" + NOTE,
    ],
    ids=range(18),
)
def test_a_note_that_is_not_exactly_of_the_form_is_refused(note: str) -> None:
    with pytest.raises(VerificationFailed):
        verify_note(note, [LOG])


@pytest.mark.parametrize("text", ["a\tb\n", "a\r\n", "\x00\n", "\x1f\n"])
def test_a_text_with_control_characters_is_refused_even_when_signed(text: str) -> None:
    with pytest.raises(VerificationFailed, match="control"):
        sign_note(text, LOG, LOG_SECRET.sign)
    signed = cosign_note(f"{text}\n", LOG, LOG_SECRET.sign)
    with pytest.raises(VerificationFailed, match="control"):
        verify_note(signed, [LOG])


def test_a_text_with_an_empty_line_is_divided_at_the_last_one() -> None:
    text = "a\n\n— not a signature\n\nb\n"
    assert verify_note(sign_note(text, LOG, LOG_SECRET.sign), [LOG]) == (text, (LOG,))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "o\n7\n",
        f"\n7\n{TEXT.splitlines()[2]}\n",
        TEXT.replace("7\n", "07\n", 1),
        TEXT.replace("7\n", "+7\n", 1),
        TEXT.replace("7\n", "٧\n", 1),
        TEXT.replace("7\n", f"{2**64}\n", 1),
        TEXT.replace("=\n", "\n"),
        TEXT[:-3] + "B=\n",
        TEXT + "\n",
        TEXT + "extension\n\n",
        TEXT[:-1],
        "o\n7\nAAAA\n",
    ],
    ids=range(13),
)
def test_a_text_that_is_not_a_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(VerificationFailed):
        parse_checkpoint(text)


def test_extension_lines_are_signed_and_otherwise_ignored() -> None:
    signed = SignedCheckpoint(sign_note(f"{TEXT}extension 1\n", LOG, LOG_SECRET.sign))
    assert verify_checkpoint(signed, LOG) == CHECKPOINT
    with pytest.raises(VerificationFailed):
        verify_checkpoint(SignedCheckpoint(signed.note.replace("extension 1", "extension 2")), LOG)


@pytest.mark.parametrize(
    "checkpoint",
    [
        Checkpoint("", 1, ROOT),
        Checkpoint("a\nb", 1, ROOT),
        Checkpoint("a", -1, ROOT),
        Checkpoint("a", 2**64, ROOT),
        Checkpoint("a", 1, b""),
    ],
    ids=range(5),
)
def test_a_checkpoint_that_nobody_could_read_is_not_written(checkpoint: Checkpoint) -> None:
    with pytest.raises(ValueError):
        checkpoint_text(checkpoint)


def test_a_verifier_key_is_refused_when_any_character_is_mistyped() -> None:
    text = format_verifier_key(LOG)
    assert parse_verifier_key(f" {text}\n") == LOG
    for position in range(len(text)):
        wrong = "0" if text[position] != "0" else "1"
        with pytest.raises(VerificationFailed):
            parse_verifier_key(text[:position] + wrong + text[position + 1 :])


@pytest.mark.parametrize("name", ["", "two words", "a+b", "a\u00a0b"])
def test_a_key_whose_name_no_note_can_carry_is_refused(name: str) -> None:
    with pytest.raises(ValueError):
        format_verifier_key(VerifierKey(name, LOG.public))
    with pytest.raises(ValueError):
        sign_note("text\n", VerifierKey(name, LOG.public), LOG_SECRET.sign)


def test_two_checkpoints_of_one_size_with_two_roots_are_two_histories() -> None:
    other = Checkpoint(LOG.name, 7, leaf_hash(b"other"))
    with pytest.raises(VerificationFailed, match="roots differ"):
        check_growth(CHECKPOINT, other, lambda old, new: ())
    with pytest.raises(VerificationFailed, match="two logs"):
        check_growth(CHECKPOINT, Checkpoint("other", 7, ROOT), lambda old, new: ())
    check_growth(CHECKPOINT, CHECKPOINT, lambda old, new: ())
