# ruff: noqa: S101 - these are tests
"""What every transparency log and every signer promises."""

import threading
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from dataspace.errors import UnknownName, VerificationFailed
from dataspace.model.names import HUB
from dataspace.model.records import Record, RecordKind, SignedCheckpoint
from dataspace.ports import Log, Signer
from dataspace.testing.examples import AT, example_record
from dataspace.transparency.checkpoints import verify_checkpoint
from dataspace.transparency.merkle import EMPTY_ROOT
from dataspace.transparency.notes import parse_verifier_key
from dataspace.transparency.proofs import verify_consistency
from dataspace.transparency.receipts import parse_receipt, receipt_json, verify_receipt


class LogContract:
    """Supply `log`, an empty one."""

    @pytest.fixture
    def log(self) -> Log:
        raise NotImplementedError("supply a fixture named log")

    def test_an_empty_log_has_the_root_of_nothing(self, log: Log) -> None:
        assert (log.size(), log.root(), log.verify()) == (0, EMPTY_ROOT, 0)
        assert list(log.records()) == []
        key = parse_verifier_key(log.verifier_key())
        assert verify_checkpoint(SignedCheckpoint(log.checkpoint()), key).size == 0

    def test_records_are_numbered_from_0_and_come_back_as_they_were(self, log: Log) -> None:
        records = [example_record(number) for number in range(5)]
        assert [log.append(record) for record in records] == [0, 1, 2, 3, 4]
        assert list(log.records()) == list(enumerate(records))
        assert list(log.records(1, 3)) == [(1, records[1]), (2, records[2])]
        assert list(log.records(7)) == []

    def test_every_receipt_verifies_offline_at_every_size(self, log: Log) -> None:
        key = parse_verifier_key(log.verifier_key())
        for size in range(1, 18):
            log.append(example_record(size))
            for index in range(size):
                text = receipt_json(log.receipt(index))
                proved = verify_receipt(parse_receipt(text), key)
                assert (proved.index, proved.checkpoint.size) == (index, size)
                assert proved.record == example_record(index + 1)
                assert proved.checkpoint.root == log.root()

    def test_each_size_is_proved_to_begin_with_each_earlier_one(self, log: Log) -> None:
        roots = []
        for number in range(1, 10):
            log.append(example_record(number))
            roots.append(log.root())
        for new in range(1, 10):
            for old in range(1, new + 1):
                proof = log.consistency(old, new)
                verify_consistency(old, new, roots[old - 1], roots[new - 1], proof)
        for wrong in ((0, 3), (4, 3), (3, 10)):
            with pytest.raises(ValueError, match=r"size|records"):
                log.consistency(*wrong)

    def test_a_receipt_does_not_verify_with_another_key(self, log: Log) -> None:
        log.append(example_record())
        stranger = replace(parse_verifier_key(log.verifier_key()), public=bytes(range(32)))
        with pytest.raises(VerificationFailed):
            verify_receipt(log.receipt(0), stranger)

    def test_there_is_no_receipt_for_what_was_never_logged(self, log: Log) -> None:
        for index in (0, -1, 1):
            with pytest.raises(UnknownName):
                log.receipt(index)

    def test_equal_records_have_leaves_that_do_not_show_it(self, log: Log) -> None:
        log.append(example_record())
        log.append(example_record())
        assert log.receipt(0).opening.salt != log.receipt(1).opening.salt

    def test_a_record_without_a_canonical_form_is_refused_and_not_stored(self, log: Log) -> None:
        with pytest.raises(ValueError, match="finite"):
            log.append(Record(RecordKind.RUN_ROUND, AT, HUB, None, {"loss": float("nan")}))
        with pytest.raises(ValueError, match="UTC"):
            log.append(Record(RecordKind.RUN_ROUND, AT.replace(tzinfo=None), HUB))
        assert log.size() == 0

    def test_many_threads_each_get_numbers_of_their_own(self, log: Log) -> None:
        numbers: list[int] = []

        def work() -> None:
            numbers.extend(log.append(example_record()) for _ in range(20))

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(numbers) == list(range(160))
        assert log.verify() == log.size() == 160


class SignerContract:
    """Supply `signer`."""

    @pytest.fixture
    def signer(self) -> Signer:
        raise NotImplementedError("supply a fixture named signer")

    def test_what_it_signs_verifies_with_its_public_key(self, signer: Signer) -> None:
        public = Ed25519PublicKey.from_public_bytes(signer.public_key())
        public.verify(signer.sign(b"message"), b"message")

    def test_its_representation_does_not_show_the_key(self, signer: Signer) -> None:
        assert len(repr(signer)) < 120
        assert signer.public_key().hex() not in repr(signer)
