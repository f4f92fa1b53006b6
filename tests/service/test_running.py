"""How the cells of several sites become one table: what one site withheld follows from no sum."""

from typing import Any

import pytest

from dataspace.model.datasets import Dataset
from dataspace.model.names import DatasetName
from dataspace.service.count_tables import count_table
from dataspace.service.running import refusals

STAYS = Dataset(DatasetName("stays"), "", "", (), None, None)
FACTS: dict[str, Any] = {
    "cells": {
        "a": {"cells": [{"key": [0], "n": 31}, {"key": [1], "n": 24}]},
        "b": {"cells": [{"key": [0], "n": None}, {"key": [1], "n": None}]},
    },
    "refused": {"c": {"code": "policy.forbidden", "reason": "it forbids the purpose"}},
}


def test_by_site_each_cell_stands_as_its_site_let_it_out() -> None:
    table, note = count_table(STAYS, ["died"], True, FACTS)
    assert table.to_pylist() == [
        {"site": "a", "died": 0, "n": 31},
        {"site": "a", "died": 1, "n": 24},
        {"site": "b", "died": 0, "n": None},
        {"site": "b", "died": 1, "n": None},
    ]
    assert [cell.row for cell in note.suppressed] == [2, 3]
    assert any("c refused" in rule for rule in note.rules)


def test_a_sum_over_sites_stands_only_where_every_site_shows_its_cell() -> None:
    table, note = count_table(STAYS, ["died"], False, FACTS)
    assert table.to_pylist() == [{"died": 0, "n": None}, {"died": 1, "n": None}]
    assert len(note.suppressed) == 2
    shown = {"cells": dict.fromkeys("ab", FACTS["cells"]["a"]), "refused": {}}
    table, note = count_table(STAYS, ["died"], False, shown)
    assert table["n"].to_pylist() == [62, 48]
    assert note.suppressed == ()


def test_a_cell_that_one_site_does_not_have_at_all_has_no_sum() -> None:
    facts = {"cells": {"a": FACTS["cells"]["a"], "b": {"cells": [{"key": [0], "n": 50}]}}, "refused": {}}
    table, _ = count_table(STAYS, ["died"], False, facts)
    assert table["n"].to_pylist() == [81, None]


@pytest.mark.parametrize("event", [None])
def test_without_an_event_nobody_refused(event: None) -> None:
    assert refusals(event) == ""
