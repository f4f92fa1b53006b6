"""A fact counts at a site only where the site takes the word of who asserts it."""

import pytest

from dataspace.model.names import PrincipalId
from dataspace.model.principals import Fact, Principal, Role
from dataspace.site.trust import believed

CLAIMS = {"country": Fact("BE", "uni"), "recipient": Fact("x", "hub")}
ANA = Principal(PrincipalId("ana"), "Ana", frozenset({Role.RESEARCHER}), "university", "hub", CLAIMS)


@pytest.mark.parametrize(
    ("trusts", "claims", "organisation"),
    [
        ((), {"country", "recipient"}, "university"),
        (("hub",), {"recipient"}, "university"),
        (("uni",), {"country"}, ""),
        (("hub", "uni"), {"country", "recipient"}, "university"),
        (("nobody",), set(), ""),
    ],
)
def test_what_others_assert_is_unknown(trusts: tuple[str, ...], claims: set[str], organisation: str) -> None:
    found = believed(ANA, trusts)
    assert (set(found.claims), found.organisation, found.id) == (claims, organisation, "ana")
    assert bool(found.roles) == bool(organisation)
