"""The conditions of a policy in YAML: `for`, `who`, `until`, `when` and `unless` as trees of constraints."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from dataspace.adapters.yaml_tree import (
    Fields,
    Node,
    Where,
    items_of,
    text_of,
    unknown,
    unreadable,
)
from dataspace.model.datasets import Label
from dataspace.model.policies import (
    AnswerKind,
    Compound,
    Condition,
    Connective,
    Constraint,
    Operand,
    Operator,
)
from dataspace.model.principals import Role
from dataspace.policy.moments import duration, moment, number
from dataspace.vocabulary.places import COUNTRIES, WORDS, countries
from dataspace.vocabulary.terms import find, group, words

_OPERANDS = {
    operand.value.replace("-", " "): operand for operand in Operand if operand is not Operand.ANSWER_KIND
} | {"answers": Operand.ANSWER_KIND, "date": Operand.DATE_TIME}
_CONNECTIVES = {
    "all": Connective.AND,
    "any": Connective.OR,
    "one": Connective.XONE,
    "in order": Connective.AND_SEQUENCE,
}
_OPERATORS = {
    "is": Operator.EQ,
    "is not": Operator.NEQ,
    "is a": Operator.IS_A,
    "any of": Operator.IS_ANY_OF,
    "none of": Operator.IS_NONE_OF,
    "all of": Operator.IS_ALL_OF,
    "less than": Operator.LT,
    "at most": Operator.LTEQ,
    "more than": Operator.GT,
    "at least": Operator.GTEQ,
    "before": Operator.LT,
    "after": Operator.GT,
    "within": Operator.IS_PART_OF,
    "includes": Operator.HAS_PART,
}
_SETS = frozenset({Operator.IS_ANY_OF, Operator.IS_NONE_OF, Operator.IS_ALL_OF})
_OPPOSITES = {
    Operator.EQ: Operator.NEQ,
    Operator.LT: Operator.GTEQ,
    Operator.LTEQ: Operator.GT,
    Operator.IS_ANY_OF: Operator.IS_NONE_OF,
}
_OPPOSITES |= {opposite: operator for operator, opposite in _OPPOSITES.items()}
_TERMS = frozenset({Operand.PURPOSE, Operand.LEGAL_BASIS, Operand.DPIA})
_PLACES = frozenset({Operand.COUNTRY, Operand.SPATIAL})
ORGANISATIONS = ("public body", "non-profit organisation", "company")
_STATES = frozenset({Operand.PERMIT, Operand.SECURE_ENVIRONMENT})
_CLOSED: dict[Operand, type[StrEnum]] = {
    Operand.ROLE: Role,
    Operand.LABEL: Label,
    Operand.ANSWER_KIND: AnswerKind,
}
_SCALES: dict[Operand, tuple[Callable[[str], float | None], str]] = {
    Operand.DATE_TIME: (moment, "a date such as 2027-12-31"),
    Operand.ELAPSED_TIME: (duration, "a duration such as P30D"),
    Operand.COUNT: (number, "a number"),
}


def condition(node: Node) -> Condition:
    """A mapping of facts to what they have to be: all of its lines hold. Raises PolicyUnreadable."""
    if not isinstance(node, Fields):
        raise unreadable(node.where, "a condition is written as 'fact: value' lines.")
    return joined(Connective.AND, tuple(_line(key, node) for key in node.members), node.where)


def joined(connective: Connective, parts: tuple[Condition, ...], where: Where) -> Condition:
    """Several conditions as one. Never of nothing: a rule whose conditions were deleted would permit everyone."""
    if not parts:
        raise unreadable(where, "a condition without lines would hold for everyone.", "Delete its key.")
    return parts[0] if len(parts) == 1 else Compound(connective, parts)


def negated(given: Condition, where: Where) -> Condition:
    """The opposite, pushed down to the constraints, since ODRL has no `not`. What is unknown stays unknown."""
    if isinstance(given, Compound):
        if given.connective is Connective.XONE:
            raise unreadable(where, "'one' cannot stand under 'unless'.", "Say it with 'all' and 'any'.")
        turned = Connective.AND if given.connective is Connective.OR else Connective.OR
        return Compound(turned, tuple(negated(part, where) for part in given.parts))
    if given.operator in (Operator.IS_A, Operator.IS_PART_OF):
        return Constraint(given.operand, Operator.IS_NONE_OF, given.right)
    if given.operator is Operator.IS_ALL_OF:
        absent = tuple(Constraint(given.operand, Operator.IS_NONE_OF, (right,)) for right in given.right)
        return joined(Connective.OR, absent, where)
    if given.operator is Operator.HAS_PART:
        raise unreadable(where, "'includes' cannot stand under 'unless'.", "Say it with 'within'.")
    return Constraint(given.operand, _OPPOSITES[given.operator], given.right)


def purposes(node: Node) -> Condition:
    """`for`: one of these purposes, or a kind of one."""
    return _one_of(Operand.PURPOSE, node)


def who(node: Node) -> Condition | None:
    """`who`: `anyone`, `permit holders`, roles, or facts about who asks."""
    if isinstance(node, Fields):
        return condition(node)
    said = [(item.where, text_of(item, "'who'")) for item in items_of(node, "'who'")]
    if len(said) == 1 and said[0][1] == "anyone":
        return None
    if len(said) == 1 and said[0][1] in ("permit holder", "permit holders"):
        return Constraint(Operand.PERMIT, Operator.EQ, ("valid",))
    roles = {name: role.value for role in Role for name in (role.value, f"{role.value}s")}
    for where, word in said:
        if word not in roles:
            known = [*roles, *(("anyone", "permit holders") if len(said) == 1 else ())]
            raise unknown(where, "somebody that 'who' knows", word, known)
    return Constraint(Operand.ROLE, Operator.IS_ANY_OF, tuple(roles[word] for _, word in said))


def until(node: Node) -> tuple[Condition, datetime]:
    """`until`: through the end of that day, in UTC; as a condition and as the moment after which nothing is left."""
    said = text_of(node, "'until'")
    try:
        end = datetime.combine(date.fromisoformat(said) + timedelta(days=1), datetime.min.time(), UTC)
    except (ValueError, OverflowError) as error:
        raise unreadable(node.where, f"'{said[:40]}' is not a date such as 2027-12-31.") from error
    return Constraint(Operand.DATE_TIME, Operator.LT, (end.isoformat(),)), end


def _line(key: str, node: Fields) -> Condition:
    value, where = node.members[key], node.keys[key]
    if key in _CONNECTIVES:
        parts = tuple(condition(item) for item in items_of(value, f"'{key}'"))
        return joined(_CONNECTIVES[key], parts, where)
    operand = _OPERANDS.get(key)
    if operand is None:
        raise unknown(where, "a fact that a condition may name", key, [*_OPERANDS, *_CONNECTIVES])
    if not isinstance(value, Fields):
        return _one_of(operand, value)
    if len(value.members) != 1:
        raise unreadable(where, "one line compares once.", "Use 'all' with two lines.")
    ((word, right),) = value.members.items()
    if word not in _OPERATORS:
        raise unknown(value.keys[word], "a comparison", word, _OPERATORS)
    operator = _OPERATORS[word]
    values = _values(operand, right)
    if len(values) > 1 and operator not in _SETS:
        raise unreadable(right.where, f"'{word}' compares with one value.", "Use 'any of'.")
    return Constraint(operand, operator, values)


def _one_of(operand: Operand, node: Node) -> Condition:
    values = _values(operand, node)
    if len(values) > 1:
        return Constraint(operand, Operator.IS_ANY_OF, values)
    climbs = operand in _TERMS or values[0] in WORDS
    return Constraint(operand, Operator.IS_A if climbs else Operator.EQ, values)


def _values(operand: Operand, node: Node) -> tuple[str, ...]:
    found = [value for item in items_of(node, f"'{operand.value}'") for value in _value(operand, item)]
    return tuple(dict.fromkeys(found))


def _value(operand: Operand, node: Node) -> tuple[str, ...]:
    text = text_of(node, f"'{operand.value}'")
    if operand in _TERMS:
        terms = group(text) or tuple(filter(None, [find(text)]))
        if not terms:
            raise unknown(node.where, "a word of the vocabulary", text, words())
        return tuple(term.name for term in terms)
    if operand in _CLOSED:
        known = [member.value for member in _CLOSED[operand]]
        plain = text.replace(" ", "-")
        if plain not in known:
            raise unknown(node.where, f"a {operand.value.replace('-', ' ')}", text, known)
        return (plain,)
    if operand in _PLACES:
        return (_place(node, text),)
    if operand is Operand.ORGANISATION_KIND and text not in ORGANISATIONS:
        raise unknown(node.where, "a kind of organisation", text, ORGANISATIONS)
    if operand in _STATES and text not in ("valid", "none"):
        raise unknown(node.where, f"what a {operand.value.replace('-', ' ')} can be", text, ("valid", "none"))
    scale, example = _SCALES.get(operand, (None, ""))
    if scale is not None and scale(text) is None:
        raise unreadable(node.where, f"'{text[:40]}' is not {example}.")
    return (text,)


def _place(node: Node, text: str) -> str:
    """A country's code or a wider place, in the spelling that the list has."""
    if not countries(text):
        raise unknown(
            node.where, "a country (ISO 3166, two letters) or a wider place", text, [*WORDS, *COUNTRIES]
        )
    return next((word for word in WORDS if word.casefold() == text.casefold()), text.upper())
