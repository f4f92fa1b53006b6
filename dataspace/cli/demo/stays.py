"""The hospital stays of the demo: `medpar`, 1,495 real Medicare stays, shared out among five groups of hospitals."""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dataspace.errors import SetupError

HEADER = ("", "los", "hmo", "white", "died", "age80", "type", "type1", "type2", "type3", "provnum")
HOSPITAL = HEADER.index("provnum")
HOSPITALS = ("hospital-a", "hospital-b", "hospital-c", "hospital-d")
DEPOSIT = "deposit"
"""The fifth group, which has deposited its stays at the hub."""
PLANT = "plant-1"
DROPPED = ("column_1", "type1", "type2", "type3")
"""The first column, which has no name and numbers the rows, by the name that it is read under; three repeat `type`."""

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The stays of some hospitals (provider numbers), in the order of the file."""

    name: str
    hospitals: int
    rows: tuple[Row, ...]


def read_stays(path: Path) -> tuple[Row, ...]:
    """All rows of `medpar.csv`; raises SetupError where it is missing, cut off or another file."""
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            header, *rows = [tuple(row) for row in csv.reader(stream)]
    except (OSError, ValueError, csv.Error) as error:
        raise SetupError(
            f"The hospital stays could not be read from {path}.",
            "Run `make setup`, which fetches them, or set DATASPACE_MEDPAR to a copy of medpar.csv.",
        ) from error
    if header != HEADER or not rows or any(len(row) != len(HEADER) for row in rows):
        raise SetupError(
            f"{path} does not hold the medpar stays, or not all of them.",
            "Delete it and run `make setup`, or set DATASPACE_MEDPAR to another copy.",
        )
    return tuple(rows)


def share_out(rows: Sequence[Row]) -> tuple[Group, ...]:
    """The rows by hospital in five groups of about the same number of stays; the same every time.

    The largest hospital first, each to the group with the fewest stays so far.
    """
    names = (*HOSPITALS, DEPOSIT)
    stays = Counter(row[HOSPITAL] for row in rows)
    members: dict[str, set[str]] = {name: set() for name in names}
    sizes = dict.fromkeys(names, 0)
    for hospital, number in sorted(stays.items(), key=lambda pair: (-pair[1], pair[0])):
        smallest = min(names, key=lambda name: sizes[name])
        members[smallest].add(hospital)
        sizes[smallest] += number
    return tuple(
        Group(name, len(members[name]), tuple(row for row in rows if row[HOSPITAL] in members[name]))
        for name in names
    )


def write_stays(rows: Sequence[Row], path: Path) -> None:
    """Write rows as they came: the same eleven columns, the first without a name."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, quoting=csv.QUOTE_NONNUMERIC)
        writer.writerow(HEADER)
        writer.writerows(_typed(row) for row in rows)


def _typed(row: Row) -> list[str | int]:
    """Provider numbers keep their leading zero, and so their quotes."""
    return [value if at in (0, HOSPITAL) else int(value) for at, value in enumerate(row)]
