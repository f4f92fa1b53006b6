"""Applications and permits: nobody grants to themselves, every step is recorded, what was revoked stays revoked."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dataspace.adapters.jose import JosePermitSeal
from dataspace.adapters.memory import (
    ManualClock,
    MemoryCatalog,
    MemoryLog,
    MemoryPermitStore,
    MemoryPolicyStore,
    MemorySigner,
    MemorySites,
)
from dataspace.errors import Conflict, InvalidRequest, NotAllowed, UnknownName
from dataspace.model.datasets import Dataset
from dataspace.model.names import HUB, ApplicationId, DatasetName, PermitId, PrincipalId, SiteName
from dataspace.model.permits import Application, ApplicationState, Basis
from dataspace.model.policies import AnswerKind, Obligations
from dataspace.model.principals import Principal, Role
from dataspace.model.records import RecordKind
from dataspace.model.sites import Site
from dataspace.service.applying import Contents
from dataspace.service.enforcing import Enforcement
from dataspace.service.permitting import Permitting, add_working_days

SVEN = Principal(PrincipalId("sven"), "Sven", frozenset({Role.STEWARD, Role.RESEARCHER}))
ANA = Principal(PrincipalId("ana"), "Ana", frozenset({Role.RESEARCHER}), "university")
BEN = Principal(PrincipalId("ben"), "Ben", frozenset({Role.RESEARCHER}))
STAYS, DRAFT = DatasetName("stays"), DatasetName("draft")
KINDS = frozenset({AnswerKind.AGGREGATE})


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog(MemorySigner())


@pytest.fixture
def permitting(log: MemoryLog) -> Permitting:
    catalog, clock, signer = MemoryCatalog(), ManualClock(), MemorySigner()
    catalog.put(Dataset(STAYS, "Stays", "", (), None, None, published=True))
    catalog.put(Dataset(DRAFT, "Draft", "", (), None, None))
    enforcement = Enforcement(HUB, clock, MemoryPolicyStore(), log)
    seal = JosePermitSeal(signer, "hub", {"hub": signer.public_key()}, clock)
    return Permitting(catalog, MemoryPermitStore(), seal, clock, enforcement, "hub")


def applied(permitting: Permitting, who: Principal = ANA, on: DatasetName = STAYS) -> Application:
    return permitting.apply(who, Contents((on,), ("scientific research", "train AI systems"), KINDS))


def last(log: MemoryLog) -> RecordKind:
    return list(log.records())[-1][1].kind


def test_a_permit_is_a_contract_signed_and_verifiable_by_who_pinned_the_key(permitting: Permitting) -> None:
    signed = permitting.grant(SVEN, applied(permitting).id, Obligations(cohort=20), None)
    assert permitting.seal.verify(signed.jws) == signed.permit
    assert signed.permit.basis is Basis.CONTRACT
    assert signed.permit.obligations.cohort == 20
    assert len(signed.permit.purposes) == 2


def test_a_condition_can_only_tighten_the_house_defaults(permitting: Permitting) -> None:
    loose = Obligations(cohort=5, epsilon_total=100.0)
    permit = permitting.grant(SVEN, applied(permitting).id, loose, None).permit
    assert (permit.obligations.cohort, permit.obligations.epsilon_total) == (10, 1.0)


def test_nobody_decides_on_their_own_application(permitting: Permitting) -> None:
    with pytest.raises(NotAllowed, match="their own"):
        permitting.grant(SVEN, applied(permitting, SVEN).id, Obligations(), None)


@pytest.mark.parametrize("decide", ["grant", "refuse"])
def test_only_a_steward_decides(permitting: Permitting, decide: str) -> None:
    application = applied(permitting)
    with pytest.raises(NotAllowed, match="steward"):
        if decide == "grant":
            permitting.grant(BEN, application.id, Obligations(), None)
        else:
            permitting.refuse(BEN, application.id, "no")


def test_an_application_is_decided_once(permitting: Permitting, log: MemoryLog) -> None:
    application = applied(permitting)
    assert permitting.refuse(SVEN, application.id, "ethics vote missing").state is ApplicationState.REFUSED
    assert last(log) is RecordKind.APPLICATION_REJECTED
    with pytest.raises(Conflict, match="refused already"):
        permitting.grant(SVEN, application.id, Obligations(), None)


def test_a_dataset_that_may_not_be_seen_cannot_be_applied_for_and_is_not_suggested(
    permitting: Permitting,
) -> None:
    with pytest.raises(UnknownName) as refused:
        applied(permitting, ANA, DatasetName("draf"))
    assert "draft" not in str(refused.value).replace("'draf'", "")


def test_an_incomplete_application_is_refused(permitting: Permitting) -> None:
    with pytest.raises(InvalidRequest):
        permitting.apply(ANA, Contents((STAYS,), (), KINDS))


def test_a_permit_cannot_outlast_ten_years_nor_start_in_the_past(permitting: Permitting) -> None:
    now = permitting.clock.now()
    for until in (now - timedelta(days=1), now + timedelta(days=4000)):
        with pytest.raises(InvalidRequest, match="10 years"):
            permitting.grant(SVEN, applied(permitting).id, Obligations(), until)


def test_a_revoked_permit_stands_in_the_signed_list_and_cannot_be_revoked_twice(
    permitting: Permitting, log: MemoryLog
) -> None:
    permit = permitting.grant(SVEN, applied(permitting).id, Obligations(), None).permit
    assert permitting.seal.verify_status(permitting.status("n-1")).revoked == frozenset()
    permitting.revoke(SVEN, permit.id, "the study ended")
    assert last(log) is RecordKind.PERMIT_REVOKED
    status = permitting.seal.verify_status(permitting.status("n-2"))
    assert (status.revoked, status.nonce) == (frozenset({permit.id}), "n-2")
    with pytest.raises(Conflict):
        permitting.revoke(SVEN, permit.id, "again")


def test_what_is_held_for_a_permit_ends_when_it_is_revoked(permitting: Permitting) -> None:
    ended: list[PermitId] = []
    holding = replace(permitting, ended=lambda permit: ended.append(permit.id))
    holding.grant(SVEN, applied(holding).id, Obligations(), None)
    holding.revoke(SVEN, PermitId("P-1"), "over")
    assert ended == ["P-1"]


def test_only_a_steward_revokes_and_only_what_exists(permitting: Permitting) -> None:
    with pytest.raises(NotAllowed):
        permitting.revoke(ANA, PermitId("P-1"), "mine")
    with pytest.raises(UnknownName):
        permitting.revoke(SVEN, PermitId("P-9"), "none")


def test_others_do_not_see_my_applications_and_permits(permitting: Permitting) -> None:
    waiting = applied(permitting)
    assert [a.id for a in permitting.open_applications(ANA)] == [waiting.id]
    assert permitting.open_applications(BEN) == []
    permitting.grant(SVEN, waiting.id, Obligations(), None)
    assert [s.permit.id for s in permitting.visible(ANA)] == ["P-1"]
    assert permitting.visible(BEN) == []
    assert [s.permit.id for s in permitting.visible(SVEN)] == ["P-1"]


def test_an_unknown_application_is_named(permitting: Permitting) -> None:
    with pytest.raises(UnknownName, match="A-7"):
        permitting.grant(SVEN, ApplicationId("A-7"), Obligations(), None)


def test_working_days_skip_the_weekend() -> None:
    friday = datetime(2026, 11, 20, 9, tzinfo=UTC)
    assert add_working_days(friday, 1) == datetime(2026, 11, 23, 9, tzinfo=UTC)
    assert add_working_days(friday, 10) == datetime(2026, 12, 4, 9, tzinfo=UTC)


def test_a_site_sees_the_permits_over_what_it_offers_and_no_other(permitting: Permitting) -> None:
    signed = permitting.grant(SVEN, applied(permitting).id, Obligations(), None)
    sites = MemorySites()
    sites.put(Site(SiteName("hospital-a"), datasets=(STAYS,)))
    sites.put(Site(SiteName("hospital-b"), datasets=(DatasetName("machines"),)))
    asked = replace(permitting, sites=sites)

    def seen(name: str) -> list[str]:
        site = Principal(PrincipalId(f"site:{name}"), name, frozenset({Role.SITE}))
        return [each.permit.id for each in asked.visible(site)]

    assert seen("hospital-a") == [signed.permit.id]
    assert seen("hospital-b") == []
    assert seen("hospital-c") == []
