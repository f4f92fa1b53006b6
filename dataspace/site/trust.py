"""Whose word a site takes: facts that somebody else asserts are unknown here, which never helps who asks."""

from collections.abc import Collection
from dataclasses import replace

from dataspace.model.principals import Principal


def believed(principal: Principal, trusts: Collection[str]) -> Principal:
    """The principal with no facts but those that one of `trusts` asserts; empty means that every word is taken.

    What the principal's own issuer says (organisation, roles) is a fact like others. Who they are stays: that the
    permit names them is the issuer's signature, which is checked elsewhere.
    """
    if not trusts:
        return principal
    claims = {name: fact for name, fact in principal.claims.items() if fact.asserted_by in trusts}
    if principal.asserted_by in trusts:
        return replace(principal, claims=claims)
    return replace(principal, organisation="", roles=frozenset(), claims=claims)
