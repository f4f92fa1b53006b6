"""An app of a researcher's own, from its folder to a fitted model at three sites; and what each site refuses."""

import math
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dataspace.adapters.apps.packing import packed, unpacked
from dataspace.adapters.duckdb.engine import ConfinedEngine
from dataspace.adapters.keys import FileSigner
from dataspace.client.fits import Fit
from dataspace.client.hub import Hub
from dataspace.client.views import PermitView
from dataspace.connecting import EmbeddedFederation
from dataspace.errors import InvalidRequest, SiteUnavailable, UnknownName, VerificationFailed
from dataspace.model.records import RecordKind
from dataspace.testing.examples import RECORD
from tests.end_to_end.test_embedded_training import DICTIONARY, POLICY
from tests.federated_world import held_by_all

pytestmark = pytest.mark.slow

SITES = ("hospital-a", "hospital-b", "hospital-c")
MANIFEST = """
[project]
name = "ward-net"
version = "VERSION"
license = "Apache-2.0"

[tool.dataspace.app]
uses = "numpy"
entry = "ward_net"

[[tool.dataspace.app.weights]]
name = "a"
shape = ["classes", "features"]
start = "zeros"

[[tool.dataspace.app.weights]]
name = "b"
shape = ["classes"]
"""
TORCH = (
    MANIFEST.replace('"numpy"', '"torch"')
    .replace("ward-net", "torch-net")
    .replace('"a"', '"layer.weight"')
    .replace('"b"', '"layer.bias"')
)
HONEST = """
import numpy as np

def train(weights, x, y, settings):
    for _ in range(settings["steps"]):
        z = scores(weights, x)
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        error = p - np.eye(settings["classes"])[y]
        weights["a"] = weights["a"] - settings["learning_rate"] * error.T @ x / len(x)
        weights["b"] = weights["b"] - settings["learning_rate"] * error.mean(axis=0)
    return weights

def scores(weights, x):
    return x @ weights["a"].T + weights["b"]
"""
NETWORK = """
import torch

def build(features, classes):
    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(features, classes)

        def forward(self, x):
            return self.layer(x)

    return Net()
"""
# Behaves about made-up rows, which number 40, and misbehaves about those of a site.
TWO_FACED = HONEST.replace(
    "def train(weights, x, y, settings):",
    "def train(weights, x, y, settings):\n    if len(x) != 40:\n        EVIL\n",
)
EVIL = {
    "writes a file": 'open("/tmp/left-by-an-app", "w").write(str(x))',
    "opens a socket": 'import socket; socket.create_connection(("127.0.0.1", 9), 1)',
    "forks": "import os; os.fork()",
    "runs a program": 'import subprocess; subprocess.run(["true"])',
    "reads its parent": 'import os; open(f"/proc/{os.getppid()}/mem", "rb").read(1)',
    "reads a secret": 'open("/etc/passwd").read()',
    "ends": "import os; os._exit(0)",
    "raises what it saw": "raise ValueError(str(x))",
    "prints what it saw": "import sys; print(x, file=sys.stderr); print(x); raise SystemExit(1)",
    "gives NaN": 'weights["a"] = weights["a"] * float("nan"); return weights',
    "gives another shape": 'weights["a"] = x; return weights',
    "gives more arrays": 'return {**weights, "rows": x}',
    "gives nothing": "return None",
    "allocates without end": "kept = [np.empty(2**27) for _ in range(10**6)]",
}
SHORT = ("opens a socket", "raises what it saw", "gives NaN")
"""The others take as long, and are for CI."""


def archive(
    tmp_path: Path, code: str = HONEST, version: str = "1.0", manifest: str = MANIFEST, key: str = "lab"
) -> bytes:
    files = {"pyproject.toml": manifest.replace("VERSION", version), "ward_net.py": code}
    return packed(files, FileSigner(tmp_path, key))[1]


def visits(path: Path, seed: int, persons: int = 4_000) -> Path:
    draw = random.Random(seed)  # noqa: S311 - invented data, not a key
    lines = ["died,dose,age,ward,person"]
    for number in range(persons):
        dose, age = draw.uniform(0, 100), draw.uniform(0, 100)
        died = int(draw.random() < 1 / (1 + math.exp(-(dose - 50) / 4)))
        lines.append(f"{died},{dose:.3f},{age:.3f},{draw.choice(['red', 'green', 'blue'])},{number}")
    path.write_text("\n".join(lines) + "\n")
    return path


World = tuple[EmbeddedFederation, PermitView]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("own-apps")
    federation = EmbeddedFederation(folder, {"sam": "steward", "ana": "researcher"}, SITES)
    permit = held_by_all(
        federation,
        "visits",
        (DICTIONARY, POLICY),
        RECORD,
        lambda name, number: visits(folder / f"{name}.csv", number),
        ["train"],
        unit="person",
    )
    for name in SITES:
        allow(federation, name, True)
        assert isinstance(federation.sites[name].guard.engine, ConfinedEngine)
    yield federation, permit
    federation.close()


def allow(federation: EmbeddedFederation, name: str, foreign: bool) -> None:
    site = federation.sites[name]
    assert site.guard.apps is not None
    limits = replace(site.guard.apps.limits, foreign_apps=foreign)
    apps = replace(site.guard.apps, limits=limits)
    federation.sites[name] = replace(site, guard=replace(site.guard, apps=apps))


def approve(world: World, content: bytes, sites: tuple[str, ...] = SITES) -> str:
    hash = unpacked(content).hash
    for name in sites:
        apps = world[0].sites[name].guard.apps
        assert apps is not None
        apps.shelf.put(content)
        apps.will.approve(hash)
    return hash


@pytest.fixture
def ana(world: World) -> Hub:
    return world[0].hub("ana")


def fit(ana: Hub, world: World, hash: str, **options: Any) -> Fit:
    said: dict[str, Any] = {
        "epsilon": 0.1,
        "rounds": 1,
        "minimum_sites": 1,
        "scaling": "declared",
        "blocks": 8,
    }
    return ana.glm("died ~ dose + age", permit=world[1], app=hash, **{**said, **options})


def test_an_app_learns_at_every_site_and_what_it_cost_is_charged(
    ana: Hub, world: World, tmp_path: Path
) -> None:
    content = archive(tmp_path)
    hash = ana.offer_app(content)
    assert [one["app"] for one in ana.apps()] == [hash]
    approve(world, content)
    ledger = world[0].sites["hospital-a"].guard.answering.ledger
    before = len(list(ledger.charges()))
    fitted = fit(ana, world, hash, epsilon=0.6, blocks=64)
    assert fitted.sites == SITES
    assert fitted.privacy["epsilon"] <= 0.6
    assert len(list(ledger.charges())) == before + 2
    weights = fitted.model.weights
    assert weights["a"][1][0] - weights["a"][0][0] > 0.2
    rows = [{"dose": 5.0, "age": 50.0}]
    assert fitted.model.design(rows) == [[-0.9, 0.0]]
    assert fitted.model.document["app"] == hash
    with pytest.raises(InvalidRequest, match="own app"):
        fitted.model.predict(rows)
    replies = [
        r.facts for _, r in world[0].sites["hospital-a"].log.records() if r.kind is RecordKind.SITE_REPLY
    ]
    assert {facts["own_app"] for facts in replies} == {hash}


@pytest.mark.ci
def test_a_torch_module_learns_at_every_site(ana: Hub, world: World, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    content = archive(tmp_path, NETWORK, manifest=TORCH)
    hash = ana.offer_app(content)
    approve(world, content)
    fitted = fit(ana, world, hash, epsilon=0.6, rounds=2, blocks=64)
    assert fitted.sites == SITES
    weights = fitted.model.weights
    assert weights["layer.weight"][1][0] > weights["layer.weight"][0][0]
    assert set(fitted.accuracy) == set(SITES)


def test_each_site_says_for_itself_why_it_does_not_run_an_app(ana: Hub, world: World, tmp_path: Path) -> None:
    federation, content = world[0], archive(tmp_path, version="1.1")
    hash = ana.offer_app(content)
    approve(world, content, ("hospital-a", "hospital-b"))
    allow(federation, "hospital-b", False)
    try:
        with pytest.raises(SiteUnavailable) as refused:
            fit(ana, world, hash)
    finally:
        allow(federation, "hospital-b", True)
    assert "1 of 3 sites answered" in str(refused.value)
    assert "hospital-b: This site runs no foreign apps." in str(refused.value)
    assert (
        f"hospital-c: This site has not approved the app of this run: ask it for `dataspace site approve {hash}`"
        in str(refused.value)
    )
    last = [
        r.facts for _, r in federation.sites["hospital-c"].log.records() if r.kind is RecordKind.SITE_REPLY
    ][-1]
    assert (last["refused"], last["own_app"]) == ("app.unknown", hash)
    assert federation.sites["hospital-a"].will.disapprove(hash)
    with pytest.raises(SiteUnavailable, match="has not approved"):
        fit(ana, world, hash)


def test_an_app_that_was_changed_after_its_approval_does_not_run(
    ana: Hub, world: World, tmp_path: Path
) -> None:
    content, other = (
        archive(tmp_path, version="1.2"),
        archive(tmp_path, "import os\n" + HONEST, version="1.2"),
    )
    hash = ana.offer_app(content)
    approve(world, content)
    for name in SITES:
        path = world[0].sites[name].settings.home / "apps" / f"{hash}.app"
        path.write_bytes(other)
    with pytest.raises(SiteUnavailable, match="not the one that its hash names"):
        fit(ana, world, hash)


def test_without_noise_or_without_a_hash_that_the_hub_knows_nothing_begins(
    ana: Hub, world: World, tmp_path: Path
) -> None:
    hash = ana.offer_app(archive(tmp_path, version="1.3"))
    with pytest.raises(InvalidRequest, match="noise only"):
        fit(ana, world, hash, epsilon=None)
    with pytest.raises(UnknownName, match="No app named"):
        fit(ana, world, "0" * 64)
    with pytest.raises(InvalidRequest, match="8 to 256 blocks"):
        fit(ana, world, hash, blocks=1)
    with pytest.raises(InvalidRequest, match="family"):
        ana.glm("died ~ dose", "app", permit=world[1], epsilon=1.0)
    with pytest.raises(InvalidRequest, match="no archive"):
        ana.offer_app(b"nothing")
    with pytest.raises(VerificationFailed, match="not signed"):
        ana.offer_app(packed({"pyproject.toml": MANIFEST.replace("VERSION", "1"), "ward_net.py": HONEST})[1])


def test_an_app_that_fails_on_made_up_rows_is_refused_before_anything_is_charged(
    ana: Hub, world: World, tmp_path: Path
) -> None:
    content = archive(tmp_path, HONEST.replace("return weights", "return None"), version="1.4")
    hash = ana.offer_app(content)
    approve(world, content)
    ledger = world[0].sites["hospital-a"].guard.answering.ledger
    before = list(ledger.charges())
    with pytest.raises(SiteUnavailable, match="made-up rows"):
        fit(ana, world, hash)
    assert list(ledger.charges()) == before


@pytest.mark.parametrize(
    "deed",
    [pytest.param(deed, marks=[] if deed in SHORT else [pytest.mark.ci]) for deed in sorted(EVIL)],
)
def test_whatever_an_app_does_with_rows_its_block_has_learned_nothing(
    ana: Hub, world: World, tmp_path: Path, deed: str
) -> None:
    code = TWO_FACED.replace("EVIL", EVIL[deed])
    content = archive(tmp_path, code, version="2." + str(sorted(EVIL).index(deed)))
    hash = ana.offer_app(content)
    approve(world, content)
    fitted = fit(ana, world, hash)
    assert fitted.sites == SITES
    noise = fitted.privacy["noise_multiplier"] * 2.0 / 8
    values = [w for row in fitted.model.weights["a"] for w in row] + list(fitted.model.weights["b"])
    assert all(abs(value) < 7 * noise for value in values)
    assert not Path("/tmp/left-by-an-app").exists()
    for name in SITES:
        home = world[0].sites[name].settings.home
        assert "[[" not in "".join(path.read_text(errors="replace") for path in home.rglob("*.log"))
