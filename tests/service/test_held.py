"""An answer that is held: its first reading by a fresh ticket belongs to the question, every other is decided anew."""

import pyarrow as pa

from dataspace.model.names import DatasetName, PrincipalId
from dataspace.model.principals import Principal, Role
from dataspace.model.requests import Query
from dataspace.service.held import Held
from dataspace.service.progress import Stage, Standing, Watched
from dataspace.service.spool import Limits, Room, Spool

ANA = Principal(PrincipalId("ana"), "Ana", frozenset({Role.RESEARCHER}), "University")
STAYS = DatasetName("stays")


def held() -> Held:
    spool: Spool[bytes] = Spool(Room(1 << 20), len, Limits(1 << 20, 1 << 20))
    return Held("a1", Query(ANA, "SELECT 1"), pa.schema([]), spool, "batches")


def test_only_the_first_reading_after_a_ticket_needs_no_decision_of_its_own() -> None:
    answer = held()
    assert not answer.redeemed(), "no ticket was given"
    answer.promise()
    assert answer.redeemed()
    assert not answer.redeemed()


def test_an_old_ticket_needs_a_decision() -> None:
    answer = held()
    answer.promise()
    assert answer._promised is not None
    answer._promised -= 6.0
    assert not answer.redeemed()


def test_how_far_a_cut_is_is_told_in_steps_that_count_no_rows() -> None:
    watched = Watched()
    assert watched.standing == Standing(Stage.TURN)
    told = set()
    for row in range(1, 1_000):
        watched.preparing(STAYS, row / 1_000)
        assert watched.standing.stage is Stage.CUT
        told.add(watched.standing.share)
    assert len(told) == 20
    watched.preparing(STAYS, 1.0)
    assert watched.standing == Standing(Stage.ENGINE)
