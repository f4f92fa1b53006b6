"""The world that examples of the documentation run in: a hub that a steward has filled, and a researcher's permit."""

import csv
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import dataspace
from dataspace.adapters.packaged_policies import policy_text
from dataspace.client.views import PermitView
from dataspace.connecting import EmbeddedFederation
from dataspace.service.registering import Registration
from dataspace.site.will import document_digest
from dataspace.testing.examples import RECORD

PEOPLE = {"sven": "steward", "ana": "researcher"}
HOSPITALS = ("hospital-a", "hospital-b", "hospital-c", "hospital-d")
DICTIONARY = Path(__file__).resolve().parents[2] / "policies" / "dictionaries" / "medpar.yaml"


def write_stays(path: Path, seed: int, stays: int = 600) -> Path:
    """Invented stays with the columns of the dictionary and one that numbers the rows; nothing in them is real."""
    draw = random.Random(seed)  # noqa: S311 - made-up rows, not secrets
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "los", "hmo", "white", "died", "age80", "type", "provnum"])
        for number in range(stays):
            kind, old = draw.choices([1, 2, 3], [70, 22, 8])[0], int(draw.random() < 0.25)
            died = int(draw.random() < 0.22 + 0.15 * old + 0.2 * (kind == 3))
            hmo, white = int(draw.random() < 0.15), int(draw.random() < 0.9)
            rows.writerow([number, draw.randint(1, 70), hmo, white, died, old, kind, f"03{number % 9:04d}"])
    return path


@pytest.fixture(scope="session")
def filled_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`stays.csv`, and `hub-home` with Sven and Ana, the dataset `medpar_extract`, three policies, the permit P-1."""
    root = tmp_path_factory.mktemp("filled-world")
    stays = write_stays(root / "stays.csv", 7)
    dataspace.create(root / "hub-home", PEOPLE)
    with dataspace.open(root / "hub-home", "sven") as sven, dataspace.open(root / "hub-home", "ana") as ana:
        sven.load_dictionary(DICTIONARY.read_text())
        said: dict[str, Any] = {"dictionary": "medpar", "drop": ["id"], "publish": True, "fields": RECORD}
        sven.register(stays, "medpar_extract", "Invented stays by kind of admission", **said)
        for name in ("hub-medpar-extract", "ehds", "gdpr-health"):
            sven.publish_policy(policy_text(name))
        basis = ["A6-1-e", "A9-2-j"]
        kinds = ["aggregate", "noisy"]
        sven.grant(ana.apply("medpar_extract", "scientific research", "24-113", kinds, basis))
    return root


@pytest.fixture
def world(filled_world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the filled world, which is the working directory."""
    shutil.copytree(filled_world, tmp_path / "world")
    monkeypatch.chdir(tmp_path / "world")
    return tmp_path / "world"


@pytest.fixture
def across_sites(tmp_path: Path) -> Iterator[Callable[[], tuple[Any, PermitView]]]:
    """Makes four hospitals in this process, one of which forbids training; gives Ana's hub and her permit."""
    made: list[EmbeddedFederation] = []

    def make() -> tuple[Any, PermitView]:
        federation = EmbeddedFederation(tmp_path / "federation", PEOPLE, HOSPITALS)
        made.append(federation)
        return _filled(federation, tmp_path)

    yield make
    for federation in made:
        federation.close()


def _filled(federation: EmbeddedFederation, folder: Path) -> tuple[Any, PermitView]:
    dictionary = DICTIONARY.read_text()
    for seed, (name, site) in enumerate(federation.sites.items()):
        own = "hospital-no-training" if name == HOSPITALS[-1] else "hospital"
        site.publishing.dictionary(site.steward, dictionary)
        for policy in (own, "ehds", "gdpr-health"):
            site.publishing.publish(site.steward, policy_text(policy))
        said = Registration("medpar", dictionary="medpar", drop=("id",), publish=True)
        site.depositing.register(site.steward, write_stays(folder / f"{name}.csv", seed), said)
        federation.offer(name, ["medpar"])
    sven, ana = federation.hub("sven"), federation.hub("ana")
    sven.load_dictionary(dictionary)
    sven.describe_federated("medpar", "medpar", "Invented stays", RECORD)
    for policy in ("hub-medpar", "ehds", "gdpr-health"):
        sven.publish_policy(policy_text(policy))
    purposes, basis = ["scientific research", "train AI systems"], ["A6-1-e", "A9-2-j"]
    permit = sven.grant(ana.apply("medpar", purposes, "24-113", ["aggregate", "train"], basis))
    for site in federation.sites.values():
        site.will.accept(permit.noun.id, document_digest(permit.jws))
    return ana, permit
