"""The workflow of applications and permits: every state, act and person, one by one, and laws over whole histories."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataspace.model.names import PermitId, PrincipalId
from dataspace.model.permits import Act, Application, ApplicationState, Basis, Deputy, PermitAct, PermitState
from dataspace.model.principals import Principal, Role
from dataspace.planning.deadlines import add_months, add_working_days, completeness_due, decision_due
from dataspace.planning.permit_workflow import (
    STEWARD_ACTS,
    Actor,
    actor_of,
    acts_open,
    independent,
    next_permit_state,
    next_state,
    permit_state,
)
from dataspace.testing.examples import AT, example_application, example_permit

TABLE = """
draft       applicant  edit=draft submit=submitted withdraw=withdrawn
submitted   applicant  withdraw=withdrawn comment=submitted
submitted   involved   comment=submitted
submitted   steward    complete=review send-back=incomplete refuse=refused comment=submitted
incomplete  applicant  edit=incomplete submit=submitted withdraw=withdrawn comment=incomplete
incomplete  involved   comment=incomplete
incomplete  steward    refuse=refused comment=incomplete
review      applicant  withdraw=withdrawn comment=review
review      involved   comment=review
review      steward    support=review oppose=review ask=questioned prolong=review refuse=refused comment=review
questioned  applicant  answer=review withdraw=withdrawn comment=questioned
questioned  involved   comment=questioned
questioned  steward    refuse=refused comment=questioned
reviewed    applicant  withdraw=withdrawn comment=reviewed
reviewed    involved   comment=reviewed
reviewed    steward    oppose=review ask=questioned prolong=reviewed grant=granted refuse=refused comment=reviewed
"""

PERMITS = """
active     amend=active extend=active suspend=suspended revoke=revoked close=closed
suspended  resume=active revoke=revoked close=closed
expired    revoke=revoked close=closed
revoked    close=closed
closed
"""

ALLOWED = {
    (state, actor, move.split("=")[0]): move.split("=")[1]
    for state, actor, *moves in map(str.split, TABLE.strip().splitlines())
    for move in moves
}
PERMITS_ALLOWED = {
    (state, move.split("=")[0]): move.split("=")[1]
    for state, *moves in map(str.split, PERMITS.strip().splitlines())
    for move in moves
}
ANA, BEN, EVA, SVEN = (PrincipalId(name) for name in ("ana", "ben", "eva", "sven"))
DEPUTY_UNTIL = AT + timedelta(days=30)


@pytest.mark.parametrize(
    ("state", "actor", "act"), [(s, a, x) for s, a, x in product(ApplicationState, Actor, Act)]
)
def test_each_act_leads_where_the_table_says_and_nothing_else_can_be_done(
    state: ApplicationState, actor: Actor, act: Act
) -> None:
    expected = ALLOWED.get((state.value.removeprefix("in "), actor.value, act.value))
    found = next_state(state, act, actor)
    assert (found and found.value) == expected
    assert (act in acts_open(state, actor)) == (expected is not None)


@pytest.mark.parametrize(("state", "act"), list(product(PermitState, PermitAct)))
def test_each_act_on_a_permit_leads_where_the_table_says(state: PermitState, act: PermitAct) -> None:
    found = next_permit_state(state, act)
    assert (found and found.value) == PERMITS_ALLOWED.get((state.value, act.value))


@given(st.lists(st.tuples(st.sampled_from(Act), st.sampled_from(Actor)), max_size=40))
def test_whatever_is_done_in_whatever_order_only_a_steward_leads_to_a_permit(
    history: list[tuple[Act, Actor]],
) -> None:
    state, checked = ApplicationState.DRAFT, False
    for act, actor in history:
        after = next_state(state, act, actor)
        if after is None:
            continue
        if act in STEWARD_ACTS:
            assert actor is Actor.STEWARD
        if after is ApplicationState.GRANTED:
            assert (state, act, actor) == (ApplicationState.REVIEWED, Act.GRANT, Actor.STEWARD)
            assert checked
        checked |= act is Act.COMPLETE
        if state in (ApplicationState.GRANTED, ApplicationState.REFUSED, ApplicationState.WITHDRAWN):
            raise AssertionError(f"{state} was left by {act}")
        state = after


@given(st.lists(st.sampled_from(PermitAct), max_size=30))
def test_a_permit_that_was_taken_back_never_holds_again(history: list[PermitAct]) -> None:
    state, over = PermitState.ACTIVE, False
    for act in history:
        state = next_permit_state(state, act) or state
        over |= state in (PermitState.REVOKED, PermitState.CLOSED)
        assert not (over and state in (PermitState.ACTIVE, PermitState.SUSPENDED))


def person(id: PrincipalId, *roles: Role) -> Principal:
    return Principal(id, id, frozenset(roles))


def applied(**changes: object) -> Application:
    return replace(example_application(), applicant=ANA, **changes)  # type: ignore[arg-type]


def deputy(of: PrincipalId, who: PrincipalId, since: datetime = AT, until: datetime = DEPUTY_UNTIL) -> Deputy:
    return Deputy(of, who, since, until)


@pytest.mark.parametrize(
    ("who", "deputies", "actor"),
    [
        (person(ANA, Role.STEWARD), [], Actor.APPLICANT),
        (person(BEN, Role.STEWARD), [], Actor.INVOLVED),
        (person(SVEN, Role.STEWARD), [], Actor.STEWARD),
        (person(SVEN, Role.RESEARCHER, Role.ADMINISTRATOR), [], Actor.OUTSIDER),
        (person(SVEN, Role.STEWARD), [deputy(ANA, SVEN)], Actor.INVOLVED),
        (person(SVEN, Role.STEWARD), [deputy(SVEN, ANA)], Actor.INVOLVED),
        (person(SVEN, Role.STEWARD), [deputy(BEN, SVEN)], Actor.INVOLVED),
        (person(SVEN, Role.STEWARD), [deputy(ANA, SVEN, until=AT + timedelta(minutes=1))], Actor.INVOLVED),
        (person(SVEN, Role.STEWARD), [deputy(ANA, SVEN, until=AT - timedelta(days=1))], Actor.STEWARD),
        (person(SVEN, Role.STEWARD), [deputy(EVA, SVEN)], Actor.STEWARD),
    ],
)
def test_who_is_involved_does_not_decide_whatever_their_role(
    who: Principal, deputies: list[Deputy], actor: Actor
) -> None:
    assert actor_of(who, applied(persons=frozenset({BEN})), deputies) is actor


def test_a_reviewer_and_their_deputy_are_one_reviewer() -> None:
    assert independent([SVEN], EVA, [], AT)
    assert not independent([SVEN], SVEN, [], AT)
    assert not independent([SVEN], EVA, [deputy(SVEN, EVA)], AT)
    assert not independent([SVEN], EVA, [deputy(EVA, SVEN)], AT)


@pytest.mark.parametrize(
    ("changes", "days", "state"),
    [
        ({}, 1, PermitState.ACTIVE),
        ({}, 365, PermitState.EXPIRED),
        ({"suspended": AT}, 1, PermitState.SUSPENDED),
        ({"suspended": AT}, 365, PermitState.EXPIRED),
        ({"revoked": AT, "suspended": AT}, 1, PermitState.REVOKED),
        ({"revoked": AT, "closed": AT}, 365, PermitState.CLOSED),
    ],
)
def test_the_last_word_on_a_permit_comes_first(
    changes: dict[str, datetime], days: int, state: PermitState
) -> None:
    permit = replace(example_permit(), id=PermitId("P-1"), **changes)  # type: ignore[arg-type]
    assert permit_state(permit, permit.not_before + timedelta(days=days)) is state


def test_deadlines_are_those_of_the_law() -> None:
    friday = datetime(2026, 11, 20, 9, tzinfo=UTC)
    assert completeness_due(friday) == datetime(2026, 11, 27, 9, tzinfo=UTC)
    assert decision_due(friday, Basis.CONTRACT) == datetime(2026, 12, 4, 9, tzinfo=UTC)
    assert decision_due(friday, Basis.EHDS) == datetime(2027, 2, 20, 9, tzinfo=UTC)
    assert add_months(datetime(2026, 11, 30, tzinfo=UTC), 3) == datetime(2027, 2, 28, tzinfo=UTC)
    assert add_months(datetime(2026, 9, 30, tzinfo=UTC), 3) == datetime(2026, 12, 30, tzinfo=UTC)
    assert add_working_days(friday, 1) == datetime(2026, 11, 23, 9, tzinfo=UTC)
