"""Permits in force: suspended, extended once, tightened, closed, expired; and calls that approve beforehand."""

from dataclasses import replace
from datetime import timedelta

import pytest

from dataspace.adapters.jose import JosePermitSeal
from dataspace.adapters.memory import MemoryCatalog, MemorySigner
from dataspace.errors import (
    AccessDenied,
    Conflict,
    InvalidRequest,
    NotAllowed,
    UnknownColumn,
    VerificationFailed,
)
from dataspace.model.datasets import Dataset
from dataspace.model.names import ColumnName, DatasetName, PermitId, PolicyId
from dataspace.model.permits import Call, PermitStatus, Track
from dataspace.model.policies import AnswerKind, Constraint, Effect, Obligations, Operand, Operator
from dataspace.model.records import RecordKind
from dataspace.planning.deadlines import add_months
from dataspace.service.permit_documents import document_digest
from tests.service.permit_world import (
    ANA,
    BEN,
    EVA,
    KINDS,
    MONDAY,
    PURPOSES,
    STAYS,
    SVEN,
    Office,
    office,
    renamed,
    rule,
)

HELD = Constraint(Operand.PERMIT, Operator.EQ, ("valid",))


def status(at: Office) -> PermitStatus:
    return at.permitting.seal.verify_status(at.permitting.status("nonce"))


def test_a_suspended_permit_stands_in_the_list_and_no_longer_once_resumed() -> None:
    ended: list[PermitId] = []
    at = renamed(office(), ended=lambda permit: ended.append(permit.id))
    id = at.granted().permit.id
    assert at.permitting.suspend(SVEN, id, "an incident").suspended == MONDAY
    assert (status(at).suspended, ended) == (frozenset({id}), [id])
    with pytest.raises(Conflict, match="suspended"):
        at.permitting.suspend(SVEN, id, "again")
    assert at.permitting.resume(SVEN, id, "it is over").suspended is None
    assert status(at).suspended == frozenset()
    assert at.kinds()[-2:] == [RecordKind.PERMIT_SUSPENDED, RecordKind.PERMIT_RESUMED]


def test_a_permit_is_extended_once_and_the_list_names_the_document_that_holds() -> None:
    at = office()
    first = at.granted(days=30)
    id = first.permit.id
    assert status(at).documents == {}
    later = at.permitting.extend(SVEN, id, MONDAY + timedelta(days=60), "more time")
    assert at.permitting.seal.verify(later.jws).expires == MONDAY + timedelta(days=60)
    assert status(at).documents == {id: document_digest(later.jws)}
    with pytest.raises(Conflict, match="once"):
        at.permitting.extend(SVEN, id, MONDAY + timedelta(days=90), "more")
    with pytest.raises(VerificationFailed, match="not the document"):
        at.permitting.check_document(SVEN, first.jws)
    assert at.permitting.check_document(SVEN, later.jws).extended


@pytest.mark.parametrize("days", [30, 29, 3700])
def test_an_extension_ends_later_and_within_ten_years(days: int) -> None:
    at = office()
    id = at.granted(days=30).permit.id
    with pytest.raises(InvalidRequest):
        at.permitting.extend(SVEN, id, MONDAY + timedelta(days=days), "")


def test_an_amendment_only_tightens_and_keeps_the_number_and_its_account() -> None:
    at = office()
    id = at.granted().permit.id
    amended = at.permitting.amend(SVEN, id, Obligations(cohort=30, epsilon_total=0.5), "less").permit
    assert (amended.id, amended.revision) == (id, 1)
    assert (amended.obligations.cohort, amended.obligations.epsilon_total) == (30, 0.5)
    before = at.kinds()
    for wider in (Obligations(cohort=20), Obligations(cohort=40, epsilon_total=99.0)):
        with pytest.raises(InvalidRequest, match="an amendment only tightens"):
            at.permitting.amend(SVEN, id, wider, "more")
    assert at.kinds() == before, "one that widens makes no document that sites would have to countersign"


def test_of_two_amendments_at_once_neither_takes_back_what_the_other_tightened() -> None:
    at = office()
    id = at.granted().permit.id

    class Between(MemoryCatalog):
        """A catalogue in which another steward's amendment comes through while this one is being checked."""

        def get(self, name: DatasetName) -> Dataset | None:
            at.permitting.amend(SVEN, id, Obligations(cohort=50), "first")
            return known.get(name)

    known, between = at.permitting.catalog, Between()
    slower = replace(at.permitting, catalog=between, _turn=at.permitting._turn)
    owed = slower.amend(
        SVEN, id, Obligations(withheld=frozenset({ColumnName("los")})), "second"
    ).permit.obligations
    assert (owed.cohort, owed.withheld) == (50, frozenset({ColumnName("los")}))


def test_who_a_permit_names_does_not_extend_resume_or_amend_it() -> None:
    at = office()
    id = at.granted(EVA, days=30).permit.id
    at.permitting.suspend(EVA, id, "anyone may stop")
    for act in (
        lambda: at.permitting.resume(EVA, id, ""),
        lambda: at.permitting.extend(EVA, id, MONDAY + timedelta(days=60), ""),
        lambda: at.permitting.amend(EVA, id, Obligations(), ""),
        lambda: at.permitting.resume(ANA, id, ""),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_a_revoked_permit_is_neither_resumed_nor_extended() -> None:
    at = office()
    id = at.granted(days=30).permit.id
    at.permitting.suspend(SVEN, id, "")
    at.permitting.revoke(SVEN, id, "")
    with pytest.raises(Conflict):
        at.permitting.resume(SVEN, id, "")
    with pytest.raises(Conflict):
        at.permitting.extend(SVEN, id, MONDAY + timedelta(days=60), "")
    assert status(at).revoked == {id}


def test_after_a_revocation_results_are_due_from_that_day_and_not_from_the_last_day_that_was_granted() -> (
    None
):
    at = office()
    permit = at.granted(days=300).permit
    at.permitting.revoke(SVEN, permit.id, "over")
    [waiting] = at.inbox.of(ANA)
    assert waiting.until == add_months(MONDAY, permit.publication_months)


def test_an_expiry_is_recorded_once_and_ends_what_is_held() -> None:
    ended: list[PermitId] = []
    at = renamed(office(), ended=lambda permit: ended.append(permit.id))
    id = at.granted(days=30).permit.id
    at.later(days=30)
    status(at)
    status(at)
    assert at.kinds().count(RecordKind.PERMIT_EXPIRED) == 1
    assert ended == [id]
    assert [w.what for w in at.inbox.of(ANA)] == ["report results, attest deletion"]


def test_a_named_person_closes_with_results_and_an_attested_deletion() -> None:
    at = office()
    id = at.granted().permit.id
    with pytest.raises(NotAllowed):
        at.permitting.close(SVEN, id, "https://doi.example/1", True)
    for results, deleted in (("", True), ("https://doi.example/1", False)):
        with pytest.raises(InvalidRequest):
            at.permitting.close(ANA, id, results, deleted)
    assert at.permitting.close(ANA, id, "https://doi.example/1", True).closed == MONDAY
    assert status(at).revoked == {id}
    with pytest.raises(Conflict):
        at.permitting.revoke(SVEN, id, "")


def test_a_document_that_does_not_hold_is_recorded_with_the_reason_and_without_its_text() -> None:
    at = office()
    signed = at.granted()
    stranger = JosePermitSeal(MemorySigner(b"\x07" * 32), "elsewhere", {}, at.clock)
    foreign = stranger.sign(replace(signed.permit, issued_by="elsewhere"))
    for jws in (foreign, signed.jws + "A", "x", signed.jws.rpartition(".")[0] + "."):
        size = at.log.size()
        with pytest.raises(VerificationFailed):
            at.permitting.check_document(ANA, jws)
        [(_, record)] = list(at.log.records(size))
        assert record.kind is RecordKind.PERMIT_DOCUMENT_REFUSED
        assert record.facts["reason"]
        assert record.facts["document"] == document_digest(jws)


def test_the_list_counts_the_hubs_log_so_that_an_older_one_shows() -> None:
    at = office()
    first = status(at).sequence
    at.granted()
    assert status(at).sequence > first


CALL = Call(
    "",
    "Vouchers",
    SVEN.id,
    frozenset({STAYS}),
    PURPOSES,
    KINDS,
    Track.EXPLORATORY,
    MONDAY + timedelta(days=30),
    permits=1,
    organisations=frozenset({"university"}),
    conditions=Obligations(cohort=25),
)


def test_an_application_that_fits_an_open_call_is_granted_at_once_recorded_and_signed() -> None:
    at = office()
    at.policies.publish(rule(condition=HELD), "")
    call = at.permitting.calls.open(SVEN, CALL)
    application = at.apply(ANA, call=call.id)
    [signed] = at.permitting.visible(ANA)
    assert (application.permit, application.decided_by) == (signed.permit.id, None)
    assert at.permitting.seal.verify(signed.jws) == signed.permit
    assert (signed.permit.obligations.cohort, signed.permit.obligations.epsilon_total) == (25, 0.5)
    assert signed.permit.expires == MONDAY + timedelta(days=90)
    assert at.kinds()[-3:] == [
        RecordKind.CALL_OPENED,
        RecordKind.APPLICATION_SUBMITTED,
        RecordKind.PERMIT_GRANTED,
    ]
    with pytest.raises(Conflict, match="all of its permits"):
        at.apply(ANA, call=call.id)


def test_what_policy_forbids_no_call_grants_and_the_reasons_are_recorded() -> None:
    at = office()
    call = at.permitting.calls.open(SVEN, CALL)
    with pytest.raises(AccessDenied, match="no policy permits"):
        at.apply(ANA, call=call.id)
    at.policies.publish(rule(condition=HELD), "")
    at.policies.publish(rule(Effect.FORBID, kinds=KINDS), "")
    with pytest.raises(AccessDenied, match="Because"):
        at.apply(ANA, call=call.id)
    assert at.permitting.visible(SVEN) == []
    assert at.permitting.open_applications(SVEN) == []
    [_, (_, last)] = [entry for entry in at.log.records() if entry[1].kind is RecordKind.APPLICATION_REJECTED]
    assert (last.facts["reasons"][0], last.facts["call"]) == ("forbid/only", call.id)  # type: ignore[index]
    at.policies.withdraw(PolicyId("forbid"))
    assert at.apply(ANA, call=call.id).permit is not None


def test_what_does_not_fit_a_call_is_not_granted_by_it() -> None:
    at = office()
    call = at.permitting.calls.open(SVEN, CALL)
    with pytest.raises(InvalidRequest, match="other organisations"):
        at.apply(BEN, call=call.id)
    with pytest.raises(InvalidRequest, match="does not approve"):
        at.apply(ANA, call=call.id, persons=frozenset({BEN.id}))
    at.later(days=31)
    with pytest.raises(Conflict, match="ended"):
        at.apply(ANA, call=call.id)
    assert at.permitting.visible(SVEN) == []


def test_nobody_applies_under_their_own_call_nor_does_their_deputy() -> None:
    at = office()
    call = at.permitting.calls.open(EVA, replace(CALL, organisations=frozenset()))
    with pytest.raises(NotAllowed, match="opened"):
        at.apply(EVA, call=call.id)
    at.inbox.name_deputy(EVA, ANA.id, MONDAY + timedelta(days=3))
    with pytest.raises(NotAllowed, match="opened"):
        at.apply(ANA, call=call.id)


@pytest.mark.parametrize(
    "changes",
    [
        {"kinds": frozenset({AnswerKind.ROWS})},
        {"days": 1000},
        {"until": MONDAY},
        {"datasets": frozenset()},
        {"purposes": ()},
        {"permits": 0},
    ],
)
def test_a_call_that_gives_more_than_its_track_or_says_too_little_is_refused(
    changes: dict[str, object],
) -> None:
    with pytest.raises(InvalidRequest):
        office().permitting.calls.open(SVEN, replace(CALL, **changes))  # type: ignore[arg-type]
    with pytest.raises(NotAllowed):
        office().permitting.calls.open(ANA, CALL)
    with pytest.raises(NotAllowed):  # before any name of a dataset is told
        office().permitting.calls.open(ANA, replace(CALL, datasets=frozenset({DatasetName("no-such")})))


def test_a_condition_on_a_column_that_is_not_there_is_refused_when_granting_and_when_amending() -> None:
    at = office()
    application = at.apply()
    wrong = Obligations(withheld=frozenset({ColumnName("secs")}))
    with pytest.raises(UnknownColumn, match=r"No column 'secs' in"):
        at.permitting.grant(SVEN, application.id, wrong, None)
    with pytest.raises(NotAllowed):  # who is no steward is not told which columns there are
        at.permitting.grant(ANA, application.id, wrong, None)
    permit = at.permitting.grant(SVEN, application.id, Obligations(), None).permit
    with pytest.raises(UnknownColumn, match=r"No column 'secs' in"):
        at.permitting.amend(SVEN, permit.id, wrong, "")


def test_an_application_that_is_refused_has_no_number() -> None:
    at = office()
    first = at.apply().id
    with pytest.raises(InvalidRequest):
        at.apply(disease="the flu")
    assert int(at.apply().id.removeprefix("A-")) == int(first.removeprefix("A-")) + 1
