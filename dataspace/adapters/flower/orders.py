"""Orders and journals of runs as files: what the hub writes for a ServerApp, and what it reads back."""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from dataspace.adapters.tls import write_private
from dataspace.errors import InvalidRequest
from dataspace.model.names import RunId, site_name
from dataspace.model.runs import RunEvent, RunOrder

ORDER = "order.json"
JOURNAL = "journal.jsonl"
PROCESS = "serverapp.pid"
FINAL = frozenset({"finished", "failed"})
"""Kinds of event after which nothing follows."""

_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


def run_directory(runs: Path, run: str) -> Path:
    """Where a run keeps its files; raises InvalidRequest for a name that could lead elsewhere."""
    if not _RUN.fullmatch(run):
        raise InvalidRequest("A run's name has letters, digits, - and _, at most 100.", "Choose another.")
    return runs / run


def write_order(directory: Path, order: RunOrder) -> None:
    """Write an order for its owner's eyes only: it holds the permit and what is said about the principal."""
    directory.mkdir(parents=True, mode=0o700)
    fields = asdict(order)
    write_private(directory / ORDER, json.dumps(fields, sort_keys=True, allow_nan=False).encode())


def read_order(directory: Path) -> RunOrder:
    """The order that `write_order` wrote."""
    fields = json.loads((directory / ORDER).read_bytes())
    fields["run"] = RunId(fields["run"])
    fields["sites"] = {site_name(name): int(node) for name, node in fields["sites"].items()}
    return RunOrder(**fields)


class FileJournal:
    """A run's diary as a file of JSON lines; a line is on disk before `append` returns."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, event: RunEvent) -> None:
        """Write one line durably."""
        line = json.dumps(_to_json(event), sort_keys=True, allow_nan=False) + "\n"
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            file.write(line.encode())
            file.flush()
            os.fsync(descriptor)

    def read(self, skip: int = 0) -> Iterator[RunEvent]:
        """The complete lines after the first `skip`; a line that is being written is left for later."""
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return
        for line in content.split(b"\n")[skip:-1]:
            yield _from_json(json.loads(line))


def _to_json(event: RunEvent) -> dict[str, Any]:
    return {
        "run": event.run,
        "kind": event.kind,
        "round": event.round,
        "at": event.at.isoformat(),
        "facts": dict(event.facts),
    }


def _from_json(fields: dict[str, Any]) -> RunEvent:
    return RunEvent(
        RunId(fields["run"]),
        fields["kind"],
        fields["round"],
        datetime.fromisoformat(fields["at"]),
        fields["facts"],
    )
