"""Who opted out is not in what is approved later; who objected is in nothing from now on, and no difference tells."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dataspace.adapters.duckdb.cuts import DuckdbCuts
from dataspace.adapters.memory import MemoryOptOuts
from dataspace.adapters.opt_outs import FileOptOuts
from dataspace.errors import Conflict, InvalidRequest, NotAllowed, SetupError
from dataspace.model.datasets import Dataset, OptOut
from dataspace.model.names import HUB, ColumnName, DatasetName, PermitId, SiteName
from dataspace.model.permits import DatasetGrant, Permit
from dataspace.model.policies import AnswerKind, Obligations
from dataspace.model.records import RecordKind
from dataspace.planning.cut_id import cut_id
from dataspace.service.objecting import Objecting, check_objections, check_shape
from dataspace.service.permit_documents import schema_digest
from dataspace.service.recipes import recipe_for
from dataspace.testing.examples import example_permit
from tests.service.curated_world import ANA, SAM, World, world

STAYS = DatasetName("stays")
EARLY = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def at(tmp_path: Path) -> World:
    made = world(tmp_path)
    made.register({"who": [1, 1, 2, 3, None], "los": [5, 6, 7, 8, 9]}, privacy_unit="who", publish=False)
    return made


def objecting(at: World, cuts: DuckdbCuts, lists: FileOptOuts) -> Objecting:
    return Objecting(at.catalog, at.registering.enforcement, lists, cuts)


def house(at: World) -> tuple[Objecting, DuckdbCuts]:
    lists = FileOptOuts(at.home)
    cuts = DuckdbCuts(at.vault, 64 << 20, lambda _: b"k" * 32, left_out=lists.persons)
    return objecting(at, cuts, lists), cuts


def permit(approved: datetime) -> Permit:
    return replace(example_permit(not_before=approved), id=PermitId("P-1"), datasets=(DatasetGrant(STAYS),))


def rows(at: World, cuts: DuckdbCuts, approved: datetime) -> int:
    dataset = at.catalog.get(STAYS)
    assert dataset is not None
    with cuts.lease(recipe_for(dataset, Obligations(), permit(approved))) as lease:
        return lease.rows


def test_an_opt_out_binds_what_is_approved_after_it_and_nothing_before(at: World) -> None:
    house_, cuts = house(at)
    house_.leave_out(SAM, STAYS, ["1", ""])
    now = at.registering.enforcement.clock.now()
    assert rows(at, cuts, now - timedelta(seconds=1)) == 5
    assert rows(at, cuts, now) == 2  # and the row that could be anybody's goes too
    record = list(at.log.records())[-1][1]
    assert (record.kind, record.facts["persons"]) == (RecordKind.OPT_OUT_LISTED, 1)


def test_an_objection_acts_at_once_on_everything_and_adds_up(at: World) -> None:
    house_, cuts = house(at)
    assert rows(at, cuts, EARLY) == 5
    ended: list[PermitId] = []
    hub = replace(house_, permits=lambda _: [permit(EARLY)], ended=lambda p: ended.append(p.id))
    hub.leave_out(SAM, STAYS, ["3"], at_once=True)
    assert (rows(at, cuts, EARLY), ended) == (3, ["P-1"])
    hub.leave_out(SAM, STAYS, ["2"], at_once=True)
    assert rows(at, cuts, EARLY) == 2
    assert list(at.log.records())[-1][1].kind is RecordKind.CONSENT_WITHDRAWN
    assert "'2'" not in str(list(at.log.records())[-1][1].facts)


def test_the_cut_has_another_name_so_that_no_cached_answer_is_given_again(at: World) -> None:
    house_, _ = house(at)

    def name() -> str:
        dataset = at.catalog.get(STAYS)
        assert dataset is not None
        return cut_id(recipe_for(dataset, Obligations(), permit(EARLY)), "1")

    before = name()
    house_.leave_out(SAM, STAYS, ["3"])
    assert name() == before
    house_.leave_out(SAM, STAYS, ["3"], at_once=True)
    assert name() != before


OBJECTED = Dataset(STAYS, "", "", (), None, None, opt_outs=(OptOut(EARLY, "d", True),))


@pytest.mark.parametrize("kind", list(AnswerKind))
@pytest.mark.parametrize("days", [-1, 0, 1])
def test_exact_answers_end_for_what_was_approved_before_an_objection(kind: AnswerKind, days: int) -> None:
    asked = permit(EARLY + timedelta(days=days))
    if kind in (AnswerKind.AGGREGATE, AnswerKind.TRAIN) and days <= 0:
        with pytest.raises(Conflict, match="noisy"):
            check_objections(OBJECTED, kind, asked)
    else:
        check_objections(OBJECTED, kind, asked)
    opted_out = replace(OBJECTED, opt_outs=(OptOut(EARLY, "d"),))
    check_objections(opted_out, kind, asked)


def test_without_a_permit_exact_answers_end_until_a_new_version() -> None:
    with pytest.raises(Conflict):
        check_objections(OBJECTED, AnswerKind.AGGREGATE, None)
    check_objections(OBJECTED, AnswerKind.NOISY, None)


def test_who_may_and_what_a_list_must_be(at: World) -> None:
    house_, _ = house(at)
    with pytest.raises(NotAllowed):
        house_.leave_out(ANA, STAYS, ["1"])
    for persons in ([], ["", " "], ["x" * 201]):
        with pytest.raises(InvalidRequest):
            house_.leave_out(SAM, STAYS, persons)
    at.register({"los": [1]}, name="nobody")
    with pytest.raises(InvalidRequest, match="no column of the person"):
        house_.leave_out(SAM, DatasetName("nobody"), ["1"])


def test_without_its_list_nothing_is_cut(at: World) -> None:
    house_, cuts = house(at)
    digest = house_.leave_out(SAM, STAYS, ["1"], at_once=True).opt_outs[-1].digest
    path = at.home / "opt-outs" / f"{digest}.json"
    path.write_text(path.read_text().replace('"1"', '"9"'))
    with pytest.raises(SetupError, match="changed"):
        rows(at, cuts, EARLY)
    path.unlink()
    with pytest.raises(SetupError, match="not here"):
        rows(at, cuts, EARLY)
    with pytest.raises(SetupError, match="not here"):
        rows(at, at.cuts, EARLY)


def test_a_digest_tells_nothing_about_who_is_on_the_list(tmp_path: Path) -> None:
    for lists in (FileOptOuts(tmp_path), MemoryOptOuts()):
        first, second = lists.put(["1"]), lists.put(["1"])
        assert first != second
        assert lists.persons(first) == lists.persons(second) == {"1"}


def test_columns_that_came_later_are_not_in_an_older_permit(at: World) -> None:
    dataset = at.catalog.get(STAYS)
    assert dataset is not None
    granted = replace(permit(EARLY), datasets=(DatasetGrant(STAYS, schema=schema_digest(dataset, None)),))
    check_shape(dataset, granted, HUB)
    grown = replace(dataset, columns=(*dataset.columns, replace(dataset.columns[0], name=ColumnName("hiv"))))
    with pytest.raises(Conflict, match="columns"):
        check_shape(grown, granted, HUB)
    check_shape(grown, granted, SiteName("hospital-a"))
    some = frozenset({ColumnName("los")})
    narrow = replace(granted, datasets=(DatasetGrant(STAYS, "latest", some, schema_digest(dataset, some)),))
    check_shape(grown, narrow, HUB)
