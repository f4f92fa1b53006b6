"""Receipts: made from a log, carried as text, verified with one key and nothing else."""

import base64
import copy
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from dataspace.errors import VerificationFailed
from dataspace.model.names import HUB, PrincipalId
from dataspace.model.records import JSON, Checkpoint, Opening, Receipt, Record, RecordKind, VerifierKey
from dataspace.transparency.checkpoints import sign_checkpoint
from dataspace.transparency.merkle import Frontier, append_leaf, frontier_root
from dataspace.transparency.openings import commitment, leaf_of, parse_record, record_document
from dataspace.transparency.receipts import make_receipt, parse_receipt, receipt_json, verify_receipt

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECRET = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
KEY = VerifierKey("hub.example/log", SECRET.public_key().public_bytes_raw())


def opening(number: int) -> Opening:
    facts: dict[str, JSON] = {
        "permit": "P-7",
        "answer": f"{number:064x}",
        "epsilon": 0.1,
        "columns": ["age80", "type"],
    }
    record = Record(
        RecordKind.QUERY_DELIVERED, NOW + timedelta(seconds=number), HUB, PrincipalId("ana"), facts
    )
    return Opening(bytes([number]) * 32, record)


def receipts(size: int) -> list[Receipt]:
    openings = [opening(number) for number in range(size)]
    frontier, nodes = Frontier(), {}
    for each in openings:
        frontier, made = append_leaf(frontier, leaf_of(each))
        nodes.update({(node.level, node.index): node.hash for node in made})
    signed = sign_checkpoint(Checkpoint(KEY.name, size, frontier_root(frontier)), KEY, SECRET.sign)
    return [make_receipt(i, each, signed, lambda *at: nodes[at]) for i, each in enumerate(openings)]


RECEIPTS = receipts(11)
RECEIPT = RECEIPTS[6]


def test_every_receipt_of_a_log_verifies_from_its_text_alone() -> None:
    for size in range(1, 12):
        for index, receipt in enumerate(receipts(size)):
            proved = verify_receipt(parse_receipt(receipt_json(receipt)), KEY)
            assert (proved.index, proved.record) == (index, opening(index).record)
            assert (proved.checkpoint.origin, proved.checkpoint.size) == (KEY.name, size)


def test_reading_a_receipt_s_text_gives_the_receipt() -> None:
    assert parse_receipt(receipt_json(RECEIPT)) == RECEIPT


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [place for key in value for place in leaves(value[key], (*path, key))]
    if isinstance(value, list):
        return [place for index, each in enumerate(value) for place in leaves(each, (*path, index))]
    return [path]


DOCUMENT = json.loads(receipt_json(RECEIPT))
PLACES = leaves(DOCUMENT)


def set_at(document: Any, path: tuple[Any, ...], change: Callable[[Any], Any]) -> Any:
    changed = copy.deepcopy(document)
    inner = changed
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = change(inner[path[-1]])
    return changed


@given(st.sampled_from(PLACES), st.data())
def test_no_character_of_a_receipt_can_be_changed(path: tuple[Any, ...], data: st.DataObject) -> None:
    def change(value: Any) -> Any:
        if not isinstance(value, str):
            return value + data.draw(st.sampled_from([1, -1, 0.5]))
        at = data.draw(st.integers(0, len(value) - 1))
        return value[:at] + chr(ord(value[at]) ^ 1) + value[at + 1 :]

    with pytest.raises(VerificationFailed):
        verify_receipt(parse_receipt(json.dumps(set_at(DOCUMENT, path, change))), KEY)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("index",), True),
        (("index",), 6.0),
        (("index",), -1),
        (("index",), 2**64),
        (("index",), "6"),
        (("format",), "dataspace-receipt/2"),
        (("extra",), 1),
        (("record", "extra"), 1),
        (("record", "at"), "2026-11-22T12:00:06Z"),
        (("record", "at"), "2026-11-22T13:00:06.000000+01:00"),
        (("record", "kind"), "no.such.kind"),
        (("record", "facts"), []),
        (("record", "principal"), 5),
        (("salt",), ""),
        (("salt",), base64.b64encode(bytes([6]) * 32).decode().rstrip("=")),
        (("inclusion_proof",), "AAAA"),
        (("inclusion_proof",), ["AAAA"]),
        (("inclusion_proof",), [None]),
        (("inclusion_proof",), [base64.b64encode(bytes(32)).decode()] * 65),
        (("checkpoint",), None),
    ],
    ids=str,
)
def test_a_document_of_another_form_is_refused_in_words(path: tuple[str, ...], value: object) -> None:
    document: Any = json.loads(receipt_json(RECEIPTS[1]))  # index 1, which `true` must not stand for
    parse_receipt(json.dumps(document))
    inner = document
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    with pytest.raises(VerificationFailed):
        parse_receipt(json.dumps(document))


@pytest.mark.parametrize("text", ["", "[]", "5", "null", "{}", '{"index":1,"index":2}', "NaN", b"\xff\xfe"])
def test_a_text_that_is_no_receipt_is_refused_in_words(text: str | bytes) -> None:
    with pytest.raises(VerificationFailed):
        parse_receipt(text)


def test_each_field_of_a_receipt_is_needed() -> None:
    for name in DOCUMENT:
        lacking = {key: value for key, value in DOCUMENT.items() if key != name}
        with pytest.raises(VerificationFailed):
            parse_receipt(json.dumps(lacking))


def test_a_receipt_s_parts_cannot_be_exchanged_with_another_s() -> None:
    other = RECEIPTS[7]
    for field in ("index", "opening", "inclusion_proof"):
        with pytest.raises(VerificationFailed):
            verify_receipt(replace(RECEIPT, **{field: getattr(other, field)}), KEY)
    older = receipts(5)[0].checkpoint
    with pytest.raises(VerificationFailed, match="covers 5 records"):
        verify_receipt(replace(RECEIPT, checkpoint=older), KEY)


def test_another_log_s_key_does_not_verify_a_receipt() -> None:
    stranger = Ed25519PrivateKey.from_private_bytes(b"\x02" * 32)
    for name in (KEY.name, "other.example/log"):
        with pytest.raises(VerificationFailed):
            verify_receipt(RECEIPT, VerifierKey(name, stranger.public_key().public_bytes_raw()))
    with pytest.raises(VerificationFailed, match="known witnesses"):
        verify_receipt(RECEIPT, KEY, quorum=1)


def test_a_genuine_receipt_of_another_answer_is_told_apart_by_what_is_expected() -> None:
    verify_receipt(RECEIPT, KEY, expect={"answer": f"{6:064x}", "permit": "P-7"})
    for expected in ({"answer": f"{7:064x}"}, {"rows": 5}, {"rows": None}):
        with pytest.raises(VerificationFailed, match="genuine"):
            verify_receipt(RECEIPT, KEY, expect=expected)


def test_a_receipt_is_not_made_under_a_checkpoint_older_than_its_record() -> None:
    signed = receipts(5)[0].checkpoint
    with pytest.raises(ValueError):
        make_receipt(5, opening(5), signed, lambda *at: b"")


def test_the_salt_hides_the_record_and_is_always_of_one_length() -> None:
    here = opening(1)
    assert commitment(here) != commitment(replace(here, salt=bytes(32)))
    assert commitment(here) == commitment(opening(1))
    for salt in (b"", bytes(31), bytes(33)):
        with pytest.raises(ValueError):
            commitment(replace(here, salt=salt))
    assert repr(here.salt) not in repr(here)


def test_every_kind_and_an_absent_principal_come_back_from_a_record_s_document() -> None:
    for kind in RecordKind:
        record = Record(kind, NOW.replace(microsecond=7), HUB)
        assert parse_record(record_document(record)) == record


def test_a_time_that_is_not_said_to_be_utc_is_not_recorded() -> None:
    for at in (NOW.replace(tzinfo=None), NOW.astimezone(timezone(timedelta(hours=1)))):
        with pytest.raises(ValueError):
            record_document(Record(RecordKind.SITE_JOINED, at, HUB))


def test_facts_that_json_cannot_say_alike_everywhere_are_not_recorded() -> None:
    record = Record(RecordKind.CHARGE_COMMITTED, NOW, HUB, facts={"epsilon": float("nan")})
    with pytest.raises(ValueError, match="epsilon"):
        leaf_of(Opening(bytes(32), record))


def test_a_changed_record_is_said_to_be_changed() -> None:
    document = copy.deepcopy(DOCUMENT)
    document["record"]["facts"]["answer"] = "0" * 64
    with pytest.raises(VerificationFailed, match="This receipt or the log was changed"):
        verify_receipt(parse_receipt(json.dumps(document)), KEY)
