"""Applications under review: who may do what, on which revision, recorded before it is done, and never by silence."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from dataspace.errors import Conflict, InvalidRequest, NotAllowed, RequestError, UnknownColumn, UnknownName
from dataspace.model.names import ApplicationId, ColumnName, PrincipalId
from dataspace.model.permits import Act, ApplicationState, Basis, Track
from dataspace.model.policies import AnswerKind, Obligations
from dataspace.model.principals import Role
from dataspace.model.records import Record, RecordKind
from dataspace.planning.deadlines import add_working_days
from dataspace.service.applying import Contents, Details
from tests.service.permit_world import ANA, BEN, EVA, MONDAY, STAYS, SVEN, Office, office, person, renamed


def test_the_whole_way_of_an_application_each_step_recorded() -> None:
    at = office()
    review = at.permitting.review
    draft = at.apply(draft=True)
    assert draft.state is ApplicationState.DRAFT
    assert at.permitting.open_applications(SVEN) == []
    with pytest.raises(UnknownName):
        review.application(SVEN, draft.id)
    review.act(ANA, draft.id, Act.SUBMIT)
    review.act(SVEN, draft.id, Act.SEND_BACK, "The ethics vote is missing.")
    at.permitting.edit(
        ANA, draft.id, Contents((STAYS,), ("scientific research",), draft.kinds, ethics_vote="24-113")
    )
    review.act(ANA, draft.id, Act.SUBMIT)
    review.act(SVEN, draft.id, Act.COMPLETE)
    review.act(EVA, draft.id, Act.ASK, "Why all columns?")
    review.act(ANA, draft.id, Act.ANSWER, "Length of stay depends on both.")
    done = review.act(SVEN, draft.id, Act.SUPPORT)
    assert done.state is ApplicationState.REVIEWED
    permit = at.permitting.grant(SVEN, draft.id, Obligations(), None).permit
    assert permit.ethics_vote == "24-113"
    kept = review.application(ANA, draft.id)
    assert [step.act for step in kept.steps] == [
        *("draft", "submit", "send-back", "edit", "submit", "complete", "ask", "answer", "support", "grant")
    ]
    changes = [r.facts["act"] for _, r in at.log.records() if r.kind is RecordKind.APPLICATION_CHANGED]
    assert changes == ["submit", "send-back", "edit", "submit", "complete", "ask", "answer", "support"]
    assert at.kinds()[-1] is RecordKind.PERMIT_GRANTED
    assert not any("Why all" in str(record.facts) for _, record in at.log.records())


def test_deadlines_run_stand_still_while_the_applicant_is_asked_and_grant_nothing() -> None:
    at = office()
    review, asked = at.permitting.review, at.apply()
    assert asked.due == add_working_days(MONDAY, 5)
    at.later(days=1)
    complete = review.act(SVEN, asked.id, Act.COMPLETE)
    assert complete.due == add_working_days(MONDAY + timedelta(days=1), 10)
    review.act(SVEN, asked.id, Act.ASK, "Why?")
    at.later(days=3)
    assert review.act(ANA, asked.id, Act.ANSWER, "So.").due == complete.due + timedelta(days=3)
    at.later(days=4000)
    assert review.application(ANA, asked.id).state is ApplicationState.REVIEW
    assert at.permitting.visible(SVEN) == []
    assert at.inbox.of(SVEN)[0].overdue


def test_an_ehds_decision_takes_three_months_and_once_three_more_and_only_where_the_hub_may() -> None:
    with pytest.raises(InvalidRequest, match="access body"):
        office().apply(basis=Basis.EHDS)
    at = office(bases=frozenset({Basis.EHDS}))
    review, asked = at.permitting.review, at.apply(basis=Basis.EHDS)
    assert review.act(SVEN, asked.id, Act.COMPLETE).due == MONDAY.replace(year=2027, month=2)
    assert review.act(SVEN, asked.id, Act.PROLONG, "Many.").due == MONDAY.replace(year=2027, month=5)
    with pytest.raises(Conflict, match="once"):
        review.act(SVEN, asked.id, Act.PROLONG, "Still.")


def test_two_reviewers_are_two_people_and_neither_the_other_ones_deputy() -> None:
    at = office(reviewers=2)
    asked = at.apply()
    with pytest.raises(Conflict, match="1 of 2"):
        at.permitting.grant(SVEN, asked.id, Obligations(), None)
    with pytest.raises(Conflict, match="are one"):
        at.permitting.review.act(SVEN, asked.id, Act.SUPPORT)
    at.inbox.name_deputy(SVEN, EVA.id, MONDAY + timedelta(days=1))
    at.inbox.end_deputy(SVEN, EVA.id)
    with pytest.raises(Conflict, match="are one"):
        at.permitting.review.act(EVA, asked.id, Act.SUPPORT)
    assert at.permitting.visible(SVEN) == []
    third = person("tom", Role.STEWARD)
    at.permitting.grant(third, asked.id, Obligations(), None)
    assert len(at.permitting.visible(SVEN)) == 1


def test_an_applicant_with_the_role_of_a_steward_decides_neither_alone_nor_through_a_deputy() -> None:
    at = office()
    asked = at.apply(EVA)
    for who in (EVA, SVEN):
        if who is SVEN:
            at.inbox.name_deputy(EVA, SVEN.id, MONDAY + timedelta(hours=1))
            at.later(days=2)
        for act in (Act.COMPLETE, Act.SEND_BACK, Act.SUPPORT, Act.REFUSE):
            with pytest.raises(NotAllowed, match="their own"):
                at.permitting.review.act(who, asked.id, act, "x")
        with pytest.raises(NotAllowed, match="their own"):
            at.permitting.grant(who, asked.id, Obligations(), None)
    assert at.permitting.review.application(EVA, asked.id).state is ApplicationState.SUBMITTED


def test_a_named_person_does_not_decide_either() -> None:
    at = office()
    asked = at.apply(ANA, persons=frozenset({EVA.id}))
    with pytest.raises(NotAllowed):
        at.permitting.grant(EVA, asked.id, Obligations(), None)
    assert at.permitting.grant(SVEN, asked.id, Obligations(), None).permit.persons == {ANA.id, EVA.id}


def test_a_decision_on_an_older_revision_than_the_one_kept_is_refused_and_not_recorded() -> None:
    at = office()
    asked = at.apply()
    at.permitting.review.act(ANA, asked.id, Act.COMMENT, "One thing more.")
    size = at.log.size()
    with pytest.raises(Conflict, match="changed since"):
        at.permitting.grant(SVEN, asked.id, Obligations(), None, revision=asked.revision)
    with pytest.raises(Conflict, match="changed since"):
        at.permitting.review.act(SVEN, asked.id, Act.REFUSE, "no", asked.revision)
    assert at.log.size() == size


def test_of_two_who_decide_at_once_one_decides() -> None:
    at = office()
    asked = at.apply()

    def decide(who: int) -> str:
        try:
            at.permitting.grant((SVEN, EVA)[who % 2], asked.id, Obligations(), None)
        except RequestError as error:
            return error.code
        return "granted"

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(decide, range(8)))
    assert sorted(told) == ["granted", *["request.conflict"] * 7]
    assert len(at.permitting.visible(SVEN)) == 1
    assert at.kinds().count(RecordKind.PERMIT_GRANTED) == 1


class _Full:
    """A log that has no room left."""

    def append(self, record: Record) -> int:
        raise OSError("no space")


@pytest.mark.parametrize("act", [Act.COMPLETE, Act.REFUSE, Act.SEND_BACK, Act.COMMENT])
def test_without_a_record_nothing_happens(act: Act) -> None:
    at = office()
    asked = at.apply()
    enforcement = replace(at.permitting.enforcement, log=_Full())  # type: ignore[arg-type]
    broken = replace(at.permitting.review, enforcement=enforcement)
    with pytest.raises(OSError, match="no space"):
        broken.act(SVEN, asked.id, act, "why")
    kept = broken.application(SVEN, asked.id)
    assert (kept.state, kept.steps) == (asked.state, asked.steps)


def test_without_a_record_there_is_no_permit() -> None:
    at = office()
    asked = at.apply()
    at.permitting.review.act(SVEN, asked.id, Act.COMPLETE)
    at.permitting.review.act(SVEN, asked.id, Act.SUPPORT)
    enforcement = replace(at.permitting.enforcement, log=_Full())  # type: ignore[arg-type]
    broken = renamed(at, enforcement=enforcement).permitting
    with pytest.raises(OSError, match="no space"):
        broken.grant(SVEN, asked.id, Obligations(), None)
    assert broken.visible(SVEN) == []
    assert broken.review.application(SVEN, asked.id).state is ApplicationState.REVIEWED


def test_what_an_application_may_say_is_checked() -> None:
    at = office()
    rows = frozenset({AnswerKind.ROWS})
    for details, error in (
        ({"columns": {STAYS: frozenset({"age"})}}, UnknownColumn),
        ({"columns": {STAYS: frozenset()}}, InvalidRequest),
        ({"columns": {"others": frozenset({"age"})}}, InvalidRequest),
        ({"versions": {STAYS: "a" * 64}}, UnknownName),
    ):
        with pytest.raises(error):
            at.apply(**details)
    for said in ({"data_request": True}, {"track": Track.EXPLORATORY}):
        asked = replace(at.permitting, reviewing=at.permitting.reviewing)
        with pytest.raises(InvalidRequest):
            asked.apply(ANA, Contents((STAYS,), ("scientific research",), rows, details=_details(**said)))


def _details(**said: object) -> Details:
    return Details(**said)  # type: ignore[arg-type]


def test_the_columns_applied_for_are_the_columns_granted() -> None:
    permit = office().granted(columns={STAYS: frozenset({"los"})}).permit
    assert permit.datasets[0].columns == frozenset({ColumnName("los")})
    assert len(permit.datasets[0].schema) == 64


@pytest.mark.parametrize("who", [BEN, SVEN, EVA])
def test_nobody_but_the_applicant_withdraws_or_answers(who: object) -> None:
    at = office()
    asked = at.apply()
    with pytest.raises((NotAllowed, UnknownName)):
        at.permitting.review.act(who, asked.id, Act.WITHDRAW)  # type: ignore[arg-type]
    assert at.permitting.review.act(ANA, asked.id, Act.WITHDRAW).state is ApplicationState.WITHDRAWN


def test_another_researcher_learns_nothing_of_an_application() -> None:
    at = office()
    asked = at.apply()
    with pytest.raises(UnknownName) as refused:
        at.permitting.review.application(BEN, asked.id)
    assert "Did you mean" not in str(refused.value)
    with pytest.raises(UnknownName):
        at.permitting.review.act(SVEN, ApplicationId("A-99"), Act.COMPLETE)


def test_the_inbox_says_what_waits_for_whom_and_a_deputy_sees_it_too() -> None:
    at = office()
    asked = at.apply()
    assert [(w.id, w.what) for w in at.inbox.of(SVEN)] == [(asked.id, "say whether it is complete")]
    assert at.inbox.of(BEN) == []
    at.permitting.review.act(SVEN, asked.id, Act.SEND_BACK, "The vote?")
    assert [w.command for w in at.inbox.of(ANA)] == [f"dataspace permit submit {asked.id}"]
    at.inbox.name_deputy(ANA, BEN.id, MONDAY + timedelta(days=3))
    assert at.inbox.of(BEN) == []  # a deputy does not speak for an applicant
    eve = person("eve", Role.STEWARD)
    at.permitting.review.act(ANA, asked.id, Act.SUBMIT)
    assert [w.on_behalf_of for w in at.inbox.of(eve)] == [None]
    with pytest.raises(UnknownName):
        at.inbox.name_deputy(SVEN, PrincipalId("nobody"), MONDAY + timedelta(days=3))
    with pytest.raises(InvalidRequest):
        at.inbox.name_deputy(SVEN, EVA.id, MONDAY + timedelta(days=400))


def test_everybody_whom_it_may_concern_is_told_of_each_change() -> None:
    at: Office = office()
    asked = at.apply()
    at.permitting.grant(SVEN, asked.id, Obligations(), None)
    assert [told.state.value for told in at.told] == ["submitted", "review", "reviewed", "granted"]
