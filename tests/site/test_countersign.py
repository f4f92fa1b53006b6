"""A permit is countersigned only where the pinned key signed it, it is the one named, and its data are held here."""

from dataclasses import replace
from datetime import timedelta

import pytest

from dataspace.adapters.jose import JosePermitSeal
from dataspace.adapters.memory import ManualClock, MemoryCatalog, MemorySigner
from dataspace.cli.site_words import difference, permit_lines
from dataspace.errors import DataspaceError, InvalidRequest, VerificationFailed
from dataspace.model.datasets import Column, ColumnType, Dataset, VersionRef
from dataspace.model.names import ApplicationId, ColumnName, DatasetName, PermitId, PrincipalId, SiteName
from dataspace.model.permits import Basis, DatasetGrant, Permit
from dataspace.model.policies import AnswerKind, Obligations
from dataspace.site.countersign import permit_to_accept

CLOCK, HUB_KEY = ManualClock(), MemorySigner()
STAYS, HERE = DatasetName("stays"), SiteName("hospital-a")
PERMIT = Permit(
    id=PermitId("P-1"),
    application=ApplicationId("A-1"),
    basis=Basis.CONTRACT,
    issued_by="hub",
    persons=frozenset({PrincipalId("ana")}),
    organisation="university",
    title="Length of stay",
    purpose="https://w3id.org/dpv#ScientificResearch",
    legal_basis=(),
    ethics_vote="",
    datasets=(DatasetGrant(STAYS),),
    kinds=frozenset({AnswerKind.AGGREGATE}),
    obligations=Obligations(cohort=10),
    not_before=CLOCK.now(),
    expires=CLOCK.now() + timedelta(days=30),
)


def signed(permit: Permit, key: MemorySigner = HUB_KEY) -> str:
    return JosePermitSeal(key, "hub", {}, CLOCK).sign(permit)


def accepted(jws: str, id: str = "P-1", days: int = 0, held: bool = True) -> Permit:
    catalog = MemoryCatalog()
    catalog.put(Dataset(STAYS, "", "", (), None, VersionRef(STAYS, "a" * 64) if held else None))
    pinned = JosePermitSeal(None, "", {"hub": HUB_KEY.public_key()}, CLOCK)
    now = CLOCK.now() + timedelta(days=days)
    return permit_to_accept(jws, PermitId(id), HERE, pinned, catalog, now)


def test_a_permit_by_the_pinned_key_over_data_held_here_can_be_accepted() -> None:
    assert accepted(signed(PERMIT)) == PERMIT
    assert accepted(signed(replace(PERMIT, sites=frozenset({HERE})))).sites == {HERE}


@pytest.mark.parametrize(
    ("jws", "how", "kind"),
    [
        (signed(PERMIT, MemorySigner(b"\x09" * 32)), {}, VerificationFailed),
        ("no document", {}, VerificationFailed),
        (signed(PERMIT), {"id": "P-2"}, VerificationFailed),
        (signed(replace(PERMIT, sites=frozenset({SiteName("hospital-b")}))), {}, InvalidRequest),
        (signed(PERMIT), {"days": 31}, InvalidRequest),
        (signed(PERMIT), {"held": False}, InvalidRequest),
    ],
    ids=["another key", "no document", "another number", "another site", "ended", "not held"],
)
def test_any_other_permit_is_refused(jws: str, how: dict[str, object], kind: type[DataspaceError]) -> None:
    with pytest.raises(kind):
        accepted(jws, **how)  # type: ignore[arg-type]


def test_who_what_for_until_when_and_answers_are_shown() -> None:
    shown = "\n".join(permit_lines(PERMIT))
    for words in ("ana (university)", "scientific research", "stays", "2026-01-31", "aggregate"):
        assert words in shown


def test_columns_that_differ_are_named_in_one_sentence() -> None:
    def described(**types: ColumnType) -> Dataset:
        return Dataset(STAYS, "", "", tuple(Column(ColumnName(n), t) for n, t in types.items()), None, None)

    hub = described(los=ColumnType.INTEGER, died=ColumnType.INTEGER)
    assert difference(hub, hub) == ""
    here = described(los=ColumnType.TEXT, ward=ColumnType.TEXT)
    said = difference(here, hub)
    assert "missing here: died; unknown to the hub: ward; of another type: los" in said
