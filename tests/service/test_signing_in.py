"""A sign-in goes on by short tokens, and ends when it has to."""

from datetime import timedelta
from pathlib import Path

import pytest

from dataspace.adapters.jose import JoseTokens
from dataspace.adapters.keys import FileSigner
from dataspace.adapters.memory import ManualClock, MemoryPeople
from dataspace.errors import NotAuthenticated
from dataspace.model.names import PrincipalId
from dataspace.model.principals import Principal, Role
from dataspace.service.signing_in import SigningIn

ANA = Principal(PrincipalId("ana"), "Ana", frozenset({Role.RESEARCHER}), "University")
HOUR = 3600.0


@pytest.fixture
def clock() -> ManualClock:
    """It moves when told to."""
    return ManualClock()


@pytest.fixture
def signing_in(tmp_path: Path, clock: ManualClock) -> SigningIn:
    """Tokens of an hour, sign-ins of five; Ana is known."""
    people = MemoryPeople()
    people.put(ANA)
    tokens = JoseTokens(FileSigner(tmp_path, "issuer"), "hub", "hub", clock)
    return SigningIn(tokens, people, clock, HOUR, 5 * HOUR)


def test_a_renewed_token_outlives_the_first_and_is_of_the_same_person(
    signing_in: SigningIn, clock: ManualClock
) -> None:
    first = signing_in.tokens.issue(ANA, HOUR)
    clock.advance(timedelta(minutes=50))
    second, seconds = signing_in.renew(first)
    assert seconds == HOUR
    clock.advance(timedelta(minutes=50))
    assert signing_in.tokens.principal(second) == ANA
    with pytest.raises(NotAuthenticated, match="expired"):
        signing_in.renew(first)


def test_no_token_outlives_the_sign_in_however_often_it_is_renewed(
    signing_in: SigningIn, clock: ManualClock
) -> None:
    token, given = signing_in.tokens.issue(ANA, HOUR), []
    for _ in range(9):
        clock.advance(timedelta(minutes=30))
        token, seconds = signing_in.renew(token)
        given.append(seconds)
    assert given == [HOUR] * 8 + [HOUR / 2]
    clock.advance(timedelta(minutes=30))
    with pytest.raises(NotAuthenticated):
        signing_in.renew(token)


def test_what_a_person_may_no_longer_do_is_gone_with_the_next_token(signing_in: SigningIn) -> None:
    steward = Principal(ANA.id, "Ana", frozenset({Role.STEWARD, Role.RESEARCHER}), "University")
    renewed, _ = signing_in.renew(signing_in.tokens.issue(steward, HOUR))
    assert signing_in.tokens.principal(renewed).roles == {Role.RESEARCHER}


def test_who_was_signed_out_signs_in_anew_and_then_may_renew_again(
    signing_in: SigningIn, clock: ManualClock
) -> None:
    stolen = signing_in.tokens.issue(ANA, HOUR)
    also, _ = signing_in.renew(stolen)
    clock.advance(timedelta(minutes=1))
    signing_in.people.sign_out(ANA.id, clock.now())
    for token in (stolen, also):
        with pytest.raises(NotAuthenticated, match="signed out"):
            signing_in.renew(token)
    clock.advance(timedelta(minutes=1))
    signing_in.renew(signing_in.tokens.issue(ANA, HOUR))


@pytest.mark.parametrize(
    "principal",
    [
        Principal(PrincipalId("ben"), "Ben", frozenset({Role.RESEARCHER})),
        Principal(ANA.id, "a site of that name", frozenset({Role.SITE})),
    ],
)
def test_only_people_whom_the_hub_knows_renew(signing_in: SigningIn, principal: Principal) -> None:
    with pytest.raises(NotAuthenticated, match="not of a person"):
        signing_in.renew(signing_in.tokens.issue(principal, HOUR))
