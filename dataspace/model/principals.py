"""Who asks: people and sites, with what is known about them and on whose word."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from dataspace.model.names import PrincipalId


class Role(StrEnum):
    """What a principal may do at a hub, before any policy is asked."""

    STEWARD = "steward"
    RESEARCHER = "researcher"
    SITE = "site"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something known, and on whose word. A fact that is absent is unknown, which never helps the requester."""

    value: str | int | float | bool | tuple[str, ...]
    asserted_by: str


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. `claims` are further facts about them (affiliation, country), by operand name."""

    id: PrincipalId
    name: str
    roles: frozenset[Role]
    organisation: str = ""
    asserted_by: str = "hub"
    claims: Mapping[str, Fact] = field(default_factory=dict)
