"""From the number of an intent to the receipt of how it ended."""

from dataclasses import dataclass

from dataspace.errors import Conflict, UnknownName
from dataspace.model.principals import Principal
from dataspace.model.records import Receipt
from dataspace.ports import Log
from dataspace.service.auditing import Auditing


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The outcome of a stream is recorded when it is closed, so its number is not known when it begins."""

    log: Log
    auditing: Auditing

    def receipt(self, principal: Principal, intent: int) -> Receipt:
        """The receipt of the outcome, for whom the intent concerns. Raises Conflict while it has not ended."""
        self.auditing.receipt(principal, intent)  # refuses whom the intent does not concern
        for index, record in self.log.records(intent + 1):
            if record.facts.get("intent") == intent and record.site == self._site(intent):
                return self.auditing.receipt(principal, index)
        raise Conflict(
            f"What record {intent} announced has not ended yet.", "Read the answer to its end first."
        )

    def _site(self, intent: int) -> str:
        for _, record in self.log.records(intent, intent + 1):
            return record.site
        raise UnknownName("record", str(intent))
