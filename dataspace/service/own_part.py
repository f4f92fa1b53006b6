"""Which part of an account of privacy loss is whose: who may see it, whom it helps, and what comes out of it."""

from collections.abc import Sequence

from dataspace.model.charges import Balance, Charge, Level
from dataspace.model.permits import Permit
from dataspace.model.principals import Principal, Role
from dataspace.planning.projects import project_of

OVERSEERS = frozenset({Role.STEWARD, Role.AUDITOR, Role.ADMINISTRATOR})
"""Who answers for a dataset, or for those who do: they see the whole account."""


def sees(principal: Principal, permits: Sequence[Permit], level: Level, name: str) -> bool:
    """Whether this part may be shown. `permits` are those over the dataset that the principal may see."""
    if principal.roles & OVERSEERS:
        return True
    match level:
        case Level.PERMIT:
            return name in {permit.id for permit in permits}
        case Level.PROJECT:
            return name in {project_of(permit) for permit in permits}
        case Level.PRINCIPAL | Level.ALONE:
            return name == principal.id
        case Level.LINEAGE:
            return False


def helped(level: Level, name: str, permits: Sequence[Permit]) -> frozenset[str]:
    """Who could spend what is added to this part."""
    if level in (Level.PRINCIPAL, Level.ALONE):
        return frozenset({name})
    over = [
        permit for permit in permits if name == (permit.id if level is Level.PERMIT else project_of(permit))
    ]
    return frozenset(person for permit in over for person in permit.persons)


def pays(balance: Balance, charge: Charge) -> bool:
    """Whether a charge comes out of this part."""
    match balance.level:
        case Level.LINEAGE:
            return True
        case Level.PERMIT:
            return charge.permit == balance.name
        case Level.PROJECT:
            return charge.project == balance.name
        case Level.PRINCIPAL:
            return charge.principal == balance.name
        case Level.ALONE:
            return charge.permit is None and charge.principal == balance.name
