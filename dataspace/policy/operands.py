"""What each left operand means: how its values compare, where they come from, and who can change them.

To add an operand: a member of `Operand` (`model/policies.py`) and a row here. One that comes from claims is then read
from the claim of that name in the principal's token; any other comes from `AccessRequest.facts`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from dataspace.model.policies import Operand


class Scale(StrEnum):
    """How two values of an operand compare."""

    TEXT = "text"
    """Equal or not, whatever the case."""
    TERM = "term"
    """Terms of the vocabulary, which are kinds of each other."""
    PLACE = "place"
    """Countries and wider places, which lie within each other."""
    MOMENT = "moment"
    DURATION = "duration"
    NUMBER = "number"


class Source(StrEnum):
    """Where a value is observed."""

    REQUEST = "request"
    PERMIT = "permit"
    CLAIM = "claim"
    FACT = "fact"


@dataclass(frozen=True, slots=True)
class Meaning:
    """`changed_by`: whose act changes what is observed, in words; `you` is who asks."""

    scale: Scale
    source: Source
    changed_by: str


OPERANDS: Mapping[Operand, Meaning] = MappingProxyType(
    {
        Operand.PURPOSE: Meaning(Scale.TERM, Source.REQUEST, "you"),
        Operand.LEGAL_BASIS: Meaning(Scale.TERM, Source.PERMIT, "you"),
        Operand.ROLE: Meaning(Scale.TEXT, Source.REQUEST, "the hub's administrator"),
        Operand.PERSON: Meaning(Scale.TEXT, Source.REQUEST, "nobody: it is who asks"),
        Operand.ORGANISATION_KIND: Meaning(Scale.TEXT, Source.CLAIM, "your identity provider"),
        Operand.AFFILIATION: Meaning(Scale.TEXT, Source.CLAIM, "your identity provider"),
        Operand.COUNTRY: Meaning(Scale.PLACE, Source.CLAIM, "your identity provider"),
        Operand.SPATIAL: Meaning(Scale.PLACE, Source.CLAIM, "your identity provider"),
        Operand.RECIPIENT: Meaning(Scale.TEXT, Source.CLAIM, "your identity provider"),
        Operand.ANSWER_KIND: Meaning(Scale.TEXT, Source.REQUEST, "you"),
        Operand.SITE: Meaning(Scale.TEXT, Source.REQUEST, "the site"),
        Operand.LABEL: Meaning(Scale.TEXT, Source.REQUEST, "you"),
        Operand.PERMIT: Meaning(Scale.TEXT, Source.PERMIT, "you"),
        Operand.ETHICS_VOTE: Meaning(Scale.TEXT, Source.PERMIT, "you"),
        Operand.PROJECT: Meaning(Scale.TEXT, Source.PERMIT, "you"),
        Operand.DISEASE: Meaning(Scale.TEXT, Source.PERMIT, "you"),
        Operand.DPIA: Meaning(Scale.TERM, Source.FACT, "the data protection officer"),
        Operand.SECURE_ENVIRONMENT: Meaning(Scale.TEXT, Source.FACT, "you"),
        Operand.DATE_TIME: Meaning(Scale.MOMENT, Source.REQUEST, "nobody: time passes"),
        Operand.ELAPSED_TIME: Meaning(Scale.DURATION, Source.FACT, "nobody: time passes"),
        Operand.COUNT: Meaning(Scale.NUMBER, Source.FACT, "nobody: what was given counts"),
    }
)

CLAIMED: Mapping[str, Operand] = MappingProxyType(
    {operand.value: operand for operand, meaning in OPERANDS.items() if meaning.source is Source.CLAIM}
)
"""The claims that are read, by name."""
