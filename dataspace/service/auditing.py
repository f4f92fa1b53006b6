"""What an auditor asks of a log: is it whole, is it append-only, what does record n say."""

from dataclasses import dataclass

from dataspace.errors import InvalidRequest, NotAllowed, UnknownName
from dataspace.model.principals import Principal, Role
from dataspace.model.records import Receipt, Record
from dataspace.ports import Log

LARGEST_PAGE = 500
_STRETCH = 500
_MOST_STRETCHES = 20


@dataclass(frozen=True, slots=True)
class Page:
    """Records by number, newest first. `before` asks for those before them; None where there are none."""

    records: tuple[tuple[int, Record], ...]
    before: int | None


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
        if not _may_read(principal, receipt.opening.record):
            raise NotAllowed("This record concerns somebody else.", "Ask an auditor.")
        return receipt

    def page(self, principal: Principal, before: int | None = None, count: int = 20) -> Page:
        """The newest records below `before`, newest first, of those whose receipt this person may have.

        One page reads no more than a few thousand records, so it may hold fewer than asked for and still go on.
        """
        if not 1 <= count <= LARGEST_PAGE:
            raise InvalidRequest(f"A page has 1 to {LARGEST_PAGE} records.", "Ask for fewer.")
        size = self.log.size()
        stop = size if before is None else max(0, min(before, size))
        found: list[tuple[int, Record]] = []
        for _ in range(_MOST_STRETCHES):
            start = max(0, stop - _STRETCH)
            stretch = [each for each in self.log.records(start, stop) if _may_read(principal, each[1])]
            found += stretch[::-1]
            stop = start
            if len(found) >= count or not stop:
                break
        page = found[:count]
        rest = page[-1][0] if len(found) > count or (len(found) == count and stop) else stop
        return Page(tuple(page), rest or None)


def _may_read(principal: Principal, record: Record) -> bool:
    """Whom a record concerns; stewards, auditors and administrators read all."""
    concerned = record.principal == principal.id
    return concerned or bool(principal.roles & {Role.STEWARD, Role.AUDITOR, Role.ADMINISTRATOR})
