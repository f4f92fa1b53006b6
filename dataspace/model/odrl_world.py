"""A state of the world as a compliance report needs it: the time, what is stated, and how duties stand."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dataspace.model.odrl import Literal, Value
from dataspace.model.odrl_reports import DutyReport


@dataclass(frozen=True, slots=True)
class World:
    """What is known; under a closed world, what is not known is not so.

    `facts` are the objects by subject and predicate; `facts_of_operands` those stated for a left operand without
    naming a subject. `broader` leads from a thing to what it is a part, a member or a kind of.
    """

    now: Literal | None = None
    facts: Mapping[tuple[str, str], tuple[Value, ...]] = field(default_factory=dict)
    facts_of_operands: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    broader: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    duties: Mapping[str, DutyReport] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked: one permission of an ODRL Request, with the facts that it states about itself."""

    request: str
    rule: str
    assignees: tuple[str, ...]
    actions: tuple[str, ...]
    targets: tuple[str, ...]
    facts: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
