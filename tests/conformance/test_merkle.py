"""Every vector of transparency-dev/merkle: inclusion, consistency, and both for subtrees."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dataspace.errors import VerificationFailed
from dataspace.transparency.merkle import is_subtree
from dataspace.transparency.proofs import verify_consistency, verify_inclusion, verify_subtree

VECTORS = Path(__file__).resolve().parents[2].parent / "shared" / "conformance" / "merkle" / "testdata"
pytestmark = pytest.mark.skipif(not VECTORS.is_dir(), reason=f"no Merkle vectors at {VECTORS}")

Case = dict[str, Any]


def hashes(case: Case, *names: str) -> list[bytes]:
    return [base64.b64decode(case[name]) for name in names]


def proof_of(case: Case) -> list[bytes]:
    return [base64.b64decode(sibling) for sibling in case["proof"] or ()]


def check_inclusion(case: Case) -> None:
    leaf, root = hashes(case, "leafHash", "root")
    verify_inclusion(case["leafIdx"], case["treeSize"], leaf, proof_of(case), root)


def check_consistency(case: Case) -> None:
    old, new = hashes(case, "root1", "root2")
    verify_consistency(case["size1"], case["size2"], old, new, proof_of(case))


def check_subtree_inclusion(case: Case) -> None:
    leaf, root = hashes(case, "leafHash", "root")
    start, end = case["start"], case["end"]
    if not is_subtree(start, end):
        raise VerificationFailed("not a subtree")
    verify_inclusion(case["leafIdx"] - start, end - start, leaf, proof_of(case), root)


def check_subtree_consistency(case: Case) -> None:
    subtree, root = hashes(case, "root1", "root2")
    verify_subtree(case["start"], case["end"], case["size"], subtree, root, proof_of(case))


CHECKS: list[tuple[str, Callable[[Case], None]]] = [
    ("inclusion", check_inclusion),
    ("consistency", check_consistency),
    ("subtreeinclusion", check_subtree_inclusion),
    ("subtreeconsistency", check_subtree_consistency),
]


@pytest.mark.parametrize(("folder", "check"), CHECKS, ids=[folder for folder, _ in CHECKS])
def test_every_vector_is_judged_as_its_file_says(folder: str, check: Callable[[Case], None]) -> None:
    paths = sorted((VECTORS / folder).rglob("*.json"))
    good = wrong = 0
    judged_otherwise = []
    for path in paths:
        case = json.loads(path.read_text())
        try:
            check(case)
            refused = False
        except VerificationFailed:
            refused = True
        good, wrong = good + (not case["wantErr"]), wrong + case["wantErr"]
        if refused != case["wantErr"]:
            judged_otherwise.append(f"{path.relative_to(VECTORS)}: {case['desc']}")
    print(f"{folder}: {len(paths)} vectors, {good} accepted, {wrong} refused")
    assert judged_otherwise == []
    assert wrong > 0, "a folder without a single wrong proof tests nothing"
