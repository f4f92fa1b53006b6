"""What is checked without the hub: a permit's signature, the logs of hub and sites, and a receipt."""

import hashlib
import json
from pathlib import Path

from dataspace.adapters.clock import UtcClock
from dataspace.adapters.jose import JosePermitSeal
from dataspace.cli.demo.facts import LogFacts, Proved
from dataspace.cli.demo.stage import Stage
from dataspace.client.views import PermitView
from dataspace.model.permits import Permit
from dataspace.model.records import VerifiedReceipt
from dataspace.service.notes import table_digest
from dataspace.transparency.notes import parse_verifier_key
from dataspace.transparency.receipts import parse_receipt, verify_receipt

RECEIPT = "receipt.json"


def permit_signed_by(key: bytes, permit: PermitView) -> tuple[Permit, str]:
    """The permit inside the signed document, and the fingerprint of the key that it holds under.

    Raises VerificationFailed. This is what a site does: nothing but the document and the key that it pinned.
    """
    seal = JosePermitSeal(None, "", {permit.noun.issued_by: key}, UtcClock())
    return seal.verify(permit.jws), hashlib.sha256(key).hexdigest()[:16]


def prove(stage: Stage) -> Proved:
    """Step 10: every log is recomputed where it lies, and the receipt of step 5 checked from a file and a key."""
    if stage.answer is None:
        raise LookupError("step 5 has not been walked")
    stage.waiting("the hub recomputes its log, each site its own")
    hub = stage.auditor.log.verify()
    logs = (LogFacts("hub", int(hub["size"]), str(hub["root"])), *stage.world.site_logs())
    file = stage.world.folder / RECEIPT
    file.write_text(json.dumps(stage.answer.receipt.document), encoding="utf-8")
    verified = verify_offline(file, stage.researcher.log.key)
    return Proved(
        logs=logs,
        receipt_record=verified.index,
        receipt_kind=verified.record.kind.value,
        receipt_log=verified.checkpoint.origin,
        receipt_size=verified.checkpoint.size,
        answer_matches=verified.record.facts.get("answer") == table_digest(stage.answer.to_arrow()),
    )


def verify_offline(file: Path, key: str) -> VerifiedReceipt:
    """Check a receipt with nothing but its file and the log's key; raises VerificationFailed with the step."""
    return verify_receipt(parse_receipt(file.read_text(encoding="utf-8")), parse_verifier_key(key))
