"""The airlock from a notebook: what waits to leave, and deciding on it."""

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from dataspace.client.streams import table_of
from dataspace.client.tables import Grid, printable
from dataspace.client.wire import Wire
from dataspace.model.codec import from_json, to_json
from dataspace.model.releases import Release, ReleaseForm, ReleaseState

RECEIPT_KEY = b"dataspace.receipt"


class ReleaseView:
    """One request for release, as it stood when it was read."""

    def __init__(self, release: Release) -> None:
        self.release = release

    @property
    def id(self) -> str:
        """By which it is approved or refused."""
        return self.release.id

    def __repr__(self) -> str:
        one = self.release
        lines = [
            f"{one.id} · {printable(one.form.title)} · {one.state.value} · asked by {one.asker} on "
            f"{one.asked:%Y-%m-%d} · due {one.due:%Y-%m-%d}",
            f"what: {printable(one.form.description)}",
            f"of whom: {printable(one.form.population)}",
            *([f"question, as recorded: {printable(one.question)}"] if one.question else []),
            f"units behind each row: {', '.join(map(str, one.form.units))}",
        ]
        if one.form.reason:
            lines.append(f"why: {printable(one.form.reason)}")
        if one.approved_by:
            lines.append(f"approved by {', '.join(one.approved_by)}")
        if one.because:
            lines.append(f"refused: {printable(one.because)}")
        return "\n".join(lines)


class Releases:
    """The part of a hub through which files leave."""

    _wire: Wire

    def releases(self) -> list[ReleaseView]:
        """What waits for a steward, oldest first; for others, what they have asked for."""
        return [ReleaseView(from_json(Release, one)) for one in self._wire.get("/releases")]

    def approve_release(self, id: str) -> ReleaseView:
        """Let a file out, as one of two people; never what one asked for oneself."""
        return ReleaseView(from_json(Release, self._wire.post(f"/releases/{id}/approve", {})))

    def refuse_release(self, id: str, because: str) -> ReleaseView:
        """Keep a file in, for a reason that the asker reads."""
        return ReleaseView(
            from_json(Release, self._wire.post(f"/releases/{id}/refuse", {"because": because}))
        )

    def released(self, id: str) -> bytes:
        """The file, an Arrow stream: for its asker once it is released, for stewards before."""
        return self._wire.get_bytes(f"/releases/{id}/file")


def ask_release(wire: Wire, outcome: int, stream: bytes, form: ReleaseForm) -> ReleaseView:
    """Put an answer into the queue."""
    content = base64.b64encode(stream).decode()
    said = {"outcome": outcome, "content": content, "form": to_json(form)}
    return ReleaseView(from_json(Release, wire.post("/releases", said)))


def carrying(stream: bytes, receipt: Mapping[str, Any]) -> bytes:
    """The Arrow stream with the receipt of its release in the schema, as JSON under `dataspace.receipt`.

    What is in the rows, and so their digest, stays as it is.
    """
    import pyarrow as pa

    table = table_of(stream)
    metadata = {**(table.schema.metadata or {}), RECEIPT_KEY: json.dumps(receipt).encode()}
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema.with_metadata(metadata)) as writer:
        writer.write_table(table.replace_schema_metadata(metadata))
    return bytes(sink.getvalue())


def grid_of(found: Sequence[ReleaseView], now: datetime) -> Grid:
    """The queue as a table, with how long each has waited by `now`."""
    rows = tuple(
        (
            r.id,
            r.form.title,
            r.asker,
            f"{r.asked:%Y-%m-%d %H:%M}",
            waited(r.asked, now) if r.state is ReleaseState.WAITING else "",
            f"{r.due:%Y-%m-%d}",
            r.form.reason,
            r.state.value,
        )
        for r in (one.release for one in found)
    )
    return Grid(
        ("id", "title", "asker", "since", "waits for", "due", "why it waits", "state"), rows, (False,) * 8
    )


def waited(since: datetime, now: datetime) -> str:
    """How long, in the largest unit that is not 0: days, hours or minutes."""
    minutes = max(0, int((now - since).total_seconds() // 60))
    for unit, size in (("d", 24 * 60), ("h", 60)):
        if minutes >= size:
            return f"{minutes // size} {unit}"
    return f"{minutes} min"
