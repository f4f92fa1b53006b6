"""What the sites counted, as one table: a sum never tells what a site withheld."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from dataspace.model.answers import AnswerNote, Suppressed
from dataspace.model.datasets import Dataset
from dataspace.model.names import SiteName
from dataspace.model.policies import AnswerKind

SITE_COLUMN = "site"


def count_table(
    dataset: Dataset, columns: list[str], by_site: bool, facts: Mapping[str, Any]
) -> tuple[pa.Table, AnswerNote]:
    """One row for each site and cell, or each cell summed over the sites.

    A sum stands only where every site that answered shows its cell; otherwise it would tell what a site withheld.
    """
    cells: Mapping[SiteName, Mapping[str, Any]] = facts["cells"]
    rows: dict[tuple[Any, ...], list[int | None]] = {}
    for site, answer in sorted(cells.items()):
        for cell in answer["cells"]:
            rows[(site, *cell["key"])] = [cell["n"]]
    if not by_site:
        summed: dict[tuple[Any, ...], list[int | None]] = {}
        for key, counts in rows.items():
            summed.setdefault(key[1:], []).extend(counts)
        rows = summed
    names = ([SITE_COLUMN] if by_site else []) + columns
    parts = 1 if by_site else len(cells)
    totals = {key: _sum(counts, parts) for key, counts in rows.items()}
    table = pa.table(
        {
            **{name: pa.array([key[i] for key in totals]) for i, name in enumerate(names)},
            "n": pa.array(list(totals.values()), pa.int64()),
        }
    )
    hidden = tuple(Suppressed(i, "n") for i, n in enumerate(totals.values()) if n is None)
    rules = ["* is under the cohort of its site, or would reveal a cell that is"] if hidden else []
    rules += [f"{site} refused: {why['reason']}" for site, why in sorted(facts["refused"].items())]
    datasets = tuple(f"{dataset.name}@{site}" for site in cells)
    return table, AnswerNote(AnswerKind.AGGREGATE, datasets, suppressed=hidden, rules=tuple(rules))


def _sum(counts: list[int | None], parts: int) -> int | None:
    """None where a part is withheld, or was left out because its very key is not shown."""
    shown = [n for n in counts if n is not None]
    return sum(shown) if len(shown) == parts else None
