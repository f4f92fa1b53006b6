"""How long it takes to write one catalogue record: Turtle, JSON-LD and Croissant, against rdflib and mere JSON.

A harvester asks for a million of them. The record is a full one of HealthDCAT-AP, with every field said; one of
them came from outside and keeps every statement that it came with, and one of these was edited since.
"""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median

import rdflib

from benchmarks.figure import Figure
from benchmarks.sizes import scaled
from dataspace.adapters.records.croissant import croissant
from dataspace.adapters.records.reading import read_record
from dataspace.adapters.records.writing import json_ld, statements, turtle
from dataspace.model.codec import to_json
from dataspace.model.datasets import Dataset
from dataspace.model.names import ColumnName
from dataspace.testing.descriptions import hospital_registry, version_of
from dataspace.vocabulary.record_edit import edited

BASE = "https://hub.example"
COLUMNS = 20
ROUNDS = scaled(400, 20)


def wide(columns: int) -> Dataset:
    """The registry with that many columns."""
    record = hospital_registry()
    copies = [
        replace(record.columns[n % len(record.columns)], name=ColumnName(f"column_{n}"))
        for n in range(columns)
    ]
    return replace(record, columns=tuple(copies), privacy_unit=None)


def milliseconds(work: Callable[[], object], rounds: int) -> list[float]:
    """The time of each round, warm."""
    work()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000)
    return times


def rdflib_turtle(text: str) -> Callable[[], object]:
    """The same statements, put into a graph of rdflib's and written by it."""
    held = list(rdflib.Graph().parse(data=text, format="turtle"))

    def write() -> object:
        graph = rdflib.Graph()
        for statement in held:
            graph.add(statement)
        return graph.serialize(format="turtle")

    return write


def main() -> None:
    """Measure; the target is 2 ms for one record in any form."""
    record = wide(COLUMNS)
    version = version_of(record)
    text = turtle(statements(record, BASE))
    brought = read_record(text, "turtle", record.name)
    changed = edited(brought, {"keyword": ["tumour", "survival"]})
    count = {"records": ROUNDS, "columns": COLUMNS, "statements": len(statements(record, BASE))}
    peer = median(milliseconds(rdflib_turtle(text), 30))
    plain = median(milliseconds(lambda: json.dumps(to_json(record)), ROUNDS))
    forms: dict[str, Callable[[], object]] = {
        "Turtle": lambda: turtle(statements(record, BASE)),
        "JSON-LD": lambda: json_ld(statements(record, BASE)),
        "Croissant": lambda: croissant(record, version, BASE),
        "Turtle, of a record that was brought": lambda: turtle(statements(brought, BASE)),
        "Turtle, of one that was brought and edited": lambda: turtle(statements(changed, BASE)),
    }
    for name, work in forms.items():
        in_rdf = name != "Croissant"
        Figure(
            figure=f"export of one record as {name}",
            value=round(median(milliseconds(work, ROUNDS)), 3),
            unit="ms",
            better="lower",
            target=2,
            peer="rdflib, the same statements as Turtle" if in_rdf else "the noun as plain JSON",
            peer_value=round(peer if in_rdf else plain, 3),
            counts=count,
        ).show()


if __name__ == "__main__":
    main()
