"""Orders and journals of runs as files: what the hub writes for a ServerApp, and what it reads back."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from dataspace.adapters.tls import write_private
from dataspace.errors import InvalidRequest
from dataspace.model.names import RunId, SiteName, site_name
from dataspace.model.runs import RunEvent, RunOrder

ORDER = "order.json"
JOURNAL = "journal.jsonl"
PROCESS = "serverapp.pid"
NODES = "nodes.json"
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
    fields["absent"] = tuple(site_name(name) for name in fields["absent"])
    return RunOrder(**fields)


def write_nodes(directory: Path, nodes: Mapping[SiteName, int]) -> None:
    """Where the sites of a run are reached now: the order, which is never changed, says where they were at first."""
    write_private(directory / NODES, json.dumps(dict(nodes), sort_keys=True).encode())


def read_nodes(directory: Path, order: RunOrder) -> Mapping[SiteName, int]:
    """The node of each site of the order, 0 for one that is not connected."""
    try:
        nodes = json.loads((directory / NODES).read_bytes())
    except FileNotFoundError:
        return order.sites
    return {site: int(nodes.get(site, 0)) for site in order.sites}


class FileJournal:
    """A run's diary as a file of JSON lines; a line is on disk before `append` returns."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, event: RunEvent) -> None:
        """Write one line durably."""
        line = json.dumps(event_to_json(event), sort_keys=True, allow_nan=False) + "\n"
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
            yield event_from_json(json.loads(line))


def event_to_json(event: RunEvent) -> dict[str, Any]:
    """One event as a line of a journal says it."""
    return {
        "run": event.run,
        "kind": event.kind,
        "round": event.round,
        "at": event.at.isoformat(),
        "facts": dict(event.facts),
    }


def event_from_json(fields: dict[str, Any]) -> RunEvent:
    """The event that `event_to_json` was given."""
    return RunEvent(
        RunId(fields["run"]),
        fields["kind"],
        fields["round"],
        datetime.fromisoformat(fields["at"]),
        fields["facts"],
    )
