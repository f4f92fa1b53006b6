"""The name of a cut is a hash of everything that decides what is in it."""

from dataclasses import replace

import pytest

from dataspace.model.datasets import VersionRef
from dataspace.model.names import ColumnName, DatasetName
from dataspace.model.plans import CutRecipe
from dataspace.model.policies import Mask, MaskKind
from dataspace.model.predicates import Comparator, Compare
from dataspace.planning.cut_id import cut_id

A, B = ColumnName("a"), ColumnName("b")
BASE = CutRecipe(VersionRef(DatasetName("d"), "0" * 64), (A, B))


def test_equal_recipes_have_one_name_whatever_the_order_of_their_masks() -> None:
    masks = {A: Mask(MaskKind.NULL), B: Mask(MaskKind.HASH)}
    turned = dict(reversed(masks.items()))
    assert cut_id(replace(BASE, masks=masks), "1") == cut_id(replace(BASE, masks=turned), "1")
    assert len(cut_id(BASE, "1")) == 64


@pytest.mark.parametrize(
    "other",
    [
        replace(BASE, version=VersionRef(DatasetName("d"), "1" * 64)),
        replace(BASE, version=VersionRef(DatasetName("e"), "0" * 64)),
        replace(BASE, columns=(A,)),
        replace(BASE, columns=(B, A)),
        replace(BASE, row_filter=Compare(A, Comparator.EQ, 1)),
        replace(BASE, row_filter=Compare(A, Comparator.EQ, "1")),
        replace(BASE, masks={A: Mask(MaskKind.NULL)}),
        replace(BASE, masks={A: Mask(MaskKind.GENERALISE, width=5)}),
        replace(BASE, opt_out_digest="x"),
        replace(BASE, mask_key_id="k"),
        replace(BASE, privacy_unit=A),
    ],
)
def test_whatever_changes_the_content_changes_the_name(other: CutRecipe) -> None:
    assert cut_id(other, "1") != cut_id(BASE, "1")


def test_another_engine_makes_another_cut() -> None:
    assert cut_id(BASE, "1") != cut_id(BASE, "2")
