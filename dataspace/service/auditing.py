"""What an auditor asks of a log: is it whole, is it append-only, what does record n say."""

from dataclasses import dataclass

from dataspace.errors import NotAllowed, UnknownName
from dataspace.model.principals import Principal, Role
from dataspace.model.records import Receipt
from dataspace.ports import Log


@dataclass(frozen=True, slots=True)
class LogState:
    """Size, root (hex) and signed checkpoint of a log that was just recomputed from its records."""

    size: int
    root: str
    checkpoint: str
    key: str


@dataclass(frozen=True, slots=True)
class Auditing:
    """Reads of the log. Anyone may have the checkpoint; a receipt opens a record, so it is for those concerned."""

    log: Log

    def verify(self) -> LogState:
        """Recompute the tree from the records; raises VerificationFailed where it does not match."""
        size = self.log.verify()
        return LogState(size, self.log.root().hex(), self.log.checkpoint(), self.log.verifier_key())

    def receipt(self, principal: Principal, index: int) -> Receipt:
        """The receipt of a record: for whom it concerns, for stewards and for auditors."""
        if not 0 <= index < self.log.size():
            raise UnknownName("record", str(index), (), f"The log has records 0 to {self.log.size() - 1}.")
        receipt = self.log.receipt(index)
        concerned = receipt.opening.record.principal == principal.id
        if not (concerned or principal.roles & {Role.STEWARD, Role.AUDITOR, Role.ADMINISTRATOR}):
            raise NotAllowed("This record concerns somebody else.", "Ask an auditor.")
        return receipt
