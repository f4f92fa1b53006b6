"""The statements of the corpus, and a world in which they look for what is hidden."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import dataspace
from dataspace.bootstrap import add_person, init_hub
from dataspace.client.hub import Hub
from dataspace.model.principals import Role
from dataspace.settings import HubSettings
from dataspace.testing.examples import RECORD

FOLDER = Path(__file__).parent / "statements"

POLICY = """
policy: stays
title: Invented stays
owner: the data steward of the hub
on: stays
allow:
  - rule: rows
    for: service optimisation
    who: permit holders
    answers: rows
    limits: {rows: los <= 50, withhold: [ssn], mask: {name: constant shown}}
    because: The hospital's own rows, for its own operations.
"""

MARKERS = ("HIDDEN-ROW", "MASKED-NAME", "WITHHELD-SSN", "FILE-CONTENT", "PAYROLL-VALUE", "payroll", "salary")
"""What must not be seen: rows beyond the filter, masked and withheld values, files, and what is said of others."""


@dataclass(frozen=True)
class Statement:
    """One hostile text, its class, and the walls that stop it: `gate`, `engine`, or the `cut` that has nothing."""

    kind: str
    walls: frozenset[str]
    text: str


def statements() -> list[Statement]:
    """The corpus: a file for each class, a line for each statement, a heading for the walls of those below it."""
    found = []
    for path in sorted(FOLDER.glob("*.sql")):
        walls = frozenset[str]()
        for line in path.read_text().splitlines():
            if line.startswith("-- ["):
                walls = frozenset(line[4:-1].split(", "))
            elif not line.startswith("--"):
                found.append(Statement(path.stem, walls, line.replace("\\n", "\n")))
    return found


@dataclass(frozen=True)
class World:
    """A hub with hidden things, the researcher who asks it, their permit, and a file of the operator."""

    hub: Hub
    permit: str
    home: Path
    secret: Path

    def filled(self, text: str) -> str:
        """A statement with the paths of this world."""
        return text.replace("{secret}", str(self.secret)).replace("{home}", str(self.home))


def stays(path: Path) -> Path:
    """300 invented stays; those of more than 50 days are beyond the filter."""
    draw = random.Random(7)  # noqa: S311 - invented data, not a key
    lines = ["id,ward,los,note,name,ssn"]
    for i in range(300):
        los = draw.randint(51, 90) if i % 10 == 0 else draw.randint(1, 50)
        note = f"HIDDEN-ROW-{i}" if los > 50 else f"note {i}"
        lines.append(f"{i},w{i % 4},{los},{note},MASKED-NAME-{i},WITHHELD-SSN-{i}")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("attacked")
    settings = HubSettings(folder / "hub", port=0)
    init_hub(settings)
    for id, role in (("sam", Role.STEWARD), ("ana", Role.RESEARCHER)):
        add_person(settings, id, id.title(), {role}, "University")
    secret = settings.home / "secret.txt"
    secret.write_text("FILE-CONTENT")
    payroll = folder / "payroll.csv"
    payroll.write_text("id,salary\n1,PAYROLL-VALUE\n")
    with dataspace.open(settings.home, "sam") as steward, dataspace.open(settings.home, "ana") as ana:
        steward.register(
            stays(folder / "stays.csv"), "stays", title="Stays", synthetic=True, publish=True, fields=RECORD
        )
        steward.register(payroll, "payroll")
        steward.publish_policy(POLICY)
        asked = ana.apply("stays", purpose=["service optimisation"], kinds=["rows"], ethics="24-1")
        permit = steward.grant(asked)
        yield World(ana, str(permit.id), settings.home, secret)
