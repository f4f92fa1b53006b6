"""Receipts and the log as a notebook sees them; how to verify is handed in, so that nothing heavy is loaded here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dataspace.client.tables import Grid, printable
from dataspace.client.wire import Wire
from dataspace.model.records import VerifiedReceipt


@dataclass(frozen=True, slots=True)
class Verifier:
    """What checks a proof offline; each raises VerificationFailed where it does not hold."""

    receipt: Callable[[Mapping[str, Any], str, Mapping[str, Any]], VerifiedReceipt]
    """From the document, the log's verifier key and the facts that the record has to state."""
    checkpoint: Callable[[str, str], tuple[int, str]]
    """Size and root (hex) that a signed checkpoint states, if this key signed it."""
    digest: Callable[[Any], str]
    """SHA-256 of an Arrow table as records of answers state it."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that a record stands in the hub's log. `key` was pinned when this notebook first asked the hub for it."""

    document: Mapping[str, Any]
    key: str
    verifier: Verifier
    answer: str = ""
    """Digest of the answer at hand; empty where the record states none."""

    @property
    def index(self) -> int:
        """The record's number in the log."""
        return int(self.document["index"])

    @property
    def record(self) -> Mapping[str, Any]:
        """What the record says, as claimed: `verify()` makes it true of the log."""
        record: Mapping[str, Any] = self.document["record"]
        return record

    def verify(self) -> VerifiedReceipt:
        """Check it offline, and that it is about the answer at hand; raises VerificationFailed with the step."""
        expected = {"answer": self.answer} if self.answer else {}
        return self.verifier.receipt(self.document, self.key, expected)

    def __repr__(self) -> str:
        kind, at = printable(str(self.record.get("kind", ""))), printable(str(self.record.get("at", "")))
        return f"receipt r-{self.index} · {kind} · {at} · not verified yet: .verify()"


@dataclass(frozen=True, slots=True, repr=False)
class RecordPage:
    """Some records, newest first, as the hub claims them: a receipt proves one."""

    records: tuple[Mapping[str, Any], ...]
    """Each `{"index": …, "record": {"kind": …, "at": …, "principal": …, "facts": …}}`."""
    before: int | None
    """Ask for those before this number; None where these are the first."""

    def __repr__(self) -> str:
        return self._text("hub.log.records(before={})")

    def _repr_shell_(self) -> str:
        return self._text("dataspace log list --before {}")

    def _text(self, further: str) -> str:
        rows = tuple((str(each["index"]), *_row(each["record"])) for each in self.records)
        table = Grid(("record", "when (UTC)", "who", "what", "about"), rows, (True,) + (False,) * 4).text()
        more = "" if self.before is None else f"\nearlier ones: {further.format(self.before)}"
        return (table if rows else "(none)") + more


_ABOUT = ("dataset", "datasets", "application", "permit", "purpose", "policy", "policies", "site", "person", "intent",
          "outcome", "state", "act", "reason")  # fmt: skip
"""Facts that say what a record is about, in the order in which they are read; digests and counts are in its receipt."""


def _row(record: Mapping[str, Any]) -> tuple[str, str, str, str]:
    facts = record["facts"]
    about = [f"{name} {_short(facts[name])}" for name in _ABOUT if facts.get(name) not in (None, "", [], {})]
    at = str(record["at"]).replace("T", " ")[:19]
    return at, str(record["principal"] or "-"), str(record["kind"]), printable("; ".join(about))


def _short(value: Any) -> str:
    text = ", ".join(map(_short, value)) if isinstance(value, list | tuple | Mapping) else str(value)
    text = text.rpartition("#")[2] if text.startswith(("http://", "https://")) else text
    if len(text) == 64 and set(text) <= set("0123456789abcdef"):
        return f"{text[:12]}…"
    return text if len(text) <= 60 else f"{text[:59]}…"


class LogView:
    """The hub's transparency log from outside."""

    __slots__ = ("_keys", "_verifier", "_wire")

    def __init__(self, wire: Wire, verifier: Verifier, pinned: str = "") -> None:
        self._wire = wire
        self._verifier = verifier
        self._keys = [pinned] if pinned else []

    @property
    def key(self) -> str:
        """The log's verifier key, asked for once and pinned: a hub that changes it later is caught."""
        if not self._keys:
            self._keys.append(str(self._wire.get("/log/key")["key"]))
        return self._keys[0]

    @property
    def checkpoint(self) -> str:
        """The signed state of the log now."""
        return self._wire.get_text("/log/checkpoint")

    @property
    def size(self) -> int:
        """How many records the log has, on its signature."""
        return self._verifier.checkpoint(self.checkpoint, self.key)[0]

    @property
    def root(self) -> str:
        """Root hash in hex, on the log's signature."""
        return self._verifier.checkpoint(self.checkpoint, self.key)[1]

    def verify(self) -> Mapping[str, Any]:
        """Have the hub recompute its tree, and check its signature over the result here. Raises VerificationFailed."""
        state: dict[str, Any] = dict(self._wire.get("/log/verify"))
        size, root = self._verifier.checkpoint(str(state["checkpoint"]), self.key)
        return {"size": size, "root": root, "checkpoint": state["checkpoint"]}

    def records(self, before: int | None = None, count: int = 20) -> "RecordPage":
        """What happened, newest first: all of it for stewards and auditors, for others what concerns them."""
        found = self._wire.get("/log/records", before=before, count=count)
        return RecordPage(tuple(found["records"]), found["before"])

    def receipt(self, index: int, answer: str = "") -> Receipt:
        """The receipt of one record, for whom it concerns."""
        return Receipt(self._wire.get(f"/receipts/{int(index)}"), self.key, self._verifier, answer)

    def receipt_of(self, intent: int, answer: str = "") -> Receipt:
        """The receipt of how the intent with this number ended."""
        return Receipt(self._wire.get(f"/receipts/by-intent/{int(intent)}"), self.key, self._verifier, answer)

    def digest(self, table: Any) -> str:
        """SHA-256 of an answer, as its record states it."""
        return self._verifier.digest(table)

    def __repr__(self) -> str:
        size, root = self._verifier.checkpoint(self.checkpoint, self.key)
        return f"log of {size:,} records · root {root[:16]}…"
