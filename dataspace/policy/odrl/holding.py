"""One ODRL constraint against facts of a known world: which facts are meant, and whether they satisfy it."""

from collections.abc import Mapping
from typing import TypeAlias

from dataspace.model.odrl import ODRL, Comparison, Iri, Literal, Rule, Value
from dataspace.model.odrl_world import Asked, World
from dataspace.policy.comparing import ORDERED, Comparing, Place, Terms, of_terms, on_axis
from dataspace.policy.kleene import Truth, agreed
from dataspace.policy.odrl.values import DURATIONS, INSTANTS, NUMBERS, XSD, Reading, day, moment_of
from dataspace.vocabulary.odrl import SORT_OF, Sort
from dataspace.vocabulary.terms import find, is_a

Facts: TypeAlias = Mapping[str, tuple[Value, ...]]

_READINGS: Mapping[Sort, tuple[Reading, ...]] = {
    Sort.INSTANT: INSTANTS,
    Sort.DURATION: DURATIONS,
    Sort.RECURRING: DURATIONS,
    Sort.NUMBER: NUMBERS,
    Sort.COUNTED: NUMBERS,
}
_TYPED = {
    "dateTime": INSTANTS,
    "dateTimeStamp": INSTANTS,
    "date": INSTANTS,
    "duration": DURATIONS,
    "dayTimeDuration": DURATIONS,
    "yearMonthDuration": DURATIONS,
    "integer": NUMBERS,
    "int": NUMBERS,
    "long": NUMBERS,
    "decimal": NUMBERS,
    "double": NUMBERS,
    "float": NUMBERS,
    "nonNegativeInteger": NUMBERS,
    "positiveInteger": NUMBERS,
}


def facts_of(asked: Asked, rule: Rule, world: World) -> Facts:
    """The facts by left operand: what the request states, and what the world says of those concerned.

    The time is the world's, whatever a request says; the recipient is who asks unless somebody else is named.
    """
    found: dict[str, list[Value]] = {}
    for (_, operand), values in _about(asked, rule, world):
        found.setdefault(operand, []).extend(values)
    for table in (world.facts_of_operands, asked.facts):
        for operand, values in table.items():
            found.setdefault(operand, []).extend(values)
    if asked.assignees:
        found.setdefault(ODRL + "recipient", list(map(Iri, asked.assignees)))
    found.pop(ODRL + "dateTime", None)
    if world.now is not None:
        found[ODRL + "dateTime"] = [world.now]
    return {operand: tuple(dict.fromkeys(values)) for operand, values in found.items()}


def _about(asked: Asked, rule: Rule, world: World) -> list[tuple[tuple[str, str], tuple[Value, ...]]]:
    concerned = {asked.request, asked.rule, rule.id, *asked.assignees, *asked.targets}
    return [entry for entry in world.facts.items() if entry[0][0] in concerned]


def holds(constraint: Comparison, seen: tuple[Value, ...], world: World) -> Truth:
    """The constraint's truth; None where the operator is unknown, the value is elsewhere or no order is known.

    Under a closed world the caller takes None for not satisfied, and so is a constraint without any fact.
    """
    local = constraint.operator.removeprefix(ODRL)
    if not seen or not constraint.right or local not in set(Comparing):
        return None
    operator = Comparing(local)
    observed, required = frozenset(_texts(seen, constraint.right)), [value.text for value in constraint.right]
    readings = readings_of(constraint.left, constraint.right, operator)
    if not readings:
        known = Terms(_same, lambda one, other: reaches(one, other, world))
        return of_terms(operator, required, known)(observed)
    return agreed([on_axis(operator, required, _place(reading))(observed) for reading in readings])


def _place(reading: Reading) -> Place[str, str]:
    def place(value: str, wanted: str) -> int | None:
        seen, bound = reading(value), reading(wanted)
        return None if seen is None or bound is None else (seen > bound) - (seen < bound)

    return place


def readings_of(left: str, right: tuple[Value, ...], operator: Comparing) -> tuple[Reading, ...]:
    """The ways to read the values as places on an axis; none where they are terms."""
    if any(isinstance(value, Iri) for value in right):
        return ()
    typed = {_TYPED.get(v.datatype.removeprefix(XSD)) for v in right if isinstance(v, Literal) and v.datatype}
    if len(typed) == 1 and (one := next(iter(typed))) is not None:
        return one
    by_operand = _READINGS.get(SORT_OF.get(left, Sort.TERM), ())
    return by_operand or (NUMBERS if operator in ORDERED else ())


def reaches(name: str, wider: str, world: World, members_only: bool = False) -> bool:
    """Whether a thing is another one, or a part, member or kind of it over any number of steps."""
    if not members_only and (name == wider or is_a(name, wider)):
        return True
    seen, rest = {name}, [name]
    while rest:
        for above in world.broader.get(rest.pop(), ()):
            if above == wider or (not members_only and is_a(above, wider)):
                return True
            if above not in seen:
                seen.add(above)
                rest.append(above)
    return False


def _same(one: str, other: str) -> Truth:
    """The same name, or two spellings of one term of the vocabulary."""
    if one == other:
        return True
    known = find(one)
    return known is not None and known == find(other)


def _texts(seen: tuple[Value, ...], right: tuple[Value, ...]) -> list[str]:
    """The observed values; where the policy names a whole day, the day on which a moment lies.

    So that "until 31 December" holds through the end of that day, as people mean it.
    """
    days = all(isinstance(value, Literal) and day(value.text) is not None for value in right)
    return [_day_of(value.text) if days else value.text for value in seen]


def _day_of(text: str) -> str:
    found = moment_of(text)
    return found.date().isoformat() if found else text
